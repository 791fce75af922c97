"""Where a public name is written: read from the sources, since importing them would start PyMC."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "src"
FACADE = "ra_bayes"
NAME = re.compile(r"^::: ([\w.]+)\.(\w+)$", flags=re.MULTILINE)


def at_home(markdown: str) -> str:
    """Return a page of the API with each name where it is written, under the name that users import.

    `::: ra_bayes.fit` alone would show the module `ra_bayes.inference.fit`: of a function and a module of one
    name, mkdocstrings knows the module.
    """
    return NAME.sub(_at_home, markdown)


def _at_home(line: re.Match[str]) -> str:
    module, name = line.groups()
    found = home(module, name)
    if found is None:
        return line.group()
    options = f"    options:\n      heading: {name}\n      toc_label: {name}\n"
    return f"::: {found}.{name}\n{options}"


def public(name: str) -> str | None:
    """Return where a name of the facade is written, or None of any other."""
    found = home(FACADE, name) if name in imports(FACADE) else None
    return None if found is None else f"{found}.{name}"


def home(module: str, name: str) -> str | None:
    """Return the module that defines a name which a package only passes on, or None of a module.

    Examples
    --------
    >>> home("ra_bayes", "fit")
    'ra_bayes.inference.fit'
    >>> home("ra_bayes", "figures") is None
    True
    """
    source = imports(module).get(name)
    if source is None:
        return module
    return None if source == module else home(source, name)


@cache
def imports(module: str) -> dict[str, str]:
    """Return the names that a module takes from others by `from ... import`, with where from."""
    place = SOURCES.joinpath(*module.split("."))
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    statements = ast.parse(file.read_text(encoding="utf-8")).body
    # Imports for type checkers stand one level deeper; those inside functions are nobody else's.
    nodes = statements + [inner for each in statements if isinstance(each, ast.If) for inner in each.body]
    return {
        alias.asname or alias.name: node.module
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0
        for alias in node.names
    }
