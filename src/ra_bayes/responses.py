"""Whether a patient responded: ACR20/50/70, EULAR, SDAI and CDAI response, Boolean remission.

Units are those of :mod:`ra_bayes.outcomes` (mm, mg/L, mm/h).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ra_bayes.errors import RaBayesError
from ra_bayes.scores import checked, within

__all__ = ["AcrCoreSet", "acr_response", "activity_response", "boolean_remission", "eular_response"]

type Grade = Literal["major", "moderate", "minor", "none"]
type Eular = Literal["good", "moderate", "none"]

# Measurements carry far fewer digits: this only undoes binary rounding at an exact 20% or 1.2 points.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class AcrCoreSet:
    """The seven measures of the ACR core set at one visit; ``None`` where one is missing.

    Parameters
    ----------
    tjc, sjc
        Tender and swollen joints: of 68 and 66 in large trials, or of 28; the same at both visits.
    pain_mm, patient_global_mm, physician_global_mm
        In **mm**, 0-100.
    haq
        HAQ-DI, 0-3.
    acute_phase
        ESR in mm/h or CRP in mg/L; the same one at both visits.
    """

    tjc: float | None
    sjc: float | None
    pain_mm: float | None
    patient_global_mm: float | None
    physician_global_mm: float | None
    haq: float | None
    acute_phase: float | None

    def __post_init__(self) -> None:
        limits = (("tjc", 68.0, "joints"), ("sjc", 66.0, "joints"), ("pain_mm", 100.0, "mm"),
                  ("patient_global_mm", 100.0, "mm"), ("physician_global_mm", 100.0, "mm"),
                  ("haq", 3.0, "points"), ("acute_phase", 1000.0, "mg/L or mm/h"))  # fmt: skip
        for name, upper, unit in limits:
            value = getattr(self, name)
            if value is not None:
                within(name, value, 0.0, upper, unit)


def _improved(baseline: float | None, now: float | None, percent: float) -> bool | None:
    """Say whether a measure fell by `percent`; ``None`` if a visit is missing."""
    if baseline is None or now is None:
        return None
    return baseline > 0 and 100 * (baseline - now) >= percent * baseline - _ROUNDING


def acr_response(baseline: AcrCoreSet, now: AcrCoreSet, *, percent: int = 20) -> bool | None:
    """ACR20, ACR50 or ACR70 response.

    At least `percent` improvement in tender **and** swollen joints **and** in three of five: pain,
    patient global, physician global, HAQ-DI, acute-phase reactant. A measure that is 0 at baseline
    cannot improve and counts as not improved.

    Parameters
    ----------
    baseline, now
        The core set at the two visits.
    percent
        20, 50 or 70.

    Returns
    -------
    bool or None
        ``None`` if missing measures decide: they would make a response if improved, and none if not.

    Raises
    ------
    RaBayesError
        If `percent` is not 20, 50 or 70.

    Notes
    -----
    Source: Felson 1995 Arthritis Rheum 38:727; registry records NCT01709578 and NCT00048581; PMC2678269,
    table 1.

    Examples
    --------
    >>> before = AcrCoreSet(tjc=12, sjc=10, pain_mm=70, patient_global_mm=70, physician_global_mm=60,
    ...                     haq=1.5, acute_phase=40)
    >>> after = AcrCoreSet(tjc=8, sjc=8, pain_mm=50, patient_global_mm=65, physician_global_mm=40,
    ...                    haq=1.375, acute_phase=20)
    >>> acr_response(before, after, percent=20), acr_response(before, after, percent=50)
    (True, False)
    """
    if percent not in (20, 50, 70):
        raise RaBayesError(f"ACR{percent} is not defined; ask for percent=20, 50 or 70")
    joints = [_improved(baseline.tjc, now.tjc, percent), _improved(baseline.sjc, now.sjc, percent)]
    five = [
        _improved(getattr(baseline, name), getattr(now, name), percent)
        for name in ("pain_mm", "patient_global_mm", "physician_global_mm", "haq", "acute_phase")
    ]
    shown = all(joints) and five.count(True) >= 3
    possible = False not in joints and five.count(False) <= 2
    return shown if shown == possible else None


def eular_response(*, baseline: float, now: float) -> Eular:
    """EULAR response from two DAS28 values of the same variant.

    Parameters
    ----------
    baseline, now
        DAS28 in points.

    Raises
    ------
    RaBayesError
        If a value cannot be a DAS28.

    Notes
    -----
    Source: Fransen and van Riel 2005 Clin Exp Rheumatol 23 (Suppl 39):S93; mdcalc.com, calculator 2176.

    Examples
    --------
    >>> eular_response(baseline=5.21, now=1.8)
    'good'
    """
    for name, value in (("baseline DAS28", baseline), ("current DAS28", now)):
        checked(name, value, like="das28_esr")
    # Differences such as 4.4 - 3.2 land just above 1.2 in binary.
    improvement = baseline - now - _ROUNDING
    if improvement <= 0.6:
        return "none"
    if improvement <= 1.2:
        return "moderate" if now <= 5.1 else "none"
    return "good" if now <= 3.2 else "moderate"


def activity_response(*, baseline: float, now: float) -> Grade:
    """SDAI or CDAI response: minor from 50%, moderate from 70%, major from 85% improvement.

    Parameters
    ----------
    baseline, now
        SDAI, or CDAI, in points. From a baseline of 0 nothing can improve: ``"none"``.

    Raises
    ------
    RaBayesError
        If a value cannot be an SDAI.

    Notes
    -----
    Source: PMC8103932, table 3.

    Examples
    --------
    >>> activity_response(baseline=40, now=12)
    'moderate'
    """
    for name, value in (("baseline score", baseline), ("current score", now)):
        checked(name, value, like="sdai")
    if _improved(baseline, now, 85):
        return "major"
    if _improved(baseline, now, 70):
        return "moderate"
    return "minor" if _improved(baseline, now, 50) else "none"


def boolean_remission(
    *,
    tjc28: float,
    sjc28: float,
    patient_global_mm: float,
    crp_mg_l: float | None,
    version: Literal["1.0", "2.0"] = "2.0",
) -> bool:
    """ACR/EULAR Boolean remission.

    Parameters
    ----------
    tjc28, sjc28
        Tender and swollen joints of 28: each at most 1.
    patient_global_mm
        Patient global in **mm**: at most 10 (version 1.0) or 20 (version 2.0).
    crp_mg_l
        CRP in **mg/L**: at most 10. ``None`` asks for the three-item form without CRP.
    version
        Which definition.

    Raises
    ------
    RaBayesError
        If a component is out of range or the version is unknown.

    Notes
    -----
    Source: Studenic 2023 Ann Rheum Dis 82:74.

    Examples
    --------
    >>> boolean_remission(tjc28=1, sjc28=0, patient_global_mm=14, crp_mg_l=4)
    True
    """
    limits = {"1.0": 10.0, "2.0": 20.0}
    if version not in limits:
        raise RaBayesError(f"Boolean remission {version!r} is not known; ask for '1.0' or '2.0'")
    joints = max(checked("tjc28", tjc28), checked("sjc28", sjc28))
    crp = 0.0 if crp_mg_l is None else checked("crp_mg_l", crp_mg_l)
    patient = checked("patient_global_mm", patient_global_mm)
    return joints <= 1 and crp <= 10 and patient <= limits[version]
