"""Machine code that is kept from process to process gives the draws of the code that was just compiled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest

from ra_bayes.inference import compile as compiling
from ra_bayes.inference.compile import compiled_once
from ra_bayes.inference.machine_code import keep, place_of, revived
from ra_bayes.jobs.store import read, write
from ra_bayes.model.numbers import declare

pytestmark = pytest.mark.mcmc

NUMBERS = {"centre": np.array([1.03125, -2.0625]), "scale": np.array([0.515625])}


def made() -> pm.Model:
    with pm.Model(coords={"each": ["a", "b"]}) as model:
        held = declare(NUMBERS, packed=True)
        x = pm.Normal("x", held["centre"], held["scale"][0], dims="each")
        share = pm.Beta("share", 2.0, 3.0)
        pm.Deterministic("gain", x * share, dims="each")
        # erfcx and log-gamma: functions that the machine code calls and does not hold.
        pm.Potential("records", pt.log(pt.erfcx(x)).sum() + pt.gammaln(share + 1.0))
    return model


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    place = tmp_path_factory.mktemp("code") / "ra_bayes" / "it.npz"
    fresh = compiling.compile_model(made(), initial_points={"x": np.ones(2)})
    keep(place, fresh)
    return place, fresh


def drawn(ready: Any) -> dict[str, np.ndarray]:
    import nutpie

    trace = nutpie.sample(ready, draws=60, tune=60, chains=2, cores=1, seed=4, progress_bar=False)
    return {str(name): each.values for name, each in trace["posterior"].data_vars.items()}


def test_code_that_was_kept_starts_as_the_code_just_compiled_and_takes_other_numbers(
    kept: tuple[Path, Any],
) -> None:
    place, fresh = kept
    again = revived(place, made(), {"x": np.ones(2)})
    assert again is not None
    assert again.compiled_logp_func.address != fresh.compiled_logp_func.address
    for seed in (1, 2):
        assert again.initial_point_func(seed).tolist() == fresh.initial_point_func(seed).tolist()
    moved = drawn(again.with_data(real=np.array([9.0, 9.0, 0.01])))["x"]
    np.testing.assert_allclose(moved, 9.0, atol=0.1)


# A process that compiles, keeps, and draws from what it compiled and from what it kept.
COMPILES = """
import json, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import numpy as np
from test_machine_code import drawn, made
from ra_bayes.inference.compile import compile_model
from ra_bayes.inference.machine_code import keep, revived
fresh = compile_model(made(), initial_points={"x": np.ones(2)})
keep(Path(sys.argv[2]), fresh)
both = fresh, revived(Path(sys.argv[2]), made(), {"x": np.ones(2)})
print(json.dumps([{name: each.ravel().tolist() for name, each in drawn(one).items()} for one in both]))
"""


def test_code_that_was_kept_draws_to_the_bit_as_where_it_was_compiled(
    kept: tuple[Path, Any], tmp_path: Path
) -> None:
    assert drawn(kept[1])  # this process has compiled the same model, and what other tests asked of it
    place = tmp_path / "it.npz"
    command = [sys.executable, "-c", COMPILES, str(Path(__file__).parent), str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    fresh, revived_there = json.loads(done.stdout)
    ours = drawn(revived(place, made(), {"x": np.ones(2)}))
    assert ours.keys() == fresh.keys() == revived_there.keys()
    for name, each in ours.items():
        assert each.ravel().tolist() == fresh[name] == revived_there[name]


def test_a_structure_is_compiled_once_for_all_processes(
    tmp_path: Path, kept: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "_cache_folder", lambda: tmp_path)
    calls: list[pm.Model] = []
    monkeypatch.setattr(compiling, "compile_model", lambda model, **_: calls.append(model) or kept[1])
    for _ in range(2):
        monkeypatch.setattr(compiling, "_COMPILED", {})  # as a process that starts anew
        compiled_once("structure", made, NUMBERS)
    assert len(calls) == 1
    monkeypatch.setattr(compiling, "_COMPILED", {})
    compiled_once("another structure", made, NUMBERS)
    assert len(calls) == 2


def test_the_file_is_named_by_all_that_the_code_depends_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [place_of(("visits", 6), tmp_path), place_of(("visits", 7), tmp_path)]
    assert place_of(("visits", 6), tmp_path) == names[0]
    with monkeypatch.context() as changed:
        changed.setenv("NUMBA_OPT", "0")
        names.append(place_of(("visits", 6), tmp_path))
    with monkeypatch.context() as changed:
        changed.setattr("ra_bayes.inference.machine_code.version", lambda _: "99")
        names.append(place_of(("visits", 6), tmp_path))
    source = tmp_path / "model" / "build.py"
    source.parent.mkdir()
    with monkeypatch.context() as changed:
        changed.setattr("ra_bayes.model.build.__file__", str(source))
        for text in ("x = 1", "x = 2"):
            source.write_text(text)
            names.append(place_of(("visits", 6), tmp_path))
    assert len({*names}) == len(names)


def test_what_is_damaged_or_needs_what_is_not_here_is_not_loaded(
    kept: tuple[Path, Any], tmp_path: Path
) -> None:
    place, content = tmp_path / "it.npz", kept[0].read_bytes()
    assert revived(place, made(), {}) is None
    for damaged in (content[: len(content) // 2], content[:-40] + b"x" * 40, b""):
        place.write_bytes(damaged)
        assert revived(place, made(), {}) is None
    # LLVM would end the process over the unknown symbol.
    whole = read(kept[0])
    assert whole is not None
    told = whole["told"].tobytes().replace(b'", ["', b'", ["no_such_symbol", "', 1)
    write(place, {**whole, "told": np.frombuffer(told, dtype=np.uint8)})
    assert revived(place, made(), {}) is None


def test_code_with_addresses_of_this_process_is_not_kept(
    kept: tuple[Path, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = kept[1].compiled_expand_func._library
    with monkeypatch.context() as changed:
        changed.setattr(library, "get_llvm_str", lambda: "%1 = inttoptr (i64 139774221 to ptr)")
        keep(tmp_path / "it.npz", kept[1])
    assert not (tmp_path / "it.npz").exists()
    keep(tmp_path / "it.npz", kept[1])
    assert (tmp_path / "it.npz").exists()


def test_no_number_of_a_patient_is_in_what_is_kept(kept: tuple[Path, Any]) -> None:
    content = kept[0].read_bytes()
    numbers = np.concatenate([*NUMBERS.values()])
    assert [each for each in numbers if each.tobytes() in content] == []
    held = {variable.name: kept[1].shared_data[key] for variable, key in kept[1].shared_var_keys.items()}
    assert held["real"].tobytes() == numbers.tobytes()  # so they would look


def test_of_many_files_those_not_used_for_longest_go(
    kept: tuple[Path, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ra_bayes.inference.machine_code._MOST", 2)
    for age, name in enumerate(("newest", "older", "oldest")):
        (tmp_path / f"{name}.npz").write_bytes(kept[0].read_bytes())
        os.utime(tmp_path / f"{name}.npz", (1e9 - age, 1e9 - age))
    assert revived(tmp_path / "oldest.npz", made(), {}) is not None  # used: now it is the newest
    keep(tmp_path / "it.npz", kept[1])
    assert {path.name for path in tmp_path.iterdir()} == {"oldest.npz", "it.npz"}
