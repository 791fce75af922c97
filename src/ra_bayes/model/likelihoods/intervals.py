"""What a record says of the latent y*: nothing (missed), a point, or a cell low <= y* <= high."""

from __future__ import annotations

__all__ = ["CELL", "MISSED", "POINT", "UNBOUNDED"]

MISSED, POINT, CELL = 0, 1, 2

# An open end, on the link's scale. Finite, since an infinite one has no gradient; far enough to be
# infinite for any unit, near enough that its square is a number.
UNBOUNDED = 1e12
