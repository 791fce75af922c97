"""``ra-bayes plan`` and ``interim`` as a user meets them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from scipy.special import betaincc
from scipy.stats import binom

from ra_bayes.cli import main
from ra_bayes.planning.design_reader import list_designs, load_design
from ra_bayes.resources import models_dir

DESIGN = (models_dir() / "designs" / "acr20_one_arm.toml").read_text(encoding="utf-8")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "mine.toml"
    file.write_text(DESIGN.replace("from = 10\nto = 100", "from = 20\nto = 44\nstep = 8"), encoding="utf-8")
    return file


def test_without_a_design_it_lists_them() -> None:
    done = run("plan")
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(list_designs())


def test_a_design_is_told_from_the_answer_to_what_it_rests_on(page: Path) -> None:
    done = run("plan", page)
    assert done.exit_code == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 100
    for said in (
        "patients reach power",
        "Power is told at a true rate of ",
        "ACR20 in one arm: 40 patients in one arm, without a control.",
        "Success is declared at the final analysis if Pr(rate > 0.24 | data) ≥ 0.95.",
        "What stops the trial (responders",
        "type I error",
        "Where the optimism went",
        "Right and wrong decisions",
        "Numbers are exact.",
    ):
        assert said in done.stdout, said
    assert "\x1b" not in done.stdout


def test_a_size_is_told_with_the_type_one_error_that_it_brings(page: Path) -> None:
    # Of counts it jumps from size to size: the error of the size found is not that of the page's.
    found = json.loads(run("plan", page, "--json").stdout)
    (n,) = (answer["n"] for answer in found["answers"] if answer["quantity"] == "power")
    (alpha,) = (row["alpha"] for row in found["sizes"] if row["n"] == n)
    least = next(x for x in range(n + 1) if betaincc(1 + x, 1 + n - x, 0.24) >= 0.95)
    # Futility at the interim look can only take errors away.
    assert 0.5 * binom.sf(least - 1, n, 0.24) < alpha <= binom.sf(least - 1, n, 0.24)
    assert f"The type I error is {alpha:.3f} with {n} patients" in run("plan", page).stdout


def test_the_word_design_may_be_written(page: Path) -> None:
    assert run("plan", "design", page, "--json").stdout == run("plan", page, "--json").stdout


def test_json_holds_everything_and_the_same_twice(page: Path) -> None:
    found = json.loads(run("plan", page, "--json", "--seed", 3).stdout)
    assert found["design"]["n"] == 40
    assert [row["n"] for row in found["sizes"]] == [20, 28, 36, 44]
    assert found["answers"][0]["quantity"] == "power"
    assert found["waterfall"][-1]["step"] == "sceptical part"
    assert {row["role"] for row in found["characteristics"]} == {"null", "alternative", ""}


def test_sizes_and_target_of_the_command_line(page: Path) -> None:
    found = json.loads(run("plan", page, "--json", "--sizes", "30:40:5", "--target", "0.7").stdout)
    assert [row["n"] for row in found["sizes"]] == [30, 35, 40]
    assert found["target"] == 0.7


def test_a_folder_holds_plan_tables_figures_and_page(page: Path, tmp_path: Path) -> None:
    out = tmp_path / "plans"
    done = run("plan", page, "--out", out)
    assert done.exit_code == 0, done.stderr
    folder = out / "mine"
    assert done.stdout.rstrip().endswith(f"wrote {folder / 'index.html'}")
    assert json.loads((folder / "plan.json").read_text())["design"]["name"] == "mine"
    with (folder / "sizes.csv").open(newline="") as file:
        assert [row["n"] for row in csv.DictReader(file)] == ["20", "28", "36", "44"]
    assert (folder / "design.toml").read_text() == page.read_text()
    html = (folder / "index.html").read_text(encoding="utf-8")
    assert "ACR20 in one arm" in html
    assert run("plan", page, "--out", out).exit_code == 0
    (folder / "notes.txt").write_text("mine")
    refused = run("plan", page, "--out", out)
    assert refused.exit_code == 2
    assert "notes.txt" in refused.stderr
    assert (folder / "plan.json").is_file()


def test_a_posterior_given_counts_is_a_design_prior(tmp_path: Path) -> None:
    from ra_bayes.conditioning import condition
    from ra_bayes.resources import data_dir
    from ra_bayes.tree import save

    folder = tmp_path / "results" / "jamshidi2024"
    folder.mkdir(parents=True)
    save(condition(data_dir() / "published" / "jamshidi2024.toml", seed=1), folder / "posterior.nc")
    done = run("plan", "acr20_one_arm", "--posterior", tmp_path / "results", "--json", "--sizes", "20:40:20")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert "Posterior given the counts of jamshidi2024" in found["design_prior"][0]["words"]
    assert found["sizes"][0]["assurance_mcse"] > 0.0
    refused = run("plan", "vas_randomised", "--posterior", tmp_path / "nothing")
    assert refused.exit_code == 2
    assert "no posterior in it" in refused.stderr


def test_bad_input_ends_in_one_sentence(page: Path, tmp_path: Path) -> None:
    for arguments, said in (
        (("plan", "acr20_onearm"), "did you mean 'acr20_one_arm'"),
        (("plan", page, "--sizes", "40"), "not FROM:TO"),
        (("plan", page, "--sizes", "40:20"), "no sizes"),
        (("plan", page, "--sizes", "0:20"), "some below 1"),
        (("plan", page, "--engine", "nuts"), "needs no sampler"),
        (("plan", tmp_path / "none.toml"), "cannot be read"),
        (("interim", "acr20_one_arm", tmp_path / "none.csv"), "none.csv"),
    ):
        done = run(*arguments)
        assert done.exit_code == 2, arguments
        assert said in done.stderr, done.stderr
        assert "Traceback" not in done.stderr


def test_the_data_so_far_are_judged_by_the_rule(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    rows = [f"p{k},16,acr20,{int(k < 9)}" for k in range(20)]
    file.write_text("\n".join(["patient,week,outcome,value", *rows]), encoding="utf-8")
    done = run("interim", "acr20_one_arm", file)
    assert done.exit_code == 0, done.stderr
    assert "ACR20 in one arm: 20 of 40 patients have an outcome." in done.stdout
    assert "Treated: 9 of 20 responded." in done.stdout
    assert "Decision: the trial goes on." in done.stdout
    found = json.loads(run("interim", "acr20_one_arm", file, "--json").stdout)
    assert found["planned"] is True
    assert found["predictive_probability"] == found["criteria"][0]["probability"]


def test_planning_needs_no_sampler() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from ra_bayes.cli import main;"
        "r = CliRunner().invoke(main, ['plan', 'acr20_randomised', '--json', '--sizes', '30:60:30']);"
        "assert r.exit_code == 0, r.output;"
        "print(sorted({'pymc', 'pytensor', 'nutpie', 'arviz', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_shipped_design_has_a_prior_to_plan_with() -> None:
    from ra_bayes.planning.prior_page import design_prior

    for name in list_designs():
        assert design_prior(load_design(name)) is not None
