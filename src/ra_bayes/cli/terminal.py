"""What a command shows: its result on standard output, its progress on standard error."""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

__all__ = ["cores", "say", "steps"]


def say(result: object) -> None:
    """Print a text, or plain data as JSON."""
    click.echo(result if isinstance(result, str) else json.dumps(result, indent=2, ensure_ascii=False))


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


def cores() -> int:
    """Return how many processors there are for us."""
    return os.process_cpu_count() or 1 if sys.version_info >= (3, 13) else os.cpu_count() or 1
