"""Tables for a journal: a value, one file a table that makes one, one file a format that writes it."""

from __future__ import annotations

from ra_bayes.tables.baseline_table import baseline, baseline_of
from ra_bayes.tables.design_table import design_characteristics
from ra_bayes.tables.diagnostics_table import diagnostics
from ra_bayes.tables.estimands_table import estimands
from ra_bayes.tables.leave_one_out_table import leave_one_out
from ra_bayes.tables.outcomes_table import outcomes
from ra_bayes.tables.patients_table import patients
from ra_bayes.tables.priors_table import priors
from ra_bayes.tables.responders_table import responders
from ra_bayes.tables.save import save
from ra_bayes.tables.sensitivity_table import sensitivity
from ra_bayes.tables.table import Cell, Column, Table

__all__ = [
    "Cell",
    "Column",
    "Table",
    "baseline",
    "baseline_of",
    "design_characteristics",
    "diagnostics",
    "estimands",
    "leave_one_out",
    "outcomes",
    "patients",
    "priors",
    "responders",
    "save",
    "sensitivity",
]
