"""From a design with a longitudinal endpoint to its engine."""

from __future__ import annotations
