"""What every figure is drawn on: a matplotlib Figure that knows its text alternative and its footer.

Made without pyplot, so that no figure is kept in its global list and no rcParams change.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import matplotlib.figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from ra_bayes.diagnostics import Diagnosis, diagnose
from ra_bayes.errors import RaBayesError
from ra_bayes.figures.style import DPI, FOOTER, INK, SMALL_PT, inches, style
from ra_bayes.tree import provenance

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Canvas", "interval_name", "warnings_of"]

_LINE_MM = 2.9
# Of the widest font of style.font at SMALL_PT, on average over English text.
_LETTER_MM = 1.1


class Canvas(matplotlib.figure.Figure):
    """A figure of fixed printed size, with a text alternative and a footer.

    Parameters
    ----------
    width_mm, height_mm
        Printed size; the footer's lines are added to the height.
    notes
        What the marks mean, for the footer.
    warnings
        What a reader must know before believing it, for the footer and the text alternative.

    Attributes
    ----------
    alt : str
        What the figure shows, in sentences made from its numbers: for ``alt=`` of a web page.
    footer : str
        The text under the figure.
    """

    def __init__(self, width_mm: float, height_mm: float, notes: str, warnings: tuple[str, ...] = ()) -> None:
        letters = int((width_mm - 3.0) / _LETTER_MM)
        warned = [line for warning in warnings for line in textwrap.wrap(warning, letters)]
        lines = [*textwrap.wrap(notes, letters), *warned]
        foot_mm = _LINE_MM * len(lines) + 0.8
        height_mm += foot_mm
        super().__init__(figsize=(inches(width_mm), inches(height_mm)), dpi=DPI)
        self.alt = ""
        self.footer = "\n".join(lines)
        self._warnings = warnings
        share = foot_mm / height_mm
        # Pads are in inches: 0.8 mm around each axes.
        engine = ConstrainedLayoutEngine(w_pad=inches(0.8), h_pad=inches(0.8), wspace=0.02, hspace=0.02)
        engine.set(rect=(0.0, share, 1.0, 1.0 - share))
        self.set_layout_engine(engine)
        for line, text in enumerate(reversed(lines)):
            drawn = self.text(
                1.5 / width_mm,
                (0.8 + line * _LINE_MM) / height_mm,
                text,
                fontsize=SMALL_PT,
                color=INK if line < len(warned) else FOOTER,
                va="bottom",
            )
            drawn.set_in_layout(False)

    def finish(self, alt: str) -> Canvas:
        """Settle the layout once, so that no later save moves anything, and set the text alternative."""
        self.alt = " ".join((alt, *self._warnings))
        engine = self.get_layout_engine()
        if engine is not None:
            engine.execute(self)
        self.set_layout_engine("none")
        # The solver's last digits differ between processes, and would between files.
        for axes in self.axes:
            axes.set_position(tuple(round(each, 6) for each in axes.get_position(original=True).bounds))
        return self

    def savefig(self, *args: Any, **kwargs: Any) -> None:
        """Save as matplotlib does, with the look the figure was made with: text as text, 300 dpi."""
        with style():
            super().savefig(*args, **kwargs)


def interval_name(ci_prob: float, *others: float) -> str:
    """Name an interval, or several of one kind, with their probabilities.

    Raises
    ------
    RaBayesError
        If a probability is not between 0 and 1.

    Examples
    --------
    >>> interval_name(0.9)
    '90% credible interval (equal-tailed)'
    >>> interval_name(0.5, 0.9)
    '50% and 90% credible intervals (equal-tailed)'
    """
    for each in (ci_prob, *others):
        if not 0.0 < each < 1.0:
            raise RaBayesError(f"ci_prob={each:g} is not a probability between 0 and 1; write 0.90 for 90%")
    shares = " and ".join(f"{100.0 * each:g}%" for each in (ci_prob, *others))
    return f"{shares} credible interval{'s' if others else ''} (equal-tailed)"


def warnings_of(tree: xr.DataTree, diagnosis: Diagnosis | None = None) -> tuple[str, ...]:
    """Return what must stand on every figure of a fit: synthetic data, a gate that was not passed.

    Parameters
    ----------
    tree
        A fit.
    diagnosis
        What :func:`~ra_bayes.diagnostics.diagnose` said of it, if that is known already.
    """
    found = []
    if provenance(tree)["cohort"]["synthetic"]:
        found.append("Synthetic data: no patient was measured.")
    verdict = diagnosis if diagnosis is not None else diagnose(tree)
    if not verdict.passed:
        failed = ", ".join(f"{check.name} {check.value:.3g}" for check in verdict.checks if not check.passed)
        found.append(f"The sampler did not pass its gate ({failed}): not to be relied on.")
    return tuple(found)
