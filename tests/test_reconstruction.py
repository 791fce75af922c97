"""Reconstructed cohorts hold every published fact, by a reading of them that is written out here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

import ra_bayes as rb
from ra_bayes.cohort import Cohort
from ra_bayes.conditioning import Reconstruction, reconstruct
from ra_bayes.conditioning.importance import importance_sample
from ra_bayes.conditioning.posterior import given_counts
from ra_bayes.conditioning.reconstruction import _Batch, _points
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.resources import data_dir

PAGE = data_dir() / "published" / "jamshidi2024.toml"
READINGS = ("any_change", "mcid", "fraction_20")
# Of the shipped pages: VAS 10 mm, SDAI 13 and CDAI 12 points; cytokines have none and are read as any change.
MCIDS = {"vas": 10.0, "sdai": 13.0, "cdai": 12.0}


def improved(cohort: Cohort, outcome: str, patient: str, week: float, reading: str) -> bool:
    values = {record.week: record.value for record in cohort.of(outcome) if record.patient == patient}
    gain = values[0.0] - values[week]
    if outcome == "il10":
        gain = -gain
    if reading == "fraction_20":
        return gain > 1e-9 and gain >= 0.2 * values[0.0] - 1e-9
    if reading == "mcid" and outcome in MCIDS:
        return gain >= MCIDS[outcome] - 1e-9
    return gain > 1e-9


def holds_every_fact(cohort: Cohort, reading: str) -> bool:
    def who(outcome: str, *weeks: float) -> set[str]:
        return {
            patient
            for patient in cohort.patients
            if all(improved(cohort, outcome, patient, week, reading) for week in weeks)
        }

    acr20 = {record.patient for record in cohort.of("acr20") if record.week == 16.0 and record.value == 1.0}
    il10_up = who("il10", 24.0)
    return (
        len(cohort.patients) == 6
        and len(who("vas", 24.0)) == 3
        and len(who("vas", 24.0) & who("vas", 12.0, 16.0, 24.0)) == 2
        and len(acr20) == 4
        and len(who("sdai", 24.0) & who("cdai", 24.0)) == 3
        and len(il10_up) == 5
        and who("tnf_alpha", 24.0) & who("il17", 24.0) == il10_up
    )


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("reading", READINGS)
def test_every_cohort_holds_every_fact(reading: str, recorded: bool) -> None:
    made = reconstruct(PAGE, "wide", 150, seed=3, reading=reading, recorded=recorded)
    assert len(made) == 150
    assert [cohort.name for cohort in made if not holds_every_fact(cohort, reading)] == []


def test_the_check_above_can_fail() -> None:
    """Most cohorts made under one reading do not hold the counts under another."""
    made = reconstruct(PAGE, "wide", 40, seed=3, reading="any_change")
    assert sum(holds_every_fact(cohort, "fraction_20") for cohort in made) < 20


@pytest.fixture(scope="module")
def made() -> Reconstruction:
    return reconstruct(PAGE, "wide", 60, seed=1, reading="mcid", also=("haq", "crp"))


def test_cohorts_are_as_a_case_report_form_has_them(made: Reconstruction) -> None:
    for cohort in made:
        vas = np.array([record.value for record in cohort.of("vas")])
        haq = np.array([record.value for record in cohort.of("haq")])
        assert set(vas.tolist()) <= set(range(101))
        assert set((8.0 * haq).tolist()) <= set(range(25))
        assert {record.value for record in cohort.of("acr20")} <= {0.0, 1.0}
        assert min(record.week for record in cohort.of("acr20")) > 0.0
        assert cohort.weeks == (0.0, 1.0, 4.0, 8.0, 12.0, 16.0, 24.0)
        assert cohort.infusion_weeks == (0.0, 4.0, 8.0)


def test_cohorts_say_that_they_are_synthetic(made: Reconstruction) -> None:
    for cohort in made:
        assert cohort.synthetic
        assert "synthetic" in cohort.name
        assert all(patient.startswith("SYN-") for patient in cohort.patients)
        assert "no patient was measured" in cohort.notes[0]
    assert len({cohort.hash for cohort in made}) == len(made)


def test_a_cohort_is_read_back_from_its_table(made: Reconstruction) -> None:
    cohort = made.cohorts[0]
    back = rb.read_cohort(cohort.to_dataframe())
    assert [record[:5] for record in back.records] == [record[:5] for record in cohort.records]
    assert back.synthetic


def test_weights_are_near_one_and_have_mean_one(made: Reconstruction) -> None:
    assert made.weights.mean() == pytest.approx(1.0)
    assert made.ess > 0.4 * len(made)
    assert made.tried >= len(made)


def test_the_same_seed_makes_the_same_cohorts() -> None:
    first, second = (reconstruct(PAGE, "wide", 3, seed=8) for _ in range(2))
    other = reconstruct(PAGE, "wide", 3, seed=9)
    assert [each.hash for each in first] == [each.hash for each in second]
    assert [each.hash for each in first] != [each.hash for each in other]
    assert first.weights.tolist() == second.weights.tolist()


@pytest.mark.parametrize("reading", READINGS)
def test_simulated_patients_hold_the_counts_as_often_as_the_likelihood_says(reading: str) -> None:
    """The counts' probability from candidates, over that by quadrature, has mean 1."""
    problem = given_counts(PAGE, "wide", reading)
    rng = np.random.default_rng(6)
    weighted = importance_sample(problem.log_likelihood, problem.dimension, ess=1000, chains=2, rng=rng)
    ratios = []
    for _ in range(12):
        points, log_likelihood = _points(weighted, 50, rng)
        batch = _Batch(problem, points, recorded=False, rng=rng)
        ratios.append(np.exp(batch.log_probability - log_likelihood))
    ratio = np.concatenate(ratios)
    assert abs(ratio.mean() - 1.0) < 4.0 * ratio.std() / np.sqrt(ratio.size)
    assert ratio.std() < 1.5


def has_more_sdai(records: Mapping[str, np.ndarray]) -> np.ndarray:
    """Accept patients whose SDAI, which has CRP besides, is above their CDAI at weeks 0 and 24."""
    if "sdai" not in records:
        return np.ones(next(iter(records.values())).shape[:-1], dtype=bool)
    apart = records["sdai"] - records["cdai"]
    return np.asarray((apart[..., 0] > 0.0) & (apart[..., -1] > 0.0))


def test_every_patient_is_acceptable() -> None:
    made = reconstruct(PAGE, "wide", 60, seed=2, accept=has_more_sdai)
    for cohort in made:
        assert holds_every_fact(cohort, "any_change")
        values = {(each.outcome, each.patient, each.week): each.value for each in cohort.records}
        assert all(
            values["sdai", patient, week] > values["cdai", patient, week]
            for patient in cohort.patients
            for week in (0.0, 24.0)
        )


def test_acceptable_patients_are_asked_for_as_often_as_they_are() -> None:
    """The weights' mean is the share of cohorts, drawn without asking, whose patients all are."""
    problem = given_counts(PAGE, "wide", "any_change")
    rng = np.random.default_rng(6)
    weighted = importance_sample(problem.log_likelihood, problem.dimension, ess=1000, chains=2, rng=rng)
    ratios = []
    for _ in range(10):
        points, log_likelihood = _points(weighted, 50, rng)
        batch = _Batch(problem, points, recorded=False, rng=rng, accept=has_more_sdai)
        ratios.append(np.exp(batch.log_probability - log_likelihood))
    ratio = np.concatenate(ratios)

    made = reconstruct(PAGE, "wide", 500, seed=4, reading="any_change", recorded=False)
    shown = np.zeros(len(made))
    for i, cohort in enumerate(made):
        values = {
            outcome: np.array([each.value for each in cohort.of(outcome)]).reshape(6, -1)
            for outcome in ("sdai", "cdai")
        }
        shown[i] = has_more_sdai(values).all()
    share = np.average(shown, weights=made.weights)
    error = np.hypot(ratio.std() / np.sqrt(ratio.size), np.sqrt(share * (1.0 - share) / made.ess))
    assert 0.05 < share < 0.95
    assert abs(ratio.mean() - share) < 4.0 * error


def test_cohorts_of_several_arms() -> None:
    made = reconstruct(data_dir() / "published" / "alvarogracia2017.toml", "wide", 20, seed=1)
    paper = made.facts
    for cohort in made:
        assert len(cohort.patients) == paper.n
        for fact in paper.facts:
            if fact.outcomes == ("acr20",):
                responders = [
                    record
                    for record in cohort.of("acr20")
                    if record.week == fact.week
                    and record.patient.startswith(f"SYN-{fact.arm}-")
                    and record.value == 1.0
                ]
                assert len(responders) == fact.r


def test_twins_move_together(made: Reconstruction) -> None:
    """SDAI and CDAI share their components: their changes correlate, where VAS and IL-17 need not."""
    changes = {
        outcome: np.concatenate(
            [
                [r.value for r in cohort.of(outcome) if r.week == 24.0]
                - np.array([r.value for r in cohort.of(outcome) if r.week == 0.0])
                for cohort in made
            ]
        )
        for outcome in ("sdai", "cdai")
    }
    assert np.corrcoef(changes["sdai"], changes["cdai"])[0, 1] > 0.8


def test_what_cannot_be_asked_for_says_so() -> None:
    paper = rb.read_publication(PAGE)
    with pytest.raises(FitError, match="ask for at least one cohort"):
        reconstruct(paper, "wide", 0, seed=1)
    with pytest.raises(RaBayesError, match="no reading 'much'"):
        reconstruct(paper, "wide", 1, seed=1, reading="much")


def test_patients_who_cannot_be_had_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(records: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.zeros(next(iter(records.values())).shape[:-1], dtype=bool)

    monkeypatch.setattr("ra_bayes.conditioning.reconstruction._MOST_TRIES", 2)
    with pytest.raises(RaBayesError, match=r"of 100 cohorts only 0 satisfy .*, or accept more patients"):
        reconstruct(PAGE, "wide", 1, seed=1, accept=nobody)


def test_placebo_and_related_effects_are_kept_as_ties() -> None:
    joint = replace(rb.load_joint_model("placebo_informed"), related=0.5)
    made = reconstruct(PAGE, joint, 5, seed=1)
    for ties, cohort in zip(made.ties, made, strict=True):
        assert 0.0 < ties.loading < 1.0
        assert set(ties.factor) == set(cohort.patients)
        assert ties.effect["all"].shape == (len(cohort.weeks) - 1,)
        assert ties.placebo["vas"] != 0.0
        assert ties.placebo["il10"] == 0.0
