"""The report of two arms: their difference comes first, and nothing is said that is of one arm."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner
from few_figures import few_figures
from matplotlib.text import Text
from nasty import nasty_cohort
from pages import with_arm
from trees import drawn_tree

from ra_bayes import figures, tables
from ra_bayes.cli import main
from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand import of_arm
from ra_bayes.figures.draw_folder import draw_folder
from ra_bayes.figures.several import marker_and_outcome
from ra_bayes.model.spec_reader import read_spec
from ra_bayes.report import draw
from ra_bayes.report.arms_text import Arms, arms_of, arms_results_text
from ra_bayes.report.content import page_content
from ra_bayes.report.estimand_attributes import estimand_attributes
from ra_bayes.report.render import render
from ra_bayes.resources import data_dir
from ra_bayes.results import Found, Result, find_results, main_row, read_result, save_result
from ra_bayes.tree import provenance, with_provenance
from ra_bayes.trust.assessment import Assessment

SAMPLING = {"sampler": "nutpie NUTS", "chains": 4, "draws": 250, "tune": 1000}


@cache
def cohort() -> Cohort:
    """The shipped cohort, every second patient on placebo."""
    made = read_cohort(data_dir() / "synthetic_cohort.csv")
    arms = tuple((who, ("cells", "placebo")[i % 2]) for i, who in enumerate(made.patients))
    return replace(made, arms=arms)


def told(tree: xr.DataTree) -> Result:
    return read_result(with_provenance(tree, provenance(tree) | {"sampling": SAMPLING}), 0.9)


@cache
def result(model: str = "vas", sd: float = 8.0) -> Result:
    return told(drawn_tree(with_arm(model, sd=sd), cohort()))


def page_of(found: dict[str, Result]) -> str:
    shown = page_content(
        Found(found, {}), {name: [] for name in found}, trusted=dict.fromkeys(found), ci_prob=0.9
    )
    return render("page.html.j2", shown)


@cache
def page() -> str:
    return page_of({"vas": result(), "il10": result("il10", 0.5)})


def words(text: str) -> str:
    return " ".join(unescape(re.sub("<[^>]*>", " ", text)).split())


def with_difference(lower: float, upper: float) -> Result:
    assert result().table is not None
    table = result().table.copy()
    at = table["estimand"] == "difference_from_control"
    table.loc[at, ["lower", "estimate", "upper"]] = lower, (lower + upper) / 2.0, upper
    return replace(result(), table=table)


def test_difference_comes_first_with_its_numbers() -> None:
    row = main_row(result())
    assert row is not None
    (said,) = arms_results_text(result(), None, 0.9)
    first = said.split(". ")[0]
    assert "in arm cells, less that in arm placebo, was" in first
    numbers = [float(each.replace("−", "-")) for each in re.findall(r"−?\d+\.\d", first)]
    assert numbers == pytest.approx([row["estimate"], row["lower"], row["upper"]], abs=0.06)
    assert "neither arm is shown to have done better" in said
    assert "in arm cells and" in said


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [
        (-20.0, -4.0, "lies on one side of no difference: cells did better."),
        (3.0, 11.0, "lies on one side of no difference: cells did worse."),
        (-9.0, 2.0, "includes no difference, so that neither arm is shown to have done better."),
    ],
)
def test_a_winner_is_named_only_where_the_interval_names_one(
    lower: float, upper: float, verdict: str
) -> None:
    (said,) = arms_results_text(with_difference(lower, upper), None, 0.9)
    assert verdict in said
    assert said.count("no difference") == 1


def test_no_winner_is_named_where_the_prior_leads_the_difference() -> None:
    asked = pd.DataFrame({"estimand": ["difference_from_control"], "week": [24.0], "verdict": ["prior-led"]})
    said = arms_results_text(with_difference(-20.0, -4.0), Assessment({"sensitivity": asked}, ""), 0.9)[0]
    assert "cells did better." not in said
    assert "but the prior leads this number: it is no finding of these data." in said


def test_how_many_improved_is_told_of_how_many() -> None:
    (said,) = arms_results_text(result(), None, 0.9)
    each = r"[\d.]+ \(.*?\) of (\d+) in arm"
    found = re.search(rf"are {each} cells and {each} placebo, of these patients", said)
    assert found
    table = result().table
    assert table is not None
    sizes = [len({*table["patient"][table["arm"] == arm]} - {""}) for arm in ("cells", "placebo")]
    assert [int(each) for each in found.groups()] == sizes


def test_a_ratio_is_told_as_a_ratio() -> None:
    (said,) = arms_results_text(result("il10", 0.5), None, 0.9)
    assert re.search(r"in arm cells was \d\.\d+ \(90% interval .*\) times that in arm placebo", said)


def test_a_rate_is_told_as_a_difference_of_rates() -> None:
    (said,) = arms_results_text(result("acr20", 0.5), None, 0.9)
    assert "response rate in arm cells, less that in arm placebo, was" in said
    assert re.search(
        r"The response rate was 0\.\d+ \(.*\) in arm cells and 0\.\d+ \(.*\) in arm placebo", said
    )


def test_a_fit_that_failed_claims_nothing() -> None:
    assert arms_results_text(replace(result(), table=None), None, 0.9) == [
        "Pain (VAS): the sampler did not pass its gate, and nothing is claimed."
    ]


def test_nothing_on_the_page_is_of_one_arm() -> None:
    text = words(page())
    for one in (
        "One arm",
        "one arm,",
        "there is one arm",
        "no control arm",
        "not against a control",
    ):
        assert one not in text, one
    for two in (
        "Two arms: what stands first below is what cells showed over placebo.",
        "mean change, cells less placebo, mm",
        "ratio to baseline, cells over placebo",
        "3 are of arm cells, 3 of the control arm placebo",
        "how they were allocated is not in it",
        "mu_ij has [i treated] d(t_ij) added",
        "treated arm's mean change less the control arm's",
        "only if patients came to their arm by chance",
        "What the prior, one patient or unseen visits would change has not been asked",
    ):
        assert two in text, two


def test_each_arm_has_its_rows_and_its_picture_that_answers() -> None:
    assert page().count('id="live-vas-treated"') == page().count('id="live-vas-control"') == 1
    section = page().split('<section id="vas"')[1].split("</section>")[0]
    rows = re.findall(r'<th scope="row">change of the typical patient.*?</th><td>(.*?)</td>', section)
    # At the reference week, and at each of six visits.
    assert [rows.count(arm) for arm in ("cells", "placebo")] == [7, 7]
    ids = re.findall(r' id="([^"]*)"', page())
    assert len(ids) == len(set(ids))


def test_attributes_name_what_is_compared() -> None:
    arms = arms_of(result().tree)
    assert arms == Arms("placebo", "cells")
    entries = provenance(result().tree)["cohort"]
    rows = {row["attribute"]: row["implies"] for row in estimand_attributes(with_arm("vas"), entries, arms)}
    assert rows["treatment"].startswith("arm cells, compared with arm placebo")
    assert rows["population-level summary"] == "difference between mean changes, cells less placebo"


def test_figures_are_of_both_arms_or_of_each(tmp_path: Path) -> None:
    some = {"arms", "trajectories", "forest"}
    with few_figures(*some):
        shown = draw.draw_fit(result(), tmp_path / "vas", 0.9)
    assert [each["title"] for each in shown] == [
        "Two arms",
        "Trajectories, arm cells",
        "Change by patient, arm cells",
        "Trajectories, arm placebo",
        "Change by patient, arm placebo",
    ]
    stems = {path.stem for path in (tmp_path / "vas" / "figures").iterdir()}
    assert stems == {
        "arms",
        *(f"{side}-{name}" for side in ("treated", "control") for name in some - {"arms"}),
    }
    assert all(each["pdf"].startswith("vas/figures/") for each in shown)


def test_names_of_arms_are_text_everywhere(tmp_path: Path) -> None:
    """An arm called like markup, another like a formula."""
    made = nasty_cohort(tmp_path, arms=True)
    control, treated = "@control & $", "+active <b>"
    model = read_spec(with_arm("vas").toml.replace('"placebo"', f'"{control}"'), name="vas")
    one = told(drawn_tree(model, made))
    text = page_of({"vas": one})
    assert "<b>" not in text
    assert "+active &lt;b&gt; less @control &amp; $" in text
    assert treated in {row[1].text for row in tables.baseline_of([one.tree]).rows}


def test_tables_tell_the_arms_apart() -> None:
    baseline = tables.baseline_of([result().tree, result("il10", 0.5).tree])
    assert [(row[0].text, row[1].text) for row in baseline.rows] == [
        (outcome, arm) for arm in ("cells", "placebo") for outcome in ("Pain (VAS)", "IL-10")
    ]
    whole = tables.baseline(cohort()).without_columns("Visits (weeks)")
    of_cohort = {(row[0].text, row[1].text): row for row in whole.rows}
    for row in baseline.rows:
        assert repr(of_cohort[row[0].text, row[1].text]) == repr(row)
    patients = tables.patients(result().tree)
    assert {(row[0].text, row[1].text) for row in patients.rows} == set(cohort().arms)
    notes = " ".join(tables.outcomes([result().tree]).notes)
    assert "no control arm" not in notes
    assert "difference between them" in notes
    assert isinstance(result().table, pd.DataFrame)


def test_an_outcome_without_a_baseline_has_no_row_of_it() -> None:
    text = page_of({"vas": result(), "acr20": result("acr20", 0.5)})
    baseline = text.split("<caption>Baseline characteristics of")[1].split("</table>")[0]
    assert "Pain (VAS)" in baseline
    assert "ACR20" not in baseline
    assert "Baseline characteristics" not in page_of({"acr20": result("acr20", 0.5)})


def test_a_marker_and_an_outcome_of_two_arms_do_not_end_the_report() -> None:
    assert marker_and_outcome({name: result(name, 0.5).tree for name in ("vas", "il10")}) is not None


def test_who_was_measured_when_is_drawn_of_one_fit_of_two_arms_too(tmp_path: Path) -> None:
    (shown,) = draw.draw_across({"vas": result()}, tmp_path, 0.9)
    assert shown["name"] == "missing-pattern"
    content = page_content(
        Found({"vas": result()}, {}), {"vas": []}, trusted={"vas": None}, ci_prob=0.9, across=[shown]
    )
    data = render("page.html.j2", content).split('<section id="data">')[1].split("</section>")[0]
    assert data.count("<img") == 1
    assert content["across"] == []


def test_command_draws_each_arm_and_tells_who_responds_in_it(tmp_path: Path) -> None:
    save_result(drawn_tree(with_arm("sdai", sd=8.0), cohort()), tmp_path)
    written = draw_folder(
        find_results(tmp_path), tmp_path, tmp_path / "out", formats=("png",), only=["forest"]
    )
    assert [each.files[0].name for each in written] == ["sdai-treated-forest.png", "sdai-control-forest.png"]
    treated, control = (each.alt for each in written)
    assert all(who in treated and who not in control for who in cohort().patients_of("cells"))
    ran = CliRunner().invoke(main, ["tables", str(tmp_path), "--only", "responders", "--format", "csv"])
    assert ran.exit_code == 0, ran.output
    names = {path.name for path in (tmp_path / "tables").iterdir()}
    assert names == {"sdai-treated-responders.csv", "sdai-control-responders.csv"}


def test_figures_and_tables_of_one_arm_name_it() -> None:
    of_cells = of_arm(drawn_tree(with_arm("sdai", sd=8.0), cohort()), "cells")
    for made in (figures.trajectories(of_cells), figures.forest(of_cells)):
        assert "Arm: cells (of two)." in "\n".join(each.get_text() for each in made.findobj(Text))
    assert "arm cells (3 patients)" in tables.responders(of_cells).title
    (row,) = tables.outcomes([of_cells]).rows
    assert row[1].text == "Change of the typical patient"
    with pytest.raises(RaBayesError, match="not of two arms"):
        figures.arms(of_cells)
