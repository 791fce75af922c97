"""Every text through every format of a table: shown, never run; files open, compile, are the same again."""

from __future__ import annotations

import csv
import io
import math
import re
import shutil
import subprocess
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from nasty import FORMULA, LONG, QUOTES, SCRIPT, TURNED, nasty_cohort
from plans import plan
from table_inputs import SYNTHETIC, TEXTS, fitted, nasty_table, shipped
from trees import drawn_tree

from ra_bayes import tables
from ra_bayes.errors import RaBayesError
from ra_bayes.model import load_model
from ra_bayes.plain import plain
from ra_bayes.tables import Table
from ra_bayes.tables.save import ENDINGS
from ra_bayes.tables.to_csv import to_csv
from ra_bayes.tables.to_html import to_html
from ra_bayes.tables.to_latex import latex_text, to_latex
from ra_bayes.tables.widths import LANDSCAPE, PORTRAIT, needs_landscape, widths


class Read(HTMLParser):
    """The cells of a page as a browser has them, and its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")
        assert all(not name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def test_html_shows_every_text_and_runs_none() -> None:
    read = Read()
    read.feed(to_html(nasty_table()))
    assert "script" not in read.tags
    for text in TEXTS:
        assert any(each.strip() == plain(text).strip() for each in read.cells), text


def test_csv_defuses_texts_and_keeps_numbers() -> None:
    rows = [*csv.reader(io.StringIO(to_csv(nasty_table())))]
    assert rows[0][1:4] == [f"{SCRIPT} (µg/mL²)", f"{QUOTES}: lower", f"{QUOTES}: upper"]
    for row in rows:
        assert len(row) == len(rows[0])
    for text, row in zip(TEXTS, rows[1:], strict=True):
        assert [float(each) for each in row[1:4]] == [-12.3, -20.5, -3.0]
        assert row[0].removeprefix("'").strip() == plain(text).strip()
        assert not row[0].strip().startswith(("=", "+", "-", "@"))
        assert row[4].endswith(SYNTHETIC)


def test_csv_of_a_table_has_a_number_in_every_column_of_numbers() -> None:
    for table in (
        tables.estimands(fitted("il10")),
        tables.baseline(shipped()),
        tables.priors(fitted("il10")),
    ):
        rows = [*csv.reader(io.StringIO(to_csv(table)))]
        heads = [name for column in table.columns for name in column.numbers or ("",)]
        for row in rows[1:]:
            for name, value in zip(heads, row, strict=False):
                assert not name or not value or math.isfinite(float(value))


def test_latex_is_ascii_and_no_text_is_a_command() -> None:
    for text in TEXTS:
        written = latex_text(text)
        assert written.isascii()
        assert "\n" not in written
    assert latex_text("\\input{x}") == r"\textbackslash{}input\{x\}"
    assert latex_text("患🦴") == r"\texttt{{[}U+60A3 U+1F9B4{]}}"
    assert latex_text("é µ ≥ − α Ω") == r"\'{e} $\mu$ $\ge$ $-$ $\alpha$ $\Omega$"


def test_plain_text_is_one_line_without_controls() -> None:
    assert plain(TURNED) == "مريض abc\u2407 last".replace("\u2407 ", "\u2407 ")
    for code in range(0x20):
        assert plain(chr(code)).isprintable()
    assert plain("👩🏽‍⚕️") == "👩🏽‍⚕️"
    assert plain("\ud800\uffff") == "\ufffd\ufffd"


def test_widths_fit_the_page_and_no_number_is_broken() -> None:
    for table in (nasty_table(), tables.baseline(shipped()), tables.estimands(fitted("vas"))):
        most = LANDSCAPE if needs_landscape(table) else PORTRAIT
        granted = widths(table, most)
        assert sum(granted) <= most + 1e-9
        for k, column in enumerate(table.columns):
            if column.numbers:
                assert granted[k] >= max(len(row[k].text) for row in table.rows)


@pytest.mark.parametrize("ending", ENDINGS.values())
def test_same_table_gives_the_same_bytes(tmp_path: Path, ending: str) -> None:
    first, second = (tables.save(nasty_table(), tmp_path / f"{k}{ending}").read_bytes() for k in (1, 2))
    assert first == second


def test_unknown_ending_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RaBayesError, match=re.escape(".html, .tex, .docx, .csv")):
        tables.save(nasty_table(), tmp_path / "table.xls")


def test_docx_holds_every_text_and_no_clock(tmp_path: Path) -> None:
    import docx

    path = tables.save(nasty_table(), tmp_path / "nasty.docx")
    document = docx.Document(str(path))
    (grid,) = document.tables
    assert [row.cells[0].text for row in grid.rows[1:]] == [plain(text) for text in TEXTS]
    assert document.core_properties.author == "ra_bayes"
    with zipfile.ZipFile(path) as packed:
        core = packed.read("docProps/core.xml").decode()
        assert "created" not in core
        assert "thumbnail" not in " ".join(packed.namelist())
        assert all(entry.date_time[0] == 1980 for entry in packed.infolist())


def every_kind(tmp_path: Path) -> list[Table]:
    """One of each table, and the nasty one."""
    of_nasty = drawn_tree(load_model("vas"), nasty_cohort(tmp_path))
    return [
        nasty_table(),
        tables.baseline(shipped()),
        tables.estimands(fitted("vas")),
        tables.patients(of_nasty),
        tables.diagnostics(of_nasty),
        tables.priors(fitted("il10")),
        tables.outcomes([fitted("vas"), fitted("acr20")]),
        tables.design_characteristics(plan("sdai_randomised", error=0.004)),
    ]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles_alone_and_inside_a_paper(tmp_path: Path) -> None:
    paper = [r"\documentclass{article}\usepackage{array,booktabs,longtable}\begin{document}Before."]
    for number, table in enumerate(every_kind(tmp_path)):
        tables.save(table, tmp_path / f"t{number}.tex")
        paper.append(rf"\input{{t{number}.tex}}")
    (tmp_path / "paper.tex").write_text("\n".join([*paper, r"After.\end{document}"]), encoding="ascii")
    for name in ("t0", "t2", "paper"):
        ran = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", f"{name}.tex"],
            cwd=tmp_path,
            capture_output=True,
            check=False,
            timeout=120,
        )
        said = ran.stdout.decode(errors="replace")
        assert ran.returncode == 0, said[-1500:]
        assert (tmp_path / f"{name}.pdf").stat().st_size > 5000
        if name != "paper":
            assert "Overfull" not in said


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_docx_opens_in_libreoffice_and_becomes_a_pdf(tmp_path: Path) -> None:
    files = [
        str(tables.save(table, tmp_path / f"t{number}.docx"))
        for number, table in enumerate(every_kind(tmp_path))
    ]
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    subprocess.run(
        ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), *files],
        capture_output=True,
        check=True,
        timeout=180,
    )
    for file in files:
        assert Path(file).with_suffix(".pdf").stat().st_size > 5000
    if shutil.which("pdftotext") is None:
        return
    read = subprocess.run(["pdftotext", str(tmp_path / "t0.pdf"), "-"], capture_output=True, check=True)
    shown = "".join(read.stdout.decode().split())
    for text in (SCRIPT, FORMULA, QUOTES, LONG):
        assert "".join(text.split()) in shown


def test_nothing_of_a_page_needs_a_network() -> None:
    page = to_html(tables.baseline(shipped()))
    assert "http" not in page
    assert to_latex(nasty_table()).isascii()
