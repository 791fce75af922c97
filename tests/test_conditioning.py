"""Conditioning on published counts: against rejection of simulated trials, against NUTS, and its manners."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from published_pages import SYNTHETIC, Table, acr, fact, publication
from scipy import special, stats
from simulated_trials import counted, prior_parameters, records

import ra_bayes as rb
from ra_bayes.conditioning import posterior as posterior_module
from ra_bayes.conditioning.importance import Weighted
from ra_bayes.errors import FitError, RaBayesError

JAMSHIDI = rb.data_dir() / "published" / "jamshidi2024.toml"
# Some 40 quantities are compared: beyond 4.5 Monte Carlo errors once in 3,000 runs of another seed.
MAX_Z = 4.5


# A synthetic trial of six: pain down by the MCID at week 12 in four, ACR20 at week 24 in four.
PAPER = publication(
    fact("better", 4, n=6, readings=["mcid"]),
    acr("responds", 4, n=6, week=24),
    trial={"n": 6},
)
WEEKS = np.array([0.0, 12.0, 16.0, 24.0])


@pytest.fixture(scope="module")
def tree() -> xr.DataTree:
    return rb.condition(PAPER, "wide", seed=1, reading="mcid")


@pytest.fixture(scope="module")
def table(tree: xr.DataTree) -> pd.DataFrame:
    return rb.estimands(tree)


class Rejected(NamedTuple):
    """What is left of many trials simulated from the prior: those with the published counts."""

    share: float
    trials: int
    quantities: dict[str, np.ndarray]


@pytest.fixture(scope="module")
def rejected() -> Rejected:
    """Trials of seven, of whom six are counted: the seventh is the new patient of whom a rate speaks."""
    rng, pages = np.random.default_rng(2), {name: rb.load_model(name) for name in ("vas", "acr20")}
    kept: dict[str, list[np.ndarray]] = {}
    trials, chunk = 400_000, 50_000
    for _ in range(trials // chunk):
        parameters = {name: prior_parameters(each, WEEKS, chunk, rng) for name, each in pages.items()}
        loading = stats.norm.cdf(rng.normal(size=chunk))
        made = {"all": records(pages, parameters, WEEKS, rng.normal(size=(chunk, 7)), loading, {}, rng)}
        who = counted(PAPER, "mcid", made, WEEKS, pages)
        hit = np.all([these[:, :6].sum(axis=1) == 4 for these in who.values()], axis=0)
        vas, acr20 = parameters["vas"], parameters["acr20"]
        level = acr20["baseline_mean"] + acr20["mean_change"][:, 3]
        here = {
            "mean_change at 12": vas["mean_change"][:, 1],
            "mean_change at 24": vas["mean_change"][:, 3],
            "response_rate at 24": stats.norm.cdf(level / np.sqrt(1.0 + acr20["baseline_sd"] ** 2)),
            "loading": loading,
            **{f"vas {name}": vas[name] for name in ("response_sd", "residual_sd", "correlation", "walk_sd")},
            "acr20 baseline_sd": acr20["baseline_sd"],
            **{f"new patient: {id}": these[:, 6].astype(float) for id, these in who.items()},
        }
        for name, values in here.items():
            kept.setdefault(name, []).append(values[hit])
    quantities = {name: np.concatenate(parts) for name, parts in kept.items()}
    return Rejected(quantities["loading"].size / trials, trials, quantities)


def drawn(tree: xr.DataTree, name: str) -> np.ndarray:
    if name == "loading":
        return tree["posterior"]["loading"].to_numpy()
    if name.startswith("new patient: "):
        return tree["posterior"]["event_rate"].sel(fact=name.removeprefix("new patient: ")).to_numpy()
    if name == "response_rate at 24":
        node = tree["all/acr20/posterior"]
        level = node["baseline_mean"] + node["mean_change"].sel(visit=24.0)
        return stats.norm.cdf(level.to_numpy() / np.sqrt(1.0 + node["baseline_sd"].to_numpy() ** 2))
    if name.startswith("mean_change"):
        week = float(name.rpartition(" ")[2])
        return tree["all/vas/posterior"]["mean_change"].sel(visit=week).to_numpy()
    outcome, _, parameter = name.partition(" ")
    return tree[f"all/{outcome}/posterior"][parameter].to_numpy()


def test_posterior_means_and_spreads_are_those_of_the_simulated_trials_with_these_counts(
    tree: xr.DataTree, rejected: Rejected
) -> None:
    accepted = rejected.quantities["loading"].size
    assert accepted > 5000
    # Draws are resampled from four times as many effective points.
    size = tree["posterior"]["loading"].size / 1.25
    for name, exact in rejected.quantities.items():
        found = drawn(tree, name).ravel()
        new_patient = name.startswith("new patient")
        error = np.hypot(exact.std() / np.sqrt(accepted), found.std() / np.sqrt(size))
        assert abs(found.mean() - exact.mean()) < MAX_Z * error, name
        if not new_patient:
            spread = [np.square(each - each.mean()) for each in (found, exact)]
            error = np.hypot(spread[0].std() / np.sqrt(size), spread[1].std() / np.sqrt(accepted))
            assert abs(spread[0].mean() - spread[1].mean()) < MAX_Z * error, name
    # Not the prior again: 4 of 6 are more than the prior has.
    prior = tree["all/vas/prior"]["mean_change"].sel(visit=12.0).to_numpy()
    assert drawn(tree, "mean_change at 12").mean() < prior.mean() - 3.0


def test_evidence_is_the_share_of_simulated_trials_with_these_counts(
    tree: xr.DataTree, rejected: Rejected
) -> None:
    told = rb.provenance(tree)["sampling"]
    error = np.hypot(
        told["log_evidence_mcse"], np.sqrt((1.0 - rejected.share) / rejected.share / rejected.trials)
    )
    assert abs(told["log_evidence"] - np.log(rejected.share)) < 4.0 * error
    assert error < 0.03


def test_responses_go_together_as_far_as_the_loading_says(tree: xr.DataTree) -> None:
    """The two counts tell of the loading only through patients in common, which nobody counted: no more."""
    assert stats.kstest(tree["posterior"]["loading"].to_numpy().ravel(), "uniform").statistic < 0.05


def test_event_rates_are_those_of_a_patient_whose_factor_is_not_known() -> None:
    """One fact: a normal probability, whatever the loading. Two of the same patients: a bivariate one."""
    both = fact("il17_down", 4, outcomes=["il17"], same_patients_as="il10_up")
    paper = publication(fact("il10_up", 4, outcomes=["il10"], direction="increase"), both)
    tree = rb.condition(paper, "wide", seed=1, draws=100, chains=2)
    nodes = {outcome: tree[f"all/{outcome}/posterior"] for outcome in ("il10", "il17")}
    rates, loading = tree["posterior"]["event_rate"], tree["posterior"]["loading"].to_numpy()
    score, on_factor = {}, {}
    for outcome, sign in (("il10", 1.0), ("il17", -1.0)):
        each = {
            name: nodes[outcome][name].to_numpy() for name in ("response_sd", "residual_sd", "correlation")
        }
        change = nodes[outcome]["mean_change"].sel(visit=12.0).to_numpy()
        # Half of the variance of a patient's change at week 24, and the noise of two records.
        response = each["response_sd"] * np.sqrt(0.5)
        spread = np.sqrt(response**2 + 2.0 * each["residual_sd"] ** 2)
        score[outcome] = sign * change / spread
        on_factor[outcome] = loading * np.sqrt(1.0 - each["correlation"] ** 2) * response / spread
    for id, outcome in (("il10_up", "il10"), ("il17_down", "il17")):
        np.testing.assert_allclose(rates.sel(fact=id), special.ndtr(score[outcome]), atol=2e-4)
    together = rates.sel(fact="il10_up & il17_down").to_numpy()
    # More IL-10 and less IL-17 are both of benefit, and so go together.
    correlation = on_factor["il10"] * on_factor["il17"]
    for at in [(0, 3), (0, 50), (1, 7), (1, 99)]:
        covariance = [[1.0, correlation[at]], [correlation[at], 1.0]]
        exact = stats.multivariate_normal(cov=covariance).cdf([score["il10"][at], score["il17"][at]])
        assert together[at] == pytest.approx(exact, abs=1e-3)
    rows = rb.estimands(tree, despite_gate=True).set_index("note")
    assert rows.loc["il10_up & il17_down", "estimand"] == "concordance"


def test_the_rate_of_some_among_others_is_of_those_counted() -> None:
    some = fact("sdai_too", 3, outcomes=["sdai"], among="better")
    tree = rb.condition(publication(fact("better", 6), some), "wide", seed=1, draws=100, chains=2)
    rates = tree["posterior"]["event_rate"]
    assert (rates.sel(fact="sdai_too") < rates.sel(fact="better")).all()


def test_counts_that_are_out_of_reach_do_not_pass_the_gate() -> None:
    """400 of 400 patients with 95 mm less pain: so far from the prior that hardly a point lies there."""
    arm = {"trial": None, "arm": [{"id": "a", "n": 400, "words": "x"}]}
    far = {"far": {"words": "by 95 mm", "minimum": 95}}
    paper = publication(fact("v", 400, arm="a", n=400, readings=["far"]), readings=far, **arm)
    tree = rb.condition(paper, "wide", seed=1)
    failed = {check.name for check in rb.diagnose(tree).checks if not check.passed}
    assert "importance ESS" in failed
    with pytest.raises(FitError, match="did not pass its gate"):
        rb.estimands(tree)


def test_a_large_trial_with_many_facts_far_from_the_prior() -> None:
    arm = {"trial": None, "arm": [{"id": "a", "n": 400, "words": "x"}]}
    paper = publication(
        fact("pain", 390, arm="a", n=400, readings=["mcid"]),
        fact("remission", 300, arm="a", n=400, **REMISSION),
        fact("sdai", 350, arm="a", n=400, readings=["mcid"], outcomes=["sdai"], week=24),
        **arm,
    )
    assert len(rb.estimands(rb.condition(paper, "wide", seed=1, reading="mcid"), despite_gate=True)) > 10


@pytest.mark.mcmc
def test_nuts_gives_every_estimand_that_importance_sampling_does(table: pd.DataFrame) -> None:
    other = rb.condition(PAPER, "wide", seed=3, reading="mcid", method="nuts", draws=800, chains=2)
    assert rb.diagnose(other).passed
    keys = ["arm", "outcome", "estimand", "week", "note"]
    both = table.merge(rb.estimands(other), on=keys, suffixes=("", "_nuts"), validate="one_to_one")
    assert len(both) == len(table) > 25
    error = np.hypot(1.12 * both["mcse"], both["mcse_nuts"])
    z = (both["estimate"] - both["estimate_nuts"]) / error
    assert z.abs().max() < MAX_Z, both.loc[z.abs().idxmax(), keys].to_dict()
    # The ends of 90% intervals have about twice the error of medians.
    for end in ("lower", "upper"):
        z = ((both[end] - both[f"{end}_nuts"]) / error)[both["lower"].notna()]
        assert z.abs().max() < 2.5 * MAX_Z, both.loc[z.abs().idxmax(), keys].to_dict()
    assert "sample_stats" in other.children


def test_the_gate_passes_and_nothing_is_withheld(tree: xr.DataTree, table: pd.DataFrame) -> None:
    verdict = rb.diagnose(tree)
    assert verdict.passed
    assert {"importance ESS", "Pareto k of the weights"} <= {check.name for check in verdict.checks}
    assert not table["note"].str.startswith("withheld").any()
    assert table["estimate"].notna().all()


def test_rows_say_what_was_counted_and_how_it_was_read(table: pd.DataFrame) -> None:
    rates = table.query("estimand == 'event_rate'").set_index("note")
    assert list(rates.index) == ["better", "responds"]
    assert rates.loc["better", "definition"] == (
        f"chance that a new patient is one of those counted in: {SYNTHETIC}, read as the MCID"
    )
    vas = table.query("outcome == 'vas' and estimand == 'mean_change'").set_index("week")
    assert vas.loc[12.0, "note"] == ""
    assert vas.loc[24.0, "note"] == "no count of this week was published (counted: 12)"


def test_the_tree_knows_what_it_was_conditioned_on(tree: xr.DataTree) -> None:
    told = rb.provenance(tree)
    joint = rb.load_joint_model("wide")
    assert told["published"]["name"] == "made"
    assert told["published"]["hash"] == PAPER.hash
    assert told["published"]["read_as"] == {"better": "mcid", "responds": ""}
    assert told["model"] == {"name": "wide", "hash": joint.hash, "toml": joint.toml, "related": 0.0}
    assert told["seed"] == 1
    assert told["sampling"]["draws"] == 1000
    assert rb.provenance(tree["all/vas"])["arm"] == "all"
    harm = fact("harm", 0, outcomes=[], direction=None, readings=None)
    with_harm = rb.condition(publication(fact("better", 4), harm), "wide", seed=1, draws=200)
    assert rb.provenance(with_harm)["published"]["left_out"] == ["harm"]


def test_a_saved_tree_gives_the_same_estimands(
    tree: xr.DataTree, table: pd.DataFrame, tmp_path: Path
) -> None:
    back = rb.load(rb.save(tree, tmp_path / "posterior.nc"))
    assert back.identical(tree)
    pd.testing.assert_frame_equal(rb.estimands(back), table)


def test_the_same_seed_gives_the_same_draws_and_another_others() -> None:
    paper = publication(fact("better", 4))
    one, other, third = (rb.condition(paper, "wide", seed=seed, draws=200) for seed in (5, 5, 6))
    assert one.identical(other)
    assert not one["posterior"].equals(third["posterior"])
    assert one["posterior"].sizes == {"chain": 4, "draw": 200, "fact": 1}


def test_estimands_are_withheld_where_the_weights_are_too_uneven(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = posterior_module.importance_sample

    def one_heavy(*args: Any, **keys: Any) -> Weighted:
        found = plain(*args, **keys)
        log_weights = found.log_weights.copy()
        log_weights[0, 0] += 12.0
        return Weighted(found.points, log_weights, found.log_likelihood)

    monkeypatch.setattr(posterior_module, "importance_sample", one_heavy)
    tree = rb.condition(publication(fact("better", 4)), "wide", seed=1, draws=200)
    failed = {check.name for check in rb.diagnose(tree).checks if not check.passed}
    assert "importance ESS" in failed
    with pytest.raises(FitError, match="did not pass its gate: estimands are withheld"):
        rb.estimands(tree)
    assert len(rb.estimands(tree, despite_gate=True)) > 10


def test_a_trial_of_nine() -> None:
    """The more were counted the better the drug; four of nine say neither that it works nor that it harms."""
    found = {}
    for r in (0, 4, 9):
        tree = rb.condition(publication(fact("better", r, week=24)), "wide", seed=1)
        assert rb.diagnose(tree).passed
        rows = rb.estimands(tree).set_index(["estimand", "week"])
        found[r] = rows.loc["event_rate", "estimate"].item(), rows.loc[("mean_change", 24.0)]
    assert found[0][0] < 0.2 < 0.35 < found[4][0] < 0.55 < 0.8 < found[9][0] < 1.0
    assert found[0][1]["lower"] > 0.0 > found[9][1]["upper"]
    assert found[4][1]["lower"] < 0.0 < found[4][1]["upper"]
    assert found[0][1]["p_benefit"] < 0.05
    assert found[9][1]["p_benefit"] > 0.95


def test_a_published_trial_of_four_arms() -> None:
    facts = rb.data_dir() / "published" / "alvarogracia2017.toml"
    tree = rb.condition(facts, "wide", seed=1)
    assert rb.diagnose(tree).passed
    table = rb.estimands(tree)
    rates = table.query("estimand == 'event_rate'")
    assert set(rates["arm"]) == {"a", "b", "c", "placebo"}
    paper = rb.read_publication(facts)
    for _, row in rates.iterrows():
        counted_in = paper.fact(row["note"])
        # Between the prior's third and the count, which few patients do not pull it all the way to.
        ends = sorted([counted_in.r / counted_in.n, 0.38])
        assert ends[0] - 0.1 < row["estimate"] < ends[1] + 0.02, row["note"]
        assert row["lower"] < counted_in.r / counted_in.n < row["upper"] or counted_in.r == 0
    widths = (rates.set_index("note")["upper"] - rates.set_index("note")["lower"]).to_dict()
    # 20 patients say more than 6.
    assert widths["acr20_week4_a"] < widths["acr20_week4_c"]


ARMED: Table = {
    "trial": None,
    "arm": [{"id": "cells", "n": 12, "words": "x"}, {"id": "placebo", "n": 10, "words": "x"}],
}
REMISSION = {"outcomes": ["das28_crp"], "direction": None, "readings": ["remission"], "week": 24}


def test_a_synthetic_trial_of_two_arms() -> None:
    """Pain down by the MCID and DAS28-CRP below 2.6, in more of the treated."""
    paper = publication(
        fact("pain_cells", 10, arm="cells", n=12, readings=["mcid"], week=24),
        fact("pain_placebo", 3, arm="placebo", n=10, readings=["mcid"], week=24),
        fact("remission_cells", 5, arm="cells", n=12, **REMISSION),
        fact("remission_placebo", 0, arm="placebo", n=10, **REMISSION),
        **ARMED,
    )
    tree = rb.condition(paper, "placebo_informed", seed=1, reading="mcid")
    assert rb.diagnose(tree).passed
    rows = rb.estimands(tree).query("week == 24").set_index(["arm", "outcome", "estimand"])["estimate"]
    for outcome, least in (("vas", 5.0), ("das28_crp", 0.4)):
        treated, control = (rows[arm, outcome, "mean_change"] for arm in ("cells", "placebo"))
        assert treated < control - least
    rates = tree["posterior"]["event_rate"].mean(("chain", "draw"))
    for outcome in ("pain", "remission"):
        assert rates.sel(fact=f"{outcome}_cells") > rates.sel(fact=f"{outcome}_placebo") + 0.15
    # 10 of 12, 3 of 10, 5 of 12, none of 10: pulled towards what is expected of the scale.
    assert 0.55 < rates.sel(fact="pain_cells") < 10.0 / 12.0
    assert 0.3 < rates.sel(fact="pain_placebo") < 0.5
    assert 0.0 < rates.sel(fact="remission_placebo") < 0.12


def test_counts_that_no_patients_can_have_are_told_in_one_sentence() -> None:
    same = fact("il17_down", 4, outcomes=["il17"], same_patients_as="il10_down")
    problem = posterior_module.given_counts(
        publication(fact("il10_down", 4, outcomes=["il10"]), same), "wide", "any"
    )
    with pytest.raises(RaBayesError) as caught:
        problem.with_counts([4, 2])
    assert str(caught.value) == (
        "facts il10_down 4 of 9, il17_down 2 of 9: no 9 patients can have these counts together; correct one "
        "of them"
    )


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (
            [fact("harm", 0, outcomes=[], direction=None, readings=None)],
            "made: no fact is about an outcome that joint model 'wide' has a page for",
        ),
        (
            [fact("tender", 4, outcomes=["tjc28"])],
            "made: no fact is about an outcome that joint model 'wide'",
        ),
    ],
)
def test_facts_that_no_page_speaks_of(facts: list[Table], told: str) -> None:
    with pytest.raises(RaBayesError, match=told):
        rb.condition(publication(*facts), "wide", seed=1)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"draws": 50}, "draws=50, chains=4: the gate needs at least 100 draws in at least 2 chains"),
        ({"chains": 1}, "draws=1000, chains=1: the gate needs at least 100 draws"),
        ({"method": "mcmc"}, "method='mcmc' is neither 'importance' nor 'nuts'"),
    ],
)
def test_what_condition_is_asked_wrongly(keys: dict[str, Any], told: str) -> None:
    with pytest.raises(FitError, match=told):
        rb.condition(PAPER, "wide", seed=1, **keys)


def test_importance_sampling_never_imports_pymc() -> None:
    code = (
        "import sys, ra_bayes as rb\n"
        "facts = rb.data_dir() / 'published' / 'alvarogracia2017.toml'\n"
        "rb.estimands(rb.condition(facts, 'wide', seed=1, draws=150), despite_gate=True)\n"
        "print(*sorted({'pymc', 'pytensor', 'nutpie', 'numba', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
