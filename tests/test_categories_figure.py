"""The figure of ordered categories: its heights are the estimands, its dots the records' shares."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import fitted
from gallery_inputs import ordered

from ra_bayes.errors import RaBayesError
from ra_bayes.figures.categories import categories


def test_heights_and_intervals_are_the_estimands_and_dots_the_records() -> None:
    fit = ordered()
    (axes,) = categories(fit.result.tree, ci_prob=0.9).axes
    cuts = [line for line in axes.lines if line.get_gid() == "median"]
    dots = [line for line in axes.lines if line.get_gid() == "share"]
    black = [bars for bars in axes.collections if bars.get_gid() == "interval"][1::2]
    told = fit.result.table.set_index(["estimand", "week"])
    for k, name in enumerate(("share_at_most_0", "share_at_most_1", "share_at_most_2")):
        rows = [told.loc[(name, week)] for week in (0.0, 4.0, 12.0, 24.0)]
        np.testing.assert_allclose(cuts[k].get_ydata(), [row["estimate"] for row in rows], rtol=1e-9)
        ends = [segment[:, 1] for segment in black[k].get_segments()]
        np.testing.assert_allclose(ends, [[row["lower"], row["upper"]] for row in rows], rtol=1e-9)
    # Of six patients two go from 3 to 0, two stay at 3, two at 2.
    shares = [[0.0, 0.0, 0.0, 1 / 3], [0.0, 0.0, 1 / 3, 1 / 3], [1 / 3, 2 / 3, 2 / 3, 2 / 3]]
    np.testing.assert_allclose([np.asarray(line.get_ydata()) for line in dots], shares)


def test_an_outcome_without_categories_is_told_what_to_draw() -> None:
    with pytest.raises(RaBayesError, match="vas has no ordered categories to draw; draw"):
        categories(fitted("vas"))
