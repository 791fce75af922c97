"""Compile a structure once and for all; swap the data after that.

With six patients compiling takes seconds and sampling tenths of one, so every outcome, prior and subset
of patients with the same structure re-uses one compiled model, and other processes its machine code
(:mod:`~ra_bayes.inference.machine_code`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ra_bayes.errors import FitError
from ra_bayes.inference.machine_code import keep, place_of, revived
from ra_bayes.model.build import Levels, build, data, structure
from ra_bayes.model.builder import refuse_builder
from ra_bayes.model.numbers import layout, pack
from ra_bayes.model.records import Grid
from ra_bayes.model.spec import ModelSpec

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["compile_model", "compiled", "compiled_once"]

_COMPILED: dict[Hashable, Any] = {}


def compiled(spec: ModelSpec, records: Grid, levels: Levels = "centred", repeat: int = 1) -> Any:
    """Return nutpie's compiled model of the structure, holding this model's and cohort's numbers.

    Every record counts `repeat` times.
    """
    refuse_builder(spec.builder, spec.name, "re-fits (sensitivity, what is left out, calibration)")
    # nutpie would start the levels from the prior numbers of the model that happened to be compiled,
    # and the same seed would give other draws after another outcome.
    start = {"patient_level_c": np.zeros(len(records.patients))} if levels == "centred" else {}
    return compiled_once(
        structure(spec, records, levels),
        lambda: build(spec, records, levels, packed=True),
        data(spec, records, repeat),
        start,
    )


def compile_model(made: pm.Model, **options: Any) -> Any:
    """Compile a model for nutpie, with its options.

    Raises
    ------
    FitError
        If there is no folder for what is compiled, as where there is no home folder.
    """
    _cache_folder()
    import nutpie

    return nutpie.compile_pymc_model(made, **options)


def _cache_folder() -> Path:
    """Return PyTensor's cache folder, and have it keep there the source that it generates.

    Once for each content: else every compilation leaves some thirty files in the system's folder of
    temporary ones, for good.
    """
    from pytensor.configdefaults import config

    cache = Path(config.base_compiledir)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=cache).close()
    except OSError as error:
        raise FitError(
            f"{cache}: compiled models cannot be kept there ({error.strerror}); set the environment variable "
            "PYTENSOR_FLAGS to base_compiledir=FOLDER, a folder that can be written to"
        ) from None
    if getattr(config, "generated_src_dir", None) == "":
        config.generated_src_dir = str(Path(config.compiledir) / "generated")
    return Path(config.compiledir)


def compiled_once(
    key: Hashable,
    make: Callable[[], pm.Model],
    numbers: Mapping[str, np.ndarray],
    start: Mapping[str, np.ndarray] | None = None,
) -> Any:
    """Return nutpie's compiled model of a structure, holding these numbers; compile it when it is first met.

    Parameters
    ----------
    key
        The structure: all that the model depends on beside the numbers and the sources in ``model/``.
    make
        Makes its model, the numbers packed.
    numbers
        What :func:`~ra_bayes.model.numbers.declare` was or would be given, in the same order.
    start
        Where to start variables, by name.
    """
    whole = key, layout(numbers)
    if whole not in _COMPILED:
        made, starts = make(), dict(start or {})
        place = place_of(whole, _cache_folder() / "ra_bayes")
        ready = revived(place, made, starts)
        if ready is None:
            compiled_now = compile_model(made, initial_points=starts)
            keep(place, compiled_now)
            # What was kept, if it could be: the first process then runs the code that later ones run.
            ready = revived(place, made, starts) or compiled_now
        _COMPILED[whole] = ready
    return _COMPILED[whole].with_data(**pack(numbers))
