"""An empty sheet that a clinic can fill, and what to write into it; filled in, it is read as it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ra_bayes.errors import RaBayesError
from ra_bayes.files import atomic_file, write_text
from ra_bayes.outcome import Outcome
from ra_bayes.outcomes import get

if TYPE_CHECKING:
    from openpyxl.worksheet.datavalidation import DataValidation
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["CORE", "MOST_ROWS", "Template", "template", "write_template"]

CORE = ("tjc28", "sjc28", "vas", "patient_global", "physician_global", "haq", "esr", "crp")
"""What a sheet has if no outcomes are asked for: the core set and what composites are made of."""

MOST_ROWS = 10_000
_INFUSION = "infusion"
_MARGIN = 4


@dataclass(frozen=True, slots=True)
class Template:
    """An empty sheet, a row per patient and visit and a column per outcome.

    Parameters
    ----------
    header
        Names of the columns, with units.
    rows
        Patient and week, and blank cells.
    notes
        For each column: its name, what it is, and what to write.
    outcomes
        Outcome of each column from the third on; ``None`` for infusions.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[tuple[str, str, str], ...]
    outcomes: tuple[Outcome | None, ...]


def template(
    outcomes: Sequence[str] = CORE, *, weeks: Sequence[float] = (0, 4, 8, 12, 24), patients: int = 6
) -> Template:
    """Make an empty sheet for some outcomes, planned weeks and patients.

    Parameters
    ----------
    outcomes
        Identifiers of known outcomes.
    weeks
        Planned weeks; 0 is baseline, and has to be there.
    patients
        How many; they are numbered ``P1``, ``P2`` and so on, to be written over.

    Raises
    ------
    RaBayesError
        If an outcome is not known or named twice, weeks are not rising from 0, or there are too many rows.

    Examples
    --------
    >>> sheet = template(["sdai", "crp"], weeks=[0, 12], patients=2)
    >>> sheet.header
    ('patient', 'week', 'sdai (points)', 'crp (mg/L)', 'infusion')
    >>> sheet.rows[:2]
    (('P1', '0', '', '', ''), ('P1', '12', '', '', ''))
    """
    found = [get(outcome) for outcome in outcomes]
    if len({*outcomes}) < len(outcomes) or not found:
        raise RaBayesError(
            "outcomes of a template are named once each, and there is at least one; mend the list"
        )
    if not weeks or weeks[0] != 0 or [*weeks] != sorted({*weeks}):
        raise RaBayesError("the weeks of a template rise from 0, which is baseline; write such as 0,4,12")
    if not 1 <= patients <= MOST_ROWS // len(weeks):
        raise RaBayesError(f"a template has 1 to {MOST_ROWS // len(weeks)} patients at {len(weeks)} weeks")
    header = ("patient", "week", *map(_name, found), _INFUSION)
    blank = ("",) * (len(found) + 1)
    rows = tuple((f"P{who}", f"{week:g}", *blank) for who in range(1, patients + 1) for week in weeks)
    notes = (
        (
            "patient",
            "The patient's code",
            "One code per patient, in each of their rows; no name, no date of birth",
        ),
        ("week", "Weeks since baseline", "A number; 0 is baseline, before the first infusion"),
        *((_name(outcome), outcome.label, _how(outcome)) for outcome in found),
        (_INFUSION, "Whether cells were infused in this week", "yes, or leave it empty"),
    )
    return Template(header, rows, notes, (*found, None))


def _name(outcome: Outcome) -> str:
    return f"{outcome.id} ({outcome.unit})" if outcome.unit else outcome.id


def _how(outcome: Outcome) -> str:
    """Say what to write into a column, in words."""
    if outcome.kind == "binary":
        return "yes or no; leave it empty if it is not known"
    if outcome.lower is not None and outcome.upper is not None:
        span = f"from {outcome.lower:g} to {outcome.upper:g}"
    else:
        span = "above 0" if outcome.positive else "any number"
    step = f", in steps of {outcome.step:g}" if outcome.step is not None else ""
    limit = "; <0.5 if it was below a limit of 0.5" if outcome.positive else ""
    return f"A number {span}{step}{limit}; leave it empty if it is missing"


def write_template(sheet: Template, path: str | Path) -> tuple[Path, ...]:
    """Write a sheet to a file: ``.xlsx``, or ``.csv`` with its notes as a text file beside it.

    Parameters
    ----------
    sheet
        Of :func:`template`.
    path
        The file to write; its ending says as what.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    RaBayesError
        If the name has another ending, or there is such a file already.

    Examples
    --------
    >>> [file.name for file in write_template(template(["vas", "crp"], patients=2), "clinic.csv")]
    ['clinic.csv', 'clinic-notes.txt']
    """
    target = Path(path)
    beside = target.with_name(f"{target.stem}-notes.txt")
    for file in (target, beside) if target.suffix.lower() == ".csv" else (target,):
        if file.exists():
            raise RaBayesError(
                f"{file}: there is a file of this name, which may be filled in; give another name"
            )
    if target.suffix.lower() == ".xlsx":
        _write_workbook(sheet, target)
        return (target,)
    if target.suffix.lower() != ".csv":
        raise RaBayesError(f"{target}: a template is written as .csv or .xlsx; give it one of these endings")
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([sheet.header, *sheet.rows])
    lines = [f"How to fill {target.name}. Then: ra-bayes check {target.name}", ""]
    lines += [f"{name}: {what}. {how}." for name, what, how in sheet.notes]
    with atomic_file(target) as part:
        part.write_text(text.getvalue(), encoding="utf-8", newline="\n")
        # Both or none: a sheet that is there without its notes would not be written again.
        write_text(beside, "\n".join(lines) + "\n")
    return (target, beside)


def _write_workbook(sheet: Template, target: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    data = book.create_sheet("data")
    data.append(sheet.header)
    for who, week, *blank in sheet.rows:
        # Codes stay text: 01 must not become 1.
        data.append([who, float(week), *(None for _ in blank)])
    notes = book.create_sheet("how to fill it")
    del book["Sheet"]
    notes.append(["Column", "What it is", "What to write"])
    for row in sheet.notes:
        notes.append(row)
    for each in (data, notes):
        each.freeze_panes = "C2" if each is data else "A2"
        for position, cells in enumerate(each.iter_cols(), start=1):
            longest = max(len(str(cell.value or "")) for cell in cells)
            each.column_dimensions[get_column_letter(position)].width = longest + _MARGIN
            cells[0].font = Font(bold=True)
    for number in range(2, len(sheet.rows) + 2):
        data.cell(number, 1).number_format = "@"
    for position, (outcome, (_, what, how)) in enumerate(
        zip(sheet.outcomes, sheet.notes[2:], strict=True), start=3
    ):
        _add_rule(data, outcome, get_column_letter(position), len(sheet.rows), f"{what}. {how}.")
    content = io.BytesIO()
    book.save(content)
    with atomic_file(target) as part:
        part.write_bytes(content.getvalue())


def _add_rule(data: Worksheet, outcome: Outcome | None, letter: str, rows: int, told: str) -> None:
    """Let a column take only what can be a record of its outcome, and say what that is."""
    rule = _rule(outcome)
    rule.allow_blank = True
    rule.promptTitle, rule.prompt, rule.showInputMessage = "What to write", told[:255], True
    rule.errorTitle, rule.error, rule.showErrorMessage = "This cannot be", told[:255], True
    data.add_data_validation(rule)
    rule.add(f"{letter}2:{letter}{rows + 1}")


def _rule(outcome: Outcome | None) -> DataValidation:
    from openpyxl.worksheet.datavalidation import DataValidation

    if outcome is None:
        return DataValidation(type="list", formula1='"yes"')
    if outcome.kind == "binary":
        return DataValidation(type="list", formula1='"yes,no"')
    if outcome.positive or outcome.lower is None or outcome.upper is None:
        # A limit (<0.5) is text, which a rule for numbers would refuse.
        return DataValidation(type="textLength", operator="between", formula1="1", formula2="20")
    whole = outcome.step is not None and outcome.step == int(outcome.step)
    bounds = f"{outcome.lower:g}", f"{outcome.upper:g}"
    return DataValidation(
        type="whole" if whole else "decimal", operator="between", formula1=bounds[0], formula2=bounds[1]
    )
