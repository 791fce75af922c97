"""A simulated cohort as it would be written down: at the design's visits, cut at a limit."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ra_bayes.calibration.cohort_design import CohortDesign, empty_grid
from ra_bayes.calibration.truths import Truths
from ra_bayes.model.likelihoods import CELL, UNBOUNDED
from ra_bayes.model.records import Grid
from ra_bayes.model.residuals import correlated_noise
from ra_bayes.model.simulate import likelihood_values, recorded
from ra_bayes.model.spec import ModelSpec

__all__ = ["Residuals", "lower_limit", "written_down"]

type Array = NDArray[np.float64]
type Residuals = Literal["normal", "heavy"]

# Student's t with so many degrees of freedom, scaled to the same SD: one record in 76 is beyond 3 SDs, not
# one in 370.
_HEAVY = 4.0


def written_down(
    model: ModelSpec,
    design: CohortDesign,
    truths: Truths,
    limit: float | None,
    residuals: Residuals,
    rng: np.random.Generator,
) -> Grid:
    """Return the records of the first of some truths.

    Parameters
    ----------
    model
        The model.
    design
        Who is seen when.
    truths
        With ``expected`` and ``residual_sd``; first dimension 1.
    limit
        Limit of quantification in the outcome's unit: a latent value below it is written ``<limit``.
    residuals
        Normal as the model says, or with heavy tails.
    rng
        Random numbers.
    """
    from ra_bayes.inference.refit import with_values

    latent = _latent(model, design, truths, residuals, rng)[0]
    blank, seen = empty_grid(model, design)
    values = np.where(seen, recorded(model, latent), np.nan)
    if limit is None:
        return with_values(model, blank, values)
    below = seen & (latent < float(model.link.forward(limit)))
    out = with_values(model, blank, np.where(below, limit, values))
    out.limit[below], out.kind[below], out.log_slope[below] = -1.0, CELL, 0.0
    out.low[below], out.high[below] = -UNBOUNDED, float(model.link.forward(limit))
    return out


def _latent(
    model: ModelSpec, design: CohortDesign, truths: Truths, residuals: Residuals, rng: np.random.Generator
) -> Array:
    """Return what the likelihood draws: g(y*), or counts and categories as they are (..., patient, visit)."""
    mu = truths["expected"]
    if model.likelihood.name != "normal":
        return model.likelihood.draw(mu, likelihood_values(model, truths, 2), model.outcome, rng)
    if model.residuals is None:
        noise = rng.normal(size=mu.shape)
    else:
        given = {**truths, "residual_sd": np.ones_like(truths["residual_sd"])}
        noise = correlated_noise(given, mu.shape, np.array(design.weeks), model.residuals.gap, rng)
    if residuals == "heavy":
        # The same normal numbers over a chi: a cohort's twin with heavy tails.
        noise = noise / np.sqrt(rng.chisquare(_HEAVY, mu.shape) / (_HEAVY - 2.0))
    return np.asarray(mu + np.asarray(truths["residual_sd"])[..., None, None] * noise)


def lower_limit(model: ModelSpec, design: CohortDesign, truths: Truths) -> float | None:
    """Return the limit below which the design's share of records lies, over many truths; None for none.

    One limit for all cohorts, as an assay has one: one that followed each cohort's truth would tell of it.
    """
    if not design.below or model.binary or not model.likelihood.on_link:
        return None
    latent = _latent(model, design, truths, "normal", np.random.default_rng(0))
    return float(model.link.inverse(np.quantile(latent[:, np.array(design.seen)], design.below)))
