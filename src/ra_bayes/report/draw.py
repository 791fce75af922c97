"""Draw and save the figures of a result, and return what the page needs of each."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from PIL import Image

from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.drawn_from import fit_in
from ra_bayes.figures.gallery import Entry, applying
from ra_bayes.figures.save import save
from ra_bayes.files import atomic_folder
from ra_bayes.results import FIGURES, CountsResult, Result
from ra_bayes.results.comparisons import place_of_comparison

if TYPE_CHECKING:
    from ra_bayes.comparison.comparison import Comparison
    from ra_bayes.planning.plan import Plan

__all__ = ["ACROSS", "draw_across", "draw_comparison", "draw_counts", "draw_fit", "draw_plan"]

ACROSS = "across"

_SCREEN_DPI = 220


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
    fit = fit_in(folder.parent, folder.name, result)
    shown = _shown(applying(fit, "fit", "trust", "certificate"))
    return _save([(each, each.draw(fit, ci_prob)) for each in shown], folder, f"{quote(folder.name)}/")


def draw_across(results: Mapping[str, Result], folder: Path, ci_prob: float) -> list[dict[str, str]]:
    """Draw and save the figures of several fits side by side, if there are several that passed their gate.

    Parameters
    ----------
    results
        Fits by name, in reading order.
    folder
        The results folder; they go into ``folder/across/figures``.
    ci_prob
        Probability of the credible intervals.
    """
    fits = {name: fit_in(folder, name, each) for name, each in results.items() if each.gate.passed}
    shown = _shown(applying(fits, "fits")) if len(fits) > 1 else []
    if not shown:
        return []
    return _save([(each, each.draw(fits, ci_prob)) for each in shown], folder / ACROSS, f"{ACROSS}/")


def draw_comparison(comparison: Comparison, folder: Path) -> list[dict[str, str]]:
    """Draw and save the figures of a comparison into the sub-folder of the results folder that holds it."""
    where = place_of_comparison(folder, comparison.outcome)
    ci_prob = float(comparison.models["ci_prob"].iloc[0])
    made = [(each, each.draw(comparison, ci_prob)) for each in _shown(applying(comparison, "comparison"))]
    return _save(made, where, f"{quote(where.name)}/")


def draw_counts(result: CountsResult, folder: Path) -> list[dict[str, str]]:
    """Draw and save the figure of published counts; the folder is the one its result lies in."""
    ci_prob = float(result.comparison["ci_prob"].iloc[0])
    made = [(each, each.draw(result, ci_prob)) for each in _shown(applying(result, "counts"))]
    return _save(made, folder, f"{quote(folder.name)}/")


def draw_plan(plan: Plan, folder: Path) -> dict[str, dict[str, str]]:
    """Draw and save the figures that a plan has something for, by name; the page lies in the folder."""
    shown = _shown(applying(plan, "plan"))
    made = [(each, each.draw(plan, 0.90)) for each in shown]
    return {each["name"]: each for each in _save(made, folder, "")}


def _shown(found: Sequence[Entry]) -> list[Entry]:
    return [each for each in found if each.in_report]


def _save(made: Sequence[tuple[Entry, Canvas]], folder: Path, base: str) -> list[dict[str, str]]:
    """Save figures; `base` leads from the page to the folder."""
    shown = []
    with atomic_folder(folder / FIGURES) as part:
        for entry, figure in made:
            _, png = save(figure, part / entry.name, ("pdf", "png"))
            shown.append(
                {
                    "name": entry.name,
                    "title": entry.title,
                    "alt": figure.alt,
                    "width": f"{figure.get_figwidth():.2f}",
                    "height": f"{figure.get_figheight():.2f}",
                    "png": "data:image/png;base64," + base64.b64encode(_for_screen(png)).decode("ascii"),
                    "pdf": f"{base}{FIGURES}/{entry.name}.pdf",
                }
            )
    return shown


def _for_screen(png: Path) -> bytes:
    """Return a picture for the page: 220 dpi in 64 colours, a fifth of the bytes, and a screen shows no more.

    The PDF beside the page has every detail.
    """
    buffer = io.BytesIO()
    with Image.open(png) as picture:
        size = (round(picture.width * _SCREEN_DPI / 300), round(picture.height * _SCREEN_DPI / 300))
        small = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        small.quantize(64, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(buffer, "png")
    return buffer.getvalue()
