"""Inference: from a model and a cohort to a posterior."""

from __future__ import annotations

from ra_bayes.inference.fit import fit

__all__ = ["fit"]
