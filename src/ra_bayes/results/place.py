"""Where a result is written, and writing its tables."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Collection, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ra_bayes.errors import RaBayesError
from ra_bayes.files import atomic_file, tidy, write_text
from ra_bayes.plain import guarded, unguarded

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FIGURES", "TRUST", "place", "read_table", "write_rows", "write_table"]

FIGURES = "figures"
TRUST = "trust"


def place(folder: str | PathLike[str], name: str, ours: Collection[str]) -> Path:
    """Return the sub-folder of a result, if it can be written without losing anything.

    Parameters
    ----------
    folder
        The results folder.
    name
        Of the sub-folder.
    ours
        What such a result consists of: files that may be replaced.

    Raises
    ------
    RaBayesError
        If it holds files that are not ours, or the folder cannot be made or written to.
    """
    target = Path(folder) / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=target.parent).close()
        # What a killed run was writing is no file of the user's.
        tidy(target.parent)
        tidy(target)
        # The new folder takes the old one's place: nothing but our own files may be in it.
        foreign = [each.name for each in target.iterdir() if each.name not in ours] if target.exists() else []
    except OSError as error:
        raise RaBayesError(
            f"{error.filename or folder}: results cannot be written there: {error.strerror}; "
            "choose another folder with --out"
        ) from None
    if foreign:
        raise RaBayesError(
            f"{target}: holds {', '.join(sorted(foreign))}, which is no part of this result and would be "
            "deleted; move it, or choose another folder with --out"
        )
    return target


def write_table(table: pd.DataFrame | None, path: Path) -> None:
    """Write a table as CSV, no text of which a spreadsheet runs; none if it is withheld."""
    if table is not None:
        with atomic_file(path) as part:
            table.map(_guarded).to_csv(part, index=False)


def _guarded(value: Any) -> Any:
    return guarded(value) if isinstance(value, str) else value


def read_table(path: Path, words: Collection[str]) -> pd.DataFrame:
    """Read a table that :func:`write_table` wrote.

    Parameters
    ----------
    path
        The file.
    words
        Columns of text, kept as written: a patient may be called 1, or NA. All others are numbers, or yes and
        no, and an empty cell of theirs is none.
    """
    import pandas as pd

    columns = pd.read_csv(path, nrows=0).columns
    table = pd.read_csv(
        path,
        dtype={name: str for name in columns if name in words},
        keep_default_na=False,
        na_values={name: [""] for name in columns if name not in words},
    )
    return table.assign(**{name: table[name].map(unguarded) for name in columns if name in words})


def write_rows(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write rows as CSV, with every column that one of them has."""
    text = io.StringIO()
    writer = csv.DictWriter(
        text, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows({key: _guarded(value) for key, value in row.items()} for row in rows)
    write_text(path, text.getvalue())
