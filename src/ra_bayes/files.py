"""Writing so that what was there stays whole until what is new is complete."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

__all__ = ["atomic_file", "atomic_folder", "write_text"]


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
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        # mkstemp makes files private to the user; a result is as readable as any other file they write.
        part.chmod(0o666 & ~_umask())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | PathLike[str]) -> Iterator[Path]:
    """Yield an empty folder beside `path`; it takes `path`'s place if the block ends well."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part"))
    try:
        yield part
        part.chmod(0o777 & ~_umask())
        if target.exists():
            # A folder cannot replace one that is not empty: the earlier one steps aside, and steps
            # back should the new one fail to take its place.
            aside = part.with_suffix(".old")
            target.replace(aside)
            try:
                part.replace(target)
            except BaseException:
                aside.replace(target)
                raise
            shutil.rmtree(aside)
        else:
            part.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_text(path: str | PathLike[str], text: str) -> Path:
    """Write a UTF-8 text file atomically."""
    with atomic_file(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
    return Path(path)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
