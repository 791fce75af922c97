"""Models of one outcome, compared: what is stored of it, as the page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ra_bayes.comparison.comparison_text import findings_of, model_rows, notes_of
from ra_bayes.numbers import listed

if TYPE_CHECKING:
    from ra_bayes.results import Result
    from ra_bayes.results.comparisons import StoredComparison

__all__ = ["comparison_content"]


def comparison_content(
    outcome: str, stored: StoredComparison, fits: Mapping[str, Result], figures: list[dict[str, str]]
) -> dict[str, Any]:
    """Return what the section of one comparison shows; of a stale one, only how to make it anew.

    Parameters
    ----------
    outcome
        The outcome that the models are of.
    stored
        What the folder holds.
    fits
        Fits that the folder holds now.
    figures
        Its figures, as :mod:`ra_bayes.report.draw` returns them.
    """
    models, patients = stored.comparison.models, stored.comparison.patients
    shown: dict[str, Any] = {"outcome": outcome, "stale": listed(stored.stale(fits)), "figures": figures}
    if shown["stale"]:
        return shown
    head, *rows = model_rows(models)
    return shown | {
        "head": head,
        "rows": rows,
        "notes": notes_of(models, patients),
        "findings": " ".join(findings_of(models, patients)),
        "text": f"comparison-{quote(outcome)}/comparison.txt",
        "stacked": f"comparison-{quote(outcome)}/stacked_estimands.csv",
    }
