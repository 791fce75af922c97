"""One row of text -> one measurement in the canonical unit, or the problems with it."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import NamedTuple

from ra_bayes.cohort.value import Limit, Mistake, Value, read_number, read_value, read_yes_no
from ra_bayes.errors import RaBayesError
from ra_bayes.outcome import Outcome
from ra_bayes.sources.problems import Problems

__all__ = ["Line", "Measured", "measure", "read_week"]


class Line(NamedTuple):
    """The cells of one row that are read: text without surrounding blanks, a missing one empty.

    Sheets set `column`, the name of the column that the value stands in, where rows hold several; `visit`
    and `date` are what the week is told from where the table gives none.
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


class Measured(NamedTuple):
    """A value in the canonical unit, and what had to be done for it.

    `lower_limit` is the limit of quantification the row gives, if any; `below` says that the row held
    a number under it (so the record became a limit), `comma` that a decimal comma was read.
    """

    value: float
    limit: Limit
    factor: float
    lower_limit: float | None = None
    below: bool = False
    comma: bool = False


def read_week(line: Line, problems: Problems) -> float | None:
    """Read the week, zero or more; ``None`` once a problem is noted."""
    read = read_number(line.week)
    if isinstance(read, Mistake):
        what, mend = "this is not a week", "write the number of weeks since baseline, such as 4"
        mend = read.mend if "comma" in read.what else mend
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
    >>> measure(Line(2, "P1", "0", "vas", "3.5", "cm"), get("vas"), Problems("t.csv"))
    Measured(value=35.0, limit='', factor=10.0, lower_limit=None, below=False, comma=False)
    """
    factor = _factor(line, outcome, problems)
    lower = _lower_limit(line, outcome, problems)
    read = _read(line, outcome)
    if line.limit not in ("", "<", ">"):
        mend = "a limit of quantification goes into the column lower_limit"
        problems.add(
            "limit", "a limit is <, > or blank", mend, row=line.row, column="limit", value=line.limit
        )
        return None
    if isinstance(read, Mistake):
        problems.add("value", read.what, read.mend, row=line.row, column="value", value=line.value)
        return None
    if factor is None or isinstance(lower, Mistake):
        return None
    mistake = _contradiction(read, lower, outcome)
    number = read.number if read.number is not None else lower
    if mistake or number is None:
        what, mend = mistake or _NO_LIMIT
        problems.add("limit", what, mend, row=line.row, column="value", value=line.value)
        return None
    below = not read.limit and lower is not None and 0 <= number < lower
    value = _scaled(lower if below and lower is not None else number, factor)
    limit: Limit = "<" if below else read.limit
    if unfit := _unfit(value, outcome):
        kind, what, mend = unfit
        as_read = "" if factor == 1 else f"; in {outcome.unit} this is {value:.10g}"
        problems.add(kind, what + as_read, mend, row=line.row, column="value", value=line.value)
        return None
    scaled_lower = None if lower is None else _scaled(lower, factor)
    return Measured(value, limit, factor, scaled_lower, below, read.comma)


_NO_LIMIT = Mistake(
    "this says below the limit, and no limit is given",
    "write the limit, such as <0.5, or give it in a column lower_limit",
)


def _factor(line: Line, outcome: Outcome, problems: Problems) -> float | None:
    """Return what the row's unit is multiplied by; a blank unit is taken as the canonical one for now."""
    if not line.unit:
        return 1.0
    try:
        return outcome.factor(line.unit)
    except RaBayesError:
        accepted = dict.fromkeys([outcome.unit, *outcome.units])
        names = ", ".join(name for name in accepted if name)
        mend = f"write one of {names}" if names else "leave the unit empty"
        what = f"{outcome.id} is not measured in this unit"
        problems.add("unit", what, mend, row=line.row, column="unit", value=line.unit)
        return None


def _lower_limit(line: Line, outcome: Outcome, problems: Problems) -> Decimal | Mistake | None:
    """Read the lower limit of quantification, in the row's unit."""
    if not line.lower_limit:
        return None
    read = read_number(line.lower_limit)
    mistake: Mistake
    if isinstance(read, Mistake):
        mistake = Mistake(read.what, "write the lower limit of quantification as a number, or leave it empty")
    elif read.number <= 0:
        mistake = Mistake("a lower limit of quantification is above 0", "correct it, or leave it empty")
    elif not _can_be_censored(outcome):
        mistake = Mistake(f"{outcome.id} has no limit of quantification", "leave the cell empty")
    else:
        return read.number
    problems.add("limit", *mistake, row=line.row, column="lower_limit", value=line.lower_limit)
    return mistake


def _read(line: Line, outcome: Outcome) -> Value | Mistake:
    if outcome.kind == "binary":
        answer = read_yes_no(line.limit + line.value)
        if isinstance(answer, Mistake):
            return Mistake(f"{outcome.id} is a yes/no outcome", "write 1 (or yes) or 0 (or no)")
        return Value(Decimal(int(answer)))
    return read_value(line.limit + line.value)


def _contradiction(read: Value, lower: Decimal | None, outcome: Outcome) -> Mistake | None:
    """Say what is wrong with a limit, or with a limit and a lower_limit that do not fit together."""
    if not read.limit:
        return None
    if not _can_be_censored(outcome):
        mend = "write the value that was recorded, or leave it empty if it is missing"
        return Mistake(f"{outcome.id} is a bounded scale, so a limit says nothing about it", mend)
    if read.number is None or lower is None:
        return None
    if read.number != lower if read.limit == "<" else read.number < lower:
        return Mistake(f"this contradicts the lower_limit {lower} of the row", "correct one of the two")
    return None


def _can_be_censored(outcome: Outcome) -> bool:
    """Say whether an assay's limits can apply: to concentrations, not to scores with two ends."""
    return outcome.kind == "continuous" and (outcome.positive or outcome.upper is None)


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
