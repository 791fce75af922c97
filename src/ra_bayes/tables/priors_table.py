"""Every prior of a model with its reason; beside a fit, what the data made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ra_bayes.diagnostics import Diagnosis, diagnose, warnings_of
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.estimand.prior_shift import prior_to_posterior
from ra_bayes.model.page import prior_rows
from ra_bayes.model.priors import Prior
from ra_bayes.model.spec import ModelSpec
from ra_bayes.numbers import decimals, interval, interval_name, number
from ra_bayes.tables.table import Cell, Column, Table
from ra_bayes.tables.titles import cohort_named, unit_word
from ra_bayes.tree import is_given_counts, spec_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["priors"]

_NAN = float("nan")
_PAGE_PROB = 0.90


def priors(of: ModelSpec | xr.DataTree, *, ci_prob: float = 0.90, checked: Diagnosis | None = None) -> Table:
    """Return the priors of a model page, or of a fit with the posterior beside them.

    Parameters
    ----------
    of
        A model page, or a fit.
    ci_prob
        Probability of a fit's credible intervals, which are equal-tailed; a page's own are of 90%.
    checked
        The verdict on the fit, if it has been asked for already.

    Raises
    ------
    FitError
        If the fit did not pass its gate.
    RaBayesError
        If it is a posterior given published counts, of several outcomes at once.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> table = priors(rb.load_model("vas"))
    >>> [column.header for column in table.columns]
    ['Parameter', 'Unit', 'Prior', 'Median', '90% credible interval (equal-tailed)', 'Why']
    """
    if isinstance(of, ModelSpec):
        return _of_page(of)
    if is_given_counts(of):
        raise RaBayesError(
            "a posterior given published counts has priors by outcome; give one, as tree['ARM/OUTCOME']"
        )
    gate = checked or diagnose(of)
    spec = spec_of(of)
    if not gate.passed:
        raise FitError(f"the fit of {spec.name} did not pass its gate: its numbers are withheld\n{gate}")
    return _of_fit(of, spec, gate, ci_prob)


def _of_page(spec: ModelSpec) -> Table:
    by_name = {prior.parameter.name: prior for prior in spec.priors}
    rows = [
        (
            Cell(row["meaning"]),
            Cell(unit_word(row["unit"])),
            Cell(_distribution(by_name[row["parameter"]])),
            Cell(f"{row['median']:.3g}".replace("-", "−"), (row["median"],)),
            *(_fixed() if row["fixed"] else (_range(row["lower"], row["upper"]),)),
            Cell(_oneline(row["why"])),
        )
        for row in prior_rows(spec)
    ]
    return Table(
        name=f"{spec.name}-priors",
        title=f"Priors of model {spec.name}: {spec.title}",
        columns=(
            Column("Parameter"),
            Column("Unit"),
            Column("Prior"),
            Column("Median", numbers=("median",)),
            Column(interval_name(_PAGE_PROB), numbers=("lower", "upper")),
            Column("Why"),
        ),
        rows=tuple(rows),
        notes=(_scale_note(spec),),
    )


def _of_fit(tree: xr.DataTree, spec: ModelSpec, gate: Diagnosis, ci_prob: float) -> Table:
    shift = {row["quantity"]: row for row in prior_to_posterior(tree, ci_prob=ci_prob).to_dict("records")}
    named = {prior.parameter.name: prior for prior in spec.priors}
    pages = {row["parameter"]: row for row in prior_rows(spec)}
    rows = [_shifted(row, named.get(str(name))) for name, row in shift.items()]
    for name, row in pages.items():
        if row["fixed"]:
            rows.append(_pinned(row, named[name]))
    return Table(
        name=f"{spec.name}-priors",
        title=f"Priors of model {spec.name} and what the data made of them, {cohort_named(tree)}",
        columns=(
            Column("Quantity"),
            Column("Unit"),
            Column("Prior"),
            Column(f"Prior median, {interval_name(ci_prob)}", numbers=("median", "lower", "upper")),
            Column(f"Posterior median, {interval_name(ci_prob)}", numbers=("median", "lower", "upper")),
            Column("Prior variance left", "%", ("share",)),
            Column("Why"),
        ),
        rows=tuple(rows),
        notes=(
            "Prior variance left: variance of the posterior over that of the prior, of ratios and SDs on the "
            "log scale; near 0% the data said nearly all, near 100% the posterior is the prior's opinion.",
            _scale_note(spec),
        ),
        warnings=warnings_of(tree, gate),
    )


def _shifted(row: dict[Any, Any], prior: Prior | None) -> tuple[Cell, ...]:
    left = 100.0 * row["variance_left"]
    return (
        Cell(str(row["meaning"])),
        Cell(unit_word(str(row["unit"]))),
        Cell("implied by the others" if prior is None else _distribution(prior)),
        *(_three(row, group) for group in ("prior", "posterior")),
        Cell(f"{min(left, 999.0):.0f}", (left,)),
        Cell("" if prior is None else _oneline(prior.why)),
    )


def _pinned(row: dict[str, Any], prior: Prior) -> tuple[Cell, ...]:
    fixed = Cell(f"{row['median']:.3g}".replace("-", "−"), (row["median"], _NAN, _NAN))
    return (
        Cell(row["meaning"]),
        Cell(unit_word(row["unit"])),
        Cell(_distribution(prior)),
        fixed,
        Cell("", (_NAN, _NAN, _NAN)),
        Cell("", (_NAN,)),
        Cell(_oneline(row["why"])),
    )


def _three(row: dict[Any, Any], group: str) -> Cell:
    median, lower, upper = (float(row[key]) for key in (group, f"{group}_lower", f"{group}_upper"))
    places = decimals(lower, upper, ratio=row["unit"] == "ratio")
    return Cell(f"{number(median, places)} ({interval(lower, upper, places)})", (median, lower, upper))


def _fixed() -> tuple[Cell]:
    return (Cell("", (_NAN, _NAN)),)


def _range(lower: float, upper: float) -> Cell:
    return Cell(f"{lower:.3g} to {upper:.3g}".replace("-", "−"), (lower, upper))


def _distribution(prior: Prior) -> str:
    """Return a prior as a statistician writes it, on the link's scale.

    Normal(mean, SD); LogNormal(median, SD of the log); LKJ(concentration); of a proportion's probit, Normal.
    """
    first, second = (f"{each:.3g}".replace("-", "−") for each in prior.numbers)
    if prior.fixed:
        return f"fixed at {first}"
    match prior.parameter.family:
        case "level" | "shift":
            return f"Normal({first}, {second})"
        case "scale":
            return f"LogNormal({first}, {second})"
        case "correlation":
            return f"LKJ({first})"
        case "proportion":
            return f"probit Normal({first}, {second})"


def _scale_note(spec: ModelSpec) -> str:
    scale = "" if spec.link.name == "identity" else f", on the {spec.link.name} scale"
    return (
        f"Normal(mean, SD); LogNormal(median, SD of the log); LKJ(concentration), of a correlation{scale}. "
        "No prior is computed from the data analysed."
    )


def _oneline(text: str) -> str:
    return " ".join(text.split())
