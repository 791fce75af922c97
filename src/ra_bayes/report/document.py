"""The page as a Word document: the same content, read from the page itself, so that the two cannot differ.

Pictures that answer have no answer on paper and are left out; the figures they are made from stand. What is
folded on the page stands open here.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ra_bayes.plain import plain
from ra_bayes.report.page_tree import Node, page_tree
from ra_bayes.tables.table import Cell, Column, Table
from ra_bayes.tables.to_docx import add_table, docx_bytes, new_document

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

__all__ = ["DOCUMENT", "document_of"]

DOCUMENT = "report.docx"

# Printed inches to the picture's width on the page, in the template.
_PIXELS_AN_INCH = 130.0
_TEXT_INCHES = 170.0 / 25.4
_LEVELS = {"h2": 1, "h3": 2, "summary": 3}
_LEFT_OUT = frozenset({"script", "style", "dialog", "head", "svg"})


def document_of(page: str) -> bytes:
    """Return the bytes of a Word document that says what a page says.

    Parameters
    ----------
    page
        A page as :func:`~ra_bayes.report.render.render` wrote it.

    Returns
    -------
    bytes
        Of the file; the same page gives the same bytes.
    """
    tree = page_tree(page)
    title = next(tree.every("title")).text
    writer = _Writer(new_document(title))
    writer.blocks(next(tree.every("body")))
    return docx_bytes(writer.document)


class _Writer:
    """Writes blocks one after the other; keeps the anchors of links and counts figures."""

    def __init__(self, document: Document) -> None:
        from docx.shared import Pt, RGBColor

        self.document = document
        self.figures = 0
        self._anchors: list[str] = []
        self._marks = 0
        for name, size in (("Title", 18), ("Heading 1", 14), ("Heading 2", 11), ("Heading 3", 10)):
            font = document.styles[name].font
            font.size, font.bold, font.color.rgb = Pt(size), True, RGBColor(0, 0, 0)
            _face(document.styles[name], "Arial")
        caption = document.styles["Caption"]
        caption.font.size, caption.font.bold, caption.font.color.rgb = Pt(8), False, RGBColor(0, 0, 0)

    def blocks(self, node: Node) -> None:
        """Write the blocks of a node."""
        for each in node.elements:
            if "id" in each.attributes:
                self._anchors.append(each.attributes["id"])
            self._block(each)

    def _block(self, node: Node) -> None:
        match node.tag:
            case "h1":
                self._heading(node, 0)
            case "h2" | "h3" | "summary":
                self._heading(node, _LEVELS[node.tag])
            case "p" if "told" not in node.kinds:
                self._paragraph(node)
            case "li":
                self._paragraph(node, style="List Bullet")
            case "dt":
                self._paragraph(node, bold=True)
            case "dd":
                self._paragraph(node)
            case "pre":
                self._formulas(node)
            case "table":
                add_table(self.document, _table(node))
                self._mark(self.document.add_paragraph())
            case "figure":
                if "live" not in node.kinds:
                    self._figure(node)
            case tag if tag not in _LEFT_OUT | {"p", "a"} and "screen" not in node.kinds:
                self.blocks(node)

    def _heading(self, node: Node, level: int) -> None:
        self._mark(self.document.add_heading(plain(node.text), level))

    def _paragraph(self, node: Node, *, style: str | None = None, bold: bool = False) -> None:
        from docx.shared import Pt

        paragraph = self.document.add_paragraph(style=style)
        paragraph.paragraph_format.space_after = Pt(2.0 if style else 5.0)
        self._mark(paragraph)
        for text, kind, link in _runs(node):
            run = paragraph.add_run(text)
            run.bold = bold or kind == "strong" or None
            if kind == "code":
                run.font.name = "Courier New"
            if link.startswith("#"):
                _link(paragraph, link[1:])

    def _formulas(self, node: Node) -> None:
        from docx.shared import Pt

        lines = node.children[0] if node.children and isinstance(node.children[0], str) else ""
        paragraph = self.document.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(5.0)
        for number, text in enumerate(str(lines).strip("\n").split("\n")):
            run = paragraph.add_run()
            if number:
                run.add_break()
            run.add_text(plain(text))
            run.font.name, run.font.size = "Courier New", Pt(7.5)

    def _figure(self, node: Node) -> None:
        from docx.shared import Inches

        image = next(node.every("img"))
        title = next(each for each in node.every("span") if "title" in each.kinds).text
        printed = min(float(image.attributes["width"]) / _PIXELS_AN_INCH, _TEXT_INCHES)
        paragraph = self.document.add_paragraph()
        paragraph.paragraph_format.keep_with_next = True
        self._mark(paragraph)
        picture = base64.b64decode(image.attributes["src"].partition(",")[2])
        shape = paragraph.add_run().add_picture(io.BytesIO(picture), width=Inches(printed))
        properties = shape._inline.docPr
        self.figures += 1
        properties.set("name", f"Figure {self.figures}")
        properties.set("descr", plain(image.attributes["alt"]))
        self.document.add_paragraph(f"Figure {self.figures}. {plain(title)}", style="Caption")

    def _mark(self, paragraph: Paragraph) -> None:
        """Set the bookmarks that links lead to, of the elements that began since the last one."""
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        for anchor in self._anchors:
            self._marks += 1
            for tag in ("w:bookmarkStart", "w:bookmarkEnd"):
                mark = OxmlElement(tag)
                mark.set(qn("w:id"), str(self._marks))
                if tag == "w:bookmarkStart":
                    mark.set(qn("w:name"), _bookmark(anchor))
                paragraph._p.append(mark)
        self._anchors.clear()


def _runs(node: Node) -> Iterator[tuple[str, str, str]]:
    """Yield a paragraph's texts with what they are and where they lead, white space collapsed."""
    ends_in_space = True
    for text, what, where in _pieces(node, "", ""):
        shown = " ".join(plain(text).split(" "))
        shown = " ".join(shown.split()) if shown.strip() else " "
        if text[:1].isspace() and shown != " ":
            shown = f" {shown}"
        if text[-1:].isspace() and shown != " ":
            shown += " "
        if ends_in_space:
            shown = shown.lstrip(" ")
        if shown:
            ends_in_space = shown.endswith(" ")
            yield shown, what, where


def _pieces(node: Node, kind: str, link: str) -> Iterator[tuple[str, str, str]]:
    for each in node.children:
        if isinstance(each, str):
            yield each, kind, link
        elif "sr" not in each.kinds:
            what = each.tag if each.tag in ("strong", "code") else kind
            yield from _pieces(each, what, each.attributes.get("href", link))


def _table(node: Node) -> Table:
    """Return a table of the page as the writers of tables take it; a row that names a group has one cell."""
    caption = next(node.every("caption")).text
    head, body = next(node.every("thead")), next(node.every("tbody"))
    columns = tuple(
        Column(each.text, numbers=("number",) if "n" in each.kinds else ())
        for each in next(head.every("tr")).elements
    )
    rows, notes = [], []
    for row in body.every("tr"):
        texts, explained = zip(*map(_cell, row.elements), strict=True)
        first = next(row.elements)
        if first.tag == "th" and explained[0]:
            # What explains a row's name stands under the table, where it has room.
            notes.append(f"{texts[0]}: {explained[0]}.")
        cells = [
            f"{text} ({more})" if more and not (first.tag == "th" and k == 0) else text
            for k, (text, more) in enumerate(zip(texts, explained, strict=True))
        ]
        cells += [""] * (len(columns) - len(cells))
        # Of the numbers only what is printed is known here.
        rows.append(
            tuple(
                Cell(text, (float("nan"),) * len(column.numbers))
                for text, column in zip(cells, columns, strict=True)
            )
        )
    return Table("table", caption, columns, tuple(rows), notes=tuple(dict.fromkeys(notes)))


def _cell(node: Node) -> tuple[str, str]:
    """Return a cell's text, and what explains it."""
    own, explained = [], []
    for each in node.children:
        if isinstance(each, Node) and "definition" in each.kinds:
            explained.append(each.text)
        else:
            own.append(each if isinstance(each, str) else f" {each.text} ")
    return " ".join("".join(own).split()).replace(" ;", ";"), "; ".join(explained)


def _link(paragraph: Paragraph, anchor: str) -> None:
    """Make the last run of a paragraph lead to a bookmark."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    run = paragraph.runs[-1]
    run.font.underline = True
    hyperlink = OxmlElement("w:hyperlink")
    hyperlink.set(qn("w:anchor"), _bookmark(anchor))
    run._r.addprevious(hyperlink)
    hyperlink.append(run._r)


def _bookmark(anchor: str) -> str:
    """Return a bookmark's name: Word takes letters, digits and underscores, at most 40."""
    return "".join(each if each.isascii() and each.isalnum() else "_" for each in f"a_{anchor}")[:40]


def _face(style: object, name: str) -> None:
    """Set a style's typeface in every script, over the template's theme."""
    from docx.oxml.ns import qn

    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()  # type: ignore[attr-defined]
    for key in [*fonts.attrib]:
        del fonts.attrib[key]
    for script in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{script}"), name)
