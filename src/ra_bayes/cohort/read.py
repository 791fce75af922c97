"""One table in, one validated cohort out: the reader's front door."""

from __future__ import annotations

import difflib
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from ra_bayes.cohort.cohort import Cohort, Conversion, LeftOut
from ra_bayes.cohort.composites import Composed, add_composites
from ra_bayes.cohort.layout import fits, to_long
from ra_bayes.cohort.layouts.left import some_rows
from ra_bayes.cohort.long_table import LongTable
from ra_bayes.cohort.mapping import LAYOUTS, TableMapping
from ra_bayes.cohort.mapping_reader import load_mapping
from ra_bayes.cohort.rows import INFUSION, Found, take
from ra_bayes.cohort.whole import check_whole
from ra_bayes.errors import RaBayesError
from ra_bayes.outcomes import OUTCOMES, Outcome
from ra_bayes.sources import Problems, Source, read_table, source_name

__all__ = ["read_cohort"]

_IMPUTED = {"half": "half of it", "root": "it divided by the square root of 2"}


def read_cohort(
    source: Source,
    *,
    outcomes: Iterable[Outcome] = (),
    name: str | None = None,
    sheet: str | None = None,
    layout: str | None = None,
    mapping: str | os.PathLike[str] | TableMapping | None = None,
    covariates: Iterable[str] = (),
) -> Cohort:
    """Read a table of patients in any format and layout that is known, and validate it.

    Parameters
    ----------
    source
        A file, told by its content: text (comma, semicolon or tab), Excel (.xlsx), Parquet, SAS transport
        (xpt) or sas7bdat, CDISC Dataset-JSON; or a DataFrame. Its layout, told by its header: a CDISC ADaM
        BDS dataset, or a long table, one row per patient, week and outcome, with the columns ``patient``,
        ``week``, ``outcome`` and ``value``; optional ``unit``, ``lower_limit`` and ``upper_limit`` (of
        quantification, also ``lloq`` and ``uloq``), ``batch`` (of the assay), ``limit`` (``<`` or ``>``,
        where the value does not carry it), ``synthetic`` (yes or no, the same in all rows) and ``arm``
        (the same in all rows of a patient). Case, spaces, dots and hyphens in the header do not matter.
    outcomes
        Outcomes of your own, besides those of :data:`ra_bayes.outcomes.OUTCOMES`.
    name
        Name for titles; the file's name without its ending if not given.
    sheet
        The sheet of a workbook, or the dataset of a file that holds several; the one that can be read
        if not given.
    layout
        One of :data:`ra_bayes.cohort.mapping.LAYOUTS`, where the header fits more than one.
    mapping
        What the columns, visits and codes of the table mean: a page of TOML (docs/data.md has its keys), by
        its path. What it does not say is told by names, and refused where a name is not certain.
    covariates
        Columns that say something of a patient, the same in all their rows: age, sex, dose, centre. A
        mapping gives them other names.

    Returns
    -------
    Cohort
        Values in canonical units. Identifiers are text, ``001`` stays ``001``; blanks around cells go.

    Raises
    ------
    CohortError
        With every problem of the table, each with its row, column, value and how to mend it.
    SpecError
        With every wrong key of the mapping.

    Notes
    -----
    Week 0 is baseline, and every patient with a continuous outcome has one. ``<0.5``, ``>200`` and
    ``BLQ`` are records of what is known; they apply to concentrations only. A number under its row's
    lower limit becomes ``<`` that limit. An empty value (also ``NA`` and ``.``) is missing and counted
    in `left_out`, even with a lower limit beside it: a sample that was not taken is not a low one.
    A unit may stand in the cell of its value. SDAI, CDAI, DAS28 and responses are computed from their
    components where the table does not give them; a table's own are kept, and differences told.
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
    given = given_mapping(mapping, layout)
    given = replace(given, covariates={**{each: each for each in covariates}, **given.covariates})
    defined = known_outcomes((*outcomes, *given.outcomes), problems)
    found = Found(with_units(defined, given, problems), problems)
    table = read_table(source, problems, sheet=sheet, fits=partial(fits, known=found.known, given=given))
    long = to_long(table, found.known, problems, given)
    for line in long.lines:
        take(line, found)
    problems.written_as = long.written_as
    composed = add_composites(found)
    check_whole(found)
    problems.raise_if_any()
    stem = Path(problems.source).stem if problems.source != "DataFrame" else "cohort"
    return _assemble(found, long, composed, defined, problems.source, name or stem)


def given_mapping(mapping: str | os.PathLike[str] | TableMapping | None, layout: str | None) -> TableMapping:
    """Read the mapping that is given, if any, with the layout that is given beside it."""
    given = TableMapping() if mapping is None else load_mapping(mapping)
    if layout is None:
        return given
    if layout not in LAYOUTS:
        near = difflib.get_close_matches(layout, LAYOUTS, 1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise RaBayesError(f"there is no layout {layout!r}{hint}; write one of {', '.join(LAYOUTS)}")
    if given.layout not in ("", layout):
        raise RaBayesError(
            f"the layout is said to be {layout!r}, and by the mapping {given.layout!r}; keep one of the two"
        )
    return replace(given, layout=layout)


def known_outcomes(extra: Iterable[Outcome], problems: Problems) -> Mapping[str, Outcome]:
    """Join the registry and the user's own outcomes; the same name cannot mean two things."""
    known = dict(OUTCOMES)
    for outcome in extra:
        if not isinstance(outcome, Outcome):
            raise RaBayesError(
                f"outcomes= holds {outcome!r}, which is no Outcome; write outcomes=(model.outcome,)"
            )
        taken = next((id for id in (*known, INFUSION) if id.casefold() == outcome.id.casefold()), None)
        if taken is not None and known.get(outcome.id) != outcome:
            what = f"outcome {outcome.id!r} in outcomes= is already defined as something else"
            problems.add("outcome", what, "give it another id", value=outcome.id)
        known.setdefault(outcome.id, outcome)
    problems.raise_if_any()
    return known


def with_units(
    known: Mapping[str, Outcome], given: TableMapping, problems: Problems
) -> Mapping[str, Outcome]:
    """Add the units of a mapping to the outcomes; one that an outcome knows already keeps its factor."""
    read = dict(known)
    for id, factors in given.units.items():
        if id not in known:
            near = difflib.get_close_matches(id, known, 1)
            mend = f"did you mean {near[0]}?" if near else f"write one of {', '.join(known)}"
            problems.add("units", f"the mapping has units of {id!r}, which is not a known outcome", mend)
            continue
        for unit, factor in factors.items():
            try:
                own = known[id].factor(unit)
            except RaBayesError:
                continue
            if own != factor:
                what = f"the mapping says that {id} in {unit} is multiplied by {factor:g}, and it is {own:g}"
                problems.add("units", what, "remove it from the mapping", value=unit)
        read[id] = replace(known[id], units={**factors, **known[id].units})
    problems.raise_if_any()
    return read


def _assemble(
    found: Found,
    long: LongTable,
    composed: Composed,
    defined: Mapping[str, Outcome],
    source: str,
    name: str,
) -> Cohort:
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
        used=tuple(outcome for id, outcome in defined.items() if id in measured),
        lower_limits=tuple(sorted(found.lower_limits)),
        left_out=(*long.left_out, *_missing_values(found), *_unmeasured_patients(found)),
        conversions=tuple(
            Conversion(outcome, unit, found.known[outcome].unit, factor, count)
            for (outcome, unit, factor), count in sorted(found.units.items())
            if factor != 1
        ),
        notes=(*long.notes, *_notes(found), *composed.notes),
        arms=tuple((patient, arm) for patient, (arm, _) in found.arms.items() if arm and patient in patients),
        assigned=long.assigned,
        computed=tuple(sorted(composed.computed, key=lambda each: (each.outcome, each.patient, each.week))),
        not_computed=composed.not_computed,
        disagreements=composed.disagreements,
        mapping=long.mapping,
        covariates=tuple(each for each in long.covariates if each.patient in patients),
    )


def _missing_values(found: Found) -> list[LeftOut]:
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for gap in found.missing:
        rows[gap.outcome, gap.column].append(gap.row)
    return [
        LeftOut(
            f"missing {outcome}" + (f" in {column!r}" if column else ""),
            len(at),
            f"the value is empty ({some_rows(at)})",
            "empty",
        )
        for (outcome, column), at in sorted(rows.items())
    ]


def _unmeasured_patients(found: Found) -> list[LeftOut]:
    measured = {record.patient for record in found.records}
    infused = Counter(event.patient for event in found.infusions)
    empty = Counter(gap.patient for gap in found.missing)
    why = "no row of this patient holds a measured value"
    # Their empty values are counted as missing values already, their infusions only here.
    return [
        LeftOut(
            f"patient {patient!r}",
            infused[patient] or empty[patient],
            why,
            "values" if infused[patient] else "patients",
        )
        for patient in found.patients
        if patient not in measured
    ]


def _notes(found: Found) -> Iterator[str]:
    """Say what the table was taken to mean where it could have been taken otherwise."""
    for (outcome, unit, _), count in sorted(found.units.items()):
        own = found.known[outcome]
        if not unit and any(factor != 1 for factor in own.units.values()):
            yield f"{outcome}: no unit is given, taken as {own.unit}: {count}"
    yield from _beyond_limits(found)
    if found.decimal_commas:
        beside = f", beside {found.decimal_points} with a point" if found.decimal_points else ""
        yield f"values with a comma, read as the decimal mark: {found.decimal_commas}{beside}"


def _beyond_limits(found: Found) -> Iterator[str]:
    """Say which numbers became the limit of their row, and which of them somebody had put there."""
    sides = {(outcome, side) for outcome, side, _ in found.beyond}
    for outcome, side in sorted(sides):
        counts = {how: found.beyond[outcome, side, how] for how in ("", "half", "root")}
        where = "under their row's lower" if side == "<" else "above their row's upper"
        told = f"{outcome}: numbers {where} limit, read as {side} that limit: {sum(counts.values())}"
        of = [f"{counts[how]} of them {name}" for how, name in _IMPUTED.items() if counts[how]]
        yield told + (f" ({', '.join(of)})" if of else "")
