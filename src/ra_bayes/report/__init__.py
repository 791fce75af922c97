"""The report: a results folder as one self-contained HTML page."""

from __future__ import annotations

from ra_bayes.report.draw import draw_counts
from ra_bayes.report.write import write_report

__all__ = ["draw_counts", "write_report"]
