"""Pooled fits: what the weights do, exactly, where the fits are draws from their prior; and real fits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from trees import drawn_tree

import ra_bayes as rb
from ra_bayes.conditioning import Reconstruction, pool, reconstruct
from ra_bayes.errors import FitError
from ra_bayes.resources import data_dir

PAGE = data_dir() / "published" / "jamshidi2024.toml"


def made(joint: str = "wide", m: int = 12, *, untied: bool = True, related: float = 0.0) -> Reconstruction:
    model = rb.load_joint_model(joint)
    model = replace(model, related=related, **({"loading": None} if untied else {}))
    return reconstruct(PAGE, model, m, seed=2, reading="any_change")


def pooled(cohorts: Reconstruction, page: rb.ModelSpec, **options: bool) -> xr.DataTree:
    """Pool fits that know nothing but their prior."""
    fits = [drawn_tree(page, cohort, seed=i) for i, cohort in enumerate(cohorts)]
    return pool(fits, cohorts, seed=1, **options)


def test_fits_under_the_same_prior_are_mixed_as_they_are() -> None:
    cohorts = made()
    tree = pooled(cohorts, cohorts.model.page("vas"))
    walk_sd = np.log(tree["posterior"]["walk_sd"].to_numpy())
    assert walk_sd.mean() == pytest.approx(np.log(15.0), abs=4.0 * 0.5 / np.sqrt(4000))
    assert walk_sd.std() == pytest.approx(0.5, rel=0.06)
    within = rb.provenance(tree)["sampling"]["ess_within_cohorts"]
    assert within == pytest.approx([1000.0] * 12)


def test_another_prior_is_refused() -> None:
    cohorts = made("sceptical")
    with pytest.raises(FitError, match=r"not the one that made the cohorts \(it differs in walk_sd\)"):
        pooled(cohorts, rb.load_model("vas"))


def test_another_prior_is_reweighted_when_asked_for() -> None:
    cohorts = made("sceptical")
    tree = pooled(cohorts, rb.load_model("vas"), reweight=True)
    walk_sd = np.log(tree["posterior"]["walk_sd"].to_numpy())
    # Half of the page's 15 mm; each of 12 sets of 1000 weighted draws has about 250 effective ones.
    assert walk_sd.mean() == pytest.approx(np.log(7.5), abs=4.0 * 0.5 / np.sqrt(2000))
    assert walk_sd.std() == pytest.approx(0.5, rel=0.1)


def test_the_placebo_response_is_put_under_the_mean() -> None:
    cohorts = made("placebo_informed")
    tree = pooled(cohorts, cohorts.model.page("vas"), reweight=True)
    change = tree["posterior"]["mean_change"].sel(visit=24.0).to_numpy()
    drawn = np.average([ties.placebo["vas"] for ties in cohorts.ties], weights=cohorts.weights)
    assert change.mean() == pytest.approx(drawn, abs=3.0)
    # Without the weights the mean would be 0, more than twice that tolerance away.
    assert drawn < -8.0


def test_responses_are_tied_to_the_responder_factor() -> None:
    """Draws that have the patients respond as their factors say weigh more."""
    cohorts = made(untied=False, m=30)
    tree = pooled(cohorts, cohorts.model.page("vas"))
    within = np.array(rb.provenance(tree)["sampling"]["ess_within_cohorts"])
    loading = np.array([ties.loading for ties in cohorts.ties])
    # The stronger the tie, the fewer of the prior's draws agree with it.
    assert np.corrcoef(loading, np.log(within))[0, 1] < -0.7
    assert within[loading < 0.3].min() > 300.0


def test_related_effects_are_tied_to_the_common_one() -> None:
    cohorts = made(related=0.5, m=30)
    tree = pooled(cohorts, cohorts.model.page("il10"))
    change = tree["posterior"]["mean_change"].sel(visit=24.0).to_numpy().mean()
    gaps = np.sqrt(np.diff(cohorts.cohorts[0].weeks) / 24.0)
    common = np.average([ties.effect["all"] @ gaps for ties in cohorts.ties], weights=cohorts.weights)
    # E[walk_sd] sqrt(rho) g, and IL-10 is better when higher: the facts have it up.
    expected = 0.4 * np.exp(0.5**2 / 2.0) * np.sqrt(0.5) * common
    assert expected > 0.1
    assert change == pytest.approx(expected, abs=0.08)


def test_a_binary_outcome_is_pooled() -> None:
    cohorts = made(related=0.5, untied=False)
    tree = pooled(cohorts, cohorts.model.page("acr20"))
    rates = rb.estimands(tree, despite_gate=True).query("estimand == 'response_rate' and week == 16")
    assert 0.2 < rates["estimate"].item() < 0.8


def test_what_does_not_belong_together_is_refused() -> None:
    cohorts = made(m=2)
    page = cohorts.model.page("vas")
    fits = [drawn_tree(page, cohort) for cohort in cohorts]
    with pytest.raises(FitError, match="1 fits for 2 cohorts"):
        pool(fits[:1], cohorts, seed=1)
    with pytest.raises(FitError, match=r"fit 1 is not of cohort 1 \(jamshidi2024 \(synthetic 1\)\)"):
        pool(fits[::-1], cohorts, seed=1)
    other = drawn_tree(cohorts.model.page("il10"), cohorts.cohorts[1])
    with pytest.raises(FitError, match="fit 2 has another model page"):
        pool([fits[0], other], cohorts, seed=1)
    arms = reconstruct(data_dir() / "published" / "alvarogracia2017.toml", "wide", 1, seed=1)
    with pytest.raises(FitError, match="has 4 arms"):
        pool([drawn_tree(arms.model.page("acr20"), arms.cohorts[0])], arms, seed=1)


@pytest.mark.mcmc
def test_real_fits_give_back_the_posterior_given_the_counts() -> None:
    cohorts = reconstruct(PAGE, "wide", 10, seed=7, reading="any_change")
    page = cohorts.model.page("vas")
    fits = [rb.fit(page, cohort, seed=1, draws=500, chains=2) for cohort in cohorts]
    tree = pool(fits, cohorts, seed=1)
    direct = rb.condition(PAGE, "wide", seed=3, reading="any_change")["all/vas/posterior"]
    ess = rb.provenance(tree)["sampling"]["ess"]
    for name in ("baseline_mean", "residual_sd", "response_sd", "walk_sd"):
        here, there = tree["posterior"][name], direct[name]
        error = float(there.std()) * np.sqrt(1.0 / ess + 1.0 / 2000.0)
        assert abs(float(here.mean() - there.mean())) < 4.0 * error, name
        assert 0.6 < float(here.std() / there.std()) < 1.5, name
    at_24 = [each["mean_change"].sel(visit=24.0) for each in (tree["posterior"], direct)]
    error = float(at_24[1].std()) * np.sqrt(1.0 / ess + 1.0 / 2000.0)
    assert abs(float(at_24[0].mean() - at_24[1].mean())) < 4.0 * error
