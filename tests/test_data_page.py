"""docs/data.md says what the readers do: its page loads; keys, layouts and defaults are the code's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_docs import first_column, section, text

from ra_bayes.cohort import read_cohort
from ra_bayes.cohort.layouts.visit_names import read_visit
from ra_bayes.cohort.mapping import LAYOUTS, Dates, TableMapping
from ra_bayes.cohort.mapping_reader import read_mapping
from ra_bayes.errors import SpecError
from ra_bayes.outcomes import get

PAGE = re.findall(r"^```toml complete\n(.*?)^```", text("data.md"), flags=re.MULTILINE | re.DOTALL)[0]
WRONG = {
    "Keys of the mapping": "schema = 1\nqqqqqqqq = 1\n",
    "Keys of a column": 'schema = 1\ncolumns.x = { outcome = "crp", qqqqqqqq = 1 }\n',
    "Keys of limits": 'schema = 1\n[[limits]]\noutcome = "crp"\nlower = 5\nqqqqqqqq = 1\n',
    "Keys of dates": 'schema = 1\ndates = { column = "x", qqqqqqqq = 1 }\n',
    "Keys of leave_out": 'schema = 1\n[[leave_out]]\nrow = 2\nwhy = "x"\nqqqqqqqq = 1\n',
}


@pytest.mark.parametrize("heading", WRONG)
def test_keys_are_those_of_the_reader(heading: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_mapping(WRONG[heading])
    (problem,) = caught.value.problems
    known = set(problem.mend.removeprefix("known here: ").split(", "))
    # A section of the third level ends at the next one; section() goes on to the second level.
    assert set(first_column(section(text("data.md"), heading).split("\n### ")[0])) == known


def test_layouts_are_the_reader_s() -> None:
    assert first_column(section(text("data.md"), "Layouts")) == [*LAYOUTS]


def test_defaults_are_the_reader_s() -> None:
    mapping = TableMapping()
    assert (mapping.visit_unit, mapping.decimal_mark) == ("labels", "both")
    assert Dates("x").window_days == 3
    assert read_visit("month 1") == (4.0, False)


def test_units_are_the_reader_s() -> None:
    rows = section(text("data.md"), "Units").splitlines()
    for row in (line for line in rows if line.startswith("| `") or line.startswith("| VAS")):
        outcomes, own, others = (cell.strip() for cell in row.strip("|").split("|"))
        for id in ("vas", "patient_global") if outcomes == "VAS" else re.findall(r"`(\w+)`", outcomes):
            units = get(id).units
            assert {own, *re.findall(r"`([^`]+)`", others)} == {*units}, id


def test_the_page_reads_a_table(tmp_path: Path) -> None:
    file, mapping = tmp_path / "clinic.csv", tmp_path / "mapping.toml"
    mapping.write_text(PAGE)
    file.write_text(
        "ID,Visit,Group,DAS28,CRP,Change,Height\n001,Screening,1,6,2,None,1\n001,V1,1,5.5,1.2,None,1\n"
        "001,V2,1,4,0.1,Some,1\n002,V1,2,5,2,None,1\n002,V2,2,-99,ND,Much,1\n007,V1,1,5,2,None,1\n"
    )
    cohort = read_cohort(file, mapping=mapping)
    assert cohort.arms == (("001", "treated"), ("002", "control"))
    assert [(each.patient, each.value) for each in cohort.of("global_change")] == [
        ("001", 0.0), ("001", 1.0), ("002", 0.0), ("002", 2.0),
    ]  # fmt: skip
    assert [(each.value, each.limit) for each in cohort.of("crp")] == [(12.0, ""), (3.0, "<"), (20.0, "")]
