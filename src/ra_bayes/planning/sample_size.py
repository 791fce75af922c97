"""Sample size: the smallest trial with a wanted power or assurance, or a plain word that none has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.assurance import at_threshold, ceiling, fits
from ra_bayes.planning.design import Design, check_design
from ra_bayes.planning.design_prior import DesignPrior
from ra_bayes.planning.engines import Point, Settings, curve, curve_at

__all__ = ["SampleSize", "sample_size", "sample_size_of"]


@dataclass(frozen=True, slots=True)
class SampleSize:
    """The answer to "how many?", printed as a sentence.

    Parameters
    ----------
    quantity
        ``"power"`` at the page's alternative, or ``"assurance"`` under a design prior.
    target
        What was wanted.
    n
        The smallest size from which on every larger one looked at also reaches the target; ``None`` if there
        is none.
    first
        The smallest size that reaches it at all. A rate's power is a saw: a few patients more can have less.
    value, mcse
        At `n`; at the largest size looked at if there is none.
    ceiling
        What assurance tends to as n grows, but for `at_threshold`; 1 for power.
    rows
        The curve: ``n``, ``value``, ``mcse``, ``engine``.
    at_threshold
        The most that false successes of a truth exactly at the threshold add to that.
    """

    quantity: Literal["power", "assurance"]
    target: float
    n: int | None
    first: int | None
    value: float
    mcse: float
    ceiling: float
    rows: tuple[dict[str, Any], ...]
    at_threshold: float = 0.0

    @property
    def limited(self) -> bool:
        """Whether no size can reach the target."""
        return self.ceiling + self.at_threshold < self.target

    @property
    def limit(self) -> str:
        """What assurance tends to as n grows, and what false successes may add to it, in words."""
        more = f" (with false successes at most {self.ceiling + self.at_threshold:.3f})"
        return f"{self.ceiling:.3f}{more if self.at_threshold >= 0.0005 else ''}"

    def __str__(self) -> str:
        error = f" (Monte Carlo error {self.mcse:.3f})" if self.mcse else " (exact)"
        value = f"{_told(self.value, self.target)}{error}"
        if self.n is not None:
            said = f"{self.n} patients reach {self.quantity} {value}, wanted {self.target:g}."
            if self.first is not None and self.first < self.n:
                said += f" {self.first} reach it too, but some sizes between do not."
        elif self.first is not None:
            said = (
                f"{self.first} patients reach {self.quantity} {self.target:g}, but not every larger size "
                f"looked at: with {self.rows[-1]['n']} it is {value}."
            )
        elif self.limited:
            said = (
                f"No size reaches {self.quantity} {self.target:g}: with n it tends to {self.limit}, "
                "the probability that the truth is where success asks for it."
            )
        else:
            largest = self.rows[-1]["n"]
            said = (
                f"No size up to {largest} reaches {self.quantity} {self.target:g}: it is "
                f"{value} there. Look at larger ones."
            )
        if self.quantity == "assurance" and self.n is not None:
            said += f" As n grows it tends to {self.limit}."
        return said


def _told(value: float, target: float) -> str:
    """Return three decimals, cut where rounding would make what misses a target look like it."""
    misses = value < target <= float(f"{value:.3f}")
    return f"{math.floor(1000.0 * value) / 1000.0 if misses else value:.3f}"


def sample_size(
    design: Design,
    target: float,
    *,
    prior: DesignPrior | None = None,
    sizes: Sequence[int] | None = None,
    seed: int,
    settings: Settings | None = None,
) -> SampleSize:
    """Return the smallest size at which a design has a wanted power, or assurance under a design prior.

    Parameters
    ----------
    design
        The design; its looks stay at the same shares.
    target
        Wanted probability of success.
    prior
        What the truth may be: asks for assurance. Without it, power at the page's alternative.
    sizes
        Sizes to choose among, rising; the page's ``[sizes]`` if not given.
    seed
        Of every random number.
    settings
        Engine and number of simulated trials, if not the default.

    Returns
    -------
    SampleSize
        A size is taken only if every larger one looked at reaches the target as well.

    Raises
    ------
    RaBayesError
        If there are no sizes to choose among, or `target` is no probability.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> print(rb.sample_size(rb.load_design("acr20_one_arm"), 0.8, seed=1))
    19 patients reach power 0.808 (exact), wanted 0.8. 17 reach it too, but some sizes between do not.
    """
    check_design(design)
    chosen = tuple(sizes or design.sizes)
    if not chosen:
        raise RaBayesError(
            f"the design {design.name} has no [sizes] to choose among; write from, to and step, or give sizes"
        )
    if list(chosen) != sorted(set(chosen)):
        raise RaBayesError("sizes do not rise; give each once, the smallest first")
    if prior is None:
        alternative = design.truths((design.truth.alternative,))
        found = curve_at(design, alternative, chosen, seed=seed, settings=settings)
        return sample_size_of("power", target, found, 1.0)
    fits(design, prior)
    found = curve(design, prior.last, chosen, seed=seed, settings=settings)
    step = prior.last
    return sample_size_of("assurance", target, found, ceiling(design, step), at_threshold(design, step))


def sample_size_of(
    quantity: Literal["power", "assurance"],
    target: float,
    found: Sequence[Point],
    most: float,
    at_threshold: float = 0.0,
) -> SampleSize:
    """Return the answer that a curve gives, `most` being what it tends to, `at_threshold` what may be added.

    Raises
    ------
    RaBayesError
        If `target` is no probability.
    """
    if not 0.0 < target < 1.0:
        raise RaBayesError(f"target {target:g} is no probability to reach; write one such as 0.8")
    rows: list[dict[str, Any]] = [
        {"n": n, "value": value, "mcse": mcse, "engine": engine} for n, value, mcse, engine in found
    ]
    reached = [row["value"] >= target for row in rows]
    first = next((k for k, each in enumerate(reached) if each), None)
    lasting = next((k for k in range(len(rows)) if all(reached[k:])), None)
    told = rows[-1 if lasting is None else lasting]
    return SampleSize(
        quantity,
        target,
        None if lasting is None else rows[lasting]["n"],
        None if first is None else rows[first]["n"],
        told["value"],
        told["mcse"],
        most,
        tuple(rows),
        at_threshold,
    )
