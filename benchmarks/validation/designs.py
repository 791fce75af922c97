"""Published numbers of designs that are computed exactly here."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ra_bayes.mixtures import UNIFORM, beta, normal
from ra_bayes.planning.binary.bop2 import bop2_boundaries, bop2_smallest
from ra_bayes.planning.binary.boundaries import Boundaries
from ra_bayes.planning.binary.difference_table import difference_table
from ra_bayes.planning.binary.posterior import predictive_of
from ra_bayes.planning.binary.predictive import predictive_probability
from ra_bayes.planning.binary.recursion import binary_stopping
from ra_bayes.planning.binary.simon import SimonDesign, simon
from ra_bayes.planning.continuous.characteristics import known_stopping
from ra_bayes.planning.continuous.known import KnownSd
from ra_bayes.planning.continuous.recursion import one_sum
from ra_bayes.planning.rule import Criterion, Rule
from validation.rows import Row, row, table, tally


def designs() -> str:
    """Return the section: designs of binary and continuous endpoints."""
    exact = [*binary(), *repeated_looks()]
    simulated = [*continuous()]
    return "\n\n".join(
        [
            "## Designs",
            "Ours are exact sums or integrals: no Monte Carlo error. " + tally(exact),
            table(exact),
            "These were simulated by those who published them (20,000 trials: an error of up to 0.0035), "
            "or read from a figure.",
            table(simulated, exact=False),
        ]
    )


def binary() -> Iterator[Row]:
    """Yield the named designs of a rate."""
    vignette = simon(p0=0.05, p1=0.20, alpha=0.1, power=0.9)
    first = simon(p0=0.10, p1=0.30, alpha=0.05, power=0.80)
    for name, found, published in (
        ("optimal", first.optimal, "1 10 5 29 15.0 .736"),
        ("minimax", first.minimax, "1 15 5 25 19.5 .549"),
    ):
        yield two_stage(f"Simon {name}, .10 against .30", found, published, "Simon 1989")
    for name, found, published in (
        ("minimax", vignette.minimax, "0 18 3 32 26.44 .3972"),
        ("optimal", vignette.optimal, "0 12 3 37 23.49 .5404"),
    ):
        yield two_stage(f"Simon {name}, .05 against .20", found, published, "clinfun vignette")
    found = simon(p0=0.15, p1=0.40, alpha=0.1, power=0.9).optimal
    yield two_stage("Simon optimal, .15 against .40", found, "1 10 5 22 15.47 .544", "ph2 examples")
    errors = (found.alpha, found.power)
    yield row("the same design", "Pr(success) at .15, .40", ".0907 .9031", errors, "ph2 examples")
    chances = predictive_probability(16, 23, 40, p0=0.6, theta=0.9, prior=beta(0.6, 0.4))
    yield row(
        "16 of 23 responders, 40 in all",
        "predictive, posterior probability",
        ".5655589 .8359808",
        chances,
        "Lee and Liu 2008; phase1b",
    )
    success = difference_table(beta(0.6, 0.4), 40, beta(7.0, 11.0), 0, 0.1)[:, 0] >= 0.9
    against = predictive_of(beta(0.6, 0.4), 23, 40, success)[16]
    yield row(
        "the same, against an uncertain control", "predictive probability", ".7081907", [against], "phase1b"
    )
    two_looks = binary_stopping(Boundaries((20, 40), (6, None), (None, 17)), [0.30, 0.50])
    yield row(
        "two looks, Beta(1, 1)",
        "success, stopped at .30; success at .50",
        ".06 .61 .85",
        (two_looks.p_success[0], two_looks.p_early[0], two_looks.p_success[1]),
        "NCT03377023, arm A",
    )
    smallest = bop2_smallest(0.2, 0.4, alpha=0.1, power=0.8, sizes=range(10, 51))
    yield row(
        "BOP2, smallest design, .2 against .4",
        "n, type I error, power, expected n",
        "25 .09659 .80944 16.19",
        (smallest.boundaries.n, smallest.at_p0.success, smallest.at_p1.success, smallest.at_p0.expected_n),
        "mdanderson-stats",
    )
    design = bop2_boundaries(
        tuple(range(10, 41, 5)), 0.2, lambda_=0.909, gamma=1.0, efficacy=True, prior=beta(0.2, 0.8)
    )
    yield row(
        "BOP2 with efficacy, looks every 5 patients",
        "futility and success at 10, 15, ..., 40",
        "1 2 3 5 7 9 11 7 8 9 10 11 11 12",
        [float(each) for each in (*design.futility, *design.success) if each is not None],
        "BOP2FE",
    )
    rates = binary_stopping(design, [0.2, 0.4]).p_success
    yield row("the same design", "Pr(success) at .2, .4", ".0826 .8814", rates, "BOP2FE")
    later = binary_stopping(Boundaries((77,), (None,), (23,)), UNIFORM.update(18, 48))
    yield row(
        "18 of 48, a later trial of 77",
        "assurance",
        ".84057583",
        later.p_success,
        "AstraZeneca assurance tests",
    )


def two_stage(what: str, found: SimonDesign, published: str, source: str) -> Row:
    """Return a row of one of Simon's designs."""
    ours = (found.r1, found.n1, found.r, found.n, found.en0, found.pet0)
    return row(what, "r1, n1, r, n, EN, PET", published, ours, source)


def repeated_looks() -> Iterator[Row]:
    """Yield what repeated looks at five per cent come to."""
    looks = (2, 3, 4, 5, 10, 20, 50)
    crossed = []
    for count in looks:
        at = np.arange(1.0, count + 1.0) / count
        edge = np.full(count, 1.959964) / np.sqrt(at)
        above, below = one_sum(at, 1.0, -edge, edge, np.zeros(1), np.zeros(1))
        crossed.append(float((above + below).sum()))
    yield row(
        "looks at 5%, two-sided",
        "Pr(crossed) at 2, 3, 4, 5, 10, 20, 50 looks",
        ".083 .107 .126 .142 .193 .248 .320",
        crossed,
        "Armitage, McPherson and Rowe 1969",
    )


def continuous() -> Iterator[Row]:
    """Yield trials with a normal endpoint of known SD."""
    delta = np.array([0.0, 40, 50, 60, 70])
    rule = Rule(
        (Criterion("d", "below", 0, 0.95), Criterion("d", "below", -50, 0.5)),
        (Criterion("d", "below", -40, 0.1, "all"),),
    )
    once = KnownSd(rule, 88.0, (20,), (10,), control_mean=normal(-49, 88 / 20**0.5))
    found = known_stopping(once, {"effect": -delta, "control_mean": np.full(5, -49.0)})
    for name, ours, published in (
        ("success", found.success, "1.1 32.2 50.0 67.6 82.2"),
        ("futility", found.futility, "63.3 6.8 2.5 .8 .2"),
    ):
        yield row(
            f"interim of Crohn's trial, 20:10, {name}",
            "% at 0, 40, 50, 60, 70",
            published,
            100 * ours[:, 0],
            "Gsponer 2014, table 1",
        )
    rule = Rule(
        (Criterion("d", "above", 0, 0.975, "all"), Criterion("d", "above", 50, 0.5, "all")),
        (Criterion("d", "above", 40, 0.1, "all"),),
    )
    twice = KnownSd(rule, 88.0, (20, 40), (10, 20), control_mean=normal(49, 88 / 20**0.5))
    found = known_stopping(twice, {"effect": delta, "control_mean": np.full(5, 50.0)})
    for name, ours, published in (
        ("success", found.success.sum(axis=1), ".013 .423 .646 .820 .931"),
        ("futility", found.futility.sum(axis=1), ".840 .100 .036 .009 .002"),
    ):
        yield row(
            f"the trial's two looks, {name}",
            "by the end, at 0, 40, 50, 60, 70",
            published,
            ours,
            "Gerber and Gsponer 2016, table 1",
        )
    sizes = (155, 233, 77)
    margin = Rule((Criterion("log hazard ratio", "below", 0.4, 0.95),))
    at = [
        float(
            known_stopping(
                KnownSd(margin, 2.0, (n,), mean=normal(0.0, 100.0)), {"effect": np.zeros(1)}
            ).p_success[0]
        )
        for n in sizes
    ]
    yield row(
        "non-inferiority",
        "Pr(success) at 0 with 155, 233, 77",
        ".80 .92 .55",
        at,
        "Neuenschwander 2011, figure 3",
    )
