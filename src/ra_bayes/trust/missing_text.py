"""What a shift of the unseen does, as plain text, at most 100 columns wide."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ra_bayes.numbers import decimals, interval, listed, number, probability
from ra_bayes.trust.unseen import OF_ONE_ARM, OF_TWO_ARMS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["missing_text", "tipping_words", "two_arms"]

_WHO = ("these patients", "the population")
_NAMES = {name: who for pair in (OF_ONE_ARM, OF_TWO_ARMS) for name, who in zip(pair, _WHO, strict=True)}
_LINE = "  {:<22}{:>27}{:>9}{:>30}{:>9}"


def missing_text(
    table: pd.DataFrame, tipping: pd.DataFrame, unseen: Sequence[tuple[str, float]], needed: float
) -> str:
    """Return the table and the tipping points of :func:`~ra_bayes.trust.missing_not_at_random` as text."""
    first: dict[str, Any] = dict(table.iloc[0])
    if not unseen:
        return "\n".join(_wrapped(tipping_words(table, tipping)[0], 0))
    lines = [*_heading(first, unseen, needed)]
    heads = [f"{name}, {first['ci_prob']:.0%} interval" for name in _WHO]
    lines.append(
        _LINE.format(
            f"worse by, {'a factor' if first['unit'] == 'ratio' else first['unit']}",
            heads[0],
            "benefit",
            heads[1],
            "benefit",
        )
    )
    places = decimals(first["lower"], first["upper"], ratio=first["unit"] == "ratio")
    for _, pair in table.groupby(["scheme", "delta"], sort=False, dropna=False):
        by = {str(row["estimand"]): dict(row) for _, row in pair.iterrows()}
        lines.append(_values(by, places))
    for words in tipping_words(table, tipping):
        lines += _wrapped(words)
    lines += _wrapped(
        "No record speaks for or against any shift: the table says how large it would have to be, not how "
        "large it is."
    )
    return "\n".join(lines)


def tipping_words(table: pd.DataFrame, tipping: pd.DataFrame) -> list[str]:
    """Return in a sentence for each estimand how much worse the unseen would have to be; one if none is."""
    first: dict[str, Any] = dict(table.iloc[0])
    if not first["unseen"]:
        whose = "no treated patient" if two_arms(table) else "no patient"
        return [
            f"{first['outcome']}: {whose} is lost to week {first['week']:g}, so nothing is imputed "
            "there and no shift of the unseen can change what is said of it."
        ]
    return [_tipping(dict(row), first["unit"] == "ratio") for _, row in tipping.iterrows()]


def two_arms(table: pd.DataFrame) -> bool:
    """Return whether the table is of the difference between two arms."""
    return table["estimand"].iloc[0] in OF_TWO_ARMS


def _heading(first: dict[str, Any], unseen: Sequence[tuple[str, float]], needed: float) -> Iterator[str]:
    who = listed([f"{patient} (last record week {week:g})" for patient, week in unseen])
    ratio = first["unit"] == "ratio"
    size = f" of more than {needed:g}" if needed > (1.0 if ratio else 0.0) else ""
    two = first["estimand"] in OF_TWO_ARMS
    what = "difference from the control arm" if two else "mean change"
    treated = "treated " if two else ""
    kept = " The control arm's unseen stay as predicted." if two else ""
    yield from _wrapped(
        f"{first['outcome']}, {what} at week {first['week']:g}, were the {treated}unseen worse than "
        f"predicted from their own records. Unseen are {first['unseen']} of {first['patients']} {treated}"
        f"patients: {who}.{kept} Benefit is a gain{' by a factor' if ratio and size else ''}{size}.",
        0,
    )


def _values(by: dict[str, dict[str, Any]], places: int) -> str:
    cells: list[str] = []
    for row in by.values():
        cells.append(f"{number(row['estimate'], places)} ({interval(row['lower'], row['upper'], places)})")
        cells.append(probability(row["p_benefit"]))
    last = [*by.values()][-1]
    jump = f"as on {str(last['scheme']).removeprefix('jump to ')}"
    return _LINE.format(jump if math.isnan(last["delta"]) else f"{last['delta']:g}", *cells)


def _tipping(row: dict[str, Any], ratio: bool) -> str:
    who = _NAMES[row["estimand"]]
    cut = f"{row['cut_off']:g}"
    if math.isnan(row["tipping_point"]):
        chance = probability(row["p_benefit"])
        if chance == probability(row["cut_off"]):
            # Rounded, what misses the cut-off would look like it.
            chance = f"{math.floor(1e4 * row['p_benefit']) / 1e4:.4f}"
        return f"Of {who} there is no conclusion to undo: benefit has {chance}, not {cut}, without any shift."
    places = decimals(0.0, row["tipping_point"] * 3.0, ratio=ratio)
    unit = "" if ratio else f" {row['unit']}"
    sized = "" if math.isnan(row["in_mcids"]) else f", {row['in_mcids']:.1f} MCIDs"
    times = "a factor of " if ratio else ""
    point = number(row["tipping_point"], places)
    found = f"{times}{point}{unit}{sized} (Monte Carlo error {number(row['mcse'], places + 1)})"
    unseen = "treated unseen" if row["estimand"] in OF_TWO_ARMS else "unseen"
    if row["tipping_point"] > row["scale_width"]:
        return (
            f"Of {who} no shift that the scale has room for undoes it: benefit falls below {cut} where the "
            f"{unseen} are worse by {found}, and the scale is {row['scale_width']:g}{unit} wide. "
            f"{_scale(row, ratio)}"
        )
    return f"Of {who} benefit falls below {cut} where the {unseen} are worse by {found}. {_scale(row, ratio)}"


def _scale(row: dict[str, Any], ratio: bool) -> str:
    """Say how far the unseen are from their baseline, without which a shift cannot be judged."""
    back, none = row["back_to_baseline"], 1.0 if ratio else 0.0
    places = decimals(0.0, row["tipping_point"] * 3.0, ratio=ratio)
    away = back if back >= none else 1.0 / back if ratio else -back
    size = f"{'a factor of ' if ratio else ''}{number(away, places)}{'' if ratio else ' ' + row['unit']}"
    if back >= none:
        return f"Worse by {size}, they would be back at their baseline, on average."
    return f"As predicted they are worse than at their baseline already, by {size} on average."


def _wrapped(text: str, indent: int = 2) -> list[str]:
    return textwrap.wrap(text, 100, initial_indent=" " * indent, subsequent_indent="  " + " " * indent)
