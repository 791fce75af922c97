"""All that is asked of how far one fit can be believed, as tables and as text: computed, or read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TABLES", "Assessment"]

TABLES = (
    "sensitivity",
    "variants",
    "left_out_patients",
    "left_out_records",
    "left_out_decisions",
    "beyond_placebo",
    "not_at_random",
    "tipping_points",
)


@dataclass(frozen=True, eq=False)
class Assessment:
    """How far a fit can be believed; prints as its text.

    Parameters
    ----------
    tables
        By name, of :data:`TABLES` those that apply: ``sensitivity`` and ``variants`` of
        :class:`~ra_bayes.trust.sensitivity.Sensitivity`; ``left_out_patients``, ``left_out_records`` and
        ``left_out_decisions`` of :class:`~ra_bayes.trust.leave_one_out.LeftOut`; ``beyond_placebo`` of
        :func:`~ra_bayes.trust.placebo.change_beyond_placebo`; ``not_at_random`` and ``tipping_points`` of
        :class:`~ra_bayes.trust.missing_not_at_random.MissingNotAtRandom`.
    text
        The same in words, with the reason where one does not apply.
    """

    tables: Mapping[str, pd.DataFrame]
    text: str

    def __str__(self) -> str:
        return self.text
