"""The model: pages, priors, links, trajectories, likelihoods, and the `pm.Model` built of them."""

from __future__ import annotations

from ra_bayes.model.joint import JointModel
from ra_bayes.model.joint_reader import list_joint_models, load_joint_model
from ra_bayes.model.spec import ModelSpec
from ra_bayes.model.spec_reader import list_examples, list_models, load_model

__all__ = [
    "JointModel",
    "ModelSpec",
    "list_examples",
    "list_joint_models",
    "list_models",
    "load_joint_model",
    "load_model",
]
