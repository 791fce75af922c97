r"""Baseline characteristics: every outcome at week 0, and how much of it was recorded later.

A record below a limit says that the value lies below it, so that a quantile of the values is known within
bounds only. With the records' lower ends l_i (the outcome's own bound for a value below a limit) and upper
ends u_i, the quantile of the unknown values lies between that of the l_i and that of the u_i, since every
order statistic rises with each value. Where both agree it is printed; where not, the bound is, as ``< 0.5``.
No mean is told where a record lies beyond a limit. Quantiles are R's type 7 (Hyndman and Fan 1996).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ra_bayes.cohort.cohort import check_cohort
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand.arms import arm_names, has_two_arms, of_arm
from ra_bayes.numbers import how_many, listed, number
from ra_bayes.outcome import Outcome
from ra_bayes.tables.table import Cell, Column, Table
from ra_bayes.tree import is_given_counts, provenance, spec_of

if TYPE_CHECKING:
    import xarray as xr

    from ra_bayes.cohort import Cohort

__all__ = ["baseline", "baseline_of"]

_NAN = float("nan")


class _Start(NamedTuple):
    """Records of one outcome in one arm: those of week 0 with their limits, and how many there are later."""

    arm: str
    outcome: Outcome
    values: tuple[float, ...]
    limits: tuple[int, ...]
    weeks: tuple[float, ...]
    records: int
    missing: int
    limited: int


def baseline(cohort: Cohort) -> Table:
    """Return the baseline characteristics of a cohort, by arm if it has arms.

    Parameters
    ----------
    cohort
        From :func:`ra_bayes.read_cohort`.

    Raises
    ------
    RaBayesError
        If it is no cohort.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> table = baseline(rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv"))
    >>> [cell.text for cell in table.rows[0]][:5]
    ['Pain (VAS)', 'mm', '6', '67.3 (14.7)', '66.5 (64 to 72.8)']
    """
    check_cohort(cohort)
    arms = sorted({arm for _, arm in cohort.arms}) or [""]
    starts = [
        _of_cohort(cohort, outcome, arm, patients)
        for arm in arms
        for patients in [set(cohort.patients_of(arm)) if arm else set(cohort.patients)]
        for outcome in cohort.used
    ]
    return _table(starts, cohort.name, len(cohort.patients), synthetic=cohort.synthetic)


def baseline_of(trees: Sequence[xr.DataTree]) -> Table:
    """Return the baseline characteristics of the cohort behind fits: of the outcomes fitted.

    Parameters
    ----------
    trees
        Fits of one cohort, in the order of the rows.

    Raises
    ------
    RaBayesError
        If there is no fit, one is of published counts, or they are of several cohorts.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> fits = [rb.load(f"results/{name}/posterior.nc") for name in ("sdai", "crp")]  # doctest: +SKIP
    >>> rb.tables.save(rb.tables.baseline_of(fits), "table-1.docx")  # doctest: +SKIP
    """
    if not trees or any(is_given_counts(tree) for tree in trees):
        raise RaBayesError("baseline characteristics are of patients' records; give fits of a cohort")
    cohorts = [provenance(tree)["cohort"] for tree in trees]
    different = len({each["hash"] for each in cohorts})
    if different > 1:
        raise RaBayesError(f"these fits are of {different} different cohorts; give those of one")
    starts = {(start.arm, start.outcome.id): start for tree in trees for start in _of_fit(tree)}
    # As of a cohort: all outcomes of one arm, then those of the other.
    order = sorted(starts, key=lambda key: key[0])
    first = cohorts[0]
    return _table(
        [starts[key] for key in order], first["name"], len(first["patients"]), synthetic=first["synthetic"]
    )


def _of_cohort(cohort: Cohort, outcome: Outcome, arm: str, patients: set[str]) -> _Start:
    records = [record for record in cohort.of(outcome.id) if record.patient in patients]
    weeks = tuple(sorted({record.week for record in cohort.of(outcome.id)}))
    first = [record for record in records if record.week == 0]
    return _Start(
        arm,
        outcome,
        tuple(record.value for record in first),
        tuple({"<": -1, "": 0, ">": 1}[record.limit] for record in first),
        weeks,
        len(records),
        len(patients) * len(weeks) - len(records),
        sum(bool(record.limit) for record in records),
    )


def _of_fit(tree: xr.DataTree) -> Iterator[_Start]:
    """Yield what a fit has of each of its arms."""
    record = tree["observed_data"].to_dataset()["record"]
    seen = record.notnull().any("patient").values
    for arm in arm_names(tree) if has_two_arms(tree) else ("",):
        yield _of_one(of_arm(tree, arm) if arm else tree, arm, seen)


def _of_one(tree: xr.DataTree, arm: str, seen: np.ndarray) -> _Start:
    observed, constant = (tree[group].to_dataset() for group in ("observed_data", "constant_data"))
    value = observed["record"].transpose("patient", "visit").values
    limit = constant["limit"].transpose("patient", "visit").values
    weeks = observed["visit"].values
    made = np.isfinite(value)
    start = made & (weeks == 0)
    return _Start(
        arm,
        spec_of(tree).outcome,
        tuple(map(float, value[start])),
        tuple(map(int, limit[start])),
        tuple(map(float, weeks[seen])),
        int(made.sum()),
        int((~made[:, seen]).sum()),
        int((made & (limit != 0)).sum()),
    )


def _table(starts: Sequence[_Start], name: str, patients: int, *, synthetic: bool) -> Table:
    weeks = {start.weeks for start in starts}
    limited = any(start.limited for start in starts)
    notes = [
        "n: patients with a record at week 0. SD: sample standard deviation. Quartiles: linear between order "
        "statistics (R's type 7). Missing: patients without a record at a visit at which another patient has "
        "one, over all visits.",
        *([f"Visits: weeks {_weeks(next(iter(weeks)))}."] if len(weeks) == 1 else []),
        *(
            [
                "Where a record lies beyond a limit of quantification there is no mean, and of a quantile or "
                "an end of the range what is known of it."
            ]
            if limited
            else []
        ),
    ]
    return Table(
        name="baseline",
        title=f"Baseline characteristics of {name} ({how_many(patients)})",
        columns=(
            Column("Outcome"),
            Column("Arm"),
            Column("Unit"),
            Column("n", numbers=("n",)),
            Column("Mean (SD)", numbers=("mean", "SD")),
            Column("Median (quartiles)", numbers=("median", "lower quartile", "upper quartile")),
            Column("Range", numbers=("lowest", "highest")),
            Column("Visits (weeks)"),
            Column("Records", numbers=("records",)),
            Column("Missing", numbers=("missing",)),
            Column("Beyond a limit", numbers=("beyond a limit",)),
        ),
        rows=tuple(_row(start, several=len(weeks) > 1) for start in starts),
        notes=tuple(notes),
        warnings=("Synthetic data: no patient was measured.",) if synthetic else (),
    ).without_blank_columns()


def _row(start: _Start, *, several: bool) -> tuple[Cell, ...]:
    return (
        Cell(start.outcome.label),
        Cell(start.arm),
        Cell("yes or no" if start.outcome.kind == "binary" else start.outcome.unit),
        Cell(str(len(start.values)), (len(start.values),)),
        *_summary(start),
        Cell(_weeks(start.weeks) if several else ""),
        *(Cell(str(count), (count,)) for count in (start.records, start.missing, start.limited)),
    )


def _summary(start: _Start) -> tuple[Cell, Cell, Cell]:
    """Return mean (SD), median (quartiles) and range of the records of week 0."""
    nothing = (Cell("", (_NAN,) * 2), Cell("", (_NAN,) * 3), Cell("", (_NAN,) * 2))
    if not start.values:
        return nothing
    if start.outcome.kind == "binary":
        share = float(np.mean(start.values))
        yes = int(sum(start.values))
        return (Cell(f"{yes} of {len(start.values)} yes", (share, _NAN)), *nothing[1:])
    values, limits = np.array(start.values), np.array(start.limits)
    recorded = _places(values)
    computed = not np.allclose(values, np.round(values, recorded), rtol=0.0, atol=1e-9)
    # One decimal more than the records have, and no more than three digits of their spread; of a score that
    # was computed from its components, two decimals, as such scores are told.
    spread = float(values.std())
    finest = recorded if computed else recorded + 1
    places = min(finest, max(2 - math.floor(math.log10(spread)), 0) if spread > 0.0 else recorded)
    asked = [(0.5, places), (0.25, places), (0.75, places), (0.0, recorded), (1.0, recorded)]
    ends = [_quantile(values, limits, start.outcome, p, each) for p, each in asked]
    (median, low, high, least, most), numbers = zip(*ends, strict=True)
    return (
        _mean(values, limits, places),
        Cell(f"{median} ({low} to {high})", numbers[:3]),
        Cell(f"{least} to {most}", numbers[3:]),
    )


def _mean(values: np.ndarray, limits: np.ndarray, places: int) -> Cell:
    if limits.any():
        return Cell("", (_NAN, _NAN))
    mean = float(values.mean())
    # One patient has no spread.
    sd = float(values.std(ddof=1)) if values.size > 1 else _NAN
    spread = f" ({number(sd, places)})" if values.size > 1 else ""
    return Cell(f"{number(mean, places)}{spread}", (mean, sd))


def _quantile(
    values: np.ndarray, limits: np.ndarray, outcome: Outcome, p: float, places: int
) -> tuple[str, float]:
    """Return a quantile as printed, and as a number where the records settle it."""
    lower = -math.inf if outcome.lower is None else outcome.lower
    upper = math.inf if outcome.upper is None else outcome.upper
    low, high = (_type_7(np.where(limits == side, end, values), p) for side, end in ((-1, lower), (1, upper)))
    if low == high:
        return _trimmed(high, places), high
    if (limits > 0).any() and (limits < 0).any():
        return f"{_trimmed(low, places)} to {_trimmed(high, places)}", _NAN
    if (limits < 0).any():
        return f"< {_trimmed(high, places)}", _NAN
    return f"> {_trimmed(low, places)}", _NAN


def _type_7(values: np.ndarray, p: float) -> float:
    """Return a quantile; an end that is infinite gives an infinite one wherever it has a part."""
    ordered = np.sort(values)
    place = p * (ordered.size - 1)
    below = math.floor(place)
    share = place - below
    if share == 0.0:
        return float(ordered[below])
    return float((1.0 - share) * ordered[below] + share * ordered[below + 1])


def _places(values: np.ndarray) -> int:
    """Return the decimals that the records have, three at most; two where they have more."""
    return next((k for k in range(4) if np.allclose(values, np.round(values, k), rtol=0.0, atol=1e-9)), 2)


def _trimmed(value: float, places: int) -> str:
    """Return a number without the zeros that a record would not have."""
    text = number(value, places)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _weeks(weeks: Sequence[float]) -> str:
    return listed([f"{week:g}" for week in weeks])
