"""A key above a panel, read row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.artist import Artist
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from ra_bayes.figures.journals import house_mm, pen, pt
from ra_bayes.figures.marks import short_name
from ra_bayes.figures.style import patient_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ra_bayes.figures.canvas import Canvas


__all__ = ["key_above", "patient_marks"]

# Width of a letter, and of a mark with the space around it, at the house's text size.
_LETTER_MM, _MARK_MM = 1.25, 6.0


def key_above(
    figure: Canvas, axes: Axes, handles: Sequence[Artist], room_mm: float, *, lift: float = 0.0
) -> None:
    """Draw a key above a panel in as many columns as there is room for, with about as many in every row.

    Parameters
    ----------
    figure, axes
        The figure and its panel.
    handles
        Marks with labels, in reading order.
    room_mm
        Width in mm, as printed.
    lift
        How far above the panel, in points at the house's text size.
    """
    longest = max(len(str(each.get_label())) for each in handles)
    fitting = max(1, int(house_mm(room_mm) / (_LETTER_MM * longest + _MARK_MM)))
    rows = -(-len(handles) // fitting)
    columns = -(-len(handles) // rows)
    # Legends are filled column by column.
    by_column = [handles[i] for column in range(columns) for i in range(column, len(handles), columns)]
    above = ScaledTranslation(0.0, pt(3.0 + lift) / 72.0, figure.dpi_scale_trans)
    axes.legend(
        handles=by_column,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        bbox_transform=axes.transAxes + above,
        ncols=columns,
        columnspacing=0.9,
        handlelength=1.6,
        handletextpad=0.5,
        borderpad=0.0,
        labelspacing=0.3,
    )


def patient_marks(patients: Sequence[str]) -> list[Line2D]:
    """Return the mark of each patient with their name, for a key."""
    return [
        Line2D([], [], linewidth=pen(0.9), markeredgewidth=0.0, label=short_name(name), **patient_style(i))
        for i, name in enumerate(patients)
    ]
