"""SAS datasets (sas7bdat), read by pyreadstat (ReadStat) -> a table of text."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ra_bayes.sources.cells import cell_text
from ra_bayes.sources.problems import Problems
from ra_bayes.sources.sas_formats import missing_note, sas_number
from ra_bayes.sources.table import MOST_ROWS, Rows, Table

__all__ = ["read_sas7bdat"]

_AT_ONCE = 20_000_000


def read_sas7bdat(path: str, source: str, problems: Problems) -> Table:
    """Read a SAS dataset; observation 1 is row 2, as in the same table in a CSV file."""
    try:
        import pyreadstat
    except ImportError:
        what = "a SAS dataset (sas7bdat) is read with pyreadstat, which is not installed"
        mend = "pip install 'ra_bayes[clinical]', or export it as CSV or as a transport file (xpt)"
        problems.stop("file", what, mend)
    try:
        _, about = pyreadstat.read_sas7bdat(path, metadataonly=True)
        names = tuple(about.column_names)
        count = about.number_rows or 0
        if count > MOST_ROWS:
            what = f"the file has {count} rows, and at most {MOST_ROWS} are read"
            problems.stop("size", what, "keep only the rows of your patients and outcomes, and export again")
        rows = Rows(len(names), problems)
        special: dict[str, Counter[str]] = {name: Counter() for name in names}
        numbers = {name for name, kind in about.readstat_variable_types.items() if kind != "string"}
        width = sum(about.variable_storage_width.values()) + 60 * len(names)
        step = max(1, _AT_ONCE // max(1, width))
        for first in range(0, count, step):
            columns: dict[str, Any]
            columns, _ = pyreadstat.read_sas7bdat(
                path,
                row_offset=first,
                row_limit=min(step, count - first),
                user_missing=True,
                disable_datetime_conversion=True,
                output_format="dict",
            )
            texts = [
                [
                    _cell(cell, about.original_variable_types[name] or "", special[name])
                    for cell in columns[name]
                ]
                if name in numbers
                else [cell_text(cell) for cell in columns[name]]
                for name in names
            ]
            for row, cells in enumerate(zip(*texts, strict=True), start=first + 2):
                rows.add(row, cells)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError) as error:
        what = f"the SAS dataset is damaged or of an unknown kind ({error})"
        problems.stop("file", what, "export it as CSV or as a transport file (xpt)")
    labels = tuple(label or "" for label in about.column_labels)
    notes = missing_note(special)
    return Table(source, "SAS dataset", names, rows.kept, labels=labels, notes=notes)


def _cell(cell: object, display: str, special: Counter[str]) -> str:
    if isinstance(cell, float | int):
        return sas_number(float(cell), display)
    if cell is None:
        return ""
    # A special missing value comes as its letter, in a column of numbers.
    special[f".{cell}"] += 1
    return ""
