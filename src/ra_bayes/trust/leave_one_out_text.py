"""Leaving one patient out, in words, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ra_bayes.numbers import decimals, interval, listed, number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["leave_one_out_text"]

# From here on the mean over draws rests on a few of them.
LARGE_ERROR = 0.1


def leave_one_out_text(
    patients: pd.DataFrame,
    records: pd.DataFrame,
    decisions: pd.DataFrame,
    elpd: tuple[float, float],
    model: str,
) -> str:
    """Return a table of what changes without each patient, then what the rule decides."""
    first = patients.iloc[0]
    ci = f"{first['ci_prob']:.0%}"
    binary = first["unit"] == "share of patients"
    head = (
        "left out",
        f"{first['estimand']} at week {first['week']:g}, {first['unit']}",
        "elpd",
        "" if binary else "in interval",
    )
    rows = [head]
    for row in patients.to_dict("records"):
        places = decimals(row["lower"], row["upper"], ratio=row["unit"] == "ratio")
        told = f"{number(row['estimate'], places)} ({interval(row['lower'], row['upper'], places)})"
        if not row["patient"]:
            rows.append(("nobody", told, "", ""))
            continue
        score = f"{number(row['elpd'], 1)} ± {row['elpd_mcse']:.2f}"
        # Yes and no are both always within what is predicted of a response.
        inside = "" if binary else _inside(records[records["patient"] == row["patient"]])
        rows.append((row["patient"], told, score, inside))
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    lines = [f"{model}: each patient left out and predicted by the others", ""]
    lines += [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    lines += [
        "",
        f"elpd in all {number(elpd[0], 1)} ± {elpd[1]:.2f} (Monte Carlo error).",
        f"Intervals: {ci}, equal-tailed.",
    ]
    if not binary:
        lines.append("In interval: records within that of a new patient's record.")
    noisy = patients.loc[patients["elpd_mcse"] > LARGE_ERROR, "patient"]
    if len(noisy):
        lines.append(f"An elpd with a large error is not to be relied on: {listed([*noisy])}.")
    failed = patients.loc[~patients["passed"], "patient"]
    if len(failed):
        lines.append(f"The fit without {listed([*failed])} did not pass the gate.")
    return "\n".join([*lines, *_decision(decisions)])


def _inside(records: pd.DataFrame) -> str:
    """Count records within the predictive interval; one that is an interval if any of it is."""
    seen = records[records["pit"].notna()]
    tail = (1.0 - seen["ci_prob"]) / 2.0
    within = (seen["pit_upper"] >= tail) & (seen["pit_lower"] <= 1.0 - tail)
    return f"{int(within.sum())} of {len(seen)}"


def _decision(decisions: pd.DataFrame) -> list[str]:
    if decisions.empty:
        return ["No decision was asked for; give a rule, such as a criterion of a design."]
    lines = [""]
    for criterion, rows in decisions.groupby("criterion", sort=False):
        whole = float(rows.loc[rows["patient"] == "", "probability"].iloc[0])
        left = rows[rows["patient"] != ""]
        low, high = (left.loc[getattr(left["probability"], f"idx{each}")()] for each in ("min", "max"))
        least, most = (f"{row['probability']:.3f} without {row['patient']}" for row in (low, high))
        lines.append(f"{criterion}: {whole:.3f} with everybody; from {least} to {most}.")
    success = bool(decisions.loc[decisions["patient"] == "", "success"].iloc[0])
    flips = [*decisions.loc[decisions["flips"], "patient"].drop_duplicates()]
    said = f"Decision with everybody: {'success' if success else 'no success'}. "
    other = "no success" if success else "success"
    lines.append(
        said
        + (f"Without {listed(flips)} it would be {other}." if len(flips) == 1 else "")
        + (f"Without any one of {', '.join(flips)} it would be {other}." if len(flips) > 1 else "")
        + ("It is the same whoever is left out." if not flips else "")
    )
    close = [each or "nobody" for each in decisions.loc[decisions["close"], "patient"].drop_duplicates()]
    if close:
        lines.append(f"Within two Monte Carlo errors of what is asked, leaving out {listed(close)}.")
    return lines
