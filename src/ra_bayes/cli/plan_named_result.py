"""What the commands of named binary designs print, and write where ``--out`` says."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ra_bayes.cli.terminal import say

if TYPE_CHECKING:
    from ra_bayes.planning.binary.at_rate import OperatingCharacteristics
    from ra_bayes.planning.binary.boundaries import Boundaries

__all__ = ["check_place", "show", "write"]


def show(
    name: str,
    title: str,
    rule: str,
    boundaries: Boundaries,
    rates: list[OperatingCharacteristics],
    parameters: dict[str, Any],
    out: Path | None,
    as_json: bool,
) -> None:
    """Print a design as text or JSON, and write it if that is asked."""
    from ra_bayes.planning.binary.text import boundaries_table, columns, paragraph

    found = [asdict(each) for each in rates]
    data = {"n": boundaries.n, **parameters, "boundaries": boundaries.rows(), "characteristics": found}
    wrote = write(out, name, data, boundaries, title)
    if as_json:
        say(data)
        return
    head = ("true rate", "success", "ends early", "patients expected")
    rows = [(f"{r.rate:g}", f"{r.success:.4f}", f"{r.early:.4f}", f"{r.expected_n:.2f}") for r in rates]
    parts = [title, boundaries_table(boundaries), columns(head, rows)]
    told = [paragraph(rule, "All numbers are exact."), paragraph(boundaries.words())]
    say("\n\n".join([*parts, *told, *wrote]))


def check_place(out: Path | None, name: str) -> None:
    """Raise before the computing if the design could not be written after it."""
    if out is not None:
        from ra_bayes.report.named_design import place_of_named_design

        place_of_named_design(out, name)


def write(out: Path | None, name: str, data: dict[str, Any], boundaries: Boundaries, title: str) -> list[str]:
    """Write a design where it is asked for, and return what is said of that."""
    if out is None:
        return []
    from ra_bayes.report.named_design import write_named_design

    in_print = title.replace("<=", "≤").replace(">=", "≥")
    return [f"wrote {write_named_design(out, name, data, boundaries, in_print)}"]
