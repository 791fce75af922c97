"""The priors of a model page, and what two numbers may not say."""

from __future__ import annotations

import math

from scipy import special

from ra_bayes.model.likelihoods import Likelihood
from ra_bayes.model.likelihoods.ordered import Ordered
from ra_bayes.model.links import Link
from ra_bayes.model.people import Arm
from ra_bayes.model.priors import Parameter, Prior, family_keys
from ra_bayes.model.residuals import Autoregressive
from ra_bayes.model.spec import parameters
from ra_bayes.model.trajectories import Trajectory
from ra_bayes.outcome import Outcome
from ra_bayes.toml_page import TomlTable

__all__ = ["check_binary", "on_link", "read_priors", "read_shift"]


def read_priors(
    page: TomlTable,
    trajectory: Trajectory,
    likelihood: Likelihood,
    chosen: Link,
    outcome: Outcome,
    arm: Arm | None,
    residuals: Autoregressive | None = None,
) -> tuple[Prior, ...]:
    """Read a prior of every parameter; what is wrong or missing is noted on the page's list."""
    table = page.table("priors", "give a table [priors.NAME] for every parameter")
    if table is None:
        return ()
    pinned = table.raw("response_sd")
    no_response = isinstance(pinned, dict) and pinned.get("fixed") == 0
    priors = []
    latent = _read_categories(table, likelihood, outcome) if isinstance(likelihood, Ordered) else {}
    for parameter in parameters(trajectory, likelihood, outcome, arm, residuals):
        if parameter.name in latent:
            priors.append(Prior(parameter, *latent[parameter.name]))
            continue
        if parameter.name == "correlation" and no_response and parameter.name not in table:
            priors.append(Prior(parameter, (1.0, 0.0), "patients have no response of their own to correlate"))
            continue
        choices = " or ".join(" and ".join(keys) for keys in family_keys(parameter.family))
        entry = table.table(parameter.name, f"give {choices}, and why ({parameter.meaning})")
        if entry is not None:
            priors.append(_read_prior(entry, parameter, chosen, outcome))
            entry.finish()
    table.finish()
    return tuple(priors)


def check_binary(page: TomlTable, trajectory: Trajectory, priors: tuple[Prior, ...]) -> None:
    """Note what a page of a binary outcome may not ask for."""
    pinned = {prior.parameter.name: prior.numbers[0] for prior in priors if prior.fixed}
    if pinned.get("residual_sd") != 1.0:
        page.problem("priors.residual_sd", "is not 1", "set fixed = 1: it is the unit of the latent score")
    if pinned.get("response_sd") != 0.0:
        page.problem(
            "priors.response_sd", "is not 0", "set fixed = 0: yes or no cannot tell it from the level"
        )
    if trajectory.name != "visits":
        page.problem(
            "trajectory",
            "is not visits",
            "leave it out: a rate is anchored where it is told",
            trajectory.name,
        )


def _read_prior(entry: TomlTable, parameter: Parameter, chosen: Link, outcome: Outcome) -> Prior:
    why = entry.text("why", "give the reason for these numbers in one line")
    match parameter.family:
        case "level":
            median = entry.number("median", "give the median in the outcome's unit")
            lower, upper = (end if end is not None else math.nan for end in (outcome.lower, outcome.upper))
            if median < lower or median > upper:
                entry.problem(
                    "median", f"is outside {outcome.id}'s bounds", "give a value inside them", median
                )
            sd = entry.number("sd", "give the SD on the link's scale", above=0)
            return Prior(parameter, (on_link(entry, median, chosen), sd), why)
        case "shift":
            return Prior(parameter, read_shift(entry), why)
        case "scale" if "fixed" in entry:
            if parameter.may_be_zero:
                fixed = entry.number("fixed", "give a number from 0 up", at_least=0)
            else:
                fixed = entry.number("fixed", "give a number above 0", above=0)
            return Prior(parameter, (fixed, 0.0), why)
        case "scale":
            median = entry.number("median", "give the median, above 0", above=0)
            sdlog = entry.number("sdlog", "give the SD of the log, e.g. 0.4", above=0)
            return Prior(parameter, (median, sdlog), why)
        case "correlation":
            return Prior(
                parameter, (entry.number("concentration", "give Beta(c, c)'s c, e.g. 4", above=0), 0.0), why
            )
        case "proportion":
            median = entry.number("median", "give the median, between 0 and 1", above=0)
            if median >= 1.0:
                entry.problem("median", "is not below 1", "give the median, between 0 and 1", median)
            sd = entry.number("sd", "give the SD of its probit, e.g. 0.5", above=0)
            return Prior(parameter, (float(special.ndtri(median)), sd), why)


def on_link(table: TomlTable, median: float, chosen: Link) -> float:
    """Return a median in the outcome's unit on the link's scale; one that it cannot take is noted."""
    found = float(chosen.forward(median))
    if math.isnan(median) or math.isfinite(found):
        return found
    table.problem(
        "median", f"is outside what the {chosen.name} link can take", "give a value inside it", median
    )
    return math.nan


def read_shift(entry: TomlTable) -> tuple[float, float]:
    """Read median and SD of a change on the link's scale."""
    median = entry.number("median", "give the median on the link's scale, 0 for no change")
    return median, entry.number("sd", "give the SD on the link's scale", above=0)


def _read_categories(
    table: TomlTable, likelihood: Ordered, outcome: Outcome
) -> dict[str, tuple[tuple[float, float], str]]:
    """Read where the categories lie, from the shares of patients expected in each: mean score and gaps."""
    number = len(outcome.levels)
    mend = f"give shares of patients expected in the {number} categories at the anchor week, sd and why"
    mean, widths = table.table("baseline_mean", mend), table.table("gaps", "give sdlog and why")
    names = [parameter.name for parameter in likelihood.parameters(outcome)]
    spread = table.raw("baseline_sd")
    spread = spread.get("median", spread.get("fixed")) if isinstance(spread, dict) else None
    centre, medians = math.nan, [math.nan] * len(names)
    if mean is not None:
        shares = mean.raw("shares")
        numbers = isinstance(shares, list) and all(isinstance(each, int | float) for each in shares)
        if not numbers or len(shares) != number or min(shares) <= 0 or abs(sum(shares) - 1.0) > 1e-6:
            what = f"are not {number} positive numbers that sum to 1"
            mean.problem("shares", what, f"write one for each of {outcome.level_names}", shares)
        elif isinstance(spread, int | float) and spread > 0:
            centre, medians = likelihood.medians(shares, float(spread))
    found = {}
    if mean is not None:
        sd = mean.number("sd", "give the SD of the mean on the latent scale", above=0)
        found["baseline_mean"] = ((centre, sd), mean.text("why", "give the reason for these shares"))
        mean.finish()
    if widths is not None:
        sdlog = widths.number("sdlog", "give the SD of the log of each category's width, e.g. 0.4", above=0)
        why = widths.text("why", "give the reason for this number")
        found |= {name: ((median, sdlog), why) for name, median in zip(names, medians, strict=True)}
        widths.finish()
    absent = ((math.nan, math.nan), "")
    return {name: found.get(name, absent) for name in ("baseline_mean", *names)}
