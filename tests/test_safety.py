"""Harm where none was seen: against closed forms, published limits, brute force and simulation."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ra_bayes.errors import RaBayesError
from ra_bayes.historical import historical_arms
from ra_bayes.mixtures import beta, gamma, mix
from ra_bayes.published import read_publication, read_publication_text
from ra_bayes.rates import published_safety, response_rates, safety, safety_text
from ra_bayes.resources import data_dir

PUBLISHED = data_dir() / "published"
WEEKS_PER_YEAR = 365.25 / 7


def row(table: pd.DataFrame, quantity: str, kind: str = "vague", below: float | None = None) -> pd.Series:
    found = table[(table["quantity"] == quantity) & (table["prior_kind"] == kind)]
    return (found if below is None else found[np.isclose(found["below"], below)]).iloc[0]


@pytest.mark.parametrize("n", [1, 6, 52])
def test_no_event_has_closed_forms_under_the_vague_prior(n: int) -> None:
    table = safety(0, n, patient_weeks=24.0 * n, risk_below=[0.1], rate_below=[20.0])
    risk, rate = row(table, "risk"), row(table, "rate")
    # Beta(1, n + 1): P(p < x) = 1 - (1 - x)^(n + 1).
    assert risk["p_below"] == pytest.approx(1.0 - 0.9 ** (n + 1))
    assert risk["upper_95"] == pytest.approx(1.0 - 0.05 ** (1.0 / (n + 1)))
    assert risk["upper_95_exact"] == pytest.approx(1.0 - 0.05 ** (1.0 / n))
    assert risk["rule_of_three"] == min(3.0 / n, 1.0)
    # Exponential with rate E + 1 per patient-week.
    weekly = 20.0 / 100.0 / WEEKS_PER_YEAR
    assert rate["p_below"] == pytest.approx(1.0 - math.exp(-weekly * (24.0 * n + 1.0)))
    per_100_years = 100.0 * WEEKS_PER_YEAR
    assert rate["upper_95"] == pytest.approx(per_100_years * -math.log(0.05) / (24.0 * n + 1.0))
    assert rate["upper_95_exact"] == pytest.approx(per_100_years * -math.log(0.05) / (24.0 * n))
    assert rate["rule_of_three"] == pytest.approx(per_100_years * 3.0 / (24.0 * n))
    assert (table["mcse"] == 0.0).all()


@pytest.mark.parametrize(("r", "n"), [(0, 14), (1, 10), (3, 6), (6, 6)])
def test_the_exact_limit_of_a_risk_is_clopper_and_pearson_s(r: int, n: int) -> None:
    # The upper end of their two-sided 90% interval is the one-sided 95% limit.
    known = stats.binomtest(r, n).proportion_ci(0.90, method="exact").high
    assert row(safety(r, n), "risk")["upper_95_exact"] == pytest.approx(known)


@pytest.mark.parametrize("n", [30, 52, 100, 300])
def test_from_30_patients_on_the_rule_of_three_is_the_exact_limit_to_a_percent(n: int) -> None:
    # As Hanley and Lippman-Hand (1983) say of it; below 30 it is farther off, and never too low.
    told = row(safety(0, n), "risk")
    assert 0.0 < told["rule_of_three"] - told["upper_95_exact"] < 0.01
    few = row(safety(0, 6), "risk")
    assert few["rule_of_three"] - few["upper_95_exact"] > 0.1


@pytest.mark.parametrize(("events", "limit"), [(0, 2.996), (1, 4.744), (2, 6.296), (3, 7.754), (10, 16.962)])
def test_the_exact_limit_of_a_rate_is_garwood_s(events: int, limit: float) -> None:
    # Upper 95% limits of a Poisson mean as tabulated since Garwood 1936, here over one year of one patient.
    table = safety(min(events, 1), 1, events=events, patient_weeks=WEEKS_PER_YEAR)
    assert row(table, "rate")["upper_95_exact"] == pytest.approx(100.0 * limit, abs=0.06)


def test_a_prior_of_one_s_own_agrees_with_bayes_rule_on_a_grid() -> None:
    risk_prior, rate_prior = mix((0.7, beta(1, 30)), (0.3, beta(2, 5))), gamma(2.0, 400.0)
    table = safety(
        1, 8, events=3, patient_weeks=190.0, risk_prior=risk_prior, rate_prior=rate_prior,
        risk_below=[0.1], rate_below=[60.0],
    )  # fmt: skip
    x = (np.arange(200_000) + 0.5) / 200_000
    weight = (0.7 * stats.beta(1, 30).pdf(x) + 0.3 * stats.beta(2, 5).pdf(x)) * stats.binom(8, x).pmf(1)
    risk = row(table, "risk", "informative")
    assert risk["prior"] == "as given"
    assert risk["p_below"] == pytest.approx(weight[x < 0.1].sum() / weight.sum(), abs=1e-5)
    per_100_years = x * 400.0
    weekly = per_100_years / 100.0 / WEEKS_PER_YEAR
    weight = stats.gamma(2.0, scale=1 / 400.0).pdf(weekly) * stats.poisson(weekly * 190.0).pmf(3)
    rate = row(table, "rate", "informative")
    assert rate["p_below"] == pytest.approx(weight[per_100_years < 60.0].sum() / weight.sum(), abs=1e-5)
    assert np.isnan(rate["rule_of_three"])


def test_the_arms_prior_agrees_with_simulation_from_the_model() -> None:
    """No event in 52 patients of 48 weeks, in 15 of 52 weeks, and in these 6 of 24 weeks."""
    rng = np.random.default_rng(5)
    size = 2_000_000
    table = safety(0, 6, patient_weeks=144.0, rate_below=[5.0])
    for quantity, below, centre, exposures in (
        ("risk", 0.05, 0.0, (52.0, 15.0, 6.0)),
        ("rate", 5.0, -math.log(WEEKS_PER_YEAR), (52.0 * 48, 15.0 * 52, 144.0)),
    ):
        mu, tau = rng.normal(centre, 2.0, size), np.abs(rng.normal(0.0, 1.0, size))
        thetas = mu + tau * rng.normal(size=(3, size))
        none = [
            np.exp(-e * (np.logaddexp(0.0, theta) if quantity == "risk" else np.exp(theta)))
            for theta, e in zip(thetas, exposures, strict=True)
        ]
        weight = np.prod(none, axis=0)
        new = np.exp(thetas[2]) / (1.0 + np.exp(thetas[2]))
        if quantity == "rate":
            new = 100.0 * WEEKS_PER_YEAR * np.exp(thetas[2])
        known = weight[new < below].sum() / weight.sum()
        # The mixture stands for the predictive distribution to within a few thousandths.
        assert row(table, quantity, "informative", below)["p_below"] == pytest.approx(known, abs=0.006)


def test_priors_stand_side_by_side_and_the_robust_one_lies_between() -> None:
    table = safety(0, 6, patient_weeks=144.0)
    for quantity, below in (("risk", 0.10), ("rate", 20.0)):
        vague, robust, informed = (
            row(table, quantity, kind, below)["p_below"] for kind in ("vague", "robust", "informative")
        )
        assert vague < robust < informed
    assert set(table["number_of_arms"][table["prior_kind"] == "informative"]) == {2}


def test_more_harm_is_never_better_news() -> None:
    chances = [row(safety(r, 6), "risk", "informative", 0.2)["p_below"] for r in range(7)]
    assert chances == sorted(chances, reverse=True)
    rates = [
        row(safety(min(k, 6), 6, events=k, patient_weeks=144.0), "rate", "robust", 50.0)["p_below"]
        for k in range(9)
    ]
    assert rates == sorted(rates, reverse=True)


def test_the_risk_is_that_of_the_simple_rates() -> None:
    paper = read_publication(PUBLISHED / "jamshidi2024.toml")
    simple = response_rates(paper)
    simple = simple[simple["fact"] == "serious_adverse_events"]
    table = published_safety(paper)
    assert row(table, "risk")["upper_95"] == pytest.approx(simple["upper_95"].iloc[0])
    msc = simple[simple["prior"] == "2 MSC arms of other trials"].iloc[0]
    assert row(table, "risk", "informative")["upper_95"] == pytest.approx(msc["upper_95"])


def test_a_paper_s_own_arms_are_not_its_prior() -> None:
    table = published_safety(read_publication(PUBLISHED / "alvarogracia2017.toml"))
    assert set(table["arm"]) == {"a", "b", "c", "placebo"}
    informative = table[table["prior_kind"] == "informative"]
    assert informative["prior"].str.startswith("no prior").all()
    assert informative["p_below"].isna().all()
    # Patients are counted, not events: no rate over time where some were affected.
    assert set(table["quantity"]) == {"risk"}


def test_frequent_events_of_patients_give_no_prior_of_a_rate() -> None:
    table = safety(4, 6, events=7, patient_weeks=144.0, event="adverse_event")
    assert row(table, "risk", "informative")["number_of_arms"] == 3
    refused = row(table, "rate", "informative")
    assert "more events than patients" in refused["prior"]
    assert np.isnan(refused["estimate"])


def test_arms_may_be_chosen() -> None:
    fewer = historical_arms("serious_adverse_event", "msc", week=24, leave_out=["Vij 2022"])
    assert "1 arm on file, 2 needed" in row(safety(0, 6, arms=fewer), "risk", "informative")["prior"]


def test_the_text_is_at_most_100_columns_wide_and_says_what_matters() -> None:
    for name in ("jamshidi2024", "alvarogracia2017"):
        text = safety_text(published_safety(read_publication(PUBLISHED / f"{name}.toml")))
        assert max(map(len, text.splitlines())) <= 100
        assert "None seen is not none" in text
    given = safety_text(safety(1, 6, events=2, patient_weeks=140, risk_prior=beta(1, 9)))
    assert "as given" in given
    assert "2 events in 140 patient-weeks" in given
    assert "rule of three" not in given


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (lambda: safety(7, 6), "give whole numbers"),
        (lambda: safety(0, 0), "give whole numbers"),
        (lambda: safety(2, 6, patient_weeks=100.0), "give events beside patient_weeks"),
        (lambda: safety(2, 6, events=1, patient_weeks=100.0), "each affected patient had one or more"),
        (lambda: safety(0, 6, events=1, patient_weeks=100.0), "each affected patient had one or more"),
        (lambda: safety(0, 6, patient_weeks=0.0), "give a number above 0"),
        (lambda: safety(0, 6, ci_prob=90), "ci_prob is 90"),
        (lambda: safety(0, 6, risk_below=[5.0]), "give shares of patients"),
        (lambda: safety(0, 6, patient_weeks=9.0, rate_below=[0.0]), "per 100 patient-years above 0"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(asked: object, says: str) -> None:
    assert callable(asked)
    with pytest.raises(RaBayesError, match=says):
        asked()


def test_a_paper_without_adverse_events_says_so() -> None:
    text = (PUBLISHED / "jamshidi2024.toml").read_text(encoding="utf-8")
    head, _, tail = text.partition('id = "serious_adverse_events"')
    head = head.rpartition("[[fact]]")[0]
    without = read_publication_text(head + "[[remark]]" + tail.partition("[[remark]]")[2], "cut")
    with pytest.raises(RaBayesError, match="call safety with your numbers"):
        published_safety(without)
