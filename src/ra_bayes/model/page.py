"""A model page as a statistician wants it: equations, priors with their ranges, what they imply."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

from ra_bayes.model.likelihoods.ordered import Ordered
from ra_bayes.model.simulate import draw_prior, replicate, to_clinical
from ra_bayes.model.spec import ModelSpec

__all__ = ["covariate_lines", "equations", "implied", "page_text", "prior_rows"]

IMPLIED_WEEKS = (0.0, 4.0, 12.0, 16.0, 24.0)
_DRAWS = 20_000


def equations(spec: ModelSpec) -> list[str]:
    """Return the model, line by line."""
    first = spec.likelihood.equation
    if spec.binary:
        first = "y_ij = 1 where y*_ij > 0,  y*_ij ~ Normal(mu_ij, 1)"
    elif spec.likelihood.on_link:
        first += ",  " + spec.link.equation
    anchor = f"f({spec.anchor_week:g}) = 0,  t_ref = {spec.reference_week:g} weeks"
    if spec.builder is not None:
        built = f"built by {spec.builder.name}: how A, f, b and r come about is its own"
        return [built, first, "mu_ij = A_i + f(t_ij) + b_i r(t_ij)", anchor, *_record_lines(spec)]
    return [
        first,
        "mu_ij = A_i + f(t_ij) + b_i r(t_ij)" + ("" if spec.arm is None else " + [i treated] d(t_ij)"),
        "(A_i, b_i) ~ Normal((baseline_mean, 0), [baseline_sd, response_sd; correlation])",
        *_people_lines(spec),
        *_residual_lines(spec),
        spec.trajectory.equation,
        anchor,
        *_record_lines(spec),
    ]


def _people_lines(spec: ModelSpec) -> list[str]:
    lines = []
    if spec.arm is not None:
        shape = f"d is of the shape {spec.arm.trajectory.name}, its parameters named effect_..."
        lines.append(f"control arm {spec.arm.control}: d = 0;  {shape}")
    return [*lines, *covariate_lines(spec)]


def covariate_lines(spec: ModelSpec) -> list[str]:
    """Return what each covariate adds, line by line."""
    lines = []
    for each in spec.covariates:
        x = f"[{each.column} is {each.category}]" if each.category else each.column
        if (each.centre, each.scale) != (0.0, 1.0):
            x = f"({x} - {each.centre:g}) / {each.scale:g}"
        what = "A_i" if each.moves == "level" else "b_i"
        lines.append(f"{what} has {each.parameter.name} {x} added")
    return lines


def _residual_lines(spec: ModelSpec) -> list[str]:
    if spec.residuals is None:
        return []
    gap = "a week" if spec.residuals.gap == 1.0 else f"{spec.residuals.gap:g} weeks"
    return [f"residuals of a patient correlated: autocorrelation^(weeks apart / {gap})"]


def _record_lines(spec: ModelSpec) -> list[str]:
    if spec.binary or not spec.likelihood.on_link:
        return []
    lines = ["a record below its limit of quantification says only that y* lies below it"]
    if spec.rounding:
        lines.append(f"a record y says that y* lies within y +- {spec.rounding / 2:g}")
    bounds = ((spec.open_below, spec.outcome.lower), (spec.open_above, spec.outcome.upper))
    ends = [f"{end:g}" for is_open, end in bounds if is_open and end is not None]
    if ends:
        lines.append(f"a record at {' or '.join(ends)} says that y* lies there or beyond")
    return lines


def prior_rows(spec: ModelSpec) -> list[dict[str, Any]]:
    """Return every prior with its median, 90% range, unit and reason."""
    rows = []
    for prior in spec.priors:
        if prior.parameter.name == "correlation" and spec.prior("response_sd").numbers == (0.0, 0.0):
            continue  # of levels with responses that are all zero
        level = prior.parameter.family == "level"
        low, median, high = (prior.quantile(p) for p in (0.05, 0.5, 0.95))
        if level:
            low, median, high = (float(spec.link.inverse(each)) for each in (low, median, high))
        rows.append(
            {
                "parameter": prior.parameter.name,
                "meaning": prior.parameter.meaning,
                "fixed": prior.fixed,
                "median": median,
                "lower": low,
                "upper": high,
                "unit": spec.unit_of(prior.parameter),
                "why": prior.why,
            }
        )
    return rows


def implied(spec: ModelSpec) -> list[dict[str, Any]]:
    """Return what the priors imply before any data: 5%, 50% and 95% of a few quantities.

    A record of one patient by week, and the population mean change at the reference week. Nothing of a page
    with a builder, which says that only when it runs.
    """
    if spec.builder is not None:
        return []
    weeks = np.unique([*IMPLIED_WEEKS, spec.reference_week, spec.anchor_week])
    draws = to_clinical(spec, draw_prior(spec, 1, weeks, _DRAWS, np.random.default_rng(20240101)), weeks)
    records = replicate(spec, draws, np.random.default_rng(20240102), weeks)[:, 0, :]
    rows = []
    if spec.binary:
        rate = spec.link.inverse(draws["expected"][:, 0, :])
        rows += [
            _range(f"a patient's chance at week {week:g}", rate[:, j], "probability")
            for j, week in enumerate(weeks)
            if week > 0.0
        ]
    else:
        rows += [
            _range(f"a record at week {week:g}", records[:, j], spec.outcome.unit)
            for j, week in enumerate(weeks)
        ]
        at = int(np.flatnonzero(weeks == spec.reference_week)[0])
        start = draws["baseline_mean"]
        if isinstance(spec.likelihood, Ordered):
            end = start + draws["mean_change"][:, at]
            first, last = (spec.likelihood.expected(each, draws, spec.outcome) for each in (start, end))
            change = last - first
        else:
            change = spec.link.contrast(start, start + draws["mean_change"][:, at])
        unit = "ratio" if spec.link.change == "ratio" else spec.outcome.unit
        rows.append(_range(f"mean change at week {spec.reference_week:g}", change, unit))
    return rows


def _range(what: str, values: np.ndarray, unit: str) -> dict[str, Any]:
    low, median, high = (float(each) for each in np.quantile(values, [0.05, 0.5, 0.95]))
    return {"what": what, "lower": low, "median": median, "upper": high, "unit": unit}


def page_text(spec: ModelSpec) -> str:
    """Return the page for a terminal."""

    def wrap(text: str, indent: str) -> str:
        return textwrap.fill(" ".join(text.split()), 100, initial_indent=indent, subsequent_indent=indent)

    lines = [f"{spec.name}: {spec.title}", "", wrap(spec.about, "  "), "", "model"]
    lines += [f"  {line}" for line in equations(spec)]
    lines += ["", "priors (median, 90% range)"]
    for row in prior_rows(spec):
        numbers = (
            f"{row['median']:.3g}, fixed"
            if row["fixed"]
            else f"{row['median']:.3g} ({row['lower']:.3g} to {row['upper']:.3g})"
        )
        lines += [f"  {row['parameter']:<14} {numbers} {row['unit']}".rstrip(), wrap(row["why"], " " * 17)]
    rows = implied(spec)
    lines += ["", "what the priors imply before any data (5%, 50%, 95%)"] if rows else []
    lines += [
        f"  {row['what']:<34} {row['lower']:8.3g} {row['median']:8.3g} {row['upper']:8.3g} {row['unit']}"
        for row in rows
    ]
    if spec.mcid is not None:
        lines += ["", wrap(f"MCID {spec.mcid:g} {spec.outcome.unit} ({spec.mcid_source})", "")]
    if spec.placebo is not None:
        lines += ["", "historical placebo", wrap(spec.placebo.why, "  "), wrap(spec.placebo.source, "  ")]
    return "\n".join(lines)
