"""One number a patient, SD known: numbers that others published."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ra_bayes.mixtures import normal
from ra_bayes.planning.continuous.boundary import bounds
from ra_bayes.planning.continuous.characteristics import known_stopping
from ra_bayes.planning.continuous.known import KnownSd
from ra_bayes.planning.continuous.recursion import one_sum
from ra_bayes.planning.rule import Criterion, Rule
from ra_bayes.planning.stopping import Stopping

NONE = np.zeros(1)


def two_sided(constants: np.ndarray, effect: np.ndarray, most: float = 1.0) -> Stopping:
    """|z| > c_k at equally spaced looks, information `most` in all: success above, futility below."""
    looks = most * np.arange(1.0, constants.size + 1.0) / constants.size
    edge = constants / np.sqrt(looks)
    success, futility = one_sum(looks, 1.0, -edge, edge, effect, np.zeros(effect.size))
    return Stopping(looks, success, futility, 0.0 * success, 0.0 * success, "")


@pytest.mark.parametrize(
    ("looks", "crossed"),
    [(2, 0.083), (3, 0.107), (4, 0.126), (5, 0.142), (10, 0.193), (20, 0.248), (50, 0.320)],
)
def test_repeated_looks_at_five_per_cent_cross_as_armitage_mcpherson_and_rowe_say(
    looks: int, crossed: float
) -> None:
    # Armitage, McPherson and Rowe 1969, J R Stat Soc A 132:235, table 2 (1.96 at every look).
    found = two_sided(np.full(looks, 1.959964), NONE)
    assert (found.success + found.futility).sum() == pytest.approx(crossed, abs=6e-4)


@pytest.mark.parametrize(
    ("looks", "pocock", "obrien_fleming"),
    [(2, 2.178, 1.977), (3, 2.289, 2.004), (4, 2.361, 2.024), (5, 2.413, 2.040), (10, 2.555, 2.087)],
)
def test_pocock_and_obrien_fleming_constants_spend_five_per_cent(
    looks: int, pocock: float, obrien_fleming: float
) -> None:
    # Jennison and Turnbull 2000, chapter 2, alpha .05 two-sided; constants have three decimals.
    share = np.arange(1.0, looks + 1.0) / looks
    for constants in (np.full(looks, pocock), obrien_fleming / np.sqrt(share)):
        found = two_sided(constants, NONE)
        assert (found.success + found.futility).sum() == pytest.approx(0.05, abs=1e-4)


@pytest.mark.parametrize(
    ("constant", "looks", "power", "most", "expected"),
    [
        # SAS/STAT User's Guide, SEQDESIGN, "Two-sided Pocock and O'Brien-Fleming designs": percent of the
        # fixed sample size, at most and expected under 0 and the alternative.
        (2.36129, 4, 0.9, 118.3143, {0.0: 115.6074, 1.0: 69.74805}),
        # Jennison and Turnbull 2000, chapter 2 (also in the tests of the R package gsDesign).
        (2.36129, 4, 0.8, 120.2, {0.0: 117.5, 0.5: 108.8, 1.0: 80.5, 1.5: 52.2}),
    ],
)
def test_expected_sizes_of_pocock_designs(
    constant: float, looks: int, power: float, most: float, expected: dict[float, float]
) -> None:
    drift = stats.norm.ppf(0.975) + stats.norm.ppf(power)
    effects = np.array(list(expected)) * drift / 10.0
    found = two_sided(np.full(looks, constant), effects, most)
    tolerance = 0.06 if most == 120.2 else 0.002
    np.testing.assert_allclose(found.expected_n, list(expected.values()), atol=tolerance)
    at = list(expected).index(1.0)
    assert found.success[at].sum() + found.futility[at].sum() == pytest.approx(power, abs=4e-4)


CROHN = {
    "success": (Criterion("d", "above", 0, 0.975, "all"), Criterion("d", "above", 50, 0.5, "all")),
    "futility": (Criterion("d", "above", 40, 0.1, "all"),),
}


def test_two_looks_without_a_prior_as_gerber_and_gsponer() -> None:
    # Gerber and Gsponer 2016, J Stat Softw 69(11), section 5 (R package gsbDesign, its design desPoC4).
    delta = np.array([0.0, 40, 50, 60, 70])
    design = KnownSd(Rule(**CROHN), 88.0, (20, 40), (20, 40))
    found = known_stopping(design, {"effect": delta})
    success = [
        [0.0250, 0.0026],
        [0.3007, 0.1102],
        [0.4352, 0.1582],
        [0.5777, 0.1828],
        [0.7107, 0.1718],
    ]
    futility = [
        [0.5619, 0.2447],
        [0.1000, 0.0517],
        [0.0504, 0.0200],
        [0.0228, 0.0061],
        [0.0091, 0.0015],
    ]
    np.testing.assert_allclose(found.success, success, atol=1.1e-4)
    np.testing.assert_allclose(found.futility, futility, atol=1.1e-4)
    np.testing.assert_allclose(found.expected_n, [56.5, 64.0, 60.6, 56.0, 51.2], atol=0.06)
    needed = [float(bounds(design, look, np.zeros(1))[1][0]) for look in (0, 1)]
    assert needed == pytest.approx([54.5, 50.0], abs=0.05)


def test_two_looks_with_a_prior_of_the_control_as_gerber_and_gsponer() -> None:
    # The same, table 1: 20,000 simulated trials, so a standard error of up to .0035.
    design = KnownSd(Rule(**CROHN), 88.0, (20, 40), (10, 20), control_mean=normal(49, 88 / 20**0.5))
    found = known_stopping(
        design, {"effect": np.array([0.0, 40, 50, 60, 70]), "control_mean": np.full(5, 50.0)}
    )
    assert found.engine.startswith("exact")
    interim = [[0.012, 0.627], [0.333, 0.062], [0.514, 0.024], [0.690, 0.007], [0.830, 0.002]]
    final = [[0.013, 0.840], [0.423, 0.100], [0.646, 0.036], [0.820, 0.009], [0.931, 0.002]]
    both = np.stack([found.success.cumsum(axis=1), found.futility.cumsum(axis=1)], axis=-1)
    np.testing.assert_allclose(both[:, 0], interim, atol=0.008)
    np.testing.assert_allclose(both[:, 1], final, atol=0.009)
    np.testing.assert_allclose(found.expected_n, [41, 49, 44, 40, 36], atol=1.0)


def test_interim_of_the_crohn_trial_as_gsponer() -> None:
    # Gsponer et al. 2014, Pharm Stat 13:71, table 1; per cent at the interim. They print one decimal.
    rule = Rule(
        (Criterion("d", "below", 0, 0.95), Criterion("d", "below", -50, 0.5)),
        (Criterion("d", "below", -40, 0.1, "all"),),
    )
    delta = np.array([0.0, 40, 50, 60, 70])
    design = KnownSd(rule, 88.0, (20,), (10,), control_mean=normal(-49, 88 / 20**0.5))
    found = known_stopping(design, {"effect": -delta, "control_mean": np.full(5, -49.0)})
    np.testing.assert_allclose(100 * found.success[:, 0], [1.1, 32.2, 50.0, 67.6, 82.2], atol=0.12)
    np.testing.assert_allclose(100 * found.futility[:, 0], [63.3, 6.8, 2.5, 0.8, 0.2], atol=0.12)


@pytest.mark.parametrize(
    ("n", "at_zero", "at_margin"), [(155, 0.80, 0.05), (233, 0.92, 0.05), (77, 0.55, 0.05)]
)
def test_noninferiority_as_neuenschwander(n: int, at_zero: float, at_margin: float) -> None:
    # Neuenschwander et al. 2011, Stat Med 30:1618, figure 3 (also in the tests of the R package RBesT).
    rule = Rule((Criterion("log hazard ratio", "below", 0.4, 0.95),))
    design = KnownSd(rule, 2.0, (n,), mean=normal(0.0, 100.0))
    found = known_stopping(design, {"effect": np.array([0.0, 0.4])}).p_success
    np.testing.assert_allclose(found, [at_zero, at_margin], atol=0.01)


@pytest.mark.parametrize(
    ("n", "at_estimate", "at_margin"), [(155, 0.5, 0.05), (233, 0.5, 0.02), (78, 0.32, 0.05)]
)
def test_double_criterion_as_neuenschwander(n: int, at_estimate: float, at_margin: float) -> None:
    # The same, with the point estimate to pass too; the estimate is the critical value at n = 155.
    estimate = 0.4 - stats.norm.ppf(0.95) * 2.0 / np.sqrt(155)
    rule = Rule((Criterion("l", "below", 0.4, 0.95), Criterion("l", "below", estimate, 0.5)))
    design = KnownSd(rule, 2.0, (n,), mean=normal(0.0, 100.0))
    found = known_stopping(design, {"effect": np.array([estimate, 0.4])}).p_success
    np.testing.assert_allclose(found, [at_estimate, at_margin], atol=0.01)
