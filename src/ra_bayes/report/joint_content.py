"""What the page says of outcomes fitted together, as plain data for the template."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ra_bayes.report.results_text import estimate_words
from ra_bayes.report.rows import rows
from ra_bayes.results import Result
from ra_bayes.results.joint import joint_outcomes
from ra_bayes.tables.titles import label_in, labels_of
from ra_bayes.tree import provenance

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["joint_content", "joint_text"]


def joint_content(name: str, result: Result, figures: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return what is shown of a joint fit.

    Parameters
    ----------
    name
        Of its sub-folder.
    result
        The fit.
    figures
        Its figures of several outcomes at once.
    """
    entries, labels = provenance(result.tree), labels_of(result.tree)
    shown: dict[str, Any] = {
        "name": name,
        "labels": [labels[outcome] for outcome in joint_outcomes(result)],
        "cohort": entries["cohort"]["name"],
        "synthetic": entries["cohort"]["synthetic"],
        "gate": result.gate,
        "seed": entries["seed"],
        "groups": None,
        "figures": figures,
    }
    if result.table is None:
        return shown
    groups = []
    for of, table in _tied(result).groupby("outcome", sort=False):
        shown_rows = [
            row
            | {"name": ", ".join(filter(None, (row["name"], patient, row["arm"] and f"arm {row['arm']}")))}
            for row, patient in zip(rows(table), table["patient"], strict=True)
        ]
        groups.append({"label": label_in(labels, str(of)), "rows": shown_rows})
    return shown | {"groups": groups}


def joint_text(result: Result, ci_prob: float) -> list[str]:
    """Return in a paragraph how often all outcomes change for the better at once."""
    name = provenance(result.tree)["joint"]["name"]
    if result.table is None:
        return [f"Together ({name}): the sampler did not pass its gate, and nothing is claimed."]
    labels = labels_of(result.tree)
    table = _tied(result)
    said = [
        f"in a new patient{_in_arm(row)} {label_in(labels, row['outcome'])} all change for the better with "
        f"probability {estimate_words(row, named=f'{ci_prob:.0%} interval ')}"
        for row in table[table["estimand"] == "new_patient_all_better"].to_dict("records")
    ]
    return [f"Together ({name}): {'; '.join(said)}."] if said else []


def _in_arm(row: Mapping[Hashable, Any]) -> str:
    return f" in arm {row['arm']}" if row.get("arm") else ""


def _tied(result: Result) -> pd.DataFrame:
    """Return the rows that are of two outcomes or more."""
    assert result.table is not None
    return result.table[~result.table["outcome"].isin([*joint_outcomes(result)])]
