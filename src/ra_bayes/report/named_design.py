"""A named binary design in a folder: DIR/NAME with the design as JSON, its boundaries as table and figure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from ra_bayes import figures
from ra_bayes.files import atomic_folder, write_text
from ra_bayes.planning.binary.boundaries import Boundaries
from ra_bayes.results.place import place, write_rows

__all__ = ["place_of_named_design", "write_named_design"]

_OURS = frozenset({"design.json", "boundaries.csv", "boundaries.pdf", "boundaries.png"})


def place_of_named_design(folder: str | PathLike[str], name: str) -> Path:
    """Return where a named design is written, if nothing is lost by it.

    Raises
    ------
    RaBayesError
        If it holds files that are no part of a named design, or cannot be written to.
    """
    return place(folder, name, _OURS)


def write_named_design(
    folder: str | PathLike[str], name: str, data: Mapping[str, Any], boundaries: Boundaries, title: str
) -> Path:
    """Write a named design into ``folder/name``, replacing an earlier one only when the new one is complete.

    Parameters
    ----------
    folder
        The results folder.
    name
        Of the sub-folder, such as ``simon``.
    data
        What is known of the design, as plain data.
    boundaries
        When the trial stops.
    title
        What the design is called under the figure.
    """
    target = place_of_named_design(folder, name)
    with atomic_folder(target) as part:
        write_text(part / "design.json", json.dumps(data, indent=2, ensure_ascii=False) + "\n")
        write_rows(boundaries.rows(), part / "boundaries.csv")
        figures.save(figures.boundaries(boundaries, title), part / "boundaries")
    return target
