"""Which layout a table has, told by its header; and the long table that it stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ra_bayes.cohort.batches import with_batch_limits
from ra_bayes.cohort.covariates import take_covariates, without_covariates
from ra_bayes.cohort.header import is_long, recognised
from ra_bayes.cohort.layouts.adam import from_adam
from ra_bayes.cohort.layouts.adam_columns import is_adam
from ra_bayes.cohort.layouts.adam_guess import guess_adam
from ra_bayes.cohort.layouts.column_names import names_of
from ra_bayes.cohort.layouts.guess import Guess, guess, sheet_layouts
from ra_bayes.cohort.layouts.guess_long import guess_long, is_nearly_long
from ra_bayes.cohort.layouts.idle_keys import refuse_idle_keys
from ra_bayes.cohort.layouts.long_by_name import from_long_by_name
from ra_bayes.cohort.layouts.lost_columns import refuse_lost_columns
from ra_bayes.cohort.layouts.meaning import with_meaning
from ra_bayes.cohort.layouts.roles import event_column, find_roles, visits_are_repeats
from ra_bayes.cohort.layouts.sdtm_columns import is_sdtm
from ra_bayes.cohort.layouts.sheet import from_sheet
from ra_bayes.cohort.layouts.two_headers import with_one_header
from ra_bayes.cohort.layouts.windows import in_windows
from ra_bayes.cohort.long_table import LongTable
from ra_bayes.cohort.mapping import CDISC, LAYOUTS, TableMapping
from ra_bayes.cohort.mapping_writer import write_mapping
from ra_bayes.outcome import Outcome
from ra_bayes.outcomes import OUTCOMES
from ra_bayes.sources import Problems, Table

__all__ = ["fits", "guess_of", "layout_of", "to_long"]

_UNCERTAIN = "what the table means is not certain in all parts"
_NAME_UNIT = (
    "name it after its column (crp_unit), or give it under [columns] of a mapping",
    "write each sign before its number",
)
_BEGIN = "ra-bayes check FILE --fix-template mapping.toml writes what was guessed: edit it, then --mapping"


def fits(
    header: Sequence[str], known: Mapping[str, Outcome] = OUTCOMES, given: TableMapping | None = None
) -> int:
    """Say how well a header fits a layout that can be read; 0 if not at all.

    What a mapping names counts before anything else.

    Examples
    --------
    >>> fits(["patient", "week", "outcome", "value"]), fits(["legend"]), fits(["ID", "sdai_w0", "sdai_w4"])
    (4, 0, 4)
    """
    named = 0 if given is None else len({*header} & {*_names_of(given)})
    sheet = 1 if sheet_layouts(header, known) else 0
    if sheet and (find_roles(header).patient or event_column(header)):
        names = names_of(known)
        sheet = 2 + sum(bool(names.read(name).outcomes) for name in header)
    cdisc = is_adam(header) or is_sdtm(header)
    return max(recognised(header), sheet, len(header) if cdisc else 0) + 100 * named


def _names_of(given: TableMapping) -> tuple[str, ...]:
    return tuple(name for name in (given.patient, given.visit, given.value, *given.columns) if name)


def to_long(table: Table, known: Mapping[str, Outcome], problems: Problems, given: TableMapping) -> LongTable:
    """Make lines of a table, whichever layout it has; what a mapping says is taken as it is."""
    table, layout = layout_of(table, known, given, problems)
    refuse_idle_keys(given, layout, problems)
    mapping = replace(given, layout=layout)
    if layout == "long":
        long = from_long_by_name(table, mapping, problems)
        patient = long.written_as["patient"]
        _refuse_lost_columns(table, long, mapping, known, problems)
    elif layout in CDISC:
        long = from_adam(table, known, mapping, problems)
        patient = long.written_as["patient"]
    else:
        found = guess(table, mapping, known)
        mapping, patient = found.mapping, found.mapping.patient
        _refuse_doubts(found, problems)
        long = from_sheet(table, mapping, known, problems)
        open_ = (
            column.outcome for column in mapping.columns.values() if not (column.unit or column.unit_column)
        )
        unread = [i for i, name in enumerate(table.header) if not name or name in found.unread]
        measured = [known[outcome] for outcome in open_ if outcome in known]
        refuse_lost_columns(table, unread, measured, _NAME_UNIT, problems)
    problems.written_as = long.written_as
    long = with_meaning(long, mapping, problems)
    long = with_batch_limits(long, mapping.limits, known, problems)
    if mapping.dates is not None:
        long = in_windows(long, table, patient, mapping.dates, problems)
    known_of_patients = take_covariates(mapping.covariates, table, patient, mapping.missing, problems)
    left_out = without_covariates(long.left_out, mapping.covariates.values())
    long = replace(long, covariates=known_of_patients, left_out=left_out)
    _refuse_nothing(long, problems)
    told = "" if mapping == TableMapping(layout="long") else write_mapping(mapping, source=table.source)
    return replace(long, notes=(*table.notes, *long.notes), mapping=told)


def guess_of(table: Table, known: Mapping[str, Outcome], given: TableMapping, problems: Problems) -> Guess:
    """Return what a table is taken to mean, with all that is not certain, to be written down and edited."""
    table, layout = layout_of(table, known, given, problems)
    refuse_idle_keys(given, layout, problems)
    long = is_long(table.header) or is_nearly_long(table.header)
    if layout == "long" and (long or given.layout or given.value):
        return guess_long(table, replace(given, layout=layout), known)
    if layout in CDISC:
        return guess_adam(table, known, replace(given, layout=layout), problems)
    # What fits no layout is most likely a sheet whose columns have names of their own.
    layout = "outcomes" if layout == "long" else layout
    return guess(table, replace(given, layout=layout), known)


def layout_of(
    table: Table, known: Mapping[str, Outcome], given: TableMapping, problems: Problems
) -> tuple[Table, str]:
    """Tell the layout of a table; of one with two header rows also return it with one.

    Raises
    ------
    CohortError
        If it fits more than one.
    """
    if not is_long(table.header) and given.layout not in ("long", *CDISC):
        table = with_one_header(table, known)
    if given.layout:
        return table, given.layout
    found = _layouts(table.header, known, given)
    if len(found) > 1:
        told = " and ".join(f"{name} ({LAYOUTS[name]})" for name in found)
        names = " or ".join(found)
        mend = f"say which, {names}, with --layout, layout= in Python or a mapping; or remove columns"
        problems.stop("layout", f"the table may be read in {len(found)} ways: {told}", mend)
    return table, found[0] if found else "long"


def _layouts(header: Sequence[str], known: Mapping[str, Outcome], given: TableMapping) -> list[str]:
    """List the layouts that a header fits, or that what is given of it allows."""
    if is_adam(header) or is_sdtm(header):
        return ["adam" if is_adam(header) else "sdtm"]
    if given.columns:
        when = given.visit or given.week is not None or given.dates is not None
        if event_column(header) or (not when and visits_are_repeats(header)):
            return ["redcap"]
        alone = all(
            column.week is not None or column.visit for column in given.columns.values() if column.outcome
        )
        return ["visits" if alone and not when else "outcomes"]
    if given.value or given.parameters:
        return ["long"]
    found = ["long"] if is_long(header) else []
    return [*found, *sheet_layouts(header, known)]


def _refuse_lost_columns(
    table: Table,
    long: LongTable,
    mapping: TableMapping,
    known: Mapping[str, Outcome],
    problems: Problems,
) -> None:
    """Ask for the names of a long table's columns of units and of signs, where they have others."""
    open_ = set() if "unit" in long.written_as else {line.outcome for line in long.lines}
    open_ = {mapping.parameters[code].outcome if code in mapping.parameters else code for code in open_}
    outcomes = [known[outcome.casefold()] for outcome in open_ if outcome.casefold() in known]
    unread = [i for i, name in enumerate(table.header) if name not in long.written_as.values()]
    mends = ("name it unit, or remove it", "name it limit, or remove it")
    refuse_lost_columns(table, unread, outcomes, mends, problems)


def _refuse_nothing(long: LongTable, problems: Problems) -> None:
    """Say so where rows were read and every one is left out: there is no row to be found missing."""
    values = [each for each in long.left_out if each.of == "values"]
    if values and not long.lines and not problems:
        most = max(values, key=lambda each: each.count)
        what = f"every value is left out, such as {most.count} {most.what}: {most.why}"
        problems.stop("empty", what, "change what the mapping leaves out, or correct the table")


def _refuse_doubts(found: Guess, problems: Problems) -> None:
    for doubt in found.doubts:
        problems.add(
            "not certain", doubt.what, doubt.mend, row=doubt.row, column=doubt.column, value=doubt.value
        )
    if found.doubts:
        problems.stop("not certain", _UNCERTAIN, _BEGIN)
