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
        # Fewer events to come than none cannot be; none or more are sure.
        lower = [_lower_left(self.lower[k], events) for k in left]
        upper = [None if (high := self.upper[k]) is None else max(high - events, 0) for k in left]
        futility, success = (lower, upper) if self.benefit == "above" else (upper, lower)
        looks = tuple(self.looks[k] - n for k in left)
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
        >>> print(Boundaries((10, 29), futility=(1, 5), success=(None, 6)).words())
        Responders are counted after 10 and 29 patients. After 10 patients the trial stops for futility with \
1 responder or fewer. After 29 patients the trial ends: success is declared with 6 responders or more.
        """
        counted = "Responders" if self.benefit == "above" else "Events"
        gaps = {b - a for a, b in pairwise(self.looks)}
        first, last = self.looks[0], self.looks[-1]
        when = (
            f"after every patient from {first} to {last}"
            if gaps == {1} and len(self.looks) > 2
            else f"after {_list(self.looks)} patients"
        )
        parts = [f"{counted} are counted {when}."]
        for begin, end in self._runs(len(self.looks) - 1):
            rules = self._rules(begin, early=True)
            if rules:
                parts.append(
                    f"After {_span(self.looks[begin], self.looks[end])} patients {' and '.join(rules)}."
                )
        final = self._rules(len(self.looks) - 1, early=False)
        end_words = f"After {last} patients the trial ends"
        parts.append(f"{end_words}: {' and '.join(final)}." if final else f"{end_words}.")
        return " ".join(parts)

    def __repr__(self) -> str:
        lines = []
        for begin, end in (*self._runs(len(self.looks) - 1), (len(self.looks) - 1,) * 2):
            futility, success = self.futility[begin], self.success[begin]
            rules = [] if futility is None else [f"futility with {self._counted(futility, False)}"]
            if success is not None:
                text = self._counted(success, True)
                rules.append(f"success with {text.replace(f' {self._noun(success)}', '') if rules else text}")
            lines.append(
                f"after {_span(self.looks[begin], self.looks[end])} patients: {', '.join(rules) or 'go on'}"
            )
        return "\n".join(lines)

    def _runs(self, stop: int) -> Iterator[tuple[int, int]]:
        """Runs of looks before `stop` with the same boundaries, one patient apart: first and last of each."""
        begin = 0
        for k in range(1, stop + 1):
            same = k < stop and (
                (self.futility[k], self.success[k]) == (self.futility[begin], self.success[begin])
                and self.looks[k] - self.looks[k - 1] == 1
            )
            if not same:
                yield begin, k - 1
                begin = k

    def _rules(self, at: int, *, early: bool) -> list[str]:
        futility, success = self.futility[at], self.success[at]
        rules = []
        if futility is not None and (early or success is None):
            stops = "the trial stops for futility" if early else "futility is declared"
            rules.append(f"{stops} with {self._counted(futility, False)}")
        if success is not None:
            declared = (
                "success is declared"
                if not early
                else "stops for success"
                if rules
                else "the trial stops for success"
            )
            rules.append(f"{declared} with {self._counted(success, True)}")
        return rules

    def _noun(self, count: int) -> str:
        noun = "responder" if self.benefit == "above" else "event"
        return noun if count == 1 else noun + "s"

    def _counted(self, count: int, success: bool) -> str:
        upper = success == (self.benefit == "above")
        if not upper and count == 0:
            return f"no {self._noun(1)}"
        return f"{count} {self._noun(count)} or {'more' if upper else 'fewer'}"


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


def _lower_left(low: int | None, events: int) -> int | None:
    return None if low is None or low < events else low - events


def _list(numbers: Sequence[float]) -> str:
    *head, tail = (f"{number:g}" for number in numbers)
    return f"{', '.join(head)} and {tail}" if head else tail


def _span(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first} to {last}"
