"""The price of counting responders instead of measuring: patients for the same error rates, one arm.

Under y ~ Normal(theta, sd^2) a patient responds when y is beyond a cut-off c, with the rate
Phi((theta - c) / sd) where a higher value is better. The responders are tested by the exact binomial test,
which spends less than its level; the values by the z test or, the SD estimated, by the t test (noncentral t).
With a cut-off at the middle of the two means and many patients the ratio nears pi / 2 (Cohen 1983).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.rule import Direction

__all__ = ["Price", "price_of_dichotomising"]

type Array = NDArray[np.float64]

_MOST = 20_000


class Price(NamedTuple):
    """Patients for the same error rates.

    Parameters
    ----------
    responders
        With the responders counted, exact binomial test.
    estimated, known
        With the values measured: SD estimated (t test), SD known (z test).
    null_rate, rate
        Response rates without the effect and with it.
    least
        Responders needed for success.
    type_one_error, power
        Of the binomial test.
    """

    responders: int
    estimated: int
    known: int
    null_rate: float
    rate: float
    least: int
    type_one_error: float
    power: float

    @property
    def ratio(self) -> float:
        """Patients with responders counted for each patient with values measured and the SD estimated."""
        return self.responders / self.estimated


def price_of_dichotomising(
    mean: float,
    sd: float,
    cutoff: float,
    *,
    null_mean: float = 0.0,
    direction: Direction = "above",
    type_one_error: float = 0.05,
    power: float = 0.8,
) -> Price:
    """Return the least patients with responders counted and with values measured.

    Parameters
    ----------
    mean, null_mean
        Mean of the patients' values with the effect and without it.
    sd
        SD of a patient's value.
    cutoff
        A patient beyond it responds.
    direction
        Which side is better.
    type_one_error, power
        Error rates asked for, one-sided.

    Returns
    -------
    Price
        The numbers of patients and what the binomial test attains. Its power does not rise with every
        patient, so that some larger numbers may fall short.

    Raises
    ------
    RaBayesError
        If the mean is not on the better side, or nobody would ever respond.

    Examples
    --------
    A pain score falls by 15 with an SD of 25; who falls by 20 or more responds:

    >>> price = price_of_dichotomising(-15, 25, -20, direction="below")
    >>> price.responders, price.estimated, price.known, round(price.ratio, 2)
    (31, 19, 18, 1.63)
    """
    sign = 1.0 if direction == "above" else -1.0
    effect = sign * (mean - null_mean)
    if not 0.0 < sd < math.inf:
        raise RaBayesError(f"an SD of {sd} cannot be; give the SD of a patient's value, above 0")
    if not effect > 0.0:
        raise RaBayesError(
            f"a mean of {mean:g} is not {direction} the null mean of {null_mean:g}; "
            "give one on the better side"
        )
    if not 0.0 < type_one_error < power < 1.0:
        raise RaBayesError(
            f"a type I error of {type_one_error:g} and a power of {power:g} cannot be asked for; "
            "the error must be above 0 and below the power, the power below 1"
        )
    null_rate, rate = (float(special.ndtr(sign * (each - cutoff) / sd)) for each in (null_mean, mean))
    n = np.arange(1.0, _MOST + 1.0)
    asked = _binomial(n, null_rate, type_one_error)
    attained = _above(asked, n, rate)
    responders = _first(attained >= power, cutoff)
    z = special.ndtri(1.0 - type_one_error) + special.ndtri(power)
    known = max(1, math.ceil((z * sd / effect) ** 2 - 1e-9))
    at = responders - 1
    return Price(
        responders,
        _t_test(effect / sd, type_one_error, power, known),
        known,
        null_rate,
        rate,
        int(asked[at]) + 1,
        float(_above(asked[at], n[at], null_rate)),
        float(attained[at]),
    )


def _binomial(n: Array, null_rate: float, type_one_error: float) -> Array:
    """The most responders that are not yet a success, the least k with Pr(X > k) <= the error."""
    k = np.clip(np.ceil(special.bdtrik(1.0 - type_one_error, n, null_rate)), 0.0, n)
    k = np.where((k > 0.0) & (_above(k - 1.0, n, null_rate) <= type_one_error), k - 1.0, k)
    return np.where(_above(k, n, null_rate) > type_one_error, k + 1.0, k)


def _above(k: Array, n: Array, rate: float) -> Array:
    """P(X > k) of a binomial."""
    return np.asarray(np.where(k >= n, 0.0, special.betainc(k + 1.0, np.maximum(n - k, 0.5), rate)))


def _first(enough: NDArray[np.bool_], cutoff: float) -> int:
    if not enough.any():
        raise RaBayesError(
            f"with a cut-off of {cutoff:g} not even {_MOST:,} patients tell the rates apart; "
            "move it to where patients respond"
        )
    return int(np.argmax(enough)) + 1


def _t_test(effect: float, type_one_error: float, power: float, known: int) -> int:
    """Patients for the t test, which needs no fewer than the z test."""

    n = max(known, 2)
    while _t_power(n, effect, type_one_error) < power:
        n += 1
    return n


def _t_power(n: int, effect: float, type_one_error: float) -> float:
    cut = special.stdtrit(n - 1.0, 1.0 - type_one_error)
    return float(1.0 - special.nctdtr(n - 1.0, effect * math.sqrt(n), cut))
