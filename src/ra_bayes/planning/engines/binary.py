"""From a design with a binary endpoint to the exact engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ra_bayes.cohort import Cohort
from ra_bayes.mixtures import BetaMixture, p_difference_below
from ra_bayes.planning.analysis import BinaryAnalysis
from ra_bayes.planning.binary.boundaries import Boundaries
from ra_bayes.planning.binary.difference_table import difference_table
from ra_bayes.planning.binary.recursion import binary_stopping, count_probabilities
from ra_bayes.planning.binary.rules import rate_boundaries
from ra_bayes.planning.binary.two_arm import TwoArmTables, two_arm_stopping, two_arm_tables
from ra_bayes.planning.design import Design
from ra_bayes.planning.design_prior import Step
from ra_bayes.planning.engines.data import SoFar, final_only
from ra_bayes.planning.engines.settings import Point, Settings
from ra_bayes.planning.rule import Criterion
from ra_bayes.planning.stopping import Stopping

__all__ = ["boundary_rows", "curve", "decisions_of", "interim", "stopping", "widths"]

type Array = NDArray[np.float64]


def decisions_of(design: Design) -> Boundaries | TwoArmTables:
    """Return what the rule of a design comes to, for every count."""
    prior = design.analysis
    assert isinstance(prior, BinaryAnalysis)
    rule, looks = design.rule, design.looks
    asked: dict[str, Any] = {
        "success": [(each.threshold, _by_look(each, len(looks))) for each in _posterior(rule.success)],
        "futility": [(each.threshold, _by_look(each, len(looks))) for each in _posterior(rule.futility)],
        "predictive_success": _predictive(rule.success, len(looks)),
        "predictive_futility": _predictive(rule.futility, len(looks)),
        "benefit": design.endpoint.benefit,
    }
    if design.arms == 1:
        return rate_boundaries(looks, prior.rate, **asked)
    assert prior.control_rate is not None
    both = [design.per_arm(n) for n in looks]
    return two_arm_tables(
        [(treated, control) for treated, control in both], prior.rate, prior.control_rate, **asked
    )


def _posterior(criteria: Sequence[Criterion]) -> list[Criterion]:
    return [each for each in criteria if each.basis == "posterior"]


def _by_look(criterion: Criterion, last: int) -> tuple[float | None, ...]:
    return tuple(criterion.probability if criterion.at(look, last) else None for look in range(1, last + 1))


def _predictive(criteria: Sequence[Criterion], last: int) -> tuple[float | None, ...] | None:
    """Return the strictest predictive probability asked for at each look; the last has none."""
    asked = [_by_look(each, last) for each in criteria if each.basis == "predictive"]
    if not asked:
        return None
    each_look = [[value for value in look if value is not None] for look in zip(*asked, strict=True)]
    return (*(max(values) if values else None for values in each_look[:-1]), None)


def stopping(design: Design, truths: Mapping[str, Array], seed: int, settings: Settings) -> Stopping:
    """Return the exact probabilities of stopping; nothing is simulated."""
    del seed, settings
    return _stopping(decisions_of(design), {name: _seen(design, each) for name, each in truths.items()})


def _seen(design: Design, rate: Array) -> Array:
    """Return the rate that is recorded: who has left is a non-responder, or is not counted."""
    return rate * (1.0 - design.conduct.dropout) if design.conduct.nonresponse else rate


def _stopping(decisions: Boundaries | TwoArmTables, rates: Mapping[str, Array | BetaMixture]) -> Stopping:
    if isinstance(decisions, Boundaries):
        return binary_stopping(decisions, rates["rate"])
    return two_arm_stopping(decisions, rates["rate"], rates["control_rate"])


def curve(design: Design, step: Step, sizes: Sequence[int], seed: int, settings: Settings) -> list[Point]:
    """Return assurance by size: exact where the prior has a closed form, else averaged over its nodes."""
    del seed, settings
    names = ("rate", "control_rate")[: design.arms]
    closed = {name: step.exact[name] for name in names if isinstance(step.exact.get(name), BetaMixture)}
    exact = len(closed) == design.arms and not (design.conduct.nonresponse and design.conduct.dropout)
    points: list[Point] = []
    for n in sizes:
        decisions = decisions_of(design.at(n))
        if exact:
            found = _stopping(decisions, closed)  # type: ignore[arg-type]
            points.append((n, float(found.p_success[0]), 0.0, found.engine))
        else:
            found = _stopping(decisions, {name: _seen(design, step.nodes[name]) for name in names})
            points.append((n, *step.expect(found.p_success), found.engine))
    return points


def widths(
    design: Design, truths: Mapping[str, Array], ci_prob: float, seed: int, settings: Settings
) -> tuple[Array, Array]:
    """Return the expected width of the final interval at each truth, exactly: a sum over all counts."""
    del seed, settings
    prior = design.analysis
    assert isinstance(prior, BinaryAnalysis)
    rates = {name: _seen(design, each) for name, each in truths.items()}
    sizes = design.per_arm(design.n)
    if prior.control_rate is None:
        (n,) = sizes
        ends = [prior.rate.update(x, n).interval(ci_prob) for x in range(n + 1)]
        width = np.array([high - low for low, high in ends])
        found = count_probabilities(rates["rate"], n, np.arange(n + 1)) @ width
        return found, np.zeros_like(found)
    table = _difference_widths(prior.rate, sizes[0], prior.control_rate, sizes[1], ci_prob)
    treated = count_probabilities(rates["rate"], sizes[0], np.arange(sizes[0] + 1))
    control = count_probabilities(rates["control_rate"], sizes[1], np.arange(sizes[1] + 1))
    found = np.asarray(((treated @ table) * control).sum(axis=1))
    return found, np.zeros_like(found)


def _difference_widths(
    rate: BetaMixture, n: int, control_rate: BetaMixture, control_n: int, ci_prob: float
) -> Array:
    """Return the width of the difference's equal-tailed interval for all counts (x, y).

    The distribution function is tabulated on a grid of differences, and its quantiles are taken as straight
    between; the grid's spacing of 0.01 leaves widths right to 0.001.
    """
    deltas = np.linspace(-0.99, 0.99, 199)
    below = np.stack([1.0 - difference_table(rate, n, control_rate, control_n, each) for each in deltas], -1)
    ends = []
    for share in ((1.0 - ci_prob) / 2.0, (1.0 + ci_prob) / 2.0):
        at = np.clip((below < share).sum(axis=-1), 1, deltas.size - 1)
        low = np.take_along_axis(below, at[..., None] - 1, axis=-1)[..., 0]
        high = np.take_along_axis(below, at[..., None], axis=-1)[..., 0]
        part = np.clip((share - low) / np.maximum(high - low, 1e-300), 0.0, 1.0)
        ends.append(deltas[at - 1] + part * (deltas[at] - deltas[at - 1]))
    return np.asarray(ends[1] - ends[0])


def boundary_rows(design: Design) -> list[dict[str, Any]]:
    """Return responders needed at each look; of two arms, beside the expected number in the control."""
    decisions = decisions_of(design)
    if isinstance(decisions, Boundaries):
        return [
            {"look": look, "n": row["patients"], "treated": row["patients"], "control": None, **_ends(row)}
            for look, row in enumerate(decisions.rows(), 1)
        ]
    rate = design.truth.control or 0.0
    rows = []
    for look, (treated, control) in enumerate(decisions.looks, 1):
        expected = int(np.floor(_seen(design, np.array(rate)) * control + 0.5))
        wins = decisions.success[look - 1][:, expected]
        stops = decisions.futility[look - 1][:, expected] & ~wins
        above = design.endpoint.benefit == "above"
        rows.append(
            {
                "look": look,
                "n": treated + control,
                "treated": treated,
                "control": control,
                "control_responders": expected,
                "futility": _edge(stops, last=above),
                "success": _edge(wins, last=not above),
            }
        )
    return rows


def _ends(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"futility": row["futility"], "success": row["success"]}


def _edge(flags: NDArray[np.bool_], *, last: bool) -> int | None:
    """Return the first or last count that is flagged."""
    found = np.flatnonzero(flags)
    return None if not found.size else int(found[-1 if last else 0])


def interim(
    design: Design, cohort: Cohort, sides: tuple[tuple[str, ...], ...], seed: int, settings: Settings
) -> SoFar:
    """Return posterior and predictive probabilities given the responders so far, exactly."""
    del seed, settings
    end, prior = design.endpoint, design.analysis
    assert isinstance(prior, BinaryAnalysis)
    answers = {record.patient: record.value for record in cohort.of(end.outcome) if record.week == end.week}
    counts = []
    for who in sides:
        seen = [answers[patient] for patient in who if patient in answers]
        counts.append((int(sum(seen)), len(seen)))
    beliefs = [prior.rate, prior.control_rate][: design.arms]
    after = [each.update(*count) for each, count in zip(beliefs, counts, strict=True) if each is not None]
    data = [
        {"arm": arm, "responders": x, "n": n, "words": f"{arm.capitalize()}: {x} of {n} responded."}
        for arm, (x, n) in zip(("treated", "control"), counts, strict=False)
    ]
    n = tuple(size for _, size in counts)

    def posterior(criterion: Criterion) -> float:
        if design.arms == 1:
            above = after[0].p_above(criterion.threshold)
        else:
            above = 1.0 - p_difference_below(after[0], after[1], criterion.threshold)
        return above if criterion.direction == "above" else 1.0 - above

    return SoFar(
        n, data, posterior, _predictive_success(design, after, counts), 0.0, "exact: paths of patients"
    )


def _predictive_success(
    design: Design, after: Sequence[BetaMixture], counts: Sequence[tuple[int, int]]
) -> float:
    """Return the chance of success at the final analysis, looks before it left aside (Lee and Liu 2008)."""
    final = final_only(design, [n for _, n in counts])
    decisions, sizes = decisions_of(final), final.per_arm(final.n)
    if isinstance(decisions, Boundaries):
        (x, n), (total,) = counts[0], sizes
        if n >= total:
            return float(decisions.decision(x, n) == "success")
        return float(binary_stopping(decisions.remaining(x, n), after[0]).p_success[0])
    (x, n), (y, m) = counts
    if (n, m) == sizes:
        return float(decisions.decision((x, y), (n, m)) == "success")
    left = decisions.remaining((x, y), (n, m))
    return float(two_arm_stopping(left, after[0], after[1]).p_success[0])
