"""A joint model and a paper's counts, ready to be asked how probable the counts are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.counts.events import Event, read_events
from ra_bayes.counts.layout import Draws, Layout, make_layout
from ra_bayes.counts.likelihood import Block, log_likelihood, make_blocks
from ra_bayes.errors import RaBayesError
from ra_bayes.model.joint import JointModel
from ra_bayes.model.namespace import NUMPY
from ra_bayes.published import Publication

__all__ = ["CountsModel", "counts_model"]

type Array = NDArray[np.float64]

# Points whose probability is worked out at once: enough to outweigh the calls, few enough for the memory.
_AT_ONCE = 2000


@dataclass(frozen=True, eq=False)
class CountsModel:
    """A joint model conditioned on counts, over points x ~ N(0, I); made by :func:`counts_model`.

    Parameters
    ----------
    publication
        The paper's counts.
    reading
        How words such as "improved" are read.
    events
        The facts that are used, read.
    layout
        What each coordinate is, at the weeks the facts speak of.
    blocks
        The facts that have to be counted together.
    """

    publication: Publication
    reading: str
    events: tuple[Event, ...]
    layout: Layout
    blocks: tuple[Block, ...]

    @property
    def dimension(self) -> int:
        """Number of coordinates: the layout's standard normals, then one for each correlation."""
        return self.layout.size + len(self.layout.units)

    @property
    def weeks(self) -> tuple[float, ...]:
        """Every visit: the paper's and those the facts and pages speak of."""
        return tuple(sorted({*self.publication.weeks, *self.layout.weeks.tolist()}))

    def split(self, points: Array) -> tuple[Array, Array]:
        """Return the layout's standard normals, and (rho + 1) / 2 of each correlation."""
        normal, rest = points[..., : self.layout.size], points[..., self.layout.size :]
        unit = np.empty_like(rest)
        for k, shape in enumerate(self.layout.concentrations):
            unit[..., k] = np.interp(rest[..., k], *_beta_quantiles(float(shape)))
        return normal, unit

    def log_likelihood(self, points: Array) -> Array:
        """Return the log probability of the counts at points (point, coordinate)."""
        out = np.empty(points.shape[0])
        for start in range(0, points.shape[0], _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            draws = self.layout.expand(*self.split(points[part]), NUMPY)
            out[part] = log_likelihood(self.layout, self.blocks, draws, NUMPY)
        return out

    @cached_property
    def every_visit(self) -> Layout:
        """The layout with every visit, not only the facts' weeks."""
        return make_layout(self.layout.joint, self.layout.pages, self.layout.arms, self.weeks)

    def fine(self, normal: Array, unit: Array, rng: np.random.Generator) -> Draws:
        """Return the parameters at every visit, given those at the facts' weeks."""
        return self.every_visit.expand(self.layout.refine(normal, self.every_visit, rng), unit, NUMPY)

    def with_counts(self, counts: Iterable[int]) -> CountsModel:
        """Return the same with other counts, one a fact, in the order of `events`."""
        events = tuple(
            replace(event, fact=replace(event.fact, r=int(r)))
            for event, r in zip(self.events, counts, strict=True)
        )
        return replace(self, events=events, blocks=make_blocks(events, self.layout))


@cache
def _beta_quantiles(shape: float) -> tuple[Array, Array]:
    """Tabulate the Beta(c, c) quantile at Phi(score), to 1e-7: solving for it is a tenth of the work."""
    score = np.linspace(-9.0, 9.0, 9001)
    return score, np.asarray(special.betaincinv(shape, shape, special.ndtr(score)))


def counts_model(
    publication: Publication, joint: JointModel, *, reading: str, also: Iterable[str] = ()
) -> CountsModel:
    """Bring a joint model and a paper's counts together.

    Parameters
    ----------
    publication
        The paper's counts.
    joint
        The joint model.
    reading
        How words such as "improved" are read.
    also
        Further outcomes, of which no count was published.

    Raises
    ------
    RaBayesError
        If no fact is about an outcome that has a page, or facts cannot hold together.
    """
    events = read_events(publication, reading, joint.pages)
    if not events:
        raise RaBayesError(
            f"{publication.name}: no fact is about an outcome that joint model {joint.name!r} has a page for "
            f"({', '.join(sorted(joint.pages))}); plain counts are summarised by ra_bayes.response_rates"
        )
    named = dict.fromkeys(outcome for event in events for outcome in event.fact.outcomes)
    seen: dict[str, set[float]] = {}
    for contrast in (each for event in events for each in event.contrasts):
        seen.setdefault(contrast.outcome, set()).add(contrast.week)
    outcomes = [*named, *(each for each in also if each not in named)]
    layout = make_layout(joint, outcomes, publication.arms, set().union(*seen.values()), seen)
    return CountsModel(publication, reading, events, layout, make_blocks(events, layout))
