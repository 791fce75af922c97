"""What a CDISC dataset is taken to mean, as a mapping to edit: parameters, visits, timepoints, own outcomes.

A dataset of which no parameter is known can still be read: each parameter becomes an outcome of its own, with
the label and the unit that the dataset gives it. Which way is better is not in a dataset, so none is said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ra_bayes.cohort.layouts.adam import from_adam
from ra_bayes.cohort.layouts.adam_columns import cdisc_columns, outcome_of
from ra_bayes.cohort.layouts.adam_timing import SAY_TIMEPOINT, SAY_WEEK
from ra_bayes.cohort.layouts.adam_value import is_beyond_limit, parameter_unit
from ra_bayes.cohort.layouts.column_names import names_of
from ra_bayes.cohort.layouts.guess import Guess
from ra_bayes.cohort.mapping import OPEN, Column, TableMapping
from ra_bayes.cohort.value import Mistake, read_number
from ra_bayes.errors import CohortError, Problem
from ra_bayes.outcome import Outcome
from ra_bayes.sources import Problems, Table

__all__ = ["guess_adam"]

_SOURCE = "the dataset"


def guess_adam(table: Table, known: Mapping[str, Outcome], given: TableMapping, problems: Problems) -> Guess:
    """Complete the mapping of an ADaM or SDTM dataset; what is given is taken as it is."""
    columns = cdisc_columns(table, given, problems)
    rows: dict[str, list[Mapping[str, str]]] = {}
    for _, all_cells in table.rows:
        cells = {role: all_cells[position].strip() for role, position in columns.items()}
        rows.setdefault(cells["code"], []).append(cells)
    names = names_of(known)
    outcomes = {code: outcome_of(code, names, known, given) for code in rows if code}
    parameters = {code: Column(outcome.id if outcome else "") for code, outcome in outcomes.items()}
    defined: tuple[Outcome, ...] = ()
    if not any(outcomes.values()):
        own = {code: made for code in parameters if (made := _own_outcome(code, rows[code])) is not None}
        defined = tuple({outcome.id: outcome for outcome in own.values()}.values())
        parameters |= {code: Column(outcome.id) for code, outcome in own.items()}
    mapping = replace(
        given, parameters={**parameters, **given.parameters}, outcomes=(*given.outcomes, *defined)
    )
    if not any(column.outcome for column in mapping.parameters.values()):
        what = "no parameter is known, and none holds numbers, or yes and no"
        mend = "say under [parameters] which outcome one is, with the number of each of its answers"
        return Guess(mapping, (Problem(what, mend),), ())
    return _asked(table, {**known, **{each.id: each for each in defined}}, mapping)


def _own_outcome(code: str, rows: Sequence[Mapping[str, str]]) -> Outcome | None:
    """Define the outcome that a parameter is; ``None`` if its values are neither numbers nor yes and no."""
    filled = [text for cells in rows if (text := cells.get("value", "") or cells.get("text", ""))]
    answers = {text.casefold() for text in filled} <= {"y", "n", "yes", "no"}
    numbers = [read.number for text in filled if not isinstance(read := read_number(text), Mistake)]
    if not filled or not (answers or numbers):
        return None
    label, unit = parameter_unit(rows[0].get("parameter", "") or code)
    return Outcome(
        id=code.casefold(),
        label=label,
        unit=("" if answers else rows[0].get("unit", "") or unit) or "points",
        lower=0.0 if answers else None,
        upper=1.0 if answers else None,
        benefit=None,
        source=_SOURCE,
        kind="binary" if answers else "continuous",
        # Only what is analysed on the log scale lies below a limit of an assay.
        positive=any(map(is_beyond_limit, rows)) and min(numbers, default=1) > 0,
    )


def _asked(table: Table, known: Mapping[str, Outcome], mapping: TableMapping) -> Guess:
    """Read the dataset with the mapping, and leave open what that asks about."""
    scratch = Problems(table.source)
    try:
        from_adam(table, known, mapping, scratch)
        scratch.raise_if_any()
    except CohortError as error:
        found = error.problems
    else:
        found = ()
    doubts: list[Problem] = []
    for problem in found:
        label = problem.value or ""
        if problem.mend.startswith(SAY_TIMEPOINT):
            mapping = replace(mapping, timepoint=OPEN)
            doubts.append(problem)
        elif problem.mend == SAY_WEEK and label and label not in mapping.visits:
            mapping = replace(mapping, visits={**mapping.visits, label: math.nan})
            doubts.append(problem)
    return Guess(mapping, tuple(doubts), ())
