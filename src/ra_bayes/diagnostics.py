"""The gate: did the sampler work? Every shipped number stands behind it.

R-hat (rank-normalised, split), bulk and tail ESS as in Vehtari et al. 2021, Bayesian Anal 16:667;
energy diagnostic E-BFMI as in Betancourt 2016, arXiv:1604.00695; Pareto k of importance weights as in
Vehtari et al. 2024, JMLR 25(72).
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ra_bayes.plain import plain
from ra_bayes.tree import is_given_counts, is_joint, joint_trees, outcome_trees, provenance

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "MAX_PARETO_K",
    "MAX_RHAT",
    "MIN_BFMI",
    "MIN_ESS",
    "SYNTHETIC",
    "Check",
    "Diagnosis",
    "diagnose",
    "warnings_of",
]

SYNTHETIC = "Synthetic data: no patient was measured."
"""Stands on everything that is made of a cohort that no patient stands behind."""
MAX_RHAT = 1.01
MIN_ESS = 400.0
MIN_BFMI = 0.3
MAX_PARETO_K = 0.7


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the gate.

    Parameters
    ----------
    name
        What was checked.
    value
        The worst value found.
    limit
        The bound it is held against, as text.
    passed
        Whether it held.
    where
        Variable with the worst value, if the check is of variables.
    advice
        What to do if it did not hold.
    """

    name: str
    value: float
    limit: str
    passed: bool
    where: str
    advice: str

    def __str__(self) -> str:
        at = f" ({self.where})" if self.where else ""
        verdict = "pass" if self.passed else f"FAIL: {self.advice}"
        return f"{self.name} {self.value:.4g}{at}, wanted {self.limit}: {verdict}"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The gate's verdict on a fit; prints as a short report.

    Parameters
    ----------
    checks
        Every check made.
    attempts
        What the fit tried, one sentence each, in order.
    """

    checks: tuple[Check, ...]
    attempts: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every check held."""
        return all(check.passed for check in self.checks)

    def __str__(self) -> str:
        lines = [f"gate: {'passed' if self.passed else 'FAILED'}", *(f"  {check}" for check in self.checks)]
        if len(self.attempts) > 1:
            lines += ["  tried in turn:", *(f"    {attempt}" for attempt in self.attempts)]
        return "\n".join(lines)


def diagnose(tree: xr.DataTree) -> Diagnosis:
    """Check the sampler: R-hat and ESS of every variable; then divergences and energy, or the weights.

    Parameters
    ----------
    tree
        A fit.

    Returns
    -------
    Diagnosis
        The verdict; ``str()`` of it is a report with advice where a check failed.

    Raises
    ------
    RaBayesError
        If the tree was not made by ra_bayes.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> print(rb.diagnose(rb.load("results/sdai/posterior.nc")))  # doctest: +SKIP
    """
    # Not arviz itself, which takes twice as long to import for the plots it brings.
    import arviz_stats

    entries = provenance(tree)
    posterior = _varying(_posterior(tree))
    rhat = _by_variable(arviz_stats.rhat(posterior))
    bulk, tail = (_by_variable(arviz_stats.ess(posterior, method=method)) for method in ("bulk", "tail"))
    more = "fit with more draws"
    checks = (
        _worst(
            "R-hat",
            rhat,
            high=True,
            limit=MAX_RHAT,
            advice=f"{more}; if that does not help, the chains disagree",
        ),
        _worst("bulk ESS", bulk, high=False, limit=MIN_ESS, advice=more),
        _worst("tail ESS", tail, high=False, limit=MIN_ESS, advice=more),
        *(_chains(tree) if "sample_stats" in tree.children else _weights(entries["sampling"])),
    )
    return Diagnosis(checks, tuple(entries["attempts"]))


def warnings_of(tree: xr.DataTree, diagnosis: Diagnosis | None = None) -> tuple[str, ...]:
    """Return what must stand on every figure and table of a fit: of which arm, synthetic data, a failed gate.

    Parameters
    ----------
    tree
        A fit.
    diagnosis
        What :func:`~ra_bayes.diagnostics.diagnose` said of it, if that is known already.
    """
    found = []
    entries = provenance(tree)
    if "of_arm" in entries:
        found.append(f"Arm: {plain(entries['of_arm'])} (of two).")
    # Published counts have no cohort.
    if entries.get("cohort", {}).get("synthetic"):
        found.append(SYNTHETIC)
    verdict = diagnosis if diagnosis is not None else diagnose(tree)
    if not verdict.passed:
        failed = ", ".join(f"{check.name} {check.value:.3g}" for check in verdict.checks if not check.passed)
        found.append(f"The sampler did not pass its gate ({failed}): not to be relied on.")
    return tuple(found)


def _posterior(tree: xr.DataTree) -> xr.Dataset:
    """Return the posterior; of a tree of several outcomes, that of all of them."""
    own = tree["posterior"].to_dataset()
    if is_joint(tree):
        return own.assign(
            {
                f"{outcome}/{name}": variable
                for outcome, node in joint_trees(tree).items()
                for name, variable in node["posterior"].data_vars.items()
            }
        )
    if not is_given_counts(tree):
        return own
    each = {
        f"{arm}/{outcome}/{name}": variable
        for arm, outcome, node in outcome_trees(tree)
        for name, variable in node["posterior"].data_vars.items()
    }
    return own.assign(each)


def _chains(tree: xr.DataTree) -> tuple[Check, ...]:
    import arviz_stats

    diverging = int(tree["sample_stats"]["diverging"].sum())
    bfmi = float(arviz_stats.bfmi(tree["sample_stats"].to_dataset()).energy.min(skipna=False))
    return (
        Check(
            "divergences",
            diverging,
            "0",
            diverging == 0,
            "",
            "the posterior has a corner the sampler cannot enter: tighten the widest scale prior, or use a "
            "simpler trajectory",
        ),
        Check(
            "E-BFMI",
            bfmi,
            f"> {MIN_BFMI:g}",
            bfmi > MIN_BFMI,
            "",
            "the tails are explored too slowly: tighten the widest scale prior",
        ),
    )


def _weights(sampling: dict[str, Any]) -> tuple[Check, ...]:
    """Check importance weights: Kish's effective size, and the tail of the largest (Vehtari et al. 2024)."""
    ess, tail = float(sampling["ess"]), float(sampling["pareto_k"])
    advice = "the counts are far from what the prior expects: check the facts, or use method='nuts'"
    return (
        Check("importance ESS", ess, f"> {MIN_ESS:g}", ess > MIN_ESS, "", advice),
        Check("Pareto k of the weights", tail, f"< {MAX_PARETO_K:g}", tail < MAX_PARETO_K, "", advice),
    )


def _varying(posterior: xr.Dataset) -> xr.Dataset:
    """Drop the elements that are constant: f is zero at the anchor week, and says nothing of a chain."""
    flat = {}
    for name, variable in posterior.data_vars.items():
        own = [dim for dim in variable.dims if dim not in ("chain", "draw")]
        elements = (
            variable.stack({f"{name}_": own}, create_index=False) if own else variable.expand_dims(f"{name}_")
        )
        ends = (getattr(elements, name)(("chain", "draw"), skipna=False) for name in ("min", "max"))
        moving = ~operator.eq(*ends).values  # NaN equals nothing, and so is kept and found out
        if moving.any():
            flat[name] = elements.isel({f"{name}_": moving}).drop_vars(own, errors="ignore")
    return type(posterior)(flat)


def _by_variable(measure: xr.Dataset) -> dict[str, xr.DataArray]:
    return {str(name): each for name, each in measure.data_vars.items()}


def _worst(name: str, measures: dict[str, xr.DataArray], *, high: bool, limit: float, advice: str) -> Check:
    pick = max if high else min
    extremes = {
        variable: float(each.max(skipna=False) if high else each.min(skipna=False))
        for variable, each in measures.items()
    }
    # NaN is worse than any number, and would slip through a comparison.
    lost = [variable for variable, value in extremes.items() if value != value]
    where = lost[0] if lost else pick(extremes, key=lambda variable: extremes[variable])
    value = extremes[where]
    passed = value < limit if high else value > limit
    return Check(name, value, f"{'<' if high else '>'} {limit:g}", passed, where, advice)
