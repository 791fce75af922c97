"""Longitudinal design pages through their engines: fast against sampled, data so far, kill and resume."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from ra_bayes.cli import main
from ra_bayes.cohort import read_cohort
from ra_bayes.errors import RaBayesError
from ra_bayes.mixtures import normal
from ra_bayes.planning.assurance import assurance_curve, decisions
from ra_bayes.planning.characteristics import characteristics
from ra_bayes.planning.design_prior import Spread, elicited_effect
from ra_bayes.planning.design_reader import read_design
from ra_bayes.planning.engines import Settings, stopping
from ra_bayes.planning.interim import interim

PAGE = """
schema = 1
title = "Pain, all visits"
n = 24
allocation = [1, 1]
[endpoint]
outcome = "vas"
kind = "longitudinal"
week = 24
visits = [0, 12, 24]
[conduct]
dropout = 0.1
[scales]
page = "vas"
[[success]]
below = 0.0
probability = 0.9
[truth]
null = 0.0
alternative = -20.0
[sizes]
from = 12
to = 48
step = 12
"""
TWO_LOOKS = PAGE.replace("allocation", "looks = [12, 24]\nallocation") + (
    "[[futility]]\nbelow = 0.0\nprobability = 0.3\n"
)


def page(text: str = PAGE):
    return read_design(text, name="page")


def test_power_is_near_that_of_the_change_alone_and_above_it() -> None:
    # Every visit tells more than the first and last: at least the t test's power, less what dropout takes.
    rows, _ = characteristics(page(PAGE.replace("dropout = 0.1", "")), seed=1, settings=Settings(4000))
    change = read_design(
        PAGE.replace('kind = "longitudinal"\n', "")
        .replace("visits = [0, 12, 24]\n", "")
        .replace("[conduct]\ndropout = 0.1\n", ""),
        name="change",
    )
    alone, _ = characteristics(change, seed=1)
    power, alone_power = rows[0]["p_success"], alone[0]["p_success"]
    assert alone_power - 0.01 < power < alone_power + 0.15


def test_many_truths_are_as_good_as_each() -> None:
    design = page(TWO_LOOKS)
    effect = np.linspace(-40.0, 20.0, 80)
    same = {name: np.full(80, value) for name, value in design.truth.scales.items()}
    near = stopping(design, {"effect": effect, **same}, seed=1, settings=Settings(4000))
    few = {name: each[::16] for name, each in {"effect": effect, **same}.items()}
    direct = stopping(design, few, seed=1, settings=Settings(4000))
    np.testing.assert_allclose(near.p_success[::16], direct.p_success, atol=4e-3)


def test_the_curve_agrees_with_each_size() -> None:
    design = page()
    prior = elicited_effect(
        normal(-15.0, 8.0), spread=Spread(17, 20, 0, 10), source="test", against_control=True
    )
    rows = assurance_curve(design, prior, [12, 24, 48], seed=1)
    for row in rows:
        found = decisions(design.at(row["n"]), prior, seed=2, settings=Settings(4000))
        assert row["assurance"] == pytest.approx(found["assurance"], abs=4 * row["mcse"] + 0.006)
    assert rows[0]["assurance"] < rows[1]["assurance"] < rows[2]["assurance"] < rows[0]["ceiling"]


def records(n: int, *, last: int) -> pd.DataFrame:
    """Patients by turns in either arm; those from `last` on have not had their last visit."""
    rng = np.random.default_rng(4)
    rows = []
    for k in range(n):
        arm, level = ("treated", "control")[k % 2], rng.normal(65, 10)
        for week, share in ((0, 0.0), (12, 0.7), (24, 1.0)):
            if week == 24 and k >= last:
                continue
            value = level - 25.0 * share * (k % 2 == 0) + rng.normal(0, 8)
            rows.append((f"S{k}", week, "vas", float(np.clip(np.round(value), 1, 99)), "mm", arm, "yes"))
    return pd.DataFrame(rows, columns=["patient", "week", "outcome", "value", "unit", "arm", "synthetic"])


def test_the_data_so_far_count_whoever_is_still_in() -> None:
    design = page(TWO_LOOKS)
    found = interim(design, read_cohort(records(16, last=12)), seed=1)
    assert found.n == (6, 6)
    assert found.planned
    assert "Treated: 8 entered, 6 seen to the end." in str(found)
    assert 0.5 < found.predictive_probability < 1.0
    without = interim(design, read_cohort(records(12, last=12)), seed=1)
    assert without.predictive_probability != found.predictive_probability


def test_records_that_the_analysis_cannot_take_are_named() -> None:
    table = records(16, last=12)
    table.loc[table.index[1], "week"] = 6
    with pytest.raises(RaBayesError, match=r"row 3: week 6 is no visit of page; it has weeks 0, 12, 24"):
        interim(page(), read_cohort(table), seed=1)


@pytest.mark.mcmc
def test_sampled_trials_agree_with_the_fast_engine_and_are_kept(tmp_path) -> None:
    design = page(PAGE.replace("n = 24", "n = 12").replace("-20.0", "-30.0"))
    told = []
    settings = Settings(12, "nuts", tmp_path / "trials", None, lambda *each: told.append(each))
    truths = design.truths((-30.0,))
    first = stopping(design, truths, seed=5, settings=settings)
    assert told[0][:2] == (0, 2)
    assert told[-1][:2] == (2, 2)
    kept = sorted((tmp_path / "trials").iterdir())
    assert len(kept) == 2
    # One batch is lost, as by a kill: what is left is read, the rest done anew, and the numbers are the same.
    kept[1].unlink()
    again = stopping(design, truths, seed=5, settings=settings)
    np.testing.assert_array_equal(first.success, again.success)
    fast = stopping(design, truths, seed=1)
    error = np.hypot(first.p_success_mcse, 0.1)
    assert abs(first.p_success - fast.p_success) < 4.0 * error
    assert first.engine.startswith("NUTS: 12 simulated trials a truth")


def test_a_predictive_criterion_is_not_sampled() -> None:
    text = TWO_LOOKS.replace("below = 0.0\nprobability = 0.3", 'basis = "predictive"\nprobability = 0.1')
    with pytest.raises(RaBayesError, match="nuts works out posterior criteria only"):
        stopping(page(text), page(text).truths((0.0,)), seed=1, settings=Settings(10, "nuts"))


def test_the_command_line_plans_it(tmp_path) -> None:
    file = tmp_path / "pain.toml"
    file.write_text(TWO_LOOKS, encoding="utf-8")
    done = CliRunner().invoke(main, ["plan", str(file), "--json", "--trials", "500"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["boundaries"] == []
    assert found["characteristics"][0]["engine"].startswith("integrated Gaussian longitudinal model")
    assert found["characteristics"][0]["width_mcse"] > 0.0
    assert found["design_prior"] is None
