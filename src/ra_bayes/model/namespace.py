"""The few functions the model's equations need, for NumPy arrays and for PyTensor graphs.

Every equation of the model is written once, against a :class:`Namespace`, and evaluated by NumPy
(prior draws, estimands, log likelihood) or compiled by PyTensor (sampling). The two cannot drift
apart, and a saved fit is read without PyMC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

__all__ = ["NUMPY", "Namespace"]

type Function = Callable[..., Any]


@dataclass(frozen=True)
class Namespace:
    """Elementwise functions over one kind of array; the rest are operators and methods.

    Parameters
    ----------
    exp, log, where
        As in NumPy.
    minimum
        Elementwise minimum.
    ndtr, ndtri
        Standard normal distribution function, and its inverse.
    log_ndtr
        Log of the standard normal distribution function, accurate in the far left tail.
    log1mexp
        ``log(1 - exp(x))`` for negative ``x``, accurate near 0 and far from it.
    expm1
        ``exp(x) - 1``, accurate near 0.
    log1p
        ``log(1 + x)``, accurate near 0.
    log_expit
        Log of the standard logistic distribution function.
    gammaln
        Log of the gamma function.
    arcsinh
        Inverse hyperbolic sine.
    """

    exp: Function
    log: Function
    where: Function
    minimum: Function
    ndtr: Function
    ndtri: Function
    log_ndtr: Function
    log1mexp: Function
    expm1: Function
    log1p: Function
    log_expit: Function
    gammaln: Function
    arcsinh: Function


def _log1mexp(x: np.ndarray) -> np.ndarray:
    # Two branches, each where it keeps its digits (Maechler 2012, "Accurately computing log(1 - exp(-|a|))").
    with np.errstate(divide="ignore"):
        return np.where(x > -np.log(2.0), np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


NUMPY = Namespace(
    np.exp,
    np.log,
    np.where,
    np.minimum,
    special.ndtr,
    special.ndtri,
    special.log_ndtr,
    _log1mexp,
    np.expm1,
    np.log1p,
    special.log_expit,
    special.gammaln,
    np.arcsinh,
)
