"""A design prior as a value: what the truth may be in a new trial in new patients, step by step.

The truth is a set of weighted nodes. Those of the last step are what a design is planned with:

    assurance = sum_k w_k power(node k).

The analysis prior, with which the trial's own data will be analysed, is another thing and part of the design.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.numbers import decimals, interval, number
from ra_bayes.planning.design_prior.nodes import Distribution
from ra_bayes.planning.design_prior.placebo import Placebo
from ra_bayes.planning.rule import Direction

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SCALES", "About", "DesignPrior", "Step", "Summary"]

type Array = NDArray[np.float64]

# What an engine must know of patients besides the effect.
SCALES = ("level_sd", "response_sd", "correlation", "residual_sd")
_CI_PROB = 0.90


class Summary(NamedTuple):
    """Mean, SD and interval (`lower`, `upper`) of a quantity under a step."""

    mean: float
    sd: float
    lower: float
    upper: float
    ci_prob: float = _CI_PROB
    ci_kind: str = "eti"


@dataclass(frozen=True, slots=True)
class About:
    """What a design prior is of.

    Parameters
    ----------
    quantity
        ``"rate"``, a share of patients, or ``"effect"``, a mean change on the link's scale.
    outcome
        Identifier of what is measured; empty if not told.
    week
        The week it is told at; NaN if not told.
    unit
        Of an effect, on the link's scale.
    link
        Name of that scale.
    against_control
        Whether the truth is already against a control: an effect less the control's, or both rates.
    """

    quantity: Literal["rate", "effect"]
    outcome: str = ""
    week: float = math.nan
    unit: str = ""
    link: str = "identity"
    against_control: bool = False

    def __str__(self) -> str:
        what = "response rate" if self.quantity == "rate" else "mean change"
        against = ", and of a control" if self.quantity == "rate" else " beyond control"
        return (
            what
            + (f" ({self.outcome})" if self.outcome else "")
            + ("" if math.isnan(self.week) else f" at week {self.week:g}")
            + (against if self.against_control else "")
        )


@dataclass(frozen=True, eq=False)
class Step:
    """What is believed of the truth after a step.

    Parameters
    ----------
    name
        Of the step, short.
    words
        What was done, in a sentence, with its source.
    nodes
        Truths by name, all of one length: ``rate``, with ``control_rate`` in two arms; or ``effect``,
        ``level_sd``, ``response_sd``, ``correlation`` and ``residual_sd``.
    weights
        Their probabilities; scaled to add up to 1.
    exact
        By name, the distribution that the nodes stand for, where it has a closed form and is independent of
        every other name's.
    ess
        Effective number of draws behind the nodes; infinite if nothing was sampled.
    """

    name: str
    words: str
    nodes: dict[str, Array]
    weights: Array
    exact: Mapping[str, Distribution] = field(default_factory=dict)
    ess: float = math.inf

    def __post_init__(self) -> None:
        lengths = {name: each.shape for name, each in self.nodes.items()}
        if set(lengths.values()) != {self.weights.shape} or self.weights.ndim != 1:
            raise RaBayesError(
                f"nodes of step {self.name!r} are not of one length ({lengths}, weights {self.weights.shape}"
                "); give a value of each name for every weight"
            )
        if not all(np.isfinite(each).all() for each in self.nodes.values()):
            raise RaBayesError(f"a node of step {self.name!r} is not a finite number; leave it out")
        total = float(self.weights.sum())
        if not total > 0.0 or not bool((self.weights >= 0.0).all()):
            raise RaBayesError(
                f"weights of step {self.name!r} must be at least 0 and not all 0; correct them"
            )
        object.__setattr__(self, "weights", self.weights / total)

    @property
    def main(self) -> Array:
        """What the design is about, at the nodes: the effect, the rate, or treated less control rate."""
        if "effect" in self.nodes:
            return self.nodes["effect"]
        return self.nodes["rate"] - self.nodes.get("control_rate", np.zeros(1))

    def expect(self, values: ArrayLike) -> tuple[float, float]:
        """Return the mean of what was computed at each node, and its Monte Carlo standard error.

            mean = sum_k w_k v_k        mcse = sqrt( sum_k w_k (v_k - mean)^2 / ess )

        The error is 0 where nothing was sampled. It is never too small: what steps add to draws is spread
        evenly, not sampled, and a sceptical part that has the draws' SDs only averages over them.
        """
        at = np.asarray(values, dtype=float)
        mean = float(self.weights @ at)
        return mean, math.sqrt(float(self.weights @ (at - mean) ** 2) / self.ess)

    def p_beyond(self, threshold: float, direction: Direction) -> float:
        """Return the probability that the main quantity is above, or below, a threshold.

        Assurance cannot exceed it by much, however many patients: it is the ceiling of a design that asks
        for this side of the threshold.
        """
        found = self._exact_main
        if found is not None:
            return found.p_above(threshold) if direction == "above" else float(found.cdf(threshold))
        beyond = self.main > threshold if direction == "above" else self.main < threshold
        return float(self.weights @ beyond)

    def summary(self, name: str = "", *, ci_prob: float = _CI_PROB) -> Summary:
        """Return mean, SD and equal-tailed interval of a name's truth, or of the main quantity."""
        if not 0.0 < ci_prob < 1.0:
            raise RaBayesError(f"ci_prob is {ci_prob:g}; it must lie between 0 and 1")
        if name and name not in self.nodes:
            raise RaBayesError(f"step {self.name!r} has no {name!r}; it has {', '.join(self.nodes)}")
        found = self.exact.get(name) if name else self._exact_main
        if found is not None:
            return Summary(found.mean, found.sd, *found.interval(ci_prob), ci_prob)
        values = self.nodes[name] if name else self.main
        mean = float(self.weights @ values)
        sd = math.sqrt(float(self.weights @ (values - mean) ** 2))
        return Summary(mean, sd, *_interval(values, self.weights, ci_prob), ci_prob)

    @property
    def _exact_main(self) -> Distribution | None:
        return None if "control_rate" in self.nodes else self.exact.get("effect", self.exact.get("rate"))


@dataclass(frozen=True, eq=False)
class DesignPrior:
    """What the truth may be in a new trial in new patients; prints its steps.

    Made by :func:`ra_bayes.design_prior` from a design page, or from a posterior.

    Parameters
    ----------
    about
        What it is of.
    steps
        The source as it is, then what was done to it, in order.
    placebo
        The placebo response that belongs to the source, if there is one.
    """

    about: About
    steps: tuple[Step, ...]
    placebo: Placebo | None = None

    @property
    def last(self) -> Step:
        """The last step: what is believed after all of them."""
        return self.steps[-1]

    @property
    def nodes(self) -> dict[str, Array]:
        """Truths by name after the last step."""
        return self.last.nodes

    @property
    def weights(self) -> Array:
        """Their probabilities, which add up to 1."""
        return self.last.weights

    @property
    def exact(self) -> Mapping[str, Distribution]:
        """Closed forms after the last step, by name; empty where there are none."""
        return self.last.exact

    def then(self, step: Step) -> DesignPrior:
        """Return the prior with another step."""
        return replace(self, steps=(*self.steps, step))

    def table(
        self,
        *,
        ci_prob: float = _CI_PROB,
        threshold: float | None = None,
        direction: Direction = "above",
    ) -> pd.DataFrame:
        """Return what is believed after each step, a row for each step and quantity.

        Parameters
        ----------
        ci_prob
            Probability of the equal-tailed intervals.
        threshold, direction
            Adds ``p_beyond``, the probability that the main quantity lies beyond; NaN for the others.

        Returns
        -------
        pandas.DataFrame
            ``step``, ``quantity``, ``mean``, ``sd``, ``lower``, ``upper``, ``ci_prob``, ``ci_kind``, ``ess``
            (draws behind it, infinite if exact), ``p_beyond`` if asked for, ``words``.
        """
        import pandas as pd

        rows = []
        for step in self.steps:
            names = [name for name in step.nodes if name not in SCALES]
            for name in [*names, *(["difference"] if "control_rate" in step.nodes else [])]:
                asked = "" if name == "difference" else name
                row = {"step": step.name, "quantity": name, **step.summary(asked, ci_prob=ci_prob)._asdict()}
                row["ess"] = step.ess
                if threshold is not None:
                    main = name == "difference" or len(names) == 1
                    row["p_beyond"] = step.p_beyond(threshold, direction) if main else math.nan
                rows.append(row | {"words": step.words})
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        unit = f" {self.about.unit}" if self.about.unit else ""
        lines = [f"Design prior: {self.about}"]
        for k, step in enumerate(self.steps, 1):
            lines.append(f"{k}. {step.name}: {_told(step, unit)}")
            lines.append(f"   {step.words}")
        return "\n".join(lines)


def _told(step: Step, unit: str) -> str:
    mean, sd, lower, upper, ci_prob, kind = step.summary()
    places = decimals(lower, upper)
    what = "difference " if "control_rate" in step.nodes else ""
    return (
        f"{what}mean {number(mean, places)}{unit}, SD {number(sd, places)}, "
        f"{ci_prob:.0%} interval ({kind}) {interval(lower, upper, places)}"
    )


def _interval(values: Array, weights: Array, ci_prob: float) -> tuple[float, float]:
    """Quantiles of weighted nodes, each taken as the middle of its share."""
    order = np.argsort(values, kind="stable")
    middle = np.cumsum(weights[order]) - weights[order] / 2.0
    tail = (1.0 - ci_prob) / 2.0
    lower, upper = np.interp([tail, 1.0 - tail], middle, values[order])
    return float(lower), float(upper)
