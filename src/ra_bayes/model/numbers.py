"""A model's numbers as data of its graph: each under its own name, or all in two vectors.

The compiled density is handed every array anew at every step, and to unpack a dozen small ones costs as much
as the density itself. So that a model can be read, each has its name; so that it is fast, a sampler gets them
packed: all real numbers end to end, and before the whole ones where each array begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm

__all__ = ["declare", "layout", "pack"]


def declare(arrays: Mapping[str, np.ndarray], *, packed: bool = False) -> dict[str, Any]:
    """Declare arrays as data of the PyMC model that is being built, and return them by name.

    Parameters
    ----------
    arrays
        Real or whole numbers by name. One-dimensional ones may change their length afterwards, others not.
    packed
        Declare the two vectors of :func:`pack` in their place.

    Examples
    --------
    >>> with pm.Model() as model:
    ...     numbers = declare({"at": np.array([0, 2]), "value": np.array([1.5, 2.5])}, packed=True)
    >>> numbers["value"].eval(), [each.name for each in model.data_vars]
    (array([1.5, 2.5]), ['real', 'whole'])
    """
    if not packed:
        return {name: pm.Data(name, array) for name, array in arrays.items()}
    vectors = {name: pm.Data(name, vector) for name, vector in pack(arrays).items()}
    found = {}
    for place, (name, array) in enumerate(arrays.items()):
        begin, end = vectors["whole"][2 * place], vectors["whole"][2 * place + 1]
        part = vectors[_kind(array)][begin:end]
        found[name] = part if array.ndim == 1 else part.reshape(array.shape)
    return found


def layout(arrays: Mapping[str, np.ndarray]) -> tuple[tuple[str, str, tuple[int, ...]], ...]:
    """Return what a packed model is compiled for: names in order, real or whole, and shapes of matrices."""
    return tuple(
        (name, _kind(array), array.shape if array.ndim > 1 else ()) for name, array in arrays.items()
    )


def pack(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the vectors ``real`` and ``whole`` that hold all arrays; ``whole`` starts with their ends.

    Examples
    --------
    >>> pack({"at": np.array([0, 2]), "value": np.array([1.5, 2.5])})["whole"]
    array([4, 6, 0, 2, 0, 2])
    """
    parts = {"real": [np.empty(0)], "whole": [np.empty(0, dtype=int)]}
    begins = {"real": 0, "whole": 2 * len(arrays)}
    ends = []
    for array in arrays.values():
        kind = _kind(array)
        parts[kind].append(array.ravel())
        ends += [begins[kind], begins[kind] + array.size]
        begins[kind] += array.size
    return {
        "real": np.concatenate(parts["real"]),
        "whole": np.concatenate([np.array(ends, dtype=int), *parts["whole"]]),
    }


def _kind(array: np.ndarray) -> str:
    return "whole" if array.dtype.kind in "iu" else "real"
