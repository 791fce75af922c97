"""Quadrature over what an estimated SD brings: sums of squares and t distributed means, on smooth scales."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.planning.continuous.rules import rule

__all__ = ["chi2_rule", "ratio_rule", "t_rule"]

type Array = NDArray[np.float64]

_TAIL = 1e-12


def chi2_rule(df: float, count: int) -> tuple[Array, Array]:
    """Return nodes and weights of chi2(df), Gauss-Legendre on its root; one node at 0 for df 0.

    Examples
    --------
    >>> node, weight = chi2_rule(5.0, 4)
    >>> round(float(weight @ node), 9)
    5.0
    """
    if df <= 0.0:
        return np.zeros(1), np.ones(1)
    low, high = np.sqrt(special.chdtri(df, 1.0 - _TAIL)), np.sqrt(special.chdtri(df, _TAIL))
    x, weight = rule(np.asarray(low), np.asarray(high), count)
    log = (df - 1.0) * np.log(x) - 0.5 * x**2
    weight = weight * np.exp(log - log.max())
    return x**2, weight / weight.sum()


def ratio_rule(gained: float, df: float, count: int) -> tuple[Array, Array]:
    """Return nodes and weights of chi2(gained) / chi2(df), independent: squares to come over squares known.

    With V = tan^2(a) the density of a is proportional to sin^(gained - 1)(a) cos^(df - 1)(a).
    """
    if gained <= 0.0:
        return np.zeros(1), np.ones(1)
    ends = np.arcsin(np.sqrt(special.betaincinv(0.5 * gained, 0.5 * df, np.array([_TAIL, 1.0 - _TAIL]))))
    angle, weight = rule(ends[0], ends[1], count)
    log = (gained - 1.0) * np.log(np.sin(angle)) + (df - 1.0) * np.log(np.cos(angle))
    weight = weight * np.exp(log - log.max())
    return np.tan(angle) ** 2, weight / weight.sum()


def t_rule(df: float, count: int) -> tuple[Array, Array]:
    """Return nodes and weights of t(df); with t = sqrt(df) tan(a) the density is that of cos^(df - 1)(a)."""
    end = np.arctan(-special.stdtrit(df, _TAIL) / np.sqrt(df))
    angle, weight = rule(-end, end, count)
    log = (df - 1.0) * np.log(np.cos(angle))
    weight = weight * np.exp(log)
    return np.sqrt(df) * np.tan(angle), weight / weight.sum()
