"""Draw the figures of every fit and write the page that shows them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from ra_bayes import figures
from ra_bayes.files import atomic_folder, write_text
from ra_bayes.report.content import page_content
from ra_bayes.results import FIGURES, Result

if TYPE_CHECKING:
    from ra_bayes.published import Publication

__all__ = ["write_report"]

PAGE = "index.html"
_DRAWN = (
    ("trajectories", "Trajectories", figures.trajectories),
    ("forest", "Change by patient", figures.forest),
    ("prior-posterior", "Prior against posterior", figures.prior_posterior),
    ("predictive-check", "Posterior predictive check", figures.predictive_check),
)


def write_report(
    results: Mapping[str, Result],
    folder: str | PathLike[str],
    *,
    ci_prob: float = 0.90,
    step: Callable[[str], None] = lambda _: None,
    paper: Publication | None = None,
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
        Called with the name of each model before it is drawn.
    paper
        Published facts to set beside the fits.

    Returns
    -------
    Path
        The page: one file that needs no other and no network.
    """
    import jinja2

    drawn = {}
    for name, result in results.items():
        step(name)
        drawn[name] = _draw(result, Path(folder) / name / FIGURES) if result.gate.passed else []
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ra_bayes.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    content = page_content(results, drawn, ci_prob=ci_prob, paper=paper)
    return write_text(Path(folder) / PAGE, environment.get_template("page.html.j2").render(content))


def _draw(result: Result, folder: Path) -> list[dict[str, str]]:
    shown = []
    with atomic_folder(folder) as part:
        for stem, title, draw in _DRAWN:
            figure = draw(result.tree)
            _, png = figures.save(figure, part / stem)
            shown.append(
                {
                    "title": title,
                    "alt": figure.alt,
                    "png": "data:image/png;base64," + base64.b64encode(png.read_bytes()).decode("ascii"),
                    "pdf": f"{folder.parent.name}/{FIGURES}/{stem}.pdf",
                }
            )
    return shown
