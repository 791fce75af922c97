"""Errors a user can act on: what is wrong, where, and how to mend it.

Every error that bad input can cause is a :class:`RaBayesError`. The command line prints its
message and exits with code 2; no traceback reaches a user who only gave us a bad file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["CohortError", "FitError", "Problem", "RaBayesError", "SpecError", "check_type"]


class RaBayesError(Exception):
    """Base of every error that the user's input can cause."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input, where it is, and how to mend it.

    Parameters
    ----------
    what
        The problem in one clause, e.g. ``"week 4 is given twice"``.
    mend
        What the user should do, in one clause, e.g. ``"keep one of the two rows"``.
    row
        Row of the file as a spreadsheet numbers it (the header is row 1), if known.
    column
        Column name, if one column is to blame.
    value
        The offending text as it stands in the file.
    key
        Dotted key of a TOML page, e.g. ``"priors.residual_sd.median"``.
    """

    what: str
    mend: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    key: str | None = None

    def __str__(self) -> str:
        place = [f"row {self.row}"] if self.row is not None else []
        if self.key is not None:
            place.append(f"key {self.key}")
        if self.column is not None:
            place.append(f"column {self.column!r}")
        if self.value is not None:
            place.append(f"value {self.value!r}")
        return f"{', '.join(place)}: {self.what}; {self.mend}" if place else f"{self.what}; {self.mend}"


class _ProblemsError(RaBayesError):
    """An input with one or more problems, all of them reported at once."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{source}: {count} problem{'' if count == 1 else 's'}"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]))

    def __reduce__(self) -> tuple[type[_ProblemsError], tuple[str, tuple[Problem, ...]]]:
        # Exceptions pickle by their message alone; a worker's error must reach the caller whole.
        return type(self), (self.source, self.problems)


class CohortError(_ProblemsError):
    """A table of patients that cannot be used as it stands."""


class SpecError(_ProblemsError):
    """A model page (TOML) with a key or a value that does not fit."""


class FitError(RaBayesError):
    """A model and a cohort that cannot be fitted together, or a fit that did not pass its gate."""


def check_type(value: object, wanted: type, what: str, mend: str) -> None:
    """Refuse an argument that is something else, such as a name for what it names, or two that were swapped.

    Raises
    ------
    RaBayesError
        Saying what was wanted and what was given.
    """
    if not isinstance(value, wanted):
        given = "None" if value is None else type(value).__name__
        raise RaBayesError(f"{what} must be of type {wanted.__name__}, not {given}; {mend}")
