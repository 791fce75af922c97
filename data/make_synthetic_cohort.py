"""Make ``synthetic_cohort.csv``: six patients who do not exist, in line with the published counts.

No patient-level data of the six-patient trial are public. Each synthetic patient is first given a
pattern (which published counts they belong to, `PATTERNS`); then courses are drawn from baselines and
noise of comparable trials until the rounded record shows that pattern. Who has which pattern is our
choice: only the totals are published. Run it to write the file, with ``--check`` to compare. Seeded.
"""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

from ra_bayes import scores
from ra_bayes.outcomes import get
from ra_bayes.responses import AcrCoreSet, acr_response

FILE = Path(__file__).with_name("synthetic_cohort.csv")
SEED = 55387
WEEKS = (0, 1, 4, 8, 12, 16, 24)
INFUSION_WEEKS = (0, 4, 8)
COLUMNS = ("patient", "week", "outcome", "value", "unit", "lower_limit", "synthetic")

# Baseline mean and SD, then the SD of a repeated measurement, then the share of it that follows pain
# and joints. Baselines: means of the placebo arms of RADIATE and TARGET (pain, patient global, HAQ-DI),
# RADIATE (physician global), and midway between ACTION and the tocilizumab TNF-inhibitor failures (joint
# counts, with ACTION's SD); all in historical_controls.csv. Repeated measurement: Uhlig 2009, minimal
# detectable change 10-15% of the scale, so SEM 5.4 mm and 0.135 (HAQ-DI); patient global SEM 10.5 mm and
# swollen joints 1.19 from Egsmose 2016; tender joints 1.5 is ours.
SCALES = {
    "vas": (67.9, 20.0, 5.4, 1.0, 0.0),
    "patient_global": (69.9, 19.6, 10.5, 0.5, 0.5),
    "physician_global": (67.5, 16.1, 5.4, 0.2, 0.8),
    "haq": (1.75, 0.6, 0.135, 0.35, 0.25),
    "tjc28": (15.6, 7.2, 1.5, 0.2, 0.8),
    "sjc28": (9.7, 5.6, 1.19, 0.0, 1.0),
}
# Log-normal: baseline mean, log SD between patients, log SD of a repeat, lowest value reported. CRP and
# ESR midway between RADIATE and the tocilizumab group; CRP repeats with CV 42% (Macy 1997), ESR's 0.2 is
# ours. Cytokines: the trial's kits, units and limits are not public and kits differ 200-fold, so level
# and limit of quantification are ASSUMED; repeats CV 35%, within 21-57% (PMID 24128872). Treg/Th17, RF
# and anti-CCP: assumed throughout.
ASSAYS = {
    "esr": (47.6, 0.55, 0.20, 2.0),
    "crp": (31.9, 0.90, 0.41, 0.3),
    "il10": (1.6, 0.60, 0.34, 0.5),
    "il17": (6.0, 0.70, 0.34, 1.5),
    "tnf_alpha": (7.0, 0.60, 0.34, 2.0),
    "treg_th17": (1.4, 0.40, 0.25, 0.05),
    "rf": (140.0, 0.80, 0.10, 10.0),
    "anti_ccp": (180.0, 0.80, 0.10, 5.0),
}
CYTOKINES = ("il10", "il17", "tnf_alpha")
WEEKS_OF = {"treg_th17": (0, 4, 12, 24), "rf": (0, 12, 24), "anti_ccp": (0, 12, 24)}
FORMULAS: dict[str, tuple[Callable[..., float], tuple[str, ...]]] = {
    "sdai": (scores.sdai, ("physician_global", "crp")),
    "cdai": (scores.cdai, ("physician_global",)),
    "das28_esr": (scores.das28_esr, ("esr",)),
    "das28_crp": (scores.das28_crp, ("crp",)),
}
ARGUMENTS = {
    "patient_global": "patient_global_mm",
    "physician_global": "physician_global_mm",
    "crp": "crp_mg_l",
    "esr": "esr_mm_h",
}
DIGITS = {"sdai": 2, "cdai": 1, "das28_esr": 2, "das28_crp": 2, "crp": 1, "treg_th17": 2}
COMPOSITES = (*FORMULAS, "acr20")

type Visit = dict[str, float]
type Course = dict[int, Visit]


@dataclass(frozen=True)
class Pattern:
    """Which published counts a patient belongs to, and the typical benefit that leads there.

    Parameters
    ----------
    vas
        Pain at week 24: improved since week 12, improved but not throughout, or not improved.
    activity, acr20, cytokines
        SDAI and CDAI reduced at week 24; ACR20 at week 16; IL-10 up with TNF-alpha and IL-17 down.
    pain, joints
        Typical relative improvement at full effect.
    wanes
        Whether the benefit fades after week 12.
    """

    vas: Literal["sustained", "late", "no"]
    activity: bool
    acr20: bool
    cytokines: bool
    pain: float
    joints: float
    wanes: bool = False


PATTERNS = {
    "SYN-1": Pattern("sustained", True, True, True, pain=0.45, joints=0.55),
    "SYN-2": Pattern("no", False, True, True, pain=0.35, joints=0.45, wanes=True),
    "SYN-3": Pattern("no", False, False, False, pain=0.0, joints=0.0),
    "SYN-4": Pattern("sustained", True, True, True, pain=0.35, joints=0.45),
    "SYN-5": Pattern("late", False, False, True, pain=0.15, joints=0.05),
    "SYN-6": Pattern("no", True, True, True, pain=0.05, joints=0.6),
}

# What was not recorded: a whole visit (no row), one row, or a row with an empty value. Nothing that a
# published count needs.
MISSED_VISITS = {("SYN-3", 12), ("SYN-6", 1)}
MISSED_ROWS = {("SYN-2", 8, "haq"), ("SYN-4", 8, "il17"), ("SYN-5", 1, "physician_global")}
EMPTY_VALUES = {("SYN-1", 4, "treg_th17"), ("SYN-2", 12, "physician_global"), ("SYN-5", 4, "esr")}


def effect(rng: Random, size: float, wanes: bool) -> dict[int, float]:
    """Draw one patient's relative benefit by week: gradual onset, and for some a fading."""
    full = rng.gauss(size, 0.12)
    half_time = rng.lognormvariate(math.log(4.0), 0.4)
    fading = rng.uniform(3.0, 8.0) if wanes else math.inf
    return {
        week: full * (1 - 2 ** (-week / half_time)) * 2 ** (-max(0, week - 12) / fading) for week in WEEKS
    }


def draw(rng: Random, pattern: Pattern) -> Course:
    """Draw one complete course, rounded as it would be recorded."""
    severity, inflammation = rng.gauss(0, 1), rng.gauss(0, 1)
    pain, joints = (effect(rng, size, pattern.wanes) for size in (pattern.pain, pattern.joints))
    # A patient who reports a bad day does so in every question asked that day.
    mood = {week: rng.gauss(0, 1) for week in WEEKS}
    course: Course = {week: {} for week in WEEKS}
    for id, (mean, sd, repeat, with_pain, with_joints) in SCALES.items():
        start = mean + sd * (0.7 * severity + 0.7 * rng.gauss(0, 1))
        for week in WEEKS:
            benefit = with_pain * pain[week] + with_joints * joints[week]
            noise = repeat * (0.6 * mood[week] + 0.8 * rng.gauss(0, 1))
            course[week][id] = recorded(id, start * (1 - benefit) + noise)
    for id, (mean, between, repeat, lowest) in ASSAYS.items():
        shared = 0.7 * inflammation if id in ("esr", "crp") else 0.7 * rng.gauss(0, 1)
        start = math.log(mean) - between**2 / 2 + between * (shared + 0.7 * rng.gauss(0, 1))
        change = assay_change(rng, id, pattern, joints)
        for week in WEEKS_OF.get(id, WEEKS):
            value = math.exp(start + change[week] + repeat * rng.gauss(0, 1))
            course[week][id] = recorded(id, value if id in CYTOKINES else max(value, lowest))
    return course


def assay_change(rng: Random, id: str, pattern: Pattern, joints: dict[int, float]) -> dict[int, float]:
    """Draw the log change of an assay by week."""
    if id in ("esr", "crp"):
        return {week: 1.2 * math.log1p(-min(joints[week], 0.9)) for week in WEEKS}
    if id in ("rf", "anti_ccp"):  # drift that follows nothing clinical
        return {week: slope * week / 24 for slope in (rng.gauss(0.05, 0.25),) for week in WEEKS}
    size = rng.gauss(0.7, 0.25) if pattern.cytokines else rng.gauss(-0.1, 0.2)
    sign = 1 if id in ("il10", "treg_th17") else -1
    return {week: sign * size * (1 - 2 ** (-week / 5)) for week in WEEKS}


def recorded(id: str, value: float) -> float:
    """Round and clip a value to what a case report form would hold."""
    if id in CYTOKINES:
        return float(f"{value:.2g}") if value < 10 else float(f"{value:.3g}")
    outcome = get(id)
    clipped = min(max(value, outcome.lower or 0.0), outcome.upper or math.inf)
    if id == "haq":
        return round(clipped * 8) / 8
    return round(clipped, DIGITS.get(id, 0))


def composite(id: str, now: Visit, start: Visit) -> float | None:
    """Compute a composite from what was recorded; ``None`` where a component is missing."""
    if id == "acr20":
        answer = acr_response(core_set(start), core_set(now), percent=20)
        return None if answer is None else float(answer)
    formula, extra = FORMULAS[id]
    parts = ("tjc28", "sjc28", "patient_global", *extra)
    if not now.keys() >= set(parts):
        return None
    return round(formula(**{ARGUMENTS.get(part, part): now[part] for part in parts}), DIGITS[id])


def core_set(visit: Visit) -> AcrCoreSet:
    """Return the ACR core set of a visit, with 28 joints and CRP."""
    return AcrCoreSet(
        tjc=visit.get("tjc28"),
        sjc=visit.get("sjc28"),
        pain_mm=visit.get("vas"),
        patient_global_mm=visit.get("patient_global"),
        physician_global_mm=visit.get("physician_global"),
        haq=visit.get("haq"),
        acute_phase=visit.get("crp"),
    )


def improved(start: float, now: float, mcid: float) -> bool | None:
    """Say whether a decrease counts under every reading of "improved"; ``None`` if readings disagree."""
    if now >= start:
        return False
    return True if start - now >= mcid and start - now >= 0.2 * start else None


def cytokines_shift(course: Course) -> bool | None:
    """Say whether IL-10 rose and TNF-alpha and IL-17 fell by 20% at week 24, whatever lies below limits.

    ``False`` means that all three went the other way or stayed; ``None`` is anything between.
    """
    answers = []
    for id in CYTOKINES:
        limit = ASSAYS[id][3]
        first, last = (0, 24) if id == "il10" else (24, 0)
        low, high = course[first][id], course[last][id]
        shifted = high >= limit and high * 0.8 >= max(low, limit) and high >= 1.2 * max(low, limit)
        stayed = low >= limit and low >= max(high, limit)
        answers.append(True if shifted else False if stayed else None)
    return answers[0] if len(set(answers)) == 1 else None


def shows(course: Course, pattern: Pattern) -> bool:
    """Say whether a course has active disease at the start and exactly the pattern asked for.

    Scales start with room to move both ways (35-90 mm, ours): a pain of 100 at all visits tells nothing.
    """
    start = course[0]
    if any(not 35 <= start[id] <= 90 for id in ("vas", "patient_global", "physician_global")):
        return False
    activity = {id: {week: composite(id, course[week], start) or 0.0 for week in WEEKS} for id in COMPOSITES}
    if get("sdai").category(activity["sdai"][0]) != "high":
        return False
    if (activity["acr20"][16] == 1) != pattern.acr20 or cytokines_shift(course) is not pattern.cytokines:
        return False
    for id in ("sdai", "cdai"):
        mcid = get(id).mcid
        assert mcid is not None
        if improved(activity[id][0], activity[id][24], mcid.change) is not pattern.activity:
            return False
    vas = {week: improved(start["vas"], course[week]["vas"], 10.0) for week in (12, 16, 24)}
    if pattern.vas == "sustained":
        return all(vas.values())
    return vas[24] is (pattern.vas == "late") and (pattern.vas == "no" or False in vas.values())


def rows(patient: str, course: Course) -> list[tuple[str, ...]]:
    """Return the patient's rows as a trial's data manager would export them."""
    missing = MISSED_ROWS | EMPTY_VALUES
    made: list[tuple[str, ...]] = []
    for week in WEEKS:
        if week in INFUSION_WEEKS:
            made.append((patient, str(week), "infusion", "1", "", "", "yes"))
        if (patient, week) in MISSED_VISITS:
            continue
        visit = {id: value for id, value in course[week].items() if (patient, week, id) not in missing}
        values: dict[str, float | None] = {**visit}
        values |= {id: composite(id, visit, course[0]) for id in COMPOSITES if (id, week) != ("acr20", 0)}
        for id in (*SCALES, *ASSAYS, *COMPOSITES):
            value = values.get(id)
            if value is None and (patient, week, id) not in EMPTY_VALUES:
                continue
            limit = f"{ASSAYS[id][3]:g}" if id in CYTOKINES else ""
            text = "" if value is None else f"<{limit}" if limit and value < float(limit) else f"{value:g}"
            made.append((patient, str(week), id, text, get(id).unit, limit, "yes"))
    return made


def make() -> tuple[str, dict[str, int]]:
    """Return the file's text and, by patient, how many courses were drawn."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    tries = {}
    for patient, pattern in PATTERNS.items():
        rng = Random(f"{SEED} {patient}")
        tries[patient] = 1
        while not shows(course := draw(rng, pattern), pattern):
            tries[patient] += 1
        writer.writerows(rows(patient, course))
    return text.getvalue(), tries


def main() -> int:
    """Write the file, or with ``--check`` say whether it is what this script makes."""
    text, tries = make()
    print("courses drawn:", ", ".join(f"{patient} {count}" for patient, count in tries.items()))
    if "--check" not in sys.argv[1:]:
        FILE.write_text(text, encoding="utf-8", newline="\n")
    elif not FILE.is_file() or FILE.read_bytes() != text.encode():
        print(f"{FILE.name} is not what this script makes: run it without --check", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
