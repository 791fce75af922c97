"""A mapping's page of TOML -> :class:`TableMapping`; every wrong key is told at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from ra_bayes.cohort.mapping import LAYOUTS, OPEN, AssayLimit, Column, Dates, LeaveOut, TableMapping
from ra_bayes.errors import Problem, SpecError
from ra_bayes.outcome import Outcome
from ra_bayes.outcome_page import define_outcome
from ra_bayes.toml_page import TomlTable, begin_page, page_text

__all__ = ["load_mapping", "read_mapping"]

_LEAVE_OUT = "leave out"
_COLUMN_KEYS = (
    "patient",
    "visit",
    "arm",
    "outcome",
    "value",
    "unit",
    "limit",
    "lower_limit",
    "upper_limit",
    "batch",
)
_NOT_KNOWN = f'write the week, a number such as 12, or "{_LEAVE_OUT}"'
_FORMATS = ("Y-m-d", "d.m.Y", "d/m/Y", "m/d/Y")


def load_mapping(source: str | PathLike[str] | TableMapping) -> TableMapping:
    """Read a mapping from its file; one that is read already is returned as it is.

    Parameters
    ----------
    source
        A page of TOML (docs/data.md).

    Returns
    -------
    TableMapping
        What :func:`~ra_bayes.read_cohort` takes as its `mapping`.

    Raises
    ------
    RaBayesError
        If the file cannot be read.
    SpecError
        With every wrong key, each with its mend.

    Examples
    --------
    >>> from pathlib import Path
    >>> page = 'schema = 1\\nlayout = "outcomes"\\n[columns]\\nPain = "vas"\\n'
    >>> _ = Path("clinic.toml").write_text(page, encoding="utf-8")
    >>> load_mapping("clinic.toml").columns["Pain"].outcome
    'vas'
    """
    if isinstance(source, TableMapping):
        return source
    path = Path(source)
    return read_mapping(page_text(path, "mapping"), path.name)


def read_mapping(toml: str, source: str = "mapping") -> TableMapping:
    """Read a mapping from the text of its page.

    Raises
    ------
    SpecError
        With every wrong key, each with its mend.

    Examples
    --------
    >>> page = '''
    ... schema = 1
    ... layout = "visits"
    ... patient = "ID"
    ... [visits]
    ... V1 = 0
    ... V2 = 12
    ... "V screening" = "leave out"
    ... '''
    >>> read_mapping(page).visits
    {'V1': 0.0, 'V2': 12.0, 'V screening': None}
    """
    page, problems = begin_page(toml, source)
    named = {key: page.text(key, "give the name of a column", required=False) for key in _COLUMN_KEYS}
    for key in (key for key, text in named.items() if text == OPEN):
        page.problem(key, "is not known yet", "give the name of a column", OPEN)
    mapping = TableMapping(
        layout=page.choice("layout", LAYOUTS, ""),
        visit_unit=page.choice("visit_unit", ("labels", "weeks", "days", "months"), "labels"),  # type: ignore[arg-type]
        week=_week(page, "week"),
        measure=page.text("measure", "give the identifier of an outcome", required=False),
        timepoint=_timepoint(page),
        synthetic=page.flag("synthetic", "write true or false")
        if page.raw("synthetic") is not None
        else None,
        missing=page.texts("missing", 'give a list of texts such as ["-99", "ND"]', required=False),
        below=page.texts("below", 'give a list of texts such as ["n.d."]', required=False),
        decimal_mark=page.choice("decimal_mark", ("both", ".", ","), "both"),  # type: ignore[arg-type]
        visits=_visits(page),
        columns=_columns(page, "columns"),
        parameters=_columns(page, "parameters"),
        covariates=_texts(
            page, "covariates", 'write [covariates] and lines such as age = "AGE"', "give the column"
        ),
        limits=_limits(page, problems),
        units=_units(page),
        arms=_texts(page, "arms", 'write [arms] and lines such as "1" = "treated"', "give its name"),
        dates=_dates(page),
        leave_out=_leave_out(page, problems),
        outcomes=_outcomes(page, problems),
        **named,
    )
    for text in {text.casefold() for text in mapping.below} & {text.casefold() for text in mapping.missing}:
        page.problem("below", "is a code of missing values too", "keep it in one of the two lists", text)
    page.finish()
    if problems:
        raise SpecError(source, problems)
    return mapping


def _week(table: TomlTable, key: str) -> float | None:
    """Read a week that may be absent; NaN is never returned."""
    if table.raw(key) is None:
        return None
    week = table.number(key, "write the week as a number, baseline is 0", at_least=0)
    return None if math.isnan(week) else week


def _visits(page: TomlTable) -> Mapping[str, float | None]:
    table = page.table("visits", 'write [visits] and lines such as "V2" = 12', required=False)
    weeks: dict[str, float | None] = {}
    for label in _keys(page.raw("visits")):
        value = table.raw(label) if table is not None else None
        if value == _LEAVE_OUT:
            weeks[label] = None
        elif table is not None and isinstance(value, str):
            what = "is not known yet" if value == OPEN else "is not a week"
            table.problem(label, what, _NOT_KNOWN, value)
        elif table is not None:
            weeks[label] = table.number(label, _NOT_KNOWN, at_least=0)
    return weeks


def _keys(table: object) -> list[str]:
    return [*table] if isinstance(table, Mapping) else []


def _columns(page: TomlTable, key: str) -> Mapping[str, Column]:
    """Read ``[columns]`` or ``[parameters]``: a text is the outcome, a table says more."""
    mend = f'write [{key}] and lines such as "CRP" = {{ outcome = "crp", unit = "mg/L" }}'
    table = page.table(key, mend, required=False)
    found: dict[str, Column] = {}
    for name in _keys(page.raw(key)):
        value = table.raw(name) if table is not None else None
        if table is None:
            continue
        if isinstance(value, Mapping):
            entry = table.table(name, "")
            if entry is not None:
                found[name] = _column(entry)
        elif value == OPEN or not isinstance(value, str) or not value.strip():
            what = "is not known yet" if value == OPEN else "is no outcome"
            told = f'write the identifier of an outcome, or "{_LEAVE_OUT}"'
            table.problem(name, what, told, value)
        else:
            found[name] = Column("" if value.strip() == _LEAVE_OUT else value.strip())
    return found


def _column(entry: TomlTable) -> Column:
    outcome = entry.text("outcome", "give the identifier of an outcome")
    if outcome == OPEN:
        entry.problem("outcome", "is not known yet", "write the identifier of an outcome", outcome)
    column = Column(
        outcome=outcome,
        unit=entry.text("unit", "give the unit, or leave it out", required=False),
        unit_column=entry.text("unit_column", "give the name of a column", required=False),
        week=_week(entry, "week"),
        visit=entry.text("visit", "give the visit's label, as under [visits]", required=False),
        lower_limit=_limit(entry, "lower_limit", "lower"),
        lower_limit_column=entry.text("lower_limit_column", "give the name of a column", required=False),
        answers=_answers(entry),
        upper_limit=_limit(entry, "upper_limit", "upper"),
        upper_limit_column=entry.text("upper_limit_column", "give the name of a column", required=False),
    )
    if column.week is not None and column.visit:
        entry.problem("visit", "is given beside a week", "keep one of the two", column.visit)
    for each, other in (
        ("unit", "unit_column"),
        ("lower_limit", "lower_limit_column"),
        ("upper_limit", "upper_limit_column"),
    ):
        if each in entry and other in entry:
            entry.problem(other, f"is given beside {each}", "keep one of the two")
    entry.finish()
    return column


def _limit(entry: TomlTable, key: str, side: str) -> str:
    """Read a limit of quantification that may be absent, as text."""
    if entry.raw(key) is None:
        return ""
    limit = entry.number(key, f"give the {side} limit of quantification as a number above 0", above=0)
    return "" if math.isnan(limit) else f"{limit:.15g}"


def _answers(entry: TomlTable) -> tuple[tuple[str, str], ...]:
    table = entry.table("answers", "write answers = { None = 0, Some = 1 }", required=False)
    if table is None:
        return ()
    told = "give the number that the answer stands for"
    numbers = {text: table.number(text, told) for text in _keys(entry.raw("answers"))}
    return tuple((text, f"{number:.15g}") for text, number in numbers.items())


def _limits(page: TomlTable, problems: list[Problem]) -> tuple[AssayLimit, ...]:
    """Read ``[[limits]]``; the same batch of an outcome is named once."""
    found: list[AssayLimit] = []
    for number, each in enumerate(page.tables("limits", "give outcome, batch, and lower or upper"), 1):
        entry = TomlTable(each, problems, f"limits.{number}")
        limit = AssayLimit(
            outcome=entry.text("outcome", "give the identifier of an outcome"),
            batch=entry.text("batch", "give the batch as the table writes it, in quotes", required=False),
            lower=_limit(entry, "lower", "lower"),
            upper=_limit(entry, "upper", "upper"),
            unit=entry.text("unit", "give the unit of the limits, or leave it out", required=False),
        )
        if "lower" not in entry and "upper" not in entry:
            entry.problem("", "has no limit", "give lower, or upper, or both")
        if any(limit[:2] == other[:2] for other in found):
            of = (
                f"{limit.outcome} in batch {limit.batch!r}" if limit.batch else f"{limit.outcome} in all rows"
            )
            entry.problem("batch", f"has limits of {of} a second time", "keep one")
        entry.finish()
        found.append(limit)
    return tuple(found)


def _units(page: TomlTable) -> Mapping[str, Mapping[str, float]]:
    """Read ``[units.OUTCOME]``: what a value in each unit is multiplied by to get the outcome's own."""
    mend = 'write [units.crp] and lines such as "nmol/L" = 0.115'
    table = page.table("units", mend, required=False)
    found: dict[str, Mapping[str, float]] = {}
    for outcome in _keys(page.raw("units")):
        entry = table.table(outcome, mend) if table is not None else None
        if table is None or entry is None:
            continue
        told = "give the number that a value in this unit is multiplied by"
        factors = {unit: entry.number(unit, told, above=0) for unit in _keys(table.raw(outcome))}
        found[outcome] = {unit: factor for unit, factor in factors.items() if not math.isnan(factor)}
    return found


def _texts(page: TomlTable, key: str, mend: str, told: str) -> Mapping[str, str]:
    table = page.table(key, mend, required=False)
    if table is None:
        return {}
    return {name: table.text(name, told) for name in _keys(page.raw(key))}


def _timepoint(page: TomlTable) -> str:
    mend = "give the timepoint as ATPT has it"
    timepoint = page.text("timepoint", mend, required=False)
    if timepoint == OPEN:
        page.problem("timepoint", "is not known yet", mend, timepoint)
    return timepoint


def _dates(page: TomlTable) -> Dates | None:
    table = page.table("dates", "write [dates] with column and first_infusion", required=False)
    if table is None:
        return None
    mend = "give the column with each patient's first infusion, one date such as 2024-01-31, or first date"
    first = table.text("first_infusion", mend, required=False)
    if first == OPEN:
        table.problem("first_infusion", "is not known yet", mend, first)
    dates = Dates(
        column=table.text("column", "give the name of the column with the date of each row"),
        first_infusion=first,
        format=table.choice("format", _FORMATS, ""),
        weeks=table.rising("weeks", "give the planned weeks, such as [0, 4, 12]", required=False),
        window_days=table.number("window_days", "give days, such as 3", default=3.0, at_least=0),
    )
    if "window_days" in table and not dates.weeks and "weeks" not in table:
        table.problem("window_days", "is given without weeks", "give the planned weeks, or leave it out")
    table.finish()
    return dates


def _leave_out(page: TomlTable, problems: list[Problem]) -> tuple[LeaveOut, ...]:
    rules = []
    for number, entry in enumerate(page.tables("leave_out", "give row, patient or visit, and why"), 1):
        table = TomlTable(entry, problems, f"leave_out.{number}")
        if not {"row", "patient", "visit"} & set(entry):
            table.problem("", "says no row", "give row, patient or visit")
        row = (
            table.whole("row", "give the row as a spreadsheet counts it", at_least=2)
            if "row" in table
            else None
        )
        rules.append(
            LeaveOut(
                why=table.text("why", "say why: it is told with the cohort"),
                row=row,
                patient=table.text("patient", "give the patient", required=False),
                visit=table.text("visit", "give the visit's label", required=False),
            )
        )
        table.finish()
    return tuple(rules)


def _outcomes(page: TomlTable, problems: list[Problem]) -> tuple[Outcome, ...]:
    entries = page.tables("outcomes", "define an outcome with id, label and unit")
    return tuple(
        define_outcome(TomlTable(entry, problems, f"outcomes.{number}"), "the mapping")
        for number, entry in enumerate(entries, 1)
    )
