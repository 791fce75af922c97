"""The outcomes a trial in rheumatoid arthritis records, each with its unit, bounds and cut-offs.

Every number names where it was seen. Bounds reject what cannot be a record, never what is only
unusual: CRP and ESR have no published maximum, so theirs (1000 mg/L, 300 mm/h) are ours, wide enough
to catch nothing but a slip of the decimal or of the unit, and the composites' maxima follow from them.
Of several published important changes the default is the one trials use by convention (pain VAS,
HAQ-DI) and otherwise the one for active RA at 80% specificity; changes for worsening are left out.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from ra_bayes.errors import RaBayesError
from ra_bayes.outcome import Benefit, Category, Mcid, Outcome, UnitHint

__all__ = ["OUTCOMES", "Category", "Mcid", "Outcome", "UnitHint", "get"]

_WARD = "Ward 2015 Ann Rheum Dis 74:1691 (PMC4216638)"
_ALETAHA = "Aletaha 2009 Arthritis Rheum 61:313 (PMID 19248136)"
_CURTIS = "Curtis 2015 Arthritis Care Res 67:1345 (PMID 25988705)"
_POPE = "Pope 2009 J Rheumatol 36:254"
_CONVENTION = "convention in trials, as stated in PMC10002765, table footnote"
_ARD_SDAI = "Ann Rheum Dis, table in markup 185556"
_ARD_DAS = "Ann Rheum Dis, table in markup 187591"
_OURS = "plausibility bound of this package; no published maximum"

_POINTS = {"points": 1.0, "point": 1.0, "score": 1.0, "": 1.0}
_JOINTS = {"joints": 1.0, "joint": 1.0, "count": 1.0, "": 1.0}
_VAS = {"mm": 1.0, "cm": 10.0, "0-100": 1.0, "0-10": 10.0}
_CYTOKINE = {"pg/mL": 1.0, "ng/L": 1.0, "fg/mL": 0.001, "ng/mL": 1000.0, "ug/L": 1000.0}
_CRP = {"mg/L": 1.0, "mg/dL": 10.0, "ug/mL": 1.0}
_ESR = {"mm/h": 1.0, "mm/hr": 1.0, "mm/hour": 1.0, "mm/1h": 1.0}
_YES_NO = {"": 1.0, "0/1": 1.0}

_CM = UnitHint("cm", 10.0, "no pain or global score above 10 mm in a whole active-RA table is a cm scale")
# RADIATE control, CRP 37.1 (41.2) mg/L as a log-normal: six baselines all at most 10 have probability
# 0.00002 in mg/L and 0.7 in mg/dL; in the milder MOR103 placebo (18.2 (20.0) mg/L) 0.005 in mg/L.
_MG_DL = UnitHint("mg/dL", 10.0, "RADIATE and MOR103 baselines: six patients all at most 10 mg/L is below 1%")


def _ward(change: float, unit: str) -> Mcid:
    return Mcid(change, unit, "MCII, 80% specificity, active RA", _WARD)


def _aletaha(change: float) -> Mcid:
    return Mcid(change, "points", "MCII, all baselines, 3 months", _ALETAHA)


def _activity(remission: float, low: float, moderate: float, source: str) -> tuple[Category, ...]:
    return (
        Category("remission", None, remission, source),
        Category("low", remission, low, source),
        Category("moderate", low, moderate, source),
        Category("high", moderate, None, source),
    )


_DAS28_ACTIVITY = (
    Category("remission", None, 2.6, f"das-score.nl; {_ARD_DAS}", up_to_inclusive=False),
    *_activity(2.6, 3.2, 5.1, _ARD_DAS)[1:],
)
_TREG = "Treg rose and Th17 fell after MSC in Ghoryani 2019 (PMID 30551438)"
_ANTIBODY = "no agreed direction: not tracking clinical outcome in Jamshidi 2024; units are the assay's own"
_HAQ_SOURCE = "registry record RPCEC00000464"
_HAQ_CATEGORIES = (
    Category("none", None, 0.0, _HAQ_SOURCE),
    Category("mild-moderate", 0.0, 1.0, _HAQ_SOURCE),
    Category("moderate-severe", 1.0, 2.0, _HAQ_SOURCE),
    Category("severe-very severe", 2.0, None, _HAQ_SOURCE),
)


def _vas(id: str, label: str, *mcids: Mcid) -> Outcome:
    return Outcome(
        id=id,
        label=label,
        unit="mm",
        lower=0.0,
        upper=100.0,
        benefit="decrease",
        units=_VAS,
        mcids=mcids,
        suspicious=_CM,
        source="visual analogue scale, 0-100 mm (das-score.nl for the patient global)",
    )


def _joint_count(id: str, label: str) -> Outcome:
    return Outcome(
        id=id,
        label=label,
        unit="joints",
        lower=0.0,
        upper=28.0,
        benefit="decrease",
        step=1.0,
        units=_JOINTS,
        source="28 joints: shoulders, elbows, wrists, MCP, PIP, knees (medicalalgorithms.com)",
    )


def _points(
    id: str,
    label: str,
    bounds: tuple[float, float],
    source: str,
    mcids: tuple[Mcid, ...],
    categories: tuple[Category, ...],
    step: float | None = None,
) -> Outcome:
    return Outcome(
        id=id,
        label=label,
        unit="points",
        lower=bounds[0],
        upper=bounds[1],
        benefit="decrease",
        source=source,
        step=step,
        units=_POINTS,
        mcids=mcids,
        categories=categories,
    )


def _assay(
    id: str,
    label: str,
    benefit: Benefit | None,
    unit: str,
    units: Mapping[str, float],
    source: str,
    upper: float | None = None,
    suspicious: UnitHint | None = None,
) -> Outcome:
    return Outcome(
        id=id,
        label=label,
        unit=unit,
        lower=0.0,
        upper=upper,
        benefit=benefit,
        source=source,
        positive=True,
        units=units,
        suspicious=suspicious,
    )


def _response(percent: int) -> Outcome:
    return Outcome(
        id=f"acr{percent}",
        label=f"ACR{percent} response",
        unit="",
        lower=0.0,
        upper=1.0,
        benefit="increase",
        kind="binary",
        step=1.0,
        units=_YES_NO,
        source="registry records NCT01709578, NCT00048581; PMC2678269, table 1",
    )


_TRIAL = "direction of benefit as in Jamshidi 2024 (doi 10.1080/17460751.2024.2443352)"
_KITS = f"{_TRIAL}; assays differ up to 200-fold in scale (Chin J Rheumatol 2010:182; PMID 24128872)"

_TABLE = (
    _vas(
        "vas",
        "Pain (VAS)",
        Mcid(10.0, "mm", "MCID used in trials", _CONVENTION),
        Mcid(11.9, "mm", "MID, somewhat improved, practice", _POPE),
        _ward(20.0, "mm"),
    ),
    _vas("patient_global", "Patient global (VAS)", _ward(18.0, "mm")),
    _vas("physician_global", "Physician global (VAS)"),
    _joint_count("tjc28", "Tender joints of 28"),
    _joint_count("sjc28", "Swollen joints of 28"),
    # The published range 0-86 caps CRP at 10 mg/dL, which no laboratory does: 76 + 100 is the bound.
    _points(
        "sdai",
        "SDAI",
        (0.0, 176.0),
        "Smolen 2003 Rheumatology 42:244; range 0-86 only while CRP stays at most 10 mg/dL (PMC2678269)",
        (_ward(13.0, "points"), _aletaha(10.95)),
        _activity(3.3, 11.0, 26.0, f"rheumakit.com; {_ARD_SDAI}"),
    ),
    _points(
        "cdai",
        "CDAI",
        (0.0, 76.0),
        "Aletaha 2005 Arthritis Res Ther 7:R796",
        (
            _ward(12.0, "points"),
            _aletaha(10.76),
            Mcid(12.0, "points", "MCID, baseline above 22", _CURTIS),
            Mcid(6.0, "points", "MCID, baseline 10-22", _CURTIS),
            Mcid(1.0, "points", "MCID, baseline below 10", _CURTIS),
        ),
        _activity(2.8, 10.0, 22.0, _ARD_SDAI),
    ),
    # Stated ranges (0-9.4; 0.96-8.61) assume ESR or CRP up to about 150; these reach our ESR and CRP bounds.
    _points(
        "das28_esr",
        "DAS28-ESR",
        (0.0, 9.84),
        "Prevoo 1995 Arthritis Rheum 38:44; das-score.nl",
        (_ward(1.2, "points"), Mcid(1.2, "points", "MCII, DAS28 variant not stated, 3 months", _ALETAHA)),
        _DAS28_ACTIVITY,
    ),
    _points(
        "das28_crp",
        "DAS28-CRP",
        (0.96, 9.3),
        "das-score.nl; cut-offs are those of DAS28, CRP-specific ones (2.4, 2.9, 4.6) are in use too",
        (_ward(1.0, "points"),),
        _DAS28_ACTIVITY,
    ),
    _points(
        "haq",
        "HAQ-DI",
        (0.0, 3.0),
        "LOINC 75874-8: mean of the domain scores; the step is that of eight integers' mean",
        (
            Mcid(0.22, "points", "MCID used in trials", _CONVENTION),
            _ward(0.375, "points"),
            Mcid(0.09, "points", "MID, somewhat improved, practice", _POPE),
        ),
        _HAQ_CATEGORIES,
        step=0.125,
    ),
    _assay("esr", "ESR", "decrease", "mm/h", _ESR, _OURS, upper=300.0),
    _assay("crp", "CRP", "decrease", "mg/L", _CRP, _OURS, upper=1000.0, suspicious=_MG_DL),
    _assay("il10", "IL-10", "increase", "pg/mL", _CYTOKINE, _KITS),
    _assay("il17", "IL-17", "decrease", "pg/mL", _CYTOKINE, _KITS),
    _assay("tnf_alpha", "TNF-α", "decrease", "pg/mL", _CYTOKINE, _KITS),
    _assay("treg_th17", "Treg/Th17 ratio", "increase", "ratio", {"ratio": 1.0, "": 1.0}, _TREG),
    _assay("rf", "Rheumatoid factor", None, "IU/mL", {"IU/mL": 1.0, "kIU/L": 1.0}, _ANTIBODY),
    _assay("anti_ccp", "Anti-CCP", None, "U/mL", {"U/mL": 1.0, "kU/L": 1.0}, _ANTIBODY),
    _response(20),
    _response(50),
    _response(70),
)

OUTCOMES: Mapping[str, Outcome] = MappingProxyType({outcome.id: outcome for outcome in _TABLE})
"""Every known outcome by its identifier, in the order reports use."""


def get(id: str) -> Outcome:
    """Return the outcome called `id`.

    Raises
    ------
    RaBayesError
        If there is none; the message names the closest identifiers.

    Examples
    --------
    >>> get("vas").unit
    'mm'
    >>> get("das28_esr").mcid.change
    1.2
    """
    try:
        return OUTCOMES[id]
    except KeyError:
        close = difflib.get_close_matches(id.strip().lower().replace("-", "_"), OUTCOMES, n=3)
        meant = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
        raise RaBayesError(
            f"outcome {id!r} is not known: {meant}list(ra_bayes.outcomes.OUTCOMES) lists all of them"
        ) from None
