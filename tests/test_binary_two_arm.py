"""Two arms: the table of all counts against the difference of two rates, and trials against every path."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import integrate, special, stats

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import JEFFREYS, UNIFORM, BetaMixture, beta, mix
from ra_bayes.mixtures.difference import p_difference_below
from ra_bayes.planning.binary.difference_table import difference_table
from ra_bayes.planning.binary.thall_simon import thall_simon_boundaries
from ra_bayes.planning.binary.two_arm import TwoArmTables, two_arm_stopping, two_arm_tables

HISTORICAL = mix((0.8, beta(12.0, 40.0)), (0.2, UNIFORM))


@pytest.mark.parametrize(
    ("prior", "n", "control_prior", "control_n"),
    [
        (UNIFORM, 20, UNIFORM, 20),
        (JEFFREYS, 30, JEFFREYS, 15),
        (beta(0.2, 0.8), 25, HISTORICAL, 12),
        (mix((0.5, beta(0.3, 0.3)), (0.5, beta(20.0, 5.0))), 8, JEFFREYS, 60),
        (UNIFORM, 150, UNIFORM, 150),
        (UNIFORM, 12, beta(40.0, 160.0), 0),
        (beta(0.05, 0.05), 5, beta(0.1, 0.1), 5),
    ],
    ids=["uniform", "jeffreys", "borrowing", "mixtures", "large", "standard", "near nothing"],
)
def test_table_is_the_probability_of_each_pair_of_counts(
    prior: BetaMixture, n: int, control_prior: BetaMixture, control_n: int
) -> None:
    rng = np.random.default_rng(n + control_n)
    for delta in (-0.3, 0.0, 0.05, 0.2):
        table = difference_table(prior, n, control_prior, control_n, delta)
        assert table.shape == (n + 1, control_n + 1)
        for _ in range(8):
            x, y = int(rng.integers(n + 1)), int(rng.integers(control_n + 1))
            below = p_difference_below(prior.update(x, n), control_prior.update(y, control_n), delta)
            assert table[x, y] == pytest.approx(1.0 - below, abs=1e-9)


def test_table_is_the_double_integral() -> None:
    table = difference_table(beta(2.0, 3.0), 6, beta(1.5, 4.0), 4, 0.1)
    for x, y in ((0, 4), (3, 2), (6, 0)):
        treated, control = stats.beta(2.0 + x, 9.0 - x), stats.beta(1.5 + y, 8.0 - y)
        density, distribution = treated.pdf, control.cdf
        expected, _ = integrate.quad(lambda u, f=density, g=distribution: f(u) * g(u - 0.1), 0.1, 1.0)
        assert table[x, y] == pytest.approx(expected, abs=1e-8)


def test_borrowing_fades_where_the_control_arm_disagrees() -> None:
    # The informative part alone, the vague part alone, and their mixture: near the first where the control
    # arm agrees with it, near the second where it does not.
    mixed, told, vague = (difference_table(UNIFORM, 20, p, 20) for p in (HISTORICAL, beta(12, 40), UNIFORM))
    agrees, disagrees = (10, 5), (16, 15)
    assert abs(mixed[agrees] - told[agrees]) < 0.3 * abs(mixed[agrees] - vague[agrees])
    assert abs(mixed[disagrees] - vague[disagrees]) < 0.1 * abs(mixed[disagrees] - told[disagrees])


def random_tables(seed: int) -> TwoArmTables:
    rng = np.random.default_rng(seed)
    looks = ((2, 1), (2, 3), (4, 3))
    shapes = [(n + 1, m + 1) for n, m in looks]
    success = tuple(rng.random(shape) < 0.3 for shape in shapes)
    futility = tuple((rng.random(shape) < 0.3) & ~wins for shape, wins in zip(shapes, success, strict=True))
    return TwoArmTables(looks, success, futility)


def by_paths(tables: TwoArmTables, treated, control) -> tuple[np.ndarray, np.ndarray]:
    """Success and futility by look, adding up all pairs of paths; `treated(x, n)` is one's probability."""
    success, futility = np.zeros(len(tables.looks)), np.zeros(len(tables.looks))
    (size, control_size) = tables.looks[-1]
    for path in product((0, 1), repeat=size + control_size):
        here, there = path[:size], path[size:]
        for k, (n, m) in enumerate(tables.looks):
            decision = tables.decision((sum(here[:n]), sum(there[:m])), (n, m))
            if decision != "continue":
                where = success if decision == "success" else futility
                where[k] += treated(sum(here), size) * control(sum(there), control_size)
                break
    return success, futility


def at_rate(rate: float):
    return lambda x, n: rate**x * (1.0 - rate) ** (n - x)


def averaged(truth: BetaMixture):
    return lambda x, n: float(
        sum(w * np.exp(special.betaln(a + x, b + n - x) - special.betaln(a, b)) for a, b, w in truth.parts)
    )


@pytest.mark.parametrize("seed", range(5))
def test_every_pair_of_paths_is_counted_once(seed: int) -> None:
    tables = random_tables(seed)
    found = two_arm_stopping(tables, [0.2, 0.7], [0.4, 0.1])
    for node, (rate, control_rate) in enumerate(((0.2, 0.4), (0.7, 0.1))):
        success, futility = by_paths(tables, at_rate(rate), at_rate(control_rate))
        np.testing.assert_allclose(found.success[node], success, atol=1e-13)
        np.testing.assert_allclose(found.futility[node], futility, atol=1e-13)
    mixed = two_arm_stopping(tables, HISTORICAL, beta(0.5, 2.0))
    success, futility = by_paths(tables, averaged(HISTORICAL), averaged(beta(0.5, 2.0)))
    np.testing.assert_allclose(mixed.success[0], success, atol=1e-13)
    np.testing.assert_allclose(mixed.futility[0], futility, atol=1e-13)
    assert found.looks.tolist() == [3.0, 5.0, 7.0]


def test_one_arm_may_be_known_and_the_other_not() -> None:
    tables = random_tables(9)
    found = two_arm_stopping(tables, [0.2, 0.6], beta(2.0, 2.0))
    for node, rate in enumerate((0.2, 0.6)):
        success, _ = by_paths(tables, at_rate(rate), averaged(beta(2.0, 2.0)))
        np.testing.assert_allclose(found.success[node], success, atol=1e-13)


@pytest.mark.parametrize("benefit", ["above", "below"])
def test_rules_are_met_by_the_right_pairs(benefit) -> None:
    looks = ((6, 3), (10, 5))
    tables = two_arm_tables(
        looks,
        UNIFORM,
        HISTORICAL,
        success=[(0.0, (0.95, 0.9)), (0.1, (None, 0.6))],
        futility=[(0.0, (0.2, None)), (0.2, (0.02, None))],
        benefit=benefit,
    )

    def beyond(delta: float, x: int, y: int, n: int, m: int) -> float:
        below = p_difference_below(UNIFORM.update(x, n), HISTORICAL.update(y, m), delta)
        return 1.0 - below if benefit == "above" else below

    for x, y in product(range(7), range(4)):
        wins = beyond(0.0, x, y, 6, 3) >= 0.95
        loses = beyond(0.0, x, y, 6, 3) < 0.2 or beyond(0.2, x, y, 6, 3) < 0.02
        assert tables.decision((x, y), (6, 3)) == ("success" if wins else "futility" if loses else "continue")
    for x, y in product(range(11), range(6)):
        wins = beyond(0.0, x, y, 10, 5) >= 0.9 and beyond(0.1, x, y, 10, 5) >= 0.6
        assert tables.decision((x, y), (10, 5)) == ("success" if wins else "continue")


def test_predictive_rules_ask_for_success_at_full_size() -> None:
    looks, final = ((5, 4), (9, 6)), (9, 6)
    tables = two_arm_tables(
        looks,
        UNIFORM,
        HISTORICAL,
        success=[(0.0, (None, 0.9))],
        predictive_success=0.9,
        predictive_futility=0.15,
    )
    won = tables.success[-1]
    for x, y in product(range(6), range(5)):
        treated = UNIFORM.update(x, 5).predictive(4)
        control = HISTORICAL.update(y, 4).predictive(2)
        predicted = treated @ won[x : x + 5, y : y + 3] @ control
        expected = "success" if predicted >= 0.9 else "futility" if predicted < 0.15 else "continue"
        assert tables.decision((x, y), (5, 4)) == expected
    assert tables.looks[-1] == final


def test_what_is_left_of_a_trial_averages_to_the_whole() -> None:
    tables = random_tables(3)
    whole = two_arm_stopping(tables, HISTORICAL, beta(0.5, 2.0))
    reached = 0.0
    treated, control = HISTORICAL.predictive(2), beta(0.5, 2.0).predictive(1)
    for x, y in product(range(3), range(2)):
        if tables.decision((x, y), (2, 1)) == "continue":
            left = two_arm_stopping(
                tables.remaining((x, y), (2, 1)), HISTORICAL.update(x, 2), beta(0.5, 2.0).update(y, 1)
            )
            reached += treated[x] * control[y] * left.p_success[0]
    assert whole.p_success[0] == pytest.approx(whole.success[0, 0] + reached, abs=1e-12)


def test_simulated_trials_agree() -> None:
    looks = [(10, 5), (20, 10), (30, 15)]
    tables = two_arm_tables(
        looks,
        UNIFORM,
        HISTORICAL,
        success=[(0.0, (0.99, 0.97, 0.95))],
        futility=[(0.15, (0.1, 0.1, None))],
    )
    rng = np.random.default_rng(8)
    trials = 40_000
    x = (rng.random((trials, 30)) < 0.5).cumsum(axis=1)
    y = (rng.random((trials, 15)) < 0.25).cumsum(axis=1)
    going, success = np.ones(trials, dtype=bool), np.zeros(trials, dtype=bool)
    for (n, m), wins, losses in zip(looks, tables.success, tables.futility, strict=True):
        counts = x[:, n - 1], y[:, m - 1]
        success |= going & wins[counts]
        going &= ~(wins | losses)[counts]
    found = two_arm_stopping(tables, 0.5, 0.25).p_success[0]
    assert abs(found - success.mean()) < 4.0 * np.sqrt(found * (1.0 - found) / trials)


def test_thall_simon_boundaries_are_the_definition() -> None:
    standard, prior = beta(15.0, 35.0), beta(0.6, 1.4)
    looks = (5, 12, 30)
    design = thall_simon_boundaries(looks, standard, prior, delta=0.15, lower=0.05, upper=0.95)
    for n in looks:
        for x in range(n + 1):
            promising = p_difference_below(prior.update(x, n), standard, 0.0) <= 0.05
            hopeless = p_difference_below(prior.update(x, n), standard, 0.15) >= 0.95
            expected = "success" if promising else "futility" if hopeless else "continue"
            assert design.decision(x, n) == expected
    assert thall_simon_boundaries(looks, standard, prior, delta=0.15, upper=None).success == (None,) * 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"looks": []}, "no look"),
        ({"looks": [(10, 0)]}, "one arm stays empty"),
        ({"looks": [(10, 5), (8, 7)]}, "looks do not rise"),
        ({"looks": [(10, 5), (10, 5)]}, "looks do not rise"),
        ({"looks": [(-1, 5)]}, "a look after -1 treated and 5 control patients cannot be"),
        ({"success": [(1.0, 0.9)]}, "a difference of rates of 1 cannot be"),
        ({"success": [(0.0, 1.9)]}, "a probability of 1.9 cannot be"),
        ({"success": [], "predictive_success": 0.9}, "needs a success criterion at the last look"),
    ],
)
def test_bad_rules_get_one_sentence(arguments: dict, message: str) -> None:
    given = {"looks": [(5, 5), (10, 10)], "success": [(0.0, 0.9)], **arguments}
    looks = given.pop("looks")
    with pytest.raises(RaBayesError, match=message):
        two_arm_tables(looks, UNIFORM, UNIFORM, **given)


def test_an_interim_that_cannot_be_is_refused() -> None:
    tables = random_tables(1)
    with pytest.raises(RaBayesError, match="3 of 2 treated patients cannot be"):
        tables.remaining((3, 0), (2, 1))
    with pytest.raises(RaBayesError, match="no look is left that holds 4 treated and 3 control"):
        tables.remaining((1, 1), (4, 3))
    with pytest.raises(RaBayesError, match="2 treated but 3 control rates"):
        two_arm_stopping(tables, [0.1, 0.2], [0.1, 0.2, 0.3])
