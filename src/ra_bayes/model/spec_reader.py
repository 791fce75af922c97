"""From a TOML page to a validated :class:`ModelSpec`; every wrong key is reported at once."""

from __future__ import annotations

import math
from os import PathLike

from ra_bayes.errors import Problem, RaBayesError, SpecError
from ra_bayes.model.links import LINK_NAMES, Link, link
from ra_bayes.model.priors import Parameter, Prior, family_keys
from ra_bayes.model.spec import ModelSpec, Placebo, parameters
from ra_bayes.model.trajectories import Trajectory, read_trajectory
from ra_bayes.outcome import Outcome
from ra_bayes.outcome_page import define_outcome
from ra_bayes.outcomes import get
from ra_bayes.resources import models_dir
from ra_bayes.toml_page import TomlTable, begin_page, find_page, page_names, page_text

__all__ = ["list_models", "load_model", "read_spec"]


def list_models() -> tuple[str, ...]:
    """Return the names of the shipped models, sorted.

    Examples
    --------
    >>> "sdai" in list_models()
    True
    """
    return page_names(models_dir() / "outcomes")


def load_model(source: str | PathLike[str]) -> ModelSpec:
    """Read a model page.

    Parameters
    ----------
    source
        Name of a shipped model (``"sdai"``) or path of a TOML file.

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
    path = find_page(source, models_dir() / "outcomes", "model")
    text = page_text(path, "model page")
    return read_spec(text, name=path.stem, source=path.name)


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
    chosen = _read_link(page, outcome)
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
    priors = _read_priors(page, trajectory, chosen, outcome)
    if outcome.kind == "binary":
        _check_binary(page, trajectory, priors)
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
    )


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


def _read_link(page: TomlTable, outcome: Outcome) -> Link:
    if outcome.kind == "binary":
        page.choice("link", ("probit",), "probit")
        return link("probit")
    name = page.choice("link", [each for each in LINK_NAMES if each != "probit"], "identity")
    if name == "logit" and (outcome.lower is None or outcome.upper is None):
        page.problem("link", f"logit needs two bounds, which {outcome.id} lacks", "use log or sqrt", name)
        name = "identity"
    return link(name, outcome.lower, outcome.upper)


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
        median=_on_link(table, "median", median, chosen) if outcome.kind == "binary" else median,
        sd=table.number("sd", "give the SD between placebo arms, on the link's scale", above=0),
        why=table.text("why", "say how the numbers were reached"),
        source=table.text("source", "name the trials"),
    )
    table.finish()
    return placebo


def _read_priors(
    page: TomlTable, trajectory: Trajectory, chosen: Link, outcome: Outcome
) -> tuple[Prior, ...]:
    table = page.table("priors", "give a table [priors.NAME] for every parameter")
    if table is None:
        return ()
    pinned = table.raw("response_sd")
    no_response = isinstance(pinned, dict) and pinned.get("fixed") == 0
    priors = []
    for parameter in parameters(trajectory):
        if parameter.name == "correlation" and no_response and parameter.name not in table:
            priors.append(Prior(parameter, (1.0, 0.0), "patients have no response of their own to correlate"))
            continue
        choices = " or ".join(" and ".join(keys) for keys in family_keys(parameter.family))
        entry = table.table(parameter.name, f"give {choices}, and why ({parameter.meaning})")
        if entry is not None:
            priors.append(_read_prior(entry, parameter, chosen, outcome))
            entry.finish()
    table.finish()
    return tuple(priors)


def _check_binary(page: TomlTable, trajectory: Trajectory, priors: tuple[Prior, ...]) -> None:
    """Note what a page of a binary outcome may not ask for."""
    pinned = {prior.parameter.name: prior.numbers[0] for prior in priors if prior.fixed}
    if pinned.get("residual_sd") != 1.0:
        page.problem("priors.residual_sd", "is not 1", "set fixed = 1: it is the unit of the latent score")
    if pinned.get("response_sd") != 0.0:
        page.problem(
            "priors.response_sd", "is not 0", "set fixed = 0: yes or no cannot tell it from the level"
        )
    if trajectory.name != "visits":
        page.problem(
            "trajectory",
            "is not visits",
            "leave it out: a rate is anchored where it is told",
            trajectory.name,
        )


def _read_prior(entry: TomlTable, parameter: Parameter, chosen: Link, outcome: Outcome) -> Prior:
    why = entry.text("why", "give the reason for these numbers in one line")
    match parameter.family:
        case "level":
            median = entry.number("median", "give the median in the outcome's unit")
            lower, upper = (end if end is not None else math.nan for end in (outcome.lower, outcome.upper))
            if median < lower or median > upper:
                entry.problem(
                    "median", f"is outside {outcome.id}'s bounds", "give a value inside them", median
                )
            sd = entry.number("sd", "give the SD on the link's scale", above=0)
            return Prior(parameter, (_on_link(entry, "median", median, chosen), sd), why)
        case "shift":
            median = entry.number("median", "give the median on the link's scale, 0 for no change")
            sd = entry.number("sd", "give the SD on the link's scale", above=0)
            return Prior(parameter, (median, sd), why)
        case "scale" if "fixed" in entry:
            if parameter.may_be_zero:
                fixed = entry.number("fixed", "give a number from 0 up", at_least=0)
            else:
                fixed = entry.number("fixed", "give a number above 0", above=0)
            return Prior(parameter, (fixed, 0.0), why)
        case "scale":
            median = entry.number("median", "give the median, above 0", above=0)
            sdlog = entry.number("sdlog", "give the SD of the log, e.g. 0.4", above=0)
            return Prior(parameter, (median, sdlog), why)
        case "correlation":
            return Prior(
                parameter, (entry.number("concentration", "give Beta(c, c)'s c, e.g. 4", above=0), 0.0), why
            )


def _on_link(table: TomlTable, key: str, value: float, chosen: Link) -> float:
    on_link = float(chosen.forward(value))
    if math.isnan(value) or math.isfinite(on_link):
        return on_link
    table.problem(key, f"is outside what the {chosen.name} link can take", "give a value inside it", value)
    return math.nan
