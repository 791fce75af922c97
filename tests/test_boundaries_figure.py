"""Boundaries of one arm as a figure: every count in the region that the boundaries decide."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from drawn import blocks, fit_to_print

from ra_bayes import figures
from ra_bayes.cli import main
from ra_bayes.mixtures import beta
from ra_bayes.planning.binary.bop2 import bop2_boundaries
from ra_bayes.planning.binary.boundaries import Boundaries
from ra_bayes.planning.binary.thall_simon import thall_simon_boundaries

CASES = {
    "simon": Boundaries((10, 29), (1, 5), (None, 6)),
    "one look": Boundaries((20,), (None,), (8,)),
    "meets at a look": Boundaries((5, 20), (1, 6), (2, 7)),
    "undecided at the end": thall_simon_boundaries(
        (20, 40), beta(15, 35), beta(0.6, 1.4), delta=0.15, lower=0.05, upper=0.95
    ),
    "harm": Boundaries((10, 20, 30), (5, 8, 10), (0, 2, 6), "below"),
    "futility only": Boundaries((10, 30), (2, 8), (None, None)),
    "seven looks": bop2_boundaries((10, 15, 20, 25, 30, 35, 40), 0.2, 0.9, 1.0, efficacy=True),
    "every patient": bop2_boundaries(tuple(range(10, 41)), 0.2, 0.9, 1.0),
    "every patient, harm": Boundaries((8, 9, 10, 11), (5, 5, 6, 6), (None, None, 0, 4), "below"),
}


@pytest.mark.parametrize("case", CASES)
def test_every_count_is_drawn_in_the_region_that_decides_it(case: str) -> None:
    bounds = CASES[case]
    figure = figures.boundaries(bounds, "A design")
    fit_to_print(figure)
    drawn = blocks(figure.axes[0])
    for n in bounds.looks:
        # The columns of a look come together, and end where all its counts are drawn.
        column = []
        while sum(high - low for _, low, high in column) not in (n + 1, -(n + 1)):
            column.append(drawn.pop(0))
        for events in range(n + 1):
            (region,) = (gid for gid, *ends in column if min(ends) < events < max(ends))
            decided = bounds.decision(events, n)
            if n < bounds.n or decided == "success":
                assert region == decided, (n, events)
            else:
                # Futility at the end is no success; it is told apart where some counts are neither.
                assert region in ({"no success"} if decided == "continue" else {"no success", "futility"})
    assert drawn == []


def test_words_beside_a_few_looks_are_the_boundaries() -> None:
    def told(case: str) -> list[str]:
        return [text.get_text() for text in figures.boundaries(CASES[case], "A design").axes[0].texts]

    assert told("simon") == ["≤ 1: stop", "continue", "≤ 5: no success", "≥ 6: success"]
    assert told("undecided at the end")[3:] == ["≤ 11: futility", "no success", "≥ 19: success"]
    assert told("harm")[:3] == ["≥ 5: stop", "continue", "≤ 0: success"]
    assert told("meets at a look")[:2] == ["≤ 1: stop", "≥ 2: success"]
    assert told("futility only")[2:] == ["≤ 8: futility", "no success"]


def test_title_and_counted_events_are_said() -> None:
    figure = figures.boundaries(CASES["harm"], "Stopping for infections")
    assert figure.axes[0].get_ylabel() == "Patients with the event"
    assert figure.footer.startswith("Stopping for infections. Results at which the trial of 30 patients")
    assert "Stopping for infections. Patients with the event: at 10 patients ≥ 5: stop" in figure.alt


def run(command: str, out: Path) -> Result:
    return CliRunner().invoke(main, ["plan", *command.split(), "--out", str(out)], catch_exceptions=False)


@pytest.mark.parametrize(
    ("command", "last"),
    [
        ("simon --p0 0.1 --p1 0.3", "29,5,6"),
        ("predictive --p0 0.2 --p1 0.4 --alpha 0.1 --power 0.9", "36,10,11"),
        ("bop2 --p0 0.2 --p1 0.4 --n 20 --lambda 0.9 --gamma 1", "20,"),
        ("thall-simon --standard 15,35 --prior 0.6,1.4 --delta 0.15 --looks 20,40", "40,11,19"),
    ],
)
def test_a_named_design_is_written_whole(command: str, last: str, tmp_path: Path) -> None:
    name = command.split()[0]
    assert f"wrote {tmp_path / name}" in run(command, tmp_path).output
    # Again, over the first.
    printed = run(f"{command} --json", tmp_path).output
    files = {path.name: path for path in (tmp_path / name).iterdir()}
    assert set(files) == {"design.json", "boundaries.csv", "boundaries.pdf", "boundaries.png"}
    assert files["design.json"].read_text(encoding="utf-8") == printed
    assert json.loads(printed)
    table = files["boundaries.csv"].read_text(encoding="utf-8").splitlines()
    assert table[0] == "patients,futility,success"
    assert table[-1].startswith(last)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_named_design_is_drawn_for_a_journal_too(tmp_path: Path) -> None:
    done = run("simon --p0 0.1 --p1 0.3 --style ard", tmp_path)
    assert f"wrote its figure into {tmp_path / 'figures' / 'ard'}" in done.output
    made = {path.name for path in (tmp_path / "figures" / "ard").iterdir()}
    assert made == {f"simon-named-boundaries.{kind}" for kind in ("pdf", "tiff", "txt")}
    told = (tmp_path / "figures" / "ard" / "simon-named-boundaries.txt").read_text()
    assert "at 29 patients ≤ 5: no success, ≥ 6: success" in told
    asked = ["plan", "simon", "--p0", "0.1", "--p1", "0.3", "--style", "ard"]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 2
    assert "--style: figures need a folder to go to; add --out FOLDER" in result.stderr


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "simon" / "notes.txt"
    kept.parent.mkdir()
    kept.write_text("ours", encoding="utf-8")
    result = run("simon --p0 0.1 --p1 0.3", tmp_path)
    assert result.exit_code == 2
    assert "holds notes.txt, which is no part of this result" in result.stderr
    assert [path.name for path in kept.parent.iterdir()] == ["notes.txt"]


def test_a_trial_under_way_has_nothing_to_write(tmp_path: Path) -> None:
    result = run("predictive --responders 16 --n 23 --nmax 40 --p0 0.6", tmp_path)
    assert result.exit_code == 2
    assert "--out writes a design; write --p1 to find one" in result.stderr
