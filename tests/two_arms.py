"""Made-up pages and cohorts of two arms."""

from __future__ import annotations

from dataclasses import replace

from ra_bayes.cohort import Cohort
from ra_bayes.model import ModelSpec
from ra_bayes.model.spec_reader import read_spec

EFFECT = (0.0, 3.0)  # the prior's median and SD
_ARM = (
    '[arm]\ncontrol = "placebo"\neffect = "linear"\n'
    f'[priors.effect_change]\nmedian = {EFFECT[0]}\nsd = {EFFECT[1]}\nwhy = "a test"\n'
)


def armed(model: ModelSpec) -> ModelSpec:
    return read_spec(f"{model.toml}\n{_ARM}", name="test")


def two(given: Cohort) -> Cohort:
    """Patients of a cohort, every other one in the control arm."""
    arms = tuple((who, ("cells", "placebo")[k % 2]) for k, who in enumerate(given.patients))
    return replace(given, arms=arms)
