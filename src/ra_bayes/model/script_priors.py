"""A page's priors as lines of a PyMC script, each under what it says in clinical words."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from ra_bayes.model.page import prior_rows
from ra_bayes.model.people import EFFECT
from ra_bayes.model.priors import Prior
from ra_bayes.model.script_text import comment
from ra_bayes.model.spec import ModelSpec

__all__ = ["own_response", "prior_lines", "sampled"]


def own_response(model: ModelSpec) -> bool:
    """Return whether patients have a change of their own."""
    return model.prior("response_sd").numbers != (0.0, 0.0)


def sampled(model: ModelSpec) -> list[str]:
    """Return the parameters that a script samples."""
    unsaid = () if own_response(model) else ("response_sd", "correlation")
    names = [prior.parameter.name for prior in model.priors if not prior.fixed]
    return [name for name in names if name not in unsaid]


def prior_lines(model: ModelSpec, related: Collection[str] = (), *, matrix: bool = False) -> Iterator[str]:
    """Yield the lines of every prior, with its reason above it.

    Parameters
    ----------
    model
        The page.
    related
        Parameters whose scores have a part in common with those of other outcomes: ``common_effect`` (of a
        difference between arms ``effect_common_effect``), and its share ``relatedness``.
    matrix
        Whether the correlation of level and response is one of a matrix that has a prior of its own.
    """
    rows = {row["parameter"]: row for row in prior_rows(model)}
    for prior in model.priors:
        name = prior.parameter.name
        if name == "correlation" and (matrix or not own_response(model)):
            continue
        if name == "response_sd" and not own_response(model):
            continue
        lines = _prior(model, prior)
        if name in related:
            of = EFFECT if name.startswith(EFFECT) else ""
            lines = re.sub(r"mu=(.*), sigma=(.*)\)$", _RELATED.format(of=of), lines)
        yield f"{comment(_clinically(model, rows[name]))}\n{lines}"


_RELATED = r"""
    mu=\1 + \2 * np.sqrt(relatedness) * {of}common_effect,
    sigma=\2 * np.sqrt(1 - relatedness),
)"""


def _clinically(model: ModelSpec, row: dict[str, Any]) -> str:
    """Return a prior in clinical words: what it is of, median and 90% range, and the reason."""
    said, unit, why = str(row["meaning"]), str(row["unit"]), str(row["why"]).rstrip(".")
    for name, week in (("anchor", model.anchor_week), ("reference", model.reference_week)):
        said = said.replace(f"the {name} week", f"week {week:g}")
    said, why = (f"{each[:1].upper()}{each[1:]}" for each in (said, why))
    if row["fixed"]:
        return f"{said}: fixed. {why}."
    scale = f" on the {unit}" if unit.endswith(" scale") else f" {unit}".rstrip()
    span = f"{row['lower']:.3g} to {row['upper']:.3g}"
    return f"{said}: median {row['median']:.3g}{scale}, 90% from {span}. {why}."


def _exact(value: float) -> str:
    # With its decimal point: a whole number would be an integer to PyTensor.
    return repr(float(value))


def _prior(model: ModelSpec, prior: Prior) -> str:
    name, (first, second) = prior.parameter.name, prior.numbers
    if prior.fixed:
        return f"{name} = {_exact(first)}"
    match prior.parameter.family:
        case "level":
            return f'{name} = pm.Normal("{name}", mu={_level(model, first)}, sigma={_exact(second)})'
        case "shift":
            return f'{name} = pm.Normal("{name}", mu={_exact(first)}, sigma={_exact(second)})'
        case "scale":
            return f'{name} = pm.LogNormal("{name}", mu=np.log({_exact(first)}), sigma={_exact(second)})'
        case "correlation":
            shape = _exact(first)
            return textwrap.dedent(f"""\
                # ({name} + 1) / 2 ~ Beta({shape}, {shape}), the LKJ({shape}) of two.
                {name}_u = pm.Beta("{name}_u", {shape}, {shape})
                {name} = pm.Deterministic("{name}", 2 * {name}_u - 1)""")
        case "proportion":
            return textwrap.dedent(f"""\
                # Its probit is Normal.
                {name}_probit = pm.Normal("{name}_probit", mu={_exact(first)}, sigma={_exact(second)})
                {name} = pm.Deterministic("{name}", pm.math.invprobit({name}_probit))""")


def _level(model: ModelSpec, on_link: float) -> str:
    """Return a median in the outcome's unit, taken to the link's scale by the script itself."""
    if model.link.name in ("identity", "latent"):
        return _exact(on_link)
    value = float(f"{float(model.link.inverse(on_link)):.10g}")
    close = np.isclose(float(model.link.forward(value)), on_link, rtol=1e-12, atol=1e-12)
    return f"g({_exact(value)})" if close else _exact(on_link)
