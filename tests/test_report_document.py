"""The Word report: the page's content, whole; opens and becomes a PDF where LibreOffice is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import docx
import pytest
from docx.document import Document
from docx.oxml.ns import qn
from few_figures import few_figures
from nasty import FORMULA, LONG, PATIENTS, SCRIPT, nasty_cohort
from trees import drawn_tree

from ra_bayes.model import load_model
from ra_bayes.plain import plain
from ra_bayes.report import write_report
from ra_bayes.report.document import document_of
from ra_bayes.report.page_tree import page_tree
from ra_bayes.results import find_results, save_result
from ra_bayes.tree import provenance, with_provenance

SAMPLING = {"sampler": "independent draws", "chains": 4, "draws": 250, "tune": 0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    tree = drawn_tree(load_model("vas"), nasty_cohort(out), seed=1)
    save_result(with_provenance(tree, {**provenance(tree), "sampling": SAMPLING}), out)
    with few_figures("trajectories", "forest", "predictive-check"):
        write_report(find_results(out), out, formats=("docx", "html"))
    return out


@pytest.fixture(scope="module")
def document(folder: Path) -> Document:
    return docx.Document(str(folder / "report.docx"))


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "index.html").read_text(encoding="utf-8")


def test_every_heading_of_the_page_is_a_heading(document: Document, page: str) -> None:
    tree = page_tree(page)
    # What is asked by moving a slider has no place on paper.
    on_screen = {h.text for d in tree.every("div") if "screen" in d.kinds for h in d.every("h3")}
    wanted = [each.text for tag in ("h1", "h2", "h3", "summary") for each in tree.every(tag)]
    found = [each.text for each in document.paragraphs if each.style and each.style.name != "Normal"]
    for each in wanted:
        assert (plain(each) in found) != (each in on_screen), each


def test_every_table_is_a_table_with_its_rows(document: Document, page: str) -> None:
    tables = list(page_tree(page).every("table"))
    assert len(document.tables) == len(tables) > 8
    for made, read in zip(document.tables, tables, strict=True):
        assert len(made.rows) == len(list(read.every("tr")))


def test_every_figure_has_its_printed_width_and_words(document: Document, page: str) -> None:
    images = list(page_tree(page).every("img"))
    shapes = document.inline_shapes
    assert len(shapes) == len(images) == 3
    for shape, image in zip(shapes, images, strict=True):
        printed = float(image.attributes["width"]) / 130.0
        assert shape.width.inches == pytest.approx(min(printed, 170.0 / 25.4), abs=0.01)
        assert shape._inline.docPr.get("descr") == plain(image.attributes["alt"])
    captions = [each.text for each in document.paragraphs if each.style and each.style.name == "Caption"]
    assert [each.split(".")[0] for each in captions] == [f"Figure {k + 1}" for k in range(len(images))]


def test_links_lead_to_bookmarks(document: Document) -> None:
    body = document.element.body
    marks = [each.get(qn("w:name")) for each in body.iter(qn("w:bookmarkStart"))]
    links = {each.get(qn("w:anchor")) for each in body.iter(qn("w:hyperlink"))}
    assert links
    assert links <= set(marks)
    assert len(marks) == len(set(marks))
    assert all(re.fullmatch(r"\w{1,40}", each or "") for each in marks)


def test_names_of_patients_stay_text(document: Document) -> None:
    cells = {cell.text for table in document.tables for row in table.rows for cell in row.cells}
    for name in (SCRIPT, FORMULA, LONG):
        assert name in {each.replace("\u200b", "").replace("\n", "") for each in cells}
    assert not list(document.element.body.iter(qn("w:instrText")))
    assert len(PATIENTS) == 6


def test_the_same_page_gives_the_same_bytes(folder: Path, page: str) -> None:
    assert document_of(page) == (folder / "report.docx").read_bytes()


def test_it_becomes_a_pdf(folder: Path, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed here")
    profile = f"-env:UserInstallation={tmp_path.as_uri()}/profile"
    command = [office, "--headless", profile, "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(folder / "report.docx")], check=True, capture_output=True, timeout=120)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
