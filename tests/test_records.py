"""From a cohort's records to intervals on the link's scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pages import OUTCOME, cohort, spec

from ra_bayes.cohort import Record, read_cohort
from ra_bayes.errors import FitError
from ra_bayes.model import ModelSpec, load_model
from ra_bayes.model.likelihoods import CELL, MISSED, POINT, UNBOUNDED
from ra_bayes.model.records import ends, grid

CLOSED = {**OUTCOME, "upper": 100.0}
LOGIT = {**OUTCOME, "lower": 1.0, "upper": 5.0}
INFINITE = np.inf


def logit(**keys: Any) -> ModelSpec:
    return spec(outcome=LOGIT, link="logit", priors={"baseline_mean": {"median": 3.0, "sd": 1.0}}, **keys)


def interval(model: ModelSpec, value: float, limit: Any = "") -> tuple[float, float]:
    """Ends of a record on the outcome's own scale, open ones as infinities."""
    low, high = ends(model, Record("a", 4.0, "x", value, limit, 17))
    assert low <= high
    back = [
        float(np.sign(end)) * INFINITE if abs(end) == UNBOUNDED else float(model.link.inverse(end))
        for end in (low, high)
    ]
    return pytest.approx(back[0], rel=1e-12), pytest.approx(back[1], rel=1e-12)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("model", "value", "limit", "expected"),
    [
        pytest.param(spec(), 7.0, "", (7.0, 7.0), id="point"),
        pytest.param(spec(), 2.0, "<", (-INFINITE, 2.0), id="left"),
        pytest.param(spec(), 90.0, ">", (90.0, INFINITE), id="right"),
        pytest.param(spec(link="log"), 2.0, "<", (-INFINITE, 2.0), id="left-log"),
        pytest.param(spec(link="log"), 2.0, ">", (2.0, INFINITE), id="right-log"),
        pytest.param(spec(rounding=1.0), 2.0, "<", (-INFINITE, 2.0), id="a-limit-is-not-rounded"),
        pytest.param(spec(outcome=CLOSED), 100.0, "", (100.0, 100.0), id="closed-upper"),
        pytest.param(spec(outcome=CLOSED, bounds="open"), 100.0, "", (100.0, INFINITE), id="open-upper"),
        pytest.param(spec(outcome=CLOSED, bounds="open"), 0.0, "", (-INFINITE, 0.0), id="open-lower"),
        pytest.param(spec(outcome=CLOSED, bounds="open"), 99.9, "", (99.9, 99.9), id="open-inside"),
        pytest.param(
            spec(outcome=CLOSED, bounds="open below"), 100.0, "", (100.0, 100.0), id="only-below-upper"
        ),
        pytest.param(
            spec(outcome=CLOSED, bounds="open below"), 0.0, "", (-INFINITE, 0.0), id="only-below-lower"
        ),
        pytest.param(
            spec(outcome=CLOSED, bounds="open above"), 100.0, "", (100.0, INFINITE), id="only-above-upper"
        ),
        pytest.param(spec(outcome=CLOSED, bounds="open above"), 0.0, "", (0.0, 0.0), id="only-above-lower"),
        pytest.param(spec(bounds="open"), 1e5, "", (1e5, 1e5), id="no-upper-bound-to-open"),
        pytest.param(load_model("haq"), 1.25, "", (1.1875, 1.3125), id="haq"),
        pytest.param(load_model("haq"), 0.0, "", (-INFINITE, 0.0625), id="haq-0"),
        pytest.param(load_model("haq"), 3.0, "", (2.9375, INFINITE), id="haq-3"),
        pytest.param(logit(rounding=1.0), 5.0, "", (4.5, INFINITE), id="logit-5"),
        pytest.param(logit(rounding=1.0), 1.0, "", (-INFINITE, 1.5), id="logit-1"),
        pytest.param(logit(rounding=1.0), 3.0, "", (2.5, 3.5), id="logit-3"),
        pytest.param(load_model("esr"), 0.0, "", (-INFINITE, 0.5), id="esr-0"),
        pytest.param(load_model("esr"), 1.0, "", (0.5, 1.5), id="esr-1"),
        pytest.param(spec(link="sqrt"), 0.0, "", (-INFINITE, 0.0), id="sqrt-0"),
        pytest.param(spec(link="sqrt", bounds="open"), 0.0, "", (-INFINITE, 0.0), id="sqrt-0-open"),
        pytest.param(spec(link="sqrt", rounding=1.0), 0.0, "", (-INFINITE, 0.5), id="sqrt-0-rounded"),
    ],
)
def test_interval(model: ModelSpec, value: float, limit: str, expected: tuple[float, float]) -> None:
    assert interval(model, value, limit) == expected


def test_a_binary_record_is_a_half_line() -> None:
    acr20 = load_model("acr20")
    assert ends(acr20, Record("a", 16.0, "acr20", 1.0, "", 2)) == (0.0, UNBOUNDED)
    assert ends(acr20, Record("a", 16.0, "acr20", 0.0, "", 2)) == (-UNBOUNDED, 0.0)


@pytest.mark.parametrize(
    ("model", "value"),
    [
        pytest.param(spec(link="log"), 0.0, id="log"),
        pytest.param(logit(), 5.0, id="logit-upper"),
        pytest.param(logit(), 1.0, id="logit-lower"),
    ],
)
def test_a_point_without_a_place_under_the_link_names_its_row(model: ModelSpec, value: float) -> None:
    rows = [("P1", 0, 3.0), ("P1", 24, 3.5), ("P2", 0, value)]
    with pytest.raises(FitError, match=r"row 4: patient 'P2', week 0: x of \d has no place under the"):
        grid(model, cohort(rows, model))


def test_the_mend_is_one_that_helps() -> None:
    for model, value in ((spec(link="log", bounds="open"), 0.0), (logit(bounds="open"), 5.0)):
        with pytest.raises(FitError) as caught:
            ends(model, Record("a", 4.0, "x", value, "", 17))
        assert 'bounds = "open"' not in str(caught.value)


def test_the_part_of_a_cell_below_the_domain_is_an_open_lower_end() -> None:
    low, high = ends(
        spec(outcome={**OUTCOME, "lower": -5.0}, link="log", rounding=1.0), Record("a", 0.0, "x", 0.0, "", 2)
    )
    assert (low, high) == (-UNBOUNDED, np.log(0.5))


def test_the_grid() -> None:
    model = spec(link="log", rounding=0.0)
    rows = [("b", 24, 5.0), ("b", 0, 8.0), ("a", 0, 2.0, "<"), ("a", 4, 200.0, ">")]
    records = grid(model, cohort(rows, model))
    assert records.patients == ("b", "a")
    assert records.shape == (2, 3)
    np.testing.assert_array_equal(records.weeks, [0.0, 4.0, 24.0])
    np.testing.assert_array_equal(records.kind, [[POINT, MISSED, POINT], [CELL, CELL, MISSED]])
    np.testing.assert_array_equal(records.value, [[8.0, np.nan, 5.0], [2.0, 200.0, np.nan]])
    np.testing.assert_array_equal(records.limit, [[0, 0, 0], [-1, 1, 0]])
    np.testing.assert_allclose(records.low, np.array([[np.log(8), 0, np.log(5)], [-1e12, np.log(200), 0]]))
    np.testing.assert_allclose(records.high, np.array([[np.log(8), 0, np.log(5)], [np.log(2), 1e12, 0]]))
    np.testing.assert_allclose(records.log_slope, -np.log([[8, 1, 5], [1, 1, 1]]))


def test_every_outcome_of_a_cohort_has_the_cohorts_grid() -> None:
    table = pd.DataFrame(
        [
            ("a", 0, "vas", 60),
            ("a", 24, "vas", 50),
            ("a", 16, "acr20", 1),
            ("b", 0, "haq", 1.5),
            ("b", 24, "haq", 1.0),
        ],
        columns=["patient", "week", "outcome", "value"],
    ).assign(unit=["mm", "mm", "", "", ""])
    made = read_cohort(table)
    shapes = {name: grid(load_model(name), made) for name in ("vas", "acr20", "haq")}
    assert {each.shape for each in shapes.values()} == {(2, 3)}
    assert {name: int((each.kind != MISSED).sum()) for name, each in shapes.items()} == {
        "vas": 2,
        "acr20": 1,
        "haq": 2,
    }


def test_what_cannot_be_laid_out_says_why() -> None:
    model = spec()
    with pytest.raises(FitError, match=r"reference_week 24 is not a visit of made \(visits: 0, 12\); set it"):
        grid(model, cohort([("a", 0, 1.0), ("a", 12, 1.0)], model))
    with pytest.raises(FitError, match=r"anchor week 0 is not a visit of made \(visits: 24\)"):
        grid(model, cohort([("a", 24, 1.0)], model))
    vas = load_model("vas")
    table = pd.DataFrame(
        [("a", 0, "vas", 60), ("a", 12, "vas", 40), ("a", 24, "haq", 1.5), ("a", 0, "haq", 1.5)],
        columns=["patient", "week", "outcome", "value"],
    ).assign(unit=["mm", "mm", "", ""])
    with pytest.raises(FitError, match=r"has no vas at the reference_week 24.*it has weeks 0, 12"):
        grid(vas, read_cohort(table))
    other = load_model("sdai")
    with pytest.raises(FitError, match=r"needs the outcome 'sdai', which made does not have; it has x"):
        grid(other, cohort([("a", 0, 1.0), ("a", 24, 1.0)], model))


def test_a_score_known_between_two_ends_is_a_cell_of_that_width() -> None:
    low, high = ends(spec(), Record("a", 4.0, "x", 20.25, "", 17, 0.5))
    assert (low, high) == (20.0, 20.5)
    # A recording step that is wider stands.
    low, high = ends(spec(rounding=1.0), Record("a", 4.0, "x", 20.25, "", 17, 0.5))
    assert (low, high) == (19.75, 20.75)
