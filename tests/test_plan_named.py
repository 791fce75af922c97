"""``ra-bayes plan simon|predictive|bop2|thall-simon`` as a user meets them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from ra_bayes.cli import main


def run(command: str) -> Result:
    return CliRunner().invoke(main, ["plan", *command.split()], catch_exceptions=False)


def test_simon_prints_the_designs_as_json() -> None:
    result = run("simon --p0 0.1 --p1 0.3 --alpha 0.05 --power 0.8 --json")
    assert result.exit_code == 0
    found = json.loads(result.output)
    assert list(found["optimal"]) == ["r1", "n1", "r", "n", "en0", "pet0", "alpha", "power"]
    assert [found["optimal"][key] for key in ("r1", "n1", "r", "n")] == [1, 10, 5, 29]
    assert [found["minimax"][key] for key in ("r1", "n1", "r", "n")] == [1, 15, 5, 25]
    assert found["optimal"]["en0"] == pytest.approx(15.0141, abs=1e-4)
    assert [each["n"] for each in found["admissible"]] == [25, 26, 27, 29]


def test_simon_says_the_design_in_words() -> None:
    result = run("simon --p0 0.1 --p1 0.3")
    assert "optimal   1/10  5/29" in result.output
    assert "at least 6 of the 29 respond" in " ".join(result.output.split())


def test_one_design_may_be_optimal_and_minimax() -> None:
    assert "optimal and minimax" in run("simon --p0 0.8 --p1 0.95").output


def test_predictive_prints_lee_and_lius_numbers() -> None:
    command = "predictive --responders 16 --n 23 --nmax 40 --p0 0.6 --theta 0.9 --prior 0.6,0.4"
    found = json.loads(run(f"{command} --json").output)
    assert found == {
        "predictive_probability": pytest.approx(0.5655589, abs=5e-8),
        "posterior_probability": pytest.approx(0.8359808, abs=5e-8),
    }
    assert "0.5655589" in run(command).output


def test_predictive_finds_a_design() -> None:
    command = "predictive --p0 0.2 --p1 0.4 --alpha 0.1 --power 0.9"
    found = json.loads(run(f"{command} --json").output)
    assert found["n"] == 36
    assert found["boundaries"][-1] == {"patients": 36, "futility": 10, "success": 11}
    assert found["characteristics"][0]["success"] <= 0.1 < 0.9 <= found["characteristics"][1]["success"]
    assert "Responders are counted after every patient from 10 to 36." in " ".join(
        run(command).output.split()
    )


def test_bop2_finds_its_size_its_cut_off_or_takes_both() -> None:
    best = json.loads(run("bop2 --p0 0.2 --p1 0.4 --alpha 0.1 --power 0.8 --nmax 50 --json").output)
    assert (best["n"], best["lambda"], best["gamma"]) == (25, 0.81, 0.9)
    tuned = json.loads(run("bop2 --p0 0.2 --p1 0.4 --alpha 0.1 --looks 10,20,30,40 --json").output)
    assert tuned["n"] == 40
    assert tuned["characteristics"][1]["success"] > 0.88
    given = run("bop2 --p0 0.2 --p1 0.4 --n 40 --lambda 0.909 --gamma 1 --efficacy")
    assert "0.0826" in given.output
    assert "0.8814" in given.output


def test_thall_simon_tells_boundaries_and_what_they_do() -> None:
    command = "thall-simon --standard 15,35 --prior 0.6,1.4 --delta 0.15 --looks 10,20,30,40"
    found = json.loads(run(f"{command} --json").output)
    assert [each["rate"] for each in found["characteristics"]] == pytest.approx([0.3, 0.45])
    assert found["boundaries"][0] == {"patients": 10, "futility": 1, "success": 7}
    assert "success is declared with at least 19" in " ".join(run(command).output.split())


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("simon --p0 0.3 --p1 0.1", "rates p0 = 0.3 and p1 = 0.1 do not fit; write 0 < p0 < p1 < 1"),
        ("simon --p0 0.1 --p1 0.3 --alpha 1.2", "alpha = 1.2 cannot be"),
        ("simon --p0 0.1 --p1 0.3 --alpha 0", "alpha = 0 cannot be"),
        ("simon --p0 0.1 --p1 0.3 --nmax -3", "at most -3 patients cannot be searched; write 2 to 1000"),
        ("simon --p0 0.1 --p1 0.3 --nmax 20", "no two-stage design of at most 20 patients"),
        ("predictive --p0 0.6", "nothing is asked"),
        ("predictive --p0 0.6 --responders 3", "nothing is asked"),
        ("predictive --p0 0.6 --responders 3 --n 5 --p1 0.8", "write one of them"),
        ("predictive --p0 0.6 --responders 30 --n 23 --nmax 40", "30 responders among 23 patients cannot be"),
        ("predictive --p0 0.6 --responders 3 --n 43 --nmax 40", "43 patients are more than the 40"),
        ("predictive --p0 0.6 --responders 0 --n 0 --nmax 40", "0 patients so far cannot be"),
        ("predictive --p0 0.6 --responders 3 --n 5 --prior 0.6", "is not a Beta distribution"),
        ("predictive --p0 0.6 --responders 3 --n 5 --prior 0,1", "write two numbers above 0"),
        ("predictive --p0 0.6 --responders 3 --n 5 --theta 2", "theta = 2 cannot be"),
        ("predictive --p0 1.6 --responders 3 --n 5", "a response rate of 1.6 cannot be"),
        ("predictive --p0 0.4 --p1 0.2", "p0 = 0.4 and p1 = 0.2 do not fit"),
        ("bop2 --p0 0.2 --p1 0.4", "the number of patients is not said"),
        ("bop2 --p0 0.2 --p1 0.4 --n 0", "--n 0 cannot be"),
        ("bop2 --p0 0.2 --p1 0.4 --looks 10,x", "are not numbers of patients"),
        ("bop2 --p0 0.2 --p1 0.4 --looks 20,10", "do not rise"),
        ("bop2 --p0 0.2 --p1 0.4 --n 20 --lambda 0.9", "write both or neither"),
        ("bop2 --p0 0.2 --p1 0.4 --lambda 0.9 --gamma 1", "a cut-off needs a number of patients"),
        ("thall-simon --standard 15 --prior 1,1 --delta 0.1 --looks 10", "--standard '15' is not"),
        ("thall-simon --standard 15,35 --prior 1,1 --delta 2 --looks 10", "delta = 2 cannot be"),
    ],
)
def test_bad_input_ends_in_one_sentence(command: str, message: str) -> None:
    result = run(command)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_simon_starts_without_the_heavy_packages() -> None:
    # It must start about as fast as importing scipy.stats does.
    script = (
        "import sys\n"
        "from ra_bayes.cli import main\n"
        "main(['plan', 'simon', '--p0', '0.1', '--p1', '0.3', '--json'], standalone_mode=False)\n"
        "heavy = {'scipy', 'pandas', 'numba', 'matplotlib', 'pymc', 'arviz', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
