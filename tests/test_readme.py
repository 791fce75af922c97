"""What the README and the tour command, print and quote is what the code does; what drifts fails."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import ra_bayes as rb
from ra_bayes.cli import main

REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
TOUR = (REPOSITORY / "docs" / "tour.md").read_text(encoding="utf-8")

type Run = Callable[[str], Result]


def blocks(language: str, document: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document, flags=re.MULTILINE | re.DOTALL)


def commands(document: str = README) -> list[list[str]]:
    """Every command of the shell blocks, without its comment."""
    lines = [line for block in blocks("sh", document) for line in block.splitlines()]
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def ours(command: str) -> list[str]:
    """The arguments of the README's `ra-bayes COMMAND ...`."""
    (arguments,) = (words[1:] for words in commands() if words[:2] == ["ra-bayes", command])
    return arguments


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is not the repository, with the table that the README calls cohort.csv, and the facts."""
    shutil.copy(rb.data_dir() / "synthetic_cohort.csv", tmp_path / "cohort.csv")
    shutil.copytree(rb.data_dir() / "published", tmp_path / "data" / "published")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(elsewhere: Path) -> Run:
    def invoke(command: str) -> Result:
        done = CliRunner().invoke(main, ours(command), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done

    assert elsewhere.is_dir()
    return invoke


def test_every_command_is_accounted_for() -> None:
    # make demo and make test are what .ci/run runs, pip what test_wheel.py replaces; the rest runs below.
    found = {(words[0], words[1]) for words in commands()}
    assert found == {
        ("make", "demo"),
        ("make", "test"),
        ("pip", "install"),
        *(("ra-bayes", command) for command in ("models", "check", "fit", "report", "published", "plan")),
    }


def test_make_goals_are_run_by_ci() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    ci = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    for goal in (words[1] for words in commands() if words[0] == "make"):
        assert re.search(rf"^{goal}:", makefile, flags=re.MULTILINE)
        assert re.search(rf"^make {goal}$", ci, flags=re.MULTILINE)
    assert "OUT = out/demo\n" in makefile


def test_options_of_pip_name_a_file() -> None:
    assert "`" not in README.partition("pip install .")[2].partition("\n")[0]
    assert (REPOSITORY / "constraints.txt").is_file()


def test_help_shows_the_same_commands() -> None:
    help_text = main.get_help(click.Context(main, info_name="ra-bayes", max_content_width=100))
    for command in ("check", "fit", "report"):
        assert "ra-bayes " + " ".join(ours(command)) in help_text


def test_check_reads_the_table(run: Run) -> None:
    assert "no problem found" in run("check").output


def test_models_prints_the_page(run: Run) -> None:
    output = run("models").output
    assert "what the priors imply before any data" in output


def test_published_says_what_the_readme_says(run: Run) -> None:
    output = run("published").output
    (pain,) = (block for block in output.split("\n\n") if block.startswith("Pain (VAS)"))
    # At the end of a number in brackets, and of a line.
    chances = [float(each) for each in re.findall(r"\)  (?:>|<)?(\d\.\d\d)", pain)]
    assert len(chances) == 3 * 3 * 2
    (low, high) = re.findall(r"has a probability between ([\d.]+) and ([\d.]+),", README)[0]
    assert [float(low), float(high)] == pytest.approx([min(chances), max(chances)], abs=0.04)


def test_plan_says_what_the_readme_says(run: Run, elsewhere: Path) -> None:
    run("plan")
    plan = json.loads((elsewhere / "plans" / "acr20_randomised" / "plan.json").read_text(encoding="utf-8"))
    (section,) = re.findall(r"## A trial to come\n(.*?)\n## ", README, flags=re.DOTALL)
    said = " ".join(section.split())
    source, new, control, sceptic = (f"{100 * row['assurance']:.0f}%" for row in plan["waterfall"])
    assert f"a chance of success of {source}; for a new trial in new patients {new}" in said
    assert f"control arms really show {control}, and" in said
    assert f"does nothing {sceptic}." in said
    assert f"it tends to {100 * plan['ceiling']:.0f}%" in said
    power, assurance = plan["answers"]
    assert f"it needs {power['n']} for a power of 80%" in said
    assert assurance["n"] is None


def test_table_is_read(tmp_path: Path) -> None:
    (table,) = blocks("csv")
    file = tmp_path / "cohort.csv"
    file.write_text(table, encoding="utf-8")
    cohort = rb.read_cohort(file)
    assert cohort.patients == ("001",)
    assert [record.limit for record in cohort.of("il17")] == ["", "<"]


def test_number_of_models_and_mcid() -> None:
    assert f"fits the {len(rb.list_models())} shipped models" in README
    mcid = rb.OUTCOMES["sdai"].mcid
    assert mcid is not None
    assert (
        f"a change of {mcid.change:g} points matters to patients ({mcid.source.split(' Ann')[0]})" in README
    )


def test_picture_is_there_and_has_words() -> None:
    ((words, name),) = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", README)
    assert "synthetic" in words
    picture = (REPOSITORY / name).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 250_000


@pytest.fixture(scope="module")
def snippet(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the README's Python leaves behind."""
    (code,) = blocks("python")
    folder = tmp_path_factory.mktemp("snippet")
    names: dict[str, Any] = {"folder": folder}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(compile(code, "README.md", "exec"), names)
    return names


@pytest.mark.mcmc
def test_snippet_runs(snippet: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert rb.diagnose(snippet["tree"]).passed
    assert not snippet["change"].empty
    written = {path.name for path in snippet["folder"].rglob("*.*")}
    assert written == {"sdai.nc", "sdai-trajectories.pdf", "sdai-trajectories.png"}
    assert capsys.readouterr().err == ""


def numbers(text: str) -> list[float]:
    return [float(each.replace("−", "-")) for each in re.findall(r"−?\d+(?:\.\d+)?", text)]


def quoted(row: str) -> list[list[float]]:
    """The numbers in the cells of the row of the README's table that starts so."""
    (line,) = (line for line in README.splitlines() if line.startswith(f"| {row}"))
    return [numbers(cell) for cell in line.split("|")[2:-1]]


@pytest.mark.mcmc
def test_numbers_are_those_of_the_fit(snippet: dict[str, Any]) -> None:
    # About five Monte Carlo errors: a change of the model fails, another machine's draws do not.
    from ra_bayes.estimand.prior_shift import prior_to_posterior

    at = snippet["table"].query("week == 24").set_index("estimand")
    told = {
        "mean_change_of_cohort": "mean change of these six",
        "mean_change": "mean change of the population",
    }
    for name, start in told.items():
        row = at.loc[name]
        (estimate,), ends, (better,) = quoted(start)
        assert estimate == pytest.approx(row["estimate"], abs=0.6)
        assert ends == pytest.approx([row["lower"], row["upper"]], abs=1.2)
        assert better == pytest.approx(min(row["p_benefit"], 0.99), abs=0.03)
    row = at.loc["new_patient_beats_mcid"]
    (estimate,), ends, _ = quoted("new patients")
    assert [estimate, *ends] == pytest.approx(
        [100 * row[end] for end in ("estimate", "lower", "upper")], abs=4
    )
    shifts = prior_to_posterior(snippet["tree"]).set_index("quantity")
    shift = shifts.loc["mean_change"]
    (said,) = re.findall(r"90% of it between (−?\d+) and (\d+) points, and (\d+)% of its variance", README)
    low, high, left = (numbers(each)[0] for each in said)
    assert [low, high] == pytest.approx([shift["prior_lower"], shift["prior_upper"]], abs=1.5)
    assert left == pytest.approx(100 * shift["variance_left"], abs=5)
    (left,) = re.findall(r"the SD between patients keeps (\d+)% of its variance", README)
    assert float(left) == pytest.approx(100 * shifts.loc["response_sd", "variance_left"], abs=6)


@pytest.mark.mcmc
def test_words_of_the_picture_are_those_of_the_fit(snippet: dict[str, Any]) -> None:
    (words,) = re.findall(r"!\[([^\]]+)\]", README)
    (said,) = re.findall(
        r"patient, ([\d.]+) points at week 0 and ([\d.]+) \(90% interval ([\d.]+) to ([\d.]+)\)", words
    )
    posterior = snippet["tree"]["posterior"]
    end = posterior["baseline_mean"] + posterior["mean_change"].sel(visit=24)
    wanted = [posterior["baseline_mean"].median(), *end.quantile([0.5, 0.05, 0.95]).values]
    assert [float(each) for each in said] == pytest.approx([float(each) for each in wanted], abs=1.2)


@pytest.mark.mcmc
def test_fit_and_report_run(run: Run, elsewhere: Path) -> None:
    # In this process, so that the model the snippet compiled is used again.
    assert "P(better)" in run("fit").output
    run("report")
    assert "<html" in (elsewhere / "results" / "index.html").read_text(encoding="utf-8")


def on_the_tour(command: str, elsewhere: Path, *further: str) -> str:
    """What the tour's `ra-bayes COMMAND ...` prints to anybody."""
    (elsewhere / "mistakes.csv").write_text(blocks("csv", TOUR)[0], encoding="utf-8")
    (arguments,) = (
        words[1:] for words in commands(TOUR) if " ".join(words).startswith(f"ra-bayes {command}")
    )
    return CliRunner().invoke(main, [*arguments, *further], catch_exceptions=False).output


def test_every_command_of_the_tour_is_accounted_for() -> None:
    # The README's own are run above; trust is run by test_cli_trust.py, pip replaced by test_wheel.py.
    assert [" ".join(words) for words in commands(TOUR) if words not in commands()] == [
        "cp data/synthetic_cohort.csv cohort.csv",
        "ra-bayes template --out clinic.xlsx",
        "ra-bayes check mistakes.csv",
        "ra-bayes models vas",
        "ra-bayes fit cohort.csv --model vas --out results",
        "ra-bayes trust results",
        "ra-bayes plan vas_randomised --posterior results",
    ]
    assert (REPOSITORY / "data" / "synthetic_cohort.csv").is_file()


def test_what_the_tour_checks_is_told_as_it_says(elsewhere: Path) -> None:
    right, wrong, *_ = blocks("text", TOUR)
    assert on_the_tour("check cohort.csv", elsewhere).startswith(right)
    assert on_the_tour("check mistakes.csv", elsewhere) == wrong
    assert "filled in: ra-bayes check clinic.xlsx" in on_the_tour("template", elsewhere)
    assert "what the priors imply before any data" in on_the_tour("models vas", elsewhere)


@pytest.mark.mcmc
def test_what_the_tour_fits_and_plans_is_told_as_it_says(elsewhere: Path) -> None:
    _, _, fitted, planned = blocks("text", TOUR)
    told = on_the_tour("fit", elsewhere)
    first, second = fitted.splitlines()
    assert first in told
    assert second.partition(":")[0] in told
    assert numbers(second) == pytest.approx(numbers(told.partition("Pain")[2].partition("\n")[0]), abs=1.5)
    # The two sizes on either side of the answer, in place of all 46.
    told = on_the_tour("plan", elsewhere, "--sizes", "68:72:4")
    power, *assurance = planned.splitlines()
    # Simulated, with SDs of this fit: the sentence to the letter, the power within a few of its errors.
    sentence = re.escape(power).replace(re.escape("0.821"), r"(0\.\d+)")
    (found,) = re.findall(sentence, told)
    assert float(found) == pytest.approx(0.821, abs=0.006)
    assert "\n".join(assurance[2:]) in told
    (ends,) = re.findall(r"with n it tends to ([\d.]+)", told)
    assert float(ends) == pytest.approx(numbers(assurance[0])[-1], abs=0.03)
