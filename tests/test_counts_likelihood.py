"""Probability of published counts at fixed parameters: against trials simulated patient by patient.

The trials are those of benchmarks/simulated_trials.py, which knows the equations of docs/methods.md and
nothing of orthants. Counts are compared within four standard errors of the simulation.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from published_pages import DAS, READINGS, Table, acr, fact, page
from scipy import stats
from simulated_trials import agreeing, counted, records

from ra_bayes.conditioning.importance import importance_sample
from ra_bayes.conditioning.posterior import given_counts
from ra_bayes.counts import CountsModel, counts_model
from ra_bayes.counts.layout import Draws
from ra_bayes.counts.likelihood import log_likelihood
from ra_bayes.errors import RaBayesError
from ra_bayes.model.joint_reader import load_joint_model
from ra_bayes.model.namespace import NUMPY
from ra_bayes.published import read_publication_text
from ra_bayes.resources import data_dir

PAGE = data_dir() / "published" / "jamshidi2024.toml"
TRIALS = 100_000
AT_ONCE = 50_000


def problem_of(*facts: Table, model: str = "wide", reading: str = "any", **tables: object) -> CountsModel:
    return given_counts(read_publication_text(page(*facts, **tables), "made"), model, reading)


def likely_point(problem: CountsModel, seed: int) -> np.ndarray:
    """A point where the counts are not too rare to be simulated."""
    rng = np.random.default_rng(seed)
    found = importance_sample(problem.log_likelihood, problem.dimension, ess=150.0, chains=2, rng=rng)
    points, likelihood = found.points.reshape(-1, problem.dimension), found.log_likelihood.ravel()
    return points[[int(np.argmax(likelihood))]]


def simulated(problem: CountsModel, draws: Draws, seed: int) -> dict[str, np.ndarray]:
    """Who is counted in every fact, in many trials with the parameters of the first draw."""
    rng, layout = np.random.default_rng(seed), problem.layout
    parts: dict[str, list[np.ndarray]] = {}
    for _ in range(TRIALS // AT_ONCE):
        values: dict[str, Mapping[str, np.ndarray]] = {}
        for arm in layout.arms:
            parameters = {
                outcome: {
                    name: each[0]
                    for name, each in draws.values[arm.id, outcome].items()
                    if name not in ("response_shape", "walk_step")
                }
                for outcome in layout.pages
            }
            factor = (
                np.zeros((AT_ONCE, arm.n))
                if draws.loading is None
                else np.broadcast_to(draws.factor[arm.id][0], (AT_ONCE, arm.n))
            )
            loading = 0.0 if draws.loading is None else draws.loading[0]
            shared = {each.second: (each.first, each.correlation) for each in layout.joint.shared}
            here = {second: how for second, how in shared.items() if {second, how[0]} <= set(layout.pages)}
            values[arm.id] = records(layout.pages, parameters, layout.weeks, factor, loading, here, rng)
        who = counted(problem.publication, problem.reading, values, layout.weeks, layout.pages)
        for id, these in who.items():
            parts.setdefault(id, []).append(these)
    return {id: np.concatenate(each) for id, each in parts.items()}


def agrees(problem: CountsModel, draws: Draws, who: dict[str, np.ndarray], least: int) -> None:
    """Compare the probability of the counts, of each block's and of all, with its frequency."""
    for blocks in (*((block,) for block in problem.blocks), problem.blocks):
        facts = [event.fact for block in blocks for event in block.events]
        names = [each.id for each in facts]
        hits = agreeing(problem.publication, {id: who[id] for id in names})
        for each in facts:
            hits &= who[each.id].sum(axis=1) == each.r
        exact = float(np.exp(log_likelihood(problem.layout, blocks, draws, NUMPY))[0])
        assert hits.sum() > least, names
        error = np.sqrt(exact * (1.0 - exact) / hits.size)
        assert abs(hits.mean() - exact) < 4.0 * error, names


def draws_at(problem: CountsModel, point: np.ndarray) -> Draws:
    return problem.layout.expand(*problem.split(point), NUMPY)


@pytest.mark.parametrize(("reading", "seed"), [("any_change", 1), ("mcid", 2), ("fraction_20", 3)])
def test_all_counts_of_the_shipped_paper(reading: str, seed: int) -> None:
    """Sustained weeks, among, the same patients, a shared component, a response: all at once."""
    problem = given_counts(PAGE, "wide", reading)
    draws = draws_at(problem, likely_point(problem, seed))
    agrees(problem, draws, simulated(problem, draws, seed), least=150)


VAS24, SDAI24 = fact("better", 5, week=24), fact("sdai", 4, outcomes=["sdai"], week=24)
TWO_ARMS: Table = {
    "trial": None,
    "arm": [{"id": "cells", "n": 7, "words": "x"}, {"id": "placebo", "n": 5, "words": "x"}],
}


def armed(id: str, r: int, arm: str, **keys: object) -> Table:
    return fact(id, r, arm=arm, **{"n": {"cells": 7, "placebo": 5}[arm], **keys})


PAGES_OF_FACTS: dict[str, tuple[tuple[Table, ...], Table, str]] = {
    # Some of those whose pain is less, by another outcome: nobody has it by having less pain.
    "among, of another outcome": (
        (VAS24, fact("sdai", 3, outcomes=["sdai"], week=24, among="better")),
        {},
        "",
    ),
    "the same patients, of two outcomes": (
        (VAS24, fact("sdai", 5, outcomes=["sdai"], week=24, same_patients_as="better")),
        {},
        "",
    ),
    "the same patients as some among others": (
        (
            VAS24,
            fact("sdai", 3, outcomes=["sdai"], week=24, among="better"),
            fact("das", 3, **{**DAS, "readings": ["low"]}, week=24, same_patients_as="sdai"),
        ),
        {},
        "",
    ),
    "some among some among others": (
        (
            VAS24,
            fact("sdai", 4, outcomes=["sdai"], week=24, among="better"),
            fact("das", 2, **{**DAS, "readings": ["low"]}, week=24, among="sdai"),
        ),
        {},
        "",
    ),
    "outcomes that share components, each counted": (
        (
            SDAI24,
            fact("cdai", 5, outcomes=["cdai"], week=24),
            fact("half", 1, outcomes=["cdai"], readings=["half"]),
        ),
        {},
        "",
    ),
    "two lines of one value, and its change": (
        (
            fact("low", 4, **{**DAS, "readings": ["low"]}),
            fact("remission", 2, **{**DAS, "readings": ["remission"]}),
            fact("fallen", 6, outcomes=["das28_esr"]),
        ),
        {},
        "",
    ),
    "better and worse": (
        (
            VAS24,
            fact("worse", 2, week=24, direction="increase", readings=["mcid"]),
            fact("sdai", 4, outcomes=["sdai"], week=24, among="better"),
        ),
        {},
        "",
    ),
    "between two lines, and fallen": (
        (
            fact("below_high", 5, **{**DAS, "readings": ["below_high"]}),
            fact("moderate", 6, **{**DAS, "readings": ["moderate"]}),
            fact("fallen", 6, outcomes=["das28_esr"]),
        ),
        {"readings": {**READINGS, "below_high": {"words": "at most 5.1", "at_most": 5.1}}},
        "",
    ),
    "responses at two visits": (
        (acr("early", 4, week=4), acr("late", 6, week=24), acr("both", 3, sustained_weeks=[4, 24], week=24)),
        {},
        "",
    ),
    "two arms": (
        (
            armed("pain_cells", 5, "cells", readings=["mcid"]),
            armed("pain_placebo", 2, "placebo", readings=["mcid"]),
            armed("das_cells", 3, "cells", outcomes=["das28_crp"], direction=None, readings=["remission"]),
            armed("acr_placebo", 1, "placebo", outcomes=["acr20"], direction=None, readings=None),
        ),
        TWO_ARMS,
        "mcid",
    ),
}


@pytest.mark.parametrize("name", PAGES_OF_FACTS)
def test_counts_of_synthetic_papers(name: str) -> None:
    facts, tables, reading = PAGES_OF_FACTS[name]
    problem = problem_of(*facts, reading=reading or "any", model="placebo_informed", **tables)
    draws = draws_at(problem, likely_point(problem, seed=4))
    agrees(problem, draws, simulated(problem, draws, seed=5), least=500)


def test_without_a_loading_patients_are_alike_and_counts_binomial() -> None:
    joint = replace(load_joint_model("wide"), loading=None)
    paper = read_publication_text(page(fact("better", 3, readings=["mcid"], week=24), acr("acr", 5)), "made")
    problem = counts_model(paper, joint, reading="mcid")
    draws = draws_at(problem, np.random.default_rng(7).normal(size=(20, problem.dimension)))
    vas, acr20 = draws.values["all", "vas"], draws.values["all", "acr20"]
    at = list(problem.layout.weeks).index
    # A recorded change has twice the residual variance; 10 mm is the page's MCID.
    spread = np.sqrt(vas["response_sd"] ** 2 + 2.0 * vas["residual_sd"] ** 2)
    better = stats.norm.cdf((-vas["mean_change"][:, at(24.0)] - 10.0) / spread)
    level = acr20["baseline_mean"] + acr20["mean_change"][:, at(12.0)]
    responds = stats.norm.cdf(level / np.sqrt(1.0 + acr20["baseline_sd"] ** 2))
    exact = stats.binom.logpmf(3, 9, better) + stats.binom.logpmf(5, 9, responds)
    found = log_likelihood(problem.layout, problem.blocks, draws, NUMPY)
    np.testing.assert_allclose(found, exact, rtol=1e-9)


def test_probabilities_of_all_counts_add_up_to_one() -> None:
    """Every outcome of a trial of three has a probability: also those that a page would refuse."""
    facts = (
        fact("better", 3, n=3, week=24),
        fact("sustained", 2, n=3, week=24, sustained_weeks=[12, 24], among="better"),
        fact("sdai", 2, n=3, outcomes=["sdai"], week=24),
        acr("acr", 1, n=3),
    )
    problem = problem_of(*facts, trial={"n": 3})
    point = np.random.default_rng(8).normal(size=(5, problem.dimension))
    total = np.zeros(5)
    for counts in itertools.product(range(4), repeat=4):
        if counts[1] <= counts[0]:
            total += np.exp(problem.with_counts(counts).log_likelihood(point))
    np.testing.assert_allclose(total, 1.0, atol=1e-6)


def test_facts_are_counted_together_only_where_they_have_to_be() -> None:
    problem = problem_of(
        VAS24,
        SDAI24,
        fact("cdai", 5, outcomes=["cdai"], week=24),
        acr("acr", 4),
        fact("il10", 4, outcomes=["il10"], direction="increase"),
        fact("il17", 3, outcomes=["il17"], among="il10"),
        fact("pain_at_12", 4),
    )
    together = [{event.fact.id for event in block.events} for block in problem.blocks]
    assert together == [{"better", "pain_at_12"}, {"sdai", "cdai"}, {"acr"}, {"il10", "il17"}]
    armed_problem = given_counts(
        read_publication_text(page(armed("a", 3, "cells"), armed("b", 2, "placebo"), **TWO_ARMS), "made"),
        "wide",
        "any",
    )
    assert [block.arm.id for block in armed_problem.blocks] == ["cells", "placebo"]


def test_pytensor_gives_the_same_probability_and_a_finite_right_gradient() -> None:
    import pytensor
    import pytensor.tensor as pt

    from ra_bayes.model.build import PYTENSOR

    problem = problem_of(fact("better", 3, n=4), acr("acr", 1, n=4), trial={"n": 4})
    layout = problem.layout
    normal, unit = pt.dvector(), pt.dvector()
    graph = log_likelihood(layout, problem.blocks, layout.expand(normal, unit, PYTENSOR), PYTENSOR)
    run = pytensor.function([normal, unit], [graph, *pt.grad(graph, [normal, unit])], mode="FAST_COMPILE")

    def numpy(point: np.ndarray, rho: np.ndarray) -> float:
        return float(log_likelihood(layout, problem.blocks, layout.expand(point, rho, NUMPY), NUMPY))

    rng = np.random.default_rng(9)
    for scale in (1.0, 1.0, 1.0, 6.0, 30.0):
        point, rho = rng.normal(size=layout.size) * scale, rng.beta(4.0, 4.0, len(layout.units))
        value, slope, slope_rho = run(point, rho)
        assert float(value) == pytest.approx(numpy(point, rho), rel=1e-9)
        assert np.isfinite(slope).all()
        assert np.isfinite(slope_rho).all()
        if scale == 1.0:
            step = 1e-6 * np.eye(layout.size)
            numeric = [(numpy(point + each, rho) - numpy(point - each, rho)) / 2e-6 for each in step]
            np.testing.assert_allclose(slope, numeric, atol=1e-5)
            numeric = (numpy(point, rho + 1e-6) - numpy(point, rho - 1e-6)) / 2e-6
            assert slope_rho[0] == pytest.approx(numeric, abs=1e-5)


def test_counts_that_leave_patients_unchanged_are_refused() -> None:
    """Under any change who is not better is worse: 5 and 2 of 9 are not all. By the MCID they may be."""
    worse = fact("worse", 2, week=24, direction="increase")
    with pytest.raises(RaBayesError) as caught:
        problem_of(VAS24, worse)
    assert str(caught.value) == (
        "facts better 5 of 9, worse 2 of 9: no 9 patients can have these counts together; correct one of them"
    )
    assert problem_of(VAS24, {**worse, "r": 4}).blocks
    assert problem_of(VAS24, {**worse, "readings": ["mcid"]}).blocks


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        pytest.param(
            [fact("sustained", 3, week=24, sustained_weeks=[1, 2, 4, 8, 12, 16, 24])],
            "facts about vas: 7 visits and outcomes at once are more than the 6 that can be integrated over; "
            "give fewer weeks",
            id="weeks",
        ),
        pytest.param(
            [fact(f"at_{week}", 4, week=week) for week in range(1, 10)],
            "facts at_1, at_2, at_3, at_4, at_5, at_6, at_7, at_8, at_9: 9 facts about the same outcomes or "
            "patients are more than the 8 that can be counted together; leave some out",
            id="facts",
        ),
        pytest.param(
            [fact("any", 5), fact("fifth", 4, readings=["fifth"]), fact("low", 3, readings=["half"])],
            "facts about vas compare its values of weeks 0 and 12 in 3 ways at once, more than there are "
            "values; leave one of the facts out",
            id="ways",
        ),
    ],
)
def test_what_cannot_be_counted_gets_its_sentence(facts: list[Table], told: str) -> None:
    visits = {"weeks": [0, *range(1, 25)], "status": "stated", "basis": "x"}
    with pytest.raises(RaBayesError) as caught:
        problem_of(*facts, visits=visits)
    assert str(caught.value) == told
