"""One row of text -> one measurement in the canonical unit, or the problems with it."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import NamedTuple

from ra_bayes.cohort.layouts.dates import is_date
from ra_bayes.cohort.layouts.visit_names import read_visit
from ra_bayes.cohort.limits import (
    Bounds,
    Imputed,
    beyond,
    contradiction,
    imputed_as,
    no_limit,
    read_bounds,
)
from ra_bayes.cohort.value import (
    COMMA_IS_OPEN,
    Limit,
    Mistake,
    Value,
    read_number,
    read_value,
    read_yes_no,
    split_unit,
)
from ra_bayes.errors import RaBayesError
from ra_bayes.outcome import Outcome
from ra_bayes.sources.problems import Problems

__all__ = ["Line", "Measured", "measure", "read_week"]

_MOST_WEEKS = 5218
_COMMA = 'decimal_mark = ","'


class Line(NamedTuple):
    """The cells of one row that are read: text without surrounding blanks, a missing one empty.

    `batch` is the assay batch whose limits hold where the row has none. Sheets set `column`, the name of
    the column that the value stands in, where rows hold several; `visit` and `date` are what the week is
    told from where the table gives none.
    """

    row: int
    patient: str
    week: str
    outcome: str
    value: str
    unit: str = ""
    lower_limit: str = ""
    limit: str = ""
    synthetic: str = ""
    arm: str = ""
    column: str = ""
    visit: str = ""
    date: str = ""
    upper_limit: str = ""
    batch: str = ""


class Measured(NamedTuple):
    """A value in the canonical unit, and what had to be done for it.

    `unit` is the unit as written; `lower_limit` and `upper_limit` are the limits of quantification that the
    row gives, if any; `beyond` says that the row held a number beyond one of them (so the record became
    that limit), `imputed` that it is half the lower one or that divided by the square root of 2, `comma`
    that a decimal comma was read.
    """

    value: float
    limit: Limit
    factor: float
    unit: str = ""
    lower_limit: float | None = None
    upper_limit: float | None = None
    beyond: Limit = ""
    imputed: Imputed = ""
    comma: bool = False


def read_week(line: Line, problems: Problems) -> float | None:
    """Read the week, zero or more; ``None`` once a problem is noted."""
    read = read_number(line.week)
    mend = "write the number of weeks since baseline, such as 4"
    if isinstance(read, Mistake):
        what = "this is not a week" if line.week else "the week is blank"
        mend = read.mend if "comma" in read.what else mend
        if read.what != COMMA_IS_OPEN and (read_visit(line.week) is not None or is_date(line.week)):
            mend += ", or read the column by a mapping (ra-bayes check FILE --fix-template mapping.toml)"
        problems.add("week", what, mend, row=line.row, column="week", value=line.week or None)
        return None
    if read.number > _MOST_WEEKS:
        # What a spreadsheet's date or a year looks like when its format is lost.
        what = "this is more than a hundred years"
        problems.add("week", what, mend, row=line.row, column="week", value=line.week)
        return None
    if read.number < 0:
        mend = "count from baseline, which is week 0; remove the row if it is a screening visit"
        problems.add("week", "a week is not negative", mend, row=line.row, column="week", value=line.week)
        return None
    return float(read.number)


def measure(line: Line, outcome: Outcome, problems: Problems) -> Measured | None:
    """Read the value of `line` as a record of `outcome`; ``None`` once its problems are noted.

    Examples
    --------
    >>> from ra_bayes.outcomes import get
    >>> found = measure(Line(2, "P1", "0", "vas", "3.5", "cm"), get("vas"), Problems("t.csv"))
    >>> found.value, found.factor
    (35.0, 10.0)
    >>> found = measure(Line(2, "P1", "0", "il10", "< 0,5 ng/L"), get("il10"), Problems("t.csv"))
    >>> found.value, found.limit, found.unit
    (0.5, '<', 'ng/L')
    """
    line = _with_unit(line, outcome)
    factor = _factor(line, outcome, problems)
    bounds = read_bounds(line.lower_limit, line.upper_limit, outcome)
    if not isinstance(bounds, Bounds):
        column, text, mistake = bounds
        problems.add("limit", *mistake, row=line.row, column=column, value=text)
    read = _read(line, outcome)
    if wrong := _wrong_sign(line):
        problems.add("limit", *wrong, row=line.row, column="limit", value=line.limit)
        return None
    if isinstance(read, Mistake):
        mend = f"{read.mend}, or say in a mapping: {_COMMA}" if read.what == COMMA_IS_OPEN else read.mend
        problems.add("value", read.what, mend, row=line.row, column="value", value=line.value)
        return None
    if factor is None or not isinstance(bounds, Bounds):
        return None
    wrong = contradiction(read, bounds, outcome)
    number = read.number if read.number is not None else bounds[read.limit == ">"]
    if wrong or number is None:
        wrong = wrong or no_limit(read, line.batch)
        problems.add("limit", *wrong, row=line.row, column="value", value=line.value)
        return None
    kept, side = (number, read.limit) if read.limit else beyond(number, bounds)
    value = _scaled(kept, factor)
    if unfit := _unfit(value, outcome):
        kind, what, mend = unfit
        as_read = "" if factor == 1 else f"; in {outcome.unit} this is {value:.10g}"
        problems.add(kind, what + as_read, mend, row=line.row, column="value", value=line.value)
        return None
    below = side == "<" and not read.limit and bounds.lower is not None
    return Measured(
        value,
        side,
        factor,
        line.unit,
        None if bounds.lower is None else _scaled(bounds.lower, factor),
        None if bounds.upper is None else _scaled(bounds.upper, factor),
        beyond="" if read.limit else side,
        imputed=imputed_as(number, kept) if below else "",
        comma=read.comma,
    )


def _wrong_sign(line: Line) -> Mistake | None:
    """Say what is wrong with the column of signs."""
    if line.limit not in ("", "<", ">"):
        mend = "a limit of quantification goes into the column lower_limit"
        return Mistake("a limit is <, > or blank", mend)
    if line.limit and not line.value:
        mend = "write the limit there, or leave both cells empty if the value is missing"
        return Mistake("there is a sign, and the value beside it is blank", mend)
    if line.limit and line.value.startswith(("<", ">", "≤", "≥")):
        return Mistake(f"the value beside it has a sign too, {line.value!r}", "write the sign once")
    return None


def _with_unit(line: Line, outcome: Outcome) -> Line:
    """Take a unit that stands in the cell of a value, or of a limit, away where the outcome knows it.

    It has to be that of the row, if the row has one; where it is not it stays, and is no number.
    """
    if outcome.kind == "binary":
        return line
    values = {}
    unit = line.unit
    for role in ("value", "lower_limit", "upper_limit"):
        text: str = getattr(line, role)
        # Most cells are a number alone.
        parts = None if text.replace(".", "", 1).isdecimal() else split_unit(text)
        factor = _known_factor(outcome, parts[1]) if parts else None
        if parts is not None and factor is not None and (not unit or _known_factor(outcome, unit) == factor):
            values[role], unit = parts[0], unit or parts[1].strip("()[] ")
    if not values:
        return line
    lower, upper = (
        values.get(f"{side}_limit", getattr(line, f"{side}_limit")) for side in ("lower", "upper")
    )
    return line._replace(
        value=values.get("value", line.value), lower_limit=lower, upper_limit=upper, unit=unit
    )


def _known_factor(outcome: Outcome, unit: str) -> float | None:
    try:
        return outcome.factor(unit)
    except RaBayesError:
        return None


def _factor(line: Line, outcome: Outcome, problems: Problems) -> float | None:
    """Return what the row's unit is multiplied by; a blank unit is taken as the canonical one for now."""
    if not line.unit:
        return 1.0
    factor = _known_factor(outcome, line.unit)
    if factor is None:
        names = _units(outcome)
        mend = f"write one of {names}" if names else "leave the unit empty"
        if names:
            mend += f"; or give its factor to {outcome.unit} under [units.{outcome.id}] in a mapping"
        what = f"{outcome.id} is not measured in this unit"
        problems.add("unit", what, mend, row=line.row, column="unit", value=line.unit)
    return factor


def _units(outcome: Outcome) -> str:
    return ", ".join(name for name in dict.fromkeys([outcome.unit, *outcome.units]) if name)


def _read(line: Line, outcome: Outcome) -> Value | Mistake:
    if outcome.kind == "binary":
        answer = read_yes_no(line.limit + line.value)
        if isinstance(answer, Mistake):
            return Mistake(f"{outcome.id} is a yes/no outcome", "write 1 (or yes) or 0 (or no)")
        return Value(Decimal(int(answer)))
    if outcome.labels and not line.limit:
        named = {label.casefold(): level for label, level in zip(outcome.labels, outcome.levels, strict=True)}
        if line.value.casefold() in named:
            return Value(Decimal(named[line.value.casefold()]))
    read = read_value(line.limit + line.value)
    parts = split_unit(line.value) if isinstance(read, Mistake) else None
    if parts is None:
        return read
    number, unit = parts
    if _known_factor(outcome, unit) is not None:
        what = f"the cell says {unit.strip('()[] ')} and its unit is said to be {line.unit}"
        return Mistake(what, "correct one of the two")
    if isinstance(read_value(line.limit + number), Mistake):
        return read
    names = _units(outcome)
    # Not "write 1": the text may be 1O, a letter in the place of a digit.
    told = f", or with one of {names}" if names else ""
    return Mistake(
        f"there is text after the number, and it is no unit of {outcome.id}",
        f"write the number alone{told}",
    )


def _unfit(value: float, outcome: Outcome) -> tuple[str, str, str] | None:
    """Return (kind, what, mend) if no record of `outcome` can be `value`."""
    mend = "correct it, or leave the cell empty if the value is missing"
    if outcome.positive and value <= 0:
        sign = "negative" if value < 0 else "0: it is analysed on the log scale"
        mend = "write <0.5 if it was below a limit of 0.5, or leave the cell empty if the value is missing"
        return "not positive", f"{outcome.id} cannot be {sign}", mend
    low, high = outcome.lower, outcome.upper
    if (low is not None and value < low) or (high is not None and value > high):
        if low is None or high is None:
            span = f"is at least {low:.10g}" if low is not None else f"is at most {high:.10g}"
        else:
            span = f"runs from {low:.10g} to {high:.10g}"
        return "out of range", f"{outcome.id} {span} {outcome.unit}".rstrip(), mend
    if outcome.step is not None and outcome.kind == "continuous":
        base = low or 0.0
        steps = (value - base) / outcome.step
        if abs(steps - round(steps)) > 1e-6:
            near = [base + outcome.step * math.floor(steps), base + outcome.step * math.ceil(steps)]
            what = f"{outcome.id} is recorded in steps of {outcome.step:.10g}"
            return "step", what, f"write {near[0]:.10g} or {near[1]:.10g}, whichever was recorded"
    return None


def _scaled(number: Decimal, factor: float) -> float:
    """Multiply as decimals, so that 4.35 cm is 43.5 mm to the last digit; 0.0 is added against -0.0."""
    return float(number * Decimal(repr(factor)) if factor != 1 else number) + 0.0
