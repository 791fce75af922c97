"""What follows from the sizes, the rule and the priors of means, whether the SD is known or estimated."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.continuous.sizes import check_rule, check_sizes, direction
from ra_bayes.planning.rule import Rule

__all__ = ["Looks"]

type Array = NDArray[np.float64]


class _HasMean(Protocol):
    @property
    def mean(self) -> float: ...


class Looks[Prior: _HasMean]:
    """Looks of one or two arms at a mean or a difference of means; what both kinds of design are.

    Subclasses are dataclasses with the fields of :class:`~ra_bayes.planning.continuous.known.KnownSd` below.
    """

    rule: Rule
    treated: tuple[int, ...]
    control: tuple[int, ...]
    mean: Prior | None
    control_mean: Prior | None

    def check_looks(self) -> None:
        """Refuse sizes, rules and priors of arms that make no design."""
        check_sizes(self.treated, self.control)
        check_rule(self.rule, len(self.treated))
        if not self.control and self.control_mean is not None:
            raise RaBayesError("a design of one arm has a prior of the control; give its prior as `mean`")
        if self.control and self.control_mean is None and self.control[0] < 1:
            raise RaBayesError(
                "the first look has no control patient and no prior of the control; give one or the other"
            )

    @property
    def last(self) -> int:
        """Number of the last look."""
        return len(self.treated)

    @property
    def by_arm(self) -> bool:
        """Whether the decision needs both means, not their difference alone."""
        return bool(self.control) and (self.mean is not None or self.control_mean is not None)

    @property
    def expected_control(self) -> float | None:
        """The control's mean as its prior expects it; ``None`` where it matters and nothing is expected."""
        if self.control_mean is not None:
            return self.control_mean.mean
        return None if self.by_arm else 0.0

    @property
    def looks(self) -> Array:
        """Patients with an outcome at each look, both arms together."""
        return np.asarray(np.array(self.treated, dtype=float) + np.array(self.control or 0.0, dtype=float))

    @property
    def information(self) -> Array:
        """Patients that one arm would need to know the effect as well (look): 1 / (1/n_t + 1/n_c).

        With priors by arm, the treated ones.
        """
        treated = np.array(self.treated, dtype=float)
        if not self.control or self.by_arm:
            return treated
        return np.asarray(1.0 / (1.0 / treated + 1.0 / np.array(self.control, dtype=float)))

    @property
    def sign(self) -> float:
        """1 where success is above the thresholds, else -1; engines work on the mirrored scale."""
        return direction(self.rule)
