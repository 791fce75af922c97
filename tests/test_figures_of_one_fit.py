"""Figures of the population's change: what is drawn equals what is computed another way."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from drawn import PATIENTS, fit_to_print, fitted, lines, one, words
from gallery_inputs import two_arms
from pages import cohort
from table_inputs import shipped
from told_by_fits import CASES, DIMS, ONE_FIT, change, drawn, ends, labelled, table, written
from trees import drawn_tree

from ra_bayes import figures
from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.drawn_from import Fit
from ra_bayes.figures.gallery import applying
from ra_bayes.figures.marks import ARROW
from ra_bayes.figures.overlaid_trajectories import overlaid_trajectories
from ra_bayes.figures.population_effect import population_effect
from ra_bayes.figures.ridge import ridge
from ra_bayes.figures.swimmer import swimmer
from ra_bayes.figures.waterfall import waterfall
from ra_bayes.model import load_model
from ra_bayes.results import read_result


@pytest.mark.parametrize(("name", "model"), CASES)
def test_figures_of_one_fit_are_fit_to_print(name: str, model: str) -> None:
    figure = drawn(name, model)
    fit_to_print(figure)
    footer = figure.footer.replace("\n", " ")
    assert "Synthetic data: no patient was measured." in footer
    assert "n = 6 patients" in footer
    assert load_model(model).outcome.label in figure.alt
    assert "6 patients" in figure.alt
    if name != "swimmer":
        assert "equal-tailed" in footer


@pytest.mark.parametrize("model", ["vas", "acr20"])
def test_one_patient_is_drawn_and_told_as_one(model: str) -> None:
    alone = shipped().only(patients=shipped().patients[0])
    fit = Fit(model, read_result(drawn_tree(load_model(model), alone), 0.9))
    for each in applying(fit, "fit"):
        figure = each.draw(fit, 0.9)
        said = " ".join(f"{figure.alt} {figure.footer}".split())
        assert not re.search(r"\b1 (patients|outcomes|visits)\b", said), each.name


@pytest.mark.parametrize("draw", [overlaid_trajectories, population_effect, ridge, waterfall])
def test_a_probability_is_not_a_percentage(draw: Callable[..., Canvas]) -> None:
    with pytest.raises(RaBayesError, match=r"write 0\.90 for 90%"):
        draw(fitted("vas"), ci_prob=90.0)


def test_overlaid_trajectories_have_each_patients_median_and_records() -> None:
    (axes,) = drawn("overlaid_trajectories", "tnf_alpha").axes
    draws = fitted("tnf_alpha")["posterior"].to_dataset()
    own = np.exp(
        draws["patient_level"] + draws["mean_change"] + draws["patient_response"] * draws["response_shape"]
    ).median(DIMS)
    medians = lines(axes, "patient")
    for line, patient in zip(medians, PATIENTS, strict=True):
        np.testing.assert_allclose(line.get_ydata(), own.sel(patient=patient), rtol=1e-6)
    data = fitted("tnf_alpha")["observed_data"]["record"]
    below = fitted("tnf_alpha")["constant_data"]["limit"] < 0
    records = lines(axes, "record")
    assert len({(line.get_marker(), line.get_color()) for line in records}) == 6
    for line, patient in zip(records, PATIENTS, strict=True):
        made = data.sel(patient=patient).where(~below.sel(patient=patient)).dropna("visit")
        np.testing.assert_array_equal(line.get_ydata(), made)
        assert np.abs(line.get_xdata() - made["visit"].values).max() < 0.5
    arrows = lines(axes, "below")
    assert sum(line.get_ydata().size for line in arrows) == int(below.sum())
    assert all(line.get_marker() is ARROW[-1] for line in arrows)
    assert {text.get_text() for text in axes.get_legend().get_texts()} == set(PATIENTS)
    assert axes.get_ylabel() == "TNF-α (pg/mL)"


def test_a_crowd_is_grey_and_not_named() -> None:
    model = load_model("vas")
    rows = [(f"P{i}", week, 30 + i) for i in range(45) for week in (0, 12, 24)]
    crowd = drawn_tree(model, cohort(rows, model))
    figure = overlaid_trajectories(crowd)
    assert len(lines(figure.axes[0], "patient")) == 45
    assert figure.axes[0].get_legend() is None
    assert "45 patients" in figure.axes[0].get_title(loc="left")
    for draw in (waterfall, swimmer):
        figure = draw(crowd)
        fit_to_print(figure)
        assert "P7" not in words(figure)


def test_population_effect_has_nested_intervals() -> None:
    figure = population_effect(fitted("il10"), ci_prob=0.9)
    (axes,) = figure.axes
    bands = [each for each in axes.collections if each.get_gid() == "band"]
    for drawn_band, share in zip(bands, (0.9, 0.8, 0.5), strict=True):
        heights = drawn_band.get_paths()[0].vertices
        for week in (1.0, 24.0):
            at = heights[heights[:, 0] == week, 1]
            lower, _, upper = ends(change("il10").sel(visit=week), share)
            assert (at.min(), at.max()) == pytest.approx((lower, upper), rel=1e-6)
    np.testing.assert_allclose(one(axes, "median").get_ydata()[0], 1.0)
    assert "50%, 80% and 90% credible intervals (equal-tailed)" in figure.footer.replace("\n", " ")
    assert axes.get_ylabel() == "IL-10 relative to week 0 (ratio)"


def test_population_effect_names_the_mcid_its_source_and_its_probability() -> None:
    figure = drawn("population_effect", "vas")
    (axes,) = figure.axes
    assert set(one(axes, "mcid").get_ydata()) == {-10.0}
    assert "PMC10002765" in figure.footer
    told_by = table("vas").query("estimand == 'mean_change_beats_mcid'")
    assert labelled(axes, "P(≥ MCID)") == [written(each) for each in told_by["estimate"]]
    made = fitted("vas")["observed_data"]["record"].notnull().sum("patient").values
    assert labelled(axes, "n") == [str(each) for each in made if each]
    assert axes.get_ylabel() == "Change in Pain (VAS) (mm)"


def test_population_effect_of_a_ratio_asks_for_benefit() -> None:
    (axes,) = drawn("population_effect", "il10").axes
    told_by = table("il10").query("estimand == 'mean_change'")
    assert labelled(axes, "P(better)") == [written(each) for each in told_by["p_benefit"]]
    assert lines(axes, "mcid") == []
    assert "Higher is better." in drawn("population_effect", "il10").footer


@pytest.mark.parametrize(("model", "patient"), [("vas", None), ("tnf_alpha", "SYN-2")])
def test_a_ridges_dark_part_is_the_interval(model: str, patient: str | None) -> None:
    figure = ridge(fitted(model), patient=patient, ci_prob=0.8)
    (axes,) = figure.axes
    weeks = [float(tick.get_text()) for tick in axes.get_yticklabels()]
    medians = lines(axes, "median")
    parts = {
        gid: [each for each in axes.collections if each.get_gid() == gid] for gid in ("ridge", "interval")
    }
    for place, (week, median) in enumerate(zip(weeks, medians, strict=True)):
        lower, middle, upper = ends(change(model, patient).sel(visit=week), 0.8)
        assert median.get_xdata()[0] == pytest.approx(middle, rel=1e-6)
        dark = parts["interval"][place].get_paths()[0].vertices
        assert (dark[:, 0].min(), dark[:, 0].max()) == pytest.approx((lower, upper), rel=1e-6)
        # The area of the dark part is that share of the whole: the density is what it seems.
        areas = [_area(parts[gid][place], place, log=model == "tnf_alpha") for gid in ("interval", "ridge")]
        assert areas[0] / areas[1] == pytest.approx(0.8, abs=0.03)


def _area(part: object, base: int, *, log: bool) -> float:
    """Area between the outline and the base line, on the axis that is drawn."""
    (path,) = part.get_paths()  # type: ignore[attr-defined]
    x, y = path.vertices[:-1].T
    x = np.log(x) if log else x
    return 0.5 * abs(float(np.dot(x, np.roll(y - base, 1)) - np.dot(y - base, np.roll(x, 1))))


def test_a_ridge_of_nobody_is_refused() -> None:
    with pytest.raises(RaBayesError, match=r"no patient 'SYN-9' .*; write one of SYN-1, SYN-2"):
        ridge(fitted("vas"), patient="SYN-9")


def test_a_ridges_probabilities_are_the_estimands() -> None:
    (axes,) = drawn("ridge", "vas").axes
    told_by = table("vas").query("estimand == 'mean_change_beats_mcid'")
    told = [text.get_text() for text in axes.texts]
    assert told[-len(told_by) :] == [written(each) for each in told_by["estimate"]]


def test_a_rates_density_stays_between_0_and_1() -> None:
    (axes,) = drawn("ridge", "acr20").axes
    assert axes.get_xlim() == (0.0, 1.0)
    assert axes.get_xlabel() == "Rate of ACR20 response"


def test_two_arms_are_drawn_with_the_difference_between_them() -> None:
    tree = two_arms().result.tree
    figure = figures.arms(tree, ci_prob=0.8)
    above, below = figure.axes
    draws = tree["posterior"].to_dataset()
    control = draws["baseline_mean"] + draws["mean_change"]
    apart = draws["effect"]
    for axes, quantity, filled in (
        (above, control + apart, True),
        (below, apart, True),
        (above, control, False),
    ):
        lower, median, upper = ends(quantity, 0.8)
        np.testing.assert_allclose(
            one(axes, "median" if filled else "control").get_ydata(), median, atol=1e-9
        )
        if filled:
            (band,) = [each for each in axes.collections if each.get_gid() == "band"]
            at_end = band.get_paths()[0].vertices
            at_end = at_end[at_end[:, 0] == 24.0, 1]
            assert (at_end.min(), at_end.max()) == pytest.approx((lower[-1], upper[-1]))
        else:
            outline = [line.get_ydata() for line in lines(axes, "control band")]
            np.testing.assert_allclose(outline, [lower, upper])
    assert (above.get_ylabel(), below.get_ylabel()) == ("Pain (VAS) (mm)", "Difference (mm)")
    assert "3 patients in placebo and 3 patients in cells" in figure.footer.replace("\n", " ")
    assert "Below: cells less placebo" in figure.footer.replace("\n", " ")


def test_the_figures_are_on_the_facade() -> None:
    for name in (*ONE_FIT, "forest_outcomes", "concordance", "biomarker"):
        assert callable(getattr(figures, name))
