"""Design pages: what is shipped reads and says itself; every wrong page gets its sentence, no other."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ra_bayes.errors import RaBayesError, SpecError
from ra_bayes.planning.analysis import BinaryAnalysis, LongitudinalAnalysis, NormalAnalysis
from ra_bayes.planning.design_reader import list_designs, load_design, read_design
from ra_bayes.planning.prior_page import design_prior
from ra_bayes.planning.rule import Criterion, Rule

BINARY = """
schema = 1
title = "Two looks"
n = 40
looks = [20, 40]
[endpoint]
outcome = "acr20"
week = 16
[analysis]
rate = [[0.8, 4.0, 12.0], [0.2, 1.0, 1.0]]
[[success]]
above = 0.2
probability = 0.9
[[futility]]
above = 0.4
probability = 0.05
[truth]
null = 0.2
alternative = 0.4
"""

RANDOMISED = (
    BINARY.replace("looks = [20, 40]", "looks = [0.5, 1.0]\nallocation = [4, 2]")
    .replace("above = 0.2\n", "above = 0.0\n")
    .replace("null = 0.2\nalternative = 0.4", "null = 0.0\nalternative = 0.2\ncontrol = 0.3")
)

LONGITUDINAL = """
schema = 1
title = "All visits"
n = 24
allocation = [1, 1]
[endpoint]
outcome = "vas"
kind = "longitudinal"
week = 24
visits = [0, 4, 12, 24]
[conduct]
dropout = 0.1
missed = 0.05
[scales]
page = "vas"
truth = { response_sd = 15.0, correlation = -0.3 }
[analysis]
effect = [0.0, 20.0]
[[success]]
below = 0.0
probability = 0.95
[truth]
null = 0.0
alternative = -15.0
"""

RATIO = """
schema = 1
title = "IL-10"
n = 20
[endpoint]
outcome = "il10"
week = 24
[scales]
sd = 0.5
[[success]]
above = 1.2
probability = 0.9
[truth]
null = 1.0
alternative = 1.5
"""


def read(text: str):
    return read_design(text, name="page")


@pytest.mark.parametrize("name", list_designs())
def test_a_shipped_design_says_itself_in_sentences(name):
    design = load_design(name)
    sentences = design.words().split("\n")
    assert all(sentence.endswith(".") for sentence in sentences)
    assert f"{design.entered} patients" in sentences[0]
    assert sum("Success is declared" in sentence for sentence in sentences) == 1
    assert design.looks[-1] == design.n
    assert design.sizes
    assert design.hash != design.at(design.n + 10).hash


def test_looks_are_kept_as_shares_when_the_size_changes():
    design = read(BINARY)
    assert design.looks == (20, 40)
    assert design.at(30).looks == (15, 30)
    assert design.at(1).looks == (1,)


def test_looks_after_every_patient():
    design = read(BINARY.replace("looks = [20, 40]", "look_every = 1\nlook_from = 10"))
    assert design.looks == tuple(range(10, 41))
    assert "after every patient from the 10th to the 40th" in design.words()


def test_the_last_look_is_at_the_full_size_even_if_not_written():
    assert read(BINARY.replace("[20, 40]", "[20]")).looks == (20, 40)
    assert read(BINARY.replace("looks = [20, 40]\n", "")).looks == (40,)


def test_patients_divide_over_the_arms_by_the_allocation_and_no_arm_is_empty():
    design = read(RANDOMISED)
    assert design.allocation == (2, 1)
    assert [design.per_arm(n) for n in (2, 3, 30, 31)] == [(1, 1), (2, 1), (20, 10), (21, 10)]
    assert design.looks == (20, 40)


def test_truths_of_two_arms_are_rates_of_both():
    design = read(RANDOMISED)
    truths = design.truths((0.0, 0.2))
    np.testing.assert_allclose(truths["rate"], [0.3, 0.5])
    np.testing.assert_allclose(truths["control_rate"], 0.3)


def test_a_longitudinal_page_takes_the_scales_of_the_outcomes_own_page():
    design = read(LONGITUDINAL)
    assert isinstance(design.analysis, LongitudinalAnalysis)
    assert design.analysis.scales["level_sd"] == (17.0, 0.35)
    assert design.truth.scales == {
        "level_sd": 17.0, "response_sd": 15.0, "residual_sd": 10.0, "correlation": -0.3
    }  # fmt: skip
    assert design.entered == 24  # who leaves early is analysed


def test_ratios_are_analysed_on_the_log_scale():
    design = read(RATIO)
    assert isinstance(design.analysis, NormalAnalysis)
    np.testing.assert_allclose(design.truths((1.0, 1.5))["effect"], np.log([1.0, 1.5]))
    assert design.on_scale(1.2) == pytest.approx(np.log(1.2))
    assert "mean ratio to baseline in IL-10 at week 24" in design.words()


def test_a_mixture_prior_is_read_with_its_weights():
    design = read(BINARY)
    assert isinstance(design.analysis, BinaryAnalysis)
    assert design.analysis.rate.mean == pytest.approx(0.8 * 0.25 + 0.2 * 0.5)


def test_the_rule_says_when_it_is_asked():
    design = read(BINARY)
    assert design.criteria(1) == ((), design.rule.futility)
    assert design.criteria(2) == (design.rule.success, ())
    assert "stops for futility at every interim look if Pr(rate > 0.4 | data) < 0.05." in design.words()


def test_more_patients_enter_where_only_outcomes_count():
    page = BINARY + "[conduct]\ndropout = 0.2\nnonresponse = false\n"
    assert read(page).entered == 50
    assert read(page.replace("false", "true")).entered == 40


# Each: what is changed in which page, and the one problem that must be named.
WRONG = {
    "null above alternative": (BINARY, "null = 0.2", "null = 0.5", "is not above null = 0.5"),
    "null is alternative": (BINARY, "null = 0.2", "null = 0.4", "is not above null = 0.4"),
    "benefit is below": (LONGITUDINAL, "alternative = -15.0", "alternative = 5.0", "is not below null"),
    "look past n": (BINARY, "[20, 40]", "[20, 50]", "lies past n = 40"),
    "looks fall": (BINARY, "[20, 40]", "[40, 20]", "does not rise"),
    "look at nobody": (BINARY, "[20, 40]", "[0, 40]", "before the first patient"),
    "look_from past n": (BINARY, "looks = [20, 40]", "look_every = 1\nlook_from = 50", "lies past n"),
    "allocation 0": (RANDOMISED, "[4, 2]", "[4, 0]", "gives an arm 0 patients"),
    "three arms": (RANDOMISED, "[4, 2]", "[4, 2, 1]", "one or two whole numbers"),
    "prior weights": (BINARY, "[0.2, 1.0", "[0.1, 1.0", "weights that add up to 0.9"),
    "prior of no rate": (BINARY, "[0.2, 1.0, 1.0]", "[0.2, -1.0, 1.0]", "is no distribution"),
    "prior as text": (BINARY, "[[0.8, 4.0, 12.0], [0.2, 1.0, 1.0]]", '"Beta(1,1)"', "is no list of parts"),
    "dropout of all": (LONGITUDINAL, "dropout = 0.1", "dropout = 1", "leaves no one to analyse"),
    "dropout below 0": (LONGITUDINAL, "dropout = 0.1", "dropout = -0.1", "must be at least 0"),
    "missed without visits": (BINARY, "[analysis]", "[conduct]\nmissed = 0.1\n[analysis]", "only of a"),
    "probability 1": (BINARY, "probability = 0.9", "probability = 1.0", "is not below 1"),
    "probability as percent": (BINARY, "probability = 0.9", "probability = 90", "is not below 1"),
    "no criterion": (LONGITUDINAL, "[[success]]\nbelow = 0.0\nprobability = 0.95", "", "is missing"),
    "two sides": (LONGITUDINAL, "below = 0.0", "below = 0.0\nabove = 1.0", "exactly one"),
    "no side": (LONGITUDINAL, "below = 0.0\n", "", "exactly one"),
    "look unknown": (BINARY, "above = 0.4", "above = 0.4\nlooks = [3]", "names no look"),
    "success never at the end": (BINARY, "above = 0.2", 'above = 0.2\nlooks = "interim"', "at the final"),
    "unknown outcome": (BINARY, '"acr20"', '"acr25"', "is not known"),
    "kind": (BINARY, "week = 16", 'week = 16\nkind = "longitudinal"', "does not fit acr20"),
    "visits": (LONGITUDINAL, "[0, 4, 12, 24]", "[0, 4, 12]", "do not run from 0 to week 24"),
    "page of another outcome": (LONGITUDINAL, 'page = "vas"', 'page = "sdai"', "is of sdai"),
    "no such page": (LONGITUDINAL, 'page = "vas"', 'page = "vsa"', "no shipped model"),
    "week of the page": (
        LONGITUDINAL.replace("12, 24]", "12, 16]"), "week = 24", "week = 16", "its response SD at week 24"
    ),
    "no scales": (RATIO, "[scales]\nsd = 0.5\n", "", "is missing"),
    "ratio at most 0": (RATIO, "null = 1.0", "null = 0.0", "must be above 0"),
    "rate above 1": (BINARY, "alternative = 0.4", "alternative = 1.4", "is no rate"),
    "correlation": (LONGITUDINAL, "correlation = -0.3", "correlation = -1.3", "is no correlation"),
    "n of nobody": (BINARY, "n = 40", "n = 0", "must be at least 1"),
    "n as text": (BINARY, "n = 40", 'n = "40"', "is not a whole number"),
    "sizes empty": (BINARY, "[analysis]", "[sizes]\nfrom = 40\nto = 20\n[analysis]", "gives no sizes"),
    "unknown key": (BINARY, "week = 16", "week = 16\nweeks = 3", "is not a known key"),
    "schema": (BINARY, "schema = 1", "schema = 2", "is not 1"),
    "not TOML": (BINARY, "schema = 1", "schema = ", "not TOML"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_page_gets_one_sentence(case):
    page, old, new, said = WRONG[case]
    assert old in page
    with pytest.raises(SpecError, match=re.escape(said)) as caught:
        read(page.replace(old, new, 1))
    assert len(caught.value.problems) == 1, str(caught.value)


def test_every_problem_of_a_page_is_told_at_once():
    page = (
        BINARY.replace("n = 40", "n = 0")
        .replace("probability = 0.9", "probability = 2")
        .replace("null = 0.2", 'null = "a"')
    )
    with pytest.raises(SpecError) as caught:
        read(page)
    assert len(caught.value.problems) == 3


def test_a_true_rate_outside_0_to_1_is_refused():
    with pytest.raises(RaBayesError, match=r"true rate of 1\.1 cannot be"):
        read(RANDOMISED.replace("control = 0.3", "control = 0.9"))


def test_a_design_that_is_not_shipped_is_told_with_the_nearest():
    with pytest.raises(RaBayesError, match="did you mean 'acr20_one_arm'"):
        load_design("acr20_onearm")


def test_a_criterion_of_no_probability_and_a_rule_without_success_are_refused():
    with pytest.raises(RaBayesError, match="between 0 and 1"):
        Criterion("rate", "above", 0.2, 1.0)
    with pytest.raises(RaBayesError, match="no posterior criterion of success"):
        Rule((Criterion("rate", "above", 0.0, 0.1, basis="predictive"),))


def test_a_control_without_a_placebo_response_is_asked_for() -> None:
    page = LONGITUDINAL.replace('"vas"', '"sdai"') + '[design_prior]\neffect = [[-8.0, 5.0]]\nwhy = "test"\n'
    with pytest.raises(RaBayesError, match="no placebo response of sdai is known; write placebo"):
        design_prior(read(page))
    stated = design_prior(read(page + "placebo = [[-4.0, 2.0]]\nplacebo_why = 'test'\n"))
    assert stated is not None
    assert stated.steps[-2].name == "beyond placebo"


WRONG_PRIORS = {
    "two sources": ("count = [4, 6]\nrate = [[1, 1]]\nwhy = 'x'", "are two sources"),
    "count above n": ("count = [7, 6]\nwhy = 'x'", "7 of 6 patients cannot be"),
    "no count": ("count = [4]\nwhy = 'x'", "is no count"),
    "an effect of a rate": ("effect = [[1, 1]]\nwhy = 'x'", "is not of a rate"),
    "no reason": ("count = [4, 6]", "is missing"),
    "weights": ("rate = [[0.5, 1, 1], [0.4, 2, 2]]\nwhy = 'x'", "weights that add up to 0.9"),
    "sceptic": ("count = [4, 6]\nwhy = 'x'\nsceptical_weight = 1.5", "is no probability"),
    "between": ("count = [4, 6]\nwhy = 'x'\nbetween_trials = 'some'", "is no SD"),
    "unknown key": ("count = [4, 6]\nwhy = 'x'\nplacbo = 1", "did you mean 'placebo'"),
}


def test_rates_between_the_arms_on_file_are_as_heterogeneous_as_the_page_asks() -> None:
    page = BINARY + "[design_prior]\ncount = [4, 6]\nwhy = 'x'\nbetween_trials = 'arms'\n"
    found = design_prior(read(page))
    assert found is not None
    words = found.steps[1].words
    assert "on the log-odds scale" in words
    assert "8 control arms on file of acr20" in words
    with pytest.raises(RaBayesError, match="'acr70' has 1 control arm around week 16 on file"):
        design_prior(read(page.replace('"acr20"', '"acr70"')))
    with pytest.raises(RaBayesError, match=re.escape('"arms" (of a rate)')):
        design_prior(
            read(LONGITUDINAL + "[design_prior]\neffect = [[1, 1]]\nwhy = 'x'\nbetween_trials = 'arms'")
        )


@pytest.mark.parametrize("case", WRONG_PRIORS)
def test_a_wrong_design_prior_gets_one_sentence(case):
    text, said = WRONG_PRIORS[case]
    with pytest.raises(RaBayesError, match=re.escape(said)):
        design_prior(read(f"{BINARY}[design_prior]\n{text}\n"))
