"""Inference: from a model and a cohort to a posterior."""

from __future__ import annotations

from ra_bayes.inference.fit import fit
from ra_bayes.inference.fit_joint import fit_joint

__all__ = ["fit", "fit_joint"]
