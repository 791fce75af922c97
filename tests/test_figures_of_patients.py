"""Waterfall and swimmer: patients' changes and states are those computed another way."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from drawn import PATIENTS, fitted, lines, one
from pages import cohort
from told_by_fits import DIMS, change, drawn, ends, labelled, table, written
from trees import drawn_tree

from ra_bayes.errors import RaBayesError
from ra_bayes.figures.marks import ARROW
from ra_bayes.figures.swimmer import swimmer
from ra_bayes.figures.waterfall import waterfall
from ra_bayes.model import load_model


def test_a_waterfall_is_in_order_with_intervals_and_records() -> None:
    (axes,) = drawn("waterfall", "haq").axes
    at = {patient: change("haq", patient).sel(visit=24.0) for patient in PATIENTS}
    names = [tick.get_text() for tick in axes.get_xticklabels()]
    # Lower is better: from the highest median to the lowest.
    assert [name.rstrip("†") for name in names] == sorted(
        PATIENTS, key=lambda each: -float(at[each].median())
    )
    for gid, share in (("outer", 0.9), ("inner", 0.5)):
        for line, name in zip(lines(axes, gid), names, strict=True):
            lower, _, upper = ends(at[name.rstrip("†")], share)
            np.testing.assert_allclose(line.get_ydata(), [lower, upper], rtol=1e-6)
    data = fitted("haq")["observed_data"]["record"]
    wanted = {
        name: float(
            data.sel(patient=name.rstrip("†"), visit=24.0) - data.sel(patient=name.rstrip("†"), visit=0.0)
        )
        for name in names
    }
    assert [line.get_ydata()[0] for line in lines(axes, "record")] == [
        each for each in wanted.values() if np.isfinite(each)
    ]
    chance = table("haq").query("estimand == 'patient_beats_mcid'").set_index("patient")["estimate"]
    assert labelled(axes, "P(≥ MCID)") == [written(chance[name.rstrip("†")]) for name in names]
    assert axes.get_ylabel() == "Change in HAQ-DI at week 24 (points)"


def test_a_waterfall_draws_censored_changes_as_arrows_and_marks_predictions() -> None:
    model = load_model("tnf_alpha")
    rows = [
        ("A", 0, 8.0),
        ("A", 24, 1.0, "<"),
        ("B", 0, 1.0, "<"),
        ("B", 24, 3.0),
        ("C", 0, 1.0, "<"),
    ]
    rows += [("C", 24, 1.0, "<"), ("D", 0, 4.0), ("D", 12, 2.0)]
    figure = waterfall(drawn_tree(model, cohort(rows, model)))
    (axes,) = figure.axes
    assert one(axes, "below").get_ydata() == pytest.approx([1.0 / 8.0])
    assert one(axes, "above").get_ydata() == pytest.approx([3.0])
    assert one(axes, "below").get_marker() is ARROW[-1]
    assert lines(axes, "record") == []
    footer = figure.footer.replace("\n", " ")
    assert "(not known of 2)" in footer
    assert "D†" in [tick.get_text() for tick in axes.get_xticklabels()]
    assert "†: no record at that week" in footer


def test_a_waterfall_of_responses_is_refused() -> None:
    with pytest.raises(
        RaBayesError, match="yes or no, and has no change to put in order; draw forest or swimmer"
    ):
        waterfall(fitted("acr20"))


def test_a_lanes_heights_are_probabilities_of_the_categories() -> None:
    (axes,) = drawn("swimmer", "sdai").axes
    draws = fitted("sdai")["posterior"].to_dataset()
    own = draws["patient_level"] + draws["mean_change"] + draws["patient_response"] * draws["response_shape"]
    edges = (-np.inf, 3.3, 11.0, 26.0, np.inf)
    seen = fitted("sdai")["observed_data"]["record"].notnull().any("patient").values
    for state, (low, high) in enumerate(itertools.pairwise(edges)):
        wanted = ((own > low) & (own <= high)).mean(DIMS).transpose("patient", "visit").values[:, seen]
        heights = [abs(each.get_height()) for each in axes.patches if each.get_gid() == f"state {state}"]
        np.testing.assert_allclose(np.reshape(heights, wanted.shape) / 0.56, wanted, atol=1e-12)


def test_a_lane_shows_what_was_recorded_missed_and_infused() -> None:
    (axes,) = drawn("swimmer", "sdai").axes
    data = fitted("sdai")["observed_data"]["record"]
    data = data.where(data.notnull().any("patient"), drop=True)
    for lane, patient in enumerate(PATIENTS):
        own = data.sel(patient=patient)
        gone = own["visit"].values[own.isnull().values]
        np.testing.assert_array_equal(lines(axes, "missed")[lane].get_xdata(), gone)
        high = own["visit"].values[own.values > 26.0]
        np.testing.assert_array_equal(lines(axes, "record 3")[lane].get_xdata(), high)
    assert list(one(axes, "infusion").get_xdata()) == [0.0, 4.0, 8.0]
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert {"remission", "low", "moderate", "high", "recorded", "missed", "infusion"} == set(names)
    assert "3.3, 11, 26 points" in drawn("swimmer", "sdai").footer.replace("\n", " ")


def test_a_lane_is_hatched_after_the_last_record() -> None:
    model = load_model("sdai")
    rows = [("A", 0, 30.0), ("A", 12, 20.0), ("A", 24, 10.0), ("B", 0, 30.0), ("B", 12, 25.0)]
    figure = swimmer(drawn_tree(model, cohort(rows, model)))
    (axes,) = figure.axes
    (hatched,) = [bar for bar in axes.patches if bar.get_hatch()]
    assert hatched.get_x() < 24.0 < hatched.get_x() + hatched.get_width()
    assert round(hatched.get_y() + hatched.get_height() / 2.0) == 1
    assert "Hatched" in figure.footer
    assert "Hatched" not in drawn("swimmer", "sdai").footer


def test_a_swimmer_without_states_is_refused() -> None:
    with pytest.raises(
        RaBayesError, match="neither cut-offs nor an important change in its unit; draw an outcome"
    ):
        swimmer(fitted("crp"))
