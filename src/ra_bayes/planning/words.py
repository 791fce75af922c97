"""A design in sentences fit for a protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ra_bayes.planning.design import Design

__all__ = ["design_words", "listed"]


def design_words(design: Design) -> str:
    """Return a design's arms, endpoint, looks, conduct, prior and rule, a sentence a line."""
    said = [_arms(design), _endpoint(design), *_looks(design), *_conduct(design), *_analysis(design)]
    return "\n".join([*said, *design.rule.sentences()])


def _arms(design: Design) -> str:
    who = f"{design.entered} patients"
    if design.arms == 1:
        return f"{design.title}: {who} in one arm, without a control."
    treated, control = design.allocation
    return f"{design.title}: {who} randomised {treated}:{control} to treatment and control."


def _endpoint(design: Design) -> str:
    end = design.endpoint
    visits = (
        f", estimated from all visits (weeks {listed([f'{week:g}' for week in end.visits])})"
        if end.kind == "longitudinal"
        else ""
    )
    side = "higher" if end.benefit == "above" else "lower"
    return f"The estimand is the {design.estimand}{visits}; {side} is better."


def _looks(design: Design) -> list[str]:
    looks = design.looks
    have = {
        "binary": "are evaluable",
        "continuous": "have an outcome",
        "longitudinal": "have reached the last visit",
    }[design.endpoint.kind]
    if len(looks) == 1:
        return [f"The data are analysed once, when {looks[0]} patients {have}."]
    if len(looks) > 8 and looks == tuple(range(looks[0], looks[-1] + 1)):
        return [f"The data are looked at after every patient from the {looks[0]}th to the {looks[-1]}th."]
    return [f"The data are looked at when {listed([str(look) for look in looks])} patients {have}."]


def _conduct(design: Design) -> list[str]:
    conduct, said = design.conduct, []
    if conduct.dropout:
        share = (
            f"{conduct.dropout:.0%} of patients are expected to have left by week {design.endpoint.week:g}"
        )
        if design.endpoint.kind == "longitudinal":
            said.append(f"{share}; what was seen of them is analysed.")
        elif design.endpoint.kind == "binary" and conduct.nonresponse:
            said.append(f"{share}; whoever has no outcome counts as a non-responder.")
        else:
            said.append(f"{share}; {design.entered} are entered so that {design.n} have an outcome.")
    if conduct.missed:
        said.append(f"A visit is expected to be missed with probability {conduct.missed:g}.")
    if conduct.accrual is not None:
        said.append(f"{conduct.accrual:g} patients are expected to enter a month.")
    return said


def _analysis(design: Design) -> list[str]:
    from ra_bayes.planning.design import BinaryAnalysis, LongitudinalAnalysis

    prior = design.analysis
    if isinstance(prior, BinaryAnalysis):
        said = f"The analysis prior of the rate is {prior.rate}"
        return [said + (f", of the control rate {prior.control_rate}." if prior.control_rate else ".")]
    unit = " on the log scale" if design.endpoint.ratio else ""
    if isinstance(prior, LongitudinalAnalysis):
        effect = (
            "flat" if prior.effect is None else f"Normal({prior.effect[0]:g}, SD {prior.effect[1]:g}){unit}"
        )
        scales = {name: numbers for name, numbers in prior.scales.items() if name != "correlation"}
        sds = listed(
            [
                f"{name.replace('_sd', '')} SD LogNormal(median {median:g}, SD of the log {sdlog:g})"
                for name, (median, sdlog) in scales.items()
            ]
        )
        return [f"The analysis prior of the effect is {effect}; of the {sds}."]
    means = [("mean change", prior.mean)]
    if design.arms == 2:
        means.append(("control's mean change", prior.control_mean))
    said = listed([f"of the {name} {'flat' if each is None else each}" for name, each in means])
    sd = "estimated" if prior.sd is None else f"taken as {prior.sd:g}{unit}"
    return [f"The analysis prior is, {said}; the SD of a patient's change is {sd}."]


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence: ``"a, b and c"``."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
