"""Counts of records of a kind, observed and replicated: below a limit, at a bound, in response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ra_bayes.comparison.events import Event
from ra_bayes.figures.journals import pen, pt, text_pt
from ra_bayes.figures.lettering import width_mm, wrap
from ra_bayes.figures.marks import short_name
from ra_bayes.figures.style import INK, POSTERIOR, QUIET

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ra_bayes.comparison.observed import Records
    from ra_bayes.comparison.replicates import Replicates

__all__ = ["count_interval", "draw_counts"]

type Array = NDArray[np.float64]


def count_interval(
    event: Event, made: Replicates, group: NDArray[np.int_], groups: int, ci_prob: float
) -> tuple[NDArray[np.int_], NDArray[np.int_], NDArray[np.int_], NDArray[np.int_]]:
    """Return for each group: records, count observed, and the ends of the replicated counts' interval."""
    member = (group[None, :] == np.arange(groups)[:, None]) & event.applies
    total = member.sum(axis=1)
    observed = (member & event.happened(made.recorded)).sum(axis=1)
    replicated = np.sort(member.astype(float) @ event.happened(made.drawn).astype(float), axis=1).astype(int)
    draws = replicated.shape[1]
    tail = (1.0 - ci_prob) / 2.0
    low, high = (max(0, int(np.ceil(share * draws - 1e-9)) - 1) for share in (tail, 1.0 - tail))
    return total, observed, replicated[:, low], replicated[:, high]


def draw_counts(
    axes: Axes,
    records: Records,
    made: Replicates,
    event: Event,
    ci_prob: float,
    *,
    by: Literal["visit", "patient"],
    room_mm: float,
) -> None:
    """Draw observed counts over the intervals of replicated ones, a column for each visit or patient.

    The title is broken into lines of `room_mm` on paper.
    """
    names = (
        [f"{week:g}" for week in records.weeks]
        if by == "visit"
        else [short_name(each) for each in records.patients]
    )
    group = made.visit if by == "visit" else made.patient
    total, observed, low, high = count_interval(event, made, group, len(names), ci_prob)
    kept = np.flatnonzero(total)
    place = np.arange(kept.size)
    # An interval of one count has no length: a bar around each count shows it all the same.
    axes.bar(
        place,
        high[kept] - low[kept] + 0.5,
        0.5,
        low[kept] - 0.25,
        color=POSTERIOR,
        alpha=0.3,
        linewidth=0.0,
        gid="interval",
    )
    axes.hlines(total[kept], place - 0.3, place + 0.3, color=QUIET, linewidth=pen(0.8))
    axes.plot(place, observed[kept], "o", color=INK, markersize=pt(3.2), gid="observed")
    # Weeks that would run into each other are named in turn.
    widest = max((width_mm(f"{names[each]}0") for each in kept), default=0.0)
    every = 2 if by == "visit" and widest * kept.size > room_mm else 1
    axes.set_xticks(place, [names[each] if at % every == 0 else "" for at, each in enumerate(kept)])
    axes.set_xlim(-0.7, kept.size - 0.3)
    axes.set_ylim(-0.5, 1.06 * float(total.max()) + 0.2)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    axes.set_title("\n".join(wrap(f"Records {event.name}", room_mm, text_pt())))
    axes.set_ylabel(f"Records per {by}")
    axes.set_xlabel("Week" if by == "visit" else "Patient")
    if by == "patient":
        axes.tick_params(axis="x", labelrotation=30.0 if max(map(len, names)) > 6 else 0.0)
