"""What a task is, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

__all__ = ["Result", "Task", "Work", "compute"]

type Result = dict[str, NDArray[Any]]
type Work = Callable[[Any], Mapping[str, NDArray[Any] | float]]


class Task(NamedTuple):
    """One of many independent tasks.

    Parameters
    ----------
    key
        Its name, told apart from all others of the run.
    arguments
        What the work needs for it, its seed included, as plain data: numbers, texts, arrays, and tuples,
        lists, dicts and dataclasses of these. Such data reach another machine, and say by their content
        whether a result on disk is theirs.
    """

    key: str
    arguments: Any


def compute(work: Work, arguments: Any) -> Result:
    """Do the work of one task; what it returns becomes arrays, as they come back from disk.

    Raises
    ------
    TypeError
        If the work returns anything but numbers and arrays of numbers by name.
    """
    # Linear algebra on two threads adds in another order than on one, and Dask gives its workers one.
    with threadpool_limits(1, user_api="blas"):
        told = work(arguments)
    # Copies: the work may use its memory again for the next task.
    result = {name: np.array(value) for name, value in told.items()}
    strange = [name for name, value in result.items() if value.dtype.kind not in "biufc"]
    if strange:
        raise TypeError(f"{strange[0]!r} of a task's result is not a number or an array of numbers")
    return result
