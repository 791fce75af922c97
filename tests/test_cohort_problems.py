"""Every problem a table can have is reported with its place and its mend, all of them in one read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ra_bayes.cohort import read_cohort
from ra_bayes.errors import CohortError, Problem, RaBayesError
from ra_bayes.outcome import Outcome
from ra_bayes.outcomes import get

HEADER = "patient,week,outcome,value,unit,lower_limit,limit,synthetic\n"


def problems_of(folder: Path, content: str | bytes, name: str = "cohort.csv") -> tuple[Problem, ...]:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(CohortError) as caught:
        read_cohort(file)
    return caught.value.problems


# What one more row under a good one (row 2: A, week 0, CRP 24 mg/L) is refused for.
ROWS = {
    "unknown outcome": ("A,4,IL-6,5,,,,", "outcome", "IL-6", "this outcome is not known", "write one of vas"),
    "misspelt outcome": ("A,4,das28_ers,5,,,,", "outcome", "das28_ers", "not known", "mean das28_esr"),
    "outcome by another spelling": ("A,4,TNF-alpha,5,,,,", "outcome", "TNF-alpha", "not known", "write tnf_"),
    "outcome by its label": ("A,4,HAQ-DI,1,,,,", "outcome", "HAQ-DI", "not known", "write haq"),
    "blank outcome": ("A,4,,5,,,,", "outcome", None, "the outcome is blank", "write one of vas, "),
    "unknown unit": ("A,4,crp,5,stone,,,", "unit", "stone", "crp is not measured in this unit", "mg/L,"),
    "out of range": ("A,0,vas,110,mm,,,", "value", "110", "vas runs from 0 to 100 mm", "correct it"),
    "out of range once converted": ("A,0,vas,11,cm,,,", "value", "11", "in mm this is 110", "correct it"),
    "sentinel": ("A,0,haq,-99,,,,", "value", "-99", "haq runs from 0 to 3 points", "leave the cell empty"),
    "negative concentration": ("A,0,il10,-1,,,,", "value", "-1", "il10 cannot be negative", "write <0.5 if"),
    "zero concentration": ("A,0,il10,0,,,,", "value", "0", "il10 cannot be 0", "write <0.5 if"),
    "limit on a scale": ("A,0,vas,<5,mm,,,", "value", "<5", "vas is a bounded scale", "write the value that"),
    "below an unknown limit": ("A,4,crp,BLQ,,,,", "value", "BLQ", "no limit is given", "such as <0.5"),
    "not done or not detected": ("A,4,crp,ND,,,,", "value", "ND", "not detected or not done", "write <LLOQ"),
    "two limits": ("A,4,crp,<3,,5,,", "value", "<3", "contradicts the lower_limit 5", "correct one"),
    "over a value under the limit": ("A,4,crp,>3,,5,,", "value", ">3", "contradicts", "correct one"),
    "limit of 0": ("A,4,crp,<0,,,,", "value", "<0", "cannot be 0", "write <0.5"),
    "lower limit of 0": ("A,4,crp,3,,0,,", "lower_limit", "0", "is above 0", "leave it empty"),
    "lower limit as text": ("A,4,crp,3,,low,,", "lower_limit", "low", "not a number", "as a number"),
    "lower limit of a scale": ("A,0,haq,1,,0.5,,", "lower_limit", "0.5", "no limit of quantif", "leave"),
    "limit without a value": ("A,4,crp,,,0.5,<,", "limit", "<", "value beside it is blank", "the limit"),
    "number in the limit column": ("A,4,crp,3,,,0.5,", "limit", "0.5", "<, > or blank", "lower_limit"),
    "thousands or decimals": ("A,4,crp,\"1,234\",,,,", "value", "1,234", "the comma could", "write 1234 or"),
    "thousands": ("A,4,crp,\"1,234.5\",,,,", "value", "1,234.5", "thousands are marked", "write 1234.5"),
    "thousands, European": ("A,4,crp,\"1.234,5\",,,,", "value", "1.234,5", "thousands", "write 1234.5"),
    "millions": ("A,4,crp,\"1,234,567\",,,,", "value", "1,234,567", "thousands", "write 1234567"),
    "words": ("A,4,crp,high,,,,", "value", "high", "this is not a number", "write a number such as 12.5"),
    "formula": ("A,4,crp,=1+2,,,,", "value", "=1+2", "this is not a number", "write a number"),
    "foreign digits": ("A,4,crp,١٢,,,,", "value", "١٢", "this is not a number", "write a number"),
    "underscore": ("A,4,crp,1_0,,,,", "value", "1_0", "this is not a number", "write a number"),
    "value with another unit": ("A,4,crp,12 mg/L,mg/dL,,,", "value", "12 mg/L", "says mg/L and its", "one"),
    "value with text": ("A,4,crp,12 tablets,,,,", "value", "12 tablets", "text after the", "number alone"),
    "nan": ("A,4,crp,nan,,,,", "value", "nan", "not a finite number", "leave the cell empty"),
    "infinity": ("A,4,crp,-Inf,,,,", "value", "-Inf", "not a finite number", "leave the cell empty"),
    "too large": ("A,4,crp,1e999,,,,", "value", "1e999", "too large", "leave the cell empty"),
    "off the recording step": ("A,0,haq,1.3,,,,", "value", "1.3", "in steps of 0.125", "write 1.25 or 1.375"),
    "half a joint": ("A,0,sjc28,3.5,,,,", "value", "3.5", "in steps of 1", "write 3 or 4"),
    "binary of 2": ("A,4,acr20,2,,,,", "value", "2", "acr20 is a yes/no outcome", "write 1 (or yes) or 0"),
    "binary with a limit": ("A,4,acr20,<1,,,,", "value", "<1", "acr20 is a yes/no outcome", "write 1 (or"),
    "negative week": ("A,-2,crp,5,,,,", "week", "-2", "a week is not negative", "baseline, which is week 0"),
    "week in words": ("A,week 4,crp,5,,,,", "week", "week 4", "this is not a week", "number of weeks"),
    "date as week": ("A,2024-01-31,crp,5,,,,", "week", "2024-01-31", "this is not a week", "number of weeks"),
    "blank week": ("A,,crp,5,,,,", "week", None, "the week is blank", "number of weeks"),
    "infinite week": ("A,inf,crp,5,,,,", "week", "inf", "this is not a week", "number of weeks"),
    "blank patient": (" ,4,crp,5,,,,", "patient", None, "the patient is blank", "give the identifier"),
    "patient in another case": ("a,0,crp,24,,,,", "patient", "a", "differs from 'A' (row 2)", "one patient"),
    "infusion of 0": ("A,4,infusion,0,,,,", "value", "0", "an infusion row says 1", "remove the row if it"),
    "infusion of a dose": ("A,4,infusion,2e6,,,,", "value", "2e6", "an infusion row says 1", "write 1"),
    "duplicate visit": ("A,0.0,CRP,25,,,,", None, None, "crp in week 0 twice, rows 2 and 3", "keep one"),
    "no baseline": ("B,4,crp,25,,,,", None, None, "'B' has no baseline (week 0) of crp", "add it"),
    "too many cells": ("A,4,crp,12,5,,,,", None, None, "has 9 cells and the header has 8", "(12,5) needs"),
    "too few cells": ("A,4,crp,12", None, None, "has 4 cells and the header has 8", "check its delimiters"),
    "neither yes nor no": ("A,4,crp,5,,,,maybe", "synthetic", "maybe", "neither yes nor no", "write yes or"),
    "mixed synthetic": ("A,4,crp,5,,,,yes", "synthetic", None, "row 2 says nothing, row 3 says", "not mix"),
    "NUL": ("A,4,crp,5\0,,,,", None, None, "NUL byte", "the file is damaged"),
    "open quotation": ('A,4,crp,"5,,,,', None, None, "nor what follows", "one is opened and not closed"),
    "text after a quotation": ('A,4,crp,"5"x,,,,', None, None, "nor what follows", "quotation marks"),
}  # fmt: skip


@pytest.mark.parametrize(("row", "column", "value", "what", "mend"), ROWS.values(), ids=ROWS)
def test_one_bad_row(
    tmp_path: Path, row: str, column: str | None, value: str | None, what: str, mend: str
) -> None:
    (problem,) = problems_of(tmp_path, f"{HEADER}A,0,crp,24,,,,\n{row}\n")
    assert (problem.row, problem.column, problem.value) == (3, column, value)
    assert what in problem.what
    assert mend in problem.mend


FILES = {
    "empty": (b"", "the file is empty", "give a header row"),
    "header only": (b"patient,week,outcome,value\n", "no row below the header", "one row per patient"),
    "nothing measured": (b"patient,week,outcome,value\nA,0,haq,\n", "no row holds a measured", "one row"),
    "blank first row": (b"\npatient,week,outcome,value\n", "the first row is empty", "must name the columns"),
    "old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel workbook (.xls), or one", "save it as .xlsx"),
    "neither UTF-8 nor told": (
        "patient,week,outcome,value\nBšhm,0,haq,1\n".encode("cp1252"),
        "not UTF-8 (in Windows-1252 it reads 'Bšhm')",
        "save the file as 'CSV UTF-8'",
    ),
    "wide": (b"patient,week,crp,haq\nA,0,2,1\n", "no unit is given for crp", "columns' names, 'crp (mg/dL)'"),
    "missing column": (b"patient,week,outcome\n", "column value is missing (found: 'pat", "must name"),
    "subject": (b"subject,week,outcome,value\n", "column patient is missing", "rename 'subject' to patient"),
    "visit": (b"patient,Visit,outcome,value\n", "column week is missing", "'Visit' to week (weeks since"),
    "days": (b"patient,Days,outcome,value\n", "column week is missing", "baseline: divide by 7"),
    "misspelt": (b"pateint,week,outcome,value\n", "column patient is missing", "rename 'pateint' to patient"),
    "twice": (b"patient,week,outcome,value,Value\n", "'value' (column 4) and 'Value' (column 5)", "keep one"),
    "two names of one": (b"patient,week,outcome,value,unit,units\n", "two columns say unit", "keep one"),
    "a unit unread": (b"patient,week,outcome,value,UoM\n", "'UoM' looks like 'unit'", "rename it to unit"),
    "a limit unread": (b"patient,week,outcome,value,LOD\n", "looks like 'lower_limit'", "rename it to"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "what", "mend"), FILES.values(), ids=FILES)
def test_one_bad_file(tmp_path: Path, content: bytes, what: str, mend: str) -> None:
    (problem,) = problems_of(tmp_path, content)
    assert what in problem.what
    assert mend in problem.mend


def test_a_path_without_a_file(tmp_path: Path) -> None:
    (tmp_path / "cohort.csv").touch()
    cases: list[tuple[Path | str, str, str]] = [
        (tmp_path / "cohrt.csv", "there is no such file", "did you mean 'cohort.csv'?"),
        (tmp_path / "nowhere" / "cohort.csv", "there is no such file", "nor is there a folder"),
        (tmp_path, "this is a folder", "give the file in it"),
        ("a\0b", "the file cannot be opened", "check its name"),
        ("a" * 5000, "the file cannot be opened", "check its name"),
    ]
    for path, what, mend in cases:
        with pytest.raises(CohortError) as caught:
            read_cohort(path)
        (problem,) = caught.value.problems
        assert what in problem.what
        assert mend in problem.mend


@pytest.mark.parametrize(
    ("outcome", "values", "other"), [("vas", "6.1 5 2.5", "cm"), ("crp", "4.1 <0.5 1.2", "mg/dL")]
)
def test_values_that_look_like_another_unit(tmp_path: Path, outcome: str, values: str, other: str) -> None:
    rows = "".join(f"A,{week},{outcome},{value}\n" for week, value in enumerate(values.split()))
    (problem,) = problems_of(tmp_path, "patient,week,outcome,value\n" + rows)
    assert (problem.row, problem.column) == (2, "unit")
    assert f"which looks like {other} rather than" in problem.what
    assert f"write {other} or " in problem.mend
    said = "".join(f"A,{week},{outcome},{value},{other}\n" for week, value in enumerate(values.split()))
    (tmp_path / "said.csv").write_text("patient,week,outcome,value,unit\n" + said)
    assert read_cohort(tmp_path / "said.csv").conversions[0].count == 3


def test_a_unit_on_some_rows_only(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, HEADER + "A,0,vas,6,cm,,,\nA,4,vas,30,,,,\n")
    assert problem.what == "some rows of vas are in cm and others give no unit"
    assert problem.mend == "write mm or cm in every row"


def test_an_empty_baseline_is_named(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, HEADER + "A,0,haq,,,,,\nA,4,haq,1,,,,\n")
    assert "its value in row 2 is empty" in problem.what


def test_one_mistake_is_not_reported_as_two(tmp_path: Path) -> None:
    assert len(problems_of(tmp_path, HEADER + "A,0,haq,high,,,,\nA,4,haq,1,,,,\n")) == 1
    assert len(problems_of(tmp_path, HEADER + "A,o,haq,2,,,,\nA,4,haq,1,,,,\n")) == 1


def test_all_problems_come_at_once_in_the_order_of_rows(tmp_path: Path) -> None:
    rows = "A,0,haq,1.3,,,,\nA,4,haq,9,stone,,,\n,4,haq,x,,,,\nB,4,foo,1,,,,\n\nB,w,haq,2,,,,\nB,4,haq\n"
    problems = problems_of(tmp_path, HEADER + rows)
    assert [(problem.row, problem.column) for problem in problems] == [
        (2, "value"), (3, "unit"), (4, "patient"), (4, "value"), (5, "outcome"), (7, "week"), (8, None),
    ]  # fmt: skip


def test_columns_are_named_as_the_file_names_them(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "Patient,Week,Outcome,Value,LLOQ\nA,0,crp,24,low\n")
    assert problem.column == "LLOQ"


def test_a_quoted_line_break_does_not_shift_the_rows(tmp_path: Path) -> None:
    rows = 'A,0,haq,1,,,,\n"B\nb",0,haq,1,,,,\nC,0,haq,5,,,,\n'
    assert problems_of(tmp_path, HEADER + rows)[0].row == 4


def test_hundreds_of_problems_are_counted_not_printed(tmp_path: Path) -> None:
    file = tmp_path / "cohort.csv"
    rows = "".join(f"P{i},0,haq,{'7' * (i + 1)},,,,\n" for i in range(300))
    file.write_text(HEADER + "P,0,foo,1,,,,\n" + rows)
    with pytest.raises(CohortError) as caught:
        read_cohort(file)
    lines = str(caught.value).splitlines()
    assert len(caught.value.problems) == 301
    assert lines[0] == "cohort.csv: 301 problems"
    assert len(lines) == 1 + 1 + 20 + 1
    assert lines[-1] == "  and 280 more of this kind: out of range (the last in row 302)"
    assert max(map(len, lines)) < 400


def test_dataframe_ids_that_became_decimals() -> None:
    import pandas as pd

    frame = pd.DataFrame({"patient": [1.0, 2.0], "week": 0, "outcome": "haq", "value": 1.5})
    with pytest.raises(CohortError) as caught:
        read_cohort(frame)
    (problem,) = caught.value.problems
    assert problem.column == "patient"
    assert problem.mend == "read the file with dtype=str, or give read_cohort its path"


@pytest.mark.parametrize(
    "change",
    [
        lambda: replace(get("crp"), upper=500.0),
        lambda: replace(get("crp"), id="CRP"),
        lambda: replace(get("crp"), id="infusion"),
    ],
)
def test_an_outcome_cannot_take_a_name_that_is_taken(tmp_path: Path, change: Callable[[], Outcome]) -> None:
    with pytest.raises(CohortError, match="is already defined as something else; give it another id"):
        read_cohort(tmp_path / "not read", outcomes=[change()])


def test_an_outcome_may_repeat_itself(tmp_path: Path) -> None:
    file = tmp_path / "cohort.csv"
    file.write_text("patient,week,outcome,value\nA,0,crp,24\n")
    assert read_cohort(file, outcomes=[get("crp")]).outcomes == ("crp",)


def test_an_error_survives_the_way_back_from_a_worker(tmp_path: Path) -> None:
    import pickle

    file = tmp_path / "bad.csv"
    file.write_text("patient,week,outcome,value\n1,0,pain,3\n")
    with pytest.raises(CohortError) as raised:
        read_cohort(file)
    back = pickle.loads(pickle.dumps(raised.value))
    assert back.problems == raised.value.problems
    assert back.source == "bad.csv"


def test_a_unit_on_some_rows_only_is_asked_for_where_another_is_usual(tmp_path: Path) -> None:
    file = tmp_path / "mixed.csv"
    file.write_text(
        "patient,week,outcome,value,unit\n1,0,vas,72,mm\n1,4,vas,60,mm\n2,0,vas,6.5,\n2,4,vas,3.5,\n"
    )
    with pytest.raises(CohortError, match="some rows of vas are in mm and others give no unit") as raised:
        read_cohort(file)
    assert raised.value.problems[0].mend == "write mm or cm in every row"


def test_outcomes_that_are_none_are_told() -> None:
    with pytest.raises(RaBayesError, match=r"holds 'vas', which is no Outcome; write outcomes=\(model"):
        read_cohort("none.csv", outcomes={"vas": get("vas")})  # type: ignore[arg-type]
