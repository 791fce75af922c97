"""Estimands against arithmetic done by hand and against brute-force simulation; no sampling."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import integrate

from ra_bayes.estimand.change import change_estimands
from ra_bayes.estimand.new_patient import share_beating_mcid
from ra_bayes.estimand.posterior import Posterior
from ra_bayes.estimand.rate import population_rate, rate_estimands
from ra_bayes.estimand.summary import Quantity, summarise
from ra_bayes.model import ModelSpec, load_model
from ra_bayes.model.spec_reader import read_spec

WEEKS = np.array([0.0, 4.0, 12.0, 24.0])

BOUNDED = """
schema = 1
title = "Bounded score"
about = "A score between two bounds, for tests of links."
link = "{link}"
trajectory = "linear"
reference_week = 24
[outcome]
id = "score"
label = "Score"
unit = "points"
lower = 0.0
upper = 100.0
benefit = "{benefit}"
[mcid]
change = 15.0
source = "these tests"
[priors.baseline_mean]
median = 50.0
sd = 1.0
why = "w"
[priors.baseline_sd]
median = 1.0
sdlog = 0.3
why = "w"
[priors.response_sd]
median = 1.0
sdlog = 0.3
why = "w"
[priors.correlation]
concentration = 4.0
why = "w"
[priors.residual_sd]
median = 1.0
sdlog = 0.3
why = "w"
[priors.change]
median = 0.0
sd = 1.0
why = "w"
"""


def score(link: str, benefit: str = "decrease") -> ModelSpec:
    return read_spec(BOUNDED.format(link=link, benefit=benefit), name="score")


def one_draw(
    spec: ModelSpec,
    *,
    level: list[float],
    response: list[float],
    mean_change: list[float],
    scalars: dict[str, float],
    weeks: np.ndarray = WEEKS,
) -> Posterior:
    """A posterior of two equal draws, so that a quantity is the number worked out by hand."""

    def twice(values: Any) -> np.ndarray:
        return np.broadcast_to(np.asarray(values, dtype=float), (1, 2, *np.shape(values))).copy()

    return Posterior(
        spec=spec,
        patients=tuple(f"P{i}" for i in range(len(level))),
        weeks=weeks,
        seen=np.ones(weeks.size, dtype=bool),
        last_week=np.full(len(level), weeks[-1]),
        level=twice(level),
        response=twice(response),
        mean_change=twice(mean_change),
        shape=twice(np.sqrt(weeks / spec.reference_week)),
        scalars={name: twice(value) for name, value in scalars.items()},
    )


VAS = {
    "baseline_mean": 70.0,
    "baseline_sd": 15.0,
    "response_sd": 10.0,
    "correlation": -0.3,
    "residual_sd": 8.0,
}


def of(quantities: Any, name: str, patient: str = "", week: float | None = None) -> Quantity:
    found = [
        each
        for each in quantities
        if each.name == name and each.patient == patient and (week is None or each.week == week)
    ]
    assert len(found) == 1, [each[:2] for each in found]
    return found[0]


@pytest.fixture(scope="module")
def vas() -> list[Quantity]:
    posterior = one_draw(
        load_model("vas"),
        level=[60.0, 80.0],
        response=[-10.0, 4.0],
        mean_change=[0.0, -4.0, -12.0, -10.0],
        scalars=VAS,
    )
    return list(change_estimands(posterior, np.full((1, 2), -18.0)))


def test_changes_of_population_cohort_and_patients_by_hand(vas: list[Quantity]) -> None:
    assert of(vas, "mean_change", week=24.0).draws == pytest.approx(-10.0)
    assert of(vas, "patient_change", "P0", 24.0).draws == pytest.approx(-20.0)
    assert of(vas, "patient_change", "P1", 24.0).draws == pytest.approx(-6.0)
    assert of(vas, "mean_change_of_cohort", week=24.0).draws == pytest.approx(-13.0)
    # r(12) = sqrt(1/2) under the random walk.
    assert of(vas, "patient_change", "P0", 12.0).draws == pytest.approx(-12.0 - 10.0 * math.sqrt(0.5))
    assert of(vas, "change_beyond_placebo").draws == pytest.approx(8.0)
    assert not of(vas, "change_beyond_placebo").benefit.any()
    assert of(vas, "mean_change", week=24.0).benefit.all()


def test_there_is_no_change_to_tell_at_baseline(vas: list[Quantity]) -> None:
    assert {each.week for each in vas if each.name == "mean_change"} == {4.0, 12.0, 24.0}


def test_who_beats_the_mcid_and_keeps_it(vas: list[Quantity]) -> None:
    # MCID 10 mm: the mean is exactly at it, patient 0 is beyond it from week 12 on, patient 1 only then.
    assert of(vas, "mean_change_beats_mcid", week=24.0).draws.all()
    assert not of(vas, "mean_change_beats_mcid", week=4.0).draws.any()
    assert of(vas, "patient_beats_mcid", "P0").draws.all()
    assert not of(vas, "patient_beats_mcid", "P1").draws.any()
    assert of(vas, "patients_beating_mcid").draws == pytest.approx(1.0)
    assert of(vas, "sustained_response", "P0").draws.all()
    assert not of(vas, "sustained_response", "P1").draws.any()
    assert of(vas, "patients_sustained").draws == pytest.approx(1.0)


def test_area_and_time_to_half_effect_by_hand(vas: list[Quantity]) -> None:
    area = (0 + 4) / 2 * 4 + (4 + 12) / 2 * 8 + (12 + 10) / 2 * 12
    assert of(vas, "average_change").draws == pytest.approx(-area / 24.0)
    # Half of -10 is passed an eighth of the way from -4 at week 4 to -12 at week 12.
    assert of(vas, "weeks_to_half_effect").draws == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("path", "weeks"),
    [([0.0, 8.0, 4.0, 10.0], 2.5), ([0.0, 0.0, 0.0, -6.0], 18.0), ([0.0, 3.0, -1.0, -4.0], 12 + 4.0)],
)
def test_half_of_the_effect_is_the_first_crossing(path: list[float], weeks: float) -> None:
    posterior = one_draw(load_model("sdai"), level=[30.0], response=[0.0], mean_change=path, scalars=VAS)
    assert of(change_estimands(posterior, None), "weeks_to_half_effect").draws == pytest.approx(weeks)


def test_under_the_log_link_changes_are_ratios_and_their_mean_is_geometric() -> None:
    halves = np.log([1.0, 0.9, 0.7, 0.5])
    posterior = one_draw(
        load_model("tnf_alpha"),
        level=[1.0, 2.0],
        response=[math.log(0.5), math.log(2.0)],
        mean_change=list(halves),
        scalars={**VAS, "baseline_mean": 1.5},
    )
    found = list(change_estimands(posterior, None))
    assert of(found, "mean_change", week=24.0).draws == pytest.approx(0.5)
    assert of(found, "patient_change", "P0", 24.0).draws == pytest.approx(0.25)
    assert of(found, "patient_change", "P1", 24.0).draws == pytest.approx(1.0)
    assert of(found, "mean_change_of_cohort", week=24.0).draws == pytest.approx(0.5)
    assert of(found, "mean_change", week=24.0).unit == "ratio"
    assert of(found, "mean_change", week=24.0).benefit.all()
    assert not of(found, "patient_change", "P1", 24.0).benefit.any()
    assert not [each for each in found if "mcid" in each.name]


def test_a_visit_without_any_record_is_not_reported() -> None:
    posterior = one_draw(
        load_model("sdai"), level=[30.0], response=[0.0], mean_change=[0.0, -1.0, -2.0, -3.0], scalars=VAS
    )
    posterior.seen[1] = False
    assert {q.week for q in change_estimands(posterior, None) if q.name == "mean_change"} == {12.0, 24.0}


def simulated_share(posterior: Posterior, mcid: float, *, measured: bool, size: int = 400_000) -> np.ndarray:
    """Draw new patients one by one: levels, responses, noise, recorded values."""
    rng = np.random.default_rng(7)
    p = {name: float(value.flat[0]) for name, value in posterior.scalars.items()}
    spec = posterior.spec
    cov = p["correlation"] * p["baseline_sd"] * p["response_sd"]
    effects = rng.multivariate_normal(
        [p["baseline_mean"], 0.0], [[p["baseline_sd"] ** 2, cov], [cov, p["response_sd"] ** 2]], size
    )
    shares = []
    for j in range(posterior.weeks.size):
        end = effects[:, 0] + posterior.mean_change[0, 0, j] + effects[:, 1] * posterior.shape[0, 0, j]
        start = effects[:, 0]
        if measured:
            start = start + p["residual_sd"] * rng.normal(size=size)
            end = end + p["residual_sd"] * rng.normal(size=size)
        before, after = spec.link.inverse(start), spec.link.inverse(end)
        if measured:
            before, after = (
                np.clip(each, spec.outcome.lower, spec.outcome.upper) for each in (before, after)
            )
        shares.append(np.mean(spec.benefit_sign * (after - before) >= mcid))
    return np.array(shares)


@pytest.mark.parametrize("measured", [False, True])
@pytest.mark.parametrize("benefit", ["decrease", "increase"])
@pytest.mark.parametrize(
    ("link", "scalars", "change"),
    [
        ("identity", {"baseline_mean": 60, "baseline_sd": 18, "response_sd": 12, "residual_sd": 9}, -14.0),
        ("identity", {"baseline_mean": 20, "baseline_sd": 14, "response_sd": 9, "residual_sd": 8}, -9.0),
        ("sqrt", {"baseline_mean": 6.5, "baseline_sd": 1.2, "response_sd": 0.9, "residual_sd": 0.6}, -0.8),
        ("logit", {"baseline_mean": 0.5, "baseline_sd": 0.8, "response_sd": 0.7, "residual_sd": 0.4}, -0.6),
    ],
)
def test_the_share_of_new_patients_agrees_with_drawing_them(
    link: str, scalars: dict[str, float], change: float, benefit: str, measured: bool
) -> None:
    sign = 1.0 if benefit == "decrease" else -1.0
    posterior = one_draw(
        score(link, benefit),
        level=[0.0],
        response=[0.0],
        mean_change=[0.0, 0.3 * sign * change, 0.7 * sign * change, sign * change],
        scalars={**scalars, "correlation": -0.4},
    )
    exact = share_beating_mcid(posterior, 15.0, measured=measured)[0, 0]
    drawn = simulated_share(posterior, 15.0, measured=measured)
    # 400,000 draws: a standard error of at most 0.0008, of which four are allowed for.
    assert exact[1:] == pytest.approx(drawn[1:], abs=0.0032)
    assert 0.02 < exact[-1] < 0.98


def test_under_the_identity_link_the_share_is_a_normal_tail() -> None:
    posterior = one_draw(
        load_model("das28_esr"), level=[6.0], response=[0.0], mean_change=[0.0, -0.2, -0.6, -1.0], scalars=VAS
    )
    z = (-1.2 + 1.0) / 10.0
    expected = 0.5 * math.erfc(-z / math.sqrt(2.0))
    assert share_beating_mcid(posterior, 1.2, measured=False)[0, 0, -1] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("correlation", [-0.999, 0.97])
def test_the_share_is_that_tail_also_where_level_and_response_go_along_almost_exactly(
    correlation: float,
) -> None:
    posterior = one_draw(
        load_model("das28_esr"),
        level=[6.0],
        response=[0.0],
        mean_change=[0.0, -0.2, -0.6, -1.0],
        scalars={**VAS, "correlation": correlation},
    )
    expected = 0.5 * math.erfc((1.2 - 1.0) / 10.0 / math.sqrt(2.0))
    assert share_beating_mcid(posterior, 1.2, measured=False)[0, 0, -1] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("spread", [1.0, 0.05])
def test_recorded_starts_beyond_the_scale_are_integrated_piece_by_piece(spread: float) -> None:
    # Records stop at 100: the integrand bends there, and with little spread all but jumps on either side.
    noise, own, mean, level_sd, change, mcid = 12.0 * spread, 15.0 * spread, 85.0, 17.0, -14.0, 15.0
    scalars = {"baseline_mean": mean, "baseline_sd": level_sd, "response_sd": own, "residual_sd": noise}
    posterior = one_draw(
        load_model("vas"),
        level=[0.0],
        response=[0.0],
        mean_change=[0.0, 0.3 * change, 0.7 * change, change],
        scalars={**scalars, "correlation": -0.4},
    )
    variance = level_sd**2 + noise**2
    covariance = level_sd**2 - 0.4 * level_sd * own
    end = level_sd**2 - 0.8 * level_sd * own + own**2 + noise**2
    left = math.sqrt(end - covariance**2 / variance)

    def reached(start: float) -> float:
        expected = mean + change + covariance / variance * (start - mean)
        density = math.exp(-((start - mean) ** 2) / (2.0 * variance)) / math.sqrt(2.0 * math.pi * variance)
        return density * 0.5 * math.erfc((expected - (min(start, 100.0) - mcid)) / left / math.sqrt(2.0))

    cuts = np.unique(np.r_[mcid, np.linspace(20.0, 280.0, 521)])
    pieces = [integrate.quad(reached, a, b, epsabs=1e-13)[0] for a, b in pairwise(cuts)]
    found = share_beating_mcid(posterior, mcid, measured=True)[0, 0, -1]
    assert found == pytest.approx(sum(pieces), abs=1e-8)


@pytest.mark.parametrize(
    ("link", "measured", "scalars", "change"),
    [
        # From low starts there is hardly room, from high ones less is expected: a step on either side.
        ("log", False, (3.51, 1.83, 0.157, 0.99, 0.3), -0.504),
        ("logit", False, (0.8, 3.99, 0.066, -0.99, 0.3), -2.85),
        # By rounding, room ends a hair beyond the scale.
        ("log", True, (4.2, 0.6, 0.9, -0.9, 0.3), 0.19),
        ("logit", True, (0.9, 0.8, 0.1, 0.9, 0.2), -0.05),
    ],
)
def test_under_a_curved_link_the_share_has_a_step_on_either_side_and_ends_where_room_does(
    link: str, measured: bool, scalars: tuple[float, ...], change: float
) -> None:
    mean, level_sd, own, correlation, noise = scalars
    names = ("baseline_mean", "baseline_sd", "response_sd", "correlation", "residual_sd")
    posterior = one_draw(
        score(link),
        level=[0.0],
        response=[0.0],
        mean_change=[0.0, 0.3 * change, 0.7 * change, change],
        scalars=dict(zip(names, scalars, strict=True)),
    )
    noise *= measured
    variance = level_sd**2 + noise**2
    slope = (correlation * level_sd * own - noise**2) / variance
    left = math.sqrt(own**2 + 2.0 * noise**2 - slope**2 * variance)
    upper = 100.0 if measured or link == "logit" else math.inf

    def g(value: float) -> float:
        return math.log(value) - (math.log(100.0 - value) if link == "logit" else 0.0)

    def reached(start: float) -> float:
        value = 100.0 / (1.0 + math.exp(-start)) if link == "logit" else math.exp(start)
        short = change + slope * (start - mean) - g(min(value, upper) - 15.0) + start
        density = math.exp(-((start - mean) ** 2) / (2.0 * variance)) / math.sqrt(2.0 * math.pi * variance)
        return density * 0.5 * math.erfc(short / left / math.sqrt(2.0))

    cuts = np.linspace(g(15.0), mean + 9.0 * math.sqrt(variance), 2001)
    pieces = [integrate.quad(reached, a, b, epsabs=1e-13)[0] for a, b in pairwise(cuts) if b > a]
    found = share_beating_mcid(posterior, 15.0, measured=measured)[0, 0, -1]
    assert found == pytest.approx(sum(pieces), abs=1e-7)


def test_a_rate_averages_over_patients_not_at_the_mean_patient() -> None:
    scalars = {
        "baseline_mean": 0.4,
        "baseline_sd": 1.3,
        "response_sd": 0.0,
        "correlation": 0.0,
        "residual_sd": 1.0,
    }
    posterior = one_draw(
        load_model("acr20"),
        level=[0.4, -1.0],
        response=[0.0, 0.0],
        mean_change=[-0.5, -0.2, 0.0, 0.3],
        scalars=scalars,
        weeks=np.array([1.0, 4.0, 16.0, 24.0]),
    )
    rng = np.random.default_rng(3)
    latent = 0.4 + 1.3 * rng.normal(size=400_000) + rng.normal(size=400_000)
    assert population_rate(posterior)[0, 0, 2] == pytest.approx(np.mean(latent > 0.0), abs=0.004)
    found = list(rate_estimands(posterior, np.zeros((1, 2))))
    both = [of(found, "patient_response_probability", f"P{i}").draws[0, 0] for i in (0, 1)]
    assert both == pytest.approx([0.655422, 0.158655], abs=1e-5)
    assert of(found, "response_rate_of_cohort", week=16.0).draws == pytest.approx(np.mean(both))
    assert of(found, "rate_beyond_placebo").draws == pytest.approx(population_rate(posterior)[..., 2] - 0.5)


def test_summary_names_its_interval_and_its_error() -> None:
    rng = np.random.default_rng(1)
    draws = rng.normal(3.0, 2.0, (4, 5000))
    row = summarise(Quantity("q", draws, "mm", "d", benefit=draws < 0.0), 0.80)
    assert row["lower"] == pytest.approx(3.0 - 1.2816 * 2.0, abs=0.1)
    assert row["upper"] == pytest.approx(3.0 + 1.2816 * 2.0, abs=0.1)
    assert row["p_benefit"] == pytest.approx(0.0668, abs=0.01)
    # The median of n normal draws has standard error 1.2533 sd / sqrt(n).
    assert row["mcse"] == pytest.approx(1.2533 * 2.0 / math.sqrt(20_000), rel=0.15)
    assert 15_000 < float(str(row["ess"])) < 25_000


def test_an_event_seen_in_every_draw_is_not_certain() -> None:
    row = summarise(Quantity("q", np.ones((4, 250)), "probability", "d", kind="event"), 0.90)
    assert row["estimate"] == 1.0
    assert row["mcse"] == 0.001
    assert math.isnan(float(str(row["lower"])))


def test_a_count_of_patients_is_told_by_its_mean() -> None:
    draws = np.random.default_rng(2).binomial(6, 0.4, (4, 1000)).astype(float)
    row = summarise(Quantity("q", draws, "patients", "d", kind="count"), 0.90)
    assert row["estimate"] == draws.mean()
    assert row["mcse"] == pytest.approx(math.sqrt(6 * 0.4 * 0.6 / 4000), rel=0.15)
    assert (row["lower"], row["upper"]) == (1.0, 4.0)


def test_a_change_beyond_a_patients_last_record_says_so() -> None:
    posterior = one_draw(
        load_model("vas"),
        level=[60.0, 80.0],
        response=[0.0, 0.0],
        mean_change=[0.0, -1.0, -2.0, -3.0],
        scalars=VAS,
    )
    posterior.last_week[1] = 4.0
    found = list(change_estimands(posterior, None))
    assert of(found, "patient_change", "P0", 24.0).note == ""
    assert of(found, "patient_change", "P1", 4.0).note == ""
    assert of(found, "patient_change", "P1", 24.0).note == "predicted: last record at week 4"
