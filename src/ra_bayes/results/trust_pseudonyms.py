"""What was stored of how far a fit can be believed, without patient identifiers.

The tables are renamed. Its text is told anew from them, since a short identifier cannot be found in prose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ra_bayes.cohort.pseudonyms import in_order, without_identifiers
from ra_bayes.tree import provenance, spec_of
from ra_bayes.trust.assessment import Assessment
from ra_bayes.trust.leave_one_out_text import leave_one_out_text
from ra_bayes.trust.missing_text import missing_text
from ra_bayes.trust.sensitivity_text import sensitivity_text

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["pseudonymise_trust"]

_TITLES = ("Each patient left out: ", "With and without placebo: ", "Missing not at random: ")


def pseudonymise_trust(stored: Assessment, tree: xr.DataTree, given: Mapping[str, str]) -> Assessment:
    """Return what is stored of a fit with pseudonyms in place of identifiers.

    Parameters
    ----------
    stored
        What was stored.
    tree
        The fit, pseudonymised.
    given
        Each patient's pseudonym.
    """
    tables = {name: _renamed(table, given) for name, table in stored.tables.items()}
    texts = [*_told(tables, tree), *_reasons(stored.text, given)]
    return Assessment(tables, "\n\n".join(texts))


def _renamed(table: pd.DataFrame, given: Mapping[str, str]) -> pd.DataFrame:
    """Rename the patients and sort them, after the rows of nobody; what is of one patient keeps its order."""
    if "patient" not in table:
        return table
    named = [given[who] if who else "" for who in table["patient"]]
    order = sorted(range(len(named)), key=lambda place: (bool(named[place]), in_order(named[place])))
    return table.assign(patient=named).iloc[order].reset_index(drop=True)


def _told(tables: Mapping[str, pd.DataFrame], tree: xr.DataTree) -> Iterator[str]:
    import pandas as pd

    model = provenance(tree)["model"]["name"]
    seen = int(tree["observed_data"]["record"].notnull().any("visit").sum())
    yield sensitivity_text(tables["sensitivity"], tables["variants"], seen, model)
    if "left_out_patients" in tables:
        patients = tables["left_out_patients"]
        left = patients[patients["patient"] != ""]
        elpd = float(left["elpd"].sum()), float(np.sqrt(np.square(left["elpd_mcse"]).sum()))
        decisions = tables.get("left_out_decisions", pd.DataFrame())
        yield leave_one_out_text(patients, tables["left_out_records"], decisions, elpd, model)
    if "beyond_placebo" in tables:
        # Its module brings the model stack with it, which a page without trust need not pay for.
        from ra_bayes.trust.placebo import change_beyond_placebo_text

        yield change_beyond_placebo_text(tables["beyond_placebo"])
    if "not_at_random" in tables:
        shifted = tables["not_at_random"]
        needed = 1.0 if shifted["unit"].iloc[0] == "ratio" else 0.0
        yield missing_text(shifted, tables["tipping_points"], _lost(tree), needed)


def _lost(tree: xr.DataTree) -> list[tuple[str, float]]:
    """Return the patients whose records ended before the reference week, each with the last week."""
    record = tree["observed_data"]["record"].transpose("patient", "visit")
    weeks = record["visit"].values.astype(float)
    last = [
        (str(patient), float(weeks[made].max()))
        for patient, made in zip(record["patient"].values, record.notnull().values, strict=True)
        if made.any()
    ]
    reference = spec_of(tree).reference_week
    return [(patient, week) for patient, week in last if week < reference]


def _reasons(text: str, given: Mapping[str, str]) -> Iterator[str]:
    """Yield the sentences that say why something does not apply."""
    for paragraph in text.split("\n\n"):
        title = next((each for each in _TITLES if paragraph.startswith(each)), None)
        if title is not None:
            yield title + without_identifiers(paragraph.removeprefix(title), given)
