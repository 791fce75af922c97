"""Two arms of patients who respond or not: decisions for all counts, and what they lead to, exactly.

A rule on the difference of the rates comes to one table a look: for each number of responders of either arm,
success, futility or on with the trial. What the tables lead to is counted as for one arm
(:mod:`ra_bayes.planning.binary.recursion`): given the counts (x, y) at a look, every order of them within
each arm is as likely, so the share of orders that has not stopped before depends on no rate,

    Pr(stop at look k | truth) = sum over (x, y) of s_k(x, y) Pr(X = x | truth) Pr(Y = y | truth).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import BetaMixture
from ra_bayes.planning.binary.boundaries import Benefit
from ra_bayes.planning.binary.difference_table import difference_table
from ra_bayes.planning.binary.posterior import predictive_matrix
from ra_bayes.planning.binary.recursion import LARGEST_N, count_probabilities, half, step
from ra_bayes.planning.binary.rules import MET, ByLook, by_look
from ra_bayes.planning.stopping import Stopping

__all__ = ["TwoArmTables", "two_arm_stopping", "two_arm_tables"]

type Array = NDArray[np.float64]
type Flags = NDArray[np.bool_]
type Look = tuple[int, int]


@dataclass(frozen=True, eq=False)
class TwoArmTables:
    """What is decided at each look, for every number of events of either arm.

    Parameters
    ----------
    looks
        Patients with an outcome at each look: (treated, control).
    success, futility
        Whether success is declared, or the trial stops for futility, at each look (treated events, control
        events). What is both is success.
    """

    looks: tuple[Look, ...]
    success: tuple[Flags, ...]
    futility: tuple[Flags, ...]

    def __post_init__(self) -> None:
        _check_looks(self.looks)
        shapes = [(n + 1, m + 1) for n, m in self.looks]
        if [each.shape for each in self.success] != shapes or [
            each.shape for each in self.futility
        ] != shapes:
            raise RaBayesError("tables of decisions do not have the shape (treated events, control events)")

    def decision(self, events: Look, n: Look) -> Literal["success", "futility", "continue"]:
        """Return what the tables say of (treated, control) events among `n` patients at the look there."""
        if n not in self.looks:
            raise RaBayesError(
                f"no look after {n[0]} treated and {n[1]} control patients; give one of {self.looks}"
            )
        _check_events(events, n)
        at = self.looks.index(n)
        if self.success[at][events]:
            return "success"
        return "futility" if self.futility[at][events] else "continue"

    def remaining(self, events: Look, n: Look) -> TwoArmTables:
        """Return the tables of what is left of the trial after `n` patients with these events of either arm.

        They count from there. A look after exactly `n` patients is taken to be over, with the decision to go
        on.
        """
        _check_events(events, n)
        left = [k for k, look in enumerate(self.looks) if sum(look) > sum(n)]
        if not left or any(self.looks[k][arm] < n[arm] for k in left for arm in (0, 1)):
            raise RaBayesError(
                f"no look is left that holds {n[0]} treated and {n[1]} control patients; "
                "give what an interim could have"
            )
        looks = tuple((self.looks[k][0] - n[0], self.looks[k][1] - n[1]) for k in left)
        (x, y), cut = events, list(zip(left, looks, strict=True))
        return TwoArmTables(
            looks,
            tuple(self.success[k][x : x + more + 1, y : y + control + 1] for k, (more, control) in cut),
            tuple(self.futility[k][x : x + more + 1, y : y + control + 1] for k, (more, control) in cut),
        )

    def __repr__(self) -> str:
        lines = []
        for (n, m), success, futility in zip(self.looks, self.success, self.futility, strict=True):
            lines.append(
                f"after {n} treated and {m} control patients: of {success.size} pairs of counts "
                f"{success.sum()} are success, {(futility & ~success).sum()} futility"
            )
        return "\n".join(lines)


def two_arm_tables(
    looks: Sequence[Look],
    prior: BetaMixture,
    control_prior: BetaMixture,
    *,
    success: Iterable[tuple[float, ByLook]] = (),
    futility: Iterable[tuple[float, ByLook]] = (),
    predictive_success: ByLook | None = None,
    predictive_futility: ByLook | None = None,
    benefit: Benefit = "above",
) -> TwoArmTables:
    """Return the decisions that rules on the difference of the rates, treated minus control, come to.

    Parameters
    ----------
    looks
        Patients with an outcome at each look, (treated, control), of any allocation; the last is the trial.
    prior, control_prior
        What the analysis believes of either rate. A mixture of a historical prior and a vague one on the
        control arm borrows as much as the control arm's count agrees with.
    success, futility
        Criteria (difference, probability): success is declared when Pr(difference beyond it | data) is at
        least the probability for all of them, the trial stops for futility when it is less for any. The
        probability is one number, or one for each look with None where the criterion is not asked.
    predictive_success, predictive_futility
        The same for the predictive probability of success at full size. Not asked at the last look.
    benefit
        "above" where a high rate is wanted, "below" where the events are harm.

    Examples
    --------
    >>> from ra_bayes.mixtures import UNIFORM
    >>> looks, wanted = [(10, 5), (20, 10)], [(0, (None, 0.9))]
    >>> two_arm_tables(looks, UNIFORM, UNIFORM, success=wanted, predictive_futility=0.1)
    after 10 treated and 5 control patients: of 66 pairs of counts 0 are success, 35 futility
    after 20 treated and 10 control patients: of 231 pairs of counts 71 are success, 0 futility
    """
    looks = tuple((int(n), int(m)) for n, m in looks)
    _check_looks(looks)
    if 0 in looks[-1]:
        raise RaBayesError(
            "one arm stays empty to the end; write an allocation that gives both arms patients"
        )
    wins = [(delta, by_look(len(looks), p, "success")) for delta, p in success]
    losses = [(delta, by_look(len(looks), p, "futility")) for delta, p in futility]
    needed = {delta for delta, _ in (*wins, *losses)}
    holds: list[Flags] = []
    fails: list[Flags] = []
    asked: list[bool] = []
    for k, (n, m) in enumerate(looks):
        tables = {delta: _beyond(prior, n, control_prior, m, delta, benefit) for delta in needed}
        met = [tables[delta] >= least - MET for delta, p in wins if (least := p[k]) is not None]
        missed = [tables[delta] < least - MET for delta, p in losses if (least := p[k]) is not None]
        asked.append(bool(met))
        nothing = np.zeros((n + 1, m + 1), dtype=bool)
        holds.append(np.logical_and.reduce(met) if met else nothing)
        fails.append(np.logical_or.reduce(missed) if missed else nothing.copy())
    if predictive_success is not None or predictive_futility is not None:
        if not asked[-1]:
            raise RaBayesError(
                "a predictive probability needs a success criterion at the last look; write what success is"
            )
        hope = by_look(len(looks), predictive_success, "predictive success")
        despair = by_look(len(looks), predictive_futility, "predictive futility")
        for k, (n, m) in enumerate(looks[:-1]):
            treated = predictive_matrix(prior, n, looks[-1][0])
            control = predictive_matrix(control_prior, m, looks[-1][1])
            predicted = treated @ holds[-1] @ control.T
            if (needs := hope[k]) is not None:
                met_now = predicted >= needs - MET
                holds[k] = holds[k] & met_now if asked[k] else met_now
            if (least := despair[k]) is not None:
                fails[k] = fails[k] | (predicted < least - MET)
    return TwoArmTables(looks, tuple(holds), tuple(fails))


def two_arm_stopping(
    tables: TwoArmTables, rate: ArrayLike | BetaMixture, control_rate: ArrayLike | BetaMixture
) -> Stopping:
    """Return the exact probabilities of stopping of a trial with two arms.

    Parameters
    ----------
    tables
        What is decided at each look.
    rate, control_rate
        The true rate of either arm, or several (node), the same number of both; or for either arm a mixture
        of Betas, over which the truth is averaged independently of the other arm (assurance).

    Examples
    --------
    >>> from ra_bayes.mixtures import UNIFORM
    >>> tables = two_arm_tables([(20, 10)], UNIFORM, UNIFORM, success=[(0, 0.9)])
    >>> two_arm_stopping(tables, [0.3, 0.6], [0.3, 0.3]).p_success.round(3).tolist()
    [0.082, 0.575]
    """
    success, futility = [], []
    going = np.ones((1, 1))
    before = (0, 0)
    for (n, m), wins, losses in zip(tables.looks, tables.success, tables.futility, strict=True):
        going = step(before[0], n - before[0]).T @ going @ step(before[1], m - before[1])
        share = going / np.outer(half(n), half(m))
        treated = count_probabilities(rate, n, np.arange(n + 1))
        control = count_probabilities(control_rate, m, np.arange(m + 1))
        if len(treated) != len(control) and 1 not in (len(treated), len(control)):
            raise RaBayesError(
                f"{len(treated)} treated but {len(control)} control rates; write as many of both"
            )
        success.append(((treated @ np.where(wins, share, 0.0)) * control).sum(axis=1))
        futility.append(((treated @ np.where(losses & ~wins, share, 0.0)) * control).sum(axis=1))
        going = np.where(wins | losses, 0.0, going)
        before = (n, m)
    declared, stopped = np.stack(success, axis=-1), np.stack(futility, axis=-1)
    none = np.zeros_like(declared)
    looks = np.array([n + m for n, m in tables.looks], dtype=float)
    return Stopping(looks, declared, stopped, none, none, "exact: paths of two arms")


def _beyond(
    prior: BetaMixture, n: int, control_prior: BetaMixture, m: int, delta: float, benefit: Benefit
) -> Array:
    above = difference_table(prior, n, control_prior, m, delta)
    return above if benefit == "above" else 1.0 - above


def _check_looks(looks: Sequence[Look]) -> None:
    if not looks:
        raise RaBayesError(
            "no look; write the patients of both arms at each look, the last being the trial's size"
        )
    for n, m in looks:
        if n < 0 or m < 0 or n + m == 0 or max(n, m) > LARGEST_N:
            raise RaBayesError(
                f"a look after {n} treated and {m} control patients cannot be; write 1 to {LARGEST_N}"
            )
    if any(b[0] < a[0] or b[1] < a[1] or b == a for a, b in pairwise(looks)):
        raise RaBayesError("looks do not rise; write the patients of both arms so far, in order")


def _check_events(events: Look, n: Look) -> None:
    for arm, x, size in zip(("treated", "control"), events, n, strict=True):
        if not 0 <= x <= size:
            raise RaBayesError(f"{x} of {size} {arm} patients cannot be; correct the count")
