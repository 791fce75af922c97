"""The gallery: every figure that a results folder can have, what it needs and what it shows.

A value, not magic: :data:`GALLERY` is an ordered tuple. Reports, ``ra-bayes figures`` and docs/figures.md are
made from it; a figure that is not in it is in none of them.
"""

from __future__ import annotations

from typing import Any

from ra_bayes.errors import RaBayesError
from ra_bayes.estimand.arms import has_two_arms
from ra_bayes.figures.gallery_entry import NEEDS, Entry, Need
from ra_bayes.figures.gallery_of_a_fit import OF_A_FIT
from ra_bayes.figures.gallery_of_plans import OF_PLANS
from ra_bayes.figures.gallery_of_several import OF_SEVERAL

__all__ = ["GALLERY", "NEEDS", "Entry", "Need", "applying", "entries", "entry"]

# In the order of a report.
GALLERY: tuple[Entry, ...] = (*OF_A_FIT, *OF_SEVERAL, *OF_PLANS)


def entry(name: str) -> Entry:
    """Return a figure of the gallery by its name.

    Raises
    ------
    RaBayesError
        If there is none of that name.

    Examples
    --------
    >>> entry("forest").title
    'Change by patient'
    """
    for each in GALLERY:
        if each.name == name:
            return each
    raise RaBayesError(
        f"there is no figure {name!r} in the gallery; write one of {', '.join(each.name for each in GALLERY)}"
    )


def entries(*needs: Need) -> tuple[Entry, ...]:
    """Return the figures that are drawn from one of these, in order.

    Examples
    --------
    >>> [each.name for each in entries("counts")]
    ['readings']
    """
    return tuple(each for each in GALLERY if each.needs in needs)


def applying(source: Any, *needs: Need) -> tuple[Entry, ...]:
    """Return the figures drawn from one of these needs that a source has something for.

    Parameters
    ----------
    source
        What the figures are given, see :class:`Entry`.
    needs
        Of a fit with what lies beside it ``"fit"``, ``"trust"`` and ``"certificate"``.
    """

    def is_there(need: Need) -> bool:
        return need not in ("trust", "certificate") or bool(getattr(source, need))

    two_arms = has_two_arms(source.result.tree) if hasattr(source, "result") else False
    return tuple(
        each
        for each in entries(*needs)
        if is_there(each.needs) and (each.both_arms or not two_arms) and each.applies(source)
    )
