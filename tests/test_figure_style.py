"""Presets, fonts and colours: one preset in force at a time, and figures that are read without colour."""

from __future__ import annotations

import re
import threading
from itertools import combinations

import pytest
from matplotlib import font_manager
from matplotlib.colors import to_rgb

from ra_bayes.errors import RaBayesError
from ra_bayes.figures import style
from ra_bayes.figures.journals import HOUSE, JOURNALS, column_mm, in_force, journal, pen, pt
from ra_bayes.figures.lettering import width_mm, wrap
from ra_bayes.figures.style import PATIENT_COLOURS, PATIENT_MARKERS, POSTERIOR, PRIOR, font, patient_style


def lightness(colour: str) -> float:
    """CIE 1976 lightness, 0 black to 100 white: what a grey print keeps of a colour."""
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in to_rgb(colour)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 116.0 * luminance ** (1 / 3) - 16.0


def test_a_preset_is_in_force_inside_its_block_and_in_no_other_thread() -> None:
    seen = []
    with journal("bmc"):
        with journal("slides"):
            assert in_force() is JOURNALS["slides"]
        assert in_force() is JOURNALS["bmc"]
        thread = threading.Thread(target=lambda: seen.append(in_force()))
        thread.start()
        thread.join()
    assert seen == [HOUSE]
    with pytest.raises(ZeroDivisionError), journal("nature"):
        1 / 0  # noqa: B018
    assert in_force() is HOUSE
    with (
        pytest.raises(RaBayesError, match="no figure style 'lancet'; write one of house, ard, nature"),
        journal("lancet"),
    ):
        pass


def test_presets_keep_to_what_their_journals_ask() -> None:
    # Nature's and BioMed Central's guides, Elsevier's artwork instructions.
    asked = {
        "nature": ((89.0, 183.0), 5.0, 7.0),
        "elsevier": ((90.0, 140.0, 190.0), 7.0, 8.0),
        "bmc": ((85.0, 176.0), 8.0, 10.0),
    }
    for name, (columns, least, most) in asked.items():
        preset = JOURNALS[name]
        assert preset.columns_mm == columns
        assert least <= preset.small_pt <= preset.text_pt <= most
    assert JOURNALS["bmc"].thinnest_pt == 0.5
    for preset in JOURNALS.values():
        assert preset.small_pt >= preset.least_pt
        assert preset.dpi in (300, 600)
        assert preset.source
    # The Annals are Elsevier's: what fits one fits the other.
    same = ("columns_mm", "tallest_mm", "text_pt", "small_pt", "least_pt", "thinnest_pt", "dpi", "formats")
    assert all(getattr(JOURNALS["ard"], key) == getattr(JOURNALS["elsevier"], key) for key in same)


def test_sizes_grow_with_the_text_and_lines_never_below_the_thinnest() -> None:
    for name, preset in JOURNALS.items():
        with journal(name):
            assert pt(6.0) == pytest.approx(preset.small_pt)
            assert pen(0.0001) == preset.thinnest_pt
            assert column_mm(1.0) == preset.columns_mm[0]
            assert column_mm(1e6) == preset.columns_mm[-1]


def test_a_font_that_is_not_here_is_replaced_by_name_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    style._fonts_here.cache_clear()
    try:
        for here, drawn, said in (
            (["DejaVu Sans", "Arial"], "Arial", ""),
            (["DejaVu Sans", "Arimo"], "Arimo", "drawn in Arimo, which has the same widths"),
            (["DejaVu Sans"], "DejaVu Sans", "Arial and Helvetica are not installed: drawn in DejaVu Sans"),
        ):
            monkeypatch.setattr(font_manager, "get_font_names", lambda here=here: here)
            style._fonts_here.cache_clear()
            assert font(HOUSE) == drawn
            assert style.other_font(HOUSE).endswith(said)
    finally:
        style._fonts_here.cache_clear()


def test_lines_of_text_fit_and_lose_no_word() -> None:
    text = "SD of the population mean change that accrues by week 24, with $ and α"
    for room in (12.0, 25.0, 60.0):
        lines = wrap(text, room, 6.0)
        assert " ".join(lines) == text
        assert all(width_mm(line, 6.0) <= room or " " not in line for line in lines)
    assert len(wrap(text, 1e6)) == 1


def test_patients_are_told_apart_without_colour() -> None:
    assert len(set(PATIENT_MARKERS)) == len(PATIENT_COLOURS) == len(PATIENT_MARKERS)
    # A colour and a marker are a patient's own up to 36 of them.
    looks = [(patient_style(i)["color"], patient_style(i)["marker"]) for i in range(36)]
    assert len(set(looks)) == 36
    for first, second in combinations(range(6), 2):
        assert looks[first][1] != looks[second][1]
    # None vanishes on white.
    assert all(lightness(each) < 75.0 for each in PATIENT_COLOURS)


def test_prior_and_posterior_are_told_apart_in_grey() -> None:
    assert abs(lightness(PRIOR) - lightness(POSTERIOR)) > 12.0
    assert all(re.fullmatch("#[0-9a-f]{6}", each) for each in (PRIOR, POSTERIOR))
