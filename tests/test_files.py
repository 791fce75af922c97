"""Writing is all or nothing, for files and for folders."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ra_bayes.files import atomic_file, atomic_folder, tidy, write_text


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
        if (self / "posterior.nc").exists() and (self / "posterior.nc").read_text() == "new":
            raise OSError("disk full")
        return replace(self, to)

    monkeypatch.setattr(Path, "replace", fails_on_the_new_one)
    with pytest.raises(OSError, match="disk full"), atomic_folder(target) as part:
        (part / "posterior.nc").write_text("new")
    assert (target / "posterior.nc").read_text() == "earlier"


def test_an_error_names_the_file_that_was_to_be_written(tmp_path: Path) -> None:
    target = tmp_path / "result.txt"
    for name in (None, "part"):
        with pytest.raises(OSError, match="No space left on device") as told, atomic_file(target) as part:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(part) if name else None)
        assert told.value.filename == str(target)
    with pytest.raises(FileNotFoundError) as other, atomic_file(target):
        (tmp_path / "another.txt").read_text()
    assert other.value.filename == str(tmp_path / "another.txt")


KILLED = """
import os, signal, sys
from pathlib import Path
from ra_bayes import files

def killed(self, to):
    if self.name == "new":
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, to)

replace, Path.replace = Path.replace, killed
with files.atomic_folder(sys.argv[1]) as part:
    (part / "posterior.nc").write_text("new")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="folders are not locked there")
def test_what_a_killed_process_moved_aside_is_put_back_and_what_it_wrote_is_removed(tmp_path: Path) -> None:
    target = tmp_path / "sdai"
    with atomic_folder(target) as part:
        (part / "posterior.nc").write_text("earlier")
    done = subprocess.run([sys.executable, "-c", KILLED, target], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not target.exists()
    tidy(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["sdai"]
    assert (target / "posterior.nc").read_text() == "earlier"


def test_what_is_being_written_is_not_tidied_away(tmp_path: Path) -> None:
    target = tmp_path / "sdai"
    with atomic_folder(target) as part:
        tidy(tmp_path)
        (part / "posterior.nc").write_text("whole")
    assert (target / "posterior.nc").read_text() == "whole"


def test_two_that_replace_one_folder_leave_one_of_them_whole(tmp_path: Path) -> None:
    def write(number: int) -> None:
        for _ in range(20):
            with atomic_folder(tmp_path / "sdai") as part:
                for name in ("posterior.nc", "gate.txt"):
                    (part / name).write_text(str(number))

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(write, number) for number in range(4)]:
            done.result()
    assert len({(tmp_path / "sdai" / name).read_text() for name in ("posterior.nc", "gate.txt")}) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["sdai"]


def test_results_are_as_readable_as_any_other_file(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        assert write_text(tmp_path / "page.html", "x").stat().st_mode & 0o777 == 0o644
        with atomic_folder(tmp_path / "sdai"):
            pass
        assert (tmp_path / "sdai").stat().st_mode & 0o777 == 0o755
    finally:
        os.umask(before)
