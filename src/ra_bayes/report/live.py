"""A picture that answers: drawn here once as SVG shapes, and the numbers that a reader can ask it for.

The page's script moves a cursor over the positions `x` and tells what stands there; without a script the
picture stands as drawn. Every sentence is made here, rounded as everywhere else, so that script and page
cannot disagree.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BOTTOM", "HEIGHT", "LEFT", "RIGHT", "TOP", "WIDTH", "Axis", "area", "circles", "line", "live"]

type Array = NDArray[np.float64]

WIDTH, HEIGHT = 480, 320
LEFT, RIGHT, TOP, BOTTOM = 52, 470, 24, 278
_RADIUS, _MOST_TICKS = 3.5, 6


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale from values to units of the picture.

    Parameters
    ----------
    low, high
        Values at its two ends.
    start, stop
        Where these ends are drawn.
    log
        Whether equal ratios are equally far apart.
    """

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def at(self, value: float) -> float:
        """Return where a value is drawn, to a tenth of a unit.

        Examples
        --------
        >>> Axis(0.0, 10.0, 100.0, 0.0).at(2.5), Axis(1.0, 100.0, 0.0, 1.0, log=True).at(10.0)
        (75.0, 0.5)
        """
        low, high, here = (math.log(v) if self.log else v for v in (self.low, self.high, value))
        return round(self.start + (self.stop - self.start) * (here - low) / (high - low), 1)

    def ticks(self) -> list[dict[str, Any]]:
        """Return round values within the ends, each with its place and label."""
        return [{"at": self.at(value), "label": f"{value:g}".replace("-", "−")} for value in self._round()]

    def _round(self) -> list[float]:
        if self.log and self.high / self.low >= 4.0:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            for steps in ((1, 2, 5), (1, 3), (1,)):
                found = [k * 10.0**p for p in powers for k in steps if self.low <= k * 10.0**p <= self.high]
                if len(found) <= _MOST_TICKS + 2:
                    return found
            return found[:: -(-len(found) // _MOST_TICKS)]
        raw = (self.high - self.low) / _MOST_TICKS
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(k * power for k in (1, 2, 2.5, 5, 10) if k * power >= raw * (1.0 - 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(k * step, 10) for k in range(first, last + 1)]


def line(x: Iterable[float], y: Iterable[float]) -> str:
    """Return the path of a line through points."""
    return "M" + "L".join(f"{a:g},{b:g}" for a, b in zip(x, y, strict=True))


def area(x: Sequence[float], lower: Sequence[float], upper: Sequence[float]) -> str:
    """Return the path of a band."""
    return line([*x, *reversed(x)], [*upper, *reversed(lower)]) + "Z"


def circles(points: Iterable[tuple[float, float]]) -> str:
    """Return the path of a circle around each point."""
    r = _RADIUS
    return "".join(
        f"M{x - r:g},{y:g}a{r:g},{r:g} 0 1 0 {2 * r:g},0a{r:g},{r:g} 0 1 0 {-2 * r:g},0" for x, y in points
    )


def live(**picture: Any) -> dict[str, Any]:
    """Return a picture as the template takes it: the frame's measures beside what is given."""
    frame = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM}
    return {"labels": [], "choose": "", "start": 0, **frame, **picture}
