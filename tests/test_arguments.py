"""An argument that is something else than was meant is refused in one sentence that says what to give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import xarray as xr

import ra_bayes as rb

COHORT = rb.data_dir() / "synthetic_cohort.csv"
WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "swapped": (lambda: rb.fit(rb.read_cohort(COHORT), rb.load_model("sdai"), seed=1), "not Cohort"),
    "name of a model": (lambda: rb.fit("sdai", rb.read_cohort(COHORT), seed=1), "rb.load_model"),
    "path of a table": (lambda: rb.fit(rb.load_model("sdai"), COHORT, seed=1), "rb.read_cohort"),
    "joint model": (
        lambda: rb.fit(rb.load_joint_model("records"), rb.read_cohort(COHORT), seed=1),
        "rb.fit_joint",
    ),
    "one model for several": (
        lambda: rb.fit_joint(rb.load_model("sdai"), rb.read_cohort(COHORT), ("sdai", "crp"), seed=1),
        "rb.load_joint_model",
    ),
    "script": (lambda: rb.as_pymc_script("sdai", rb.read_cohort(COHORT)), "rb.load_model"),
    "calibrate": (lambda: rb.calibrate("sdai", seed=1), "rb.load_model"),
    "no whole seed": (
        lambda: rb.fit(rb.load_model("sdai"), rb.read_cohort(COHORT), seed=1.5),
        r"seed=1\.5 is no seed",
    ),
    "seed below 0": (
        lambda: rb.fit(rb.load_model("sdai"), rb.read_cohort(COHORT), seed=-1),
        "seed=-1 is no seed",
    ),
    "path of a fit": (lambda: rb.estimands("results/sdai/posterior.nc"), r"rb\.load\(path\)"),
    "figure of several": (lambda: rb.figures.forest([xr.DataTree()]), "not list"),
    "table of a cohort": (lambda: rb.tables.estimands(rb.read_cohort(COHORT)), "not Cohort"),
    "no tree saved": (lambda: rb.save(rb.read_cohort(COHORT), "a.nc"), "not Cohort"),
    "no names": (lambda: rb.compare([xr.DataTree(), xr.DataTree()]), "give them by name"),
    "arm of a path": (lambda: rb.of_arm("results/sdai/posterior.nc", "cells"), r"rb\.load\(path\)"),
    "checks of a cohort": (lambda: rb.predictive_checks(rb.read_cohort(COHORT)), "not Cohort"),
    "rates of a cohort": (lambda: rb.response_rates(rb.read_cohort(COHORT)), "rb.read_publication"),
    "harm of a path": (lambda: rb.published_safety("paper.toml"), "rb.read_publication"),
    "no table saved": (lambda: rb.tables.save(rb.read_cohort(COHORT), "a.csv"), "rb.tables.estimands"),
    "plan": (lambda: rb.make_plan("acr20_one_arm", seed=1), "rb.load_design"),
    "characteristics": (lambda: rb.operating_characteristics("acr20_one_arm", seed=1), "rb.load_design"),
    "sample size": (lambda: rb.sample_size("acr20_one_arm", 0.8, seed=1), "rb.load_design"),
    "decide": (lambda: rb.decide("acr20_one_arm", xr.DataTree()), "rb.load_design"),
    "interim": (lambda: rb.interim("acr20_one_arm", rb.read_cohort(COHORT), seed=1), "rb.load_design"),
    "interim of a path": (
        lambda: rb.interim(rb.load_design("acr20_one_arm"), COHORT, seed=1),
        "rb.read_cohort",
    ),
    "baseline of a path": (lambda: rb.tables.baseline(COHORT), "rb.read_cohort"),
    "design prior": (lambda: rb.design_prior("acr20_one_arm"), "rb.load_design"),
    "assurance": (
        lambda: rb.assurance(rb.load_design("acr20_one_arm"), xr.DataTree(), seed=1),
        r"rb\.design_prior\(design, tree\)",
    ),
    "assurance of a name": (lambda: rb.assurance("acr20_one_arm", xr.DataTree(), seed=1), "rb.load_design"),
    "a rate and a mean": (
        lambda: rb.mixtures.p_greater(rb.mixtures.normal(0.3, 0.1), rb.mixtures.UNIFORM),
        r"a rate must be of type BetaMixture, not NormalMixture",
    ),
    "difference of rates as of means": (
        lambda: rb.mixtures.difference_of_means(rb.mixtures.UNIFORM, rb.mixtures.UNIFORM),
        r"rb\.mixtures\.normal\(mean, sd\)",
    ),
    "ratio of rates": (
        lambda: rb.mixtures.p_ratio_below(rb.mixtures.UNIFORM, rb.mixtures.UNIFORM, 2.0),
        r"rb\.mixtures\.gamma\(a, b\)",
    ),
    "interval in percent": (
        lambda: rb.mixtures.difference_interval(rb.mixtures.UNIFORM, rb.mixtures.JEFFREYS, 90),
        "write 0.90 for 90%",
    ),
    "a flat list of counts": (lambda: rb.map_prior([4, 6]), "not by 4; of each give patients with the event"),
}


@pytest.mark.parametrize("case", WRONG)
def test_something_else_is_refused(case: str) -> None:
    call, said = WRONG[case]
    with pytest.raises(rb.RaBayesError, match=said) as caught:
        call()
    assert "; " in str(caught.value)
    assert "\n" not in str(caught.value)
