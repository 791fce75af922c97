"""A good table becomes a frozen cohort, in canonical units, with what was done to it on record."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

import ra_bayes.errors
from ra_bayes.cohort import Cohort, Conversion, Infusion, LeftOut, Record, read_cohort
from ra_bayes.errors import CohortError, RaBayesError
from ra_bayes.model.records import grid
from ra_bayes.model.spec_reader import load_model

GOOD = """\
patient,week,outcome,value,unit,lower_limit,site
001,0,vas,8.05,cm,,Tehran
001,4,vas,3.5,cm,,Tehran
01E5,0,vas,60,mm,,
01E5,4,vas,,mm,,
001,0,tnf_alpha,12.5,pg/mL,0.5,
001,4,tnf_alpha,0.3,pg/mL,0.5,
001,12,tnf_alpha,BLQ,pg/mL,0.5,
01E5,0,tnf_alpha,>200,,,
01E5,4,acr20,yes,,,
001,0,infusion,1,,,
001,4,infusion,1,,,
01E5,0,infusion,1,,,
P9,0,infusion,1,,,
"""


def write(folder: Path, text: str, name: str = "cohort.csv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8", newline="")
    return file


@pytest.fixture
def good(tmp_path: Path) -> Cohort:
    return read_cohort(write(tmp_path, GOOD))


def test_records_are_in_canonical_units_and_sorted(good: Cohort) -> None:
    assert good.of("vas") == (
        Record("001", 0.0, "vas", 80.5, "", 2),
        Record("001", 4.0, "vas", 35.0, "", 3),
        Record("01E5", 0.0, "vas", 60.0, "", 4),
    )
    assert [record.outcome for record in good.records] == ["acr20"] + ["tnf_alpha"] * 4 + ["vas"] * 3


def test_limits_are_records_of_what_is_known(good: Cohort) -> None:
    assert [(record.value, record.limit) for record in good.of("tnf_alpha")] == [
        (12.5, ""), (0.5, "<"), (0.5, "<"), (200.0, ">"),
    ]  # fmt: skip
    assert good.limits("tnf_alpha") == (0.5,)
    assert good.limits("vas") == ()
    assert good.notes == (
        "tnf_alpha: no unit is given, taken as pg/mL: 1",
        "tnf_alpha: numbers under their row's lower limit, read as < that limit: 1",
    )


def test_the_cohort_says_what_it_holds(good: Cohort) -> None:
    assert (good.name, good.source, good.synthetic) == ("cohort", "cohort.csv", False)
    assert good.patients == ("001", "01E5")
    assert good.weeks == (0.0, 4.0, 12.0)
    assert good.outcomes == ("vas", "tnf_alpha", "acr20")
    assert good.definitions["vas"].unit == "mm"
    assert good.baseline("vas", "001").value == 80.5
    with pytest.raises(RaBayesError, match="no acr20 at week 0"):
        good.baseline("acr20", "01E5")


def test_infusions_are_events_of_each_patient(good: Cohort) -> None:
    assert good.infusion_weeks == (0.0, 4.0)
    assert good.infusions == (Infusion("001", 0.0), Infusion("01E5", 0.0), Infusion("001", 4.0))


def test_nothing_is_converted_or_left_out_silently(good: Cohort) -> None:
    assert good.conversions == (Conversion("vas", "cm", "mm", 10.0, 2),)
    assert good.left_out == (
        LeftOut("column 'site'", 2, "not a column of a long table"),
        LeftOut("missing vas", 1, "the value is empty (row 5)"),
        LeftOut("patient 'P9'", 1, "no row of this patient holds a measured value"),
    )


def test_an_empty_value_is_missing_even_beside_a_lower_limit(tmp_path: Path) -> None:
    text = "patient,week,outcome,value,lloq\nA,0,il10,5,1\nA,4,il10,NA,1\nA,8,il10,.,1\n"
    cohort = read_cohort(write(tmp_path, text))
    assert len(cohort.records) == 1
    assert cohort.left_out == (LeftOut("missing il10", 2, "the value is empty (rows 3, 4)"),)


def test_a_limit_is_converted_with_its_value(tmp_path: Path) -> None:
    text = "patient,week,outcome,value,unit,lower_limit\nA,0,crp,0.02,mg/dL,0.05\nA,4,crp,1.15,mg/dL,0.05\n"
    cohort = read_cohort(write(tmp_path, text))
    assert [(record.value, record.limit) for record in cohort.records] == [(0.5, "<"), (11.5, "")]
    assert cohort.limits("crp") == (0.5,)


def test_content_is_frozen_and_travels(good: Cohort) -> None:
    with pytest.raises(FrozenInstanceError):
        good.name = "other"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(good)) == good
    assert copy.deepcopy(good) == good
    assert len({good, copy.copy(good)}) == 1


def test_hash_is_of_the_content(tmp_path: Path, good: Cohort) -> None:
    lines = GOOD.splitlines(keepends=True)
    shuffled = read_cohort(write(tmp_path, lines[0] + "".join(reversed(lines[1:])), "other.csv"))
    assert shuffled.hash == good.hash
    assert shuffled.patients != good.patients
    in_mm = read_cohort(write(tmp_path, GOOD.replace("3.5,cm", "35,mm")))
    assert in_mm.hash == good.hash
    for old, new in [("3.5,cm", "3.6,cm"), (">200", "200"), ("001,4,infusion", "001,8,infusion")]:
        assert read_cohort(write(tmp_path, GOOD.replace(old, new))).hash != good.hash


def test_hash_does_not_change_with_the_release(tmp_path: Path) -> None:
    # Stored fits carry it: a change here makes every stored result stale.
    cohort = read_cohort(write(tmp_path, "patient,week,outcome,value\nA,0,haq,1.5\n"))
    assert cohort.hash == "a8aaa800c2bde8f14f1bd9a3420d6247a3582ba66a56de6bdd691bd94461cfb4"


def test_a_column_without_a_name_counts_only_if_it_holds_something(tmp_path: Path) -> None:
    trailing = "patient,week,outcome,value,\nA,0,haq,1.5,\n"
    assert read_cohort(write(tmp_path, trailing)).left_out == ()
    (left,) = read_cohort(write(tmp_path, trailing.replace("1.5,", "1.5,x"))).left_out
    assert (left.what, left.count) == ("column 5, without a name", 1)


def test_some_patients_only(good: Cohort) -> None:
    one = good.only(patients=["01E5"])
    assert one.patients == ("01E5",)
    assert one.outcomes == ("vas", "tnf_alpha", "acr20")
    assert one.infusions == (Infusion("01E5", 0.0),)
    assert one.left_out[-1] == LeftOut("patient '001'", 5, "not asked for")
    assert one.hash != good.hash
    assert good.only(patients=good.patients) == good
    assert good.only(patients=["001"]).outcomes == ("vas", "tnf_alpha")


def test_patients_asked_for_must_exist(good: Cohort) -> None:
    with pytest.raises(CohortError, match="'1': there is no such patient in the cohort; write 001"):
        good.only(patients=["1"])
    with pytest.raises(CohortError, match="no patient is asked for"):
        good.only(patients=[])


@pytest.mark.parametrize("mark", [";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_other_delimiters_and_line_ends(tmp_path: Path, good: Cohort, mark: str, ending: str) -> None:
    text = GOOD.replace(",", mark).replace("\n", ending)
    assert read_cohort(write(tmp_path, "\ufeff" + text)).records == good.records


def test_header_spelling_and_blanks_do_not_matter(tmp_path: Path) -> None:
    text = ' Patient ,WEEKS,"Outcome",Value,Lower Limit,Units\n\n A , 0 ,CRP, 12 , 5 ,MG/L\n,,,,,\n'
    assert read_cohort(write(tmp_path, text)).records == (Record("A", 0.0, "crp", 12.0, "", 3),)


def test_decimal_commas_are_read_where_they_cannot_be_thousands(tmp_path: Path) -> None:
    text = "patient;week;outcome;value\nA;0;crp;12,5\nA;0,5;crp;0,125\nA;2;crp;812,5678\n"
    cohort = read_cohort(write(tmp_path, text))
    assert [(record.week, record.value) for record in cohort.records] == [
        (0.0, 12.5),
        (0.5, 0.125),
        (2.0, 812.5678),
    ]
    assert cohort.notes == (
        "crp: no unit is given, taken as mg/L: 3",
        "values with a comma, read as the decimal mark: 3",
    )


def test_text_stays_text(tmp_path: Path) -> None:
    ids = ["001", "1", "01E5", "NA", "nan", "1.0", "=1+2", "<script>", "Ω-٣", "a,b", 'say "x"']
    rows = "".join(f'"{id.replace(chr(34), chr(34) * 2)}",0,haq,1.5\n' for id in ids)
    assert read_cohort(write(tmp_path, "patient,week,outcome,value\n" + rows)).patients == tuple(ids)


def test_a_synthetic_cohort_says_so_in_its_name(tmp_path: Path) -> None:
    file = write(tmp_path, "patient,week,outcome,value,synthetic\nA,0,haq,1.5,yes\nA,4,haq,1,Yes\n")
    assert read_cohort(file).synthetic
    assert read_cohort(file).name == "cohort (synthetic)"
    assert read_cohort(file, name="Six synthetic patients").name == "Six synthetic patients"


def test_a_dataframe_is_read_as_its_file(tmp_path: Path, good: Cohort) -> None:
    import pandas as pd

    frame = pd.read_csv(write(tmp_path, GOOD), dtype=str)
    cohort = read_cohort(frame, name="cohort")
    assert (cohort.records, cohort.left_out, cohort.conversions, cohort.hash) == (
        good.records, good.left_out, good.conversions, good.hash,
    )  # fmt: skip
    assert cohort.source == "DataFrame"


def test_dataframe_numbers_are_read_by_their_value() -> None:
    import pandas as pd

    frame = pd.DataFrame({"patient": [1, 1], "week": [0, 4], "outcome": "haq", "value": [1.5, None]})
    cohort = read_cohort(frame)
    assert cohort.records == (Record("1", 0.0, "haq", 1.5, "", 2),)
    assert cohort.left_out[0].count == 1
    answers = pd.DataFrame({"patient": ["A"], "week": [4], "outcome": ["acr20"], "value": [True]})
    assert read_cohort(answers).records[0].value == 1.0


def test_to_dataframe_reads_back(good: Cohort) -> None:
    frame = good.to_dataframe()
    assert list(frame.columns) == ["patient", "week", "outcome", "value", "unit", "limit", "synthetic"]
    again = read_cohort(frame)
    assert [record[:5] for record in again.records] == [record[:5] for record in good.records]


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(TypeError, match="a path or a DataFrame, not list"):
        read_cohort([("A", 0, "haq", 1.5)])  # type: ignore[arg-type]


def test_reading_a_file_imports_no_heavy_package(tmp_path: Path) -> None:
    code = (
        "import sys; from ra_bayes.cohort import read_cohort; read_cohort(sys.argv[1]); "
        "print(sorted({'pandas', 'numpy', 'pymc', 'scipy', 'xarray'} & set(sys.modules)))"
    )
    package = Path(ra_bayes.errors.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code, str(write(tmp_path, GOOD))],
        capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(package)},
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


def test_sleepstudy_with_an_outcome_of_the_users_own(sleepstudy_table, reaction, tmp_path) -> None:
    cohort = read_cohort(sleepstudy_table, outcomes=[reaction], name="sleepstudy")
    assert (len(cohort.patients), len(cohort.records), cohort.weeks) == (
        18,
        180,
        tuple(map(float, range(10))),
    )
    assert cohort.baseline("reaction", "308").value == 249.56
    sleepstudy_table.to_csv(tmp_path / "sleepstudy.csv", index=False)
    assert read_cohort(tmp_path / "sleepstudy.csv", outcomes=[reaction]).records == cohort.records
    assert read_cohort(cohort.to_dataframe(), outcomes=[reaction]).hash == cohort.hash


def test_302_real_patients_with_missing_visits(arthritis_table, self_assessment) -> None:
    cohort = read_cohort(arthritis_table, outcomes=[self_assessment])
    assert len(cohort.patients) == 302
    assert len(cohort.records) == 302 * 4 - 18
    assert cohort.weeks == (0.0, 4.0, 13.0, 22.0)
    assert [gap.count for gap in cohort.left_out] == [18]


ARMS = """\
patient,week,outcome,value,unit,arm
01,0,vas,80,mm,treated
01,24,vas,50,mm,treated
02,0,vas,60,mm,control
02,24,vas,58,mm,control
"""


def test_a_patients_arm_is_kept_and_travels_with_the_table(tmp_path: Path) -> None:
    cohort = read_cohort(write(tmp_path, ARMS))
    assert cohort.arms == (("01", "treated"), ("02", "control"))
    assert cohort.patients_of("control") == ("02",)
    assert read_cohort(cohort.to_dataframe()).arms == cohort.arms
    assert cohort.only(patients=["01"]).arms == (("01", "treated"),)
    assert cohort.hash != read_cohort(write(tmp_path, ARMS.replace("control", "placebo"))).hash


def test_a_patient_in_two_arms_or_in_none_is_told(tmp_path: Path) -> None:
    two = ARMS.replace("02,24,vas,58,mm,control", "02,24,vas,58,mm,treated")
    with pytest.raises(CohortError, match=r"patient '02' is in arm 'control' \(row 4\) and in arm 'treated'"):
        read_cohort(write(tmp_path, two))
    none = ARMS.replace(",control", ",")
    with pytest.raises(CohortError, match="patient '02' is in no arm, and others are in treated"):
        read_cohort(write(tmp_path, none))


def test_a_model_of_one_arm_does_not_take_two(tmp_path: Path) -> None:
    with pytest.raises(ra_bayes.errors.FitError, match=r"has 2 arms \(control, treated\)"):
        grid(load_model("vas"), read_cohort(write(tmp_path, ARMS)))
