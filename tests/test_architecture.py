"""The house stands as docs/architecture.md draws it: imports point down only.

All of it is read from the source (ast), nothing is imported: an import inside a function, under
TYPE_CHECKING or through importlib counts like one at the top of a file.
"""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = "ra_bayes"
SOURCE = Path(__file__).resolve().parent.parent / "src" / PACKAGE

# Top to bottom. A name is a module or a package directly under ra_bayes; it may import the names
# after it. Keep docs/architecture.md in step.
LAYERS = (
    "cli",
    "report",
    "figures",
    "tables",
    "results",
    "comparison",
    "trust",
    "planning",
    "conditioning",
    "calibration",
    "inference",
    "estimand",
    "diagnostics",
    "tree",
    "counts",
    "model",
    "rates",
    "historical",
    "mixtures",
    "published",
    "cohort",
    "sources",
    "responses",
    "scores",
    "outcomes",
    "outcome_page",
    "outcome",
    "units",
    "resources",
    "toml_page",
    "numbers",
    "jobs",
    "files",
    "plain",
    "errors",
)
# A second and more to import, and a compiler behind them: only these two packages may pay for it.
MODEL_STACK = frozenset({"pymc", "pytensor", "nutpie"})
MODEL_STACK_ALLOWED = frozenset({"model", "inference"})


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, module: str, known: frozenset[str]) -> set[tuple[str, int]]:
    """Every module that a file imports, absolute, with the line; a submodule is named as such."""
    found: set[tuple[str, int]] = set()
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        match node:
            case ast.Import():
                found |= {(alias.name, node.lineno) for alias in node.names}
            case ast.ImportFrom():
                parents = package.split(".")
                base = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
                target = ".".join(filter(None, (base, node.module)))
                for alias in node.names:
                    submodule = f"{target}.{alias.name}"
                    found.add((submodule if submodule in known else target, node.lineno))
            case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]):
                called = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
                if called in {"import_module", "__import__"}:
                    found.add((package + name if name.startswith(".") else name, node.lineno))
    return found


def layer_of(module: str) -> str:
    """The name directly under the package; empty for the facade, ra_bayes itself."""
    return ".".join(module.split(".")[1:2])


def problems_of(root: Path, layers: tuple[str, ...] = LAYERS) -> list[str]:
    """What breaks the rules in a source tree, one sentence each."""
    paths = {module_name(path, root): path for path in sorted(root.rglob("*.py"))}
    known = frozenset(paths)
    found: list[str] = []
    graph: dict[str, set[str]] = {}
    for module, path in paths.items():
        layer = layer_of(module)
        # The facade is above every layer: it may import all of them, and so nothing may import it.
        facade = module == root.name
        if not facade and layer not in layers:
            found.append(
                f"{module} has no layer: put {layer!r} where it belongs in LAYERS of "
                "tests/test_architecture.py, and into the picture in docs/architecture.md"
            )
            continue
        graph[module] = set()
        for target, line in sorted(imports_of(path, module, known)):
            where = f"{module}, line {line}"
            top = target.partition(".")[0]
            if top in MODEL_STACK and layer not in MODEL_STACK_ALLOWED:
                found.append(f"{where}: only model/ and inference/ may import {target}")
            if top != root.name:
                continue
            if not facade and target == root.name:
                found.append(f"{where}: imports the facade; import from the module that defines the name")
            elif not facade and layer_of(target) in layers:
                if layers.index(layer_of(target)) < layers.index(layer):
                    found.append(f"{where}: {layer} imports {target}, which lies above it")
                graph[module].add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.append("these import each other in a circle: " + " -> ".join(reversed(error.args[1])))
    return found


def test_imports_point_down_only() -> None:
    assert problems_of(SOURCE) == []


def test_package_has_source() -> None:
    # An empty tree would pass every rule.
    assert (SOURCE / "errors.py").is_file()


def plant(root: Path, files: dict[str, str]) -> Path:
    package = root / PACKAGE
    for name, text in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return package


@pytest.mark.parametrize(
    ("files", "message"),
    [
        pytest.param({"errors.py": "from ra_bayes.cohort import Cohort\n"}, "lies above it", id="up"),
        pytest.param({"errors.py": "def f():\n    from . import cohort\n"}, "lies above it", id="up-lazily"),
        pytest.param({"errors.py": "import ra_bayes.cohort as c\n"}, "lies above it", id="up-plain"),
        pytest.param({"errors.py": "import_module('ra_bayes.cohort')\n"}, "lies above it", id="up-by-name"),
        pytest.param({"errors.py": "import_module('.cohort', __package__)\n"}, "lies above it", id="up-dot"),
        pytest.param({"errors.py": "from ra_bayes import fit\n"}, "imports the facade", id="facade"),
        pytest.param({"nursery.py": ""}, "ra_bayes.nursery has no layer: put 'nursery'", id="no-layer"),
        pytest.param({"figures/a.py": "def f():\n    import pymc as pm\n"}, "may import pymc", id="stack"),
        pytest.param(
            {"estimand.py": "from pytensor import tensor\n"}, "may import pytensor", id="stack-from"
        ),
        pytest.param({"__init__.py": "import nutpie\n"}, "may import nutpie", id="stack-facade"),
        pytest.param(
            {"model/a.py": "from ra_bayes.model import b\n", "model/b.py": "from .a import x\n"},
            "ra_bayes.model.a -> ra_bayes.model.b -> ra_bayes.model.a",
            id="circle",
        ),
    ],
)
def test_rule_bites(tmp_path: Path, files: dict[str, str], message: str) -> None:
    root = plant(tmp_path, {"cohort/__init__.py": "", **files})
    found = problems_of(root)
    assert len(found) == 1
    # A circle has no first member.
    if "->" in message:
        assert set(found[0].rpartition(": ")[2].split(" -> ")) == set(message.split(" -> "))
    else:
        assert message in found[0]


def test_what_is_allowed_is_left_alone(tmp_path: Path) -> None:
    root = plant(
        tmp_path,
        {
            "__init__.py": "def __getattr__(name):\n    from ra_bayes.cli import main\n    return main\n",
            "cli.py": "from ra_bayes import cohort\nfrom ra_bayes.model.build import b\nimport numpy\n",
            "cohort/__init__.py": "from .read import read\n",
            "cohort/read.py": "from ..errors import E\nfrom .check import check\n",
            "cohort/check.py": "",
            "model/build.py": "import pymc as pm\nimport pymc.math\n",
            "inference/fit.py": "def f():\n    import nutpie\n",
            "errors.py": "import os.path\n",
        },
    )
    assert problems_of(root) == []
