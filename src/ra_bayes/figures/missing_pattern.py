"""Missing pattern: what was recorded of whom and when, for every outcome of the cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ra_bayes.diagnostics import SYNTHETIC
from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.change_axis import patients_words
from ra_bayes.figures.journals import column_mm, pen, pt, small_pt
from ra_bayes.figures.lettering import width_mm
from ra_bayes.figures.marks import short_name
from ra_bayes.figures.style import INK, POSTERIOR, QUIET, style
from ra_bayes.numbers import how_many
from ra_bayes.tree import provenance

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["has_pattern", "missing_pattern", "shares"]

_ROW_MM = 3.0
_MOST_PATIENTS = 12
_GAP = 1.0
# Character of the pattern, what it means, marker, face.
_MARKS = (
    ("x", "recorded", "s", POSTERIOR),
    ("<", "below a limit", "v", "white"),
    (">", "above a limit", "^", "white"),
    (".", "missing", "x", INK),
)


def has_pattern(tree: xr.DataTree) -> bool:
    """Say whether a fit knows what was missing in the table that it was fitted to."""
    return "pattern" in provenance(tree)["cohort"]


def shares(rows: Sequence[str]) -> NDArray[np.float64]:
    """Return the share of patients recorded at each visit, NaN at one where nobody was.

    Parameters
    ----------
    rows
        One text per patient, a character per visit, as :func:`ra_bayes.cohort.pattern.pattern` makes them.

    Examples
    --------
    >>> shares(["x< ", "x. "])
    array([1. , 0.5, nan])
    """
    cells = np.array([[*row] for row in rows])
    recorded = np.isin(cells, ["x", "<", ">"]).mean(axis=0)
    return np.where((cells == " ").all(axis=0), np.nan, recorded)


def missing_pattern(tree: xr.DataTree) -> Canvas:
    """Draw patients by visits for every outcome of the cohort: recorded, beyond a limit, or missing.

    Parameters
    ----------
    tree
        A fit; outcomes of its cohort that no model was fitted to are drawn too.

    Returns
    -------
    Canvas
        A matplotlib Figure two columns wide, with its text alternative in ``alt``. Of more than 12
        patients it shows the share recorded at each visit.

    Raises
    ------
    RaBayesError
        If the fit was made before the pattern was kept.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.missing_pattern(tree).savefig("figure-s1.pdf")     # doctest: +SKIP
    """
    if not has_pattern(tree):
        raise RaBayesError("this fit does not know what was missing in its table; fit it again")
    cohort = provenance(tree)["cohort"]
    many = len(cohort["patients"]) > _MOST_PATIENTS
    labels = [each["label"] for each in cohort["outcomes"]]
    rows = [cohort["pattern"][each["outcome"]] for each in cohort["outcomes"]]
    # Whether a sampler passed its gate says nothing of the table.
    warnings = (SYNTHETIC,) if cohort["synthetic"] else ()
    with style():
        height = 21.0 + _ROW_MM * len(labels)
        figure = Canvas(column_mm(150.0), height, _notes(len(cohort["patients"]), many=many), warnings)
        axes = figure.subplots()
        (_draw_shares if many else _draw_marks)(axes, cohort, rows)
        axes.set_yticks(range(len(labels)), labels, fontsize=small_pt())
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.tick_params(length=0.0)
        for side in axes.spines.values():
            side.set_visible(False)
        if not many:
            _key(figure, rows)
        return figure.finish(_alt(cohort, rows))


def _draw_marks(axes: Axes, cohort: Mapping[str, Any], rows: Sequence[Sequence[str]]) -> None:
    """Draw a block of visits for each patient, beside each other, and a row for each outcome."""
    visits = len(cohort["weeks"])
    starts = [(visits + _GAP) * number for number in range(len(cohort["patients"]))]
    for character, meaning, marker, face in _MARKS:
        at = [
            (start + visit, outcome)
            for outcome, texts in enumerate(rows)
            for start, text in zip(starts, texts, strict=True)
            for visit in range(visits)
            if text[visit] == character
        ]
        axes.plot(
            [x for x, _ in at],
            [y for _, y in at],
            linestyle="none",
            marker=marker,
            markersize=pt(2.4),
            color=INK if character == "." else POSTERIOR,
            markerfacecolor=face,
            markeredgewidth=pen(0.5),
            gid=meaning,
        )
    for start, patient in zip(starts, cohort["patients"], strict=True):
        axes.text(
            start + (visits - 1) / 2.0,
            -0.75,
            _cut(short_name(patient), len(starts)),
            ha="center",
            va="bottom",
            fontsize=small_pt(),
            gid="patient",
        )
        if start:
            axes.axvline(start - (1.0 + _GAP) / 2.0, color=QUIET, linewidth=pen(0.3))
    # The first and the last week of a block are enough to count by.
    ends = [0, visits - 1] if visits > 1 and len(starts) <= 8 else [0]
    ticks = [(start + end, f"{cohort['weeks'][end]:g}") for start in starts for end in ends]
    axes.set_xticks([place for place, _ in ticks], [text for _, text in ticks], fontsize=small_pt())
    axes.set_xlim(-1.0, starts[-1] + visits)
    axes.set_xlabel(f"Weeks {', '.join(f'{week:g}' for week in cohort['weeks'])} of each patient")


def _cut(name: str, blocks: int) -> str:
    room = column_mm(150.0) * 0.75 / blocks
    while len(name) > 2 and width_mm(name) > room:
        name = name[:-2] + "…"
    return name


def _draw_shares(axes: Axes, cohort: Mapping[str, Any], rows: Sequence[Sequence[str]]) -> None:
    """Write the share of patients recorded into the cell of each outcome and visit."""
    for outcome, texts in enumerate(rows):
        for visit, share in enumerate(shares(texts)):
            if not np.isnan(share):
                axes.text(
                    visit,
                    outcome,
                    f"{100 * share:.0f}",
                    ha="center",
                    va="center",
                    fontsize=small_pt(),
                    color=INK if share == 1 else POSTERIOR,
                    gid="share",
                )
    weeks = [f"{week:g}" for week in cohort["weeks"]]
    axes.set_xticks(range(len(weeks)), weeks, fontsize=small_pt())
    axes.set_xlim(-0.6, len(weeks) - 0.4)
    axes.set_xlabel("Week")


def _key(figure: Canvas, rows: Sequence[Sequence[str]]) -> None:
    drawn = {character for texts in rows for text in texts for character in text}
    handles = [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=marker,
            markersize=pt(2.4),
            color=INK if character == "." else POSTERIOR,
            markerfacecolor=face,
            markeredgewidth=pen(0.5),
            label=meaning,
        )
        for character, meaning, marker, face in _MARKS
        if character in drawn
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False, fontsize=small_pt())


def _notes(patients: int, *, many: bool) -> str:
    if many:
        return (
            f"Numbers: per cent of {patients} patients with a record; blank where nobody was measured. "
            "Whose records are missing is in the output of ra-bayes check."
        )
    return (
        f"One block per patient ({patients_words(patients)}), one mark per visit; blank where nobody was "
        "measured. Missing: not recorded, though another patient's was in that week."
    )


def _alt(cohort: Mapping[str, Any], rows: Sequence[Sequence[str]]) -> str:
    counts = {
        each["label"]: sum(text.count(".") for text in texts)
        for each, texts in zip(cohort["outcomes"], rows, strict=True)
    }
    told = [f"{label} {count}" for label, count in sorted(counts.items(), key=lambda each: -each[1]) if count]
    total = sum(len(text.replace(" ", "")) for texts in rows for text in texts)
    limited = sum(text.count("<") + text.count(">") for texts in rows for text in texts)
    missing = f"most in {', '.join(told[:4])}" if told else "none"
    weeks = ", ".join(f"{week:g}" for week in cohort["weeks"])
    number, gaps = len(cohort["patients"]), sum(counts.values())
    return (
        f"What was recorded of {how_many(number)} in {how_many(len(counts), 'outcome')} at weeks {weeks}: "
        f"{total} values, of which {gaps} are missing ({missing}) and {limited} beyond a limit."
    )
