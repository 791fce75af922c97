"""An interim look at a cohort: its probabilities and decision are those of the design's own rule."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from test_plan_engines import CONTINUOUS, ONE_ARM, page

from ra_bayes.cohort import read_cohort
from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import beta
from ra_bayes.planning.design_reader import load_design
from ra_bayes.planning.engines import boundary_rows
from ra_bayes.planning.interim import interim


def test_the_boundary_of_an_estimated_sd_is_where_the_rule_itself_turns():
    # Looks at 20 and 40: a predictive stop, then the t test.
    futile = '[[futility]]\nbasis = "predictive"\nprobability = 0.2\n[truth]'
    design = page(CONTINUOUS.replace("n = 40", "n = 40\nlooks = [20, 40]").replace("[truth]", futile))
    first, last = boundary_rows(design)
    assert first["sd"] == last["sd"] == 20.0
    assert last["success"] == pytest.approx(-stats.t.ppf(0.95, 38) * 20.0 * np.sqrt(0.1), abs=1e-9)
    assert first["success"] is None
    for beyond, decision in ((-0.01, "continue"), (0.01, "futility")):
        found = interim(design, _showing(first["futility"] + beyond, 20.0, 10), seed=1)
        assert found.decision == decision


def _showing(difference: float, sd: float, n: int):
    """A cohort of two arms with this difference between mean changes, and this SD in either."""
    scores = np.arange(n) - (n - 1) / 2.0
    own = scores * sd / scores.std(ddof=1)
    rows = []
    for arm, mean in (("treated", difference), ("control", 0.0)):
        for k, change in enumerate(own):
            who = f"{arm}-{k}"
            rows += [(who, arm, 0, "vas", 50.0), (who, arm, 24, "vas", 50.0 + mean + change)]
    return read_cohort(pd.DataFrame(rows, columns=["patient", "arm", "week", "outcome", "value"]))


def test_a_published_predictive_probability_through_a_page_and_a_cohort():
    # Lee and Liu 2008: Beta(0.6, 0.4), 16 of 23 so far, 40 in all, p0 0.6, theta 0.9.
    text = (
        ONE_ARM.replace("n = 12\nlooks = [6, 12]", "n = 40\nlooks = [23, 40]")
        .replace("above = 0.3\nprobability = 0.9", "above = 0.6\nprobability = 0.9")
        .replace("above = 0.3\nprobability = 0.4", 'basis = "predictive"\nprobability = 0.1')
        .replace("null = 0.3\nalternative = 0.6", "null = 0.6\nalternative = 0.8")
    )
    rows = [(f"p{k}", 16, "acr20", int(k < 16)) for k in range(23)]
    cohort = read_cohort(pd.DataFrame(rows, columns=["patient", "week", "outcome", "value"]))
    found = interim(page(text), cohort, seed=1)
    assert found.predictive_probability == pytest.approx(0.5655589, abs=5e-8)
    assert found.planned
    assert found.decision == "continue"
    late = interim(page(text.replace("[23, 40]", "[40]")), cohort, seed=1)
    assert not late.planned
    assert late.criteria[0]["probability"] == pytest.approx(0.8359808, abs=5e-8)


def test_an_interim_of_two_arms_needs_to_know_who_is_who():
    design = load_design("acr20_randomised")
    rows = [(f"p{k}", 16, "acr20", k % 2, "A" if k % 3 else "B") for k in range(12)]
    table = pd.DataFrame(rows, columns=["patient", "week", "outcome", "value", "arm"])
    with pytest.raises(RaBayesError, match="has the arms B, A; write treated and control"):
        interim(design, read_cohort(table), seed=1)
    found = interim(design, read_cohort(table), seed=1, arms={"treated": "A", "control": "B"})
    assert found.n == (8, 4)
    with pytest.raises(RaBayesError, match="has no column arm"):
        interim(design, read_cohort(table.drop(columns="arm")), seed=1)
    with pytest.raises(RaBayesError, match="is of one arm; give the rows of one"):
        interim(load_design("acr20_one_arm"), read_cohort(table), seed=1)


def test_an_interim_of_changes_is_that_of_the_t_distribution():
    rng = np.random.default_rng(5)
    rows = []
    for arm, count, mean in (("treated", 9, -20.0), ("control", 8, -4.0)):
        for k in range(count):
            rows += [(f"{arm}{k}", 0, "vas", 60.0, "mm", arm)]
            rows += [(f"{arm}{k}", 24, "vas", float(np.round(60.0 + rng.normal(mean, 12.0))), "mm", arm)]
    table = pd.DataFrame(rows, columns=["patient", "week", "outcome", "value", "unit", "arm"])
    found = interim(page(CONTINUOUS), read_cohort(table), seed=1)
    change = table[table.week == 24].assign(change=lambda t: t.value - 60.0)
    one, two = (change[change.arm == arm].change for arm in ("treated", "control"))
    test = stats.ttest_ind(one, two, alternative="less")
    assert found.criteria[0]["probability"] == pytest.approx(1.0 - test.pvalue, abs=1e-9)
    assert found.n == (9, 8)


def two_armed(counts: dict[str, tuple[int, int]]) -> pd.DataFrame:
    rows = [(f"{arm}{k}", 16, "acr20", int(k < x), arm) for arm, (x, n) in counts.items() for k in range(n)]
    return pd.DataFrame(rows, columns=["patient", "week", "outcome", "value", "arm"])


def test_a_probability_of_exactly_a_half_is_not_less_and_an_unplanned_look_says_so() -> None:
    # Arms that show the same, under the same prior: 1/2, whatever the quadrature's last digit.
    design = load_design("acr20_randomised")
    found = interim(design, read_cohort(two_armed({"treated": (2, 3), "control": (2, 3)})), seed=1)
    assert found.criteria[0]["probability"] == pytest.approx(0.5, abs=1e-12)
    assert found.decision == "continue"
    assert not found.planned
    assert "Decision, if this were that look: the trial goes on." in str(found)
    assert "the design's error rates do not allow for a decision here" in str(found)


def test_arms_that_did_not_follow_the_allocation_are_analysed_as_they_are() -> None:
    design = load_design("acr20_randomised")  # 40 and 20 at the end
    done = interim(design, read_cohort(two_armed({"treated": (22, 42), "control": (4, 18)})), seed=1)
    assert done.planned
    rng = np.random.default_rng(1)
    draws = rng.beta(23, 21, 400_000) - rng.beta(5, 15, 400_000)
    assert done.criteria[0]["probability"] == pytest.approx((draws > 0).mean(), abs=0.002)
    assert done.predictive_probability == float(done.criteria[0]["holds"])
    # One arm is past its share already: the other gets what is left, here nobody more treated.
    late = interim(design, read_cohort(two_armed({"treated": (22, 42), "control": (4, 10)})), seed=1)
    wins = 0.0
    for more, p in enumerate(beta(5, 7).predictive(8)):
        draws = rng.beta(23, 21, 100_000) - rng.beta(5 + more, 15 - more, 100_000)
        wins += p * ((draws > 0).mean() >= 0.95)
    assert late.predictive_probability == pytest.approx(wins, abs=1e-6)


def test_more_patients_than_the_design_has_are_refused() -> None:
    counts = {"treated": (20, 45), "control": (5, 20)}
    with pytest.raises(RaBayesError, match="there are 65 patients so far, and acr20_randomised is of 60"):
        interim(load_design("acr20_randomised"), read_cohort(two_armed(counts)), seed=1)


def test_a_mean_of_unequal_arms_is_judged_at_the_end() -> None:
    rng = np.random.default_rng(6)
    rows = []
    for arm, count, mean in (("treated", 23, -20.0), ("control", 17, 0.0)):
        for k in range(count):
            rows += [(f"{arm}{k}", 0, "vas", 60.0, "mm", arm)]
            rows += [(f"{arm}{k}", 24, "vas", float(np.round(60 + rng.normal(mean, 12))), "mm", arm)]
    table = pd.DataFrame(rows, columns=["patient", "week", "outcome", "value", "unit", "arm"])
    found = interim(page(CONTINUOUS), read_cohort(table), seed=1)
    assert found.decision == "success"
    assert found.predictive_probability == 1.0
