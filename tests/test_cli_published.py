"""``ra-bayes published`` as a user meets it, and the report of a folder that holds what it wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from published_pages import READINGS, SYNTHETIC, acr, fact, page
from trees import drawn_tree

from ra_bayes import diagnostics
from ra_bayes.cli import GATE_FAILED, main
from ra_bayes.cohort import read_cohort
from ra_bayes.model import load_model
from ra_bayes.resources import data_dir, models_dir
from ra_bayes.results import find_results, save_result
from ra_bayes.tree import load, provenance, with_provenance

TWO = {"any": READINGS["any"], "fifth": READINGS["fifth"]}
FACTS = page(
    fact("better", 4, readings=["any", "fifth"]),
    acr("responds", 5),
    fact("event", 0, outcomes=[], direction=None, readings=None),
    readings=TWO,
)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("facts") / "trial9.toml"
    file.write_text(FACTS, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def folder(facts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with what the counts say, and with a fit beside it."""
    out = tmp_path_factory.mktemp("results")
    done = run("published", facts, "--out", out, "--reading", "fifth", "--model", "sceptical", "--seed", 2)
    assert done.exit_code == 0, done.stderr
    assert "gate passed" in done.stdout
    tree = drawn_tree(load_model("sdai"), read_cohort(data_dir() / "synthetic_cohort.csv"))
    sampling = {"sampler": "none", "chains": 4, "draws": 250, "tune": 0}
    save_result(with_provenance(tree, provenance(tree) | {"sampling": sampling}), out)
    return out


def test_it_prints_facts_table_and_rates(facts: Path) -> None:
    done = run("published", facts)
    assert done.exit_code == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 100
    for words in (
        "better: 4 of 9, week 12",
        "Left out of the model: a plain count",
        "Pain (VAS): mean change, mm at week",
        "ACR20 response: % of new patients who respond at week",
        "Log evidence of all counts together",
        "Rates in % from the counts alone",
        "None seen is not none.",
    ):
        assert words in done.stdout, words
    # Progress is no part of the result.
    assert "published: simple rates" in done.stderr
    assert "published:" not in done.stdout


def test_it_writes_what_it_says(folder: Path, facts: Path) -> None:
    own = folder / "trial9"
    assert {each.name for each in own.iterdir()} == {
        "posterior.nc",
        "estimands.csv",
        "gate.txt",
        "facts.toml",
        "comparison.csv",
        "rates.csv",
        "figures",
    }
    assert {each.name for each in (own / "figures").iterdir()} == {"readings.pdf", "readings.png"}
    assert (own / "gate.txt").read_text().startswith("gate: passed")
    assert (own / "facts.toml").read_text(encoding="utf-8") == facts.read_text(encoding="utf-8")
    entries = provenance(load(own / "posterior.nc"))
    assert (entries["model"]["name"], entries["published"]["reading"]) == ("sceptical", "fifth")
    table = pd.read_csv(own / "comparison.csv")
    assert set(table["reading"]) == {"any", "fifth"}
    assert len(table) == 2 * 3 * 2 * 2


def test_the_table_that_is_written_is_the_one_that_is_read(folder: Path) -> None:
    result = find_results(folder).counts["trial9"]
    written = pd.read_csv(folder / "trial9" / "comparison.csv", keep_default_na=False)
    assert list(result.comparison["reading"]) == list(written["reading"])
    assert result.comparison["p_benefit"].isna().sum() == (written["p_benefit"] == "").sum() > 0


def test_fits_and_counts_in_one_folder_are_told_apart(folder: Path) -> None:
    found = find_results(folder)
    assert (list(found.fits), list(found.counts)) == (["sdai"], ["trial9"])


def test_the_report_has_both(folder: Path) -> None:
    done = run("report", folder, "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == {
        "page": str(folder / "index.html"),
        "models": ["sdai"],
        "published": ["trial9"],
        "failed": [],
    }
    text = (folder / "index.html").read_text(encoding="utf-8")
    for words in (
        '<section id="published-trial9">',
        'href="#published-trial9"',
        'href="trial9/figures/readings.pdf"',
        '<section id="sdai"',
        "Pain (VAS): mean change, mm at week",
        "One posterior: prior sceptical, reading fifth",
        "Simple rates",
        "new patients with the event counted",
    ):
        assert words in text, words
    assert text.count("<img") == len(list(folder.glob("*/figures/*.png"))) >= 5


def test_a_page_given_to_report_is_not_shown_twice(folder: Path, facts: Path) -> None:
    assert run("report", folder, "--published", facts).exit_code == 0
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert text.count('<section id="published-') == 1
    other = data_dir() / "published" / "jamshidi2024.toml"
    assert run("report", folder, "--published", other).exit_code == 0
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert text.count('<section id="published-') == 2
    assert "<code>ra-bayes published jamshidi2024.toml</code> prints it" in text


def test_counts_alone_have_a_report(facts: Path, tmp_path: Path) -> None:
    assert run("published", facts, "--out", tmp_path).exit_code == 0
    assert run("report", tmp_path, "--ci-prob", 0.5).exit_code == 0
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<h1>Published counts: trial9</h1>" in text
    assert "Synthetic data" not in text
    # The table has its own probability, the rates that of the report.
    assert "Medians with 90% equal-tailed credible intervals" in text
    assert "with 50% equal-tailed credible intervals; exact" in text


def test_json_has_everything(facts: Path, tmp_path: Path) -> None:
    done = run("published", facts, "--out", tmp_path, "--json")
    found = json.loads(done.stdout)
    assert set(found) == {"facts", "comparison", "rates", "posterior"}
    assert [each["id"] for each in found["facts"]["facts"]] == ["better", "responds", "event"]
    assert found["posterior"]["gate"] == "passed"
    assert found["posterior"]["reading"] == "any"
    assert any(row["arms"] for row in found["rates"])
    assert "posterior" not in json.loads(run("published", facts, "--json").stdout)


def test_an_own_prior_stands_beside_the_shipped_ones(facts: Path, tmp_path: Path) -> None:
    own = tmp_path / "narrow.toml"
    shipped = (models_dir() / "joint" / "wide.toml").read_text(encoding="utf-8")
    own.write_text(shipped.replace("width = 1.0", "width = 0.2"), encoding="utf-8")
    found = json.loads(run("published", facts, "--model", own, "--json").stdout)
    models = list(dict.fromkeys(row["model"] for row in found["comparison"]))
    assert models == ["sceptical", "placebo_informed", "wide", "narrow"]


def test_plain_counts_have_rates_and_no_table(tmp_path: Path) -> None:
    file = tmp_path / "plain.toml"
    file.write_text(page(fact("event", 2, outcomes=[], direction=None, readings=None), readings=None))
    done = run("published", file)
    assert done.exit_code == 0, done.stderr
    assert "event: 2 of 9" in done.stdout
    assert "Log evidence" not in done.stdout
    assert json.loads(run("published", file, "--json").stdout)["comparison"] is None
    refused = run("published", file, "--out", tmp_path / "out")
    assert refused.exit_code == 2
    assert "no fact is about an outcome" in refused.stderr


def test_a_posterior_that_fails_its_gate_withholds_and_says_so(
    facts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnostics, "MIN_ESS", 1e9)
    done = run("published", facts, "--out", tmp_path)
    assert done.exit_code == GATE_FAILED
    assert "gate FAILED, estimands withheld" in done.stdout
    assert not (tmp_path / "trial9" / "estimands.csv").exists()
    reported = run("report", tmp_path)
    assert reported.exit_code == GATE_FAILED
    assert "withheld, the gate failed: trial9" in reported.stdout
    assert "Withheld." in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_bad_input_gets_a_plain_message_and_exit_code_2(facts: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(page(fact("better", 10)))
    kept = tmp_path / "out" / "trial9" / "my notes.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("keep me")
    for arguments, says in (
        ([tmp_path / "none.toml"], "cannot be read"),
        ([bad], "fact.better.r"),
        ([facts, "--model", "wid"], "'wid'"),
        ([facts, "--reading", "fith"], "there is no reading 'fith'; did you mean 'fifth'?"),
        ([facts, "--out", tmp_path / "out"], "holds my notes.txt"),
        ([facts, "--out", bad], "results cannot be written there"),
    ):
        done = run("published", *arguments)
        assert done.exit_code == 2, (arguments, done.output)
        assert done.stderr.splitlines()[-1].startswith("ra-bayes: "), done.stderr
        assert says in done.stderr
        assert not done.stdout
    assert kept.read_text() == "keep me"


def test_a_fit_is_not_overwritten_by_counts_of_its_name(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "sdai.toml"
    file.write_text(FACTS, encoding="utf-8")
    done = run("published", file, "--out", folder)
    assert done.exit_code == 2
    assert "sdai: holds model.toml" in done.stderr


def test_pymc_is_not_imported(facts: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from click.testing import CliRunner; from ra_bayes.cli import main; "
        f"done = CliRunner().invoke(main, ['published', {str(facts)!r}, '--out', {str(tmp_path)!r}]); "
        "assert done.exit_code == 0, done.output; "
        "heavy = {'pymc', 'pytensor', 'nutpie', 'numba', 'arviz'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_trial_of_the_tests_is_synthetic(facts: Path) -> None:
    assert SYNTHETIC in facts.read_text(encoding="utf-8")
