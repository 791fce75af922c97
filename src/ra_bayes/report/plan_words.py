"""A plan in sentences: the answer, a paragraph for the protocol, one for the grant, and the limits.

Every number in them is the plan's, with its Monte Carlo error where it has one; nothing else is claimed.
"""

from __future__ import annotations

import math
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from ra_bayes.figures.plan_assurance import nominal
from ra_bayes.figures.plan_marks import truth_words, value_text
from ra_bayes.numbers import listed
from ra_bayes.planning.plan_numbers import probability_text, size_text, with_error

if TYPE_CHECKING:
    from ra_bayes.planning.design import Design
    from ra_bayes.planning.plan import Plan
    from ra_bayes.planning.sample_size import SampleSize

__all__ = ["engines", "grant", "headline", "limits", "protocol"]


def headline(plan: Plan) -> str:
    """Return the answer in one sentence: of assurance if there is a design prior, else of power."""
    design = plan.design
    answer = plan.answers[-1] if plan.answers else None
    if answer is None:
        row = _row(plan, "alternative")
        return (
            f"With {_patients(design)} the trial succeeds with probability "
            f"{_success(row)} if {truth_words(design, row['truth'])}."
        )
    value = _reached(answer)
    if answer.quantity == "power":
        truth = f"if {truth_words(design, design.truth.alternative)}"
        if answer.n is not None:
            return (
                f"{_begin(_patients(design.at(answer.n)))} give a probability of success of {value} {truth}."
            )
        return (
            f"No size up to {_largest(answer)} patients reaches a probability of success of "
            f"{answer.target:g} {truth}: it is {value} there."
        )
    limit = f"as patients are added it tends to {answer.limit}"
    if answer.n is None and answer.first is not None:
        return str(answer)
    if answer.n is not None:
        return (
            f"{_begin(_patients(design.at(answer.n)))} give a probability of success of {value}, averaged "
            f"over what the truth may be; {limit}."
        )
    if answer.limited:
        now = ""
        if plan.decisions is not None:
            chance = with_error(plan.decisions["assurance"], plan.decisions["mcse"])
            now = f"it is {chance} with {_patients(design)}, and "
        return (
            f"No number of patients gives a probability of success of {answer.target:g}, averaged over "
            f"what the truth may be: {now}{limit}."
        )
    return (
        f"No size up to {_largest(answer)} patients gives a probability of success of {answer.target:g}, "
        f"averaged over what the truth may be: it is {value} there, and {limit}."
    )


def protocol(plan: Plan) -> str:
    """Return a paragraph for the protocol: the design in words, then what it does at the truths it names."""
    design = plan.design
    null, alternative = _row(plan, "null"), _row(plan, "alternative")
    control = f", at a control rate of {design.truth.control:g}" if design.truth.control is not None else ""
    said = [
        " ".join(str(design).splitlines()),
        f"The type I error, the probability of success if {truth_words(design, null['truth'])}{control}, is "
        f"{_success(null)}; the power, that probability at "
        f"{value_text(design, alternative['truth'])}, is {_success(alternative)}.",
    ]
    if len(design.looks) > 1:
        early = [probability_text(row["p_early"], _error(row)) for row in (null, alternative)]
        said.append(
            f"The trial ends before its last look with probability {early[0]} and {early[1]}; the expected "
            f"number of patients at its end is {_expected(null)} and {_expected(alternative)}."
        )
    if plan.decisions is not None:
        said.append(
            "Averaged over the design prior, which is not used in the analysis, the probability of success "
            f"(assurance) is {with_error(plan.decisions['assurance'], plan.decisions['mcse'])}."
        )
    seed = f"; seed {plan.seed}" if any(row["p_success_mcse"] for row in plan.characteristics) else ""
    said.append(
        f"Operating characteristics were computed with ra_bayes {version('ra_bayes')} "
        f"({'; '.join(engines(plan))}{seed})."
    )
    return " ".join(said)


def grant(plan: Plan) -> str:
    """Return a paragraph for a grant: the size, what it buys, and what was believed when it was chosen."""
    design = plan.design
    null, alternative = _row(plan, "null"), _row(plan, "alternative")
    said = [
        f"We plan {_patients(design)}. If {truth_words(design, alternative['truth'])}, the trial declares "
        f"success with probability {_success(alternative)}; if it is {value_text(design, null['truth'])}, "
        f"where success would be an error, with probability {_success(null)}."
    ]
    if plan.decisions is not None and plan.prior is not None:
        said += _believed(plan, plan.decisions)
    said += [_wanted(plan, answer) for answer in plan.answers]
    if alternative.get("expected_weeks") is not None:
        said.append(
            f"From the first patient to the deciding look the trial is expected to take "
            f"{alternative['expected_weeks']:.0f} weeks if the truth is "
            f"{value_text(design, alternative['truth'])}, and {null['expected_weeks']:.0f} if it is "
            f"{value_text(design, null['truth'])}."
        )
    return " ".join(said)


def _believed(plan: Plan, chances: dict[str, Any]) -> list[str]:
    first, last = plan.waterfall[0], plan.waterfall[-1]
    said = []
    if len(plan.waterfall) > 1:
        said.append(
            f"Taken at face value, the source of what is believed ({first['step']}) would give a probability "
            f"of success of {with_error(first['assurance'], first['mcse'])}; after the steps that lead to a "
            f"new trial in new patients ({', '.join(row['step'] for row in plan.waterfall[1:])}) it is "
            f"{with_error(last['assurance'], last['mcse'])}."
        )
    else:
        said.append(
            "Averaged over what the truth may be, the probability of success is "
            f"{with_error(chances['assurance'], chances['mcse'])}."
        )
    error = chances["mcse"]
    said.append(
        "Under the same belief a declared success is right with probability "
        f"{probability_text(chances['success_is_right'], error)}, and with probability "
        f"{probability_text(chances['missed'], error)} the truth is where success asks for it and the trial "
        "does not declare it."
    )
    return said


def _wanted(plan: Plan, answer: SampleSize) -> str:
    if answer.n is not None:
        return (
            f"From {_patients(plan.design.at(answer.n))} on, every size looked at has {answer.quantity} "
            f"{answer.target:g} or more; {answer.n} have {_reached(answer)}."
        )
    if answer.limited:
        return (
            f"No size has {answer.quantity} {answer.target:g}: as patients are added it tends to "
            f"{answer.limit}, the probability that the truth is where success asks for it."
        )
    return f"No size up to {_largest(answer)} patients has {answer.quantity} {answer.target:g}."


def limits(plan: Plan) -> list[str]:
    """Return what was assumed, and what the numbers do not say."""
    design = plan.design
    said = [_of_belief(plan), _of_error(plan)]
    if design.arms == 1:
        said.append(
            "One arm: a success says that the estimand beats a number, not that treatment beats a control. "
            "The placebo response and regression to the mean are in it."
        )
    if design.truth.control is not None:
        said.append(
            f"Power and type I error are told at a true control rate of {design.truth.control:g}; they "
            "differ at another."
        )
    if design.truth.scales:
        scales = listed(
            [f"{name.replace('_sd', ' SD')} {value:.3g}" for name, value in design.truth.scales.items()]
        )
        where = " on the log scale" if design.endpoint.ratio else ""
        said.append(f"Taken as true of patients{where}: {scales}. If patients differ more, power is lower.")
    said.append(_of_conduct(design))
    said.append(_of_engine(plan))
    return said


def _of_belief(plan: Plan) -> str:
    if plan.prior is None:
        return (
            "There is no design prior: power is the probability of success if one assumed truth holds, and "
            "says nothing of how likely that truth is."
        )
    return (
        "Assurance, its ceiling and the chances of right and wrong decisions rest on the design prior, "
        "step by step as told above. Who believes otherwise gets other numbers. The analysis does not use it."
    )


def _of_error(plan: Plan) -> str:
    row = _row(plan, "null")
    expected = nominal(plan.design)
    beside = "" if expected is None else f", where 1 less the cut-off is {expected:.3g}"
    alpha = [each["alpha"] for each in plan.size_curve]
    among = (
        f"; over the sizes looked at it lies between {probability_text(min(alpha))} and "
        f"{probability_text(max(alpha))}"
        if len(alpha) > 1
        else ""
    )
    return (
        "A vague analysis prior does not guarantee the nominal type I error. With "
        f"{_patients(plan.design)} it is {_success(row)}{beside}{among}. It is told at the null, "
        f"{value_text(plan.design, row['truth'])}, and holds success at any look."
    )


def _of_conduct(design: Design) -> str:
    conduct = design.conduct
    if not conduct.dropout and not conduct.missed:
        return "No dropout and no missed visit is assumed beyond what the true values hold already."
    what = []
    if conduct.dropout:
        what.append(f"{conduct.dropout:.0%} dropout at a constant rate")
    if conduct.missed:
        what.append(f"{conduct.missed:.0%} of visits missed")
    how = (
        "Whoever has no outcome counts as a non-responder."
        if design.endpoint.kind == "binary" and conduct.nonresponse
        else "Who leaves or misses is taken not to depend on what would have been seen."
    )
    return f"Assumed of the conduct: {listed(what)}. {how}"


def _of_engine(plan: Plan) -> str:
    largest = max(row["p_success_mcse"] for row in plan.characteristics)
    simulated = (
        "the probabilities of the table of operating characteristics have no simulation error"
        if largest == 0.0
        else f"the Monte Carlo standard error of a probability of success is at most {largest:.2g}, the seed "
        f"{plan.seed}"
    )
    return (
        f"Engine: {'; '.join(engines(plan))}; {simulated}. The numbers are those of the model that was "
        "assumed: none says that it is right."
    )


def engines(plan: Plan) -> list[str]:
    """Return the engines that computed the operating characteristics, each once."""
    return list(dict.fromkeys(str(row["engine"]) for row in plan.characteristics))


def _row(plan: Plan, role: str) -> dict[str, Any]:
    return next(row for row in plan.characteristics if row["role"] == role)


def _success(row: dict[str, Any]) -> str:
    return with_error(row["p_success"], row["p_success_mcse"])


def _error(row: dict[str, Any]) -> float:
    return float(max(row["p_success_mcse"], row["p_futility_mcse"]))


def _expected(row: dict[str, Any]) -> str:
    return size_text(row["expected_n"], row["expected_n_mcse"])


def _patients(design: Design) -> str:
    """Return a design's size in words, and how many must enter for it."""
    if design.entered == design.n:
        return f"{design.n} patients"
    return f"{design.n} evaluable patients ({design.entered} entered)"


def _reached(answer: SampleSize) -> str:
    """Return an answer's value; what falls short of the target is not rounded up to it."""
    value = answer.value
    if value < answer.target <= float(f"{value:.3f}"):
        value = math.floor(1000.0 * value) / 1000.0
    return with_error(value, answer.mcse)


def _largest(answer: SampleSize) -> int:
    return int(answer.rows[-1]["n"])


def _begin(text: str) -> str:
    return text[:1].upper() + text[1:]
