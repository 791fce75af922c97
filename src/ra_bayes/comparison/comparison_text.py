"""A comparison of models in words, for a terminal and for a page."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from ra_bayes.numbers import interval, listed, number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["comparison_text", "findings_of", "model_rows", "notes_of"]

# From here on the mean over draws rests on a few of them.
_LARGE_ERROR = 0.1
# Below it predictions are alike, and errors of differences are told too small (Sivula et al. 2025).
_SMALL = 4.0


def comparison_text(models: pd.DataFrame, patients: pd.DataFrame, records: pd.DataFrame) -> str:
    """Return the table of models, then what can be said of it."""
    count, seen = patients["patient"].nunique(), len(records) // len(models)
    outcome, cohort = models["outcome"].iloc[0], models["cohort"].iloc[0]
    rows = model_rows(models)
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = [f"{outcome}: {len(models)} models of {seen} records of {count} patients of {cohort}", ""]
    lines += [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    for paragraph in (*notes_of(models, patients), " ".join(findings_of(models, patients))):
        lines += ["", textwrap.fill(paragraph, 100)]
    return "\n".join(lines)


def model_rows(models: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the table of models as texts, its header first."""
    ci = f"{models['ci_prob'].iloc[0]:.0%}"
    head = ["model", "elpd by patient", f"difference (SE; {ci})", "weight (from, to)"]
    head += ["elpd by record", "difference (SE)", "p_loo", "worst k", "re-fits"]
    return [tuple(head), *(_row(row, first=k == 0) for k, row in enumerate(models.to_dict("records")))]


def notes_of(models: pd.DataFrame, patients: pd.DataFrame) -> tuple[str, ...]:
    """Return what the columns mean."""
    count, ci = patients["patient"].nunique(), f"{models['ci_prob'].iloc[0]:.0%}"
    return (
        "By patient: log density of all records of a patient, told by a fit to the others (exact re-fits); ± "
        "Monte Carlo error. By record: of one record, told by all others; weights of the fit's draws, or an "
        "exact re-fit where their Pareto k is bad.",
        f"Differences are to the first model and paired by patient; interval {ci}, Student's t on "
        f"{count - 1} degrees of freedom. It takes {count} differences for a sample of normal "
        f"ones, which {count} cannot show.",
        "Weights: stacking of predictions by patient; from, to: as each patient is left out of the weighing.",
    )


def findings_of(models: pd.DataFrame, patients: pd.DataFrame) -> list[str]:
    """Return what a comparison amounts to, in sentences, with what makes it unsure."""
    best, others = models.iloc[0], models.iloc[1:]
    count = patients["patient"].nunique()
    ci = f"{best['ci_prob']:.0%}"
    worse = others[(others["upper"] < 0.0) & (others["diff"] < -_SMALL)]
    said = []
    if len(worse):
        said.append(f"{best['model']} predicts patients better than {listed([*worse['model']])}.")
    level = others[~others["model"].isin(worse["model"])]
    if len(level):
        said.append(
            f"That {best['model']} predicts patients better than {listed([*level['model']])} is not shown: "
            f"the {ci} interval of the difference holds 0, or the difference is below {_SMALL:g}, where "
            "models predict alike and its SE is told too small."
        )
    said.append(
        f"With {count} patients each SE is itself unsure by about {100.0 / np.sqrt(2.0 * (count - 1)):.0f}%, "
        "and weights can swing with one patient: read them as a description of these patients."
    )
    if best["synthetic"]:
        said.append("Synthetic data: no patient was measured.")
    noisy = patients[patients["elpd_mcse"] > _LARGE_ERROR]
    if len(noisy):
        told = listed([f"{row['patient']} under {row['model']}" for row in noisy.to_dict("records")])
        said.append(f"An elpd with a large Monte Carlo error is not to be relied on: {told}.")
    failed = models.loc[~models["passed"].astype(bool), "model"]
    if len(failed):
        said.append(f"A re-fit of {listed([*failed])} did not pass its gate.")
    return said


def _row(row: dict[Any, Any], *, first: bool) -> tuple[str, ...]:
    def told(prefix: str, *, with_interval: bool) -> str:
        if first:
            return "-"
        ends = f"; {interval(row[f'{prefix}lower'], row[f'{prefix}upper'], 1)}" if with_interval else ""
        return f"{number(row[f'{prefix}diff'], 1)} ({number(row[f'{prefix}se'], 1)}{ends})"

    return (
        row["model"],
        f"{number(row['elpd'], 1)} ± {row['elpd_mcse']:.2f}",
        told("", with_interval=True),
        f"{row['weight']:.2f} ({row['weight_least']:.2f}, {row['weight_most']:.2f})",
        f"{number(row['record_elpd'], 1)} ± {row['record_elpd_mcse']:.2f}",
        told("record_", with_interval=False),
        number(row["p_loo"], 1),
        number(row["worst_k"], 2),
        str(row["refits"]),
    )
