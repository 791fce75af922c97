"""The ``[design_prior]`` of a design page: what whoever plans believes, and how it is discounted."""

from __future__ import annotations

import math
import tomllib
from typing import TYPE_CHECKING

from ra_bayes.errors import Problem, RaBayesError, SpecError
from ra_bayes.planning.analysis_reader import read_betas, read_normals
from ra_bayes.planning.design import Design, check_design
from ra_bayes.planning.design_prior import (
    Against,
    BetweenTrials,
    DesignPrior,
    Placebo,
    Sceptical,
    Spread,
    between_trials,
    between_trials_of_arms,
    between_trials_of_page,
    discounted,
    elicited_effect,
    elicited_rate,
    from_counts,
    from_tree,
    placebo_of_arms,
    placebo_of_page,
)
from ra_bayes.toml_page import TomlTable

if TYPE_CHECKING:
    import xarray as xr

    from ra_bayes.model.spec import ModelSpec

__all__ = ["design_prior"]

_DEFAULT_SCEPTIC = Sceptical(0.2, 0.0, "one chance in five, unless the design page says otherwise")
_SOURCES = ("rate", "effect", "count")


def design_prior(
    design: Design, tree: xr.DataTree | None = None, *, arm: str | None = None
) -> DesignPrior | None:
    """Return what the truth may be in the trial that a page designs, step by step.

    Parameters
    ----------
    design
        Its page's ``[design_prior]`` says how a source is discounted, and is one if no tree is given.
    tree
        A posterior: of a fit, or given published counts. Takes the place of the page's own source.
    arm
        The arm of a posterior given counts that was treated as the new trial's patients will be.

    Returns
    -------
    DesignPrior
        ``None`` if the page has no source and no tree is given.

    Raises
    ------
    RaBayesError
        If the tree did not pass its gate or is of another outcome or week, or the page is wrong.

    Examples
    --------
    >>> from ra_bayes.planning.design_reader import load_design
    >>> [step.name for step in design_prior(load_design("acr20_one_arm")).steps]
    ['published count', 'new trial', 'placebo response not subtracted', 'sceptical part']
    """
    check_design(design)
    problems: list[Problem] = []
    raw = tomllib.loads(design.toml).get("design_prior")
    table = TomlTable(raw if isinstance(raw, dict) else {}, problems, "design_prior")
    own = _source(table, design)
    steps = _Steps(table, design)
    table.finish()
    if problems:
        raise SpecError(f"{design.name}.toml", problems)
    if tree is not None:
        end = design.endpoint
        source = from_tree(tree, outcome=end.outcome, week=end.week, arm=arm)
    elif own is not None:
        source = own
    else:
        return None
    against: Against = "control" if design.arms == 2 else "threshold"
    if design.arms == 2 and not source.about.against_control and not (steps.placebo or source.placebo):
        raise RaBayesError(
            f"{design.name} compares with a control, and no placebo response of {design.endpoint.outcome} is "
            "known; write placebo = [[mean, sd]] and placebo_why under [design_prior]"
        )
    return discounted(
        source,
        against=against,
        between_trials=steps.between,
        placebo=None if source.about.against_control else steps.placebo,
        sceptical=steps.sceptical,
    )


def _source(table: TomlTable, design: Design) -> DesignPrior | None:
    """Return what the page itself states; ``None`` if it states nothing."""
    given = [name for name in _SOURCES if name in table]
    for name in given[1:]:
        table.problem(name, f"and {given[0]} are two sources", "keep one", "")
    why = table.text("why", "say who states it, or where it was seen", required=bool(given))
    end = design.endpoint
    binary = end.kind == "binary"
    rate = read_betas(table, "rate")
    effect = read_normals(table, "effect")
    count = table.raw("count")
    if count is not None and not _is_count(count):
        table.problem("count", "is no count", "write patients with the event and patients: [4, 6]", count)
        return None
    if binary and effect is not None:
        table.problem("effect", "is not of a rate", "state rate = [[a, b]] or count = [r, n]")
        return None
    if not binary and (rate is not None or count is not None):
        table.problem("rate" if rate is not None else "count", "is of a rate", "state effect = [[mean, sd]]")
        return None
    if rate is not None:
        return elicited_rate(rate, source=why, outcome=end.outcome, week=end.week)
    if count is not None:
        return from_counts(count[0], count[1], source=why, outcome=end.outcome, week=end.week)
    if effect is not None:
        return elicited_effect(
            effect,
            spread=_spread(design),
            source=why,
            outcome=end.outcome,
            week=end.week,
            against_control=design.arms == 2 and table.raw("beyond_placebo") is True,
        )
    return None


def _is_count(value: object) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    return all(isinstance(each, int) and not isinstance(each, bool) for each in value)


def _spread(design: Design) -> Spread:
    """Return the true SDs of the page; a continuous endpoint has one, that of a change."""
    scales = design.truth.scales
    if design.endpoint.kind == "continuous":
        # All of it is noise of the two records that a change is made of.
        return Spread(0.0, 0.0, 0.0, scales["change_sd"] / math.sqrt(2.0))
    return Spread(**scales)


class _Steps:
    """How a source is discounted, as the page says, or as is usual where it does not."""

    def __init__(self, table: TomlTable, design: Design) -> None:
        self._design = design
        self._page = table.text("page", "name the outcome's model page", required=False)
        table.raw("beyond_placebo")
        self.between = self._between(table)
        self.placebo = self._placebo(table)
        self.sceptical = self._sceptical(table)

    def _between(self, table: TomlTable) -> BetweenTrials | None:
        value = table.raw("between_trials")
        why = table.text("between_trials_why", "say where the SD between trials comes from", required=False)
        if value is False:
            return None
        try:
            if value is None or value == "page":
                return between_trials_of_page(self._model())
            if value == "arms" and self._design.endpoint.kind == "binary":
                return between_trials_of_arms(self._design.endpoint.outcome, self._design.endpoint.week)
            if isinstance(value, int | float) and not isinstance(value, bool):
                return between_trials(float(value), source=why or "stated on the design page")
        except RaBayesError as error:
            if value is None:
                # Nothing is known of how trials of this outcome differ; the step is left out, and not told.
                return None
            table.problem("between_trials", *_told(error), str(value))
            return None
        mend = 'write the SD between trials on the link\'s scale, "page", "arms" (of a rate), or false'
        table.problem("between_trials", "is no SD", mend, value)
        return None

    def _placebo(self, table: TomlTable) -> Placebo | None:
        value, end = table.raw("placebo"), self._design.endpoint
        why = table.text("placebo_why", "say where the placebo response comes from", required=False)
        try:
            if value == "arms":
                return placebo_of_arms(end.outcome, end.week)
            if value is None or value == "page":
                return placebo_of_page(self._model(), end.week)
        except RaBayesError as error:
            if value is not None:
                table.problem("placebo", *_told(error), str(value))
            return None
        binary = end.kind == "binary"
        found = read_betas(table, "placebo") if binary else read_normals(table, "placebo")
        return None if found is None else Placebo(found, why or "stated on the design page")

    def _sceptical(self, table: TomlTable) -> Sceptical | None:
        if "sceptical_weight" not in table:
            table.raw("sceptical_sd")
            return _DEFAULT_SCEPTIC
        mend = "give a probability from 0 to 1, 0 for no sceptical part"
        weight = table.number("sceptical_weight", mend, at_least=0.0)
        sd = table.number("sceptical_sd", "give an SD on the link's scale", default=0.0, at_least=0.0)
        why = table.text("sceptical_why", "say why", required=False)
        if weight > 1.0:
            table.problem("sceptical_weight", "is no probability", mend, weight)
        if math.isnan(weight) or math.isnan(sd) or not 0.0 < weight <= 1.0:
            return None
        return Sceptical(weight, sd, why or "stated on the design page")

    def _model(self) -> ModelSpec:
        from ra_bayes.model.spec_reader import load_model

        return load_model(self._page or self._design.endpoint.outcome)


def _told(error: RaBayesError) -> tuple[str, str]:
    what, _, mend = str(error).partition("; ")
    return what, mend or "state it by numbers"
