"""A joint model's random numbers: each outcome keeps its page's prior, and they are tied as the page says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pages import OUTCOME, spec
from scipy import stats

from ra_bayes.conditioning.posterior import given_counts
from ra_bayes.counts.layout import Draws, Layout, make_layout
from ra_bayes.errors import RaBayesError
from ra_bayes.model import JointModel, ModelSpec
from ra_bayes.model.joint_reader import load_joint_model
from ra_bayes.model.namespace import NUMPY
from ra_bayes.model.trajectories.visits import bridge
from ra_bayes.published import Arm
from ra_bayes.resources import data_dir

ARMS = (Arm("cells", 5, ""), Arm("placebo", 4, ""))
OUTCOMES = ("vas", "sdai", "cdai", "acr20", "il10", "anti_ccp")
WEEKS = (4.0, 12.0, 24.0)
DRAWS = 20_000
# A mean or a correlation of 20,000 draws has an error of 0.007: beyond 0.032 once in 200,000.
NEAR = 0.032
# Anti-CCP has no direction of benefit, and no shipped page.
ANTI_CCP = replace(
    spec(outcome="anti_ccp", link="log", priors={"baseline_mean": {"median": 100.0, "sd": 1.0}}),
    name="anti_ccp",
)

# How much further out a typical patient's probit is than that of the rate over patients, who differ by 0.8.
FURTHER = stats.lognorm(0.4, scale=0.8).expect(lambda sd: np.sqrt(1.0 + sd**2))


def joint(name: str = "placebo_informed", related: float = 0.5) -> JointModel:
    found = load_joint_model(name)
    return replace(found, related=related, pages={**found.pages, "anti_ccp": ANTI_CCP})


def drawn(layout: Layout, seed: int = 1, draws: int = DRAWS) -> tuple[np.ndarray, np.ndarray, Draws]:
    rng = np.random.default_rng(seed)
    normal = rng.normal(size=(draws, layout.size))
    unit = rng.beta(layout.concentrations, layout.concentrations, (draws, len(layout.units)))
    return normal, unit, layout.expand(normal, unit, NUMPY)


@pytest.fixture(scope="module")
def layout() -> Layout:
    seen = {outcome: (12.0, 24.0) for outcome in OUTCOMES if outcome != "acr20"}
    return make_layout(joint(), OUTCOMES, ARMS, WEEKS, seen | {"acr20": (12.0,)})


@pytest.fixture(scope="module")
def draws(layout: Layout) -> Draws:
    return drawn(layout)[2]


def is_normal(values: np.ndarray, mean: float = 0.0, sd: float = 1.0) -> bool:
    # Some 200 are asked: below 1e-5 once in 500 runs of another seed.
    return bool(stats.kstest((values - mean) / sd, "norm").pvalue > 1e-5)


def effect(draws: Draws, arm: str, outcome: str) -> np.ndarray:
    """The standard normal score of a rate, or of a change by week 16 less placebo's part of it."""
    values = draws.values[arm, outcome]
    if outcome == "acr20":
        # Placebo's 24% of patients and the page's SD of 0.6 on top of 0.3 between trials.
        return (values["baseline_mean"] - FURTHER * stats.norm.ppf(0.24)) / np.hypot(0.6, 0.3 * FURTHER)
    grown = np.sqrt(16.0 / 24.0)
    return (values["mean_change"][:, -2] / grown - values["placebo_response"]) / values["walk_sd"]


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("arm", ["cells", "placebo"])
def test_every_parameter_keeps_the_prior_of_its_page(draws: Draws, arm: str, outcome: str) -> None:
    page = joint().pages[outcome]
    values = draws.values[arm, outcome]
    for prior in page.priors:
        first, second = prior.numbers
        found = values[prior.parameter.name]
        match prior.parameter.family:
            case "level" if not page.binary:
                assert is_normal(found, first, second), prior.parameter.name
            case "scale" if second:
                assert is_normal(np.log(found), np.log(first), second), prior.parameter.name
            case "scale":
                assert (found == first).all()
            case "correlation" if not page.binary:
                assert stats.kstest((found + 1.0) / 2.0, stats.beta(first, first).cdf).pvalue > 1e-5
    assert is_normal(effect(draws, arm, outcome))


@pytest.mark.parametrize("outcome", ["vas", "cdai", "il10", "acr20"])
def test_mean_changes_are_the_walk_of_the_page_around_placebo(draws: Draws, outcome: str) -> None:
    page, values = joint().pages[outcome], draws.values["cells", outcome]
    weeks = np.array([0.0, 4.0, 12.0, 16.0, 24.0])
    placebo = values["placebo_response"][:, None] * np.sqrt(weeks / page.reference_week)
    steps = np.diff(values["mean_change"] - placebo) / values["walk_sd"][:, None]
    steps /= np.sqrt(np.diff(weeks) / page.reference_week)
    assert all(is_normal(each) for each in steps.T)
    found = np.corrcoef(np.column_stack([steps, np.log(values["walk_sd"])]).T)
    np.testing.assert_allclose(found, np.eye(5), atol=NEAR)
    # Zero at baseline, or for a response at the week that the rate is told at.
    assert np.abs(values["mean_change"][:, weeks == page.anchor_week]).max() < 1e-12


def test_placebo_informed_changes_are_centred_on_placebo_s(draws: Draws) -> None:
    """The VAS page: -18 mm at week 24, SD 5 between trials, growing as the square root of time."""
    values = draws.values["cells", "vas"]
    placebo = values["placebo_response"]
    assert is_normal(placebo, -18.0, 5.0)
    assert np.median(values["mean_change"][:, -1]) == pytest.approx(-18.0, abs=0.5)
    assert np.median(values["mean_change"][:, 2]) == pytest.approx(-18.0 * np.sqrt(0.5), abs=0.5)
    # One placebo response for the trial, in every arm.
    np.testing.assert_array_equal(placebo, draws.values["placebo", "vas"]["placebo_response"])
    # No page of SDAI's gives one.
    assert not draws.values["cells", "sdai"]["placebo_response"].any()


@pytest.mark.parametrize(
    ("name", "walk_sd", "middle", "sd"),
    [
        ("wide", 15.0, stats.norm.ppf(0.35), 0.6),
        ("sceptical", 7.5, FURTHER * stats.norm.ppf(0.24), np.hypot(0.3 * FURTHER, 0.3)),
        ("placebo_informed", 15.0, FURTHER * stats.norm.ppf(0.24), np.hypot(0.3 * FURTHER, 0.6)),
    ],
)
def test_joint_pages_move_and_scale_only_the_effects(
    name: str, walk_sd: float, middle: float, sd: float
) -> None:
    found = drawn(make_layout(joint(name), ("vas", "acr20"), ARMS, WEEKS))[2]
    vas, acr20 = found.values["cells", "vas"], found.values["cells", "acr20"]
    assert is_normal(np.log(vas["walk_sd"]), np.log(walk_sd), 0.5)
    assert is_normal(acr20["baseline_mean"], middle, sd)
    assert is_normal(vas["baseline_mean"], 68.0, 12.0)
    assert is_normal(np.log(acr20["walk_sd"]), np.log(0.8), 0.5)


def test_effects_go_together_towards_benefit_as_far_as_related_says(draws: Draws) -> None:
    """At the same week: the rate of ACR20 is told at week 16, and goes with changes by then."""
    sign = {"vas": -1, "sdai": -1, "cdai": -1, "acr20": 1, "il10": 1, "anti_ccp": 1}
    scores = [sign[outcome] * effect(draws, "cells", outcome) for outcome in OUTCOMES]
    expected = np.full((6, 6), 0.5) + 0.5 * np.eye(6)
    # CDAI is 0.95 SDAI and the rest its own; anti-CCP has no agreed direction.
    expected[2] = expected[:, 2] = 0.95 * 0.5
    expected[1, 2] = expected[2, 1] = 0.95
    expected[5] = expected[:, 5] = 0.0
    np.fill_diagonal(expected, 1.0)
    np.testing.assert_allclose(np.corrcoef(scores), expected, atol=NEAR)


def test_unrelated_effects_and_effects_of_two_arms_are_independent(draws: Draws) -> None:
    free = drawn(make_layout(joint(related=0.0), OUTCOMES, ARMS, WEEKS))[2]
    scores = [effect(free, "cells", outcome) for outcome in ("vas", "sdai", "acr20", "il10")]
    np.testing.assert_allclose(np.corrcoef(scores), np.eye(4), atol=NEAR)
    for outcome in OUTCOMES:
        arms = [effect(draws, arm, outcome) for arm in ("cells", "placebo")]
        assert abs(np.corrcoef(arms)[0, 1]) < NEAR


def test_only_effects_are_related(draws: Draws) -> None:
    values = {outcome: draws.values["cells", outcome] for outcome in OUTCOMES}
    for name in ("baseline_mean", "response_sd", "residual_sd", "walk_sd"):
        scores = [values[outcome][name] for outcome in ("vas", "il10", "sdai")]
        np.testing.assert_allclose(np.corrcoef(np.log(np.abs(scores))), np.eye(3), atol=NEAR)


def test_patients_and_noise_are_the_same_in_every_arm(draws: Draws) -> None:
    for outcome in OUTCOMES:
        cells, placebo = (draws.values[arm, outcome] for arm in ("cells", "placebo"))
        for name in ("baseline_sd", "response_sd", "residual_sd", "correlation", "walk_sd"):
            np.testing.assert_array_equal(cells[name], placebo[name])
        # A response's level is its rate, and so the arm's own.
        assert (cells["baseline_mean"] == placebo["baseline_mean"]).all() == (outcome != "acr20")


def test_scores_of_shared_outcomes_are_correlated(draws: Draws) -> None:
    sdai, cdai = draws.values["cells", "sdai"], draws.values["cells", "cdai"]
    for name in ("baseline_sd", "response_sd", "residual_sd", "walk_sd"):
        found = np.corrcoef(np.log(sdai[name]), np.log(cdai[name]))[0, 1]
        assert found == pytest.approx(0.95, abs=0.01), name
    assert np.corrcoef(sdai["baseline_mean"], cdai["baseline_mean"])[0, 1] == pytest.approx(0.95, abs=0.01)
    for week in (1, 2, 4):
        walks = [each["mean_change"][:, week] / each["walk_sd"] for each in (sdai, cdai)]
        assert np.corrcoef(walks)[0, 1] == pytest.approx(0.95, abs=0.01)


def test_loading_has_its_page_s_prior_and_factors_are_ordered_normals(draws: Draws) -> None:
    # Median 0.5 and SD 1 on the probit: uniform.
    assert stats.kstest(draws.loading, "uniform").pvalue > 1e-5
    for arm in ARMS:
        factor = draws.factor[arm.id]
        assert factor.shape == (DRAWS, arm.n)
        assert (np.diff(factor, axis=1) > 0.0).all()
        uniform = stats.norm.cdf(factor)
        for k in range(arm.n):
            assert stats.kstest(uniform[:, k], stats.beta(k + 1, arm.n - k).cdf).pvalue > 1e-5
        # Ratios of neighbours among ordered uniforms are independent, the k-th one to the power of k uniform.
        ratios = (uniform[:, :-1] / uniform[:, 1:]) ** np.arange(1, arm.n)
        assert all(stats.kstest(each, "uniform").pvalue > 1e-5 for each in ratios.T)
        np.testing.assert_allclose(np.corrcoef(ratios.T), np.eye(arm.n - 1), atol=NEAR)


def test_a_loading_of_zero_ties_nothing() -> None:
    found = drawn(make_layout(replace(joint(), loading=None), OUTCOMES, ARMS, WEEKS), draws=10)[2]
    assert found.loading is None
    assert not found.factor


@pytest.mark.parametrize("outcomes", [("vas",), ("sdai", "cdai")])
def test_an_outcome_alone_is_tied_to_nothing(outcomes: tuple[str, ...]) -> None:
    assert drawn(make_layout(joint(), outcomes, ARMS, WEEKS), draws=10)[2].loading is None


def test_a_line_s_change_is_the_arm_s_own() -> None:
    line = spec("linear", outcome="vas", priors={"change": {"median": -3.0, "sd": 2.0}})
    model = replace(joint("sceptical", related=0.5), pages={**joint().pages, "vas": line})
    found = drawn(make_layout(model, ("vas", "il10"), ARMS, WEEKS))[2]
    cells, placebo = (found.values[arm, "vas"] for arm in ("cells", "placebo"))
    # Half as wide as the page's, and no placebo figure on that page.
    assert is_normal(cells["change"], -3.0, 1.0)
    np.testing.assert_allclose(cells["mean_change"][:, 1], cells["change"] * 4.0 / 24.0, rtol=1e-12)
    assert abs(np.corrcoef(cells["change"], placebo["change"])[0, 1]) < NEAR
    il10 = found.values["cells", "il10"]
    score = il10["mean_change"][:, -1] / il10["walk_sd"]
    assert np.corrcoef(-cells["change"], score)[0, 1] == pytest.approx(0.5, abs=NEAR)


def test_weeks_that_no_fact_speaks_of_leave_the_facts_alone(layout: Layout) -> None:
    """Of four steps of a walk, two coordinates say where it is at the two weeks counted."""
    normal, unit, found = drawn(layout, draws=50)
    moved = normal.copy()
    for name, slot in layout.slots.items():
        if name.endswith(".walk_step"):
            counted = 1 if ".acr20." in name else 2
            moved[:, slot.start + counted : slot.stop] += 5.0
    after = layout.expand(moved, unit, NUMPY)
    weeks = layout.weeks.tolist()
    for (arm, outcome), values in found.values.items():
        seen = [12.0] if outcome == "acr20" else [12.0, 24.0]
        at = [weeks.index(week) for week in seen]
        others = [
            weeks.index(week)
            for week in weeks
            if week not in (*seen, 0.0, joint().pages[outcome].anchor_week)
        ]
        same = after.values[arm, outcome]["mean_change"] - values["mean_change"]
        assert np.abs(same[:, at]).max() < 1e-9, outcome
        assert (np.abs(same[:, others]) > 1e-3).all(), outcome


def test_more_visits_are_filled_in_without_moving_those_there_are(layout: Layout) -> None:
    normal, unit, coarse = drawn(layout)
    weeks = (1.0, 4.0, 8.0, 12.0, 14.0, 24.0, 36.0)
    fine = make_layout(layout.joint, layout.pages, layout.arms, weeks)
    vector = layout.refine(normal, fine, np.random.default_rng(2))
    found = fine.expand(vector, unit, NUMPY)
    at = np.isin(fine.weeks, layout.weeks)
    for key, values in coarse.values.items():
        np.testing.assert_allclose(
            found.values[key]["mean_change"][:, at], values["mean_change"], atol=1e-9, err_msg=str(key)
        )
        for name in ("baseline_mean", "residual_sd", "correlation", "placebo_response"):
            np.testing.assert_allclose(found.values[key][name], values[name], atol=1e-9)
    np.testing.assert_array_equal(found.loading, coarse.loading)
    np.testing.assert_array_equal(found.factor["cells"], coarse.factor["cells"])
    # All of the finer layout's numbers are again independent standard normals.
    assert all(is_normal(each) for each in vector.T)
    correlation = np.corrcoef(vector.T)
    np.testing.assert_allclose(correlation, np.eye(fine.size), atol=1.2 * NEAR)


def test_bridge_passes_through_the_steps_it_was_given() -> None:
    rng = np.random.default_rng(3)
    weeks, finer = (
        np.array([0.0, 8.0, 12.0, 24.0]),
        np.array([0.0, 1.0, 3.0, 8.0, 12.0, 13.0, 20.0, 24.0, 30.0]),
    )
    steps = rng.normal(size=(DRAWS, 3))
    fine = bridge(steps, weeks, finer, rng)

    def walk(steps: np.ndarray, weeks: np.ndarray) -> np.ndarray:
        return np.concatenate(
            [np.zeros((DRAWS, 1)), (steps * np.sqrt(np.diff(weeks))).cumsum(axis=1)], axis=1
        )

    np.testing.assert_allclose(walk(fine, finer)[:, np.isin(finer, weeks)], walk(steps, weeks), atol=1e-9)
    # A gap that is not divided keeps its step.
    np.testing.assert_allclose(fine[:, 3], steps[:, 1], atol=1e-12)
    assert all(is_normal(each) for each in fine.T)
    np.testing.assert_allclose(np.corrcoef(fine.T), np.eye(8), atol=NEAR)


def test_points_stand_for_the_prior_s_correlations() -> None:
    """The tabulated Beta quantile at a normal score is the one that SciPy solves for."""
    problem = given_counts(data_dir() / "published" / "jamshidi2024.toml", "wide", "mcid")
    points = np.linspace(-6.0, 6.0, 401)[:, None] * np.ones(problem.dimension)
    _, unit = problem.split(points)
    assert unit.shape == (401, len(problem.layout.units)) == (401, 6)
    for place, concentration in enumerate(problem.layout.concentrations):
        exact = stats.beta(concentration, concentration).ppf(stats.norm.cdf(points[:, 0]))
        np.testing.assert_allclose(unit[:, place], exact, atol=1e-6)


def test_layout_of_a_paper_has_every_coordinate_once() -> None:
    problem = given_counts(data_dir() / "published" / "jamshidi2024.toml", "placebo_informed", "mcid")
    covered = sorted(
        place for slot in problem.layout.slots.values() for place in range(slot.start, slot.stop)
    )
    assert covered == list(range(problem.layout.size))
    assert problem.dimension == problem.layout.size + 6


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (spec("gp"), "has the trajectory gp"),
        (
            spec(residuals="ar1", priors={"autocorrelation": {"median": 0.5, "sd": 0.5}}),
            "has AR\\(1\\) residuals",
        ),
    ],
)
def test_pages_that_counts_cannot_be_read_with_are_refused(page: ModelSpec, told: str) -> None:
    tied = replace(joint("wide"), pages={"x": page})
    with pytest.raises(RaBayesError, match=told):
        make_layout(tied, ["x"], ARMS, WEEKS)


def test_a_bend_goes_with_no_other_outcome() -> None:
    pages = {"x": spec("piecewise"), "y": spec("piecewise", outcome={**OUTCOME, "id": "y"})}
    tied = replace(joint("wide", related=0.6), pages=pages)
    found = drawn(make_layout(tied, ["x", "y"], ARMS[:1], WEEKS))[2].values
    x, y = found["cells", "x"], found["cells", "y"]
    assert np.corrcoef(x["change"], y["change"])[0, 1] == pytest.approx(0.6, abs=NEAR)
    assert np.corrcoef(x["bend_1"], y["bend_1"])[0, 1] == pytest.approx(0.0, abs=NEAR)
