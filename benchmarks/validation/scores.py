"""Worked examples of composite scores that others published."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from ra_bayes.scores import cdai, das28_crp, das28_esr, sdai
from validation.place import shared
from validation.rows import Row, row, table, tally

# Components as the examples name them; theirs of the globals are in cm for SDAI and CDAI.
NAMES = {
    "TJC28": "tjc28",
    "SJC28": "sjc28",
    "ESR_mm_h": "esr_mm_h",
    "CRP_mg_L": "crp_mg_l",
    "GH_mm": "patient_global_mm",
}
SCORES = {"DAS28_ESR": das28_esr, "DAS28_CRP": das28_crp, "SDAI": sdai, "CDAI": cdai}


def scores() -> str:
    """Return the section, or a note where the examples are not there."""
    title = "## Composite scores"
    file = shared("facts/score_worked_examples.csv")
    if file is None:
        return f"{title}\n\nThe worked examples are not beside this checkout: this section was left out."
    rows = list(examples(file))
    return "\n\n".join([title, f"Worked examples from tests of other software. {tally(rows)}", table(rows)])


def examples(file: Path) -> Iterator[Row]:
    """Yield a row for each example of a score; one that its source rounded is compared unrounded."""
    with file.open(encoding="utf-8", newline="") as handle:
        for line in csv.DictReader(handle):
            if line["index"] not in SCORES:
                continue
            parts = json.loads(line["inputs_json"])
            rounded = "rounds" in line["source"]
            published = line["recomputed_value" if rounded else "published_value"]
            source = line["source"].partition(" rounds")[0] + (", unrounded" if rounded else "")
            told = ", ".join(f"{name} {value}" for name, value in parts.items())
            value = SCORES[line["index"]](**components(parts))
            yield row(line["index"].replace("_", "-"), told, published, [value], source.replace("|", "/"))


def components(parts: dict[str, float]) -> dict[str, float]:
    """Return an example's components as ours: globals in mm, CRP in mg/L."""
    ours = {NAMES[name]: value for name, value in parts.items() if name in NAMES}
    ours |= {
        f"{who}_global_mm": 10.0 * parts[name]
        for name, who in (("PtGA", "patient"), ("PhGA", "physician"))
        if name in parts
    }
    return ours | ({"crp_mg_l": 10.0 * parts["CRP_mg_dL"]} if "CRP_mg_dL" in parts else {})
