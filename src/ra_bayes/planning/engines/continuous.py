"""From a design with a continuous endpoint at one visit to its engine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.cohort import Cohort
from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import Normal, NormalMixture, normal
from ra_bayes.numbers import how_many
from ra_bayes.planning.analysis import NormalAnalysis
from ra_bayes.planning.continuous.boundary import bounds
from ra_bayes.planning.continuous.characteristics import known_stopping
from ra_bayes.planning.continuous.known import KnownSd, posterior_probability
from ra_bayes.planning.continuous.predictive import predictive_probability
from ra_bayes.planning.continuous.unknown import MeanPrior, UnknownSd, scale_of, state_of
from ra_bayes.planning.continuous.unknown_boundary import unknown_bounds
from ra_bayes.planning.continuous.unknown_characteristics import unknown_stopping
from ra_bayes.planning.continuous.unknown_predictive import (
    unknown_posterior_probability,
    unknown_predictive_probability,
)
from ra_bayes.planning.design import Design
from ra_bayes.planning.design_prior import Step
from ra_bayes.planning.engines.data import SoFar, final_only
from ra_bayes.planning.engines.grid import groups, on_grid
from ra_bayes.planning.engines.scaling import scaled, scaled_rule
from ra_bayes.planning.engines.settings import Point, Settings
from ra_bayes.planning.stopping import Stopping

__all__ = ["boundary_rows", "curve", "interim", "stopping", "widths"]

type Array = NDArray[np.float64]

# Simulated data behind an expected width: its Monte Carlo error is below a hundredth of it.
_WIDTH_TRIALS = 400


def _model(design: Design) -> KnownSd | UnknownSd:
    prior = design.analysis
    assert isinstance(prior, NormalAnalysis)
    rule = scaled_rule(design)
    both = [design.per_arm(n) for n in design.looks]
    treated = tuple(each[0] for each in both)
    control = tuple(each[1] for each in both) if design.arms == 2 else ()
    if prior.sd is None:
        assert not isinstance(prior.mean, NormalMixture)
        assert not isinstance(prior.control_mean, NormalMixture)
        return UnknownSd(rule, treated, control, prior.mean, prior.control_mean)
    assert not isinstance(prior.mean, MeanPrior)
    assert not isinstance(prior.control_mean, MeanPrior)
    return KnownSd(rule, prior.sd, treated, control, prior.mean, prior.control_mean)


def _change_sd(truths: Mapping[str, Array]) -> Array:
    """Return the SD of a patient's change: that of the page, or of response and two records.

    Var(y_ij - y_i0) = response_sd^2 + 2 residual_sd^2
    """
    if "change_sd" in truths:
        return truths["change_sd"]
    return np.hypot(truths["response_sd"], math.sqrt(2.0) * truths["residual_sd"])


def _ask(model: KnownSd | UnknownSd, truths: Mapping[str, Array], seed: int, settings: Settings) -> Stopping:
    if isinstance(model, KnownSd):
        return known_stopping(model, truths, simulations=settings.trials, seed=seed)
    return unknown_stopping(model, truths, simulations=settings.trials, seed=seed)


def stopping(design: Design, truths: Mapping[str, Array], seed: int, settings: Settings) -> Stopping:
    """Return the probabilities of stopping; exact but for several looks with an estimated SD."""
    model = _model(design)

    def ask(effect: Array, sd: Array) -> Stopping:
        return _ask(model, {"effect": effect, "residual_sd": sd[:, 0]}, seed, settings)

    return on_grid(truths["effect"], _change_sd(truths)[:, None], ask)


def curve(design: Design, step: Step, sizes: Sequence[int], seed: int, settings: Settings) -> list[Point]:
    """Return assurance by size; a normal belief in the effect is integrated in closed form."""
    believed, points = step.exact.get("effect"), []
    for n in sizes:
        at = design.at(n)
        if isinstance(believed, NormalMixture):
            points.append((n, *_over_normals(at, believed, step, seed, settings)))
            continue
        found = stopping(at, step.nodes, seed, settings)
        value, of_draws = step.expect(found.p_success)
        mcse = math.hypot(of_draws, float(step.weights @ found.p_success_mcse))
        points.append((n, value, mcse, found.engine))
    return points


def _over_normals(
    design: Design, believed: NormalMixture, step: Step, seed: int, settings: Settings
) -> tuple[float, float, str]:
    """Return assurance, its error and engine: parts of the belief and groups of SDs, weighed."""
    rows, group = groups(_change_sd(step.nodes)[:, None])
    sds = rows[:, 0]
    share = np.bincount(group, step.weights, sds.size)
    mean, sd, weight = believed.arrays
    truths = {
        "effect": np.tile(mean, sds.size),
        "effect_sd": np.tile(sd, sds.size),
        "residual_sd": np.repeat(sds, mean.size),
    }
    found = _ask(_model(design), truths, seed, settings)
    whole = np.repeat(share, mean.size) * np.tile(weight, sds.size)
    return float(whole @ found.p_success), float(whole @ found.p_success_mcse), found.engine


def widths(
    design: Design, truths: Mapping[str, Array], ci_prob: float, seed: int, settings: Settings
) -> tuple[Array, Array]:
    """Return the expected width of the final interval at each truth.

    Exact where the width depends on no data (SD known, normal or flat priors), else averaged over
    simulated data.
    """
    model, sd = _model(design), _change_sd(truths)
    sizes = design.per_arm(design.n)
    rng = np.random.default_rng(seed)
    trials = min(settings.trials, _WIDTH_TRIALS)
    z = rng.standard_normal((len(sizes), trials))
    if isinstance(model, KnownSd):
        return _known_widths(model, sizes, truths["effect"], sd, z, ci_prob)
    squares = rng.chisquare(max(design.n - len(sizes), 1), trials)
    found = np.empty((sd.size, trials))
    for k in range(sd.size):
        means = [sd[k] * each / math.sqrt(n) for each, n in zip(z, sizes, strict=True)]
        means[0] = means[0] + truths["effect"][k]
        within = np.sqrt(sd[k] ** 2 * squares / max(design.n - len(sizes), 1))
        states = [
            state_of(
                model, *((n, float(mean[t]), float(within[t])) for n, mean in zip(sizes, means, strict=True))
            )
            for t in range(trials)
        ]
        scale = np.array([float(scale_of(state)[1]) for state in states])
        found[k] = 2.0 * float(special.stdtrit(float(states[0].df), (1.0 + ci_prob) / 2.0)) * scale
    return found.mean(axis=1), found.std(axis=1, ddof=1) / math.sqrt(trials)


def _known_widths(
    model: KnownSd, sizes: tuple[int, ...], effect: Array, sd: Array, z: Array, ci_prob: float
) -> tuple[Array, Array]:
    beliefs = [model.mean, model.control_mean][: len(sizes)]
    parts = max(1 if each is None else len(each.parts) for each in beliefs)
    trials = 1 if parts == 1 else z.shape[1]
    found = np.empty((effect.size, trials))
    for k in range(effect.size):
        for t in range(trials):
            after = []
            for arm, (belief, n) in enumerate(zip(beliefs, sizes, strict=True)):
                se = model.sd / math.sqrt(n)
                mean = (float(effect[k]) if arm == 0 else 0.0) + float(sd[k]) * float(z[arm, t]) / math.sqrt(
                    n
                )
                after.append(normal(mean, se) if belief is None else belief.update(mean, se))
            low, high = (after[0] if len(after) == 1 else _difference(*after)).interval(ci_prob)
            found[k, t] = high - low
    error = found.std(axis=1, ddof=1) / math.sqrt(trials) if trials > 1 else np.zeros(effect.size)
    return found.mean(axis=1), error


def _difference(one: NormalMixture, two: NormalMixture) -> NormalMixture:
    """Return the distribution of a difference of independent means."""
    return NormalMixture(
        tuple(
            Normal(m1 - m2, math.hypot(s1, s2), w1 * w2)
            for m1, s1, w1 in one.parts
            for m2, s2, w2 in two.parts
        )
    )


def boundary_rows(design: Design) -> list[dict[str, Any]]:
    """Return the mean, or difference, needed at each look.

    Where the SD is estimated the boundary moves with the one that is seen: it is told for the page's, ``sd``.
    None with priors by arm, since the boundary then moves with the control's mean.
    """
    model = _model(design)
    if model.by_arm or (isinstance(model, UnknownSd) and model.mean is not None):
        return []
    rows = []
    for look, n in enumerate(design.looks, 1):
        if isinstance(model, KnownSd):
            low, high = (float(each[0]) for each in bounds(model, look - 1, np.zeros(1)))
            seen = {}
        else:
            sd = float(_change_sd(_as_arrays(design.truth.scales))[0])
            low, high = unknown_bounds(model, look - 1, sd)
            seen = {"sd": sd}
        treated, *control = design.per_arm(n)
        rows.append(
            {
                "look": look,
                "n": n,
                "treated": treated,
                "control": control[0] if control else None,
                "futility": _told(design, model.sign * low),
                "success": _told(design, model.sign * high),
                **seen,
            }
        )
    return rows


def _told(design: Design, bound: float) -> float | None:
    if not math.isfinite(bound):
        return None
    return math.exp(bound) if design.endpoint.ratio else bound


def _as_arrays(scales: Mapping[str, float]) -> dict[str, Array]:
    return {name: np.array([value]) for name, value in scales.items()}


def changes(design: Design, cohort: Cohort, patients: Sequence[str]) -> Array:
    """Return the changes from baseline of those who have both records, on the scale of the analysis.

    Raises
    ------
    RaBayesError
        If one of the two is beyond a limit of quantification.
    """
    end = design.endpoint
    values: dict[str, dict[float, float]] = {patient: {} for patient in patients}
    for record in cohort.of(end.outcome):
        if record.patient in values and record.week in (0.0, end.week):
            if record.limit:
                raise RaBayesError(
                    f"row {record.row}: patient {record.patient!r} has {end.outcome} "
                    f"{record.limit}{record.value:g}, of which no change can be taken; leave the patient "
                    "out, or fit the outcome's model, which takes limits as such"
                )
            values[record.patient][record.week] = record.value
    both = [(own[0.0], own[end.week]) for own in values.values() if len(own) == 2]
    start, now = np.array(both, dtype=float).reshape(-1, 2).T
    return np.asarray(np.log(now / start) if end.ratio else now - start)


def interim(
    design: Design, cohort: Cohort, sides: tuple[tuple[str, ...], ...], seed: int, settings: Settings
) -> SoFar:
    """Return posterior and predictive probabilities given the changes so far."""
    del seed, settings
    seen = [changes(design, cohort, who) for who in sides]
    model = _model(final_only(design, [each.size for each in seen]))
    unit = design.endpoint.unit
    data: list[dict[str, Any]] = []
    for arm, each in zip(("treated", "control"), seen, strict=False):
        mean, sd = (float(each.mean()) if each.size else math.nan), _sd(each)
        told = "no one yet" if not each.size else f"{how_many(each.size)}, mean change {_said(design, mean)}"
        data.append(
            {
                "arm": arm,
                "n": int(each.size),
                "mean_change": None if not each.size else _told(design, mean),
                "sd": sd if math.isfinite(sd) else None,
                "words": f"{arm.capitalize()}: {told}{' ' + unit if unit and each.size else ''}.",
            }
        )
    sizes = tuple(int(each.size) for each in seen)
    summary = [(int(each.size), float(each.mean()) if each.size else 0.0, _sd(each)) for each in seen]
    if isinstance(model, KnownSd):
        pairs = [each[:2] for each in summary]
        predicted = predictive_probability(model, *pairs)
        return SoFar(
            sizes,
            data,
            lambda criterion: posterior_probability(model, scaled(design, criterion), *pairs),
            predicted,
            0.0,
            "exact: integration, SD known",
        )
    whole = [(n, mean, sd if math.isfinite(sd) else 0.0) for n, mean, sd in summary]
    predicted = unknown_predictive_probability(model, *whole)
    return SoFar(
        sizes,
        data,
        lambda criterion: unknown_posterior_probability(model, scaled(design, criterion), *whole),
        predicted,
        0.0,
        "exact: quadrature, SD estimated",
    )


def _said(design: Design, mean: float) -> str:
    told = _told(design, mean)
    return f"{told:.3g}" if told is not None else ""


def _sd(values: Array) -> float:
    return float(values.std(ddof=1)) if values.size > 1 else math.nan
