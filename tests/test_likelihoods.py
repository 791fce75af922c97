"""Every likelihood against scipy, in both namespaces; patients integrated by brute force; pages, mends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pages import OUTCOME, PRIORS, cohort, page, spec
from scipy import integrate, special, stats
from trees import drawn_tree

from ra_bayes.calibration.cohort_design import CohortDesign, empty_grid
from ra_bayes.comparison.records_left_out import log_density_of_record
from ra_bayes.errors import FitError, SpecError
from ra_bayes.estimand import quantities, read_posterior
from ra_bayes.inference.refit import records_of, refit, with_values
from ra_bayes.model import ModelSpec
from ra_bayes.model.build import PYTENSOR, build
from ra_bayes.model.likelihoods import CELL, LIKELIHOODS, POINT, UNBOUNDED
from ra_bayes.model.likelihoods.ordered import Ordered
from ra_bayes.model.namespace import NUMPY
from ra_bayes.model.priors import raw_name
from ra_bayes.model.records import grid
from ra_bayes.model.simulate import draw_prior, log_likelihood, replicate, to_clinical
from ra_bayes.model.spec_reader import read_spec
from ra_bayes.trust.power import likelihood_to_power

FEELS = {"id": "feels", "label": "Feels", "unit": "category", "kind": "ordinal", "lower": 1, "upper": 4}
LATENT: dict[str, Any] = {
    "baseline_mean": {"shares": [0.1, 0.2, 0.4, 0.3], "sd": 1.0},
    "gaps": {"sdlog": 0.3},
    "baseline_sd": {"median": 1.0, "sdlog": 0.3},
    "residual_sd": None,
}
JOINTS = {"id": "joints", "label": "Joints", "unit": "joints", "lower": 0.0, "upper": 28.0, "step": 1.0}
PAGES: dict[str, dict[str, Any]] = {
    "normal": {},
    "student_t": {"priors": {"dof": {"median": 5.0, "sdlog": 0.4}}},
    "cumulative_probit": {"outcome": FEELS, "priors": LATENT},
    "cumulative_logit": {"outcome": FEELS, "priors": LATENT},
    "binomial": {
        "outcome": JOINTS,
        "priors": {"residual_sd": None, "baseline_sd": {"median": 0.8, "sdlog": 0.3}},
    },
    "beta_binomial": {
        "outcome": JOINTS,
        "priors": {
            "residual_sd": None,
            "precision": {"median": 8.0, "sdlog": 0.5},
            "baseline_sd": {"median": 0.8, "sdlog": 0.3},
        },
    },
    "negative_binomial": {
        "outcome": {**OUTCOME, "step": 1.0},
        "priors": {
            "residual_sd": None,
            "overdispersion": {"median": 0.3, "sdlog": 0.5},
            "baseline_sd": {"median": 0.5, "sdlog": 0.3},
        },
    },
    "hurdle": {
        "outcome": {**OUTCOME, "lower": 0.0},
        "priors": {
            "zero_at": {"median": 1.0, "sd": 0.3},
            "zero_spread": {"median": 0.7, "sdlog": 0.3},
            "baseline_sd": {"median": 0.5, "sdlog": 0.3},
            "residual_sd": {"median": 0.4, "sdlog": 0.3},
        },
    },
}


def of(likelihood: str, **more: Any) -> ModelSpec:
    return spec("linear", likelihood=likelihood, **{**PAGES[likelihood], **more})


def at(low: Any, high: Any, mu: Any, values: dict[str, Any], name: str, part: str) -> tuple[Any, Any]:
    """A term by NumPy and by PyTensor."""
    law = LIKELIHOODS[name]
    found = []
    for ns, make in ((NUMPY, np.asarray), (PYTENSOR, pt.as_tensor_variable)):
        low_, high_, mu_ = (make(np.atleast_1d(np.asarray(each, float))) for each in (low, high, mu))
        own = {key: make(np.asarray(each, dtype=float)) for key, each in values.items()}
        term = (
            law.log_point(low_, mu_, own, ns) if part == "point" else law.log_cell(low_, high_, mu_, own, ns)
        )
        found.append(term if isinstance(term, np.ndarray) else term.eval())
    return found[0], found[1]


def agree(pair: tuple[Any, Any], wanted: Any, rtol: float) -> None:
    for each in pair:
        np.testing.assert_allclose(each, np.broadcast_to(wanted, np.shape(each)), rtol=rtol)


# ---- densities


@pytest.mark.parametrize("dof", [0.8, 1.0, 3.0, 7.5, 30.0, 200.0])
def test_student_t_points_and_cells_are_scipy_s(dof: float) -> None:
    values = {"residual_sd": 2.0, "dof": dof}
    law = stats.t(dof, loc=1.0, scale=2.0)
    y = np.array([-40.0, -3.0, 1.0, 1.1, 9.0, 300.0])
    agree(at(y, y, 1.0, values, "student_t", "point"), law.logpdf(y), 1e-10)
    low = np.array([-UNBOUNDED, 12.0, -2.0, 0.9, -50.0, -UNBOUNDED, 40.0])
    high = np.array([-9.0, UNBOUNDED, 3.0, 1.1, -45.0, 8.0, 41.0])
    wanted = np.where(low > 1.0, law.sf(low) - law.sf(high), law.cdf(high) - law.cdf(low))
    agree(at(low, high, 1.0, values, "student_t", "cell"), np.log(wanted), 1e-6)


def test_student_t_far_out_and_narrow_cells_keep_their_digits_and_gradients() -> None:
    low, high = np.array([1e6, -1e-9, -UNBOUNDED]), np.array([1.1e6, 1e-9, -1e5])
    values = {"residual_sd": 1.0, "dof": 4.0}
    law = stats.t(4.0)
    wanted = [law.sf(1e6) - law.sf(1.1e6), 2e-9 * law.pdf(0.0), law.cdf(-1e5)]
    agree(at(low, high, 0.0, values, "student_t", "cell"), np.log(wanted), 1e-6)
    mu, dof = pt.scalar("mu"), pt.scalar("dof")
    own = {"residual_sd": pt.as_tensor_variable(1.0), "dof": dof}
    term = (
        LIKELIHOODS["student_t"]
        .log_cell(pt.constant(low), pt.constant(high), mu + pt.zeros(3), own, PYTENSOR)
        .sum()
    )
    slope = pytensor.function([mu, dof], pytensor.grad(term, [mu, dof]))
    step = 1e-5

    def total(mu: float, dof: float) -> float:
        return float(at(low, high, mu, {"residual_sd": 1.0, "dof": dof}, "student_t", "cell")[0].sum())

    by_difference = (total(0.0, 4.0 + step) - total(0.0, 4.0 - step)) / (2.0 * step)
    found = slope(0.0, 4.0)
    assert found[1] == pytest.approx(by_difference, rel=1e-5)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("latent", ["probit", "logit"])
def test_categories_have_the_probabilities_between_their_cutpoints(latent: str) -> None:
    law = {"probit": stats.norm(), "logit": stats.logistic()}[latent]
    values = {"gap_1": 0.8, "gap_2": 1.7, "categories": 4.0}
    cuts = np.array([0.0, 0.8, 2.5]) - 1.1  # their mean is 0
    for mu in (-30.0, -2.0, 0.3, 4.0, 40.0):
        below = np.r_[0.0, law.cdf(cuts - mu), 1.0]
        above = np.r_[1.0, law.sf(cuts - mu), 0.0]
        # From whichever tail keeps the digits.
        wanted = np.where(mu < 0.0, above[:-1] - above[1:], np.diff(below))
        low = np.arange(4.0)
        pair = at(low, low + 1.0, np.full(4, mu), values, f"cumulative_{latent}", "cell")
        kept = wanted > 1e-300
        for each in pair:
            np.testing.assert_allclose(each[kept], np.log(wanted[kept]), rtol=1e-9, atol=1e-12)
            assert np.isfinite(each).all()


def test_counts_are_scipy_s_and_sum_to_one() -> None:
    y = np.arange(29.0)
    for mu in (-6.0, -0.4, 3.0):
        p = special.expit(mu)
        agree(at(y, y, mu, {"total": 28.0}, "binomial", "point"), stats.binom(28, p).logpmf(y), 1e-9)
        values = {"total": 28.0, "precision": 3.0}
        wanted = stats.betabinom(28, 3.0 * p, 3.0 * (1.0 - p)).logpmf(y)
        agree(at(y, y, mu, values, "beta_binomial", "point"), wanted, 1e-5)
        own = {"overdispersion": 0.4}
        m, r = np.exp(mu), 1.0 / 0.4
        wanted = stats.nbinom(r, r / (r + m)).logpmf(y)
        agree(at(y, y, mu, own, "negative_binomial", "point"), wanted, 1e-9)
        nearly = at(y, y, mu, {"overdispersion": 1e-6}, "negative_binomial", "point")
        agree(nearly, stats.poisson(m).logpmf(y), 1e-3)
    far = at(y, y, 60.0, values, "beta_binomial", "point")
    assert all(np.isfinite(each).all() for each in far)


def test_a_hurdle_sums_zero_and_the_rest_to_one() -> None:
    values = {"residual_sd": 0.6, "zero_at": 0.2, "zero_spread": 0.5}
    mu = 0.9
    zero = stats.norm.cdf((0.2 - 0.9) / 0.5)
    agree(at(-UNBOUNDED, -UNBOUNDED / 2, mu, values, "hurdle", "cell"), np.log(zero), 1e-12)
    law = LIKELIHOODS["hurdle"]
    density, _ = integrate.quad(
        lambda x: np.exp(law.log_point(x, mu, values, NUMPY)), -6.0, 8.0, epsabs=1e-10
    )
    assert zero + density == pytest.approx(1.0, abs=1e-8)
    below = zero + (1.0 - zero) * stats.norm.cdf((0.5 - mu) / 0.6)
    agree(at(-UNBOUNDED, 0.5, mu, values, "hurdle", "cell"), np.log(below), 1e-12)
    inside = (1.0 - zero) * (stats.norm.cdf(1.0, mu, 0.6) - stats.norm.cdf(0.5, mu, 0.6))
    agree(at(0.5, 1.0, mu, values, "hurdle", "cell"), np.log(inside), 1e-12)


# ---- in a model


def rows_of(model: ModelSpec) -> list[tuple[Any, ...]]:
    values = {
        "ordinal": [[1, 2, 4], [3, 3, 1]],
    }.get(model.outcome.kind, [[7, 3, 0], [12, 9, 4]])
    if model.likelihood.name in ("normal", "student_t"):
        values = [[7.5, 3.0, 1.0], [12.0, 9.0, 4.0]]
    weeks = (0, 12, 24)
    return [
        (name, week, value)
        for name, own in zip("ab", values, strict=True)
        for week, value in zip(weeks, own, strict=True)
    ]


@pytest.mark.parametrize("name", sorted(LIKELIHOODS))
def test_pymc_and_numpy_agree_on_every_likelihood(name: str) -> None:
    model = of(name)
    records = grid(model, cohort(rows_of(model), model))
    made = build(model, records)
    rng = np.random.default_rng(1)
    point = {
        rv.name: rng.normal(scale=0.4, size=value.type.shape if None not in value.type.shape else (2,))
        for rv, value in made.rvs_to_values.items()
        if rv in made.free_RVs
    }
    point["correlation_u"] = np.asarray(0.6)
    named = {made.rvs_to_values[rv].name: rv.name for rv in made.free_RVs}
    sampled = {}
    for value, rv in named.items():
        sampled[value] = special.logit(point[rv]) if value.endswith("logodds__") else point[rv]
    terms = made.compile_fn(made.logp(vars=made.observed_RVs, sum=False))(sampled)
    draws = to_clinical(model, point, records.weeks)
    ours = log_likelihood(model, records, draws) - np.where(records.kind == POINT, records.log_slope, 0.0)
    for kind, theirs in zip((POINT, CELL), terms, strict=True):
        np.testing.assert_allclose(ours[records.kind == kind], theirs, rtol=1e-8)
    assert (records.kind > 0).all()


@pytest.mark.parametrize(
    "name",
    ["cumulative_probit", "cumulative_logit", "binomial", "beta_binomial", "hurdle", "negative_binomial"],
)
def test_replicates_come_as_often_as_the_likelihood_says(name: str) -> None:
    model, size = of(name), 40_000
    records = grid(model, cohort(rows_of(model), model))
    raw = {
        key: np.repeat(each, size, axis=0)
        for key, each in draw_prior(model, 2, records.weeks, 1, np.random.default_rng(5)).items()
    }
    draws = to_clinical(model, raw, records.weeks)
    made = replicate(model, draws, np.random.default_rng(2))
    one = {key: each[:1] for key, each in draws.items()}
    chance = np.exp(log_likelihood(model, records, one))[0]
    for where in np.ndindex(records.shape):
        if name == "hurdle" and records.value[where] > 0:
            continue  # a density
        seen = float((made[(slice(None), *where)] == records.value[where]).mean())
        assert seen == pytest.approx(chance[where], abs=4.5 * np.sqrt(chance[where] / size) + 1e-4)


def test_a_patient_s_categories_integrate_over_patients_as_the_shares_say() -> None:
    rng = np.random.default_rng(3)
    values = {"gap_1": np.array([0.9, 1.4]), "gap_2": np.array([1.2, 0.6])}
    mean, variance = rng.normal(size=(2, 3)), np.array([[0.5, 2.0, 6.0]] * 2)
    for exact, law in ((False, Ordered("logit")), (True, Ordered("probit"))):
        by_law = law.shares_above(mean, values, variance)
        for k, draw, j in np.ndindex(3, 2, 3):
            sd = float(np.sqrt(variance[draw, j]))

            def integrand(
                z: float, law: Ordered = law, draw: int = draw, j: int = j, k: int = k, sd: float = sd
            ) -> float:
                at_patient = law.shares_above(
                    mean[draw : draw + 1, j] + sd * z, {n: v[draw : draw + 1] for n, v in values.items()}
                )
                return float(at_patient[k][0]) * float(stats.norm.pdf(z))

            brute, _ = integrate.quad(integrand, -9.0, 9.0, epsabs=1e-10, limit=200)
            assert by_law[k][draw, j] == pytest.approx(brute, abs=1e-9 if exact else 2e-4)


def test_shares_on_the_page_are_what_the_prior_medians_say() -> None:
    shares = [0.1, 0.2, 0.4, 0.3]
    for name, tolerance in (("cumulative_probit", 1e-3), ("cumulative_logit", 0.015)):
        model = of(name)
        sd = model.prior("baseline_sd").numbers[0]
        medians = {each.parameter.name: np.array([each.numbers[0]]) for each in model.priors}
        law = model.likelihood
        assert isinstance(law, Ordered)
        above = law.shares_above(medians["baseline_mean"][:, None], medians, np.array([[sd**2]]))
        np.testing.assert_allclose(1.0 - np.array(above)[:, 0, 0], np.cumsum(shares)[:-1], atol=tolerance)


@pytest.mark.parametrize("name", sorted(LIKELIHOODS))
def test_what_is_not_on_the_pages_link_brings_its_own(name: str) -> None:
    law = LIKELIHOODS[name]
    assert law.on_link or law.link
    assert of(name).link.name == (law.link or "identity")
    assert law.misfit(of(name).outcome) is None


# ---- what a page may not say


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"likelihood": "binomial"}, "lower = 0, step = 1 and upper"),
        ({"likelihood": "poisson"}, "write one of"),
        ({"likelihood": "negative_binomial", "outcome": JOINTS}, "out of a total, use beta_binomial"),
        ({"likelihood": "cumulative_logit"}, "did you mean|write one of"),
        ({"likelihood": "normal", "outcome": FEELS, "priors": LATENT}, "cumulative_"),
        (
            {"outcome": FEELS, "priors": {**LATENT, "baseline_mean": {"shares": [0.5, 0.5], "sd": 1.0}}},
            "each of 1, 2, 3, 4",
        ),
        ({"outcome": FEELS, "priors": {**LATENT, "gaps": None}}, "give sdlog"),
        ({"outcome": {**FEELS, "upper": 2}, "priors": LATENT}, "of two, kind is binary"),
        ({"outcome": {**FEELS, "labels": ["a", "b"]}, "priors": LATENT}, "name each category once"),
        (
            {"outcome": JOINTS, "likelihood": "binomial", "rounding": 1.0, "priors": {"residual_sd": None}},
            "leave it out",
        ),
        (
            {"outcome": JOINTS, "likelihood": "binomial", "link": "log", "priors": {"residual_sd": None}},
            "logit",
        ),
    ],
)
def test_wrong_pages_are_told_with_their_mend(more: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        read_spec(page("linear", **more), name="test")


def test_a_limit_has_no_place_among_counts() -> None:
    model = of("binomial")
    with pytest.raises(FitError, match="write the value, or leave it empty"):
        grid(model, cohort([("a", 0, 3.0), ("a", 24, 5.0, ">")], model))


def test_a_category_that_there_is_not_names_its_row() -> None:
    model = of("cumulative_logit")
    with pytest.raises(FitError, match="row 4: patient 'a', week 24: feels has no category 7"):
        grid(model, cohort([("b", 0, 3.0), ("b", 24, 3.0), ("a", 24, 7.0)], model))


def test_other_priors_are_still_asked_for() -> None:
    with pytest.raises(SpecError, match="dof"):
        read_spec(page("linear", likelihood="student_t", priors=PRIORS), name="test")


# ---- what other parts of the package make of it


@pytest.mark.parametrize("name", sorted(LIKELIHOODS))
def test_a_record_left_out_has_the_density_of_the_fit(name: str) -> None:
    model = of(name)
    tree = drawn_tree(model, cohort(rows_of(model), model))
    records = records_of(tree)
    stacked = tree["log_likelihood"]["record"].transpose("observation", "chain", "draw").values
    for n, (i, j) in enumerate(np.argwhere(records.kind > 0)):
        np.testing.assert_allclose(log_density_of_record(tree, records, i, j), stacked[n], rtol=1e-9)


def test_estimands_of_categories_are_mean_numbers_and_shares() -> None:
    model = of("cumulative_probit")
    tree = drawn_tree(model, cohort(rows_of(model), model))
    posterior = read_posterior(tree)
    draw = {name: each[0, 0] for name, each in posterior.scalars.items()}
    cuts = np.cumsum([0.0, draw["gap_1"], draw["gap_2"]])
    cuts -= cuts.mean()

    def mean(mu: float) -> float:
        return float(1.0 + stats.norm.sf(cuts - mu).sum())

    start, end = draw["baseline_mean"], draw["baseline_mean"] + draw["change"]
    told = {(each.name, each.week): each.draws for each in quantities(tree)}
    assert told["mean_change", 24.0][0, 0] == pytest.approx(mean(end) - mean(start))
    spread = np.sqrt(1.0 + draw["baseline_sd"] ** 2)
    share = stats.norm.cdf((draw["baseline_mean"] - cuts[1]) / spread)
    assert told["share_at_least_3", 0.0][0, 0] == pytest.approx(share)


def test_the_share_at_zero_is_that_of_new_patients() -> None:
    model = of("hurdle")
    tree = drawn_tree(model, cohort(rows_of(model), model))
    posterior = read_posterior(tree)
    draw = {name: each[0, 0] for name, each in posterior.scalars.items()}
    told = {(each.name, each.week): each.draws for each in quantities(tree)}
    z = np.random.default_rng(1).normal(size=400_000)
    mu = draw["baseline_mean"] + draw["baseline_sd"] * z
    by_draws = stats.norm.cdf((draw["zero_at"] - mu) / draw["zero_spread"]).mean()
    assert told["share_at_zero", 0.0][0, 0] == pytest.approx(by_draws, abs=2e-3)


def test_a_likelihood_to_a_power_counts_whole_records_only() -> None:
    model = of("beta_binomial")
    records = grid(model, cohort(rows_of(model), model))
    assert likelihood_to_power(model, records, 0.5) is None
    twice = likelihood_to_power(model, records, 2.0)
    assert twice is not None
    assert twice.repeat == 2


# ---- recovery


ARM = '[arm]\ncontrol = "placebo"\neffect = "step"\n'
COVARIATE = """[[covariate]]
name = "{}"
moves = "{}"
median = 0.0
sd = 1.0
why = "a test"
"""
# A compilation is what takes time: two parts of a model that have nothing to do with each other share one.
FOUND_AGAIN: dict[str, tuple[str, str]] = {
    "student_t": ("onset", ""),
    "cumulative_probit": ("piecewise", ""),
    "cumulative_logit": ("linear", ""),
    "binomial": ("linear", ARM + COVARIATE.format("age", "level") + COVARIATE.format("dose", "change")),
    "beta_binomial": ("linear", ""),
    "hurdle": ("linear", ""),
    "negative_binomial": ("linear", ""),
}


@pytest.mark.mcmc
@pytest.mark.parametrize("name", FOUND_AGAIN)
def test_a_truth_is_found_again(name: str) -> None:
    trajectory, tables = FOUND_AGAIN[name]
    effect = {"effect_change": {"median": 0.0, "sd": 1.0}} if tables else {}
    own = PAGES[name] | {"priors": PAGES[name]["priors"] | effect}
    model = read_spec(page(trajectory, likelihood=name, **own) + "\n" + tables, name="test")
    weeks = (0.0, 4.0, 12.0, 24.0)
    design = CohortDesign("made", weeks, ((True,) * len(weeks),) * 24)
    blank, _ = empty_grid(model, design)
    rng = np.random.default_rng(4)
    raw = draw_prior(model, design.patients, blank.weeks, 1, rng)
    estimated = [each.parameter for each in model.priors if each.parameter.family != "correlation"]
    raw |= {raw_name(parameter): np.zeros(1) for parameter in estimated}
    looked_for = {each.parameter.name for each in model.priors if each.parameter.family == "shift"}
    for shift in looked_for:
        median, sd = model.prior(shift).numbers
        raw[f"{shift}_z"] = np.array([(1.5 - median) / sd])
    truth = to_clinical(model, raw, blank.weeks, blank.people)
    made = replicate(model, truth, rng)[0]
    tree = refit(model, with_values(model, blank, made), seed=1, draws=250, chains=2, tune=300, gated=False)
    assert int(tree["sample_stats"]["diverging"].sum()) == 0
    for each in model.priors:
        parameter = each.parameter.name
        draws = tree["posterior"][parameter].values
        assert abs(draws.mean() - truth[parameter][0]) < 3.5 * draws.std(), parameter
        if parameter in looked_for:
            assert draws.std() < 0.5 * each.numbers[1], parameter
