"""Design priors from a posterior: of a fit, or given published counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ra_bayes.diagnostics import MIN_ESS, diagnose
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.estimand.event_rate import counted_weeks
from ra_bayes.estimand.posterior import Posterior, read_posterior
from ra_bayes.estimand.rate import population_rate
from ra_bayes.mixtures import normal
from ra_bayes.numbers import how_many
from ra_bayes.planning.design_prior.placebo import Placebo, placebo_of_page
from ra_bayes.planning.design_prior.value import About, DesignPrior, Step
from ra_bayes.tree import is_given_counts, outcome_trees, provenance

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["from_tree"]

type Array = NDArray[np.float64]

_SCALES = {
    "level_sd": "baseline_sd",
    "response_sd": "response_sd",
    "correlation": "correlation",
    "residual_sd": "residual_sd",
}


def from_tree(
    tree: xr.DataTree,
    *,
    outcome: str | None = None,
    arm: str | None = None,
    control: str | None = None,
    week: float | None = None,
) -> DesignPrior:
    """Return the design prior that a posterior gives: the population's mean change, or rate, and the SDs.

    A posterior given published counts is right here: the new trial's patients are others. It must not become
    the prior of a fit to cohorts made from those counts, nor of an analysis that holds those patients, which
    would count them twice.

    Parameters
    ----------
    tree
        From :func:`~ra_bayes.fit`, :func:`~ra_bayes.condition` or :func:`~ra_bayes.pool`.
    outcome
        The design's outcome; that of the tree if it has only one.
    arm
        The arm of a posterior given counts that was treated as the new trial's will be; not needed of one.
    control
        An arm of the same trial to compare with: the effect is then the difference, and of a binary outcome
        both rates are kept.
    week
        The design's week; the page's reference week if not given.

    Returns
    -------
    DesignPrior
        Of one step. Its nodes are the draws: of a continuous outcome f(week) on the link's scale, signed, and
        the SDs; of a binary one the rate over patients,
        Phi((baseline_mean + f) / sqrt(1 + Var(A + b r))). ``ess`` is the smallest of bulk and tail ESS of the
        effect or rate, less what importance weights cost.

    Raises
    ------
    FitError
        If the tree did not pass its gate, or the ESS is 400 or less.
    RaBayesError
        If the tree is of another outcome or arm, or has no visit at that week.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> tree = rb.condition(rb.data_dir() / "published" / "jamshidi2024.toml", seed=1)  # doctest: +SKIP
    >>> print(from_tree(tree, outcome="acr20", week=16))                                # doctest: +SKIP
    """
    verdict = diagnose(tree)
    if not verdict.passed:
        failed = ", ".join(check.name for check in verdict.checks if not check.passed)
        raise FitError(
            f"this posterior did not pass its gate ({failed}), and no trial can be planned from it; "
            "see ra_bayes.diagnose(tree) for what to do"
        )
    node = _of_outcome(tree, outcome, arm)
    posterior = read_posterior(node)
    spec = posterior.spec
    at = _visit(posterior, spec.reference_week if week is None else week)
    other = None
    if control is not None:
        if not is_given_counts(tree):
            raise RaBayesError("a fit has no control arm; leave control out")
        if control == provenance(node)["arm"]:
            raise RaBayesError(f"arm {control!r} cannot be its own control; name another arm")
        other = read_posterior(_of_outcome(tree, spec.outcome.id, control))
    nodes = _nodes(posterior, other, at)
    main = nodes["effect"] if "effect" in nodes else nodes["rate"] - nodes.get("control_rate", 0.0)
    unit = spec.link_unit if spec.link.name == "identity" else f"on the {spec.link_unit}"
    about = About(
        "rate" if spec.binary else "effect",
        spec.outcome.id,
        float(posterior.weeks[at]),
        "" if spec.binary else unit,
        spec.link.name,
        against_control=other is not None,
    )
    step = Step(
        "posterior",
        _words(node, about.week, control),
        {name: each.ravel() for name, each in nodes.items()},
        np.ones(main.size),
        ess=_ess(main, node, spec.name),
    )
    return DesignPrior(about, (step,), None if other is not None else _own_placebo(node, posterior, at))


def _of_outcome(tree: xr.DataTree, outcome: str | None, arm: str | None) -> xr.DataTree:
    """Return the tree of one outcome in one arm."""
    if not is_given_counts(tree):
        entries = provenance(tree)
        own, own_arm = read_posterior(tree).spec.outcome.id, entries.get("arm")
        if outcome not in (None, own):
            raise RaBayesError(
                f"this posterior is of {own!r} and the design of {outcome!r}; give one of {outcome!r}, or a "
                f"design of {own!r}"
            )
        if arm not in (None, own_arm):
            raise RaBayesError(
                f"this posterior has no arm {arm!r}; it is of "
                f"{f'arm {own_arm!r}' if own_arm else 'one cohort'}, so leave arm out"
            )
        return tree
    found = {(of, name): node for of, name, node in outcome_trees(tree)}
    arms, outcomes = ({key[k]: None for key in found} for k in (0, 1))
    for what, asked, there in (("outcome", outcome, outcomes), ("arm", arm, arms)):
        if asked is None and len(there) > 1:
            raise RaBayesError(
                f"this posterior has several {what}s ({', '.join(there)}); name one with {what}="
            )
        if asked is not None and asked not in there:
            raise RaBayesError(
                f"this posterior has no {what} {asked!r}; it has {', '.join(there)}; name one of them"
            )
    return found[arm or next(iter(arms)), outcome or next(iter(outcomes))]


def _visit(posterior: Posterior, week: float) -> int:
    """Return the index of a week, if it is one at which there is something to say."""
    spec = posterior.spec
    weeks = [
        float(each)
        for each, seen in zip(posterior.weeks, posterior.seen, strict=True)
        if seen and (spec.binary or each > spec.anchor_week)
    ]
    if week not in weeks:
        raise RaBayesError(
            f"this posterior of {spec.outcome.id!r} has no visit at week {week:g}; it has weeks "
            f"{', '.join(f'{each:g}' for each in weeks)}; plan for one of them"
        )
    return int(np.flatnonzero(posterior.weeks == week)[0])


def _nodes(posterior: Posterior, control: Posterior | None, at: int) -> dict[str, Array]:
    """Return the truth by name, (chain, draw) each."""
    if posterior.spec.binary:
        rates = {"rate": population_rate(posterior)[..., at]}
        return rates if control is None else {**rates, "control_rate": population_rate(control)[..., at]}
    effect = posterior.mean_change[..., at]
    if control is not None:
        effect = effect - control.mean_change[..., at]
    scales = {name: posterior.scalars[of_page] for name, of_page in _SCALES.items()}
    return {"effect": effect, **scales}


def _own_placebo(node: xr.DataTree, posterior: Posterior, at: int) -> Placebo | None:
    """Return the page's placebo response, or the very draws that the posterior's mean change was made with.

    Under a joint model centred on placebo, f = change of the treatment + placebo r(t): less that draw, what
    is left is the treatment's own.
    """
    spec = posterior.spec
    if spec.placebo is None:
        return None
    if "placebo_response" in node["posterior"]:
        draws = node["posterior"].to_dataset()["placebo_response"].to_numpy() * posterior.shape[..., at]
        source = f"page {spec.name}: {spec.placebo.source}"
        return Placebo(normal(float(draws.mean()), float(draws.std())), source, draws.ravel())
    if posterior.weeks[at] != spec.reference_week:
        return None
    return placebo_of_page(spec)


def _ess(main: Array, node: xr.DataTree, name: str) -> float:
    from arviz_stats.base import array_stats

    def of(method: str, **options: Any) -> float:
        return float(array_stats.ess(main, chain_axis=0, draw_axis=1, method=method, **options))

    # Draws picked from weighted ones carry the weights' error as well as their own.
    inflation = provenance(node)["sampling"].get("variance_inflation", 1.0)
    found = float(min(of("bulk"), of("tail", prob=(0.05, 0.95))) / inflation)
    if not found > MIN_ESS:
        raise FitError(
            f"the {name} posterior has an ESS of {found:.0f} for what the design is about, wanted > "
            f"{MIN_ESS:g}; sample more draws"
        )
    return found


def _words(node: xr.DataTree, week: float, control: str | None) -> str:
    """Say what the posterior is of."""
    entries = provenance(node)
    model = f"model page {entries['model']['name']}"
    if "published" not in entries:
        cohort = entries["cohort"]
        synthetic = " (synthetic)" if cohort["synthetic"] else ""
        patients = f"{how_many(len(cohort['patients']))} of {cohort['name']}{synthetic}"
        return f"Posterior of a fit of {model} to the {patients}."
    told = entries["published"]
    reading = f", read as {told['reading']}" if told["reading"] else ""
    against = f" with arm {control!r} as its control" if control is not None else ""
    counted = "" if week in counted_weeks(node) else f"; no count of week {week:g} was published"
    return (
        f"Posterior given the counts of {told['name']}, arm {entries['arm']!r}{against}, {model}{reading}"
        f"{counted}."
    )
