"""Draw and save the figures of a result, and return what the page needs of each."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from PIL import Image

from ra_bayes.estimand.arms import has_two_arms
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.drawn_from import Fit, fit_in, fit_of_arm, joint_fits, side_by_side, sides
from ra_bayes.figures.gallery import Entry, applying
from ra_bayes.figures.save import save
from ra_bayes.files import atomic_folder
from ra_bayes.plain import plain
from ra_bayes.results import FIGURES, CountsResult, Result
from ra_bayes.results.comparisons import place_of_comparison

if TYPE_CHECKING:
    from ra_bayes.comparison.comparison import Comparison
    from ra_bayes.planning.plan import Plan

__all__ = [
    "ACROSS",
    "PATTERN",
    "draw_across",
    "draw_comparison",
    "draw_counts",
    "draw_fit",
    "draw_joint",
    "draw_plan",
]

ACROSS = "across"
PATTERN = "missing-pattern"
"""The figure of the data, not of fits."""

_SCREEN_DPI = 220


class _Figure(NamedTuple):
    """A figure drawn: its place in the gallery, its file's name without ending, and its title."""

    entry: Entry
    canvas: Canvas
    stem: str
    title: str


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
    made = _drawn(_shown(applying(fit, "fit", "trust", "certificate")), fit, ci_prob)
    made += _arm_by_arm(fit, ci_prob)
    return _save(made, folder, f"{quote(folder.name)}/")


def _arm_by_arm(fit: Fit, ci_prob: float, before: str = "") -> list[_Figure]:
    """Draw the figures of a fit of two arms that are told of one."""
    made: list[_Figure] = []
    for side, arm in sides(fit.result):
        one = fit_of_arm(fit, arm)
        told = [each for each in _shown(applying(one, "fit")) if not each.both_arms]
        made += _drawn(told, one, ci_prob, f"{before}{side}-", f", arm {plain(arm)}")
    return made


def draw_joint(result: Result, folder: Path, ci_prob: float) -> dict[str, list[dict[str, str]]]:
    """Draw and save the figures of a joint fit: by outcome, and under ``""`` those of several at once.

    Parameters
    ----------
    result
        The fit.
    folder
        The folder it lies in.
    ci_prob
        Probability of the credible intervals.
    """
    fits = joint_fits(result)
    pattern = [each for each in _shown(applying(fits, "fits")) if each.name == PATTERN]
    groups = {"": _drawn(pattern, fits, ci_prob)}
    for side, arm, told in side_by_side(fits):
        shown = [each for each in _shown(applying(told, "fits")) if each.name != PATTERN]
        before, after = (f"{side}-", f", arm {plain(arm)}") if side else ("", "")
        groups[""] += _drawn(shown, told, ci_prob, before, after)
    for outcome, fit in fits.items():
        made = _drawn(_shown(applying(fit, "fit")), fit, ci_prob, f"{outcome}-")
        groups[outcome] = made + _arm_by_arm(fit, ci_prob, f"{outcome}-")
    saved = iter(_save([each for made in groups.values() for each in made], folder, f"{quote(folder.name)}/"))
    return {outcome: [next(saved) for _ in made] for outcome, made in groups.items()}


def draw_across(results: Mapping[str, Result], folder: Path, ci_prob: float) -> list[dict[str, str]]:
    """Draw and save who was measured when and, if several fits passed their gate, these side by side.

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
    if not fits:
        return []
    pattern = [each for each in _shown(applying(fits, "fits")) if each.name == PATTERN]
    made = _drawn(pattern, fits, ci_prob)
    # Side by side outcomes are told of one arm.
    single = {name: fit for name, fit in fits.items() if not has_two_arms(fit.result.tree)}
    if len(single) > 1:
        shown = [each for each in _shown(applying(single, "fits")) if each.name != PATTERN]
        made += _drawn(shown, single, ci_prob)
    return _save(made, folder / ACROSS, f"{ACROSS}/") if made else []


def draw_comparison(comparison: Comparison, folder: Path) -> list[dict[str, str]]:
    """Draw and save the figures of a comparison into the sub-folder of the results folder that holds it."""
    where = place_of_comparison(folder, comparison.outcome)
    ci_prob = float(comparison.models["ci_prob"].iloc[0])
    made = _drawn(_shown(applying(comparison, "comparison")), comparison, ci_prob)
    return _save(made, where, f"{quote(where.name)}/")


def draw_counts(result: CountsResult, folder: Path) -> list[dict[str, str]]:
    """Draw and save the figure of published counts.

    Parameters
    ----------
    result
        What published counts say, of :func:`~ra_bayes.results.find_results`.
    folder
        The one that the result lies in.

    Returns
    -------
    list of dict
        Of each figure its ``name``, ``title`` and ``alt`` text, its size in inches, the picture as ``png``, a
        data URI, and where its ``pdf`` lies from the page.

    Examples
    --------
    >>> from ra_bayes.results import find_results
    >>> found = find_results("results")  # doctest: +SKIP
    >>> draw_counts(found.counts["jamshidi2024"], Path("results/jamshidi2024"))  # doctest: +SKIP
    """
    ci_prob = float(result.comparison["ci_prob"].iloc[0])
    made = _drawn(_shown(applying(result, "counts")), result, ci_prob)
    return _save(made, folder, f"{quote(folder.name)}/")


def draw_plan(plan: Plan, folder: Path) -> dict[str, dict[str, str]]:
    """Draw and save the figures that a plan has something for, by name; the page lies in the folder."""
    made = _drawn(_shown(applying(plan, "plan")), plan, 0.90)
    return {each["name"]: each for each in _save(made, folder, "")}


def _shown(found: Sequence[Entry]) -> list[Entry]:
    return [each for each in found if each.in_report]


def _drawn(
    found: Sequence[Entry], source: Any, ci_prob: float, before: str = "", after: str = ""
) -> list[_Figure]:
    """Draw figures; what stands before their files' names and after their titles tells them apart."""
    return [
        _Figure(each, each.draw(source, ci_prob), f"{before}{each.name}", f"{each.title}{after}")
        for each in found
    ]


def _save(made: Sequence[_Figure], folder: Path, base: str) -> list[dict[str, str]]:
    """Save figures; `base` leads from the page to the folder."""
    shown = []
    with atomic_folder(folder / FIGURES) as part:
        for entry, figure, stem, title in made:
            _, png = save(figure, part / stem, ("pdf", "png"))
            shown.append(
                {
                    "name": entry.name,
                    "title": title,
                    "alt": figure.alt,
                    "width": f"{figure.get_figwidth():.2f}",
                    "height": f"{figure.get_figheight():.2f}",
                    "png": "data:image/png;base64," + base64.b64encode(_for_screen(png)).decode("ascii"),
                    "pdf": f"{base}{FIGURES}/{stem}.pdf",
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
