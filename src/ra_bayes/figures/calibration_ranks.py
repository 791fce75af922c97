"""Simulation-based calibration: is what a model says of a truth drawn from its prior right on average?

The rank of a truth among draws of its posterior is uniform if prior, model and sampler belong together (Talts
et al. 2018). Drawn is the distribution function of the ranks less that of uniform ones; it stays in the band
with 99% probability, at all ranks at once (Sailynoja et al. 2022), exactly computed:
:mod:`ra_bayes.calibration.uniformity`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.calibration.certificate import BAND, Certificate, rank_verdict
from ra_bayes.calibration.ranked import RANK_DRAWS
from ra_bayes.calibration.uniformity import band, p_value
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand.names import name_of
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.journals import column_mm, in_force, pen, small_pt, text_pt
from ra_bayes.figures.lettering import wrap
from ra_bayes.figures.style import FOOTER, INK, POSTERIOR, style
from ra_bayes.figures.trust_marks import abreast, fitting, title_of
from ra_bayes.numbers import probability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["calibration_ranks", "ecdf_difference"]

type Array = NDArray[np.float64]

_PANEL_MM, _NAMES_MM, _HIGH_MM = 36.0, 10.0, 27.0


def calibration_ranks(certificate: Certificate) -> Canvas:
    """Draw how the ranks of true values among posterior draws differ from uniform ones, with the 99% band.

    Parameters
    ----------
    certificate
        From :func:`~ra_bayes.calibrate`, :func:`~ra_bayes.calibration.certificate_of` or a file.

    Returns
    -------
    Canvas
        A matplotlib Figure two columns wide, a panel for each quantity, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If the certificate has no ranks.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> from ra_bayes.calibration import certificate_of
    >>> rb.figures.calibration_ranks(certificate_of(rb.load_model("vas")))        # doctest: +SKIP
    """
    ranks = {name: np.asarray(each, dtype=int) for name, each in certificate.ranks.items()}
    if not ranks or not certificate.n_sim:
        raise RaBayesError(
            f"the certificate of {certificate.model['name']} has no ranks; make one with n_sim=1000"
        )
    lower, upper = band(certificate.n_sim, RANK_DRAWS, BAND)
    level = np.arange(1, RANK_DRAWS + 1) / (RANK_DRAWS + 1.0)
    curves = {name: ecdf_difference(each) for name, each in ranks.items()}
    p_values = {name: p_value(each, RANK_DRAWS) for name, each in ranks.items()}
    most = 1.25 * max(float(np.abs(each).max()) for each in (lower - level, upper - level, *curves.values()))
    with style():
        width = column_mm(150.0)
        columns = abreast(width, _PANEL_MM, len(ranks), _NAMES_MM)
        rows = min(-(-len(ranks) // columns), fitting(22.0, 16.0))
        shown = [*ranks][: rows * columns]
        figure = Canvas(width, _HIGH_MM * rows + 4.0, _notes(certificate, len(shown)))
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        room = 0.92 * (width - in_force().scale * _NAMES_MM) / columns
        for axes in grid.ravel()[len(shown) :]:
            axes.set_axis_off()
        for place, (axes, name) in enumerate(zip(grid.ravel(), shown, strict=False)):
            axes.fill_between(
                level, lower - level, upper - level, color="#dcdcdc", linewidth=0.0, step="mid", gid="band"
            )
            axes.axhline(0.0, color=FOOTER, linewidth=pen(0.5), linestyle=(0, (1, 1.5)))
            _draw(axes, level, curves[name], p_values[name])
            axes.set_title("\n".join(wrap(title_of(name), room, text_pt())))
            axes.set_ylim(-most, most)
            axes.set_xlim(0.0, 1.0)
            axes.set_xticks([0.0, 0.5, 1.0])
            # The last panels of their columns.
            if place + columns >= len(shown):
                axes.set_xlabel("Rank of the truth")
                axes.tick_params(labelbottom=True)
        for axes in grid[:, 0]:
            axes.set_ylabel("ECDF difference")
        return figure.finish(_alt(certificate, p_values))


def ecdf_difference(ranks: NDArray[np.int64]) -> Array:
    """Return the share of ranks below k less that of uniform ones, k = 1, ..., 99.

    Examples
    --------
    >>> ecdf_difference(np.arange(100)).round(12).any()
    np.False_
    """
    below = np.bincount(ranks, minlength=RANK_DRAWS + 1).cumsum()[:-1]
    return below / ranks.size - np.arange(1, RANK_DRAWS + 1) / (RANK_DRAWS + 1.0)


def _draw(axes: Axes, level: Array, curve: Array, p: float) -> None:
    inside = p > 1.0 - BAND
    axes.plot(
        level,
        curve,
        drawstyle="steps-mid",
        color=POSTERIOR if inside else INK,
        linewidth=pen(0.9 if inside else 1.6),
        gid="ranks",
    )
    axes.text(
        0.98,
        0.97,
        f"p {p:.2f}" if p >= 0.005 else "p < 0.01",
        transform=axes.transAxes,
        ha="right",
        va="top",
        fontsize=small_pt(),
        color=FOOTER if inside else INK,
        gid="p",
    )


def _notes(certificate: Certificate, shown: int) -> str:
    total = len(certificate.ranks)
    notes = [
        f"Model {certificate.model['name']}: {certificate.n_sim:,} truths drawn from the prior; of each a "
        f"simulated cohort ({certificate.design}), and the rank of the truth among {RANK_DRAWS} draws of the "
        f"posterior. Line: distribution function of the ranks less the uniform one; grey, {BAND:.0%} band "
        "for all ranks at once. p: how often uniform ranks leave a band as wide as this line."
    ]
    if shown < total:
        notes.append(f"Drawn are the first {shown} of {total} quantities.")
    return " ".join([*notes, rank_verdict(certificate)])


def _alt(certificate: Certificate, p_values: dict[str, float]) -> str:
    told = ", ".join(f"{name_of(name)} {probability(p)}" for name, p in p_values.items())
    return (
        f"Simulation-based calibration of {certificate.model['name']} on {certificate.n_sim:,} simulated "
        f"cohorts of {certificate.design}: distribution function of ranks less the uniform one, with "
        f"simultaneous {BAND:.0%} bands. {rank_verdict(certificate)} p-values: {told}."
    )
