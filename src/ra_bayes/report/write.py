"""Draw the figures of every fit and write the page that shows them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ra_bayes.files import atomic_file, write_text
from ra_bayes.report.comparison_content import comparison_content
from ra_bayes.report.content import page_content
from ra_bayes.report.document import DOCUMENT, document_of
from ra_bayes.report.draw import draw_across, draw_comparison, draw_counts, draw_fit, draw_joint
from ra_bayes.report.render import PAGE, render
from ra_bayes.results import Found, Result, joint_outcomes, read_order, read_trust
from ra_bayes.results.comparisons import find_comparisons
from ra_bayes.results.plans import stored_plans

if TYPE_CHECKING:
    from ra_bayes.published import Publication

__all__ = ["Format", "write_report"]

type Format = Literal["html", "docx"]


def write_report(
    found: Found,
    folder: str | PathLike[str],
    *,
    ci_prob: float = 0.90,
    step: Callable[[str], None] = lambda _: None,
    paper: Publication | None = None,
    workers: int = 1,
    formats: Sequence[Format] = ("html",),
) -> dict[Format, Path]:
    """Write the report and, for everything in the folder, its figures as PDF and PNG.

    Parameters
    ----------
    found
        Fits and what published counts say, as :func:`~ra_bayes.results.find_results` returns them.
    folder
        The results folder.
    ci_prob
        Probability of the credible intervals.
    step
        Called with the name of each model or publication when it is drawn.
    paper
        Published counts to set beside the fits, if they are not in the folder.
    workers
        Processes that may draw. A script that asks for more than one needs the guard
        ``if __name__ == "__main__"``, as each worker imports it.
    formats
        ``"html"``: ``folder/index.html``, one file that needs no other and no network. ``"docx"``:
        ``folder/report.docx``, the same content for Word.

    Returns
    -------
    dict
        What was written, by format.

    Examples
    --------
    >>> from ra_bayes.results import find_results
    >>> write_report(find_results("results"), "results", formats=("html", "docx"))  # doctest: +SKIP
    """
    drawn = _draw_all(found.fits, Path(folder), ci_prob, step, workers)
    for name, result in found.counts.items():
        drawn[name] = draw_counts(result, Path(folder) / name)
        step(name)
    for name, joint in found.joints.items():
        drawn |= _draw_joint(name, joint, Path(folder), ci_prob)
        step(name)
    across = draw_across({name: found.fits[name] for name in read_order(found.fits)}, Path(folder), ci_prob)
    trusted = {name: read_trust(folder, name) for name in found.fits}
    content = page_content(
        found,
        drawn,
        trusted=trusted,
        ci_prob=ci_prob,
        paper=paper,
        plans=stored_plans(folder),
        across=across,
        compared=_compared(found.fits, Path(folder)),
    )
    page = render("page.html.j2", content)
    return {each: _write(each, page, Path(folder)) for each in formats}


def _draw_joint(name: str, joint: Result, folder: Path, ci_prob: float) -> dict[str, list[dict[str, str]]]:
    """Return the figures of a joint fit by the names that its parts have on the page; none if it failed."""
    made = draw_joint(joint, folder / name, ci_prob) if joint.gate.passed else {}
    return {name: made.get("", [])} | {
        f"{name}-{outcome}": made.get(outcome, []) for outcome in joint_outcomes(joint)
    }


def _compared(fits: Mapping[str, Result], folder: Path) -> list[dict[str, Any]]:
    """Return what the page shows of the comparisons in a folder, those that are of its fits drawn."""
    shown = []
    for outcome, stored in find_comparisons(folder).items():
        drawn = [] if stored.stale(fits) else draw_comparison(stored.comparison, folder)
        shown.append(comparison_content(outcome, stored, fits, drawn))
    return shown


def _write(form: Format, page: str, folder: Path) -> Path:
    if form == "html":
        return write_text(folder / PAGE, page)
    with atomic_file(folder / DOCUMENT) as part:
        part.write_bytes(document_of(page))
    return folder / DOCUMENT


def _draw_all(
    results: Mapping[str, Result], folder: Path, ci_prob: float, step: Callable[[str], None], workers: int
) -> dict[str, list[dict[str, str]]]:
    """Draw every fit that passed its gate, several at once if there are workers."""
    jobs = {name: folder / name for name, result in results.items() if result.gate.passed}
    drawn: dict[str, list[dict[str, str]]] = {name: [] for name in results}
    # A worker spends as long on imports as on three fits' figures.
    workers = min(workers, len(jobs) // 3)
    if workers < 2:
        for name, target in jobs.items():
            drawn[name] = draw_fit(results[name], target, ci_prob)
            step(name)
        return drawn
    # Spawned, not forked: the sampler's threads do not survive a fork.
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    with pool:
        futures = {
            pool.submit(draw_fit, results[name], target, ci_prob): name for name, target in jobs.items()
        }
        for done in as_completed(futures):
            drawn[futures[done]] = done.result()
            step(futures[done])
    return drawn
