"""A joint fit in a results folder, on the page, under pseudonyms and on the command line."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest
import xarray as xr
from click.testing import CliRunner
from few_figures import few_figures
from joint_trees import prior_tree

import ra_bayes as rb
from ra_bayes.cli import main
from ra_bayes.report import write_report
from ra_bayes.results import find_results, joint_headline, save_result, write_estimands
from ra_bayes.tree import joint_trees, provenance

COHORT = rb.data_dir() / "synthetic_cohort.csv"


@pytest.fixture(scope="module")
def tree() -> xr.DataTree:
    return prior_tree(draws=2000)[0]


def test_it_is_stored_found_and_shown(tree: xr.DataTree, tmp_path: Path) -> None:
    saved = save_result(tree, tmp_path)
    assert saved.gate.passed, str(saved.gate)
    assert {each.name for each in (tmp_path / "test").iterdir()} == {
        "posterior.nc", "estimands.csv", "gate.txt", "model.toml",
    }  # fmt: skip
    found = find_results(tmp_path)
    assert ([*found.fits], [*found.counts], [*found.joints]) == ([], [], ["test"])
    write_estimands(found, tmp_path)
    lines = joint_headline(found.joints["test"], tmp_path)
    assert lines[0].startswith(
        "together, by the joint model test: 2 models fitted to made, 5 patients; gate pass"
    )
    assert any(
        line.startswith("new patients in whom down, up all change for the better: 0.") for line in lines
    )
    with few_figures("forest-outcomes", "trajectories"):
        (page,) = write_report(found, tmp_path).values()
    text = page.read_text(encoding="utf-8")
    for words in (
        "Outcomes fitted together: test",
        "P(all outcomes better), P2",
        "in a new patient down and up all change for the better with probability 0.",
        "Synthetic",
        # What every report has: methods of what was fitted, estimands, limits, where items are answered.
        "test-down and test-up were fitted together, by the joint model test: each outcome keeps its page",
        "v_ki = s_k lambda_k f_i",
        "down and up were fitted together: what one tells of another rests on",
        "Estimands by ICH E9(R1)",
        "BARG checklist",
    ):
        assert words in unescape(text), words
    assert "No parameter is shared" not in text
    assert "ra-bayes trust FOLDER" not in text
    stems = {path.stem for path in (tmp_path / "test" / "figures").iterdir()}
    assert stems == {"forest-outcomes", "up-trajectories", "down-trajectories"}
    for section in ("joint-test", "test-up", "test-down"):
        assert f'<section id="{section}"' in text
        assert f'href="#{section}"' in text
        assert "<img" in text.split(f'<section id="{section}"')[1].split("</section>")[0]


def test_a_copy_to_share_knows_no_patient(tree: xr.DataTree, tmp_path: Path) -> None:
    save_result(tree, tmp_path / "own")
    key = rb.pseudonymise_results(tmp_path / "own", tmp_path / "shared")
    assert {*key} == {f"P{i}" for i in range(1, 6)}
    again = rb.load(tmp_path / "shared" / "test" / "posterior.nc")
    for each in (again, *joint_trees(again).values()):
        assert {*provenance(each)["cohort"]["patients"]} == {*key.values()}
        for node in each.subtree:
            if "patient" in node.coords:
                assert {*map(str, node["patient"].values)} <= {*key.values()}
    table = rb.estimands(again)
    assert {*table["patient"]} - {""} <= {*key.values()}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "nothing to fit; write --model NAME, --model all, or --joint records and --outcome NAME twice"),
        (("--outcome", "vas"), "--outcome is of a joint model; write --joint records too"),
        (("--joint", "records", "--outcome", "vas"), "write --outcome NAME at least twice"),
        (("--joint", "records", "--model", "vas"), "--joint and --model are two fits"),
        (("--joint", "recrods", "--outcome", "vas", "--outcome", "il10"), "did you mean 'records'?"),
        (("--joint", "records", "--outcome", "sdai", "--outcome", "cdai"), "cdai is mostly made of sdai"),
    ],
)
def test_what_the_command_cannot_do_is_told(arguments: tuple[str, ...], told: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["fit", str(COHORT), "--out", str(tmp_path / "out"), *arguments])
    assert result.exit_code != 0
    assert told in " ".join(result.output.split()) + str(result.exception)


def test_a_joint_fit_that_did_not_work_names_the_file_that_says_so(tmp_path: Path) -> None:
    failed = prior_tree(draws=100)[0]
    stats = failed["sample_stats"].to_dataset()
    failed["sample_stats"] = xr.DataTree(stats.assign(diverging=stats["diverging"] | True))
    saved = save_result(failed, tmp_path)
    assert not saved.gate.passed
    lines = joint_headline(saved, tmp_path)
    assert sum(line.endswith("withheld: the sampler did not work (see test/gate.txt)") for line in lines) == 2
    assert (tmp_path / "test" / "gate.txt").is_file()


@pytest.mark.mcmc
def test_the_command_fits_outcomes_together_and_what_follows_reads_it(tmp_path: Path) -> None:
    """Sampled, not made up: fit, report, figures and tables of two outcomes of the shipped cohort."""
    out = str(tmp_path)

    def done(*words: str) -> str:
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, result.output
        return result.output

    asked = ("--joint", "records", "--outcome", "vas", "--outcome", "il10")
    told = done("fit", str(COHORT), *asked, "--out", out)
    assert "together, by the joint model records: 2 models fitted to synthetic_cohort" in told
    assert "new patients in whom vas, il10 all change for the better" in told
    tree = rb.load(tmp_path / "records" / "posterior.nc")
    assert {*joint_trees(tree)} == {"vas", "il10"}
    with few_figures("forest-outcomes"):
        done("report", out)
    page = unescape((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert "Outcomes fitted together: records" in page
    assert "wrote 1 figure" in done("figures", out, "--only", "forest-outcomes", "--format", "png")
    done("tables", out)
    assert list((tmp_path / "tables").iterdir())
