"""The rates of a publication's counts, each under a vague prior and under those that other trials give.

    r ~ Binomial(n, p)        p ~ a mixture of Betas        p | r = the mixture updated

Each count by itself: nothing is borrowed between outcomes, nothing is said of single patients.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from ra_bayes.errors import RaBayesError
from ra_bayes.historical.arms import Role, historical_arms
from ra_bayes.historical.robust import VAGUE_WEIGHT, robust
from ra_bayes.mixtures import UNIFORM, BetaMixture, difference_interval, p_greater
from ra_bayes.published import Publication
from ra_bayes.rates.count import Count, counts_of, pairs_of
from ra_bayes.rates.other_trials import Prior, arms_behind, no_prior, of_new_arm, words_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["response_rates"]

# The rule of three is of a one-sided 95% limit, whatever interval is asked for.
_ONE_SIDED = 0.95
_NAN = float("nan")


def response_rates(
    publication: Publication,
    *,
    ci_prob: float = 0.90,
    vague: BetaMixture = UNIFORM,
    vague_weight: float = VAGUE_WEIGHT,
    tau: float = 1.0,
    weeks: tuple[float, float] | None = None,
    leave_out: Collection[str] = (),
) -> pd.DataFrame:
    """Return the rate behind each published count, one row for each fact and prior.

    Exact: sums of Beta functions and quadrature, no sampling, hence no Monte Carlo error.

    Parameters
    ----------
    publication
        Its facts are the counts.
    ci_prob
        Probability of the equal-tailed intervals.
    vague
        The prior that knows nothing; uniform: every count as likely.
    vague_weight
        Its weight in the robust priors.
    tau
        Scale of the half-normal prior of the SD between other trials' arms, on the log odds
        (:func:`~ra_bayes.historical.map_prior`).
    weeks
        First and last week at which a count of another trial's arm will do
        (:func:`~ra_bayes.historical.historical_arms` has the default).
    leave_out
        Studies or arms on file that will not do, such as ``["UC-MSC+IFNg"]``.

    Returns
    -------
    pandas.DataFrame
        ``quantity`` (``"rate"``, or ``"difference"`` treated − control), ``fact``, ``words``, ``arm``,
        ``week``, ``r``, ``n``; ``prior``, ``prior_mean``, ``prior_lower``, ``prior_upper``, ``prior_ess``
        (patients it is worth, by moments); ``estimate`` (posterior median), ``lower``, ``upper``,
        ``ci_prob``, ``ci_kind``; ``p_above_control`` (chance that the rate exceeds that of a new control
        arm like those of other trials; for a difference, that it exceeds 0); ``evidence`` (probability of
        exactly this count beforehand); of a count of zero ``upper_95`` (one-sided), ``upper_95_exact``
        (binomial, without prior) and ``rule_of_three``; ``arms`` and ``sources`` behind count and prior,
        ``definition``. A row whose ``prior`` says that there is none has no numbers.

    Raises
    ------
    RaBayesError
        If it is no publication, `ci_prob` is no probability or the counts cannot be.

    Examples
    --------
    >>> from ra_bayes.published import read_publication
    >>> from ra_bayes.resources import data_dir
    >>> paper = read_publication(data_dir() / "published" / "jamshidi2024.toml")
    >>> table = response_rates(paper)
    >>> acr20 = table[table["fact"] == "acr20_week16"]
    >>> acr20[["prior", "estimate", "lower", "upper"]].iloc[0].tolist()[0]
    'vague: Beta(1, 1)'
    >>> round(float(acr20["estimate"].iloc[0]), 2)
    0.64
    """
    import pandas as pd

    if not 0.0 < ci_prob < 1.0:
        raise RaBayesError(f"ci_prob is {ci_prob}; it must lie between 0 and 1")
    counts, controls = counts_of(publication), publication.controls
    citation = f"{publication.citation} {publication.doi}"

    def prior(event: str, role: Role, week: float) -> Prior[BetaMixture]:
        on_file = historical_arms(event, role, week=week, weeks=weeks, leave_out=leave_out, citation=citation)
        if missing := no_prior(on_file, role):
            return Prior(missing, None, on_file)
        counts = tuple((arm.r, arm.n) for arm in on_file.used)
        return Prior(words_of(on_file, role), of_new_arm(counts, tau), on_file)

    def with_robust(found: Prior[BetaMixture]) -> Iterator[Prior[BetaMixture]]:
        yield found
        if found.rate is not None:
            words = f"{found.words}, {vague_weight:.0%} vague"
            yield Prior(words, robust(found.rate, weight=vague_weight, vague=vague), found.on_file)

    rows = []
    historical: dict[str, Prior[BetaMixture]] = {}
    know_nothing = Prior(f"vague: {vague!r}", vague)
    for count in counts:
        rows_of = [know_nothing]
        if count.on_file:
            historical[count.id] = prior(count.on_file, "control", count.week)
            rows_of += with_robust(historical[count.id])
            if count.arm not in controls:
                rows_of += with_robust(prior(count.on_file, "msc", count.week))
        else:
            rows_of.append(Prior("no prior from other trials: none on file counts this", None))
        control = historical[count.id].rate if count.id in historical else None
        rows += [_rate_row(count, each, control, ci_prob) for each in rows_of]
    for treated, control_count in pairs_of(counts, controls):
        of_control = [know_nothing]
        if control_count.id in historical and historical[control_count.id].rate is not None:
            of_control += with_robust(historical[control_count.id])
        rows += [_difference_row(treated, control_count, vague, each, ci_prob) for each in of_control]
    return pd.DataFrame(rows, columns=list(_EMPTY)).astype({"r": "Int64", "n": "Int64"})


_EMPTY: dict[str, object] = {
    **dict.fromkeys(("quantity", "fact", "words", "arm"), ""),
    "week": _NAN,
    **dict.fromkeys(("r", "n")),
    "prior": "",
    **dict.fromkeys(("prior_mean", "prior_lower", "prior_upper", "prior_ess"), _NAN),
    **dict.fromkeys(("estimate", "lower", "upper", "ci_prob"), _NAN),
    "ci_kind": "eti",
    **dict.fromkeys(("p_above_control", "evidence", "upper_95", "upper_95_exact", "rule_of_three"), _NAN),
    **dict.fromkeys(("arms", "sources", "definition"), ""),
}


def _rate_row(
    count: Count, prior: Prior[BetaMixture], control: BetaMixture | None, ci_prob: float
) -> dict[str, object]:
    row = {
        **_EMPTY,
        "quantity": "rate",
        "fact": count.id,
        "words": count.words,
        "arm": count.arm,
        "week": count.week,
        "r": count.r,
        "n": count.n,
        "ci_prob": ci_prob,
        "definition": count.definition,
        **_behind(prior, count.source),
    }
    if prior.rate is None:
        return row
    posterior = prior.rate.update(count.r, count.n)
    row |= _prior_of(prior.rate, ci_prob)
    row |= dict(zip(("lower", "upper"), posterior.interval(ci_prob), strict=True))
    row |= {
        "estimate": posterior.quantile(0.5),
        "p_above_control": _NAN if control is None else p_greater(posterior, control),
        "evidence": prior.rate.evidence(count.r, count.n),
    }
    if count.r == 0:
        row |= {
            "upper_95": posterior.quantile(_ONE_SIDED),
            "upper_95_exact": 1.0 - (1.0 - _ONE_SIDED) ** (1.0 / count.n),
            "rule_of_three": min(3.0 / count.n, 1.0),
        }
    return row


def _difference_row(
    treated: Count, control: Count, vague: BetaMixture, prior: Prior[BetaMixture], ci_prob: float
) -> dict[str, object]:
    """The rate of the treated arm, under the vague prior, less that of the control arm, under `prior`."""
    assert prior.rate is not None
    x, y = vague.update(treated.r, treated.n), prior.rate.update(control.r, control.n)
    median, lower, upper = difference_interval(x, y, ci_prob)
    _, prior_lower, prior_upper = difference_interval(vague, prior.rate, ci_prob)
    return {
        **_EMPTY,
        "quantity": "difference",
        "fact": f"{treated.id} - {control.id}",
        "words": (
            f"{treated.r} of {treated.n} ({treated.arm}) less {control.r} of {control.n} ({control.arm})"
        ),
        "arm": f"{treated.arm} - {control.arm}",
        "week": treated.week,
        "prior_mean": vague.mean - prior.rate.mean,
        "prior_lower": prior_lower,
        "prior_upper": prior_upper,
        "estimate": median,
        "lower": lower,
        "upper": upper,
        "ci_prob": ci_prob,
        "p_above_control": p_greater(x, y),
        "evidence": vague.evidence(treated.r, treated.n) * prior.rate.evidence(control.r, control.n),
        "definition": (
            f"rate of {treated.arm} less rate of {control.arm}; the prior is that of the control arm, "
            "the treated arm's is vague"
        ),
        **_behind(prior, "; ".join(dict.fromkeys((treated.source, control.source)))),
    }


def _prior_of(rate: BetaMixture, ci_prob: float) -> dict[str, object]:
    lower, upper = rate.interval(ci_prob)
    return {"prior_mean": rate.mean, "prior_lower": lower, "prior_upper": upper, "prior_ess": rate.ess}


def _behind(prior: Prior[BetaMixture], source: str) -> dict[str, object]:
    """The prior in words, its arms, and the sources of the count and of them."""
    return {
        "prior": prior.words,
        "arms": arms_behind(prior.on_file),
        "sources": "; ".join([source, *(f"{each} [{each.source}]" for each in prior.on_file.used)]),
    }
