"""ra-bayes tables: every table of what a folder holds: fits, joint fits, plans."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner
from gallery_inputs import counts
from joint_trees import prior_tree
from plans import plan
from table_inputs import fitted, shipped
from trees import drawn_tree

from ra_bayes import tables
from ra_bayes.cli import main
from ra_bayes.cli.tables import FORMATS, KINDS
from ra_bayes.model import load_model
from ra_bayes.results import Found, save_result
from ra_bayes.results.plans import save_plan
from ra_bayes.tables.folder import TABLES, folder_tables
from ra_bayes.tables.save import ENDINGS
from ra_bayes.tables.to_csv import to_csv
from ra_bayes.tree import provenance, with_provenance


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


def test_folder_of_plans_alone_has_their_characteristics(tmp_path: Path) -> None:
    for name in ("acr20_one_arm", "sdai_randomised"):
        save_plan(plan(name, error=0.004), tmp_path)
    forms = [word for each in FORMATS for word in ("--format", each)]
    ran = CliRunner().invoke(main, ["tables", str(tmp_path), *forms])
    assert ran.exit_code == 0, ran.output
    names = ("acr20_one_arm", "sdai_randomised")
    written = {path.name for path in (tmp_path / "tables").iterdir()}
    assert written == {f"{name}-characteristics{ending}" for name in names for ending in ENDINGS.values()}
    # What is read from the folder is what the plan itself gives.
    for name in names:
        own = to_csv(tables.design_characteristics(plan(name, error=0.004)))
        file = tmp_path / "tables" / f"{name}-characteristics.csv"
        assert file.read_text(encoding="utf-8-sig") == own


def test_plans_beside_fits_are_named_like_them(tmp_path: Path) -> None:
    save_result(fitted("vas"), tmp_path)
    save_plan(plan("vas_randomised"), tmp_path)
    ran = CliRunner().invoke(main, ["tables", str(tmp_path), "--format", "csv", "--model", "vas_randomised"])
    assert ran.exit_code == 0, ran.output
    assert [path.name for path in (tmp_path / "tables").iterdir()] == ["vas_randomised-characteristics.csv"]


def test_outcomes_fitted_together_have_tables_too(tmp_path: Path) -> None:
    save_result(prior_tree(draws=2000)[0], tmp_path)
    ran = CliRunner().invoke(main, ["tables", str(tmp_path), "--format", "csv", "--format", "docx"])
    assert ran.exit_code == 0, ran.output
    kinds = ("baseline", "diagnostics", "outcomes", "estimands")
    kinds += tuple(f"{outcome}-{kind}" for outcome in ("up", "down") for kind in ("patients", "priors"))
    assert {path.name for path in (tmp_path / "tables").glob("*.csv")} == {
        f"test-{kind}.csv" for kind in kinds
    }
    told = (tmp_path / "tables" / "test-estimands.csv").read_text(encoding="utf-8")
    assert "down and up" in told
    assert "down & up" not in told


def test_published_counts_have_tables_and_no_cohort() -> None:
    counted = counts()
    entries = {name: each for name, each in provenance(counted.tree).items() if name != "cohort"}
    tree = with_provenance(counted.tree, entries | {"published": {"name": "jamshidi2024"}})
    found = Found({}, {"jamshidi2024": replace(counted, tree=tree)})
    made = dict(folder_tables(found, {}, ci_prob=0.9))
    assert {kind: table.name for kind, table in made.items()} == {
        kind: f"jamshidi2024-{kind}" for kind in made
    }
    assert set(made) == {"diagnostics", "estimands"}
    assert made["estimands"].title == "Estimands of Pain (VAS), published counts of jamshidi2024"
    assert all("Synthetic" not in warning for table in made.values() for warning in table.warnings)
