"""Which columns of a sheet say who, when and in which arm, told by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ra_bayes.cohort.layouts.column_names import alphanumeric
from ra_bayes.cohort.mapping import VisitUnit

__all__ = ["Roles", "event_column", "find_roles", "is_form", "repeat_columns", "visits_are_repeats"]

# In the order in which they are preferred; the general ones number patients anew at every site.
_PATIENT = "patient patientid patientno patientnumber patientcode patid patnr patientnr usubjid participant "
_PATIENT += "participantid recordid studyid pat patcode"
_GENERAL = "subjectid subject subjid id pid caseid case"
# Where nothing else says who: initials tell six patients apart, and two of one name do not pass.
_INITIALS = "initials initialen initiale kürzel kuerzel pseudonym"
_SITE = "site siteid center centre centreid centerid klinik hospital"
_WEEK = "week weeks wk studyweek visitweek weekno woche"
_VISIT = "visit visits visite visitname visitlabel visitno avisit timepoint event eventname time visitnum"
_VISIT += " assessment"
_COUNTED: Mapping[VisitUnit, str] = {"months": "month months monat mois", "days": "day days studyday ady tag"}
_ARM = "group treatment trt trta trtp trt01p trt01a actarm allocation randomisedto randomizedto"
_DATE = (
    "date visitdate dateofvisit datum assessmentdate sampledate dateofassessment adt collected datecollected"
)
_DATE += (
    " collectiondate dateofcollection collectiontime sampled visitendatum untersuchungsdatum abnahmedatum"
)
_DATE += " entnahmedatum"
_FIRST = "firstinfusion firstinfusiondate dateoffirstinfusion datefirstinfusion infusiondate dateofinfusion"
_FIRST += " treatmentstart treatmentstartdate trtsdt firstdose firstdosedate dateoffirstdose"
_FIRST += " ersteinfusion 1infusion datum1infusion datumersteinfusion"
_BATCH = "batch assaybatch batchid batchno batchnumber"
_EVENT = ("redcapeventname", "eventname")
_REPEAT = {
    "instrument": ("redcaprepeatinstrument", "repeatinstrument"),
    "instance": ("redcaprepeatinstance", "repeatinstance"),
}


@dataclass(frozen=True, slots=True)
class Roles:
    """Names of the columns that say who, when and in which arm; empty where none was found.

    `visit_unit` is what the name of the visit column says its numbers count; ``"weeks"`` only for a
    column called week. `unsure` holds, for each role that is not certain, what was found.
    """

    patient: str = ""
    visit: str = ""
    visit_unit: VisitUnit = "labels"
    arm: str = ""
    date: str = ""
    first_infusion: str = ""
    batch: str = ""
    unsure: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)


def find_roles(header: Sequence[str]) -> Roles:
    """Find the columns of a sheet that hold no outcome but say what the row is of.

    Examples
    --------
    >>> roles = find_roles(["Patient ID", "Week", "site", "crp"])
    >>> roles.patient, roles.visit, roles.visit_unit
    ('Patient ID', 'Week', 'weeks')
    >>> find_roles(["site", "subject", "crp"]).unsure
    {'patient': ('subject',)}
    """
    folded: dict[str, str] = {}
    for name in header:
        folded.setdefault(alphanumeric(name), name)
    unsure: dict[str, tuple[str, ...]] = {}
    patient = _first(folded, _PATIENT)
    if not patient:
        general = _all(folded, _GENERAL)
        if len(general) > 1 or (general and _all(folded, _SITE)):
            unsure["patient"] = general
        patient = general[0] if general else _first(folded, _INITIALS)
    unit: VisitUnit = "weeks"
    visit = _first(folded, _WEEK)
    if not visit:
        visit, unit = _first(folded, _VISIT), "labels"
    for counted, names in _COUNTED.items():
        if not visit and (found := _first(folded, names)):
            visit, unit = found, counted
    arm = _first(folded, "arm")
    if not arm and (groups := _all(folded, _ARM)):
        # A group that is not read would pool two arms.
        unsure["arm"], arm = groups, groups[0]
    return Roles(
        patient=patient,
        visit=visit,
        visit_unit=unit if visit else "labels",
        arm=arm,
        date=_first(folded, _DATE),
        first_infusion=_first(folded, _FIRST),
        batch=_first(folded, _BATCH),
        unsure=unsure,
    )


def event_column(header: Sequence[str]) -> str:
    """Return REDCap's column of events, raw or labelled; empty if there is none.

    Examples
    --------
    >>> event_column(["record_id", "redcap_event_name", "crp"])
    'redcap_event_name'
    """
    folded = {alphanumeric(name): name for name in reversed(header)}
    if _EVENT[0] in folded:
        return folded[_EVENT[0]]
    # A labelled export writes "Event Name"; only beside "Complete?" or "Repeat ..." is it REDCap's.
    beside = any(name.strip() == "Complete?" for name in header) or _REPEAT["instance"][1] in folded
    return folded.get(_EVENT[1], "") if beside else ""


def repeat_columns(header: Sequence[str]) -> tuple[str, str]:
    """Return REDCap's columns of the repeated instrument and of its instance; empty where there is none."""
    folded = {alphanumeric(name): name for name in reversed(header)}
    first, second = (
        next((folded[each] for each in _REPEAT[key] if each in folded), "")
        for key in ("instrument", "instance")
    )
    return first, second


def visits_are_repeats(header: Sequence[str]) -> bool:
    """Say whether nothing but REDCap's instances of a repeated form tells visits apart.

    Examples
    --------
    >>> visits_are_repeats(["record_id", "redcap_repeat_instance", "crp"])
    True
    """
    roles = find_roles(header)
    return bool(repeat_columns(header)[1]) and not (event_column(header) or roles.visit or roles.date)


def is_form(name: str) -> bool:
    """Say whether a column is REDCap's state of a form or one box of a checkbox field."""
    return name.endswith("_complete") or "___" in name or "(choice=" in name or name == "Complete?"


def _first(folded: Mapping[str, str], names: str) -> str:
    return next(iter(_all(folded, names)), "")


def _all(folded: Mapping[str, str], names: str) -> tuple[str, ...]:
    return tuple(folded[name] for name in names.split() if name in folded)
