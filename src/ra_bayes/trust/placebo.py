"""A fit's mean change with and without the placebo response of other trials taken off, as a distribution.

Six patients picked when they were at their worst would have got better by themselves: regression to the mean,
attention, time. A single arm cannot tell that from an effect. What control arms of other trials did in the
same weeks is the best there is to take off, and it is not a number: arms differ, and these patients may be
unlike theirs. So with D the mean change of the population at the reference week and P the mean change of a
new control arm,

    D            the change as it was seen
    D - P        P as the model page has it: Normal(median, sd)
    D - P        P the MAP prior of the arms on file
    D - P        P the robust MAP prior: with a chance that these patients are unlike those of the arms

each with one independent draw of P for each draw of D. None is a randomised comparison. The trial's patients
and the arms' differ in more than the treatment, and P says nothing of a single patient.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.estimand import Quantity, quantities, read_posterior, summarise
from ra_bayes.estimand.arms import has_two_arms
from ra_bayes.estimand.posterior import Posterior
from ra_bayes.historical.placebo import HistoricalPlacebo, historical_placebo
from ra_bayes.mixtures import NormalMixture, normal
from ra_bayes.numbers import decimals, interval, number, probability
from ra_bayes.tree import is_given_counts, provenance, spec_of
from ra_bayes.trust.gate import refuse_unless_passed

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["change_beyond_placebo", "change_beyond_placebo_text", "draws_of"]

type Array = NDArray[np.float64]

_NAN = float("nan")


def change_beyond_placebo(
    tree: xr.DataTree,
    placebo: HistoricalPlacebo | None = None,
    *,
    ci_prob: float = 0.90,
    despite_gate: bool = False,
) -> pd.DataFrame:
    """Return a fit's mean change at the reference week with and without the historical placebo change.

    Parameters
    ----------
    tree
        A fit of a continuous outcome.
    placebo
        The placebo change (:func:`~ra_bayes.historical.historical_placebo`); by default from the control arms
        on file, for the reference week.
    ci_prob
        Probability of the equal-tailed intervals.
    despite_gate
        Report even if the sampler did not pass its gate.

    Returns
    -------
    pandas.DataFrame
        A row for each ``version``: ``"as seen"``, ``"page"`` (if the model page has a placebo response),
        ``"arms on file"`` and ``"arms on file, robust"``. ``placebo``, ``placebo_lower``, ``placebo_upper``
        (exact), ``estimate`` (median), ``lower``, ``upper``, ``p_benefit``, ``p_mcid`` (chance that the mean
        is at least the MCID, where the page has one), ``mcse``, ``ess``, ``week``, ``unit``, ``ci_prob``,
        ``ci_kind``, ``arms`` and ``note``: that the evidence is thin, or why a row has no numbers.

    Raises
    ------
    RaBayesError
        If the outcome is yes or no, or the tree is given published counts.
    FitError
        If the sampler did not pass its gate, or `ci_prob` is no probability.

    Examples
    --------
    >>> import ra_bayes as rb                                              # doctest: +SKIP
    >>> change_beyond_placebo(rb.load("results/vas/posterior.nc"))         # doctest: +SKIP
    """
    import pandas as pd

    _checked(tree, ci_prob, despite_gate)
    posterior = read_posterior(tree)
    found = {
        each.name: np.asarray(each.draws, dtype=float)
        for each in quantities(tree)
        if each.name in ("mean_change", "change_beyond_placebo")
        and each.week == posterior.spec.reference_week
    }
    change, page = found["mean_change"], posterior.spec.placebo
    rows = [_row(posterior, "as seen", change, None, "", "", ci_prob)]
    if page is not None:
        as_page, note = normal(page.median, page.sd), "as the model page has it"
        rows.append(
            _row(posterior, "page", found["change_beyond_placebo"], as_page, page.source, note, ci_prob)
        )
    placebo, why = _on_file(posterior, placebo)
    if placebo is None:
        return pd.DataFrame([*rows, _row(posterior, "arms on file", None, None, "", why, ci_prob)])
    arms = "; ".join(map(str, placebo.on_file.used))
    rng = np.random.default_rng([int(provenance(tree)["seed"]), 2])
    for version, mixture in (("arms on file", placebo.prior), ("arms on file, robust", placebo.robust)):
        beyond = change - draws_of(mixture, change.shape, rng)
        rows.append(_row(posterior, version, beyond, mixture, arms, placebo.cautions, ci_prob))
    return pd.DataFrame(rows)


def change_beyond_placebo_text(table: pd.DataFrame) -> str:
    """Return the table of :func:`change_beyond_placebo` as text, at most 100 columns wide."""
    first = table.iloc[0]
    ratio = first["unit"] == "ratio"
    places = decimals(first["lower"], first["upper"], ratio=ratio)
    line = "  {:<24}{:>26}{:>27}{:>10}{:>11}"
    lines = [
        f"{first['outcome']}, mean change at week {first['week']:g}, {first['unit']}, with and without the "
        "placebo response of other trials",
        line.format("placebo taken off", "placebo change", "what is left", "benefit", "the MCID"),
    ]
    notes = []
    for row in table.to_dict("records"):
        told = [
            f"{number(row[middle], places)} ({interval(row[lower], row[upper], places)})"
            if row[middle] == row[middle]
            else ""
            for middle, lower, upper in (
                ("placebo", "placebo_lower", "placebo_upper"),
                ("estimate", "lower", "upper"),
            )
        ]
        version = "none, as seen" if row["version"] == "as seen" else f"{row['version']}"
        chances = [probability(row[each]) for each in ("p_benefit", "p_mcid")]
        lines.append(line.format(version, *told, *chances).rstrip())
        notes += [f"{version}: {row[key]}" for key in ("arms", "note") if row[key]]
    # The robust version has the same arms.
    notes = [each for each in notes if not each.startswith("arms on file, robust")]
    notes += [
        f"Medians and equal-tailed {first['ci_prob']:.0%} intervals; chance of benefit, and of the MCID at "
        "least. Other trials, other patients, other years: not a randomised comparison."
    ]
    for note in notes:
        lines += textwrap.wrap(note, 100, initial_indent="  ", subsequent_indent="    ")
    return "\n".join(lines)


def draws_of(mixture: NormalMixture, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Draw independently from a mixture of normals."""
    mean, sd, weight = mixture.arrays
    part = rng.choice(weight.size, size=shape, p=weight)
    return np.asarray(mean[part] + sd[part] * rng.normal(size=shape))


def _checked(tree: xr.DataTree, ci_prob: float, despite_gate: bool) -> None:
    if is_given_counts(tree) or "placebo_response" in tree["posterior"]:
        raise RaBayesError(
            "a posterior given published counts has its pages' placebo responses within it; "
            "estimands tells its change_beyond_placebo"
        )
    if has_two_arms(tree):
        raise RaBayesError(
            f"the fit of {spec_of(tree).name!r} has a control arm of its own, so that no other trial's "
            "placebo is taken off; its difference from that arm is what estimands and the report tell first"
        )
    if spec_of(tree).binary:
        raise RaBayesError(
            f"{spec_of(tree).outcome.id} is yes or no and has no mean change; set its rate against control "
            "arms with response_rates"
        )
    if not 0.0 < ci_prob < 1.0:
        raise FitError(f"ci_prob={ci_prob:g} is not a probability between 0 and 1; write 0.90 for 90%")
    if not despite_gate:
        refuse_unless_passed(tree)


def _on_file(posterior: Posterior, placebo: HistoricalPlacebo | None) -> tuple[HistoricalPlacebo | None, str]:
    """The placebo change of the arms on file, or why there is none for this model."""
    spec = posterior.spec
    if spec.link.name != "identity":
        return (
            None,
            f"mean changes on file are differences, and the model is one of the {spec.link.name} scale",
        )
    if placebo is None:
        try:
            return historical_placebo(spec.outcome.id, week=spec.reference_week), ""
        except RaBayesError as error:
            return None, str(error)
    if placebo.outcome != spec.outcome.id:
        raise RaBayesError(
            f"the placebo change is one of {placebo.outcome}, the fit one of {spec.outcome.id}; "
            f"make it with historical_placebo({spec.outcome.id!r}, week={spec.reference_week:g})"
        )
    return placebo, ""


def _row(
    posterior: Posterior,
    version: str,
    draws: Array | None,
    placebo: NormalMixture | None,
    arms: str,
    note: str,
    ci_prob: float,
) -> dict[str, object]:
    spec = posterior.spec
    ratio, sign = spec.link.change == "ratio", spec.benefit_sign
    row: dict[str, object] = {
        "outcome": spec.outcome.id,
        "version": version,
        "week": spec.reference_week,
        "unit": "ratio" if ratio else spec.outcome.unit,
        **dict.fromkeys(("placebo", "placebo_lower", "placebo_upper", "estimate", "lower", "upper"), _NAN),
        **dict.fromkeys(("p_benefit", "p_mcid", "mcse", "ess"), _NAN),
        "ci_prob": ci_prob,
        "ci_kind": "eti",
        "arms": arms,
        "note": note,
    }
    if placebo is not None:
        told = [placebo.quantile(0.5), *placebo.interval(ci_prob)]
        told = [float(np.exp(each)) for each in told] if ratio else told
        row |= dict(zip(("placebo", "placebo_lower", "placebo_upper"), told, strict=True))
    if draws is None:
        return row
    gain = sign * (draws - (1.0 if ratio else 0.0))
    made = summarise(Quantity("change", draws, "", "", benefit=gain > 0.0 if sign else None), ci_prob)
    row |= {key: made[key] for key in ("estimate", "lower", "upper", "p_benefit", "mcse", "ess")}
    if sign and spec.mcid is not None and not ratio:
        row["p_mcid"] = float(np.mean(gain >= spec.mcid))
    return row
