"""Two arms and covariates: the predictor by hand, the trial by least squares, the reader, what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from longitudinal_trials import KNOWN, WEEKS, arms, records
from pages import page, with_arm
from scipy import special
from trees import drawn_tree

from ra_bayes.cohort import Cohort, CovariateValue, Record, read_cohort
from ra_bayes.errors import CohortError, FitError, RaBayesError, SpecError
from ra_bayes.estimand import estimands, main_quantity, of_arm, quantities, read_posterior
from ra_bayes.inference.fit import fit
from ra_bayes.inference.refit import records_of, refit, without
from ra_bayes.model import ModelSpec, load_model
from ra_bayes.model.records import grid
from ra_bayes.model.simulate import draw_prior, to_clinical
from ra_bayes.model.spec_reader import read_spec
from ra_bayes.resources import data_dir
from ra_bayes.results import find_results, headline, main_row, save_result

PATIENTS = [f"SYN-{i}" for i in range(1, 7)]


def two_arms() -> Cohort:
    cohort = read_cohort(data_dir() / "synthetic_cohort.csv")
    return replace(cohort, arms=tuple((each, ("cells", "placebo")[i % 2]) for i, each in enumerate(PATIENTS)))


def with_covariates(*tables: str, **keys: Any) -> ModelSpec:
    return read_spec(page("linear", **keys) + "\n" + "\n".join(tables), name="test")


AGE = '[[covariate]]\nname = "age"\ncentre = 50\nscale = 10\nmedian = 0.0\nsd = 0.5\nwhy = "a test"\n'
SEX = (
    '[[covariate]]\nname = "female"\ncolumn = "sex"\ncategory = "f"\nmedian = 0.0\nsd = 0.5\nwhy = "a test"\n'
)
DOSE = '[[covariate]]\nname = "dose"\nmoves = "change"\nmedian = 0.0\nsd = 0.5\nwhy = "a test"\n'


def told(model: ModelSpec) -> Cohort:
    """Two patients of whom age, sex and dose are known."""
    known = {"a": ("62", "f", "1"), "b": ("47.5", "m", "3")}
    rows = [
        CovariateValue(who, name, text)
        for who, own in known.items()
        for name, text in zip(("age", "sex", "dose"), own, strict=True)
    ]
    made = [Record(who, week, model.outcome.id, 9.0, "", 2) for who in "ab" for week in (0.0, 12.0, 24.0)]
    return Cohort("made", "made.csv", True, tuple(made), used=(model.outcome,), covariates=tuple(rows))


# ---- the predictor


@pytest.mark.parametrize("effect", ["step", "linear"])
def test_a_difference_between_arms_is_zero_at_baseline_and_added_in_the_treated_arm_only(effect: str) -> None:
    model, cohort = with_arm("vas", effect), two_arms()
    laid = grid(model, cohort)
    assert laid.people is not None
    np.testing.assert_array_equal(laid.people.treated, [1, 0, 1, 0, 1, 0])
    raw = draw_prior(model, 6, laid.weeks, 3, np.random.default_rng(1))
    both, control = (to_clinical(model, raw, laid.weeks, people) for people in (laid.people, None))
    apart = both["expected"] - control["expected"]
    by_hand = both["effect_change"][:, None] * (laid.weeks > 0 if effect == "step" else laid.weeks / 24.0)
    np.testing.assert_allclose(apart[:, 0::2], np.repeat(by_hand[:, None], 3, axis=1), atol=1e-12)
    np.testing.assert_array_equal(apart[:, 1::2], 0.0)


@pytest.mark.parametrize("effect", ["step", "linear"])
def test_arms_of_a_yes_or_no_outcome_differ_at_the_reference_week(effect: str) -> None:
    """Its mean is anchored at the reference week, the difference between arms at week 0."""
    tree = drawn_tree(with_arm("acr20", effect, sd=0.5), two_arms())
    found = next(
        each.draws
        for each in quantities(tree)
        if each.name == "difference_from_control" and each.week == load_model("acr20").reference_week
    )
    spread = np.hypot(1.0, tree["posterior"]["baseline_sd"].values)
    level, apart = (tree["posterior"][name].values for name in ("baseline_mean", "effect_change"))
    by_hand = special.ndtr((level + apart) / spread) - special.ndtr(level / spread)
    np.testing.assert_allclose(found, by_hand, atol=1e-9)
    assert found.std() > 0.1


def test_an_effect_by_steps_needs_the_week_at_which_arms_are_alike() -> None:
    text = with_arm("acr20").toml.replace('effect = "step"', 'effect = "visits"')
    scale = '[priors.effect_walk_sd]\nmedian = 0.5\nsdlog = 0.4\nwhy = "a test"\n'
    model = read_spec(text.partition("[priors.effect_change]")[0] + scale, name="acr20")
    laid = two_arms()
    later = replace(laid, records=tuple(each for each in laid.records if each.week > 0.0))
    with pytest.raises(FitError, match=r"has no visit then; write effect = .step. under \[arm\]"):
        grid(model, later)


def test_covariates_move_level_or_change_by_their_value() -> None:
    model = with_covariates(AGE, SEX, DOSE)
    laid = grid(model, told(model))
    assert laid.people is not None
    np.testing.assert_allclose(laid.people.covariates, [[1.2, 1.0, 1.0], [-0.25, 0.0, 3.0]])
    raw = draw_prior(model, 2, laid.weeks, 4, np.random.default_rng(2))
    with_them, without_them = (to_clinical(model, raw, laid.weeks, each) for each in (laid.people, None))
    age, female, dose = (with_them[f"covariate_{name}"][:, None, None] for name in ("age", "female", "dose"))
    x = laid.people.covariates
    share = laid.weeks / 24.0
    by_hand = age * x[:, :1] + female * x[:, 1:2] + dose * x[:, 2:] * share
    np.testing.assert_allclose(with_them["expected"] - without_them["expected"], by_hand, atol=1e-12)


def test_the_baseline_of_another_outcome_can_be_a_covariate() -> None:
    text = (
        load_model("vas").toml
        + '\n[[covariate]]\nname = "crp"\nscale = 10\nmedian = 0.0\nsd = 5.0\nwhy = "a test"\n'
    )
    cohort = read_cohort(data_dir() / "synthetic_cohort.csv")
    laid = grid(read_spec(text, name="vas"), cohort)
    assert laid.people is not None
    wanted = [cohort.baseline("crp", patient).value / 10.0 for patient in cohort.patients]
    np.testing.assert_allclose(laid.people.covariates[:, 0], wanted)
    own = text.replace('name = "crp"', 'name = "own"\ncolumn = "vas"')
    with pytest.raises(SpecError, match="it is adjusted for"):
        read_spec(own, name="vas")


# ---- estimands


def test_arms_are_told_apart_and_their_difference_is_the_difference_of_their_changes() -> None:
    tree = drawn_tree(with_arm("vas"), two_arms())
    table = estimands(tree)
    at = table[(table["week"] == 24.0) & (table["patient"] == "")].set_index(["arm", "estimand"])
    assert {*table["arm"]} == {"cells", "placebo"}
    by_name = {
        (each.arm, each.name): each.draws
        for each in quantities(tree)
        if each.week == 24.0 and not each.patient
    }
    apart = by_name["cells", "mean_change"] - by_name["placebo", "mean_change"]
    np.testing.assert_allclose(by_name["cells", "difference_from_control"], apart, atol=1e-10)
    assert at.loc[("cells", "difference_from_control"), "estimate"] == pytest.approx(np.median(apart))
    mine = table[table["estimand"] == "patient_change"]
    assert {*mine[mine["arm"] == "cells"]["patient"]} == {"SYN-1", "SYN-3", "SYN-5"}
    name, draws, _ = main_quantity(read_posterior(tree, both_arms=True))
    assert name == "difference_from_control"
    np.testing.assert_allclose(draws, apart, atol=1e-10)


def test_what_is_of_one_arm_is_refused_of_two_and_told_of_each() -> None:
    tree = drawn_tree(with_arm("vas"), two_arms())
    with pytest.raises(FitError, match=r"ra_bayes\.of_arm\(tree, 'placebo'\)"):
        read_posterior(tree)
    one = of_arm(tree, "cells")
    assert read_posterior(one).patients == ("SYN-1", "SYN-3", "SYN-5")
    assert {*one["log_likelihood"]["patient"].values} == {"SYN-1", "SYN-3", "SYN-5"}
    with pytest.raises(FitError, match="of two arms, and these records are of one"):
        refit(with_arm("vas"), records_of(one), seed=1)
    with pytest.raises(RaBayesError, match="write 'placebo' or 'cells'"):
        of_arm(tree, "cell")
    with pytest.raises(RaBayesError, match="use it as it is"):
        of_arm(one, "cells")


def test_records_of_two_arms_come_back_from_their_tree_with_arms_and_covariates() -> None:
    model = with_arm("vas")
    back = without(records_of(drawn_tree(model, two_arms())), ["SYN-2"])
    laid = grid(model, two_arms())
    assert back.people is not None
    assert laid.people is not None
    assert back.people.arms == laid.people.arms
    np.testing.assert_array_equal(back.people.treated, laid.people.treated)
    ages = with_covariates(AGE)
    again = records_of(drawn_tree(ages, told(ages)))
    assert again.people is not None
    np.testing.assert_allclose(again.people.covariates, [[1.2], [-0.25]])


# ---- refused


def test_a_trial_needs_its_two_arms() -> None:
    model, cohort = with_arm("vas"), two_arms()
    with pytest.raises(FitError, match="no column arm"):
        grid(model, replace(cohort, arms=()))
    with pytest.raises(FitError, match=r"2 arms \(cells, sham\)"):
        grid(
            model,
            replace(cohort, arms=tuple((who, arm.replace("placebo", "sham")) for who, arm in cohort.arms)),
        )
    with pytest.raises(FitError, match=r"to compare them give a copy of the page .* a table \[arm\]"):
        grid(load_model("vas"), cohort)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (AGE.replace("age", "the age"), "letters, digits"),
        (AGE + AGE, "given twice"),
        (AGE.replace("sd = 0.5\n", ""), "give the SD"),
        (AGE.replace("scale = 10", "scale = 0"), "above 0"),
        (AGE + "centr = 2\n", "did you mean 'centre'"),
        (AGE + 'moves = "slope"\n', "level, change"),
        ("[arm]\neffect = 'step'\n", "name the control arm"),
    ],
)
def test_wrong_tables_are_told_with_their_mend(table: str, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        with_covariates(table)


def test_a_covariate_that_is_not_known_is_told() -> None:
    model = with_covariates(AGE)
    cohort = told(model)
    with pytest.raises(FitError, match=r'covariates=\("age",\)'):
        grid(model, replace(cohort, covariates=cohort.covariates[1:]))
    words = replace(cohort, covariates=(CovariateValue("a", "age", "old"), *cohort.covariates[1:]))
    with pytest.raises(FitError, match='category = "old"'):
        grid(model, words)


def test_what_is_told_first_of_two_arms_is_their_difference(tmp_path: Path) -> None:
    save_result(drawn_tree(with_arm("vas"), two_arms()), tmp_path)
    found = find_results(tmp_path)
    row = main_row(found.fits["vas"])
    assert row is not None
    assert (row["estimand"], row["arm"]) == ("difference_from_control", "cells")
    assert any("cells less placebo at week 24" in line for line in headline(found.fits, tmp_path))


# ---- the reader


def test_columns_asked_for_are_read_once_a_patient(tmp_path: Path) -> None:
    rows = [
        "patient,week,outcome,value,sex,age",
        "1,0,vas,60,f,61",
        "1,24,vas,30,f,61",
        "2,0,vas,70,m,",
        "2,24,vas,50,m,55",
    ]
    file = tmp_path / "cohort.csv"
    file.write_text("\n".join(rows), encoding="utf-8")
    cohort = read_cohort(file, covariates=("sex", "age"))
    assert cohort.covariates == (("1", "sex", "f"), ("2", "sex", "m"), ("1", "age", "61"), ("2", "age", "55"))
    assert not cohort.left_out
    plain = read_cohort(file)
    assert not plain.covariates
    assert plain.hash != cohort.hash
    assert [each.what for each in plain.left_out] == ["column 'sex'", "column 'age'"]
    assert cohort.only(patients="1").covariates == (("1", "sex", "f"), ("1", "age", "61"))
    file.write_text("\n".join([*rows, "2,12,vas,44,f,55"]), encoding="utf-8")
    with pytest.raises(CohortError, match="one value in all rows of a patient"):
        read_cohort(file, covariates=("sex",))
    with pytest.raises(CohortError, match="there is no column 'centre'"):
        read_cohort(file, covariates=("centre",))


def test_categories_are_read_by_their_labels_or_numbers(tmp_path: Path) -> None:
    priors = {
        "baseline_mean": {"shares": [0.2, 0.5, 0.3], "sd": 1.0},
        "gaps": {"sdlog": 0.3},
        "residual_sd": None,
    }
    outcome = {"id": "feels", "label": "Feels", "unit": "category", "kind": "ordinal", "lower": 1, "upper": 3}
    outcome |= {"labels": ["bad", "fair", "good"]}
    model = read_spec(page("linear", outcome=outcome, priors=priors), name="test")
    file = tmp_path / "cohort.csv"
    file.write_text(
        "patient,week,outcome,value\n1,0,feels,Bad\n1,12,feels,2\n1,24,feels,good\n", encoding="utf-8"
    )
    cohort = read_cohort(file, outcomes=[model.outcome])
    assert [record.value for record in cohort.of("feels")] == [1.0, 2.0, 3.0]
    file.write_text("patient,week,outcome,value\n1,0,feels,4\n1,12,feels,2.5\n", encoding="utf-8")
    with pytest.raises(CohortError):
        read_cohort(file, outcomes=[model.outcome])


# ---- the trial that planning plans


def least_squares(y: np.ndarray, treated: np.ndarray, sds: tuple[float, float, float], prior: float) -> Any:
    """Mean and SD of the arms' difference at the last visit, SDs known: one vector of records, one prior.

    Means are m at baseline and random walks from there; all of them and the records are jointly normal.
    """
    who, when = np.nonzero(np.isfinite(y))
    walk = np.sqrt(np.minimum.outer(WEEKS, WEEKS) / 24.0) ** 2 * prior**2
    r, same = np.sqrt(WEEKS / 24.0)[when], who[:, None] == who
    patients = same * (sds[0] ** 2 + sds[1] ** 2 * np.outer(r, r)) + sds[2] ** 2 * np.eye(who.size)
    both = np.outer(treated[who], treated[who])
    total = patients + prior**2 + walk[np.ix_(when, when)] * (1.0 + both)
    to_effect = treated[who] * walk[when, -1]
    solved = np.linalg.solve(total, np.column_stack([y[who, when] - 65.0, to_effect]))
    return to_effect @ solved[:, 0], np.sqrt(walk[-1, -1] - to_effect @ solved[:, 1])


@pytest.mark.mcmc
def test_a_planned_trial_is_analysed_as_least_squares_does_with_known_sds() -> None:
    rng = np.random.default_rng(11)
    arm = arms(9, 9)
    y = records(rng, arm, 1)[0]
    y[:, 1:][rng.random((arm.size, WEEKS.size - 1)) < 0.1] = np.nan
    known = (KNOWN["level_sd"], KNOWN["response_sd"], KNOWN["residual_sd"])
    estimate, sd = least_squares(y, (arm == 0).astype(float), known, 20.0)
    priors = {
        "baseline_mean": {"median": 65.0, "sd": 20.0},
        "baseline_sd": {"fixed": known[0]},
        "response_sd": {"fixed": known[1]},
        "correlation": {"concentration": 1e7},
        "residual_sd": {"fixed": known[2]},
        "walk_sd": {"fixed": 20.0},
        "effect_walk_sd": {"fixed": 20.0},
    }
    outcome = {"id": "pain", "label": "Pain", "unit": "mm", "benefit": "decrease"}
    text = (
        page("visits", outcome=outcome, priors=priors) + '\n[arm]\ncontrol = "placebo"\neffect = "visits"\n'
    )
    model = read_spec(text, name="trial")
    who = [f"P{i:02d}" for i in range(arm.size)]
    made = [
        Record(who[i], float(WEEKS[j]), "pain", float(y[i, j]), "", 2)
        for i, j in zip(*np.nonzero(np.isfinite(y)), strict=True)
    ]
    named = tuple((each, ("cells", "placebo")[own]) for each, own in zip(who, arm, strict=True))
    cohort = Cohort("trial", "trial.csv", True, tuple(made), used=(model.outcome,), arms=named)
    tree = fit(model, cohort, seed=1, draws=500, chains=2)
    draws = tree["posterior"]["effect"].isel(visit=-1).values
    assert draws.mean() == pytest.approx(estimate, abs=0.2 * sd)
    assert draws.std() == pytest.approx(sd, rel=0.12)
    difference = {each.name: each for each in quantities(tree) if each.week == 24.0}[
        "difference_from_control"
    ]
    np.testing.assert_allclose(difference.draws, draws)
    assert difference.benefit is not None
    np.testing.assert_array_equal(difference.benefit, draws < 0.0)
