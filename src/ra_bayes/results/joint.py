"""What a joint fit in a results folder says: of each outcome, and of all of them at once."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ra_bayes.results.fits import Result
from ra_bayes.results.summary import headline
from ra_bayes.tree import joint_trees, provenance

__all__ = ["joint_headline", "joint_outcomes"]


def joint_outcomes(result: Result) -> dict[str, Result]:
    """Return a result for every outcome, with its share of the table; the gate is that of the whole fit."""
    table = result.table
    return {
        outcome: Result(tree, result.gate, None if table is None else table[table["outcome"] == outcome])
        for outcome, tree in joint_trees(result.tree).items()
    }


def joint_headline(result: Result, folder: str | PathLike[str]) -> list[str]:
    """Return what was found in a few lines: each outcome's mean change, and how often all get better."""
    name = provenance(result.tree)["joint"]["name"]
    outcomes = joint_outcomes(result)
    lines = headline(outcomes, folder)
    for outcome in outcomes:
        # All share one gate, and one file that tells of it.
        lines = [line.replace(f"(see {outcome}/gate.txt)", f"(see {name}/gate.txt)") for line in lines]
    lines[0] = f"together, by the joint model {name}: {lines[0]}"
    if result.table is not None:
        rows = result.table[result.table["estimand"] == "new_patient_all_better"]
        for row in rows.to_dict("records"):
            arm = f" in arm {row['arm']}" if row.get("arm") else ""
            lines.insert(
                -1,
                f"new patients{arm} in whom {row['outcome'].replace(' & ', ', ')} all change for the better: "
                f"{row['estimate']:.2f} ({row['ci_prob']:.0%} credible interval "
                f"{row['lower']:.2f} to {row['upper']:.2f})",
            )
    lines[-1] = f"every estimand: {Path(folder) / name / 'estimands.csv'}; page: ra-bayes report {folder}"
    return lines
