"""Prior dominance in words, for a terminal."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from ra_bayes.numbers import decimals, interval, number, probability

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["sensitivity_text"]


def sensitivity_text(table: pd.DataFrame, variants: pd.DataFrame, patients: int, model: str) -> str:
    """Return a table of verdicts, with what they rest on, and what could not be computed."""
    head = ("estimand", "estimate", "prior", "prior's share", "worth", "scales halved", "doubled", "verdict")
    rows = [head, *(_cells(row) for row in table.to_dict("records"))]
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    lines = [
        f"{model}: what is the prior's and what the data of {patients} "
        f"patient{"s'" if patients > 1 else "'s"}",
        "",
        *(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ),
        "",
        f"Intervals: {table['ci_prob'].iloc[0]:.0%}, equal-tailed. Share: of the posterior's precision. "
        "Worth: of the prior, in patients like these.",
    ]
    changed = variants.drop_duplicates("variant")
    again = changed.loc[(changed["route"] == "re-fit") & changed["khat"].notna(), "variant"]
    if len(again):
        lines.append(f"Fitted again, as importance weights would not do: {', '.join(again)}.")
    lost = changed.loc[changed["route"] == "none", "variant"]
    if len(lost):
        lines.append(f"Neither importance weights nor an exact re-fit will do: {', '.join(lost)}.")
    failed = changed.loc[~changed["passed"] & (changed["route"] == "re-fit"), "variant"]
    if len(failed):
        lines.append(f"Did not pass the gate, and is not to be relied on: {', '.join(failed)}.")
    return "\n".join(lines)


def _cells(row: Mapping[Hashable, Any]) -> tuple[str, ...]:
    event = row["lower"] != row["lower"]
    places = decimals(row["lower"], row["upper"], ratio=row["unit"] == "ratio")

    def told(name: str, lower: str, upper: str) -> str:
        if event:
            return probability(row[name])
        return f"{number(row[name], places)} ({interval(row[lower], row[upper], places)})"

    week = "" if row["week"] != row["week"] else f" at week {row['week']:g}"
    one = [probability(row[name]) if event else number(row[name], places) for name in ("halved", "doubled")]
    worth = row["patients"]
    return (
        f"{row['estimand']}{week}",
        told("estimate", "lower", "upper"),
        told("prior", "prior_lower", "prior_upper"),
        "" if event else f"{min(row['share'], 9.99):.0%}",
        "" if event else f"{worth:.1f}" if worth < 100.0 else "> 100",
        *one,
        str(row["verdict"]),
    )
