"""The page of benchmarks is what is stored of them, and tells of every script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import runs

# Of this name there is a built-in function, not a module.
benchmarks = __import__("all")
FOLDER = Path(runs.__file__).parent


def test_the_page_is_written_from_what_is_stored() -> None:
    assert benchmarks.PAGE.read_text(encoding="utf-8") == benchmarks.page(), "run benchmarks/all.py --page"


def test_every_stored_run_has_its_conditions() -> None:
    stored = [found for name in benchmarks.BENCHMARKS if (found := runs.stored(name)) is not None]
    assert stored
    assert {file.stem for file in runs.RESULTS.iterdir()} == {found.name for found in stored}
    for found in stored:
        assert found.wall_s > 0.0
        assert found.processor_s > 0.0
        assert re.search(r"\d+ cores, load [\d.]+.*; Python 3", found.output), found.name
        assert re.search(r"numpy \d", found.output), found.name


def test_every_script_is_there_and_in_the_readme() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for each in benchmarks.BENCHMARKS.values():
        assert (FOLDER / each.script).is_file()
        assert f"`{each.script}`" in readme or f"/{each.script}" in readme, each.script


def test_a_run_is_read_back_as_it_was_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "RESULTS", tmp_path / "results")
    made = runs.Run("one", "python benchmarks/one.py", "2026-01-01 00:00 UTC", 0.5, 1.0, 0.9, 80.0, "x\n1 µs")
    assert runs.stored("one") is None
    runs.store(made)
    assert runs.stored("one") == made
