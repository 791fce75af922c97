"""The synthetic cohort is what its script makes of a draw, and holds every published count."""

from __future__ import annotations

import csv
import importlib.util
import math
import os
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable
from itertools import islice
from types import ModuleType
from typing import Any

import pytest

from ra_bayes.outcomes import OUTCOMES
from ra_bayes.resources import data_dir

PATIENTS = [f"SYN-{number}" for number in range(1, 7)]
WEEKS = (0, 1, 4, 8, 12, 16, 24)
READINGS: dict[str, Callable[[float, float, float], bool]] = {
    "any_change": lambda start, now, _: now < start,
    "mcid": lambda start, now, mcid: start - now >= mcid,
    "fraction_20": lambda start, now, _: start - now >= 0.2 * start,
}
Record = dict[tuple[str, int], dict[str, str]]


def rows(name: str = "synthetic_cohort.csv") -> list[dict[str, str]]:
    with (data_dir() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def record() -> Record:
    visits: Record = defaultdict(dict)
    for row in rows():
        visits[row["patient"], int(row["week"])][row["outcome"]] = row["value"]
    return visits


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("made", data_dir() / "make_synthetic_cohort.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    with (data_dir() / "published" / "jamshidi2024.toml").open("rb") as file:
        return {fact["id"]: fact for fact in tomllib.load(file)["fact"]}


def fell(record: Record, patient: str, outcome: str, week: int, reading: str, mcid: float) -> bool:
    start, now = float(record[patient, 0][outcome]), float(record[patient, week][outcome])
    return READINGS[reading](start, now, mcid)


def bounds(text: str) -> tuple[float, float]:
    """Return the interval a record stands for: ``<2`` is anything from 0 to 2."""
    return (0.0, float(text[1:])) if text.startswith("<") else (float(text), float(text))


def test_the_file_is_what_the_script_makes() -> None:
    script = data_dir() / "make_synthetic_cohort.py"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, str(script), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr


def test_what_was_drawn_is_in_the_file(record: Record) -> None:
    """All but missed visits, values below a limit, scores that lack a component; ACR20 at week 16."""
    same = left_out = 0
    for row in rows("synthetic_draw.csv"):
        text = record[row["patient"], int(row["week"])].get(row["outcome"], "")
        if row["outcome"] == "acr20" and row["week"] != "16":
            continue
        if not text or text.startswith("<"):
            left_out += 1
            assert not text or float(row["value"]) < float(text[1:])
            continue
        same += 1
        assert float(text) == float(row["value"]), row
    assert same + left_out == 6 * (6 * 7 + 1)
    # Two visits of six outcomes, three rows, a global that leaves two scores out twice.
    assert left_out <= 2 * 6 + 1 + 4 + 3 * 6


@pytest.fixture(scope="module")
def draws(script: ModuleType) -> list[Record]:
    """Some draws of step 1: another machine may draw another cohort, and any will do."""
    return [
        {
            (patient, week): {id: f"{value:g}" for id, value in visit.items()}
            for patient, course in courses.items()
            for week, visit in course.items()
        }
        for courses in islice(script.drawn(7, 20), 5)
    ]


@pytest.mark.parametrize("reading", READINGS)
def test_what_the_script_draws_has_every_count(draws: list[Record], reading: str) -> None:
    for drawn in draws:
        improved = [p for p in PATIENTS if fell(drawn, p, "vas", 24, reading, 10)]
        assert len(improved) == 3
        assert sum(all(fell(drawn, p, "vas", week, reading, 10) for week in (12, 16)) for p in improved) == 2
        for id, mcid in (("sdai", 13), ("cdai", 12)):
            assert sum(fell(drawn, p, id, 24, reading, mcid) for p in PATIENTS) == 3
        assert sum(drawn[p, 16]["acr20"] == "1" for p in PATIENTS) == 4
        for id in ("tnf_alpha", "il17"):
            assert sum(fell(drawn, p, id, 24, reading, 0) for p in PATIENTS) == 5


def test_every_row_says_that_it_is_synthetic_and_is_given_once() -> None:
    table = rows()
    assert list(table[0]) == ["patient", "week", "outcome", "value", "unit", "lower_limit", "synthetic"]
    assert {row["synthetic"] for row in table} == {"yes"}
    assert sorted({row["patient"] for row in table}) == PATIENTS
    assert {int(row["week"]) for row in table} == set(WEEKS)
    keys = [(row["patient"], row["week"], row["outcome"]) for row in table]
    assert len(keys) == len(set(keys))


def test_values_are_in_canonical_units_within_bounds_and_on_their_steps() -> None:
    for row in rows():
        if row["outcome"] == "infusion":
            assert (row["value"], int(row["week"]) in (0, 4, 8)) == ("1", True)
            continue
        outcome = OUTCOMES[row["outcome"]]
        assert row["unit"] == outcome.unit
        if not row["value"]:
            continue
        low, high = bounds(row["value"])
        assert (outcome.lower or 0) <= low <= high <= (outcome.upper or math.inf), row
        if row["value"].startswith("<"):
            assert float(row["lower_limit"]) == high
        elif outcome.positive:
            assert low > 0
            assert not row["lower_limit"] or low >= float(row["lower_limit"])
        if outcome.step:
            assert low % outcome.step == 0


def test_each_patient_has_three_infusions() -> None:
    infusions = [(row["patient"], int(row["week"])) for row in rows() if row["outcome"] == "infusion"]
    assert sorted(infusions) == [(patient, week) for patient in PATIENTS for week in (0, 4, 8)]


def test_there_are_censored_records_missed_visits_and_missing_values(record: Record) -> None:
    values = [row["value"] for row in rows()]
    assert sum(value.startswith("<") for value in values) >= 5
    assert "" in values
    missed = [key for key in ((p, w) for p in PATIENTS for w in WEEKS) if "vas" not in record[key]]
    assert missed == [("SYN-3", 12), ("SYN-6", 1)]


def test_composites_follow_from_their_components(record: Record) -> None:
    checked = 0
    for visit in record.values():
        parts = {name: float(text) for name, text in visit.items() if text and not text.startswith("<")}
        if not {"tjc28", "sjc28", "patient_global", "physician_global", "crp", "esr"} <= parts.keys():
            continue
        joints, sqrt = parts["tjc28"] + parts["sjc28"], math.sqrt
        patient, crp = parts["patient_global"], parts["crp"]
        clinical = joints + patient / 10 + parts["physician_global"] / 10
        das = 0.56 * sqrt(parts["tjc28"]) + 0.28 * sqrt(parts["sjc28"]) + 0.014 * patient
        assert parts["cdai"] == pytest.approx(clinical, abs=1e-9)
        assert parts["sdai"] == pytest.approx(clinical + crp / 10, abs=1e-9)
        assert parts["das28_esr"] == pytest.approx(das + 0.70 * math.log(parts["esr"]), abs=0.0051)
        assert parts["das28_crp"] == pytest.approx(das + 0.36 * math.log(crp + 1) + 0.96, abs=0.0051)
        checked += 1
    assert checked >= 35


def test_acr20_follows_from_the_core_set(record: Record) -> None:
    five = ("vas", "patient_global", "physician_global", "haq", "crp")
    for (patient, week), visit in record.items():
        if not visit.get("acr20"):
            continue
        start = record[patient, 0]
        better = {
            id for id in ("tjc28", "sjc28", *five)
            if visit.get(id) and float(start[id]) - float(visit[id]) >= 0.2 * float(start[id]) - 1e-9
        }  # fmt: skip
        responds = {"tjc28", "sjc28"} <= better and len(better & set(five)) >= 3
        assert visit["acr20"] == str(int(responds)), (patient, week)


@pytest.mark.parametrize("reading", READINGS)
def test_vas_counts_hold_under_every_reading(record: Record, facts: dict[str, Any], reading: str) -> None:
    improved = [p for p in PATIENTS if fell(record, p, "vas", 24, reading, 10)]
    weeks = facts["vas_sustained"]["sustained_weeks"]
    sustained = [p for p in improved if all(fell(record, p, "vas", week, reading, 10) for week in weeks)]
    assert weeks == [12, 16, 24]
    assert len(improved) == facts["vas_improved"]["r"] == 3
    assert len(sustained) == facts["vas_sustained"]["r"] == 2


@pytest.mark.parametrize("reading", READINGS)
def test_sdai_and_cdai_fall_in_the_same_three(record: Record, facts: dict[str, Any], reading: str) -> None:
    by_sdai = [p for p in PATIENTS if fell(record, p, "sdai", 24, reading, 13)]
    by_cdai = [p for p in PATIENTS if fell(record, p, "cdai", 24, reading, 12)]
    assert by_sdai == by_cdai
    assert len(by_sdai) == facts["sdai_cdai_reduced"]["r"] == 3


def test_four_meet_acr20_at_week_16(record: Record, facts: dict[str, Any]) -> None:
    answers = [record[patient, 16]["acr20"] for patient in PATIENTS]
    assert answers.count("1") == facts["acr20_week16"]["r"] == 4
    assert answers.count("0") == 2


@pytest.mark.parametrize("fraction", [0.0, 0.2])
def test_cytokines_shift_in_the_same_five_whatever_lies_below_limits(
    record: Record, facts: dict[str, Any], fraction: float
) -> None:
    def moved(patient: str, outcome: str, sign: int) -> bool | None:
        start, now = bounds(record[patient, 0][outcome]), bounds(record[patient, 24][outcome])
        surely = (now[0] - start[1], start[0] - now[1])[sign < 0]
        at_most = (now[1] - start[0], start[1] - now[0])[sign < 0]
        needed = fraction * (start[1] if sign > 0 else start[0])
        if surely > 0 and surely >= needed - 1e-9:
            return True
        return False if at_most <= 0 else None

    shifts = {
        patient: [moved(patient, id, sign) for id, sign in (("il10", 1), ("tnf_alpha", -1), ("il17", -1))]
        for patient in PATIENTS
    }
    shifted = [patient for patient, answers in shifts.items() if answers == [True] * 3]
    assert len(shifted) == facts["il10_increased"]["r"] == facts["tnf_il17_decreased"]["r"] == 5
    assert [answers for p, answers in shifts.items() if p not in shifted] == [[False] * 3]


def test_the_cohort_is_active_disease_and_its_response_is_not_all_or_nothing(record: Record) -> None:
    assert all(OUTCOMES["sdai"].category(float(record[p, 0]["sdai"])) == "high" for p in PATIENTS)
    improvements = {
        p: tuple(fell(record, p, id, 24, "any_change", 0) for id in ("vas", "sdai")) for p in PATIENTS
    }
    assert {(True, True), (True, False), (False, True), (False, False)} == set(improvements.values())
