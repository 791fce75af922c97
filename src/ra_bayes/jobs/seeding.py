"""A seed for each of many tasks, by its place."""

from __future__ import annotations

import numpy as np

__all__ = ["seeds"]


def seeds(root: int, count: int) -> list[int]:
    """Return `count` seeds; the first of many are those of few.

    Seed i is 64 bits of child i of NumPy's ``SeedSequence(root)``, so it rests on `root` and i alone: any
    subset of the tasks, in any order and on any machine, gets the seeds it has in the whole run. Two equal
    seeds among 10,000 have a chance of 3e-12.

    Parameters
    ----------
    root
        Seed of the whole run, 0 or more.
    count
        How many.

    Examples
    --------
    >>> seeds(1, 3) == seeds(1, 1000)[:3]
    True
    >>> len(set(seeds(1, 1000) + seeds(2, 1000)))
    2000
    """
    children = np.random.SeedSequence(root).spawn(count)
    return [int(child.generate_state(1, np.uint64)[0]) for child in children]
