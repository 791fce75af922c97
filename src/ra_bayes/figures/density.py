"""Densities of draws, for the eye: Gaussian kernels in one dimension or two, and where most of it lies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["density", "highest_level", "joint_density"]

type Array = NDArray[np.float64]


def density(draws: Array, at: Array, *, smoothing: float = 1.0) -> Array:
    """Return a Gaussian kernel density, from draws counted in fine bins.

    The bandwidth is Scott's times `smoothing`: more of it where a contour shows what a line hides.
    """
    width = smoothing * float(draws.std(ddof=1)) * draws.size**-0.2
    # Bins an eighth of the kernel's SD: the error is far below a line's thickness, the time a hundredth.
    step = width / 8.0
    reach = 5.0 * width
    # Draws far outside what is drawn add nothing to it, and would need bins of their own.
    bins = int(np.ceil((at.max() - at.min() + 2.0 * reach) / step))
    first = float(at.min()) - reach
    counts, edges = np.histogram(draws, bins=bins, range=(first, first + bins * step))
    offsets = np.arange(-40, 41) * step
    kernel = np.exp(-0.5 * (offsets / width) ** 2) / (np.sqrt(2.0 * np.pi) * width * draws.size)
    smooth = np.convolve(counts, kernel)[40 : 40 + counts.size]
    return np.asarray(np.interp(at, edges[:-1] + step / 2.0, smooth))


def joint_density(x: Array, y: Array, at_x: Array, at_y: Array) -> Array:
    """Return the density of pairs of draws at a grid (y, x): a product of Gaussian kernels at every draw.

    The bandwidth of each is Scott's in two dimensions, SD n^(-1/6).
    """

    def kernels(draws: Array, at: Array) -> Array:
        width = float(draws.std(ddof=1)) * draws.size ** (-1.0 / 6.0)
        return np.asarray(
            np.exp(-0.5 * ((at[:, None] - draws) / width) ** 2) / (np.sqrt(2.0 * np.pi) * width)
        )

    return np.asarray(kernels(y, at_y) @ kernels(x, at_x).T / x.size)


def highest_level(heights: Array, prob: float) -> float:
    """Return the height above which a share `prob` of a density on an even grid lies (Hyndman 1996)."""
    falling = np.sort(heights.ravel())[::-1]
    inside = np.cumsum(falling) / falling.sum()
    return float(falling[min(int(np.searchsorted(inside, prob)), falling.size - 1)])
