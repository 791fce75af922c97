"""What the commands of named binary designs print, and write where ``--out`` says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ra_bayes.cli.figures import STYLES
from ra_bayes.cli.terminal import say
from ra_bayes.errors import RaBayesError

if TYPE_CHECKING:
    from ra_bayes.planning.binary.at_rate import OperatingCharacteristics
    from ra_bayes.planning.binary.boundaries import Boundaries

__all__ = ["Place", "check_place", "place_options", "show", "write"]


class Place(NamedTuple):
    """Where a design is written, and for which journal its figure is drawn too; nowhere if not asked."""

    out: Path | None
    style: str | None


def place_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--out`` and ``--style``, as one argument ``place``."""

    @click.option(
        "--out",
        type=click.Path(path_type=Path),
        help="Folder to write the design, its boundaries' table and their figure to.",
    )
    @click.option(
        "--style",
        type=click.Choice(STYLES),
        help="With --out: the figure for a journal too, in OUT/figures/STYLE (see ra-bayes figures).",
    )
    @wraps(command)
    def placed(*, out: Path | None, style: str | None, **asked: Any) -> None:
        command(place=Place(out, style), **asked)

    return placed


def show(
    name: str,
    title: str,
    rule: str,
    boundaries: Boundaries,
    rates: list[OperatingCharacteristics],
    parameters: dict[str, Any],
    place: Place,
    as_json: bool,
) -> None:
    """Print a design as text or JSON, and write it if that is asked."""
    from ra_bayes.planning.binary.text import boundaries_table, columns, paragraph

    found = [asdict(each) for each in rates]
    data = {"n": boundaries.n, **parameters, "boundaries": boundaries.rows(), "characteristics": found}
    wrote = write(place, name, data, boundaries, title)
    if as_json:
        say(data)
        return
    head = ("true rate", "success", "ends early", "patients expected")
    rows = [(f"{r.rate:g}", f"{r.success:.4f}", f"{r.early:.4f}", f"{r.expected_n:.2f}") for r in rates]
    parts = [title, boundaries_table(boundaries), columns(head, rows)]
    told = [paragraph(rule, "All numbers are exact."), paragraph(boundaries.words())]
    say("\n\n".join([*parts, *told, *wrote]))


def check_place(place: Place, name: str) -> None:
    """Raise before the computing if the design could not be written after it."""
    if place.out is None:
        if place.style is not None:
            raise RaBayesError("--style: figures need a folder to go to; add --out FOLDER")
    else:
        from ra_bayes.report.named_design import place_of_named_design

        place_of_named_design(place.out, name)


def write(place: Place, name: str, data: dict[str, Any], boundaries: Boundaries, title: str) -> list[str]:
    """Write a design where it is asked for, and return what is said of that."""
    if place.out is None:
        return []
    from ra_bayes.report.named_design import write_named_design

    in_print = title.replace("<=", "≤").replace(">=", "≥")
    wrote = [f"wrote {write_named_design(place.out, name, data, boundaries, in_print)}"]
    if place.style is not None:
        from ra_bayes.figures.draw_folder import draw_design
        from ra_bayes.figures.drawn_from import NamedDesign

        figures = place.out / "figures" / place.style
        draw_design(name, NamedDesign(boundaries, in_print), figures, style=place.style)
        wrote.append(f"wrote its figure into {figures}")
    return wrote
