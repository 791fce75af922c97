"""The model: pages, priors, links, trajectories, one likelihood, and the `pm.Model` built of them."""

from __future__ import annotations

from ra_bayes.model.spec import ModelSpec
from ra_bayes.model.spec_reader import list_models, load_model

__all__ = ["ModelSpec", "list_models", "load_model"]
