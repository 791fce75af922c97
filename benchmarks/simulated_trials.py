"""Trials simulated patient by patient from a joint model's equations, and counted as a page of facts counts.

Written from docs/methods.md and docs/published-facts.md, and from nothing in ra_bayes.counts, which it is
there to check: plain simulation, no contrasts, no orthants. Records are on the latent scale: they are neither
kept within the outcome's bounds nor rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ra_bayes.model import ModelSpec
from ra_bayes.published import Fact, Publication

__all__ = ["agreeing", "counted", "prior_parameters", "records"]

type Array = NDArray[np.float64]
type Shared = Mapping[str, tuple[str, float]]


def records(
    pages: Mapping[str, ModelSpec],
    parameters: Mapping[str, Mapping[str, Any]],
    weeks: Array,
    factor: Array,
    loading: Any,
    shared: Shared,
    rng: np.random.Generator,
) -> dict[str, Array]:
    """Simulate one arm of many trials.

    Parameters
    ----------
    pages
        Outcome pages, by outcome. A pair with components in common has the first before the second.
    parameters
        By outcome: the page's parameters (trial), or numbers, and ``mean_change`` (trial, visit), or (visit).
    weeks
        Weeks of the visits.
    factor
        Responder factor of every patient (trial, patient).
    loading
        Of responses on the factor (trial), or a number.
    shared
        By second outcome, the first and the correlation of their scores.
    rng
        Random numbers.

    Returns
    -------
    dict of ndarray
        By outcome, what is recorded in its unit, or for a binary outcome the latent score
        (trial, patient, visit).
    """
    scores: dict[str, dict[str, Array]] = {}
    out = {}
    for outcome, page in pages.items():
        own = {
            "level": rng.normal(size=factor.shape),
            "response": rng.normal(size=factor.shape),
            "residual": rng.normal(size=(*factor.shape, weeks.size)),
        }
        if outcome in shared:
            first, c = shared[outcome]
            own = {name: c * scores[first][name] + np.sqrt(1.0 - c**2) * each for name, each in own.items()}
        scores[outcome] = own
        value = {name: np.asarray(each, dtype=float) for name, each in parameters[outcome].items()}
        by_patient = {name: each[..., None] for name, each in value.items() if name != "mean_change"}
        tied = np.asarray(loading, dtype=float)[..., None] if page.benefit_sign else np.zeros(1)

        def with_factor(score: Array, tied: Array = tied, sign: int = page.benefit_sign) -> Array:
            return sign * tied * factor + np.sqrt(1.0 - tied**2) * score

        if page.binary:
            level = by_patient["baseline_mean"] + by_patient["baseline_sd"] * with_factor(own["level"])
            response = np.zeros(factor.shape)
        else:
            rho = by_patient["correlation"]
            level = by_patient["baseline_mean"] + by_patient["baseline_sd"] * own["level"]
            response = by_patient["response_sd"] * (
                rho * own["level"] + np.sqrt(1.0 - rho**2) * with_factor(own["response"])
            )
        if page.shape != "visits":
            raise NotImplementedError(page.shape)
        latent = (
            level[..., None]
            + value["mean_change"][..., None, :]
            + response[..., None] * np.sqrt(weeks / page.reference_week)
            + by_patient["residual_sd"][..., None] * own["residual"]
        )
        if page.link.name not in ("identity", "log", "probit"):
            raise NotImplementedError(page.link.name)
        out[outcome] = np.exp(latent) if page.link.name == "log" else latent
    return out


def shown(
    publication: Publication,
    fact: Fact,
    reading: str,
    values: Mapping[str, Array],
    weeks: Array,
    pages: Mapping[str, ModelSpec],
) -> NDArray[np.bool_]:
    """Say which patients show what a fact counts, whoever else it asks for (trial, patient)."""
    under = reading if reading in fact.readings else next(iter(fact.readings), "")
    holds = []
    for outcome in fact.outcomes:
        start = values[outcome][..., 0]
        for week in fact.weeks:
            now = values[outcome][..., list(weeks).index(week)]
            if pages[outcome].binary:
                holds.append(now > 0.0)
                continue
            how = publication.reading(under)
            change = now - start if fact.direction == "increase" else start - now
            amount = pages[outcome].mcid if how.amount is None else how.amount
            assert amount is not None
            if how.kind == "change":
                holds.append(change > amount)
            elif how.kind == "fraction":
                holds.append(change > amount * start)
            else:
                holds.append(now < amount if how.kind in ("below", "at_most") else now > amount)
    return np.all(holds, axis=0)


def counted(
    publication: Publication,
    reading: str,
    values: Mapping[str, Mapping[str, Array]],
    weeks: Array,
    pages: Mapping[str, ModelSpec],
) -> dict[str, NDArray[np.bool_]]:
    """Say which patients every fact counts: those who show it, and are counted in the fact it is among.

    Parameters
    ----------
    publication
        The paper's facts, of which those of simulated outcomes are counted.
    reading
        How its words are read.
    values
        By arm, what :func:`records` returns.
    weeks
        Weeks of the visits, the first 0.
    pages
        Outcome pages.

    Returns
    -------
    dict of ndarray
        By fact (trial, patient), in the publication's order.
    """
    out: dict[str, NDArray[np.bool_]] = {}
    own = {
        fact.id: shown(publication, fact, reading, values[fact.arm], weeks, pages)
        for fact in publication.facts
        if fact.outcomes and set(fact.outcomes) <= set(values[fact.arm])
    }
    for id, these in own.items():
        parent = publication.fact(id).among
        while parent in own:
            these = these & own[parent]
            parent = publication.fact(parent).among
        out[id] = these
    return out


def agreeing(publication: Publication, patients: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Say in which trials facts of the same patients are of the same patients (trial)."""
    trials = next(iter(patients.values())).shape[0]
    out = np.ones(trials, dtype=bool)
    for id, these in patients.items():
        other = publication.fact(id).same_patients_as
        if other in patients:
            out &= (these == patients[other]).all(axis=1)
    return out


def prior_parameters(
    page: ModelSpec, weeks: Array, trials: int, rng: np.random.Generator
) -> dict[str, Array]:
    """Draw the parameters of one outcome from its page's prior, with the mean change of one arm."""
    out = {}
    for prior in page.priors:
        first, second = prior.numbers
        match prior.parameter.family:
            case "level" | "shift":
                out[prior.parameter.name] = rng.normal(first, second, trials)
            case "scale":
                out[prior.parameter.name] = first * np.exp(rng.normal(0.0, second, trials))
            case "correlation":
                out[prior.parameter.name] = 2.0 * rng.beta(first, first, trials) - 1.0
    steps = rng.normal(size=(trials, weeks.size - 1)) * np.sqrt(np.diff(weeks) / page.reference_week)
    walk = np.concatenate([np.zeros((trials, 1)), steps.cumsum(axis=1)], axis=1)
    walk -= walk[:, [list(weeks).index(page.anchor_week)]]
    out["mean_change"] = out["walk_sd"][:, None] * walk
    return out
