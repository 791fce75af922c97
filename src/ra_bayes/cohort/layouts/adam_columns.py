"""The variables of a CDISC ADaM basic data structure, found in a header; and what a parameter code means.

Names are those of the ADaM Implementation Guide 1.3 (CDISC 2021), section 3.3, and of the SDTM findings that
ADaM datasets carry along (--STRESC, --STRESU, --LLOQ).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ra_bayes.cohort.layouts.absent import refuse_absent
from ra_bayes.cohort.layouts.column_names import Names
from ra_bayes.cohort.layouts.sdtm_columns import sdtm_columns
from ra_bayes.cohort.mapping import LAYOUTS, TableMapping
from ra_bayes.outcome import Outcome
from ra_bayes.sources import Problems, Table

__all__ = ["adam_columns", "cdisc_columns", "is_adam", "outcome_of"]

# What each role is called, the first that is there counts: what a patient got before what was planned.
_ROLES: Mapping[str, tuple[str, ...]] = {
    "patient": ("usubjid", "subjid"),
    "code": ("paramcd",),
    "parameter": ("param",),
    "value": ("aval",),
    "text": ("avalc",),
    "unit": ("avalu",),
    "visit": ("avisit",),
    "day": ("ady",),
    "date": ("adt", "adtm"),
    "baseline": ("ablfl",),
    "derived": ("dtype",),
    "analysed": ("anl01fl",),
    "timepoint": ("atpt", "atptn"),
    "analysis_limit": ("alloq", "avallloq"),
    "arm": ("trt01a", "trta", "trt01p", "trtp", "actarm", "arm"),
}
# ALLOQ is in the unit of AVAL, --LLOQ in that of --STRESC.
_ENDINGS = {"lower_limit": "lloq", "reported": "stresc", "reported_unit": "stresu"}
# CDISC's laboratory test codes (LBTESTCD) that are not spelt like the outcome.
_CODES = {"intlk10": "il10"}


def is_adam(header: Sequence[str]) -> bool:
    """Say whether a header is that of an ADaM basic data structure.

    Examples
    --------
    >>> is_adam(["usubjid", "paramcd", "aval", "avisit"]), is_adam(["USUBJID", "AVAL"])
    (True, False)
    """
    names = {name.strip().casefold() for name in header}
    return bool(names & {"usubjid", "subjid"} and "paramcd" in names and names & {"aval", "avalc"})


def adam_columns(header: Sequence[str]) -> dict[str, int]:
    """Return the position of each variable that is read, by its role.

    Examples
    --------
    >>> adam_columns(["SUBJID", "USUBJID", "PARAMCD", "AVAL", "LBSTRESC"])
    {'patient': 1, 'code': 2, 'value': 3, 'reported': 4}
    """
    names = [name.strip().casefold() for name in header]
    found = {}
    for role, spellings in _ROLES.items():
        if spelt := next((each for each in spellings if each in names), None):
            found[role] = names.index(spelt)
    for role, ending in _ENDINGS.items():
        others = (i for i, name in enumerate(names) if name.endswith(ending) and i not in found.values())
        if (position := next(others, None)) is not None:
            found[role] = position
    return found


def cdisc_columns(table: Table, mapping: TableMapping, problems: Problems) -> dict[str, int]:
    """Return the position of each variable of an ADaM or SDTM dataset, by its role.

    A mapping may name another variable for the patient, the visit or the arm.

    Raises
    ------
    CohortError
        If the table is no such dataset, whatever its layout is said to be, or has no such variable.
    """
    layout = mapping.layout
    columns = sdtm_columns(table.header) if layout == "sdtm" else adam_columns(table.header)
    needed = {"sdtm": "USUBJID, --TESTCD and --STRESC or --ORRES"}.get(
        layout, "USUBJID, PARAMCD and AVAL or AVALC"
    )
    if not {"patient", "code"} <= {*columns} or not {"value", "text"} & {*columns}:
        what = f"this is no {LAYOUTS[layout].partition(':')[0]}: it would have {needed}"
        problems.stop("layout", what, "say another layout, or none", row=table.header_row)
    given = {"patient": mapping.patient, "visit": mapping.visit, "arm": mapping.arm}
    refuse_absent([name for name in given.values() if name], table, problems)
    return columns | {role: table.header.index(name) for role, name in given.items() if name}


def outcome_of(
    code: str, names: Names, known: Mapping[str, Outcome], mapping: TableMapping
) -> Outcome | None:
    """Return the outcome that a parameter code stands for; ``None`` if that is not known or not certain.

    A mapping decides; else the names by which columns are recognised, and CDISC's codes.

    Examples
    --------
    >>> from ra_bayes.outcomes import OUTCOMES
    >>> codes, names = ("DAS28CRP", "HAQDI", "INTLK10"), Names(OUTCOMES)
    >>> [outcome_of(code, names, OUTCOMES, TableMapping()).id for code in codes]
    ['das28_crp', 'haq', 'il10']
    """
    if code in mapping.parameters:
        return known.get(mapping.parameters[code].outcome)
    read = names.read(code)
    if read.certain and len(read.outcomes) == 1 and not (read.visit or read.unit):
        return known.get(read.outcomes[0])
    return known.get(_CODES.get(code.casefold(), ""))
