"""An Excel workbook looked through before it is read: is it small enough, and what is merged or hidden in it?

A workbook is a zip archive of XML. Every part that is read later is first passed through expat, which keeps
nothing: parts that would fill the memory, and documents that define entities, end here. What the
reading of values does not tell (merged cells, hidden rows, formulas without a stored result) is
noted on the way.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pyexpat import ExpatError
from typing import BinaryIO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from ra_bayes.sources.delimited import EXPORT
from ra_bayes.sources.problems import Problems
from ra_bayes.sources.table import LONGEST_CELL, MOST_COLUMNS

__all__ = ["DAMAGED", "SheetFacts", "look_through"]

DAMAGED = "open it in Excel or LibreOffice, save it anew as .xlsx, and read that"
_MOST_UNPACKED = 150_000_000
_MOST_STRINGS = 60_000_000
_MOST_ELEMENTS = 150_000  # of styles, and of whatever stands beside the rows of a sheet
_MOST_ROWS = 1_048_576  # Excel's own
_MOST_MEMBERS = 2_000_000  # bytes of the archive's table of contents
_READ_LATER = {"worksheet", "sst", "styleSheet", "workbook", "Relationships", "Types", "Properties"}
_READ_LATER |= {"coreProperties", "theme"}
_CHUNK = 1 << 18


@dataclass(slots=True)
class SheetFacts:
    """What stands in a sheet's XML beside its values: ranges (``A1:B2``), rows, columns, cells."""

    merged: list[str] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    not_computed: list[str] = field(default_factory=list)


class _TooLargeError(Exception):
    """A part that is not read, and why."""


class _RootSeenError(Exception):
    """The rest of this part is not read later, so it need not be looked at."""


def look_through(file: BinaryIO, problems: Problems) -> dict[str, SheetFacts]:
    """Check a workbook and return the facts of its sheets, by the name of their part."""
    _check_contents(file, problems)
    try:
        with ZipFile(file) as archive:
            names = {member.filename for member in archive.infolist()}
            _check_kind(archive, names, problems)
            total = sum(member.file_size for member in archive.infolist() if _is_xml(member.filename))
            if total > _MOST_UNPACKED:
                _too_large(f"it unpacks to {total / 1e6:.0f} MB", problems)
            facts = {}
            for name in filter(_is_xml, sorted(names)):
                look = _Look()
                _parse(archive, name, look, problems)
                if look.root == "worksheet":
                    facts[name] = look.facts
            return facts
    except (BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError, OSError) as error:
        problems.stop("file", f"the Excel workbook is damaged or has a password ({error})", DAMAGED)


def _check_contents(file: BinaryIO, problems: Problems) -> None:
    """Refuse an archive whose table of contents alone is huge, before it is read."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    file.seek(0)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 16:
        problems.stop("file", "the Excel workbook is cut off or damaged", DAMAGED)
    (contents,) = struct.unpack("<L", tail[end + 12 : end + 16])
    if contents > _MOST_MEMBERS:
        _too_large("it has too many parts", problems)


def _check_kind(archive: ZipFile, names: set[str], problems: Problems) -> None:
    if any(member.flag_bits & 1 for member in archive.infolist()):
        problems.stop("file", "the file has a password", "save it without one")
    if "mimetype" in names:
        problems.stop("file", "this is an OpenDocument file", f"save it as .xlsx, or {EXPORT}")
    if any(name.endswith(".iwa") for name in names) or "Index.zip" in names:
        mend = "in Numbers choose File, Export To, Excel, and read the .xlsx"
        problems.stop("file", "this is a Numbers document, which is not read", mend)
    if "xl/workbook.bin" in names:
        problems.stop("file", "this is a binary Excel workbook (.xlsb)", f"save it as .xlsx, or {EXPORT}")
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        problems.stop(
            "file", "this is a zip archive and no Excel workbook", "unpack it and give the file in it"
        )


def _is_xml(name: str) -> bool:
    return name.casefold().endswith((".xml", ".rels"))


def _too_large(why: str, problems: Problems) -> None:
    mend = "keep only the rows and columns of your patients and outcomes, and save it anew"
    problems.stop("size", f"the workbook is too large to be read ({why})", mend)


def _parse(archive: ZipFile, name: str, look: _Look, problems: Problems) -> None:
    parser = look.parser()
    try:
        with archive.open(name) as part:
            read = 0
            for chunk in _chunks(part):  # type: ignore[arg-type]
                read += len(chunk)
                if look.root == "sst" and read > _MOST_STRINGS:
                    _too_large(f"its texts alone have over {_MOST_STRINGS / 1e6:.0f} MB", problems)
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
    except _RootSeenError:
        return
    except _TooLargeError as error:
        _too_large(str(error), problems)
    except ExpatError as error:
        problems.stop("file", f"the Excel workbook is damaged ({name}: {error})", DAMAGED)


def _chunks(part: BinaryIO) -> Iterator[bytes]:
    while chunk := part.read(_CHUNK):
        yield chunk


class _Look:
    """Follows one part's XML and keeps only counts and facts."""

    def __init__(self) -> None:
        self.root = ""
        self.facts = SheetFacts()
        self._row = 0
        self._rows = 0
        self._cells = 0
        self._beside = 0
        self._characters = 0
        self._cell = ""
        self._formula = self._result = self._in_value = False
        self._depth = 0

    def parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        return parser

    def _doctype(self, *_: object) -> None:
        raise _TooLargeError("its XML defines entities, which no workbook does")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        self._depth += 1
        if self._depth > 200:
            raise _TooLargeError("its XML is nested too deeply")
        if not self.root:
            self.root = name
            if name not in _READ_LATER:
                raise _RootSeenError
            return
        if self.root == "sst":
            self._characters = 0 if name == "si" else self._characters
        elif self.root != "worksheet":
            self._count_beside()
        elif name == "row":
            self._start_row(attributes)
        elif name == "c":
            self._start_cell(attributes)
        elif name in ("f", "v", "is", "t", "r", "rPr") and self._cell:
            self._formula = self._formula or name == "f"
            self._in_value = name in ("v", "t")
            self._count_in_row()
        else:
            self._count_beside()
            self._note(name, attributes)

    def _start_row(self, attributes: dict[str, str]) -> None:
        self._rows += 1
        self._cells = 0
        self._row = int(attributes["r"]) if attributes.get("r", "").isdecimal() else self._row + 1
        if self._rows > _MOST_ROWS or self._row > _MOST_ROWS:
            raise _TooLargeError(f"a sheet has over {_MOST_ROWS} rows")
        if attributes.get("hidden") in ("1", "true"):
            self.facts.hidden_rows.append(self._row)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self._count_in_row()
        self._cell = attributes.get("r", "") or f"in row {self._row}"
        # A text formula may well have an empty result; a number has none only if it was never computed.
        self._formula, self._result = False, attributes.get("t") == "str"
        self._characters = 0

    def _count_in_row(self) -> None:
        self._cells += 1
        if self._cells > 6 * MOST_COLUMNS:
            raise _TooLargeError(f"row {self._row} has over {MOST_COLUMNS} cells")

    def _count_beside(self) -> None:
        self._beside += 1
        if self._beside > _MOST_ELEMENTS:
            raise _TooLargeError(f"its {self.root} has over {_MOST_ELEMENTS} elements")

    def _note(self, name: str, attributes: dict[str, str]) -> None:
        if name == "mergeCell" and "ref" in attributes:
            self.facts.merged.append(attributes["ref"])
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            ends = attributes.get("min", ""), attributes.get("max", "")
            if all(end.isdecimal() for end in ends):
                self.facts.hidden_columns.append((int(ends[0]), int(ends[1])))

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if self._cell and tag.rpartition(" ")[2] == "c":
            if self._formula and not self._result:
                self.facts.not_computed.append(self._cell)
            self._cell = ""

    def _text(self, text: str) -> None:
        self._characters += len(text)
        self._result = self._result or (self._in_value and bool(self._cell))
        if self._characters > LONGEST_CELL and (self._cell or self.root == "sst"):
            raise _TooLargeError(f"a cell has over {LONGEST_CELL} characters")
