"""Operating characteristics of a longitudinal design by simulation, with as little noise as can be had.

One look: the chance of success is averaged over trials with the estimate integrated out (:mod:`.critical`).

Several looks: trials are simulated whole and end where they end. Beside each decision stands that of
someone who knows the SDs, of the same data; given how many patients were seen, its chance is known
(:mod:`.known`). The difference between what they decided and that chance has mean 0 and goes along with
what is wanted: a control variate (Glasserman 2004, section 4.1), its coefficients by least squares over the
trials.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.analysis import LongitudinalAnalysis
from ra_bayes.planning.longitudinal.analyses import Analysis, Conduct, Scales, analyses
from ra_bayes.planning.longitudinal.critical import critical_limits, end_probabilities
from ra_bayes.planning.longitudinal.known import boundary, crossing_probabilities, limits
from ra_bayes.planning.longitudinal.predictive import predictive_probability
from ra_bayes.planning.rule import Criterion
from ra_bayes.planning.stopping import Stopping

__all__ = ["ENGINE", "operating_characteristics"]

type Array = NDArray[np.float64]
type Flags = NDArray[np.bool_]
type Criteria = tuple[Criterion, ...]
type Effect = tuple[float, float] | None
type Rules = Sequence[tuple[Criteria, Criteria]]

ENGINE = "integrated Gaussian longitudinal model, simulated"


def operating_characteristics(
    truths: Mapping[str, Array],
    conduct: Conduct,
    looks: Sequence[int],
    criteria: Rules,
    analysis: LongitudinalAnalysis,
    *,
    trials: int = 2000,
    seed: int,
) -> Stopping:
    """Return with which probability the trial stops at each look, under each truth.

    Parameters
    ----------
    truths
        ``effect``, ``level_sd``, ``response_sd``, ``correlation`` and ``residual_sd``, arrays of one
        length, on the link's scale. Truths with the same SDs share their simulated trials.
    conduct
        Who is in the trial, and what is seen of them at each look.
    looks
        Patients followed to the end at each look.
    criteria
        Success and futility criteria of each look, thresholds on the link's scale.
    analysis
        Analysis prior.
    trials
        Simulated trials for each set of SDs.
    seed
        Of the random numbers.

    Raises
    ------
    RaBayesError
        If the truths do not fit together, or a predictive criterion is asked where it cannot be answered.

    Examples
    --------
    >>> from ra_bayes.planning.longitudinal.conduct import followed, in_order
    >>> weeks = np.array([0.0, 12.0, 24.0])
    >>> conduct = Conduct(weeks, np.sqrt(weeks / 24), in_order((12, 12)), followed(24, (24,), weeks, None))
    >>> analysis = LongitudinalAnalysis(None, {"level_sd": (17, 0.35), "response_sd": (20, 0.4),
    ...                                        "residual_sd": (10, 0.45), "correlation": (4, 0)})
    >>> truths = {"effect": np.array([0.0, -20.0]), "level_sd": np.full(2, 17.0),
    ...           "response_sd": np.full(2, 20.0), "correlation": np.zeros(2), "residual_sd": np.full(2,
    10.0)}
    >>> rule = ((Criterion("difference", "below", 0.0, 0.9),), ())
    >>> found = operating_characteristics(truths, conduct, (24,), [rule], analysis, trials=200, seed=1)
    >>> found.p_success.round(1).tolist()
    [0.1, 0.8]
    """
    values = _checked(truths)
    shape = (values["effect"].size, len(looks))
    if conduct.able.shape[0] != len(looks) or len(criteria) != len(looks):
        raise RaBayesError(
            f"there are {len(looks)} looks, {conduct.able.shape[0]} in the conduct and {len(criteria)} in "
            "the rule; give one of each for every look"
        )
    _check_predictive(criteria, conduct)
    found = {name: np.zeros(shape) for name in ("success", "futility", "success_mcse", "futility_mcse")}
    scales = np.stack([values[name] for name in Scales._fields], axis=1)
    for row in np.unique(scales, axis=0):
        where = np.flatnonzero((scales == row).all(axis=1))
        batches = analyses(conduct, Scales(*row), analysis, trials, seed)
        effects = values["effect"][where]
        if len(looks) == 1:
            parts = _one_look(batches, effects, criteria[0], analysis.effect)
        else:
            parts = _several_looks(batches, effects, criteria, analysis.effect)
        for name, part in zip(found, parts, strict=True):
            found[name][where] = part
    return Stopping(looks=np.asarray(looks, dtype=float), **found, engine=ENGINE)


def _checked(truths: Mapping[str, Array]) -> dict[str, Array]:
    names = ("effect", *Scales._fields)
    if missing := [name for name in names if name not in truths]:
        raise RaBayesError(f"the truths lack {', '.join(missing)}; give an array of each")
    values = {name: np.atleast_1d(np.asarray(truths[name], dtype=float)) for name in names}
    if len({each.shape for each in values.values()}) > 1:
        raise RaBayesError("the truths have different lengths; give one value of each for every truth")
    if not np.all(np.abs(values["correlation"]) < 1.0):
        raise RaBayesError("a true correlation is outside -1 to 1; write one inside")
    if not np.all(values["residual_sd"] > 0.0):
        raise RaBayesError("a true residual_sd is not above 0; write one above 0")
    if not (np.all(values["level_sd"] >= 0.0) and np.all(values["response_sd"] >= 0.0)):
        raise RaBayesError("a true SD is below 0; write one of at least 0")
    return values


def _check_predictive(criteria: Rules, conduct: Conduct) -> None:
    asked = [any(each.basis == "predictive" for part in rule for each in part) for rule in criteria]
    if asked[-1]:
        raise RaBayesError(
            "a predictive criterion is asked at the final analysis; ask it at interim looks only"
        )
    if any(asked) and conduct.missed:
        raise RaBayesError(
            "a predictive criterion is not worked out for trials with missed visits; set missed to 0, or ask "
            "for a posterior probability"
        )


def _one_look(
    batches: Iterator[list[Analysis]], effects: Array, rule: tuple[Criteria, Criteria], prior: Effect
) -> tuple[Array, ...]:
    """Return chances and their errors (truth, 1) of a design without interim looks."""
    chances = []
    for (look,) in batches:
        at = critical_limits(look, *rule, prior)
        chances.append(np.stack([end_probabilities(at, effect, look.variance) for effect in effects]))
    drawn = np.concatenate(chances, axis=-1)
    mcse = drawn.std(axis=-1) / np.sqrt(drawn.shape[-1])
    return tuple(each[:, None] for each in (*drawn.mean(axis=-1).T, *mcse.T))


def _several_looks(
    batches: Iterator[list[Analysis]], effects: Array, criteria: Rules, prior: Effect
) -> tuple[Array, ...]:
    """Return chances and their errors (truth, look) of a design with interim looks."""
    decided: list[list[Array]] = [[] for _ in effects]
    controls: list[list[Array]] = [[] for _ in effects]
    for looks in batches:
        known = _known_limits(looks, criteria, prior)
        for at, effect in enumerate(effects):
            decided[at].append(_ended(*_decisions(looks, effect, criteria, prior)))
            controls[at].append(_control(looks, effect, known))
    pairs = [
        _adjusted(np.concatenate(one), np.concatenate(other))
        for one, other in zip(decided, controls, strict=True)
    ]
    mean, mcse = (np.stack(each) for each in zip(*pairs, strict=True))
    half = len(criteria)
    return mean[:, :half], mean[:, half:], mcse[:, :half], mcse[:, half:]


def _decisions(looks: list[Analysis], effect: float, criteria: Rules, prior: Effect) -> tuple[Flags, Flags]:
    """Return whether each look's criteria of success and of futility hold (trial, look)."""
    success, futility = [], []
    for look, (wanted, unwanted) in zip(looks, criteria, strict=True):
        posterior = replace(look.posterior, mean=look.posterior.mean + effect)
        found = {}
        for each in {*wanted, *unwanted}:
            if each.basis == "predictive":
                found[each] = predictive_probability(posterior, criteria[-1][0], look.coming, prior)
            else:
                above = posterior.probability(each.threshold, prior)
                found[each] = above if each.direction == "above" else 1.0 - above
        none, known = np.zeros(look.estimate.size, dtype=bool), np.isfinite(look.variance)
        holds = [found[each] >= each.probability for each in wanted]
        fails = [found[each] < each.probability for each in unwanted]
        success.append(np.logical_and.reduce(holds) & known if holds else none)
        futility.append(np.logical_or.reduce(fails) & known if fails else none)
    return np.stack(success, axis=1), np.stack(futility, axis=1)


def _ended(success: Flags, futility: Flags) -> Array:
    """Return indicators of success at each look, then of futility at each look (trial, 2 looks)."""
    stop = success | futility
    before = np.concatenate([np.zeros_like(stop[:, :1]), np.cumsum(stop, axis=1)[:, :-1] > 0], axis=1)
    return np.concatenate([success & ~before, futility & ~success & ~before], axis=1).astype(float)


def _known_limits(looks: list[Analysis], criteria: Rules, prior: Effect) -> tuple[float, Array, Array] | None:
    """Return side, and estimates of futility and of success (trial, look), of who knows the SDs.

    None if criteria look to both sides: such designs do without the control.
    """
    sides = {
        each.direction for rule in criteria for part in rule for each in part if each.basis == "posterior"
    }
    if len(sides) != 1:
        return None
    side = 1.0 if sides == {"above"} else -1.0
    lower, upper = [], []
    for look, (wanted, unwanted) in zip(looks, criteria, strict=True):
        last = (look.final, criteria[-1][0])
        ends = [
            [(1.0, side * boundary(each, look.variance, prior, last)) for each in part]
            for part in (wanted, unwanted)
        ]
        at = limits(ends[0], ends[1], look.estimate)
        lower.append(at.going_on[0])
        upper.append(at.success[0])
    return side, np.stack(lower, axis=1), np.stack(upper, axis=1)


def _control(looks: list[Analysis], effect: float, known: tuple[float, Array, Array] | None) -> Array:
    """Return what who knows the SDs decided, less its chance given who was seen (trial, 2 looks)."""
    variance = np.stack([look.variance for look in looks], axis=1)
    out = np.zeros((variance.shape[0], 2 * variance.shape[1]))
    if known is None:
        return out
    side, lower, upper = known
    # Without new information between two looks there is no density to integrate; such trials have no control.
    gaining = np.diff(variance, axis=1) < -1e-4 * variance[:, 1:]
    usable = np.isfinite(variance).all(axis=1) & gaining.all(axis=1)
    if not usable.any():
        return out
    estimate = side * (np.stack([look.estimate for look in looks], axis=1) + effect)
    decided = _ended(estimate >= upper, estimate < lower)[usable]
    cases, which = np.unique(
        np.concatenate([variance, lower, upper], axis=1)[usable], axis=0, return_inverse=True
    )
    v, low, high = np.split(cases, 3, axis=1)
    chance = np.concatenate(crossing_probabilities(np.full(len(v), side * effect), v, low, high), axis=1)
    out[usable] = decided - chance[which]
    return out


def _adjusted(decided: Array, control: Array) -> tuple[Array, Array]:
    """Return means and Monte Carlo errors with the control's part taken out.

    The error is never told to be less than that of one trial in all having ended otherwise.
    """
    size = len(decided)
    centred = control - control.mean(axis=0)
    slope = np.linalg.lstsq(centred, decided - decided.mean(axis=0), rcond=1e-8)[0]
    mean = decided.mean(axis=0) - control.mean(axis=0) @ slope
    rest = decided - decided.mean(axis=0) - centred @ slope
    mcse = np.sqrt((rest**2).sum(axis=0) / max(size - control.shape[1] - 1, 1) / size)
    possible = (decided != decided[:1]).any(axis=0) | (np.abs(control) > 0.0).any(axis=0)
    return np.clip(mean, 0.0, 1.0), np.where(possible, np.maximum(mcse, 1.0 / size), 0.0)
