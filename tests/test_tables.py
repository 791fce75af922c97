"""Tables: numbers of the fit, rounded by their error, named, and withheld where they must be."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from nasty import nasty_cohort
from pages import cohort as cohort_of
from pages import spec
from plans import DESIGNS, plan
from table_inputs import SYNTHETIC, cell, fitted, shipped, texts
from trees import drawn_tree

import ra_bayes as rb
from ra_bayes import tables
from ra_bayes.cohort import Cohort, Record
from ra_bayes.errors import FitError
from ra_bayes.model import load_model
from ra_bayes.outcomes import OUTCOMES
from ra_bayes.tables import Cell, Column, Table
from ra_bayes.tables.baseline_table import _quantile, _type_7


def test_baseline_numbers_are_those_of_the_records() -> None:
    table = tables.baseline(shipped())
    values = np.array([record.value for record in shipped().of("vas") if record.week == 0])
    shown = cell(table, "Pain (VAS)", "Mean (SD)")
    assert shown.numbers == pytest.approx((values.mean(), values.std(ddof=1)))
    middle = cell(table, "Pain (VAS)", "Median (quartiles)")
    assert middle.numbers == pytest.approx(np.percentile(values, [50, 25, 75]))
    assert cell(table, "Pain (VAS)", "Range").numbers == (values.min(), values.max())
    assert cell(table, "Pain (VAS)", "n").numbers == (6,)
    weeks = {record.week for record in shipped().of("vas")}
    missing = 6 * len(weeks) - len(shipped().of("vas"))
    assert cell(table, "Pain (VAS)", "Missing").numbers == (missing,)
    assert table.warnings == (SYNTHETIC,)


def test_baseline_of_fits_is_that_of_their_cohort() -> None:
    of_cohort = tables.baseline(shipped())
    of_fits = tables.baseline_of([fitted("vas"), fitted("il10"), fitted("acr20")])
    assert of_fits.title == of_cohort.title
    rows = {row[0].text: row for row in of_cohort.rows}
    for row in of_fits.rows:
        assert repr(rows[row[0].text]) == repr(row)


def test_baseline_is_told_by_arm(tmp_path: Path) -> None:
    table = tables.baseline(nasty_cohort(tmp_path, arms=True))
    arms = texts(table, "Arm")
    assert sorted(set(arms)) == ["+active <b>", "@control & $"]
    assert texts(table, "n")[0] == "3"


def below(*values: float, limits: tuple[int, ...], p: float) -> str:
    return _quantile(np.array(values), np.array(limits), OUTCOMES["il10"], p, 2)[0]


def test_score_that_was_computed_has_two_decimals(tmp_path: Path) -> None:
    rows = [
        f"{who},0,{n},{value}"
        for who, *cells in (("a", 9, 7, 40, 60), ("b", 4, 3, 22, 35), ("c", 14, 9, 61, 82))
        for n, value in zip(("tjc28", "sjc28", "esr", "patient_global"), cells, strict=True)
    ]
    (tmp_path / "t.csv").write_text("patient,week,outcome,value\n" + "\n".join(rows))
    table = tables.baseline(rb.read_cohort(tmp_path / "t.csv"))
    # By hand, 0.56 sqrt(tjc) + 0.28 sqrt(sjc) + 0.70 ln(esr) + 0.014 global: 5.843, 4.259, 6.961.
    assert [cell(table, "DAS28-ESR", each).text for each in ("Mean (SD)", "Range")] == [
        "5.69 (1.36)", "4.26 to 6.96",
    ]  # fmt: skip


def test_quantile_of_limited_records_says_what_is_known() -> None:
    # Below 1, 2, 3, 4: the lowest may be anything under 1, and the lower quartile is at most 1.75.
    assert below(1, 2, 3, 4, limits=(-1, 0, 0, 0), p=0.5) == "2.5"
    assert below(1, 2, 3, 4, limits=(-1, 0, 0, 0), p=0.25) == "< 1.75"
    assert below(1, 2, 3, 4, limits=(-1, 0, 0, 0), p=0.0) == "< 1"
    # Below 3 may be below 1 too: the median is between that of 0, 1, 2, 4 and that of 1, 2, 3, 4.
    assert below(3, 1, 2, 4, limits=(-1, 0, 0, 0), p=0.5) == "< 2.5"
    assert below(1, 2, 3, 4, limits=(0, 0, 0, 1), p=1.0) == "> 4"
    assert below(1, 2, 3, 4, limits=(-1, -1, -1, -1), p=0.5) == "< 2.5"


def test_bounds_of_a_quantile_hold_whatever_the_truth_is() -> None:
    rng = np.random.default_rng(5)
    for _ in range(300):
        truth = rng.lognormal(size=6)
        limit = rng.choice([0.5, 1.0, 2.0], size=6)
        under = truth < limit
        for p in (0.0, 0.25, 0.5, 0.75, 1.0):
            shown, number = _quantile(
                np.where(under, limit, truth), -under.astype(int), OUTCOMES["il10"], p, 9
            )
            right = _type_7(truth, p)
            assert right == pytest.approx(float(np.quantile(truth, p)))
            if shown.startswith("<"):
                assert math.isnan(number)
                assert right <= float(shown[2:]) + 1e-8
            else:
                assert number == pytest.approx(right)


def test_estimand_table_has_the_numbers_of_estimands_and_rounds_by_their_error() -> None:
    told = rb.estimands(fitted("vas"))
    told = told[told["patient"] == ""]
    table = tables.estimands(fitted("vas"))
    assert len(table.rows) == len(told)
    wanted = told[(told["estimand"] == "mean_change") & (told["week"] == 24)].iloc[0]
    (row,) = [r for r in table.rows if r[0].text == "Change of the typical patient" and r[1].text == "24"]
    by_header = dict(zip([column.header for column in table.columns], row, strict=True))
    assert by_header["Estimate"].numbers == (wanted["estimate"],)
    assert by_header["90% credible interval (equal-tailed)"].numbers == (wanted["lower"], wanted["upper"])
    assert by_header["Unit"].text == "mm"
    # Of 1,000 draws the error of the median is some tenths, and no decimal is told of so wide an interval.
    assert 0.1 < wanted["mcse"] < 1.0
    assert re.fullmatch(r"−?\d+", by_header["Estimate"].text)
    assert table.warnings == (SYNTHETIC,)


def test_minus_is_a_minus_and_the_interval_is_named_with_its_probability() -> None:
    for table in (tables.estimands(fitted("vas"), ci_prob=0.8), tables.patients(fitted("vas"), ci_prob=0.8)):
        assert "80% credible interval (equal-tailed)" in [column.header for column in table.columns]
        assert not any(re.search(r"-\d", each.text) for row in table.rows for each in row[1:])
    assert tables.patients(fitted("vas")).columns[1].head == "Change (mm)"


def test_patients_table_has_each_patient_once() -> None:
    for model, header in (("vas", "Change"), ("acr20", "Chance of a response"), ("il10", "Change")):
        table = tables.patients(fitted(model))
        assert texts(table, "Patient") == [*shipped().patients]
        told = rb.estimands(fitted(model))
        name = "patient_response_probability" if model == "acr20" else "patient_change"
        week = load_model(model).reference_week
        own = told[(told["estimand"] == name) & (told["week"].isna() | (told["week"] == week))]
        k = [column.header for column in table.columns].index(header)
        assert [row[k].numbers[0] for row in table.rows] == own["estimate"].tolist()


def test_failed_gate_withholds_numbers_and_says_so_where_it_must() -> None:
    failed = drawn_tree(load_model("vas"), shipped(), diverging=3)
    for maker in (tables.estimands, tables.patients, tables.priors):
        with pytest.raises(FitError, match="did not pass its gate"):
            maker(failed)
    checks = tables.diagnostics(failed)
    assert cell(checks, "divergences", "Passed").text == "no"
    assert any("did not pass its gate" in warning for warning in checks.warnings)
    table = tables.outcomes([failed, fitted("il10")])
    row = dict(zip([column.header for column in table.columns], table.rows[0], strict=True))
    assert row["Estimate"].text == ""
    assert "withheld" in row["Note"].text


def test_rhat_is_never_rounded_below_its_limit() -> None:
    rows = [
        replace(check, value=1.0101, passed=False) if check.name == "R-hat" else check
        for check in rb.diagnose(fitted("vas")).checks
    ]
    checked = replace(rb.diagnose(fitted("vas")), checks=tuple(rows))
    assert cell(tables.diagnostics(fitted("vas"), checked=checked), "R-hat", "Worst value").text == "1.011"


def test_every_prior_of_a_page_has_its_reason() -> None:
    page = load_model("vas")
    table = tables.priors(page)
    assert texts(table, "Why") == [" ".join(prior.why.split()) for prior in page.priors]
    assert cell(table, "SD of one record around its patient's trajectory", "Prior").text.startswith(
        "LogNormal("
    )
    fit = tables.priors(fitted("vas"))
    reasons = dict(zip(texts(fit, "Quantity"), texts(fit, "Why"), strict=True))
    for prior in page.priors:
        assert reasons[prior.parameter.meaning] == " ".join(prior.why.split())


def test_pinned_prior_is_told_as_fixed() -> None:
    page = spec(priors={"residual_sd": None} | {"response_sd": {"fixed": 0.0}, "residual_sd": {"fixed": 2.0}})
    assert "fixed at 2" in texts(tables.priors(page), "Prior")
    rows = [(f"p{k}", week, 10.0 + k - week / 12) for k in range(4) for week in (0, 12, 24)]
    fit = tables.priors(drawn_tree(page, cohort_of(rows, page)))
    assert "fixed at 2" in texts(fit, "Prior")


@pytest.mark.parametrize("name", DESIGNS)
def test_design_table_tells_errors_where_there_are_any(name: str) -> None:
    exact, simulated = (tables.design_characteristics(plan(name, error=error)) for error in (0.0, 0.004))
    assert not any("±" in each.text for row in exact.rows for each in row)
    assert any("exact" in note for note in exact.notes)
    k = [column.header for column in exact.columns].index("P(success)")
    assert all("± 0.004" in row[k].text for row in simulated.rows)
    assert [row[k].numbers for row in exact.rows] == [
        (row["p_success"], 0.0) for row in plan(name).characteristics
    ]
    assert {"null: type I error", "alternative: power"} <= set(texts(exact, "Role"))


def test_row_that_does_not_fit_its_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Table("x", "x", (Column("a", numbers=("n",)),), ((Cell("1"),),))


def test_one_patient_has_no_spread() -> None:
    vas = OUTCOMES["vas"]
    one = Cohort("one", "one.csv", False, (Record("a", 0.0, "vas", 60.0, "", 2),), used=(vas,))
    table = tables.baseline(one)
    assert cell(table, "Pain (VAS)", "Mean (SD)").text == "60"
    assert cell(table, "Pain (VAS)", "Median (quartiles)").text == "60 (60 to 60)"
    assert table.warnings == ()
