"""The mapping that a table is read with, as a page to edit: certain or not."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial

from ra_bayes.cohort.layout import fits, guess_of
from ra_bayes.cohort.mapping import TableMapping
from ra_bayes.cohort.mapping_writer import write_mapping
from ra_bayes.cohort.read import given_mapping, known_outcomes, with_units
from ra_bayes.errors import Problem
from ra_bayes.outcome import Outcome
from ra_bayes.sources import Problems, Source, read_table, source_name

__all__ = ["fix_template"]


def fix_template(
    source: Source,
    *,
    outcomes: Iterable[Outcome] = (),
    sheet: str | None = None,
    layout: str | None = None,
    mapping: str | os.PathLike[str] | TableMapping | None = None,
) -> tuple[str, tuple[Problem, ...]]:
    """Return what a table is taken to mean as a page of TOML, and what is left to decide.

    Parameters
    ----------
    source, outcomes, sheet, layout, mapping
        As for :func:`ra_bayes.cohort.read_cohort`.

    Returns
    -------
    tuple
        The page, with ``"?"`` where something could not be guessed, and every doubt, which the page has as
        comments. A page without doubts reads the table as it is read without it.

    Raises
    ------
    CohortError
        If the file cannot be read, or fits two layouts.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> page, doubts = rb.fix_template(rb.data_dir() / "synthetic_cohort.csv")
    >>> 'layout = "long"' in page, doubts
    (True, ())
    """
    problems = Problems(source_name(source))
    given = given_mapping(mapping, layout)
    known = with_units(known_outcomes((*outcomes, *given.outcomes), problems), given, problems)
    table = read_table(source, problems, sheet=sheet, fits=partial(fits, known=known, given=given))
    found = guess_of(table, known, given, problems)
    page = write_mapping(found.mapping, source=table.source, doubts=found.doubts, unread=found.unread)
    return page, found.doubts
