"""A cohort file whose identifiers break careless writers: markup, formulas, quotes, emoji, 300 characters.

No patient stands behind it, and it says so. Outcomes: vas, sdai, haq, il10 (a record below its limit), acr20.
"""

from __future__ import annotations

import csv
from pathlib import Path

from ra_bayes.cohort import Cohort, read_cohort

SCRIPT = "<script>alert('x')</script>"
FORMULA = "=cmd|'/c calc'!A0"
QUOTES = 'O\'Brien "\\end{tabular}" & 100% $x_1$ #2 {{ 7*7 }} ^~'
EMOJI = "患者 🦴👩🏽‍⚕️ Пациент é"
# Right-to-left letters, an override that would turn what follows round, a bell and a line break.
TURNED = "مريض \u202eabc\u202c\x07\nlast"
LONG = "0123456789" * 30
PATIENTS = (SCRIPT, FORMULA, QUOTES, EMOJI, TURNED, LONG)

FILE_NAME = "=1+1 <b>nasty & $100% {x}_^ 🦴.csv"
WEEKS = (0, 4, 16, 24)


def nasty_file(folder: Path, *, arms: bool = False) -> Path:
    """Write the table into a folder; with arms that are named as badly."""
    path = folder / FILE_NAME
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ("patient", "week", "outcome", "value", "unit", "synthetic", *(["arm"] if arms else []))
        )
        for number, patient in enumerate(PATIENTS):
            arm = [("+active <b>", "@control & $")[number % 2]] if arms else []
            for row in _rows(number):
                writer.writerow((patient, *row, "yes", *arm))
    return path


def nasty_cohort(folder: Path, *, arms: bool = False) -> Cohort:
    """Read it back as a cohort."""
    return read_cohort(nasty_file(folder, arms=arms))


def _rows(number: int) -> list[tuple[object, ...]]:
    """One patient's rows: all improve a little; the third misses week 16, the last has left by then."""
    rows: list[tuple[object, ...]] = [(0, "infusion", 1, "")]
    for step, week in enumerate(WEEKS):
        if (number == 2 and week == 16) or (number == 5 and week >= 16):
            continue
        rows += [
            (week, "vas", 70 - 4 * number - 7 * step, "mm"),
            (week, "sdai", round(34.0 + 1.3 * number - 4.6 * step, 1), ""),
            (week, "haq", 1.875 - 0.125 * ((number + 2 * step) % 5), ""),
            (
                week,
                "il10",
                "<0.5" if number == 1 and week == 0 else round(1.1 + 0.4 * number + 0.9 * step, 2),
                "pg/mL",
            ),
        ]
        if week:
            rows.append((week, "acr20", int((number + step) % 2 == 0), ""))
    return rows
