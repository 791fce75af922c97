"""What the page says of outcomes fitted together, as plain data for the template."""

from __future__ import annotations

from typing import Any

from ra_bayes.report.rows import rows
from ra_bayes.results import Result
from ra_bayes.results.joint import joint_outcomes
from ra_bayes.results.summary import main_row
from ra_bayes.tree import provenance, spec_of

__all__ = ["joint_content"]


def joint_content(name: str, result: Result) -> dict[str, Any]:
    """Return what is shown of a joint fit.

    Parameters
    ----------
    name
        Of its sub-folder.
    result
        The fit.
    """
    entries, outcomes = provenance(result.tree), joint_outcomes(result)
    labels = {outcome: spec_of(each.tree).outcome.label for outcome, each in outcomes.items()}
    shown: dict[str, Any] = {
        "name": name,
        "labels": list(labels.values()),
        "cohort": entries["cohort"]["name"],
        "synthetic": entries["cohort"]["synthetic"],
        "gate": result.gate,
        "seed": entries["seed"],
        "groups": None,
    }
    if result.table is None:
        return shown
    groups = []
    for outcome, each in outcomes.items():
        if (row := main_row(each)) is not None and each.table is not None:
            main = (each.table["estimand"] == row["estimand"]) & (each.table["week"] == row["week"])
            groups.append({"label": labels[outcome], "rows": rows(each.table[main])})
    tied = result.table[~result.table["outcome"].isin([*outcomes])]
    for of, table in tied.groupby("outcome", sort=False):
        label = " and ".join(labels[each] for each in str(of).split(" & "))
        shown_rows = [
            row | {"name": f"{row['name']}{f', {patient}' if patient else ''}"}
            for row, patient in zip(rows(table), table["patient"], strict=True)
        ]
        groups.append({"label": label, "rows": shown_rows})
    return shown | {"groups": groups}
