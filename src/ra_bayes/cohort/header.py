"""The columns of a long table: which is which, which are unused, and what may have been meant."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from ra_bayes.sources.problems import Problems

__all__ = [
    "OPTIONAL",
    "REQUIRED",
    "Header",
    "is_long",
    "meant_columns",
    "read_header",
    "recognised",
    "role_of",
]

REQUIRED = ("patient", "week", "outcome", "value")
OPTIONAL = ("unit", "lower_limit", "upper_limit", "limit", "batch", "synthetic", "arm")
_ALIASES = {"weeks": "week", "values": "value", "units": "unit", "lloq": "lower_limit", "uloq": "upper_limit"}

# Names that other people's tables use. They are asked about, never taken silently: a "visit" is
# seldom a week and a "subject" may be numbered anew at every site.
_MEANT = {
    "patient": "subject subject_id subjid usubjid id patient_id patientid pid participant record_id study_id",
    "week": "visit visits visit_week avisit avisitn time day days month months ady visitnum",
    "outcome": "param paramcd parameter variable test testcd measure measurement endpoint analyte",
    "value": "avalc aval result score y response reading lborres lbstresn",
    "unit": "uom unit_of_measure lborresu lbstresu",
    "lower_limit": "lower_limit_of_quantification lloq_value loq lod llod detection_limit lower_loq",
    "upper_limit": "upper_limit_of_quantification uloq_value upper_loq",
    "batch": "assay_batch batch_id batch_no batch_number plate plate_id assay_plate",
    "limit": "censored censoring sign qualifier",
    "synthetic": "simulated fake",
    "arm": "group treatment trt trt01p trt01a actarm randomised_to allocation",
}


@dataclass(frozen=True, slots=True)
class Header:
    """Where each column stands.

    Parameters
    ----------
    names
        The header as written.
    where
        Position of every column that is read.
    unused
        Positions of the others.
    """

    names: tuple[str, ...]
    where: Mapping[str, int]
    unused: tuple[int, ...]


def recognised(names: Sequence[str]) -> int:
    """Count the columns of a long table among `names`.

    Examples
    --------
    >>> recognised(["Patient", " WEEK ", "Lower limit", "site"])
    3
    """
    return len({role_of(name) for name in names} - {None})


def read_header(names: Sequence[str], problems: Problems, *, row: int = 1) -> Header:
    """Find the columns in the header, which is row `row`; raise at once if one is missing or given twice."""
    where: dict[str, int] = {}
    wrong = False
    for position, name in enumerate(names):
        role = role_of(name)
        if role is None:
            continue
        if role in where:
            what = f"two columns say {role}: {names[where[role]]!r} (column {where[role] + 1}) and {name!r}"
            mend = "keep one of the two, or rename the other"
            problems.add("duplicate column", f"{what} (column {position + 1})", mend, row=row)
            wrong = True
        else:
            where[role] = position
    unused = tuple(position for position in range(len(names)) if position not in where.values())
    missing = [role for role in REQUIRED if role not in where]
    if missing:
        _explain(missing, names, unused, problems, row)
    wrong = _ask_about_optional(names, unused, where, problems, row) or wrong
    if wrong:
        problems.raise_if_any()
    return Header(tuple(names), where, unused)


def _explain(
    missing: list[str],
    names: Sequence[str],
    unused: Sequence[int],
    problems: Problems,
    row: int,
) -> NoReturn:
    """Say which required columns are missing, what was found, and what may have been meant."""
    found = ", ".join(repr(_cut(name)) for name in names[:12]) + (", ..." if len(names) > 12 else "")
    likely = {role: _likely(role, [names[position] for position in unused]) for role in missing}
    renames = [f"{name!r} to {role}{_in_weeks(role, name)}" for role, name in likely.items() if name]
    plural = "s" if len(missing) > 1 else ""
    what = f"the column{plural} {', '.join(missing)} {'are' if plural else 'is'} missing (found: {found})"
    mend = f"the first row must name the columns {', '.join(REQUIRED)}"
    if len(names) == 1:
        mend += ", separated by commas, semicolons or tabs"
    if renames:
        mend += f"; if these are the ones, rename {', '.join(renames)}"
    mend += ", or say in a mapping what the columns hold (ra-bayes check FILE --fix-template mapping.toml)"
    problems.stop("missing column", what, mend, row=row)


def _likely(role: str, names: Sequence[str]) -> str | None:
    """Return the name that others use for `role`, the likeliest first, or a misspelt one."""
    folded = {_folded(name): name for name in names}
    for other in (*_MEANT[role].split(), *difflib.get_close_matches(role, folded, cutoff=0.75)):
        if other in folded:
            return folded[other]
    return None


def _in_weeks(role: str, name: str) -> str:
    if role != "week":
        return ""
    return f" (weeks since baseline{': divide by 7' if _folded(name) in ('day', 'days', 'ady') else ''})"


def _ask_about_optional(
    names: Sequence[str], unused: Sequence[int], where: Mapping[str, int], problems: Problems, row: int
) -> bool:
    """Refuse a column that may well be a unit or a limit: leaving it out would change the values."""
    asked = False
    for role in OPTIONAL:
        for position in unused:
            if role not in where and _likely(role, [names[position]]):
                what = f"column {names[position]!r} looks like {role!r} and would not be read"
                mend = f"rename it to {role}, or remove it"
                problems.add("column name", what, mend, row=row)
                asked = True
    return asked


def is_long(names: Sequence[str]) -> bool:
    """Say whether all columns that a long table must have are there."""
    return {*REQUIRED} <= {role_of(name) for name in names}


def meant_columns(names: Sequence[str]) -> Mapping[str, str]:
    """Return the column of each role of a long table, by its own name or by one that others use for it.

    Examples
    --------
    >>> meant_columns(["PatientID", "week", "Analyte", "Result"])["outcome"]
    'Analyte'
    """
    found = {role: name for name in reversed(names) if (role := role_of(name)) is not None}
    for role in (*REQUIRED, *OPTIONAL):
        others = [name for name in names if role_of(name) is None and name not in found.values()]
        if role not in found and (name := _likely(role, others)):
            found[role] = name
    return found


def role_of(name: str) -> str | None:
    """Return which column of a long table a name is; ``None`` if it is none of them.

    Examples
    --------
    >>> role_of("Lower Limit"), role_of("LLOQ"), role_of("site")
    ('lower_limit', 'lower_limit', None)
    """
    folded = _folded(name)
    folded = _ALIASES.get(folded, folded)
    return folded if folded in REQUIRED or folded in OPTIONAL else None


def _folded(name: str) -> str:
    """Fold case, spaces, dots and hyphens: ``Lower Limit`` is ``lower_limit``."""
    return "_".join(name.casefold().replace("-", " ").replace("_", " ").replace(".", " ").split())


def _cut(name: str) -> str:
    return name if len(name) <= 30 else name[:29] + "…"
