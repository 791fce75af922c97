"""The methods section, written from the model pages and the provenance of the fits.

What several models share is said once; what differs between them stands in one table. Nothing is said that
the fits do not carry: who planned, approved or registered the study is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ra_bayes.diagnostics import MAX_RHAT, MIN_BFMI, MIN_ESS
from ra_bayes.model.spec import ModelSpec
from ra_bayes.numbers import interval_name, listed
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
    return [
        _part("data", "Data", _data(entries)),
        _part("model", "Model", _model(specs), equations=_equations(specs), table=_differences(specs)),
        _part("likelihood", "Likelihood", _likelihood(specs, entries)),
        _part("priors", "Priors", _priors(specs)),
        _part("computation", "Computation", _computation(entries)),
        _part("gate", "When a fit is believed", _gate()),
        _part("estimands", "Estimands and intervals", _estimands(specs, ci_prob)),
        _part("checks", "Checks and sensitivity", _checks(trusted=trusted)),
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


def _data(entries: Mapping[str, dict[str, Any]]) -> list[str]:
    cohort = next(iter(entries.values()))["cohort"]
    weeks = listed([f"{week:g}" for week in cohort["weeks"]])
    said = [
        f"Longitudinal records of {len(cohort['patients'])} patients at weeks {weeks} were analysed, outcome "
        "by outcome. There is no control arm: every change is from baseline."
    ]
    if cohort["synthetic"]:
        said.append("The data are synthetic: no patient was measured.")
    said.append(
        "A visit without a record contributes nothing to the likelihood, which is right if whether it was "
        "missed depends on what was recorded and not on what would have been (missing at random). No value "
        "was imputed."
    )
    return [" ".join(said)]


def _model(specs: Mapping[str, ModelSpec]) -> list[str]:
    several = len(specs) > 1
    kinds = {spec.binary for spec in specs.values()}
    said = [
        f"{'Each outcome has' if several else 'The outcome has'} a Bayesian hierarchical (mixed-effects) "
        "model of its own. Patient i has a level A_i and a response b_i; "
        "f is the mean course of the population, zero at the anchor week; r is the shape by which a "
        "patient's own response grows, 1 at the reference week. Levels and responses are normal in the "
        "population, with SDs baseline_sd and response_sd and a correlation; residuals are independent."
    ]
    if False in kinds:
        said.append(
            "Of a continuous outcome y*, the true value with noise, the model is additive on the scale of a "
            "link g."
        )
    if True in kinds:
        said.append(
            "A yes-or-no outcome y is the sign of a latent y* whose residual SD is 1: a probit mixed model."
        )
    if several:
        said.append(
            "No parameter is shared between outcomes. What differs between the models stands in the table; "
            "each page as fitted stands under its outcome."
        )
    return [" ".join(said)]


def _equations(specs: Mapping[str, ModelSpec]) -> list[str]:
    """Return the equations that any of the models has, each once."""
    lines: list[str] = []
    lines += dict.fromkeys(spec.likelihood.equation for spec in specs.values() if not spec.binary)
    for gap in sorted({spec.residuals.gap for spec in specs.values() if spec.residuals is not None}):
        told = f"Corr(e_ij, e_ik) = autocorrelation^(|t_ij - t_ik| / {gap:g})"
        lines.append(f"{told},  e = g(y*) - mu        (AR(1) residuals)")
    if any(spec.binary for spec in specs.values()):
        lines.append("y_ij = 1 where y*_ij > 0,  y*_ij ~ Normal(mu_ij, 1)        (yes or no)")
    arms = dict.fromkeys(
        f"mu_ij has [i treated] d(t_ij) added, d {spec.arm.trajectory.name}        (two arms)"
        for spec in specs.values()
        if spec.arm is not None
    )
    lines += [
        "mu_ij = A_i + f(t_ij) + b_i r(t_ij)",
        *arms,
        "(A_i, b_i) ~ Normal((baseline_mean, 0), [baseline_sd, response_sd; correlation])",
    ]
    shapes = dict.fromkeys((spec.shape, spec.trajectory.equation) for spec in specs.values())
    lines += [f"{shape}:  {equation}" for shape, equation in shapes]
    return lines


def _differences(specs: Mapping[str, ModelSpec]) -> Part:
    return {
        "label": "What differs between the models",
        "head": [
            "model",
            "outcome",
            "link",
            "course f",
            "anchor week",
            "reference week",
            "what a record says",
        ],
        "rows": [
            [
                name,
                f"{spec.outcome.label}{f', {spec.outcome.unit}' if spec.outcome.unit else ''}",
                "probit" if spec.binary else spec.link.equation,
                spec.shape,
                f"{spec.anchor_week:g}",
                f"{spec.reference_week:g}",
                _record(spec),
            ]
            for name, spec in specs.items()
        ],
    }


def _record(spec: ModelSpec) -> str:
    if spec.binary:
        return "response or none"
    said = []
    if spec.rounding:
        said.append(f"y* within {spec.rounding / 2:g} of it")
    ends = [
        f"{end:g}"
        for is_open, end in ((spec.open_below, spec.outcome.lower), (spec.open_above, spec.outcome.upper))
        if is_open and end is not None
    ]
    if ends:
        said.append(f"at {' or '.join(ends)}: y* there or beyond")
    return "; ".join(said) or "the value; below a limit: no more than that"


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
        if sampling["sampler"] == "nutpie"
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


def _estimands(specs: Mapping[str, ModelSpec], ci_prob: float) -> list[str]:
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
    important = [
        f"{spec.outcome.label} {spec.mcid:g} {spec.outcome.unit}"
        for spec in specs.values()
        if spec.mcid is not None
    ]
    if important:
        said.append(f"Smallest important changes (MCID): {listed(important)}; sources under each outcome.")
    said.append("No correction is made for the number of outcomes, visits or patients looked at.")
    return [" ".join(said)]


def _checks(*, trusted: bool) -> list[str]:
    said = [
        "Each record is compared with what the model predicts for it from all other records (posterior "
        "predictive check). Prior and posterior are set side by side for every parameter, with the share of "
        "the prior's variance that is left."
    ]
    said.append(
        "Where it was asked, each estimand is told as led by data or prior (power-scaling, and prior scales "
        "halved and doubled), the model is fitted again without each patient, the placebo response of other "
        "trials is taken off, and the unseen are made worse until the conclusion turns."
        if trusted
        else "Sensitivity to the prior, to single patients and to missing visits has not been computed for "
        "these fits (ra-bayes trust computes it)."
    )
    return [" ".join(said)]
