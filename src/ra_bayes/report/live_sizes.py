"""Power, assurance and type I error by size as a picture that answers: slide the number of patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ra_bayes.planning.plan_numbers import probability_text
from ra_bayes.report.live import BOTTOM, LEFT, RIGHT, TOP, Axis, line, live

__all__ = ["live_sizes"]

_NAMES = {"power": "power", "assurance": "assurance", "alpha": "type I error"}
# Half the width of a 95% interval in standard errors.
_Z = 1.96


def live_sizes(rows: Sequence[Mapping[str, Any]], planned: int, name: str = "") -> dict[str, Any] | None:
    """Return the picture; None of a single size.

    Parameters
    ----------
    rows
        By size: ``n``, ``power``, ``alpha`` and, with a design prior, ``assurance``, each with ``..._mcse``.
    planned
        Size that the design asks for: where the slider starts.
    name
        Of the plan on the page, unique there.
    """
    if len(rows) < 2:
        return None
    kinds = [kind for kind in _NAMES if kind in rows[0]]
    sizes = [int(row["n"]) for row in rows]
    x_axis = Axis(sizes[0], sizes[-1], LEFT + 6.0, RIGHT - 6.0)
    y_axis = Axis(0.0, 1.0, BOTTOM, TOP)
    x = [x_axis.at(n) for n in sizes]
    y = {kind: [y_axis.at(row[kind]) for row in rows] for kind in kinds}
    return live(
        id=f"live-sizes{f'-{name}' if name else ''}",
        alt=f"Probability of success by number of patients, from {sizes[0]} to {sizes[-1]}: "
        + "; ".join(
            f"{_NAMES[kind]} from {probability_text(rows[0][kind])} to {probability_text(rows[-1][kind])}"
            for kind in kinds
        )
        + ". The size chosen below is told under the picture.",
        x_name="patients",
        y_name="Probability of success",
        x_ticks=x_axis.ticks(),
        y_ticks=y_axis.ticks(),
        shapes=[{"kind": kind, "series": None, "d": line(x, y[kind])} for kind in kinds],
        labels=_labels(kinds, y),
        slide="Patients",
        start=min(range(len(sizes)), key=lambda i: abs(sizes[i] - planned)),
        caption="Power: probability of success at the alternative; type I error: at the null"
        + ("; assurance: averaged over the design prior" if "assurance" in kinds else "")
        + ". Slide the number of patients.",
        data={
            "x": x,
            "series": [
                {"name": "", "dots": [y[kind] for kind in kinds], "told": [_told(kinds, r) for r in rows]}
            ],
        },
    )


def _labels(kinds: Sequence[str], y: Mapping[str, Sequence[float]]) -> list[dict[str, Any]]:
    """Return the lines' names above their ends, from the top, pushed down where they would meet."""
    placed: list[dict[str, Any]] = []
    for kind in sorted(kinds, key=lambda each: y[each][-1]):
        least = placed[-1]["y"] + 15.0 if placed else TOP + 12.0
        at = round(max(y[kind][-1] - 7.0, least), 1)
        placed.append({"kind": kind, "x": RIGHT - 6, "y": at, "anchor": "end", "text": _NAMES[kind]})
    return placed


def _told(kinds: Sequence[str], row: Mapping[str, Any]) -> str:
    each = "; ".join(
        f"{_NAMES[kind]} {_with_interval(row[kind], row.get(f'{kind}_mcse', 0.0))}" for kind in kinds
    )
    return f"{row['n']} patients: {each}."


def _with_interval(value: float, mcse: float) -> str:
    """Return a probability with its 95% Monte Carlo interval; what is exact says so.

    Examples
    --------
    >>> _with_interval(0.8, 0.01), _with_interval(0.8, 0.0)
    ('0.80 (95% Monte Carlo interval 0.78 to 0.82)', '0.800 (exact)')
    """
    if mcse <= 0.0:
        return f"{probability_text(value)} (exact)"
    low, high = max(0.0, value - _Z * mcse), min(1.0, value + _Z * mcse)
    ends = f"{probability_text(low, mcse)} to {probability_text(high, mcse)}"
    return f"{probability_text(value, mcse)} (95% Monte Carlo interval {ends})"
