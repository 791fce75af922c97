"""Arms, covariates, residuals in order, every likelihood in a joint model: untied, each is its single fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from joint_cohorts import BINARY, WEEKS, cohort, joint, outcome, pages, priors
from numpy.typing import NDArray
from pages import page, spec
from scipy import stats
from test_joint_records import a_point, log_density, raw_of
from test_likelihoods import PAGES as LIKELIHOOD_PAGES

from ra_bayes.cohort import Cohort, CovariateValue
from ra_bayes.errors import FitError
from ra_bayes.inference.fit_joint import attempts
from ra_bayes.model import ModelSpec
from ra_bayes.model.joint_build import build_joint
from ra_bayes.model.joint_draws import (
    draw_joint_prior,
    joint_parameters,
    outcome_log_prior,
    outcome_values,
    to_joint_values,
    with_empty,
    with_patients,
)
from ra_bayes.model.joint_structure import JointRecords, make_joint_records
from ra_bayes.model.priors import raw_name
from ra_bayes.model.simulate import draw_prior, log_likelihood, log_prior, replicate, to_clinical
from ra_bayes.model.spec_reader import read_spec

type Array = NDArray[np.float64]
type Draws = dict[str, Array]

UNTIED = priors(loading={"fixed": 0.0, "why": "a test"}, baseline_loading=None)
RATE: dict[str, Any] = {
    "baseline_mean": {"median": 0.4, "sd": 0.6},
    "baseline_sd": {"median": 0.8, "sdlog": 0.4},
    "response_sd": {"fixed": 0.0},
    "correlation": None,
    "residual_sd": {"fixed": 1.0},
}
AGE = '[[covariate]]\nname = "age"\ncentre = 50\nscale = 10\nmedian = 0.2\nsd = 0.5\nwhy = "a test"\n'
DOSE = '[[covariate]]\nname = "dose"\nmoves = "change"\nmedian = 0.0\nsd = 0.5\nwhy = "a test"\n'
RHO = {"autocorrelation": {"median": 0.5, "sd": 0.6}}


def trial(effect: str, prior: str) -> str:
    head = f'[arm]\ncontrol = "placebo"\neffect = "{effect}"\n'
    spread = "sdlog" if prior == "walk_sd" else "sd"
    return f'{head}[priors.effect_{prior}]\nmedian = 1.0\n{spread} = 0.8\nwhy = "a test"\n'


STEP, WALK = trial("step", "change"), trial("visits", "walk_sd")


def read(name: str, *tables: str, trajectory: str = "linear", **keys: Any) -> ModelSpec:
    own = {"outcome": outcome(name), **keys}
    return read_spec("\n".join((page(trajectory, **own), *tables)), name=name)


def people(made: Cohort) -> Cohort:
    """Arms by turns, and an age and a dose of each patient."""
    who = made.patients
    rows = [
        CovariateValue(each, name, text)
        for i, each in enumerate(who)
        for name, text in (("age", f"{41 + 7 * i}"), ("dose", f"{1 + i}"))
    ]
    arms = tuple((each, ("cells", "placebo")[i % 2]) for i, each in enumerate(who))
    return replace(made, arms=arms, covariates=tuple(rows))


def arms_and_covariates() -> dict[str, ModelSpec]:
    """Two kinds of differences between arms; covariates of some outcomes only; one that is met or not."""
    return pages(
        read("down", STEP, AGE, DOSE),
        read("other", STEP, DOSE),
        read("walk", WALK, trajectory="visits"),
        read("met", STEP, AGE, trajectory="visits", outcome=BINARY, priors=RATE, link="probit"),
    )


def in_order() -> dict[str, ModelSpec]:
    """Residuals that follow each other with cells, without, and outcomes whose do not."""
    keys: dict[str, Any] = {"residuals": "ar1", "priors": RHO, "autocorrelation_weeks": 4}
    return pages(
        spec("linear", outcome=outcome("points"), **keys),
        spec("linear", outcome=outcome("cells"), rounding=1.0, **keys),
        spec("linear", outcome=outcome("alone")),
        spec("onset", outcome=outcome("more", "increase"), **{**keys, "autocorrelation_weeks": 8}),
    )


def under(*names: str) -> list[ModelSpec]:
    return [
        spec(
            "linear", likelihood=name, **{**own, "outcome": {**own.get("outcome", outcome("x")), "id": name}}
        )
        for name, own in LIKELIHOOD_PAGES.items()
        if name in names
    ]


def categories() -> dict[str, ModelSpec]:
    """Ordered categories, four of them by probit and by logit, and three."""
    few = LIKELIHOOD_PAGES["cumulative_probit"]
    three = {**few["outcome"], "id": "three", "upper": 3}
    shares = {**few["priors"], "baseline_mean": {"shares": [0.3, 0.3, 0.4], "sd": 1.0}}
    another = spec("visits", likelihood="cumulative_probit", outcome=three, priors=shares)
    return pages(*under("normal", "cumulative_probit", "cumulative_logit"), another)


def counts() -> dict[str, ModelSpec]:
    """Counts of two totals, a score that may be 0, and one with heavy tails."""
    joints = LIKELIHOOD_PAGES["binomial"]
    fewer = {**joints["outcome"], "id": "fewer", "upper": 14.0}
    another = spec("linear", likelihood="binomial", **{**joints, "outcome": fewer})
    return pages(*under("binomial", "beta_binomial", "hurdle", "student_t"), another)


PIECES = [arms_and_covariates, in_order, categories, counts]


def records_of(of: dict[str, ModelSpec], **keys: Any) -> JointRecords:
    model = joint(of, **{**UNTIED, **keys})
    return make_joint_records(model, the_cohort(of), tuple(of))


def the_cohort(of: dict[str, ModelSpec]) -> Cohort:
    """Four patients, a visit missed, one below its limit where records lie on a link."""
    rng, values = np.random.default_rng(1), dict[str, Array]()
    for name, each in of.items():
        low, high = (1, 4) if each.ordinal else (3, 12)
        found = rng.integers(low, high, (4, len(WEEKS))).astype(float)
        if each.ordinal:
            found = np.minimum(found, each.outcome.upper)
        elif each.binary:
            found = rng.integers(0, 2, found.shape).astype(float)
            found[:, 0] = np.nan
        elif each.likelihood.on_link:
            found += rng.uniform(-0.3, 0.3, found.shape) * (each.rounding == 0.0)
            found[1, 2] *= -1.0 if name != "points" else 1.0
        if each.likelihood.name == "hurdle":
            found[2, 3] = 0.0
        found[3, 1] = np.nan
        values[name] = found
    made = cohort(values, of)
    return people(made) if any(each.arm or each.covariates for each in of.values()) else made


def of_outcome(records: JointRecords, point: Draws, k: int) -> Draws:
    """A joint point's share of an outcome, under the names of its single fit."""
    single, measured, found = records.pages[k], records.measured, dict[str, Array]()
    number, kind = next(
        (n, each) for n, each in enumerate(records.kinds) if each.places.start <= k < each.places.stop
    )
    for prior in single.priors:
        name = raw_name(prior.parameter)
        # Proportions of the sampler are on their way to the log odds.
        name = f"{name}_logodds__" if name == "correlation_u" else name
        if name in point:
            found[name] = point[name][k]
        elif f"{number}_{name}" in point:
            found[name] = point[f"{number}_{name}"][k - kind.places.start]
        for n, each in enumerate((*records.noises,)):
            if f"noise{n}_{name}" in point and k in each.places:
                found[name] = point[f"noise{n}_{name}"][each.places.index(k)]
        for n, chain in enumerate(records.chains):
            if f"chain{n}_{name}" in point and k in chain.places:
                found[name] = point[f"chain{n}_{name}"][chain.places.index(k)]
        for c, covariate in enumerate(records.covariates):
            if covariate.place == k and covariate.covariate.parameter == prior.parameter:
                found[name] = point["covariate_z"][c]
    for name in ("walk_step", "effect_walk_step"):
        if f"{number}_{name}" in point:
            found[name] = point[f"{number}_{name}"][k - kind.places.start]
    for n, chain in enumerate(records.chains):
        if f"chain{n}_residual_z" in point and k in chain.places:
            found["residual_z"] = point[f"chain{n}_residual_z"][chain.places.index(k)]
    if k < measured:
        found["patient_response_z"] = point["patient_response_z"][k]
        level = "patient_level_c" if "patient_level_c" in point else "patient_level_z"
        found[level] = point[level][k]
    else:
        found["patient_level_z"] = point["rate_level_z"][k - measured]
        found["patient_response_z"] = np.zeros_like(found["patient_level_z"])
    return found


def single_fits(records: JointRecords, point: Draws) -> float:
    """The sum of the single fits' densities by NumPy, and of what without loadings is of no use."""
    total = 0.0
    for k, (single, laid) in enumerate(zip(records.pages, records.grids, strict=True)):
        mine = raw_of(of_outcome(records, point, k))
        alone = {name: np.asarray(each)[None] for name, each in mine.items()}
        draws = to_clinical(single, alone, laid.weeks, laid.people)
        total += sum(each.sum() for each in log_prior(single, alone).values())
        total += (log_likelihood(single, laid, draws) - laid.log_slope).sum()
        pinned = [raw_name(prior.parameter) for prior in single.priors if prior.fixed]
        own = ["patient_level_z", "residual_z", *(["patient_response_z"] if k < records.measured else [])]
        total += sum(stats.norm.logpdf(mine[name]).sum() for name in (*pinned, *own) if name in mine)
        if "patient_level_c" in mine:
            level = draws["baseline_mean"]
            for c, each in enumerate(single.covariates):
                if each.moves == "level" and laid.people is not None:
                    level = level + draws[each.parameter.name] * laid.people.covariates[:, c]
            unit, spread = single.prior("baseline_sd").numbers[0], draws["baseline_sd"]
            total += stats.norm.logpdf(draws["patient_level"], level, spread).sum()
            total += np.log(unit) * draws["patient_level"].size
        if "residual_sd" not in {prior.parameter.name for prior in single.priors}:
            total += stats.norm.logpdf(point["residual_sd_z"][k])
    unused = ("loading_z", "baseline_loading_z", "responder_factor", "baseline_factor")
    return float(total + sum(stats.norm.logpdf(point[name]).sum() for name in unused if name in point))


@pytest.mark.parametrize("made", PIECES)
def test_without_loadings_every_piece_is_the_product_of_single_fits(made: Any) -> None:
    records = records_of(made())
    built, rng = build_joint(records), np.random.default_rng(3)
    point = {name: 0.7 * each for name, each in a_point(built, rng).items()}
    assert log_density(built, point) == pytest.approx(single_fits(records, point), rel=1e-10)


@pytest.mark.parametrize("made", PIECES)
def test_every_outcome_is_told_as_its_single_fit_tells_it(made: Any) -> None:
    """Values, likelihood of records and density of priors, by NumPy, are those of each page alone."""
    records = records_of(made())
    built, rng = build_joint(records, "non-centred"), np.random.default_rng(4)
    point = {name: 0.7 * each for name, each in a_point(built, rng).items()}
    raw = {name: each[None] for name, each in raw_of(point).items()}
    values = to_joint_values(records, raw)
    for k, (single, laid) in enumerate(zip(records.pages, records.grids, strict=True)):
        mine = raw_of(of_outcome(records, point, k))
        alone = {name: np.asarray(each)[None] for name, each in mine.items()}
        expected = to_clinical(single, alone, laid.weeks, laid.people)
        told = outcome_values(records, values, k)
        for name in {*expected} - ({"patient_response"} if single.binary else set()):
            np.testing.assert_allclose(
                told[name], expected[name], err_msg=f"{single.name} {name}", atol=1e-12
            )
        np.testing.assert_allclose(
            log_likelihood(single, laid, told), log_likelihood(single, laid, expected), rtol=1e-10
        )
        of_prior, by_page = outcome_log_prior(records, raw, k), log_prior(single, alone)
        for name in by_page:
            np.testing.assert_allclose(of_prior[name], by_page[name], err_msg=name)
        assert np.isfinite(replicate(single, told, rng, laid.weeks)).mean() > 0.5


@pytest.mark.parametrize("made", PIECES)
def test_the_prior_of_every_piece_is_drawn(made: Any) -> None:
    """As many numbers of as many shapes as are sampled, and with the mean and SD of each page's own prior."""
    records = records_of(made())
    drawn = draw_joint_prior(records, 4000, np.random.default_rng(1))
    sampled = {
        name.removesuffix("_logodds__"): np.shape(each)
        for name, each in build_joint(records, "non-centred").initial_point().items()
        if not name.endswith("residual_z")
    }
    assert {name: each.shape[1:] for name, each in drawn.items()} == sampled
    values = to_joint_values(records, drawn)
    for k, single in enumerate(records.pages):
        own = outcome_values(records, values, k)
        alone = to_clinical(
            single,
            draw_prior(single, 4, records.weeks, 4000, np.random.default_rng(2)),
            records.weeks,
            records.grids[k].people,
        )
        for name in ("expected", *(prior.parameter.name for prior in single.priors if not prior.fixed)):
            ours, theirs = (np.asarray(each[name]).reshape(4000, -1) for each in (own, alone))
            spread = np.maximum(theirs.std(axis=0), 1e-12)
            # Differences of two means of 4,000: an SE of 0.022 of their SD.
            assert (np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) / spread < 0.11).all(), name


# ---- effects related to each other


def test_differences_between_arms_are_related_towards_benefit() -> None:
    """Differences at a week are correlated by the page's number, towards benefit; those with f are not."""
    of = {name: each for name, each in arms_and_covariates().items() if name != "other"}
    of["up"] = replace(read("up", STEP, outcome=outcome("up", "increase")), name="up")
    records = records_of(of, related={"correlation": 0.6})
    drawn = draw_joint_prior(records, 20_000, np.random.default_rng(1))
    values = to_joint_values(records, drawn)
    own = {page_.name: outcome_values(records, values, k) for k, page_ in enumerate(records.pages)}
    week = list(WEEKS).index(24.0)
    effect = {name: each["effect"][:, week] for name, each in own.items()}
    signs = {each.name: each.benefit_sign for each in records.pages}
    # Of a walk the scale is drawn too, which takes from a correlation: its steps' score is what is related.
    effect["walk"] = effect["walk"] / own["walk"]["effect_walk_sd"]
    for first, second in (("down", "up"), ("down", "met"), ("walk", "up")):
        found = np.corrcoef(effect[first], effect[second])[0, 1] * signs[first] * signs[second]
        # The SE of a correlation of 20,000 is at most 0.007.
        assert found == pytest.approx(0.6, abs=0.03), (first, second)
    assert abs(np.corrcoef(effect["down"], own["up"]["mean_change"][:, week])[0, 1]) < 0.03


# ---- what is refused


def test_pages_of_one_trial_have_the_same_arms() -> None:
    of = arms_and_covariates()
    made = the_cohort(of)
    one = {**of, "walk": replace(spec("visits", outcome=outcome("walk")), name="walk")}
    with pytest.raises(
        FitError, match=r"page 'down' is of two arms and page 'walk' of one; give page 'walk'"
    ):
        make_joint_records(joint(one, **UNTIED), made, tuple(one))
    arm = of["walk"].arm
    assert arm is not None
    sham = {**of, "walk": replace(of["walk"], arm=replace(arm, control="cells"))}
    with pytest.raises(
        FitError, match=r"different control arms \('placebo' on page 'down'.*; name one under"
    ):
        make_joint_records(joint(sham, **UNTIED), made, tuple(sham))
    bare = pages(spec("linear", outcome=outcome("down")), spec("linear", outcome=outcome("other")))
    with pytest.raises(FitError, match=r"has 2 arms \(cells, placebo\), and a model is of one.*\[arm\]"):
        make_joint_records(joint(bare, **UNTIED), made, tuple(bare))


# ---- nothing that is measured


def all_binary() -> dict[str, ModelSpec]:
    """Two outcomes that are both met or not."""
    return pages(
        *(
            read(name, trajectory="visits", outcome={**BINARY, "id": name}, priors=RATE, link="probit")
            for name in ("first", "second")
        )
    )


def test_outcomes_all_met_or_not_are_a_joint_model_too() -> None:
    """Nothing of measured outcomes is sampled, and what is told of patients is the same either way."""
    of = all_binary()
    records, rng = records_of(of, **priors()), np.random.default_rng(5)
    assert [attempt.levels for attempt in attempts(records)] == ["non-centred", "non-centred"]
    drawn = draw_joint_prior(records, 6, rng)
    values = to_joint_values(records, drawn)
    told = joint_parameters(records, values, drawn, rng)
    assert (told["response_correlation"][..., 0, 1] > 0.0).all()
    assert {*told} == {"response_correlation", "level_correlation", "loading", "responder_factor"}
    untied = records_of(of)
    for levels in ("non-centred", "integrated"):
        model = build_joint(untied, levels)
        point = {name: 0.7 * each for name, each in a_point(model, rng).items()}
        assert all(np.size(each) for each in point.values())
        if levels == "non-centred":
            assert log_density(model, point) == pytest.approx(single_fits(untied, point), rel=1e-10)
        raw = with_empty(untied, {name: each[None, None] for name, each in raw_of(point).items()})
        raw = with_patients(untied, raw, rng) if levels == "integrated" else raw
        assert to_joint_values(untied, raw)["patient_level"].shape == (1, 1, 2, 4)
