"""Did the sampler work, as a picture: ranks of every chain's draws, and the energy it moved through.

Ranks (Vehtari et al. 2021, Bayesian Anal 16:667): all draws of a quantity are ranked together; of a chain
that explored what the others did, every rank is as likely as any other, so that its histogram is level.

Energy (Betancourt 2016, arXiv:1604.00695): if the energy changes from one draw to the next by much less than
it varies in all, the tails are explored slowly. E-BFMI of a chain is the mean square of the steps over the
variance.

arviz-plots' own rank plot names no chain and tells them apart by colour alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from ra_bayes.diagnostics import MAX_RHAT, MIN_BFMI, MIN_ESS, Diagnosis
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand import main_quantity, read_posterior
from ra_bayes.figures.canvas import Canvas, warnings_of
from ra_bayes.figures.change_axis import patients_words
from ra_bayes.figures.journals import column_mm, pen, pt, small_pt, text_pt
from ra_bayes.figures.lettering import wrap
from ra_bayes.figures.style import FOOTER, INK, POSTERIOR, PRIOR, style
from ra_bayes.figures.trust_marks import abreast, title_of
from ra_bayes.numbers import how_many
from ra_bayes.tree import spec_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["rank_counts", "sampler"]

type Array = NDArray[np.float64]
type Counts = NDArray[np.int64]

_BINS = 20
_PANEL_MM = 43.0
_CHAIN_MM = 4.6


class _Ranked(NamedTuple):
    """A quantity's ranks: counts (chain, bin), and how the gate judges its chains."""

    name: str
    counts: Counts
    rhat: float
    ess: float


class _Energy(NamedTuple):
    """Energies less their mean, and steps between draws, both (chain, draw); E-BFMI (chain)."""

    marginal: Array
    transition: Array
    bfmi: Array


def sampler(tree: xr.DataTree, *, diagnosis: Diagnosis | None = None) -> Canvas:
    """Draw rank histograms by chain of the main estimand and every estimated parameter, and the energy.

    Parameters
    ----------
    tree
        A fit by NUTS.
    diagnosis
        What :func:`~ra_bayes.diagnose` said of the fit, to save asking again.

    Returns
    -------
    Canvas
        A matplotlib Figure two columns wide, with its text alternative in ``alt``.

    Raises
    ------
    RaBayesError
        If the tree was not sampled in chains, or was not made by ra_bayes.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.sampler(tree).savefig("figure-s3.pdf")              # doctest: +SKIP
    """
    ranked, energy = _ranked(tree), _energy(tree)
    chains = ranked[0].counts.shape[0]
    diverging = int(tree["sample_stats"]["diverging"].sum())
    with style():
        width = column_mm(150.0)
        columns = abreast(width, _PANEL_MM, len(ranked) + 1)
        rows = -(-(len(ranked) + 1) // columns)
        figure = Canvas(
            width,
            rows * (max(chains, 3) * _CHAIN_MM + 13.0),
            _notes(tree, diverging),
            warnings_of(tree, diagnosis),
        )
        grid = figure.add_gridspec(rows, columns)
        room = 0.9 * (width - pt(30.0) * 0.353) / columns
        for place, each in enumerate(ranked):
            axes = figure.add_subplot(grid[divmod(place, columns)])
            _draw_ranks(axes, each, room, first=place % columns == 0)
        _draw_energy(figure.add_subplot(grid[divmod(len(ranked), columns)]), energy)
        return figure.finish(_alt(tree, ranked, energy, diverging))


def rank_counts(draws: Array, bins: int = _BINS) -> Counts:
    """Count by chain how many of its draws have ranks, among those of all chains, in each of equal bins.

    Examples
    --------
    >>> rank_counts(np.array([[0.1, 0.2], [0.3, 0.4]]), bins=2).tolist()
    [[2, 0], [0, 2]]
    """
    ranks = np.empty(draws.size, dtype=np.int64)
    ranks[np.argsort(draws, axis=None, kind="stable")] = np.arange(draws.size)
    place = (ranks * bins // draws.size).reshape(draws.shape)
    return np.array([np.bincount(chain, minlength=bins) for chain in place])


def _ranked(tree: xr.DataTree) -> list[_Ranked]:
    import arviz_stats

    if "sample_stats" not in tree.children or "energy" not in tree["sample_stats"]:
        raise RaBayesError(
            "the tree has no chains of a sampler, so none to compare; give a fit, or condition with "
            "method='nuts'"
        )
    posterior = read_posterior(tree, both_arms=True)
    spec = posterior.spec
    name, draws, _ = main_quantity(posterior, spec.reference_week)
    shown = {f"{title_of(name)}, week {spec.reference_week:g}": np.asarray(draws, dtype=float)}
    for prior in spec.priors:
        own = prior.parameter.name
        if not (prior.fixed or (own == "correlation" and spec.prior("response_sd").fixed)):
            shown[title_of(own)] = posterior.scalars[own]
    as_data = arviz_stats.base.array_stats
    return [
        _Ranked(
            each,
            rank_counts(values),
            float(as_data.rhat(values, chain_axis=0, draw_axis=1)),
            float(as_data.ess(values, chain_axis=0, draw_axis=1, method="bulk")),
        )
        for each, values in shown.items()
    ]


def _energy(tree: xr.DataTree) -> _Energy:
    energy = tree["sample_stats"]["energy"].transpose("chain", "draw").values.astype(float)
    step = np.diff(energy, axis=1)
    bfmi = np.square(step).mean(axis=1) / energy.var(axis=1)
    return _Energy(energy - energy.mean(axis=1, keepdims=True), step, bfmi)


def _draw_ranks(axes: Axes, ranked: _Ranked, room_mm: float, *, first: bool) -> None:
    """Draw a level line and a histogram for each chain, the first on top."""
    chains, bins = ranked.counts.shape
    level = ranked.counts.sum() / (chains * bins)
    edges = np.linspace(0.0, 1.0, bins + 1)
    # A chain's own strip is 1.9 levels high: twice what is expected reaches the next one.
    for chain, counts in enumerate(ranked.counts):
        base = 1.9 * (chains - 1 - chain)
        axes.stairs(counts / level + base, edges, baseline=base, fill=True, color="#c9d8f0", gid="counts")
        axes.stairs(
            counts / level + base, edges, baseline=base, color=POSTERIOR, linewidth=pen(0.6), gid="outline"
        )
        axes.axhline(base + 1.0, color=INK, linewidth=pen(0.5), linestyle=(0, (4, 2)), gid="level")
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.9 * (chains - 1) + 2.2)
    axes.set_yticks([1.9 * (chains - 1 - chain) + 0.7 for chain in range(chains)])
    axes.set_yticklabels([f"chain {chain + 1}" for chain in range(chains)] if first else [])
    axes.tick_params(axis="y", length=0.0)
    axes.set_xticks([0.0, 0.5, 1.0])
    axes.set_xlabel(f"R-hat {ranked.rhat:.3f}, ESS {ranked.ess:.0f}", fontsize=small_pt(), color=FOOTER)
    axes.set_title("\n".join(wrap(ranked.name, room_mm, text_pt())))


def _draw_energy(axes: Axes, energy: _Energy) -> None:
    both = np.concatenate([energy.marginal.ravel(), energy.transition.ravel()])
    lowest, highest = np.quantile(both, [0.0005, 0.9995])
    edges = np.linspace(lowest, highest, 41)
    looks: tuple[tuple[Array, str, dict[str, Any]], ...] = (
        (energy.marginal, "all draws", {"color": PRIOR, "fill": True, "alpha": 0.35}),
        (energy.transition, "draw to draw", {"color": POSTERIOR, "linewidth": pen(1.0)}),
    )
    for values, name, look in looks:
        share, _ = np.histogram(values, edges)
        axes.stairs(share / values.size, edges, label=name, gid=name, **look)
    # Room for the key.
    axes.set_ylim(0.0, 1.45 * axes.get_ylim()[1])
    axes.yaxis.set_major_locator(NullLocator())
    axes.spines["left"].set_visible(False)
    axes.set_title("Energy")
    axes.set_xlabel(f"E-BFMI {energy.bfmi.min():.2f} (lowest chain)", fontsize=small_pt(), color=FOOTER)
    axes.legend(loc="upper right", fontsize=small_pt(), handlelength=1.0)


def _notes(tree: xr.DataTree, diverging: int) -> str:
    chains, draws = (int(tree["posterior"].sizes[dim]) for dim in ("chain", "draw"))
    patients = patients_words(tree["posterior"].sizes["patient"])
    return (
        f"{spec_of(tree).outcome.label}, {patients}. Ranks of the draws of {chains} chains among all "
        f"{chains * draws:,}, from lowest (0) to highest (1), in {_BINS} bins; dashed, what a chain that "
        "agrees with the others has on average. Energy: spread over all draws, and its change from one draw "
        f"to the next; as wide is good. Wanted: R-hat < {MAX_RHAT:g}, bulk ESS > {MIN_ESS:g}, E-BFMI > "
        f"{MIN_BFMI:g}. Divergent draws: {diverging}."
    )


def _alt(tree: xr.DataTree, ranked: list[_Ranked], energy: _Energy, diverging: int) -> str:
    told = "; ".join(f"{each.name}, R-hat {each.rhat:.3f}, bulk ESS {each.ess:.0f}" for each in ranked)
    far = max(float(np.abs(each.counts / each.counts.mean() - 1.0).max()) for each in ranked)
    return (
        f"Rank histograms of {ranked[0].counts.shape[0]} chains of a fit of {spec_of(tree).outcome.label} to "
        f"{how_many(tree['posterior'].sizes['patient'])}: {told}. The bin farthest from level is off by "
        f"{far:.0%}. Energy: E-BFMI {energy.bfmi.min():.2f} in the lowest chain, {diverging} divergent draws."
    )
