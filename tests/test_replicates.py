"""Records against replicates: by hand for every kind of record, leaving one out against theory."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from pages import cohort, spec
from scipy import stats
from trees import drawn_tree

from ra_bayes.comparison.events import events
from ra_bayes.comparison.observed import Records, observed
from ra_bayes.comparison.psis import left_out
from ra_bayes.comparison.replicates import Replicates, _applicable, replicates
from ra_bayes.diagnostics import MAX_PARETO_K
from ra_bayes.figures.counts import count_interval
from ra_bayes.model import ModelSpec, load_model

INF = np.inf


def made(recorded: list[float], drawn: list[list[float]], **more: object) -> Replicates:
    """Replicates with equal weights."""
    draws = np.array(drawn, dtype=float)
    number = draws.shape[0]
    fields: dict[str, object] = {
        "patient": np.zeros(number, dtype=int),
        "visit": np.zeros(number, dtype=int),
        "recorded": np.array(recorded, dtype=float),
        "drawn": draws,
        "weight": np.full(draws.shape, 1.0 / draws.shape[1]),
        "pareto_k": np.zeros(number),
        "lowest": np.full(number, -INF),
        "highest": np.full(number, INF),
    }
    return Replicates(**{**fields, **more})  # type: ignore[arg-type]


def test_pit_counts_half_of_the_ties() -> None:
    # Below the limit, at the limit as a value, and between: the three are told apart.
    draws = [-INF, -INF, 2.0, 3.0]
    checked = made([-INF, 2.0, 2.5, 9.0], [draws] * 4)
    assert checked.pit().tolist() == [0.25, 0.625, 0.75, 1.0]


def test_intervals_are_records() -> None:
    rounded = [[0.0] * 2 + [0.125] * 6 + [0.25] * 2]
    checked = made([0.25], rounded)
    assert [float(end[0]) for end in checked.interval(0.9)] == [0.0, 0.25]
    assert [float(end[0]) for end in checked.interval(0.5)] == [0.125, 0.125]
    assert (checked.inside(0.9), checked.inside(0.5)) == (1, 0)
    censored = made([-INF, 1.0], [[-INF] * 8 + [2.0, 3.0]] * 2)
    assert [end.tolist() for end in censored.interval(0.5)] == [[-INF, -INF], [-INF, -INF]]
    # A value that could only have been written down as "below" is not inside.
    assert censored.inside(0.5) == 1


def test_weights_move_the_interval() -> None:
    draws = np.arange(100.0)[None, :]
    weight = np.where(draws < 50, 0.0, 1.0 / 50)
    checked = made([10.0], draws.tolist(), weight=weight)
    assert [float(end[0]) for end in checked.interval(0.8)] == [54.0, 94.0]
    assert checked.pit()[0] == 0.0


def test_limits_that_apply_to_uncensored_records() -> None:
    value = np.array([2.0, 1.5, 1.8, 5.0, 1.0, 9.0])
    limit = np.array([-1, -1, 0, 0, 0, 1])
    lowest, highest = _applicable(value, limit)
    # 1.8 was seen though 2.0 is a limit, so 1.5 was its own; 1.0 lies below every limit.
    assert lowest.tolist() == [2.0, 1.5, 1.5, 2.0, -INF, 2.0]
    assert highest.tolist() == [9.0] * 6


def test_no_limits_without_censoring() -> None:
    lowest, highest = _applicable(np.array([1.0, 2.0]), np.array([0, 0]))
    assert np.isneginf(lowest).all()
    assert np.isposinf(highest).all()


def test_leaving_out_agrees_with_theory() -> None:
    # y_i ~ Normal(mu, 1) with a flat prior: without y_i, the next is Normal(mean of the others, 1 + 1/(n-1)).
    rng = np.random.default_rng(3)
    y = rng.normal(size=8)
    mu = rng.normal(y.mean(), 1 / np.sqrt(y.size), size=20_000)
    weight, pareto_k = left_out(stats.norm.logpdf(y[:, None], mu, 1.0))
    drawn = rng.normal(mu, 1.0, size=(y.size, mu.size))
    checked = made(y.tolist(), drawn.tolist(), weight=weight, pareto_k=pareto_k)
    others = (y.sum() - y) / (y.size - 1)
    exact = stats.norm.cdf(y, others, np.sqrt(1 + 1 / (y.size - 1)))
    assert (pareto_k < MAX_PARETO_K).all()
    np.testing.assert_allclose(checked.pit(), exact, atol=0.015)
    # With the record left in, everything looks more ordinary than it is.
    kept = made(y.tolist(), drawn.tolist()).pit()
    assert np.abs(kept - 0.5).mean() < np.abs(exact - 0.5).mean() - 0.01


def test_impossible_records_are_not_trusted() -> None:
    weight, pareto_k = left_out(np.array([[-1e300, -1.0, -2.0, -1.5] * 30]))
    assert np.isfinite(weight).all()
    assert pareto_k[0] > MAX_PARETO_K


def test_a_certain_record_changes_nothing() -> None:
    weight, pareto_k = left_out(np.zeros((1, 200)))
    assert set(weight[0]) == {1.0 / 200}
    assert pareto_k[0] < MAX_PARETO_K


def test_pit_of_the_model_itself_is_in_its_envelope() -> None:
    rng = np.random.default_rng(5)
    drawn = rng.normal(size=(30, 2000))
    checked = made(rng.normal(size=30).tolist(), drawn.tolist())
    low, high = checked.pit_envelope(0.9)
    # Each of 30 sorted uniforms is Beta(k, 31 - k).
    order = np.arange(1, 31)
    np.testing.assert_allclose(low, stats.beta.ppf(0.05, order, 31 - order), atol=0.03)
    np.testing.assert_allclose(high, stats.beta.ppf(0.95, order, 31 - order), atol=0.03)


def read(model: ModelSpec, rows: list[tuple[object, ...]]) -> tuple[Records, Replicates]:
    tree = drawn_tree(model, cohort(rows, model))
    records = observed(tree, model)
    return records, replicates(tree, records)


def test_censored_replicates_are_below_or_at_least_the_limit() -> None:
    rows = [("A", 0, 4.0), ("A", 24, 2.0, "<"), ("B", 0, 2.0), ("B", 24, 9.0)]
    records, checked = read(load_model("tnf_alpha"), rows)
    assert records.limits_of_quantification == (2.0,)
    assert records.limit.tolist() == [[0, -1], [0, 0]]
    assert checked.recorded.tolist() == [4.0, -INF, 2.0, 9.0]
    assert checked.lowest.tolist() == [2.0] * 4
    finite = np.isfinite(checked.drawn)
    assert (checked.drawn[finite] >= 2.0).all()
    assert not finite.all()
    np.testing.assert_allclose(checked.weight.sum(axis=1), 1.0)


def test_weights_belong_to_their_record() -> None:
    rows = [("A", 0, 10.0), ("A", 24, 8.0), ("B", 0, 12.0), ("C", 24, 15.0), ("C", 0, 9.0)]
    model = spec()
    tree = drawn_tree(model, cohort(rows, model))
    checked = replicates(tree, observed(tree, model))
    names = tree["log_likelihood"]["patient"].values
    assert [observed(tree, model).patients[i] for i in checked.patient] == list(names)
    # Out of the tail that is smoothed, the weight is one over the likelihood.
    likelihood = tree["log_likelihood"]["record"].transpose("observation", "chain", "draw").values
    for own, weight in zip(likelihood.reshape(checked.drawn.shape), checked.weight, strict=True):
        usual = np.argsort(own)[600:]
        ratio = np.log(weight[usual]) + own[usual]
        assert np.ptp(ratio) == pytest.approx(0.0, abs=1e-6)


def test_bounds_are_counted_where_they_occur() -> None:
    rows = [("A", 0, 50.0), ("A", 24, 100.0), ("B", 0, 60.0), ("B", 24, 70.0)]
    records, checked = read(load_model("vas"), rows)
    assert records.limit.tolist() == [[0, 1], [0, 0]]
    assert not records.censored.any()
    names = [event.name for event in events(load_model("vas"), checked)]
    assert "at 100, the highest possible" in names
    assert not any("quantification" in name for name in names)


def test_counts_by_hand() -> None:
    model = load_model("acr20")
    draws = np.array([[0, 0, 1, 1, 1, 1, 1, 1, 1, 1], [0, 1] * 5, [1] * 10], dtype=float)
    group: NDArray[np.int_] = np.array([0, 0, 1])
    checked = made([1.0, 0.0, 0.0], draws.tolist(), visit=group)
    (event,) = events(model, checked)
    total, seen, low, high = count_interval(event, checked, group, 2, 0.8)
    assert (total.tolist(), seen.tolist()) == ([2, 1], [1, 0])
    # Sums of the first two rows: 0, 1 and then 1, 2 four times over.
    assert (low.tolist(), high.tolist()) == ([0, 1], [2, 1])
