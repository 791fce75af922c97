"""`cumulative_probit`, `cumulative_logit`: ordered categories, as cells of a latent score between cutpoints.

    y*_ij = mu_ij + e_ij        y_ij = category k  where  c_k-1 < y*_ij <= c_k
    c_0 = -inf,  c_K = inf,  c_k+1 - c_k = gap_k > 0,  c_1 + ... + c_K-1 = 0

e is standard normal (probit) or standard logistic (logit: proportional odds, McCullagh 1980, J R Stat Soc B
42:109). The score has no origin and no unit: the mean of the cutpoints is the origin, which ties neither the
gaps nor the patients' levels to one end of the scale, and e is the unit. Gaps are positive, so that cutpoints
stay in order. With F the distribution function of e,

    Pr(y_ij = k) = F(c_k - mu) - F(c_k-1 - mu)
    logit:  log Pr = log F(u) + log F(-l) + log(1 - exp(l - u))        l, u = c_k-1 - mu, c_k - mu

A page says what shares of patients it expects in each category at the anchor week. Patients differ by
baseline_sd, so that a share of patients is, exactly for the probit and nearly for the logit (kappa = 16
sqrt(3) / (15 pi), Zeger, Liang and Albert 1988, Biometrics 44:1049),

    Pr(y <= k) = F( (c_k - baseline_mean) / sqrt(1 + (kappa baseline_sd)^2) )

from which the medians of baseline_mean and of the gaps follow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import count, takewhile
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ra_bayes.model.likelihoods.normal import UNBOUNDED, log_cell
from ra_bayes.model.namespace import Namespace
from ra_bayes.model.priors import Parameter
from ra_bayes.outcome import Outcome

__all__ = ["Ordered"]

type Array = NDArray[np.float64]

# Of the logistic's slope at 0 to the normal's: what an SD between patients counts for.
_KAPPA = {"probit": 1.0, "logit": 16.0 * 3.0**0.5 / (15.0 * np.pi)}
# Standard normal mass beyond is 1e-15.
_TAIL = 8.0
# Nodes are no closer than patients of this SD on the logit need; hardly any prior has more.
_MOST_SPREAD = 100.0


class Ordered:
    """Categories between cutpoints of a latent score.

    Parameters
    ----------
    latent
        Distribution of the score around mu: standard normal (``"probit"``) or logistic (``"logit"``).
    """

    on_link = False
    link = "latent"

    def __init__(self, latent: Literal["probit", "logit"]) -> None:
        self.latent = latent
        self.name = f"cumulative_{latent}"
        noise = {"probit": "Normal(mu_ij, 1)", "logit": "Logistic(mu_ij, 1)"}[latent]
        self.equation = (
            f"y_ij = k where c_k-1 < y*_ij <= c_k,  y*_ij ~ {noise},  c_k+1 = c_k + gap_k,  mean of c_k = 0"
        )

    def parameters(self, outcome: Outcome) -> tuple[Parameter, ...]:
        """Return the distances between neighbouring cutpoints."""
        return tuple(
            Parameter(f"gap_{k}", "scale", f"width of category {outcome.level_name(k)} on the latent scale")
            for k in range(1, len(outcome.levels) - 1)
        )

    def misfit(self, outcome: Outcome) -> tuple[str, str] | None:
        """Return why an outcome has no ordered categories."""
        if outcome.levels:
            return None
        return (
            f"is of ordered categories, which {outcome.id} does not have",
            'define them with kind = "ordinal"',
        )

    def constants(self, outcome: Outcome) -> dict[str, np.ndarray]:
        """Return how many categories there are."""
        return {"categories": np.asarray(float(len(outcome.levels)))}

    def ends(self, value: float, outcome: Outcome) -> tuple[float, float] | None:
        """Return the numbers of the cutpoints between which a category lies."""
        k = float(outcome.levels.index(int(value)))
        return k, k + 1.0

    def log_point(self, value: Any, mu: Any, _values: Mapping[str, Any], _ns: Namespace) -> Any:
        """Return the log of 1: no record is a point of the latent score."""
        return 0.0 * (value + mu)

    def log_cell(self, low: Any, high: Any, mu: Any, values: Mapping[str, Any], ns: Namespace) -> Any:
        """Return the log probability of categories, given by the numbers of their two cutpoints."""
        lower, upper = (self._cutpoint(each, values, ns) for each in (low, high))
        if self.latent == "probit":
            return log_cell(lower, upper, mu, 1.0, ns)
        below, above = upper - mu, lower - mu
        return ns.log_expit(below) + ns.log_expit(-above) + ns.log1mexp(ns.minimum(lower - upper, -1e-15))

    def _cutpoint(self, number: Any, values: Mapping[str, Any], ns: Namespace) -> Any:
        widths = gaps(values)
        inside = 0.0 * number + _first(widths)
        for k, width in enumerate(widths, start=1):
            inside = inside + width * (number > k + 0.5)
        last = values["categories"] - 0.5
        return ns.where(number < 0.5, -UNBOUNDED, ns.where(number > last, UNBOUNDED, inside))

    def draw(
        self, mu: np.ndarray, values: Mapping[str, np.ndarray], outcome: Outcome, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw categories, as recorded, shape of `mu`."""
        score = mu + (rng.normal(size=mu.shape) if self.latent == "probit" else rng.logistic(size=mu.shape))
        return np.asarray(outcome.levels[0] + sum((score > cut).astype(float) for cut in cutpoints(values)))

    def script(self, outcome: Outcome, _kinds: frozenset[Any]) -> tuple[str, str]:
        """Return the categories as lines of a PyMC script."""
        family = {"probit": "OrderedProbit", "logit": "OrderedLogistic"}[self.latent]
        widths = ", ".join(each.name for each in self.parameters(outcome))
        return (
            "",
            f"""
# Categories {outcome.levels[0]} to {outcome.levels[-1]}: a latent score between cutpoints, whose mean is 0.
cuts = pt.concatenate([[0.0], pt.cumsum(pt.stack([{widths}]))])
cutpoints = pm.Deterministic("cutpoints", cuts - cuts.mean())
pm.{family}(
    "record",
    eta=expected[points_at],
    cutpoints=cutpoints,
    compute_p=False,
    observed=points_value.astype(int) - {outcome.levels[0]},
)
""",
        )

    def distribution(self, score: Array) -> Array:
        """Return F, the distribution function of the score around mu."""
        return np.asarray(special.ndtr(score) if self.latent == "probit" else special.expit(score))

    def shares_above(
        self, latent: Array, values: Mapping[str, Array], variance: Array | None = None
    ) -> list[Array]:
        """Return Pr(y > k) for every cutpoint, lowest first.

        Parameters
        ----------
        latent
            mu, or its mean over patients; its first dimensions are those of the values.
        values
            The gaps.
        variance
            Of mu over patients, if patients are averaged over; exact for the probit, by the
            trapezoidal rule for the logit.
        """
        more = (..., *(None,) * (latent.ndim - values["gap_1"].ndim))
        above = [latent - cut[more] for cut in cutpoints(values)]
        if variance is None:
            return [self.distribution(each) for each in above]
        if self.latent == "probit":
            return [self.distribution(each / np.sqrt(1.0 + variance)) for each in above]
        spread = np.sqrt(variance)
        # F has a pole at i pi: the error of the trapezoidal rule is exp(-2 pi^2 / (spread step)), e^-20.
        step = 1.0 / min(max(float(spread.max()), 2.0), _MOST_SPREAD)
        nodes = step * np.arange(-math.ceil(_TAIL / step), math.ceil(_TAIL / step) + 1)
        weights = step / math.sqrt(2.0 * math.pi) * np.exp(-0.5 * nodes**2)
        return [
            sum(
                (
                    weight * self.distribution(each + node * spread)
                    for node, weight in zip(nodes, weights, strict=True)
                ),
                np.zeros_like(each),
            )
            for each in above
        ]

    def expected(self, latent: Array, values: Mapping[str, Array], outcome: Outcome) -> Array:
        """Return the mean of the categories' numbers."""
        return np.asarray(outcome.levels[0] + sum(self.shares_above(latent, values)))

    def medians(self, shares: Sequence[float], baseline_sd: float) -> tuple[float, list[float]]:
        """Return where the mean score and the gaps lie if so large shares of patients are in the categories.

        Parameters
        ----------
        shares
            Of patients, by category; they sum to 1.
        baseline_sd
            Between-patient SD of the score.

        Examples
        --------
        >>> mean, widths = Ordered("probit").medians([0.16, 0.68, 0.16], 0.0)
        >>> round(mean, 2), [round(width, 2) for width in widths]
        (0.0, [1.99])
        """
        spread = float(np.hypot(1.0, _KAPPA[self.latent] * baseline_sd))
        below = np.cumsum(shares)[:-1]
        cuts = spread * (special.ndtri(below) if self.latent == "probit" else special.logit(below))
        return round(float(-cuts.mean()), 12) + 0.0, [float(width) for width in np.diff(cuts)]


def gaps(values: Mapping[str, Any]) -> list[Any]:
    """Return the gaps among some values, in order."""
    return [values[name] for name in takewhile(values.__contains__, (f"gap_{k}" for k in count(1)))]


def _first(widths: Sequence[Any]) -> Any:
    """Return the lowest cutpoint: the mean of all is 0."""
    last = len(widths) + 1
    terms = [width * (-(last - k) / last) for k, width in enumerate(widths, start=1)]
    return sum(terms[1:], terms[0])


def cutpoints(values: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Return the cutpoints, lowest first, each as its values are shaped."""
    widths = [np.asarray(width, dtype=float) for width in gaps(values)]
    first = np.asarray(_first(widths))
    return [first, *(first + np.cumsum(np.stack(widths), axis=0))]
