"""Weights of models and paired differences: closed forms, simulation, ArviZ given the same terms."""

from __future__ import annotations

import arviz_stats
import numpy as np
import pytest
import xarray as xr
from arviz_stats.utils import ELPDDataLOO
from scipy import special, stats

from ra_bayes.comparison.compare import paired_difference
from ra_bayes.comparison.weights import pseudo_bma, stacking, stacking_without_each


@pytest.mark.parametrize(("a", "b", "of_first"), [(4.0, 1.0, 5), (2.0, 1.0, 4), (3.0, 2.9, 3), (5.0, 1.0, 6)])
def test_the_weight_of_two_models_that_swap_places_is_the_closed_form(
    a: float, b: float, of_first: int
) -> None:
    """m of n patients have density a under the first model and b under the second, the others the reverse:
    the sum m log(w a + (1 - w) b) + (n - m) log(w b + (1 - w) a) is highest at
    w = (m a - (n - m) b) / (n (a - b))."""
    n = 6
    first = np.arange(n) < of_first
    density = np.stack([np.where(first, a, b), np.where(first, b, a)], axis=1)
    exact = np.clip((of_first * a - (n - of_first) * b) / (n * (a - b)), 0.0, 1.0)
    # Densities of many records are small: what a patient's have in common moves no weight.
    weight = stacking(np.log(density) - 900.0 * np.arange(n)[:, None])
    assert weight.sum() == pytest.approx(1.0, abs=1e-12)
    assert weight[0] == pytest.approx(exact, abs=1e-4)


def test_weights_of_patients_drawn_from_a_mixture_are_the_mixture() -> None:
    rng = np.random.default_rng(1)
    n, share = 40_000, np.array([0.6, 0.3, 0.1])
    middle = np.array([0.0, 3.0, -4.0])
    y = rng.normal(middle[rng.choice(3, n, p=share)])
    np.testing.assert_allclose(stacking(stats.norm.logpdf(y[:, None], middle)), share, atol=0.015)


def test_no_other_weights_predict_better() -> None:
    rng = np.random.default_rng(2)
    log_density = rng.normal(-20.0, 2.0, (6, 4))

    def score(weight: np.ndarray) -> float:
        return float(special.logsumexp(log_density, b=weight, axis=1).sum())

    best = score(stacking(log_density))
    assert max(score(each) for each in rng.dirichlet(np.full(4, 0.5), 3000)) <= best + 1e-9


def test_a_model_without_weight_has_exactly_none_and_equal_models_share() -> None:
    log_density = np.stack([np.zeros(6), np.full(6, -1.0)], axis=1)
    assert stacking(log_density).tolist() == [1.0, 0.0]
    np.testing.assert_allclose(stacking(np.zeros((6, 4))), 0.25)
    without = stacking_without_each(np.log([[8.0, 1.0], [1.0, 2.0], [1.0, 2.0]]))
    np.testing.assert_allclose(without[0], [0.0, 1.0], atol=1e-6)
    assert without.shape == (3, 2)


def as_arviz(log_density: np.ndarray) -> dict[str, ELPDDataLOO]:
    n = len(log_density)
    return {
        f"m{k}": ELPDDataLOO(
            elpd=float(each.sum()),
            se=1.0,
            p=1.0,
            n_samples=4000,
            n_data_points=n,
            scale="log",
            warning=False,
            good_k=0.7,
            elpd_i=xr.DataArray(each, dims="patient"),
            pareto_k=xr.DataArray(np.zeros(n), dims="patient"),
        )
        for k, each in enumerate(log_density.T)
    }


def test_weights_and_differences_are_those_of_arviz_given_the_same_terms() -> None:
    log_density = np.random.default_rng(3).normal(-3.0, 1.0, (12, 3))
    best = int(np.argmax(log_density.sum(axis=0)))
    stacked = arviz_stats.compare(as_arviz(log_density), method="stacking", round_to="none")
    averaged = arviz_stats.compare(as_arviz(log_density), method="BB-pseudo-BMA", round_to="none")
    weight, reference = stacking(log_density), pseudo_bma(log_density, seed=1)
    for k in range(3):
        row = stacked.loc[f"m{k}"]
        assert weight[k] == pytest.approx(row["weight"], abs=2e-3)
        # Both are means of a thousand bootstrap weights or more.
        assert reference[k] == pytest.approx(averaged.loc[f"m{k}", "weight"], abs=0.05)
        found = paired_difference(log_density[:, k] - log_density[:, best], 0.9)
        assert found["diff"] == pytest.approx(row["elpd_diff"])
        # ArviZ divides the squares by n.
        assert found["se"] == pytest.approx(row["dse"] * np.sqrt(12 / 11))


def test_the_interval_of_a_difference_is_that_of_students_t() -> None:
    """Six normal differences with a true sum of 3: nine intervals in ten hold it."""
    rng = np.random.default_rng(4)
    found = [paired_difference(rng.normal(0.5, 2.0, 6), 0.9) for _ in range(4000)]
    held = np.mean([each["lower"] <= 3.0 <= each["upper"] for each in found])
    assert held == pytest.approx(0.9, abs=4.0 * np.sqrt(0.09 / 4000))
    errors = np.array([each["se"] for each in found])
    # What the text says of an SE of six.
    assert errors.std() / errors.mean() == pytest.approx(1.0 / np.sqrt(10.0), abs=0.03)
