"""Whatever stands in a cell, a name, a label or a mapping: it is read as what it says, or refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from fuzz_oracle import number
from fuzz_seeds import LAYOUTS, PAGES, Grid
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.cohort.layouts.column_names import Names
from ra_bayes.cohort.layouts.dates import read_date
from ra_bayes.cohort.layouts.visit_names import read_visit
from ra_bayes.cohort.mapping import TableMapping
from ra_bayes.cohort.mapping_reader import read_mapping
from ra_bayes.cohort.value import Mistake, Number, read_number, read_value
from ra_bayes.errors import RaBayesError, SpecError
from ra_bayes.outcomes import OUTCOMES

quick = settings(max_examples=300, deadline=None)
# Texts that are nearly numbers, dates or names, which random letters never are.
numeric = st.text(st.sampled_from("0123456789.,-+eE<>≤ \u00a0'%/"), max_size=12)
dated = st.text(st.sampled_from("0123456789./- JanFebT:"), max_size=14)
PARTS = [
    "crp", "sdai", "haq", "vas", "das28", "esr", "il10", "tjc28", "mg", "dl", "L", "ml", "pg", "mm", "cm",
    "h", "w", "4", "12", "week", "month", "BL", "(", ")", "/", "-", "_", " ", "0", "10",
]  # fmt: skip
words = st.lists(st.sampled_from(PARTS), max_size=7).map("".join)


@quick
@example("1.234,5")
@example("1 234")
@given(st.one_of(numeric, st.text(max_size=8)))
def test_a_number_that_is_read_is_the_number_that_is_written(text: str) -> None:
    found = read_number(text)
    if isinstance(found, Mistake):
        assert found.what
        assert found.mend
        return
    written = number(text)
    assert written == ("", found.number)
    # What has a comma and three digits after it may be thousands.
    assert not (found.comma and len(text.strip().partition(",")[2]) == 3 and 1 <= abs(found.number) < 1000)


@quick
@given(
    st.decimals(-(10**6), 10**6, allow_nan=False, places=3),
    st.booleans(),
    st.sampled_from(["", "<", "> ", "≤"]),
)
def test_a_number_is_read_back_with_its_limit(value: Decimal, comma: bool, sign: str) -> None:
    text = sign + (f"{value:f}".replace(".", ",") if comma else f"{value:f}")
    found = read_value(text)
    if isinstance(found, Mistake):
        assert comma
        assert "could mark thousands" in found.what
        return
    assert (found.number, found.limit) == (value, sign.strip().replace("≤", "<"))


@quick
@example("00/04/2024")
@example("04/00/2024")
@given(st.one_of(dated, st.text(max_size=8)))
def test_any_text_is_a_date_or_is_none(text: str) -> None:
    for order in ("", "d/m/Y", "m/d/Y"):
        found = read_date(text, order)
        assert isinstance(found, date) or (found.what and found.mend)


@quick
@given(st.dates(date(1000, 1, 1)))
def test_a_date_is_read_back_however_it_is_written(day: date) -> None:
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    month = months[day.month - 1]
    for text in (
        day.isoformat(),
        f"{day.isoformat()}T08:30",
        f"{day.day}.{day.month}.{day.year}",
        f"{day.day:02}-{month}-{day.year}",
        f"{day.day:02}{month.upper()}{day.year}",
    ):
        assert read_date(text) == day
    assert read_date(f"{day.day}/{day.month}/{day.year}", "d/m/Y") == day
    assert read_date(f"{day.month}/{day.day}/{day.year}", "m/d/Y") == day


@quick
@given(st.one_of(words, st.text(max_size=10)))
def test_any_name_is_read_and_a_unit_is_one_of_its_outcome(name: str) -> None:
    read_visit(name)
    found = Names(OUTCOMES).read(name)
    assert all(outcome in OUTCOMES or outcome == "infusion" for outcome in found.outcomes)
    if found.unit:
        # The unit is written in the name, its slash apart.
        letters = [char for char in found.unit.casefold() if char.isalnum()]
        assert "".join(letters) in "".join(char for char in name.casefold() if char.isalnum())
        assert any(OUTCOMES[outcome].factor(found.unit) for outcome in found.outcomes)


@quick
@given(st.integers(0, 200), st.sampled_from(["W{}", "week {}", "wk_{}", "{} weeks", "Week.{}", "w{}"]))
def test_a_week_is_the_week_that_is_written(week: int, label: str) -> None:
    found = read_visit(label.format(week))
    assert found is not None
    assert (found.week, found.certain) == (week, True)


KEYS = st.sampled_from([*TableMapping.__dataclass_fields__, "schema", "x"])
VALUES = st.recursive(
    st.sampled_from(["crp", "?", "leave out", "", "row"]) | st.integers(-2, 9) | st.booleans() | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "outcome", "week"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return repr(value).lower() if isinstance(value, bool | float) else repr(value)


@quick
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_mapping_is_read_or_every_wrong_key_is_told(page: dict[str, object]) -> None:
    text = "\n".join(f"{key} = {toml(value)}" for key, value in ({"schema": 1} | page).items())
    refused: SpecError | None = None
    try:
        read_mapping(text)
    except SpecError as error:
        refused = error
    assert refused is None or all(problem.what and problem.mend for problem in refused.problems)


def cohort_of(grid: Sequence[Sequence[str]], layout: str, folder: Path) -> Cohort:
    text = io.StringIO()
    csv.writer(text).writerows(grid)
    (folder / "t.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
    (folder / "mapping.toml").write_text(PAGES.get(layout, ""), encoding="utf-8")
    return read_cohort(folder / "t.csv", mapping=folder / "mapping.toml" if layout in PAGES else None)


@pytest.mark.parametrize("layout", sorted({*LAYOUTS} - {"two headers"}))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_order_of_rows_and_columns_changes_nothing(
    layout: str, data: st.DataObject, tmp_path: Path
) -> None:
    header, *rows = LAYOUTS[layout]
    # REDCap's first column is the record, whatever it is called.
    first = 1 if "redcap" in layout else 0
    order = [*range(first), *data.draw(st.permutations(range(first, len(header))))]
    mixed: Grid = [header, *data.draw(st.permutations(rows))]
    other = cohort_of([[row[i] for i in order] for row in mixed], layout, tmp_path)
    plain = cohort_of(LAYOUTS[layout], layout, tmp_path)
    assert other.hash == plain.hash
    assert sum(each.count for each in other.left_out) == sum(each.count for each in plain.left_out)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_cell_that_changes_changes_one_record_or_is_refused(layout: str, tmp_path: Path) -> None:
    plain = {record[:3]: record[3] for record in cohort_of(LAYOUTS[layout], layout, tmp_path).records}
    for row, cells in enumerate(LAYOUTS[layout][1:], start=1):
        # The first column is the patient.
        for column, cell in [*enumerate(cells)][1:]:
            grid = [[*each] for each in LAYOUTS[layout]]
            found = read_number(cell)
            if not isinstance(found, Number) or not cell.replace(".", "").isdigit() or len(cell) < 2:
                continue
            grid[row][column] = f"{found.number + 1:f}"
            try:
                other = cohort_of(grid, layout, tmp_path)
            except RaBayesError:
                continue
            changed = {record[:3] for record in other.records if plain.get(record[:3]) != record[3]}
            stated = changed - {(each.patient, each.week, each.outcome) for each in other.computed}
            assert len(stated) <= 1, (row, column, stated)
