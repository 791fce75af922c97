"""Finished tasks in a folder: one small file each, whole or absent.

A file's name carries a hash of the work's name, the task's key and arguments and the package's version. So a
run with other arguments finds nothing of an earlier one, several runs may share a folder, and two processes
that do the same task write the same file, each whole.
"""

from __future__ import annotations

import hashlib
import io
import re
import tempfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ra_bayes.errors import RaBayesError
from ra_bayes.files import atomic_file
from ra_bayes.jobs.digest import digest
from ra_bayes.jobs.task import Result, Task, Work

__all__ = ["check_writable", "places", "read", "write"]

# Bytes of the SHA-256 that follows the arrays: the checksums of zip do not cover its table of contents.
# numpy.load reads the file all the same.
_SEAL = 32


def places(folder: Path, work: Work, tasks: Iterable[Task]) -> dict[str, Path]:
    """Return the file of each task, by key.

    Raises
    ------
    TypeError
        If the work has no name to be known by, or arguments are not plain data.
    """
    name = f"{work.__module__}.{work.__qualname__}"
    if "<" in name:
        raise TypeError(f"{name} has no name of its own; move the work to the top level of a module")
    ours = version("ra_bayes")

    def file(task: Task) -> Path:
        # The key is there for people, as far as every file system takes it.
        key = re.sub(r"[^A-Za-z0-9.-]+", "_", task.key)[:60]
        return folder / f"{key}-{digest((name, ours, *task))[:32]}.npz"

    return {task.key: file(task) for task in tasks}


def read(path: Path) -> Result | None:
    """Return a finished task's result; None if there is none, or none that is whole."""
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise RaBayesError(
            f"{path}: cannot be read ({error.strerror or error}); name another folder"
        ) from None
    arrays, seal = content[:-_SEAL], content[-_SEAL:]
    if hashlib.sha256(arrays).digest() != seal:
        return None  # cut short or damaged since it was written: the task is done again
    with np.load(io.BytesIO(arrays), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def write(path: Path, result: Result) -> None:
    """Write a finished task's result, atomically.

    Raises
    ------
    RaBayesError
        If the folder takes no more, which leaves what it holds as it was.
    """
    arrays = io.BytesIO()
    np.savez(arrays, **result)  # type: ignore[arg-type]
    content = arrays.getvalue()
    try:
        with atomic_file(path) as part:
            part.write_bytes(content + hashlib.sha256(content).digest())
    except OSError as error:
        raise _full(path.parent, error) from None


def check_writable(folder: Path) -> None:
    """Find out before hours of work that a folder cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _full(folder, error) from None


def _full(folder: Path, error: OSError) -> RaBayesError:
    return RaBayesError(
        f"{folder}: no result can be kept here ({error.strerror or error}), and what is kept stays; "
        "make room or name another folder, and run the same again"
    )
