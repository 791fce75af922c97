"""Synthetic cohorts that satisfy every published fact exactly, drawn from the posterior given the facts.

For parameters theta and responder factors f drawn from the posterior given the counts, every patient i gets
M candidates from the model, as they would be recorded (clipped, rounded, measurement error in). The share
p^_ic of candidates that show pattern c is unbiased for p_ic, independently for each patient, and the
counts' probability is multilinear in them (:mod:`ra_bayes.counts.assignments`), so that

    P^ = Pr(counts | p^)    has expectation    Pr(counts as recorded | theta, f).

Patterns are then drawn given the counts, and for each patient one of the candidates that show the pattern.
The cohort's weight P^ / Pr(counts | theta, f) turns draws of the posterior given the counts on the latent
scale into draws of that given the counts as recorded (pseudo-marginal: Andrieu & Roberts 2009, Ann Stat
37:697). No cohort is made to fit afterwards, which would break the facts or the model.

Given theta and f patients are independent, so that a further condition on each of them alone costs no
more: with p^_ic the share of candidates that show c *and* are acceptable, P^ estimates the probability of
the counts and of n acceptable patients, and the weights are for draws given both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.cohort import Cohort, Infusion, Record
from ra_bayes.conditioning.importance import Weighted, importance_sample
from ra_bayes.conditioning.patients import Patients, choose, draw_patients, records, shows, weeks_of
from ra_bayes.conditioning.posterior import given_counts
from ra_bayes.counts import CountsModel
from ra_bayes.counts.assignments import draw_patterns
from ra_bayes.counts.layout import Draws, Layout
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.model.joint import JointModel
from ra_bayes.model.namespace import NUMPY
from ra_bayes.outcomes import OUTCOMES
from ra_bayes.published import Arm, Publication

__all__ = ["Reconstruction", "Ties", "reconstruct"]

type Array = NDArray[np.float64]
type Accept = Callable[[Mapping[str, Array]], NDArray[np.bool_]]

_CANDIDATES = 256
_AT_ONCE = 50
# Cohorts tried for each one wanted, before giving up on facts that rounding makes next to impossible.
_MOST_TRIES = 40


@dataclass(frozen=True, eq=False)
class Ties:
    """What ties a cohort's outcomes together, as it was drawn.

    Parameters
    ----------
    loading
        Loading on the responder factor; 0 if outcomes are not tied.
    factor
        Responder factor of each patient, by identifier.
    effect
        Steps of the effect common to all outcomes, by arm; empty if effects are not related.
    placebo
        Placebo response under the mean change, by outcome, on the link's scale; 0 if there is none.
    """

    loading: float
    factor: dict[str, float]
    effect: dict[str, Array]
    placebo: dict[str, float]


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """Synthetic cohorts that agree with a paper's counts, and what made them.

    Parameters
    ----------
    cohorts
        The cohorts; each calls itself synthetic.
    weights
        Weight of each, with mean 1: a summary over the cohorts is a weighted one.
    facts
        The counts.
    reading
        How their words were read.
    model
        The joint model whose posterior the cohorts are drawn from.
    recorded
        Whether values are clipped and rounded as they would be written down.
    seed
        Seed of every random number.
    tried
        Cohorts tried: what is missing could not be made to satisfy the facts as recorded.
    ties
        What ties each cohort's outcomes together.
    """

    cohorts: tuple[Cohort, ...]
    weights: Array
    facts: Publication
    reading: str
    model: JointModel
    recorded: bool
    seed: int
    tried: int
    ties: tuple[Ties, ...] = field(repr=False)

    def __len__(self) -> int:
        return len(self.cohorts)

    def __iter__(self) -> Iterator[Cohort]:
        return iter(self.cohorts)

    @property
    def ess(self) -> float:
        """Effective number of cohorts, of Kish."""
        return float(self.weights.sum() ** 2 / (self.weights**2).sum())


def reconstruct(
    facts: Publication | str | PathLike[str],
    model: JointModel | str | PathLike[str] = "wide",
    m: int = 100,
    *,
    seed: int,
    reading: str | None = None,
    recorded: bool = True,
    also: Iterable[str] = (),
    accept: Accept | None = None,
) -> Reconstruction:
    """Draw synthetic cohorts that satisfy every published fact exactly.

    Parameters
    ----------
    facts
        The counts, or the path of their page.
    model
        A joint model, its name or its page's path.
    m
        Number of cohorts.
    seed
        Seed of every random number.
    reading
        How words such as "improved" are read; the page's first reading if not given.
    recorded
        Clip and round values as they would be written down, and let the facts hold of those. Otherwise
        values are as the model has them, and the facts hold of those.
    also
        Further outcomes to draw, of which no count was published.
    accept
        Says which patients may be in a cohort, from their records of the outcomes that facts count together:
        called with these by outcome, arrays of shape (..., visit), for each such set of outcomes; returns
        True or False (...). The cohorts are then draws given that all patients are acceptable as well.

    Returns
    -------
    Reconstruction
        The cohorts, visit by visit, and their weights. Facts without outcomes, adverse events, are left out.

    Raises
    ------
    RaBayesError
        As :func:`~ra_bayes.condition`; or if no cohort satisfies the facts as recorded, with acceptable
        patients.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> facts = rb.data_dir() / "published" / "jamshidi2024.toml"
    >>> made = rb.reconstruct(facts, "wide", 10, seed=1)                        # doctest: +SKIP
    >>> made.cohorts[0].name                                                    # doctest: +SKIP
    'jamshidi2024 (synthetic 1)'
    """
    if m < 1:
        raise FitError(f"m={m}: ask for at least one cohort")
    problem = given_counts(facts, model, reading, also=also)
    rng = np.random.default_rng(seed)
    weighted = importance_sample(
        problem.log_likelihood, problem.dimension, ess=max(4000.0, 4.0 * m), chains=4, rng=rng
    )
    cohorts: list[Cohort] = []
    weights: list[float] = []
    ties: list[Ties] = []
    tried = 0
    while len(cohorts) < m:
        if tried >= _MOST_TRIES * max(m, _AT_ONCE):
            raise RaBayesError(
                f"{problem.publication.name}: of {tried} cohorts only {len(cohorts)} satisfy every fact as "
                "recorded; check the facts, ask for recorded=False, or accept more patients"
            )
        points, log_likelihood = _points(weighted, _AT_ONCE, rng)
        batch = _Batch(problem, points, recorded=recorded, rng=rng, accept=accept)
        log_weight = batch.log_probability - log_likelihood
        for row in np.flatnonzero(np.isfinite(log_weight)):
            tried_so_far = tried + int(row) + 1
            cohorts.append(batch.cohort(int(row), len(cohorts) + 1))
            weights.append(float(np.exp(log_weight[row])))
            ties.append(batch.ties(int(row)))
            if len(cohorts) == m:
                tried = tried_so_far
                break
        else:
            tried += _AT_ONCE
    made = np.asarray(weights)
    return Reconstruction(
        tuple(cohorts),
        made / made.mean(),
        problem.publication,
        problem.reading,
        problem.layout.joint,
        recorded,
        seed,
        tried,
        tuple(ties),
    )


def _points(weighted: Weighted, size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return points drawn from the posterior, and their log likelihood."""
    chosen = rng.choice(weighted.log_weights.size, size, p=special.softmax(weighted.log_weights.ravel()))
    dimension = weighted.points.shape[-1]
    return weighted.points.reshape(-1, dimension)[chosen], weighted.log_likelihood.ravel()[chosen]


class _Batch:
    """Some draws of the parameters, each with patients that satisfy the facts.

    Parameters
    ----------
    problem
        The joint model and the counts.
    points
        Draws of the posterior (draw, coordinate).
    recorded
        Whether values are as they would be written down.
    rng
        Random numbers.
    accept
        Which patients may be in a cohort; all if not given.
    """

    def __init__(
        self,
        problem: CountsModel,
        points: Array,
        *,
        recorded: bool,
        rng: np.random.Generator,
        accept: Accept | None = None,
    ) -> None:
        self.problem, self.recorded, self.accept = problem, recorded, accept
        normal, unit = problem.split(points)
        self.layout: Layout
        self.layout, self.common, self.draws = _fine(problem, normal, unit, rng)
        self.log_probability = np.zeros(points.shape[0])
        self.order: dict[str, NDArray[np.intp]] = {}
        self.values: dict[tuple[str, str, float], Array] = {}
        for arm in problem.layout.arms:
            # Counts leave open which patient is which, and factors come in order: shuffle.
            self.order[arm.id] = rng.permuted(np.tile(np.arange(arm.n), (points.shape[0], 1)), axis=1)
            self._fill(arm, rng)

    def _fill(self, arm: Arm, rng: np.random.Generator) -> None:
        draws = self.log_probability.size
        left = list(self.layout.pages)
        for block in self.problem.blocks:
            if block.arm.id != arm.id:
                continue
            weeks = weeks_of(block.events)
            patients = Patients({}, {}, {})
            share = self.layout.joint.share(self.layout.pages)
            for outcome in sorted(weeks, key=lambda each: each in share):
                shape = (draws, arm.n, _CANDIDATES)
                # A partner's residuals are made of the first's at the same visits.
                first = share.get(outcome, (outcome,))[0]
                seen = sorted({*weeks[outcome], *weeks.get(first, ())})
                if self.accept is not None:
                    seen = list(self.problem.weeks)
                draw_patients(self.layout, [outcome], seen, shape, rng, patients)
            shown = shows(self.layout, self.draws, arm.id, patients, block.events, recorded=self.recorded)
            pattern = block.pattern_of(shown)
            if self.accept is not None:
                pattern[~self._acceptable(arm, patients, weeks)] = -1
            index = np.arange(len(block.patterns))
            chances = (pattern[:, None] == index[:, None, None]).mean(axis=-1)
            drawn, probability = draw_patterns(chances, block.steps, rng)
            with np.errstate(divide="ignore"):
                self.log_probability += np.log(probability)
            lottery = rng.random(pattern.shape) * (pattern == drawn[..., None])
            roots = {share.get(outcome, (outcome,))[0] for outcome in weeks}
            joined = [outcome for outcome in left if share.get(outcome, (outcome,))[0] in roots]
            self._keep(arm, joined, choose(patients, lottery.argmax(axis=-1)), rng)
            left = [outcome for outcome in left if outcome not in joined]
        self._keep(arm, left, Patients({}, {}, {}), rng)

    def _acceptable(self, arm: Arm, patients: Patients, outcomes: Iterable[str]) -> NDArray[np.bool_]:
        assert self.accept is not None
        seen = {
            outcome: np.stack(
                [
                    records(self.layout, self.draws, arm.id, patients, outcome, week, recorded=self.recorded)
                    for week in self.problem.weeks
                ],
                axis=-1,
            )
            for outcome in outcomes
        }
        return self.accept(seen)

    def _keep(self, arm: Arm, outcomes: list[str], patients: Patients, rng: np.random.Generator) -> None:
        """Draw the visits that no fact looks at, and keep every record."""
        shape = (self.log_probability.size, arm.n, 1)
        whole = draw_patients(self.layout, outcomes, self.problem.weeks, shape, rng, patients)
        for outcome in outcomes:
            for week in self.problem.weeks:
                if week > 0.0 or not self.layout.pages[outcome].binary:
                    made = records(
                        self.layout, self.draws, arm.id, whole, outcome, week, recorded=self.recorded
                    )
                    self.values[arm.id, outcome, week] = made[..., 0]

    def cohort(self, row: int, number: int) -> Cohort:
        """Return the cohort of one draw."""
        publication = self.problem.publication
        found: list[Record] = []
        for (arm, outcome, week), values in self.values.items():
            found += [
                Record(self._name(arm, i), week, outcome, float(values[row, patient]), "", 0)
                for i, patient in enumerate(self.order[arm][row])
            ]
        found.sort(key=lambda each: (each.outcome, each.patient, each.week))
        # Rows as the table would have them, a patient after the other.
        rows = sorted(range(len(found)), key=lambda k: (found[k].patient, found[k].week, found[k].outcome))
        place = {k: position + 2 for position, k in enumerate(rows)}
        patients = [self._name(arm.id, i) for arm in publication.arms for i in range(arm.n)]
        return Cohort(
            name=f"{publication.name} (synthetic {number})",
            source=f"reconstructed from {publication.name}",
            synthetic=True,
            records=tuple(record._replace(row=place[k]) for k, record in enumerate(found)),
            infusions=tuple(
                Infusion(patient, week) for week in publication.infusion_weeks for patient in sorted(patients)
            ),
            used=tuple(OUTCOMES.get(outcome, page.outcome) for outcome, page in self.layout.pages.items()),
            notes=(
                f"Synthetic: drawn from joint model {self.layout.joint.name!r} so that it satisfies the "
                f"counts of {publication.name}, read as {self.problem.reading!r}; no patient was measured.",
            ),
        )

    def ties(self, row: int) -> Ties:
        """Return what ties one draw's outcomes together."""
        effect = {arm: steps[row] for arm, steps in self.common.items()}
        placebo = {
            outcome: float(values["placebo_response"][row])
            for (_, outcome), values in self.draws.values.items()
        }
        if self.draws.loading is None:
            return Ties(0.0, {}, effect, placebo)
        factor = {
            self._name(arm, i): float(self.draws.factor[arm][row, patient])
            for arm, order in self.order.items()
            for i, patient in enumerate(order[row])
        }
        return Ties(float(self.draws.loading[row]), factor, effect, placebo)

    def _name(self, arm: str, i: int) -> str:
        only = len(self.problem.publication.arms) == 1
        number = f"{i + 1:0{len(str(self.problem.publication.arm(arm).n))}d}"
        return f"SYN-{number}" if only else f"SYN-{arm}-{number}"


def _fine(
    problem: CountsModel, normal: Array, unit: Array, rng: np.random.Generator
) -> tuple[Layout, dict[str, Any], Draws]:
    """Return layout and parameters at every visit, and the steps of the effect common to outcomes by arm."""
    layout = problem.every_visit
    whole = problem.layout.refine(normal, layout, rng)
    common = {
        arm.id: whole[..., layout.slots[f"{arm.id}.related"]]
        for arm in layout.arms
        if f"{arm.id}.related" in layout.slots
    }
    return layout, common, layout.expand(whole, unit, NUMPY)
