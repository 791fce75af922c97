"""Figures: a tree in (of readings, a table), a matplotlib Figure out, one figure per file.

Each has the printed size of a journal's column, names the interval it draws, carries its text
alternative in ``alt``, and says under it when the data are synthetic or the sampler failed its gate.
"""

from __future__ import annotations

from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.forest import forest
from ra_bayes.figures.predictive_check import predictive_check
from ra_bayes.figures.prior_posterior import prior_posterior
from ra_bayes.figures.readings import readings
from ra_bayes.figures.save import save
from ra_bayes.figures.trajectories import trajectories

__all__ = ["Canvas", "forest", "predictive_check", "prior_posterior", "readings", "save", "trajectories"]
