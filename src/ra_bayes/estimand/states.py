"""States of response: named ranges of an outcome or of its change, and how probable each is.

An outcome with cut-offs (SDAI, DAS28) has the categories they part: the state is that of the true value
g^-1(mu). One with an important change (VAS) has the states better by at least the MCID, between, and worse by
at least the MCID. Of a response of yes or no the states are the two, with probability Phi(mu) of yes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.estimand.posterior import Posterior
from ra_bayes.model.spec import ModelSpec

__all__ = ["States", "has_states", "state_of", "state_probabilities", "states_of"]

type Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class States:
    """States of an outcome, from best to worst.

    Parameters
    ----------
    names
        In the order of what parts them.
    edges
        Cut-offs between neighbours, rising: of the value, or of the change counted towards benefit.
    closed
        Whether a cut-off belongs to what lies below it.
    of_change
        Whether it is the change that has states, not the value.
    rising
        Whether a higher value is a worse state; where not, states are counted from the highest.
    """

    names: tuple[str, ...]
    edges: tuple[float, ...]
    closed: tuple[bool, ...]
    of_change: bool
    rising: bool


def states_of(spec: ModelSpec) -> States:
    """Return the states of a model's outcome.

    Raises
    ------
    RaBayesError
        If the outcome has neither cut-offs nor an important change.

    Examples
    --------
    >>> from ra_bayes.model import load_model
    >>> states_of(load_model("das28_crp")).names
    ('remission', 'low', 'moderate', 'high')
    >>> states_of(load_model("vas")).names
    ('better by the MCID', 'between', 'worse by the MCID')
    """
    names: tuple[str, ...]
    if spec.binary:
        names = ("response", "no response")
        up = spec.benefit_sign >= 0
        return States(names if up else names[::-1], (0.5,), (True,), of_change=False, rising=not up)
    categories = spec.outcome.categories
    if categories:
        up = spec.benefit_sign > 0
        names = tuple(each.label for each in categories)
        inner = [each for each in categories if each.up_to is not None]
        return States(
            names[::-1] if up else names,
            tuple(float(each.up_to) for each in inner if each.up_to is not None),
            tuple(each.up_to_inclusive for each in inner),
            of_change=False,
            rising=not up,
        )
    if spec.mcid is None or not has_states(spec):
        raise RaBayesError(
            f"{spec.outcome.label} has no states of response, since it has neither cut-offs nor an important "
            "change in its unit; draw an outcome that has them, such as sdai or vas"
        )
    names = ("better by the MCID", "between", "worse by the MCID")
    # A gain of just the MCID is better by the MCID, a loss of just the MCID worse.
    return States(names, (-spec.mcid, spec.mcid), (True, False), of_change=True, rising=False)


def has_states(spec: ModelSpec) -> bool:
    """Say whether :func:`states_of` finds any; none under a hurdle, where a true value is never 0."""
    if spec.likelihood.name == "hurdle":
        return False
    change = spec.mcid is not None and spec.benefit_sign != 0 and spec.link.change == "difference"
    return spec.binary or bool(spec.outcome.categories) or change


def state_of(states: States, value: Array) -> NDArray[np.int_]:
    """Return the index of each value's state, -1 where there is no value.

    Parameters
    ----------
    states
        The states.
    value
        Values; changes counted towards benefit if it is the change that has states.

    Examples
    --------
    >>> from ra_bayes.model import load_model
    >>> das28 = states_of(load_model("das28_esr"))
    >>> [das28.names[each] for each in state_of(das28, np.array([2.59, 2.6, 3.2, 5.2]))]
    ['remission', 'low', 'low', 'high']
    """
    passed = np.zeros(np.shape(value), dtype=int)
    for edge, closed in zip(states.edges, states.closed, strict=True):
        passed += value > edge if closed else value >= edge
    index = passed if states.rising else len(states.edges) - passed
    return np.where(np.isnan(value), -1, index)


def state_probabilities(posterior: Posterior, states: States) -> Array:
    """Return the probability of each state (patient, visit, state)."""
    spec = posterior.spec
    if spec.binary:
        noise = posterior.scalars["residual_sd"][..., None, None]
        yes = special.ndtr(posterior.patient_mean / noise).mean(axis=(0, 1))
        both = np.stack([yes, 1.0 - yes], axis=-1)
        return both if states.names[0] == "response" else both[..., ::-1]
    value = (
        spec.benefit_sign * posterior.patient_change
        if states.of_change
        else posterior.told(posterior.patient_mean)
    )
    index = state_of(states, value)
    return np.stack([(index == k).mean(axis=(0, 1)) for k in range(len(states.names))], axis=-1)
