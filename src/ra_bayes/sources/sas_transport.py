"""SAS transport files (xpt), versions 5 and 8: one dataset -> a table of text.

The layout is public: "Record Layout of a SAS Version 5 or 6 Data Set in SAS Transport (XPORT) Format"
(SAS technical paper TS-140) and "... Version 8 or 9 ...". Records have 80 bytes; the values of a row stand in
the order of the variables' descriptions. A number is an IBM double, one bit of sign, seven of exponent, 56 of
fraction:

    x = (-1)^sign * fraction / 2^56 * 16^(exponent - 64)

A missing value has a zero fraction and a letter, ``.`` or ``_`` for its first byte.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from ra_bayes.sources.choose import Candidate, choose
from ra_bayes.sources.encoding import guess_legacy
from ra_bayes.sources.problems import Problems
from ra_bayes.sources.sas_formats import missing_note, sas_number
from ra_bayes.sources.table import MOST_COLUMNS, MOST_ROWS, Fits, Rows, Table

__all__ = ["ibm_double", "read_transport"]

_HEADER = b"HEADER RECORD*******"
_MEMBER = re.compile(rb"HEADER RECORD\*{7}MEMB(ER|V8)  ")
_RECORD = 80
_CHUNK = 10_000 * _RECORD
_MEND = "export it from SAS again (PROC COPY to an XPORT library, or %loc2xpt), or as CSV"


@dataclass(slots=True)
class _Variable:
    name: str
    label: str
    number: bool
    length: int
    position: int
    format: str


@dataclass(slots=True)
class _Dataset:
    name: str
    variables: list[_Variable]
    start: int
    count: int | None
    end: int

    @property
    def width(self) -> int:
        return sum(each.length for each in self.variables)


def read_transport(file: BinaryIO, source: str, problems: Problems, sheet: str | None, fits: Fits) -> Table:
    """Read one dataset of a transport file; observation 1 is row 2, as in the same table in a CSV file."""
    try:
        datasets = list(_datasets(file))
        if not datasets:
            problems.stop("file", "the SAS transport file holds no dataset", _MEND)
        candidates = [Candidate(each.name, [one.name for one in each.variables]) for each in datasets]
        chosen, notes = choose(candidates, sheet, fits, "dataset", problems)
        return _table(file, datasets[chosen], source, problems, notes)
    except (struct.error, ValueError, IndexError) as error:
        problems.stop("file", f"the SAS transport file is cut off or damaged ({error})", _MEND)


def ibm_double(eight: bytes) -> float | str:
    """Read an IBM double; a missing value is its text, ``.`` or ``.A``.

    Examples
    --------
    >>> ibm_double(bytes.fromhex("4110000000000000")), ibm_double(b"A" + bytes(7))
    (1.0, '.A')
    """
    (bits,) = struct.unpack(">Q", eight)
    fraction = bits & 0x00FF_FFFF_FFFF_FFFF
    if fraction == 0:
        if eight[0] == 0x2E:
            return "."
        if eight[0] == 0x5F or 0x41 <= eight[0] <= 0x5A:
            # 0x41 is also the exponent of 1 to 16, but then the fraction is not zero.
            return f".{chr(eight[0])}"
        return 0.0
    exponent = (bits >> 56 & 0x7F) - 64
    # As integers, so that the one rounding is that to a double.
    shift = 4 * exponent - 56
    size = fraction * (1 << shift) if shift >= 0 else fraction / (1 << -shift)
    return -float(size) if bits >> 63 else float(size)


def _datasets(file: BinaryIO) -> Iterator[_Dataset]:
    """Find every dataset; the rows of one end where the header of the next begins."""
    size = file.seek(0, 2)
    starts = []
    for begin in range(0, size, _CHUNK):
        file.seek(begin)
        chunk = file.read(_CHUNK)
        starts += [begin + each.start() for each in _MEMBER.finditer(chunk) if each.start() % _RECORD == 0]
    for start, end in pairwise([*starts, size]):
        file.seek(start)
        yield _dataset(file, int(file.read(_RECORD)[74:78]), end)


def _dataset(file: BinaryIO, size: int, end: int) -> _Dataset:
    """Read one dataset's headers; `size` is that of a variable's description, `end` where its rows end."""
    _expect(file, b"DSC")
    description, _ = file.read(_RECORD), file.read(_RECORD)
    names = _expect(file, b"NAM")
    wide = names[20:28].startswith(b"NAMSTV8")
    name = _text(description[8:40] if wide else description[8:16])
    count = int(names[48:58])
    if not 0 < count <= MOST_COLUMNS or size < 136:
        raise ValueError(f"{count} variables")
    packed = file.read(-(-count * size // _RECORD) * _RECORD)
    variables: list[_Variable] = []
    for i in range(count):
        # The position that a description gives is that in SAS's memory, not that in the file.
        position = variables[-1].position + variables[-1].length if variables else 0
        variables.append(_variable(packed[i * size : (i + 1) * size], position, wide))
    record = file.read(_RECORD)
    if record[20:27] in (b"LABELV8", b"LABELV9"):
        _long_labels(file, int(record[48:58]), record[26:27] == b"9", variables)
        record = file.read(_RECORD)
    if record[:20] != _HEADER or not record[20:].startswith(b"OBS"):
        raise ValueError("no header of observations")
    rows = record[48:63].decode("ascii", "replace").strip() if wide else ""
    known = int(rows) if rows.isdecimal() and int(rows) else None
    return _Dataset(name, variables, file.tell(), known, end)


def _expect(file: BinaryIO, what: bytes) -> bytes:
    record = file.read(_RECORD)
    if record[:20] != _HEADER or not record[20:].startswith(what):
        raise ValueError(f"no header {what.decode()}")
    return record


def _variable(packed: bytes, position: int, wide: bool) -> _Variable:
    kind, _, length, _ = struct.unpack(">hhhh", packed[:8])
    name = _text(packed[8:16])
    if wide:
        name = _text(packed[88:120]) or name
    if kind not in (1, 2) or length < 1 or (kind == 1 and not 2 <= length <= 8):
        raise ValueError(f"variable {name!r}")
    return _Variable(name, _text(packed[16:56]), kind == 1, length, position, _text(packed[56:64]))


def _long_labels(file: BinaryIO, count: int, formats: bool, variables: list[_Variable]) -> None:
    """Read the names and labels that are too long for their place (version 8)."""
    start, head = file.tell(), 10 if formats else 6
    for _ in range(count):
        numbers = struct.unpack(f">{head // 2}h", file.read(head))
        texts = [_text(file.read(length)) for length in numbers[1:]]
        variable = variables[numbers[0] - 1]
        variable.name, variable.label = texts[0] or variable.name, texts[1]
        if formats:
            variable.format = texts[2] or variable.format
    file.seek(start + -(-(file.tell() - start) // _RECORD) * _RECORD)


def _text(field: bytes) -> str:
    try:
        return field.rstrip(b" \0").decode("utf-8")
    except UnicodeDecodeError:
        return field.rstrip(b" \0").decode("cp1252", "replace")


def _table(
    file: BinaryIO, dataset: _Dataset, source: str, problems: Problems, notes: tuple[str, ...]
) -> Table:
    count = (dataset.end - dataset.start) // dataset.width
    if count > MOST_ROWS:
        what = f"the dataset has {count} rows, and at most {MOST_ROWS} are read"
        problems.stop("size", what, "keep only the rows of your patients and outcomes, and export again")
    codec, told = _encoding(file, dataset, problems)
    variables = dataset.variables
    special: dict[str, Counter[str]] = {each.name: Counter() for each in variables}
    rows = Rows(len(variables), problems)
    for row, packed in enumerate(_rows(file, dataset), start=2):
        cells = []
        for each in variables:
            cell = packed[each.position : each.position + each.length]
            if not each.number:
                cells.append(cell.rstrip(b" \0").decode(codec))
                continue
            value = ibm_double(cell.ljust(8, b"\0"))
            if isinstance(value, float):
                cells.append(sas_number(value, each.format))
            else:
                cells.append("")
                if value != ".":
                    special[each.name][value] += 1
        rows.add(row, cells)
    header = tuple(each.name for each in variables)
    labels = tuple(each.label for each in variables)
    told = (*notes, *told, *missing_note(special))
    return Table(source, "SAS transport file", header, rows.kept, labels=labels, notes=told)


def _rows(file: BinaryIO, dataset: _Dataset) -> Iterator[bytes]:
    """Yield the packed rows. The last record is filled up with blanks, which can look like rows."""
    width, blank = dataset.width, 0
    file.seek(dataset.start)
    left = dataset.end - dataset.start
    count = 0
    while left >= width and (dataset.count is None or count < dataset.count):
        packed = file.read(width)
        left -= width
        count += 1
        if dataset.count is None and left < _RECORD and not packed.strip(b" "):
            blank += 1
            continue
        yield from (b" " * width for _ in range(blank))
        blank = 0
        yield packed
    if dataset.count is not None and count < dataset.count:
        raise ValueError(f"{count} of {dataset.count} rows are there")


def _encoding(file: BinaryIO, dataset: _Dataset, problems: Problems) -> tuple[str, tuple[str, ...]]:
    """Find the encoding of the texts; a file names none."""
    legacy: list[bytes] = []
    texts = [each for each in dataset.variables if not each.number]
    for packed in _rows(file, dataset):
        cells = b"\n".join(packed[each.position : each.position + each.length] for each in texts)
        if cells.isascii():
            continue
        try:
            for each in texts:
                packed[each.position : each.position + each.length].decode("utf-8")
        except UnicodeDecodeError:
            legacy.append(cells)
    if not legacy:
        return "utf-8", ()
    # SAS 9, which writes these files, runs on no Macintosh.
    lines = (each + b"\n" for row in legacy for each in row.split(b"\n"))
    guess = guess_legacy(lines, among=("cp1252",), place="")
    if guess is None:
        what = "its texts are in an encoding that cannot be told"
        problems.stop("encoding", what, "export it with UTF-8, or as 'CSV UTF-8'")
    return guess.codec, (guess.note,)
