"""A trial design as one printable value: endpoint, arms, looks, conduct, analysis prior and decision rule.

See ``models/designs/*.toml`` for the shipped pages; ``docs/designs.md`` documents every key.
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError, check_type
from ra_bayes.numbers import listed
from ra_bayes.planning.analysis import Analysis, BinaryAnalysis, LongitudinalAnalysis
from ra_bayes.planning.endpoint import Conduct, Endpoint, Truth
from ra_bayes.planning.rule import Criterion, Rule

__all__ = ["WEEKS_A_MONTH", "Design", "check_design"]

type Array = NDArray[np.float64]

WEEKS_A_MONTH = 365.25 / 12.0 / 7.0


@dataclass(frozen=True)
class Design:
    """A trial that could be run; made by :func:`~ra_bayes.planning.load_design`, printed in words.

    Parameters
    ----------
    name, title, about
        Of the page, and what the design is for.
    endpoint, conduct, analysis, truth, rule
        As their own pages say.
    allocation
        Patients by arm in lowest terms: ``(1,)``, or treated and control, ``(2, 1)``.
    n
        Patients in all.
    shares
        The looks as shares of `n`, rising, the last 1.
    sizes
        Sizes among which :func:`~ra_bayes.planning.sample_size` looks.
    toml
        The page itself.
    arms_at_end
        Patients of each arm at full size, if a trial under way has not followed the allocation.
    """

    name: str
    title: str
    about: str
    endpoint: Endpoint
    allocation: tuple[int, ...]
    n: int
    shares: tuple[float, ...]
    conduct: Conduct
    analysis: Analysis
    rule: Rule
    truth: Truth
    sizes: tuple[int, ...] = ()
    toml: str = field(default="", repr=False)
    arms_at_end: tuple[int, ...] = ()

    def __str__(self) -> str:
        return self.words()

    @property
    def arms(self) -> int:
        """One or two."""
        return len(self.allocation)

    @property
    def estimand(self) -> str:
        """What is estimated, in words."""
        return self.endpoint.estimand(self.arms)

    @property
    def looks(self) -> tuple[int, ...]:
        """Patients in all at each look, rising; shares that round to the same number are one look."""
        least = self.arms
        return tuple(sorted({max(least, math.floor(share * self.n + 0.5)) for share in self.shares}))

    def per_arm(self, n: int) -> tuple[int, ...]:
        """Return how `n` patients in all divide over the arms, each having one at least.

        Examples
        --------
        >>> from ra_bayes.planning.design_reader import load_design
        >>> load_design("acr20_randomised").per_arm(31)
        (21, 10)
        """
        if self.arms_at_end and n == self.n:
            return self.arms_at_end
        if self.arms == 1:
            return (n,)
        treated, control = self.allocation
        second = min(max(math.floor(n * control / (treated + control) + 0.5), 1), n - 1)
        return (n - second, second)

    def at(self, n: int) -> Design:
        """Return the same design with `n` patients in all, its looks at the same shares of them."""
        if n < self.arms:
            raise RaBayesError(f"a design of {n} patients in {self.arms} arms cannot be; give each arm one")
        return replace(self, n=n)

    @property
    def entered(self) -> int:
        """Patients to enter, so that `n` have what the looks count."""
        if self.endpoint.kind == "longitudinal" or self._counts_all or not self.conduct.dropout:
            return self.n
        return math.ceil(self.n / (1.0 - self.conduct.dropout))

    @property
    def _counts_all(self) -> bool:
        return self.endpoint.kind == "binary" and self.conduct.nonresponse

    def on_scale(self, value: float) -> float:
        """Return a threshold or a truth on the scale of the analysis: the log of a ratio, else itself."""
        return math.log(value) if self.endpoint.ratio else value

    def criteria(self, look: int) -> tuple[tuple[Criterion, ...], tuple[Criterion, ...]]:
        """Return the success and the futility criteria of a look, numbered from 1."""
        last = len(self.looks)
        return (
            tuple(each for each in self.rule.success if each.at(look, last)),
            tuple(each for each in self.rule.futility if each.at(look, last)),
        )

    @property
    def final_rule(self) -> Rule:
        """The rule of the final analysis alone, as that of a design with one look."""
        success, futility = self.criteria(len(self.looks))
        asked = [tuple(replace(each, looks="final") for each in some) for some in (success, futility)]
        return Rule(*(tuple(each for each in some if each.basis == "posterior") for some in asked))

    def truths(self, values: Sequence[float]) -> dict[str, Array]:
        """Return true values of the estimand as the engines want them, with what else is true beside them.

        Raises
        ------
        RaBayesError
            If a rate would leave 0 to 1.
        """
        points = np.array([self.on_scale(value) for value in values], dtype=float)
        if self.endpoint.kind != "binary":
            same = {name: np.full(points.shape, value) for name, value in self.truth.scales.items()}
            return {"effect": points, **same}
        if self.arms == 1:
            found = {"rate": points}
        else:
            control = np.full(points.shape, self.truth.control)
            found = {"rate": control + points, "control_rate": control}
        if outside := [f"{rate:g}" for rate in found["rate"] if not 0.0 <= rate <= 1.0]:
            raise RaBayesError(
                f"{self.name}: a true rate of {', '.join(outside)} cannot be; change the truths "
                "or [truth] control"
            )
        return found

    @property
    def hash(self) -> str:
        """SHA-256 of the page's content and of the size, blind to comments and the order of keys."""
        content = json.dumps([tomllib.loads(self.toml), self.n, self.shares], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def words(self) -> str:
        """Return the design in sentences fit for a protocol."""
        return _words(self)

    def entry(self) -> dict[str, Any]:
        """Return what a result says of its design."""
        return {
            "name": self.name,
            "hash": self.hash,
            "n": self.n,
            "looks": list(self.looks),
            "toml": self.toml,
        }


def _words(design: Design) -> str:
    """Return a design's arms, endpoint, looks, conduct, prior and rule, a sentence a line."""
    said = [_arms(design), _endpoint(design), *_looks(design), *_conduct(design), *_analysis(design)]
    return "\n".join([*said, *design.rule.sentences()])


def _arms(design: Design) -> str:
    who = f"{design.entered} patients"
    if design.arms == 1:
        return f"{design.title}: {who} in one arm, without a control."
    treated, control = design.allocation
    return f"{design.title}: {who} randomised {treated}:{control} to treatment and control."


def _endpoint(design: Design) -> str:
    end = design.endpoint
    visits = (
        f", estimated from all visits (weeks {listed([f'{week:g}' for week in end.visits])})"
        if end.kind == "longitudinal"
        else ""
    )
    side = "higher" if end.benefit == "above" else "lower"
    return f"The estimand is the {design.estimand}{visits}; {side} is better."


def _looks(design: Design) -> list[str]:
    looks = design.looks
    have = {
        "binary": "are evaluable",
        "continuous": "have an outcome",
        "longitudinal": "have reached the last visit",
    }[design.endpoint.kind]
    if len(looks) == 1:
        return [f"The data are analysed once, when {looks[0]} patients {have}."]
    if len(looks) > 8 and looks == tuple(range(looks[0], looks[-1] + 1)):
        return [f"The data are looked at after every patient from the {looks[0]}th to the {looks[-1]}th."]
    return [f"The data are looked at when {listed([str(look) for look in looks])} patients {have}."]


def _conduct(design: Design) -> list[str]:
    conduct, said = design.conduct, []
    if conduct.dropout:
        share = (
            f"{conduct.dropout:.0%} of patients are expected to have left by week {design.endpoint.week:g}"
        )
        if design.endpoint.kind == "longitudinal":
            said.append(f"{share}; what was seen of them is analysed.")
        elif design.endpoint.kind == "binary" and conduct.nonresponse:
            said.append(f"{share}; whoever has no outcome counts as a non-responder.")
        else:
            said.append(f"{share}; {design.entered} are entered so that {design.n} have an outcome.")
    if conduct.missed:
        said.append(f"A visit is expected to be missed with probability {conduct.missed:g}.")
    if conduct.accrual is not None:
        said.append(f"{conduct.accrual:g} patients are expected to enter a month.")
    return said


def _analysis(design: Design) -> list[str]:
    prior = design.analysis
    if isinstance(prior, BinaryAnalysis):
        said = f"The analysis prior of the rate is {prior.rate}"
        return [said + (f", of the control rate {prior.control_rate}." if prior.control_rate else ".")]
    unit = " on the log scale" if design.endpoint.ratio else ""
    if isinstance(prior, LongitudinalAnalysis):
        effect = (
            "flat" if prior.effect is None else f"Normal({prior.effect[0]:g}, SD {prior.effect[1]:g}){unit}"
        )
        scales = {name: numbers for name, numbers in prior.scales.items() if name != "correlation"}
        sds = listed(
            [
                f"{name.replace('_sd', '')} SD LogNormal(median {median:g}, SD of the log {sdlog:g})"
                for name, (median, sdlog) in scales.items()
            ]
        )
        return [f"The analysis prior of the effect is {effect}; of the {sds}."]
    means = [("mean change", prior.mean)]
    if design.arms == 2:
        means.append(("control's mean change", prior.control_mean))
    said = listed([f"of the {name} {'flat' if each is None else each}" for name, each in means])
    sd = "estimated" if prior.sd is None else f"taken as {prior.sd:g}{unit}"
    return [f"The analysis prior is, {said}; the SD of a patient's change is {sd}."]


def check_design(design: Design) -> None:
    """Refuse what is no design, such as the name of one."""
    check_type(design, Design, "design", 'read one with rb.load_design("acr20_one_arm")')
