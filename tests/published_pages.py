"""Pages of published counts for tests: synthetic, of a trial of nine that never was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ra_bayes.errors import SpecError
from ra_bayes.published import Publication, read_publication_text

type Table = dict[str, Any]

SYNTHETIC = "SYNTHETIC: made up for this test, no trial"
READINGS: Table = {
    "any": {"words": "any change", "minimum": 0},
    "mcid": {"words": "the MCID", "minimum": "mcid"},
    "five": {"words": "by 5 or more", "minimum": 5},
    "fifth": {"words": "by 20% of baseline", "fraction": 0.2},
    "half": {"words": "by 50% of baseline", "fraction": 0.5},
    "remission": {"words": "below 2.6", "below": 2.6},
    "low": {"words": "at most 3.2", "at_most": 3.2},
    "high": {"words": "above 5.1", "above": 5.1},
    "moderate": {"words": "at least 3.2", "at_least": 3.2},
}


def fact(id: str | None, r: Any, **keys: Any) -> Table:
    """A fact of a synthetic trial of nine: VAS down by any amount at week 12, unless said otherwise."""
    table = {
        "id": id,
        "words": SYNTHETIC,
        "outcomes": ["vas"],
        "direction": "decrease",
        "r": r,
        "n": 9,
        "week": 12,
        "week_stated": True,
        "readings": ["any"],
        "left_open": "everything",
        "source": SYNTHETIC,
        **keys,
    }
    return {key: value for key, value in table.items() if value is not None}


def acr(id: str, r: int, **keys: Any) -> Table:
    return fact(id, r, **{"outcomes": ["acr20"], "direction": None, "readings": None, **keys})


def page(*facts: Table, **tables: Any) -> str:
    """A page of a synthetic trial of nine, as TOML; a table that is ``None`` is left out."""
    content = {
        "paper": {"citation": SYNTHETIC, "doi": "none", "seen": SYNTHETIC},
        "trial": {"n": 9},
        "visits": {"weeks": [0, 4, 12, 24], "status": "stated", "basis": SYNTHETIC},
        "readings": READINGS,
        "fact": list(facts) or [fact("better", 4)],
        **tables,
    }
    return "\n".join(line for name, value in content.items() for line in _lines(name, value))


def _lines(name: str, value: Any) -> Iterator[str]:
    """A table or a list of them in TOML: JSON's way of writing a value is also TOML's."""
    for each in value if isinstance(value, list) else [value] if value is not None else []:
        nested = {key: inner for key, inner in each.items() if isinstance(inner, dict)}
        yield f"[[{name}]]" if isinstance(value, list) else f"[{name}]"
        yield from (f"{key} = {json.dumps(inner)}" for key, inner in each.items() if key not in nested)
        for key, inner in nested.items():
            yield from _lines(f"{name}.{key}", inner)


ARMS = {
    "trial": None,
    "arm": [{"id": "cells", "n": 6, "words": "x"}, {"id": "placebo", "n": 3, "words": "x"}],
}


def armed(id: str, r: int, arm: str, **keys: Any) -> Table:
    return fact(id, r, arm=arm, **{"n": {"cells": 6, "placebo": 3}.get(arm, 6), **keys})


DAS = {"outcomes": ["das28_esr"], "direction": None}
BOTH = {"outcomes": ["vas", "sdai"]}


def problems(text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        read_publication_text(text, "bad")
    assert str(caught.value).startswith("bad.toml: ")
    if len(caught.value.problems) == 1:
        assert str(caught.value) == f"bad.toml: {caught.value.problems[0]}"
    return [str(problem) for problem in caught.value.problems]


def publication(*facts: Table, **tables: Any) -> Publication:
    """The publication that a page of these facts is read as."""
    return read_publication_text(page(*facts, **tables), "made")
