"""Stopping boundaries of one arm: at each look, how many responders end the trial, and for what.

They are all that a rule of a rate comes to: whatever it is made of, more responders speak for a higher rate
(the binomial's likelihood ratio is monotone, so Pr(rate > c | data) rises with the count under every prior).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ra_bayes.errors import RaBayesError
from ra_bayes.numbers import how_many

__all__ = ["Benefit", "Boundaries"]

type Benefit = Literal["above", "below"]


@dataclass(frozen=True)
class Boundaries:
    """When a trial of one arm stops, by the number of events among the patients so far.

    Parameters
    ----------
    looks
        Patients with an outcome at each look, rising; the last is the size of the trial.
    futility
        The trial stops for futility with this many events or fewer (None: not at this look).
    success
        Success is declared with this many events or more (None: not at this look).
    benefit
        "above" where events are responses. "below" where they are harm: then the trial stops for futility
        with `futility` events or more, and success is declared with `success` events or fewer.

    Raises
    ------
    RaBayesError
        If looks do not rise, boundaries of a look overlap or there is not one of each kind per look.

    Examples
    --------
    >>> Boundaries((10, 29), futility=(1, 5), success=(None, 6))
    after 10 patients: futility with 1 responder or fewer
    after 29 patients: futility with 5 responders or fewer, success with 6 or more
    """

    looks: tuple[int, ...]
    futility: tuple[int | None, ...]
    success: tuple[int | None, ...]
    benefit: Benefit = "above"

    def __post_init__(self) -> None:
        for name in ("looks", "futility", "success"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        check_looks(self.looks)
        for name, counts in (("futility", self.futility), ("success", self.success)):
            if len(counts) != len(self.looks):
                raise RaBayesError(
                    f"{len(self.looks)} looks but {len(counts)} {name} boundaries; write one for each look, "
                    "none where there is none"
                )
        if self.benefit not in ("above", "below"):
            raise RaBayesError(f"benefit {self.benefit!r} is not a direction; write above or below")
        for n, low, high in zip(self.looks, self.lower, self.upper, strict=True):
            for count in (low, high):
                if count is not None and not 0 <= count <= n:
                    raise RaBayesError(
                        f"a boundary of {count} events among {n} patients cannot be; write 0 to {n}, or none"
                    )
            if low is not None and high is not None and low >= high:
                raise RaBayesError(
                    f"after {n} patients the boundaries overlap: {low} events or fewer and {high} or "
                    "more leave some counts two decisions; move futility away from success"
                )

    @property
    def lower(self) -> tuple[int | None, ...]:
        """The boundary that few events cross, by look."""
        return self.futility if self.benefit == "above" else self.success

    @property
    def upper(self) -> tuple[int | None, ...]:
        """The boundary that many events cross, by look."""
        return self.success if self.benefit == "above" else self.futility

    @property
    def n(self) -> int:
        """Patients in all."""
        return self.looks[-1]

    def decision(self, events: int, n: int) -> Literal["success", "futility", "continue"]:
        """Return what the boundaries say of `events` among `n` patients at the look there.

        Examples
        --------
        >>> Boundaries((10, 29), futility=(1, 5), success=(None, 6)).decision(2, 10)
        'continue'
        """
        if n not in self.looks:
            raise RaBayesError(f"no look after {n} patients; looks are after {_list(self.looks)}")
        if not 0 <= events <= n:
            raise RaBayesError(f"{events} of {n} patients cannot be; correct the count")
        at = self.looks.index(n)
        lower, upper = self.lower[at], self.upper[at]
        if lower is not None and events <= lower:
            return "futility" if self.benefit == "above" else "success"
        if upper is not None and events >= upper:
            return "success" if self.benefit == "above" else "futility"
        return "continue"

    def remaining(self, events: int, n: int) -> Boundaries:
        """Return the boundaries of what is left of the trial after `n` patients with `events` events.

        They count from there: patients and events that are still to come. A look after exactly `n` patients
        is taken to be over, with the decision to go on.

        Examples
        --------
        >>> Boundaries((10, 29), futility=(1, 5), success=(None, 6)).remaining(4, 10)
        after 19 patients: futility with 1 responder or fewer, success with 2 or more
        """
        if not 0 <= events <= n:
            raise RaBayesError(f"{events} of {n} patients cannot be; correct the count")
        if n >= self.n:
            raise RaBayesError(
                f"nothing remains of a trial of {self.n} patients after {n}; give an earlier look"
            )
        left = [k for k, look in enumerate(self.looks) if look > n]
        looks = tuple(self.looks[k] - n for k in left)
        lower = [_lower_left(self.lower[k], events, more) for k, more in zip(left, looks, strict=True)]
        upper = [_upper_left(self.upper[k], events, more) for k, more in zip(left, looks, strict=True)]
        futility, success = (lower, upper) if self.benefit == "above" else (upper, lower)
        return Boundaries(looks, tuple(futility), tuple(success), self.benefit)

    def rows(self) -> list[dict[str, int | None]]:
        """Return the table: one row a look with patients, futility and success."""
        return [
            {"patients": n, "futility": futility, "success": success}
            for n, futility, success in zip(self.looks, self.futility, self.success, strict=True)
        ]

    def words(self) -> str:
        """Return the boundaries in words fit for a protocol.

        Examples
        --------
        >>> words = Boundaries((10, 20, 29), futility=(1, 3, 5), success=(None, 9, 6)).words()
        >>> for sentence in words.split(". "):
        ...     print(sentence)
        Responders are counted after 10, 20 and 29 patients
        The trial stops for futility with at most 1 responder after 10 patients and 3 after 20
        It stops for success with at least 9 responders after 20 patients
        After 29 patients success is declared with at least 6 responders.
        """
        counted = "Responders" if self.benefit == "above" else "Events"
        every = len(self.looks) > 2 and {b - a for a, b in pairwise(self.looks)} == {1}
        when = f"every patient from {self.looks[0]} to {self.n}" if every else f"{_list(self.looks)} patients"
        parts = [f"{counted} are counted after {when}."]
        subject = "The trial"
        for what, counts in (("futility", self.futility), ("success", self.success)):
            stops = self._stops(counts, upper=(what == "success") == (self.benefit == "above"))
            if stops:
                parts.append(f"{subject} stops for {what} with {stops}.")
                subject = "It"
        success, futility = self.success[-1], self.futility[-1]
        most, least = ("most", "least") if self.benefit == "below" else ("least", "most")
        if success is not None:
            parts.append(
                f"After {self.n} patients success is declared with at {most} {self._counted(success)}."
            )
        elif futility is not None:
            parts.append(
                f"After {self.n} patients futility is declared with at {least} {self._counted(futility)}."
            )
        return " ".join(parts)

    def _stops(self, counts: Sequence[int | None], *, upper: bool) -> str:
        """The early boundaries of one kind in words; looks in a row with the same one together."""
        found: list[str] = []
        begin = 0
        for k in range(1, len(self.looks)):
            apart = k == len(self.looks) - 1 or self.looks[k] - self.looks[k - 1] > 1
            if not apart and counts[k] == counts[begin]:
                continue
            if (count := counts[begin]) is not None:
                span = _span(self.looks[begin], self.looks[k - 1])
                at = f"at {'least' if upper else 'most'} {self._counted(count)}"
                found.append(f"{count} after {span}" if found else f"{at} after {span} patients")
            begin = k
        return _join(found)

    def __repr__(self) -> str:
        lines = []
        for begin, end in self.runs():
            rules: list[str] = []
            for what, count in (("futility", self.futility[begin]), ("success", self.success[begin])):
                if count is not None:
                    upper = (what == "success") == (self.benefit == "above")
                    counted = str(count) if rules else self._counted(count)
                    rules.append(f"{what} with {counted} or {'more' if upper else 'fewer'}")
            span = _span(self.looks[begin], self.looks[end])
            lines.append(f"after {span} patients: {', '.join(rules) or 'go on'}")
        return "\n".join(lines)

    def runs(self) -> Iterator[tuple[int, int]]:
        """Yield the first and last look of each run with the same boundaries, one patient apart.

        The last look of all stands by itself.
        """
        begin, final = 0, len(self.looks) - 1
        for k in range(1, final + 1):
            same = (self.futility[k], self.success[k]) == (self.futility[begin], self.success[begin])
            if k == final or not same or self.looks[k] - self.looks[k - 1] > 1:
                yield begin, k - 1
                begin = k
        yield begin, final

    def _counted(self, count: int) -> str:
        noun = "responder" if self.benefit == "above" else "event"
        return how_many(count, noun)


def check_looks(looks: Sequence[int]) -> None:
    """Raise if looks are not whole numbers of patients that rise."""
    if not looks:
        raise RaBayesError(
            "no look; write the number of patients at each look, the last being the trial's size"
        )
    if any(look != int(look) or look < 1 for look in looks):
        raise RaBayesError(f"looks {_list(looks)} are not numbers of patients; write whole numbers above 0")
    if any(b <= a for a, b in pairwise(looks)):
        raise RaBayesError(f"looks {_list(looks)} do not rise; write each number of patients once, in order")


def _lower_left(low: int | None, events: int, more: int) -> int | None:
    """How few events among `more` patients stop the trial; none if there are too many already."""
    return None if low is None or low < events else min(low - events, more)


def _upper_left(high: int | None, events: int, more: int) -> int | None:
    """How many events among `more` patients stop the trial; none if there cannot be as many."""
    return None if high is None or high - events > more else max(high - events, 0)


def _list(numbers: Sequence[float]) -> str:
    return _join([f"{number:g}" for number in numbers])


def _join(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def _span(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first} to {last}"
