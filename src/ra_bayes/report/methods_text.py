"""The methods section, written from the model pages and the provenance of the fits.

What several models share is said once; what differs between them stands in one table. Nothing is said that
the fits do not carry: who planned, approved or registered the study is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ra_bayes.diagnostics import MAX_RHAT, MIN_BFMI, MIN_ESS
from ra_bayes.model.spec import ModelSpec
from ra_bayes.numbers import how_many, interval_name, listed
from ra_bayes.report.arms_text import arms_of
from ra_bayes.report.methods_model import differences, fitted_together, model_equations, model_text
from ra_bayes.tree import provenance, spec_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["methods"]

type Part = dict[str, Any]


def methods(trees: Mapping[str, xr.DataTree], *, ci_prob: float, trusted: bool) -> list[Part]:
    """Return the parts of the section: ``id``, ``title``, ``text`` (paragraphs), ``equations`` and ``table``.

    Parameters
    ----------
    trees
        Fits by the name of their sub-folder, in the order of the page.
    ci_prob
        Probability of the credible intervals.
    trusted
        Whether it is stored of any fit how far it can be believed.
    """
    specs = {name: spec_of(tree) for name, tree in trees.items()}
    entries = {name: provenance(tree) for name, tree in trees.items()}
    ties = fitted_together(entries)
    return [
        _part("data", "Data", _data(trees, entries)),
        _part(
            "model",
            "Model",
            model_text(specs, ties),
            equations=model_equations(specs, ties),
            table=differences(specs),
        ),
        _part("likelihood", "Likelihood", _likelihood(specs, entries)),
        _part("priors", "Priors", _priors(specs)),
        _part("computation", "Computation", _computation(entries)),
        _part("gate", "When a fit is believed", _gate()),
        _part("estimands", "Estimands and intervals", _estimands(specs, trees, ci_prob)),
        _part(
            "checks",
            "Checks and sensitivity",
            _checks(trusted=trusted, askable=_askable(trees), arms=any(map(arms_of, trees.values()))),
        ),
    ]


def _part(
    name: str, title: str, text: list[str], *, equations: list[str] | None = None, table: Part | None = None
) -> Part:
    return {
        "id": f"methods-{name}",
        "title": title,
        "text": [each for each in text if each],
        "equations": equations or [],
        "table": table,
    }


def _data(trees: Mapping[str, xr.DataTree], entries: Mapping[str, dict[str, Any]]) -> list[str]:
    cohort = next(iter(entries.values()))["cohort"]
    weeks = listed([f"{week:g}" for week in cohort["weeks"]])
    arms = next(filter(None, map(arms_of, trees.values())), None)
    said = [f"Longitudinal records of {how_many(len(cohort['patients']))} at weeks {weeks} were analysed."]
    if arms is None:
        said.append("There is no control arm: every change is from baseline.")
    else:
        sizes = {arm: len(cohort["arms"].get(arm, ())) for arm in arms}
        said.append(
            f"{sizes[arms.treated]} are of arm {arms.treated}, {sizes[arms.control]} of the control arm "
            f"{arms.control}, as the table has it; how they were allocated is not in it."
        )
    if cohort["synthetic"]:
        said.append("The data are synthetic: no patient was measured.")
    said.append(
        "A visit without a record contributes nothing to the likelihood, which is right if whether it was "
        "missed depends on what was recorded and not on what would have been (missing at random). No value "
        "was imputed."
    )
    return [" ".join(said)]


def _likelihood(specs: Mapping[str, ModelSpec], entries: Mapping[str, dict[str, Any]]) -> list[str]:
    if all(spec.binary for spec in specs.values()):
        return [
            "The probability of a response is Phi(mu_ij), with Phi the standard normal distribution function."
        ]
    said = [
        "A record is an interval on the link's scale. A value measured contributes its density; a record "
        "below or above a limit of quantification, at an end of the scale that is open, or within a rounding "
        "step contributes the probability of that interval (Tobin 1958; Heitjan 1989). No number is put in "
        "the place of what was not measured."
    ]
    cohort = next(iter(entries.values()))["cohort"]
    fitted = {spec.outcome.id for spec in specs.values()}
    limited = [
        f"{each['label']} {each['limited']} of {each['records']}"
        for each in cohort["outcomes"]
        if each["limited"] and each["outcome"] in fitted
    ]
    if limited:
        said.append(f"Records beyond a limit of quantification: {listed(limited)}.")
    return [" ".join(said)]


def _priors(specs: Mapping[str, ModelSpec]) -> list[str]:
    fixed = [
        f"{prior.parameter.name} ({name})"
        for name, spec in specs.items()
        for prior in spec.priors
        if prior.fixed
    ]
    said = [
        "Every parameter has a proper prior, written on the model's page in clinical units, each with "
        "its reason and source in the table under its outcome. Means and shifts are normal on the link's "
        "scale; standard deviations and half-times are log-normal, which keeps them off zero; (correlation + "
        "1) / 2 is Beta(c, c). No prior is computed from the data analysed."
    ]
    if fixed:
        said.append(f"Fixed rather than estimated: {listed(fixed)}.")
    return [" ".join(said)]


def _computation(entries: Mapping[str, dict[str, Any]]) -> list[str]:
    """Return how the fits were sampled; those that were sampled alike are named together."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, each in entries.items():
        alike.setdefault(_sampled(each), []).append(name)
    said = []
    for (sampling, seed), names in alike.items():
        whose = "" if len(alike) == 1 else f" ({listed(names)})"
        said.append(f"Posteriors{whose} were sampled with {sampling}; the seed is {seed}.")
    again = [name for name, each in entries.items() if len(each["attempts"]) > 1]
    said.append(
        "Patients' levels are sampled centred and responses non-centred; a fit with divergent transitions is "
        "tried again with smaller steps, then with levels non-centred, and the attempt with the fewest is "
        "kept"
        + (f" (tried more than once: {listed(again)})." if again else " (no fit needed a second attempt).")
    )
    versions = next(iter(entries.values()))["versions"]
    said.append(f"Software: {', '.join(f'{package} {version}' for package, version in versions.items())}.")
    return [" ".join(said)]


def _sampled(entries: Mapping[str, Any]) -> tuple[str, ...]:
    sampling = entries["sampling"]
    how = (
        f"{sampling['sampler']} (the No-U-Turn sampler, Hoffman and Gelman 2014)"
        if str(sampling["sampler"]).startswith("nutpie")
        else str(sampling["sampler"])
    )
    sizes = f"{sampling['chains']} chains of {sampling['draws']} draws after {sampling['tune']} of tuning"
    return f"{how}, {sizes}", str(entries["seed"])


def _gate() -> list[str]:
    return [
        f"A fit is reported only if it passes a gate: rank-normalised split R-hat below {MAX_RHAT:g} and "
        f"bulk and tail effective sample sizes above {MIN_ESS:g} for every parameter and derived quantity "
        f"(Vehtari et al. 2021), no divergent transition, and E-BFMI above {MIN_BFMI:g} (Betancourt 2016). "
        "The estimands of a fit that does not pass are withheld. The worst values found stand under each "
        "outcome, the Monte Carlo standard error beside each estimate."
    ]


def _estimands(specs: Mapping[str, ModelSpec], trees: Mapping[str, xr.DataTree], ci_prob: float) -> list[str]:
    said = [
        f"Estimates are posterior medians; every interval is a {interval_name(ci_prob)}: given model, priors "
        "and data, the quantity lies inside with that probability. A number of patients is its posterior "
        "mean. P(better) is the posterior probability that a change is on the side of benefit."
    ]
    if any(not spec.binary for spec in specs.values()):
        said.append(
            "Changes are true ones, the noise of single records taken out: of the typical patient of the "
            "population (A_i = baseline_mean, b_i = 0), of these patients, and of each patient. Under a log "
            "link a change is a ratio to baseline."
        )
    if any(spec.binary for spec in specs.values()):
        said.append(
            "A response rate is the chance that a new patient is found in response, averaged over patients."
        )
    if any(arms_of(tree) is not None for tree in trees.values()):
        said.append(
            "The main estimand of two arms is the treated arm's mean change less the control arm's, draw by "
            "draw (under a log link the ratio of the two, of a yes or no the difference between rates)."
        )
    important = [
        f"{spec.outcome.label} {spec.mcid:g} {spec.outcome.unit}"
        for spec in specs.values()
        if spec.mcid is not None
    ]
    if important:
        said.append(f"Smallest important changes (MCID): {listed(important)}; sources under each outcome.")
    said.append("No correction is made for the number of outcomes, visits or patients looked at.")
    return [" ".join(said)]


def _askable(trees: Mapping[str, xr.DataTree]) -> bool:
    """Say whether ra-bayes trust knows a fit like one of these: of one outcome."""
    return any("joint" not in provenance(tree) for tree in trees.values())


def _checks(*, trusted: bool, askable: bool, arms: bool) -> list[str]:
    said = [
        "Each record is compared with what the model predicts for it from all other records (posterior "
        "predictive check). Prior and posterior are set side by side for every parameter, with the share of "
        "the prior's variance that is left."
    ]
    said.append(
        "Where it was asked, each estimand is told as led by data or prior (power-scaling, and prior scales "
        "halved and doubled), the model is fitted again without each patient, "
        f"{'' if arms else 'the placebo response of other trials is taken off, '}and the "
        f"{'treated who are ' * arms}unseen are made worse until the conclusion turns."
        if trusted
        else "Sensitivity to the prior, to single patients and to missing visits has not been computed for "
        f"these fits{' (ra-bayes trust computes it)' if askable else ''}."
    )
    return [" ".join(said)]
