"""A joint model of records: its density by hand with patients integrated out, its parts, its limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from joint_cohorts import BINARY, WEEKS, cohort, joint, outcome, pages, priors, two
from numpy.typing import NDArray
from pages import SHAPE_PRIORS, spec
from scipy import special, stats

import ra_bayes as rb
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.model import JointModel, ModelSpec, load_joint_model
from ra_bayes.model.build import build
from ra_bayes.model.joint_build import build_joint
from ra_bayes.model.joint_draws import (
    draw_joint_prior,
    joint_parameters,
    outcome_log_prior,
    outcome_values,
    to_joint_values,
)
from ra_bayes.model.joint_structure import JointRecords, make_joint_records
from ra_bayes.model.joint_ties import (
    baseline_factor_given,
    lkj_factor,
    lkj_shapes,
    log_density_of_levels,
    whitened,
)
from ra_bayes.model.namespace import NUMPY
from ra_bayes.model.records import grid
from ra_bayes.model.simulate import log_likelihood
from ra_bayes.model.trajectories import TRAJECTORIES

type Array = NDArray[np.float64]

MATRIX = priors(baseline_loading=None, patients={"concentration": 1.5, "why": "a test"})


def records_of(
    model: JointModel, of: dict[str, ModelSpec], *, seed: int = 1, censored: bool = False
) -> JointRecords:
    rng = np.random.default_rng(seed)
    values = {}
    for name, page in of.items():
        values[name] = (
            rng.uniform(5.0, 15.0, (3, len(WEEKS))) if not page.binary else rng.binomial(1, 0.5, (3, 4)) * 1.0
        )
        if page.binary:
            values[name][:, 0] = np.nan
        elif censored:
            values[name][1, 2] *= -1.0
    first = next(iter(values.values()))
    first[2, 1] = np.nan
    return make_joint_records(model, cohort(values, of), tuple(of))


def a_point(model: Any, rng: np.random.Generator) -> dict[str, Array]:
    return {name: rng.normal(size=np.shape(value)) for name, value in model.initial_point().items()}


def log_density(model: Any, point: dict[str, Array]) -> float:
    """The log density over the raw variables, proportions as they are."""
    logp = model.compile_fn(model.logp(jacobian=False), inputs=model.value_vars, mode="FAST_COMPILE")
    return float(logp({name: point[name] for name in model.initial_point()}))


def raw_of(point: dict[str, Array]) -> dict[str, Array]:
    found = {name.removesuffix("_logodds__"): value for name, value in point.items()}
    return {
        name: special.expit(v) if name in ("correlation_u", "partial_u") else v for name, v in found.items()
    }


# ---- the density, patients integrated out by hand


def by_hand(records: JointRecords, raw: dict[str, Array]) -> float:
    """Prior of parameters, times the records' normal density, times that of the effects given the records.

    The moments of (records, effects) of one patient are written down from the model's definition, outcome by
    outcome: no factor of the records' density is one that the model computes.
    """
    pages_, weeks, n = records.pages, np.array(WEEKS), len(records.patients)
    k_all, total = len(pages_), 0.0
    value = {
        name: np.array([page.prior(name).numbers for page in pages_])
        for name in ("baseline_mean", "baseline_sd", "response_sd", "residual_sd", "change", "correlation")
    }
    mean = value["baseline_mean"][:, 0] + value["baseline_mean"][:, 1] * raw["baseline_mean_z"]
    change = value["change"][:, 0] + value["change"][:, 1] * raw["0_change_z"]
    sd, response, noise = (
        value[name][:, 0] * np.exp(value[name][:, 1] * raw[f"{name}_z"])
        for name in ("baseline_sd", "response_sd", "residual_sd")
    )
    for name, each in raw.items():
        if name.endswith("_z") and each.ndim == 1:
            total += stats.norm.logpdf(each).sum()
    shape = value["correlation"][:, 0]
    total += stats.beta.logpdf(raw["correlation_u"], shape, shape).sum()
    rho = 2.0 * raw["correlation_u"] - 1.0
    sign = np.array([page.benefit_sign for page in pages_])
    if records.matrix:
        size = 2 * k_all
        b = lkj_shapes(size, 1.5)
        total += stats.beta.logpdf(raw["partial_u"], b, b).sum()
        scores = partials_to_matrix(2.0 * raw["partial_u"] - 1.0, size)
    else:
        a = sign * stats.norm.cdf(raw["loading_z"])
        prior = records.joint.baseline_loading
        assert prior is not None
        c = sign * stats.norm.cdf(prior.numbers[0] + prior.numbers[1] * raw["baseline_loading_z"])
        zz, vv = np.outer(c, c), np.outer(a, a)
        np.fill_diagonal(zz, 1.0)
        np.fill_diagonal(vv, 1.0)
        left = np.sqrt(1.0 - rho**2)
        zx = zz * rho  # z_k with the response of l
        xx = zz * np.outer(rho, rho) + vv * np.outer(left, left)
        scores = np.block([[zz, zx], [zx.T, xx]])
    # Of y_kj: A_k + change_k t / 24 + b_k t / 24.
    slope = weeks / 24.0
    design = np.zeros((k_all * weeks.size, 2 * k_all))
    for k in range(k_all):
        rows = slice(k * weeks.size, (k + 1) * weeks.size)
        design[rows, k], design[rows, k_all + k] = sd[k], response[k] * slope
    middle = (mean[:, None] + change[:, None] * slope).ravel()
    cov_y = design @ scores @ design.T + np.diag(np.repeat(noise**2, weeks.size))
    unit = value["baseline_sd"][:, 0]
    if records.matrix:
        factor = np.linalg.cholesky(scores)
        # Levels as they are sampled, and what is left of the responses' scores.
        effects = np.vstack([np.diag(sd / unit) @ factor[:k_all], np.eye(2 * k_all)[k_all:]])
        cov_e = effects @ effects.T
        cov_ye = design @ factor @ effects.T
    else:
        # Levels as they are sampled, then f, then w.
        cov_e = np.zeros((2 * k_all + 1,) * 2)
        cov_e[:k_all, :k_all] = zz * np.outer(sd / unit, sd / unit)
        cov_e[k_all:, k_all:] = np.eye(k_all + 1)
        scores_e = np.zeros((2 * k_all, 2 * k_all + 1))
        scores_e[:k_all, :k_all], scores_e[k_all:, :k_all] = zz * (sd / unit), zx.T * (sd / unit)
        scores_e[k_all:, k_all] = left * a
        scores_e[k_all:, k_all + 1 :] = np.diag(left * np.sqrt(1.0 - a**2))
        cov_ye = design @ scores_e
    y = np.stack([each.low for each in records.grids], axis=1)
    seen = np.stack([each.kind == 1 for each in records.grids], axis=1)
    start = np.zeros(cov_e.shape[0])
    start[:k_all] = (mean - value["baseline_mean"][:, 0]) / unit
    for i in range(n):
        own = seen[i].ravel()
        residual = (y[i].ravel() - middle)[own]
        total += stats.multivariate_normal.logpdf(residual, cov=cov_y[np.ix_(own, own)])
        gain = np.linalg.solve(cov_y[np.ix_(own, own)], cov_ye[own]).T
        if records.matrix:
            effect = np.concatenate([raw["patient_level_c"][:, i], raw["patient_score_z"][:, i]])
        else:
            effect = np.concatenate(
                [raw["patient_level_c"][:, i], [raw["responder_factor"][i]], raw["patient_response_z"][:, i]]
            )
        total += stats.multivariate_normal.logpdf(
            effect - start - gain @ residual, cov=cov_e - gain @ cov_ye[own]
        )
    return total


def partials_to_matrix(partial: Array, size: int) -> Array:
    """Correlations from partial ones by the recursion of Joe 2006, pair by pair, not by a Cholesky factor."""
    given = np.zeros((size, size))
    given[np.tril_indices(size, -1)] = partial
    found = np.eye(size)
    for i in range(size):
        for j in range(i):
            rho = given[i, j]
            for k in range(j - 1, -1, -1):
                rho = (
                    rho * np.sqrt((1 - given[i, k] ** 2) * (1 - given[j, k] ** 2)) + given[i, k] * given[j, k]
                )
            found[i, j] = found[j, i] = rho
    return found


@pytest.mark.parametrize("keys", [priors(), MATRIX], ids=["factors", "matrix"])
def test_the_density_is_the_normal_one_with_patients_integrated_out(keys: dict[str, Any]) -> None:
    of = two()
    records = records_of(joint(of, **keys), of)
    model, rng = build_joint(records), np.random.default_rng(2)
    for _ in range(3):
        point = a_point(model, rng)
        assert log_density(model, point) == pytest.approx(by_hand(records, raw_of(point)), rel=1e-10)


def test_without_loadings_it_is_the_product_of_single_fits() -> None:
    cohort_ = rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv")
    outcomes = ("vas", "il17", "crp")
    shipped = load_joint_model("records")
    model = JointModel(**{**vars(shipped), "loading": None, "baseline_loading": None})
    records = make_joint_records(model, cohort_, outcomes)
    assert any((each.kind == 2).any() for each in records.grids)
    for levels in ("centred", "non-centred"):
        built, rng = build_joint(records, levels), np.random.default_rng(3)
        point = a_point(built, rng)
        alone = 0.0
        for k, page in enumerate(records.pages):
            own = {
                name: value[k] for name, value in point.items() if value.shape[:1] == (3,) and name[0] != "0"
            }
            own |= {name[2:]: value[k] for name, value in point.items() if name[0] == "0"}
            own = {name: value for name, value in own.items() if "loading" not in name}
            alone += log_density(build(page, grid(page, cohort_), levels), own)
        unused = ("loading_z", "baseline_loading_z", "responder_factor", "baseline_factor")
        alone += sum(stats.norm.logpdf(point[name]).sum() for name in unused if name in point)
        assert log_density(built, point) == pytest.approx(alone, rel=1e-10)


def test_heavy_tails_keep_their_own_density_in_a_joint_model() -> None:
    """Without loadings a normal outcome and two under student_t, one rounded, are three single fits."""
    own = {"dof": {"median": 5.0, "sdlog": 0.4}}
    of = pages(
        spec("linear", outcome=outcome("heavy"), likelihood="student_t", priors=own),
        spec("linear", outcome=outcome("down")),
        spec(
            "linear", outcome=outcome("rounded", "increase"), likelihood="student_t", priors=own, rounding=1.0
        ),
    )
    untied = priors(loading={"fixed": 0.0, "why": "a test"}, baseline_loading=None)
    records = records_of(joint(of, **untied), of, censored=True)
    assert len(records.noises) == 1
    built, rng = build_joint(records, "non-centred"), np.random.default_rng(3)
    point = a_point(built, rng)
    alone = 0.0
    for k, (page, laid) in enumerate(zip(records.pages, records.grids, strict=True)):
        named = {name.removeprefix("0_"): each for name, each in point.items() if "noise" not in name}
        mine = {name: each[k] for name, each in named.items() if each.shape[:1] == (3,)}
        mine = {name: each for name, each in mine.items() if "loading" not in name and "factor" not in name}
        if page.likelihood.name == "student_t":
            mine["dof_z"] = point["noise0_dof_z"][records.noises[0].places.index(k)]
        alone += log_density(build(page, laid, "non-centred"), mine)
        raw = {name: each[None] for name, each in raw_of(point).items()}
        draws = outcome_values(records, to_joint_values(records, raw), k)
        assert ("dof" in draws) == (page.likelihood.name == "student_t")
        assert {*outcome_log_prior(records, raw, k)} >= {prior.parameter.name for prior in page.priors}
    unused = ("loading_z", "baseline_loading_z", "responder_factor", "baseline_factor")
    alone += sum(stats.norm.logpdf(point[name]).sum() for name in unused)
    assert log_density(built, point) == pytest.approx(alone, rel=1e-10)
    assert {*draw_joint_prior(records, 2, rng)} >= {"noise0_dof_z"}


# ---- NumPy's equations are PyTensor's, for all that a page may ask


def mixed() -> dict[str, ModelSpec]:
    """Two measured kinds and an outcome that is met or not; placebo figures on one page."""
    rate = {
        "baseline_mean": {"median": 0.4, "sd": 0.6},
        "baseline_sd": {"median": 0.8, "sdlog": 0.4},
        "response_sd": {"fixed": 0.0},
        "correlation": None,
        "residual_sd": {"fixed": 1.0},
    }
    shipped = rb.load_model("vas")
    met = spec("visits", outcome=BINARY, priors=rate, link="probit")
    return {"met": met, **two("onset"), "vas": shipped}


@pytest.mark.parametrize("levels", ["centred", "non-centred"])
@pytest.mark.parametrize("keys", [priors(), MATRIX], ids=["factors", "matrix"])
def test_records_are_as_likely_by_numpy(keys: dict[str, Any], levels: Any) -> None:
    of = mixed()
    keys = {**keys, "related": {"correlation": 0.3}, "change": {"centre": "placebo"}}
    records = records_of(joint(of, **keys), of, censored=True)
    assert [page.outcome.id for page in records.pages] == ["down", "up", "vas", "met"]
    model, rng = build_joint(records, levels), np.random.default_rng(4)
    point = a_point(model, rng)
    logp = model.compile_fn(
        model.logp(vars=model.observed_RVs, jacobian=False),
        inputs=model.value_vars,
        mode="FAST_COMPILE",
        on_unused_input="ignore",
    )
    raw = {name: value[None] for name, value in raw_of(point).items()}
    values, total = to_joint_values(records, raw), 0.0
    for k, (page, of_outcome) in enumerate(zip(records.pages, records.grids, strict=True)):
        draws = outcome_values(records, values, k)
        total += (log_likelihood(page, of_outcome, draws) - of_outcome.log_slope).sum()
    assert float(logp(point)) == pytest.approx(total, rel=1e-10)


@pytest.mark.parametrize("shape", sorted({*TRAJECTORIES} & {*SHAPE_PRIORS}))
def test_outcomes_of_a_kind_have_each_its_own_course(shape: str) -> None:
    half = {"reference_week": 12} if shape != "piecewise" else {}
    of = pages(spec(shape, outcome=outcome("one")), spec(shape, outcome=outcome("other", "increase"), **half))
    records = records_of(joint(of, **priors()), of)
    assert len(records.kinds) == 1
    raw = draw_joint_prior(records, 5, np.random.default_rng(1))
    values = to_joint_values(records, raw)
    for k, page in enumerate(records.pages):
        own = outcome_values(records, values, k)
        constants = page.trajectory.constants(records.weeks, page.reference_week, page.anchor_week)
        np.testing.assert_allclose(own["mean_change"], page.trajectory.mean(own, constants, NUMPY))
        shape_ = np.broadcast_to(page.trajectory.response(own, constants, NUMPY), own["response_shape"].shape)
        np.testing.assert_allclose(own["response_shape"], shape_)
        densities = outcome_log_prior(records, raw, k)
        assert {*densities} >= {prior.parameter.name for prior in page.priors if not prior.fixed}


# ---- what ties


def test_levels_density_and_the_factor_given_them() -> None:
    rng = np.random.default_rng(5)
    c = np.array([0.9, -0.3, 0.6])
    cov = np.outer(c, c)
    np.fill_diagonal(cov, 1.0)
    z = rng.normal(size=(3, 4))
    expected = stats.multivariate_normal.logpdf(z.T, cov=cov)
    np.testing.assert_allclose(log_density_of_levels(z, c, NUMPY), expected, rtol=1e-12)
    middle = baseline_factor_given(z, c, np.zeros(4))
    np.testing.assert_allclose(middle, c @ np.linalg.solve(cov, z), rtol=1e-12)
    spread = baseline_factor_given(z, c, np.ones(4)) - middle
    np.testing.assert_allclose(spread, np.sqrt(1.0 - c @ np.linalg.solve(cov, c)), rtol=1e-12)


def test_partial_correlations_are_lkj() -> None:
    """Density of the matrix, from that of the partials and a numerical Jacobian: det to the power eta - 1."""
    eta, rng = 2.5, np.random.default_rng(6)
    shapes = lkj_shapes(4, eta)
    lower = np.tril_indices(4, -1)

    def matrix(partial: Array) -> Array:
        factor = lkj_factor((partial + 1.0) / 2.0, 4, NUMPY, np.concatenate)
        return np.asarray(factor @ factor.T)

    left = []
    for _ in range(4):
        partial = rng.uniform(-0.7, 0.7, 6)
        np.testing.assert_allclose(matrix(partial), partials_to_matrix(partial, 4), atol=1e-12)
        step = 1e-6 * np.eye(6)
        jacobian = np.stack([(matrix(partial + s) - matrix(partial - s))[lower] / 2e-6 for s in step])
        log_density_ = stats.beta.logpdf((partial + 1.0) / 2.0, shapes, shapes).sum()
        log_density_ -= np.linalg.slogdet(jacobian)[1]
        left.append(log_density_ - (eta - 1.0) * np.linalg.slogdet(matrix(partial))[1])
    np.testing.assert_allclose(left, left[0], atol=1e-6)


def test_whitening_undoes_the_factor() -> None:
    rng = np.random.default_rng(7)
    factor = lkj_factor(rng.uniform(0.1, 0.9, 15), 6, NUMPY, np.concatenate)
    own = rng.normal(size=(6, 5))
    np.testing.assert_allclose(whitened(factor, (factor @ own)[:3], 3, np.concatenate), own[:3], rtol=1e-10)


@pytest.mark.parametrize("keys", [priors(), MATRIX], ids=["factors", "matrix"])
def test_correlations_told_are_those_of_simulated_patients(keys: dict[str, Any]) -> None:
    of = mixed()
    records = records_of(joint(of, **keys), of)
    rng = np.random.default_rng(8)
    one = draw_joint_prior(records, 1, rng)
    many = draw_joint_prior(records, 60_000, rng)
    patients = ("factor", "patient", "rate")
    raw = {
        name: each if any(word in name for word in patients) else np.repeat(one[name], 60_000, axis=0)
        for name, each in many.items()
    }
    values = to_joint_values(records, raw)
    told = joint_parameters(records, values, raw, rng)
    level = values["patient_level"][..., 0]
    response = np.concatenate([values["patient_response"][:, :3, 0], level[:, 3:]], axis=1)
    # The SE of a correlation of 60,000 is at most 0.004.
    np.testing.assert_allclose(np.corrcoef(response.T), told["response_correlation"][0], atol=0.02)
    np.testing.assert_allclose(np.corrcoef(level.T), told["level_correlation"][0], atol=0.02)
    if "loading" in told:
        signs = np.array([-1, 1, -1, 1])
        ours = told["response_correlation"][0] * np.outer(signs, signs)
        assert (ours[3, :3] > 0.0).all()  # towards benefit


def test_an_outcome_without_a_direction_is_not_tied() -> None:
    of = {**two(), **pages(spec("linear", outcome=outcome("neither", None)))}
    records = records_of(joint(of, **priors()), of)
    raw = draw_joint_prior(records, 3, np.random.default_rng(1))
    told = joint_parameters(records, to_joint_values(records, raw), raw, np.random.default_rng(1))
    assert (told["loading"][..., 2] == 0.0).all()
    assert (told["loading"][..., :2] > 0.0).all()
    np.testing.assert_array_equal(told["level_correlation"][..., 2, :2], 0.0)


# ---- what is refused


def test_what_cannot_be_fitted_is_told() -> None:
    of = two()
    model = joint(of, **priors())
    made = cohort({name: np.full((2, 4), 9.0) for name in of}, of)
    with pytest.raises(FitError, match=r"at least two outcomes, and was given \('up',\); write e\.g\."):
        make_joint_records(model, made, ("up",))
    with pytest.raises(FitError, match="'up' is named twice; name each once"):
        make_joint_records(model, made, ("up", "up"))
    with pytest.raises(RaBayesError, match="no outcome page for 'sdai'; it has down, up; add"):
        make_joint_records(model, made, ("up", "sdai"))
    synthetic = rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv")
    with pytest.raises(FitError, match=r"cdai is mostly made of sdai.*leave one of the two out of outcomes"):
        make_joint_records(load_joint_model("wide"), synthetic, ("sdai", "cdai"))
    gp = pages(spec("gp", outcome=outcome("down")), spec("gp", outcome=outcome("other")))
    made = cohort({name: np.full((2, 4), 9.0) for name in gp}, gp)
    with pytest.raises(FitError, match=r'give the page trajectory = "visits", or write correlation = 0\.0'):
        make_joint_records(joint(gp, related={"correlation": 0.2}), made, tuple(gp))
