"""One patient under the normal model, by hand: what is found of it is compared with SciPy's normal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from scipy import special, stats


def assert_as_by_hand(
    found: np.ndarray,
    visits: Sequence[Mapping[str, Any]],
    scalars: Mapping[str, np.ndarray],
    mean: np.ndarray,
    r: np.ndarray,
    value: np.ndarray,
) -> None:
    """Compare log densities by draw, and each visit's PIT, with the normal of that mean (draw, visit)."""
    s, tau, rho, sigma = (scalars[n] for n in ("baseline_sd", "response_sd", "correlation", "residual_sd"))
    for k in (0, 7, 400):
        x = np.column_stack([np.ones(r.size), r])
        effects = np.array([[s[k] ** 2, rho[k] * s[k] * tau[k]], [rho[k] * s[k] * tau[k], tau[k] ** 2]])
        cov = x @ effects @ x.T + sigma[k] ** 2 * np.eye(r.size)
        exact = stats.multivariate_normal.logpdf(value, mean[k], cov)
        assert found.ravel()[k] == pytest.approx(exact, rel=1e-9)
    sd = np.sqrt((s**2 + sigma**2)[:, None] + np.outer(2.0 * rho * s * tau, r) + np.outer(tau**2, r**2))
    by_hand = special.ndtr((value - mean) / sd).mean(axis=0)
    np.testing.assert_allclose([each["pit"] for each in visits], by_hand, rtol=1e-9)
