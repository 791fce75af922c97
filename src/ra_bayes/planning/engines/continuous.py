"""From a design with a continuous endpoint to its engine."""

from __future__ import annotations
