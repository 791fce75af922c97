"""A few steps of the long haul, whether it would see what it looks for, and what it found.

All of it: ``python tests/long_haul.py --minutes 20``.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

if sys.platform != "linux":
    pytest.skip("signals, limits and mounts of Linux", allow_module_level=True)

from haul_checks import half_written, lost, snapshot, strays, wrong_end
from haul_commands import Command, Scene
from haul_conditions import ODD, SOURCES, Condition, End, made, mounting, stopped
from long_haul import PLAIN, played, played_twice

from ra_bayes.cli import main

SAID = "Traceback (most recent call last):\n  File x\nValueError: 1"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    made = Scene(tmp_path_factory.mktemp("haul"))
    made.prepare()
    return made


def check_of(scene: Scene, *more: str) -> Command:
    return Command(("check", str(scene.inputs / "cohort.csv"), *more), None, frozenset({0}))


@pytest.mark.parametrize("name", ["no HOME", "LC_ALL=C", "Latin-1 output", "no stdin", "stdout to head -1"])
def test_a_check_ends_as_promised_under_odd_conditions(name: str, scene: Scene) -> None:
    assert played(scene, check_of(scene), ODD[name])[1] == []


def test_what_cannot_be_printed_is_told_in_a_sentence(scene: Scene) -> None:
    end, wrong = played(scene, check_of(scene, "--json"), ODD["stdout to /dev/full"])
    assert (wrong, end.code) == ([], 2)


def test_a_file_is_whole_or_absent_on_a_full_disk_and_there_afterwards(scene: Scene) -> None:
    words = ("template", "--out", str(scene.sheets / "clinic.xlsx"), "--outcome", "haq")
    command = Command(words, scene.sheets, frozenset({0, 2}))
    for kind in ("small files", *(["full", "read-only"] if mounting() else [])):
        assert played(scene, command, made(kind, scene, command, random.Random(1)))[1] == []
    assert played_twice(scene, command, command) == [(command, []), (command, [])]
    assert [*snapshot(scene.sheets)] == ["clinic.xlsx"]


def test_a_sheet_whose_writing_is_killed_is_written_when_asked_for_again(scene: Scene) -> None:
    words = ("template", "--out", str(scene.sheets / "again.xlsx"), "--outcome", "haq")
    command = Command(words, scene.sheets, frozenset({0, 2}))
    assert played(scene, command, stopped("SIGKILL", 0.25))[1] == []
    assert played(scene, command, PLAIN)[1] == []
    assert "again.xlsx" in snapshot(scene.sheets)
    assert strays(scene.sheets) == []


def wrong_of(code: int, said: str = "", condition: Condition = PLAIN) -> list[str]:
    return [
        *wrong_end(Command(("check",), None, frozenset({0})), condition, End(code, "x", said, 1, False, []))
    ]


def test_the_run_would_see_a_wrong_end() -> None:
    assert wrong_of(0) == []
    for wrong in (
        wrong_of(0, SAID),
        wrong_of(2),
        wrong_of(120),
        wrong_of(-9),
        wrong_of(1, condition=ODD["narrow"]),
    ):
        assert wrong
    assert wrong_of(-9, condition=stopped("SIGKILL", 1)) == []


def test_the_run_would_see_what_is_lost_or_half_written(tmp_path: Path) -> None:
    (tmp_path / "sdai").mkdir()
    for name, text in (
        ("gate.txt", "gate: passed\n"),
        ("estimands.csv", "a,b\n1,2\n"),
        ("index.html", "<p></html>"),
    ):
        (tmp_path / "sdai" / name).write_text(text)
    before = snapshot(tmp_path)
    assert [*half_written(tmp_path, before)] == []
    (tmp_path / "sdai" / "index.html").write_text("<p>")
    (tmp_path / "sdai" / "estimands.csv").write_text("a,b\n1")
    (tmp_path / "sdai" / "gate.txt").unlink()
    (tmp_path / ".sdai.abcdefgh.part").mkdir()
    after = snapshot(tmp_path)
    assert len([*half_written(tmp_path, after)]) == 2
    done = End(0, "x", "", 1.0, False, [])
    assert [*lost(before, after, Command(("report",), tmp_path, frozenset({0})), done)] == [
        "sdai/gate.txt is gone"
    ]
    assert strays(tmp_path) == [".sdai.abcdefgh.part"]


def test_a_stopped_report_may_replace_figures_but_not_lose_them() -> None:
    before = {"across/figures/forest.png": "1", "across/figures/pattern.png": "2", "plan/figures/a.png": "3"}
    killed = End(-9, "", "", 1.0, True, [])
    after = {"across/figures/pattern.png": "2"}
    report, fit = (Command((verb,), Path(), frozenset({0})) for verb in ("report", "fit"))
    assert [*lost(before, after, report, killed)] == ["plan/figures/a.png is gone"]
    assert len([*lost(before, after, fit, killed)]) == 2


def test_a_fit_that_was_saved_and_could_not_be_told_is_another_one_by_right() -> None:
    before = {"vas/posterior.nc": "1", "comparison-vas/figures/a.png": "1"}
    after = {"vas/posterior.nc": "2"}
    fit = Command(("fit", "--model", "vas"), Path(), frozenset({0}))
    unsaid, refused = (
        End(2, "", f"ra-bayes: {why}", 1.0, False, [])
        for why in ("the output: No space left on device", "no")
    )
    assert [*lost(before, after, fit, unsaid)] == []
    assert len([*lost(before, after, fit, refused)]) == 2


# What the run found, and is mended.
def test_a_long_text_that_cannot_be_printed_is_told_once(scene: Scene) -> None:
    command = Command(("models", "haq"), None, frozenset({0}))
    end, wrong = played(scene, command, ODD["stdout to /dev/full"])
    assert (wrong, end.code) == ([], 2)
    assert end.stderr == "ra-bayes: the output: No space left on device; all else is done\n"


@pytest.mark.parametrize("said", [{"minus": "\u2212 \u60a3"}, "\u2212 \u60a3"])
def test_what_an_encoding_lacks_is_escaped(said: object) -> None:
    code = "import ast, sys; from ra_bayes.cli.terminal import say; say(ast.literal_eval(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, repr(said)],
        env={"PYTHONIOENCODING": "latin-1", "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u2212 \\u60a3" in done.stdout


def test_a_script_is_json_too() -> None:
    plain, told = (CliRunner().invoke(main, ["models", "haq", "--pymc", *more]) for more in ([], ["--json"]))
    assert json.loads(told.stdout) == {"name": "haq", "script": plain.stdout.removesuffix("\n")}


def test_a_tree_on_a_full_disk_is_an_error_and_no_crash(tmp_path: Path) -> None:
    # HDF5 that writes to such a disk by itself brings the process down.
    code = """
import resource, sys
import numpy as np, xarray as xr
from ra_bayes.tree import save
tree = xr.DataTree(xr.Dataset({"x": ("i", np.random.default_rng(1).normal(size=100_000))}))
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    save(tree, sys.argv[1])
except OSError as error:
    print(error.strerror, error.filename)
"""
    target = tmp_path / "posterior.nc"
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, target], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"File too large {target}\n", "")
    assert [*tmp_path.iterdir()] == []


def test_ctrl_c_while_the_command_line_is_imported_is_no_traceback() -> None:
    code = """
import sys
class Interrupted:
    def find_spec(self, name, *rest):
        if name == "ra_bayes.cli.trust":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
import ra_bayes.cli
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "Aborted!\n")


def test_compiling_leaves_nothing_in_the_folder_of_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pytensor.link.utils import write_generated_src

    from ra_bayes.inference.compile import compile_model

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("nutpie.compile_pymc_model", lambda made: write_generated_src(made))
    assert Path(compile_model("x = 1")).read_text() == "x = 1"  # type: ignore[arg-type]
    assert [*tmp_path.iterdir()] == []


def test_a_cache_that_cannot_be_written_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from pytensor.configdefaults import config

    from ra_bayes.errors import FitError
    from ra_bayes.inference.compile import compile_model

    monkeypatch.setattr(type(config).base_compiledir, "val", Path("/proc/none/.pytensor"))
    with pytest.raises(FitError, match=r"/proc/none/.pytensor: compiled models .*; set the environment"):
        compile_model("no model")  # type: ignore[arg-type]
