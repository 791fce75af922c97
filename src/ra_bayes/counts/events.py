"""What a published fact says of one patient: a rule on recorded values, and contrasts on the link's scale.

A patient is counted where the rule holds at all of the fact's weeks, for all of its outcomes. On the link's
scale of an outcome's page every rule is linear,

    now y_t + start y_0 > threshold,

so that given the parameters an event is an orthant of a normal distribution:

=====================================  ========  ==============  ============
a change in direction s of             now       start           threshold
=====================================  ========  ==============  ============
at least m, identity                   s         -s              m
any, whichever link                    s         -s              0
at least the fraction q, identity      s         -(s + q)        0
at least the fraction q, log           s         -s              s log(1 + s q)
at least the fraction q, square root   s         -s sqrt(1+s q)  0
a value below c (above c)              -1 (+1)   0               -g(c) (g(c))
response, yes or no                    +1 (-1)   0               0
=====================================  ========  ==============  ============
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import RaBayesError
from ra_bayes.model.spec import ModelSpec
from ra_bayes.published import Fact, Publication, Reading

__all__ = ["Contrast", "Event", "Rule", "read_events"]

type Array = NDArray[np.float64]

# Recorded values are decimal fractions: 36.2 - 26.2 must count as 10.
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Contrast:
    """``now y_t + start y_0 > threshold`` on the link's scale of an outcome at one week."""

    outcome: str
    week: float
    now: float
    start: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Rule:
    """When a patient counts, for one outcome.

    Parameters
    ----------
    outcome
        What is measured.
    weeks
        Weeks at all of which it must hold.
    sign
        +1 for an increase, -1 for a decrease; of no meaning where the value itself is read.
    kind
        As :class:`~ra_bayes.published.Reading` has it, or ``"response"`` for a binary outcome.
    amount
        In the outcome's unit, or a fraction.
    """

    outcome: str
    weeks: tuple[float, ...]
    sign: int
    kind: str
    amount: float

    @property
    def is_change(self) -> bool:
        """Whether the rule looks at baseline too."""
        return self.kind in ("change", "fraction")

    def holds(self, now: Array, start: Array) -> NDArray[np.bool_]:
        """Say whether recorded values count, elementwise.

        Parameters
        ----------
        now, start
            Values at one of the weeks and at baseline, in the outcome's unit.
        """
        change = self.sign * (now - start)
        match self.kind:
            case "response":
                return np.asarray((now > 0.5) == (self.sign > 0))
            case "change":
                return (change > _SLACK) & (change >= self.amount - _SLACK)
            case "fraction":
                return (change > _SLACK) & (change >= self.amount * start - _SLACK)
            case "below":
                return now < self.amount - _SLACK
            case "at_most":
                return now <= self.amount + _SLACK
            case "above":
                return now > self.amount + _SLACK
            case _:
                return now >= self.amount - _SLACK

    def contrasts(self, page: ModelSpec) -> tuple[Contrast, ...]:
        """Return the rule on the link's scale of an outcome's page, a contrast a week.

        Raises
        ------
        RaBayesError
            If the rule is not linear there.
        """
        now, start, threshold = self._linear(page)
        return tuple(Contrast(self.outcome, week, now, start, threshold) for week in self.weeks)

    def _linear(self, page: ModelSpec) -> tuple[float, float, float]:
        sign, amount, link = float(self.sign), self.amount, page.link.name
        match self.kind, link:
            case "response", _:
                return sign, 0.0, 0.0
            case "change", "identity":
                return sign, -sign, amount
            case "change", _ if amount == 0.0:
                return sign, -sign, 0.0
            case "fraction", "identity":
                return sign, -(sign + amount), 0.0
            case "fraction", "log":
                return sign, -sign, sign * float(np.log1p(sign * amount))
            case "fraction", "sqrt":
                return sign, -sign * float(np.sqrt(1.0 + sign * amount)), 0.0
            case (("below" | "at_most"), _):
                return -1.0, 0.0, -self._on_link(page)
            case (("above" | "at_least"), _):
                return 1.0, 0.0, self._on_link(page)
        raise RaBayesError(
            f"a change of {self.outcome} by {amount:g} cannot be conditioned on under the {link} link of "
            f"model {page.name!r}; read the fact as any change, or as a fraction of baseline"
        )

    def _on_link(self, page: ModelSpec) -> float:
        on_link = float(page.link.forward(self.amount))
        if not np.isfinite(on_link):
            raise RaBayesError(
                f"{self.outcome} of {self.amount:g} has no place under the {page.link.name} link of model "
                f"{page.name!r}; give a value inside it"
            )
        return on_link


@dataclass(frozen=True, slots=True)
class Event:
    """A published fact, read: which patients count, and how many of them there were."""

    fact: Fact
    rules: tuple[Rule, ...]
    contrasts: tuple[Contrast, ...]


def read_events(publication: Publication, reading: str, pages: dict[str, ModelSpec]) -> tuple[Event, ...]:
    """Read every fact that is about modelled outcomes.

    Parameters
    ----------
    publication
        The facts.
    reading
        Reading of words such as "improved" (``"mcid"``). Facts that do not list it are read under the
        first they list.
    pages
        Outcome pages, by outcome. Facts of other outcomes are left out.

    Raises
    ------
    RaBayesError
        If the page has no such reading, or a rule cannot be conditioned on.
    """
    known = [each.id for each in publication.readings]
    if known and reading not in known:
        raise RaBayesError(f"{publication.name}: there is no reading {reading!r}; it has {', '.join(known)}")
    return tuple(
        _event(publication, fact, reading, pages)
        for fact in publication.facts
        if fact.outcomes and all(outcome in pages for outcome in fact.outcomes)
    )


def _event(publication: Publication, fact: Fact, reading: str, pages: dict[str, ModelSpec]) -> Event:
    under = fact.reading_under(reading)
    read_as = publication.reading(under) if under else None
    try:
        rules = tuple(_rule(fact, read_as, pages[outcome]) for outcome in fact.outcomes)
        contrasts = tuple(each for rule in rules for each in rule.contrasts(pages[rule.outcome]))
    except RaBayesError as error:
        raise RaBayesError(f"{publication.name}: fact {fact.id!r}: {error}") from None
    return Event(fact, rules, contrasts)


def _rule(fact: Fact, reading: Reading | None, page: ModelSpec) -> Rule:
    sign = {"increase": 1, "decrease": -1, "": 0}[fact.direction]
    outcome = page.outcome.id
    if reading is None or page.binary:
        return Rule(outcome, fact.weeks, sign or 1, "response", 0.0)
    amount = page.mcid if reading.amount is None else reading.amount
    if amount is None:
        raise RaBayesError(
            f"reading {reading.id!r} needs the MCID of {outcome}, which its page "
            f"{page.name!r} does not give; add [mcid] to the page or leave the reading out"
        )
    return Rule(outcome, fact.weeks, sign, reading.kind, amount)
