"""From measurements to responders: against bivariate normal probabilities, simulation and counts by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from drawn import fit_to_print, fitted, lines, one
from pages import cohort, page, spec
from scipy import stats
from trees import drawn_tree

from ra_bayes import figures, tables
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.estimand.counted import counted_interval, patients_worth, recorded_responses
from ra_bayes.estimand.criteria import Criterion, criteria_of
from ra_bayes.estimand.new_patient_response import recorded_cutoff, share_responding
from ra_bayes.estimand.posterior import Posterior, read_posterior
from ra_bayes.estimand.responders import responders
from ra_bayes.model import load_model
from ra_bayes.model.spec_reader import read_spec

UNBOUNDED = {"id": "x", "label": "X", "unit": "u", "lower": 0.0, "benefit": "decrease"}


def _posterior(model: str = "sdai", **scalars: float) -> Posterior:
    """A posterior of one draw; a scalar may be set to what a test needs."""
    whole = read_posterior(fitted(model))
    one = {name: np.array([[scalars.get(name, each[0, 0])]]) for name, each in whole.scalars.items()}
    return replace(
        whole,
        scalars=one,
        level=whole.level[:1, :1],
        response=whole.response[:1, :1],
        mean_change=whole.mean_change[:1, :1],
        shape=whole.shape[:1, :1],
    )


@pytest.mark.parametrize("response_sd", [6.0, 1.0, 0.01])
@pytest.mark.parametrize("share", [0.5, 0.85])
def test_percent_improvement_under_the_identity_link_is_a_bivariate_normal_probability(
    share: float, response_sd: float
) -> None:
    # Also where patients hardly differ in their change, so that the integrand is all but a step.
    posterior = _posterior("sdai", response_sd=response_sd, baseline_sd=9.0, correlation=-0.3)
    found = share_responding(posterior, Criterion("", "", share=share), measured=False)[0, 0]
    one = {name: float(each[0, 0]) for name, each in posterior.scalars.items()}
    for j in range(1, posterior.weeks.size):
        own, f = one["response_sd"] * posterior.shape[0, 0, j], posterior.mean_change[0, 0, j]
        a, rho = one["baseline_sd"], one["correlation"]
        # y_0 > 0 and y_t - (1 - share) y_0 <= 0, jointly normal.
        mean = [-one["baseline_mean"], share * one["baseline_mean"] + f]
        var = (share * a) ** 2 + 2.0 * rho * share * a * own + own**2
        covariance = -(share * a**2 + rho * a * own)
        wanted = stats.multivariate_normal.cdf(
            [0.0, 0.0], mean, [[a**2, covariance], [covariance, var]], allow_singular=True
        )
        assert found[j] == pytest.approx(wanted, abs=2e-6)


def test_percent_improvement_under_the_log_link_needs_no_start() -> None:
    posterior = _posterior("il10")
    found = share_responding(posterior, Criterion("", "", share=0.5), measured=False)[0, 0]
    own = posterior.scalars["response_sd"][0, 0] * posterior.shape[0, 0, 1:]
    # IL-10 is better higher: a ratio of at least 1.5.
    wanted = stats.norm.sf((np.log(1.5) - posterior.mean_change[0, 0, 1:]) / own)
    np.testing.assert_allclose(found[1:], wanted, atol=1e-9)


def test_a_state_is_a_normal_probability_of_the_end() -> None:
    posterior = _posterior("sdai")
    one = {name: float(each[0, 0]) for name, each in posterior.scalars.items()}
    own = one["response_sd"] * posterior.shape[0, 0]
    var = one["baseline_sd"] ** 2 + 2.0 * one["correlation"] * one["baseline_sd"] * own + own**2
    for measured in (False, True):
        sd = np.sqrt(var + measured * one["residual_sd"] ** 2)
        wanted = stats.norm.cdf(11.0, one["baseline_mean"] + posterior.mean_change[0, 0], sd)
        found = share_responding(posterior, Criterion("", "", at_most=11.0), measured=measured)[0, 0]
        np.testing.assert_allclose(found, wanted, rtol=1e-10)


@pytest.mark.parametrize("model", ["vas", "haq", "crp", "il10"])
@pytest.mark.parametrize("measured", [False, True])
def test_shares_are_what_simulated_patients_do(model: str, measured: bool) -> None:
    posterior = _posterior(model)
    link, outcome = posterior.spec.link, posterior.spec.outcome
    one = {name: float(each[0, 0]) for name, each in posterior.scalars.items()}
    rng, size = np.random.default_rng(8), 400_000
    z, v = rng.normal(size=(2, size))
    level = one["baseline_mean"] + one["baseline_sd"] * z
    response = one["response_sd"] * (one["correlation"] * z + np.sqrt(1 - one["correlation"] ** 2) * v)
    noise = measured * one["residual_sd"] * rng.normal(size=(2, size))
    end = level + posterior.mean_change[0, 0, -1] + response * posterior.shape[0, 0, -1]
    start, end = link.inverse(level + noise[0]), link.inverse(end + noise[1])
    if measured:
        start, end = (np.clip(each, outcome.lower, outcome.upper) for each in (start, end))
    for each in criteria_of(posterior.spec, [0.3]):
        if each.share is not None:
            kept = 1.0 + posterior.spec.benefit_sign * each.share
            event = (end <= kept * start) if posterior.spec.benefit_sign < 0 else (end >= kept * start)
            event &= start > 0.0
        else:
            event = end <= (recorded_cutoff(posterior.spec, each) if measured else each.at_most)
        found = share_responding(posterior, each, measured=measured)[0, 0, -1]
        error = np.sqrt(found * (1.0 - found) / size) + 1e-6
        assert abs(event.mean() - found) < 4.0 * error, each.name


def test_a_rounded_record_is_in_a_state_as_it_is_written_down() -> None:
    haq = load_model("haq")
    for each in criteria_of(haq):
        edge = recorded_cutoff(haq, each)
        written = [np.round(value / 0.125) * 0.125 for value in (edge - 1e-6, edge + 1e-6)]
        assert [value <= each.at_most for value in written] == [True, False]
    das = replace(load_model("das28_esr"), rounding=0.1)
    remission = next(each for each in criteria_of(das) if each.name.endswith("remission"))
    # Below 2.6, so up to 2.5, which is what 2.549 becomes.
    assert recorded_cutoff(das, remission) == pytest.approx(2.55)


def _counted(rows: list[tuple[Any, ...]], criterion: Criterion, **keys: Any) -> np.ndarray:
    model = read_spec(page(outcome=UNBOUNDED, **keys), name="test")
    return recorded_responses(drawn_tree(model, cohort(rows, model)), criterion)


def test_who_responded_by_the_records_by_hand() -> None:
    rows = [
        ("a", 0, 20.0), ("a", 24, 10.0),              # exactly half: a response
        ("b", 0, 20.0), ("b", 24, 10.1),
        ("c", 0, 20.0), ("c", 24, 9.0, "<"),          # below 9: a response
        ("d", 0, 20.0), ("d", 24, 12.0, "<"),         # below 12: not known
        ("e", 0, 10.0, "<"), ("e", 24, 8.0),          # from below 10 to 8: none
        ("f", 24, 1.0),                               # no baseline
        ("g", 0, 0.0), ("g", 24, 0.0),                # from nothing
    ]  # fmt: skip
    found = _counted(rows, Criterion("", "", share=0.5))[:, -1]
    np.testing.assert_equal(found, [1.0, 0.0, 1.0, np.nan, 0.0, np.nan, 0.0])
    state = _counted(rows, Criterion("", "", at_most=10.0))[:, -1]
    np.testing.assert_equal(state, [1.0, 0.0, 1.0, np.nan, 1.0, 1.0, 1.0])
    strict = _counted(rows, Criterion("", "", at_most=10.0, inclusive=False))[:, -1]
    np.testing.assert_equal(strict[:2], [0.0, 0.0])


def test_thresholds_are_reached_whatever_the_last_digit() -> None:
    # 0.3 of 10 is 3.0000000000000004 short of 3 in binary, one way or the other.
    rows = [("a", 0, 10.0), ("a", 24, 3.0), ("b", 0, 0.7), ("b", 24, 0.21)]
    np.testing.assert_equal(_counted(rows, Criterion("", "", share=0.7))[:, -1], [1.0, 1.0])


def test_the_count_beside_is_the_beta_posterior_and_worth_its_patients() -> None:
    np.testing.assert_allclose(
        counted_interval(1, 6, 0.9), stats.beta(2, 6).ppf([0.05, 0.5, 0.95]), rtol=1e-12
    )
    draws = stats.beta(2, 6).rvs(200_000, random_state=1)
    assert patients_worth(draws) == pytest.approx(8.0, rel=0.02)


def test_the_table_has_model_and_count_side_by_side() -> None:
    table = responders(fitted("sdai"))
    new = table[(table["who"] == "new patient") & (table["value"] == "recorded") & (table["week"] == 24)]
    assert list(new["criterion"]) == ["sdai50", "sdai70", "sdai85", "sdai_low_or_better", "sdai_remission"]
    posterior = read_posterior(fitted("sdai"))
    for row in new.to_dict("records"):
        each = next(one for one in criteria_of(posterior.spec) if one.name == row["criterion"])
        draws = share_responding(posterior, each, measured=True)[..., -1]
        np.testing.assert_allclose(row["estimate"], np.median(draws))
        assert (row["counted_upper"] - row["counted_lower"]) / (row["upper"] - row["lower"]) == pytest.approx(
            row["width_ratio"]
        )
        said = recorded_responses(fitted("sdai"), each)[:, -1]
        assert (row["responders"], row["recorded"]) == (np.nansum(said), np.isfinite(said).sum())
        assert row["gain"] == pytest.approx((row["worth"] - row["prior_worth"]) / row["recorded"])
    # A patient's probability is the share of draws in which the true value is there.
    own = posterior.spec.link.inverse(posterior.patient_mean)[..., 0, -1] <= 11.0
    row = table.query("who == 'SYN-1' and week == 24 and criterion == 'sdai_low_or_better'").iloc[0]
    assert row["estimate"] == pytest.approx(own.mean())


def test_draws_of_the_prior_are_worth_no_gain() -> None:
    # The tree's posterior is drawn from the prior: measuring has added nothing.
    table = responders(fitted("sdai")).query("value == 'recorded' and week == 24")
    assert (table["gain"].abs() < 0.15 * table["prior_worth"]).all()


def test_a_response_of_yes_or_no_is_its_own_criterion() -> None:
    table = responders(fitted("acr20"), despite_gate=True)
    assert set(table["criterion"]) == {"acr20"}
    assert set(table["value"]) == {"recorded"}


def test_what_cannot_be_asked_says_so() -> None:
    with pytest.raises(RaBayesError, match=r"no response in use.*; name one with improvements=\[0.5\]"):
        responders(fitted("tnf_alpha"))
    with pytest.raises(RaBayesError, match=r"a percent improvement in DAS28-ESR means nothing"):
        criteria_of(load_model("das28_esr"), [0.5])
    with pytest.raises(RaBayesError, match=r"an improvement of 50 is not a share; write 0.5 for 50%"):
        criteria_of(load_model("sdai"), [50])
    with pytest.raises(FitError, match="is not a probability"):
        responders(fitted("sdai"), ci_prob=90)
    failed = drawn_tree(load_model("sdai"), _demo(), diverging=3)
    with pytest.raises(FitError, match="did not pass its gate: responders are withheld"):
        responders(failed)


def _demo() -> Any:
    from ra_bayes.cohort import read_cohort
    from ra_bayes.resources import data_dir

    return read_cohort(data_dir() / "synthetic_cohort.csv")


def test_a_criterion_of_an_outcome_without_a_direction_has_no_percentage() -> None:
    outcome = {**UNBOUNDED, "benefit": "none"}
    assert criteria_of(spec(outcome=outcome)) == ()
    with pytest.raises(RaBayesError, match="no agreed direction"):
        criteria_of(spec(outcome=outcome), [0.5])


def test_the_table_prints_counts_and_rates_and_the_figure_draws_them() -> None:
    table = tables.responders(fitted("sdai"))
    heads = [column.header for column in table.columns]
    rows = [dict(zip(heads, (cell.text for cell in row), strict=True)) for row in table.rows]
    (last,) = (
        row for row in rows if row["Week"] == "24" and row["Response"] == "SDAI improved by at least 50%"
    )
    told = responders(fitted("sdai")).query(
        "who == 'new patient' and value == 'recorded' and week == 24 and criterion == 'sdai50'"
    )
    count = told.iloc[0]
    assert last["Responders"] == f"{count['responders']:.0f}/{count['recorded']:.0f}"
    assert float(last["Gain"]) == pytest.approx(count["gain"], abs=0.051)
    median, low, high = map(float, re.findall(r"[\d.]+", last["Measured, as recorded"]))
    shown = [100.0 * count[name] for name in ("estimate", "lower", "upper")]
    assert (median, low, high) == pytest.approx(shown, abs=0.51)
    # What is rare is not told to be impossible.
    told_rates = [
        row[head] for row in rows for head in ("Measured, true", "Measured, as recorded", "Counted")
    ]
    assert [each for each in told_rates if "< 0.1 to" in each]
    assert not [each for each in told_rates if re.search(r"(?<![\d.])0(\.0+)?(?![\d.])", each)]
    figure = figures.responders(fitted("sdai"))
    fit_to_print(figure)
    assert len(figure.axes) == 5
    line = one(figure.axes[0], "recorded")
    assert line.get_ydata()[-1] == pytest.approx(count["estimate"])
    (square,) = lines(figure.axes[0], "counted")
    assert square.get_ydata()[-1] == pytest.approx(count["counted_estimate"])
    assert f"{count['responders']:.0f} of {count['recorded']:.0f} counted" in figure.alt
    assert "below 0.1 to" in figure.alt
    assert not re.search(r"(?<![\d.])0(%| to)", figure.alt)
