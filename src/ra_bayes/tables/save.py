"""Write a table to a file: what the file's name ends in says how."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path

from ra_bayes.errors import RaBayesError, check_type
from ra_bayes.files import atomic_file
from ra_bayes.tables.table import Table
from ra_bayes.tables.to_csv import to_csv
from ra_bayes.tables.to_docx import to_docx
from ra_bayes.tables.to_html import to_html
from ra_bayes.tables.to_latex import to_latex

__all__ = ["ENDINGS", "save"]

_WRITERS: dict[str, Callable[[Table], bytes]] = {
    ".html": lambda table: to_html(table).encode(),
    ".tex": lambda table: to_latex(table).encode("ascii"),
    ".docx": to_docx,
    # With a mark that tells Excel it is UTF-8.
    ".csv": lambda table: to_csv(table).encode("utf-8-sig"),
}
ENDINGS = {"html": ".html", "latex": ".tex", "docx": ".docx", "csv": ".csv"}


def save(table: Table, path: str | PathLike[str]) -> Path:
    """Write a table as HTML, LaTeX, Word or CSV, as the path ends in .html, .tex, .docx or .csv.

    An earlier file stays whole until the new one is complete; the same table gives the same bytes.

    Parameters
    ----------
    table
        Of any function of ``rb.tables``.
    path
        The file to write.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    RaBayesError
        If it is no table, or the path ends in something else.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.tables.save(rb.tables.estimands(tree), "table-2.docx")     # doctest: +SKIP
    PosixPath('table-2.docx')
    """
    check_type(
        table, Table, "table", "make one with a function of rb.tables, such as rb.tables.estimands(tree)"
    )
    target = Path(path)
    writer = _WRITERS.get(target.suffix.lower())
    if writer is None:
        raise RaBayesError(
            f"{target}: a table is not written as {target.suffix or 'a file without an ending'!r}; "
            f"let the name end in one of {', '.join(_WRITERS)}"
        )
    content = writer(table)
    with atomic_file(target) as part:
        part.write_bytes(content)
    return target
