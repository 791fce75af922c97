"""Published counts as data: what a fact says of a patient, and how probable the counts are."""

from __future__ import annotations

from ra_bayes.counts.model import CountsModel, counts_model

__all__ = ["CountsModel", "counts_model"]
