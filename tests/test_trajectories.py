"""Trajectories: zero at the anchor, one at the reference, and the shape each promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor.tensor as pt
import pytest

from ra_bayes.model.build import PYTENSOR
from ra_bayes.model.namespace import NUMPY
from ra_bayes.model.trajectories import TRAJECTORIES

WEEKS = np.array([0.0, 1.0, 4.0, 8.0, 12.0, 16.0, 24.0, 40.0])
REFERENCE = 24.0
AT_REFERENCE = 6


def draw_values(name: str, size: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    values = {
        each.name: rng.normal(-3.0, 2.0, size) if each.family == "shift" else rng.lognormal(1.0, 0.5, size)
        for each in TRAJECTORIES[name].parameters
    }
    steps = TRAJECTORIES[name].steps(WEEKS.size)
    return {**values, "walk_step": rng.normal(size=(size, steps))} if steps else values


def mean(name: str, values: dict[str, Any], anchor: float = 0.0, weeks: np.ndarray = WEEKS) -> np.ndarray:
    shape = TRAJECTORIES[name]
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
def test_the_response_is_nothing_at_baseline_one_at_the_reference_and_rises(name: str) -> None:
    shape = TRAJECTORIES[name]
    r = np.asarray(shape.response(draw_values(name), shape.constants(WEEKS, REFERENCE, 0.0), NUMPY))
    np.testing.assert_allclose(r[..., 0], 0.0, atol=1e-15)
    np.testing.assert_allclose(r[..., AT_REFERENCE], 1.0, rtol=1e-14)
    assert np.all(np.diff(r) > 0.0)


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
