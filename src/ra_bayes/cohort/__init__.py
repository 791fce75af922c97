"""A small cohort of patients, read from a long table and validated before anything is computed.

Nothing here imports pandas, numpy or pymc, so checking a file stays quick; a DataFrame is read
through its own methods, and pandas is imported only to write one.
"""

from __future__ import annotations

from ra_bayes.cohort.cohort import (
    Cohort,
    Computed,
    Conversion,
    CovariateValue,
    Disagreement,
    Infusion,
    LeftOut,
    Record,
)
from ra_bayes.cohort.overview import overview, overview_text
from ra_bayes.cohort.read import read_cohort

__all__ = [
    "Cohort",
    "Computed",
    "Conversion",
    "CovariateValue",
    "Disagreement",
    "Infusion",
    "LeftOut",
    "Record",
    "overview",
    "overview_text",
    "read_cohort",
]
