"""Every bad file gets the error that it must get: one sentence per mistake, with its place and its mend.

The files of text are in ``bad_files/*.toml``, those of other formats in ``bad_binaries.py``.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bad_binaries import BINARIES
from click.testing import CliRunner

from ra_bayes.cli import main

TEXTS: dict[str, dict[str, Any]] = {
    f"{page.stem}: {case['name']}": case
    for page in sorted(Path(__file__).with_name("bad_files").glob("*.toml"))
    for case in tomllib.loads(page.read_text(encoding="utf-8"))["file"]
}
IN_A_PROCESS = (
    "long: decimal comma not quoted",
    "sheets: DAS28 of which kind",
    "mapping: not TOML",
    "dates: day or month",
    "limits: below a limit that is not given",
)


def written(folder: Path, case: dict[str, Any]) -> list[str]:
    """Write a case's files; return the arguments that read them."""
    (folder / "clinic.csv").write_text(case["content"], encoding="utf-8", newline="")
    if "mapping" not in case:
        return ["check", "clinic.csv"]
    (folder / "mapping.toml").write_text(case["mapping"], encoding="utf-8", newline="")
    return ["check", "clinic.csv", "--mapping", "mapping.toml"]


def refused(arguments: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Run the command line in the folder; return the lines of the error, which is all that comes of it."""
    monkeypatch.chdir(folder)
    before = {file: file.read_bytes() for file in folder.iterdir()}
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert {file: file.read_bytes() for file in folder.iterdir()} == before
    head, *lines = result.stderr.splitlines()
    name = "mapping.toml" if lines[0].startswith(("  key ", "  not TOML")) else "clinic"
    assert re.fullmatch(rf"ra-bayes: {name}[.\w]*: {len(lines)} problems?", head)
    return [line.removeprefix("  ") for line in lines]


def assert_says(lines: list[str], expected: list[str]) -> None:
    assert len(lines) == len(expected), lines
    for line, says in zip(lines, expected, strict=True):
        assert re.fullmatch(re.escape(says).replace(r"\.\.\.", ".*"), line), f"{line}\nis not\n{says}"


@pytest.mark.parametrize("name", TEXTS)
def test_a_bad_text_gets_its_error(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_says(refused(written(tmp_path, TEXTS[name]), tmp_path, monkeypatch), TEXTS[name]["says"])


@pytest.mark.parametrize("name", BINARIES)
def test_a_bad_file_gets_its_error(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write: Callable[[Path], object]
    write, says = BINARIES[name]
    write(tmp_path / "clinic")
    assert_says(refused(["check", "clinic"], tmp_path, monkeypatch), says.splitlines())


def test_there_are_enough_of_them() -> None:
    assert len(TEXTS) + len(BINARIES) >= 120
    assert {name.partition(":")[0] for name in TEXTS} >= {
        "long",
        "sheets",
        "adam",
        "redcap",
        "mapping",
        "dates",
    }


@pytest.mark.parametrize("name", TEXTS)
def test_every_sentence_has_a_mend_and_no_jargon(name: str) -> None:
    for line in TEXTS[name]["says"]:
        what, _, mend = line.partition("; ")
        assert what
        assert mend
        assert len(line) < 450
        assert not re.search(r"Traceback|Error\b(?! #)|NoneType|object at|dtype|\bnan\b(?!')", line)


@pytest.mark.parametrize("name", IN_A_PROCESS)
def test_the_command_itself_ends_with_2_and_one_message(name: str, tmp_path: Path) -> None:
    arguments = written(tmp_path, TEXTS[name])
    done = subprocess.run(
        [sys.executable, "-m", "ra_bayes.cli", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert_says([line.removeprefix("  ") for line in done.stderr.splitlines()[1:]], TEXTS[name]["says"])
