"""The command line as a user meets it: one real fit, then everything that reads its folder."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from ra_bayes.cli import GATE_FAILED, main
from ra_bayes.model import list_examples
from ra_bayes.resources import data_dir
from ra_bayes.tree import load

COHORT = str(data_dir() / "synthetic_cohort.csv")
MODELS = ("sdai", "tnf_alpha", "acr20")
# What a page must escape: a patient's identifier is the user's text.
NASTY = "<img src=x onerror=alert(1)>&\"'"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with a report: the synthetic cohort, one patient renamed to something nasty."""
    out = tmp_path_factory.mktemp("results")
    table = pd.read_csv(COHORT, dtype=str, keep_default_na=False).replace({"patient": {"SYN-2": NASTY}})
    table.to_csv(out / "cohort.csv", index=False)
    options = [option for name in MODELS for option in ("--model", name)]
    done = run("fit", out / "cohort.csv", *options, "--out", out, "--draws", 1000, "--seed", 3)
    assert done.exit_code == 0, done.stderr
    assert len(done.stdout.splitlines()) <= 10
    reported = run("report", out)
    assert reported.exit_code == 0, reported.stderr
    return out


class Page(HTMLParser):
    """Collects what a reader's browser would load, and the texts of tables."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    return Page((folder / "index.html").read_text(encoding="utf-8"))


@pytest.mark.mcmc
def test_fit_writes_what_it_says(folder: Path) -> None:
    for name in MODELS:
        assert {each.name for each in (folder / name).iterdir()} == {
            "posterior.nc",
            "estimands.csv",
            "gate.txt",
            "model.toml",
            "figures",
        }
        assert (folder / name / "gate.txt").read_text().startswith("gate: passed")
    table = pd.read_csv(folder / "sdai" / "estimands.csv", keep_default_na=False)
    assert NASTY in set(table["patient"])
    draws = load(folder / "sdai" / "posterior.nc")["posterior"]["mean_change"].sel(visit=24.0)
    shown = table.query("estimand == 'mean_change' and week == '24.0'").iloc[0]
    assert float(shown["estimate"]) == pytest.approx(float(draws.median()), abs=1e-9)
    assert float(shown["lower"]) == pytest.approx(float(draws.quantile(0.05)), abs=1e-9)
    assert float(shown["p_benefit"]) == pytest.approx(float((draws < 0).mean()), abs=1e-9)


@pytest.mark.mcmc
def test_the_page_needs_no_other_file_and_no_network(page: Page) -> None:
    loaded = [
        value
        for tag, attributes in page.tags
        for name, value in attributes.items()
        if name in ("src", "srcset", "data", "poster") or (tag == "link" and name == "href")
    ]
    assert loaded
    assert all(value and value.startswith("data:image/png;base64,") for value in loaded)
    assert not [tag for tag, _ in page.tags if tag in ("iframe", "object", "embed", "link")]
    # One script of ours, and data that no browser runs.
    kinds = [attributes.get("type") for tag, attributes in page.tags if tag == "script"]
    assert kinds.count(None) == 1
    assert set(kinds) == {None, "application/json"}


@pytest.mark.mcmc
def test_every_picture_is_a_picture_with_words(page: Page, folder: Path) -> None:
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == len(list(folder.glob("*/figures/*.png"))) >= 4 * len(MODELS)
    for image in images:
        png = base64.b64decode((image["src"] or "").split(",", 1)[1])
        assert png.startswith(b"\x89PNG")
        assert len(image["alt"] or "") > 40
    linked = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    for href in linked:
        if href and not href.startswith(("#", "https://doi.org/")):
            assert (folder / href).is_file(), href


@pytest.mark.mcmc
def test_links_within_the_page_lead_somewhere(page: Page) -> None:
    ids = {attributes.get("id") for _, attributes in page.tags}
    inner = {attributes["href"] for tag, attributes in page.tags if tag == "a"}
    assert {href[1:] for href in inner if href and href.startswith("#")} <= ids


@pytest.mark.mcmc
def test_the_users_text_is_escaped(page: Page) -> None:
    assert not [attributes for _, attributes in page.tags if "onerror" in attributes]
    assert NASTY in "".join(page.text)


@pytest.mark.mcmc
def test_the_page_says_that_the_data_are_synthetic_and_what_it_does_not_show(page: Page) -> None:
    text = " ".join(" ".join(page.text).split())
    assert "Synthetic data. No patient stands behind this cohort." in text
    assert "it is not a randomised comparison" in text
    for name in MODELS:
        assert ("section", name) in [(tag, attributes.get("id")) for tag, attributes in page.tags]


@pytest.mark.mcmc
def test_report_with_another_interval_and_back_gives_the_same_page(folder: Path) -> None:
    before = (folder / "index.html").read_bytes()
    done = run("report", folder, "--json", "--ci-prob", 0.5)
    assert json.loads(done.stdout)["models"] == sorted(MODELS)
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert "50% equal-tailed credible intervals" in text
    assert "90% credible interval" not in text
    assert run("report", folder).exit_code == 0
    assert (folder / "index.html").read_bytes() == before


@pytest.mark.mcmc
def test_foreign_files_in_a_results_folder_are_not_deleted(folder: Path) -> None:
    note = folder / "sdai" / "my notes.txt"
    note.write_text("keep me")
    try:
        done = run(
            "fit", folder / "cohort.csv", "--model", "sdai", "--out", folder, "--draws", 100, "--chains", 2
        )
        assert done.exit_code == 2
        assert "holds my notes.txt, which is no part of this result" in done.stderr
        assert note.read_text() == "keep me"
    finally:
        note.unlink()


@pytest.mark.mcmc
def test_a_fit_that_fails_its_gate_withholds_and_says_so(folder: Path, tmp_path: Path) -> None:
    done = run(
        "fit",
        folder / "cohort.csv",
        "--model",
        "sdai",
        "--out",
        tmp_path,
        "--draws",
        100,
        "--chains",
        2,
        "--json",
    )
    assert done.exit_code == GATE_FAILED
    found = json.loads(done.stdout)["results"]["sdai"]
    assert found["gate"] == "failed"
    assert found["estimands"] is None
    assert any("bulk ESS" in check and "FAIL" in check for check in found["checks"])
    assert not (tmp_path / "sdai" / "estimands.csv").exists()
    reported = run("report", tmp_path)
    assert reported.exit_code == GATE_FAILED
    assert "withheld, the gate failed: sdai" in reported.stdout
    assert "Withheld." in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_check_says_what_is_in_a_table() -> None:
    done = run("check", COHORT)
    assert done.exit_code == 0
    assert "patients  6: SYN-1" in done.stdout
    assert re.search(r"^tnf_alpha +pg/mL +40 +2 +5 \(12%\)$", done.stdout, re.MULTILINE)
    found = json.loads(run("check", COHORT, "--json").stdout)
    assert found["synthetic"] is True
    assert found["infusion_weeks"] == [0.0, 4.0, 8.0]
    assert sum(each["count"] for each in found["left_out"]) == 3


def test_models_are_listed_and_explained() -> None:
    listed = json.loads(run("models", "--json").stdout)
    models, examples = run("models").stdout.split("\nExample pages, to copy from (docs/model-pages.md):\n")
    assert [line.split()[0] for line in models.splitlines()] == list(listed)
    assert [line.split()[0] for line in examples.splitlines()] == list(list_examples())
    assert {
        "vas",
        "sdai",
        "cdai",
        "haq",
        "crp",
        "esr",
        "il10",
        "il17",
        "tnf_alpha",
        "treg_th17",
        "acr20",
    } <= set(listed)
    for name in listed:
        page = run("models", name)
        assert page.exit_code == 0
        assert "mu_ij = A_i + f(t_ij) + b_i r(t_ij)" in page.stdout
    sdai = json.loads(run("models", "sdai", "--json").stdout)
    record = next(row for row in sdai["implied"] if row["what"] == "a record at week 0")
    # Normal(35, 8^2 + 12.5^2 + 4.5^2 and more for the spread of the SDs): 90% within about 26 of 35.
    assert record["median"] == pytest.approx(35.0, abs=1.0)
    assert 22.0 < record["upper"] - 35.0 < 32.0


def bad_inputs(tmp_path: Path) -> dict[str, tuple[list[str], str]]:
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "bad.csv").write_text("patient,week,outcome,value\n1,0,vas,170\n1,4,pain,3\n")
    (tmp_path / "bad.toml").write_text('schema = 1\noutcome = "sdia"\n')
    (tmp_path / "no-week-24.csv").write_text("patient,week,outcome,value\n1,0,sdai,30\n1,4,sdai,20\n")
    (tmp_path / "only-rf.csv").write_text("patient,week,outcome,value,unit\n1,0,rf,30,IU/mL\n")
    out = str(tmp_path / "out")
    return {
        "missing file": (["check", str(tmp_path / "none.csv")], "there is no such file"),
        "a folder": (["check", str(tmp_path)], "folder"),
        "empty file": (["check", str(tmp_path / "empty.csv")], "empty"),
        "several problems": (["check", str(tmp_path / "bad.csv")], "row 3, column 'outcome', value 'pain'"),
        "unknown model": (["models", "sdia"], "there is no shipped model 'sdia'"),
        "bad page": (["fit", COHORT, "--model", str(tmp_path / "bad.toml"), "--out", out], "sdai"),
        "no visit": (
            ["fit", str(tmp_path / "no-week-24.csv"), "--model", "sdai", "--out", out],
            "reference_week 24 is not a visit",
        ),
        "outcome not measured": (
            ["fit", str(tmp_path / "only-rf.csv"), "--model", "sdai", "--out", out],
            "needs the outcome 'sdai'",
        ),
        "nothing to fit": (
            ["fit", str(tmp_path / "only-rf.csv"), "--model", "all", "--out", out],
            "no shipped model",
        ),
        "no results": (["report", str(tmp_path)], "no fit in it"),
        "a file for results": (["report", __file__], "this is a file; give the folder that"),
        "not a result": (["report", str(tmp_path / "fake")], "not a result of ra_bayes"),
        "out is a file": (
            ["fit", COHORT, "--model", "acr20", "--out", str(tmp_path / "empty.csv")],
            "results cannot be written there",
        ),
    }


def test_bad_input_gets_a_plain_message_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "fake" / "sdai").mkdir(parents=True)
    (tmp_path / "fake" / "sdai" / "posterior.nc").write_text("not netCDF")
    for name, (arguments, says) in bad_inputs(tmp_path).items():
        done = run(*arguments)
        assert done.exit_code == 2, (name, done.output)
        assert done.stderr.startswith("ra-bayes: "), (name, done.stderr)
        assert says in done.stderr, (name, done.stderr)
        assert "Traceback" not in done.output
        assert not done.stdout


def test_a_model_file_brings_its_own_outcome(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("patient,week,outcome,value\n1,0,fatigue,30\n1,24,fatigue,20\n")
    assert "'fatigue'" in run("check", table).stderr
    page = Path(__file__).parent / "models" / "fatigue.toml"
    done = run("check", table, "--model", page)
    assert done.exit_code == 0, done.stderr
    assert "fatigue" in done.stdout


def test_two_pages_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    page = tmp_path / "sdai.toml"
    page.write_text(run_page("sdai"))
    done = run("fit", COHORT, "--model", "sdai", "--model", page, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "two model pages are called 'sdai'" in done.stderr


def run_page(name: str) -> str:
    from ra_bayes.model import load_model

    return load_model(name).toml


def test_help_and_version_in_a_process_of_their_own() -> None:
    for arguments, says in ((["--help"], "ra-bayes check cohort.csv"), (["--version"], "ra-bayes, version")):
        done = subprocess.run(
            [sys.executable, "-m", "ra_bayes.cli", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0
        assert says in done.stdout


def test_check_imports_nothing_heavy() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from ra_bayes.cli import main; "
        f"done = CliRunner().invoke(main, ['check', {COHORT!r}]); assert done.exit_code == 0, done.output; "
        "heavy = {'numpy', 'pandas', 'pymc', 'arviz', 'matplotlib', 'scipy', 'xarray'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
