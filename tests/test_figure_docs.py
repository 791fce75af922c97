"""docs/figures.md: its tables are those of the gallery and of the presets.

``python tests/test_figure_docs.py`` writes them anew.
"""

from __future__ import annotations

from pathlib import Path

from ra_bayes.figures.gallery import GALLERY, NEEDS
from ra_bayes.figures.journals import JOURNALS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "figures.md"


def gallery_table() -> str:
    rows = ["| figure | drawn from | shows | in reports |", "|---|---|---|---|"]
    rows += [
        f"| `{each.name}` | {NEEDS[each.needs]} | {each.shows} | {'yes' if each.in_report else ''} |"
        for each in GALLERY
    ]
    return "\n".join(rows)


def presets_table() -> str:
    rows = [
        "| style | for | widths (mm) | height (mm) | text (pt) | least asked | lines (pt) | dpi | formats |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in JOURNALS.values():
        columns = ", ".join(f"{width:g}" for width in each.columns_mm)
        rows.append(
            f"| `{each.name}` | {each.title} | {columns} | {each.tallest_mm:g} | "
            f"{each.text_pt:g} and {each.small_pt:g} | {each.least_pt:g} | from {each.thinnest_pt:g} | "
            f"{each.dpi} | {', '.join(each.formats)} |"
        )
    return "\n".join(rows)


def sources_list() -> str:
    return "\n".join(f"- `{each.name}`: {each.source}." for each in JOURNALS.values())


TABLES = (gallery_table, presets_table, sources_list)


def test_the_page_has_the_gallery_and_the_presets_with_their_sources() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for table in TABLES:
        assert table() in text, (
            f"{PAGE.name} is out of date: python tests/{Path(__file__).name} writes it anew"
        )


def write_anew() -> None:
    """Put each table in the place of the one that begins like it, up to an empty line."""
    text = PAGE.read_text(encoding="utf-8")
    for table in TABLES:
        begins = table()[:12]
        before, _, after = text.partition(begins)
        text = f"{before}{table()}\n\n{after.partition('\n\n')[2]}"
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_anew()
