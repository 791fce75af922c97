"""Kinds of record worth counting: below a limit, at a bound of the scale, in response."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.comparison.replicates import Replicates

if TYPE_CHECKING:
    from ra_bayes.model.spec import ModelSpec

__all__ = ["Event", "events"]

type Array = NDArray[np.float64]
type Flags = NDArray[np.bool_]

# A kind of record that neither the data nor the replicates have is not worth a count.
_RARE = 0.01


@dataclass(frozen=True, eq=False)
class Event:
    """A kind of record; `applies` says which records could be of it (record)."""

    name: str
    happened: Callable[[Array], Flags]
    applies: Flags


def events(spec: ModelSpec, made: Replicates) -> list[Event]:
    """Return the kinds of record worth counting for an outcome."""
    everywhere = np.ones(made.recorded.shape, dtype=bool)
    if spec.binary:
        return [Event("in response", lambda record: record > 0.5, everywhere)]
    found = [
        Event("below the limit of quantification", np.isneginf, np.isfinite(made.lowest)),
        Event("above the limit of quantification", np.isposinf, np.isfinite(made.highest)),
    ]
    lower, upper = spec.outcome.lower, spec.outcome.upper
    if lower is not None:
        found.append(Event(f"at {lower:g}, the lowest possible", lambda record: record == lower, everywhere))
    if upper is not None:
        found.append(Event(f"at {upper:g}, the highest possible", lambda record: record == upper, everywhere))
    return [event for event in found if _seen(event, made)]


def _seen(event: Event, made: Replicates) -> bool:
    if not event.applies.any():
        return False
    often = event.happened(made.drawn[event.applies]).mean() > _RARE
    return bool(often or event.happened(made.recorded[event.applies]).any())
