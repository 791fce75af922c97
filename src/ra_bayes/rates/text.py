"""The table of rates as plain text, at most 100 columns wide."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["response_rates_text"]

_WIDTH = 100
_LINE = "  {:<43} {:>14} {:>6} {:>15} {:>7} {:>8}"


def response_rates_text(table: pd.DataFrame) -> str:
    """Return the table of :func:`~ra_bayes.rates.response_rates` as text, as the command line prints it.

    Examples
    --------
    >>> from ra_bayes.published import read_publication
    >>> from ra_bayes.rates.simple import response_rates
    >>> from ra_bayes.resources import data_dir
    >>> paper = read_publication(data_dir() / "published" / "jamshidi2024.toml")
    >>> table = response_rates(paper)
    >>> print(response_rates_text(table[table["fact"] == "vas_improved"]).split("\\n\\n")[1])
    vas_improved: 3 of 6, week 24
      VAS scores improved in three of the six patients.
      vague: Beta(1, 1)                                  5 to 95    2.0   50 (23 to 77)             0.14
      (no prior from other trials: none on file counts this)
    """
    rows: list[dict[str, Any]] = [dict(row) for _, row in table.iterrows()]
    facts = dict.fromkeys(row["fact"] for row in rows)
    blocks = ["\n".join(_heading(rows))]
    blocks += ["\n".join(_block([row for row in rows if row["fact"] == fact])) for fact in facts]
    if arms := list(_arms(rows)):
        blocks.append("\n".join(["Other trials' arms: patients with the event of all, week", *arms]))
    blocks.append("\n".join(_legend(rows)))
    return "\n\n".join(blocks)


def _heading(rows: list[dict[str, Any]]) -> Iterator[str]:
    ci_prob = f"{rows[0]['ci_prob']:.0%}" if rows else ""
    yield f"Rates in % from the counts alone, with {ci_prob} equal-tailed credible intervals"
    yield _LINE.format("prior", "prior interval", "worth", "rate", "> ctrl", "evidence")


def _block(rows: list[dict[str, Any]]) -> Iterator[str]:
    first = rows[0]
    if first["quantity"] == "difference":
        yield f"{first['fact']}: difference, week {first['week']:g}"
    else:
        where = "" if first["arm"] == "all" else f" in arm {first['arm']}"
        yield f"{first['fact']}: {first['r']} of {first['n']}{where}, week {first['week']:g}"
    yield from _wrapped(first["words"])
    for row in rows:
        if math.isnan(row["estimate"]):
            yield from _wrapped(f"({row['prior']})")
            continue
        rate = f"{_percent(row['estimate'])} ({_percent(row['lower'])} to {_percent(row['upper'])})"
        prior = f"{_percent(row['prior_lower'])} to {_percent(row['prior_upper'])}"
        worth = "" if math.isnan(row["prior_ess"]) else f"{row['prior_ess']:.1f}"
        numbers = (prior, worth, rate, _probability(row["p_above_control"]), f"{row['evidence']:.2g}")
        yield _LINE.format(row["prior"], *numbers).rstrip()
    if zeros := [row for row in rows if row["upper_95"] == row["upper_95"]]:
        limits = ", ".join(f"{_percent(each['upper_95'])}% ({_short(each['prior'])})" for each in zeros)
        yield from _wrapped(
            f"None seen is not none. One-sided 95% upper limits: {limits}; without a prior "
            f"{_percent(zeros[0]['upper_95_exact'])}% (exact binomial); the rule of three, meant for 30 "
            f"patients and more, says {_percent(zeros[0]['rule_of_three'])}%."
        )


def _arms(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The arms behind each prior, once, with what is on file and not used."""
    behind: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row["arms"] and row["quantity"] == "rate":
            # The robust prior has the same arms.
            kind = _short(row["prior"]).partition(",")[0].removeprefix("no prior from ")
            facts = behind.setdefault((kind, row["arms"]), [])
            facts += [row["fact"]] * (row["fact"] not in facts)
    told: list[str] = []
    for (kind, arms), facts in behind.items():
        if facts != told:
            yield from _wrapped(", ".join(facts))
        told = facts
        yield from _wrapped(f"{kind}: {arms}.", 4)


def _legend(rows: list[dict[str, Any]]) -> Iterator[str]:
    lines = [
        "rate: posterior median; exact, no sampling. worth: patients the prior counts for (by moments). "
        "evidence: probability of exactly this count beforehand."
    ]
    if any(row["p_above_control"] == row["p_above_control"] for row in rows):
        lines.append(
            "> ctrl: chance that the rate exceeds that of a new control arm like those of other trials: not "
            "a randomised comparison; of a difference, chance that it is above 0."
        )
    if any("*" in row["arms"] for row in rows):
        lines.append("*: count computed from a printed percentage.")
    for line in lines:
        yield from textwrap.wrap(line, _WIDTH, subsequent_indent="  ")


def _short(prior: str) -> str:
    return prior.partition(":")[0].replace(" of other trials", "")


def _wrapped(text: str, indent: int = 2) -> list[str]:
    # A count and its week stay on one line, and so does a hyphenated name.
    kept = text.replace(" wk ", "\N{NO-BREAK SPACE}wk\N{NO-BREAK SPACE}")
    lines = textwrap.wrap(
        kept,
        _WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2),
        break_on_hyphens=False,
    )
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def _percent(share: float) -> str:
    """A share in whole percent; what is not zero is not shown as zero."""
    return "<1" if 0.0 < share < 0.005 else str(round(100.0 * share)).replace("-", "−")


def _probability(value: float) -> str:
    """Two decimals, never rounded to certainty."""
    if math.isnan(value):
        return ""
    if value > 0.99:
        return ">0.99"
    return "<0.01" if value < 0.01 else f"{value:.2f}"
