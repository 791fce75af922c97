"""Criteria of response: percent improvement on one's own baseline, or an outcome's good states at a week.

A criterion parts what is recorded of a patient into a response and none:

    improvement:  y_t <= (1 - share) y_0  where lower is better,  y_t >= (1 + share) y_0  where higher is
    state:        y_t at or below a cut-off of the outcome (remission; low disease activity or remission)

Nobody who starts at 0 has a percent improvement: that is no response. A percentage has a meaning only where 0
means none, so not for DAS28.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ra_bayes.errors import RaBayesError
from ra_bayes.model.spec import ModelSpec
from ra_bayes.outcome import Outcome

__all__ = ["Criterion", "criteria_of", "has_criteria"]

# Best states of an outcome that count as a response: of SDAI remission and low, not moderate.
_GOOD_STATES = 2


@dataclass(frozen=True, slots=True)
class Criterion:
    """What counts as a response.

    Parameters
    ----------
    name
        Short name for tables, e.g. ``"sdai50"``.
    label
        For people.
    share
        Improvement on one's own baseline, 0.5 for 50%; None for a state.
    at_most
        Cut-off of a state, in the outcome's unit; None for an improvement.
    inclusive
        Whether the cut-off belongs to the state.
    source
        Where the criterion is defined.
    """

    name: str
    label: str
    share: float | None = None
    at_most: float | None = None
    inclusive: bool = True
    source: str = ""

    @property
    def edge(self) -> float:
        """Cut-off of a state."""
        assert self.at_most is not None
        return self.at_most


def criteria_of(spec: ModelSpec, improvements: Sequence[float] | None = None) -> tuple[Criterion, ...]:
    """Return the criteria of response of a model's outcome, the easiest improvement first.

    Parameters
    ----------
    spec
        The model.
    improvements
        Shares of one's own baseline, 0.5 for 50%; those in use for the outcome if not given.

    Raises
    ------
    RaBayesError
        If a share is not one, or a percentage of the outcome means nothing.

    Examples
    --------
    >>> from ra_bayes.model import load_model
    >>> [each.name for each in criteria_of(load_model("sdai"))]
    ['sdai50', 'sdai70', 'sdai85', 'sdai_low_or_better', 'sdai_remission']
    >>> [each.label for each in criteria_of(load_model("vas"), [0.3])]
    ['Pain (VAS) improved by at least 30%']
    """
    outcome = spec.outcome
    if spec.binary:
        return (Criterion(outcome.id, outcome.label, source=outcome.source),)
    if spec.likelihood.name != "normal":
        return ()  # what is recorded is not a true value with normal noise
    sources = {each.share: each.source for each in outcome.improvements}
    shares = sorted(sources if improvements is None else set(improvements))
    if shares and not _has_percentages(outcome):
        raise RaBayesError(
            f"a percent improvement in {outcome.label} means nothing, since its scale does not start at 0 or "
            "has no agreed direction of benefit; leave improvements out"
        )
    most = 1.0 if outcome.benefit == "decrease" else 10.0
    for share in shares:
        if not 0.0 < share < most:
            raise RaBayesError(f"an improvement of {share:g} is not a share; write 0.5 for 50%")
    return (*(_improvement(outcome, share, sources.get(share, "")) for share in shares), *_states(outcome))


def has_criteria(spec: ModelSpec) -> bool:
    """Say whether :func:`criteria_of` finds any without being asked for a share."""
    return bool(criteria_of(spec))


def _has_percentages(outcome: Outcome) -> bool:
    return outcome.lower == 0.0 and outcome.benefit is not None and not outcome.id.startswith("das28")


def _improvement(outcome: Outcome, share: float, source: str) -> Criterion:
    return Criterion(
        f"{outcome.id}{100.0 * share:g}",
        f"{outcome.label} improved by at least {100.0 * share:g}%",
        share=share,
        source=source,
    )


def _states(outcome: Outcome) -> list[Criterion]:
    if outcome.benefit != "decrease":
        return []
    found = []
    for k, each in enumerate(outcome.categories[:_GOOD_STATES]):
        if each.up_to is None:
            break
        name = each.label if k == 0 else f"{each.label} or better"
        sign = "≤" if each.up_to_inclusive else "<"
        found.append(
            Criterion(
                f"{outcome.id}_{name.replace(' ', '_').replace('-', '_')}",
                f"{outcome.label} {sign} {each.up_to:g} ({name})",
                at_most=each.up_to,
                inclusive=each.up_to_inclusive,
                source=each.source,
            )
        )
    return found[::-1]
