"""Numbers as a reader wants them: as many digits as the uncertainty leaves, no more; and lists of words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ra_bayes.errors import RaBayesError

__all__ = [
    "decimals",
    "how_many",
    "interval",
    "interval_name",
    "listed",
    "number",
    "percent",
    "probability",
    "these",
]


def decimals(lower: float, upper: float, *, ratio: bool = False, mcse: float = 0.0) -> int:
    """Return how many decimals to show: steps of at most a thirtieth of the interval's width.

    A ratio is read against 1 and on the log scale, where an absolute step says nothing: it gets two
    decimals, one from 10 on. Where a Monte Carlo standard error is given, the last digit shown is not
    finer than its first.

    Examples
    --------
    >>> decimals(-18.2, 5.3), decimals(-0.30, 0.08), decimals(0.89, 88.0, ratio=True)
    (1, 2, 2)
    >>> decimals(-18.2, 5.3, mcse=1.4), decimals(-18.2, 5.3, mcse=0.02)
    (0, 1)
    """
    most = max(-math.floor(math.log10(mcse)), 0) if 0.0 < mcse < math.inf else 4
    if ratio:
        return min(2 if min(abs(lower), abs(upper)) < 10.0 else 1, most)
    width = upper - lower
    if not math.isfinite(width) or width <= 0.0:
        return min(2, most)
    return min(max(math.ceil(-math.log10(width / 30.0)), 0), most, 4)


def number(value: float, places: int = 2) -> str:
    """Return a number with a true minus sign; an empty text for what does not apply."""
    if math.isnan(value):
        return ""
    text = f"{value:.{places}f}"
    # -0.0 and what rounds to it are zero.
    text = text.lstrip("-") if float(text) == 0.0 else text
    return text.replace("-", "−")


def interval(lower: float, upper: float, places: int) -> str:
    """Return an interval as ``lower to upper``; empty where there is none."""
    if math.isnan(lower) or math.isnan(upper):
        return ""
    return f"{number(lower, places)} to {number(upper, places)}"


def interval_name(ci_prob: float, *others: float) -> str:
    """Name an interval, or several of one kind, with their probabilities.

    Raises
    ------
    RaBayesError
        If a probability is not between 0 and 1.

    Examples
    --------
    >>> interval_name(0.9)
    '90% credible interval (equal-tailed)'
    >>> interval_name(0.5, 0.9)
    '50% and 90% credible intervals (equal-tailed)'
    """
    for each in (ci_prob, *others):
        if not 0.0 < each < 1.0:
            raise RaBayesError(f"ci_prob={each:g} is not a probability between 0 and 1; write 0.90 for 90%")
    shares = listed([f"{100.0 * each:g}%" for each in (ci_prob, *others)])
    return f"{shares} credible interval{'s' if others else ''} (equal-tailed)"


def probability(value: float) -> str:
    """Return a probability with two decimals, never rounded to certainty.

    Examples
    --------
    >>> probability(0.9999), probability(0.304), probability(0.0)
    ('> 0.99', '0.30', '< 0.01')
    """
    if math.isnan(value):
        return ""
    if value > 0.99:
        return "> 0.99"
    return "< 0.01" if value < 0.01 else f"{value:.2f}"


def percent(share: float) -> str:
    """Return a share in percent with two digits, never rounded to none or all.

    Examples
    --------
    >>> percent(0.304), percent(0.0213), percent(0.9961), percent(0.00004)
    ('30', '2.1', '99.6', '< 0.1')
    """
    value = 100.0 * share
    if value < 0.1:
        return "< 0.1"
    return "> 99.9" if value > 99.9 else f"{value:.{1 if value < 9.95 or value > 99.0 else 0}f}"


def how_many(count: int, noun: str = "patient") -> str:
    """Return how many of something.

    Examples
    --------
    >>> how_many(6), how_many(1, "visit")
    ('6 patients', '1 visit')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"


def these(patients: int) -> str:
    """Return the patients of a cohort, as they are referred to.

    Examples
    --------
    >>> these(6), these(1)
    ('these 6 patients', 'this one patient')
    """
    return f"these {patients} patients" if patients != 1 else "this one patient"


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence.

    Examples
    --------
    >>> listed(["0", "4", "8"]), listed(["24"])
    ('0, 4 and 8', '24')
    """
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
