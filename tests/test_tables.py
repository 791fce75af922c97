"""Tables: their numbers, rounding and warnings; every text through every format; files open and compile."""

from __future__ import annotations

import csv
import io
import math
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from nasty import FORMULA, LONG, PATIENTS, QUOTES, SCRIPT, TURNED, nasty_cohort
from pages import cohort as cohort_of
from pages import spec
from plans import DESIGNS, plan
from trees import drawn_tree

import ra_bayes as rb
from ra_bayes import tables
from ra_bayes.cli import main
from ra_bayes.cli.tables import FORMATS, KINDS
from ra_bayes.cohort import Cohort, Record, read_cohort
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.model import load_model
from ra_bayes.outcomes import OUTCOMES
from ra_bayes.resources import data_dir
from ra_bayes.results import save_result
from ra_bayes.tables import Cell, Column, Table
from ra_bayes.tables.baseline_table import _quantile, _type_7
from ra_bayes.tables.folder import TABLES
from ra_bayes.tables.plain import plain
from ra_bayes.tables.save import ENDINGS
from ra_bayes.tables.to_csv import to_csv
from ra_bayes.tables.to_html import to_html
from ra_bayes.tables.to_latex import latex_text, to_latex
from ra_bayes.tables.widths import LANDSCAPE, PORTRAIT, needs_landscape, widths

SYNTHETIC = "Synthetic data: no patient was measured."
TEXTS = (
    *PATIENTS,
    "+1",
    "-1",
    "@x",
    "\t=1+1",
    "\r=1",
    "\ud800",
    "\ufffe",
    "$\\",
    "a & b \\\\ c",
    "[x]",
    "*",
    "?`--''",
)


@cache
def shipped() -> Cohort:
    return read_cohort(data_dir() / "synthetic_cohort.csv")


@cache
def fitted(model: str) -> xr.DataTree:
    return drawn_tree(load_model(model), shipped())


def nasty_table() -> Table:
    """Every text in every place that takes one."""
    columns = (
        Column("Text"),
        Column(SCRIPT, "µg/mL²", ("estimate",)),
        Column(QUOTES, "", ("lower", "upper")),
    )
    rows = tuple((Cell(text), Cell("−12", (-12.3,)), Cell("−20 to −3", (-20.5, -3.0))) for text in TEXTS)
    return Table("nasty", FORMULA, columns, rows, (*TEXTS, *PATIENTS), (SCRIPT, SYNTHETIC))


def texts(table: Table, header: str) -> list[str]:
    (k,) = [k for k, column in enumerate(table.columns) if column.header == header]
    return [row[k].text for row in table.rows]


def cell(table: Table, row: str, header: str) -> Cell:
    (k,) = [k for k, column in enumerate(table.columns) if column.header == header]
    return next(each[k] for each in table.rows if each[0].text == row)


# What the tables say


def test_baseline_numbers_are_those_of_the_records() -> None:
    table = tables.baseline(shipped())
    values = np.array([record.value for record in shipped().of("vas") if record.week == 0])
    shown = cell(table, "Pain (VAS)", "Mean (SD)")
    assert shown.numbers == pytest.approx((values.mean(), values.std(ddof=1)))
    middle = cell(table, "Pain (VAS)", "Median (quartiles)")
    assert middle.numbers == pytest.approx(np.percentile(values, [50, 25, 75]))
    assert cell(table, "Pain (VAS)", "Range").numbers == (values.min(), values.max())
    assert cell(table, "Pain (VAS)", "n").numbers == (6,)
    weeks = {record.week for record in shipped().of("vas")}
    missing = 6 * len(weeks) - len(shipped().of("vas"))
    assert cell(table, "Pain (VAS)", "Missing").numbers == (missing,)
    assert table.warnings == (SYNTHETIC,)


def test_baseline_of_fits_is_that_of_their_cohort() -> None:
    of_cohort = tables.baseline(shipped())
    of_fits = tables.baseline_of([fitted("vas"), fitted("il10"), fitted("acr20")])
    assert of_fits.title == of_cohort.title
    rows = {row[0].text: row for row in of_cohort.rows}
    for row in of_fits.rows:
        assert repr(rows[row[0].text]) == repr(row)


def test_baseline_is_told_by_arm(tmp_path: Path) -> None:
    table = tables.baseline(nasty_cohort(tmp_path, arms=True))
    arms = texts(table, "Arm")
    assert sorted(set(arms)) == ["+active <b>", "@control & $"]
    assert texts(table, "n")[0] == "3"


def below(*values: float, limits: tuple[int, ...], p: float) -> str:
    return _quantile(np.array(values), np.array(limits), OUTCOMES["il10"], p, 2)[0]


def test_quantile_of_limited_records_says_what_is_known() -> None:
    # Below 1, 2, 3, 4: the lowest may be anything under 1, and the lower quartile is at most 1.75.
    assert below(1, 2, 3, 4, limits=(-1, 0, 0, 0), p=0.5) == "2.5"
    assert below(1, 2, 3, 4, limits=(-1, 0, 0, 0), p=0.25) == "< 1.75"
    assert below(1, 2, 3, 4, limits=(-1, 0, 0, 0), p=0.0) == "< 1"
    # Below 3 may be below 1 too: the median is between that of 0, 1, 2, 4 and that of 1, 2, 3, 4.
    assert below(3, 1, 2, 4, limits=(-1, 0, 0, 0), p=0.5) == "< 2.5"
    assert below(1, 2, 3, 4, limits=(0, 0, 0, 1), p=1.0) == "> 4"
    assert below(1, 2, 3, 4, limits=(-1, -1, -1, -1), p=0.5) == "< 2.5"


def test_bounds_of_a_quantile_hold_whatever_the_truth_is() -> None:
    rng = np.random.default_rng(5)
    for _ in range(300):
        truth = rng.lognormal(size=6)
        limit = rng.choice([0.5, 1.0, 2.0], size=6)
        under = truth < limit
        for p in (0.0, 0.25, 0.5, 0.75, 1.0):
            shown, number = _quantile(
                np.where(under, limit, truth), -under.astype(int), OUTCOMES["il10"], p, 9
            )
            right = _type_7(truth, p)
            assert right == pytest.approx(float(np.quantile(truth, p)))
            if shown.startswith("<"):
                assert math.isnan(number)
                assert right <= float(shown[2:]) + 1e-8
            else:
                assert number == pytest.approx(right)


def test_estimand_table_has_the_numbers_of_estimands_and_rounds_by_their_error() -> None:
    told = rb.estimands(fitted("vas"))
    told = told[told["patient"] == ""]
    table = tables.estimands(fitted("vas"))
    assert len(table.rows) == len(told)
    wanted = told[(told["estimand"] == "mean_change") & (told["week"] == 24)].iloc[0]
    (row,) = [r for r in table.rows if r[0].text == "Change of the typical patient" and r[1].text == "24"]
    by_header = dict(zip([column.header for column in table.columns], row, strict=True))
    assert by_header["Estimate"].numbers == (wanted["estimate"],)
    assert by_header["90% credible interval (equal-tailed)"].numbers == (wanted["lower"], wanted["upper"])
    assert by_header["Unit"].text == "mm"
    # Of 1,000 draws the error of the median is some tenths, and no decimal is told of so wide an interval.
    assert 0.1 < wanted["mcse"] < 1.0
    assert re.fullmatch(r"−?\d+", by_header["Estimate"].text)
    assert table.warnings == (SYNTHETIC,)


def test_minus_is_a_minus_and_the_interval_is_named_with_its_probability() -> None:
    for table in (tables.estimands(fitted("vas"), ci_prob=0.8), tables.patients(fitted("vas"), ci_prob=0.8)):
        assert "80% credible interval (equal-tailed)" in [column.header for column in table.columns]
        assert not any(re.search(r"-\d", each.text) for row in table.rows for each in row[1:])
    assert tables.patients(fitted("vas")).columns[1].head == "Change (mm)"


def test_patients_table_has_each_patient_once() -> None:
    for model, header in (("vas", "Change"), ("acr20", "Chance of a response"), ("il10", "Change")):
        table = tables.patients(fitted(model))
        assert texts(table, "Patient") == [*shipped().patients]
        told = rb.estimands(fitted(model))
        name = "patient_response_probability" if model == "acr20" else "patient_change"
        week = load_model(model).reference_week
        own = told[(told["estimand"] == name) & (told["week"].isna() | (told["week"] == week))]
        k = [column.header for column in table.columns].index(header)
        assert [row[k].numbers[0] for row in table.rows] == own["estimate"].tolist()


def test_failed_gate_withholds_numbers_and_says_so_where_it_must() -> None:
    failed = drawn_tree(load_model("vas"), shipped(), diverging=3)
    for maker in (tables.estimands, tables.patients, tables.priors):
        with pytest.raises(FitError, match="did not pass its gate"):
            maker(failed)
    checks = tables.diagnostics(failed)
    assert cell(checks, "divergences", "Passed").text == "no"
    assert any("did not pass its gate" in warning for warning in checks.warnings)
    table = tables.outcomes([failed, fitted("il10")])
    row = dict(zip([column.header for column in table.columns], table.rows[0], strict=True))
    assert row["Estimate"].text == ""
    assert "withheld" in row["Note"].text


def test_rhat_is_never_rounded_below_its_limit() -> None:
    rows = [
        replace(check, value=1.0101, passed=False) if check.name == "R-hat" else check
        for check in rb.diagnose(fitted("vas")).checks
    ]
    checked = replace(rb.diagnose(fitted("vas")), checks=tuple(rows))
    assert cell(tables.diagnostics(fitted("vas"), checked=checked), "R-hat", "Worst value").text == "1.011"


def test_every_prior_of_a_page_has_its_reason() -> None:
    page = load_model("vas")
    table = tables.priors(page)
    assert texts(table, "Why") == [" ".join(prior.why.split()) for prior in page.priors]
    assert cell(table, "SD of one record around its patient's trajectory", "Prior").text.startswith(
        "LogNormal("
    )
    fit = tables.priors(fitted("vas"))
    reasons = dict(zip(texts(fit, "Quantity"), texts(fit, "Why"), strict=True))
    for prior in page.priors:
        assert reasons[prior.parameter.meaning] == " ".join(prior.why.split())


def test_pinned_prior_is_told_as_fixed() -> None:
    page = spec(priors={"residual_sd": None} | {"response_sd": {"fixed": 0.0}, "residual_sd": {"fixed": 2.0}})
    assert "fixed at 2" in texts(tables.priors(page), "Prior")
    rows = [(f"p{k}", week, 10.0 + k - week / 12) for k in range(4) for week in (0, 12, 24)]
    fit = tables.priors(drawn_tree(page, cohort_of(rows, page)))
    assert "fixed at 2" in texts(fit, "Prior")


@pytest.mark.parametrize("name", DESIGNS)
def test_design_table_tells_errors_where_there_are_any(name: str) -> None:
    exact, simulated = (tables.design_characteristics(plan(name, error=error)) for error in (0.0, 0.004))
    assert not any("±" in each.text for row in exact.rows for each in row)
    assert any("exact" in note for note in exact.notes)
    k = [column.header for column in exact.columns].index("P(success)")
    assert all("± 0.004" in row[k].text for row in simulated.rows)
    assert [row[k].numbers for row in exact.rows] == [
        (row["p_success"], 0.0) for row in plan(name).characteristics
    ]
    assert {"null: type I error", "alternative: power"} <= set(texts(exact, "Role"))


# Through every format


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


# From the command line


def test_command_writes_every_table_of_a_folder(tmp_path: Path) -> None:
    save_result(fitted("vas"), tmp_path)
    save_result(drawn_tree(load_model("il10"), shipped(), diverging=2), tmp_path)
    ran = CliRunner().invoke(main, ["tables", str(tmp_path), "--format", "csv", "--format", "html"])
    assert ran.exit_code == 3, ran.output
    assert "withheld, the gate failed: il10" in ran.output
    written = {path.name for path in (tmp_path / "tables").glob("*.csv")}
    kinds = ("estimands", "patients", "diagnostics", "priors")
    assert written == {
        "baseline.csv",
        "outcomes.csv",
        "il10-diagnostics.csv",
        *(f"vas-{kind}.csv" for kind in kinds),
    }
    ran = CliRunner().invoke(main, ["tables", str(tmp_path), "--model", "sdai"])
    assert ran.exit_code == 2
    assert "name one of il10, vas" in ran.output


def test_what_help_offers_is_what_there_is() -> None:
    assert tuple(ENDINGS) == FORMATS
    assert TABLES == KINDS
    assert set(FORMATS) == {"html", "latex", "docx", "csv"}


def test_row_that_does_not_fit_its_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Table("x", "x", (Column("a", numbers=("n",)),), ((Cell("1"),),))


def test_one_patient_has_no_spread() -> None:
    vas = OUTCOMES["vas"]
    one = Cohort("one", "one.csv", False, (Record("a", 0.0, "vas", 60.0, "", 2),), used=(vas,))
    table = tables.baseline(one)
    assert cell(table, "Pain (VAS)", "Mean (SD)").text == "60"
    assert cell(table, "Pain (VAS)", "Median (quartiles)").text == "60 (60 to 60)"
    assert table.warnings == ()


def test_nothing_of_a_page_needs_a_network() -> None:
    page = to_html(tables.baseline(shipped()))
    assert "http" not in page
    assert to_latex(nasty_table()).isascii()
