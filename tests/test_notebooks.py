"""Every notebook runs from top to bottom, is well-formed and small, and says what in it is synthetic."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
EACH = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
MAX_BYTES = 300_000
MAX_PICTURE_BYTES = 150_000


def read(path: Path) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def test_stories_are_listed() -> None:
    listed = (NOTEBOOKS / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in NOTEBOOKS.glob("*.ipynb") if f"({path.name})" not in listed] == []


@EACH
def test_is_a_notebook(path: Path) -> None:
    # The parts of nbformat 4.5's schema that a hand-made notebook gets wrong.
    notebook = read(path)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    for cell in notebook["cells"]:
        wanted = {"cell_type", "id", "metadata", "source"}
        wanted |= {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        assert set(cell) == wanted
        assert all(line.endswith("\n") for line in cell["source"][:-1])


@EACH
def test_says_synthetic_and_stays_small(path: Path) -> None:
    notebook = read(path)
    assert "synthetic" in "".join(notebook["cells"][0]["source"])
    assert path.stat().st_size < MAX_BYTES
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    pictures = [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    assert all(len(picture) * 3 / 4 < MAX_PICTURE_BYTES for picture in pictures)
    assert [output for output in outputs if output["output_type"] == "error"] == []


@EACH
def test_was_run_in_order(path: Path) -> None:
    counts = [cell["execution_count"] for cell in read(path)["cells"] if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """All of them, one after the other in one process, which compiles what they share once."""
    folder = tmp_path_factory.mktemp("elsewhere")
    command = [sys.executable, "-W", "error", str(NOTEBOOKS / "run.py"), *map(str, PATHS)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done, folder


@pytest.mark.mcmc
@EACH
def test_runs(path: Path, ran: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, _ = ran
    _, *told = re.split(r"^== (.+)$", done.stdout, flags=re.MULTILINE)
    printed = dict(zip(told[::2], told[1::2], strict=True))
    # The last one that was begun is the one that failed.
    assert path.name in printed, done.stderr
    assert path.name != [*printed][-1] or done.returncode == 0, done.stderr
    assert "gate: passed" in printed[path.name]


@pytest.mark.mcmc
def test_leave_no_files_behind(ran: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    assert list(ran[1].iterdir()) == []
