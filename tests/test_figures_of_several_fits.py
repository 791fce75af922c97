"""Figures of several outcomes: what is drawn equals what is computed another way."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
from drawn import PATIENTS, fit_to_print, fitted, lines, one, words
from pages import cohort
from scipy import stats
from told_by_fits import CYTOKINES, change, ends, labelled, table, trees, written
from trees import drawn_tree

from ra_bayes.cohort import read_cohort
from ra_bayes.errors import RaBayesError
from ra_bayes.figures.biomarker import biomarker
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.concordance import concordance
from ra_bayes.figures.density import density, highest_level, joint_density
from ra_bayes.figures.forest_outcomes import forest_outcomes
from ra_bayes.figures.waterfall import waterfall
from ra_bayes.model import load_model
from ra_bayes.resources import data_dir


@cache
def of_cytokines() -> Canvas:
    return concordance(trees(*CYTOKINES))


@cache
def of_marker() -> Canvas:
    return biomarker(fitted("il10"), fitted("sdai"))


def test_figures_of_several_fits_are_fit_to_print() -> None:
    for figure in (of_cytokines(), of_marker(), forest_outcomes(trees("vas", "sdai", "acr20", *CYTOKINES))):
        fit_to_print(figure)
        assert "Synthetic data: no patient was measured." in figure.footer
        assert "n = 6 patients" in figure.footer.replace("\n", " ")
        assert "equal-tailed" in figure.footer.replace("\n", " ")


def test_a_failed_gate_is_named_by_fit() -> None:
    spoilt = drawn_tree(load_model("vas"), read_cohort(data_dir() / "synthetic_cohort.csv"), diverging=3)
    assert "not to be relied on" in waterfall(spoilt).alt
    figure = forest_outcomes({"vas": spoilt, "sdai": fitted("sdai")})
    told = figure.footer.replace("\n", " ")
    assert "vas: The sampler did not pass its gate (divergences 3): not to be relied on." in told
    assert told.count("Synthetic data") == 1


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
