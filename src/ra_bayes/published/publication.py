"""What a paper printed as counts: arms, visits, the readings of its words, and r of n patients each."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from ra_bayes.errors import RaBayesError

__all__ = ["Arm", "Direction", "Fact", "Publication", "Reading", "ReadingKind"]

type ReadingKind = Literal["change", "fraction", "below", "at_most", "above", "at_least"]
type Direction = Literal["decrease", "increase", ""]


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to take a word such as "improved".

    Parameters
    ----------
    id
        Name of the reading.
    words
        The reading in words.
    kind
        ``"change"``: a change from baseline of at least `amount` in the fact's direction.
        ``"fraction"``: the same, `amount` being a fraction of baseline.
        ``"below"``, ``"at_most"``, ``"above"``, ``"at_least"``: the value itself against `amount`.
    amount
        In the outcome's unit, or a fraction. A change of 0 is any change, strictly more than none;
        ``None``, only of a change, is the outcome's minimal clinically important difference.
    """

    id: str
    words: str
    kind: ReadingKind
    amount: float | None


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of the trial.

    Parameters
    ----------
    id
        Name of the arm; ``"all"`` where the page names no arms.
    n
        How many patients.
    words
        What they were given.
    """

    id: str
    n: int
    words: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One published count: `r` of `n` patients.

    Parameters
    ----------
    id
        Name of the fact.
    words
        What the paper says, paraphrased.
    outcomes
        Identifiers of the outcomes that the event is about, all at once; none for a plain count, such
        as of serious adverse events.
    direction
        Which way they changed; empty where the event is no change.
    r, n
        How many of how many; `n` is the arm's.
    arm
        Identifier of the arm.
    week
        Week it is read at.
    weeks
        Weeks at which the event must hold at once: `week` alone, or those of "sustained".
    week_stated
        Whether the paper states that week.
    readings
        Identifiers of the readings that make sense for it, alternatives, the preferred one first.
    among
        Identifier of the fact of whose patients these are some; empty if of none.
    same_patients_as
        Identifier of the fact whose patients these are; empty if of none.
    left_open
        What the paper does not say.
    source
        Where it was seen.
    """

    id: str
    words: str
    outcomes: tuple[str, ...]
    direction: Direction
    r: int
    n: int
    arm: str
    week: float
    weeks: tuple[float, ...]
    week_stated: bool
    readings: tuple[str, ...]
    among: str
    same_patients_as: str
    left_open: str
    source: str

    def reading_under(self, reading: str) -> str:
        """Return the reading this fact is taken under when the analysis is run under `reading`.

        That one if the fact lists it, otherwise the first that it lists, empty if it lists none.
        """
        return reading if reading in self.readings else next(iter(self.readings), "")


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication's counts, made by :func:`~ra_bayes.published.read_publication`.

    Parameters
    ----------
    name
        Stem of the page's file.
    citation, doi
        The paper.
    seen
        What of it was seen.
    arms
        Its arms, in the page's order.
    weeks
        Weeks of the visits, rising from 0.
    weeks_status
        ``"stated"`` by the paper or ``"inferred"``.
    weeks_basis
        What they rest on.
    infusion_weeks
        Weeks of treatment, if the page gives them.
    readings
        The ways to take its words.
    facts
        Its counts.
    not_public
        What is not public, so that nobody looks for it here.
    toml
        The page itself.
    """

    name: str
    citation: str
    doi: str
    seen: str
    arms: tuple[Arm, ...]
    weeks: tuple[float, ...]
    weeks_status: str
    weeks_basis: str
    infusion_weeks: tuple[float, ...]
    readings: tuple[Reading, ...]
    facts: tuple[Fact, ...]
    not_public: tuple[str, ...]
    toml: str = field(repr=False)

    @property
    def n(self) -> int:
        """Patients in all arms together."""
        return sum(arm.n for arm in self.arms)

    @property
    def controls(self) -> frozenset[str]:
        """The arms that are called placebo or control: by their identifier, else by their words."""

        def called(text: str) -> bool:
            return bool(re.search(r"(?<![a-z])(placebo|controls?)(?![a-z])", text.casefold()))

        by_id = frozenset(arm.id for arm in self.arms if called(arm.id))
        found = by_id or frozenset(arm.id for arm in self.arms if called(arm.words))
        return found if len(found) < len(self.arms) else frozenset()

    @property
    def hash(self) -> str:
        """SHA-256 of the page's content, blind to comments, spacing and the order of keys."""
        # A free key may hold a date, which JSON has no word for.
        page = tomllib.loads(self.toml)
        content = json.dumps(page, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(content.encode()).hexdigest()

    def fact(self, id: str) -> Fact:
        """Return the fact called `id`.

        Raises
        ------
        RaBayesError
            If there is none; so for :meth:`arm` and :meth:`reading`.
        """
        return _find(self.name, "fact", id, self.facts)

    def arm(self, id: str) -> Arm:
        """Return the arm called `id`."""
        return _find(self.name, "arm", id, self.arms)

    def reading(self, id: str) -> Reading:
        """Return the reading called `id`."""
        return _find(self.name, "reading", id, self.readings)


def _find[T: (Arm, Fact, Reading)](name: str, what: str, id: str, among: Sequence[T]) -> T:
    for each in among:
        if each.id == id:
            return each
    ids = [each.id for each in among]
    near = difflib.get_close_matches(id, ids, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(ids) or 'none'}"
    raise RaBayesError(f"{name}: there is no {what} {id!r}; {hint}")
