"""Estimands of published facts: the chance that a new patient shows what a fact counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ra_bayes.estimand.summary import Quantity
from ra_bayes.published import read_publication_text
from ra_bayes.tree import provenance, spec_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["counted_weeks", "event_rates"]


def event_rates(tree: xr.DataTree) -> Iterator[tuple[str, Quantity]]:
    """Yield arm and quantity for every fact that a posterior was conditioned on, as recorded, noise in.

    Facts of the same patients have a row for both together: their concordance.
    """
    told = provenance(tree)["published"]
    paper = read_publication_text(told["toml"], told["name"])
    readings = {each.id: each.words for each in paper.readings}
    node = tree["posterior"].to_dataset()["event_rate"]
    for name in node["fact"].to_numpy():
        facts = [paper.fact(id) for id in str(name).split(" & ")]
        words = " and ".join(fact.words.rstrip(".") for fact in facts)
        read_as = {readings[told["read_as"][fact.id]] for fact in facts if told["read_as"][fact.id]}
        reading = f", read as {' and '.join(sorted(read_as))}" if read_as else ""
        yield (
            facts[0].arm,
            Quantity(
                "event_rate" if len(facts) == 1 else "concordance",
                node.sel(fact=name).to_numpy(),
                "share of patients",
                f"chance that a new patient is one of those counted in: {words}{reading}",
                week=facts[0].week,
                note=str(name),
            ),
        )


def counted_weeks(tree: xr.DataTree) -> list[float]:
    """Return the weeks at which patients of an outcome's tree were counted, in its arm."""
    entries = provenance(tree)
    told = entries["published"]
    paper = read_publication_text(told["toml"], told["name"])
    facts = [paper.fact(id) for id in told["read_as"]]
    outcome = spec_of(tree).outcome.id
    return sorted(
        {
            week
            for fact in facts
            if outcome in fact.outcomes and fact.arm == entries["arm"]
            for week in fact.weeks
        }
    )
