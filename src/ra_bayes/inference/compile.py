"""Compile once per structure and process; swap the data after that.

With six patients compiling takes seconds and sampling tenths of one, so every outcome, prior and subset
of patients with the same structure re-uses one compiled model.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ra_bayes.model.build import Levels, Structure, build, data, structure
from ra_bayes.model.built import refuse_builder
from ra_bayes.model.records import Grid
from ra_bayes.model.spec import ModelSpec

__all__ = ["compiled", "is_compiled"]

_COMPILED: dict[Structure, Any] = {}


def is_compiled(spec: ModelSpec, records: Grid, levels: Levels = "centred") -> bool:
    """Return whether this process already holds the compiled structure."""
    return structure(spec, records, levels) in _COMPILED


def compiled(spec: ModelSpec, records: Grid, levels: Levels = "centred") -> Any:
    """Return nutpie's compiled model of the structure, holding this model's and cohort's numbers."""
    import nutpie

    refuse_builder(spec, "re-fits (sensitivity, what is left out, calibration)")
    key = structure(spec, records, levels)
    if key not in _COMPILED:
        # nutpie would start the levels from the prior numbers of the model that happened to be compiled,
        # and the same seed would give other draws after another outcome.
        start = {"patient_level_c": np.zeros(len(records.patients))} if levels == "centred" else {}
        _COMPILED[key] = nutpie.compile_pymc_model(build(spec, records, levels), initial_points=start)
    return _COMPILED[key].with_data(**data(spec, records))
