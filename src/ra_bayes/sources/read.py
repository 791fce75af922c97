"""A file of any format, told by its content, or a DataFrame -> one table of text."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from ra_bayes.sources.delimited import EXPORT, read_delimited
from ra_bayes.sources.frame import read_frame
from ra_bayes.sources.problems import Problems
from ra_bayes.sources.table import Fits, Source, Table, check_size, source_name

__all__ = ["read_table"]

_REFUSED = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls), or one with a password",
    b"%PDF": "a PDF",
    b"$FL2": "an SPSS file",
    b"$FL3": "a compressed SPSS file",
    b"<stata_dta>": "a Stata file",
    b"ARROW1": "an Arrow or Feather file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"SQLite format 3": "a database",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
    b"{\\rtf": "a text document (RTF)",
}


def read_table(source: Source, problems: Problems, *, sheet: str | None = None, fits: Fits) -> Table:  # noqa: ARG001
    """Read one table, every cell as text.

    Parameters
    ----------
    source
        A file or a DataFrame.
    problems
        Where what is wrong in single rows is noted; what makes reading on pointless is raised.
    sheet
        The sheet of a workbook, or the dataset of a file that holds several.
    fits
        How well a header fits what is looked for: the sheet or dataset that fits best is read.

    Raises
    ------
    CohortError
        If the file cannot be read, is larger than what fits into 1 GB of memory, or holds several
        tables that fit equally well.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "cohort.csv")
    ...     _ = file.write_text("patient;week;value" + chr(10) + "001;0;12,5", encoding="utf-8")
    ...     table = read_table(file, Problems("cohort.csv"), fits=len)
    >>> table.header, table.rows
    (('patient', 'week', 'value'), [(2, ['001', '0', '12,5'])])
    """
    if isinstance(source, str | os.PathLike):
        with _open(Path(source), problems) as file:
            table, named = _read_file(file, source_name(source), problems), False
    elif hasattr(source, "columns") and hasattr(source, "itertuples"):
        table, named = read_frame(source, problems), False
    else:
        raise TypeError(f"read_cohort takes a path or a DataFrame, not {type(source).__name__}")
    if sheet is not None and not named:
        problems.stop(
            "sheet", f"a {table.kind} holds one table, without a name", "leave sheet out", value=sheet
        )
    return table


def _read_file(file: BufferedReader, source: str, problems: Problems) -> Table:
    """Read a file of whichever format."""
    start = file.peek(8192)[:8192]
    for magic, kind in _REFUSED.items():
        if start.startswith(magic):
            mend = f"save it as .xlsx without a password, or {EXPORT}" if "Excel" in kind else EXPORT
            problems.stop("file", f"this is {kind}, which is not read", mend)
    check_size(os.fstat(file.fileno()).st_size, problems)
    return read_delimited(file, source, problems)


@contextmanager
def _open(path: Path, problems: Problems) -> Iterator[BufferedReader]:
    try:
        file = path.open("rb")
    except IsADirectoryError:
        problems.stop("file", "this is a folder", "give the file in it", value=str(path))
    except FileNotFoundError:
        problems.stop("file", "there is no such file", _likely_file(path), value=str(path))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        problems.stop(
            "file", f"the file cannot be opened ({why})", "check its name and rights", value=str(path)
        )
    with file:
        yield file


def _likely_file(path: Path) -> str:
    try:
        beside = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return f"nor is there a folder {str(path.parent)!r}; check the path"
    close = difflib.get_close_matches(path.name, beside, n=1)
    return f"did you mean {close[0]!r}?" if close else "check the path"
