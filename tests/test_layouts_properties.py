"""Whatever the layout a cohort is written in, it reads back as the same one, and no cell is lost."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_layouts import accounted

from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.cohort.fix_template import fix_template
from ra_bayes.errors import CohortError

quick = settings(max_examples=60, deadline=None)

type Cell = tuple[str, int, str]
"""Patient, week, outcome."""

UNITS = {"il10": "pg/mL", "sdai": "", "acr20": ""}
ids = st.text(st.sampled_from("ABCxyz0123456789-_"), min_size=1, max_size=6).filter(
    lambda text: text.casefold() not in ("na", "n-a")
)
numbers = st.decimals("0.01", "99.99", places=2).map(lambda number: f"{number:f}")


@st.composite
def cohorts(draw: st.DrawFn) -> Mapping[Cell, str]:
    """Values as texts; every patient has a baseline, some later values are missing."""
    patients = draw(st.lists(ids, min_size=1, max_size=5, unique_by=str.casefold))
    weeks = [0, *draw(st.lists(st.integers(1, 104), max_size=4, unique=True))]
    found: dict[Cell, str] = {}
    for patient in patients:
        for week in weeks:
            for outcome in UNITS:
                if week and draw(st.booleans()):
                    continue
                sign = draw(st.sampled_from(["", "", "<", ">"])) if outcome == "il10" else ""
                value = (
                    draw(st.sampled_from(["yes", "no", "1", "0"])) if outcome == "acr20" else draw(numbers)
                )
                found[patient, week, outcome] = sign + value
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("layouts")


def written(rows: Sequence[Sequence[str]], folder: Path, delimiter: str = ",") -> Path:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    file = folder / "table.csv"
    file.write_text(text.getvalue(), encoding="utf-8", newline="")
    return file


def axes(values: Mapping[Cell, str]) -> tuple[list[str], list[int]]:
    return [*dict.fromkeys(cell[0] for cell in values)], sorted({cell[1] for cell in values})


def long(values: Mapping[Cell, str]) -> list[list[str]]:
    rows = [[who, str(week), outcome, text, UNITS[outcome]] for (who, week, outcome), text in values.items()]
    return [["patient", "week", "outcome", "value", "unit"], *rows]


def names() -> list[str]:
    return [f"{outcome} ({unit})" if unit else outcome for outcome, unit in UNITS.items()]


def by_visit(values: Mapping[Cell, str]) -> list[list[str]]:
    patients, weeks = axes(values)
    header = ["patient", *(f"{name} W{week}" for name in names() for week in weeks)]
    return [
        header,
        *(
            [who, *(values.get((who, week, each), "") for each in UNITS for week in weeks)]
            for who in patients
        ),
    ]


def by_outcome(values: Mapping[Cell, str]) -> list[list[str]]:
    patients, weeks = axes(values)
    body = [
        [who, str(week), *(values.get((who, week, each), "") for each in UNITS)]
        for who in patients
        for week in weeks
    ]
    return [["patient", "week", *names()], *body]


def redcap(values: Mapping[Cell, str]) -> list[list[str]]:
    patients, weeks = axes(values)
    body = [
        [who, f"week_{week}_arm_1", "", "", *(values.get((who, week, each), "") for each in UNITS), "2"]
        for who in patients
        for week in weeks
    ]
    repeats = ["redcap_repeat_instrument", "redcap_repeat_instance"]
    return [["record_id", "redcap_event_name", *repeats, *names(), "visit_complete"], *body]


LAYOUTS = {"visits": by_visit, "outcomes": by_outcome, "redcap": redcap}


def value_cells(rows: Sequence[Sequence[str]]) -> int:
    held = [name for name in rows[0] if any(name.startswith(outcome) for outcome in UNITS)]
    return len(held) * (len(rows) - 1)


@pytest.mark.parametrize("layout", LAYOUTS)
@quick
@given(values=cohorts(), delimiter=st.sampled_from(",;\t"))
def test_every_layout_is_the_same_cohort(
    folder: Path, layout: str, values: Mapping[Cell, str], delimiter: str
) -> None:
    plain = read_cohort(written(long(values), folder))
    rows = LAYOUTS[layout](values)
    cohort = read_cohort(written(rows, folder, delimiter))
    assert cohort.hash == plain.hash
    assert accounted(plain) == len(values)
    assert accounted(cohort) == value_cells(rows)


@pytest.mark.parametrize("layout", LAYOUTS)
@quick
@given(values=cohorts())
def test_decimal_commas_are_the_same_cohort(folder: Path, layout: str, values: Mapping[Cell, str]) -> None:
    plain = read_cohort(written(long(values), folder))
    with_commas = {cell: text.replace(".", ",") for cell, text in values.items()}
    assert read_cohort(written(LAYOUTS[layout](with_commas), folder, ";")).hash == plain.hash


@pytest.mark.parametrize("layout", ["long", *LAYOUTS])
@quick
@given(values=cohorts())
def test_the_mapping_that_is_written_reads_the_same_cohort(
    folder: Path, layout: str, values: Mapping[Cell, str]
) -> None:
    file = written((LAYOUTS | {"long": long})[layout](values), folder)
    page, doubts = fix_template(file)
    assert doubts == ()
    mapping = folder / "mapping.toml"
    mapping.write_text(page, encoding="utf-8")
    plain, mapped = read_cohort(file), read_cohort(file, mapping=mapping)
    assert told(mapped) == told(plain)


def told(cohort: Cohort) -> tuple[object, ...]:
    return cohort.records, cohort.infusions, cohort.arms, cohort.left_out, cohort.notes, cohort.hash


NAMES = "patient ID week visit sdai crp crp_unit sdai_w4 V1 BL W4 redcap_event_name date arm group DAS28 unit"
words = st.sampled_from([*NAMES.split(), "outcome", "value", "infusion", "Month 3", "age", "Complete?", ""])
cells = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        ["A", "0", "4", "BL", "W4", "12,5", "1,234", "<0.5", "NA", "yes", "week_4_arm_1", "2024-01-31"]
    ),
)


@settings(quick, max_examples=300)
@given(data=st.data(), header=st.lists(words, min_size=1, max_size=7))
def test_any_sheet_is_read_or_refused_and_nothing_is_lost(
    folder: Path, data: st.DataObject, header: list[str]
) -> None:
    width = st.lists(cells, min_size=len(header), max_size=len(header))
    rows = data.draw(st.lists(width, max_size=5))
    file = written([header, *rows], folder)
    refused: CohortError | None = None
    try:
        cohort = read_cohort(file)
    except CohortError as error:
        refused = error
    if refused is not None:
        assert refused.problems
        assert all(problem.what and problem.mend for problem in refused.problems)
        return
    assert cohort.records
    filled = {row for row, cells in enumerate(rows, 2) if any(cell.strip() for cell in cells)}
    assert {record.row for record in cohort.records} <= filled
    if cohort.mapping:
        page, _ = fix_template(file)
        mapping = folder / "any.toml"
        mapping.write_text(page, encoding="utf-8")
        assert told(read_cohort(file, mapping=mapping)) == told(cohort)
