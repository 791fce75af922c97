"""Draw the figures of every fit and write the page that shows them."""

from __future__ import annotations

import base64
import io
import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from PIL import Image

from ra_bayes import figures
from ra_bayes.files import atomic_folder, write_text
from ra_bayes.report.content import page_content
from ra_bayes.results import FIGURES, Result

if TYPE_CHECKING:
    from ra_bayes.published import Publication

__all__ = ["write_report"]

PAGE = "index.html"
_TITLES = {
    "trajectories": "Trajectories",
    "forest": "Change by patient",
    "prior-posterior": "Prior against posterior",
    "predictive-check": "Posterior predictive check",
}


def write_report(
    results: Mapping[str, Result],
    folder: str | PathLike[str],
    *,
    ci_prob: float = 0.90,
    step: Callable[[str], None] = lambda _: None,
    paper: Publication | None = None,
    workers: int = 1,
) -> Path:
    """Write ``folder/index.html`` and, for every model, its figures as PDF and PNG.

    Parameters
    ----------
    results
        Fits by model name, as :func:`~ra_bayes.results.find_results` returns them.
    folder
        The results folder.
    ci_prob
        Probability of the credible intervals.
    step
        Called with the name of each model when it is drawn.
    paper
        Published facts to set beside the fits.
    workers
        Processes that may draw. A script that asks for more than one needs the guard
        ``if __name__ == "__main__"``, as each worker imports it.

    Returns
    -------
    Path
        The page: one file that needs no other and no network.
    """
    import jinja2

    drawn = _draw_all(results, Path(folder), ci_prob, step, workers)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ra_bayes.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    content = page_content(results, drawn, ci_prob=ci_prob, paper=paper)
    return write_text(Path(folder) / PAGE, environment.get_template("page.html.j2").render(content))


def _draw_all(
    results: Mapping[str, Result], folder: Path, ci_prob: float, step: Callable[[str], None], workers: int
) -> dict[str, list[dict[str, str]]]:
    """Draw every fit that passed its gate, several at once if there are workers."""
    jobs = {name: folder / name / FIGURES for name, result in results.items() if result.gate.passed}
    drawn: dict[str, list[dict[str, str]]] = {name: [] for name in results}
    # A worker spends as long on imports as on three fits' figures.
    workers = min(workers, len(jobs) // 3)
    if workers < 2:
        for name, target in jobs.items():
            drawn[name] = _draw(results[name], target, ci_prob)
            step(name)
        return drawn
    # Spawned, not forked: the sampler's threads do not survive a fork.
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    with pool:
        futures = {pool.submit(_draw, results[name], target, ci_prob): name for name, target in jobs.items()}
        for done in as_completed(futures):
            drawn[futures[done]] = done.result()
            step(futures[done])
    return drawn


def _draw(result: Result, folder: Path, ci_prob: float) -> list[dict[str, str]]:
    """Draw and save the figures of one fit; what is already known of it is not worked out again."""
    tree, gate = result.tree, result.gate
    made = {
        "trajectories": figures.trajectories(tree, ci_prob=ci_prob, diagnosis=gate),
        "forest": figures.forest(tree, ci_prob=ci_prob, table=result.table, diagnosis=gate),
        "prior-posterior": figures.prior_posterior(tree, ci_prob=ci_prob, diagnosis=gate),
        "predictive-check": figures.predictive_check(tree, ci_prob=ci_prob, diagnosis=gate),
    }
    shown = []
    with atomic_folder(folder) as part:
        for stem, figure in made.items():
            _, png = figures.save(figure, part / stem)
            shown.append(
                {
                    "title": _TITLES[stem],
                    "alt": figure.alt,
                    "width": f"{figure.get_figwidth():.2f}",
                    "png": "data:image/png;base64," + base64.b64encode(_for_screen(png)).decode("ascii"),
                    "pdf": f"{quote(folder.parent.name)}/{FIGURES}/{stem}.pdf",
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
