"""Draw and save the figures of a result, and return what the page needs of each."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from PIL import Image

from ra_bayes import figures
from ra_bayes.files import atomic_folder
from ra_bayes.results import FIGURES, CountsResult, Result

if TYPE_CHECKING:
    from ra_bayes.planning.plan import Plan

__all__ = ["draw_counts", "draw_fit", "draw_plan"]

_TITLES = {
    "trajectories": "Trajectories",
    "forest": "Change by patient",
    "prior-posterior": "Prior against posterior",
    "predictive-check": "Posterior predictive check",
    "readings": "Posterior beside prior",
    "characteristics": "Operating characteristics",
    "assurance": "Probability of success by size",
    "waterfall": "Where the optimism went",
    "surface": "Assurance over the design prior",
    "boundaries": "Decision boundaries",
}


def draw_fit(result: Result, folder: Path, ci_prob: float) -> list[dict[str, str]]:
    """Draw and save the figures of one fit; what is already known of it is not worked out again.

    Parameters
    ----------
    result
        The fit.
    folder
        The folder it lies in.
    ci_prob
        Probability of the credible intervals.
    """
    tree, gate = result.tree, result.gate
    made = {
        "trajectories": figures.trajectories(tree, ci_prob=ci_prob, diagnosis=gate),
        "forest": figures.forest(tree, ci_prob=ci_prob, table=result.table, diagnosis=gate),
        "prior-posterior": figures.prior_posterior(tree, ci_prob=ci_prob, diagnosis=gate),
        "predictive-check": figures.predictive_check(tree, ci_prob=ci_prob, diagnosis=gate),
    }
    return _save(made, folder, f"{quote(folder.name)}/")


def draw_counts(result: CountsResult, folder: Path) -> list[dict[str, str]]:
    """Draw and save the figure of published counts; the folder is the one its result lies in."""
    made = {"readings": figures.readings(result.comparison, result.publication)}
    return _save(made, folder, f"{quote(folder.name)}/")


def draw_plan(plan: Plan, folder: Path) -> dict[str, dict[str, str]]:
    """Draw and save the figures that a plan has something for, by name; the page lies in the folder."""
    made = {"characteristics": figures.plan_characteristics(plan)}
    if len(plan.size_curve) > 1:
        made["assurance"] = figures.plan_assurance(plan)
    if plan.waterfall:
        made["waterfall"] = figures.plan_waterfall(plan)
    if plan.surface is not None:
        made["surface"] = figures.plan_surface(plan)
    if plan.boundaries:
        made["boundaries"] = figures.plan_boundaries(plan)
    return dict(zip(made, _save(made, folder, ""), strict=True))


def _save(made: Mapping[str, figures.Canvas], folder: Path, base: str) -> list[dict[str, str]]:
    """Save figures; `base` leads from the page to the folder."""
    shown = []
    with atomic_folder(folder / FIGURES) as part:
        for stem, figure in made.items():
            _, png = figures.save(figure, part / stem)
            shown.append(
                {
                    "title": _TITLES[stem],
                    "alt": figure.alt,
                    "width": f"{figure.get_figwidth():.2f}",
                    "png": "data:image/png;base64," + base64.b64encode(_for_screen(png)).decode("ascii"),
                    "pdf": f"{base}{FIGURES}/{stem}.pdf",
                }
            )
    return shown


def _for_screen(png: Path) -> bytes:
    """Return a picture in a palette of 128 colours: a third of the bytes, and nobody sees it."""
    buffer = io.BytesIO()
    with Image.open(png) as picture:
        few = picture.convert("RGB").quantize(128, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        few.save(buffer, "png")
    return buffer.getvalue()
