"""Writing so that what was there stays whole until what is new is complete.

What is being written lies beside its target in a folder ``.NAME.XXXXXXXX.part``, which its writer holds
locked. A process that was killed leaves such a folder, and its lock is gone with it: the next writer in the
same place removes it, and puts back what it had already moved aside.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from os import PathLike
from pathlib import Path

__all__ = ["atomic_file", "atomic_folder", "tidy", "write_text"]

_PART = re.compile(r"\.(?P<name>.+)\.[a-z0-9_]{8}\.part")
_NEW, _OLD = "new", "old"


@contextmanager
def atomic_file(path: str | PathLike[str]) -> Iterator[Path]:
    """Yield a path beside `path` to write to; it takes `path`'s place if the block ends well.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "answer.txt"
    >>> with atomic_file(target) as part:
    ...     _ = part.write_text("42")
    >>> target.read_text()
    '42'
    """
    target = Path(path)
    with _beside(target) as place:
        # Named as it will be: a format may be told by its ending.
        part = place / target.name
        part.touch()
        yield part
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.replace(target)


@contextmanager
def atomic_folder(path: str | PathLike[str]) -> Iterator[Path]:
    """Yield an empty folder beside `path`; it takes `path`'s place if the block ends well."""
    target = Path(path)
    with _beside(target) as place:
        part = place / _NEW
        part.mkdir()
        yield part
        # Two processes that replace one folder do it one after the other.
        with _locked(target.parent):
            _swap(part, target, place / _OLD)


def write_text(path: str | PathLike[str], text: str) -> Path:
    """Write a UTF-8 text file atomically."""
    with atomic_file(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
    return Path(path)


def tidy(folder: str | PathLike[str]) -> None:
    """Remove what killed processes were writing into a folder, and put back what they had moved aside.

    What a living process is writing stays. Where nothing can be locked or removed, nothing is done.
    """
    with suppress(OSError):
        for place in [each for each in Path(folder).iterdir() if _PART.fullmatch(each.name)]:
            with suppress(OSError), _locked(Path(folder)), _locked(place, wait=False) as ours:
                if ours:
                    _put_back(place)
                    shutil.rmtree(place)


def _swap(part: Path, target: Path, aside: Path) -> None:
    # A folder cannot replace one that is not empty: the earlier one steps aside, and is put back should the
    # new one not take its place.
    if target.exists():
        target.replace(aside)
    part.replace(target)


def _put_back(place: Path) -> None:
    told = _PART.fullmatch(place.name)
    old = place / _OLD
    if told is not None and old.is_dir() and not (target := place.with_name(told["name"])).exists():
        old.replace(target)


def _remove(place: Path) -> None:
    with _locked(place.parent):
        _put_back(place)
    shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Yield a folder of our own in which to prepare what is to become `target`; nothing of it stays."""
    target.parent.mkdir(parents=True, exist_ok=True)
    tidy(target.parent)
    with ExitStack() as held:
        # Nobody tidies between the making of it and its lock.
        with _locked(target.parent):
            place = _made(target)
            held.callback(_remove, place)
            held.enter_context(_locked(place))
        try:
            yield place
        except OSError as error:
            if error.errno is None or not str(error.filename or place).startswith(str(place)):
                raise
            # Whoever reads it knows the target, and not where it was being prepared.
            raise OSError(error.errno, error.strerror, str(target)) from error


def _made(target: Path) -> Path:
    try:
        return Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part"))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from error


@contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold a folder's lock, which ends with the process at the latest; yield whether it is certainly ours."""
    try:
        import fcntl
    except ImportError:  # Windows locks no folders
        yield False
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            ours = True
        except OSError:  # held by another, or a file system that knows no locks
            ours = False
        yield ours
    finally:
        os.close(handle)
