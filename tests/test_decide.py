"""A design's rule asked of a fitted posterior: the same probability as estimands and leaving one out have."""

from __future__ import annotations

import pytest
from trees import drawn_tree

import ra_bayes as rb
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.estimand import read_posterior
from ra_bayes.planning.design_reader import read_design
from ra_bayes.trust.decision import ask, criteria_of

PAGE = """
schema = 1
title = "Pain in one arm"
n = 20
[endpoint]
outcome = "vas"
week = 24
[scales]
page = "vas"
[[success]]
below = 0.0
probability = 0.4
[[success]]
below = -10.0
probability = 0.9
[truth]
null = 0.0
alternative = -15.0
"""


@pytest.fixture(scope="module")
def tree():
    return drawn_tree(rb.load_model("vas"), rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv"))


def test_the_rule_asks_what_the_estimands_tell(tree):
    design = read_design(PAGE, name="pain")
    found = rb.decide(design, tree)
    table = rb.estimands(tree).query("estimand == 'mean_change' and week == 24")
    assert found.criteria[0]["probability"] == pytest.approx(table["p_benefit"].iloc[0], abs=1e-12)
    assert [row["holds"] for row in found.criteria] == [True, False]
    assert not found.success
    assert str(found).endswith("Decision: no success.")


def test_leaving_one_out_asks_the_same_way(tree):
    design = read_design(PAGE, name="pain")
    mine = [row["probability"] for row in rb.decide(design, tree).criteria]
    theirs = ask(criteria_of(design.final_rule), read_posterior(tree), 24.0)
    assert [row["probability"] for row in theirs] == pytest.approx(mine, abs=1e-12)


def test_a_ratio_is_asked_on_its_own_scale():
    tree = drawn_tree(rb.load_model("il10"), rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv"))
    page = (
        PAGE.replace('"vas"', '"il10"')
        .replace("below = 0.0", "above = 1.0")
        .replace("below = -10.0", "above = 1.5")
        .replace("null = 0.0\nalternative = -15.0", "null = 1.0\nalternative = 1.5")
    )
    found = rb.decide(read_design(page, name="il10"), tree)
    table = rb.estimands(tree).query("estimand == 'mean_change' and week == 24")
    assert found.criteria[0]["probability"] == pytest.approx(table["p_benefit"].iloc[0], abs=1e-12)
    assert found.criteria[1]["probability"] < found.criteria[0]["probability"]


def test_what_does_not_fit_is_refused(tree):
    with pytest.raises(RaBayesError, match="compares two arms, and a posterior is of one"):
        rb.decide(rb.load_design("vas_randomised"), tree)
    with pytest.raises(RaBayesError, match="acr20"):
        rb.decide(rb.load_design("acr20_one_arm"), tree)
    cohort = rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv")
    with pytest.raises(FitError, match="did not pass its gate"):
        rb.decide(read_design(PAGE, name="pain"), drawn_tree(rb.load_model("vas"), cohort, diverging=3))
