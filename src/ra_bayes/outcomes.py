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
from ra_bayes.outcome import Benefit, Category, Improvement, Mcid, Outcome, UnitHint
from ra_bayes.units import UNITS

__all__ = ["OUTCOMES", "Category", "Improvement", "Mcid", "Outcome", "UnitHint", "get"]

_WARD = "Ward 2015 Ann Rheum Dis 74:1691 (PMC4216638)"
_ALETAHA = "Aletaha 2009 Arthritis Rheum 61:313 (PMID 19248136)"
_CURTIS = "Curtis 2015 Arthritis Care Res 67:1345 (PMID 25988705)"
_POPE = "Pope 2009 J Rheumatol 36:254"
_CONVENTION = "convention in trials, as stated in PMC10002765, footnote of table 4"
_GUELFE = "Gülfe 2009 BMC Musculoskelet Disord 10:41, table 1 (PMC2678269)"
_SDAI_CUTS = f"Aletaha 2005 Arthritis Rheum 52:2625; {_GUELFE}"
_CDAI_CUTS = f"Aletaha and Smolen 2007 Best Pract Res Clin Rheumatol 21:663; {_GUELFE}"
_DAS_CUTS = f"Fransen and van Riel 2005 Clin Exp Rheumatol 23 (Suppl 39):S93; {_GUELFE}"
_OURS = "plausibility bound of this package; no published maximum"

# A plain dict: what an outcome holds has to be pickled.
_UNITS = {kind: dict(factors) for kind, factors in UNITS.items()}

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


_SDAI_RESPONSES = tuple(
    Improvement(share, f"{name} response, agreeing best with ACR{acr}", "Aletaha 2012 Ann Rheum Dis 71:1190")
    for share, name, acr in ((0.5, "minor", 20), (0.7, "moderate", 50), (0.85, "major", 70))
)
_DAS28_ACTIVITY = (
    Category("remission", None, 2.6, f"Fransen 2004 Rheumatology 43:1252; {_GUELFE}", up_to_inclusive=False),
    *_activity(2.6, 3.2, 5.1, _DAS_CUTS)[1:],
)
_JOINTS_28 = "28 joints: shoulders, elbows, wrists, MCP, PIP, knees (medicalalgorithms.com)"
_JOINTS_68 = "68 tender and 66 swollen joints, as counted in trials (registry record NCT01709578)"
_ACR = "Felson 1995 Arthritis Rheum 38:727; registry records NCT01709578, NCT00048581; PMC2678269, table 1"
_EULAR = "Fransen and van Riel 2005 Clin Exp Rheumatol 23 (Suppl 39):S93; mdcalc.com, calculator 2176"
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
        units=_UNITS["vas"],
        mcids=mcids,
        suspicious=_CM,
        source="visual analogue scale, 0-100 mm (das-score.nl for the patient global)",
    )


def _joint_count(id: str, label: str, joints: int, source: str) -> Outcome:
    return Outcome(
        id=id,
        label=label,
        unit="joints",
        lower=0.0,
        upper=float(joints),
        benefit="decrease",
        step=1.0,
        units=_UNITS["joints"],
        source=source,
    )


def _points(
    id: str,
    label: str,
    bounds: tuple[float, float],
    source: str,
    mcids: tuple[Mcid, ...],
    categories: tuple[Category, ...],
    step: float | None = None,
    improvements: tuple[Improvement, ...] = (),
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
        units=_UNITS["points"],
        mcids=mcids,
        categories=categories,
        improvements=improvements,
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


def _yes_no(id: str, label: str, source: str) -> Outcome:
    return Outcome(
        id=id,
        label=label,
        unit="",
        lower=0.0,
        upper=1.0,
        benefit="increase",
        kind="binary",
        step=1.0,
        units=_UNITS["yes_no"],
        source=source,
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
    _joint_count("tjc28", "Tender joints of 28", 28, _JOINTS_28),
    _joint_count("sjc28", "Swollen joints of 28", 28, _JOINTS_28),
    _joint_count("tjc68", "Tender joints of 68", 68, _JOINTS_68),
    _joint_count("sjc66", "Swollen joints of 66", 66, _JOINTS_68),
    # The published range 0-86 caps CRP at 10 mg/dL, which no laboratory does: 76 + 100 is the bound.
    _points(
        "sdai",
        "SDAI",
        (0.0, 176.0),
        "Smolen 2003 Rheumatology 42:244; range 0-86 only while CRP stays at most 10 mg/dL (PMC2678269)",
        (_ward(13.0, "points"), _aletaha(10.95)),
        _activity(3.3, 11.0, 26.0, _SDAI_CUTS),
        improvements=_SDAI_RESPONSES,
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
        _activity(2.8, 10.0, 22.0, _CDAI_CUTS),
        # Derived for the SDAI, and in use for the CDAI alike.
        improvements=_SDAI_RESPONSES,
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
    _assay("esr", "ESR", "decrease", "mm/h", _UNITS["esr"], _OURS, upper=300.0),
    _assay("crp", "CRP", "decrease", "mg/L", _UNITS["crp"], _OURS, upper=1000.0, suspicious=_MG_DL),
    _assay("il10", "IL-10", "increase", "pg/mL", _UNITS["cytokine"], _KITS),
    _assay("il17", "IL-17", "decrease", "pg/mL", _UNITS["cytokine"], _KITS),
    _assay("tnf_alpha", "TNF-α", "decrease", "pg/mL", _UNITS["cytokine"], _KITS),
    _assay("treg_th17", "Treg/Th17 ratio", "increase", "ratio", _UNITS["ratio"], _TREG),
    _assay("rf", "Rheumatoid factor", None, "IU/mL", _UNITS["rf"], _ANTIBODY),
    _assay("anti_ccp", "Anti-CCP", None, "U/mL", _UNITS["anti_ccp"], _ANTIBODY),
    _yes_no("acr20", "ACR20 response", _ACR),
    _yes_no("acr50", "ACR50 response", _ACR),
    _yes_no("acr70", "ACR70 response", _ACR),
    _yes_no("eular_response", "EULAR response, good or moderate", _EULAR),
    _yes_no("eular_good", "EULAR response, good", _EULAR),
    _yes_no("boolean_remission", "Boolean remission", "version 2.0: Studenic 2023 Ann Rheum Dis 82:74"),
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
