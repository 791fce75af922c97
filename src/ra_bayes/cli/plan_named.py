"""``ra-bayes plan simon``, ``predictive``, ``bop2`` and ``thall-simon``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ra_bayes.cli.options import json_option
from ra_bayes.cli.plan_named_result import Place, check_place, place_options, show, write
from ra_bayes.cli.terminal import say
from ra_bayes.errors import RaBayesError

if TYPE_CHECKING:
    from ra_bayes.mixtures import BetaMixture

__all__ = ["bop2", "predictive", "simon", "thall_simon"]

_p0 = click.option("--p0", type=float, required=True, help="Response rate that is of no interest.")
_p1 = click.option("--p1", type=float, required=True, help="Response rate that is of interest.")
_alpha = click.option(
    "--alpha", type=float, default=0.05, show_default=True, help="Largest probability of success at p0."
)
_power = click.option(
    "--power", type=float, default=0.8, show_default=True, help="Smallest probability of success at p1."
)
_nmax = click.option("--nmax", type=int, default=300, show_default=True, help="Most patients in all.")


@click.command(short_help="Simon's two-stage designs: optimal, minimax, admissible.")
@_p0
@_p1
@_alpha
@_power
@_nmax
@place_options
@json_option
def simon(p0: float, p1: float, alpha: float, power: float, nmax: int, place: Place, as_json: bool) -> None:
    """Find Simon's two-stage designs (Simon 1989): one arm, one look, futility only.

    Optimal has the fewest patients expected at p0, minimax the fewest in all; those between are
    admissible (Jung 2004). Every number is exact.

    \b
    ra-bayes plan simon --p0 0.1 --p1 0.3 --alpha 0.05 --power 0.8
    """
    from ra_bayes.planning.binary.simon import simon as search
    from ra_bayes.planning.binary.text import columns, paragraph

    check_place(place, "simon")
    found = search(p0, p1, alpha, power, nmax)
    asked = f"p0 {p0:g}, p1 {p1:g}, alpha <= {alpha:g}, power >= {power:g}"
    optimal = found.optimal
    wrote = write(place, "simon", found.as_dict(), optimal.boundaries, f"Simon's optimal design, {asked}")
    if as_json:
        say(found.as_dict())
        return
    names = {found.minimax: "minimax", found.optimal: "optimal"}
    if found.minimax == found.optimal:
        names = {found.optimal: "optimal and minimax"}
    rows = [
        (
            names.get(each, "admissible"),
            f"{each.r1}/{each.n1}",
            f"{each.r}/{each.n}",
            f"{each.en0:.2f}",
            f"{each.pet0:.4f}",
            f"{each.alpha:.4f}",
            f"{each.power:.4f}",
        )
        for each in reversed(found.admissible)
    ]
    head = ("design", "r1/n1", "r/n", f"patients at {p0:g}", f"stops at {p0:g}", "alpha", "power")
    title = f"Simon's two-stage designs, {asked}"
    legend = (
        f"After n1 patients the trial stops with r1 responders or fewer; it ends well with more than r of n. "
        f"Patients are expected numbers and stops probabilities of stopping early, at a rate of {p0:g}. All "
        "numbers are exact."
    )
    protocol = paragraph(f"The optimal design: {optimal.words()}")
    say("\n\n".join([title, columns(head, rows), paragraph(legend), protocol, *wrote]))


@click.command(short_help="Lee and Liu's predictive probability: of a trial under way, or a design.")
@_p0
@click.option("--p1", type=float, help="Response rate that is of interest: find a design.")
@_alpha
@_power
@click.option("--responders", type=int, help="Responders so far: what is the chance of success?")
@click.option("--n", type=int, help="Patients so far.")
@_nmax
@click.option(
    "--theta",
    type=float,
    default=0.9,
    show_default=True,
    help="Success is Pr(rate > p0 | all data) >= theta; with --responders.",
)
@click.option("--prior", help="Beta prior of the rate as A,B.  [default: p0, 1 - p0]")
@click.option("--first", type=int, default=10, show_default=True, help="Patients at a design's first look.")
@place_options
@json_option
def predictive(
    p0: float,
    p1: float | None,
    alpha: float,
    power: float,
    responders: int | None,
    n: int | None,
    nmax: int,
    theta: float,
    prior: str | None,
    first: int,
    place: Place,
    as_json: bool,
) -> None:
    """Say how probable success is, given the data so far; or, with --p1, find a design (Lee and Liu 2008).

    A design looks after every patient, stops for futility when success has become improbable, and has the
    fewest patients that keep both error rates.

    \b
    ra-bayes plan predictive --responders 16 --n 23 --nmax 40 --p0 0.6 --theta 0.9 --prior 0.6,0.4
    ra-bayes plan predictive --p0 0.2 --p1 0.4 --alpha 0.1 --power 0.9 --out plans
    """
    from ra_bayes.planning.binary.checks import check_rates

    check_rates(p0)
    before = _prior(prior, p0)
    if p1 is None:
        if responders is None or n is None:
            raise RaBayesError(
                "nothing is asked; write --responders and --n of a trial, or --p1 for a design"
            )
        if place.out is not None:
            raise RaBayesError("--out writes a design; write --p1 to find one, or leave --out out")
        _under_way(p0, responders, n, nmax, theta, before, as_json)
    elif responders is not None or n is not None:
        raise RaBayesError(
            "--p1 asks for a design, --responders and --n for a trial's chances; write one of them"
        )
    else:
        _predictive_design(p0, p1, alpha, power, before, nmax, first, place, as_json)


def _under_way(
    p0: float, responders: int, n: int, nmax: int, theta: float, prior: BetaMixture, as_json: bool
) -> None:
    from ra_bayes.planning.binary.predictive import predictive_probability
    from ra_bayes.planning.binary.text import columns, paragraph

    if n < 1:
        raise RaBayesError(f"{n} patients so far cannot be; write a number above 0")
    success, now = predictive_probability(responders, n, nmax, p0, theta, prior)
    if as_json:
        say({"predictive_probability": success, "posterior_probability": now})
        return
    rows = [
        ("predictive probability of success", f"{success:.7f}"),
        (f"Pr(rate > {p0:g} | {responders} of {n})", f"{now:.7f}"),
    ]
    rule = (
        f"Success is Pr(rate > {p0:g} | data of all {nmax} patients) >= {theta:g}; the prior is {prior}. "
        "Both numbers are exact."
    )
    say(f"{columns(('given the data so far', ''), rows)}\n\n{paragraph(rule)}")


def _predictive_design(
    p0: float,
    p1: float,
    alpha: float,
    power: float,
    prior: BetaMixture,
    nmax: int,
    first: int,
    place: Place,
    as_json: bool,
) -> None:
    from ra_bayes.planning.binary.predictive import predictive_design

    check_place(place, "predictive")
    found = predictive_design(p0, p1, alpha, power, prior, nmax, first)
    title = (
        f"Predictive probability design, p0 {p0:g}, p1 {p1:g}, alpha <= {alpha:g}, power >= {power:g}, "
        f"prior {prior}"
    )
    rule = (
        f"theta_T between {found.theta_t[0]:.4f} and {found.theta_t[1]:.4f}: success at the end is "
        f"Pr(rate > {p0:g} | data) >= theta_T. theta_L up to {found.theta_l[1]:.6f}: the trial stops for "
        "futility when the predictive probability of success is below it."
    )
    parameters = {"theta_l": found.theta_l[1], "theta_t": list(found.theta_t)}
    rates = [found.at_p0, found.at_p1]
    show("predictive", title, rule, found.boundaries, rates, parameters, place, as_json)


@click.command(short_help="BOP2: a cut-off that rises with the patients so far.")
@_p0
@_p1
@_alpha
@click.option(
    "--power", type=float, help="Smallest probability of success at p1: fewest patients expected at p0."
)
@click.option(
    "--n", type=int, help="Patients in all.  [default: the best number up to --nmax; needs --power]"
)
@click.option("--nmax", type=int, default=100, show_default=True, help="Most patients in all.")
@click.option("--looks", help="Patients at each look, as 10,20,30,40, instead of --n, --first and --every.")
@click.option("--first", type=int, default=10, show_default=True, help="Patients at the first look.")
@click.option("--every", type=int, default=5, show_default=True, help="Patients between looks.")
@click.option("--efficacy", is_flag=True, help="Also stop for efficacy (BOP2-FE, O'Brien-Fleming type).")
@click.option("--lambda", "lambda_", type=float, help="With --gamma: this cut-off, instead of the best one.")
@click.option("--gamma", type=float, help="With --lambda: this cut-off, instead of the best one.")
@place_options
@json_option
def bop2(
    p0: float,
    p1: float,
    alpha: float,
    power: float | None,
    n: int | None,
    nmax: int,
    looks: str | None,
    first: int,
    every: int,
    efficacy: bool,
    lambda_: float | None,
    gamma: float | None,
    place: Place,
    as_json: bool,
) -> None:
    """Find a BOP2 design (Zhou, Lee and Yuan 2017): stop when Pr(rate > p0 | data) < lambda (n/N)^gamma.

    With --n or --looks: the largest power, or with --power the fewest patients expected at p0. Without: the
    best number of patients too.

    \b
    ra-bayes plan bop2 --p0 0.2 --p1 0.4 --alpha 0.1 --n 40
    ra-bayes plan bop2 --p0 0.2 --p1 0.4 --alpha 0.1 --power 0.8 --nmax 50
    """
    from ra_bayes.planning.binary.at_rate import OperatingCharacteristics
    from ra_bayes.planning.binary.bop2 import (
        Bop2Design,
        bop2_boundaries,
        bop2_design,
        bop2_smallest,
        regular_looks,
    )
    from ra_bayes.planning.binary.checks import check_errors

    check_errors(p0, p1, alpha, (1.0 + alpha) / 2.0 if power is None else power)
    check_place(place, "bop2")
    when = None
    if looks is not None:
        when = _integers(looks)
    elif n is not None:
        when = regular_looks(_positive("--n", n), first, every)
    if (lambda_ is None) != (gamma is None):
        raise RaBayesError("--lambda and --gamma make the cut-off together; write both or neither")
    if lambda_ is not None and gamma is not None:
        if when is None:
            raise RaBayesError("a cut-off needs a number of patients; write --n or --looks")
        boundaries = bop2_boundaries(when, p0, lambda_, gamma, efficacy=efficacy)
        rates = [OperatingCharacteristics.of(boundaries, p) for p in (p0, p1)]
        found = Bop2Design(boundaries, lambda_, gamma, *rates)
    elif when is not None:
        found = bop2_design(when, p0, p1, alpha, efficacy=efficacy, power=power)
    elif power is None:
        raise RaBayesError(
            "the number of patients is not said; write --n, --looks, or --power to find the best"
        )
    else:
        sizes = range(min(first, nmax), _positive("--nmax", nmax) + 1)
        found = bop2_smallest(p0, p1, alpha, power, sizes=sizes, first=first, every=every, efficacy=efficacy)
    title = (
        f"BOP2 design, p0 {p0:g}, p1 {p1:g}, {found.boundaries.n} patients, prior Beta({p0:g}, {1.0 - p0:g})"
    )
    cut_off = f"lambda {found.lambda_:g}, gamma {found.gamma:g}"
    rule = (
        f"{cut_off}: the trial stops for futility when Pr(rate > {p0:g} | data) < lambda (n / "
        f"{found.boundaries.n})^gamma."
    )
    if efficacy:
        rule += " It stops for efficacy at O'Brien and Fleming's type of cut-off, lambda at the end."
    parameters = {"lambda": found.lambda_, "gamma": found.gamma}
    show("bop2", title, rule, found.boundaries, [found.at_p0, found.at_p1], parameters, place, as_json)


@click.command("thall-simon", short_help="Thall and Simon: against what is believed of the standard.")
@click.option("--standard", required=True, help="Beta prior of the standard treatment's rate as A,B.")
@click.option("--prior", required=True, help="Beta prior of the treated arm's rate as A,B.")
@click.option("--delta", type=float, required=True, help="Improvement over the standard that is hoped for.")
@click.option("--looks", required=True, help="Patients at each look, as 10,20,30,40.")
@click.option("--lower", type=float, default=0.05, show_default=True, help="Cut-off of futility.")
@click.option("--upper", type=float, default=0.95, show_default=True, help="Cut-off of success.")
@place_options
@json_option
def thall_simon(
    standard: str,
    prior: str,
    delta: float,
    looks: str,
    lower: float,
    upper: float,
    place: Place,
    as_json: bool,
) -> None:
    """Compute Thall and Simon's boundaries (1994) and what they do.

    Success when Pr(rate > standard | data) >= upper; futility when Pr(rate > standard + delta | data) <=
    lower.

    \b
    ra-bayes plan thall-simon --standard 15,35 --prior 0.6,1.4 --delta 0.15 --looks 10,20,30,40
    """
    from ra_bayes.planning.binary.at_rate import OperatingCharacteristics
    from ra_bayes.planning.binary.thall_simon import thall_simon_boundaries

    check_place(place, "thall-simon")
    known, before = _beta("--standard", standard), _beta("--prior", prior)
    boundaries = thall_simon_boundaries(
        _integers(looks), known, before, delta=delta, lower=lower, upper=upper
    )
    rates = [known.mean] if known.mean + delta > 1.0 else [known.mean, known.mean + delta]
    title = f"Thall and Simon's design, standard {known}, treated {before}, delta {delta:g}"
    rule = (
        f"Success when Pr(rate > standard | data) >= {upper:g}; futility when "
        f"Pr(rate > standard + {delta:g} | data) <= {lower:g}."
    )
    found = [OperatingCharacteristics.of(boundaries, rate) for rate in rates]
    show("thall-simon", title, rule, boundaries, found, {}, place, as_json)


def _prior(text: str | None, p0: float) -> BetaMixture:
    from ra_bayes.mixtures import beta

    return beta(p0, 1.0 - p0) if text is None else _beta("--prior", text)


def _beta(option: str, text: str) -> BetaMixture:
    from ra_bayes.mixtures import beta

    try:
        a, b = (float(each) for each in text.split(","))
    except ValueError:
        raise RaBayesError(
            f"{option} {text!r} is not a Beta distribution; write its two numbers as 0.6,0.4"
        ) from None
    if not (0.0 < a < float("inf") and 0.0 < b < float("inf")):
        raise RaBayesError(
            f"{option} {text!r} is not a Beta distribution; write two numbers above 0 as 0.6,0.4"
        )
    return beta(a, b)


def _integers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(each) for each in text.split(","))
    except ValueError:
        raise RaBayesError(
            f"--looks {text!r} are not numbers of patients; write them as 10,20,30,40"
        ) from None


def _positive(option: str, value: int) -> int:
    if value < 1:
        raise RaBayesError(f"{option} {value} cannot be; write a number of patients above 0")
    return value
