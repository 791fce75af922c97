"""What counting responders costs a whole design: patients for the same rule, measured or counted.

In a design with a continuous or longitudinal endpoint a patient's recorded change at the design's week is, on
the scale of the analysis,

    Normal(theta_arm, sd^2),      sd^2 = response_sd^2 + 2 residual_sd^2,

and a patient responds when it lies beyond a cut-off c, with rate Phi((theta_arm - c) / sd) where higher is
better. The same rule is then asked of the rates: success when the difference of the rates (in one arm, the
rate beyond that of the null) is above 0 with the same probability, under uniform priors. What the two rules
do at the null is told beside: it is not quite the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import UNIFORM
from ra_bayes.planning.analysis import BinaryAnalysis
from ra_bayes.planning.design import Design
from ra_bayes.planning.endpoint import Conduct, Truth
from ra_bayes.planning.engines import Settings, curve_at
from ra_bayes.planning.rule import Criterion, Rule
from ra_bayes.planning.sample_size import SampleSize, sample_size

__all__ = ["CountedInstead", "counted_instead", "responder_design"]


@dataclass(frozen=True, eq=False)
class CountedInstead:
    """Patients for the same power, measured or counted; printed as sentences.

    Parameters
    ----------
    measured, counted
        The answers of the design and of its responder version.
    measured_alpha, counted_alpha
        Their type I errors at those sizes; NaN where there is no such size.
    design
        The responder version.
    """

    measured: SampleSize
    counted: SampleSize
    measured_alpha: float
    counted_alpha: float
    design: Design

    @property
    def ratio(self) -> float:
        """Patients with responders counted for each patient measured; NaN if either has no size."""
        if self.measured.n is None or self.counted.n is None:
            return math.nan
        return self.counted.n / self.measured.n

    def __str__(self) -> str:
        truth = self.design.truth
        rate = f"{truth.null:.2f}" if self.design.arms == 1 else f"{truth.control:.2f}"
        better = truth.alternative if self.design.arms == 1 else truth.alternative + (truth.control or 0.0)
        said = [
            f"Measured: {self.measured} Type I error {self.measured_alpha:.3f}.",
            f"Responders counted (rates {rate} and {better:.2f}): {self.counted} Type I error "
            f"{self.counted_alpha:.3f}.",
        ]
        if math.isfinite(self.ratio):
            said.append(f"Counting takes {self.ratio:.2f} times as many patients.")
        return "\n".join(said)


def counted_instead(
    design: Design,
    cutoff: float,
    *,
    target: float = 0.8,
    sizes: Sequence[int] | None = None,
    seed: int,
    settings: Settings | None = None,
) -> CountedInstead:
    """Return how many patients a design needs, and how many if its responders were counted.

    Parameters
    ----------
    design
        Continuous or longitudinal.
    cutoff
        Change beyond which a patient responds, in the estimand's unit (a ratio to baseline where it is one).
    target
        Wanted power at the page's alternative.
    sizes
        Sizes to choose among; the page's if not given.
    seed, settings
        As for :func:`~ra_bayes.sample_size`.

    Raises
    ------
    RaBayesError
        If the design counts responders already, or the cut-off leaves no one to respond.

    Examples
    --------
    >>> from ra_bayes.planning.design_reader import load_design
    >>> found = counted_instead(load_design("vas_randomised"), -20.0, sizes=range(40, 201, 8), seed=1)
    >>> found.measured.n < found.counted.n
    True
    """
    other = responder_design(design, cutoff)
    measured = sample_size(design, target, sizes=sizes, seed=seed, settings=settings)
    counted = sample_size(other, target, sizes=sizes or design.sizes, seed=seed, settings=settings)
    return CountedInstead(
        measured,
        counted,
        _alpha(design, measured, seed, settings),
        _alpha(other, counted, seed, settings),
        other,
    )


def responder_design(design: Design, cutoff: float) -> Design:
    """Return a design with its responders counted: same arms, looks and cut-offs of the rule."""
    end = design.endpoint
    if end.kind == "binary":
        raise RaBayesError(f"{design.name} counts responders already; give a design that measures")
    scales = design.truth.scales
    sd = scales.get("change_sd", 0.0) or math.hypot(
        scales["response_sd"], math.sqrt(2.0) * scales["residual_sd"]
    )
    sign = 1.0 if end.benefit == "above" else -1.0

    def rate(mean: float) -> float:
        # Of two arms the control is taken as without change: only the effect is on the page.
        return float(special.ndtr(sign * (design.on_scale(mean) - design.on_scale(cutoff)) / sd))

    low, high = rate(design.truth.null), rate(design.truth.alternative)
    if not 0.001 < low < high < 0.999:
        raise RaBayesError(
            f"with a cut-off of {cutoff:g} the rates are {low:.4f} and {high:.4f}; choose one that some "
            "reach and some do not"
        )
    one = design.arms == 1
    name = "rate" if one else "difference in rate"
    threshold = low if one else 0.0

    def counted(criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
        return tuple(
            replace(each, estimand=name, direction="above", threshold=threshold, unit="") for each in criteria
        )

    return replace(
        design,
        name=f"{design.name}_responders",
        title=f"{design.title}, responders counted",
        endpoint=replace(
            end,
            kind="binary",
            label=f"{end.label} response",
            unit="",
            ratio=False,
            benefit="above",
            visits=(),
        ),
        # Who has left has no change to count: they are non-responders, as trials have it.
        conduct=Conduct(design.conduct.dropout, 0.0, design.conduct.accrual, True),
        analysis=BinaryAnalysis(UNIFORM, None if one else UNIFORM),
        rule=Rule(counted(design.rule.success), counted(design.rule.futility)),
        truth=Truth(low, high) if one else Truth(0.0, high - low, (), low),
    )


def _alpha(design: Design, answer: SampleSize, seed: int, settings: Settings | None) -> float:
    if answer.n is None:
        return math.nan
    null = {name: np.asarray(each) for name, each in design.truths((design.truth.null,)).items()}
    ((_, value, _, _),) = curve_at(design, null, (answer.n,), seed=seed, settings=settings)
    return value
