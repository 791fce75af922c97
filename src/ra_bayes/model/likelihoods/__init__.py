"""How records scatter around what is expected of a patient, one likelihood a file.

A likelihood gives the density of a record that is a point and the probability of one that is a cell, given
mu (:mod:`ra_bayes.model.predictor`) and its own parameters, and draws records. To add one: a file with a
class like the others, a line in :data:`LIKELIHOODS`, a test. The page's reader asks the class which link and
which outcomes it has, and need not know it by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from ra_bayes.model.likelihoods.beta_binomial import BetaBinomial
from ra_bayes.model.likelihoods.binomial import Binomial
from ra_bayes.model.likelihoods.hurdle import Hurdle
from ra_bayes.model.likelihoods.negative_binomial import NegativeBinomial
from ra_bayes.model.likelihoods.normal import CELL, MISSED, POINT, UNBOUNDED, Normal
from ra_bayes.model.likelihoods.ordered import Ordered
from ra_bayes.model.likelihoods.student_t import StudentT
from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter
from ra_bayes.outcome import Outcome

__all__ = ["CELL", "LIKELIHOODS", "MISSED", "POINT", "UNBOUNDED", "Likelihood"]


class Likelihood(Protocol):
    """What a likelihood provides; `values` are its parameters and constants, broadcastable against `mu`."""

    @property
    def name(self) -> str:
        """Name in a model page."""

    @property
    def equation(self) -> str:
        """Distribution of a record, for people."""

    @property
    def on_link(self) -> bool:
        """Whether what is drawn lies on the link's scale and is yet to be written down in the outcome's."""

    @property
    def link(self) -> str | None:
        """The only link it has; None if the page chooses."""

    def misfit(self, outcome: Outcome, /) -> tuple[str, str] | None:
        """Return why an outcome cannot have it, and how to mend the page; None if it can."""

    def parameters(self, outcome: Outcome, /) -> tuple[Parameter, ...]:
        """Return what it needs priors for."""

    def constants(self, outcome: Outcome, /) -> dict[str, np.ndarray]:
        """Return its data besides the records, such as the number of joints counted."""

    def ends(self, value: float, outcome: Outcome, /) -> tuple[float, float] | None:
        """Return what a recorded value is kept as, or None for its interval on the link's scale."""

    def log_point(self, value: Any, mu: Any, values: Mapping[str, Any], ns: Namespace, /) -> Any:
        """Return the log density (or probability) of records that are points."""

    def log_cell(self, low: Any, high: Any, mu: Any, values: Mapping[str, Any], ns: Namespace, /) -> Any:
        """Return the log probability of records that are cells."""

    def draw(
        self, mu: np.ndarray, values: Mapping[str, np.ndarray], outcome: Outcome, rng: np.random.Generator, /
    ) -> np.ndarray:
        """Draw records, shape of `mu`."""

    def script(self, outcome: Outcome, kinds: frozenset[str], /) -> tuple[str, str]:
        """Return functions that its lines of a PyMC script need, or "", and the lines, by kinds of records.

        Where nothing lies on the link's scale all records are ``points``, as they were written down. Which
        names the lines may use stands in :mod:`ra_bayes.model.script_outcome`.
        """


LIKELIHOODS: Mapping[str, Likelihood] = MappingProxyType(
    {
        each.name: each
        for each in (
            Normal(),
            StudentT(),
            Ordered("probit"),
            Ordered("logit"),
            Binomial(),
            BetaBinomial(),
            Hurdle(),
            NegativeBinomial(),
        )
    }
)
