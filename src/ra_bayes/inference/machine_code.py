"""Machine code of compiled models, kept from process to process.

Compiling a log density with its gradient takes seconds. What comes out depends on the model's structure and
on nothing else, since every number is handed to it; so it is kept in PyTensor's cache of compiled things,
named by a hash of the structure, of the sources that build the model, of the versions of what compiled it,
and of the processor. numba does as much for functions that it can name; nutpie's it cannot.

Where anything is not as expected (other fields of nutpie's class, addresses within the code, a symbol that
this process lacks, a file that is not whole) nothing is kept or taken, and the model is compiled.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import re
import threading
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from importlib import import_module
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pymc as pm

from ra_bayes.errors import RaBayesError
from ra_bayes.jobs.digest import digest
from ra_bayes.jobs.store import read, write
from ra_bayes.model import build

__all__ = ["keep", "place_of", "revived"]

_COMPILERS = ("ra_bayes", "pymc", "pytensor", "nutpie", "numba", "llvmlite", "numpy", "scipy")
_PARTS = ("logp", "expand")
# Of nutpie's class of compiled models: with other ones, we would not know how to make it.
_FIELDS = frozenset(
    (
        *("dims", "_coords", "_n_dim", "n_expanded", "_shapes", "shape_info", "reparameterized_names"),
        *("compiled_logp_func", "compiled_expand_func", "logp_func", "expand_func", "initial_point_func"),
        *("shared_data", "shared_var_keys", "user_data", "_transform_adapt_args"),
    )
)
# Of files, some 350 kB each; those that were not used for longest go first.
_MOST = 200
_ADDRESS = re.compile(r"inttoptr \(?i64 \d{5,}")
_ENVIRONMENT = "_ZN08NumbaEnv"


@dataclass(frozen=True)
class _Function:
    """A function that an engine of LLVM's loaded; what it stands on lives as long as it does."""

    engine: Any
    environments: list[Any]
    address: int


class _Code(NamedTuple):
    """A function's object code, and what it needs of the process that loads it.

    ``symbols`` are functions and variables of others; ``environments`` are numba's, from which compiled
    code gets the Python objects that it uses: their names, and by each its module and data types.
    """

    content: bytes
    symbol: str
    symbols: list[str]
    environments: dict[str, tuple[str, list[str]]]


def place_of(structure: Hashable, folder: Path) -> Path:
    """Return the file of a structure's machine code: its name changes with all that the code depends on."""
    from numba.core.registry import cpu_target
    from pytensor.configdefaults import config

    sources = Path(build.__file__).parent
    environment = sorted(f"{name}={text}" for name, text in os.environ.items() if name.startswith("NUMBA_"))
    depends = (
        repr(structure),
        [(path.name, path.read_bytes()) for path in sorted(sources.rglob("*.py"))],
        [(package, version(package)) for package in _COMPILERS],
        platform.python_version(),
        [str(each) for each in cpu_target.target_context.codegen().magic_tuple()],
        [config.floatX, config.optimizer, str(getattr(config, "numba__fastmath", "")), *environment],
    )
    return folder / f"{digest(depends)[:40]}.npz"


def keep(place: Path, compiled: Any) -> None:
    """Keep the machine code of nutpie's compiled model, where it can be."""
    if {field.name for field in fields(compiled)} != _FIELDS:
        return
    functions = (compiled.compiled_logp_func, compiled.compiled_expand_func)
    codes = {name: code for name, each in zip(_PARTS, functions, strict=True) if (code := _code(each))}
    if len(codes) < len(_PARTS):
        return
    told = {
        # Their content goes into arrays of its own.
        "functions": {name: code[1:] for name, code in codes.items()},
        "numbers": [variable.name for variable in compiled.shared_var_keys],
        "names": list(compiled.shape_info[0]),
        "shapes": [[int(size) for size in shape] for shape in compiled.shape_info[2]],
        "transformed": list(compiled.reparameterized_names),
        "sampled": int(compiled.n_dim),
    }
    arrays = {name: np.frombuffer(code.content, dtype=np.uint8) for name, code in codes.items()}
    with suppress(RaBayesError):  # a full disk: the next process compiles again
        write(place, {"told": np.frombuffer(json.dumps(told).encode(), dtype=np.uint8), **arrays})
        _forget(place.parent)


def revived(place: Path, made: pm.Model, start: Mapping[str, np.ndarray]) -> Any:
    """Return the compiled model whose machine code was kept, or None.

    Parameters
    ----------
    place
        From :func:`place_of`.
    made
        The model, its numbers packed.
    start
        Where to start variables, by name.
    """
    from nutpie.compile_pymc import CompiledPyMCModel, make_user_data

    kept = None
    with suppress(RaBayesError):
        kept = read(place)
    if kept is None or {field.name for field in fields(CompiledPyMCModel)} != _FIELDS:
        return None
    told = json.loads(kept["told"].tobytes())
    variables = {variable.name: variable for variable in made.data_vars}
    functions = _loaded({name: _Code(kept[name].tobytes(), *told["functions"][name]) for name in _PARTS})
    if functions is None:
        return None
    with suppress(OSError):
        os.utime(place)
    shapes = [tuple(shape) for shape in told["shapes"]]
    ends = np.cumsum([prod(shape) for shape in shapes]).tolist()
    slices = [slice(end - prod(shape), end) for shape, end in zip(shapes, ends, strict=True)]
    keys = {variables[name]: name for name in told["numbers"]}
    numbers = {name: np.array(variables[name].get_value(), order="C") for name in told["numbers"]}
    sampled = dict(zip(told["names"][: len(made.free_RVs)], shapes, strict=False))
    return CompiledPyMCModel(
        dims={},
        _coords={"unconstrained_parameter": _each(sampled)},
        _n_dim=told["sampled"],
        n_expanded=ends[-1],
        _shapes=dict(zip(told["names"], shapes, strict=True)),
        shape_info=(told["names"], slices, shapes),
        reparameterized_names=told["transformed"],
        compiled_logp_func=functions["logp"],
        compiled_expand_func=functions["expand"],
        logp_func=None,
        expand_func=None,
        initial_point_func=_initial_point(made, start, sampled),
        shared_data=numbers,
        shared_var_keys=keys,
        user_data=make_user_data(keys, numbers),
    )


def _code(function: Any) -> _Code | None:
    """Return a function's code, if it is the same in any process."""
    import llvmlite.binding as llvm

    library = getattr(function, "_library", None)
    if library is None or library.has_dynamic_globals or _ADDRESS.search(library.get_llvm_str()):
        return None
    _, _, (content, bitcode) = library.serialize_using_object_code()
    module = llvm.parse_bitcode(bitcode)
    symbols = [*module.functions, *module.global_variables]
    outside = [each.name for each in symbols if each.is_declaration and not each.name.startswith("llvm.")]
    environments = _environments(module)
    return None if environments is None else _Code(content, function.native_name, outside, environments)


def _environments(module: Any) -> dict[str, tuple[str, list[str]]] | None:
    """Return numba's environments that a module refers to; None if one holds more than data types."""
    from numba.core.environment import lookup_environment

    found = {}
    for name in [each.name for each in module.global_variables if each.name.startswith(_ENVIRONMENT)]:
        environment = lookup_environment(name)
        if environment is None:  # of a function that is wholly within others
            continue
        if not all(isinstance(each, np.dtype) for each in environment.consts):
            return None
        types = [each.str for each in environment.consts]
        found[name] = (environment.globals.get("__name__", ""), types)
    return found


def _loaded(codes: Mapping[str, _Code]) -> dict[str, _Function] | None:
    """Return functions by name, loaded from their code; None if a symbol that they need is not here.

    Each is loaded by itself. In the engine that all of numba's functions share, a helper would be taken from
    whatever was loaded before under the same name, which may have been compiled with other inlining: draws
    would depend, in the last digits, on what else the process had compiled.
    """
    import llvmlite.binding as llvm
    from numba.core.registry import cpu_target

    cpu_target.target_context.refresh()  # numba's own helpers, which the code calls
    # LLVM would end the process over a symbol that it does not find.
    if any(llvm.address_of_symbol(symbol) is None for code in codes.values() for symbol in code.symbols):
        return None
    found = {}
    for name, code in codes.items():
        machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        engine.add_object_file(llvm.ObjectFileRef.from_data(code.content))
        engine.finalize_object()
        environments = [_environment(engine, each, *of) for each, of in code.environments.items()]
        found[name] = _Function(engine, environments, engine.get_function_address(code.symbol))
    return found


def _environment(engine: Any, name: str, module: str, types: list[str]) -> Any:
    """Return an environment of numba's, made as it was when the code was compiled, and in its place."""
    from numba.core.environment import Environment

    environment = Environment(vars(import_module(module)) if module else {})
    environment.consts[:] = [np.dtype(each) for each in types]
    environment.env_name = name
    # What is in no use any more has no address.
    if address := engine.get_global_value_address(name):
        ctypes.c_void_p.from_address(address).value = id(environment)
    return environment


def _initial_point(
    made: pm.Model, start: Mapping[str, np.ndarray], sampled: Mapping[str, tuple[int, ...]]
) -> Callable[[Any], np.ndarray]:
    """Return where a chain starts, by its seed: as nutpie has it, around the prior's centre."""
    from pymc.initial_point import make_initial_point_fn

    point = make_initial_point_fn(
        model=made, overrides=dict(start), jitter_rvs=set(made.free_RVs), return_transformed=True
    )
    lock = threading.Lock()  # chains start in threads, and PyTensor's functions are not safe in them

    def initial_point(seed: Any = None) -> np.ndarray:
        with lock:
            values = point(seed)
        return np.concatenate([np.asarray(values[name], dtype=float).ravel() for name in sampled])

    return initial_point


def _each(sampled: Mapping[str, tuple[int, ...]]) -> Any:
    """Return the name of every sampled number, as nutpie names them."""
    import pandas as pd

    return pd.Index(
        [
            f"{name}_{'.'.join(map(str, index))}" if index else name
            for name, shape in sampled.items()
            for index in np.ndindex(*shape)
        ]
    )


def _forget(folder: Path) -> None:
    """Remove the files that were not used for longest, where there are too many."""
    with suppress(OSError):
        files = sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime)
        for file in files[:-_MOST]:
            file.unlink(missing_ok=True)
