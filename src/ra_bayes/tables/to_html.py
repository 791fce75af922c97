"""A table as HTML: for a page of others, or as a page of its own that needs no network."""

from __future__ import annotations

from html import escape
from typing import Literal

from ra_bayes.plain import plain
from ra_bayes.tables.table import Cell, Column, Table

__all__ = ["STYLE", "to_html"]

STYLE = """
.ra-table { margin: 0 0 2em; overflow-x: auto; }
.ra-table table { border-collapse: collapse; border-top: 1.5px solid; border-bottom: 1.5px solid;
  font-variant-numeric: tabular-nums; }
.ra-table caption { text-align: left; font-weight: bold; padding: 0 0 .5em; }
.ra-table th, .ra-table td { padding: .25em .6em; text-align: left; vertical-align: top; font-weight: normal;
  overflow-wrap: anywhere; max-width: 24em; unicode-bidi: isolate; }
.ra-table thead th { border-bottom: 1px solid; vertical-align: bottom; font-weight: bold;
  overflow-wrap: normal; }
.ra-table tbody th { min-width: 9em; }
.ra-table .number { text-align: right; overflow-wrap: normal; }
.ra-table td.number { white-space: nowrap; }
.ra-table .note { margin: .4em 0 0; font-size: .85em; max-width: 60em; overflow-wrap: anywhere; }
.ra-table .warning { font-weight: bold; }
"""
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.4 Arial, Helvetica, sans-serif; color: #1a1a1a; background: #fff; margin: 1.5em; }}
{style}</style>
</head>
<body>
{table}
</body>
</html>
"""


def _html_table(table: Table) -> str:
    """Return a table with its caption, warnings and notes, for a page that has :data:`STYLE`."""
    title = _text(table.title)
    heads = "".join(f'<th scope="col"{_kind(column)}>{_text(column.head)}</th>' for column in table.columns)
    body = "\n".join(f"<tr>{_row(table, row)}</tr>" for row in table.rows)
    said = [
        *(f'<p class="note warning">{_text(warning)}</p>' for warning in table.warnings),
        *(f'<p class="note">{_text(note)}</p>' for note in table.notes),
    ]
    # A wide table scrolls by itself, with the keyboard too.
    return "\n".join(
        [
            f'<div class="ra-table" role="region" aria-label="{title}" tabindex="0">',
            f"<table>\n<caption>{title}</caption>",
            f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>",
            *said,
            "</div>",
        ]
    )


def to_html(table: Table) -> str:
    """Return a table as a page of its own."""
    return _PAGE.format(title=_text(table.title), style=STYLE, table=_html_table(table))


def _row(table: Table, row: tuple[Cell, ...]) -> str:
    return "".join(
        _cell("td" if k else "th", column, cell)
        for k, (column, cell) in enumerate(zip(table.columns, row, strict=True))
    )


def _cell(tag: Literal["td", "th"], column: Column, cell: Cell) -> str:
    scope = ' scope="row"' if tag == "th" else ""
    return f"<{tag}{scope}{_kind(column)}>{_text(cell.text)}</{tag}>"


def _kind(column: Column) -> str:
    return ' class="number"' if column.align == "right" else ""


def _text(text: str) -> str:
    return escape(plain(text), quote=True)
