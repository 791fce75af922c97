"""Operating characteristics of a longitudinal design by simulation, with as little noise as can be had.

Few truths: at each set of SDs so many trials are simulated, which serve every effect (:mod:`.trials`).
Thousands of truths, the nodes of a design prior: :mod:`.many_truths`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.analysis import LongitudinalAnalysis
from ra_bayes.planning.longitudinal.analyses import FollowUp, Scales, analyses
from ra_bayes.planning.longitudinal.many_truths import corrected
from ra_bayes.planning.longitudinal.trials import Rules, controls, integrated, outcomes, sides
from ra_bayes.planning.stopping import Stopping

__all__ = ["ENGINE", "simulated_stopping"]

type Array = NDArray[np.float64]

ENGINE = "integrated Gaussian longitudinal model, simulated"
# With more sets of SDs than this, trials are not simulated at each.
_FEW = 12


def simulated_stopping(
    truths: Mapping[str, Array],
    follow_up: FollowUp,
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
    follow_up
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
    >>> follow_up = FollowUp(weeks, np.sqrt(weeks / 24), in_order((12, 12)), followed(24, (24,), weeks, None))
    >>> analysis = LongitudinalAnalysis(None, {"level_sd": (17, 0.35), "response_sd": (20, 0.4),
    ...                                        "residual_sd": (10, 0.45), "correlation": (4, 0)})
    >>> truths = {"effect": np.array([0.0, -20.0]), "level_sd": np.full(2, 17.0)}
    >>> truths |= {"response_sd": np.full(2, 20.0), "residual_sd": np.full(2, 10.0)}
    >>> truths |= {"correlation": np.zeros(2)}
    >>> from ra_bayes.planning.rule import Criterion
    >>> rule = ((Criterion("difference", "below", 0.0, 0.9),), ())
    >>> found = simulated_stopping(truths, follow_up, (24,), [rule], analysis, trials=200, seed=1)
    >>> found.p_success.round(1).tolist()
    [0.1, 0.8]
    """
    values = _checked(truths)
    if follow_up.able.shape[0] != len(looks) or len(criteria) != len(looks):
        raise RaBayesError(
            f"there are {len(looks)} looks, {follow_up.able.shape[0]} in the follow-up and {len(criteria)} "
            "in the rule; give one of each for every look"
        )
    _check_predictive(criteria, follow_up)
    scales = np.stack([values[name] for name in Scales._fields], axis=1)
    distinct = np.unique(scales, axis=0)
    if len(distinct) > _FEW and (len(looks) == 1 or len(sides(criteria)) == 1):
        mean, mcse = corrected(values, None, follow_up, criteria, analysis, trials=trials, seed=seed)
        return _stopping(looks, mean, mcse, f"{ENGINE}; between truths by regression on known SDs")
    mean, mcse = np.zeros((2, values["effect"].size, 2 * len(looks)))
    for row in distinct:
        where = np.flatnonzero((scales == row).all(axis=1))
        truth = Scales(*row[:, None])
        drawn: list[list[tuple[Array, Array]]] = [[] for _ in where]
        for _, batch in analyses(follow_up, truth, analysis, trials, seed):
            ended_at = outcomes(batch, criteria, analysis.effect)
            for at, effect in enumerate(values["effect"][where]):
                ended, control = ended_at(effect), np.zeros((1, 1))
                if not integrated(criteria):
                    decided, chance = controls(batch, effect, criteria, analysis.effect)
                    control = decided - chance
                drawn[at].append((ended, np.broadcast_to(control, ended.shape)))
        for node, parts in zip(where, drawn, strict=True):
            ended, control = (np.concatenate(each) for each in zip(*parts, strict=True))
            mean[node], mcse[node] = _adjusted(ended, control)
    return _stopping(looks, mean, mcse, ENGINE)


def _stopping(looks: Sequence[int], mean: Array, mcse: Array, engine: str) -> Stopping:
    half = len(looks)
    return Stopping(
        np.asarray(looks, dtype=float), mean[:, :half], mean[:, half:], mcse[:, :half], mcse[:, half:], engine
    )


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


def _check_predictive(criteria: Rules, follow_up: FollowUp) -> None:
    asked = [any(each.basis == "predictive" for part in rule for each in part) for rule in criteria]
    if asked[-1]:
        raise RaBayesError(
            "a predictive criterion is asked at the final analysis; ask it at interim looks only"
        )
    if any(asked) and follow_up.missed:
        raise RaBayesError(
            "a predictive criterion is not worked out for trials with missed visits; set missed to 0, or ask "
            "for a posterior probability"
        )


def _adjusted(decided: Array, control: Array) -> tuple[Array, Array]:
    """Return means and Monte Carlo errors with the control's part taken out, its weights by least squares."""
    size = len(decided)
    centred = control - control.mean(axis=0)
    slope = np.linalg.lstsq(centred, decided - decided.mean(axis=0), rcond=1e-8)[0]
    mean = decided.mean(axis=0) - control.mean(axis=0) @ slope
    rest = decided - decided.mean(axis=0) - centred @ slope
    mcse = np.sqrt((rest**2).sum(axis=0) / max(size - control.shape[1] - 1, 1) / size)
    # With several looks an end that no trial had, and could have had, is known to 1 in so many trials only.
    least = np.where((np.abs(control) > 0.0).any(axis=0), 1.0 / size, 0.0)
    return np.clip(mean, 0.0, 1.0), np.maximum(mcse, least)
