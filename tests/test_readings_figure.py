"""The figure of readings, by what is drawn on it: the numbers of the table at the rows that name them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from comparisons import MODELS, READINGS, RELATED, compared
from drawn import lines, one, words
from matplotlib.axes import Axes
from matplotlib.text import Text

from ra_bayes import figures
from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas
from ra_bayes.published import read_publication
from ra_bayes.resources import data_dir

TABLES = {
    "usual": compared(),
    "arms": compared(["acr20"], readings=("",), arms=("a", "b", "c", "placebo")),
    "arms and readings": compared(["vas", "il10"], arms=("cells", "placebo")),
    "one outcome": compared(["vas"], readings=("",)),
    "three relations": compared(["vas"], related=(0.0, 0.3, 0.6)),
}


def panel(figure: Canvas, title: str) -> Axes:
    (found,) = (axes for axes in figure.axes if axes.get_title(loc="left") == title)
    return found


@pytest.mark.parametrize("name", TABLES)
def test_it_is_fit_to_print(name: str) -> None:
    figure = figures.readings(TABLES[name])
    width = 89.0 if name in ("one outcome", "three relations") else 183.0
    assert figure.get_figwidth() * 25.4 == pytest.approx(width)
    footer = figure.footer.replace("\n", " ")
    assert "90% credible interval (equal-tailed)" in footer
    assert "Posterior given published counts; no patient's measurements are public." in footer
    assert "did not pass" not in footer
    assert not any(word in figure.alt for word in ("nan", "inf "))
    figure.draw_without_rendering()
    page = figure.bbox
    for text in figure.findobj(Text):
        if text.get_text() and text.get_visible():
            assert text.get_fontsize() >= 6.0
            box = text.get_window_extent()
            inside = box.x0 >= -1 and box.x1 <= page.x1 + 1 and box.y0 >= -1 and box.y1 <= page.y1 + 1
            assert inside or _is_tick(text, figure), text.get_text()


def _is_tick(text: Text, figure: Canvas) -> bool:
    return any(text in axes.get_xticklabels(which="both") for axes in figure.axes)


def test_every_row_has_the_numbers_of_its_reading_and_prior() -> None:
    table = compared()
    figure = figures.readings(table)
    names = figure.axes[0]
    headings = [text.get_text() for text in names.texts if text.get_gid() == "reading"]
    assert headings == ["any change", "mcid", "fraction 20"]
    named = [text for text in names.texts if text.get_gid() == "prior name"]
    assert [text.get_text() for text in named] == ["sceptical", "placebo informed", "wide"] * 3
    places = [text.get_position()[1] for text in named]
    axes = panel(figure, "Pain (VAS)")
    cases = [(reading, model) for reading in READINGS for model in MODELS]
    priors, bars, marks = (lines(axes, gid) for gid in ("prior", "interval", "estimate"))
    for row, (case, place) in enumerate(zip(cases, places, strict=True)):
        own = table[(table["reading"] == case[0]) & (table["model"] == case[1])].query("outcome == 'vas'")
        for k, related in enumerate(RELATED):
            wanted = own[own["related"] == related].iloc[0]
            bar, mark = bars[2 * row + k], marks[2 * row + k]
            assert tuple(bar.get_xdata()) == (wanted["lower"], wanted["upper"])
            assert mark.get_xdata()[0] == wanted["estimate"]
            assert abs(mark.get_ydata()[0] - place) < 0.3
            assert mark.get_marker() == ("o", "D")[k]
        assert tuple(priors[row].get_xdata()) == (wanted["prior_lower"], wanted["prior_upper"])
        assert set(priors[row].get_ydata()) == {place}


def test_no_change_and_the_better_side_are_those_of_the_outcome() -> None:
    figure = figures.readings(compared())
    assert set(one(panel(figure, "Pain (VAS)"), "zero").get_xdata()) == {0.0}
    ratio, rate = panel(figure, "IL-10"), panel(figure, "ACR20 response")
    assert set(one(ratio, "zero").get_xdata()) == {1.0}
    assert ratio.get_xscale() == "log"
    assert lines(rate, "zero") == []
    assert rate.get_xlim() == (0.0, 100.0)
    sides = {axes.get_title(loc="left"): words_of(axes, "side") for axes in figure.axes[2:]}
    assert sides["Pain (VAS)"] == ["← better"]
    assert sides["IL-10"] == ["better →"]
    assert sides["ACR20 response"] == []
    assert panel(figure, "Pain (VAS)").get_xlabel() == "Change, week 24 (mm)"


def words_of(axes: Axes, gid: str) -> list[str]:
    return [text.get_text() for text in axes.texts if text.get_gid() == gid]


def test_relations_differ_by_marker_and_by_fill() -> None:
    marks = lines(panel(figures.readings(compared()), "SDAI"), "estimate")[:2]
    looks = [(mark.get_marker(), mark.get_markerfacecolor()) for mark in marks]
    assert len({marker for marker, _ in looks}) == len({face for _, face in looks}) == 2
    footer = figures.readings(compared()).footer.replace("\n", " ")
    assert "filled circle: unrelated; open diamond: related (0.5)" in footer


def test_evidence_has_a_panel() -> None:
    table = compared(["vas"])
    drawn = lines(panel(figures.readings(table), "Evidence of all counts"), "evidence")
    assert [mark.get_xdata()[0] for mark in drawn] == list(table["log_evidence"])


def test_arms_have_panels_of_their_own() -> None:
    figure = figures.readings(TABLES["arms"])
    evidence = "Evidence of all counts"
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]
    assert titles == [*(f"ACR20 response, arm {arm}" for arm in ("a", "b", "c", "placebo")), evidence]
    assert "any change" not in words(figure)


def test_alt_has_the_numbers() -> None:
    alt = figures.readings(compared(["vas"])).alt
    # Medians from 30 (-0.1 - 0.2) to 30 (0.2), ends 15 beyond; chances 0.5, 0.6 and 0.7.
    assert "posterior medians −9 to 6, intervals within −24 to 21" in alt
    assert "probability of benefit 0.50 to 0.70" in alt
    assert "Log evidence from −15.2 to −12.5" in alt


def test_readings_are_explained_where_the_page_is_given() -> None:
    paper = read_publication(data_dir() / "published" / "jamshidi2024.toml")
    footer = figures.readings(compared(), paper).footer.replace("\n", " ")
    for reading in paper.readings:
        assert f"{reading.id.replace('_', ' ')}: {reading.words}." in footer


def test_a_failed_gate_is_named() -> None:
    table = compared()
    table.loc[table["model"] == "wide", "ess"] = 100.0
    figure = figures.readings(table)
    assert "did not pass its gate for wide under any_change" in figure.footer.replace("\n", " ")
    assert "not to be relied on" in figure.alt


def test_a_part_of_the_table_is_refused() -> None:
    with pytest.raises(RaBayesError, match="make one with compare_readings"):
        figures.readings(pd.DataFrame())


def test_the_same_table_gives_the_same_files(tmp_path: Path) -> None:
    first, second = (
        figures.save(figures.readings(compared()), tmp_path / name / "readings") for name in ("a", "b")
    )
    assert [path.name for path in first] == ["readings.pdf", "readings.png"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert b"/Type3" not in first[0].read_bytes()
