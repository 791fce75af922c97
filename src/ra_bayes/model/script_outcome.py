"""A page of one outcome and its records as a PyMC script, and as the part of one that is of that outcome.

The script is put together from lines that stand beside what they say: a trajectory's in its file
(:class:`~ra_bayes.model.trajectories.Trajectory`), a likelihood's in its own
(:class:`~ra_bayes.model.likelihoods.Likelihood`); priors, records and patients in
:mod:`~ra_bayes.model.script_priors`, :mod:`~ra_bayes.model.script_records` and
:mod:`~ra_bayes.model.script_patients`.

Lines of a trajectory or likelihood may use

    week, reference_week        weeks of the visits (array), the page's reference week
    anchor                      index of the visit at which the mean change is zero
    NAME                        every parameter of the page by its name
    expected                    mu (patient, visit); likelihoods only
    KIND_at, KIND_value         places in the grid and values, on the link's scale, of records of a kind:
                                points, below, above, between
    between_low, between_high   ends of records that are an interval

The difference between two arms takes its trajectory's lines under names that begin with ``effect_``
(:mod:`ra_bayes.model.script_people`).
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from ra_bayes.cohort import Cohort
from ra_bayes.errors import RaBayesError
from ra_bayes.model.builder import refuse_builder
from ra_bayes.model.records import Grid, grid
from ra_bayes.model.script_frame import head, imports, sampling
from ra_bayes.model.script_patients import patient_lines
from ra_bayes.model.script_people import effect_lines, people_lines
from ra_bayes.model.script_priors import prior_lines, sampled
from ra_bayes.model.script_records import (
    PLACES,
    grid_lines,
    link_function,
    placed,
    record_tables,
    week_lines,
)
from ra_bayes.model.script_residuals import residuals_script
from ra_bayes.model.spec import ModelSpec

__all__ = ["OutcomeLines", "coords", "outcome_lines", "outcome_script"]


class OutcomeLines(NamedTuple):
    """Lines that are of one outcome, each without an empty line at its ends; empty if there are none.

    Parameters
    ----------
    weeks
        The weeks that its page refers to.
    tables
        Who is treated, covariates, records.
    link
        The function to the scale of its model.
    functions
        Others that its records need.
    placed
        Where its records stand in the grid.
    course
        The mean change, and the difference between arms.
    observed
        How its records scatter.
    watched
        Variables to look at after sampling.
    """

    weeks: str
    tables: tuple[str, ...]
    link: str
    functions: str
    placed: str
    course: str
    observed: str
    watched: tuple[str, ...]


def outcome_lines(model: ModelSpec, records: Grid) -> OutcomeLines:
    """Return the lines of a page and its records.

    Raises
    ------
    RaBayesError
        If the mean change is fixed at zero, which no script is written for yet.
    """
    refuse_builder(model.builder, model.name, "scripts")
    _refuse_pinned(model)
    tables = record_tables(model, records)
    kinds = frozenset(tables)
    functions, observed = (
        model.likelihood.script(model.outcome, kinds)
        if model.residuals is None
        else residuals_script(model.residuals, kinds)
    )
    course = model.trajectory.script(records.weeks, model.reference_week, model.anchor_week)
    if model.arm is not None:
        course = effect_lines(model, records) + course
    people = people_lines(model, records)
    return OutcomeLines(
        week_lines(model),
        (*([people] if people else []), *tables.values()),
        link_function(model),
        functions.strip("\n"),
        "\n".join(placed(model, kind) for kind in tables),
        course.strip("\n"),
        observed.strip("\n"),
        (*sampled(model), "mean_change", *([] if model.arm is None else ["effect"])),
    )


def outcome_script(model: ModelSpec, cohort: Cohort) -> str:
    """Return a page of one outcome and a cohort as a PyMC script; see :func:`ra_bayes.as_pymc_script`."""
    records = grid(model, cohort)
    lines = outcome_lines(model, records)
    defined = [each for each in (PLACES.strip("\n"), lines.link, lines.functions) if each]
    inside = "\n\n".join([*prior_lines(model), lines.course, patient_lines(model), lines.observed])
    body = f"with pm.Model(coords={coords(inside)}) as model:\n" + textwrap.indent(inside, "    ")
    about = model.about.strip().split("\n\n")
    blocks = [
        head(model.title, model.outcome.label, cohort, about, f"the model page {model.name!r}"),
        imports("".join([*defined, body])),
        f"{grid_lines(records)}\n{lines.weeks}",
        *lines.tables,
        *(f"\n{each}" for each in defined),
        "\n" + lines.placed,
        body,
        sampling(lines.watched),
    ]
    return "\n\n".join(blocks)


def coords(lines: str, more: Sequence[str] = ()) -> str:
    """Return the coordinates that lines of a model use, as a dictionary's text.

    Parameters
    ----------
    lines
        All lines of the model.
    more
        Others, as they stand in the dictionary.
    """
    found = ['"patient": patients', '"visit": weeks']
    found += ['"gap": weeks[1:]'] * ('"gap"' in lines) + ['"part": ["height", "slope"]'] * ('"part"' in lines)
    found += more
    on_one = ", ".join(found)
    return f"{{{on_one}}}" if not more else "{\n" + textwrap.indent(",\n".join(found), "    ") + ",\n}"


def _refuse_pinned(model: ModelSpec) -> None:
    """Refuse a model whose mean change is fixed at zero: its lines would have no variable for it."""
    pinned = [each.parameter.name for each in model.priors if each.numbers == (0.0, 0.0)]
    if any(name != "response_sd" for name in pinned):
        raise RaBayesError(
            f"model {model.name!r} cannot be written as a script yet: no script knows a mean change that is "
            "fixed at zero; take the model as rb.fit builds it, ra_bayes.model.build.build"
        )
