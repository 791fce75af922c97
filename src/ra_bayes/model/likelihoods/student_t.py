"""`student_t`: as `normal`, with heavy tails, so that one odd record moves the rest less.

    y*_ij ~ mu_ij + residual_sd * t(dof)        on the link's scale

`residual_sd` is the scale: the SD is residual_sd sqrt(dof / (dof - 2)), and there is none at dof <= 2. With
z = (y - mu) / residual_sd and z = sqrt(dof) sinh(s), a point's density and a cell's probability are

    t(z) = C / sqrt(dof) (1 + z^2 / dof)^(-(dof + 1) / 2)
    P(low <= y* <= high) = C  integral over s of cosh(s)^-dof
    C = Gamma((dof + 1) / 2) / (sqrt(pi) Gamma(dof / 2))

The second integrand is positive and falls off at least as exp(-dof s) far out, so that Gauss-Legendre nodes
from the end nearer to 0 give the probability to eight digits, far out in a tail too, and a gradient in dof.
On the t in place of the normal: Lange, Little and Taylor 1989, JASA 84:881.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ra_bayes.model.likelihoods.normal import RESIDUAL_SD, scatter_script
from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter
from ra_bayes.outcome import Outcome

__all__ = ["StudentT"]

_NODES, _WEIGHTS = (each * 0.5 for each in np.polynomial.legendre.leggauss(48))
_NODES = _NODES + 0.5


def _log_cosh(s: Any, ns: Namespace) -> Any:
    """Return log cosh(s) of s >= 0."""
    return s + ns.log1p(ns.exp(-2.0 * s)) - float(np.log(2.0))


def _log_constant(dof: Any, ns: Namespace) -> Any:
    return ns.gammaln((dof + 1.0) / 2.0) - ns.gammaln(dof / 2.0) - 0.5 * float(np.log(np.pi))


class StudentT:
    """Student's t noise on the link's scale."""

    name = "student_t"
    equation = "g(y*_ij) ~ mu_ij + residual_sd t(dof)"
    on_link = True
    link = None

    def parameters(self, _outcome: Outcome) -> tuple[Parameter, ...]:
        """Return the scale of a record and the degrees of freedom."""
        return (
            RESIDUAL_SD,
            Parameter("dof", "scale", "degrees of freedom of a record's noise: 30 is Normal", own_unit=""),
        )

    def misfit(self, _outcome: Outcome) -> tuple[str, str] | None:
        """Return None: any continuous outcome can have it."""
        return None

    def constants(self, _outcome: Outcome) -> dict[str, np.ndarray]:
        """Return none."""
        return {}

    def ends(self, _value: float, _outcome: Outcome) -> tuple[float, float] | None:
        """Return None: a record is an interval on the link's scale."""
        return None

    def log_point(self, value: Any, mu: Any, values: Mapping[str, Any], ns: Namespace) -> Any:
        """Return the log density of points."""
        scale, dof = values["residual_sd"], values["dof"]
        z = (value - mu) / scale
        tail = -(dof + 1.0) / 2.0 * ns.log1p(z**2 / dof)
        return _log_constant(dof, ns) - 0.5 * ns.log(dof) - ns.log(scale) + tail

    def log_cell(self, low: Any, high: Any, mu: Any, values: Mapping[str, Any], ns: Namespace) -> Any:
        """Return the log probability of cells, accurate in both tails."""
        scale, dof = values["residual_sd"], values["dof"]
        z_low, z_high = (low - mu) / scale, (high - mu) / scale
        # Mirror a cell in the left tail into the right one.
        left = z_low + z_high < 0.0
        near, far = ns.where(left, -z_high, z_low), ns.where(left, -z_low, z_high)
        root = dof**0.5
        near, far = ns.arcsinh(near / root), ns.arcsinh(far / root)
        # What lies beyond 0 on the near side, and the rest; exp(-40) is left out.
        start, reach = -ns.minimum(-near, 0.0), 40.0 / dof + 9.0 / root
        beyond, rest = ns.minimum(start - near, reach), ns.minimum(far - start, reach)
        at_start = _log_cosh(start, ns)
        one = ns.exp(-_last(dof) * _log_cosh(_last(beyond) * _NODES, ns))
        other = ns.exp(-_last(dof) * (_log_cosh(_last(start) + _last(rest) * _NODES, ns) - _last(at_start)))
        area = beyond * (one * _WEIGHTS).sum(axis=-1) + rest * (other * _WEIGHTS).sum(axis=-1)
        return _log_constant(dof, ns) - dof * at_start + ns.log(area)

    def draw(
        self, mu: np.ndarray, values: Mapping[str, np.ndarray], _outcome: Outcome, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw g(y*), shape of `mu`."""
        dof = np.broadcast_to(values["dof"], mu.shape)
        return np.asarray(mu + values["residual_sd"] * rng.standard_t(dof))

    def script(self, _outcome: Outcome, kinds: frozenset[Any]) -> tuple[str, str]:
        """Return the records as lines of a PyMC script, and the function they need."""
        return scatter_script(kinds, "pm.StudentT", "nu=dof, ")


def _last(x: Any) -> Any:
    return x[..., None]
