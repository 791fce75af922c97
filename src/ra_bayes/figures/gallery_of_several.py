"""The gallery's figures of several fits, of compared models and of published counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ra_bayes.diagnostics import Diagnosis
from ra_bayes.figures.biomarker import biomarker
from ra_bayes.figures.concordance import concordance
from ra_bayes.figures.forest_outcomes import forest_outcomes
from ra_bayes.figures.gallery_entry import Entry
from ra_bayes.figures.missing_pattern import has_pattern, missing_pattern
from ra_bayes.figures.model_comparison import model_comparison
from ra_bayes.figures.readings import readings
from ra_bayes.figures.several import cytokines, marker_and_outcome, of_one_cohort

if TYPE_CHECKING:
    import xarray as xr

    from ra_bayes.figures.drawn_from import Fit

__all__ = ["OF_SEVERAL"]


def _trees(fits: Mapping[str, Fit]) -> dict[str, xr.DataTree]:
    return {name: fit.result.tree for name, fit in fits.items()}


def _gates(fits: Mapping[str, Fit]) -> dict[str, Diagnosis]:
    return {name: fit.result.gate for name, fit in fits.items()}


# In the order of a report.
OF_SEVERAL: tuple[Entry, ...] = (
    Entry(
        "missing-pattern",
        "Who was measured when",
        "fits",
        "What was recorded of whom and when, what lies beyond a limit and what is missing, by outcome.",
        lambda fits, _: missing_pattern(next(iter(_trees(fits).values()))),
        applies=lambda fits: of_one_cohort(_trees(fits)) and all(map(has_pattern, _trees(fits).values())),
    ),
    Entry(
        "forest-outcomes",
        "Change by outcome",
        "fits",
        "The typical patient's change in every outcome, in important changes where one is known.",
        lambda fits, ci_prob: forest_outcomes(
            _trees(fits),
            ci_prob=ci_prob,
            tables={name: fit.result.table for name, fit in fits.items()},
            diagnoses=_gates(fits),
        ),
        applies=lambda fits: len(fits) > 1 and of_one_cohort(_trees(fits)),
    ),
    Entry(
        "concordance",
        "Concordance of cytokines",
        "fits",
        "Whether IL-10 rises while TNF-α and IL-17 fall: in the mean, in each patient and in a new one.",
        lambda fits, ci_prob: concordance(cytokines(_trees(fits)), ci_prob=ci_prob, diagnoses=_gates(fits)),
        applies=lambda fits: bool(cytokines(_trees(fits))),
    ),
    Entry(
        "biomarker",
        "Biomarker against response",
        "fits",
        "Each patient's change in a biomarker against that in a clinical outcome, uncertain both ways.",
        lambda fits, ci_prob: biomarker(
            *(marker_and_outcome(_trees(fits)) or ()), ci_prob=ci_prob, diagnoses=_gates(fits)
        ),
        applies=lambda fits: marker_and_outcome(_trees(fits)) is not None,
    ),
    Entry(
        "model-comparison",
        "Models compared",
        "comparison",
        "How much worse each model predicts than the best, which patients say so, and their weights.",
        lambda comparison, _: model_comparison(comparison),
    ),
    Entry(
        "readings",
        "Posterior beside prior",
        "counts",
        "What published counts say under every reading of their words and several priors.",
        lambda counts, _: readings(counts.comparison, counts.publication),
    ),
)
