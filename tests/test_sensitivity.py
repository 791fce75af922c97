"""Prior dominance: powers of prior and likelihood exactly, shares in closed form, verdicts by thresholds."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
import xarray as xr
from pages import cohort, spec
from scipy import stats
from six_by_five import CHANGE, PATIENTS, made, normal_posterior, pinned, simulated
from trees import drawn_tree

from ra_bayes.diagnostics import MAX_PARETO_K
from ra_bayes.errors import FitError
from ra_bayes.estimand import Quantity
from ra_bayes.inference import fit
from ra_bayes.model import ModelSpec
from ra_bayes.model.records import Grid, grid
from ra_bayes.model.simulate import draw_prior, log_likelihood, log_prior, to_clinical
from ra_bayes.trust.power import likelihood_to_power, prior_to_power
from ra_bayes.trust.quantities import keyed, reported
from ra_bayes.trust.sensitivity import Sensitivity, sensitivity, verdict
from ra_bayes.trust.variants import Variant, rescaled, smoothed, tell

variants_module = sys.modules["ra_bayes.trust.variants"]


# ---- powers, without sampling


def log_joint(model: ModelSpec, raw: dict[str, Any], records: Grid, prior: float, power: float) -> np.ndarray:
    """Log of prior^prior times likelihood^power, patients' effects left out, written with densities alone."""
    parts = log_prior(model, raw).values()
    of_prior = sum(each.sum(axis=-1) if each.ndim > 1 else each for each in parts)
    likelihood = log_likelihood(model, records, to_clinical(model, raw, records.weeks)).sum(axis=(-2, -1))
    return np.asarray(prior * of_prior + power * likelihood)


@pytest.mark.parametrize("shape", ["visits", "linear", "onset"])
@pytest.mark.parametrize("power", [0.5, 2.0, 1.7])
def test_a_scaled_prior_is_the_prior_to_that_power(shape: str, power: float) -> None:
    """At the same parameters the two densities differ by the same constant everywhere."""
    model = spec(shape)
    records = grid(model, made(simulated(), model))
    scaled = prior_to_power(model, power)
    assert scaled is not None
    raw = draw_prior(model, 6, records.weeks, 50, np.random.default_rng(1))
    # The scaled model's raw variables of the same parameters: SD 1 there is 1 / sqrt(power) here.
    moved = {
        name: each * power**0.5 if name.endswith("_z") or name == "walk_step" else each
        for name, each in raw.items()
    }
    for name in ("patient_level_z", "patient_response_z"):
        moved[name] = raw[name]
    target = log_joint(model, raw, records, power, 1.0)
    found = log_joint(scaled.model, moved, records, 1.0, 1.0)
    assert np.ptp(target) > 1.0
    np.testing.assert_allclose(found - target, (found - target)[0], atol=1e-8)
    # What the scaled model draws, told as the model's own parameters.
    told = to_clinical(scaled.model, moved, records.weeks)
    as_dataset = xr.Dataset(
        {name: (("sample", *(f"{name}{k}" for k in range(v.ndim - 1))), v) for name, v in told.items()}
    )
    undone = scaled.undo(as_dataset)
    for name, each in to_clinical(model, raw, records.weeks).items():
        np.testing.assert_allclose(undone[name], each, rtol=1e-10, err_msg=name)


@pytest.mark.parametrize("power", [0.5, 2.0, 1.7])
@pytest.mark.parametrize("pin", [False, True])
def test_a_scaled_likelihood_is_the_likelihood_to_that_power(power: float, pin: bool) -> None:
    model = spec("linear", link="log", priors={"residual_sd": {"fixed": 0.3}} if pin else None)
    y = np.exp(simulated() / 10.0)
    records = grid(model, made(y, model))
    scaled = likelihood_to_power(model, records, power)
    assert scaled is not None
    assert scaled.repeat == 1
    raw = draw_prior(model, 6, records.weeks, 50, np.random.default_rng(1))
    before, after = (each.prior("residual_sd").numbers for each in (model, scaled.model))
    moved = dict(raw)
    if not pin:
        # residual_sd / sqrt(power), as the scaled prior's standard normal score.
        sd = before[0] * np.exp(before[1] * raw["residual_sd_z"]) / power**0.5
        moved["residual_sd_z"] = (np.log(sd) - np.log(after[0])) / after[1]
    target = log_joint(model, raw, records, 1.0, power)
    found = log_joint(scaled.model, moved, records, 1.0, 1.0)
    np.testing.assert_allclose(found - target, (found - target)[0], atol=1e-7)


def test_cells_can_be_counted_twice_but_not_half() -> None:
    model = spec("linear", rounding=1.0)
    records = grid(model, made(np.round(np.abs(simulated())), model))
    twice = likelihood_to_power(model, records, 2.0)
    assert twice is not None
    assert (twice.model, twice.repeat, twice.factors) == (model, 2, {})
    assert likelihood_to_power(model, records, 0.5) is None


def test_a_prior_whose_power_is_no_density_has_none() -> None:
    model = spec("linear", priors={"correlation": {"concentration": 0.5}})
    assert prior_to_power(model, 2.0) is None
    assert prior_to_power(model, 1.5) is not None


def test_prior_scales_are_sds_of_means_and_medians_of_scales() -> None:
    model = spec("onset", priors={"response_sd": {"fixed": 2.0}})
    numbers = {each.parameter.name: each.numbers for each in rescaled(model, 0.5).priors}
    assert numbers == {
        "baseline_mean": (10.0, 1.0),
        "baseline_sd": (1.5, 0.3),
        "response_sd": (2.0, 0.0),
        "correlation": (3.0, 0.0),
        "residual_sd": (0.75, 0.3),
        "change": (-3.0, 1.0),
        "half_time": (2.5, 0.5),
    }


# ---- weights and verdicts


def test_weighted_draws_are_those_of_the_scaled_normal() -> None:
    """N(1, 2^2) to the power 3/2 is N(1, 4 / 1.5)."""
    draws = np.random.default_rng(1).normal(1.0, 2.0, (4, 5000))
    weights, khat = smoothed(0.5 * stats.norm.logpdf(draws, 1.0, 2.0))
    assert khat < MAX_PARETO_K
    for kind in ("effect", "count", "event"):
        drawn = draws > 2.0 if kind == "event" else draws
        quantity = Quantity("x", drawn, "u", "", kind=kind)  # type: ignore[arg-type]
        row = tell(Variant("v", {("x", "nan"): quantity}, weights, khat), ("x", "nan"), quantity, 0.8)
        exact = stats.norm(1.0, 2.0 / 1.5**0.5)
        assert row["route"] == "importance"
        truth = exact.sf(2.0) if kind == "event" else 1.0
        assert abs(float(str(row["estimate"])) - truth) < 4.0 * float(str(row["mcse"]))
        if kind != "event":
            np.testing.assert_allclose([row["lower"], row["upper"]], exact.ppf([0.1, 0.9]), atol=0.08)


@pytest.mark.parametrize(
    ("share", "move", "psense", "event", "said"),
    [
        (0.2, 0.5, 0.049, False, "data-led"),
        (0.21, 0.5, 0.0, False, "shared"),
        (0.2, 0.51, 0.0, False, "shared"),
        (0.2, 0.1, 0.05, False, "shared"),
        (0.49, 0.99, 0.5, False, "shared"),
        (0.5, 0.0, 0.0, False, "prior-led"),
        (0.21, 1.0, 0.0, False, "prior-led"),
        (0.1, 1.5, 0.0, False, "shared"),
        (1.2, 0.0, 0.0, False, "prior-led"),
        (0.1, 0.1, float("nan"), False, "data-led"),
        (float("nan"), 0.05, 0.9, True, "data-led"),
        (float("nan"), 0.1, 0.0, True, "shared"),
        (float("nan"), 0.2, 0.0, True, "prior-led"),
    ],
)
def test_verdicts(share: float, move: float, psense: float, event: bool, said: str) -> None:
    assert verdict(share, move, psense, event=event) == said


def test_a_fit_that_did_not_pass_is_refused() -> None:
    model = spec("linear")
    tree = drawn_tree(model, made(simulated(), model), diverging=3)
    with pytest.raises(FitError, match="did not pass its gate; fit it with more draws"):
        sensitivity(tree)
    with pytest.raises(FitError, match=r"write 0\.90 for 90%"):
        sensitivity(tree, ci_prob=90)


# ---- sampled


@pytest.fixture(scope="module")
def pinned_tree() -> xr.DataTree:
    return fit(pinned(), made(simulated(), pinned()), seed=1, cores=2)


@pytest.fixture(scope="module")
def found(pinned_tree: xr.DataTree) -> Sensitivity:
    return sensitivity(pinned_tree, seed=2, cores=2)


@pytest.mark.mcmc
def test_share_and_worth_in_patients_are_those_of_the_normal_posterior(found: Sensitivity) -> None:
    row = found.table.set_index("estimand").loc["mean_change"]
    _, covariance = normal_posterior(simulated())
    share = covariance[1, 1] / CHANGE[1] ** 2
    # A variance of some 3000 effective draws, over one of 4000, is known to 3.5%.
    assert float(row["share"]) == pytest.approx(share, rel=0.15)
    assert float(row["patients"]) == pytest.approx(6.0 * share / (1.0 - share), rel=0.2)
    assert (found.patients, found.table["verdict"].isin(["data-led", "shared", "prior-led"]).all()) == (
        6,
        True,
    )


@pytest.mark.mcmc
def test_every_variant_is_its_closed_form(found: Sensitivity) -> None:
    """Prior scales halved are the prior to the power 4 here, where all scales are pinned."""
    y = simulated()
    exact = {
        "prior scales halved": normal_posterior(y, prior_power=4.0),
        "prior scales doubled": normal_posterior(y, prior_power=0.25),
        "prior to the power 0.5": normal_posterior(y, prior_power=0.5),
        "prior to the power 2": normal_posterior(y, prior_power=2.0),
        "likelihood to the power 0.5": normal_posterior(y, power=0.5),
        "likelihood to the power 2": normal_posterior(y, power=2.0),
    }
    rows = found.variants[found.variants["estimand"] == "mean_change"].set_index("variant")
    assert set(rows.index) == set(exact)
    assert {"re-fit", "importance"} == set(rows["route"])
    assert rows["passed"].all()
    for name, (mean, covariance) in exact.items():
        row = rows.loc[name]
        assert abs(row["estimate"] - mean[1]) < 4.5 * row["mcse"], name
        lower, upper = stats.norm.ppf([0.05, 0.95], mean[1], covariance[1, 1] ** 0.5)
        np.testing.assert_allclose(
            [row["lower"], row["upper"]], [lower, upper], atol=8.0 * row["mcse"], err_msg=name
        )


@pytest.mark.mcmc
def test_exact_refits_and_importance_weights_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """All SDs unknown. Where weights will do, an exact re-fit in their place says the same."""
    model = spec("linear")
    y = simulated()
    records = grid(model, made(y, model))
    tree = fit(model, made(y, model), seed=1, draws=500, cores=2)
    base = keyed(reported(tree))
    by_weights = {each.name: each for each in variants_module.variants_of(tree, records, base, 1, 2)}
    monkeypatch.setattr(variants_module, "MAX_PARETO_K", -np.inf)
    by_refit = {each.name: each for each in variants_module.variants_of(tree, records, base, 3, 2)}
    compared = 0
    for name, weighted in by_weights.items():
        if weighted.weights is None or weighted.khat > 0.5:
            continue  # where their own error is understated
        assert by_refit[name].weights is None
        for key, quantity in base.items():
            first, second = (tell(each[name], key, quantity, 0.9) for each in (by_weights, by_refit))
            gap = abs(float(str(first["estimate"])) - float(str(second["estimate"])))
            if key[0] == "weeks_to_half_effect":
                continue  # a straight line's is half of the time
            error = np.hypot(float(str(first["mcse"])), float(str(second["mcse"])))
            assert gap < 4.5 * error, (name, key)
            compared += 1
    assert compared > 10


@pytest.mark.mcmc
def test_sensitivities_are_arvizs_and_the_text_has_a_verdict_for_every_estimand(
    pinned_tree: xr.DataTree, found: Sensitivity
) -> None:
    import arviz_stats

    # Of a parameter that is an estimand as it stands: the change at the reference week.
    row = found.table.set_index("estimand").loc["mean_change"]
    for group in ("prior", "likelihood"):
        sense = arviz_stats.psense(pinned_tree, var_names=["change"], group=group)
        assert float(row[f"psense_{group}"]) == pytest.approx(float(sense["change"]))
    text = str(found).splitlines()
    for name, said in zip(found.table["estimand"], found.table["verdict"], strict=True):
        assert any(line.startswith(str(name)) and line.endswith(str(said)) for line in text)


@pytest.mark.mcmc
def test_cells_whose_likelihood_cannot_be_halved_are_said_so() -> None:
    """Wide cells in a model of which everything else is pinned: the draws' weights will not do by decree."""
    model = spec("linear", rounding=2.0)
    rows = [
        (PATIENTS[i], week, 2.0 * round(value / 2.0))
        for i, row in enumerate(np.abs(simulated()))
        for week, value in zip((0, 4, 8, 16, 24), row, strict=True)
        if value == value
    ]
    tree = fit(model, cohort(rows, model), seed=1, draws=500, cores=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(variants_module, "MAX_PARETO_K", -np.inf)
        told = sensitivity(tree, seed=1, cores=2)
    lost = told.variants[told.variants["route"] == "none"]
    assert set(lost["variant"]) == {"likelihood to the power 0.5"}
    assert lost["estimate"].isna().all()
    assert "Neither importance weights nor an exact re-fit will do: likelihood to the power 0.5." in str(told)
    assert "Fitted again, as importance weights would not do: prior to the power 0.5" in str(told)
