"""Records that are no numbers: beyond a limit of quantification, or at an end of the scale that is open.

Each says "there or beyond" and no more. Where most of them do, a fit still passes its gate and still gives a
change an interval and a probability, which are then those of the priors and of the model's form: pain of 100
at every visit says nothing of a change, and the model makes of it that pain went on rising out of sight.
"""

from __future__ import annotations

import xarray as xr

from ra_bayes.model.likelihoods import CELL, MISSED, UNBOUNDED
from ra_bayes.tree import spec_of

__all__ = ["open_records"]

# Of the records; a convention.
_MANY = 0.5
# Likelihoods of a measurement: of a category or a count the end of the scale is a value like any other.
_MEASURED = ("normal", "student_t")


def open_records(tree: xr.DataTree) -> str:
    """Return a sentence where at least half of the records are no numbers; empty elsewhere."""
    spec = spec_of(tree)
    if spec.binary or spec.likelihood.name not in _MEASURED or "constant_data" not in tree.children:
        return ""
    data = tree["constant_data"].to_dataset()
    beyond = (data["kind"] == CELL) & ((data["low"] <= -UNBOUNDED) | (data["high"] >= UNBOUNDED))
    opened, all_of_them = int(beyond.sum()), int((data["kind"] != MISSED).sum())
    if opened < _MANY * all_of_them:
        return ""
    which, told = f"{opened} of {all_of_them} records", "more than on what was measured"
    if opened == all_of_them:
        which, told = "every record" if opened == 1 else f"all {opened} records", "and is no finding"
    lie, say = ("lies", "says") if opened == 1 else ("lie", "say")
    return (
        f"{spec.outcome.label}: {which} {lie} beyond a limit or at an end of the scale and {say} no more "
        f"than that; what is told of a change rests on the priors and the model's form {told}."
    )
