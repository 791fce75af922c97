"""The report: a results folder, or a plan, as one self-contained HTML page."""

from __future__ import annotations

from ra_bayes.report.draw import draw_counts
from ra_bayes.report.plan_page import write_plan_page
from ra_bayes.report.write import write_report

__all__ = ["draw_counts", "write_plan_page", "write_report"]
