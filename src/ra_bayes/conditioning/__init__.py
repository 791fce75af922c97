"""What a paper's counts say: the posterior given them, cohorts that agree with them, pooled fits."""

from __future__ import annotations

from ra_bayes.conditioning.comparison import compare_readings
from ra_bayes.conditioning.pooling import pool
from ra_bayes.conditioning.posterior import condition
from ra_bayes.conditioning.reconstruction import Reconstruction, reconstruct

__all__ = ["Reconstruction", "compare_readings", "condition", "pool", "reconstruct"]
