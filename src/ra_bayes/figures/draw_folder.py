"""Draw the gallery for everything in a results folder, in a journal's style, each figure with its words.

Files lie side by side in one folder, as a journal's upload wants them: ``MODEL-FIGURE.pdf`` for a fit or a
publication, ``FIGURE.pdf`` across fits, of a joint fit ``JOINT-OUTCOME-FIGURE.pdf`` and across its outcomes
``JOINT-FIGURE.pdf``, of one of two arms ``MODEL-treated-FIGURE.pdf`` and ``MODEL-control-FIGURE.pdf``, and
beside each a ``.txt`` with its heading, its text alternative and what stands under it. Nothing else in that
folder is touched.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ra_bayes.errors import RaBayesError
from ra_bayes.estimand.arms import has_two_arms
from ra_bayes.figures.drawn_from import fit_in, fit_of_arm, joint_fits, side_by_side, sides
from ra_bayes.figures.gallery import GALLERY, NEEDS, Need, applying, entry
from ra_bayes.figures.journals import journal
from ra_bayes.figures.save import save
from ra_bayes.files import write_text
from ra_bayes.results.comparisons import find_comparisons
from ra_bayes.results.summary import read_order

if TYPE_CHECKING:
    from ra_bayes.figures.canvas import Canvas
    from ra_bayes.figures.drawn_from import Fit, NamedDesign
    from ra_bayes.figures.gallery import Entry
    from ra_bayes.planning.plan import Plan
    from ra_bayes.results import Found

__all__ = ["Drawn", "draw_design", "draw_folder", "draw_plan", "missing"]

_OF_ONE: tuple[Need, ...] = ("fit", "trust", "certificate")
# Figures of plans have no credible interval.
_PLANS_CI_PROB = 0.90
# What gives a folder what it lacks.
_MENDS: dict[Need, str] = {
    "fit": "run ra-bayes fit FILE --out {folder}",
    "trust": "run ra-bayes trust {folder}",
    "certificate": "run ra-bayes calibrate MODEL",
    "fits": "fit several models into one folder",
    "comparison": "run ra-bayes compare FILE --model A --model B --out {folder}",
    "counts": "run ra-bayes published PAGE --out {folder}",
    "plan": "run ra-bayes plan DESIGN --out FOLDER --style STYLE",
    "design": "run ra-bayes plan simon --out FOLDER --style STYLE, or another named design",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure that was drawn.

    Parameters
    ----------
    figure
        Its name in the gallery.
    source
        The model or publication it is of, the outcome of a joint model; empty for one across fits.
    files
        What was written, in the order of the formats; the words last.
    alt
        Its text alternative.
    """

    figure: str
    source: str
    files: tuple[Path, ...]
    alt: str


@dataclass(frozen=True, eq=False)
class _Job:
    """The figures of one source, and how they are drawn: what a worker needs."""

    source: str
    drawn_from: Any
    figures: tuple[str, ...]
    style: str
    formats: tuple[str, ...] | None
    dpi: int | None
    ci_prob: float
    out: Path


def draw_folder(
    found: Found,
    folder: str | PathLike[str],
    out: str | PathLike[str],
    *,
    style: str = "house",
    formats: Sequence[str] | None = None,
    dpi: int | None = None,
    only: Sequence[str] = (),
    models: Sequence[str] = (),
    ci_prob: float = 0.90,
    step: Callable[[str], None] = lambda _: None,
    workers: int = 1,
) -> tuple[Drawn, ...]:
    """Draw and save every figure of the gallery that a results folder has something for.

    A fit that did not pass its gate is left out.

    Parameters
    ----------
    found
        What :func:`~ra_bayes.results.find_results` read, at the same `ci_prob`.
    folder
        The results folder.
    out
        Where the files go; made if it is not there.
    style
        Name of a preset, see :func:`~ra_bayes.figures.journals.journal`.
    formats, dpi
        As :func:`~ra_bayes.figures.save.save` takes them; without, the preset's.
    only
        Names of the figures wanted; without, all.
    models
        Names of the fits and publications wanted; without, all.
    ci_prob
        Probability of the credible intervals.
    step
        Called with the name of each source when its figures are drawn.
    workers
        Processes that may draw.

    Returns
    -------
    tuple of Drawn
        In the order of sources, then of the gallery.

    Raises
    ------
    RaBayesError
        If a figure, a model, the style or a format is not known, or there is nothing to draw.
    """
    wanted = {entry(name).name for name in only} or {each.name for each in GALLERY}
    unknown = [name for name in models if name not in found.every]
    if unknown:
        raise RaBayesError(f"{folder}: nothing of {unknown[0]!r} in it; name one of {', '.join(found.every)}")
    jobs = [
        _Job(name, source, names, style, None if formats is None else tuple(formats), dpi, ci_prob, Path(out))
        for name, source, applied in _sources(found, folder, set(models or found.every))
        if (names := tuple(each.name for each in applied if each.name in wanted))
    ]
    if not jobs:
        raise RaBayesError(f"{folder}: nothing to draw; {'; '.join(missing(found, folder, (), only))}")
    made = _run(jobs, step, workers)
    return tuple(each for job in jobs for each in made[job.source])


def draw_plan(
    plan: Plan,
    out: str | PathLike[str],
    *,
    style: str = "house",
    formats: Sequence[str] | None = None,
) -> tuple[Drawn, ...]:
    """Draw and save every figure of the gallery that a plan has something for: ``DESIGN-FIGURE.pdf``.

    Parameters
    ----------
    plan
        What :func:`~ra_bayes.planning.plan.make_plan` returned.
    out
        Where the files go; made if it is not there.
    style, formats
        As for :func:`draw_folder`.

    Raises
    ------
    RaBayesError
        If the style or a format is not known.
    """
    return _draw_alone(plan.design.name, plan, "plan", out, style, formats)


def draw_design(
    name: str,
    design: NamedDesign,
    out: str | PathLike[str],
    *,
    style: str,
) -> tuple[Drawn, ...]:
    """Draw and save the decision boundaries of a named design: ``NAME-named-boundaries.pdf``.

    Parameters
    ----------
    name
        Of the design, such as ``simon``.
    design
        Its boundaries, and what it is called.
    out
        Where the files go; made if it is not there.
    style
        As for :func:`draw_folder`.

    Raises
    ------
    RaBayesError
        If the style is not known.
    """
    return _draw_alone(name, design, "design", out, style)


def _draw_alone(
    name: str,
    source: object,
    need: Need,
    out: str | PathLike[str],
    style: str,
    formats: Sequence[str] | None = None,
) -> tuple[Drawn, ...]:
    """Draw what needs no results folder."""
    names = tuple(each.name for each in applying(source, need))
    kinds = None if formats is None else tuple(formats)
    return _draw(_Job(name, source, names, style, kinds, None, _PLANS_CI_PROB, Path(out)))


def missing(
    found: Found, folder: str | PathLike[str], drawn: Sequence[Drawn], only: Sequence[str] = ()
) -> list[str]:
    """Return in a line each which figures were not drawn for want of what, and how to come by it.

    Parameters
    ----------
    found
        What the folder holds.
    folder
        The results folder.
    drawn
        What :func:`draw_folder` drew.
    only
        The figures that were asked for; without, all but those of plans and designs.
    """
    there = {each.figure for each in drawn}
    lacking: dict[Need, list[str]] = {}
    for each in GALLERY:
        asked = each.name in only if only else each.needs not in ("plan", "design")
        if asked and each.name not in there:
            lacking.setdefault(each.needs, []).append(each.name)
    met = _met(found, folder)
    return [
        f"{', '.join(names)}: these results have nothing for it to show"
        if need in met
        else f"{', '.join(names)}: needs {NEEDS[need]}; {_MENDS[need].format(folder=folder)}"
        for need, names in lacking.items()
    ]


def _met(found: Found, folder: str | PathLike[str]) -> set[Need]:
    """Return which needs a folder meets, whether or not a figure then has something to show."""
    fits = [fit_in(folder, name, result) for name, result in found.fits.items() if result.gate.passed]
    together = any(result.gate.passed for result in found.joints.values())
    met: dict[Need, bool] = {
        "fit": bool(fits) or together,
        "trust": any(fit.trust for fit in fits),
        "certificate": any(fit.certificate is not None for fit in fits),
        "fits": len(fits) > 1 or together,
        "comparison": any(not each.stale(found.fits) for each in find_comparisons(folder).values()),
        "counts": bool(found.counts),
    }
    return {need for need, yes in met.items() if yes}


def _sources(
    found: Found, folder: str | PathLike[str], models: set[str]
) -> Iterator[tuple[str, Any, tuple[Entry, ...]]]:
    """Yield each source by name with the figures it has something for, in the order of a report."""
    fits = {
        name: fit_in(folder, name, found.fits[name])
        for name in read_order(found.fits)
        if name in models and found.fits[name].gate.passed
    }
    for name, fit in fits.items():
        yield name, fit, applying(fit, *_OF_ONE)
        yield from _arm_by_arm(name, fit)
    # Side by side outcomes are told of one arm.
    single = {name: fit for name, fit in fits.items() if not has_two_arms(fit.result.tree)}
    if len(single) > 1:
        yield "", single, applying(single, "fits")
    for name, result in found.joints.items():
        if name in models and result.gate.passed:
            outcomes = joint_fits(result)
            for outcome, fit in outcomes.items():
                yield f"{name}-{outcome}", fit, applying(fit, *_OF_ONE)
                yield from _arm_by_arm(f"{name}-{outcome}", fit)
            for side, _, each in side_by_side(outcomes):
                yield f"{name}-{side}" if side else name, each, applying(each, "fits")
    for outcome, stored in find_comparisons(folder).items():
        compared = set(stored.comparison.models["model"])
        # After another fit of a model it is of what is no longer there.
        if compared <= models and not stored.stale(found.fits):
            yield f"comparison-{outcome}", stored.comparison, applying(stored.comparison, "comparison")
    for name, counts in found.counts.items():
        if name in models:
            yield name, counts, applying(counts, "counts")


def _arm_by_arm(name: str, fit: Fit) -> Iterator[tuple[str, Fit, tuple[Entry, ...]]]:
    """Yield the arms of a fit of two, each with the figures that are told of one."""
    for side, arm in sides(fit.result):
        one = fit_of_arm(fit, arm)
        yield f"{name}-{side}", one, tuple(each for each in applying(one, "fit") if not each.both_arms)


def _run(jobs: Sequence[_Job], step: Callable[[str], None], workers: int) -> dict[str, tuple[Drawn, ...]]:
    """Draw every job's figures, several jobs at once where that pays."""
    # A worker spends as long on imports as on three fits' figures.
    workers = min(workers, len(jobs) // 3)
    made: dict[str, tuple[Drawn, ...]] = {}
    if workers < 2:
        for job in jobs:
            made[job.source] = _draw(job)
            step(job.source or "across fits")
        return made
    # Spawned, not forked: the sampler's threads do not survive a fork.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = {pool.submit(_draw, job): job.source for job in jobs}
        for done in as_completed(futures):
            made[futures[done]] = done.result()
            step(futures[done] or "across fits")
    return made


def _draw(job: _Job) -> tuple[Drawn, ...]:
    made = []
    for name in job.figures:
        found = entry(name)
        with journal(job.style):
            figure = found.draw(job.drawn_from, job.ci_prob)
        stem = f"{job.source}-{name}" if job.source else name
        files = save(figure, job.out / stem, job.formats, dpi=job.dpi)
        words = write_text(job.out / f"{stem}.txt", _words(found, figure, job.source))
        made.append(Drawn(name, job.source, (*files, words), figure.alt))
    return tuple(made)


def _words(found: Entry, figure: Canvas, source: str) -> str:
    """Return the figure's heading, its text alternative and what stands under it, for a caption."""
    heading = f"{found.title}: {source}" if source else found.title
    below = figure.footer.replace("\n", " ")
    return f"{heading}\n\nText alternative: {figure.alt}\n\nUnder the figure: {below}\n"
