"""Cohorts of a fixed truth, counted: coverage and width of intervals, and how often benefit is declared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from ra_bayes.calibration.classical import METHODS
from ra_bayes.model.spec import ModelSpec

__all__ = ["CI_PROBS", "SCENARIOS", "CoverageRow", "coverage_rows", "scenarios_of"]

type Array = NDArray[np.float64]

CI_PROBS = (0.50, 0.80, 0.90, 0.95)

# How data come about, other than as the page says.
SCENARIOS: Mapping[str, Mapping[str, Any]] = {
    "as the model": {},
    "heavy tails": {"residuals": "heavy"},
    "late onset": {"onset": "late"},
}


def scenarios_of(model: ModelSpec) -> tuple[str, ...]:
    """Return the ways of making data that an outcome has; the score behind a response has no tails to see."""
    return tuple(name for name in SCENARIOS if not (model.binary and "residuals" in SCENARIOS[name]))


class CoverageRow(TypedDict):
    """One method on the cohorts of one truth, made in one way; ``None`` where the method has no such number.

    ``declared`` is the share of cohorts in which benefit was declared: the type I error where there is none,
    power elsewhere. ``coverage`` and ``width`` have one number per probability of
    :data:`CI_PROBS`; ``_mcse`` are their Monte Carlo standard errors.
    """

    truth_name: str
    truth: float
    data: str
    method: str
    cohorts: int
    declared: float
    declared_mcse: float
    coverage: list[float] | None
    coverage_mcse: list[float] | None
    width: list[float] | None
    width_mcse: list[float] | None


def coverage_rows(
    name: str, truth: float, scenario: str, found: Mapping[str, NDArray[Any]], decision: float
) -> list[CoverageRow]:
    """Return a row for the model and for each classical method.

    Parameters
    ----------
    name, truth, scenario
        What the cohorts were made of.
    found
        What :func:`~ra_bayes.calibration.work.work` returned of them.
    decision
        Probability of benefit at which it is declared.
    """
    rows: list[CoverageRow] = []
    for key in (key for key in found if key.startswith("p:")):
        method = key.removeprefix("p:")
        p, ends = found[key], found[f"ends:{method}"]
        share, error = _share((p >= decision if method == "model" else p <= 1.0 - decision).astype(float))
        row = CoverageRow(
            truth_name=name,
            truth=truth,
            data=scenario,
            method="this model" if method == "model" else METHODS[method],
            cohorts=int(p.size),
            declared=float(share),
            declared_mcse=float(error),
            coverage=None,
            coverage_mcse=None,
            width=None,
            width_mcse=None,
        )
        there = ~np.isnan(ends).any(axis=(1, 2))
        if there.any():
            # No interval holds no truth.
            covered, error = _share(((ends[..., 0] <= truth) & (truth <= ends[..., 1])).astype(float))
            width = (ends[..., 1] - ends[..., 0])[there]
            row["coverage"], row["coverage_mcse"] = covered.tolist(), error.tolist()
            row["width"] = width.mean(axis=0).tolist()
            row["width_mcse"] = (width.std(axis=0) / width.shape[0] ** 0.5).tolist()
        rows.append(row)
    return rows


def _share(held: Array) -> tuple[Array, Array]:
    """Return a share and its standard error, of a share that one more of either kind would give: never 0."""
    n, count = held.shape[0], held.sum(axis=0)
    smooth = (count + 1.0) / (n + 2.0)
    return np.asarray(count / n), np.asarray(np.sqrt(smooth * (1.0 - smooth) / n))
