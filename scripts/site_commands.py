"""The page of every command, from what `--help` says."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ra_bayes.cli import main

# As wide as a page of the site shows without scrolling.
WIDTH = 100


def commands_page() -> str:
    """Return the page: `ra-bayes --help`, then each command's, in the order of their names."""
    parts = [
        "# Command line",
        "What `--help` prints of `ra-bayes` and of each command.",
        *(part for path, command in every(main, "ra-bayes") for part in told(path, command)),
    ]
    return "\n\n".join(parts) + "\n"


def every(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and those below it, each with how it is called."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from every(below, f"{path} {name}")


def told(path: str, command: click.Command) -> Iterator[str]:
    """Yield a command's heading and its help."""
    settings = {**main.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    with click.Context(command, info_name=path, **settings) as context:
        yield f"## {path}"
        yield f"```text\n{command.get_help(context)}\n```"
