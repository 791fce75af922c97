"""States, concordance, recorded changes and correlations over patients, by hand and by independent routes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from drawn import fitted
from pages import page
from scipy import integrate, stats

from ra_bayes.errors import RaBayesError
from ra_bayes.estimand import estimands, read_posterior
from ra_bayes.estimand.concordance import all_at_once, new_patient_improves
from ra_bayes.estimand.correlation import correlation_over_patients, paired_at_random
from ra_bayes.estimand.new_patient import share_beating_mcid
from ra_bayes.estimand.recorded_change import recorded_change
from ra_bayes.estimand.states import state_of, state_probabilities, states_of
from ra_bayes.model import load_model
from ra_bayes.model.likelihoods import LIKELIHOODS
from ra_bayes.model.likelihoods.ordered import Ordered, cutpoints
from ra_bayes.model.spec_reader import read_spec


def test_concordance_of_separate_fits_is_a_product_within_frechets_bounds() -> None:
    # 3 of 4, 2 of 4, 3 of 4.
    events = [np.array(each) for each in ([1, 1, 1, 0], [1, 1, 0, 0], [0, 1, 1, 1])]
    found = all_at_once(events)
    assert found == (0.75 * 0.5 * 0.75, 0.0, 0.5)
    assert all_at_once(events[::2]) == (0.75 * 0.75, 0.5, 0.75)


def test_concordance_of_a_joint_posterior_counts_draws() -> None:
    rng = np.random.default_rng(3)
    both = rng.multivariate_normal([0.3, 0.2], [[1.0, 0.8], [0.8, 1.0]], size=(4, 5000)) > 0.0
    found = all_at_once([both[..., 0], both[..., 1]], together=True)
    assert found.probability == sum(a and b for a, b in both.reshape(-1, 2)) / 20_000
    apart = all_at_once([both[..., 0], both[..., 1]])
    # Tied together, both happen more often than by chance, and within the bounds.
    assert apart.lower <= apart.probability < found.probability <= apart.upper


@pytest.mark.parametrize("model", ["vas", "tnf_alpha", "il10"])
def test_a_new_patient_improves_as_the_integral_over_starts_says(model: str) -> None:
    posterior = read_posterior(fitted(model))
    # The general integral, at an important change of zero.
    general = share_beating_mcid(posterior, 0.0, measured=False)[..., 1:]
    np.testing.assert_allclose(new_patient_improves(posterior)[..., 1:], general, atol=1e-6)


@pytest.mark.parametrize(
    ("start", "end", "difference", "ratio", "side"),
    [
        ((4.0, 0), (1.0, 0), -3.0, 0.25, 0),
        ((4.0, 0), (1.0, -1), -3.0, 0.25, -1),
        ((1.0, -1), (4.0, 0), 3.0, 4.0, 1),
        ((1.0, -1), (1.0, -1), math.nan, math.nan, 0),
        # From at least 100 to below 1: the fall is at least 99.
        ((100.0, 1), (1.0, -1), -99.0, 0.01, -1),
        ((100.0, 1), (100.0, 1), math.nan, math.nan, 0),
        ((100.0, 1), (40.0, 0), -60.0, 0.4, -1),
        ((math.nan, 0), (40.0, 0), math.nan, math.nan, 0),
    ],
)
def test_recorded_changes_by_hand(
    start: tuple[float, int], end: tuple[float, int], difference: float, ratio: float, side: int
) -> None:
    arrays = [np.array([each]) for each in (start[0], start[1], end[0], end[1])]
    for told, wanted in ((False, difference), (True, ratio)):
        change, where = recorded_change(*arrays, ratio=told)
        np.testing.assert_equal(change[0], wanted)
        assert where[0] == side


def test_a_recorded_change_holds_whatever_the_hidden_values_are() -> None:
    rng = np.random.default_rng(1)
    truth = rng.uniform(0.1, 10.0, size=(2, 2000))
    limit = 3.0
    side = np.where(truth < limit, -1, 0)
    value = np.maximum(truth, limit)
    for ratio in (False, True):
        change, where = recorded_change(value[0], side[0], value[1], side[1], ratio=ratio)
        real = truth[1] / truth[0] if ratio else truth[1] - truth[0]
        assert (real[where < 0] < change[where < 0]).all()
        assert (real[where > 0] > change[where > 0]).all()
        exact = (where == 0) & np.isfinite(change)
        np.testing.assert_allclose(real[exact], change[exact])
        assert np.isnan(change).sum() == (side == -1).all(axis=0).sum()


@pytest.mark.parametrize("outcome", ["sdai", "das28_esr", "haq"])
def test_a_states_name_is_the_outcomes_category(outcome: str) -> None:
    model = load_model(outcome)
    states = states_of(model)
    edges = [each.up_to for each in model.outcome.categories if each.up_to is not None]
    values = np.array([*edges, *(each - 1e-6 for each in edges), *(each + 1e-6 for each in edges)])
    wanted = [model.outcome.category(value) for value in values]
    assert [states.names[each] for each in state_of(states, values)] == wanted
    assert state_of(states, np.array([np.nan])).tolist() == [-1]


def test_the_best_state_comes_first_where_higher_is_better() -> None:
    outcome = {"id": "x", "label": "X", "unit": "u", "lower": 0.0, "benefit": "increase"}
    text = f'{page(outcome=outcome)}\n[mcid]\nchange = 4.0\nsource = "a test"'
    states = states_of(read_spec(text, name="test"))
    assert states.names[0] == "better by the MCID"
    assert state_of(states, np.array([4.0, 3.9, -3.9, -4.0])).tolist() == [0, 1, 1, 2]


def test_states_of_change_agree_with_the_estimand() -> None:
    posterior = read_posterior(fitted("vas"))
    chance = state_probabilities(posterior, states_of(posterior.spec))
    np.testing.assert_allclose(chance.sum(axis=-1), 1.0)
    table = estimands(fitted("vas")).query("estimand == 'patient_beats_mcid'")
    np.testing.assert_allclose(chance[:, posterior.at_reference, 0], table["estimate"])


def test_states_of_a_value_are_counts_of_draws() -> None:
    draws = fitted("sdai")["posterior"].to_dataset()
    own = draws["patient_level"] + draws["mean_change"] + draws["patient_response"] * draws["response_shape"]
    posterior = read_posterior(fitted("sdai"))
    chance = state_probabilities(posterior, states_of(posterior.spec))
    low = ((own > 3.3) & (own <= 11.0)).mean(("chain", "draw")).transpose("patient", "visit")
    np.testing.assert_allclose(chance[..., 1], low)


def test_a_response_has_two_states() -> None:
    posterior = read_posterior(fitted("acr20"))
    chance = state_probabilities(posterior, states_of(posterior.spec))
    table = estimands(fitted("acr20"), despite_gate=True).query("estimand == 'patient_response_probability'")
    # The table has medians over draws, a state the mean: the probability that the record is a yes.
    assert np.abs(chance[:, posterior.at_reference, 0] - table["estimate"]).max() < 0.15
    mean = stats.norm.cdf(posterior.patient_mean / posterior.scalars["residual_sd"][..., None, None])
    np.testing.assert_allclose(chance[..., 0], mean.mean(axis=(0, 1)))


def test_an_outcome_without_states_says_so() -> None:
    with pytest.raises(RaBayesError, match=r"TNF-α has no states of response.*; draw an outcome that has"):
        states_of(load_model("tnf_alpha"))


def test_correlation_over_patients_is_pearsons_of_each_draw() -> None:
    rng = np.random.default_rng(5)
    first, second = rng.normal(size=(2, 40, 6))
    wanted = [stats.pearsonr(x, y).statistic for x, y in zip(first, second, strict=True)]
    np.testing.assert_allclose(correlation_over_patients(first, second), wanted)
    assert np.isnan(correlation_over_patients(np.ones((1, 6)), second[:1])).all()


def test_pairing_at_random_unties_draws_that_shared_random_numbers() -> None:
    draws = np.random.default_rng(7).normal(size=(4, 1000, 1))
    mixed = paired_at_random(draws, 1)[:, 0]
    assert sorted(mixed) == sorted(draws.ravel())
    assert abs(np.corrcoef(mixed, draws.ravel())[0, 1]) < 0.06


@pytest.mark.parametrize("sd", [0.3, 6.0, 15.0])
def test_logit_shares_are_exact_however_much_patients_differ(sd: float) -> None:
    law, mean = LIKELIHOODS["cumulative_logit"], 3.0
    assert isinstance(law, Ordered)
    values = {"gap_1": np.array([4.0]), "gap_2": np.array([6.0])}
    found = law.shares_above(np.array([mean]), values, np.array([sd**2]))
    for share, cut in zip(found, cutpoints(values), strict=True):
        # Over the score's own logistic noise, given which the patients' part is a normal tail.
        def tail(noise: float, at: float = float(cut[0])) -> float:
            return float(stats.logistic.pdf(noise) * stats.norm.cdf((mean - at + noise) / sd))

        wanted = sum(integrate.quad(tail, a, a + 1.0, epsabs=1e-14)[0] for a in np.arange(-40.0, 40.0))
        assert share[0] == pytest.approx(wanted, abs=1e-8)
