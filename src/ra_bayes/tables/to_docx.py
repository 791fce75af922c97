"""A table as Word has it: rules as in a journal, the head repeated on every page, notes underneath."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ra_bayes.plain import plain
from ra_bayes.tables.table import Table
from ra_bayes.tables.widths import LANDSCAPE, PORTRAIT, needs_landscape, widths

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import _Cell, _Row

__all__ = ["add_table", "docx_bytes", "new_document", "to_docx"]

_FONT = "Arial"
_TEXT_PT, _SMALL_PT = 9.0, 8.0
# Rules in eighths of a point.
_HEAVY, _LIGHT = 12, 4


def to_docx(table: Table) -> bytes:
    """Return a Word document that holds one table; the same table gives the same bytes."""
    document = new_document(table.title, landscape=needs_landscape(table))
    add_table(document, table)
    return docx_bytes(document)


def new_document(title: str, *, landscape: bool = False) -> Document:
    """Return an empty A4 document with the house's type, and none of python-docx's own details in it."""
    import docx
    from docx.enum.section import WD_ORIENT
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = (Mm(297), Mm(210)) if landscape else (Mm(210), Mm(297))
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Mm(20))
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = _FONT, Pt(_TEXT_PT)
    properties = document.core_properties
    properties.title, properties.author, properties.comments = plain(title)[:255], "ra_bayes", ""
    # No clock goes into a file, so that a change in it is a change in what it says.
    for name in ("dcterms:created", "dcterms:modified"):
        for each in properties._element.findall(qn(name)):
            properties._element.remove(each)
    return document


def add_table(document: Document, table: Table) -> None:
    """Add a table to a document: title, head, rows, then what warns of it and its notes.

    Parameters
    ----------
    document
        The document, from :func:`new_document` or any other of python-docx.
    table
        The table; it fills the width between the margins of the last section if it needs it.
    """
    _paragraph(document, table.title, bold=True, small=False, before=6.0)
    _grid(document, table)
    for warning in table.warnings:
        _paragraph(document, warning, bold=True)
    for note in table.notes:
        _paragraph(document, note)


def docx_bytes(document: Document) -> bytes:
    """Return a document as the bytes of its file, without the clock that zip archives carry."""
    from docx.opc.constants import RELATIONSHIP_TYPE

    # The template's picture of an empty page, which is not one of this.
    relations = document.part.package.rels
    for key in [key for key, each in relations.items() if each.reltype == RELATIONSHIP_TYPE.THUMBNAIL]:
        del relations[key]
    made, out = io.BytesIO(), io.BytesIO()
    document.save(made)
    with zipfile.ZipFile(made) as read, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as write:
        for name in read.namelist():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            write.writestr(entry, read.read(name))
    return out.getvalue()


def _grid(document: Document, table: Table) -> None:
    from docx.enum.table import WD_TABLE_ALIGNMENT
    from docx.shared import Emu

    grid = document.add_table(rows=len(table.rows) + 1, cols=len(table.columns))
    grid.alignment, grid.autofit = WD_TABLE_ALIGNMENT.LEFT, False
    section = document.sections[-1]
    lengths = (section.page_width, section.left_margin, section.right_margin)
    page, left, right = (int(each or 0) for each in lengths)
    lying = page > int(section.page_height or 0)
    most = LANDSCAPE if lying else PORTRAIT
    sizes = [Emu(round((page - left - right) * width / most)) for width in widths(table, most)]
    for column, size in zip(grid.columns, sizes, strict=True):
        column.width = size
    texts = [[column.head for column in table.columns], *([cell.text for cell in row] for row in table.rows)]
    for number, (row, cells) in enumerate(zip(grid.rows, texts, strict=True)):
        _keep(row, head=number == 0)
        for cell, text, column, size in zip(row.cells, cells, table.columns, sizes, strict=True):
            cell.width = size
            _write(cell, text, bold=number == 0, right=column.align == "right")
            edges = {"top": _HEAVY, "bottom": _LIGHT} if number == 0 else {}
            if number == len(table.rows):
                edges["bottom"] = _HEAVY
            _rule(cell, edges.items())


def _keep(row: _Row, *, head: bool) -> None:
    """Keep a row on one page; repeat the head on each."""
    from docx.oxml import OxmlElement

    properties = row._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:cantSplit"))
    if head:
        properties.append(OxmlElement("w:tblHeader"))


def _write(cell: _Cell, text: str, *, bold: bool, right: bool) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    paragraph = cell.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if right else WD_ALIGN_PARAGRAPH.LEFT
    form = paragraph.paragraph_format
    form.space_before, form.space_after, form.line_spacing = Pt(1.5), Pt(1.5), 1.0
    run = paragraph.add_run(plain(text))
    run.bold, run.font.size = bold, Pt(_SMALL_PT)


def _rule(cell: _Cell, edges: Iterable[tuple[str, int]]) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    borders = OxmlElement("w:tcBorders")
    for edge, size in edges:
        line = OxmlElement(f"w:{edge}")
        for name, value in (("val", "single"), ("sz", str(size)), ("space", "0"), ("color", "000000")):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
    cell._tc.get_or_add_tcPr().append(borders)


def _paragraph(
    document: Document, text: str, *, bold: bool = False, small: bool = True, before: float = 2.0
) -> None:
    from docx.shared import Pt

    paragraph = document.add_paragraph()
    form = paragraph.paragraph_format
    form.space_before, form.space_after, form.line_spacing = Pt(before), Pt(2.0), 1.0
    # A title stays with its table.
    form.keep_with_next = not small
    run = paragraph.add_run(plain(text))
    run.bold, run.font.size = bold, Pt(_SMALL_PT if small else _TEXT_PT + 1.0)
