"""The table of harm as plain text, priors side by side, at most 100 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["safety_text"]

_WIDTH = 100
_COLUMNS = {"vague": "vague", "informative": "other trials", "robust": "with 20% vague"}
_LABEL, _CELL = 43, 19


def safety_text(table: pd.DataFrame) -> str:
    """Return the table of :func:`~ra_bayes.rates.safety` or ``published_safety`` as text.

    Parameters
    ----------
    table
        As one of the two returned it.

    Returns
    -------
    str
        A block a count, priors side by side, with the arms behind them below.

    Examples
    --------
    >>> from ra_bayes.rates.safety import safety
    >>> print(safety_text(safety(0, 6, risk_below=[0.1])).partition("\\n\\n")[0])
    serious adverse event, 0 of 6 patients, week 24
      patients affected, %                                   vague       other trials     with 20% vague
      prior median (90% interval)                     50 (5 to 95)    1.6 (0.1 to 21)    2.3 (0.2 to 78)
      posterior median (90% interval)              9.4 (0.7 to 35)   1.2 (0.1 to 7.6)   1.3 (0.1 to 9.8)
      upper limit, one-sided 95%                                35                7.6                9.8
      chance of less than 10                                  0.52               0.97               0.95
      without a prior: one-sided 95% 39 (exact), 50 (rule of three, meant for 30 patients and more)
    """
    keys = [key for key in ("fact", "arm", "event", "quantity") if key in table]
    blocks = ["\n".join(_block(each)) for _, each in table.groupby(keys, sort=False)]
    return "\n\n".join([*blocks, "\n".join(_legend(table))])


def _block(rows: pd.DataFrame) -> Iterator[str]:
    first = rows.iloc[0]
    risk = first["quantity"] == "risk"
    by_kind = {str(kind): each for kind, each in rows.groupby("prior_kind", sort=False)}
    told = [kind for kind in by_kind if by_kind[kind]["estimate"].notna().all()]
    scale = 100.0 if risk else 1.0
    seen, size = int(first["count"]), f"{first['size']:g}"
    of = f"{seen} of {size} patients" if risk else f"{seen} event{'s' * (seen != 1)} in {size} patient-weeks"
    arm = f", arm {first['arm']}" if first.get("arm", "all") != "all" else ""
    yield f"{first['event'].replace('_', ' ')}, {of}{arm}, week {first['week']:g}"
    heads = {
        kind: "as given" if by_kind[kind]["prior"].iloc[0] == "as given" else _COLUMNS[kind] for kind in told
    }
    yield _line("patients affected, %" if risk else first["unit"], [heads[kind] for kind in told])
    ci = f"({first['ci_prob']:.0%} interval)"
    for start, words in (("prior_", "prior median"), ("", "posterior median")):
        names = [f"{start}{name}" for name in ("estimate", "lower", "upper")]
        cells = []
        for kind in told:
            middle, lower, upper = (_short(scale * by_kind[kind][name].iloc[0]) for name in names)
            cells.append(f"{middle} ({lower} to {upper})")
        yield _line(f"{words} {ci}", cells)
    limits = [_short(scale * by_kind[kind]["upper_95"].iloc[0]) for kind in told]
    yield _line("upper limit, one-sided 95%", limits)
    for below in dict.fromkeys(rows["below"]):
        chances = [by_kind[kind].set_index("below")["p_below"][below] for kind in told]
        yield _line(f"chance of less than {scale * below:g}", [_probability(each) for each in chances])
    exact = f"one-sided 95% {_short(scale * first['upper_95_exact'])} (exact)"
    three = first["rule_of_three"]
    meant = ", meant for 30 patients and more" if risk and first["size"] < 30 else ""
    rule = f", {_short(scale * three)} (rule of three{meant})" if three == three else ""
    yield f"  without a prior: {exact}{rule}"
    for kind in by_kind:
        if kind not in told:
            yield from _wrapped(f"({by_kind[kind]['prior'].iloc[0]})")


def _legend(table: pd.DataFrame) -> Iterator[str]:
    priors = table.drop_duplicates(["prior_kind", "prior", "quantity"])
    for quantity, rows in priors[priors["prior_kind"] != "robust"].groupby("quantity", sort=False):
        yield from _wrapped(f"{quantity}: {'; '.join(dict.fromkeys(rows['prior']))}.", 0)
    for arms in dict.fromkeys(filter(None, table["arms"])):
        yield from _wrapped(f"arms of other trials: {arms}.", 0)
    yield from _wrapped(
        "None seen is not none. Exact, no sampling; a rate takes events to come evenly in time.", 0
    )


def _line(label: str, cells: list[str]) -> str:
    return f"  {label:<{_LABEL - 2}}" + "".join(f"{cell:>{_CELL}}" for cell in cells)


def _wrapped(text: str, indent: int = 2) -> list[str]:
    start = " " * indent
    return textwrap.wrap(
        text, _WIDTH, initial_indent=start, subsequent_indent=start + "  ", break_on_hyphens=False
    )


def _short(value: float) -> str:
    """Two significant digits, no more than whole ones from 10 on."""
    if value >= 10.0:
        return f"{value:.0f}"
    return f"{value:.2g}" if value >= 1.0 else f"{value:.1g}"


def _probability(value: float) -> str:
    if value > 0.99:
        return ">0.99"
    return "<0.01" if value < 0.01 else f"{value:.2f}"
