"""What is not asked of a fit: numbers if it did not pass its gate, fitting one arm of two again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ra_bayes.diagnostics import diagnose
from ra_bayes.errors import FitError
from ra_bayes.tree import provenance

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["refuse_one_arm", "refuse_unless_passed"]


def refuse_one_arm(tree: xr.DataTree) -> None:
    """Raise FitError if a fit is one arm of a fit of two: alone it would be another fit."""
    entries = provenance(tree)
    if "of_arm" in entries:
        raise FitError(
            f"this is arm {entries['of_arm']!r} of a fit of two arms, and alone it would be another fit; ask "
            "the fit of both, which is told of their difference"
        )


def refuse_unless_passed(tree: xr.DataTree) -> None:
    """Raise FitError if the sampler did not pass :func:`~ra_bayes.diagnostics.diagnose`."""
    verdict = diagnose(tree)
    if not verdict.passed:
        raise FitError(
            f"the fit of {provenance(tree)['model']['name']} did not pass its gate: its numbers are withheld "
            f"(ask for them with despite_gate=True)\n{verdict}"
        )
