"""Excel workbooks (.xlsx, .xlsm): one sheet -> a table of the texts that a person sees in its cells."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from ra_bayes.errors import RaBayesError
from ra_bayes.sources.cells import cell_text, number_text
from ra_bayes.sources.choose import Candidate, choose
from ra_bayes.sources.problems import Problems
from ra_bayes.sources.sheet_header import SheetHeader, find_header
from ra_bayes.sources.table import Fits, Rows, Table
from ra_bayes.sources.workbook_parts import DAMAGED, SheetFacts, look_through

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

__all__ = ["read_workbook"]

_LOOKED_AT = 30
_SHOWN = 8
_ZEROS = re.compile(r"0{2,}")

type Row = tuple[int, list[str]]


def read_workbook(file: BinaryIO, source: str, problems: Problems, sheet: str | None, fits: Fits) -> Table:
    """Read one sheet: the one called `sheet`, or the one whose header fits best.

    Numbers, dates and percentages become the text that Excel shows (at full precision); formulas count
    as their stored results. An error such as ``#N/A`` is a problem with its cell's address, and so is a
    merged cell that leaves open to which row its value belongs.
    """
    facts = look_through(file, problems)
    file.seek(0)
    with warnings.catch_warnings():
        # openpyxl warns of what it does not keep (drop-down lists, styles); values are all that is read.
        warnings.simplefilter("ignore")
        try:
            return _read(file, facts, source, problems, sheet, fits)
        except RaBayesError:
            raise
        except Exception as error:
            # openpyxl meets damaged XML with whatever exception it runs into.
            what = f"the Excel workbook is damaged ({type(error).__name__})"
            problems.stop("file", what, DAMAGED)


def _read(
    file: BinaryIO,
    facts: dict[str, SheetFacts],
    source: str,
    problems: Problems,
    sheet: str | None,
    fits: Fits,
) -> Table:
    from openpyxl import load_workbook

    book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    sheets: list[Any] = [each for each in book.worksheets if hasattr(each, "iter_rows")]
    if not sheets:
        problems.stop("file", "the Excel workbook has no sheet that can be read", DAMAGED)
    starts = [list(islice(_texts(each, None), _LOOKED_AT)) for each in sheets]
    headers = [find_header(start, fits) for start in starts]
    candidates = [
        Candidate(each.title, header.names if header else (), each.sheet_state != "visible")
        for each, header in zip(sheets, headers, strict=True)
    ]
    chosen, notes = choose(candidates, sheet, fits, "sheet", problems)
    header = headers[chosen]
    if header is None:
        problems.stop("sheet", "the sheet is empty", "name another one", value=sheets[chosen].title)
    part = facts.get(_part(sheets[chosen]), SheetFacts())
    return _table(sheets[chosen], header, part, source, problems, notes)


def _table(
    sheet: ReadOnlyWorksheet,
    header: SheetHeader,
    facts: SheetFacts,
    source: str,
    problems: Problems,
    notes: tuple[str, ...],
) -> Table:
    rows = Rows(None, problems)
    fill, filled = _merged(header, facts.merged, problems)
    above: dict[int, str] = {}
    not_computed = set(facts.not_computed)
    for row, cells in _texts(sheet, problems, header.row, not_computed):
        if row <= header.row:
            continue
        for column, first in fill.get(row, ()):
            if first:
                above[column] = cells[column] if column < len(cells) else ""
            else:
                cells += [""] * (column + 1 - len(cells))
                cells[column] = cells[column] or above.get(column, "")
        rows.add(row, cells)
    # Told before anything else: what such a cell would have held is not known.
    problems.raise_if_any()
    width = max([len(header.names), *(len(cells) for _, cells in rows.kept)])
    rows.pad(width)
    names = (*header.names, *[""] * (width - len(header.names)))
    told = (*notes, *header.notes, *_hidden(facts, header), *filled)
    return Table(
        source, "Excel workbook", names, rows.kept, header_row=header.row, notes=told, above=header.above
    )


def _texts(
    sheet: Any, problems: Problems | None, header_row: int = 0, not_computed: Sequence[str] | set[str] = ()
) -> Iterator[Row]:
    """Yield the rows of a sheet as text, each without the blank cells at its end."""
    # The size that a sheet claims may be wrong, and cells beyond it would be dropped.
    sheet.reset_dimensions()
    for row, cells in enumerate(sheet.iter_rows(), start=1):
        texts = [_text(cell) for cell in cells]
        if problems is not None and row >= header_row:
            _check(row, cells, not_computed, problems)
        while texts and not texts[-1].strip():
            texts.pop()
        yield row, texts


def _check(
    row: int, cells: Sequence[Any], not_computed: Sequence[str] | set[str], problems: Problems
) -> None:
    for cell in cells:
        if cell.value is None and not not_computed:
            continue
        if getattr(cell, "data_type", "") == "e":
            what = f"cell {cell.coordinate} holds the Excel error {cell.value}"
            mend = "correct its formula, or empty the cell if the value is missing"
            problems.add("Excel error", what, mend, row=row)
        elif not_computed and getattr(cell, "row", None) and cell.coordinate in not_computed:
            what = f"cell {cell.coordinate} is a formula without a stored result"
            mend = "open the file in Excel or LibreOffice and save it, so that the formula is computed"
            problems.add("formula", what, mend, row=row)


def _text(cell: Any) -> str:
    value = cell.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        shown = str(cell.number_format)
        if "%" in shown:
            return f"{(Decimal(repr(value)) * 100).normalize():f}%"
        if _ZEROS.fullmatch(shown) and value == int(value) and value >= 0:
            return str(int(value)).zfill(len(shown))
        return number_text(value)
    return cell_text(value)


def _part(sheet: Any) -> str:
    return str(getattr(sheet, "_worksheet_path", "")).lstrip("/")


def _merged(
    header: SheetHeader, ranges: Sequence[str], problems: Problems
) -> tuple[dict[int, list[tuple[int, bool]]], tuple[str, ...]]:
    """Say which cells take the text of a merged one: those of the first column, in every row it spans.

    Elsewhere a value merged over rows could belong to any of them.
    """
    from openpyxl.utils.cell import range_boundaries

    first_column = next(i for i, name in enumerate(header.names) if name)
    fill: dict[int, list[tuple[int, bool]]] = {}
    filled = []
    for each in ranges:
        left, top, right, bottom = (int(end or 0) for end in range_boundaries(each))
        # Names merged over several columns, or over a second row of names, are the layout's to read.
        if top <= header.row or left > len(header.names):
            continue
        if left == right == first_column + 1 and bottom - top < 10_000:
            for row in range(top, bottom + 1):
                fill.setdefault(row, []).append((left - 1, row == top))
            filled.append(each)
        elif bottom > top or right > left:
            what = f"cells {each} are merged, so it is open which of them the value belongs to"
            problems.add("merged", what, "unmerge them and write the value where it belongs", row=top)
    shown = ", ".join(filled[:_SHOWN]) + (", ..." if len(filled) > _SHOWN else "")
    return fill, (f"merged cells {shown}: their text was read in each of their rows",) if filled else ()


def _hidden(facts: SheetFacts, header: SheetHeader) -> Iterator[str]:
    rows = [str(row) for row in facts.hidden_rows if row > header.row]
    if rows:
        shown = ", ".join(rows[:_SHOWN]) + (", ..." if len(rows) > _SHOWN else "")
        yield f"{len(rows)} hidden rows of the sheet were read like the others (row {shown})"
    names = [
        header.names[column - 1]
        for low, high in facts.hidden_columns
        for column in range(max(low, 1), min(high, len(header.names)) + 1)
        if header.names[column - 1]
    ]
    if names:
        yield f"hidden columns of the sheet were read like the others: {', '.join(map(repr, names[:_SHOWN]))}"
