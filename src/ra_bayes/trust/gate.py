"""Numbers are withheld for a fit that did not pass its gate, unless asked for by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ra_bayes.diagnostics import diagnose
from ra_bayes.errors import FitError
from ra_bayes.tree import provenance

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["refuse_unless_passed"]


def refuse_unless_passed(tree: xr.DataTree) -> None:
    """Raise FitError if the sampler did not pass :func:`~ra_bayes.diagnostics.diagnose`."""
    verdict = diagnose(tree)
    if not verdict.passed:
        raise FitError(
            f"the fit of {provenance(tree)['model']['name']} did not pass its gate: its numbers are withheld "
            f"(ask for them with despite_gate=True)\n{verdict}"
        )
