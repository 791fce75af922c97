"""Make ``synthetic_cohort.csv``: six patients who do not exist and have the published counts.

No patient-level data of the six-patient trial are public. In two steps:

1. ``--draw``: `ra_bayes.reconstruct` draws cohorts of what the facts speak of (pain, SDAI, CDAI, ACR20 and
   three cytokines), visit by visit as recorded, that have every published count. Patients are accepted who
   count alike under every reading of "improved", and for whom SDAI - CDAI is a CRP; so each cohort is a draw
   given the counts under all three readings. One is chosen with probability proportional to its weight,
   again and again until step 2 can be done, and written to ``synthetic_draw.csv``.
2. What is measured besides is filled in around it, patient by patient: components that add up to the drawn
   CDAI at every visit, CRP = 10 (SDAI - CDAI), a core set that makes the drawn ACR20 at week 16 true; then
   what depends on none of these. Values are taken out as in any trial: visits missed, assays below limits.

Without an option step 2 is done anew, with ``--check`` compared. Both steps are seeded; the draws of step 1
may differ between machines, step 2 does not.
"""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

import ra_bayes as rb
from ra_bayes import scores
from ra_bayes.outcomes import get
from ra_bayes.responses import AcrCoreSet, acr_response

type Array = NDArray[np.float64]
type Visit = dict[str, float]
type Course = dict[int, Visit]

FOLDER = Path(__file__).resolve().parent
FILE, DRAWN = FOLDER / "synthetic_cohort.csv", FOLDER / "synthetic_draw.csv"
# With patients of whom all readings say the same, cohorts of one reading are those of the others; under this
# one the weights are the most even.
FACTS, MODEL, READING = "jamshidi2024", "wide", "fraction_20"
# Seed 1 has the counts too, with a pain that moves by up to 70 mm between visits: no help in a demonstration.
SEED, COHORTS = 2, 6000
PATIENTS = tuple(f"SYN-{i}" for i in range(1, 7))
WEEKS, INFUSION_WEEKS = (0, 1, 4, 8, 12, 16, 24), (0, 4, 8)
COLUMNS = ("patient", "week", "outcome", "value", "unit", "lower_limit", "synthetic")

FROM_THE_DRAW = ("vas", "sdai", "cdai", "acr20", "il10", "tnf_alpha", "il17")
CYTOKINES = ("il10", "il17", "tnf_alpha")
COMPONENTS = ("tjc28", "sjc28", "patient_global", "physician_global")
ORDER = (
    *("vas", "patient_global", "physician_global", "haq", "tjc28", "sjc28", "esr", "crp"),
    *(*CYTOKINES, "treg_th17", "rf", "anti_ccp", "sdai", "cdai", "das28_esr", "das28_crp", "acr20"),
)
WEEKS_OF = {"treg_th17": (0, 4, 12, 24), "rf": (0, 12, 24), "anti_ccp": (0, 12, 24)}
MCID = {"vas": 10.0, "sdai": 13.0, "cdai": 12.0}

# How CDAI splits into tender and swollen joints and the two globals in cm: means of the placebo arms of
# RADIATE and TARGET (patient global), RADIATE (physician global), and midway between ACTION and the
# tocilizumab TNF-inhibitor failures (joints); all in historical_controls.csv.
SPLIT = {"tjc28": 15.6, "sjc28": 9.7, "patient_global": 6.99, "physician_global": 6.75}
# SD of a repeated measurement: joints 1.19 (Egsmose 2016, swollen), tender 1.5 ours; globals 10.5 and 5.4 mm
# (Egsmose 2016; Uhlig 2009).
REPEAT = {"tjc28": 1.5, "sjc28": 1.19, "patient_global": 1.05, "physician_global": 0.54}
# HAQ-DI: baseline mean and SD of the placebo arms of RADIATE and TARGET, SD of a repeat (Uhlig 2009).
HAQ = (1.75, 0.6, 0.135)
# Log-normal: baseline mean, log SD between patients, log SD of a repeat, lowest value reported. ESR midway
# between RADIATE and the tocilizumab group, its repeat ours; Treg/Th17, RF and anti-CCP assumed throughout.
ASSAYS = {
    "esr": (47.6, 0.55, 0.20, 2.0),
    "treg_th17": (1.4, 0.40, 0.25, 0.05),
    "rf": (140.0, 0.80, 0.10, 10.0),
    "anti_ccp": (180.0, 0.80, 0.10, 5.0),
}
# CRP of patients who are seen as outpatients, ours; the lowest that is reported.
CRP = (0.3, 80.0)
TRIES, MOST_CHOICES, MOST_CENSORED = 2000, 20_000, 6

# What was not recorded: a whole visit (no row), one row, or a row with an empty value. Nothing that a
# published count needs: other draws are not used.
MISSED_VISITS = {("SYN-3", 12), ("SYN-6", 1)}
MISSED_ROWS = {("SYN-2", 8, "haq"), ("SYN-4", 8, "il17"), ("SYN-5", 1, "physician_global")}
EMPTY_VALUES = {("SYN-1", 4, "treg_th17"), ("SYN-2", 12, "physician_global"), ("SYN-5", 4, "esr")}


def acceptable(records: Mapping[str, Array]) -> NDArray[np.bool_]:
    """Say of which patients every reading says the same, and whose records can have components."""

    def moved(outcome: str, week: int, sign: int = -1) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Say who moved by enough for every reading, and who did by too little for any."""
        start, now = records[outcome][..., 0], records[outcome][..., WEEKS.index(week)]
        change, least = sign * (now - start), np.maximum(MCID.get(outcome, 0.0), 0.2 * start)
        return (change > 1e-9) & (change >= least - 1e-9), change <= 1e-9

    if "vas" in records:
        (late, not_late), (w12, not12), (w16, not16) = (moved("vas", week) for week in (24, 12, 16))
        room = (records["vas"][..., 0] >= 35) & (records["vas"][..., 0] <= 90)
        return np.asarray(room & (not_late | (late & ((w12 & w16) | not12 | not16))))
    if "sdai" in records:
        (sdai, not_sdai), (cdai, not_cdai) = moved("sdai", 24), moved("cdai", 24)
        crp = 10.0 * (records["sdai"] - records["cdai"])
        possible = ((crp >= CRP[0] - 1e-9) & (crp <= CRP[1])).all(axis=-1)
        active = records["sdai"][..., 0] > 26.0
        return np.asarray(active & possible & ((sdai & cdai) | (not_sdai & not_cdai)))
    if "il10" in records:
        (il10, not10), (tnf, not_tnf), (il17, not17) = (
            moved(id, 24, sign) for id, sign in (("il10", 1), ("tnf_alpha", -1), ("il17", -1))
        )
        return np.asarray((il10 & tnf & il17) | (not10 & not_tnf & not17))
    return np.ones(next(iter(records.values())).shape[:-1], dtype=bool)


def drawn(seed: int, cohorts: int) -> Iterator[dict[str, Course]]:
    """Yield cohorts that reconstruct drew, each as often as its weight says, without end."""
    facts = FOLDER / "published" / f"{FACTS}.toml"
    made = rb.reconstruct(facts, MODEL, cohorts, seed=seed, reading=READING, accept=acceptable)
    rng = np.random.default_rng(seed)
    while True:
        cohort = made.cohorts[int(rng.choice(len(made), p=made.weights / made.weights.sum()))]
        courses: dict[str, Course] = {patient: {week: {} for week in WEEKS} for patient in PATIENTS}
        for record in cohort.records:
            courses[record.patient][int(record.week)][record.outcome] = round(record.value, 6)
        yield courses


def recorded(id: str, value: float) -> float:
    """Round and clip a value to what a case report form would hold."""
    outcome = get(id)
    clipped = min(max(value, outcome.lower or 0.0), outcome.upper or math.inf)
    return round(clipped * 8) / 8 if id == "haq" else round(clipped, 2 if id == "treg_th17" else 0)


def filled(patient: str, course: Course) -> Course | None:
    """Return a patient's course with every outcome, or ``None`` if no components were found."""
    rng = Random(f"{SEED} {patient}")
    out: Course = {
        week: {**visit, "crp": round(10.0 * (visit["sdai"] - visit["cdai"]), 1)}
        for week, visit in course.items()
    }
    split = {id: size * rng.lognormvariate(0.0, 0.2) for id, size in SPLIT.items()}
    haq = HAQ[0] + HAQ[1] * (0.5 * (course[0]["cdai"] - 31.0) / 13.0 + 0.85 * rng.gauss(0, 1))
    for week in WEEKS:
        start, now = out[0], out[week]
        for _ in range(TRIES):
            parts = components(rng, split, now)
            if parts is None or (not week and not 35 <= min(parts[2:]) <= max(parts[2:]) <= 90):
                continue
            now |= dict(zip(COMPONENTS, parts, strict=True))
            benefit = 0.35 * fall(start, now, "vas") + 0.25 * fall(start, now, "cdai")
            now["haq"] = recorded("haq", haq * (1 - benefit) + HAQ[2] * rng.gauss(0, 1))
            if week != 16 or responds(start, now) == (now["acr20"] == 1.0):
                break
        else:
            return None
    for id, (mean, between, repeat, lowest) in ASSAYS.items():
        change = assay_change(rng, id, out)
        level = math.log(mean) - between**2 / 2 + between * rng.gauss(0, 1)
        for week in WEEKS_OF.get(id, WEEKS):
            value = math.exp(level + change[week] + repeat * rng.gauss(0, 1))
            out[week][id] = recorded(id, max(value, lowest))
    return out


def components(rng: Random, split: Visit, visit: Visit) -> tuple[int, ...] | None:
    """Draw joints and globals of which the visit's CDAI is the sum; ``None`` if the draw cannot be."""
    size = visit["cdai"] / sum(split.values())
    expected = {id: size * share for id, share in split.items()}
    # A patient in pain says so in both questions; the rest makes up for it.
    global_cm = 0.5 * expected["patient_global"] + 0.05 * visit["vas"]
    rest = max(visit["cdai"] - global_cm, 0.0) / (visit["cdai"] - expected["patient_global"] + 1e-9)
    expected = {id: rest * each for id, each in expected.items()} | {"patient_global": global_cm}
    tender, swollen = (
        round(min(max(rng.gauss(expected[id], REPEAT[id]), 0.0), 28.0)) for id in ("tjc28", "sjc28")
    )
    patient = round(
        min(max(10.0 * rng.gauss(expected["patient_global"], REPEAT["patient_global"]), 0.0), 100.0)
    )
    physician = round(10.0 * (visit["cdai"] - tender - swollen)) - patient
    # Far from what is expected is seldom, not impossible: the spread of a sum of four.
    far = (physician / 10.0 - expected["physician_global"]) / 2.0
    if not 0 <= physician <= 100 or rng.random() > math.exp(-0.5 * far**2):
        return None
    return tender, swollen, patient, physician


def fall(start: Visit, now: Visit, id: str) -> float:
    """Return the relative improvement, -1 to 1."""
    return min(max(1.0 - now[id] / max(start[id], 1.0), -1.0), 1.0)


def assay_change(rng: Random, id: str, course: Course) -> dict[int, float]:
    """Draw the log change of an assay by week."""
    if id == "esr":
        return {week: 0.4 * math.log(course[week]["crp"] / course[0]["crp"]) for week in WEEKS}
    if id in ("rf", "anti_ccp"):  # drift that follows nothing clinical
        slope = rng.gauss(0.05, 0.25)
        return {week: slope * week / 24 for week in WEEKS}
    rose = course[24]["il10"] > course[0]["il10"]
    size = rng.gauss(0.7, 0.25) if rose else rng.gauss(-0.1, 0.2)
    return {week: size * (1 - 2 ** (-week / 5)) for week in WEEKS}


def responds(start: Visit, now: Visit) -> bool | None:
    """Say whether ACR20 is met, with 28 joints and CRP; ``None`` where missing measures decide."""

    def core_set(visit: Visit) -> AcrCoreSet:
        return AcrCoreSet(
            tjc=visit.get("tjc28"),
            sjc=visit.get("sjc28"),
            pain_mm=visit.get("vas"),
            patient_global_mm=visit.get("patient_global"),
            physician_global_mm=visit.get("physician_global"),
            haq=visit.get("haq"),
            acute_phase=visit.get("crp"),
        )

    return acr_response(core_set(start), core_set(now), percent=20)


def composites(now: Visit, start: Visit, week: int) -> Visit:
    """Return the scores of what was recorded at a visit; those that lack a component are left out."""
    answer = responds(start, now) if week else None
    out = {} if answer is None else {"acr20": float(answer)}
    if not now.keys() >= {"tjc28", "sjc28", "patient_global"}:
        return out
    joints = {"tjc28": now["tjc28"], "sjc28": now["sjc28"], "patient_global_mm": now["patient_global"]}
    if "esr" in now:
        out["das28_esr"] = round(scores.das28_esr(**joints, esr_mm_h=now["esr"]), 2)
    out["das28_crp"] = round(scores.das28_crp(**joints, crp_mg_l=now["crp"]), 2)
    if "physician_global" in now:
        joints["physician_global_mm"] = now["physician_global"]
        out["cdai"] = round(scores.cdai(**joints), 1)
        out["sdai"] = round(scores.sdai(**joints, crp_mg_l=now["crp"]), 2)
    return out


def limit_of(id: str, courses: Mapping[str, Course]) -> float:
    """Return the assay's limit: the highest of a round series that hides few values, and no count."""
    series = (
        step * 10.0**power
        for power in range(3, -4, -1)
        for step in (8.0, 6.0, 5.0, 4.0, 3.0, 2.5, 2.0, 1.5, 1.2, 1.0)
    )
    for limit in series:
        below = sum(visit[id] < limit for course in courses.values() for visit in course.values())
        ends = [sorted((course[0][id], course[24][id])) for course in courses.values()]
        # A change is told if the higher of the two is 25% above what the lower may be.
        if below <= MOST_CENSORED and all(high >= 1.25 * limit for low, high in ends if low < limit):
            return limit
    raise ValueError(f"no limit for {id}")


def rows(courses: Mapping[str, Course]) -> list[tuple[str, ...]]:
    """Return the table as a trial's data manager would export it."""
    limits = {id: limit_of(id, courses) for id in CYTOKINES}
    missing = MISSED_ROWS | EMPTY_VALUES
    made: list[tuple[str, ...]] = []
    for patient, course in courses.items():
        for week in WEEKS:
            if week in INFUSION_WEEKS:
                made.append((patient, str(week), "infusion", "1", "", "", "yes"))
            if (patient, week) in MISSED_VISITS:
                continue
            visit = {
                id: value
                for id, value in course[week].items()
                if id not in ("sdai", "cdai", "acr20") and (patient, week, id) not in missing
            }
            visit |= composites(visit, course[0], week)
            for id in ORDER:
                if id not in visit and (patient, week, id) not in EMPTY_VALUES:
                    continue
                limit = limits.get(id, 0.0)
                text = "" if id not in visit else f"<{limit:g}" if visit[id] < limit else f"{visit[id]:g}"
                made.append(
                    (patient, str(week), id, text, get(id).unit, f"{limit:g}" if limit else "", "yes")
                )
    return made


def completed(courses: Mapping[str, Course]) -> dict[str, Course] | None:
    """Return every patient's course filled in, or ``None`` if one cannot be, or a missed visit was needed."""
    for patient, week in MISSED_VISITS:
        if week in (12, 16) and courses[patient][24]["vas"] < courses[patient][0]["vas"]:
            return None
    out = {}
    for patient, course in courses.items():
        whole = filled(patient, course)
        if whole is None:
            return None
        out[patient] = whole
    return out


def written(table: Sequence[tuple[str, ...]]) -> str:
    """Return rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *table])
    return text.getvalue()


def read_draw() -> dict[str, Course]:
    """Return the cohort of step 1."""
    courses: dict[str, Course] = {patient: {week: {} for week in WEEKS} for patient in PATIENTS}
    with DRAWN.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            courses[row["patient"]][int(row["week"])][row["outcome"]] = float(row["value"])
    return courses


def main() -> int:
    """Do both steps (``--draw``), or the second, or say whether the file is what that makes (``--check``)."""
    if "--draw" in sys.argv[1:]:
        some = islice(drawn(SEED, COHORTS), MOST_CHOICES)
        courses = next((each for each in some if completed(each) is not None), None)
        if courses is None:
            print(f"no components found in {MOST_CHOICES} choices: take another seed", file=sys.stderr)
            return 1
        table = [
            (patient, str(week), id, f"{course[week][id]:g}", get(id).unit, "", "yes")
            for patient, course in courses.items()
            for week in WEEKS
            for id in FROM_THE_DRAW
            if id in course[week]
        ]
        DRAWN.write_text(written(table), encoding="utf-8", newline="\n")
    whole = completed(read_draw())
    if whole is None:
        print(f"no components found for {DRAWN.name}: run it with --draw", file=sys.stderr)
        return 1
    text = written(rows(whole))
    if "--check" not in sys.argv[1:]:
        FILE.write_text(text, encoding="utf-8", newline="\n")
    elif not FILE.is_file() or FILE.read_bytes() != text.encode():
        print(f"{FILE.name} is not what this script makes: run it without --check", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
