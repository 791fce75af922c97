"""Prior dominance: for every estimand, how much of the answer is the prior's and how much the data's.

**Share.** With V_0 and V_1 the prior and posterior variance of an estimand (of its log for ratios and SDs),
the posterior's precision 1 / V_1 is, were all normal, the prior's 1 / V_0 plus what the data added. So

    share = (1 / V_0) / (1 / V_1) = V_1 / V_0

of it is the prior's.

**Worth in patients.** The data of n patients added 1 / V_1 - 1 / V_0, hence the prior is worth

    n (1 / V_0) / (1 / V_1 - 1 / V_0) = n share / (1 - share)

of these patients: the number whose data hold as much information on the estimand. It is the prior effective
sample size of Morita, Thall and Mueller (2008), with the precision that these data added in place of an
expected information (compare Neuenschwander et al. 2020). For the mean of normal data of SD sigma with a
Normal(., tau^2) prior it is sigma^2 / tau^2.

**Power-scaling** (Kallioinen et al. 2024): the rate at which the posterior moves as prior, or likelihood, is
raised to a power, as ArviZ's ``psense`` has it; 0.05 is its threshold. Besides, estimands under each to the
powers 1/2 and 2, by Pareto-smoothed importance sampling where its k is at most 0.7, else by an exact re-fit
(:mod:`ra_bayes.trust.power`).

**Other prior numbers.** Two re-fits: all prior scales halved, and doubled. Of a level or shift that is its
SD; of a scale (an SD, a half-time) its median, since that is how wide what it scales may be; a pinned number
and the correlation's concentration stay.

**Verdict.** With `move` the furthest that median or an end of the interval goes under halved or doubled prior
scales, in posterior SDs:

    data-led     share <= 1/5, move <= 1/2 and psense of the prior below 0.05
    prior-led    share >= 1/2, or share > 1/5 and move >= 1
    shared       what is between

For a probability there is neither share nor SD: data-led if it moves by at most 0.05, prior-led if by 0.20 or
more. A low psense of the likelihood is no sign of a strong prior here: records to a power are better records,
not more patients, and what is unsure of a population is mostly that its patients are few.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ra_bayes.diagnostics import MAX_PARETO_K, diagnose
from ra_bayes.errors import FitError
from ra_bayes.estimand import Quantity, summarise
from ra_bayes.inference.refit import records_of
from ra_bayes.model.likelihoods import MISSED
from ra_bayes.model.spec import ModelSpec
from ra_bayes.tree import provenance, spec_of
from ra_bayes.trust.gate import refuse_one_arm
from ra_bayes.trust.quantities import Key, for_comparison, keyed, reported
from ra_bayes.trust.sensitivity_text import sensitivity_text
from ra_bayes.trust.variants import DOUBLED, HALVED, smoothed, summed, tell, variants_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["Sensitivity", "sensitivity", "verdict"]

type Verdict = Literal["data-led", "shared", "prior-led"]

PSENSE = 0.05
_SHARE, _MOVE, _MOVED = (0.2, 0.5), (0.5, 1.0), (0.05, 0.20)


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """What is the prior's and what the data's; prints as a table with a verdict for every estimand.

    Parameters
    ----------
    table
        A row an estimand: ``estimand``, ``week``, ``unit``, ``estimate``, ``lower``, ``upper``, ``mcse``; the
        same of the prior (``prior``, ``prior_lower``, ``prior_upper``); ``share``, ``patients`` (the prior's
        worth), ``psense_prior``, ``psense_likelihood``, ``khat`` (the larger of the two); ``halved``,
        ``doubled`` (estimates under such prior scales), ``move``, ``verdict``, ``definition``, ``ci_prob``,
        ``ci_kind``.
    variants
        A row an estimand and variant: ``estimate``, ``lower``, ``upper``, ``mcse``, ``route``
        (``"importance"``, ``"re-fit"``, or ``"none"`` where neither will do), ``khat`` of the weights and
        ``passed``, whether a re-fit passed its gate.
    patients
        Number of patients with records.
    model
        Name of the model.
    """

    table: pd.DataFrame
    variants: pd.DataFrame
    patients: int
    model: str

    def __str__(self) -> str:
        return sensitivity_text(self.table, self.variants, self.patients, self.model)


def sensitivity(
    tree: xr.DataTree, *, ci_prob: float = 0.90, seed: int | None = None, cores: int | None = None
) -> Sensitivity:
    """Tell for every estimand of a fit how much of it is the prior's; of two arms, of their difference.

    Parameters
    ----------
    tree
        A fit of a cohort; its records are in it.
    ci_prob
        Probability of the credible intervals, which are equal-tailed.
    seed
        Of the re-fits; the fit's own if not given.
    cores
        Chains sampled at once; all cores if not given.

    Returns
    -------
    Sensitivity
        :mod:`ra_bayes.trust.sensitivity` says what is computed, and how verdicts are reached.

    Raises
    ------
    FitError
        If the fit did not pass its gate, or is not of patients' records.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> found = rb.sensitivity(rb.load("results/sdai/posterior.nc"))    # doctest: +SKIP
    >>> print(found)                                                    # doctest: +SKIP
    """
    import pandas as pd

    if not 0.0 < ci_prob < 1.0:
        raise FitError(f"ci_prob={ci_prob:g} is not a probability between 0 and 1; write 0.90 for 90%")
    refuse_one_arm(tree)
    records, spec = records_of(tree), spec_of(tree)
    checked = diagnose(tree)
    if not checked.passed:
        raise FitError(
            f"the fit of {spec.name} did not pass its gate; fit it with more draws first\n{checked}"
        )
    prior = {key: each for key, each in keyed(reported(tree, "prior")).items() if _unknown(each)}
    base = {key: each for key, each in keyed(reported(tree)).items() if key in prior}
    root = provenance(tree)["seed"] if seed is None else seed
    changed = {
        (variant.name, key): tell(variant, key, quantity, ci_prob)
        for variant in variants_of(tree, records, base, root, cores)
        for key, quantity in base.items()
    }
    patients = int((records.kind != MISSED).any(axis=1).sum())
    psense = _psense(tree, base)
    rows = []
    for key, quantity in base.items():
        scales = changed[HALVED, key], changed[DOUBLED, key]
        rows.append(_row(spec, quantity, prior[key], patients, psense[key], scales, ci_prob))
    table = pd.DataFrame(rows).assign(ci_prob=ci_prob, ci_kind="eti")
    return Sensitivity(table, pd.DataFrame(list(changed.values())), patients, spec.name)


def _unknown(quantity: Quantity) -> bool:
    """Return whether the prior leaves it open: the time to half a straight line's effect is its shape's."""
    draws = np.asarray(quantity.draws, dtype=float)
    return quantity.kind == "event" or bool(np.ptp(draws) > 1e-9 * np.abs(draws).max())


def verdict(share: float, move: float, psense_prior: float, *, event: bool) -> Verdict:
    """Return who leads; the module says by which thresholds.

    Examples
    --------
    >>> verdict(0.1, 0.2, 0.01, event=False), verdict(0.6, 0.2, 0.01, event=False)
    ('data-led', 'prior-led')
    """
    if event:
        return "data-led" if move <= _MOVED[0] else "prior-led" if move >= _MOVED[1] else "shared"
    if share >= _SHARE[1] or (share > _SHARE[0] and move >= _MOVE[1]):
        return "prior-led"
    strong = psense_prior >= PSENSE
    return "data-led" if share <= _SHARE[0] and move <= _MOVE[0] and not strong else "shared"


def _psense(tree: xr.DataTree, base: dict[Key, Quantity]) -> dict[Key, dict[str, float]]:
    """Return ArviZ's power-scaling sensitivities of every estimand, NaN where k is bad or draws are alike."""
    import arviz_stats
    import xarray as xr

    alphas = (0.99, 1.01)
    draws = {key: np.asarray(each.draws, dtype=float) for key, each in base.items()}
    varying = {key: each for key, each in draws.items() if np.ptp(each) > 0.0}
    asked = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset(
                {f"q{k}": (("chain", "draw"), each) for k, each in enumerate(varying.values())}
            ),
            **{name: tree[name].to_dataset() for name in ("log_prior", "log_likelihood")},
        }
    )
    found = {key: {f"psense_{name}": float("nan") for name in ("prior", "likelihood")} for key in base}
    worst = 0.0
    for component in ("prior", "likelihood"):
        khat = max(smoothed((alpha - 1.0) * summed(tree, f"log_{component}"))[1] for alpha in alphas)
        worst = max(worst, khat)
        if khat <= MAX_PARETO_K:
            sense = arviz_stats.psense(asked, group=component, alphas=alphas)
            for k, key in enumerate(varying):
                found[key][f"psense_{component}"] = float(sense[f"q{k}"])
    return {key: {**each, "khat": worst} for key, each in found.items()}


def _row(
    spec: ModelSpec,
    quantity: Quantity,
    prior: Quantity,
    patients: int,
    psense: dict[str, float],
    scales: tuple[dict[str, object], dict[str, object]],
    ci_prob: float,
) -> dict[str, object]:
    said, before = summarise(quantity, ci_prob), summarise(prior, ci_prob)
    event = quantity.kind == "event"
    draws = for_comparison(quantity, spec)
    share = float("nan") if event else float(np.var(draws) / np.var(for_comparison(prior, spec)))
    worth = float("inf") if share >= 1.0 else patients * share / (1.0 - share)
    sd = float(np.std(draws))
    move = max(_move(spec, quantity, said, each, sd) for each in scales)
    told = ("estimand", "week", "unit", "estimate", "lower", "upper", "mcse")
    return {
        **{name: said[name] for name in told},
        "prior": before["estimate"],
        "prior_lower": before["lower"],
        "prior_upper": before["upper"],
        "share": share,
        "patients": worth,
        **psense,
        "halved": scales[0]["estimate"],
        "doubled": scales[1]["estimate"],
        "move": move,
        "verdict": verdict(share, move, psense["psense_prior"], event=event),
        "definition": quantity.definition,
    }


def _move(
    spec: ModelSpec, quantity: Quantity, said: dict[str, Any], changed: dict[str, Any], sd: float
) -> float:
    """Return the furthest that estimate or an end of the interval goes, in SDs; a probability's own move."""
    if quantity.kind == "event":
        return float(abs(changed["estimate"] - said["estimate"]))
    ends = np.array([[each[name] for name in ("lower", "estimate", "upper")] for each in (said, changed)])
    before, after = for_comparison(quantity._replace(draws=ends.astype(float)), spec)
    return float(np.abs(after - before).max() / sd) if sd > 0.0 else 0.0
