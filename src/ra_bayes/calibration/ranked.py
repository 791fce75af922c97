"""What is ranked and what is asked first: draws of a fit, or a truth, as population quantities by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ra_bayes.estimand.arms import difference_estimands
from ra_bayes.estimand.change import change_estimands
from ra_bayes.estimand.posterior import Posterior
from ra_bayes.estimand.rate import rate_estimands

__all__ = ["RANK_DRAWS", "ranks", "thinned", "with_truth"]

type Array = NDArray[np.float64]

RANK_DRAWS = 99
# Is the parameter response_sd.
_TWICE = "response_heterogeneity"


def _population_quantities(posterior: Posterior) -> dict[str, Array]:
    """Return every estimated parameter, and every estimand of the population at the reference week, by name.

    Probabilities that something holds have no rank; placebo arms of other trials are no part of the model.
    """
    spec = posterior.spec
    out = {}
    for prior in spec.priors:
        name = prior.parameter.name
        if not (prior.fixed or (name == "correlation" and spec.prior("response_sd").fixed)):
            out[name] = posterior.scalars[name].ravel()
    told = [*(rate_estimands if spec.binary else change_estimands)(posterior, None)]
    if posterior.effect is not None and spec.arm is not None:
        told += difference_estimands(posterior, spec.arm.control)
    for each in told:
        told_here = np.isnan(each.week) or each.week == spec.reference_week
        if told_here and each.kind == "effect" and not each.patient and each.name != _TWICE:
            out[each.name] = np.asarray(each.draws, dtype=float).ravel()
    return out


def thinned(posterior: Posterior, size: int) -> Posterior:
    """Return `size` draws, evenly spaced over all chains: near independent, as ranks need them."""
    total = posterior.scalars["baseline_mean"].size
    kept = np.linspace(0, total - 1, size).round().astype(int)

    def pick(draws: Array) -> Array:
        return np.asarray(draws.reshape(total, *draws.shape[2:])[kept][None])

    return replace(
        posterior,
        level=pick(posterior.level),
        response=pick(posterior.response),
        mean_change=pick(posterior.mean_change),
        shape=pick(posterior.shape),
        scalars={name: pick(each) for name, each in posterior.scalars.items()},
        effect=None if posterior.effect is None else pick(posterior.effect),
    )


def with_truth(posterior: Posterior, truth: Mapping[str, Array], recorded: NDArray[np.bool_]) -> Posterior:
    """Return a truth in place of the draws, of the patients with records.

    Parameters
    ----------
    posterior
        Of the fit.
    truth
        From :func:`~ra_bayes.calibration.truths.drawn_truths`, one draw (first dimension 1).
    recorded
        Whether a patient has any record (patient).
    """
    return replace(
        posterior,
        level=truth["patient_level"][None][..., recorded],
        response=truth["patient_response"][None][..., recorded],
        mean_change=truth["mean_change"][None],
        shape=truth["response_shape"][None],
        scalars={name: np.asarray(truth[name])[None] for name in posterior.scalars},
        effect=None if posterior.effect is None else truth["effect"][None],
    )


def ranks(truth: Posterior, draws: Posterior, rng: np.random.Generator) -> dict[str, int]:
    """Return how many draws lie below the truth, by quantity; ties are broken by chance."""
    true, drawn = _population_quantities(truth), _population_quantities(draws)
    out = {}
    for name, value in true.items():
        below, equal = int((drawn[name] < value).sum()), int((drawn[name] == value).sum())
        out[name] = below + int(rng.integers(0, equal + 1))
    return out
