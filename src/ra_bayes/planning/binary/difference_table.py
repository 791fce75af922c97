"""Pr(p_t - p_c > delta | x, y) for every count of either arm, as one matrix product.

    Pr = int f_t(u | x) F_c(u - delta | y) du + Pr(p_t > 1 + delta | x)

over the u at which neither rate leaves (0, 1): from max(0, delta) to min(1, 1 + delta). On the nodes of a
quadrature rule this is a matrix of densities (x, node) times a matrix of distribution functions (node, y).
The nodes are the double exponential rule's (Takahasi and Mori 1974), which crowd at both ends, where a Beta
density of parameters below 1 is infinite; on [0, 1] instead, the corner at u = delta costs digits. The error
is below 1e-11.

With a mixture as prior, each part has its own matrix, weighed by what the arm's count says of the parts: so a
mixture of a historical prior and a vague one on the control arm borrows less the less the count agrees.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import BetaMixture
from ra_bayes.planning.binary.posterior import log_parts

__all__ = ["difference_table"]

type Array = NDArray[np.float64]


def difference_table(
    prior: BetaMixture, n: int, control_prior: BetaMixture, control_n: int, delta: float = 0.0
) -> Array:
    """Return Pr(p_t - p_c > delta | x of n, y of control_n) for all counts (x, y).

    Parameters
    ----------
    prior, control_prior
        What is believed of the treated arm's and the control arm's rate before the trial.
    n, control_n
        Patients of either arm; 0 leaves an arm at its prior.
    delta
        The difference to beat, between -1 and 1.

    Examples
    --------
    >>> from ra_bayes.mixtures import UNIFORM
    >>> difference_table(UNIFORM, 1, UNIFORM, 0).round(6).tolist()  # E[p_t | x]
    [[0.333333], [0.666667]]
    """
    if not -1.0 < delta < 1.0:
        raise RaBayesError(
            f"a difference of rates of {delta:g} cannot be asked for; write a number between -1 and 1"
        )
    near, far, weight = _nodes(prior, n, control_prior, control_n)
    width = 1.0 - abs(delta)
    # Each rate and its complement, both exact at the end where they vanish.
    below, above = width * near, width * far
    treated = (max(0.0, delta) + below, max(0.0, -delta) + above)
    control = (max(0.0, -delta) + below, max(0.0, delta) + above)
    density = _mixed(prior, n, _densities(prior, n, *treated)) * (width * weight)
    found = density @ _mixed(control_prior, control_n, _distributions(control_prior, control_n, *control)).T
    if delta < 0.0:
        # Where u - delta > 1, the control arm's rate is below it for sure.
        a, b, _ = prior.arrays
        x = np.arange(n + 1.0)
        beyond = special.betaincc(a[:, None] + x, b[:, None] + n - x, 1.0 + delta)
        found += _mixed(prior, n, beyond[:, :, None])
    return np.asarray(np.clip(found, 0.0, 1.0))


def _nodes(
    prior: BetaMixture, n: int, control_prior: BetaMixture, control_n: int
) -> tuple[Array, Array, Array]:
    """Nodes on (0, 1) as distances from either end, and their weights.

    u = expit(pi sinh t). The rule's error falls like exp(-2 (pi sd / h)^2) with the narrowest density's SD
    in t, 2 / (pi sqrt(n + a + b + 1)) for a rate of 1/2; h is 0.63 of that, so the error e^-50. It reaches
    as far as the flattest density, u^(a - 1), needs to leave out less than 1e-17, and no farther than
    u = 1e-275.
    """
    ends = [
        (each.arrays[0] + each.arrays[1]).max() + size
        for each, size in ((prior, n), (control_prior, control_n))
    ]
    flattest = min(min(*each.arrays[0], *each.arrays[1]) for each in (prior, control_prior))
    step = 0.4 / np.sqrt(max(*ends, 9.0) + 1.0)
    reach = min(np.arcsinh(39.0 / (np.pi * min(flattest, 1.0))), 6.0)
    t = np.arange(-reach, reach + step / 2.0, step)
    near, far = special.expit(np.pi * np.sinh(t)), special.expit(-np.pi * np.sinh(t))
    return near, far, step * np.pi * np.cosh(t) * near * far


def _mixed(prior: BetaMixture, n: int, parts: Array) -> Array:
    """Weigh each part's matrix (part, x, node) by what x of n says of the parts (x, node)."""
    log = log_parts(prior, n)
    weight = np.exp(log - special.logsumexp(log, axis=1, keepdims=True))
    return np.asarray(np.einsum("xk,kxu->xu", weight, parts))


def _densities(prior: BetaMixture, n: int, p: Array, rest: Array) -> Array:
    """Beta(a_k + x, b_k + n - x) densities at p (part, x, node)."""
    a, b, _ = (each[:, None] for each in prior.arrays)
    x = np.arange(n + 1.0)
    log = (a + x - 1.0)[:, :, None] * np.log(p) + (b + n - x - 1.0)[:, :, None] * np.log(rest)
    return np.asarray(np.exp(log - special.betaln(a + x, b + n - x)[:, :, None]))


def _distributions(prior: BetaMixture, n: int, p: Array, rest: Array) -> Array:
    """Beta(a_k + y, b_k + n - y) distribution functions at p (part, y, node).

    I_p(a + y, b + n - y) = I_p(a + y + 1, b + n - y - 1) + p^(a+y) (1-p)^(b+n-y-1) / ((a+y) B(a+y, b+n-y)):
    from the last, y = n, downwards, every term is positive and no digits are lost.
    """
    a, b, _ = (each[:, None] for each in prior.arrays)
    y = np.arange(float(n))
    # Near 1 the distribution function is had from the complement, which has the digits.
    last = np.where(p < 0.5, special.betainc(a + n, b, p), special.betaincc(b, a + n, rest))
    log = (a + y)[:, :, None] * np.log(p) + (b + n - y - 1.0)[:, :, None] * np.log(rest)
    terms = np.exp(log - (np.log(a + y) + special.betaln(a + y, b + n - y))[:, :, None])
    stacked = np.concatenate([terms, last[:, None, :]], axis=1)
    return np.asarray(stacked[:, ::-1].cumsum(axis=1)[:, ::-1])
