"""From a TOML page to a validated :class:`ModelSpec`; every wrong key is reported at once."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike

from ra_bayes.errors import Problem, RaBayesError, SpecError
from ra_bayes.model.builder import Builder, read_builder
from ra_bayes.model.likelihoods import LIKELIHOODS, Likelihood
from ra_bayes.model.links import LINK_NAMES, Link, link
from ra_bayes.model.people_reader import read_arm, read_covariates
from ra_bayes.model.prior_reader import check_binary, on_link, read_priors
from ra_bayes.model.residuals import Autoregressive
from ra_bayes.model.spec import ModelSpec, Placebo
from ra_bayes.model.trajectories import read_trajectory
from ra_bayes.outcome import Outcome
from ra_bayes.outcome_page import define_outcome
from ra_bayes.outcomes import get
from ra_bayes.resources import models_dir
from ra_bayes.toml_page import TomlTable, begin_page, find_page, page_names, page_text

__all__ = ["list_examples", "list_models", "load_model", "read_spec"]


def list_models() -> tuple[str, ...]:
    """Return the names of the shipped models, sorted.

    Examples
    --------
    >>> "sdai" in list_models()
    True
    """
    return page_names(models_dir() / "outcomes")


def list_examples() -> tuple[str, ...]:
    """Return the names of the example pages, sorted: one for each part of a model that no shipped model has.

    They are there to copy from: a shipped outcome with its own priors and one part changed, some numbers
    made up and said to be so. :func:`load_model` takes their names; nothing is fitted with one unless asked.

    Examples
    --------
    >>> "sdai_washout" in list_examples()
    True
    """
    return page_names(models_dir() / "examples")


def load_model(source: str | PathLike[str]) -> ModelSpec:
    """Read a model page.

    Parameters
    ----------
    source
        Name of a shipped model (``"sdai"``) or example (``"sdai_washout"``), or path of a TOML file.

    Raises
    ------
    SpecError
        If the page has wrong keys or values; all of them are reported.
    RaBayesError
        If there is no such model or file.

    Examples
    --------
    >>> load_model("sdai").outcome.unit
    'points'
    """
    path = find_page(source, models_dir() / "outcomes", "model", models_dir() / "examples")
    text = page_text(path, "model page")
    spec = read_spec(text, name=path.stem, source=path.name)
    if spec.builder is None:
        return spec
    return replace(spec, builder=replace(spec.builder, folder=path.resolve().parent))


def read_spec(toml: str, *, name: str, source: str | None = None) -> ModelSpec:
    """Return the specification that a page's text gives.

    Parameters
    ----------
    toml
        Text of the page.
    name
        Name of the model, by convention the stem of its file.
    source
        What to call the page in messages; `name` if not given.

    Raises
    ------
    SpecError
        If the text is not TOML, or has wrong keys or values.
    """
    source = source or name
    page, problems = begin_page(toml, source)
    outcome = _read_outcome(page, problems)
    if outcome is None:
        # Everything else on the page is read in the outcome's terms.
        raise SpecError(source, problems)
    spec = _read_model(page, outcome, name, toml)
    page.finish()
    if problems:
        raise SpecError(source, problems)
    return spec


def _read_model(page: TomlTable, outcome: Outcome, name: str, toml: str) -> ModelSpec:
    likelihood = _read_likelihood(page, outcome)
    chosen = _read_link(page, outcome, likelihood)
    reference = page.number("reference_week", "give the week the change is told at, e.g. 24", above=0)
    trajectory = read_trajectory(page, "trajectory", "visits", reference)
    sustained = page.number(
        "sustained_from", "give a week from 0 to the reference week", default=reference, at_least=0
    )
    if sustained > reference:
        page.problem(
            "sustained_from",
            "comes after the reference week",
            "give a week before it",
            page.raw("sustained_from"),
        )
    mcid, mcid_source = _read_mcid(page, outcome)
    arm = read_arm(page, reference)
    covariates, coefficients = read_covariates(page, outcome)
    residuals = _read_residuals(page, likelihood, outcome)
    own = read_priors(page, trajectory, likelihood, chosen, outcome, arm, residuals)
    priors = (*own, *coefficients)
    if outcome.kind == "binary":
        check_binary(page, trajectory, priors)
    bounds = page.choice("bounds", ("open", "open below", "open above", "closed"), "closed")
    return ModelSpec(
        name=name,
        title=page.text("title", "give the model a title"),
        about=page.text("about", "say what is modelled and why this way"),
        outcome=outcome,
        link=chosen,
        trajectory=trajectory,
        reference_week=reference,
        anchor_week=reference if outcome.kind == "binary" else 0.0,
        sustained_from=sustained,
        rounding=page.number(
            "rounding", "give the width of a recording step, 0 for none", default=0.0, at_least=0
        ),
        open_below=bounds in ("open", "open below"),
        open_above=bounds in ("open", "open above"),
        mcid=mcid,
        mcid_source=mcid_source,
        placebo=_read_placebo(page, outcome, chosen),
        priors=priors,
        toml=toml,
        likelihood=likelihood,
        arm=arm,
        covariates=covariates,
        residuals=residuals,
        builder=_read_builder(page),
    )


def _read_builder(page: TomlTable) -> Builder | None:
    mend = 'write builder = "my_module:build" for the function build in my_module.py beside the page'
    text = page.text("builder", mend, required=False)
    if "builder" not in page:
        return None
    found = read_builder(text)
    if found is None and text:
        page.problem("builder", "is not a module and a function", mend, text)
    for key in ("arm", "covariate", "residuals", "likelihood"):
        if key in page:
            mend = "leave it out, or build it there"
            page.problem(key, "has no place beside a builder", mend, page.raw(key))
    return found


def _read_residuals(page: TomlTable, likelihood: Likelihood, outcome: Outcome) -> Autoregressive | None:
    found = page.choice("residuals", ("independent", "ar1"), "independent")
    mend = "give the weeks apart at which the autocorrelation is told, e.g. 4"
    weeks = page.number("autocorrelation_weeks", mend, default=1.0, above=0)
    if found == "independent":
        if "autocorrelation_weeks" in page:
            page.problem(
                "autocorrelation_weeks", "is of AR(1) residuals", 'leave it out, or write residuals = "ar1"'
            )
        return None
    if outcome.kind != "continuous" or likelihood.name != "normal":
        page.problem(
            "residuals", "ar1 is for normal residuals of a continuous outcome", "leave it out", found
        )
        return None
    return Autoregressive(weeks)


def _read_outcome(page: TomlTable, problems: list[Problem]) -> Outcome | None:
    value = page.raw("outcome")
    if isinstance(value, dict):
        return define_outcome(TomlTable(value, problems, "outcome"), "the model page")
    mend = "name an outcome ra_bayes knows, or define one in a table [outcome] with id, label, unit, ..."
    if not isinstance(value, str):
        page.problem("outcome", "is missing" if value is None else "is not a name", mend, value)
        return None
    try:
        return get(value)
    except RaBayesError as error:
        page.problem("outcome", str(error), mend)
        return None


def _read_likelihood(page: TomlTable, outcome: Outcome) -> Likelihood:
    ordered = [each.name for each in LIKELIHOODS.values() if each.link == "latent"]
    if outcome.kind == "ordinal":
        return LIKELIHOODS[page.choice("likelihood", ordered, "cumulative_logit")]
    if outcome.kind == "binary":
        return LIKELIHOODS[page.choice("likelihood", ("normal",), "normal")]
    name = page.choice("likelihood", [each for each in LIKELIHOODS if each not in ordered], "normal")
    likelihood = LIKELIHOODS[name]
    wrong = likelihood.misfit(outcome)
    if wrong is not None:
        page.problem("likelihood", *wrong, name)
    elif not likelihood.on_link and page.raw("rounding"):
        page.problem("rounding", "has no place beside counts", "leave it out", page.raw("rounding"))
    return likelihood


def _read_link(page: TomlTable, outcome: Outcome, likelihood: Likelihood) -> Link:
    only = "probit" if outcome.kind == "binary" else likelihood.link
    if only:
        page.choice("link", (only,), only)
    name = only or page.choice("link", [each for each in LINK_NAMES if each not in _LATENT], "identity")
    if name == "logit" and (outcome.lower is None or outcome.upper is None):
        if not only:
            page.problem("link", f"logit needs two bounds, which {outcome.id} lacks", "use log or sqrt", name)
        name = "identity"
    return link(name, outcome.lower, outcome.upper)


_LATENT = ("probit", "latent")


def _read_mcid(page: TomlTable, outcome: Outcome) -> tuple[float | None, str]:
    table = page.table("mcid", "give change and source", required=False)
    if table is not None:
        change = table.number("change", "give the change that matters, in the outcome's unit", above=0)
        source = table.text("source", "say who found that change to matter")
        table.finish()
        return change, source
    if outcome.mcid is None:
        return None, ""
    return outcome.mcid.change, f"{outcome.mcid.basis}: {outcome.mcid.source}"


def _read_placebo(page: TomlTable, outcome: Outcome, chosen: Link) -> Placebo | None:
    table = page.table("placebo", "give median, sd, why and source", required=False)
    if table is None:
        return None
    if chosen.name not in ("identity", "log", "probit"):
        page.problem("placebo", f"has no clinical unit under the {chosen.name} link", "leave the table out")
    median = table.number("median", "give the placebo arms' typical change (or rate)")
    placebo = Placebo(
        median=on_link(table, median, chosen) if outcome.kind == "binary" else median,
        sd=table.number("sd", "give the SD between placebo arms, on the link's scale", above=0),
        why=table.text("why", "say how the numbers were reached"),
        source=table.text("source", "name the trials"),
    )
    table.finish()
    return placebo
