"""Numbers and comments of a PyMC script: read back as they are, and wrapped."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

__all__ = ["comment", "listed", "number"]

_WIDTH = 96


def comment(text: str) -> str:
    """Return a text as comment lines.

    Examples
    --------
    >>> comment("a reason\\nin two lines")
    '# a reason in two lines'
    """
    return textwrap.fill(
        " ".join(text.split()),
        _WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def number(value: float) -> str:
    """Return a number so that Python reads it back as it is, without a needless .0.

    Examples
    --------
    >>> number(12.0), number(0.1)
    ('12', '0.1')
    """
    return repr(float(value)).removesuffix(".0")


def listed(items: Iterable[str], indent: str) -> str:
    """Return items separated by commas, in as many lines as they need."""
    lines, line = [], indent
    for item in items:
        if len(line) + len(item) + 2 > _WIDTH and line.strip():
            lines.append(line.rstrip())
            line = indent
        line += f"{item}, "
    return "\n".join([*lines, line.rstrip()])
