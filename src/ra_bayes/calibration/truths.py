"""Truths that cohorts are simulated from: drawn from the page's prior, or fixed.

A fixed truth is the population mean change at the reference week T (for a binary outcome the response rate at
T). All other parameters are at their prior medians. Under the page's own trajectory the mean change before T
is drawn given its end; under `visits` that is a Brownian bridge,

    f(t) = f(T) t / T + walk_sd B(t / T),        B(0) = B(1) = 0,

and under `gp` the process given its end.

A late onset is another course than any page presumes: nothing happens until T / 2, to the mean and to every
patient, and everything at once after it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.calibration.cohort_design import CohortDesign, simulated_people
from ra_bayes.errors import RaBayesError
from ra_bayes.model.namespace import NUMPY
from ra_bayes.model.predictor import expected, patient_effects
from ra_bayes.model.simulate import draw_prior, to_clinical
from ra_bayes.model.spec import ModelSpec
from ra_bayes.model.trajectories import STEP_SCALES, Trajectory

__all__ = ["Onset", "default_truths", "drawn_truths", "fixed_truths", "no_effect", "prior_medians"]

type Array = NDArray[np.float64]
type Truths = dict[str, Array]
type Onset = Literal["page", "late"]

# There is no important difference of a rate; so far apart are the rates that designs tell apart.
_RATE_STEP = 0.20


def no_effect(model: ModelSpec) -> float:
    """Return the change, or rate, that is no benefit: 0, a ratio of 1, or the placebo arms' rate."""
    if not model.binary:
        return 1.0 if model.link.change == "ratio" else 0.0
    if model.placebo is not None:
        return float(special.ndtr(model.placebo.median))
    return _rate_at_median(model)


def default_truths(model: ModelSpec) -> dict[str, float]:
    """Return the truths that a certificate has by default, by name.

    No effect, the MCID and twice the MCID, towards benefit. Without an MCID (and for ratios) the prior's own
    SD of the mean change stands in; for a rate, 0.2 and 0.4 more than no benefit.

    Examples
    --------
    >>> from ra_bayes.model import load_model
    >>> default_truths(load_model("sdai"))
    {'no effect': 0.0, 'MCID': -13.0, 'twice the MCID': -26.0}
    """
    sign, none = model.benefit_sign or 1, no_effect(model)
    if model.binary:
        apart = [none, none + sign * _RATE_STEP, none + 2 * sign * _RATE_STEP]
        names = [f"rate {none:.2f} (no benefit)", *(f"rate {each:.2f}" for each in apart[1:])]
        return dict(zip(names, np.clip(apart, 0.01, 0.99).tolist(), strict=True))
    if model.mcid is not None and model.link.change == "difference":
        steps, name = [0.0, sign * model.mcid, 2 * sign * model.mcid], "MCID"
    else:
        name = "prior SD of the change"
        medians = prior_medians(model)
        start, unit = medians["baseline_mean"], sign * _change_sd(model, medians)
        steps = [float(model.link.contrast(start, start + k * unit)) for k in (0.0, 1.0, 2.0)]
    return dict(zip(("no effect", name, f"twice the {name}"), steps, strict=True))


def prior_medians(model: ModelSpec) -> dict[str, float]:
    """Return every parameter's prior median, on the link's scale."""
    return {
        prior.parameter.name: prior.numbers[0] if prior.fixed else prior.quantile(0.5)
        for prior in model.priors
    }


def drawn_truths(model: ModelSpec, design: CohortDesign, size: int, rng: np.random.Generator) -> Truths:
    """Draw truths from the prior, each with its patients; first dimension `size`."""
    weeks = np.array(design.weeks)
    raw = draw_prior(model, design.patients, weeks, size, rng)
    return to_clinical(model, raw, weeks, simulated_people(model, design))


def fixed_truths(
    model: ModelSpec, design: CohortDesign, truth: float, onset: Onset, rng: np.random.Generator
) -> Truths:
    """Draw patients of one population whose mean change (or rate) at the reference week is `truth`.

    Raises
    ------
    RaBayesError
        If the link has no place for the truth.
    """
    weeks, last = np.array(design.weeks), model.reference_week
    values = {name: np.array([median]) for name, median in prior_medians(model).items()}
    end = _end(model, values, truth)
    if model.binary:
        values["baseline_mean"], end = np.array([end]), 0.0
    trajectory = model.trajectory
    if "change" in values:
        values["change"] = np.array([end])
    steps = trajectory.steps(weeks.size)
    if steps:
        # Any steps: the mean that they make is replaced by the path to the end.
        values["walk_step"] = np.zeros((1, steps))
    own = {"patient_level_z": rng.normal(size=(1, design.patients))}
    own["patient_response_z"] = rng.normal(size=(1, design.patients))
    level, response = patient_effects(values, own)
    constants = trajectory.constants(weeks, last, model.anchor_week)
    mu = expected(trajectory, values, level, response, constants, NUMPY)
    # The walk is drawn whatever the onset, so that the same cohorts are seen under every one.
    path = _path(weeks, model.anchor_week, last, end, float(values.get("walk_sd", np.zeros(1))[0]), rng)
    if onset == "late":
        late = (weeks > last / 2.0).astype(float)
        mean = end * late if not model.binary else _late_rate(model, values, late)
        mu = level[..., :, None] + mean + response[..., :, None] * late
    elif "walk_sd" in values:
        mu = mu + path
    elif steps:
        mu = mu + _given_end(trajectory, values, constants, weeks == last, end, rng)
    return {**values, "patient_level": level, "patient_response": response, "expected": mu}


def _path(weeks: Array, anchor: float, last: float, end: float, sd: float, rng: np.random.Generator) -> Array:
    """Return a walk over the visits, zero at the anchor and `end` at the reference week."""
    steps = rng.normal(size=weeks.size - 1) * np.sqrt(np.diff(weeks) / last)
    walk = np.concatenate([[0.0], steps.cumsum()])
    at_anchor, at_last = (walk[np.flatnonzero(weeks == week)[0]] for week in (anchor, last))
    if anchor == last:
        return np.asarray(sd * (walk - at_last))
    share = np.clip((weeks - anchor) / (last - anchor), 0.0, 1.0)
    return np.asarray(end * share + sd * (walk - at_anchor - share * (at_last - at_anchor)))


def _given_end(
    trajectory: Trajectory,
    values: Truths,
    constants: Truths,
    at_last: NDArray[np.bool_],
    end: float,
    rng: np.random.Generator,
) -> Array:
    """Return a mean f = W z over the visits, z ~ N(0, I), given that it ends at `end`.

    With w the row of W at the end, z = z_0 + w (end - w z_0) / |w|^2 for a free z_0 (Matheron's rule).
    """
    steps = values["walk_step"].shape[-1]
    unit = {name: np.repeat(each, steps, axis=0) for name, each in values.items()}
    weight = np.asarray(trajectory.mean({**unit, "walk_step": np.eye(steps)}, constants, NUMPY)).T
    free, row = rng.normal(size=steps), weight[at_last][0]
    return np.asarray(weight @ (free + row * (end - row @ free) / (row @ row)))


def _late_rate(model: ModelSpec, values: Truths, late: Array) -> Array:
    """Return f of a binary outcome that has no benefit until its late onset."""
    before = _end(model, values, no_effect(model)) - values["baseline_mean"]
    return np.asarray(before[..., None] * (1.0 - late))


def _end(model: ModelSpec, values: Truths, truth: float) -> float:
    """Return f(T) of a change, or the latent level of a rate, on the link's scale."""
    if model.binary:
        end = float(special.ndtri(truth)) * _spread(values)
    elif model.link.change == "ratio":
        end = float(np.log(truth)) if truth > 0.0 else np.nan
    else:
        start = float(values["baseline_mean"][0])
        end = float(model.link.forward(model.link.inverse(start) + truth)) - start
    if not np.isfinite(end):
        raise RaBayesError(
            f"model {model.name!r}: a true {'rate' if model.binary else 'change'} of {truth:g} is not "
            f"possible under the {model.link.name} link from the prior's median; name another truth"
        )
    return end


def _spread(values: Truths) -> float:
    """Return the SD of a patient's latent score at the reference week, where r is 1."""
    between, own, noise = (float(values[name][0]) for name in ("baseline_sd", "response_sd", "residual_sd"))
    rho = float(values.get("correlation", np.zeros(1))[0])
    return float(np.sqrt(noise**2 + between**2 + 2.0 * rho * between * own + own**2))


def _rate_at_median(model: ModelSpec) -> float:
    medians = {name: np.array([median]) for name, median in prior_medians(model).items()}
    return float(special.ndtr(medians["baseline_mean"][0] / _spread(medians)))


def _change_sd(model: ModelSpec, medians: dict[str, float]) -> float:
    if "change" in medians:
        return model.prior("change").numbers[1]
    return next(medians[name] for name in STEP_SCALES if name in medians)
