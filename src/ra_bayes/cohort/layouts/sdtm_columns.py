"""The variables of a CDISC SDTM findings domain (LB, VS, QS, ...), found in a header by their two letters.

Names are those of the findings class of the Study Data Tabulation Model (CDISC SDTM 2.0, 2021). A domain
holds what was collected, a row per result, and is read as ADaM is: --TESTCD says what PARAMCD says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

__all__ = ["is_sdtm", "sdtm_columns"]

# Each variable without its domain, the first that is there counts. --LLOQ is in the unit of --STRESU.
_STANDARD: Mapping[str, tuple[str, ...]] = {
    "parameter": ("test",),
    "baseline": ("lobxfl", "blfl"),
    "derived": ("drvfl",),
    "day": ("dy",),
    "date": ("dtc",),
    "timepoint": ("tpt", "tptnum", "repnum"),
    "analysis_limit": ("lloq",),
}
# A domain without standardised results is read as it was collected, each with its own unit.
_RESULTS = (
    {"value": "stresn", "text": "stresc", "unit": "stresu"},
    {"text": "stresc", "unit": "stresu"},
    {"text": "orres", "unit": "orresu"},
)
_SHARED: Mapping[str, tuple[str, ...]] = {
    "patient": ("usubjid", "subjid"),
    "visit": ("visit",),
    "arm": ("actarm", "arm"),
}
_CODE = re.compile(r"([a-z][a-z0-9])testcd")


def is_sdtm(header: Sequence[str]) -> bool:
    """Say whether a header is that of a findings domain.

    Examples
    --------
    >>> is_sdtm(["USUBJID", "LBTESTCD", "LBORRES", "VISIT"]), is_sdtm(["USUBJID", "AETERM"])
    (True, False)
    """
    return {"patient", "code", "text"} <= {*sdtm_columns(header)}


def sdtm_columns(header: Sequence[str]) -> dict[str, int]:
    """Return the position of each variable that is read, by its role.

    Examples
    --------
    >>> sdtm_columns(["USUBJID", "LBTESTCD", "LBSTRESC", "LBSTRESN", "LBDY"])
    {'code': 1, 'value': 3, 'text': 2, 'patient': 0, 'day': 4}
    """
    names = [name.strip().casefold() for name in header]
    domains = [match[1] for name in names if (match := _CODE.fullmatch(name))]
    if len(domains) != 1:
        return {}
    (domain,) = domains
    found = {"code": names.index(f"{domain}testcd")}
    results = ({role: domain + name for role, name in each.items()} for each in _RESULTS)
    result = next(
        (each for each in results if each["text"] in names and each.get("value", each["text"]) in names), {}
    )
    found |= {role: names.index(name) for role, name in result.items() if name in names}
    standard = {role: tuple(domain + name for name in spelt) for role, spelt in _STANDARD.items()}
    for role, spellings in {**_SHARED, **standard}.items():
        if spelt := next((each for each in spellings if each in names), None):
            found[role] = names.index(spelt)
    return found
