"""What a column's name says: an outcome, a unit, a visit; ``CRP (mg/dL) baseline``, ``sdai_w4``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from ra_bayes.cohort.layouts.visit_names import VisitName, read_visit
from ra_bayes.errors import RaBayesError
from ra_bayes.outcome import Outcome

__all__ = ["ColumnName", "Names", "alphanumeric", "names_of"]

# How people write the outcomes besides their identifiers and labels. Two outcomes, or a trailing "?", mean
# that the name is asked about: a tender joint count may be of 28 joints or of 68.
_ALIASES = {
    "vas": "pain vaspain painvas vasp schmerz vasschmerz schmerzvas"
    " painnrs? nrspain? schmerznrs? nrsschmerz?",
    "patient_global": "ptglobal ptga patga ptgl patientglobalassessment patientvas vaspatient"
    " patientglobalvas vaspatientglobal vasglobalpatient patientenurteil globalurteilpatient",
    "physician_global": "mdglobal phga phyga mdga physicianglobalassessment physicianvas vasphysician"
    " evaluatorglobal physicianglobalvas vasphysicianglobal vasglobalphysician arzturteil globalurteilarzt"
    " vasarzt",
    "tjc28": "tjc28 tendercount28 tenderjoints28 tjc? tenderjoints? tenderjointcount? tenjc?"
    " druckschmerzhaftegelenke28 druckschmerzhaftegelenke?",
    "sjc28": "sjc28 swollencount28 swollenjoints28 sjc? swollenjoints? swollenjointcount? swojc?"
    " geschwollenegelenke28 geschwollenegelenke?",
    "tjc68": "tendercount68 tenderjoints68",
    "sjc66": "swollencount66 swollenjoints66",
    "eular_response": "eular? eularresponder?",
    "eular_good": "goodeularresponse eulargoodresponse",
    "boolean_remission": "booleanremission20 acreularremission? boolean?",
    "das28_esr": "das28esr das28bsg das28vhs das28? das? das284?",
    "das28_crp": "das28crp das28crp4 das28? das?",
    "haq": "haqdi mhaq? haqii?",
    "esr": "bsg bks blutsenkung sedrate erythrocytesedimentationrate",
    "crp": "creactiveprotein hscrp",
    "il10": "interleukin10",
    "il17": "interleukin17 il17a? interleukin17a?",
    "tnf_alpha": "tnf tnfa tnfα tumornecrosisfactoralpha",
    "treg_th17": "tregth17ratio",
    "rf": "rheumatoidfactor rheumafaktor",
    "anti_ccp": "ccp acpa? anticcp2",
    "infusion": "infused infusiongiven",
}
_SHARED = dict.fromkeys(
    ("pga", "global", "vasglobal", "globalvas", "globalassessment", "globalurteil"),
    ("patient_global", "physician_global"),
)
_WORD = re.compile(r"[^\s_\-./,:;|#]+")
_RANGE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:-|–|to)\s*(\d+(?:\.\d+)?)\s*([^\W\d]*)", re.ASCII)
_BRACKETED = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")


@dataclass(frozen=True, slots=True)
class ColumnName:
    """What a name was taken for.

    Parameters
    ----------
    name
        As the table has it.
    outcomes
        What it may hold: one identifier, several to choose from, or none if no outcome is recognised.
    certain
        Whether the outcome can be no other one.
    unit
        A unit of the outcome, in brackets; as written.
    visit
        Label of the visit, as written; empty if there is none.
    week
        What the label was taken for.
    why
        What is not certain, in words; empty if all is.
    """

    name: str
    outcomes: tuple[str, ...] = ()
    certain: bool = True
    unit: str = ""
    visit: str = ""
    week: VisitName | None = None
    why: str = ""


class Names:
    """The names by which outcomes are recognised.

    Parameters
    ----------
    known
        Every outcome that may occur, by identifier.

    Examples
    --------
    >>> from ra_bayes.outcomes import OUTCOMES
    >>> found = Names(OUTCOMES).read("CRP (mg/dL) baseline")
    >>> found.outcomes, found.unit, found.visit, found.certain
    (('crp',), 'mg/dL', 'baseline', True)
    >>> Names(OUTCOMES).read("DAS28 W4").outcomes
    ('das28_esr', 'das28_crp')
    """

    def __init__(self, known: Mapping[str, Outcome]) -> None:
        self._known = known
        self._read: dict[str, ColumnName] = {}
        self._meant: dict[str, tuple[str, ...]] = {}
        self._unsure: set[str] = set()
        for id, aliases in _ALIASES.items():
            for alias in aliases.split():
                if id in known or id == "infusion":
                    name = alias.rstrip("?")
                    self._meant[name] = (*self._meant.get(name, ()), id)
                    if alias.endswith("?"):
                        self._unsure.add(name)
        for name, ids in _SHARED.items():
            self._meant[name] = ids
            self._unsure.add(name)
        for id, outcome in known.items():
            # An identifier or a label is certain, and comes before any alias.
            for text in (outcome.label, id):
                self._meant[alphanumeric(text)] = (id,)
                self._unsure.discard(alphanumeric(text))
        self._meant["infusion"] = ("infusion",)

    def read(self, name: str) -> ColumnName:
        """Read the name of a column; each is read once, since a header is asked about several times."""
        if name not in self._read:
            self._read[name] = self._meaning(name)
        return self._read[name]

    def _meaning(self, name: str) -> ColumnName:
        whole, certain = self._outcome(name)
        if certain:
            return ColumnName(name, whole)
        bare, brackets = _without_brackets(name)
        found = self._split(name, bare)
        if not found.outcomes:
            return found
        for text in brackets:
            found = self._bracketed(found, text)
        return found

    def _split(self, name: str, bare: str) -> ColumnName:
        """Find the outcome in a name without brackets, and the visit in what is left of it."""
        words = [match.span() for match in _WORD.finditer(bare)]
        cuts = [(0, stop) for stop in range(len(words), 0, -1)] + [
            (start, len(words)) for start in range(1, len(words))
        ]
        # The longest stretch of words that is an outcome, at the front or at the back.
        for start, stop in sorted(cuts, key=lambda cut: cut[0] - cut[1]):
            outcomes, certain = self._outcome(_span(bare, words[start:stop]))
            rest = _span(bare, words[:start] or words[stop:])
            visit = read_visit(rest) if rest else None
            if outcomes and (visit is not None or not rest):
                why = "" if certain else _several(outcomes)
                return ColumnName(name, outcomes, certain, "", rest, visit, why)
            if outcomes and start == 0 and (found := self._with_unit(name, bare, words[stop:], outcomes)):
                return replace(found, certain=certain, why="" if certain else _several(outcomes))
        return self._glued(name, bare.strip()) or self._near(name, bare, words)

    def _with_unit(
        self, name: str, bare: str, words: Sequence[tuple[int, int]], outcomes: tuple[str, ...]
    ) -> ColumnName | None:
        """Read the words after an outcome as a unit and then a visit: ``CRP mg/L``, ``crp_mgdl W4``."""
        for stop in range(len(words), 0, -1):
            unit, rest = self._unit(outcomes, _span(bare, words[:stop])), _span(bare, words[stop:])
            visit = read_visit(rest) if rest else None
            if unit and (visit is not None or not rest):
                return ColumnName(name, outcomes, True, unit, rest, visit)
        return None

    def _unit(self, outcomes: Sequence[str], text: str) -> str:
        """Return the unit of an outcome that a text spells, maybe without its slash; empty if none."""
        folded = alphanumeric(text)
        units = [
            unit
            for outcome in outcomes
            if outcome in self._known
            for unit in (self._known[outcome].unit, *self._known[outcome].units)
        ]
        # Without its slash only: mg is not mg%, and 010 not 0-10.
        fits = (unit for unit in units if "/" in unit and alphanumeric(unit) == folded)
        return next(fits, text if self._is_unit(outcomes, text) else "")

    def _glued(self, name: str, bare: str) -> ColumnName | None:
        """Find an outcome with a number glued to it, ``crp12``: a visit, but which is asked about."""
        match = re.fullmatch(r"([^\W_]*[^\W\d_])(\d+)", bare)
        outcomes, certain = self._outcome(match[1]) if match else ((), False)
        if match is None or not outcomes:
            return None
        why = "" if certain else _several(outcomes)
        return ColumnName(name, outcomes, certain, "", match[2], read_visit(match[2]), why)

    def _near(self, name: str, bare: str, words: Sequence[tuple[int, int]]) -> ColumnName:
        """Find a misspelt outcome: it is asked about rather than left out."""
        for stop in range(len(words), 0, -1):
            text, rest = alphanumeric(_span(bare, words[:stop])), _span(bare, words[stop:])
            visit = read_visit(rest) if rest else None
            if len(text) < 4 or (rest and visit is None):
                continue
            if near := difflib.get_close_matches(text, self._meant, n=1, cutoff=0.75 if rest else 0.86):
                why = f"its name is nearly {near[0]}"
                return ColumnName(name, self._meant[near[0]], False, "", rest, visit, why)
        return ColumnName(name)

    def _outcome(self, text: str) -> tuple[tuple[str, ...], bool]:
        folded = alphanumeric(text)
        outcomes = self._meant.get(folded, ())
        return outcomes, len(outcomes) == 1 and folded not in self._unsure

    def _bracketed(self, found: ColumnName, text: str) -> ColumnName:
        """Take what stands in brackets for a unit, else for a visit, else ask about it."""
        unit, week, why = found.unit, found.week, found.why
        visit = found.visit
        ranged = _RANGE.fullmatch(text)
        if counted := self._joints(found, text):
            return replace(found, outcomes=(counted,), certain=True, why="")
        if self._is_unit(found.outcomes, text):
            unit = text
        elif ranged and ranged[3] and self._is_range(found.outcomes, text):
            unit = ranged[3]
        elif not visit and (read := read_visit(text)) is not None:
            visit, week = text, read
        elif alphanumeric(text) and not self._is_range(found.outcomes, text):
            why = f"{text!r} in brackets is no unit of {found.outcomes[0]} and no visit"
        certain = found.certain and not (why and why != found.why)
        return ColumnName(found.name, found.outcomes, certain, unit, visit, week, why)

    def _joints(self, found: ColumnName, text: str) -> str:
        """Return the joint count that ``Tender joints (28)`` names; empty if the text counts no joints."""
        kind = found.outcomes[0][:3]
        named = f"{kind}{text}"
        return named if kind in ("tjc", "sjc") and named in self._known else ""

    def _is_range(self, outcomes: Sequence[str], text: str) -> bool:
        """Say whether a text is an outcome's lowest and highest value: ``HAQ (0-3)``, ``Pain (0-10 cm)``."""
        ends = _RANGE.fullmatch(text)
        if ends is None:
            return False
        for each in (self._known[outcome] for outcome in outcomes if outcome in self._known):
            if not ends[3] or self._is_unit((each.id,), ends[3]):
                factor = each.factor(ends[3]) if ends[3] else 1.0
                if (each.lower, each.upper) == (factor * float(ends[1]), factor * float(ends[2])):
                    return True
        return False

    def _is_unit(self, outcomes: Sequence[str], text: str) -> bool:
        for outcome in outcomes:
            if outcome in self._known:
                try:
                    self._known[outcome].factor(text)
                except RaBayesError:
                    continue
                return True
        return False


@lru_cache(maxsize=8)
def _names_of(outcomes: tuple[Outcome, ...]) -> Names:
    return Names({outcome.id: outcome for outcome in outcomes})


def names_of(known: Mapping[str, Outcome]) -> Names:
    """Return the names by which some outcomes are recognised, the same object for the same outcomes."""
    return _names_of(tuple(known.values()))


def alphanumeric(text: str) -> str:
    """Fold spaces, hyphens and case: ``IL-10`` is ``il10``.

    Examples
    --------
    >>> alphanumeric("DAS28-ESR")
    'das28esr'
    """
    return "".join(char for char in text.casefold() if char.isalnum())


def _without_brackets(name: str) -> tuple[str, list[str]]:
    return _BRACKETED.sub(" ", name), [text.strip() for text in _BRACKETED.findall(name)]


def _span(text: str, words: Sequence[tuple[int, int]]) -> str:
    """Return the text from the first word to the last, with what separates them."""
    return text[words[0][0] : words[-1][1]] if words else ""


def _several(outcomes: Sequence[str]) -> str:
    return (
        f"it may be {' or '.join(outcomes)}"
        if len(outcomes) > 1
        else f"it may be {outcomes[0]} or another one"
    )
