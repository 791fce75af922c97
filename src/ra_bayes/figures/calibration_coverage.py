"""Coverage and width of a model's intervals, and how often benefit is declared, beside classical methods."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from ra_bayes.calibration.certificate import Certificate, coverage_verdict
from ra_bayes.calibration.coverage import CI_PROBS, SCENARIOS, CoverageRow
from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.change_axis import signed
from ra_bayes.figures.journals import column_mm, in_force, pen, pt, text_pt
from ra_bayes.figures.lettering import wrap
from ra_bayes.figures.plan_marks import BAND, DASHED
from ra_bayes.figures.style import INK, POSTERIOR, QUIET, style
from ra_bayes.model.spec_reader import read_spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ra_bayes.model.spec import ModelSpec

__all__ = ["calibration_coverage"]

_ROW_MM, _NAMES_MM = 36.0, 14.0
_WIDTH_AT = CI_PROBS.index(0.90)
# Filled is the model; what is open has another shape each.
_MARKS: MappingProxyType[str, dict[str, Any]] = MappingProxyType(
    {
        "this model": {"marker": "o", "color": POSTERIOR, "markerfacecolor": POSTERIOR},
        "paired t-test": {"marker": "s", "color": INK, "markerfacecolor": "white"},
        "mixed model, REML": {"marker": "D", "color": "#c8500a", "markerfacecolor": "white"},
        "Wilcoxon signed rank": {"marker": "x", "color": QUIET, "markerfacecolor": QUIET},
        "exact binomial": {"marker": "s", "color": INK, "markerfacecolor": "white"},
    }
)


def calibration_coverage(certificate: Certificate) -> Canvas:
    """Draw coverage of 50 to 95% intervals by truth and way of making data, their width, and decisions.

    Parameters
    ----------
    certificate
        From :func:`~ra_bayes.calibrate`, :func:`~ra_bayes.calibration.certificate_of` or a file.

    Returns
    -------
    Canvas
        A matplotlib Figure two columns wide, with its text alternative in ``alt``: a row for each way of
        making data; the last panels are the mean width of 90% intervals and how often benefit is declared.

    Raises
    ------
    RaBayesError
        If the certificate has no cohorts of fixed truths.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> from ra_bayes.calibration import certificate_of
    >>> rb.figures.calibration_coverage(certificate_of(rb.load_model("vas")))     # doctest: +SKIP
    """
    rows = certificate.rows
    if not rows:
        raise RaBayesError(
            f"the certificate of {certificate.model['name']} has no cohorts of fixed truths; make one with "
            "per_truth=100"
        )
    spec = read_spec(certificate.model["toml"], name=certificate.model["name"])
    scenarios = [name for name in SCENARIOS if any(row["data"] == name for row in rows)]
    truths = [*dict.fromkeys((row["truth_name"], row["truth"]) for row in rows)]
    methods = [*dict.fromkeys(row["method"] for row in rows)]
    with style():
        width = column_mm(150.0)
        figure = Canvas(width, _ROW_MM * len(scenarios) + 14.0, _notes(certificate, spec))
        grid = figure.subplots(len(scenarios), len(truths) + 2, squeeze=False)
        unit = _unit(spec)
        width_title = f"Width of 90%{f' ({unit})' if unit else ''}"
        room = 0.86 * (width - in_force().scale * _NAMES_MM) / (len(truths) + 2)
        for row, scenario in enumerate(scenarios):
            last = row == len(scenarios) - 1
            own = [each for each in rows if each["data"] == scenario]
            for column, (name, truth) in enumerate(truths):
                axes = grid[row, column]
                _coverage(axes, [each for each in own if each["truth"] == truth], methods)
                _finish_coverage(axes, first=column == 0, last=last)
                if row == 0:
                    told = signed(float(f"{truth:.3g}"))
                    value = "" if told in name else f" ({told})"
                    axes.set_title("\n".join(wrap(f"{name[0].upper()}{name[1:]}{value}", room, text_pt())))
            grid[row, 0].set_ylabel(f"{scenario[0].upper()}{scenario[1:]}")
            values = [truth for _, truth in truths]
            _widths(grid[row, -2], own, methods, values)
            _decisions(grid[row, -1], own, methods, values, 1.0 - certificate.decision)
            for axes, title in ((grid[row, -2], width_title), (grid[row, -1], "Benefit declared")):
                _truth_axis(axes, spec, values, last=last)
                if row == 0:
                    axes.set_title("\n".join(wrap(title, room, text_pt())))
        _share_scale([axes for row in grid for axes in row[: len(truths)]])
        _share_scale([row[-2] for row in grid], lowest=0.0)
        figure.supylabel("Coverage less nominal", fontsize=text_pt())
        handles = dict(zip(*reversed(grid[0, -1].get_legend_handles_labels()), strict=True))
        figure.legend(
            [handles[each] for each in methods],
            methods,
            loc="outside upper left",
            ncols=len(methods),
            handletextpad=0.3,
            columnspacing=1.4,
        )
        return figure.finish(_alt(certificate))


def _marked(axes: Axes, x: float, y: float, error: float, method: str, gid: str) -> None:
    """Draw a share or a mean with its 95% Monte Carlo interval."""
    look = _MARKS[method]
    axes.plot(
        [x, x],
        [y - BAND * error, y + BAND * error],
        color=look["color"],
        linewidth=pen(0.7),
        gid=f"{gid} error",
    )
    axes.plot(
        [x],
        [y],
        linestyle="none",
        markersize=pt(3.0),
        markeredgewidth=pen(0.7),
        zorder=3,
        gid=gid,
        label=method,
        **look,
    )


def _shift(method: str, methods: Sequence[str]) -> float:
    """Return how far a method stands from its place, so that all can be seen."""
    return (methods.index(method) - (len(methods) - 1) / 2.0) * 0.19


def _coverage(axes: Axes, rows: Sequence[CoverageRow], methods: Sequence[str]) -> None:
    axes.axhline(0.0, color=INK, linewidth=pen(0.5), zorder=0)
    there = [each for each in methods if any(row["method"] == each and row["coverage"] for row in rows)]
    for row in rows:
        if row["coverage"] is None or row["coverage_mcse"] is None:
            continue
        for place, (nominal, held, error) in enumerate(
            zip(CI_PROBS, row["coverage"], row["coverage_mcse"], strict=True)
        ):
            method = row["method"]
            _marked(axes, place + _shift(method, there), held - nominal, error, method, f"coverage {method}")


def _finish_coverage(axes: Axes, *, first: bool, last: bool) -> None:
    axes.set_xlim(-0.5, len(CI_PROBS) - 0.5)
    axes.set_xticks(range(len(CI_PROBS)), [f"{100.0 * each:g}" for each in CI_PROBS])
    axes.tick_params(axis="x", length=0.0, labelbottom=last)
    axes.tick_params(axis="y", labelleft=first)
    if last:
        axes.set_xlabel("Interval (%)")


def _widths(axes: Axes, rows: Sequence[CoverageRow], methods: Sequence[str], truths: Sequence[float]) -> None:
    there = [each for each in methods if any(row["method"] == each and row["width"] for row in rows)]
    for row in rows:
        if row["width"] is None or row["width_mcse"] is None:
            continue
        method = row["method"]
        at = truths.index(row["truth"]) + _shift(method, there)
        _marked(axes, at, row["width"][_WIDTH_AT], row["width_mcse"][_WIDTH_AT], method, f"width {method}")


def _decisions(
    axes: Axes, rows: Sequence[CoverageRow], methods: Sequence[str], truths: Sequence[float], level: float
) -> None:
    axes.axhline(level, color=QUIET, linewidth=pen(0.6), linestyle=DASHED, zorder=0, gid="level")
    for row in rows:
        method = row["method"]
        at = truths.index(row["truth"]) + _shift(method, methods)
        _marked(axes, at, row["declared"], row["declared_mcse"], method, f"declared {method}")
    axes.set_ylim(-0.03, 1.05)
    axes.set_yticks([0.0, 0.5, 1.0])


def _truth_axis(axes: Axes, spec: ModelSpec, truths: Sequence[float], *, last: bool) -> None:
    axes.set_xlim(-0.5, len(truths) - 0.5)
    axes.set_xticks(range(len(truths)), [signed(float(f"{each:.3g}")) for each in truths])
    axes.tick_params(axis="x", length=0.0, labelbottom=last)
    if last:
        unit = _unit(spec)
        axes.set_xlabel(f"Truth ({unit})" if unit else "Truth")


def _unit(spec: ModelSpec) -> str:
    return "" if spec.binary else "ratio" if spec.link.change == "ratio" else spec.outcome.unit


def _share_scale(panels: Sequence[Axes], lowest: float | None = None) -> None:
    """Give panels one scale."""
    ends = np.array([axes.get_ylim() for axes in panels])
    low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
    for axes in panels:
        axes.set_ylim(low if lowest is None else lowest, high)
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))


def _verdict(certificate: Certificate) -> str:
    """Say in a sentence where 90% intervals hold the truth too seldom."""
    first, *broken = coverage_verdict(certificate)
    return f"{first} {'; '.join(line.strip() for line in broken)}." if broken else first


def _notes(certificate: Certificate, spec: ModelSpec) -> str:
    cohorts = sorted({row["cohorts"] for row in certificate.rows})
    number = f"{cohorts[0]}" if len(cohorts) == 1 else f"{cohorts[0]} to {cohorts[-1]}"
    what = "rate" if spec.binary else "mean change"
    return (
        f"{spec.outcome.label}, {what} at week {spec.reference_week:g}: {number} simulated cohorts of "
        f"{certificate.design.patients} patients for each truth and way of making data (rows). Bars: 95% "
        "Monte Carlo intervals. Coverage: share of equal-tailed intervals that hold the truth, less what "
        f"they promise. Benefit: declared at a probability of {certificate.decision:g} or more, by tests "
        "at the level of the rest (dashed). " + _verdict(certificate)
    )


def _alt(certificate: Certificate) -> str:
    told = []
    for row in certificate.rows:
        if row["method"] != "this model" or row["coverage"] is None or row["width"] is None:
            continue
        told.append(
            f"{row['data']}, {row['truth_name']}: {row['coverage'][_WIDTH_AT]:.2f}, width "
            f"{row['width'][_WIDTH_AT]:.3g}, benefit {row['declared']:.2f}"
        )
    return (
        f"Coverage of intervals of the model {certificate.model['name']} on simulated cohorts of "
        f"{certificate.design}. 90% intervals of this model hold the truth in a share of cohorts of: "
        f"{'; '.join(told)}. " + _verdict(certificate)
    )
