"""Examples of docstrings print what they say; of those that are not run, the calls fit what they call."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import re
from functools import cache, reduce
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import ra_bayes as rb

SOURCES = Path(__file__).resolve().parent.parent / "src"
FINDER = doctest.DocTestFinder(exclude_empty=True)


def modules() -> list[str]:
    """Modules that have an example, found without importing them."""
    files = [path for path in SOURCES.rglob("*.py") if ">>> " in path.read_text(encoding="utf-8")]
    parts = [path.relative_to(SOURCES).with_suffix("").parts for path in files]
    return sorted(".".join(each[:-1] if each[-1] == "__init__" else each) for each in parts)


@cache
def examples(module: str) -> list[doctest.DocTest]:
    found = importlib.import_module(module)
    return [each for each in FINDER.find(found, module) if each.examples]


def skipped(example: doctest.Example) -> bool:
    return bool(example.options.get(doctest.SKIP))


@pytest.mark.parametrize("module", modules())
def test_examples_print_what_they_say(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told: list[str] = []
    for each in examples(module):
        # A copy: running clears the names that an example sees.
        each.globs = dict(each.globs)
        runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
        runner.run(each, out=told.append, clear_globs=False)
    assert not told, "".join(told)


def calls_of(example: doctest.Example) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(example.source)) if isinstance(node, ast.Call)]


def called(call: ast.Call, names: dict[str, Any]) -> Any:
    """What a call calls, if it is a name of the package; a method of a result is not known before it runs."""
    if any(isinstance(node, ast.Call) for node in ast.walk(call.func)):
        return None
    path = ast.unparse(call.func).split(".")
    start = {"rb": rb, **names}.get(path[0])
    if len(path) == 1 or isinstance(start, ModuleType):
        return reduce(getattr, path[1:], start)
    return None


@pytest.mark.parametrize("module", modules())
def test_calls_of_examples_that_are_not_run_fit_what_they_call(module: str) -> None:
    for each in examples(module):
        for example in filter(skipped, each.examples):
            for call in calls_of(example):
                if callable(what := called(call, each.globs)) and not inspect.isbuiltin(what):
                    given = {word.arg: None for word in call.keywords if word.arg}
                    inspect.signature(what).bind(*call.args, **given)


def test_a_call_that_does_not_fit_is_seen() -> None:
    (example,) = doctest.DocTestParser().get_examples(">>> rb.figures.forest(tree, probability=0.9)\n")
    (call,) = calls_of(example)
    with pytest.raises(TypeError):
        inspect.signature(called(call, {})).bind(*call.args, probability=None)
    (example,) = doctest.DocTestParser().get_examples(">>> rb.no_such_verb(tree)\n")
    with pytest.raises(AttributeError):
        called(calls_of(example)[0], {})


HOMES = ("ra_bayes", "ra_bayes.figures", "ra_bayes.mixtures", "ra_bayes.report", "ra_bayes.tables")


def parameters_told(text: str) -> set[str]:
    """Names under Parameters: they stand at the margin, what is said of them is indented."""
    section = text.partition("Parameters\n----------\n")[2]
    return {
        name.lstrip("*") for line in re.findall(r"^\S[\w*, ]*$", section, re.M) for name in line.split(", ")
    }


@pytest.mark.parametrize("home", HOMES)
def test_a_public_function_says_what_its_parameters_are_and_shows_its_use(home: str) -> None:
    module = importlib.import_module(home)
    wanting = {}
    for name in module.__all__:
        if inspect.isfunction(what := getattr(module, name)):
            text = inspect.getdoc(what) or ""
            wanting[name] = set(inspect.signature(what).parameters) - parameters_told(text)
            wanting[name] |= set() if ">>> " in text else {"an example"}
    assert {name: each for name, each in wanting.items() if each} == {}


def test_most_examples_are_run() -> None:
    every = [example for module in modules() for each in examples(module) for example in each.examples]
    share = sum(map(skipped, every)) / len(every)
    assert share < 0.15, f"{share:.0%} of {len(every)} examples are not run"


def test_every_public_verb_has_an_example() -> None:
    without = [
        name
        for name in rb.__all__
        if inspect.isfunction(found := getattr(rb, name)) and ">>> " not in (inspect.getdoc(found) or "")
    ]
    assert without == []
