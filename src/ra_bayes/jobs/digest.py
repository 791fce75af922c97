"""A hash of plain data by content: the same in every process and on every machine.

Pickles do not serve: equal data can have different ones, since a pickle tells whether two equal texts in it
are one object.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

__all__ = ["digest"]


def digest(value: Any) -> str:
    """Return the SHA-256 of plain data.

    Parameters
    ----------
    value
        Numbers, texts, bytes, None, arrays, and tuples, lists, dicts (in whichever order) and dataclasses
        of these.

    Raises
    ------
    TypeError
        If there is anything else in it.

    Examples
    --------
    >>> digest({"n": 6, "sd": 0.5}) == digest({"sd": 0.5, "n": 6})
    True
    >>> digest([1, 2]) == digest([12])
    False
    """
    hashed = hashlib.sha256()
    _feed(hashed.update, value)
    return hashed.hexdigest()


def _feed(update: Callable[[bytes], None], value: Any) -> None:
    """Feed a value with its kind and length before it, so that no two values are fed alike."""
    kind = type(value).__qualname__
    parts: list[Any] = []
    match value:
        case np.ndarray() | np.generic() if value.dtype.kind in "biufcSU":
            content = np.ascontiguousarray(value).tobytes()
            kind = f"{kind} {value.dtype.str} {value.shape}"
        case None | bool() | int() | float() | complex() | str():
            content = repr(value).encode()
        case bytes():
            content = value
        case tuple() | list():
            content, parts = b"", list(value)
        case dict():
            content, parts = b"", sorted([digest(key), digest(each)] for key, each in value.items())
        case _ if is_dataclass(value) and not isinstance(value, type):
            content, parts = b"", [[each.name, getattr(value, each.name)] for each in fields(value)]
        case _:
            raise TypeError(
                f"a task's arguments are plain data, and {kind} is not; pass what it is made from"
            )
    update(f"{kind} {len(content)} {len(parts)}:".encode() + content)
    for part in parts:
        _feed(update, part)
