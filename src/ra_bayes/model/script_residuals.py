"""Residuals that follow each other (:mod:`ra_bayes.model.residuals`) as lines of a PyMC script."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from ra_bayes.model.residuals import Autoregressive
from ra_bayes.model.script_text import number

__all__ = ["residuals_script"]

# Ends of the records of each kind; beyond an open one as far as can be.
_ENDS = {
    "points": ("points_value", "points_value"),
    "below": ("np.full(below_value.size, -1e12)", "below_value"),
    "above": ("above_value", "np.full(above_value.size, 1e12)"),
    "between": ("between_low", "between_high"),
}


def residuals_script(residuals: Autoregressive, kinds: Set[Any]) -> tuple[str, str]:
    """Return functions and lines of a PyMC script for records whose residuals are AR(1).

    Parameters
    ----------
    residuals
        As the page has them.
    kinds
        Of records.
    """
    used = [kind for kind in _ENDS if kind in kinds]
    joined = {
        "places": ", ".join(f"{kind}_at" for kind in used),
        "lows": ", ".join(_ENDS[kind][0] for kind in used),
        "highs": ", ".join(_ENDS[kind][1] for kind in used),
        "gap": number(residuals.gap),
    }
    cells = used != ["points"]
    lines = _ORDER + (_CELLS if cells else _POINTS) + _CHAIN + (_OF_CELLS if cells else _OF_POINTS)
    return (_FUNCTIONS if cells else ""), lines.format(**joined)


_FUNCTIONS = '''
def ndtr(z):
    """Return the standard normal distribution function."""
    return 0.5 * pt.erfc(-z / np.sqrt(2))


def score_at(p):
    """Return the standard normal score below which a share p lies."""
    return -np.sqrt(2) * pt.erfcinv(2 * p)


def log_inside(low, high):
    """Return the log probability that a standard normal lies between two ends, the nearer tail's."""
    right = low + high > 0
    far, near = pt.switch(right, -high, low), pt.switch(right, -low, high)
    noise = pm.Normal.dist(0.0, 1.0)
    return pm.math.logdiffexp(pm.logcdf(noise, near), pm.logcdf(noise, far))
'''

_ORDER = """
# Every record, patient by patient and visit by visit, with the one before it and the weeks between.
who, when = np.concatenate([{places}], axis=1)
low, high = np.concatenate([{lows}]), np.concatenate([{highs}])
order = np.lexsort((when, who))
who, when, low, high = who[order], when[order], low[order], high[order]
follows = np.concatenate([[False], who[1:] == who[:-1]])
before = np.where(follows, np.arange(who.size) - 1, 0)
between = np.where(follows, week[when] - week[when[before]], 0.0)
"""

_POINTS = """
residual = (low - expected[who, when]) / residual_sd
"""

_CELLS = """
# Where a record is a cell its residual is sampled, at the place in the cell that a standard normal gives it.
is_cell = high > low
residual_z = pm.Normal("residual_z", 0.0, 1.0, dims=("patient", "visit"))[who, when]
known = (low - expected[who, when]) / residual_sd
start = pt.switch(is_cell, known, -1.0)
end = pt.switch(is_cell, (high - expected[who, when]) / residual_sd, 1.0)
right = start + end > 0
far, near = ndtr(pt.switch(right, -end, start)), ndtr(pt.switch(right, -start, end))
place = pt.clip(far + ndtr(pt.switch(right, -residual_z, residual_z)) * (near - far), 1e-300, 1 - 1e-16)
residual = pt.switch(is_cell, pt.switch(right, -score_at(place), score_at(place)), known)
"""

_CHAIN = """
# AR(1): autocorrelation is of residuals {gap} weeks apart.
link = pt.switch(follows, autocorrelation ** (between / {gap}), 0.0)
chain = pm.logp(pm.Normal.dist(link * residual[before], pt.sqrt(1 - link**2)), residual)
"""

_OF_POINTS = """
pm.Potential("record", chain - pt.log(residual_sd))
"""

_OF_CELLS = """
placed = log_inside(start, end) - pm.logp(pm.Normal.dist(0.0, 1.0), residual)
pm.Potential("record", chain + pt.switch(is_cell, placed, -pt.log(residual_sd)))
"""
