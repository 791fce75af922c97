"""Models of the same records compared: closed forms, brute force in clinical units, ArviZ on one tree."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import arviz_stats
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from pages import cohort, spec
from scipy import integrate, stats
from six_by_five import (
    CHANGE,
    LEVEL_SD,
    MEAN,
    NOISE,
    PATIENTS,
    WEEKS,
    made,
    normal_posterior,
    pinned,
    simulated,
)
from trees import drawn_tree

from ra_bayes.comparison.compare import compare
from ra_bayes.comparison.comparison import Comparison
from ra_bayes.comparison.comparison_text import findings_of
from ra_bayes.comparison.records_left_out import log_density_of_record, records_left_out
from ra_bayes.comparison.same_records import same_records
from ra_bayes.errors import FitError
from ra_bayes.inference import fit
from ra_bayes.inference.refit import records_of, without_records
from ra_bayes.model import ModelSpec
from ra_bayes.model.spec_reader import read_spec
from ra_bayes.tree import provenance, with_provenance

MAX_Z = 4.5

module = sys.modules["ra_bayes.comparison.records_left_out"]


# ---- one scale


def expected(at: xr.Dataset) -> float:
    """mu at one draw, patient and visit."""
    return float(at["patient_level"] + at["mean_change"] + at["patient_response"] * at["response_shape"])


def brute_force(model: ModelSpec, value: float, mu: float, sigma: float) -> float:
    """The density of a value in clinical units: the slope of Pr(y* <= value), by differences."""

    def below(y: float) -> float:
        return float(stats.norm.cdf(float(model.link.forward(y)), mu, sigma))

    step = 1e-5 * value
    return (below(value + step) - below(value - step)) / (2.0 * step)


LINKED: dict[str, dict[str, Any]] = {
    "identity": {},
    "log": {},
    "sqrt": {},
    "logit": {
        "outcome": {"id": "x", "label": "X", "unit": "u", "lower": 0.0, "upper": 60.0, "benefit": "decrease"}
    },
}


@pytest.mark.parametrize("link", LINKED)
@pytest.mark.parametrize("rounding", [0.0, 1.0])
def test_the_likelihood_of_a_record_is_its_density_in_clinical_units_under_every_link(
    link: str, rounding: float
) -> None:
    """Points by the slope of the distribution function, cells by its differences, whatever the link."""
    model = spec("linear", link=link, rounding=rounding, bounds="open", **LINKED[link])
    rows = [
        ("0", 0, 9.0),
        ("0", 4, 7.0, ">"),
        ("0", 8, 8.5),
        ("0", 16, 5.0, "<"),
        ("1", 0, 30.0),
        ("1", 24, 12.0),
    ]
    tree = drawn_tree(model, cohort(rows, model))
    records, posterior = records_of(tree), tree["posterior"].to_dataset()
    for patient, week, value, *limit in rows:
        i, j = records.patients.index(patient), int(np.flatnonzero(records.weeks == week)[0])
        found = log_density_of_record(tree, records, i, j)
        for draw in (0, 100, 200):
            at = posterior.isel(chain=1, draw=draw, patient=i, visit=j)
            mu = float(
                at["patient_level"] + at["mean_change"] + at["patient_response"] * at["response_shape"]
            )
            sigma = float(at["residual_sd"])
            if limit or rounding:
                ends = (
                    (-np.inf, value)
                    if limit == ["<"]
                    else (value, np.inf)
                    if limit
                    else (value - 0.5, value + 0.5)
                )
                low, high = (float(model.link.forward(end)) if np.isfinite(end) else end for end in ends)
                exact = stats.norm.cdf(high, mu, sigma) - stats.norm.cdf(low, mu, sigma)
            else:
                exact = brute_force(model, value, mu, sigma)
            # Prior draws of a log link may put the value out of reach: nothing is left to compare there.
            if exact > 1e-8:
                assert found[1, draw] == pytest.approx(np.log(exact), rel=1e-3)


def test_under_every_link_densities_and_cells_of_a_record_add_up_to_one() -> None:
    """Below a limit, or a density above it, is all that can be recorded: else links could not compete."""
    for link, keys in LINKED.items():
        model = spec("linear", link=link, **keys)
        rows = [("0", 0, 9.0), ("0", 24, 5.0, "<"), ("1", 24, 8.0)]
        tree = drawn_tree(model, cohort(rows, model))
        records = records_of(tree)
        at = tree["posterior"].to_dataset().isel(chain=0, draw=0, patient=0, visit=1)
        mu = expected(at)
        sigma = float(at["residual_sd"])
        below = np.exp(log_density_of_record(tree, records, 0, 1)[0, 0])
        high = float(model.link.inverse(mu + 9.0 * sigma))

        def density(y: float, model: ModelSpec = model, mu: float = mu, sigma: float = sigma) -> float:
            return float(
                stats.norm.pdf(float(model.link.forward(y)), mu, sigma) * np.exp(model.link.log_slope(y))
            )

        middle = float(model.link.inverse(mu))
        points = sorted({each for each in (middle,) if 5.0 < each < high})
        above = integrate.quad(density, 5.0, max(high, 5.0 + 1e-9), points=points, limit=500)[0]
        assert below + above == pytest.approx(1.0, abs=1e-5)


# ---- what is refused


def two(
    first: ModelSpec, other: ModelSpec, rows: list[tuple[Any, ...]] | None = None
) -> dict[str, xr.DataTree]:
    told = rows or [("0", 0, 9.0), ("0", 24, 5.0), ("1", 0, 8.0), ("1", 24, 0.0)]
    return {"one": drawn_tree(first, cohort(told, first)), "two": drawn_tree(other, cohort(told, other))}


def test_what_is_not_of_the_same_records_is_refused_in_a_sentence() -> None:
    model, rounded = spec("linear"), spec("linear", rounding=1.0)
    other = {"id": "z", "label": "Z", "unit": "u", "lower": 0.0, "benefit": "decrease"}
    open_below = spec("linear", bounds="open below")
    y = simulated() + 5.0
    moved = {"one": drawn_tree(model, made(y, model)), "two": drawn_tree(model, made(y + 1.0, model))}
    one = next(iter(two(model, model).values()))
    bare = one.copy()
    del bare["log_likelihood"]
    failed = drawn_tree(model, cohort([("0", 0, 9.0), ("1", 24, 5.0)], model), diverging=3)
    for trees, message in (
        ({"one": one}, "nothing to compare one fit with"),
        (two(model, spec("linear", outcome=other)), "'one' is of x in u and 'two' of z in u"),
        (moved, "of the cohort made and 'two' of another"),
        (two(model, rounded), "is a point for 'one' and the interval 8.5 to 9.5 for 'two'"),
        (
            two(rounded, spec("linear", rounding=0.5)),
            "the interval 8.5 to 9.5 for 'one' and the interval 8.75",
        ),
        (
            two(model, open_below),
            "0 of patient 1 at week 24 is a point for 'one' and the interval -inf to 0",
        ),
        # Under sqrt a 0 stands for all that is not above it: a probability where identity has a density.
        (two(model, spec("linear", link="sqrt")), "give the model pages the same rounding and bounds"),
        ({"one": one, "two": bare}, "'two' holds no log likelihood"),
        ({"one": failed, "two": failed}, "'one' did not pass its gate"),
    ):
        with pytest.raises(FitError, match=message):
            same_records(trees)
    with pytest.raises(FitError, match=r"write 0\.90 for 90%"):
        compare({"one": one, "two": one}, ci_prob=90.0)
    alone = drawn_tree(model, cohort([("0", 0, 9.0), ("0", 24, 5.0)], model))
    with pytest.raises(FitError, match="a cohort of two or more"):
        compare({"one": alone, "two": alone})


def test_what_is_the_same_event_in_other_words_is_taken() -> None:
    """A 0 within a rounding step, a 0 at an open bound: identity, log and sqrt agree on what it says."""
    rows = [("0", 0, 9.0), ("0", 24, 5.0, "<"), ("1", 0, 8.0), ("1", 24, 0.0)]
    cells = {"rounding": 1.0}
    same_records(two(spec("linear", **cells), spec("visits", link="log", **cells), rows))
    same_records(two(spec("linear", **cells), spec("linear", link="sqrt", **cells), rows))
    same_records(
        two(spec("linear", bounds="open below"), spec("linear", link="sqrt", bounds="open below"), rows)
    )


# ---- weights of draws, without sampling


@pytest.fixture(scope="module")
def tree() -> xr.DataTree:
    return fit(pinned(), made(simulated(), pinned()), seed=1, cores=2)


@pytest.mark.mcmc
def test_records_without_a_refit_are_those_of_arviz(tree: xr.DataTree) -> None:
    found = records_left_out(tree, cores=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = arviz_stats.loo(tree, pointwise=True)
    np.testing.assert_allclose(found["pareto_k"], theirs.pareto_k.values, rtol=1e-9)
    kept = ~found["refitted"].to_numpy()
    np.testing.assert_allclose(found["elpd"][kept], theirs.elpd_i.values[kept], rtol=1e-9)
    assert (found["refitted"] == (theirs.pareto_k.values > theirs.good_k)).all()
    lppd = found["elpd"] + found["p"]
    assert lppd.sum() - theirs.elpd_i.values.sum() == pytest.approx(theirs.p, rel=1e-9)


def record_given_others(y: np.ndarray, i: int, j: int) -> float:
    """The log density of a record given all others, everything normal: from two joint densities.

    Level and slope of the population integrated out, so all records are jointly normal.
    """

    def joint(values: np.ndarray) -> float:
        at = np.argwhere(~np.isnan(values))
        x = np.column_stack([np.ones(len(at)), WEEKS[at[:, 1]] / 24.0])
        same = at[:, 0][:, None] == at[:, 0]
        cov = (
            x @ np.diag([MEAN[1] ** 2, CHANGE[1] ** 2]) @ x.T
            + LEVEL_SD**2 * same
            + NOISE**2 * np.eye(len(at))
        )
        return float(stats.multivariate_normal.logpdf(values[tuple(at.T)], x @ [MEAN[0], CHANGE[0]], cov))

    without = y.copy()
    without[i, j] = np.nan
    return joint(y) - joint(without)


@pytest.mark.mcmc
def test_every_record_by_weights_and_by_an_exact_refit_is_the_closed_form(
    tree: xr.DataTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    y = records_of(tree).value
    by_weights = records_left_out(tree, cores=2)
    # The six records with the worst k are fitted without.
    monkeypatch.setattr(module, "MAX_PARETO_K", float(by_weights["pareto_k"].nlargest(7).iloc[-1]))
    by_refits = records_left_out(tree, cores=2)
    assert by_refits["refitted"].sum() == 6
    assert by_refits["passed"].all()
    for found in (by_weights, by_refits):
        for row in found.to_dict("records"):
            i, j = PATIENTS.index(row["patient"]), int(np.flatnonzero(row["week"] == WEEKS)[0])
            assert row["value"] == y[i, j]
            exact = record_given_others(y, i, j)
            assert abs(row["elpd"] - exact) < MAX_Z * row["elpd_mcse"], (row, exact)
            assert row["elpd_mcse"] < 0.2


@pytest.mark.mcmc
def test_a_refit_without_a_record_below_a_limit_agrees_with_brute_force() -> None:
    """One unknown of the population, its change; a level for each patient: integrated on grids."""
    priors = {"baseline_sd": {"fixed": 3.0}, "response_sd": {"fixed": 0.0}, "correlation": None}
    priors |= {"residual_sd": {"fixed": 1.5}, "baseline_mean": {"median": 10.0, "sd": 0.01}}
    model = spec("linear", priors=priors)
    rows: list[tuple[Any, ...]] = [("0", 0, 9.0), ("0", 24, 6.5), ("1", 0, 12.0), ("1", 24, 5.0, "<")]
    rows += [("2", 0, 10.5), ("2", 24, 7.0, "<"), *(("3", week, 8.0) for week in (4, 8, 16))]
    rows += [("4", 0, 10.0), ("5", 0, 13.0)]
    whole = fit(model, cohort(rows, model), seed=1, cores=2)
    change, level = np.meshgrid(np.linspace(-15.0, 9.0, 241), np.linspace(-14.0, 14.0, 281), indexing="ij")

    def posterior(told: list[tuple[Any, ...]]) -> float:
        """Pr(these records), but for a factor common to all sets of them."""
        density = stats.norm.pdf(change[:, 0], *CHANGE)
        for patient in PATIENTS:
            own = stats.norm.pdf(level, 0.0, 3.0)
            for _, week, value, *limit in filter(lambda row: row[0] == patient, told):
                mu = 10.0 + level + change * week / 24.0
                own = own * (stats.norm.cdf(value, mu, 1.5) if limit else stats.norm.pdf(value, mu, 1.5))
            density = density * own.sum(axis=1)
        return float(density.sum())

    exact = float(np.log(posterior(rows) / posterior([row for row in rows if row != ("1", 24, 5.0, "<")])))
    records = records_of(whole)
    i, j = 1, int(np.flatnonzero(records.weeks == 24.0)[0])
    value, error, passed = module._refitted(whole, records, i, j, 5, 2)
    assert passed
    assert abs(value - exact) < MAX_Z * error
    assert error < 0.05
    masked = np.zeros(records.shape, dtype=bool)
    masked[i, j] = True
    left = without_records(records, masked)
    assert np.isnan(left.value[i, j])
    assert left.kind[i, j] == 0
    assert (left.kind != records.kind).sum() == 1
    # The grid given is not written to.
    assert records.kind[i, j] != 0


# ---- the whole of it


@pytest.fixture(scope="module")
def trees(tree: xr.DataTree) -> dict[str, xr.DataTree]:
    """The model that made the records, and one that thinks nobody changes."""
    stays = pinned().toml.replace("median = -3.0\nsd = 2.0", "median = 0.0\nsd = 0.05")
    model = read_spec(stays, name="nobody changes")
    return {"nobody": fit(model, made(simulated(), model), seed=2, cores=2), "line": tree}


@pytest.fixture(scope="module")
def found(trees: dict[str, xr.DataTree]) -> Comparison:
    return compare(trees, seed=3, cores=2)


def patient_given_others(y: np.ndarray, i: int) -> float:
    mean, covariance = normal_posterior(np.delete(y, i, axis=0))
    seen = ~np.isnan(y[i])
    x = np.column_stack([np.ones(seen.sum()), WEEKS[seen] / 24.0])
    own = LEVEL_SD**2 + NOISE**2 * np.eye(seen.sum())
    return float(stats.multivariate_normal.logpdf(y[i, seen], x @ mean, x @ covariance @ x.T + own))


@pytest.mark.mcmc
def test_a_comparison_is_the_closed_form_by_patient_and_by_record(found: Comparison) -> None:
    y = simulated()
    models = found.models.set_index("model")
    assert list(models.index) == ["line", "nobody"]
    by_patient = sum(patient_given_others(y, i) for i in range(6))
    by_record = sum(record_given_others(y, i, j) for i, j in np.argwhere(~np.isnan(y)))
    line = models.loc["line"]
    assert abs(line["elpd"] - by_patient) < MAX_Z * line["elpd_mcse"]
    assert abs(line["record_elpd"] - by_record) < MAX_Z * line["record_elpd_mcse"]
    other = models.loc["nobody"]
    wide = found.patients.pivot(index="patient", columns="model", values="elpd")
    d = (wide["nobody"] - wide["line"]).to_numpy()
    assert other["diff"] == pytest.approx(d.sum())
    assert other["se"] == pytest.approx(np.sqrt(6.0) * d.std(ddof=1))
    half = stats.t.ppf(0.95, 5) * other["se"]
    assert (other["lower"], other["upper"]) == pytest.approx((d.sum() - half, d.sum() + half))
    # Records of a patient go together: their SE is over patients too.
    own = found.records.groupby(["patient", "model"])["elpd"].sum().unstack()
    assert other["record_se"] == pytest.approx(np.sqrt(6.0) * (own["nobody"] - own["line"]).std(ddof=1))
    assert other["diff"] < -4.0
    assert found.weights == {"line": 1.0, "nobody": 0.0}
    assert line["refits"] == found.records.query("model == 'line'")["refitted"].sum()
    assert (models["passed"]).all()


@pytest.mark.mcmc
def test_the_text_tells_what_is_shown_and_what_six_patients_cannot(found: Comparison) -> None:
    text = str(found)
    assert "x: 2 models of 28 records of 6 patients of made" in text
    assert "With 6 patients each SE is itself unsure by about 32%" in " ".join(text.split())
    assert "line predicts patients better than nobody" in text
    assert max(map(len, text.splitlines())) < 150


def test_a_small_difference_is_never_called_shown_and_noise_is_named() -> None:
    base = {"weight": 0.5, "ci_prob": 0.9, "passed": True, "upper": -0.5, "synthetic": True}
    models = pd.DataFrame(
        [{"model": "a", "diff": 0.0, **base}, {"model": "b", "diff": -2.0, **base, "passed": False}]
    )
    patients = pd.DataFrame(
        [
            {"model": m, "patient": p, "elpd_mcse": 0.5 if (m, p) == ("b", "7") else 0.0}
            for m in "ab"
            for p in "678"
        ]
    )
    said = " ".join(findings_of(models, patients))
    assert "That a predicts patients better than b is not shown" in said
    assert "not to be relied on: 7 under b" in said
    assert "A re-fit of b did not pass its gate" in said


def test_each_fit_is_asked_with_its_own_seed_and_told_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    model = spec("linear")
    trees = two(model, spec("visits"), [("0", 0, 9.0), ("0", 24, 5.0), ("1", 0, 8.0), ("1", 24, 3.0)])
    trees = {
        name: with_provenance(each, {**provenance(each), "sampling": {"draws": 250, "chains": 4}})
        for name, each in trees.items()
    }

    def again(spec_: ModelSpec, *_: Any, **__: Any) -> xr.DataTree:
        return trees["one" if spec_.shape == "linear" else "two"]

    monkeypatch.setattr(module, "refit", again)
    monkeypatch.setattr(sys.modules["ra_bayes.trust.leave_one_out"], "refit", again)
    asked: list[str] = []
    found = compare(trees, step=asked.append)
    assert asked == ["one", "two"]
    assert set(found.models["trajectory"]) == {"linear", "visits"}
    assert len(found.records) == 8
    assert len(found.patients) == 4
    best = found.patients[found.patients["model"] == found.models["model"].iloc[0]]
    assert (best["diff"] == 0.0).all()
    assert sum(found.weights.values()) == pytest.approx(1.0)
