"""Joint models and cohorts of several outcomes made to measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pages import OUTCOME, spec
from test_joint_pages import page as joint_page

from ra_bayes.cohort import Cohort, Record
from ra_bayes.model import JointModel, ModelSpec
from ra_bayes.model.joint_reader import read_joint_model

type Array = NDArray[np.float64]

WEEKS = (0.0, 4.0, 12.0, 24.0)
BINARY: dict[str, Any] = {
    "id": "met",
    "label": "Met",
    "unit": "response",
    "kind": "binary",
    "benefit": "increase",
}


def outcome(name: str, benefit: str | None = "decrease") -> dict[str, Any]:
    return {
        **{key: value for key, value in OUTCOME.items() if key != "benefit"},
        "id": name,
        "label": name,
    } | ({} if benefit is None else {"benefit": benefit})


def pages(*each: ModelSpec) -> dict[str, ModelSpec]:
    return {page.outcome.id: replace(page, name=page.outcome.id) for page in each}


def joint(of: Mapping[str, ModelSpec], **keys: Any) -> JointModel:
    """A joint page: changes as wide as the pages have them, nothing related unless asked for."""
    keys = {"change": {"width": 1.0, "centre": "no change"}, "related": {"correlation": 0.0}, **keys}
    return read_joint_model(joint_page(**keys), name="test", pages=of)


def priors(**own: dict[str, Any] | None) -> dict[str, Any]:
    """[priors] of a joint page, with loadings of both factors unless they are replaced."""
    given = {
        "loading": {"median": 0.5, "sd": 1.0, "why": "a test"},
        "baseline_loading": {"median": 0.4, "sd": 0.7, "why": "a test"},
        **own,
    }
    return {"priors": {name: each for name, each in given.items() if each is not None}}


def cohort(
    values: Mapping[str, Array], of: Mapping[str, ModelSpec], weeks: Sequence[float] = WEEKS
) -> Cohort:
    """Records by outcome (patient, visit); NaN is missed, a negative one lies below its size."""
    records = []
    for name, each in values.items():
        for i, j in zip(*np.nonzero(~np.isnan(each)), strict=True):
            limit: Any = "<" if each[i, j] < 0.0 else ""
            value = abs(float(each[i, j]))
            records.append(Record(f"P{i + 1}", weeks[j], name, value, limit, len(records) + 2))
    used = tuple(page.outcome for page in of.values())
    return Cohort("made", "made.csv", True, tuple(records), used=used)


def two(trajectory: str = "linear") -> dict[str, ModelSpec]:
    """A measured outcome on its own scale where lower is better, one on the log scale where higher is."""
    log = {"baseline_mean": {"median": 10.0, "sd": 0.5}, "baseline_sd": {"median": 0.5, "sdlog": 0.3}}
    return pages(
        spec(trajectory, outcome=outcome("down")),
        spec(trajectory, outcome={**outcome("up", "increase"), "positive": "yes"}, link="log", priors=log),
    )
