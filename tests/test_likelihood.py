"""The likelihood against scipy and against numerical integration, then the PyMC model against NumPy's."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple, get_args

import numpy as np
import pymc as pm
import pytest
from pages import OUTCOME, cohort, spec
from pytensor.compile.mode import Mode
from scipy import integrate, special, stats

from ra_bayes.model import ModelSpec, load_model
from ra_bayes.model.build import Levels, build, data, record_data
from ra_bayes.model.likelihoods import CELL, MISSED, POINT, UNBOUNDED
from ra_bayes.model.priors import raw_name
from ra_bayes.model.records import Grid, grid
from ra_bayes.model.simulate import draw_prior, log_likelihood, log_prior, to_clinical


def laid_out(low: np.ndarray, high: np.ndarray, kind: np.ndarray, log_slope: np.ndarray) -> Grid:
    unused = np.zeros(low.shape)
    return Grid(("a",) * len(low), np.zeros(low.shape[1]), unused, unused, low, high, kind, log_slope)


def one(low: float, high: float, kind: int, mu: float, sd: float, log_slope: float = 0.0) -> float:
    records = laid_out(*(np.array([[each]]) for each in (low, high, kind, log_slope)))
    draws = {"expected": np.array([[mu]]), "residual_sd": np.array(sd)}
    return log_likelihood(load_model("vas"), records, draws).item()


def log_cell(low: float, high: float) -> float:
    """log(Phi(high) - Phi(low)) by integrating the density over the cell, scaled by its value at the edge."""
    if low + high > 0.0:
        low, high = -high, -low
    # phi(high - s) / phi(high) = exp(high s - s^2 / 2) does not underflow, however far high is to the left.
    reach = min(high - low, 40.0 / max(1.0, -high) + (12.0 + max(high, 0.0) if high > -1.0 else 0.0))
    inner = integrate.quad(
        lambda s: np.exp(high * s - s * s / 2.0), 0.0, reach, epsabs=0.0, epsrel=1e-12, limit=200
    )[0]
    return float(stats.norm.logpdf(high) + np.log(inner))


# ---- one record


@pytest.mark.parametrize("z", [0.0, -1.3, 4.0, -60.0, 1e4])
@pytest.mark.parametrize("sd", [0.02, 1.0, 300.0])
def test_a_point_is_the_normal_density_times_the_slope(z: float, sd: float) -> None:
    y = 7.0 + z * sd
    expected = stats.norm.logpdf(y, 7.0, sd) - 0.8
    assert one(y, y, POINT, 7.0, sd, log_slope=-0.8) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("middle", [0.0, 0.4, -0.4, 3.0, -3.0, 9.0, -9.0, 38.0, -38.0, 500.0, -500.0])
@pytest.mark.parametrize("width", [1e-4, 0.03, 1.0, 12.0])
def test_a_cell_is_the_area_under_the_density(middle: float, width: float) -> None:
    low, high = middle - width / 2.0, middle + width / 2.0
    mu, sd = -2.0, 0.25
    got = one(mu + sd * low, mu + sd * high, CELL, mu, sd)
    # In the narrowest cell the two ends share 12 of their 16 digits, less what mu + sd * low rounds off.
    assert got == pytest.approx(log_cell(low, high), rel=1e-9, abs=1e-8 if width < 0.01 else 1e-10)


@pytest.mark.parametrize("z", [-1e4, -200.0, -38.0, -5.0, -0.1, 0.0, 0.1, 5.0, 38.0, 200.0, 1e4])
def test_an_open_cell_is_a_tail(z: float) -> None:
    mu, sd = 20.0, 3.0
    assert one(-UNBOUNDED, mu + sd * z, CELL, mu, sd) == pytest.approx(
        stats.norm.logcdf(z), rel=1e-10, abs=1e-300
    )
    assert one(mu + sd * z, UNBOUNDED, CELL, mu, sd) == pytest.approx(
        stats.norm.logsf(z), rel=1e-10, abs=1e-300
    )


def test_cells_that_part_the_line_have_probability_one() -> None:
    edges = np.array([-UNBOUNDED, *np.arange(-0.0625, 3.1, 0.125), UNBOUNDED])
    for mu, sd in ((1.5, 0.5), (0.0, 0.01), (40.0, 0.3), (-3.0, 5.0)):
        total = sum(np.exp(one(a, b, CELL, mu, sd)) for a, b in pairwise(edges))
        assert total == pytest.approx(1.0, abs=1e-12)


def test_a_record_open_on_both_sides_and_a_missed_one_say_nothing() -> None:
    assert one(-UNBOUNDED, UNBOUNDED, CELL, 3.0, 1.0) == 0.0
    assert one(0.0, 0.0, MISSED, 1e6, 1e-3) == 0.0


# ---- records on an outcome's own scale


def density(model: ModelSpec, value: float, mu: float, sd: float) -> float:
    """Log likelihood of one recorded value at baseline."""
    records = grid(model, cohort([("a", 0, value), ("a", 24, value)], model))
    draws = {"expected": np.full((1, 2), mu), "residual_sd": np.array(sd)}
    return float(log_likelihood(model, records, draws)[0, 0])


def test_under_the_log_link_a_record_is_lognormal() -> None:
    model = spec(link="log")
    for value in (1e-3, 0.4, 1.0, 37.0, 1e5):
        expected = stats.lognorm.logpdf(value, s=0.7, scale=np.exp(1.2))
        assert density(model, value, 1.2, 0.7) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("model", "mu", "sd"),
    [
        pytest.param(spec(link="sqrt"), 3.0, 0.6, id="sqrt"),
        pytest.param(
            spec(outcome={**OUTCOME, "lower": 1.0, "upper": 21.0}, link="logit"), 0.4, 0.8, id="logit"
        ),
        pytest.param(spec(), 4.0, 1.5, id="identity"),
    ],
)
def test_density_is_the_derivative_of_the_distribution_function(
    model: ModelSpec, mu: float, sd: float
) -> None:
    forward = {"sqrt": np.sqrt, "identity": float, "logit": lambda y: np.log((y - 1.0) / (21.0 - y))}[
        model.link.name
    ]
    for value in (2.0, 5.5, 11.0, 17.0):
        step = 1e-4
        above, below = (special.ndtr((forward(value + d) - mu) / sd) for d in (step, -step))
        by_difference = (above - below) / (2.0 * step)
        # Each distribution function keeps 1e-16, their difference by 2e-4 keeps 1e-12.
        assert np.exp(density(model, value, mu, sd)) == pytest.approx(by_difference, rel=1e-5, abs=1e-11)


def test_density_under_the_logit_link_has_area_one() -> None:
    model = spec(outcome={**OUTCOME, "lower": 1.0, "upper": 21.0}, link="logit")
    area = integrate.quad(lambda y: np.exp(density(model, y, 0.4, 0.8)), 1.0, 21.0, epsabs=1e-6)[0]
    assert area == pytest.approx(1.0, abs=1e-5)


# ---- the PyMC model


class Built(NamedTuple):
    """A PyMC model of three patients and four visits, with compiled log densities."""

    model: pm.Model
    levels: Levels
    shape: str
    log_records: Any
    log_all: Any


OUTCOMES = {
    "identity": {**OUTCOME, "upper": 20.0},
    "log": OUTCOME,
    "probit": {**OUTCOME, "kind": "binary"},
}
WEEKS = (0, 4, 8, 24)
LEVEL = {"log": {"median": 8.0, "sd": 0.6}, "probit": {"median": 0.4, "sd": 0.5}}


def mixed(link: str, shape: str) -> tuple[ModelSpec, Grid]:
    """Points, cells on both sides, rounded records, a record at a bound, a missed visit."""
    small = {"baseline_sd": {"median": 0.7, "sdlog": 0.3}, "residual_sd": {"median": 0.4, "sdlog": 0.3}}
    priors = {} if link == "identity" else {**small, "baseline_mean": LEVEL[link]}
    keys = {"rounding": 0.5, "bounds": "open"} if link == "identity" else {}
    if link == "probit":
        priors |= {"response_sd": {"fixed": 0.0}, "residual_sd": {"fixed": 1.0}}
    model = spec(shape, outcome=OUTCOMES[link], link=link, priors=priors, **keys)
    if link == "probit":
        values = [[None, 0, 1, 1], [None, 0, 0, 1], [None, 1, None, 0]]
    elif link == "identity":
        values = [[9.5, 20.0, 0.0, 7.0], [12.0, None, 8.0, 3.5], [11.0, 10.5, 10.0, (2.0, "<")]]
    else:
        values = [
            [9.5, (2.0, "<"), 3.0, 7.0],
            [12.0, None, (200.0, ">"), 3.5],
            [0.11, 10.5, (2.0, "<"), None],
        ]
    rows = [
        (patient, week, *(value if isinstance(value, tuple) else (value,)))
        for patient, line in zip("abc", values, strict=True)
        for week, value in zip(WEEKS, line, strict=True)
        if value is not None
    ]
    made = cohort(rows, model)
    if link == "probit":  # the visit at week 0 is on the cohort's grid by another outcome
        row = made.records[0]._replace(week=0.0, outcome="other")
        made = type(made)(made.name, made.source, True, (row, *made.records), used=made.used)
    return model, grid(model, made)


@pytest.fixture(
    scope="module", params=[(s, v) for s in ("visits", "linear", "onset") for v in get_args(Levels.__value__)]
)
def built(request: pytest.FixtureRequest) -> Built:
    shape, levels = request.param
    model = build(*mixed("identity", shape), levels)
    compiled = [
        model.compile_fn(
            model.logp(vars=part, sum=False, jacobian=False), inputs=model.value_vars, mode="FAST_COMPILE"
        )
        for part in (model.observed_RVs, None)
    ]
    return Built(model, levels, shape, *compiled)


def random_point(
    built: Built, rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """A point as the sampler sees it, and as raw variables."""
    point = {name: rng.normal(size=np.shape(value)) for name, value in built.model.initial_point().items()}
    raw = {name.removesuffix("_logodds__"): value for name, value in point.items()}
    raw["correlation_u"] = special.expit(raw["correlation_u"])
    return point, raw


@pytest.mark.parametrize("link", ["identity", "log", "probit"])
def test_pymc_and_numpy_agree_on_every_record_and_on_the_prior(built: Built, link: str) -> None:
    if link == "probit" and built.shape != "visits":
        return  # a binary page is refused any other trajectory
    model, records = mixed(link, built.shape)
    assert {MISSED, CELL} <= set(records.kind.ravel())
    assert (POINT in records.kind) == (link == "log")
    pm.set_data(data(model, records), model=built.model)
    rng = np.random.default_rng(7)
    for _ in range(5):
        point, raw = random_point(built, rng)
        draws = to_clinical(model, raw, records.weeks)
        likelihood = log_likelihood(model, records, draws)
        by_kind = [likelihood[records.kind == kind] for kind in (POINT, CELL)]
        # PyMC leaves out the slope of the link at a point, which no parameter changes.
        by_kind[0] = by_kind[0] - records.log_slope[records.kind == POINT]
        for ours, theirs in zip(by_kind, built.log_records(point), strict=True):
            np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-9)
        # Patients' terms, written out: standard normal scores, and levels in units of their prior.
        patients = stats.norm.logpdf(raw["patient_response_z"]).sum()
        if built.levels == "centred":
            unit = model.prior("baseline_sd").numbers[0]
            middle = model.prior("baseline_mean").numbers[0]
            patients += stats.norm.logpdf(
                raw["patient_level_c"], (draws["baseline_mean"] - middle) / unit, draws["baseline_sd"] / unit
            ).sum()
        else:
            patients += stats.norm.logpdf(raw["patient_level_z"]).sum()
        # A pinned scale still has its score in the graph, without a part in anything.
        patients += sum(stats.norm.logpdf(raw[f"{p.parameter.name}_z"]) for p in model.priors if p.fixed)
        prior = sum(np.sum(each) for each in log_prior(model, raw).values())
        total = sum(np.sum(each) for each in built.log_all(point))
        expected = sum(each.sum() for each in by_kind) + prior + patients
        assert total == pytest.approx(expected, rel=1e-10)


def test_priors_of_pymc_and_numpy_are_the_same_distribution(built: Built) -> None:
    model, records = mixed("identity", built.shape)
    pm.set_data(data(model, records), model=built.model)
    size = 2000
    free = built.model.free_RVs
    drawn = pm.draw(free, draws=size, random_seed=3, mode="FAST_COMPILE")
    by_pymc = to_clinical(model, {rv.name: each for rv, each in zip(free, drawn, strict=True)}, records.weeks)
    rng = np.random.default_rng(11)
    by_numpy = to_clinical(model, draw_prior(model, 3, records.weeks, size, rng), records.weeks)
    assert by_pymc.keys() == by_numpy.keys()
    pvalues = [
        stats.ks_2samp(one.reshape(size, -1)[:, k], other.reshape(size, -1)[:, k]).pvalue
        for name in by_numpy
        for one, other in [(by_pymc[name], by_numpy[name])]
        for k in range(one[0].size)
        if np.ptp(other.reshape(size, -1)[:, k]) > 1e-9
    ]
    assert len(pvalues) > 20
    # About 30 dependent comparisons: by chance the smallest p is below 1e-5 less than once in 3000.
    assert min(pvalues) > 1e-5
    # How a patient's response goes with the level, given rho; the SE of such a correlation is 0.02.
    assert coupling(by_pymc) == pytest.approx(coupling(by_numpy), abs=0.12)
    assert coupling(by_numpy) > 0.15


def coupling(draws: dict[str, np.ndarray]) -> float:
    deviation = draws["patient_level"][:, 0] - draws["baseline_mean"]
    return float(np.corrcoef(deviation * draws["correlation"], draws["patient_response"][:, 0])[0, 1])


def test_the_patients_effects_have_the_promised_covariance() -> None:
    priors = {
        "correlation": {"concentration": 2.0},
        "response_sd": {"fixed": 2.0},
        "baseline_sd": {"fixed": 3.0},
    }
    model = spec(priors=priors)
    rng = np.random.default_rng(2)
    raw = draw_prior(model, 40_000, np.array([0.0, 24.0]), 1, rng)
    raw["correlation_u"] = np.array([0.8])  # rho = 0.6
    draws = to_clinical(model, raw, np.array([0.0, 24.0]))
    covariance = np.cov(draws["patient_level"][0], draws["patient_response"][0])
    # SEs of (variance, covariance, variance) at n = 40,000 are at most 0.07, 0.035, 0.03.
    np.testing.assert_allclose(covariance, [[9.0, 3.6], [3.6, 4.0]], atol=0.25)
    expected = draws["patient_level"][0] + draws["patient_response"][0] + draws["mean_change"][0, 1]
    np.testing.assert_allclose(draws["expected"][0, :, 1], expected)


# ---- gradients where a sampler may start


@pytest.fixture(scope="module")
def gradient() -> Any:
    """The model and its log density with gradient, rewritten as for sampling and run uncompiled."""
    model = build(*mixed("identity", "onset"))
    mode = Mode(linker="py", optimizer="fast_run")
    return model, model.compile_fn([model.logp(), model.dlogp()], inputs=model.value_vars, mode=mode)


def extreme() -> dict[str, dict[str, np.ndarray]]:
    cell, point = np.full((3, 4), CELL), np.full((3, 4), POINT)
    far, open_end, zero = (np.full((3, 4), value) for value in (1e4, UNBOUNDED, 0.0))
    return {
        "all left-censored": {"low": -open_end, "high": zero + 2.0, "kind": cell},
        "all left-censored, far": {"low": -open_end, "high": -far, "kind": cell},
        "all right-censored, far": {"low": far, "high": open_end, "kind": cell},
        "thin cells, far": {"low": far, "high": far + 1e-3, "kind": cell},
        "points, far": {"low": -far, "high": -far, "kind": point},
        "points at a residual of zero": {"low": zero + 10.0, "high": zero + 10.0, "kind": point},
        "nothing observed": {"low": zero, "high": zero, "kind": zero},
    }


@pytest.mark.parametrize("case", extreme())
def test_density_and_gradient_are_finite_wherever_the_records_are(gradient: Any, case: str) -> None:
    model, log_density_and_gradient = gradient
    records = laid_out(**extreme()[case], log_slope=np.zeros((3, 4)))
    pm.set_data(record_data(records), model=model)
    rng = np.random.default_rng(5)
    for spread in (0.0, 1.0, 3.0):
        point = {
            name: spread * rng.normal(size=np.shape(value)) for name, value in model.initial_point().items()
        }
        value, slope = log_density_and_gradient(point)
        assert np.isfinite(value)
        assert np.all(np.isfinite(slope))


def test_gradient_is_the_derivative(gradient: Any) -> None:
    model, log_density_and_gradient = gradient
    pm.set_data(data(*mixed("identity", "onset")), model=model)
    rng = np.random.default_rng(6)
    point = {name: rng.normal(size=np.shape(value)) for name, value in model.initial_point().items()}
    flat = np.concatenate([np.ravel(value) for value in point.values()])

    def at(x: np.ndarray) -> dict[str, np.ndarray]:
        cuts = np.split(x, np.cumsum([np.size(value) for value in point.values()])[:-1])
        return {
            name: cut.reshape(np.shape(value)) for (name, value), cut in zip(point.items(), cuts, strict=True)
        }

    slope = log_density_and_gradient(point)[1]
    for k, unit in enumerate(np.eye(flat.size)):
        ahead, behind = (log_density_and_gradient(at(flat + d * unit))[0] for d in (1e-5, -1e-5))
        assert slope[k] == pytest.approx((ahead - behind) / 2e-5, rel=1e-5, abs=1e-5)


def test_every_number_of_the_page_is_data_of_the_model(built: Built) -> None:
    model, records = mixed("identity", built.shape)
    names = {f"prior_{prior.parameter.name}" for prior in model.priors}
    assert names <= set(data(model, records)) == {each.name for each in built.model.data_vars}
    assert {raw_name(prior.parameter) for prior in model.priors} < {
        each.name for each in built.model.free_RVs
    }


def test_a_response_asked_for_once_needs_no_course() -> None:
    """At a single visit a walk has no step: the density is that of the level alone, by hand."""
    model = load_model("acr20")
    rows = [("a", model.reference_week, 1.0), ("b", model.reference_week, 0.0)]
    laid = grid(model, cohort(rows, model))
    built = build(model, laid, "non-centred")
    rng = np.random.default_rng(5)
    drawn = draw_prior(model, 2, laid.weeks, 1, rng)
    at = to_clinical(model, drawn, laid.weeks)
    assert at["mean_change"].shape == (1, 1)
    np.testing.assert_array_equal(at["mean_change"], 0.0)
    logp = built.compile_fn(
        built.logp(vars=built.observed_RVs, jacobian=False),
        inputs=built.value_vars,
        mode="FAST_COMPILE",
        on_unused_input="ignore",
    )
    point = {name: drawn[name.removesuffix("_logodds__")][0] for name in built.initial_point()}
    level = at["patient_level"][0]
    by_hand = stats.norm.logcdf(level[0]) + stats.norm.logcdf(-level[1])
    assert float(logp(point)) == pytest.approx(by_hand, rel=1e-10)
