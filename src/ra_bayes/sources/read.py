"""A file of any format, told by its content, or a DataFrame -> one table of text."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import BinaryIO

from ra_bayes.sources.delimited import EXPORT, read_delimited
from ra_bayes.sources.frame import read_frame
from ra_bayes.sources.problems import Problems
from ra_bayes.sources.table import MOST_BYTES, Fits, Source, Table, check_size, source_name

__all__ = ["read_table"]

_TRANSPORT = b"HEADER RECORD*******LIB"
_SAS7BDAT = bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011")
# Fixed-width texts are mostly blanks, and are read row by row.
_MOST_FIXED = 5 * MOST_BYTES
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
    b"<table": "a web page",
    b"<?xml": "an XML file",
    b"{\\rtf": "a text document (RTF)",
}


def read_table(source: Source, problems: Problems, *, sheet: str | None = None, fits: Fits) -> Table:
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
        _refuse_lock_file(Path(source), problems)
        with _open(Path(source), problems) as file:
            table, named = _read_file(file, Path(source), problems, sheet, fits)
    elif hasattr(source, "columns") and hasattr(source, "itertuples"):
        table, named = read_frame(source, problems), False
    else:
        raise TypeError(f"read_cohort takes a path or a DataFrame, not {type(source).__name__}")
    if sheet is not None and not named:
        problems.stop(
            "sheet", f"a {table.kind} holds one table, without a name", "leave sheet out", value=sheet
        )
    return table


def _read_file(
    file: BinaryIO, path: Path, problems: Problems, sheet: str | None, fits: Fits
) -> tuple[Table, bool]:
    """Read a file of whichever format; and say whether its tables have names to choose among.

    What a format takes to read is imported here, so that a CSV waits for none of it.
    """
    start = file.read(8192)
    size = file.seek(0, 2)
    file.seek(0)
    source = source_name(path)
    for magic, kind in _REFUSED.items():
        if start.startswith(magic):
            mend = f"save it as .xlsx without a password, or {EXPORT}" if "Excel" in kind else EXPORT
            problems.stop("file", f"this is {kind}, which is not read", mend)
    fixed = start.startswith((_TRANSPORT, _SAS7BDAT))
    check_size(size, problems, _MOST_FIXED if fixed else MOST_BYTES)
    if start.startswith(_TRANSPORT):
        from ra_bayes.sources.sas_transport import read_transport

        return read_transport(file, source, problems, sheet, fits), True
    if start.startswith(_SAS7BDAT):
        from ra_bayes.sources.sas7bdat import read_sas7bdat

        return read_sas7bdat(str(path), source, problems), False
    if start.startswith(b"PK"):
        from ra_bayes.sources.excel import read_workbook

        return read_workbook(file, source, problems, sheet, fits), True
    if start.startswith(b"PAR1"):
        from ra_bayes.sources.parquet import read_parquet

        return read_parquet(file, source, problems), False
    if (unpacked := _unpacked(file, start, problems)) is not None:
        return _read_file(unpacked, path, problems, sheet, fits)
    if start[:4] in (b"\xff\xfe{\0", b"\xfe\xff\0{"):
        problems.stop("encoding", "this is JSON in UTF-16", "save it as UTF-8")
    if start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        from ra_bayes.sources.dataset_json import read_dataset_json

        return read_dataset_json(file, source, problems, sheet, fits), True
    return read_delimited(file, source, problems), False


def _unpacked(file: BinaryIO, start: bytes, problems: Problems) -> BinaryIO | None:
    """Unpack what gzip or zlib packed (a .csv.gz, a .dsjc); ``None`` if it is not packed."""
    if not start.startswith((b"\x1f\x8b", b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")):
        return None
    import zlib

    # 47: the header tells whether it is gzip or zlib.
    unpacker = zlib.decompressobj(wbits=47)
    content = bytearray()
    try:
        while chunk := file.read(1 << 16):
            while chunk and not unpacker.eof:
                content += unpacker.decompress(chunk, 1 << 20)
                chunk = unpacker.unconsumed_tail
                check_size(len(content), problems)
        content += unpacker.flush()
    except zlib.error as error:
        file.seek(0)
        if start.startswith(b"x"):
            return None
        problems.stop("file", f"the gzip archive is damaged ({error})", "unpack it and give the file in it")
    file.seek(0)
    if not unpacker.eof or unpacker.unused_data:
        problems.stop("file", "the archive is cut off, or holds more than one file", "unpack it first")
    if content.startswith((b"\x1f\x8b", b"PK", _SAS7BDAT)):
        problems.stop(
            "file",
            "this is an archive in an archive, or a packed SAS dataset",
            "unpack it and give the file in it",
        )
    return BytesIO(bytes(content))


def _refuse_lock_file(path: Path, problems: Problems) -> None:
    """Refuse the file of a few bytes that Excel or LibreOffice keeps beside a workbook while it is open."""
    for before, after in (("~$", ""), (".~lock.", "#")):
        if path.name.startswith(before) and path.name.endswith(after):
            workbook = path.name.removeprefix(before).removesuffix(after)
            what = f"this only says that {workbook!r} is open in another program, and holds no data"
            problems.stop("file", what, f"save the workbook there, and give {workbook!r}", value=path.name)


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
