"""The model of a report's methods: what the outcomes' models share is said once, in words and equations."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ra_bayes.model.page import covariate_lines
from ra_bayes.model.spec import ModelSpec
from ra_bayes.numbers import listed

__all__ = ["Together", "differences", "fitted_together", "model_equations", "model_text"]

type Part = dict[str, Any]


class Together(NamedTuple):
    """A joint model, the fits that are outcomes of it, and the names of the priors that tie them."""

    name: str
    fits: list[str]
    priors: frozenset[str]


def fitted_together(entries: Mapping[str, Mapping[str, Any]]) -> list[Together]:
    """Return the joint models that fits are outcomes of.

    Parameters
    ----------
    entries
        Provenance of each fit.
    """
    found: dict[str, Together] = {}
    for name, each in entries.items():
        if "outcome" in each and "joint" in each:
            page = tomllib.loads(each["joint"]["toml"])
            new = Together(each["joint"]["name"], [], frozenset(page.get("priors", {})))
            found.setdefault(new.name, new).fits.append(name)
    return [*found.values()]


def model_text(specs: Mapping[str, ModelSpec], ties: Sequence[Together]) -> list[str]:
    """Return what the models have in common, and how those that were fitted together are tied."""
    several = len(specs) > 1
    kinds = {spec.binary for spec in specs.values()}
    said = [
        f"{'Each outcome has' if several else 'The outcome has'} a Bayesian hierarchical (mixed-effects) "
        "model of its own. Patient i has a level A_i and a response b_i; "
        "f is the mean course of the population, zero at the anchor week; r is the shape by which a "
        "patient's own response grows, 1 at the reference week. Levels and responses are normal in the "
        "population, with SDs baseline_sd and response_sd and a correlation; residuals are independent."
    ]
    if False in kinds:
        said.append(
            "Of a continuous outcome y*, the true value with noise, the model is additive on the scale of a "
            "link g."
        )
    if True in kinds:
        said.append(
            "A yes-or-no outcome y is the sign of a latent y* whose residual SD is 1: a probit mixed model."
        )
    if any(spec.arm is not None for spec in specs.values()):
        said.append(
            "Of two arms f is the control arm's course; d, zero at baseline, is what the treated arm's has "
            "beyond it. Both start alike (constrained longitudinal analysis, Liang and Zeger 2000)."
        )
    if several:
        shared = "" if ties else "No parameter is shared between outcomes. "
        said.append(
            f"{shared}What differs between the models stands in the table; each page as fitted stands under "
            "its outcome."
        )
    return [" ".join(said), *map(_tied, ties)]


def _tied(joint: Together) -> str:
    if "patients" in joint.priors:
        how = "have a correlation matrix without structure, over all outcomes"
    else:
        both = (
            "a factor for responses and one for levels" if "baseline_loading" in joint.priors else "a factor"
        )
        how = (
            f"are correlated across outcomes through {both}, with a loading for each outcome whose sign is "
            "its direction of benefit: that better goes with better is built in, how far is estimated"
        )
    return (
        f"{listed(joint.fits)} were fitted together, by the joint model {joint.name}: each outcome keeps its "
        f"page, and the standard normal scores of patients' levels and responses {how}. An outcome that a "
        "patient lacks is predicted from the others."
    )


def model_equations(specs: Mapping[str, ModelSpec], ties: Sequence[Together]) -> list[str]:
    """Return the equations that any of the models has, each once."""
    lines: list[str] = []
    lines += dict.fromkeys(spec.likelihood.equation for spec in specs.values() if not spec.binary)
    for gap in sorted({spec.residuals.gap for spec in specs.values() if spec.residuals is not None}):
        told = f"Corr(e_ij, e_ik) = autocorrelation^(|t_ij - t_ik| / {gap:g})"
        lines.append(f"{told},  e = g(y*) - mu        (AR(1) residuals)")
    if any(spec.binary for spec in specs.values()):
        lines.append("y_ij = 1 where y*_ij > 0,  y*_ij ~ Normal(mu_ij, 1)        (yes or no)")
    arms = dict.fromkeys(
        f"mu_ij has [i treated] d(t_ij) added, d {spec.arm.trajectory.name}        (two arms)"
        for spec in specs.values()
        if spec.arm is not None
    )
    covariates = dict.fromkeys(line for spec in specs.values() for line in covariate_lines(spec))
    lines += [
        "mu_ij = A_i + f(t_ij) + b_i r(t_ij)",
        *arms,
        "(A_i, b_i) ~ Normal((baseline_mean, 0), [baseline_sd, response_sd; correlation])",
        *covariates,
        *dict.fromkeys(line for joint in ties for line in _tie_lines(joint)),
    ]
    shapes = dict.fromkeys((spec.shape, spec.trajectory.equation) for spec in specs.values())
    lines += [f"{shape}:  {equation}" for shape, equation in shapes]
    return lines


def _tie_lines(joint: Together) -> list[str]:
    """Return how scores z of level and v of response of outcome k are tied; s_k: its direction of benefit."""
    if "patients" in joint.priors:
        return ["(z_i, v_i) ~ Normal(0, R),  R ~ LKJ        (scores of all levels and responses)"]
    lines = ["v_ki = s_k lambda_k f_i + sqrt(1 - lambda_k^2) w_ki        (scores of responses)"]
    if "baseline_loading" in joint.priors:
        lines.append("z_ki = s_k kappa_k g_i + sqrt(1 - kappa_k^2) u_ki        (scores of levels)")
    return lines


def differences(specs: Mapping[str, ModelSpec]) -> Part:
    """Return the table of what differs between the models."""
    return {
        "label": "What differs between the models",
        "head": [
            "model",
            "outcome",
            "link",
            "course f",
            "anchor week",
            "reference week",
            "what a record says",
        ],
        "rows": [
            [
                name,
                f"{spec.outcome.label}{f', {spec.outcome.unit}' if spec.outcome.unit else ''}",
                "probit" if spec.binary else spec.link.equation,
                spec.shape,
                f"{spec.anchor_week:g}",
                f"{spec.reference_week:g}",
                _record(spec),
            ]
            for name, spec in specs.items()
        ],
    }


def _record(spec: ModelSpec) -> str:
    if spec.binary:
        return "response or none"
    said = []
    if spec.rounding:
        said.append(f"y* within {spec.rounding / 2:g} of it")
    ends = [
        f"{end:g}"
        for is_open, end in ((spec.open_below, spec.outcome.lower), (spec.open_above, spec.outcome.upper))
        if is_open and end is not None
    ]
    if ends:
        said.append(f"at {' or '.join(ends)}: y* there or beyond")
    return "; ".join(said) or "the value; below a limit: no more than that"
