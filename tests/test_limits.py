"""Limits of quantification as laboratories write them: texts, columns, batches and mappings that say one."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.cohort.limits import imputed_as
from ra_bayes.errors import CohortError, Problem

HEADER = "patient,week,outcome,value,unit,lower_limit,upper_limit,batch\n"
BASELINE = "A,0,il10,10,pg/mL,,,\n"


def read(folder: Path, text: str, mapping: str = "") -> Cohort:
    file = folder / "table.csv"
    file.write_text(text, encoding="utf-8")
    if not mapping:
        return read_cohort(file)
    page = folder / "mapping.toml"
    page.write_text(f"schema = 1\n{mapping}", encoding="utf-8")
    return read_cohort(file, mapping=page)


def problems_of(folder: Path, text: str, mapping: str = "") -> tuple[Problem, ...]:
    with pytest.raises(CohortError) as caught:
        read(folder, text, mapping)
    return tuple(caught.value.problems)


def last(cohort: Cohort) -> tuple[float, str]:
    record = cohort.of("il10")[-1]
    return record.value, record.limit


TEXTS = {
    # value, unit, lower, upper: the record
    "<0.5": ('"<0.5"', "pg/mL", "", "", 0.5, "<"),
    "comma and unit": ('"< 0,5 pg/mL"', "", "", "", 0.5, "<"),
    "at most": ("<=0.5", "pg/mL", "", "", 0.5, "<"),
    "at most, one sign": ("≤ 0.5", "pg/mL", "", "", 0.5, "<"),
    "BLQ": ("BLQ", "pg/mL", "0.5", "", 0.5, "<"),
    "BLOQ": ("bloq", "pg/mL", "0.5", "", 0.5, "<"),
    "<LLOQ": ("<LLOQ", "pg/mL", "0.5", "", 0.5, "<"),
    "<LOD": ("< LOD", "pg/mL", "0.5", "", 0.5, "<"),
    "<BLQ": ("<BLQ", "pg/mL", "0.5", "", 0.5, "<"),
    "words": ("Below  detection", "pg/mL", "0.5", "", 0.5, "<"),
    "limit in another unit than canonical": ("BLQ", "ng/mL", "0.0005", "", 0.5, "<"),
    "limit with its unit": ("BLQ", "pg/mL", "0.5 pg/ml", "", 0.5, "<"),
    ">200": (">200", "pg/mL", "", "", 200.0, ">"),
    "at least": ("≥200", "pg/mL", "", "", 200.0, ">"),
    "ALQ": ("ALQ", "pg/mL", "", "200", 200.0, ">"),
    ">ULOQ": (">ULOQ", "pg/mL", "", "200", 200.0, ">"),
    "number above": ("250", "pg/mL", "0.5", "200", 200.0, ">"),
    "number at the upper limit": ("200", "pg/mL", "0.5", "200", 200.0, ""),
    "number below": ("0.3", "pg/mL", "0.5", "200", 0.5, "<"),
    "number at the lower limit": ("0.5", "pg/mL", "0.5", "200", 0.5, ""),
    "zero with a limit": ("0", "pg/mL", "0.5", "", 0.5, "<"),
    "unit in the cell": ("0.4 ng/mL", "", "", "", 400.0, ""),
    "unit in the cell and its column": ("0.4 ng/ml", "ug/L", "", "", 400.0, ""),
}


@pytest.mark.parametrize(("value", "unit", "lower", "upper", "number", "limit"), TEXTS.values(), ids=TEXTS)
def test_a_limit_is_read_however_it_is_written(
    tmp_path: Path, value: str, unit: str, lower: str, upper: str, number: float, limit: str
) -> None:
    cohort = read(tmp_path, f"{HEADER}{BASELINE}A,4,il10,{value},{unit},{lower},{upper},\n")
    assert last(cohort) == (number, limit)


WRONG = {
    "ALQ without a limit": ("A,4,il10,ALQ,pg/mL,,,", "says above the limit, and no limit", "upper_limit"),
    "BLQ without a limit": ("A,4,il10,BLQ,pg/mL,,,K2", "no limit is given for batch 'K2'", "[[limit"),
    "not done or not detected": ("A,4,il10,n.d.,pg/mL,0.5,,", "not detected or not done", "below or missing"),
    "above another limit": ("A,4,il10,>150,pg/mL,,200,", "contradicts the upper_limit 200", "correct one"),
    "below a limit above": ("A,4,il10,<300,pg/mL,,200,", "contradicts the upper_limit 200", "correct one"),
    "limits the wrong way round": ("A,4,il10,5,pg/mL,3,2,", "not above the lower limit 3", "correct one"),
    "upper limit of a scale": ("A,0,haq,1,,,3,", "haq has no limit of quantification", "leave the cell"),
    "upper limit as text": ("A,4,il10,5,pg/mL,,high,", "not a number", "write the upper limit"),
    "two units": ("A,4,il10,5 pg/mL,ng/mL,,,", "the cell says pg/mL and its unit is said to be ng/mL", "one"),
}


@pytest.mark.parametrize(("row", "what", "mend"), WRONG.values(), ids=WRONG)
def test_what_a_limit_cannot_be_is_refused(tmp_path: Path, row: str, what: str, mend: str) -> None:
    (problem,) = problems_of(tmp_path, f"{HEADER}{BASELINE}{row}\n")
    assert problem.row == 3
    assert what in problem.what
    assert mend in problem.mend


def test_imputed_limits_are_censored_and_told_apart(tmp_path: Path) -> None:
    rows = "A,0,il10,0.25,pg/mL,0.5,,\nA,4,il10,0.354,pg/mL,0.5,,\nA,8,il10,0.4,pg/mL,0.5,,\n"
    cohort = read(tmp_path, HEADER + rows)
    assert [(each.value, each.limit) for each in cohort.records] == [(0.5, "<")] * 3
    (note,) = cohort.notes
    assert note == (
        "il10: numbers under their row's lower limit, read as < that limit: 3 "
        "(1 of them half of it, 1 of them it divided by the square root of 2)"
    )


def test_half_a_limit_and_its_root_are_told_from_a_measurement() -> None:
    # 3.42 / sqrt(2) = 2.4183...
    assert imputed_as(Decimal("1.71"), Decimal("3.42")) == "half"
    assert [imputed_as(Decimal(text), Decimal("3.42")) for text in ("2.42", "2.418", "2.4183")] == [
        "root"
    ] * 3
    assert imputed_as(Decimal("2.43"), Decimal("3.42")) == imputed_as(Decimal("2"), Decimal("3.42")) == ""


def test_a_batch_has_one_limit(tmp_path: Path) -> None:
    rows = "A,0,il10,10,pg/mL,0.5,,K1\nA,4,il10,BLQ,ng/mL,,,K1\n"
    rows += "A,8,il10,0.3,pg/mL,,,K1\nA,12,il10,0.3,pg/mL,,,K2\n"
    cohort = read(tmp_path, HEADER + rows)
    assert [(each.value, each.limit) for each in cohort.records] == [
        (10.0, ""), (0.5, "<"), (0.5, "<"), (0.3, ""),
    ]  # fmt: skip
    told = "il10: values whose limits are those of other rows of their batch"
    assert [note for note in cohort.notes if note.startswith(told)] == [f"{told}: 2"]
    assert cohort.limits("il10") == (0.5,)


def test_a_batch_of_two_limits_is_refused_where_one_is_needed(tmp_path: Path) -> None:
    rows = "A,0,il10,10,pg/mL,0.5,,K1\nA,4,il10,12,pg/mL,0.8,,K1\n"
    assert len(read(tmp_path, HEADER + rows).records) == 2
    (problem,) = problems_of(tmp_path, HEADER + rows + "A,8,il10,BLQ,pg/mL,,,K1\n")
    assert "batch 'K1' has several lower limits of il10, 0.5 (row 2) and 0.8 (row 3)" in problem.what
    assert (problem.row, problem.mend) == (4, "write the limit of this row")


LIMITS = """[[limits]]
outcome = "il10"
batch = "K1"
lower = 0.0005
upper = 0.2
unit = "ng/mL"
[[limits]]
outcome = "il10"
lower = 2
"""


def test_a_mapping_gives_the_limits_of_batches(tmp_path: Path) -> None:
    rows = (
        "A,0,il10,250,pg/mL,,,K1\nA,4,il10,BLQ,pg/mL,,,K1\nA,8,il10,BLQ,pg/mL,,,K2\nA,12,il10,ALQ,ng/L,,,K1\n"
    )
    cohort = read(tmp_path, HEADER + rows, LIMITS)
    assert [(each.value, each.limit) for each in cohort.records] == [
        (200.0, ">"), (0.5, "<"), (2.0, "<"), (200.0, ">"),
    ]  # fmt: skip
    assert cohort.mapping.count("[[limits]]") == 2


def test_a_mapping_and_a_row_that_say_two_limits_are_refused(tmp_path: Path) -> None:
    rows = "A,0,il10,10,pg/mL,0.6,,K1\nA,4,il10,10,pg/mL,,,K2\n"
    (problem,) = problems_of(tmp_path, HEADER + rows, LIMITS)
    assert (problem.row, problem.column, problem.value) == (2, "lower_limit", "0.6")
    assert problem.what == "this contradicts the lower limit 0.5 of the mapping"


def test_limits_of_no_value_are_refused(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, HEADER + "A,0,il10,10,pg/mL,,,K2\n", LIMITS)
    assert problem.what == "the mapping has limits of il10 in batch 'K1', and there is no such value"


def test_texts_below_the_limit_are_the_mapping_s(tmp_path: Path) -> None:
    rows = f"{BASELINE}A,4,il10,n.d.,pg/mL,0.5,,\nA,8,il10,n.a.,pg/mL,0.5,,\n"
    cohort = read(tmp_path, HEADER + rows, 'below = ["n.d."]\nmissing = ["n.a."]\n')
    assert [(each.value, each.limit) for each in cohort.records] == [(10.0, ""), (0.5, "<")]
    assert "values written 'n.d.', read as below the limit of quantification: 1" in cohort.notes


def test_a_sheet_has_limits_and_batches_beside_its_columns(tmp_path: Path) -> None:
    text = (
        "patient,week,batch,il10 (ng/L),il10_lloq,il10_uloq\nA,0,K1,ALQ,0.5,200\nA,4,K1,BLQ,,\nA,8,K1,250,,\n"
    )
    cohort = read(tmp_path, text)
    assert [(each.value, each.limit) for each in cohort.records] == [(200.0, ">"), (0.5, "<"), (200.0, ">")]
    assert cohort.left_out == ()


def test_decimal_marks_of_a_mapping_hold_beside_a_unit(tmp_path: Path) -> None:
    cohort = read(tmp_path, HEADER + 'A,0,il10,"1,234 pg/mL",,,,\n', 'decimal_mark = ","\n')
    assert last(cohort) == (1.234, "")


@settings(max_examples=80, deadline=None)
@given(
    number=st.decimals("0.001", "900", places=3),
    sign=st.sampled_from(["", "<", "< ", ">", "≤", ">="]),
    unit=st.sampled_from(["pg/mL", "ng/L", "PG / ML", "pg per ml", "pg·mL⁻¹", "pg mL-1"]),
    comma=st.booleans(),
    in_cell=st.booleans(),
)
def test_any_spelling_of_a_value_is_the_same_record(
    tmp_path_factory: pytest.TempPathFactory,
    number: Decimal,
    sign: str,
    unit: str,
    comma: bool,
    in_cell: bool,
) -> None:
    text = f"{number:f}"
    # Three digits after a comma may mark thousands, which is refused.
    text = f"{number:f}0".replace(".", ",") if comma else text
    cell = f'"{sign}{text} {unit}",' if in_cell else f'"{sign}{text}",{unit}'
    folder = tmp_path_factory.mktemp("spelling")
    cohort = read(folder, f"{HEADER}A,0,il10,{cell},,,\n")
    limit = {"≤": "<", ">=": ">"}.get(sign.strip(), sign.strip())
    assert last(cohort) == (float(number), limit)


def test_a_value_that_names_its_limit_keeps_it_in_a_batch_of_another(tmp_path: Path) -> None:
    rows = "A,0,il10,10,pg/mL,0.8,,K1\nA,4,il10,<0.5,pg/mL,,,K1\nA,8,il10,<0.5 ng/mL,,,,K1\n"
    cohort = read(tmp_path, HEADER + rows)
    assert [(each.value, each.limit) for each in cohort.records] == [(10.0, ""), (0.5, "<"), (500.0, "<")]
    assert cohort.notes == ()
