"""Figures of effects, patients and several outcomes: what is drawn equals what is computed another way."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from drawn import PATIENTS, fit_to_print, fitted, lines, one, words
from matplotlib.axes import Axes
from pages import cohort
from scipy import stats
from trees import drawn_tree

from ra_bayes import figures
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand import estimands
from ra_bayes.figures.biomarker import biomarker
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.concordance import concordance
from ra_bayes.figures.density import density, highest_level, joint_density
from ra_bayes.figures.forest_outcomes import forest_outcomes
from ra_bayes.figures.marks import ARROW
from ra_bayes.figures.overlaid_trajectories import overlaid_trajectories
from ra_bayes.figures.population_effect import population_effect
from ra_bayes.figures.ridge import ridge
from ra_bayes.figures.swimmer import swimmer
from ra_bayes.figures.waterfall import waterfall
from ra_bayes.model import load_model

ONE_FIT: dict[str, tuple[Callable[..., Canvas], tuple[str, ...]]] = {
    "overlaid_trajectories": (overlaid_trajectories, ("vas", "tnf_alpha", "acr20")),
    "population_effect": (population_effect, ("vas", "il10", "acr20")),
    "ridge": (ridge, ("vas", "tnf_alpha", "acr20")),
    "waterfall": (waterfall, ("haq", "il10")),
    "swimmer": (swimmer, ("sdai", "vas", "acr20")),
}
CASES = [(name, model) for name, (_, models) in ONE_FIT.items() for model in models]
CYTOKINES = ("il10", "tnf_alpha", "il17")
DIMS = ("chain", "draw")


@cache
def drawn(name: str, model: str) -> Canvas:
    return ONE_FIT[name][0](fitted(model))


@cache
def of_cytokines() -> Canvas:
    return concordance(trees(*CYTOKINES))


@cache
def of_marker() -> Canvas:
    return biomarker(fitted("il10"), fitted("sdai"))


@cache
def table(model: str, ci_prob: float = 0.9) -> pd.DataFrame:
    return estimands(fitted(model), ci_prob=ci_prob)


def trees(*models: str) -> dict[str, xr.DataTree]:
    return {model: fitted(model) for model in models}


def change(model: str, patient: str | None = None) -> xr.DataArray:
    """Draws of the change on the outcome's scale, for models with the identity or the log link."""
    draws = fitted(model)["posterior"].to_dataset()
    latent = draws["mean_change"]
    if patient is not None:
        own = draws.sel(patient=patient)
        latent = latent + own["patient_response"] * draws["response_shape"]
    return np.exp(latent) if load_model(model).link.change == "ratio" else latent


def ends(draws: xr.DataArray, share: float) -> np.ndarray:
    """Lower end, median, upper end."""
    return draws.quantile([0.5 - share / 2, 0.5, 0.5 + share / 2], DIMS).values


def labelled(axes: Axes, gid: str) -> list[str]:
    return [text.get_text() for text in axes.texts if text.get_gid() == gid]


def written(value: float) -> str:
    return ">0.99" if value > 0.99 else "<0.01" if value < 0.01 else f"{value:.2f}"


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


def test_figures_of_several_fits_are_fit_to_print() -> None:
    for figure in (of_cytokines(), of_marker(), forest_outcomes(trees("vas", "sdai", "acr20", *CYTOKINES))):
        fit_to_print(figure)
        assert "Synthetic data: no patient was measured." in figure.footer
        assert "n = 6 patients" in figure.footer.replace("\n", " ")
        assert "equal-tailed" in figure.footer.replace("\n", " ")


@pytest.mark.parametrize("draw", [overlaid_trajectories, population_effect, ridge, waterfall])
def test_a_probability_is_not_a_percentage(draw: Callable[..., Canvas]) -> None:
    with pytest.raises(RaBayesError, match=r"write 0\.90 for 90%"):
        draw(fitted("vas"), ci_prob=90.0)


def test_a_failed_gate_is_named_by_fit() -> None:
    spoilt = drawn_tree(load_model("vas"), _shipped(), diverging=3)
    assert "not to be relied on" in waterfall(spoilt).alt
    figure = forest_outcomes({"vas": spoilt, "sdai": fitted("sdai")})
    told = figure.footer.replace("\n", " ")
    assert "vas: The sampler did not pass its gate (divergences 3): not to be relied on." in told
    assert told.count("Synthetic data") == 1


def _shipped() -> object:
    from ra_bayes.cohort import read_cohort
    from ra_bayes.resources import data_dir

    return read_cohort(data_dir() / "synthetic_cohort.csv")


# Overlaid trajectories


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


# Population effect


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


# Forest over outcomes


def test_forest_over_outcomes_shows_the_estimands() -> None:
    models = ("vas", "haq", "acr20", "il10")
    figure = forest_outcomes(trees(*models), ci_prob=0.8)
    standardised, _, ratios, _, rates, _ = figure.axes
    rows = {
        model: table(model, 0.8).query(
            f"week == {load_model(model).reference_week} and estimand in ('mean_change', 'response_rate')"
        )
        for model in models
    }
    for axes, members in ((standardised, ("vas", "haq")), (ratios, ("il10",)), (rates, ("acr20",))):
        for bar, mark, model in zip(lines(axes, "interval"), lines(axes, "estimate"), members, strict=True):
            (row,) = rows[model].to_dict("records")
            scale = {"vas": -1 / 10.0, "haq": -1 / 0.22}.get(model, 1.0)
            wanted = sorted((row["lower"] * scale, row["upper"] * scale))
            np.testing.assert_allclose(bar.get_xdata(), wanted)
            np.testing.assert_allclose(mark.get_xdata(), row["estimate"] * scale)
    assert standardised.get_xlabel() == "Improvement at week 24 (in MCIDs)"
    assert set(one(standardised, "mcid").get_xdata()) == {1.0}
    assert [tick.get_text() for tick in ratios.get_yticklabels()] == ["IL-10 (higher better)"]
    assert rates.get_xlabel() == "Rate of response at week 16"
    beats = table("vas").query("estimand == 'mean_change_beats_mcid' and week == 24")["estimate"]
    told = words(figure)
    assert {"P(better)", "P(≥ MCID)", "Median (80% CrI)", written(float(beats.iloc[0]))} <= set(told)
    assert written(float(rows["vas"]["p_benefit"].iloc[0])) in told


def test_forest_over_outcomes_takes_tables_and_says_what_is_withheld() -> None:
    tables = {model: table(model).copy() for model in ("vas", "haq")}
    with pytest.raises(RaBayesError, match=r"table of vas hold 0\.9, not ci_prob=0\.8; give tables"):
        forest_outcomes(trees("vas", "haq"), ci_prob=0.8, tables=tables)
    tables["haq"].loc[:, ["estimate", "lower", "upper", "p_benefit"]] = np.nan
    figure = forest_outcomes(trees("vas", "haq"), tables=tables)
    assert words(figure).count("withheld") == 1
    assert len(lines(figure.axes[0], "interval")) == 1


# Ridge


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


# Waterfall


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
    assert "2 have none that is known" in footer
    assert "D†" in [tick.get_text() for tick in axes.get_xticklabels()]
    assert "†: no record at that week" in footer


def test_a_waterfall_of_responses_is_refused() -> None:
    with pytest.raises(
        RaBayesError, match="yes or no, and has no change to put in order; draw forest or swimmer"
    ):
        waterfall(fitted("acr20"))


# Swimmer


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
    (axes,) = swimmer(drawn_tree(model, cohort(rows, model))).axes
    (hatched,) = [bar for bar in axes.patches if bar.get_hatch()]
    assert hatched.get_x() < 24.0 < hatched.get_x() + hatched.get_width()
    assert round(hatched.get_y() + hatched.get_height() / 2.0) == 1


def test_a_swimmer_without_states_is_refused() -> None:
    with pytest.raises(
        RaBayesError, match="neither cut-offs nor an important change in its unit; draw an outcome"
    ):
        swimmer(fitted("crp"))


# Concordance


def test_concordance_is_the_product_of_what_each_fit_says() -> None:
    figure = of_cytokines()
    strip = next(axes for axes in figure.axes if lines(axes, "probability"))
    tables = {model: table(model).query("week == 24") for model in CYTOKINES}
    rows = [tick.get_text() for tick in strip.get_yticklabels()]
    assert rows == ["Typical patient", *PATIENTS, "New patient"]
    for place, name in enumerate(rows[:-1]):
        wanted = (
            "estimand == 'mean_change'"
            if name == "Typical patient"
            else f"estimand == 'patient_change' and patient == '{name}'"
        )
        alone = [float(each.query(wanted)["p_benefit"].iloc[0]) for each in tables.values()]
        assert lines(strip, "probability")[place].get_xdata()[0] == pytest.approx(np.prod(alone))
        bounds = [max(0.0, sum(alone) - 2.0), min(alone)]
        np.testing.assert_allclose(lines(strip, "bounds")[place].get_xdata(), bounds, atol=1e-12)
    assert "fitted separately" in figure.footer.replace("\n", " ")
    assert "IL-10 up, TNF-α down and IL-17 down" in figure.alt


def test_a_new_patients_concordance_is_simulated_alike() -> None:
    rng = np.random.default_rng(11)
    alone = []
    for model, sign in zip(CYTOKINES, (1.0, -1.0, -1.0), strict=True):
        draws = fitted(model)["posterior"].to_dataset().sel(visit=24.0)
        mean, spread = draws["mean_change"].values, draws["response_sd"].values
        alone.append(np.mean(sign * (mean + spread * rng.normal(size=(100, *mean.shape))) > 0.0))
    strip = next(axes for axes in of_cytokines().axes if lines(axes, "probability"))
    assert lines(strip, "probability")[-1].get_xdata()[0] == pytest.approx(np.prod(alone), abs=0.005)


def test_a_region_holds_its_share_of_independent_pairs() -> None:
    axes = of_cytokines().axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("IL-10 (ratio)", "TNF-α (ratio)")
    (region,) = [each for each in axes.collections if each.get_gid() == "region"]
    x, y = (change(model).sel(visit=24.0).values.ravel() for model in ("il10", "tnf_alpha"))
    pairs = np.column_stack([x, np.random.default_rng(2).permutation(y)])
    for path, share in zip(region.get_paths(), (0.9, 0.5), strict=True):
        assert path.contains_points(pairs).mean() == pytest.approx(share, abs=0.04)


def test_concordance_of_one_joint_posterior_has_no_bounds() -> None:
    figure = concordance(trees("tnf_alpha", "il17"), together=True)
    strip = next(axes for axes in figure.axes if lines(axes, "probability"))
    both = (change("tnf_alpha").sel(visit=24.0) < 1.0) & (change("il17").sel(visit=24.0) < 1.0)
    assert lines(strip, "probability")[0].get_xdata()[0] == pytest.approx(float(both.mean()))
    assert "separately" not in figure.footer.replace("\n", " ")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("il10",), "concordance needs at least 2 fits, and was given 1; write concordance"),
        (("il10", "acr20"), "acr20 is a response of yes or no; leave it out"),
        (("il10", "il17", "tnf_alpha", "crp", "esr"), "room for 4 outcomes, and was given 5"),
    ],
)
def test_what_concordance_cannot_be_of(given: tuple[str, ...], message: str) -> None:
    with pytest.raises(RaBayesError, match=re.escape(message)):
        concordance(trees(*given))


def test_fits_of_other_data_are_not_compared() -> None:
    model = load_model("il10")
    other = drawn_tree(model, cohort([(name, week, 2.0) for name in "ABC" for week in (0, 24)], model))
    with pytest.raises(RaBayesError, match="tnf_alpha was fitted to synthetic_cohort and il10 to other data"):
        concordance({"tnf_alpha": fitted("tnf_alpha"), "il10": other})
    with pytest.raises(RaBayesError, match="give fits of one cohort"):
        biomarker(other, fitted("sdai"))


# Biomarker


def test_a_patients_cross_has_both_intervals() -> None:
    (axes,) = of_marker().axes
    for gid, share in (("outer", 0.9), ("inner", 0.5)):
        bars = lines(axes, gid)
        for i, patient in enumerate(PATIENTS):
            across, up = (ends(change(model, patient).sel(visit=24.0), share) for model in ("il10", "sdai"))
            np.testing.assert_allclose(bars[2 * i].get_xdata(), across[[0, 2]], rtol=1e-6)
            np.testing.assert_allclose(bars[2 * i + 1].get_ydata(), up[[0, 2]], rtol=1e-6)
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "IL-10, week 24 relative to week 0 (ratio)"
    assert axes.get_ylabel() == "Change in SDAI at week 24 (points)"
    assert set(one(axes, "mcid").get_ydata()) == {-13.0}


def test_the_correlation_is_that_of_draws_paired_at_random() -> None:
    rng = np.random.default_rng(4)
    x, y = (
        np.stack([change(model, patient).sel(visit=24.0).values.ravel() for patient in PATIENTS], axis=-1)
        for model in ("il10", "sdai")
    )
    found = [
        stats.pearsonr(np.log(first), second).statistic
        for first, second in zip(rng.permutation(x), rng.permutation(y), strict=True)
    ]
    (text,) = labelled(of_marker().axes[0], "correlation")
    told = [float(each) for each in re.findall(r"[-−]?\d\.\d\d", text.replace("−", "-"))]
    # Another pairing of 1000 draws: the ends move by a few hundredths.
    assert told[:3] == pytest.approx(list(np.quantile(found, [0.5, 0.05, 0.95])), abs=0.08)
    # IL-10 is better up, SDAI down.
    assert told[3] == pytest.approx(np.mean(np.array(found) < 0.0), abs=0.06)
    assert "fitted separately" in of_marker().footer.replace("\n", " ")


def test_what_a_biomarker_cannot_be_drawn_against() -> None:
    with pytest.raises(RaBayesError, match="given sdai twice; give the fits of two outcomes"):
        biomarker(fitted("sdai"), fitted("sdai"))
    with pytest.raises(RaBayesError, match="acr20 is a response of yes or no"):
        biomarker(fitted("il10"), fitted("acr20"))


# Densities


def test_the_highest_region_of_a_normal_is_where_theory_has_it() -> None:
    # Of two independent standard normals a share p lies where the density is at least (1 - p) of its peak.
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(2, 20_000))
    at = np.linspace(-4.0, 4.0, 161)
    heights = joint_density(x, y, at, at)
    assert heights.sum() * (at[1] - at[0]) ** 2 == pytest.approx(1.0, abs=0.01)
    exact = np.outer(stats.norm.pdf(at), stats.norm.pdf(at))
    for share in (0.5, 0.9):
        assert highest_level(exact, share) / exact.max() == pytest.approx(1.0 - share, abs=0.02)
        assert highest_level(heights, share) / heights.max() == pytest.approx(1.0 - share, abs=0.04)


def test_a_density_in_one_dimension_is_a_gaussian_kernels() -> None:
    draws = np.random.default_rng(9).gamma(3.0, size=2000)
    at = np.linspace(-1.0, 12.0, 200)
    np.testing.assert_allclose(density(draws, at), stats.gaussian_kde(draws)(at), atol=2e-3)


def test_the_figures_are_on_the_facade() -> None:
    for name in (*ONE_FIT, "forest_outcomes", "concordance", "biomarker"):
        assert callable(getattr(figures, name))
