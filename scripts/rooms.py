"""Count the files of a package in Python or R, and those a job may pass through: see docs/beside-others.md.

    python scripts/rooms.py src/ra_bayes fit diagnose estimands figures.trajectories
    python scripts/rooms.py RBesT/R gMAP automixfit robustify --without normMix,gammaMix,mvnormMix

    python scripts/rooms.py src/ra_bayes --run "import ra_bayes as rb; ..."

Verbs are looked up in the source, nothing is run. A file counts where a definition in it can be reached from
them: a definition reaches every other one of the package whose name stands in its body. That is more than one
run passes, since both sides of every branch count, and all methods of an R generic unless `--without` names
their class; and less where a name is put together from texts. `--run` runs Python and counts the files a
function of which was called.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import statistics
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import CodeType

type Definition = tuple[Path, str]

_R_TOP = re.compile(r"^[`\"']?([A-Za-z.][\w.]*(?:<-)?)[`\"']?\s*(?:<-|=)(?!=)", re.MULTILINE)
_R_NAME = re.compile(r"[A-Za-z.][\w.]*")
_R_NOISE = re.compile(r"#[^\n]*|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
_R_GENERIC = re.compile(r"UseMethod\(\s*[\"']([\w.]+)")


def main() -> None:
    """Print the counts of a folder, and of the job if verbs are given."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="the package's folder of sources")
    parser.add_argument("verbs", nargs="*", help="what the user calls, in turn")
    parser.add_argument("--without", default="", help="R: classes whose methods do not count, a,b,c")
    parser.add_argument("--run", metavar="CODE", help="Python: run this job too")
    parser.add_argument("--list", action="store_true", help="name the files of the job")
    asked = parser.parse_args()
    python = sorted(asked.folder.rglob("*.py"))
    files = python or sorted(asked.folder.glob("*.R"))
    if not files:
        sys.exit(f"{asked.folder}: no file of Python or R in it; give a package's folder of sources")
    print(f"{asked.folder}: {_counts(files)}")
    if asked.run:
        passed = run(asked.run, asked.folder.resolve())
        print(f"run: {_counts(sorted(passed))}")
        _list(passed, asked.folder.resolve(), listed=asked.list)
    if not asked.verbs:
        return
    skipped = tuple(f".{each}" for each in asked.without.split(",") if each)
    uses = _python(asked.folder) if python else _r(files, skipped)
    passed = {file for file, _ in reached([_found(uses, verb, asked.folder) for verb in asked.verbs], uses)}
    print(f"{' -> '.join(asked.verbs)}: {_counts(sorted(passed))}")
    _list(passed, asked.folder, listed=asked.list)


def _list(files: Iterable[Path], folder: Path, *, listed: bool) -> None:
    if listed:
        print("\n".join(str(file.relative_to(folder)) for file in sorted(files)))


def run(code: str, folder: Path) -> set[Path]:
    """Run a job and return the files of the folder of which it called a function."""
    called: set[str] = set()

    def note(begun: CodeType, _: int) -> object:
        # Bodies of modules and classes are run by an import; what they call is no part of the job either.
        if not begun.co_flags & inspect.CO_OPTIMIZED or begun.co_name.startswith("<generic"):
            return sys.monitoring.DISABLE
        if not Path(begun.co_filename).is_relative_to(folder):
            return sys.monitoring.DISABLE
        frame = sys._getframe(1)
        while frame.f_back is not None:
            frame = frame.f_back
            if frame.f_code.co_name == "<module>" and Path(frame.f_code.co_filename).is_relative_to(folder):
                return None
        called.add(begun.co_filename)
        return sys.monitoring.DISABLE

    sys.monitoring.use_tool_id(sys.monitoring.PROFILER_ID, "rooms")
    sys.monitoring.register_callback(sys.monitoring.PROFILER_ID, sys.monitoring.events.PY_START, note)
    sys.monitoring.set_events(sys.monitoring.PROFILER_ID, sys.monitoring.events.PY_START)
    exec(code, {})
    sys.monitoring.set_events(sys.monitoring.PROFILER_ID, sys.monitoring.events.NO_EVENTS)
    sys.monitoring.free_tool_id(sys.monitoring.PROFILER_ID)
    return {*map(Path, called)}


def reached(start: Iterable[Definition], uses: Mapping[Definition, Iterable[Definition]]) -> set[Definition]:
    """Return every definition that can be reached from some."""
    seen: set[Definition] = set()
    open_ = [*start]
    while open_:
        here = open_.pop()
        if here not in seen:
            seen.add(here)
            open_ += uses[here]
    return seen


def _counts(files: list[Path]) -> str:
    texts = [file.read_text(encoding="utf-8") for file in files]
    lines = [len(text.splitlines()) for text in texts]
    code = sum(_code(text, python=file.suffix == ".py") for file, text in zip(files, texts, strict=True))
    return (
        f"{len(lines)} files, {sum(lines)} lines ({code} of code), median {statistics.median(lines):g}, "
        f"largest {max(lines)}"
    )


def _code(text: str, *, python: bool) -> int:
    """Count the lines that are neither blank nor comment nor docstring."""
    said: set[int] = set()
    if python:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                said |= {*range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    written = enumerate(text.splitlines(), 1)
    return sum(bool(line.strip()) and line.strip()[0] != "#" and row not in said for row, line in written)


def _found(uses: Mapping[Definition, object], verb: str, folder: Path) -> Definition:
    """Return the definition of a verb, with or without its module: ``fit``, ``inference.fit``."""
    where, _, name = verb.rpartition(".")
    room = folder.joinpath(*where.split("."))
    found = [each for each in uses if each[1] == verb]
    found += [
        each for each in uses if where and each[1] == name and room in (*each[0].parents, _bare(each[0]))
    ]
    if len(found) != 1:
        named = ", ".join(str(file.relative_to(folder)) for file, _ in found) or "none"
        sys.exit(f"{verb}: defined in {named}; name its module too, such as inference.fit")
    return found[0]


def _bare(file: Path) -> Path:
    return file.with_suffix("")


def _r(files: Iterable[Path], skipped: tuple[str, ...]) -> dict[Definition, set[Definition]]:
    """Return what each function defined at the top of a file may call."""
    bodies: dict[Definition, str] = {}
    for file in files:
        text = file.read_text(encoding="utf-8")
        starts = [*_R_TOP.finditer(text)]
        ends = [*[match.start() for match in starts[1:]], *([len(text)] if starts else [])]
        for match, end in zip(starts, ends, strict=True):
            bodies[file, match[1]] = text[match.start() : end]
    named: dict[str, list[Definition]] = {}
    for each in bodies:
        if not each[1].endswith(skipped or ("\n",)):
            named.setdefault(each[1], []).append(each)
    uses: dict[Definition, set[Definition]] = {}
    for each, body in bodies.items():
        names = set(_R_NAME.findall(_R_NOISE.sub(" ", body)))
        uses[each] = {other for name in names for other in named.get(name, [])} - {each}
        for generic in _R_GENERIC.findall(body):
            uses[each] |= {other for name in named if name.startswith(f"{generic}.") for other in named[name]}
    return uses


def _python(folder: Path) -> dict[Definition, set[Definition]]:
    """Return what each definition at the top of a module may reach; what only types name does not count."""
    package = folder.name
    modules = {_module(file, folder): file for file in folder.rglob("*.py")}
    trees = {file: ast.parse(file.read_text(encoding="utf-8")) for file in modules.values()}
    handed_on = {file: _imports(tree, package) for file, tree in trees.items()}
    uses: dict[Definition, set[Definition]] = {}
    for file, tree in trees.items():
        own = {name for node in tree.body for name in _defined(node)}
        for node in tree.body:
            for name in _defined(node):
                known = handed_on[file] | _imports(node, package)
                found = {(file, other) for other in _named(node) & own if other != name}
                found |= {
                    place
                    for other in _named(node) & {*known}
                    if (place := _home(*known[other], modules, handed_on)) is not None
                }
                uses.setdefault((file, name), set()).update(found)
    for each, found in uses.items():
        uses[each] = {other for other in found if other in uses}
    return uses


def _module(file: Path, folder: Path) -> str:
    parts = file.relative_to(folder.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _defined(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return {each.id for each in targets if isinstance(each, ast.Name)}
    return set()


def _named(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _imports(node: ast.AST, package: str) -> dict[str, tuple[str, str]]:
    """Return the names that a node imports from the package, each with its module and its name there."""
    found: dict[str, tuple[str, str]] = {}
    open_ = [node]
    while open_:
        here = open_.pop()
        if isinstance(here, ast.If) and "TYPE_CHECKING" in _named(here.test):
            continue
        if isinstance(here, ast.ImportFrom) and (here.module or "").split(".")[0] == package:
            found |= {each.asname or each.name: (str(here.module), each.name) for each in here.names}
        # What a function imports is known to that function alone.
        if not (isinstance(here, ast.FunctionDef | ast.ClassDef) and isinstance(node, ast.Module)):
            open_ += ast.iter_child_nodes(here)
    return found


def _home(
    module: str,
    name: str,
    modules: Mapping[str, Path],
    handed_on: Mapping[Path, Mapping[str, tuple[str, str]]],
) -> Definition | None:
    """Follow a name through the modules that hand it on to the one that defines it."""
    while module in modules and name in handed_on[modules[module]]:
        module, name = handed_on[modules[module]][name]
    return (modules[module], name) if module in modules else None


if __name__ == "__main__":
    main()
