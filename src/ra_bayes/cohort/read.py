"""One table in, one validated cohort out: the reader's front door."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ra_bayes.cohort.cohort import Cohort, Conversion, LeftOut
from ra_bayes.cohort.header import OPTIONAL, Header, read_header
from ra_bayes.cohort.long_table import Source, Table, open_table, source_name
from ra_bayes.cohort.measure import Line
from ra_bayes.cohort.problems import Problems
from ra_bayes.cohort.rows import INFUSION, Found, take
from ra_bayes.cohort.value import is_empty
from ra_bayes.cohort.whole import check_whole
from ra_bayes.outcomes import OUTCOMES, Outcome

__all__ = ["read_cohort"]

_MAY_BE_EMPTY = ("value", *OPTIONAL)


def read_cohort(source: Source, *, outcomes: Iterable[Outcome] = (), name: str | None = None) -> Cohort:
    """Read a long table (one row per patient, week and outcome) and validate it.

    Parameters
    ----------
    source
        A CSV file in UTF-8 (comma, semicolon or tab), or a DataFrame. Columns ``patient``, ``week``,
        ``outcome`` and ``value``; optional ``unit``, ``lower_limit`` (of quantification, also
        ``lloq``), ``limit`` (``<`` or ``>``, where the value does not carry it), ``synthetic`` (yes or
        no, the same in all rows) and ``arm`` (the same in all rows of a patient). Case, spaces, dots and
        hyphens in the header do not matter.
    outcomes
        Outcomes of your own, besides those of :data:`ra_bayes.outcomes.OUTCOMES`.
    name
        Name for titles; the file's name without its ending if not given.

    Returns
    -------
    Cohort
        Values in canonical units. Identifiers are text, ``001`` stays ``001``; blanks around cells go.

    Raises
    ------
    CohortError
        With every problem of the table, each with its row, column, value and how to mend it.

    Notes
    -----
    Week 0 is baseline, and every patient with a continuous outcome has one. ``<0.5``, ``>200`` and
    ``BLQ`` are records of what is known; they apply to concentrations only. A number under its row's
    lower limit becomes ``<`` that limit. An empty value (also ``NA`` and ``.``) is missing and counted
    in `left_out`, even with a lower limit beside it: a sample that was not taken is not a low one.
    Rows with outcome ``infusion`` and value 1 are events. Yes/no outcomes take 1, 0, yes, no, true, false.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "cohort.csv")
    ...     rows = ["patient,week,outcome,value,unit", "001,0,crp,4.35,mg/dL", "001,12,crp,<0.5,mg/dL"]
    ...     _ = file.write_text(chr(10).join(rows), encoding="utf-8")
    ...     cohort = read_cohort(file)
    >>> [(record.patient, record.week, record.limit, record.value) for record in cohort.of("crp")]
    [('001', 0.0, '', 43.5), ('001', 12.0, '<', 5.0)]
    >>> cohort.conversions
    (Conversion(outcome='crp', from_unit='mg/dL', to_unit='mg/L', factor=10.0, count=2),)
    """
    problems = Problems(source_name(source))
    found = Found(_known(outcomes, problems), problems)
    unused: Counter[int] = Counter()
    with open_table(source, problems) as table:
        header = read_header(table.header, tuple(found.known), problems)
        _refuse_decimal_ids(table, header, problems)
        for line in _lines(table, header, unused, problems):
            take(line, found)
    check_whole(found)
    problems.raise_if_any()
    stem = Path(problems.source).stem if problems.source != "DataFrame" else "cohort"
    return _assemble(found, _unused_columns(header, unused), problems.source, name or stem)


def _known(extra: Iterable[Outcome], problems: Problems) -> Mapping[str, Outcome]:
    """Join the registry and the user's own outcomes; the same name cannot mean two things."""
    known = dict(OUTCOMES)
    for outcome in extra:
        taken = next((id for id in (*known, INFUSION) if id.casefold() == outcome.id.casefold()), None)
        if taken is not None and known.get(outcome.id) != outcome:
            what = f"outcome {outcome.id!r} in outcomes= is already defined as something else"
            problems.add("outcome", what, "give it another id", value=outcome.id)
        known.setdefault(outcome.id, outcome)
    problems.raise_if_any()
    return known


def _refuse_decimal_ids(table: Table, header: Header, problems: Problems) -> None:
    if header.where["patient"] in table.decimal_columns:
        what = "patients came as decimal numbers (1.0), so what the file said (1, 01, 1E0) is lost"
        mend = "read the file with dtype=str, or give read_cohort its path"
        problems.add("patient", what, mend, column="patient")


def _lines(table: Table, header: Header, unused: Counter[int], problems: Problems) -> Iterator[Line]:
    """Pick the cells that are read; count the others, and refuse rows of another length than the header."""
    for row, cells in table.rows:
        if len(cells) != len(header.names):
            what = f"the row has {len(cells)} cells and the header has {len(header.names)}"
            mend = (
                "check its delimiters; a comma inside a cell (12,5) needs quotation marks, or a decimal point"
            )
            problems.add("ragged", what, mend, row=row)
            continue
        for position in header.unused:
            if cells[position].strip():
                unused[position] += 1
        texts = {role: cells[position].strip() for role, position in header.where.items()}
        # An identifier may well be NA; a value, a unit or a limit that says NA is missing.
        blank = {role: "" for role in _MAY_BE_EMPTY if is_empty(texts.get(role, ""))}
        yield Line(row=row, **(texts | blank))


def _unused_columns(header: Header, unused: Counter[int]) -> list[LeftOut]:
    """Name the columns that were not read; a nameless one without any cell is only a trailing comma."""
    why = "not a column of a long table"
    return [
        LeftOut(
            f"column {name!r}" if name else f"column {position + 1}, without a name", unused[position], why
        )
        for position in header.unused
        if (name := header.names[position]) or unused[position]
    ]


def _assemble(found: Found, left_out: list[LeftOut], source: str, name: str) -> Cohort:
    synthetic = True in found.synthetic
    if synthetic and "synthetic" not in name.casefold():
        name = f"{name} (synthetic)"
    records = sorted(found.records, key=lambda record: (record.outcome, record.patient, record.week))
    measured = {record.outcome for record in records}
    patients = {record.patient for record in records}
    infusions = [infusion for infusion in found.infusions if infusion.patient in patients]
    return Cohort(
        name=name,
        source=source,
        synthetic=synthetic,
        records=tuple(records),
        infusions=tuple(sorted(infusions, key=lambda infusion: (infusion.week, infusion.patient))),
        used=tuple(outcome for id, outcome in found.known.items() if id in measured),
        lower_limits=tuple(sorted(found.lower_limits)),
        left_out=(*left_out, *_missing_values(found), *_unmeasured_patients(found)),
        conversions=tuple(
            Conversion(outcome, unit, found.known[outcome].unit, factor, count)
            for (outcome, unit, factor), count in sorted(found.units.items())
            if factor != 1
        ),
        notes=tuple(_notes(found)),
        arms=tuple((patient, arm) for patient, (arm, _) in found.arms.items() if arm and patient in patients),
    )


def _missing_values(found: Found) -> list[LeftOut]:
    rows: dict[str, list[int]] = defaultdict(list)
    for gap in found.missing:
        rows[gap.outcome].append(gap.row)
    return [
        LeftOut(f"missing values of {outcome}", len(at), f"the value is empty ({_some(at)})")
        for outcome, at in sorted(rows.items())
    ]


def _some(rows: list[int]) -> str:
    numbers = ", ".join(map(str, rows[:8])) + (", ..." if len(rows) > 8 else "")
    return f"row {numbers}" if len(rows) == 1 else f"rows {numbers}"


def _unmeasured_patients(found: Found) -> list[LeftOut]:
    measured = {record.patient for record in found.records}
    rows = Counter(gap.patient for gap in found.missing) + Counter(event.patient for event in found.infusions)
    return [
        LeftOut(f"patient {patient!r}", rows[patient], "no row of this patient holds a measured value")
        for patient in found.patients
        if patient not in measured
    ]


def _notes(found: Found) -> Iterator[str]:
    """Say what the table was taken to mean where it could have been taken otherwise."""
    for outcome, count in sorted((+found.below).items()):
        yield f"{outcome}: numbers under their row's lower limit, read as < that limit: {count}"
    if found.decimal_commas:
        yield f"values with a comma, read as the decimal mark: {found.decimal_commas}"
