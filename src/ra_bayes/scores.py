"""Composite scores of rheumatoid arthritis from their components.

**One unit convention, that of** :mod:`ra_bayes.outcomes`: **global assessments and pain in mm
(0-100), CRP in mg/L, ESR in mm/h.** The suffix of each argument says so. Papers give SDAI and CDAI in
cm and mg/dL; the conversion happens here and nowhere else. A global of 5 cm is 50 here; 5 would be
read as 5 mm, and nothing could tell. Scores are returned unrounded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ra_bayes.errors import RaBayesError
from ra_bayes.outcomes import get

__all__ = [
    "cdai",
    "checked",
    "das28_crp",
    "das28_crp_3",
    "das28_esr",
    "das28_esr_3",
    "haq_di",
    "haq_domain",
    "sdai",
    "within",
]

# Argument -> the outcome whose bounds and unit it obeys.
_OUTCOME = {
    "tjc28": "tjc28",
    "sjc28": "sjc28",
    "patient_global_mm": "patient_global",
    "physician_global_mm": "physician_global",
    "esr_mm_h": "esr",
    "crp_mg_l": "crp",
}


def within(name: str, value: float, lower: float, upper: float, unit: str) -> float:
    """Return `value`, or say why it cannot be a `name`.

    Raises RaBayesError if `value` is no number or lies outside the bounds.

    Examples
    --------
    >>> within("tjc28", 12, 0, 28, "joints")
    12
    """
    if lower <= value <= upper:
        return value
    raise RaBayesError(
        f"{name} is {value:g}: it must be from {lower:g} to {upper:g} {unit}; "
        "check the entry and its unit, and leave the score out where a component is missing"
    )


def checked(name: str, value: float, like: str | None = None) -> float:
    """Return `value` if it is within the bounds of the outcome `like`, by default that of the argument."""
    outcome = get(like or _OUTCOME[name])
    return within(name, value, outcome.lower or 0.0, outcome.upper or math.inf, outcome.unit)


def cdai(*, tjc28: float, sjc28: float, patient_global_mm: float, physician_global_mm: float) -> float:
    """Clinical disease activity index, 0-76 points.

    Parameters
    ----------
    tjc28, sjc28
        Tender and swollen joints of 28.
    patient_global_mm, physician_global_mm
        Global assessments in **mm**, 0-100.

    Raises
    ------
    RaBayesError
        If a component is out of range.

    Notes
    -----
    Source: Aletaha 2005 Arthritis Res Ther 7:R796.

    Examples
    --------
    >>> cdai(tjc28=4, sjc28=5, patient_global_mm=50, physician_global_mm=60)
    20.0
    """
    joints = checked("tjc28", tjc28) + checked("sjc28", sjc28)
    patient = checked("patient_global_mm", patient_global_mm)
    physician = checked("physician_global_mm", physician_global_mm)
    return joints + (patient + physician) / 10


def sdai(
    *, tjc28: float, sjc28: float, patient_global_mm: float, physician_global_mm: float, crp_mg_l: float
) -> float:
    """Simplified disease activity index, in points: CDAI plus CRP in mg/dL, not capped.

    Parameters
    ----------
    tjc28, sjc28
        Tender and swollen joints of 28.
    patient_global_mm, physician_global_mm
        Global assessments in **mm**, 0-100.
    crp_mg_l
        CRP in **mg/L**.

    Raises
    ------
    RaBayesError
        If a component is out of range.

    Notes
    -----
    Source: Smolen 2003 Rheumatology 42:244. The published range 0-86 holds up to a CRP of 100 mg/L.

    Examples
    --------
    >>> sdai(tjc28=4, sjc28=5, patient_global_mm=50, physician_global_mm=60, crp_mg_l=70)
    27.0
    """
    clinical = cdai(
        tjc28=tjc28,
        sjc28=sjc28,
        patient_global_mm=patient_global_mm,
        physician_global_mm=physician_global_mm,
    )
    return clinical + checked("crp_mg_l", crp_mg_l) / 10


def _joints(tjc28: float, sjc28: float) -> float:
    """Return the joints' part of every DAS28."""
    return 0.56 * math.sqrt(checked("tjc28", tjc28)) + 0.28 * math.sqrt(checked("sjc28", sjc28))


def _esr(esr_mm_h: float) -> float:
    if 0 <= esr_mm_h < 1:
        raise RaBayesError(
            f"esr_mm_h is {esr_mm_h:g}: DAS28-ESR takes its logarithm and needs at least 1 mm/h; "
            "if the laboratory reports 0 for 'below 1', give 1 and say so in the methods"
        )
    return 0.70 * math.log(checked("esr_mm_h", esr_mm_h))


def _crp(crp_mg_l: float) -> float:
    return 0.36 * math.log(checked("crp_mg_l", crp_mg_l) + 1)


def das28_esr(*, tjc28: float, sjc28: float, esr_mm_h: float, patient_global_mm: float) -> float:
    """DAS28 with ESR and the patient's global health, four variables.

    Parameters
    ----------
    tjc28, sjc28
        Tender and swollen joints of 28.
    esr_mm_h
        ESR in mm/h, at least 1.
    patient_global_mm
        Global health in **mm**, 0-100.

    Raises
    ------
    RaBayesError
        If a component is out of range.

    Notes
    -----
    Source: Prevoo 1995 Arthritis Rheum 38:44; das-score.nl.

    Examples
    --------
    >>> round(das28_esr(tjc28=4, sjc28=5, esr_mm_h=7, patient_global_mm=50), 2)
    3.81
    """
    return _joints(tjc28, sjc28) + _esr(esr_mm_h) + 0.014 * checked("patient_global_mm", patient_global_mm)


def das28_esr_3(*, tjc28: float, sjc28: float, esr_mm_h: float) -> float:
    """DAS28 with ESR, the three-variable form for when no global health was asked.

    Arguments and errors as :func:`das28_esr`. Source: das-score.nl.

    Examples
    --------
    >>> round(das28_esr_3(tjc28=4, sjc28=5, esr_mm_h=7), 2)
    3.52
    """
    return (_joints(tjc28, sjc28) + _esr(esr_mm_h)) * 1.08 + 0.16


def das28_crp(*, tjc28: float, sjc28: float, crp_mg_l: float, patient_global_mm: float) -> float:
    """DAS28 with CRP and the patient's global health, four variables; at least 0.96.

    Parameters
    ----------
    tjc28, sjc28
        Tender and swollen joints of 28.
    crp_mg_l
        CRP in **mg/L**, not mg/dL.
    patient_global_mm
        Global health in **mm**, 0-100.

    Raises
    ------
    RaBayesError
        If a component is out of range.

    Notes
    -----
    Source: das-score.nl. A misprint with the bracket elsewhere, ``0.36*ln(CRP)+1``, is in circulation.

    Examples
    --------
    >>> round(das28_crp(tjc28=4, sjc28=5, crp_mg_l=7, patient_global_mm=50), 2)
    4.15
    """
    patient = 0.014 * checked("patient_global_mm", patient_global_mm)
    return _joints(tjc28, sjc28) + _crp(crp_mg_l) + patient + 0.96


def das28_crp_3(*, tjc28: float, sjc28: float, crp_mg_l: float) -> float:
    """DAS28 with CRP, the three-variable form for when no global health was asked.

    Arguments and errors as :func:`das28_crp`. Source: das-score.nl.

    Examples
    --------
    >>> das28_crp_3(tjc28=0, sjc28=0, crp_mg_l=0)
    1.15
    """
    return (_joints(tjc28, sjc28) + _crp(crp_mg_l)) * 1.10 + 1.15


def haq_domain(items: Sequence[int], *, aid: bool = False) -> int:
    """Score one HAQ-DI domain, 0-3: its worst item, at least 2 if an aid or help is used.

    Parameters
    ----------
    items
        The domain's items, each 0, 1, 2 or 3.
    aid
        Whether an aid, a device or another person's help was used.

    Raises
    ------
    RaBayesError
        If there is no item, or one is not 0, 1, 2 or 3.

    Notes
    -----
    Source: LOINC 75874-8 (total score, with aids and devices).

    Examples
    --------
    >>> haq_domain([0, 1], aid=True)
    2
    """
    if not items or any(item not in (0, 1, 2, 3) for item in items):
        raise RaBayesError(
            f"HAQ-DI items are {list(items)}: each must be 0, 1, 2 or 3; haq_di takes None for no answer"
        )
    worst = max(items)
    return max(worst, 2) if aid else worst


def haq_di(domains: Sequence[int | None]) -> float:
    """Health assessment questionnaire, disability index, 0-3 points.

    Parameters
    ----------
    domains
        The eight domain scores (see :func:`haq_domain`); ``None`` for an unanswered domain.

    Raises
    ------
    RaBayesError
        If there are not eight, a score is not 0, 1, 2 or 3, or fewer than six were answered.

    Notes
    -----
    Source: LOINC 75874-8. With all eight answered the score moves in steps of 0.125.

    Examples
    --------
    >>> haq_di([2, 1, 1, 2, 0, 3, 1, 1])
    1.375
    """
    answered = [score for score in domains if score is not None]
    if len(domains) != 8 or any(score not in (0, 1, 2, 3) for score in answered):
        raise RaBayesError(
            f"HAQ-DI domains are {list(domains)}: give eight scores, each 0, 1, 2 or 3, None if unanswered"
        )
    if len(answered) < 6:
        raise RaBayesError(
            f"HAQ-DI has {len(answered)} answered domains: it needs six; record the visit as missing"
        )
    return sum(answered) / len(answered)
