"""An interim look: the data so far, what the rule says of them, and what the rest would bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ra_bayes.cohort import Cohort
from ra_bayes.cohort.cohort import check_cohort
from ra_bayes.errors import RaBayesError
from ra_bayes.planning.binary.rules import MET
from ra_bayes.planning.design import Design, check_design
from ra_bayes.planning.engines import Settings, interim_of
from ra_bayes.planning.engines.data import SoFar
from ra_bayes.planning.rule import Criterion

__all__ = ["Interim", "interim"]

type Action = Literal["success", "futility"]
type Decision = Literal["success", "futility", "continue"]


@dataclass(frozen=True, eq=False)
class Interim:
    """What an interim look says, printed in sentences.

    Parameters
    ----------
    design
        The design.
    n
        Patients with an outcome by arm, treated first.
    data
        What was seen, a row for each arm.
    look
        Number of the planned look whose criteria are asked.
    planned
        Whether that look is planned at just so many patients.
    criteria
        A row for each criterion: ``action``, ``words``, ``probability``, ``mcse``, ``asked``, ``holds``.
    decision
        What the criteria come to.
    predictive_probability, predictive_mcse
        Chance that the trial, run to its full size, ends in success; of the last look 0 or 1.
    engine
        What computed it.
    """

    design: Design
    n: tuple[int, ...]
    data: list[dict[str, Any]]
    look: int
    planned: bool
    criteria: list[dict[str, Any]]
    decision: Decision
    predictive_probability: float
    predictive_mcse: float
    engine: str

    def __str__(self) -> str:
        looks, n = self.design.looks, sum(self.n)
        have = "has" if n == 1 else "have"
        said = [f"{self.design.title}: {n} of {self.design.n} patients {have} an outcome."]
        said += [row["words"] for row in self.data]
        if not self.planned:
            said.append(
                f"No look is planned here; planned are {', '.join(map(str, looks))}. "
                f"The criteria of the look at {looks[self.look - 1]} are asked all the same; the design's "
                "error rates do not allow for a decision here."
            )
        for row in self.criteria:
            side = "holds" if row["holds"] else "does not hold"
            told = f"it is {row['probability']:.4f}"
            told += f" (Monte Carlo error {row['mcse']:.4f})" if row["mcse"] else ""
            said.append(f"{row['action'].capitalize()}: {row['words']} {side}; {told}.")
        if not self.criteria:
            said.append("No criterion is asked at this look.")
        decision = {
            "success": "success",
            "futility": "stop for futility",
            "continue": "the trial goes on" if self.look < len(looks) else "the trial ends without success",
        }[self.decision]
        said.append(f"Decision{'' if self.planned else ', if this were that look'}: {decision}.")
        if self.look < len(looks) or not self.planned:
            error = f" (Monte Carlo error {self.predictive_mcse:.4f})" if self.predictive_mcse else ""
            said.append(
                "Predictive probability of success at the final analysis: "
                f"{self.predictive_probability:.4f}{error}."
            )
        return "\n".join(said)

    def as_dict(self) -> dict[str, Any]:
        """Return the look as plain data, ready for JSON."""
        return {
            "design": self.design.name,
            "n": list(self.n),
            "data": [{key: value for key, value in row.items() if key != "words"} for row in self.data],
            "look": self.look,
            "planned": self.planned,
            "criteria": self.criteria,
            "decision": self.decision,
            "predictive_probability": self.predictive_probability,
            "predictive_mcse": self.predictive_mcse,
            "engine": self.engine,
        }


def interim(
    design: Design,
    cohort: Cohort,
    *,
    seed: int,
    arms: Mapping[str, str] | None = None,
    settings: Settings | None = None,
) -> Interim:
    """Ask a design's rule about the data so far.

    Parameters
    ----------
    design
        The design.
    cohort
        The data so far, from :func:`~ra_bayes.read_cohort`; two arms need the column ``arm``.
    seed
        Of every random number; exact engines use none.
    arms
        What the cohort calls ``"treated"`` and ``"control"``, if not that.
    settings
        Of engines that simulate.

    Returns
    -------
    Interim
        The criteria are those of the next planned look, asked of as many patients as there are.

    Raises
    ------
    RaBayesError
        If the cohort lacks the outcome, an arm, or has more patients than the design.

    Examples
    --------
    >>> import pandas as pd
    >>> import ra_bayes as rb
    >>> rows = [(f"P{k}", 16, "acr20", int(k < 9)) for k in range(20)]
    >>> so_far = rb.read_cohort(pd.DataFrame(rows, columns=["patient", "week", "outcome", "value"]))
    >>> print(rb.interim(rb.load_design("acr20_one_arm"), so_far, seed=1))
    ACR20 in one arm: 20 of 40 patients have an outcome.
    Treated: 9 of 20 responded.
    Futility: Pr(success at the final analysis | data so far) < 0.1 does not hold; it is 0.9384.
    Decision: the trial goes on.
    Predictive probability of success at the final analysis: 0.9384.
    """
    check_design(design)
    check_cohort(cohort)
    sides = _sides(design, cohort, arms)
    end = design.endpoint
    if end.outcome not in cohort.outcomes:
        raise RaBayesError(
            f"{cohort.name} has no {end.outcome}, the outcome of {design.name}; "
            f"it has {', '.join(cohort.outcomes)}"
        )
    found = interim_of(design, cohort, sides, seed=seed, settings=settings)
    total = sum(found.n)
    if not total:
        raise RaBayesError(f"{cohort.name} has no {end.outcome} at week {end.week:g} yet; wait for the first")
    look = next(k for k, planned in enumerate(design.looks, 1) if planned >= total)
    success, futility = design.criteria(look)
    last = look == len(design.looks)
    # At the end nothing is left to predict.
    rows = [
        {
            "action": action,
            "words": each.words(action),
            "probability": value,
            "mcse": mcse,
            "asked": each.probability,
            "holds": (value >= each.probability - MET) == (action == "success"),
        }
        for action, criteria in _asked(success, futility)
        for each in criteria
        for value, mcse in (_value(each, found),)
        if not (last and each.basis == "predictive")
    ]
    return Interim(
        design,
        found.n,
        found.data,
        look,
        total == design.looks[look - 1],
        rows,
        _decision(rows),
        found.predictive,
        found.predictive_mcse,
        found.engine,
    )


def _asked(
    success: tuple[Criterion, ...], futility: tuple[Criterion, ...]
) -> tuple[tuple[Action, tuple[Criterion, ...]], ...]:
    return ("success", success), ("futility", futility)


def _value(criterion: Criterion, found: SoFar) -> tuple[float, float]:
    if criterion.basis == "predictive":
        return found.predictive, found.predictive_mcse
    return found.posterior(criterion), 0.0


def _decision(rows: list[dict[str, Any]]) -> Decision:
    wins = [row["holds"] for row in rows if row["action"] == "success"]
    if wins and all(wins):
        return "success"
    return "futility" if any(row["holds"] for row in rows if row["action"] == "futility") else "continue"


def _sides(design: Design, cohort: Cohort, arms: Mapping[str, str] | None) -> tuple[tuple[str, ...], ...]:
    """Return the patients of each arm, treated first."""
    names = {"treated": "treated", "control": "control"} | dict(arms or {})
    there = list(dict.fromkeys(arm for _, arm in cohort.arms))
    if design.arms == 1:
        if len(there) > 1:
            raise RaBayesError(
                f"{cohort.name} has the arms {', '.join(there)}, and {design.name} is of one arm; "
                "give the rows of one"
            )
        return (cohort.patients,)
    if not there:
        raise RaBayesError(
            f"{cohort.name} has no column arm, and {design.name} has two arms; write treated or "
            "control in every row"
        )
    if sorted(there) != sorted(set(names.values()) & set(there)) or len(there) > 2:
        raise RaBayesError(
            f"{cohort.name} has the arms {', '.join(there)}; write treated and control, or say which "
            "is which with --treated and --control"
        )
    return tuple(cohort.patients_of(names[side]) for side in ("treated", "control"))
