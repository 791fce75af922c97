"""Writing is all or nothing, for files and for folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ra_bayes.files import atomic_file, atomic_folder, write_text


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "new" / "result.txt"
    with atomic_file(target) as part:
        part.write_text("half")
        assert not target.exists()
        part.write_text("whole")
    assert target.read_text() == "whole"
    assert [each.name for each in target.parent.iterdir()] == ["result.txt"]


def test_a_failing_write_leaves_the_earlier_file_and_nothing_else(tmp_path: Path) -> None:
    target = write_text(tmp_path / "result.txt", "earlier")
    with pytest.raises(KeyboardInterrupt), atomic_file(target) as part:
        part.write_text("half")
        raise KeyboardInterrupt
    assert target.read_text() == "earlier"
    assert [each.name for each in tmp_path.iterdir()] == ["result.txt"]


def test_a_folder_replaces_the_earlier_one_whole(tmp_path: Path) -> None:
    target = tmp_path / "sdai"
    for name in ("first.txt", "second.txt"):
        with atomic_folder(target) as part:
            (part / name).write_text(name)
    assert [each.name for each in target.iterdir()] == ["second.txt"]
    assert [each.name for each in tmp_path.iterdir()] == ["sdai"]


def test_an_interrupted_folder_leaves_the_earlier_one_whole(tmp_path: Path) -> None:
    target = tmp_path / "sdai"
    with atomic_folder(target) as part:
        (part / "posterior.nc").write_text("earlier")
    with pytest.raises(KeyboardInterrupt), atomic_folder(target) as part:
        (part / "posterior.nc").write_text("half")
        raise KeyboardInterrupt
    assert (target / "posterior.nc").read_text() == "earlier"
    assert [each.name for each in tmp_path.iterdir()] == ["sdai"]


def test_the_earlier_folder_steps_back_if_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "sdai"
    with atomic_folder(target) as part:
        (part / "posterior.nc").write_text("earlier")
    replace = Path.replace

    def fails_on_the_new_one(self: Path, to: Path) -> Path:
        if self.suffix == ".part":
            raise OSError("disk full")
        return replace(self, to)

    monkeypatch.setattr(Path, "replace", fails_on_the_new_one)
    with pytest.raises(OSError, match="disk full"), atomic_folder(target) as part:
        (part / "posterior.nc").write_text("new")
    assert (target / "posterior.nc").read_text() == "earlier"


def test_results_are_as_readable_as_any_other_file(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        assert write_text(tmp_path / "page.html", "x").stat().st_mode & 0o777 == 0o644
        with atomic_folder(tmp_path / "sdai"):
            pass
        assert (tmp_path / "sdai").stat().st_mode & 0o777 == 0o755
    finally:
        os.umask(before)
