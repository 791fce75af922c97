"""How far fits can be believed, from the command line to the page: made-up numbers, then one real fit."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner, Result
from pages import spec
from trees import drawn_tree

from ra_bayes.calibration import certificate_line
from ra_bayes.calibration.certificate_files import certificate_file
from ra_bayes.cli import GATE_FAILED, main
from ra_bayes.cohort import read_cohort
from ra_bayes.errors import RaBayesError
from ra_bayes.model import load_model
from ra_bayes.report.content import page_content
from ra_bayes.report.render import render
from ra_bayes.resources import data_dir
from ra_bayes.results import find_results, read_trust, save_result, save_trust
from ra_bayes.tree import provenance, with_provenance
from ra_bayes.trust.assessment import TABLES, Assessment

COHORT = data_dir() / "synthetic_cohort.csv"
# A patient's name is the user's text: none of these is a number, a missing value or HTML.
NAMES = ("NA", "007", "<b>x</b>")
FILES = {*(f"{name}.csv" for name in TABLES), "trust.txt"}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments], catch_exceptions=False)


def stored() -> Assessment:
    """What is stored of a fit of VAS, with numbers a test can look for."""
    interval = {"estimate": -6.0, "lower": -19.0, "upper": 5.0}
    by = {"week": 24.0, "unit": "mm", "ci_prob": 0.9, "ci_kind": "eti"}
    patients = ("", *NAMES)
    tables = {
        "sensitivity": [
            {"estimand": "mean_change", **interval, **by, "patients": np.inf, "verdict": "prior-led"},
            {"estimand": "average_change", **interval, **by, "week": np.nan, "verdict": "data-led"},
        ],
        "left_out_patients": [
            {"patient": name, "estimand": "mean_change", **interval, **by, "passed": name != "007"}
            | {"elpd": -29.44 if name else np.nan, "elpd_mcse": 0.02}
            for name in patients
        ],
        "left_out_decisions": [
            {"patient": name, "criterion": "Pr(it) ≥ 0.95", "probability": 0.9 + 0.02 * k}
            | {"success": k == 3, "flips": k == 3, "close": k == 3}
            for k, name in enumerate(patients)
        ],
        "beyond_placebo": [
            {"version": "as seen", **interval, **by, "placebo": np.nan, "placebo_lower": np.nan}
            | {"placebo_upper": np.nan, "p_benefit": 0.81, "p_mcid": np.nan, "arms": "", "note": ""},
        ],
        "not_at_random": [{"outcome": "vas", **by, "unseen": 1}],
        "tipping_points": [
            {"outcome": "vas", "estimand": "mean_change", "p_benefit": 0.97, "cut_off": 0.95, "unit": "mm"}
            | {
                "tipping_point": 12.0,
                "mcse": 0.4,
                "in_mcids": 1.2,
                "back_to_baseline": 8.0,
                "scale_width": 100.0,
            }
        ],
    }
    return Assessment({name: pd.DataFrame(rows) for name, rows in tables.items()}, "in words")


def page_of(folder: Path) -> str:
    """The page without its figures, which are tested elsewhere."""
    found = find_results(folder)
    trusted = {name: read_trust(folder, name) for name in found.fits}
    figures: dict[str, list[dict[str, str]]] = {name: [] for name in found.every}
    return render("page.html.j2", page_content(found, figures, trusted=trusted, ci_prob=0.9))


def tree(seed: int) -> xr.DataTree:
    """A fit without sampling that says how it was sampled, as the page does."""
    made = drawn_tree(load_model("vas"), read_cohort(COHORT), seed=seed)
    sampling = {"sampler": "independent draws", "chains": 4, "draws": 250, "tune": 0}
    return with_provenance(made, {**provenance(made), "sampling": sampling})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_result(tree(1), tmp_path)
    return tmp_path


def cells(page: str, label: str) -> list[list[str]]:
    """The table under a label, by rows, without tags."""
    table = re.search(rf'aria-label="{re.escape(label)}, .*?</table>', page, re.DOTALL)
    assert table is not None, label
    rows = re.findall(r"<tr>(.*?)</tr>", table.group(0), re.DOTALL)
    return [[re.sub(r"<[^>]+>", "", each) for each in re.split(r"</t[hd]>", row)[:-1]] for row in rows]


def test_what_is_written_is_read_again(folder: Path) -> None:
    told = stored()
    save_trust(told, folder, "vas")
    found = read_trust(folder, "vas")
    assert found is not None
    assert str(found) == "in words"
    assert set(found.tables) == set(told.tables)
    for name, table in told.tables.items():
        pd.testing.assert_frame_equal(found.tables[name], table, check_dtype=False)
    assert (folder / "vas" / "trust" / "sensitivity.csv").is_file()


def test_the_page_shows_what_is_stored_and_computes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more(*_: Any, **__: Any) -> None:
        raise AssertionError("the report samples nothing")

    monkeypatch.setattr("ra_bayes.inference.refit.refit", no_more)
    save_trust(stored(), folder, "vas")
    page = page_of(folder)
    assert cells(page, "Estimands")[0][-1] == "prior or data"
    assert [row[-1] for row in cells(page, "Estimands") if row[-1] == "prior-led"] == ["prior-led"]
    assert sum(row[-1] == "data-led" for row in cells(page, "Estimands")) == 1
    left = cells(page, "Each patient left out")
    assert left[0][-1] == "does the decision flip"
    assert [row[0] for row in left[1:]] == [
        "nobody",
        "NA",
        "007this fit did not pass its gate",
        "&lt;b&gt;x&lt;/b&gt;",
    ]
    assert [row[-1] for row in left[1:]] == ["", "no", "no", "yes"]
    assert left[4][4:6] == ["0.96", "success, within two Monte Carlo errors"]
    assert left[1][3] == ""
    assert left[2][3] == "−29.4 ± 0.02"
    assert cells(page, "With and without placebo")[1] == [
        "none, as seen",
        "",
        "−6.0 (−19.0 to 5.0)",
        "0.81",
        "",
    ]
    assert re.search(r"benefit falls below 0\.95 where the unseen are worse by 12(\.0)? mm, 1\.2 MCIDs", page)
    assert "change of the typical patient, week 24, mm, fitted anew" in page
    assert 'href="vas/trust/trust.txt"' in page
    assert "has not been asked" not in page


def test_without_it_one_sentence_names_the_command(folder: Path) -> None:
    page = page_of(folder)
    assert "<code>ra-bayes trust FOLDER --model vas</code>" in page
    assert "prior or data" not in page
    assert "does the decision flip" not in page
    assert page.count("Calibration certificate: ") == 1


def test_a_new_fit_takes_what_was_said_of_the_old_one_away(folder: Path) -> None:
    save_trust(stored(), folder, "vas")
    save_result(tree(2), folder)
    assert read_trust(folder, "vas") is None
    assert "has not been asked" in page_of(folder)


def test_part_of_it_is_not_taken_for_the_whole(folder: Path) -> None:
    save_trust(stored(), folder, "vas")
    kept = folder / "vas" / "trust"
    for name, content in (("trust.txt", None), ("sensitivity.csv", ""), ("sensitivity.csv", None)):
        save_trust(stored(), folder, "vas")
        (kept / name).unlink()
        if content is not None:
            (kept / name).write_text(content)
        with pytest.raises(RaBayesError, match=r"write it anew with ra-bayes trust .* --model vas"):
            read_trust(folder, "vas")


def test_the_certificate_is_said_to_be_there_stale_or_none() -> None:
    model = load_model("vas")
    assert certificate_file(model).is_file()
    told = (
        r"Calibration certificate: do intervals hold what they promise\? \d+ simulated cohorts of 6 patients"
    )
    assert re.match(told, certificate_line(model))
    other = model.with_numbers({"baseline_mean": (40.0, 15.0)})
    assert certificate_line(other).startswith("Calibration certificate: stale; ")
    assert "none is shipped for test" in certificate_line(spec("linear"))


def test_what_cannot_be_asked_is_refused_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    done = run("trust", folder, "--model", "haq")
    assert done.exit_code == 2
    assert "no fit of 'haq' in it; name one of vas" in done.stderr
    assert "no fit in it" in run("trust", tmp_path / "none").stderr


def test_a_fit_that_did_not_pass_is_withheld(tmp_path: Path) -> None:
    save_result(drawn_tree(load_model("vas"), read_cohort(COHORT), diverging=5), tmp_path)
    done = run("trust", tmp_path, "--json")
    assert done.exit_code == GATE_FAILED
    assert json.loads(done.stdout) == {"out": str(tmp_path), "trust": {}, "failed": ["vas"]}
    assert "withheld, the gate failed: vas" in run("trust", tmp_path).stdout
    assert not (tmp_path / "vas" / "trust").exists()


def test_yes_or_no_and_one_patient_have_fewer_tables_and_the_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    from ra_bayes.trust.assess import STEPS, assess
    from ra_bayes.trust.sensitivity import Sensitivity

    table = pd.DataFrame({"estimand": ["response_rate"]})
    module = sys.modules["ra_bayes.trust.assess"]
    monkeypatch.setattr(module, "sensitivity", lambda *_, **__: Made(Sensitivity(table, table, 1, "acr20")))

    def alone(*_: Any, **__: Any) -> None:
        raise RaBayesError("leaving out the only patient leaves nobody")

    monkeypatch.setattr(module, "leave_one_out", alone)
    begun: list[str] = []
    found = assess(drawn_tree(load_model("acr20"), read_cohort(COHORT)), step=begun.append)
    assert begun == [*STEPS]
    assert set(found.tables) == {"sensitivity", "variants"}
    said = " ".join(found.text.split())
    assert "Each patient left out: leaving out the only patient leaves nobody." in said
    assert "With and without placebo: acr20 is yes or no and has no mean change" in said
    assert "Missing not at random: acr20 is yes or no and has no change to shift" in said


class Made:
    """A sensitivity that prints as a word."""

    def __init__(self, found: Any) -> None:
        self.table, self.variants = found.table, found.variants

    def __str__(self) -> str:
        return "sensitivity"


@pytest.mark.mcmc
def test_from_a_fit_to_the_page(tmp_path: Path) -> None:
    # Three patients: half as many fits without one.
    patients = [f"SYN-{k}" for k in (1, 2, 3)]
    table = pd.read_csv(COHORT, dtype=str, keep_default_na=False)
    table[table["patient"].isin(patients)].to_csv(tmp_path / "three.csv", index=False)
    done = run(
        "fit", tmp_path / "three.csv", "--model", "haq", "--out", tmp_path, "--draws", 400, "--seed", 3
    )
    assert done.exit_code == 0, done.stderr
    asked = run("trust", tmp_path, "--model", "haq", "--seed", 5, "--json")
    assert asked.exit_code == 0, asked.stderr
    assert "trust: haq, each patient left out" in asked.stderr
    told = json.loads(asked.stdout, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    found = told["trust"]["haq"]
    assert set(found) == set(TABLES)
    assert {each.name for each in (tmp_path / "haq" / "trust").iterdir()} == FILES
    estimands = pd.read_csv(tmp_path / "haq" / "estimands.csv", keep_default_na=False)
    shown = estimands.query("estimand == 'mean_change' and week == '24.0'").iloc[0]
    for row in (found["sensitivity"][0], found["left_out_patients"][0], found["beyond_placebo"][0]):
        assert row["estimate"] == pytest.approx(float(shown["estimate"]))
    page = page_of(tmp_path)
    assert [row[0] for row in cells(page, "Each patient left out")[1:]] == [
        "nobody",
        *patients,
    ]
    verdicts = {row[-1] for row in cells(page, "Estimands")[1:]}
    assert verdicts <= {"data-led", "shared", "prior-led", ""}
    assert verdicts != {""}
    assert (tmp_path / "haq" / "trust" / "trust.txt").read_text(encoding="utf-8").startswith("haq: what is")
