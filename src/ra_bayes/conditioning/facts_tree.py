"""A posterior given published counts, laid out as a tree.

Root: ``posterior`` and ``prior`` hold ``event_rate`` (fact), the chance that a new patient of the fact's arm
shows it, and ``loading``. Below, a node ``ARM/OUTCOME`` for every arm and outcome is a tree of its own, as
:mod:`ra_bayes.tree` has it, with the outcome's page in its provenance but without patients or records:
nothing of them is public.
"""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ra_bayes.counts.events import Event
from ra_bayes.counts.layout import Draws, Layout
from ra_bayes.counts.likelihood import chance_of_all
from ra_bayes.model.namespace import NUMPY
from ra_bayes.model.spec import ModelSpec
from ra_bayes.published import Publication
from ra_bayes.tree import model_entry, with_provenance

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["event_rates", "lay_out", "outcome_dataset", "published_entry", "versions"]

type Array = NDArray[np.float64]

# Of the responder factor in a new patient; the chance of an event is smooth in it.
_NODES = 16


def lay_out(
    layout: Layout,
    events: Sequence[Event],
    groups: dict[str, Draws],
    entries: dict[str, Any],
    stats: xr.Dataset | None,
) -> xr.DataTree:
    """Return the tree of a posterior and its prior.

    Parameters
    ----------
    layout
        Of the parameters, with every visit.
    events
        The facts, read.
    groups
        ``"posterior"`` and ``"prior"``, parameters with first dimensions chain and draw.
    entries
        Provenance of the whole.
    stats
        What diagnoses the sampler, if it is a Markov chain.
    """
    import xarray as xr

    nodes = {name: _root(layout, events, draws) for name, draws in groups.items()}
    if stats is not None:
        nodes["sample_stats"] = stats
    entries = {**entries, "versions": versions()}
    for arm, outcome in groups["posterior"].values:
        page = layout.pages[outcome]
        child = {
            name: outcome_dataset(layout, page, draws.values[arm, outcome]) for name, draws in groups.items()
        }
        if stats is not None:
            child["sample_stats"] = stats
        own = {**entries, "arm": arm, "model": model_entry(page)}
        tree = with_provenance(xr.DataTree.from_dict(child), own)
        nodes |= {f"{arm}/{outcome}/{name}": node.to_dataset() for name, node in tree.children.items()}
        nodes[f"{arm}/{outcome}"] = xr.Dataset(attrs=tree.attrs)
    return with_provenance(xr.DataTree.from_dict(nodes), entries)


def outcome_dataset(layout: Layout, page: ModelSpec, values: dict[str, Any]) -> xr.Dataset:
    """Return one outcome's parameters (chain, draw, ...) as a group of a tree, pinned ones left out."""
    import xarray as xr

    pinned = {prior.parameter.name for prior in page.priors if prior.fixed} | {"walk_step"}
    if page.prior("response_sd").numbers == (0.0, 0.0):
        pinned.add("correlation")
    if not layout.joint.placebo(page.outcome.id)[1]:
        pinned.add("placebo_response")
    lead = values["baseline_mean"].shape
    variables = {}
    for name, each in values.items():
        if name not in pinned:
            by_visit = name in ("mean_change", "response_shape")
            whole = np.broadcast_to(each, (*lead, *each.shape[-1:])) if by_visit else each
            variables[name] = (("chain", "draw", *(("visit",) if by_visit else ())), whole)
    return xr.Dataset(
        variables, coords={"chain": np.arange(lead[0]), "draw": np.arange(lead[1]), "visit": layout.weeks}
    )


def _root(layout: Layout, events: Sequence[Event], draws: Draws) -> xr.Dataset:
    import xarray as xr

    rates = event_rates(layout, events, draws)
    variables: dict[str, Any] = {
        "event_rate": (("chain", "draw", "fact"), np.stack(list(rates.values()), axis=-1))
    }
    if draws.loading is not None:
        variables["loading"] = (("chain", "draw"), draws.loading)
    shape = next(iter(rates.values())).shape
    return xr.Dataset(
        variables, coords={"chain": np.arange(shape[0]), "draw": np.arange(shape[1]), "fact": list(rates)}
    )


def event_rates(layout: Layout, events: Sequence[Event], draws: Draws) -> dict[str, Array]:
    """Return for each fact the chance that a new patient shows it; for facts of the same patients, both.

        rate = E_f[ Pr(event | parameters, f) ],   f ~ N(0, 1), by Gauss-Hermite quadrature

    Parameters
    ----------
    layout, events, draws
        As in :func:`lay_out`.

    Returns
    -------
    dict of ndarray
        By the fact's id, or the ids of facts of the same patients joined by " & ", shape (chain, draw).
    """
    node, weight = np.polynomial.hermite_e.hermegauss(_NODES)
    weight = weight / weight.sum()
    by_id = {event.fact.id: event for event in events}
    sets = {event.fact.id: _counted_in(event, by_id) for event in events}
    for event in events:
        other = by_id.get(event.fact.same_patients_as)
        if other is not None:
            sets[f"{other.fact.id} & {event.fact.id}"] = [other, event]
    out = {}
    for name, members in sets.items():
        factor = None if draws.loading is None else np.broadcast_to(node, (*draws.loading.shape, node.size))
        chance = chance_of_all(layout, members[0].fact.arm, members, draws, factor, NUMPY)
        out[name] = chance[..., 0] if factor is None else (chance * weight).sum(axis=-1)
    return out


def _counted_in(event: Event, by_id: dict[str, Event]) -> list[Event]:
    """Return all that a patient counted in a fact shows: of some among others, what those show too."""
    parent = by_id.get(event.fact.among)
    return [event] if parent is None else [event, *_counted_in(parent, by_id)]


def published_entry(publication: Publication, events: Sequence[Event], reading: str) -> dict[str, Any]:
    """Return what a tree says of the facts it was conditioned on."""
    used = {event.fact.id for event in events}
    return {
        "name": publication.name,
        "citation": publication.citation,
        "doi": publication.doi,
        "hash": publication.hash,
        "toml": publication.toml,
        "reading": reading,
        "read_as": {event.fact.id: event.fact.reading_under(reading) for event in events},
        "arms": [asdict(arm) for arm in publication.arms],
        "left_out": [fact.id for fact in publication.facts if fact.id not in used],
    }


def versions() -> dict[str, str]:
    """Return the versions of what the numbers were made with."""
    packages = ("ra_bayes", "numpy", "scipy", "xarray")
    return {
        "python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in packages},
    }
