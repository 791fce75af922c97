"""What somebody published beside what we find, as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """Numbers of one published result, as printed, and ours; ``names`` says what they are, in order."""

    what: str
    names: str
    published: tuple[str, ...]
    ours: tuple[float, ...]
    source: str


def row(what: str, names: str, published: str, ours: Iterable[float], source: str) -> Row:
    """Return a row; published numbers are words of one text, so that their digits stay as printed."""
    told, found = tuple(published.split()), tuple(float(each) for each in ours)
    if len(told) != len(found):
        raise ValueError(f"{what}: {len(told)} published numbers beside {len(found)} of ours")
    return Row(what, names, told, found, source)


def decimals(number: str) -> int:
    """Return how many decimals a number was printed with."""
    return len(number.partition(".")[2])


def to_the_digit(each: Row) -> bool:
    """Whether ours, rounded as theirs, are theirs."""
    pairs = zip(each.published, each.ours, strict=True)
    return all(round(ours, decimals(told)) == float(told) for told, ours in pairs)


def apart(each: Row) -> float:
    """Return the greatest difference of a row's numbers."""
    return max(abs(ours - float(told)) for told, ours in zip(each.published, each.ours, strict=True))


def table(rows: Sequence[Row], *, exact: bool = True) -> str:
    """Return the rows as a table of Markdown; of exact ones it tells whether they are equal as printed."""
    heads = [
        "what",
        "numbers",
        "published",
        "ours",
        "greatest difference",
        *(["equal as printed"] if exact else []),
    ]
    lines = [heads, ["---"] * len(heads)]
    for each in rows:
        ours = [shown(found, told) for told, found in zip(each.published, each.ours, strict=True)]
        verdict = ["yes" if to_the_digit(each) else "no"] if exact else []
        told = [f"{each.what} ({each.source})", each.names, ", ".join(each.published), ", ".join(ours)]
        lines.append([*told, f"{apart(each):.1g}", *verdict])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def shown(ours: float, told: str) -> str:
    """Return our number with a decimal more than theirs; a whole number has none."""
    places = decimals(told) + 1
    return f"{ours:.0f}" if places == 1 and ours == round(ours) else f"{ours:.{places}f}"


def tally(rows: Sequence[Row]) -> str:
    """Say how many rows are equal as printed."""
    same = sum(to_the_digit(each) for each in rows)
    return f"{same} of {len(rows)} rows are equal to every digit printed."
