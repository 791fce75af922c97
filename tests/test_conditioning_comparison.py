"""Readings and priors compared: the rows of each are those of `condition` alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from published_pages import SYNTHETIC, acr, fact, publication
from scipy import optimize, special, stats

import ra_bayes as rb

JAMSHIDI = rb.data_dir() / "published" / "jamshidi2024.toml"
# Some 100 quantities are compared: beyond 4.5 Monte Carlo errors once in 1,500 runs of another seed.
MAX_Z = 4.5

TWO_READINGS = {
    "any": {"words": "any change", "minimum": 0},
    "mcid": {"words": "the MCID", "minimum": "mcid"},
}
COMPARED = publication(
    fact("better", 5, readings=["any", "mcid"], week=24), acr("responds", 4, week=16),
    fact("il10_up", 6, outcomes=["il10"], direction="increase", week=24), readings=TWO_READINGS,
    visits={"weeks": [0, 12, 16, 24], "status": "stated", "basis": SYNTHETIC},
)  # fmt: skip


@pytest.fixture(scope="module")
def compared() -> pd.DataFrame:
    models = ("sceptical", "placebo_informed", "wide")
    return rb.compare_readings(COMPARED, models, seed=1, related=(0.0,), ess=3000.0)


def test_every_reading_and_prior_has_its_rows(compared: pd.DataFrame) -> None:
    assert len(compared) == 2 * 3 * 3
    assert not compared.duplicated(["reading", "model", "related", "outcome"]).any()
    assert (compared["ess"] > 3000.0).all()
    assert (compared["pareto_k"] < 0.7).all()
    inside = (compared["lower"] < compared["estimate"]) & (compared["estimate"] < compared["upper"])
    assert inside.all()


def test_prior_columns_are_the_prior_s_own_quantiles(compared: pd.DataFrame) -> None:
    """The change is a walk of log-normal SD around placebo's, the rate a probit one: by integrals."""

    node, weight = np.polynomial.hermite_e.hermegauss(60)
    weight = weight / weight.sum()

    def change(p: float, walk_sd: float, placebo: tuple[float, float]) -> float:
        spread = np.hypot(walk_sd * np.exp(0.5 * node), placebo[1])
        return placebo[0] + float(
            optimize.brentq(lambda x: weight @ special.ndtr(x / spread) - p, -500.0, 500.0)
        )

    def rate(p: float, middle: float, sd: float) -> float:
        spread = np.sqrt(1.0 + (0.8 * np.exp(0.4 * node)) ** 2)
        score = optimize.brentq(lambda x: weight @ special.ndtr((x * spread - middle) / sd) - p, -9.0, 9.0)
        return float(special.ndtr(score))

    # Of the typical patient, where 24% is of patients who differ.
    further = float(weight @ np.sqrt(1.0 + (0.8 * np.exp(0.4 * node)) ** 2))
    placebo = further * float(stats.norm.ppf(0.24))
    exact = {
        ("wide", "vas"): lambda p: change(p, 15.0, (0.0, 0.0)),
        ("sceptical", "vas"): lambda p: change(p, 7.5, (0.0, 0.0)),
        ("placebo_informed", "vas"): lambda p: change(p, 15.0, (-18.0, 5.0)),
        ("wide", "acr20"): lambda p: rate(p, float(stats.norm.ppf(0.35)), 0.6),
        ("sceptical", "acr20"): lambda p: rate(p, placebo, float(np.hypot(0.3 * further, 0.3))),
        ("placebo_informed", "acr20"): lambda p: rate(p, placebo, float(np.hypot(0.3 * further, 0.6))),
    }
    # A ratio, of which no page gives placebo's.
    for name, walk_sd in (("wide", 0.4), ("sceptical", 0.2), ("placebo_informed", 0.4)):
        exact[name, "il10"] = lambda p, walk_sd=walk_sd: np.exp(change(p, walk_sd, (0.0, 0.0)))
    for _, row in compared.iterrows():
        quantile = exact[row["model"], row["outcome"]]
        for column, p in (("prior", 0.5), ("prior_lower", 0.05), ("prior_upper", 0.95)):
            # Four and a half errors of a quantile of 10,000 draws, as a range of probabilities.
            error = 4.5 * np.sqrt(p * (1.0 - p) / 10_000)
            assert quantile(p - error) < row[column] < quantile(p + error), (row["model"], column)


def test_compared_posteriors_and_evidence_are_condition_s(compared: pd.DataFrame) -> None:
    for reading in ("any", "mcid"):
        tree = rb.condition(COMPARED, "placebo_informed", seed=9, reading=reading)
        told, rows = rb.provenance(tree)["sampling"], rb.estimands(tree)
        here = compared.query("model == 'placebo_informed' and reading == @reading")
        for _, row in here.iterrows():
            error = np.hypot(row["log_evidence_mcse"], told["log_evidence_mcse"])
            assert abs(row["log_evidence"] - told["log_evidence"]) < 4.0 * error
            (other,) = rows.query(
                "outcome == @row.outcome and estimand == @row.estimand and week == @row.week"
            ).to_dict("records")
            error = np.hypot(row["mcse"], 1.12 * other["mcse"])
            assert abs(row["estimate"] - other["estimate"]) < MAX_Z * error
            assert abs(row["lower"] - other["lower"]) < 2.5 * MAX_Z * error
            unit = {"vas": "mm", "il10": "ratio", "acr20": "share of patients"}[row["outcome"]]
            assert row["unit"] == unit
            if row["outcome"] == "acr20":
                assert np.isnan(row["p_benefit"])
            else:
                assert row["p_benefit"] == pytest.approx(other["p_benefit"], abs=0.05)


def test_stricter_readings_of_the_same_counts_show_more_change(compared: pd.DataFrame) -> None:
    vas = compared[compared["outcome"] == "vas"].pivot(index="model", columns="reading", values="estimate")
    assert (vas["mcid"] < vas["any"] - 2.0).all()
    assert (vas.loc["placebo_informed"] < vas.loc["wide"]).all()
    assert vas.loc["sceptical"].abs().lt(vas.loc["wide"].abs() + 0.5).all()


def test_related_effects_move_pain_towards_benefit() -> None:
    """Three of six less pain, any change: by itself no effect; five of six better in IL-10 speak for one."""
    paper = rb.read_publication(JAMSHIDI)
    kept = replace(paper, readings=tuple(each for each in paper.readings if each.id == "any_change"))
    facts = tuple(
        replace(each, readings=tuple(id for id in each.readings if id == "any_change"))
        for each in paper.facts
    )
    table = rb.compare_readings(replace(kept, facts=facts), ("wide",), seed=1, ess=1500.0)
    vas = table.query("outcome == 'vas'").set_index("related")
    assert vas.loc[0.5, "estimate"] < vas.loc[0.0, "estimate"] - 0.5
    assert vas.loc[0.5, "p_benefit"] > vas.loc[0.0, "p_benefit"] + 0.05
    assert abs(vas.loc[0.5, "prior"] - vas.loc[0.0, "prior"]) < 1.0
    assert (table["ess"] > 1500.0).all()


def test_comparing_is_reproducible_with_any_number_of_threads() -> None:
    one, two = (
        rb.compare_readings(COMPARED, ("wide",), seed=4, related=(0.0,), ess=500.0, workers=workers)
        for workers in (1, 2)
    )
    pd.testing.assert_frame_equal(one, two)
