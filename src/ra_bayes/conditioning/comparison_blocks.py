"""The honest table as a reader takes it: by outcome and arm, then by reading of the words, then by prior.

Text, figure and page are made from this, so that none of them arranges the numbers in its own way.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ra_bayes.diagnostics import MAX_PARETO_K, MIN_ESS
from ra_bayes.errors import RaBayesError
from ra_bayes.outcomes import OUTCOMES, Outcome

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Answer", "Block", "Comparison", "Evidence", "Row", "arrange", "relation_words"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A posterior in short, with Monte Carlo errors; `sound` says whether its weights passed the gate."""

    estimate: float
    lower: float
    upper: float
    p_benefit: float
    mcse: float
    p_benefit_mcse: float
    sound: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One reading under one prior.

    Parameters
    ----------
    reading, model
        Their names; no reading where the words need none.
    prior, prior_lower, prior_upper
        Median and interval before the counts.
    answers
        The posteriors, one for each relation of the effects.
    """

    reading: str
    model: str
    prior: float
    prior_lower: float
    prior_upper: float
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """The rows of one outcome in one arm.

    Parameters
    ----------
    outcome
        What is measured.
    arm
        Identifier of the arm.
    kind
        ``"difference"`` from baseline, ``"ratio"`` to it, or ``"rate"`` in percent of new patients.
    week
        Week of the estimand.
    rows
        Readings in the order of their page, priors in the order asked for.
    """

    outcome: Outcome
    arm: str
    kind: str
    week: float
    rows: tuple[Row, ...]

    @property
    def zero(self) -> float:
        """What no change is; NaN for a rate."""
        return {"difference": 0.0, "ratio": 1.0}.get(self.kind, math.nan)

    @property
    def better(self) -> str:
        """Which side of no change is better, ``"below"`` or ``"above"``; empty where nobody says."""
        if self.kind == "rate" or self.outcome.benefit is None:
            return ""
        return "below" if self.outcome.benefit == "decrease" else "above"

    @property
    def what(self) -> str:
        """What the numbers are, with their unit."""
        if self.kind == "rate":
            return "% of new patients who respond"
        if self.kind == "ratio":
            return "ratio to baseline"
        return f"mean change, {self.outcome.unit}" if self.outcome.unit else "mean change"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Log probability of all counts under one reading and prior, and its error, for each relation."""

    reading: str
    model: str
    log: tuple[float, ...]
    mcse: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The whole table.

    Parameters
    ----------
    ci_prob
        Probability of the equal-tailed intervals.
    related
        Correlations of the treatment effects on different outcomes, rising.
    readings, models, arms
        Names, in the order of the table.
    blocks
        By outcome, in the order of :data:`~ra_bayes.outcomes.OUTCOMES`, then by arm.
    evidence
        By reading, then by prior.
    """

    ci_prob: float
    related: tuple[float, ...]
    readings: tuple[str, ...]
    models: tuple[str, ...]
    arms: tuple[str, ...]
    blocks: tuple[Block, ...]
    evidence: tuple[Evidence, ...]

    @property
    def unsound(self) -> tuple[str, ...]:
        """Readings and priors with a posterior that did not pass the gate."""
        first = {(row.reading, row.model): row.answers for row in self.blocks[0].rows}
        return tuple(
            " under ".join(filter(None, (model, reading)))
            for (reading, model), answers in first.items()
            if not all(answer.sound for answer in answers)
        )


def arrange(table: pd.DataFrame) -> Comparison:
    """Return the table of :func:`~ra_bayes.compare_readings` arranged.

    Raises
    ------
    RaBayesError
        If it is not such a table, or a part of it is missing.
    """
    rows: list[dict[Hashable, Any]] = table.to_dict("records")
    if not rows or "log_evidence" not in table:
        raise RaBayesError("this is not a table over readings and priors; make one with compare_readings")
    readings, models, arms, outcomes = (
        tuple(dict.fromkeys(row[column] for row in rows)) for column in ("reading", "model", "arm", "outcome")
    )
    related = tuple(sorted({row["related"] for row in rows}))
    cells = {tuple(row[column] for column in _KEY): row for row in rows}
    wanted = len(readings) * len(models) * len(related)
    if any(sum(key[:2] == pair for key in cells) != wanted for pair in {key[:2] for key in cells}):
        raise RaBayesError("rows of the table over readings and priors are missing; arrange the whole of it")
    order = [outcome for outcome in OUTCOMES if outcome in outcomes]
    cases = [(reading, model) for reading in readings for model in models]
    return Comparison(
        ci_prob=rows[0]["ci_prob"],
        related=related,
        readings=readings,
        models=models,
        arms=arms,
        blocks=tuple(
            _block([[cells[outcome, arm, *case, each] for each in related] for case in cases])
            for outcome in order
            for arm in arms
            if (outcome, arm, *cases[0], related[0]) in cells
        ),
        evidence=tuple(
            _evidence(*case, [cells[rows[0]["outcome"], rows[0]["arm"], *case, each] for each in related])
            for case in cases
        ),
    )


_KEY = ("outcome", "arm", "reading", "model", "related")


def relation_words(related: float) -> str:
    """Return how treatment effects on different outcomes are taken to go together.

    Examples
    --------
    >>> relation_words(0.0), relation_words(0.5)
    ('unrelated', 'related (0.5)')
    """
    return f"related ({related:g})" if related else "unrelated"


def _block(cases: list[list[dict[Hashable, Any]]]) -> Block:
    first = cases[0][0]
    kind = "rate" if first["estimand"] == "response_rate" else "difference"
    if first["unit"] == "ratio":
        kind = "ratio"
    factor = 100.0 if kind == "rate" else 1.0
    return Block(
        OUTCOMES[first["outcome"]],
        first["arm"],
        kind,
        first["week"],
        tuple(_row(case, factor) for case in cases),
    )


def _row(case: list[dict[Hashable, Any]], factor: float) -> Row:
    first = case[0]
    prior, lower, upper = (factor * first[column] for column in ("prior", "prior_lower", "prior_upper"))
    answers = tuple(_answer(each, factor) for each in case)
    return Row(first["reading"], first["model"], prior, lower, upper, answers)


def _answer(row: dict[Hashable, Any], factor: float) -> Answer:
    estimate, lower, upper, mcse = (factor * row[each] for each in ("estimate", "lower", "upper", "mcse"))
    sound = bool(row["ess"] > MIN_ESS and row["pareto_k"] < MAX_PARETO_K)
    better = float(row["p_benefit"])
    better_mcse = math.sqrt(max(better * (1.0 - better), 0.0) / row["ess"])
    return Answer(estimate, lower, upper, better, mcse, better_mcse, sound)


def _evidence(reading: str, model: str, case: list[dict[Hashable, Any]]) -> Evidence:
    log, mcse = (tuple(each[column] for each in case) for column in ("log_evidence", "log_evidence_mcse"))
    return Evidence(reading, model, log, mcse)
