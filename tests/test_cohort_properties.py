"""What holds for any table: it reads back, in any order of rows, and garbage never ends in a traceback."""

from __future__ import annotations

import csv
import io
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.cohort.rows import _SUMMARIES
from ra_bayes.errors import CohortError

quick = settings(max_examples=150, deadline=None)

ids = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
# Hypothesis tries the package's own words, and a row of means is no patient.
ids = ids.map(str.strip).filter(lambda text: text and " ".join(text.casefold().split()) not in _SUMMARIES)
weeks = st.integers(0, 52).map(float) | st.floats(0, 500, allow_nan=False)
concentrations = st.floats(1e-6, 1e6, allow_nan=False)
limits = st.sampled_from(["", "<", ">"])


def look(id: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", id).casefold().split())


@st.composite
def tables(draw: st.DrawFn) -> list[tuple[str, float, float, str]]:
    """Patients of one cytokine, each with a baseline: (patient, week, value, limit)."""
    rows = []
    for patient in draw(st.lists(ids, min_size=1, max_size=6, unique_by=look)):
        later = draw(st.lists(weeks.filter(bool), max_size=4, unique=True))
        rows += [(patient, week, draw(concentrations), draw(limits)) for week in [0.0, *later]]
    return rows


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cohort") / "cohort.csv"


def written(file: Path, rows: list[tuple[str, float, float, str]], delimiter: str = ",") -> Cohort:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["patient", "week", "outcome", "value", "unit"])
    writer.writerows(
        [patient, week, "il10", f"{limit}{value}", "pg/mL"] for patient, week, value, limit in rows
    )
    file.write_text(text.getvalue(), encoding="utf-8", newline="")
    return read_cohort(file)


@quick
@given(rows=tables(), delimiter=st.sampled_from(",;\t"))
def test_what_is_written_is_read(
    file: Path, rows: list[tuple[str, float, float, str]], delimiter: str
) -> None:
    cohort = written(file, rows, delimiter)
    assert sorted((r.patient, r.week, r.value, r.limit) for r in cohort.records) == sorted(rows)
    assert cohort.patients == tuple(dict.fromkeys(row[0] for row in rows))


@quick
@given(data=st.data(), rows=tables())
def test_hash_does_not_know_the_order_of_rows(
    file: Path, data: st.DataObject, rows: list[tuple[str, float, float, str]]
) -> None:
    assert written(file, data.draw(st.permutations(rows))).hash == written(file, rows).hash


@quick
@given(rows=tables())
def test_a_dataframe_reads_back(file: Path, rows: list[tuple[str, float, float, str]]) -> None:
    cohort = written(file, rows)
    assert read_cohort(cohort.to_dataframe()).hash == cohort.hash


def read_or_refuse(file: Path, content: bytes) -> None:
    """Either outcome is fine; any other exception is not."""
    file.write_bytes(content)
    refused = None
    try:
        assert read_cohort(file).records
    except CohortError as error:
        refused = error
    if refused is not None:
        assert refused.problems
        # A terminal has to be able to print it, whatever bytes were in the file.
        assert str(refused).encode("utf-8")


@quick
@given(content=st.binary(max_size=400))
def test_any_bytes(file: Path, content: bytes) -> None:
    read_or_refuse(file, content)


cells = st.one_of(
    st.text(max_size=8),
    st.from_regex(r"[<>=]{0,2} ?-?[0-9]{0,4}[.,]?[0-9]{0,4}(e[+-]?[0-9]{1,5})?", fullmatch=True),
    st.sampled_from(
        ["A", "0", "4", "vas", "crp", "haq", "acr20", "infusion", "BLQ", "ALQ", "yes", "cm", "mg/dL", '"']
    ),
)


@settings(quick, max_examples=400)
@given(rows=st.lists(st.lists(cells, min_size=9, max_size=9), max_size=6), tail=st.binary(max_size=20))
def test_any_cells_under_a_good_header(file: Path, rows: list[list[str]], tail: bytes) -> None:
    header = "patient,week,outcome,value,unit,lower_limit,upper_limit,limit,batch"
    text = "\n".join([header, *(",".join(row) for row in rows)])
    read_or_refuse(file, text.encode("utf-8", "surrogatepass") + tail)


BINARY = ("acr20", "eular_good", "boolean_remission")
ASSAYS = ("crp", "esr")
SCALES = ("tjc28", "sjc28", "tjc68", "sjc66", "patient_global", "physician_global", "vas", "haq")
SCORES = ("sdai", "cdai", "das28_crp", "das28_esr")


def cell(outcome: str) -> st.SearchStrategy[tuple[str, str, str]]:
    """Value, lower limit and batch of one record that may be."""
    if outcome in ASSAYS:
        limits = st.sampled_from([("", ""), ("0.5", ""), ("", "K1"), ("2", "K1"), ("1", "K2")])
        values = st.sampled_from(["1", "3", "<1", ">3", "", "BLQ"])
        return st.tuples(values, limits).map(lambda each: (each[0], *each[1]))
    values = st.sampled_from(["0", "1", ""] if outcome in BINARY else ["1", "2", "3", ""])
    return values.map(lambda value: (value, "", ""))


@st.composite
def scored(draw: st.DrawFn) -> list[tuple[str, ...]]:
    """Visits of two patients with components and scores, most of them with a baseline."""
    rows: list[tuple[str, ...]] = []
    for patient in "AB":
        for outcome in (*SCALES, *ASSAYS, *SCORES, *BINARY):
            visits = draw(st.lists(cell(outcome), max_size=2))
            # A later value without a baseline is refused, which other tests are about.
            if visits and (visits[0][0] or outcome in BINARY):
                rows += [(patient, week, outcome, *each) for week, each in zip("04", visits, strict=False)]
    return rows


@settings(quick, max_examples=150)
@given(rows=scored())
def test_any_components_are_computed_or_refused(file: Path, rows: list[tuple[str, ...]]) -> None:
    units = {"crp": "mg/L", "vas": "mm", "patient_global": "mm", "physician_global": "mm"}
    lines = [",".join([*row, units.get(row[2], "")]) for row in rows]
    text = "\n".join(["patient,week,outcome,value,lower_limit,batch,unit", *lines])
    read_or_refuse(file, text.encode())
    try:
        cohort = read_cohort(file)
    except CohortError:
        return
    # Everything in the table is recorded or named; what was computed is in no row of it.
    named = sum(each.count for each in cohort.left_out if each.of in ("values", "empty"))
    assert len(cohort.records) - len(cohort.computed) + named == len(rows)
    assert len({record[:3] for record in cohort.records}) == len(cohort.records)
    assert {each[:3] for each in cohort.computed} <= {record[:3] for record in cohort.records}
    assert read_cohort(cohort.to_dataframe()).hash == cohort.hash
