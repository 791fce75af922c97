"""What a command shows: its result on standard output, its progress on standard error."""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from ra_bayes.plain import plain

__all__ = ["cores", "progress", "say", "steps"]

# Where there is no terminal: a line at each tenth of the work, and at least so often (seconds).
_LINE_EVERY = 60.0


def say(result: object) -> None:
    """Print a text, or plain data as JSON.

    What a terminal would obey, such as colours or a change of direction in a patient's identifier, is shown
    and not sent; JSON escapes it.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    if isinstance(result, str):
        text = "\n".join(map(plain, result.split("\n")))
        # What a terminal's or a file's encoding lacks, such as a minus sign in Latin-1.
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    else:
        text = json.dumps(result, indent=2, ensure_ascii=not encoding.lower().startswith("utf"))
        text = "".join(each if each.isprintable() or each == "\n" else _escaped(each) for each in text)
    try:
        click.echo(text)
    except OSError as error:
        told = f"{error.strerror}; all else is done"
        raise OSError(error.errno, told, "the output") from error


def _escaped(char: str) -> str:
    return json.dumps(char)[1:-1]


@contextmanager
def steps(what: str, total: int) -> Iterator[Callable[[str], None]]:
    """Show progress on standard error: a bar on a terminal, a line a step elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda name: click.echo(f"{what}: {name}", err=True)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(what, total=total)
        begun = itertools.count()

        def step(name: str) -> None:
            # What is named has begun, and what was named before it is done.
            progress.update(task, completed=next(begun), description=f"{what}: {name}")

        yield step
        progress.update(task, completed=total)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int, float | None], None]]:
    """Show how far long work is and how long it still takes, on standard error.

    What is yielded is told how many tasks are done, of how many, and about how many seconds are left: it is
    the ``progress`` of :func:`ra_bayes.jobs.run`. A bar on a terminal; elsewhere a line now and then.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(what)
        return
    named, left = TextColumn("{task.description}"), TextColumn("{task.fields[left]}")
    with Progress(SpinnerColumn(), named, BarColumn(), MofNCompleteColumn(), left, console=console) as bar:
        task = bar.add_task(what, total=None, left="")

        def tell(done: int, total: int, seconds: float | None) -> None:
            bar.update(task, completed=done, total=total, left=_left(seconds))

        yield tell


def _lines(what: str) -> Callable[[int, int, float | None], None]:
    """Return what writes a line for every tenth of the work, and for every minute."""
    tenth, spoken = -1, time.monotonic()

    def tell(done: int, total: int, seconds: float | None) -> None:
        nonlocal tenth, spoken
        now, reached = time.monotonic(), 10 * done // max(total, 1)
        if reached > tenth or now - spoken >= _LINE_EVERY:
            tenth, spoken = reached, now
            click.echo(", ".join(filter(None, (f"{what}: {done} of {total}", _left(seconds)))), err=True)

    return tell


def _left(seconds: float | None) -> str:
    """Return the time left as people say it; nothing if it is not known, or none is left."""
    if not seconds:
        return ""
    if seconds < 90:
        return f"about {max(round(seconds), 1)} s left"
    minutes = round(seconds / 60)
    return (
        f"about {minutes} min left"
        if minutes < 90
        else f"about {minutes // 60} h {minutes % 60:02d} min left"
    )


def cores() -> int:
    """Return how many processors there are for us."""
    return os.process_cpu_count() or 1 if sys.version_info >= (3, 13) else os.cpu_count() or 1
