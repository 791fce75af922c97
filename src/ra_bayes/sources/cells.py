"""One cell's value -> its text: numbers at their shortest, dates as ISO 8601, nothing for a missing one."""

from __future__ import annotations

import math
from datetime import date, datetime, time

__all__ = ["cell_text", "number_text"]


def number_text(number: float) -> str:
    """Write a double as the shortest text that is read as the same double, and blank for a nan.

    Examples
    --------
    >>> number_text(5.0), number_text(8.55), number_text(float("nan"))
    ('5', '8.55', '')
    """
    if math.isnan(number):
        return ""
    if number == int(number) if math.isfinite(number) and abs(number) < 1e15 else False:
        return str(int(number))
    return repr(float(number))


def cell_text(cell: object) -> str:
    """Write any cell as text.

    Examples
    --------
    >>> cell_text("001"), cell_text(None), cell_text(True), cell_text(datetime(2024, 1, 31))
    ('001', '', 'true', '2024-01-31')
    """
    match cell:
        case None:
            return ""
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case float():
            return number_text(cell)
        case datetime():
            # Excel and SAS keep a bare date as midnight.
            return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
        case date() | time():
            return cell.isoformat()
        case bytes():
            return cell.decode("utf-8", "replace")
        case _:
            return str(cell)
