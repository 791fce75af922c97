"""Trajectories: zero at the anchor, one at the reference, and the shape each promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor.tensor as pt
import pytest
from pages import OUTCOME, spec
from scipy import integrate

from ra_bayes.calibration.cohort_design import CohortDesign
from ra_bayes.calibration.truths import fixed_truths
from ra_bayes.model.build import PYTENSOR
from ra_bayes.model.namespace import NUMPY
from ra_bayes.model.trajectories import TRAJECTORIES, Trajectory
from ra_bayes.model.trajectories.piecewise import Piecewise
from ra_bayes.model.trajectories.washout import Washout

WEEKS = np.array([0.0, 1.0, 4.0, 8.0, 12.0, 16.0, 24.0, 40.0])
REFERENCE = 24.0
AT_REFERENCE = 6


INFUSIONS = (0.0, 4.0, 8.0)


def draw_values(name: str, size: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    values = {
        each.name: rng.normal(-3.0, 2.0, size) if each.family == "shift" else rng.lognormal(1.0, 0.5, size)
        for each in TRAJECTORIES[name].parameters
    }
    if name == "washout":
        values["loss_half_time"] *= 20.0  # priors keep the two half-times apart
    if name == "gp":
        values["lengthscale"] *= 5.0  # else it has gone as far as it can long before the last visit
    steps = TRAJECTORIES[name].steps(WEEKS.size)
    return {**values, "walk_step": rng.normal(size=(size, steps))} if steps else values


def mean(
    name: str | Trajectory, values: dict[str, Any], anchor: float = 0.0, weeks: np.ndarray = WEEKS
) -> np.ndarray:
    shape = TRAJECTORIES[name] if isinstance(name, str) else name
    return np.asarray(shape.mean(values, shape.constants(weeks, REFERENCE, anchor), NUMPY))


@pytest.mark.parametrize("name", TRAJECTORIES)
@pytest.mark.parametrize("anchor", [0.0, 12.0, 24.0])
def test_the_mean_is_zero_at_the_anchor_and_only_shifted_by_it(name: str, anchor: float) -> None:
    values = draw_values(name)
    f = mean(name, values, anchor)
    assert f.shape == (3, WEEKS.size)
    np.testing.assert_allclose(f[:, anchor == WEEKS], 0.0, atol=1e-12)
    from_zero = mean(name, values)
    np.testing.assert_allclose(f - f[:, :1], from_zero, atol=1e-12)
    assert np.all(np.abs(from_zero[:, 1:]) > 0.0)


@pytest.mark.parametrize("name", TRAJECTORIES)
def test_the_response_is_nothing_at_baseline_and_one_at_the_reference(name: str) -> None:
    shape = TRAJECTORIES[name]
    r = np.asarray(shape.response(draw_values(name), shape.constants(WEEKS, REFERENCE, 0.0), NUMPY))
    np.testing.assert_allclose(r[..., 0], 0.0, atol=1e-15)
    np.testing.assert_allclose(r[..., AT_REFERENCE], 1.0, rtol=1e-14)
    # What has set in at once rises no further, and what is washed out falls again.
    assert np.all(np.diff(r) >= 0.0) or name == "washout"
    assert np.all(np.diff(r) > 0.0) or name in ("washout", "step")


def test_the_walk_is_brownian_motion_scaled_to_the_reference_week() -> None:
    # f is linear in the steps: unit steps give its coefficients, and those its covariance.
    steps = TRAJECTORIES["visits"].steps(WEEKS.size)
    coefficients = mean("visits", {"walk_step": np.eye(steps), "walk_sd": np.full(steps, 3.0)})
    covariance = coefficients.T @ coefficients
    np.testing.assert_allclose(covariance, 9.0 * np.minimum.outer(WEEKS, WEEKS) / REFERENCE, atol=1e-12)


def test_the_walk_does_not_depend_on_where_else_there_are_visits() -> None:
    few = np.array([0.0, 24.0])
    one = mean("visits", {"walk_step": np.eye(1), "walk_sd": np.full(1, 3.0)}, weeks=few)
    np.testing.assert_allclose(one, [[0.0, 3.0]])


def test_a_patient_deviates_as_the_walk_does_in_variance() -> None:
    r = TRAJECTORIES["visits"].response({}, TRAJECTORIES["visits"].constants(WEEKS, REFERENCE, 0.0), NUMPY)
    np.testing.assert_allclose(r**2, WEEKS / REFERENCE)


def test_the_line_is_straight_and_is_the_change_at_the_reference() -> None:
    f = mean("linear", {"change": np.array([-5.0])})[0]
    assert f[AT_REFERENCE] == pytest.approx(-5.0)
    np.testing.assert_allclose(np.diff(f) / np.diff(WEEKS), -5.0 / 24.0)


def test_half_the_plateau_is_reached_at_the_half_time() -> None:
    weeks = np.array([0.0, 8.0, 16.0, 24.0, 1e5])
    f = mean("onset", {"change": np.array([-7.0]), "half_time": np.array([8.0])}, weeks=weeks)[0]
    assert f[3] == pytest.approx(-7.0)  # after three half-times: 7/8 of the plateau
    np.testing.assert_allclose(f, [0.0, -4.0, -6.0, -7.0, -8.0], rtol=1e-12)


def test_the_step_is_the_whole_change_at_once() -> None:
    np.testing.assert_array_equal(mean("step", {"change": np.array([-5.0])})[0], [0.0, *[-5.0] * 7])


def test_without_loss_washout_is_the_onset_of_each_infusion_on_top_of_the_other() -> None:
    values = {name: np.array([value]) for name, value in (("change", -7.0), ("half_time", 3.0))}
    f = mean(Washout(INFUSIONS), {**values, "loss_half_time": np.array([1e12])})[0]
    # An onset curve that starts at its infusion, unscaled; by `onset` itself on weeks since then.
    curves = sum(mean("onset", values, weeks=np.maximum(WEEKS - given, 0.0))[0] for given in INFUSIONS)
    np.testing.assert_allclose(f, -7.0 * np.asarray(curves) / np.asarray(curves)[AT_REFERENCE], rtol=1e-9)
    one = mean(Washout((0.0,)), {**values, "loss_half_time": np.array([1e12])})
    np.testing.assert_allclose(one, mean("onset", values), rtol=1e-9)


@pytest.mark.parametrize(("half_time", "loss"), [(2.0, 9.0), (9.0, 2.0), (4.0, 4.0), (4.0, 4.0 + 1e-9)])
def test_washout_solves_its_differential_equation(half_time: float, loss: float) -> None:
    # One unit of what an infusion brings turns into effect at one rate, and effect is lost at the other.
    onset, lost = np.log(2.0) / half_time, np.log(2.0) / loss

    def flow(_week: float, state: np.ndarray) -> list[float]:
        return [-onset * state[0], onset * state[0] - lost * state[1]]

    effect, state, start = {0.0: 0.0}, np.array([0.0, 0.0]), 0.0
    for end in sorted({*WEEKS, *INFUSIONS} - {0.0}):
        state = state + ([1.0, 0.0] if start in INFUSIONS else [0.0, 0.0])
        state = integrate.solve_ivp(flow, (start, end), state, rtol=1e-10, atol=1e-12).y[:, -1]
        effect[end], start = state[1], end
    expected = np.array([effect[week] for week in WEEKS])
    values = {
        "change": np.array([3.0]),
        "half_time": np.array([half_time]),
        "loss_half_time": np.array([loss]),
    }
    f = mean(Washout(INFUSIONS), values)[0]
    np.testing.assert_allclose(f, 3.0 * expected / expected[AT_REFERENCE], rtol=1e-7)


def test_washout_falls_by_half_every_loss_half_time_in_the_end() -> None:
    weeks = np.array([0.0, 24.0, 200.0, 208.0])
    values = {"change": np.array([1.0]), "half_time": np.array([1.0]), "loss_half_time": np.array([8.0])}
    f = mean(Washout(INFUSIONS), values, weeks=weeks)[0]
    assert f[3] / f[2] == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize("half_times", [(4.0, 4.0), (4.0, 4.0 * (1 + 1e-13)), (1e-3, 1e6)])
def test_washout_has_a_finite_gradient_where_half_times_meet_and_far_apart(
    half_times: tuple[float, float],
) -> None:
    shape = Washout(INFUSIONS)
    values = dict(zip(("change", "half_time", "loss_half_time"), map(pt.dscalar, "abc"), strict=True))
    constants = {k: pt.constant(v) for k, v in shape.constants(WEEKS, REFERENCE, 0.0).items()}
    total = shape.mean(values, constants, PYTENSOR).sum()
    at = dict(zip(values.values(), (1.0, *half_times), strict=True))
    for each in pt.grad(total, list(values.values())):
        assert np.isfinite(each.eval(at, mode="FAST_COMPILE"))


def test_pieces_are_straight_between_knots_and_pass_through_what_is_asked() -> None:
    shape = Piecewise((4.0, 12.0))
    weeks = np.array([0.0, 2.0, 4.0, 8.0, 12.0, 18.0, 24.0, 30.0])
    values = {"change": np.array([-12.0]), "bend_1": np.array([-6.0]), "bend_2": np.array([1.0])}
    # At week 4 a straight line has -2, at 12 it has -6.
    through = np.interp(weeks[:-1], [0.0, 4.0, 12.0, 24.0], [0.0, -8.0, -5.0, -12.0])
    f = mean(shape, values, weeks=weeks)[0]
    np.testing.assert_allclose(f[:-1], through, atol=1e-12)
    assert f[-1] - f[-2] == pytest.approx(f[-2] - f[-3])  # the last slope goes on
    np.testing.assert_allclose(mean(shape, values, 12.0, weeks)[0], f - f[4], atol=1e-12)


def test_pieces_without_bends_are_the_line() -> None:
    values = {"change": np.array([-5.0]), "bend_1": np.zeros(1), "bend_2": np.zeros(1)}
    np.testing.assert_allclose(mean(Piecewise((4.0, 12.0)), values), mean("linear", values), atol=1e-12)


def matern(weeks: np.ndarray, lengthscale: float) -> np.ndarray:
    """Covariance of a Matern 3/2 process given that it is zero at week 0, 1 at the reference week."""
    at = np.append(weeks, REFERENCE)
    u = np.sqrt(3.0) * np.abs(at[:, None] - at) / lengthscale
    k = (1.0 + u) * np.exp(-u)
    given = k - np.outer(k[0], k[0])
    return np.asarray(given[:-1, :-1] / given[-1, -1])


def coefficients(lengthscale: float, weeks: np.ndarray = WEEKS) -> np.ndarray:
    steps = TRAJECTORIES["gp"].steps(weeks.size)
    unit = {
        "gp_sd": np.full(steps, 3.0),
        "lengthscale": np.full(steps, lengthscale),
        "walk_step": np.eye(steps),
    }
    return mean("gp", unit, weeks=weeks)


@pytest.mark.parametrize("lengthscale", [0.5, 6.0, 30.0, 300.0])
def test_the_gaussian_process_has_the_covariance_of_its_kernel_given_zero_at_baseline(
    lengthscale: float,
) -> None:
    covariance = coefficients(lengthscale).T @ coefficients(lengthscale)
    np.testing.assert_allclose(covariance, 9.0 * matern(WEEKS, lengthscale), rtol=1e-6, atol=1e-10)
    shape = TRAJECTORIES["gp"]
    r = shape.response(
        {"lengthscale": np.array([lengthscale])}, shape.constants(WEEKS, REFERENCE, 0.0), NUMPY
    )
    np.testing.assert_allclose(r[0] ** 2, np.diag(matern(WEEKS, lengthscale)), rtol=1e-6, atol=1e-12)


def test_the_gaussian_process_does_not_depend_on_where_else_there_are_visits() -> None:
    weekly = np.arange(0.0, 41.0)
    fine = coefficients(9.0, weekly)[:, np.isin(weekly, WEEKS)]
    np.testing.assert_allclose(fine.T @ fine, coefficients(9.0).T @ coefficients(9.0), rtol=1e-9, atol=1e-12)


def test_with_a_long_lengthscale_the_gaussian_process_is_a_line_with_a_short_one_new_at_every_visit() -> None:
    line = np.outer(WEEKS, WEEKS) / REFERENCE**2
    long = coefficients(24e4)
    np.testing.assert_allclose(long.T @ long, 9.0 * line, rtol=1e-3, atol=1e-3)
    short = coefficients(0.01)
    np.testing.assert_allclose(short.T @ short, 9.0 * np.diag([0.0, *np.ones(7)]), atol=1e-12)


@pytest.mark.parametrize("lengthscale", [1e-3, 5.0, 1e5])
def test_the_gaussian_process_has_a_finite_gradient(lengthscale: float) -> None:
    shape = TRAJECTORIES["gp"]
    sd, scale = pt.dscalar("sd"), pt.dscalar("scale")
    score = np.random.default_rng(1).normal(size=shape.steps(WEEKS.size))
    values = {"gp_sd": sd, "lengthscale": scale, "walk_step": pt.constant(score)}
    constants = {k: pt.constant(v) for k, v in shape.constants(WEEKS, REFERENCE, 0.0).items()}
    total = shape.mean(values, constants, PYTENSOR).sum() + shape.response(values, constants, PYTENSOR).sum()
    for each in pt.grad(total, [sd, scale]):
        assert np.isfinite(each.eval({sd: 2.0, scale: lengthscale}, mode="FAST_COMPILE"))


@pytest.mark.parametrize("name", TRAJECTORIES)
def test_numpy_and_pytensor_evaluate_alike(name: str) -> None:
    shape = TRAJECTORIES[name]
    values, constants = draw_values(name, 1), shape.constants(WEEKS, REFERENCE, 12.0)
    one = {key: value[0] for key, value in values.items()}
    graph = {key: pt.as_tensor_variable(value) for key, value in one.items()}
    for part in (shape.mean, shape.response):
        by_pytensor = pt.as_tensor_variable(
            part(graph, {k: pt.constant(v) for k, v in constants.items()}, PYTENSOR)
        )
        by_numpy = part({key: np.asarray(value) for key, value in one.items()}, constants, NUMPY)
        np.testing.assert_allclose(by_pytensor.eval(mode="FAST_COMPILE"), by_numpy, rtol=1e-12, atol=1e-12)


def test_truths_of_a_gaussian_process_are_the_process_given_its_end() -> None:
    model = spec("gp", outcome={**OUTCOME, "lower": None})
    design = CohortDesign("made", tuple(WEEKS), ((True,) * WEEKS.size,) * 2)
    rng = np.random.default_rng(2)
    paths = []
    for _ in range(4000):
        truth = fixed_truths(model, design, -6.0, "page", rng)
        r = model.trajectory.response(
            {"lengthscale": truth["lengthscale"]}, model.trajectory.constants(WEEKS, REFERENCE, 0.0), NUMPY
        )
        own = truth["patient_level"][..., None] + truth["patient_response"][..., None] * r
        paths.append((truth["expected"] - own)[0, 0])
    found = np.array(paths)
    covariance = 16.0 * matern(WEEKS, 12.0)  # prior medians: an SD of 4, a lengthscale of 12 weeks
    gain = covariance[:, AT_REFERENCE] / covariance[AT_REFERENCE, AT_REFERENCE]
    np.testing.assert_allclose(found[:, AT_REFERENCE], -6.0, atol=1e-9)
    np.testing.assert_allclose(found.mean(axis=0), -6.0 * gain, atol=5 * 4.0 / 4000**0.5)
    left = covariance - np.outer(gain, covariance[AT_REFERENCE])
    np.testing.assert_allclose(np.cov(found.T), left, atol=5 * 2**0.5 * 16.0 / 4000**0.5)
