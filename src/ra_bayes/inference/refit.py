"""Re-fit: sample a model's posterior again with other prior numbers, patients masked, or other records.

Nothing recompiles: prior numbers and records are data of the compiled structure, and a patient without
records has no term in the likelihood, so that their level and response are drawn from the population.
Whoever asks for many fits of one structure pays for one compilation.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ra_bayes.cohort import Record
from ra_bayes.diagnostics import Diagnosis, diagnose
from ra_bayes.errors import FitError
from ra_bayes.inference.compile import compiled
from ra_bayes.inference.groups import constant_data, dataset, named
from ra_bayes.inference.sampling import Attempt, draws_of
from ra_bayes.model.build import Levels
from ra_bayes.model.likelihoods import CELL, POINT
from ra_bayes.model.people import People
from ra_bayes.model.records import Grid, empty, ends
from ra_bayes.model.simulate import to_clinical
from ra_bayes.model.spec import ModelSpec
from ra_bayes.tree import model_entry, provenance, with_provenance

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["records_of", "refit", "with_values", "without", "without_records"]

type Array = NDArray[np.float64]

# As fit's ladder, with a first rung that costs half: many fits are asked for, and most need no more.
_RUNGS: tuple[Attempt[Levels], ...] = (
    Attempt("centred", 0.95, 1),
    Attempt("centred", 0.98, 2),
    Attempt("centred", 0.995, 2),
    Attempt("non-centred", 0.995, 2),
)
_MOST_DRAWS = 4

# nutpie's names, and those that ArviZ looks for.
_STATS = {"diverging": "diverging", "energy": "energy", "n_steps": "n_steps", "step_size": "step_size"}
_STATS |= {"depth": "tree_depth", "mean_tree_accept": "acceptance_rate"}


class _Trace(NamedTuple):
    """Raw draws, and what diagnoses them, each (chain, draw, ...)."""

    draws: dict[str, Array]
    stats: dict[str, Array]


def records_of(tree: xr.DataTree) -> Grid:
    """Return the records that a fit was given, from its tree.

    Raises
    ------
    FitError
        If the tree holds no records of patients, such as a posterior given published counts, or is one
        outcome of a joint fit, which its own page would not fit again.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> records_of(rb.load("results/sdai/posterior.nc")).patients    # doctest: +SKIP
    """
    provenance(tree)
    if "constant_data" not in tree.children or "sample_stats" not in tree.children:
        raise FitError(
            "this tree is no fit of patients' records, and cannot be fitted again; "
            "fit a cohort with ra_bayes.fit"
        )
    if "joint" in tree.children:
        raise FitError(
            "this outcome was fitted together with others, and alone it would be another fit; "
            "fit its own page with ra_bayes.fit and ask that one"
        )
    constant = tree["constant_data"].to_dataset().transpose("patient", "visit", ...)
    value = tree["observed_data"]["record"].transpose("patient", "visit").values
    limit, low, high, kind, log_slope = (
        constant[name].values.copy() for name in ("limit", "low", "high", "kind", "log_slope")
    )
    patients = tuple(map(str, constant["patient"].values))
    people = None
    if "treated" in constant or "covariates" in constant:
        treated = constant["treated"].values if "treated" in constant else np.zeros(len(patients))
        arms = tuple(map(str, constant["arm"].values)) if "arm" in constant else ()
        x = constant["covariates"].values if "covariates" in constant else np.zeros((len(patients), 0))
        people = People(arms, treated.copy(), x.copy())
    weeks = constant["visit"].values
    return Grid(patients, weeks, value.copy(), limit, low, high, kind, log_slope, people)


def without(records: Grid, patients: Iterable[str]) -> Grid:
    """Return the grid with all records of some patients masked: they are predicted as new ones.

    Raises
    ------
    FitError
        If a patient is not on the grid.
    """
    masked = np.zeros(records.shape, dtype=bool)
    for patient in patients:
        if patient not in records.patients:
            raise FitError(
                f"there is no patient {patient!r} to leave out; write one of {', '.join(records.patients)}"
            )
        masked[records.patients.index(patient)] = True
    return without_records(records, masked)


def without_records(records: Grid, masked: NDArray[np.bool_]) -> Grid:
    """Return the grid without the records that are masked (patient, visit), as if they had been missed."""
    limit, low, high, kind, log_slope = (
        np.where(masked, 0.0, each)
        for each in (records.limit, records.low, records.high, records.kind, records.log_slope)
    )
    value = np.where(masked, np.nan, records.value)
    return Grid(records.patients, records.weeks, value, limit, low, high, kind, log_slope, records.people)


def with_values(model: ModelSpec, records: Grid, values: Array) -> Grid:
    """Return the grid with other values recorded in it, such as simulated ones.

    Parameters
    ----------
    model
        The model, whose page says what interval a value stands for.
    records
        The grid.
    values
        Records in the outcome's unit (patient, visit); NaN where none was made.

    Raises
    ------
    FitError
        If the shape is another one, or the link cannot take a value.
    """
    if values.shape != records.shape:
        raise FitError(
            f"values of shape {values.shape} do not fit a grid of {records.shape}; give one for each patient "
            "and visit"
        )
    out = empty(records.patients, records.weeks, records.people)
    out.value[:] = values
    for i, j in zip(*np.nonzero(~np.isnan(values)), strict=True):
        value = float(values[i, j])
        record = Record(records.patients[i], float(records.weeks[j]), model.outcome.id, value, "", 0)
        low, high = ends(model, record)
        out.low[i, j], out.high[i, j] = low, high
        out.kind[i, j] = POINT if low == high else CELL
        if low == high and model.likelihood.on_link:
            out.log_slope[i, j] = model.link.log_slope(value)
    return out


def refit(
    model: ModelSpec,
    records: Grid,
    *,
    seed: int,
    draws: int = 1000,
    chains: int = 4,
    tune: int = 1000,
    cores: int | None = None,
    gated: bool = True,
    repeat: int = 1,
) -> xr.DataTree:
    """Sample the posterior of a model given records on a grid; no compilation after the first.

    Divergences or a low E-BFMI are answered with smaller steps, then with the patients' levels parametrised
    the other way (another structure, compiled when it is first needed); a high R-hat or a low ESS with twice
    the draws, up to four times as many. If nothing helps, the attempt with the fewest divergences comes back,
    and does not pass :func:`~ra_bayes.diagnostics.diagnose`.

    Parameters
    ----------
    model
        The model, with any prior numbers (:meth:`~ra_bayes.model.spec.ModelSpec.with_numbers`).
    records
        Of a fit (:func:`records_of`), masked (:func:`without`) or made (:func:`with_values`).
    seed
        Seed of the sampler.
    draws, chains, tune
        Draws kept per chain, chains, and tuning draws of the first attempt.
    cores
        Chains sampled at once; all cores if not given.
    gated
        Ask for all that the gate asks. If not, look at divergences only: for simulations of many small fits,
        whose R-hat over dozens of quantities would often fail by chance.
    repeat
        How often every record counts: the likelihood to this power, exactly.

    Returns
    -------
    xarray.DataTree
        Groups ``posterior``, ``sample_stats``, ``observed_data`` and ``constant_data``, as
        :mod:`ra_bayes.tree` has them.

    Raises
    ------
    FitError
        If the numbers asked for make no fit.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> tree = rb.load("results/sdai/posterior.nc")                               # doctest: +SKIP
    >>> others = without(records_of(tree), ["SYN-1"])                             # doctest: +SKIP
    >>> refit(rb.load_model("sdai"), others, seed=1)                              # doctest: +SKIP
    """
    if draws < 100 or chains < 2 or tune < 100 or repeat < 1:
        raise FitError(
            f"draws={draws}, chains={chains}, tune={tune}, repeat={repeat}: a re-fit needs at least "
            "100 draws and 100 tuning draws in at least 2 chains, and every record once"
        )
    if repeat > 1 and model.residuals is not None:
        raise FitError(
            f"repeat={repeat}: where residuals are correlated, records cannot count more than once; "
            "leave repeat out"
        )
    if model.arm is not None and (records.people is None or not records.people.arms):
        raise FitError(f"model {model.name!r} is of two arms, and these records are of one; fit both again")
    rung, factor, tried = 0, 1, list[str]()
    best: tuple[int, xr.DataTree] | None = None
    while True:
        attempt = _RUNGS[rung]._replace(tune=_RUNGS[rung].tune * tune)
        sampling = {"draws": draws * factor, "chains": chains, **attempt._asdict()}
        trace = _sample(model, records, sampling, seed, cores, repeat)
        tree = _light(model, records, trace)
        diverging = int(tree["sample_stats"]["diverging"].sum())
        tried.append(f"{attempt}, {draws * factor} draws: {diverging} divergent")
        entries = {"model": model_entry(model), "seed": seed, "sampling": sampling, "attempts": [*tried]}
        tree = with_provenance(tree, entries)
        if best is None or diverging <= best[0]:
            best = diverging, tree
        stuck, short = _failures(diagnose(tree)) if gated else (diverging > 0, False)
        rung, factor = rung + stuck, factor * (1 + short)
        if not (stuck or short) or rung == len(_RUNGS) or factor > _MOST_DRAWS:
            told = {**provenance(best[1]), "attempts": tried}
            return best[1] if len(tried) == 1 else with_provenance(best[1], told)


def _failures(verdict: Diagnosis) -> tuple[bool, bool]:
    """Return whether smaller steps are needed, and whether more draws are."""
    failed = {check.name for check in verdict.checks if not check.passed}
    steps = {"divergences", "E-BFMI"}
    return bool(failed & steps), bool(failed - steps)


def _sample(
    model: ModelSpec, records: Grid, sampling: dict[str, Any], seed: int, cores: int | None, repeat: int
) -> _Trace:
    ready = compiled(model, records, sampling["levels"], repeat)
    results = draws_of(
        ready,
        draws=sampling["draws"],
        tune=sampling["tune"],
        chains=sampling["chains"],
        cores=cores,
        seed=seed,
        target_accept=sampling["target_accept"],
        return_raw_trace=True,
    )
    draws, stats = results.get_arrow_trace()
    names = [name for name in draws[0].column_names if not name.endswith("__")]
    return _Trace(_columns(draws, stats, names), _columns(stats, stats, list(_STATS)))


def _columns(batches: list[Any], stats: list[Any], names: list[str]) -> dict[str, Array]:
    """Return columns of all chains, (chain, draw, ...), without the tuning draws.

    nutpie's own way to a DataTree costs a fifth of a small fit.
    """
    import pyarrow as pa  # type: ignore[import-untyped]  # nutpie's own format, and its dependency

    kept = [~pa.array(each.column("tuning")).to_numpy(zero_copy_only=False) for each in stats]
    found = {}
    for name in names:
        chains = []
        for batch, keep in zip(batches, kept, strict=True):
            column = pa.array(batch.column(name))
            if pa.types.is_large_list(column.type):
                values = column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1)
            else:
                values = column.to_numpy(zero_copy_only=False)
            chains.append(values[keep])
        found[name] = np.stack(chains)
    return found


def _light(model: ModelSpec, records: Grid, trace: _Trace) -> xr.DataTree:
    """Lay out what estimands and the gate need; predictions and likelihoods are left to whoever asks."""
    import xarray as xr

    stats = {name: (("chain", "draw"), trace.stats[own]) for own, name in _STATS.items()}
    return xr.DataTree.from_dict(
        {
            "posterior": named(
                model, to_clinical(model, trace.draws, records.weeks, records.people), records
            ),
            "sample_stats": xr.Dataset(stats),
            "observed_data": dataset({"record": records.value}, records, lead=()),
            "constant_data": constant_data(model, records),
        }
    )
