"""A sceptical component: with some probability the treatment does nothing beyond placebo.

    truth  ~  (1 - w) prior + w sceptic        sceptic:  effect beyond placebo ~ Normal(0, s^2)

on the link's scale, probit for a rate (Spiegelhalter, Freedman and Parmar 1994, of sceptical priors).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ra_bayes.errors import RaBayesError

__all__ = ["Sceptical"]


@dataclass(frozen=True, slots=True)
class Sceptical:
    """The sceptical part of a design prior.

    Parameters
    ----------
    weight
        Its probability, above 0 and at most 1.
    sd
        SD of the effect beyond placebo under it, on the link's scale; 0 says that there is none at all.
    source
        Why so much.

    Examples
    --------
    >>> print(Sceptical(0.5, 4.0, "as likely as not"))
    50%: effect beyond placebo Normal(0, SD 4) (as likely as not)
    """

    weight: float
    sd: float
    source: str

    def __post_init__(self) -> None:
        if not 0.0 < self.weight <= 1.0:
            raise RaBayesError(
                f"the sceptical part has weight {self.weight:g}; write one above 0 and at most 1, or leave "
                "the step out"
            )
        if not 0.0 <= self.sd < np.inf:
            raise RaBayesError(f"the sceptical part has SD {self.sd:g}; write one of at least 0")

    def __str__(self) -> str:
        spread = f"Normal(0, SD {self.sd:g})" if self.sd else "exactly 0"
        return f"{self.weight:.0%}: effect beyond placebo {spread} ({self.source})"
