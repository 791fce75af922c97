"""scripts/rooms.py counts the files that a job may pass: what only types or comments name is not passed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "rooms.py"

PYTHON = {
    "__init__.py": "from house.verbs import verb\n",
    "verbs.py": """
from typing import TYPE_CHECKING

from house.rooms import hall, unused

if TYPE_CHECKING:
    from house.named import Named


def verb(what: "Named") -> int:
    '''Say nothing.'''
    from house.late import late

    return hall() + late()
""",
    "rooms.py": """\
from house.ground import stone


def hall():
    return stone


def unused():
    return 0
""",
    "ground.py": "stone = 1  # a comment of its own is no line of code\n# such as this\n",
    "late.py": "def late():\n    return 1\n",
    "named.py": "class Named:\n    pass\n",
}
R = {
    "verb.R": "#' calls other()\nverb <- function(x) {\n  helper(x) # not other(x)\n  'other(x)'\n}\n",
    "helper.R": 'helper <- function(x) UseMethod("helper")\n',
    "methods.R": "helper.beta <- function(x) x\n",
    "normal.R": "helper.norm <- function(x) x\n",
    "other.R": "other <- function(x) x\n",
}


@pytest.fixture
def rooms() -> ModuleType:
    described = importlib.util.spec_from_file_location("rooms", SCRIPT)
    assert described is not None
    assert described.loader is not None
    module = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    return module


def counted(
    rooms: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *arguments: str,
) -> list[str]:
    monkeypatch.setattr(sys, "argv", ["rooms.py", *arguments])
    rooms.main()
    return capsys.readouterr().out.splitlines()


def written(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_job_in_python(
    rooms: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    house = written(tmp_path / "house", PYTHON)
    whole, job, *files = counted(rooms, monkeypatch, capsys, str(house), "verb", "--list")
    assert "6 files, 30 lines (18 of code)" in whole
    assert job.startswith("verb: 4 files")
    assert files == ["ground.py", "late.py", "rooms.py", "verbs.py"]
    with pytest.raises(SystemExit, match="nothing: defined in none"):
        counted(rooms, monkeypatch, capsys, str(house), "nothing")
    capsys.readouterr()
    monkeypatch.syspath_prepend(str(tmp_path))
    _, run, *files = counted(
        rooms, monkeypatch, capsys, str(house), "--run", "import house; house.verb(0)", "--list"
    )
    # A constant is passed by the eye, not by a run.
    assert files == ["late.py", "rooms.py", "verbs.py"]
    assert run.startswith("run: 3 files")


def test_a_job_in_r(
    rooms: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path / "R", R)
    *_, job, first, second, third = counted(
        rooms, monkeypatch, capsys, str(folder), "verb", "--list", "--without", "norm"
    )
    assert job == "verb: 3 files, 7 lines (6 of code), median 1, largest 5"
    assert [first, second, third] == ["helper.R", "methods.R", "verb.R"]
