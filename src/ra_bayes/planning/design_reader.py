"""From a TOML page to a validated :class:`Design`; every wrong key is reported at once."""

from __future__ import annotations

import difflib
import math
from os import PathLike
from typing import Any

from ra_bayes.errors import SpecError
from ra_bayes.outcome import Outcome
from ra_bayes.outcomes import OUTCOMES
from ra_bayes.planning.analysis_reader import Scales, read_analysis, read_scales
from ra_bayes.planning.design import Design
from ra_bayes.planning.endpoint import Conduct, Endpoint, Kind, Truth
from ra_bayes.planning.rule_reader import read_rule
from ra_bayes.resources import models_dir
from ra_bayes.toml_page import TomlTable, begin_page, find_page, page_names, page_text

__all__ = ["list_designs", "load_design", "read_design"]

# A page of more patients or looks than this is a slip of the keyboard.
_MOST = 10_000
_KINDS: tuple[Kind, ...] = ("binary", "continuous", "longitudinal")


def list_designs() -> tuple[str, ...]:
    """Return the names of the shipped designs, sorted.

    Examples
    --------
    >>> "acr20_one_arm" in list_designs()
    True
    """
    return page_names(models_dir() / "designs")


def load_design(source: str | PathLike[str]) -> Design:
    """Read a page of a trial design.

    Parameters
    ----------
    source
        Name of a shipped design (``"acr20_one_arm"``) or path of a TOML file.

    Raises
    ------
    SpecError
        If the page has wrong keys or values; all of them are reported.
    RaBayesError
        If there is no such design or file.

    Examples
    --------
    >>> load_design("acr20_one_arm").looks
    (20, 40)
    """
    path = find_page(source, models_dir() / "designs", "design")
    text = page_text(path, "design page")
    return read_design(text, name=path.stem, source=path.name)


def read_design(toml: str, *, name: str, source: str | None = None) -> Design:
    """Return the design that a page's text gives.

    Parameters
    ----------
    toml
        Text of the page.
    name
        Name of the design, by convention the stem of its file.
    source
        What to call the page in messages; `name` if not given.

    Raises
    ------
    SpecError
        If the text is not TOML, or has wrong keys or values.
    """
    source = source or name
    page, problems = begin_page(toml, source)
    title = page.text("title", "give a title, a few words")
    about = page.text("about", "say what the design is for", required=False)
    endpoint = _endpoint(page)
    if endpoint is None:
        # Everything else on the page is read in the endpoint's terms.
        raise SpecError(source, problems)
    allocation = _allocation(page)
    n, shares, sizes = _size(page, len(allocation))
    conduct = _conduct(page, endpoint)
    scales = read_scales(page, endpoint)
    analysis = read_analysis(page, endpoint, len(allocation), scales)
    truth = _truth(page, endpoint, len(allocation), scales)
    rule = read_rule(page, endpoint, len(allocation), len(shares), problems)
    # Who plans may say beforehand what they believe; read by `elicited_prior`.
    page.raw("design_prior")
    page.finish()
    if problems or analysis is None or rule is None or truth is None:
        raise SpecError(source, problems)
    design = Design(
        name, title, about, endpoint, allocation, n, shares, conduct, analysis, rule, truth, sizes, toml
    )
    design.truths((truth.null, truth.alternative, *truth.also))
    return design


def _endpoint(page: TomlTable) -> Endpoint | None:
    table = page.table("endpoint", "say what decides: [endpoint] with outcome, kind and week")
    if table is None:
        return None
    id = table.text("outcome", f"name an outcome: {', '.join(OUTCOMES)}")
    outcome = OUTCOMES.get(id)
    if id and outcome is None:
        near = difflib.get_close_matches(id, OUTCOMES, 1)
        table.problem(
            "outcome", "is not known", f"did you mean {near[0]!r}?" if near else "see ra_bayes.OUTCOMES", id
        )
    if outcome is None:
        return None
    kind: Any = table.choice("kind", _KINDS, "binary" if outcome.kind == "binary" else "continuous")
    if (outcome.kind == "binary") != (kind == "binary"):
        table.problem("kind", f"does not fit {id}, which is {outcome.kind}", "leave it out", kind)
        return None
    week = table.number("week", "give the week the endpoint is told at, e.g. 24", above=0.0)
    visits: tuple[float, ...] = ()
    if kind == "longitudinal":
        visits = table.rising("visits", "list the weeks of all visits, from 0 to the endpoint's week")
        if visits and not math.isnan(week) and (visits[0] != 0.0 or visits[-1] != week or len(visits) < 2):
            table.problem("visits", f"do not run from 0 to week {week:g}", "write them so", list(visits))
    shape = table.choice("shape", ("visits", "linear"), "visits") if kind == "longitudinal" else "visits"
    benefit = _benefit(table, outcome)
    table.finish()
    ratio = outcome.positive and kind != "binary"
    unit = "" if ratio or kind == "binary" else outcome.unit
    return Endpoint(kind, id, outcome.label, unit, week, visits, ratio, benefit, shape)


def _benefit(table: TomlTable, outcome: Outcome) -> Any:
    if outcome.benefit is None:
        return table.choice("benefit", ("above", "below"), "below")
    return "above" if outcome.benefit == "increase" else "below"


def _allocation(page: TomlTable) -> tuple[int, ...]:
    mend = "write [1] for one arm, or treated and control in whole numbers, such as [2, 1]"
    value = page.raw("allocation")
    if value is None:
        return (1,)
    whole = isinstance(value, list) and all(
        isinstance(each, int) and not isinstance(each, bool) for each in value
    )
    if not whole or not value or len(value) > 2:
        page.problem("allocation", "is not a list of one or two whole numbers", mend, value)
    elif min(value) < 1:
        page.problem("allocation", f"gives an arm {min(value)} patients", mend, value)
    else:
        divisor = math.gcd(*value)
        return tuple(each // divisor for each in value)
    # The rest of the page is read as of so many arms.
    return (1, 1) if isinstance(value, list) and len(value) > 1 else (1,)


def _size(page: TomlTable, arms: int) -> tuple[int, tuple[float, ...], tuple[int, ...]]:
    n = page.whole("n", "give the number of patients in all, e.g. 40", at_least=arms)
    if n is not None and n > _MOST:
        page.problem("n", f"is above {_MOST}", "give the number of patients in all", n)
    return n or arms, _shares(page, n), _sizes(page, arms)


def _shares(page: TomlTable, n: int | None) -> tuple[float, ...]:
    """Return the looks as shares of n, from whole numbers of patients, or ``every`` so many of them."""
    mend = "list the patients at each look, rising, such as [20, 40], or shares of n, such as [0.5, 1.0]"
    every, value = page.raw("look_every"), page.raw("looks")
    if every is not None:
        first = page.raw("look_from") or every
        sane = all(
            isinstance(each, int) and not isinstance(each, bool) and each > 0 for each in (every, first)
        )
        if not sane or value is not None:
            page.problem("look_every", "does not fit", "give whole look_every and look_from, and no looks")
        elif n is not None and first > n:
            page.problem("look_from", f"lies past n = {n}", "start the looks earlier", first)
        elif n is not None:
            return tuple(sorted({*(look / n for look in range(first, n, every)), 1.0}))
        return (1.0,)
    page.raw("look_from")
    if value is None or n is None:
        return (1.0,)
    looks = page.rising("looks", mend)
    if not looks:
        return (1.0,)
    if looks[0] <= 0.0:
        page.problem("looks", "has one before the first patient", mend, value)
        return (1.0,)
    as_shares = looks[-1] <= 1.0 and not all(isinstance(each, int) for each in value)
    shares = looks if as_shares else tuple(look / n for look in looks)
    if shares[-1] > 1.0:
        page.problem(
            "looks", f"has {looks[-1]:g}, which lies past n = {n}", "leave it out, or raise n", value
        )
        return (1.0,)
    return shares if shares[-1] == 1.0 else (*shares, 1.0)


def _sizes(page: TomlTable, arms: int) -> tuple[int, ...]:
    """Return the sizes to choose among."""
    table = page.table("sizes", "write [sizes] with from, to and step", required=False)
    if table is None:
        return ()
    mend = "give a whole number of patients in all"
    low, high = table.whole("from", mend, at_least=arms), table.whole("to", mend, at_least=arms)
    step = table.whole("step", mend, at_least=1) if "step" in table else 1
    table.finish()
    if low is None or high is None or step is None:
        return ()
    if high < low or high > _MOST:
        table.problem("to", "gives no sizes", f"give a number from {low} to {_MOST}", high)
        return ()
    return tuple(range(low, high + 1, step))


def _conduct(page: TomlTable, endpoint: Endpoint) -> Conduct:
    table = page.table("conduct", "write [conduct] with dropout, missed, accrual", required=False)
    if table is None:
        return Conduct()
    dropout, missed = _share(table, "dropout"), _share(table, "missed")
    if missed and endpoint.kind != "longitudinal":
        table.problem("missed", "is only of a longitudinal endpoint", "tell it as dropout", missed)
    accrual = table.number("accrual", "give patients a month", above=0.0) if "accrual" in table else None
    nonresponse = True
    if endpoint.kind == "binary" and "nonresponse" in table:
        nonresponse = table.flag("nonresponse", "write true if who has no outcome counts as a non-responder")
    table.finish()
    return Conduct(dropout, missed, accrual, nonresponse)


def _share(table: TomlTable, key: str) -> float:
    value = table.number(key, "give a share of patients from 0 to below 1", default=0.0, at_least=0.0)
    if value >= 1.0:
        table.problem(key, "leaves no one to analyse", "give a share of patients below 1", value)
        return 0.0
    return 0.0 if math.isnan(value) else value


def _truth(page: TomlTable, endpoint: Endpoint, arms: int, scales: Scales) -> Truth | None:
    table = page.table("truth", "give [truth] with null and alternative, as values of the estimand")
    if table is None:
        return None
    low = 0.0 if endpoint.ratio else None
    null = table.number("null", "give the value at which success is an error", above=low)
    alternative = table.number("alternative", "give the value at which success is wanted", above=low)
    also = table.raw("also")
    control = None
    if endpoint.kind == "binary" and arms == 2:
        control = table.number("control", "give the true rate of the control arm", at_least=0.0)
        if control > 1.0:
            table.problem("control", "is no rate", "give a rate from 0 to 1", control)
    if also is not None and not (
        isinstance(also, list)
        and all(isinstance(each, int | float) and not isinstance(each, bool) for each in also)
    ):
        table.problem("also", "is not a list of numbers", "list further true values of the estimand", also)
        also = None
    better = alternative > null if endpoint.benefit == "above" else alternative < null
    if not math.isnan(null) and not math.isnan(alternative) and not better:
        side = "above" if endpoint.benefit == "above" else "below"
        table.problem(
            "alternative", f"is not {side} null = {null:g}, the side of benefit", "exchange them", alternative
        )
    if endpoint.kind == "binary":
        for key, value in (("null", null), ("alternative", alternative)):
            least = 0.0 if arms == 1 else -1.0
            if not math.isnan(value) and not least <= value <= 1.0:
                table.problem(
                    key, f"is no {'rate' if arms == 1 else 'difference of rates'}", "correct it", value
                )
    table.finish()
    extra = tuple(float(each) for each in also or ())
    return Truth(null, alternative, extra, control, dict(scales.truth))
