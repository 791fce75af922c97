"""Stopping probabilities of one arm: against every path there is, and against simulated trials."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import integrate, special, stats

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import UNIFORM, BetaMixture, beta, mix
from ra_bayes.planning.binary.boundaries import Boundaries
from ra_bayes.planning.binary.recursion import binary_stopping

DESIGNS = {
    "two looks": Boundaries((4, 9), (1, 4), (None, 5)),
    "both sides": Boundaries((3, 6, 9), (0, 2, 4), (3, 5, 5)),
    "every patient": Boundaries(
        tuple(range(1, 10)),
        (None, None, 0, 0, 1, 2, 2, 3, 4),
        (None, 2, 3, 4, None, 5, 6, 6, 5),
    ),
    "one look": Boundaries((9,), (None,), (6,)),
    "no stop": Boundaries((5, 9), (None, None), (None, None)),
    "harm": Boundaries((4, 9), (2, 3), (0, 2), "below"),
}
MIXTURE = mix((0.7, beta(2.0, 6.0)), (0.3, beta(0.5, 0.5)))


def by_paths(design: Boundaries, probability) -> tuple[np.ndarray, np.ndarray]:
    """Success and futility by look, adding up every path of events; `probability(x, n)` is one path's."""
    success, futility = np.zeros(len(design.looks)), np.zeros(len(design.looks))
    for path in product((0, 1), repeat=design.n):
        for k, n in enumerate(design.looks):
            decision = design.decision(sum(path[:n]), n)
            if decision != "continue":
                where = success if decision == "success" else futility
                where[k] += probability(sum(path), design.n)
                break
    return success, futility


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("rate", [0.0, 0.15, 0.5, 0.83, 1.0])
def test_every_path_is_counted_once(name: str, rate: float) -> None:
    found = binary_stopping(DESIGNS[name], rate)
    success, futility = by_paths(DESIGNS[name], lambda x, n: rate**x * (1.0 - rate) ** (n - x))
    np.testing.assert_allclose(found.success[0], success, atol=1e-13)
    np.testing.assert_allclose(found.futility[0], futility, atol=1e-13)
    assert not found.success_mcse.any()
    assert not found.futility_mcse.any()


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("truth", [UNIFORM, beta(0.3, 2.0), MIXTURE])
def test_a_truth_that_is_not_known_is_averaged_over(name: str, truth: BetaMixture) -> None:
    def probability(x: int, n: int) -> float:
        return float(
            sum(
                w * np.exp(special.betaln(a + x, b + n - x) - special.betaln(a, b)) for a, b, w in truth.parts
            )
        )

    found = binary_stopping(DESIGNS[name], truth)
    success, futility = by_paths(DESIGNS[name], probability)
    np.testing.assert_allclose(found.success[0], success, atol=1e-13)
    np.testing.assert_allclose(found.futility[0], futility, atol=1e-13)


def test_assurance_is_the_integral_of_power() -> None:
    design = Boundaries((12, 30, 50), (2, 7, 15), (8, 13, 16))
    density = stats.beta(4.0, 9.0)
    integral, _ = integrate.quad(lambda p: density.pdf(p) * binary_stopping(design, p).p_success[0], 0.0, 1.0)
    assert binary_stopping(design, beta(4.0, 9.0)).p_success[0] == pytest.approx(integral, abs=1e-8)


def test_rates_are_nodes() -> None:
    rates = np.linspace(0.0, 1.0, 7)
    together = binary_stopping(DESIGNS["both sides"], rates)
    assert together.success.shape == (7, 3)
    for k, rate in enumerate(rates):
        alone = binary_stopping(DESIGNS["both sides"], rate)
        np.testing.assert_allclose(together.success[k], alone.success[0], atol=1e-15)


def test_a_large_trial_watched_after_every_patient_keeps_its_digits() -> None:
    # Success at the end alone, though the trial is looked at 400 times: the binomial's tail.
    n = 400
    design = Boundaries(tuple(range(1, n + 1)), (None,) * n, (*(None,) * (n - 1), 230))
    found = binary_stopping(design, [0.3, 0.5, 0.6])
    np.testing.assert_allclose(found.p_success, stats.binom.sf(229, n, [0.3, 0.5, 0.6]), rtol=1e-9)


def test_probabilities_of_ending_add_up() -> None:
    design = Boundaries((10, 20, 40), (1, 4, 11), (7, 10, 12))
    found = binary_stopping(design, np.linspace(0.0, 1.0, 11))
    np.testing.assert_allclose((found.success + found.futility).sum(axis=1), 1.0, atol=1e-12)


def test_simulated_trials_agree() -> None:
    design = Boundaries((10, 20, 40), (1, 4, 11), (7, 10, 12))
    rng = np.random.default_rng(6)
    trials = 40_000
    for rate in (0.2, 0.35):
        events = (rng.random((trials, design.n)) < rate).cumsum(axis=1)
        success, size = np.zeros(trials, dtype=bool), np.full(trials, design.n)
        going = np.ones(trials, dtype=bool)
        for n, low, high in zip(design.looks, design.futility, design.success, strict=True):
            x = events[:, n - 1]
            success |= going & (x >= high)
            ends = going & ((x >= high) | (x <= low))
            size[ends] = n
            going &= ~ends
        found = binary_stopping(design, rate)
        error = np.sqrt(success.mean() * (1.0 - success.mean()) / trials)
        assert abs(found.p_success[0] - success.mean()) < 4.0 * error
        assert abs(found.expected_n[0] - size.mean()) < 4.0 * size.std() / np.sqrt(trials)


def test_what_is_left_of_a_trial_averages_to_the_whole() -> None:
    design = Boundaries((6, 12, 20), (0, 2, 6), (6, 8, 7))
    whole = binary_stopping(design, MIXTURE)
    chance = MIXTURE.predictive(12)
    reached = 0.0
    # Over what the second look may have seen, the first look's stops set apart.
    first = Boundaries((6,), (0,), (6,))
    for x in range(7):
        if first.decision(x, 6) == "continue":
            left = binary_stopping(design.remaining(x, 6), MIXTURE.update(x, 6))
            reached += MIXTURE.predictive(6)[x] * left.p_success[0]
    assert whole.p_success[0] == pytest.approx(whole.success[0, 0] + reached, abs=1e-12)
    assert chance.sum() == pytest.approx(1.0)


def test_an_interim_between_two_looks_keeps_to_the_looks_to_come() -> None:
    # One of two responders, a look with one more patient to come: success at once with both, else at the end.
    design = Boundaries((3, 4), (0, 1), (2, 2))
    left = binary_stopping(design.remaining(1, 2), UNIFORM.update(1, 2))
    # Beta(2, 2): the next responds with 1/2; if not, Beta(2, 3) and the last one with 2/5.
    assert left.success[0] == pytest.approx([0.5, 0.5 * 0.4])
    assert left.looks.tolist() == [1.0, 2.0]


def test_a_trial_that_is_won_already_stays_won() -> None:
    design = Boundaries((10, 20), (2, 6), (None, 7))
    assert binary_stopping(design.remaining(9, 12), UNIFORM.update(9, 12)).p_success[0] == pytest.approx(1.0)
    lost = binary_stopping(design.remaining(0, 17), UNIFORM.update(0, 17))
    assert lost.p_success[0] == 0.0
    assert lost.futility.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("rate", [-0.1, 1.2, float("nan")])
def test_a_rate_that_cannot_be_is_refused(rate: float) -> None:
    with pytest.raises(RaBayesError, match=r"a true rate of .* cannot be"):
        binary_stopping(DESIGNS["one look"], [0.5, rate])


def test_a_trial_too_large_to_count_is_refused() -> None:
    with pytest.raises(RaBayesError, match="1001 patients is too large"):
        binary_stopping(Boundaries((1001,), (None,), (500,)), 0.5)
