"""Every figure of the gallery in every journal's preset: legible, told in words, listed in the docs."""

from __future__ import annotations

import re

import pytest
from drawn import fit_to_print, shown
from gallery_inputs import drawn_for, sources
from matplotlib.text import Text

from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.gallery import GALLERY, NEEDS, entries, entry
from ra_bayes.figures.journals import JOURNALS
from ra_bayes.tree import spec_of

# Those whose sizes differ. Nature's are the house's, which the tests of each figure look at. At the house's
# text size a column of ARD and Elsevier is 77, 120 or 163 mm wide and one of a slide 78, 120 or 160; a slide
# is lower by far, and the house's paper taller: what lies apart on those does so in ARD.
SIZES = ("bmc", "slides")
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
def test_words_have_n_name_the_interval_and_have_true_minus_signs(name: str) -> None:
    figure = figure_of(name, "slides")
    below = figure.footer.replace("\n", " ")
    for told in (figure.alt, below):
        assert re.search(r"\b[\d,]+ patients\b", told), told
        # A hyphen joins words and names, SYN-1; before a number it is a minus.
        assert not re.search(r"(?<!\w)-\d", told), told
    if "interval" in below and "Monte Carlo interval" not in below:
        assert _INTERVAL.search(figure.alt), figure.alt
        assert _INTERVAL.search(below), below


@pytest.mark.parametrize("name", [each.name for each in entries("fit", "trust")])
def test_a_figure_of_a_fit_names_its_outcome(name: str) -> None:
    turn = [each.name for each in GALLERY].index(name)
    cases = list(sources(entry(name)))
    source = cases[turn % len(cases)]
    label = spec_of(sources(entry(name))[source].result.tree).outcome.label
    figure = drawn_for("slides", name, source)
    assert label in figure.alt
    assert any(
        label in each.replace("\n", " ") for each in (figure.footer, *map(Text.get_text, shown(figure)))
    )


def test_outcomes_of_one_joint_fit_are_said_to_be() -> None:
    said = {
        "forest-outcomes": "all outcomes fitted together",
        "concordance": "One joint posterior; a new patient's outcomes are tied as it says.",
        "biomarker": "The outcomes were fitted together, draw by draw.",
    }
    for name, words in said.items():
        assert words in drawn_for("slides", name, "together").footer.replace("\n", " ")
        assert "separate" in drawn_for("slides", name, "all").footer or name == "forest-outcomes"


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
