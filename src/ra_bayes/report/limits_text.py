"""What the results cannot say, as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ra_bayes.numbers import how_many, listed
from ra_bayes.report.arms_text import Arms

__all__ = ["limits_text"]


def limits_text(
    cohort: Mapping[str, Any],
    *,
    alone: int,
    together: Sequence[str] = (),
    arms: Arms | None = None,
    led: Mapping[str, Sequence[str]],
    unasked: Sequence[str],
    certified: Mapping[str, str],
) -> list[str]:
    """Return the limits of the fits of a folder.

    Parameters
    ----------
    cohort
        The cohort's entry of the provenance.
    alone
        How many outcomes were modelled by themselves.
    together
        Labels of outcomes that were modelled in one.
    arms
        The arms, of a trial of two.
    led
        By outcome, the estimands that its prior leads, of those that were asked about.
    unasked
        Outcomes of which that was not asked.
    certified
        By outcome, what its calibration certificate says.
    """
    lines = []
    if cohort["synthetic"]:
        lines.append(
            "The data are synthetic. No patient stands behind them, and nothing here is evidence about a "
            "treatment."
        )
    lines += [
        _no_control() if arms is None else _control(arms),
        _few(len(cohort["patients"])),
    ]
    lines += [
        f"{label}: the prior leads {', '.join(names)}. These numbers are the model page's opinion, not "
        "findings."
        for label, names in led.items()
        if names
    ]
    if unasked:
        lines.append(
            f"Which estimands the prior leads has not been asked for {', '.join(unasked)}; ra-bayes trust "
            "asks it."
        )
    none = [label for label, line in certified.items() if ": none is shipped" in line or ": stale" in line]
    if none:
        lines.append(
            "Whether the intervals hold what they promise at such a number of patients has not been "
            f"measured, or not for the page as fitted, for {', '.join(none)}."
        )
    if alone > 1:
        lines.append(
            "Each outcome is modelled by itself, and no correction is made for their number. Composite "
            "scores share components, so their results are not independent."
        )
    if together:
        lines.append(
            f"{listed(together)} were fitted together: what one tells of another rests on how the joint page "
            "ties them. Calibration certificates are of models of one outcome."
        )
    return [
        *lines,
        "“True” values live on the model's scale, which may reach beyond the ends of a bounded score (a VAS "
        "below 0); so do true changes and the shares computed from them. Recorded ones do not.",
        "Missing visits are taken as missing at random given the patient's other records. Why they are "
        "missing, and what else happened, is not known to the model: records after rescue medication count "
        "like others, and who left the study, or died, is predicted as if still followed.",
        "The gate says that the sampler worked, not that the model is right: compare the posterior "
        "predictive checks.",
    ]


def _few(patients: int) -> str:
    whose = (
        "in good part the prior's answer" if patients > 1 else "the prior's answer: one shows nothing of it"
    )
    return (
        f"{how_many(patients)}: how much patients differ, and how level and "
        f"change go together, is {whose}. See “What the prior did” under each outcome."
    )


def _no_control() -> str:
    return (
        "One arm, no control: a change from baseline holds the effect of treatment, the placebo response and "
        "regression to the mean together. “Beyond the historical placebo response” subtracts what placebo "
        "arms of other trials showed; it is not a randomised comparison."
    )


def _control(arms: Arms) -> str:
    return (
        f"Two arms: what {arms.treated} showed over {arms.control} is an effect of treatment only if "
        "patients came to their arm by chance, which a table of records does not say. The model takes both "
        "arms to start alike, and patients to differ and to be measured alike in both."
    )
