"""Scores and responses from components: published examples, a censored CRP, what a table says itself."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import shared_folder
from hypothesis import given, settings
from hypothesis import strategies as st
from test_limits import read

from ra_bayes.cli import main
from ra_bayes.cli.fitting import shipped_for
from ra_bayes.cohort import Cohort, overview_text
from ra_bayes.cohort.pseudonyms import pseudonymise

HEADER = "patient,week,outcome,value,unit\n"
UNITS = {"crp": "mg/L", "esr": "mm/h", "vas": "mm", "patient_global": "mm", "physician_global": "mm"}

type Visit = Mapping[str, float | str]


def table(visits: Mapping[tuple[str, float], Visit], units: Mapping[str, str] = UNITS) -> str:
    return HEADER + "".join(
        f"{patient},{week:g},{part},{value},{units.get(part, '')}\n"
        for (patient, week), visit in visits.items()
        for part, value in visit.items()
    )


def value_of(cohort: Cohort, outcome: str, week: float, patient: str = "A") -> float | None:
    found = [r.value for r in cohort.of(outcome) if (r.patient, r.week) == (patient, week)]
    return found[0] if found else None


def published() -> list[tuple[str, dict[str, float], str]]:
    file = shared_folder() / "facts" / "score_worked_examples.csv"
    if not file.is_file():
        pytest.skip("score_worked_examples.csv is not beside this checkout")
    with file.open(encoding="utf-8", newline="") as rows:
        return [
            (row["index"], json.loads(row["inputs_json"]), row["published_value"])
            for row in csv.DictReader(rows)
        ]


def test_published_scores_come_out_of_a_table_of_components(tmp_path: Path) -> None:
    """Each published example as a table in the units in which it was printed."""
    tested = 0
    for index, parts, value in published():
        scores = {"DAS28_ESR": "das28_esr", "DAS28_CRP": "das28_crp", "SDAI": "sdai", "CDAI": "cdai"}
        if index not in scores:
            continue
        named = {
            "TJC28": ("tjc28", ""), "SJC28": ("sjc28", ""), "GH_mm": ("patient_global", "mm"),
            "PtGA": ("patient_global", "cm"), "PhGA": ("physician_global", "cm"),
            "CRP_mg_L": ("crp", "mg/L"), "CRP_mg_dL": ("crp", "mg/dL"), "ESR_mm_h": ("esr", "mm/h"),
        }  # fmt: skip
        rows = "".join(
            f"A,0,{named[part][0]},{number},{named[part][1]}\n" if number else ""
            for part, number in parts.items()
        )
        rows += "".join(
            f"A,0,{named[part][0]},0,{named[part][1]}\n" for part, number in parts.items() if not number
        )
        cohort = read(tmp_path, HEADER + rows)
        computed = value_of(cohort, scores[index], 0)
        assert computed is not None
        decimals = len(value.partition(".")[2])
        # One example is printed as a whole number.
        assert abs(computed - float(value)) <= 0.5 * 10**-decimals + 1e-9, (index, parts)
        tested += 1
    assert tested == 13


def test_published_responses_come_out_of_a_table(tmp_path: Path) -> None:
    for index, parts, value in published():
        if index == "EULAR_response":
            visits = {
                ("A", 0.0): {"das28_esr": parts["DAS28_base"]},
                ("A", 12.0): {"das28_esr": parts["DAS28_now"]},
            }
            cohort = read(tmp_path, table(visits))
            assert value_of(cohort, "eular_good", 12) == (value == "good")
            assert value_of(cohort, "eular_response", 12) == (value in ("good", "moderate"))
        elif index == "Boolean2.0":
            rows = f"A,0,tjc28,{parts['TJC28']},\nA,0,sjc28,{parts['SJC28']},\n"
            rows += f"A,0,patient_global,{parts['PtGA_cm']},cm\nA,0,crp,{parts['CRP_mg_dL']},mg/dL\n"
            assert value_of(read(tmp_path, HEADER + rows), "boolean_remission", 0) == (value == "true")


FULL: Visit = {"tjc28": 4, "sjc28": 5, "patient_global": 50, "physician_global": 60, "crp": 7, "esr": 7}


def test_what_is_computed_is_flagged_counted_and_told(tmp_path: Path) -> None:
    cohort = read(tmp_path, table({("A", 0.0): FULL}))
    # CDAI 4 + 5 + 5 + 6 = 20; SDAI 20.7; DAS28-CRP 0.56*2 + 0.28*sqrt(5) + 0.36*ln(8) + 0.7 + 0.96 = 4.1547.
    by_hand = 0.56 * 2 + 0.28 * math.sqrt(5) + 0.36 * math.log(8) + 0.7 + 0.96
    assert value_of(cohort, "cdai", 0) == 20
    assert value_of(cohort, "sdai", 0) == 20.7
    assert value_of(cohort, "das28_crp", 0) == pytest.approx(by_hand, abs=1e-9)
    assert value_of(cohort, "das28_esr", 0) == pytest.approx(3.8082, abs=5e-5)
    assert {each.outcome for each in cohort.computed} == {
        "cdai", "sdai", "das28_crp", "das28_esr", "boolean_remission",
    }  # fmt: skip
    flagged = next(each for each in cohort.computed if each.outcome == "sdai")
    assert flagged.parts == ("tjc28", "sjc28", "patient_global", "physician_global", "crp")
    assert "sdai: computed from tjc28, sjc28, patient_global, physician_global and crp: 1" in cohort.notes
    assert len(cohort.records) - len(cohort.computed) == 6
    assert cohort.left_out == cohort.not_computed == ()


def test_components_in_a_sheet_and_in_other_units_give_the_same_scores(tmp_path: Path) -> None:
    long = read(tmp_path, table({("A", 0.0): FULL}))
    sheet = "patient,week,tjc28,sjc28,PtGA (cm),PhGA (cm),CRP (mg/dL),ESR (mm/hr)\nA,0,4,5,5,6,0.7,7\n"
    assert read(tmp_path, sheet).hash == long.hash


def test_a_missing_component_is_a_missing_score_and_named(tmp_path: Path) -> None:
    later = {part: value for part, value in FULL.items() if part != "crp"}
    cohort = read(tmp_path, table({("A", 0.0): FULL, ("A", 4.0): later}))
    assert value_of(cohort, "cdai", 4) == 20
    assert value_of(cohort, "sdai", 4) is None
    told = {(each.what, each.why) for each in cohort.not_computed}
    assert ("sdai", "crp is missing (row 8)") in told
    assert ("das28_crp", "crp is missing (row 8)") in told
    # With tender and swollen joints above 1 there is no remission, whatever the CRP.
    assert value_of(cohort, "boolean_remission", 4) == 0


def test_a_score_without_baseline_is_left_out_and_named(tmp_path: Path) -> None:
    first = {part: value for part, value in FULL.items() if part not in ("physician_global",)}
    cohort = read(tmp_path, table({("A", 0.0): first, ("B", 0.0): FULL, ("A", 4.0): {**first, "tjc28": 3}}))
    assert {each.patient for each in cohort.of("sdai")} == {"B"}
    whys = {each.why for each in cohort.not_computed if each.what == "sdai"}
    assert any(why.startswith("physician_global is missing (row") for why in whys)


def test_a_given_baseline_serves_a_computed_score(tmp_path: Path) -> None:
    # A CRP above its limit gives no SDAI, but the clinic wrote one down.
    visits = {("A", 0.0): {**FULL, "crp": ">200", "sdai": 45}, ("A", 4.0): FULL}
    cohort = read(tmp_path, table(visits))
    assert [value_of(cohort, "sdai", week) for week in (0, 4)] == [45, 20.7]
    assert [each.week for each in cohort.computed if each.outcome == "sdai"] == [4.0]


def test_a_score_that_is_given_is_kept_and_a_disagreement_told(tmp_path: Path) -> None:
    visits = {
        ("A", 0.0): {**FULL, "sdai": 20.7, "das28_crp": 4.15},
        ("A", 4.0): {**FULL, "sdai": 25.0},
        ("A", 8.0): FULL,
    }
    cohort = read(tmp_path, table(visits))
    assert [value_of(cohort, "sdai", week) for week in (0, 4, 8)] == [20.7, 25.0, 20.7]
    # The SDAI is computed for week 8 only, and DAS28-CRP for weeks 4 and 8.
    assert [(e.outcome, e.week) for e in cohort.computed if e.outcome in ("sdai", "das28_crp")] == [
        ("das28_crp", 4.0), ("das28_crp", 8.0), ("sdai", 8.0),
    ]  # fmt: skip
    (differs,) = cohort.disagreements
    assert differs[:6] == ("A", 4.0, "sdai", 25.0, 20.7, 20.7)
    assert (
        "sdai: given by the table and computed too: 2, of which 1 differ; those given are used"
        in cohort.notes
    )
    assert f"sdai of patient 'A' in week 4 (row {differs.row}): given 25, computed 20.70" in overview_text(
        cohort
    )
    hidden = pseudonymise(cohort, seed=1).cohort
    assert [each.patient for each in hidden.disagreements] == ["P1"]


@pytest.mark.parametrize(("given", "agrees"), [(20.7, True), (20.6, False), (20.74, False), (20.8, False)])
def test_scores_agree_to_the_decimals_they_are_written_with(
    tmp_path: Path, given: float, agrees: bool
) -> None:
    cohort = read(tmp_path, table({("A", 0.0): {**FULL, "sdai": given}}))
    assert (cohort.disagreements == ()) is agrees


def test_a_whole_column_of_rounded_scores_agrees(tmp_path: Path) -> None:
    # 20.7 is printed as 21 by software that rounds.
    assert read(tmp_path, table({("A", 0.0): {**FULL, "sdai": 21}})).disagreements == ()


def test_a_censored_crp_gives_the_two_ends_of_a_score(tmp_path: Path) -> None:
    cohort = read(tmp_path, table({("A", 0.0): {**FULL, "crp": "<5"}}))
    (sdai,) = cohort.of("sdai")
    # CDAI is 20, and a CRP from 0 to 5 mg/L adds 0 to 0.5.
    assert (sdai.value, sdai.width, sdai.limit) == (20.25, 0.5, "")
    (das28,) = cohort.of("das28_crp")
    assert das28.width == pytest.approx(0.36 * math.log(6), abs=1e-9)
    assert das28.value + das28.width / 2 == pytest.approx(
        0.56 * 2 + 0.28 * math.sqrt(5) + 0.36 * math.log(6) + 0.7 + 0.96, abs=1e-9
    )
    (note,) = [note for note in cohort.notes if note.startswith("sdai")]
    assert "1 of them between two ends at most 0.5 apart, since a component lies below its limit" in note
    # Any score between the ends agrees, and the record is of the interval.
    assert read(tmp_path, table({("A", 0.0): {**FULL, "crp": "<5", "sdai": 20.4}})).disagreements == ()
    assert len(read(tmp_path, table({("A", 0.0): {**FULL, "crp": "<5", "sdai": 20.6}})).disagreements) == 1


def test_a_score_of_two_ends_changes_the_hash_and_comes_back_from_a_dataframe(tmp_path: Path) -> None:
    from ra_bayes.cohort import read_cohort

    cohort = read(tmp_path, table({("A", 0.0): {**FULL, "crp": "<5"}}))
    assert read_cohort(cohort.to_dataframe()).records == tuple(
        record._replace(row=again.row)
        for record, again in zip(cohort.records, read_cohort(cohort.to_dataframe()).records, strict=True)
    )
    assert read_cohort(cohort.to_dataframe()).hash == cohort.hash


def test_a_crp_above_its_limit_and_an_esr_below_give_no_score(tmp_path: Path) -> None:
    cohort = read(tmp_path, table({("A", 0.0): {**FULL, "crp": ">200", "esr": "<2"}}))
    assert {each.outcome for each in cohort.computed} == {"cdai", "boolean_remission"}
    told = {(each.what, each.why.partition(" (")[0]) for each in cohort.not_computed}
    assert ("sdai", "crp is above a limit") in told
    assert (
        "das28_esr",
        "esr is under 1 mm/h or below a limit, and its logarithm is taken",
    ) in told


CORE: Visit = {
    "tjc28": 12, "sjc28": 10, "vas": 70, "patient_global": 70, "physician_global": 60, "haq": 1.5, "crp": 40,
}  # fmt: skip
# The core set of the example in acr_response: joints 33% and 20% down, pain 29%, physician 33%, CRP 50%.
AFTER: Visit = {
    "tjc28": 8, "sjc28": 8, "vas": 50, "patient_global": 65, "physician_global": 40, "haq": 1.375, "crp": 20,
}  # fmt: skip


def acr(cohort: Cohort, week: float = 12) -> tuple[float | None, ...]:
    return tuple(value_of(cohort, f"acr{percent}", week) for percent in (20, 50, 70))


def test_acr_responses_are_against_each_patient_s_own_baseline(tmp_path: Path) -> None:
    visits = {("A", 0.0): CORE, ("A", 12.0): AFTER, ("B", 0.0): AFTER, ("B", 12.0): AFTER}
    cohort = read(tmp_path, table(visits))
    assert acr(cohort) == (1, 0, 0)
    assert value_of(cohort, "acr20", 12, "B") == 0
    assert value_of(cohort, "acr20", 0) is None


def test_acr_with_missing_measures_is_told_only_where_they_do_not_decide(tmp_path: Path) -> None:
    # Pain, physician and CRP improved, so HAQ and the patient's global decide nothing.
    fewer = {part: value for part, value in AFTER.items() if part not in ("haq", "patient_global")}
    assert acr(read(tmp_path, table({("A", 0.0): CORE, ("A", 12.0): fewer}))) == (1, 0, 0)
    # Without the CRP it is two of three known ones, and the CRP would decide.
    fewer = {part: value for part, value in AFTER.items() if part != "crp"}
    cohort = read(tmp_path, table({("A", 0.0): CORE, ("A", 12.0): fewer}))
    assert acr(cohort) == (None, 0, 0)
    (told,) = [each for each in cohort.not_computed if each.what == "acr20"]
    assert told.why.startswith("it depends on what is missing: crp (row")
    before = {part: value for part, value in CORE.items() if part != "crp"}
    cohort = read(
        tmp_path,
        table({("A", 0.0): before, ("A", 12.0): AFTER, ("B", 0.0): CORE}).replace("A,12,crp,20,mg/L\n", ""),
    )
    (told,) = [each for each in cohort.not_computed if each.what == "acr20"]
    assert "crp at baseline, crp" in told.why


def test_acr_names_the_measures_that_the_table_never_has(tmp_path: Path) -> None:
    parts = {"tjc28": 12, "sjc28": 8, "patient_global": 65, "physician_global": 60, "crp": 23}
    later = {"tjc28": 6, "sjc28": 4, "patient_global": 40, "physician_global": 35, "crp": 9}
    cohort = read(tmp_path, table({("A", 0): parts, ("A", 4): later}))
    # Joints and CRP fell by half or more, the globals by 38% and 42%: pain and HAQ would decide.
    why = "it depends on what is missing: vas, haq, which the table does not have (row 7)"
    assert [(each.what, each.why) for each in cohort.not_computed] == [("acr50", why)]
    assert [value_of(cohort, outcome, 4) for outcome in ("acr20", "acr70")] == [1, 0]


def test_acr_with_a_censored_crp_is_told_where_it_does_not_matter(tmp_path: Path) -> None:
    # From 40 to below 5 it fell by more than 70%, wherever it lies; from below 5 nobody knows.
    low = read(tmp_path, table({("A", 0.0): CORE, ("A", 12.0): {**AFTER, "crp": "<5"}}))
    assert acr(low)[0] == 1
    unknown = {("A", 0.0): {**CORE, "crp": "<5"}, ("A", 12.0): {**AFTER, "crp": 3}}
    cohort = read(tmp_path, table(unknown))
    assert acr(cohort) == (None, 0, 0)
    (told,) = [each for each in cohort.not_computed if each.what == "acr20"]
    assert told.why.startswith("it depends on where below its limit a component lies")


def test_joints_of_68_and_66_come_before_those_of_28(tmp_path: Path) -> None:
    before = {**CORE, "tjc68": 30, "sjc66": 20}
    after = {**AFTER, "tjc68": 29, "sjc66": 10}
    cohort = read(tmp_path, table({("A", 0.0): before, ("A", 12.0): after}))
    assert acr(cohort) == (0, 0, 0)
    assert "tjc68" in next(each for each in cohort.computed if each.outcome == "acr20").parts


def test_a_response_that_is_given_is_kept_and_a_disagreement_told(tmp_path: Path) -> None:
    cohort = read(tmp_path, table({("A", 0.0): CORE, ("A", 12.0): {**AFTER, "acr20": 0}}))
    assert value_of(cohort, "acr20", 12) == 0
    assert [each[:6] for each in cohort.disagreements] == [("A", 12.0, "acr20", 0.0, 1.0, 1.0)]


def test_components_that_no_composite_is_made_of_change_nothing(tmp_path: Path) -> None:
    cohort = read(tmp_path, table({("A", 0.0): {"tjc28": 4, "sjc28": 5, "haq": 1}}))
    assert cohort.computed == cohort.notes == cohort.not_computed == ()


def test_a_table_too_large_for_scores_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ra_bayes.cohort.composites.MOST_RECORDS", 5)
    cohort = read(tmp_path, table({("A", 0.0): FULL}))
    assert cohort.computed == ()
    assert cohort.notes == (
        "scores are computed for tables of at most 5 records, and here are more: none was computed",
    )


def test_check_tells_what_was_computed_as_data(tmp_path: Path) -> None:
    file = tmp_path / "clinic.csv"
    file.write_text(table({("A", 0.0): {**FULL, "sdai": 25}}), encoding="utf-8")
    found = json.loads(CliRunner().invoke(main, ["check", str(file), "--json"]).stdout)
    parts = ["tjc28", "sjc28", "patient_global", "physician_global"]
    assert {"outcome": "cdai", "count": 1, "from": parts} in found["computed"]
    (differs,) = found["disagreements"]
    assert (differs["patient"], differs["given"], differs["low"]) == ("A", 25.0, 20.7)


def test_fitting_all_passes_over_what_was_only_computed_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The pages of SDAI and the like ask about week 24; nobody asked for the scores of week 4.
    parts = {"tjc28": 5, "sjc28": 4, "patient_global": 50, "physician_global": 40, "crp": 12}
    visits: dict[tuple[str, float], Visit] = {("A", 0): parts, ("A", 4): parts}
    assert [spec.name for spec in shipped_for(read(tmp_path, table(visits)))] == ["crp"]
    told = capsys.readouterr().err.splitlines()
    assert "model 'sdai' is passed over: sdai was computed, and not at week 24" in told
    assert [line.split("'")[1] for line in told] == ["acr20", "cdai", "das28_crp", "sdai"]
    # With a score of its own, or the week asked about, the model is fitted.
    given = read(tmp_path, table({("A", 0): {**parts, "sdai": 23}, ("A", 4): parts}))
    assert "sdai" in [spec.name for spec in shipped_for(given)]
    visits[("A", 24)] = parts
    assert {"sdai", "cdai", "das28_crp"} <= {spec.name for spec in shipped_for(read(tmp_path, table(visits)))}


@settings(max_examples=40, deadline=None)
@given(
    joints=st.tuples(st.integers(0, 28), st.integers(0, 28)),
    globals_mm=st.tuples(st.integers(0, 100), st.integers(11, 100)),
    crp=st.integers(11, 200),
    below=st.booleans(),
)
def test_any_components_give_the_formula(
    tmp_path_factory: pytest.TempPathFactory,
    joints: tuple[int, int],
    globals_mm: tuple[int, int],
    crp: int,
    below: bool,
) -> None:
    visit = {
        "tjc28": joints[0], "sjc28": joints[1], "patient_global": globals_mm[0],
        "physician_global": globals_mm[1], "crp": f"<{crp}" if below else crp,
    }  # fmt: skip
    cohort = read(tmp_path_factory.mktemp("parts"), table({("A", 0.0): visit}))
    clinical = sum(joints) + sum(globals_mm) / 10
    (cdai,), (sdai,) = cohort.of("cdai"), cohort.of("sdai")
    assert cdai.value == pytest.approx(clinical, abs=1e-9)
    assert sdai.value + sdai.width / 2 == pytest.approx(clinical + crp / 10, abs=1e-9)
    assert sdai.width == pytest.approx(crp / 10 if below else 0, abs=1e-9)
