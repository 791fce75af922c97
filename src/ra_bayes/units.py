"""Units of measurement: every factor in one table, and the many ways in which people spell a unit.

Factors between units of one kind (mass per volume, length, time) are arithmetic. None is here that needs a
molecular weight: for CRP in nmol/L the factors in print differ (mg/L times 9.5 for 105 kDa, 8.7 for the 115
kDa of the pentamer), so that unit is refused with the way to give the laboratory's own factor.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

__all__ = ["UNITS", "same_spelling"]

_TABLE: Mapping[str, Mapping[str, float]] = {
    "points": {"points": 1.0, "point": 1.0, "score": 1.0, "": 1.0},
    "joints": {"joints": 1.0, "joint": 1.0, "count": 1.0, "": 1.0},
    # A visual analogue scale is a line of 100 mm.
    "vas": {"mm": 1.0, "cm": 10.0, "0-100": 1.0, "0-10": 10.0},
    "crp": {"mg/L": 1.0, "mg/dL": 10.0, "ug/mL": 1.0, "mg/100mL": 10.0, "mg%": 10.0, "g/L": 1000.0},
    "esr": {"mm/h": 1.0},
    "cytokine": {
        "pg/mL": 1.0, "ng/L": 1.0, "fg/mL": 0.001, "pg/dL": 0.01, "pg/L": 0.001,
        "ng/mL": 1000.0, "ug/L": 1000.0, "ng/dL": 10.0,
    },
    "ratio": {"ratio": 1.0, "": 1.0},
    "rf": {"IU/mL": 1.0, "kIU/L": 1.0, "IU/L": 0.001},
    "anti_ccp": {"U/mL": 1.0, "kU/L": 1.0, "U/L": 0.001},
    "yes_no": {"": 1.0, "0/1": 1.0},
}  # fmt: skip

UNITS: Mapping[str, Mapping[str, float]] = MappingProxyType(_TABLE)
"""Factor of each unit to the first one of its kind, which is the one used throughout the package."""

_SIGNS = str.maketrans(
    {
        "μ": "u",
        "µ": "u",
        "–": "-",
        "−": "-",
        "²": "2",
        "⁻": "-",
        "¹": "1",
        "·": " ",
        "⋅": " ",
        "∕": "/",
        "⁄": "/",
    }
)
_PER = re.compile(r"\s+(?:per|pro)\s+")
# "mg L-1", "mg l^-1", "mm h-1": the last word of a unit with the exponent -1.
_INVERSE = re.compile(r"\s*[\s*.]\s*([a-z]+)\s*\^?-1$")
_WORDS = {
    "mcg": "ug", "microgram": "ug", "micrograms": "ug", "milligram": "mg", "milligrams": "mg",
    "nanogram": "ng", "nanograms": "ng", "picogram": "pg", "picograms": "pg",
    "litre": "l", "liter": "l", "litres": "l", "liters": "l", "millilitre": "ml", "milliliter": "ml",
    "decilitre": "dl", "deciliter": "dl", "millimetre": "mm", "millimeter": "mm", "millimetres": "mm",
    "millimeters": "mm", "centimetre": "cm", "centimeter": "cm", "centimetres": "cm", "centimeters": "cm",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "std": "h", "stunde": "h", "1h": "h", "1hr": "h",
    "1hour": "h", "1st hour": "h", "1sth": "h", "1sthour": "h", "ie": "iu", "e": "u", "units": "u",
    "unit": "u", "cc": "ml", "1ml": "ml",
}  # fmt: skip


@lru_cache(maxsize=1024)
def same_spelling(unit: str) -> str:
    """Fold the ways of writing one unit into one text, for comparison only.

    Case, spaces, brackets, the two micro signs, ``per`` for the slash and ``L-1`` for ``/L`` do not matter.

    Examples
    --------
    >>> same_spelling("MG per Litre"), same_spelling("µg mL-1"), same_spelling("[mm/1st hour]")
    ('mg/l', 'ug/ml', 'mm/h')
    """
    text = " ".join(unit.casefold().translate(_SIGNS).split())
    if len(text) > 1 and text[0] + text[-1] in ("()", "[]"):
        text = text[1:-1].strip()
    text = _INVERSE.sub(r"/\1", _PER.sub("/", text))
    parts = ["".join(part.split()) for part in text.split("/")]
    return "/".join(_WORDS.get(part, part) for part in parts)
