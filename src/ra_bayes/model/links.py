"""Links: the scale on which an outcome is modelled, and how far a change on it goes clinically.

With ``g`` the link, the model is additive in ``g(y*)``. ``g' > 0`` always, so that the order of
values, limits and bounds is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

__all__ = ["LINK_NAMES", "Link", "link"]

type Array = NDArray[np.float64]


@dataclass(frozen=True)
class Link:
    """An increasing map from the outcome's scale to the scale of the model.

    Parameters
    ----------
    name
        As a model page names it.
    equation
        The map, for people.
    change
        How a change is told in clinical units: a ``"difference"``, or a ``"ratio"`` (log link).
    """

    name: str
    equation: str
    change: Literal["difference", "ratio"]
    _forward: Callable[[Array], Array]
    _inverse: Callable[[Array], Array]
    _log_slope: Callable[[Array], Array]

    def forward(self, value: ArrayLike) -> Array:
        """Return ``g(value)``; values outside the link's domain give -inf, +inf or NaN, unwarned."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._forward(np.asarray(value, dtype=float))

    def inverse(self, latent: ArrayLike) -> Array:
        """Return the outcome at `latent` on the link's scale."""
        with np.errstate(over="ignore"):
            return self._inverse(np.asarray(latent, dtype=float))

    def log_slope(self, value: ArrayLike) -> Array:
        """Return ``log g'(value)``, the Jacobian that makes likelihoods comparable across links."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._log_slope(np.asarray(value, dtype=float))

    def contrast(self, start: ArrayLike, end: ArrayLike) -> Array:
        """Return the clinical change between two latent values: a difference, or a ratio.

        Examples
        --------
        >>> round(float(link("log").contrast(np.log(20.0), np.log(10.0))), 12)
        0.5
        """
        if self.change == "ratio":
            return np.asarray(np.exp(np.asarray(end, dtype=float) - np.asarray(start, dtype=float)))
        return np.asarray(self.inverse(end) - self.inverse(start))


def _nonnegative_square(x: Array) -> Array:
    return np.square(np.maximum(x, 0.0))


def _logit(lower: float, upper: float) -> Link:
    width = upper - lower
    return Link(
        "logit",
        f"g(y) = log((y - {lower:g}) / ({upper:g} - y))",
        "difference",
        lambda y: special.logit((y - lower) / width),
        lambda x: lower + width * special.expit(x),
        lambda y: np.log(width) - np.log(y - lower) - np.log(upper - y),
    )


_IDENTITY = Link("identity", "g(y) = y", "difference", lambda y: y, lambda x: x, np.zeros_like)
_LOG = Link("log", "g(y) = log(y)", "ratio", np.log, np.exp, lambda y: -np.log(y))
_SQRT = Link(
    "sqrt",
    "g(y) = sqrt(y)",
    "difference",
    np.sqrt,
    _nonnegative_square,
    lambda y: -np.log(2.0 * np.sqrt(y)),
)
# A binary outcome is 1 where a latent normal score of SD 1 is above 0: g takes a rate to that score.
# A binary record has no density, hence no slope.
_PROBIT = Link(
    "probit",
    "Pr(y = 1) = Phi(mu)",
    "difference",
    special.ndtri,
    special.ndtr,
    lambda y: np.full_like(y, np.nan),
)

# The score behind ordered categories has no unit of the outcome's: mu is told as it is.
_SCORE = Link("latent", "g is the latent score", "difference", lambda y: y, lambda x: x, np.zeros_like)

LINK_NAMES = ("identity", "log", "sqrt", "logit", "probit", "latent")


def link(name: str, lower: float | None = None, upper: float | None = None) -> Link:
    """Return the link called `name`; `logit` needs the outcome's two bounds.

    Raises
    ------
    ValueError
        If the name is none of :data:`LINK_NAMES`, or `logit` is asked for without bounds.

    Examples
    --------
    >>> float(link("logit", 0.0, 3.0).inverse(0.0))
    1.5
    """
    if name == "logit":
        if lower is None or upper is None:
            raise ValueError("the logit link needs an outcome with a lower and an upper bound")
        return _logit(lower, upper)
    known = {each.name: each for each in (_IDENTITY, _LOG, _SQRT, _PROBIT, _SCORE)}
    if name not in known:
        raise ValueError(f"link {name!r} is none of {', '.join(LINK_NAMES)}")
    return known[name]
