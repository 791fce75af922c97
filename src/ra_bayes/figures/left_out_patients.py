"""Left-out patients as the others predict them: a panel each, with the records that were seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.figures.journals import in_force, pen, text_pt
from ra_bayes.figures.lettering import wrap
from ra_bayes.figures.marks import (
    draw_limits,
    draw_records,
    mark_infusions,
    short_name,
    value_axis,
    value_label,
    week_axis,
)
from ra_bayes.figures.style import patient_style

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from ra_bayes.comparison.observed import Records
    from ra_bayes.model.spec import ModelSpec

__all__ = ["Panel", "draw_panel", "panels_of"]

type Array = NDArray[np.float64]

# Of a label beside a panel.
_LABEL_MM = 22.0


@dataclass(frozen=True, eq=False)
class Panel:
    """What the others predict of one patient at every visit, and how many records lie within it.

    `index` is the patient's among those of the fit; `predicted` holds lower end, median (or chance of a
    response) and upper end (3, visit).
    """

    index: int
    weeks: Array
    predicted: Array
    made: NDArray[np.bool_]
    inside: int


def panels_of(spec: ModelSpec, seen: Records, records: pd.DataFrame, names: Sequence[str]) -> list[Panel]:
    """Return the panels of some patients left out.

    Raises
    ------
    RaBayesError
        If the table's records are not those of the fit.
    """
    panels = []
    for name in names:
        own = records[records["patient"] == name].sort_values("week")
        index = seen.patients.index(name)
        value = own["value"].to_numpy(dtype=float)
        if value.shape != seen.weeks.shape or not np.allclose(value, seen.value[index], equal_nan=True):
            raise RaBayesError(
                f"the records of {name} in the table are not those of this fit of {spec.name}; give those of "
                "rb.leave_one_out(tree), or left_out_records.csv as ra-bayes trust wrote it"
            )
        tail = (1.0 - float(own["ci_prob"].iloc[0])) / 2.0
        within = (own["pit_upper"] >= tail) & (own["pit_lower"] <= 1.0 - tail)
        predicted = own[["lower", "predicted", "upper"]].to_numpy(dtype=float).T
        panels.append(Panel(index, seen.weeks, predicted, np.isfinite(value), int(within.sum())))
    return panels


def draw_panel(
    axes: Axes,
    spec: ModelSpec,
    seen: Records,
    panel: Panel,
    all_panels: Sequence[Panel],
    *,
    first: bool,
    bottom: bool,
) -> None:
    """Draw one panel on the scale of all."""
    shown = [seen.value[seen.made], *(each.predicted.ravel() for each in all_panels)]
    extent = np.concatenate(shown)
    value_axis(axes, spec, float(extent.min()), float(extent.max()))
    colour = patient_style(panel.index)["color"]
    lower, middle, upper = panel.predicted
    # Of yes and no both are always within.
    if not spec.binary:
        axes.fill_between(panel.weeks, lower, upper, color=colour, alpha=0.28, linewidth=0.0, gid="band")
    axes.plot(panel.weeks, middle, color=colour, linewidth=pen(1.0), gid="predicted")
    draw_limits(axes, seen.limits_of_quantification, spec.outcome.unit)
    draw_records(axes, seen, panel.index)
    mark_infusions(axes, seen.infusions)
    axes.set_title(short_name(seen.patients[panel.index]))
    week_axis(axes, panel.weeks, sparse=True, label=bottom)
    axes.tick_params(which="both", labelleft=first, labelbottom=bottom)
    if first:
        axes.set_ylabel("\n".join(wrap(value_label(spec), in_force().scale * _LABEL_MM, text_pt())))
