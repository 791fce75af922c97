"""A slice of the fuzz run, and whether that run would see what it looks for.

All of it: ``python tests/fuzz_readers.py --runs 10000``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fuzz_oracle import WrongError, check
from fuzz_readers import tried
from fuzz_seeds import FORMATS, LAYOUTS, PAGES

from ra_bayes.cohort import Cohort, LeftOut, read_cohort


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_damaged_files_are_refused_or_nothing_of_them_is_lost(first: int, tmp_path: Path) -> None:
    ends: Counter[str] = Counter()
    for run in range(first, first + 50):
        end, told = tried(run, 7, tmp_path)
        assert end in ("read", "refused"), f"run {run} of seed 7 ({told}): {end}"
        ends[end] += 1
    assert min(ends["read"], ends["refused"]) >= 5


def sound(layout: str, folder: Path, format: str = "csv") -> Cohort:
    header, *rows = LAYOUTS[layout]
    FORMATS[format](folder / "file", header, rows)
    mapping = None
    if layout in PAGES:
        mapping = folder / "mapping.toml"
        mapping.write_text(PAGES[layout], encoding="utf-8")
    return read_cohort(folder / "file", mapping=mapping)


OTHERS = ("csv", "cp1252", "typed xlsx", "typed json", "typed xpt", "parquet")
# A SAS variable of a transport file has a name, and no blank in it.
BLANKS = {layout for layout, (names, *_) in LAYOUTS.items() if any(" " in name or not name for name in names)}
HELD = [
    (layout, each) for layout in LAYOUTS for each in OTHERS if each != "typed xpt" or layout not in BLANKS
]


@pytest.mark.parametrize(("layout", "format"), HELD)
def test_a_sound_table_is_the_same_cohort_in_every_format(layout: str, format: str, tmp_path: Path) -> None:
    plain, other = sound(layout, tmp_path), sound(layout, tmp_path, format)
    assert other.records == plain.records
    assert (other.infusions, other.arms, other.left_out) == (plain.infusions, plain.arms, plain.left_out)


def other_value(cohort: Cohort) -> Cohort:
    first, *rest = cohort.records
    return replace(cohort, records=(first._replace(value=first.value + 0.25), *rest))


def other_week(cohort: Cohort) -> Cohort:
    *rest, last = cohort.records
    return replace(cohort, records=(*rest, last._replace(week=last.week + 3)))


def other_row(cohort: Cohort) -> Cohort:
    first, *rest = cohort.records
    return replace(cohort, records=(first._replace(row=999), *rest))


def other_patient(cohort: Cohort) -> Cohort:
    first, *rest = cohort.records
    return replace(cohort, records=(first._replace(patient="nobody"), *rest))


def other_limit(cohort: Cohort) -> Cohort:
    first, *rest = cohort.records
    return replace(cohort, records=(first._replace(limit="" if first.limit else ">"), *rest))


def without_a_record(cohort: Cohort) -> Cohort:
    return replace(cohort, records=cohort.records[1:])


def without_what_was_left_out(cohort: Cohort) -> Cohort:
    return replace(cohort, left_out=())


def with_more_left_out(cohort: Cohort) -> Cohort:
    return replace(cohort, left_out=(*cohort.left_out, LeftOut("column 'x'", 99, "no reason", "cells")))


WRONG = (
    other_value, other_week, other_row, other_patient, other_limit, without_a_record,
    without_what_was_left_out, with_more_left_out,
)  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("layout", sorted({*LAYOUTS} - {"two headers"}))
def test_the_run_would_see_it(layout: str, wrong: Callable[[Cohort], Cohort], tmp_path: Path) -> None:
    header, *cells = LAYOUTS[layout]
    rows = {row: each for row, each in enumerate(cells, start=2) if any(each)}
    # Scores that are computed stand in no cell, and are not looked for.
    whole = sound(layout, tmp_path)
    computed = {(each.patient, each.week, each.outcome) for each in whole.computed}
    stated = tuple(record for record in whole.records if record[:3] not in computed)
    cohort = replace(whole, records=stated, computed=())
    check(cohort, header, rows)
    changed = wrong(cohort)
    if changed == cohort:
        pytest.skip("nothing is left out of this table")
    with pytest.raises(WrongError):
        check(changed, header, rows)


# What the run found, and is mended.
def test_a_column_without_a_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "patient,outcome,BL,W4,\nB,haq,2.5,2,1\nB,sdai,44,31,NA\n", encoding="utf-8"
    )
    (left,) = read_cohort(tmp_path / "t.csv").left_out
    assert left == LeftOut("column 5, without a name", 2, "no outcome is recognised in its name")
