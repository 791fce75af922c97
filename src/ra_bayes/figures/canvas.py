"""What every figure is drawn on: a matplotlib Figure that knows its text alternative and its footer.

Made without pyplot, so that no figure is kept in its global list and no rcParams change.
"""

from __future__ import annotations

from typing import Any

import matplotlib.figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

from ra_bayes.diagnostics import warnings_of
from ra_bayes.figures.journals import in_force
from ra_bayes.figures.lettering import drawable, wrap
from ra_bayes.figures.style import FOOTER, INK, inches, style
from ra_bayes.numbers import interval_name

__all__ = ["Canvas", "interval_name", "warnings_of"]

# Of small text in the house's look.
_LINE_MM = 2.9
# Left and right of the footer, on paper.
_MARGIN_MM = 1.5
# What layouts are worked out at, whatever a figure is saved at.
_DPI = 300


class Canvas(matplotlib.figure.Figure):
    """A figure of fixed printed size, with a text alternative and a footer.

    Parameters
    ----------
    width_mm
        Printed width: what :func:`~ra_bayes.figures.journals.column_mm` gave.
    height_mm
        Height at the house's text size. It grows with the journal's text, and by the footer's lines, up to
        the journal's greatest height.
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
    journal : Journal
        The preset it was made for.
    """

    def __init__(self, width_mm: float, height_mm: float, notes: str, warnings: tuple[str, ...] = ()) -> None:
        self.journal = in_force()
        grown = self.journal.scale
        room = width_mm - 2.0 * _MARGIN_MM
        warned = [line for warning in warnings for line in wrap(warning, room)]
        lines = [*wrap(notes, room), *warned]
        foot_mm = grown * (_LINE_MM * len(lines) + 0.8)
        height_mm = min(grown * height_mm + foot_mm, self.journal.tallest_mm)
        super().__init__(figsize=(inches(width_mm), inches(height_mm)), dpi=_DPI)
        self.alt = ""
        self.footer = "\n".join(lines)
        self._warnings = warnings
        share = foot_mm / height_mm
        # Pads are in inches: 0.8 mm around each axes.
        pad = grown * inches(0.8)
        engine = ConstrainedLayoutEngine(w_pad=pad, h_pad=pad, wspace=0.02, hspace=0.02)
        engine.set(rect=(0.0, share, 1.0, 1.0 - share))
        self.set_layout_engine(engine)
        for line, text in enumerate(reversed(lines)):
            drawn = self.text(
                _MARGIN_MM / width_mm,
                grown * (0.8 + line * _LINE_MM) / height_mm,
                text,
                fontsize=self.journal.small_pt,
                color=INK if line < len(warned) else FOOTER,
                va="bottom",
            )
            drawn.set_in_layout(False)

    def finish(self, alt: str) -> Canvas:
        """Settle the layout once, so that no later save moves anything, and set the text alternative."""
        self.alt = " ".join((alt, *self._warnings))
        for text in self.findobj(Text):
            text.set_text(drawable(text.get_text()))
        engine = self.get_layout_engine()
        if engine is not None:
            engine.execute(self)
        self.set_layout_engine("none")
        # The solver's last digits differ between processes, and would between files.
        for axes in self.axes:
            axes.set_position(tuple(round(each, 6) for each in axes.get_position(original=True).bounds))
        return self

    def savefig(self, *args: Any, **kwargs: Any) -> None:
        """Save as matplotlib does, with the look the figure was made with: text as text, its dpi."""
        with style(self.journal):
            super().savefig(*args, **kwargs)
