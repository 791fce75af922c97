"""Which engine answers for a design: exact where exact exists, simulated elsewhere, named in the result."""

from __future__ import annotations

from ra_bayes.planning.engines.dispatch import boundary_rows, curve, curve_at, interim_of, precision, stopping
from ra_bayes.planning.engines.settings import Point, Settings

__all__ = ["Point", "Settings", "boundary_rows", "curve", "curve_at", "interim_of", "precision", "stopping"]
