"""A comparison of models, as tables and as text: computed, or read again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ra_bayes.comparison.comparison_text import comparison_text
from ra_bayes.tree import provenance

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["Comparison", "mark_of"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """How well models of the same records predict what they did not see; prints as a table.

    Parameters
    ----------
    models
        A row a model, the one that predicts patients best first. ``model``, ``page``, ``trajectory``,
        ``link``. By patient: ``elpd`` with ``elpd_mcse``; ``diff`` to the first row with its paired ``se``,
        ``lower``, ``upper`` and ``diff_mcse``; ``weight`` (stacking), ``weight_least`` and ``weight_most`` as
        each patient is left out of the weighing, ``pseudo_bma``. By record: ``record_elpd``,
        ``record_elpd_mcse``, ``record_diff``, ``record_se``, ``record_lower``, ``record_upper``, ``p_loo``,
        ``worst_k``, ``refits``. ``passed``, whether every re-fit passed its gate; ``ci_prob`` and ``ci_kind``
        (``"t"``) of the intervals; ``outcome``, ``cohort``, ``synthetic`` and ``fit``, the fit's mark
        (:func:`mark_of`).
    patients
        A row a model and patient: ``records``, ``elpd`` with ``elpd_mcse``, ``diff`` to the first model,
        ``passed``.
    records
        A row a model and record, see :func:`~ra_bayes.comparison.records_left_out.records_left_out`.
    """

    models: pd.DataFrame
    patients: pd.DataFrame
    records: pd.DataFrame

    @property
    def outcome(self) -> str:
        """Identifier of the outcome."""
        return str(self.models["outcome"].iloc[0])

    @property
    def weights(self) -> dict[str, float]:
        """The stacking weight of every model."""
        return dict(zip(self.models["model"], self.models["weight"].astype(float), strict=True))

    def __str__(self) -> str:
        return comparison_text(self.models, self.patients, self.records)


def mark_of(tree: xr.DataTree) -> str:
    """Return what tells one fit from another: a hash of page, priors, cohort, seed, sampling and versions."""
    return hashlib.sha256(json.dumps(provenance(tree), sort_keys=True).encode()).hexdigest()[:16]
