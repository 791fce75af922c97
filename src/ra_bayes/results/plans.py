"""A plan in a folder: DIR/DESIGN with the plan as JSON and its tables; figures and page come beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from ra_bayes.errors import RaBayesError
from ra_bayes.files import atomic_folder, write_text
from ra_bayes.planning.design import Design
from ra_bayes.planning.design_reader import read_design
from ra_bayes.planning.plan import Plan
from ra_bayes.planning.plan_text import plan_data
from ra_bayes.results.place import FIGURES, place, write_rows

__all__ = ["place_of_plan", "save_plan", "stored_design", "stored_plans"]

_TABLES = ("characteristics", "truth_curve", "boundaries", "sizes", "waterfall")
_READ = ("design", "words", "seed", "characteristics", "answers", "sizes")
_OURS = frozenset({"plan.json", "design.toml", "index.html", FIGURES, *(f"{name}.csv" for name in _TABLES)})


def place_of_plan(folder: str | PathLike[str], name: str) -> Path:
    """Return where a design's plan is written, if nothing is lost by it.

    Raises
    ------
    RaBayesError
        If it holds files that are no part of a plan, or cannot be written to.
    """
    return place(folder, name, _OURS)


def save_plan(
    plan: Plan, folder: str | PathLike[str], *, draw: Callable[[Path], object] | None = None
) -> Path:
    """Write a plan into ``folder/DESIGN``, replacing an earlier one only when the new one is complete.

    Parameters
    ----------
    plan
        What :func:`~ra_bayes.planning.plan.make_plan` returned.
    folder
        Where plans are kept.
    draw
        Writes figures and page into the folder that it is given, before that takes the earlier one's place.

    Returns
    -------
    Path
        The plan's own folder.
    """
    target = place_of_plan(folder, plan.design.name)
    data = plan_data(plan)
    with atomic_folder(target) as part:
        write_text(part / "plan.json", json.dumps(data, indent=1, ensure_ascii=False) + "\n")
        write_text(part / "design.toml", plan.design.toml)
        for name in _TABLES:
            if data[name]:
                write_rows(data[name], part / f"{name}.csv")
        if draw is not None:
            draw(part)
    return target


def stored_plans(folder: str | PathLike[str]) -> dict[str, dict[str, Any]]:
    """Return the plans that a folder holds, by the name of their sub-folder, as plain data.

    Raises
    ------
    RaBayesError
        If what lies there is not what :func:`save_plan` wrote.
    """
    found = {}
    for path in sorted(Path(folder).glob("*/plan.json")):
        if path.parent.name[0] == ".":
            continue
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            kept = {key: data[key] for key in _READ}
        except (ValueError, KeyError, TypeError) as error:
            raise RaBayesError(
                f"{path}: not a plan of ra_bayes ({error}); write it anew with "
                f"ra-bayes plan DESIGN --out {folder}"
            ) from None
        found[path.parent.name] = kept
    return found


def stored_design(data: Mapping[str, Any]) -> Design:
    """Return the design of a plan that :func:`stored_plans` read: its page as it was planned with."""
    return read_design(data["design"]["toml"], name=data["design"]["name"])
