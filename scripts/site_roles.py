"""What mkdocstrings does not read in docstrings: roles (:func:`~ra_bayes.fit`), parameters told together."""

from __future__ import annotations

import inspect
import re
from typing import Any

import griffe
from site_names import public

ROLE = re.compile(r":(?:mod|func|class|meth|data|attr|exc):`(~?)([\w.]+)(?:\(\))?`")
# `draws, chains` over one text; told together, the second would be shown with the first's default.
TOGETHER = re.compile(r"^(\w+(?:, \w+)+)\n((?: {4}.*\n?)+)", flags=re.MULTILINE)


class Roles(griffe.Extension):
    """Rewrites docstrings before they are read."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of each object as it is found."""
        if obj.docstring:
            told = TOGETHER.sub(_apart, inspect.cleandoc(obj.docstring.value))
            obj.docstring.value = ROLE.sub(_link, told)


def _apart(parameters: re.Match[str]) -> str:
    names, text = parameters.groups()
    return "\n".join(f"{name}\n{text.rstrip()}" for name in names.split(", ")) + "\n"


def _link(role: re.Match[str]) -> str:
    short, target = role.groups()
    name = target.rpartition(".")[2]
    shown = f"`{name if short else target}`"
    where = public(name)
    return shown if where is None else f"[{shown}][{where}]"
