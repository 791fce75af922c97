"""One ADaM record -> the text of its value: a number, or the limit that it lies below or above."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from ra_bayes.cohort.value import LIMIT_NAMES, Limit, Mistake, is_empty, read_number, read_value
from ra_bayes.errors import RaBayesError
from ra_bayes.outcome import Outcome

__all__ = ["AdamValue", "adam_unit", "adam_value", "imputed_limit", "is_beyond_limit", "parameter_unit"]

_LIMIT = rf"({'|'.join(LIMIT_NAMES)}|limit)"
_HALF = re.compile(rf"half.*{_LIMIT}|h{_LIMIT}|{_LIMIT}\s*(/\s*2|half|\*\s*0\.5)|(1/2|0\.5)\W*{_LIMIT}")
_PARENTHESES = re.compile(r"\(([^()]*)\)\s*$")
# What is surely a unit: refused if it does not fit, never passed over.
_SURELY = re.compile(
    r".*[/%^*].*|mm|cm|g|kg|mg|iu|u|mmhg|ms|s|sec|min|h|bpm|days?|weeks?|fl|pg", re.IGNORECASE
)
_FLAGS = {"y": "yes", "n": "no"}


class AdamValue(NamedTuple):
    """The text to read, the row's lower limit, and how it came about ("" if it is simply the value)."""

    text: str
    lower_limit: str = ""
    how: str = ""


def imputed_limit(derived: str) -> Literal["", "half", "lower", "upper"]:
    """Say whether a derivation type puts a limit, or half of one, in the place of a value beyond it.

    Examples
    --------
    >>> imputed_limit("HALFLLOQ"), imputed_limit("LLOQ/2"), imputed_limit("ULOQ"), imputed_limit("LOV")
    ('half', 'half', 'upper', '')
    """
    folded = " ".join(derived.casefold().split())
    if _HALF.fullmatch(folded):
        return "half"
    return "lower" if folded in LIMIT_NAMES else "upper" if folded == "uloq" else ""


def is_beyond_limit(cells: Mapping[str, str]) -> bool:
    """Say whether a record's reported text is a limit, and not a number."""
    return any(_is_limit(cells.get(role, "")) for role in ("text", "reported"))


def adam_value(cells: Mapping[str, str], outcome: Outcome, unit: str) -> AdamValue:
    """Return what was measured: the reported limit before any number that was put in its place.

    `cells` are the record's texts by role. Where AVALC, or else --STRESC in the same unit, says that the
    value lies beyond a limit, AVAL is missing or imputed, and the limit is the record. A half limit without
    such a text gives the limit back: the lower limit of the record, or twice AVAL.

    Examples
    --------
    >>> from ra_bayes.outcomes import get
    >>> adam_value({"value": "1.71", "text": "<3.42"}, get("crp"), "mg/L").text
    '<3.42'
    >>> adam_value({"value": "1.71", "derived": "HALFLLOQ"}, get("crp"), "mg/L").text
    '<3.42'
    """
    value, text = _filled(cells, "value"), _filled(cells, "text")
    same = _same(cells, unit)
    lower = _filled(cells, "analysis_limit") or (_filled(cells, "lower_limit") if same else "")
    kind = imputed_limit(cells.get("derived", ""))
    imputed = {"half": f"<{lower or _twice(value)}", "lower": f"<{lower or value}", "upper": f">{value}"}
    for beyond in (text, _filled(cells, "reported") if same else ""):
        if _is_limit(beyond):
            side = _names_no_limit(beyond)
            if side == ">" and kind == "upper":
                beyond = imputed["upper"]
            elif side == "<":
                # What lies below a limit that the text does not name.
                beyond = imputed["half"] if kind == "half" else "<LLOQ"
            how = "imputed" if value and not _is_limit(value) else "reported"
            return AdamValue(beyond, _agreeing(beyond, lower), how)
    if kind:
        return AdamValue(imputed[kind], _agreeing(imputed[kind], lower), "derived")
    value = value or text
    if outcome.kind == "binary":
        value = _FLAGS.get(value.casefold(), value)
    return AdamValue(value, lower)


def _filled(cells: Mapping[str, str], role: str) -> str:
    text = cells.get(role, "")
    return "" if is_empty(text) else text


def adam_unit(unit: str, parameter: str, outcome: Outcome) -> str:
    """Return the unit of a record: AVALU, or what PARAM says in parentheses at its end.

    Examples
    --------
    >>> from ra_bayes.outcomes import get
    >>> adam_unit("", "C Reactive Protein (mg/dL)", get("crp")), adam_unit("", "Pain (VAS)", get("vas"))
    ('mg/dL', '')
    """
    if unit:
        return unit
    match = _PARENTHESES.search(parameter)
    if match is None:
        return ""
    said = match[1].strip()
    try:
        outcome.factor(said)
    except RaBayesError:
        return said if _SURELY.fullmatch(said) else ""
    return said


def parameter_unit(parameter: str) -> tuple[str, str]:
    """Split what PARAM says into a label and a unit; what is in parentheses may be part of the name.

    Examples
    --------
    >>> parameter_unit("Platelet (10^9/L)"), parameter_unit("Temperature (C)"), parameter_unit("Pain (VAS)")
    (('Platelet', '10^9/L'), ('Temperature', 'C'), ('Pain (VAS)', ''))
    """
    match = _PARENTHESES.search(parameter)
    said = match[1].strip() if match else ""
    if match is None or not (_SURELY.fullmatch(said) or 0 < len(said) < 3) or not match.start():
        return parameter, ""
    return parameter[: match.start()].strip(), said


def _same(cells: Mapping[str, str], unit: str) -> bool:
    """Say whether --STRESC and --LLOQ are in the unit of AVAL, as far as is said."""
    reported = cells.get("reported_unit", "")
    return not reported or not unit or _folded(reported) == _folded(unit)


def _folded(unit: str) -> str:
    return "".join(unit.casefold().split())


def _is_limit(text: str) -> bool:
    if text.lstrip().startswith(("<", ">", "≤", "≥")):
        return True
    read = read_value(text)
    return not isinstance(read, Mistake) and bool(read.limit)


def _names_no_limit(text: str) -> Limit:
    """Return the side of a limit that a text says without a number; nothing for any other text."""
    read = read_value(text)
    return "" if isinstance(read, Mistake) or read.number is not None else read.limit


def _agreeing(beyond: str, lower: str) -> str:
    """Keep a lower limit beside a reported text only where it gives the text its number, or says the same."""
    read = read_value(beyond)
    if isinstance(read, Mistake) or read.number is None:
        return lower
    number = read_number(lower) if lower else None
    same = number is not None and not isinstance(number, Mistake) and number.number == read.number
    return lower if same else ""


def _twice(value: str) -> str:
    read = read_number(value)
    if isinstance(read, Mistake):
        return value
    return f"{2 * read.number:f}"
