"""What tests of tables share: fits of the shipped cohort without sampling, a table of every bad text."""

from __future__ import annotations

from functools import cache

import xarray as xr
from nasty import FORMULA, PATIENTS, QUOTES, SCRIPT
from trees import drawn_tree

from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.model import load_model
from ra_bayes.resources import data_dir
from ra_bayes.tables import Cell, Column, Table

SYNTHETIC = "Synthetic data: no patient was measured."
TEXTS = (
    *PATIENTS,
    "+1",
    "-1",
    "@x",
    "\t=1+1",
    "\r=1",
    "\ud800",
    "\ufffe",
    "$\\",
    "a & b \\\\ c",
    "[x]",
    "*",
    "?`--''",
)


@cache
def shipped() -> Cohort:
    return read_cohort(data_dir() / "synthetic_cohort.csv")


@cache
def fitted(model: str) -> xr.DataTree:
    return drawn_tree(load_model(model), shipped())


def nasty_table() -> Table:
    """Every text in every place that takes one."""
    columns = (
        Column("Text"),
        Column(SCRIPT, "µg/mL²", ("estimate",)),
        Column(QUOTES, "", ("lower", "upper")),
    )
    rows = tuple((Cell(text), Cell("−12", (-12.3,)), Cell("−20 to −3", (-20.5, -3.0))) for text in TEXTS)
    return Table("nasty", FORMULA, columns, rows, (*TEXTS, *PATIENTS), (SCRIPT, SYNTHETIC))


def texts(table: Table, header: str) -> list[str]:
    (k,) = [k for k, column in enumerate(table.columns) if column.header == header]
    return [row[k].text for row in table.rows]


def cell(table: Table, row: str, header: str) -> Cell:
    (k,) = [k for k, column in enumerate(table.columns) if column.header == header]
    return next(each[k] for each in table.rows if each[0].text == row)
