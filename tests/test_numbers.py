"""Packed numbers: the same density as with every number under its name, whatever is swapped in afterwards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pymc as pm
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.inference.compile import compiled_once
from ra_bayes.model import load_model
from ra_bayes.model.build import build, data, structure
from ra_bayes.model.joint_build import build_joint
from ra_bayes.model.joint_reader import load_joint_model
from ra_bayes.model.joint_structure import make_joint_records
from ra_bayes.model.numbers import declare, layout, pack
from ra_bayes.model.records import grid
from ra_bayes.resources import data_dir


@pytest.fixture(scope="module")
def six() -> Cohort:
    return read_cohort(data_dir() / "synthetic_cohort.csv")


def densities(model: pm.Model, seed: int) -> list[float]:
    """The log density at the start and at random points."""
    rng = np.random.default_rng(seed)
    start = model.initial_point()
    log_density = model.compile_logp(mode="FAST_COMPILE")
    points = [
        {name: spread * rng.normal(size=np.shape(each)) for name, each in start.items()}
        for spread in (0.0, 0.5, 1.0)
    ]
    return [float(log_density(point)) for point in points]


def test_a_packed_model_takes_the_numbers_of_another_page(six: Cohort) -> None:
    first, second = load_model("sdai"), load_model("il17")
    assert structure(first, grid(first, six)) == structure(second, grid(second, six))
    model = build(first, grid(first, six), packed=True)
    assert [each.name for each in model.data_vars] == ["real", "whole"]
    for page in (first, second):  # il17 has records below its limit, sdai has none
        pm.set_data(pack(data(page, grid(page, six))), model=model)
        named = build(page, grid(page, six))
        assert densities(model, 1) == pytest.approx(densities(named, 1), rel=1e-12)
        twice = data(page, grid(page, six), repeat=2)
        pm.set_data(pack(twice), model=model)
        pm.set_data(twice, model=named)
        assert densities(model, 2) == pytest.approx(densities(named, 2), rel=1e-12)


def test_a_packed_joint_model_has_the_same_density(six: Cohort) -> None:
    records = make_joint_records(load_joint_model("records"), six, ("vas", "il10"))
    assert densities(build_joint(records, packed=True), 3) == pytest.approx(
        densities(build_joint(records), 3), rel=1e-12
    )


def test_numbers_of_another_layout_are_compiled_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ra_bayes.inference.compile._cache_folder", lambda: tmp_path)

    def make(numbers: dict[str, np.ndarray]) -> pm.Model:
        with pm.Model() as model:
            held = declare(numbers, packed=True)
            pm.Normal("x", held["centre"].sum(), held["scale"][0])
        return model

    scale = {"scale": np.array([1.5])}
    whole, real = {"centre": np.array([1, 2]), **scale}, {"centre": np.array([1.0, 2.0]), **scale}
    assert layout(whole) != layout(real)
    ready = [compiled_once("test", lambda each=each: make(each), each) for each in (whole, real)]
    assert ready[0].compiled_logp_func is not ready[1].compiled_logp_func
    again = compiled_once("test", lambda: pytest.fail("compiled again"), {"centre": np.array([3.0]), **scale})
    assert again.compiled_logp_func is ready[1].compiled_logp_func


arrays = hnp.arrays(
    st.sampled_from([np.dtype(float), np.dtype(np.int64)]),
    hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3),
    fill=st.just(0),
)


@given(st.dictionaries(st.sampled_from("abcdef"), arrays, max_size=6))
def test_every_array_can_be_cut_out_of_the_vectors(given: dict[str, np.ndarray]) -> None:
    vectors = pack(given)
    for place, (array, (_, kind, _)) in enumerate(zip(given.values(), layout(given), strict=True)):
        begin, end = vectors["whole"][2 * place : 2 * place + 2]
        np.testing.assert_array_equal(vectors[kind][begin:end].reshape(array.shape), array)
