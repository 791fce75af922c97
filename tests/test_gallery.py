"""Every figure of the gallery in every journal's preset: legible, told in words, listed in the docs."""

from __future__ import annotations

import re

import pytest
from drawn import fit_to_print
from gallery_inputs import drawn_for, sources

from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.gallery import GALLERY, NEEDS, entries, entry
from ra_bayes.figures.journals import JOURNALS

# Those whose sizes differ: a figure for Elsevier is one for ARD; one for Nature has the house's sizes, which
# the tests of each figure look at.
SIZES = ("ard", "bmc", "slides")
_INTERVAL = re.compile(r"\d+% (?:and \d+% )?[a-z ]+ \(equal-tailed\)")


def figure_of(name: str, preset: str) -> Canvas:
    """Each figure in each preset, and of its sources one after the other."""
    cases = list(sources(entry(name)))
    turn = [each.name for each in GALLERY].index(name) + SIZES.index(preset)
    return drawn_for(preset, name, cases[turn % len(cases)])


@pytest.mark.parametrize("preset", SIZES)
@pytest.mark.parametrize("name", [each.name for each in GALLERY])
def test_every_figure_is_fit_for_every_journal(name: str, preset: str) -> None:
    figure = figure_of(name, preset)
    fit_to_print(figure)
    thinnest = JOURNALS[preset].thinnest_pt
    for axes in figure.axes:
        for line in axes.lines:
            assert line.get_linestyle() == "None" or line.get_linewidth() >= thinnest, line.get_gid()


@pytest.mark.parametrize("name", [each.name for each in GALLERY])
def test_a_text_alternative_has_n_and_names_the_interval(name: str) -> None:
    figure = figure_of(name, "ard")
    assert re.search(r"\b\d+ patients\b", figure.alt), figure.alt
    below = figure.footer.replace("\n", " ")
    if "interval" in below and "Monte Carlo interval" not in below:
        assert _INTERVAL.search(figure.alt), figure.alt
        assert _INTERVAL.search(below), below


def test_names_are_files_and_each_is_there_once() -> None:
    names = [each.name for each in GALLERY]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)
    assert {each.needs for each in GALLERY} <= set(NEEDS)
    for each in GALLERY:
        assert each.shows.endswith(".")
        assert each.shows.count(". ") == 0
        assert entry(each.name) is each
        assert each in entries(each.needs)
    with pytest.raises(RaBayesError, match="no figure 'pie' in the gallery; write one of trajectories, "):
        entry("pie")
