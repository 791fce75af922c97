"""The price of counting responders instead of measuring."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.continuous.characteristics import known_stopping
from ra_bayes.planning.continuous.dichotomising import price_of_dichotomising
from ra_bayes.planning.continuous.known import KnownSd
from ra_bayes.planning.continuous.unknown import UnknownSd
from ra_bayes.planning.continuous.unknown_characteristics import unknown_stopping
from ra_bayes.planning.rule import Criterion, Rule


def fewest_responders(null_rate: float, rate: float, error: float, power: float) -> tuple[int, int]:
    """Patients and responders of the exact binomial test, one patient and one count after the other."""
    n = 1
    while True:
        least = next(r for r in range(n + 2) if stats.binom.sf(r - 1, n, null_rate) <= error)
        if stats.binom.sf(least - 1, n, rate) >= power:
            return n, least
        n += 1


@pytest.mark.parametrize(
    ("mean", "sd", "cutoff", "direction", "error", "power"),
    [
        (-15.0, 25.0, -20.0, "below", 0.05, 0.8),
        (1.0, 1.0, 0.5, "above", 0.025, 0.9),
        (0.5, 1.0, 1.5, "above", 0.1, 0.8),
        (3.0, 1.0, 2.0, "above", 0.05, 0.8),
    ],
)
def test_each_number_is_the_fewest(
    mean: float, sd: float, cutoff: float, direction: str, error: float, power: float
) -> None:
    price = price_of_dichotomising(
        mean, sd, cutoff, direction=direction, type_one_error=error, power=power  # type: ignore[arg-type]
    )  # fmt: skip
    law = (
        (lambda m: stats.norm.sf(cutoff, m, sd))
        if direction == "above"
        else (lambda m: stats.norm.cdf(cutoff, m, sd))
    )
    assert (price.null_rate, price.rate) == pytest.approx((law(0.0), law(mean)))
    assert (price.responders, price.least) == fewest_responders(price.null_rate, price.rate, error, power)
    assert price.type_one_error <= error
    assert price.power >= power
    # The continuous ones by the engines of the designs themselves.
    rule = Rule((Criterion("mean", direction, 0.0, 1.0 - error),))  # type: ignore[arg-type]
    truth = {"effect": np.array([mean]), "residual_sd": np.array([sd])}

    def known(n: int) -> float:
        return float(known_stopping(KnownSd(rule, sd, (n,)), truth).p_success[0])

    def estimated(n: int) -> float:
        return float(unknown_stopping(UnknownSd(rule, (n,)), truth).p_success[0])

    assert known(price.known) >= power
    assert price.known == 1 or known(price.known - 1) < power
    assert estimated(price.estimated) >= power
    assert price.estimated == 2 or estimated(price.estimated - 1) < power


def test_many_patients_and_the_best_cutoff_cost_half_of_pi() -> None:
    assert price_of_dichotomising(0.05, 1.0, 0.025).ratio == pytest.approx(np.pi / 2, rel=0.01)


def test_a_cutoff_far_from_the_means_costs_more() -> None:
    near, far = (price_of_dichotomising(0.5, 1.0, cutoff).responders for cutoff in (0.25, 2.0))
    assert far > 1.5 * near


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1.0, 1.0, 0.5), "not above the null mean"),
        ((1.0, 0.0, 0.5), "SD of 0.0 cannot be"),
        ((0.01, 1.0, 30.0), "move it to where patients respond"),
    ],
)
def test_bad_input_gets_one_sentence(arguments: tuple[float, float, float], message: str) -> None:
    with pytest.raises(RaBayesError, match=message):
        price_of_dichotomising(*arguments)


def test_error_rates_that_cannot_be() -> None:
    with pytest.raises(RaBayesError, match="below the power"):
        price_of_dichotomising(1.0, 1.0, 0.5, type_one_error=0.9, power=0.8)
