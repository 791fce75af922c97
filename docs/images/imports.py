"""Draw which room of the house imports which: python docs/images/imports.py.

Read from the source by the functions of tests/test_architecture.py, which fails where a mark would fall below
the diagonal. The picture is drawn anew by hand when rooms come or go.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests"))

from test_architecture import LAYERS, SOURCE, imports_of, layer_of, module_name  # noqa: E402


def main() -> None:
    """Count and draw."""
    files, lines, counted = house()
    plt.rcParams.update(
        {"font.family": "DejaVu Sans", "font.size": 7, "svg.hashsalt": "imports", "svg.fonttype": "none"}
    )
    figure, axes = plt.subplots(figsize=(190 / 25.4, 175 / 25.4), layout="constrained")
    draw(axes, files, lines, counted)
    figure.savefig(HERE / "imports.svg", metadata={"Date": None})
    print(
        f"{len(counted)} pairs, {len(LAYERS)} rooms, {sum(files.values())} files, {sum(lines.values())} lines"
    )


def house() -> tuple[Counter[str], Counter[str], Counter[tuple[str, str]]]:
    """Return files and lines of each room, and how many files of one import the other."""
    paths = {module_name(path, SOURCE): path for path in sorted(SOURCE.rglob("*.py"))}
    files: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    counted: Counter[tuple[str, str]] = Counter()
    for module, path in paths.items():
        room = layer_of(module)
        if not room:
            continue  # the facade, which stands above and imports what it exports
        files[room] += 1
        lines[room] += len(path.read_text(encoding="utf-8").splitlines())
        found = {
            layer_of(name) for name, _ in imports_of(path, module, frozenset(paths)) if "ra_bayes." in name
        }
        counted.update((room, other) for other in found - {room, ""})
    return files, lines, counted


def draw(axes: Axes, files: Counter[str], lines: Counter[str], counted: Counter[tuple[str, str]]) -> None:
    """Draw a square for each pair, its area by the files that import."""
    for (above, below), number in counted.items():
        row, column = LAYERS.index(above), LAYERS.index(below)
        axes.scatter(
            column, row, s=8 + 3.2 * number, marker="s", color="#0072b2" if column > row else "#d55e00", lw=0
        )
        if number > 4:
            axes.text(column, row, number, ha="center", va="center", color="white", fontsize=5)
    axes.plot([-0.5, len(LAYERS) - 0.5], [-0.5, len(LAYERS) - 0.5], color="0.7", lw=0.8)
    told = [f"{room}: {files[room]} file{'s' * (files[room] > 1)}, {lines[room]} lines" for room in LAYERS]
    axes.set_yticks(range(len(LAYERS)), told)
    axes.set_xticks(range(len(LAYERS)), LAYERS, rotation=90)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.set(xlim=(-0.5, len(LAYERS) - 0.5), ylim=(len(LAYERS) - 0.5, -0.5))
    axes.grid(color="0.93", lw=0.5)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.text(
        0.02,
        0.03,
        "A row imports what its marks stand under; the number is of its files that do.\n"
        "All marks lie above the diagonal: imports point down only.",
        transform=axes.transAxes,
        va="bottom",
    )


if __name__ == "__main__":
    main()
