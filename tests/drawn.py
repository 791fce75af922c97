"""Figures of fits without sampling, drawn once, and ways to ask what is on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.lines import Line2D
from matplotlib.text import Text
from trees import drawn_tree

from ra_bayes import figures
from ra_bayes.cohort import read_cohort
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.style import style
from ra_bayes.model import load_model
from ra_bayes.resources import data_dir

MODELS = ("vas", "tnf_alpha", "haq", "acr20")
PATIENTS = [f"SYN-{i}" for i in range(1, 7)]
FIGURES: dict[str, Callable[..., Canvas]] = {
    "trajectories": figures.trajectories,
    "forest": figures.forest,
    "prior_posterior": figures.prior_posterior,
    "predictive_check": figures.predictive_check,
}
WIDTH = {name: 89.0 if name == "forest" else 183.0 for name in FIGURES}


@cache
def fitted(model: str) -> xr.DataTree:
    return drawn_tree(load_model(model), read_cohort(data_dir() / "synthetic_cohort.csv"))


@cache
def drawn(figure: str, model: str) -> Canvas:
    return FIGURES[figure](fitted(model))


def lines(axes: Axes, gid: str) -> list[Line2D]:
    return [line for line in axes.lines if line.get_gid() == gid]


def one(axes: Axes, gid: str) -> Line2D:
    (found,) = lines(axes, gid)
    return found


def words(figure: Canvas) -> list[str]:
    return [text.get_text() for each in (figure, *figure.axes) for text in each.texts]


def fit_to_print(figure: Canvas) -> None:
    """A column wide, every text large enough, within the page, and apart from every other."""
    width, height = figure.get_size_inches() * 25.4
    assert any(abs(width - each) < 0.1 for each in figure.journal.columns_mm)
    assert height <= figure.journal.tallest_mm + 0.1
    assert not any(word in figure.alt.split() for word in ("nan", "inf", "None"))
    page = figure.bbox
    boxes = []
    # As it is saved: with the letters' own widths.
    with style(figure.journal):
        figure.draw_without_rendering()
        extents = [(text, text.get_window_extent()) for text in shown(figure)]
    # Names of contours are rotated, and so are their boxes.
    turned = {text.get_text() for text, _ in extents if text.get_rotation() % 90.0}
    for text, box in extents:
        assert text.get_fontsize() >= figure.journal.least_pt, text.get_text()
        inside = box.x0 >= -1 and box.x1 <= page.x1 + 1 and box.y0 >= -1 and box.y1 <= page.y1 + 1
        assert inside, text.get_text()
        # A pixel is 0.08 mm.
        boxes.append((text.get_text(), box.padded(-1.0)))
    for (a, first), (b, second) in combinations(boxes, 2):
        assert a in turned or b in turned or not first.overlaps(second), (a, b)


def shown(figure: Canvas) -> list[Text]:
    hidden = {text for axes in figure.axes for text in _ticks_not_drawn(axes)}
    return [
        text for text in figure.findobj(Text) if text.get_text() and text.get_visible() and text not in hidden
    ]


def _ticks_not_drawn(axes: Axes) -> Iterator[Text]:
    """Ticks beyond the axis are not drawn, but keep their text; so do those of hidden axes."""
    for way, labels, ends in (
        (0, axes.get_xticklabels(), axes.get_xlim()),
        (1, axes.get_yticklabels(), axes.get_ylim()),
    ):
        low, high = sorted(ends)
        for text in labels:
            if not axes.axison or not low <= text.get_position()[way] <= high:
                yield text


def blocks(axes: Axes) -> list[tuple[str, float, float]]:
    return [
        (str(each.get_gid()), each.get_y(), each.get_y() + each.get_height())
        for container in axes.containers
        if isinstance(container, BarContainer)
        for each in container
    ]
