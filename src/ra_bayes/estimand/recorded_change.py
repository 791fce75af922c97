"""The change between two records as they were made: a value, or a limit that it lies beyond."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["recorded_change"]

type Array = NDArray[np.float64]
type Sides = NDArray[np.int_]


def recorded_change(
    start: Array, start_side: Sides, end: Array, end_side: Sides, *, ratio: bool
) -> tuple[Array, Sides]:
    """Return the change from one record to another, and on which side of it the truth lies.

    A record below its limit says only that the value lies below, so a change from 4 to "<1" is at most -3,
    and one from "<1" to 4 is at least 3. Of "<1" to "<1" nothing is known: the change is NaN. So is the
    ratio of two records of which one is 0.

    Parameters
    ----------
    start, end
        Records, or the limits they lie beyond; NaN where none was made.
    start_side, end_side
        -1 where the truth lies below the record, +1 where above, 0 where the record is the value.
    ratio
        Whether a change is told as a ratio, not as a difference.

    Returns
    -------
    change, side
        `side` is -1 where the true change lies below `change`, +1 where above, 0 elsewhere.

    Examples
    --------
    >>> start, end = np.array([4.0, 1.0, 1.0]), np.array([1.0, 4.0, 1.0])
    >>> below_at_start, below_at_end = np.array([0, -1, -1]), np.array([-1, 0, -1])
    >>> recorded_change(start, below_at_start, end, below_at_end, ratio=False)
    (array([-3.,  3., nan]), array([-1,  1,  0]))
    """
    if ratio:
        start, end = (np.where(each == 0.0, np.nan, each) for each in (start, end))
    change = end / start if ratio else end - start
    pulls = np.sign(end_side - start_side)
    # Both beyond limits of the same side pull in opposite directions.
    unknown = (start_side != 0) & (start_side == end_side)
    known = np.isfinite(change) & ~unknown
    return np.where(known, change, np.nan), np.where(known, pulls, 0)
