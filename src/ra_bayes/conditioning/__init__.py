"""What a paper's counts say: the posterior given them, cohorts that agree with them, pooled fits."""

from __future__ import annotations

from ra_bayes.conditioning.comparison import compare_readings
from ra_bayes.conditioning.posterior import condition

__all__ = ["compare_readings", "condition"]
