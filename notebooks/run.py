"""Run notebooks' code cells in order, without Jupyter.

python notebooks/run.py notebooks/fit.ipynb            run, print what the cells print
python notebooks/run.py notebooks/fit.ipynb --store    and store the outputs in the notebook

Several notebooks share one process, and so what was compiled; nothing else.

Lines that start with % are for Jupyter and passed over. A cell's last expression is shown as in Jupyter.
"""

from __future__ import annotations

import argparse
import ast
import base64
import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

# Enough for a screen; a notebook stays small enough to read as a diff.
DPI = 100
# What stands on standard output before what a notebook prints.
HEAD = "== "


def main() -> None:
    """Run notebooks one after the other."""
    parser = argparse.ArgumentParser(description="Run notebooks' code cells in order, without Jupyter.")
    parser.add_argument("notebooks", type=Path, nargs="+", metavar="notebook")
    parser.add_argument("--store", action="store_true", help="store the outputs in the notebook")
    arguments = parser.parse_args()
    for path in arguments.notebooks:
        print(f"{HEAD}{path.name}")
        run_notebook(path, store=arguments.store)


def run_notebook(path: Path, *, store: bool) -> None:
    """Run one notebook, and print what its cells print."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for count, cell in enumerate(cells, start=1):
        outputs = run_cell("".join(cell["source"]), f"{path.name}, code cell {count}", names)
        for output in outputs:
            sys.stdout.write(text_of(output))
        cell["execution_count"] = count
        for output in outputs:
            if output["output_type"] == "execute_result":
                output["execution_count"] = count
        cell["outputs"] = outputs
    if store:
        text = json.dumps(notebook, indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8", newline="\n")


def run_cell(source: str, name: str, names: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a cell in `names` and return its outputs as a notebook stores them."""
    lines = ["" if line.startswith("%") else line for line in source.splitlines()]
    tree = ast.parse("\n".join(lines), filename=name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, name, "exec"), names)
        value = eval(compile(ast.Expression(last.value), name, "eval"), names) if last is not None else None
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        text = printed.getvalue().splitlines(keepends=True)
        outputs.append({"name": "stdout", "output_type": "stream", "text": text})
    if value is not None:
        outputs.append({"data": shown(value), "metadata": {}, "output_type": "execute_result"})
    return outputs


def shown(value: Any) -> dict[str, Any]:
    """Return the forms in which a value is stored: text, and a picture of a figure."""
    if hasattr(value, "savefig"):
        buffer = io.BytesIO()
        value.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
        alt = str(getattr(value, "alt", "") or value)
        return {"image/png": base64.b64encode(buffer.getvalue()).decode("ascii"), "text/plain": [alt]}
    text = value.to_string() if hasattr(value, "to_string") else repr(value)
    return {"text/plain": text.splitlines(keepends=True)}


def text_of(output: dict[str, Any]) -> str:
    """Return an output as text."""
    if output["output_type"] == "stream":
        return "".join(output["text"])
    return "".join(output["data"]["text/plain"]) + "\n"


if __name__ == "__main__":
    main()
