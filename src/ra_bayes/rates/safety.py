"""How often harm may come when none, or little, was seen: the risk of a patient, and events over time.

    r of n patients with an event            r ~ Binomial(n, risk)       risk ~ a mixture of Betas
    k events in E patient-weeks              k ~ Poisson(rate E)         rate ~ a mixture of gammas

Both are conjugate; nothing is sampled. Each is told under a prior that knows nothing and under one from
other trials' arms, so that a reader sees what is the data's and what is the arms'. Without any prior, exact
one-sided limits (Clopper and Pearson 1934; Garwood 1936) solve

    Pr(r or fewer | risk) = 5%    which for r = 0 is 1 - 0.05^(1/n)
    Pr(k or fewer | rate) = 5%    which for k = 0 is -log(0.05) / E = 3.00 / E

and the rule of three (Hanley and Lippman-Hand 1983) is 3 / n and 3 / E.

The arms on file count patients, not events. Where few were affected that is nearly the same: were events to
come at random, a fifth of patients affected would mean 0.22 events a patient. So arms make a prior of the
rate of events only where at most a fifth of their patients were affected, each followed for the arm's weeks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.historical.arms import ArmsOnFile, Role, historical_arms
from ra_bayes.historical.map_prior import map_prior
from ra_bayes.historical.robust import VAGUE_WEIGHT, robust
from ra_bayes.mixtures import UNIFORM, BetaMixture, GammaMixture, fit_mixture, gamma
from ra_bayes.rates.other_trials import Prior, arms_behind, no_prior, of_new_arm, words_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["safety"]

_WEEKS_PER_YEAR = 365.25 / 7.0
# The rule of three is of a one-sided 95% limit, whatever interval is asked for.
_ONE_SIDED = 0.95
_PER_100_YEARS = 100.0 * _WEEKS_PER_YEAR
# Flat wherever a rate of harm may lie, and proper: of mean 1 event a week, worth one patient-week.
_VAGUE_RATE = gamma(1.0, 1.0)
# Log events per patient-week of an arm: one a year, 95% from 0.02 to 50 a year. As wide as that of log odds.
_MEAN_LOG_RATE = (-math.log(_WEEKS_PER_YEAR), 2.0)
_MOST_AFFECTED = 0.2
_NAN = float("nan")


class _Asked(NamedTuple):
    """What is counted against what, and how it is told."""

    quantity: str
    event: str
    week: float
    seen: int
    size: float
    factor: float
    unit: str
    definition: str
    ci_prob: float


def safety(
    r: int,
    n: int,
    *,
    events: int | None = None,
    patient_weeks: float | None = None,
    event: str = "serious_adverse_event",
    week: float = 24.0,
    role: Role = "msc",
    arms: ArmsOnFile | None = None,
    risk_prior: BetaMixture | None = None,
    rate_prior: GammaMixture | None = None,
    risk_below: Sequence[float] = (0.05, 0.10, 0.20),
    rate_below: Sequence[float] = (10.0, 20.0, 50.0),
    ci_prob: float = 0.90,
    tau: float = 1.0,
) -> pd.DataFrame:
    """Return how often harm may come, under the vague and the informative prior side by side.

    Parameters
    ----------
    r, n
        Patients with at least one event, and patients.
    events, patient_weeks
        Events, repeated ones too, and the weeks all patients were followed, added up. Without
        `patient_weeks` no rate over time is told. No patient affected is no event.
    event
        What it is called in the files of other trials' arms.
    week
        End of follow-up.
    role
        Which arms make the informative prior: ``"msc"`` or ``"control"``.
    arms
        Those arms (:func:`~ra_bayes.historical.historical_arms`); by default all on file of `event` and
        `role` that were followed for at least half of `week`. Two are needed.
    risk_prior, rate_prior
        An informative prior of one's own in place of the arms': of the risk, and of events per patient-week.
    risk_below, rate_below
        Limits of which the chance to lie below is told: shares of patients, events per 100 patient-years.
    ci_prob
        Probability of the equal-tailed intervals.
    tau
        Scale of the half-normal prior of the SD between arms, on the log odds and on the log rate.

    Returns
    -------
    pandas.DataFrame
        A row for each quantity, prior and limit. ``quantity`` (``"risk"`` of a patient by `week`, ``"rate"``
        of events), ``event``, ``week``, ``count``, ``size`` (patients, or patient-weeks), ``unit``; ``prior``
        in words, ``prior_kind`` (``"vague"``, ``"informative"``, ``"robust"``: informative with 20% vague),
        ``prior_estimate``, ``prior_lower``, ``prior_upper``; ``estimate`` (median), ``lower``, ``upper``,
        ``ci_prob``, ``ci_kind``; ``upper_95`` (one-sided), ``upper_95_exact`` (without prior),
        ``rule_of_three`` (only where none was seen); ``below`` and ``p_below``; ``mcse``, which is 0;
        ``number_of_arms`` and ``arms`` behind the prior, ``definition``. A row whose ``prior`` says that
        there is none has no numbers of a posterior.

    Raises
    ------
    RaBayesError
        If the counts, the exposure or a limit cannot be.

    Examples
    --------
    No serious adverse event among six patients, followed for 24 weeks each:

    >>> table = safety(0, 6, patient_weeks=144)
    >>> risk = table[(table["quantity"] == "risk") & (table["below"] == 0.2)].set_index("prior_kind")
    >>> risk.loc[["vague", "informative"], ["upper_95", "p_below"]].round(3).to_numpy().tolist()
    [[0.348, 0.79], [0.076, 0.994]]
    """
    import pandas as pd

    events = _checked(r, n, events, patient_weeks, ci_prob, risk_below, rate_below)
    arms = historical_arms(event, role, week=week) if arms is None else arms
    of_patient = f"chance of a new patient to have one by week {week:g}"
    risk = _Asked("risk", event, week, r, float(n), 1.0, "share of patients", of_patient, ci_prob)
    informative = Prior("as given", risk_prior) if risk_prior is not None else _of_risk(arms, role, tau)
    rows = list(_rows(risk, Prior(f"vague: {UNIFORM!r}", UNIFORM), informative, risk_below))
    if patient_weeks is not None and events is not None:
        unit, over_time = "events per 100 patient-years", "events, repeated ones too, as often at any time"
        size = float(patient_weeks)
        rate = _Asked("rate", event, week, events, size, _PER_100_YEARS, unit, over_time, ci_prob)
        given = Prior("as given", rate_prior) if rate_prior is not None else _of_rate(arms, role, tau)
        vague = Prior(f"vague: {_VAGUE_RATE!r} per patient-week", _VAGUE_RATE)
        rows += _rows(rate, vague, given, [each / _PER_100_YEARS for each in rate_below])
    return pd.DataFrame(rows)


def _checked(
    r: int,
    n: int,
    events: int | None,
    patient_weeks: float | None,
    ci_prob: float,
    risk_below: Sequence[float],
    rate_below: Sequence[float],
) -> int | None:
    """Return the number of events if it is known."""
    if not (n >= 1 and 0 <= r <= n and r == int(r) and n == int(n)):
        raise RaBayesError(f"{r} of {n} patients cannot be; give whole numbers, r from 0 to n")
    if patient_weeks is not None and not 0.0 < patient_weeks < math.inf:
        raise RaBayesError(f"{patient_weeks:g} patient-weeks cannot be; give a number above 0")
    if events is None and r == 0:
        events = 0
    if events is None and patient_weeks is not None:
        raise RaBayesError(
            f"{r} patients had an event, which may be more events than {r}; give events beside patient_weeks"
        )
    if events is not None and (events != int(events) or events < r or (r == 0 and events > 0)):
        raise RaBayesError(
            f"{events} events in {r} patients cannot be; each affected patient had one or more"
        )
    if not 0.0 < ci_prob < 1.0:
        raise RaBayesError(f"ci_prob is {ci_prob}; it must lie between 0 and 1")
    if wrong := [each for each in risk_below if not 0.0 < each < 1.0]:
        raise RaBayesError(f"risk_below has {wrong[0]:g}; give shares of patients between 0 and 1")
    if wrong := [each for each in rate_below if not 0.0 < each < math.inf]:
        raise RaBayesError(f"rate_below has {wrong[0]:g}; give events per 100 patient-years above 0")
    return events


def _of_risk(arms: ArmsOnFile, role: Role, tau: float) -> Prior[BetaMixture]:
    if missing := no_prior(arms, role):
        return Prior(missing, None, arms)
    return Prior(words_of(arms, role), of_new_arm(tuple((arm.r, arm.n) for arm in arms.used), tau), arms)


def _of_rate(arms: ArmsOnFile, role: Role, tau: float) -> Prior[GammaMixture]:
    if missing := no_prior(arms, role):
        return Prior(missing, None, arms)
    if often := [arm for arm in arms.used if arm.r > _MOST_AFFECTED * arm.n]:
        why = f"no prior from other trials: {often[0]} affected, so more events than patients, not counted"
        return Prior(why, None, arms)
    exposed = tuple((arm.r, arm.n * arm.week) for arm in arms.used)
    return Prior(words_of(arms, role), _new_arm_rate(exposed, tau), arms)


@lru_cache(maxsize=32)
def _new_arm_rate(arms: tuple[tuple[int, float], ...], tau: float) -> GammaMixture:
    """The MAP prior of events per patient-week of a new arm as a mixture of few gammas."""
    found = map_prior(arms, family="poisson", mean=_MEAN_LOG_RATE, tau=tau)
    return fit_mixture(found.predictive, GammaMixture).mixture


def _rows[M: (BetaMixture, GammaMixture)](
    asked: _Asked, vague: Prior[M], informative: Prior[M], below: Sequence[float]
) -> Iterator[dict[str, object]]:
    """The rows of one quantity: each prior with each limit, in the unit of the conjugate posterior."""
    priors = {"vague": vague, "informative": informative}
    if informative.rate is not None and vague.rate is not None:
        words = f"{informative.words}, {VAGUE_WEIGHT:.0%} vague"
        priors["robust"] = Prior(words, robust(informative.rate, vague=vague.rate), informative.on_file)
    for kind, prior in priors.items():
        shared = {
            "quantity": asked.quantity,
            "event": asked.event,
            "week": asked.week,
            "count": asked.seen,
            "size": asked.size,
            "unit": asked.unit,
            "prior": prior.words,
            "prior_kind": kind,
            **_summary(prior.rate, asked),
            "upper_95_exact": asked.factor * _exact_limit(asked),
            "rule_of_three": _rule_of_three(asked),
        }
        posterior = None if prior.rate is None else prior.rate.update(asked.seen, asked.size)
        for limit in below:
            yield shared | {
                "below": asked.factor * limit,
                "p_below": _NAN if posterior is None else float(posterior.cdf(limit)),
                "mcse": 0.0,
                "number_of_arms": len(prior.on_file.used),
                "arms": arms_behind(prior.on_file),
                "definition": asked.definition,
            }


def _summary(prior: BetaMixture | GammaMixture | None, asked: _Asked) -> dict[str, object]:
    names = ("estimate", "lower", "upper")
    own: dict[str, object] = dict.fromkeys((*(f"prior_{name}" for name in names), *names, "upper_95"), _NAN)
    if prior is not None:
        posterior = prior.update(asked.seen, asked.size)
        for start, rate in (("prior_", prior), ("", posterior)):
            told = rate.quantile(0.5), *rate.interval(asked.ci_prob)
            own |= {f"{start}{name}": asked.factor * each for name, each in zip(names, told, strict=True)}
        own["upper_95"] = asked.factor * posterior.quantile(_ONE_SIDED)
    return {**own, "ci_prob": asked.ci_prob, "ci_kind": "eti"}


def _exact_limit(asked: _Asked) -> float:
    """The largest risk or rate under which so few would be seen with a probability of 5%."""
    if asked.quantity == "rate":
        return float(special.gammaincinv(asked.seen + 1.0, _ONE_SIDED)) / asked.size
    if asked.seen == asked.size:
        return 1.0
    return float(special.betaincinv(asked.seen + 1.0, asked.size - asked.seen, _ONE_SIDED))


def _rule_of_three(asked: _Asked) -> float:
    if asked.seen:
        return _NAN
    return min(3.0 / asked.size, 1.0) if asked.quantity == "risk" else asked.factor * 3.0 / asked.size
