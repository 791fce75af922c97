"""The honest table as plain text, at most 100 columns wide."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from itertools import batched
from typing import TYPE_CHECKING

from ra_bayes.conditioning.comparison_blocks import (
    Answer,
    Block,
    Comparison,
    Evidence,
    arrange,
    relation_words,
)
from ra_bayes.numbers import decimals, interval, number, probability

if TYPE_CHECKING:
    import pandas as pd

    from ra_bayes.published import Publication

__all__ = ["comparison_text", "counted_weeks", "explanation", "places_of"]

_WIDTH = 100
_LONGEST_NAME = 16
_NAMES = 2
# Side by side, more than two posteriors do not fit.
_ABREAST = 2


def comparison_text(table: pd.DataFrame, publication: Publication | None = None) -> str:
    """Return the table of :func:`~ra_bayes.compare_readings` as text, as the command line prints it.

    A block for each outcome and arm, a row for each reading and prior: the prior's interval, then posterior
    median, interval and P(+) for each relation of the effects. The evidence stands once, below.

    Parameters
    ----------
    table
        What was compared.
    publication
        The counts behind it, to say where none is of the week shown.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> facts = rb.data_dir() / "published" / "jamshidi2024.toml"
    >>> print(comparison_text(rb.compare_readings(facts, seed=1)))              # doctest: +SKIP
    """
    comparison = arrange(table)
    share = f"{comparison.ci_prob:.0%}"
    blocks = [f"Prior, and posteriors beside it: medians and {share} equal-tailed credible intervals"]
    for related in batched(range(len(comparison.related)), _ABREAST):
        for group in _groups(comparison):
            heading = _wrapped(_heading(group, publication, several=len(comparison.arms) > 1))
            blocks.append("\n".join([*heading, *_group(comparison, group, related, share)]))
    blocks.append("\n".join(_evidence(comparison)))
    told = list(explanation(comparison))
    if any(block.better for block in comparison.blocks):
        told.insert(0, "P(+): probability that the mean changed for the better at all, however little.")
    blocks.append("\n".join(line for each in told for line in _wrapped(each)))
    return "\n\n".join(blocks)


def _groups(comparison: Comparison) -> Iterator[tuple[Block, ...]]:
    """Yield the blocks of a table: all arms in one where no reading has to be told as well."""
    together = comparison.readings == ("",)
    for block in comparison.blocks:
        same = tuple(each for each in comparison.blocks if each.outcome == block.outcome)
        if not together:
            yield (block,)
        elif block is same[0]:
            yield same


def _heading(group: tuple[Block, ...], publication: Publication | None, *, several: bool) -> str:
    first = group[0]
    where = f", arm {first.arm}" if several and len(group) == 1 else ""
    side = f"; {first.better} {first.zero:g} is better" if first.better else ""
    weeks = () if publication is None else counted_weeks(publication, first.outcome.id, first.arm)
    counted = f" (counted at week {', '.join(f'{week:g}' for week in weeks)})"
    elsewhere = counted if weeks and first.week not in weeks else ""
    return f"{first.outcome.label}{where}: {first.what} at week {first.week:g}{elsewhere}{side}"


def counted_weeks(publication: Publication, outcome: str, arm: str) -> tuple[float, ...]:
    """Return the weeks at which patients were counted by an outcome."""
    facts = (each for each in publication.facts if outcome in each.outcomes and each.arm == arm)
    return tuple(sorted({week for fact in facts for week in fact.weeks}))


def _group(
    comparison: Comparison, group: tuple[Block, ...], related: Sequence[int], share: str
) -> Iterator[str]:
    several, chances = len(group) > 1, bool(group[0].better)
    label = "arm" if several else "reading" if comparison.readings != ("",) else ""
    head = [label, "prior", f"prior {share}"]
    for index in related:
        head += [relation_words(comparison.related[index]), *(["P(+)"] if chances else [])]
    prior, posterior = places_of(group[0])
    lines = [head]
    for block in group:
        for row in block.rows:
            line = [block.arm if several else row.reading, row.model]
            line.append(interval(row.prior_lower, row.prior_upper, prior))
            for index in related:
                answer = row.answers[index]
                line.append(_posterior(answer, posterior))
                line += [probability(answer.p_benefit).replace(" ", "")] if chances else []
            lines.append(line)
    yield from _columns(lines)


def _posterior(answer: Answer, places: int) -> str:
    doubt = "" if answer.sound else "! "
    return f"{doubt}{number(answer.estimate, places)} ({interval(answer.lower, answer.upper, places)})"


def _evidence(comparison: Comparison) -> Iterator[str]:
    related = comparison.related
    several = len(related) > 1
    yield f"Log evidence of all counts together{', and how many times it grows' if several else ''}"
    head = ["reading" if comparison.readings != ("",) else "", "prior", *map(relation_words, related)]
    lines = [[*head, f"{related[-1]:g} against {related[0]:g}"] if several else head]
    for each in comparison.evidence:
        line = [each.reading, each.model, *(number(log) for log in each.log)]
        lines.append([*line, _times(each)] if several else line)
    yield from _columns(lines)


def _times(evidence: Evidence) -> str:
    times = math.exp(evidence.log[-1] - evidence.log[0])
    return f"x {times:.1f}" if times < 10.0 else f"x {times:.0f}"


def places_of(block: Block) -> tuple[int, int]:
    """Return how many decimals the priors of a block are shown with, and its posteriors."""
    priors = [(row.prior_lower, row.prior_upper) for row in block.rows]
    posteriors = [(answer.lower, answer.upper) for row in block.rows for answer in row.answers]
    return _places(priors, block), _places(posteriors, block)


def _places(intervals: list[tuple[float, float]], block: Block) -> int:
    if block.kind == "rate":
        return 0
    widest = max(intervals, key=lambda ends: ends[1] - ends[0])
    return decimals(*widest, ratio=block.kind == "ratio")


def explanation(comparison: Comparison) -> Iterator[str]:
    """Yield in plain sentences what the numbers are and are not."""
    answers = [answer for block in comparison.blocks for row in block.rows for answer in row.answers]
    changes = any(block.kind != "rate" for block in comparison.blocks)
    if comparison.unsound:
        yield (
            f"! The sampler did not pass its gate for {'; '.join(comparison.unsound)}: do not rely on these."
        )
    yield (
        f"{comparison.ci_prob:.0%}: equal-tailed credible interval; given prior, reading and counts the "
        "quantity lies inside with that probability. It is of the population that these patients stand for, "
        "not of the patients themselves."
    )
    several = len(comparison.readings) > 1
    if several:
        yield (
            "Readings: the paper does not define its words. Each reading is one way to take them; what holds "
            "under one only rests on that choice."
        )
    if len(comparison.related) > 1:
        yield (
            "Related, unrelated: whether the treatment's effects on different outcomes are taken to go "
            "together, with that correlation. Either is an assumption."
        )
    yield (
        "Log evidence: logarithm of the probability of exactly these counts before they were seen. Nearer "
        "to 0 is better foreseen; 1 more is 2.7 times as probable. It compares the priors, and related with "
        "unrelated"
        + (", under one reading; it does not tell which reading the authors meant." if several else ".")
    )
    if changes:
        yield (
            "Counts of patients who crossed a line tell mostly how large the mean change is compared with "
            "how much patients differ. How much they differ in mm or points stays as the prior has it, and "
            "with it the size of a change."
        )
        yield (
            "A change is from baseline, not against a control: placebo response and regression to the mean "
            "are in it."
        )
    if len(comparison.arms) > 1:
        yield "Arms: each stands by itself; nothing here is a comparison of arms."
    relative = max(answer.mcse / (answer.upper - answer.lower) for answer in answers)
    error = max(error for each in comparison.evidence for error in each.mcse)
    chances = [each.p_benefit_mcse for each in answers if not math.isnan(each.p_benefit)]
    of_chances = f"of a P(+) at most {max(chances):.3f}, " if chances else ""
    yield (
        f"Monte Carlo error: of a median at most {relative:.1%} of its interval's width, {of_chances}of a "
        f"log evidence at most {error:.2f}."
    )


def _columns(lines: list[list[str]]) -> Iterator[str]:
    """Set lines in columns, two names to the left and numbers to the right, a first name told once."""
    cut = [[*map(_cut, line[:_NAMES]), *line[_NAMES:]] for line in lines]
    widths = [max(map(len, column)) for column in zip(*cut, strict=True)]
    # Too wide for one line, or nothing to tell apart: the first name does without a column.
    apart = not widths[0] or sum(widths) + 2 * (len(widths) - 1) > _WIDTH
    told = ""
    for line in cut:
        if apart and line[0] not in (told, cut[0][0]):
            yield line[0]
        first = [] if apart else ["" if line[0] == told else line[0]]
        told = line[0]
        cells = [*first, *line[1:]]
        names = len(first) + 1
        yield "  ".join(
            each.ljust(width) if place < names else each.rjust(width)
            for place, (each, width) in enumerate(zip(cells, widths[1 - len(first) :], strict=True))
        ).rstrip()


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent="  ")
