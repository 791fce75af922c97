"""Patients integrated out of a joint model: by the records' covariance, which scores of patients make up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from joint_cohorts import joint, priors, two
from numpy.typing import NDArray
from scipy import special, stats
from test_joint_pieces import arms_and_covariates
from test_joint_pieces import records_of as arms_records
from test_joint_records import MATRIX, log_density, mixed, raw_of, records_of

from ra_bayes.inference.fit_joint import LARGE, attempts
from ra_bayes.model.joint_build import build_joint
from ra_bayes.model.joint_draws import outcome_values, to_joint_values, with_patients
from ra_bayes.model.joint_structure import JointRecords
from ra_bayes.model.joint_ties import lkj_shapes
from ra_bayes.model.joint_values import population_values
from ra_bayes.model.likelihoods import CELL, MISSED
from ra_bayes.model.namespace import NUMPY

type Array = NDArray[np.float64]
type Draws = dict[str, Array]


def mixed_records() -> JointRecords:
    """Two kinds of measured outcomes, one that is met or not, cells of every sort, a visit missed."""
    of = mixed()
    return records_of(joint(of, change={"centre": "placebo"}, **priors()), of, censored=True)


def with_walk() -> JointRecords:
    of = two("visits")
    return records_of(joint(of, **priors()), of, censored=True)


def of_a_trial() -> JointRecords:
    """Two arms, covariates of levels and of changes, outcomes that are measured and one that is not."""
    return arms_records(arms_and_covariates(), **priors())


def unstructured() -> JointRecords:
    """Every correlation free, of a trial with covariates and of outcomes that are met or not."""
    return arms_records(arms_and_covariates(), **MATRIX)


def a_point(records: JointRecords, seed: int) -> tuple[Any, Draws]:
    """The model, and a point of what it samples."""
    model, rng = build_joint(records, "integrated"), np.random.default_rng(seed)
    return model, {name: 0.7 * rng.normal(size=np.shape(v)) for name, v in model.initial_point().items()}


def patients_of(records: JointRecords) -> dict[str, tuple[int, ...]]:
    measured, patients = records.measured, len(records.patients)
    if records.matrix:
        rest = 2 * len(records.pages) - measured
        return {"patient_level_z": (measured, patients), "patient_score_z": (rest, patients)}
    shapes = {"baseline_factor": (patients,), "responder_factor": (patients,)}
    shapes |= {"patient_level_z": (measured, patients), "patient_response_z": (measured, patients)}
    if measured < len(records.pages):
        shapes["rate_level_z"] = len(records.pages) - measured, patients
    return shapes


def steps_of(records: JointRecords, raw: Draws) -> Draws:
    """Steps of the walks that are sampled themselves: divided by their scale, in units of its median."""
    found = {}
    for place, kind in enumerate(records.kinds):
        if f"{place}_walk_c" in raw:
            sdlog = [page.prior("walk_sd").numbers[1] for page in records.pages[kind.places]]
            scale = np.exp(sdlog * raw[f"{place}_walk_sd_z"])
            found[f"{place}_walk_step"] = raw[f"{place}_walk_c"] / scale[:, None]
    return found


def moments(records: JointRecords, raw: Draws, patient: int) -> tuple[Array, Array, dict[str, Array]]:
    """Mean of a patient's records on the grids, and what each of their scores adds to it.

    Each score in turn is 1 and all others are 0, in the model in which patients are sampled as scores.
    """
    shapes = patients_of(records)
    own = raw | steps_of(records, raw)

    def expected(scores: Draws) -> Array:
        values = to_joint_values(records, {name: each[None] for name, each in (own | scores).items()})
        return np.stack(
            [outcome_values(records, values, k)["expected"][0, patient] for k in range(len(records.pages))]
        )

    nothing = {name: np.zeros(shape) for name, shape in shapes.items()}
    middle, moved = expected(nothing), {}
    for name, shape in shapes.items():
        for k in range(shape[0] if len(shape) > 1 else 1):
            one = np.zeros(shape)
            one[(k, patient) if len(shape) > 1 else patient] = 1.0
            moved[f"{name} {k}"] = expected({**nothing, name: one}) - middle
    return middle, np.stack([each.ravel() for each in moved.values()]), moved


def places(records: JointRecords, inside: Array) -> tuple[Array, float]:
    """Records with the latent values of cells, by definition; and the log of how far they move."""
    low, high, kind = (
        np.stack([getattr(g, name) for g in records.grids]) for name in ("low", "high", "kind")
    )
    unit = np.repeat([page.prior("residual_sd").numbers[0] for page in records.pages], low[0].size)

    def where(x: Array) -> Array:
        value = low.ravel().copy()
        for at, each in zip(np.flatnonzero(kind == CELL), x, strict=True):
            start, end = low.ravel()[at], high.ravel()[at]
            if start < -1e9:
                value[at] = end - unit[at] * np.log1p(np.exp(each))
            elif end > 1e9:
                value[at] = start + unit[at] * np.log1p(np.exp(each))
            else:
                value[at] = start + (end - start) * special.expit(each)
        return value

    cells = np.flatnonzero(kind == CELL)
    slope = (where(inside + 1e-5) - where(inside - 1e-5))[cells] / 2e-5
    return where(inside).reshape(low.shape), float(np.log(np.abs(slope)).sum())


def noise_of(records: JointRecords, raw: Draws) -> Array:
    median, sdlog = np.array([page.prior("residual_sd").numbers for page in records.pages]).T
    return np.asarray(median * np.exp(sdlog * raw["residual_sd_z"]))


@pytest.mark.parametrize("made", [mixed_records, with_walk, of_a_trial, unstructured])
def test_the_density_is_the_normal_one_of_records(made: Any) -> None:
    records = made()
    kind = np.stack([each.kind for each in records.grids])
    assert (kind == CELL).any()
    assert (kind == MISSED).any()
    model, point = a_point(records, 1)
    raw = raw_of(point)
    concentration = np.array([page.prior("correlation").numbers[0] for page in records.pages])
    total = stats.beta.logpdf(raw["correlation_u"], concentration, concentration).sum()
    if records.matrix:
        shapes = lkj_shapes(2 * len(records.pages), 1.5)
        total += stats.beta.logpdf(raw["partial_u"], shapes, shapes).sum()
    other = ("correlation_u", "partial_u", "inside")
    plain = [name for name in raw if name not in other and not name.endswith("walk_c")]
    total += sum(stats.norm.logpdf(raw[name]).sum() for name in plain)
    for name, steps in steps_of(records, raw).items():
        scale = raw[name.replace("walk_step", "walk_c")] / steps
        total += stats.norm.logpdf(steps).sum() - np.log(scale).sum()
    value, moved = places(records, raw["inside"])
    total += moved
    sd = np.repeat(noise_of(records, raw)[:, None], records.weeks.size, axis=1).ravel()
    for i in range(len(records.patients)):
        middle, across, _ = moments(records, raw, i)
        seen = (kind[:, i] != MISSED).ravel()
        cov = (across.T @ across + np.diag(sd**2))[np.ix_(seen, seen)]
        total += stats.multivariate_normal.logpdf(value[:, i].ravel()[seen], middle.ravel()[seen], cov)
    assert log_density(model, point) == pytest.approx(total, rel=1e-8)


@pytest.mark.parametrize("made", [mixed_records, of_a_trial, unstructured])
def test_patients_are_drawn_given_the_records(made: Any) -> None:
    """Mean and covariance of one patient's scores over many draws, beside the conditional normal's."""
    records, size, i = made(), 20_000, 1
    _, point = a_point(records, 2)
    raw = raw_of(point)
    many = {name: np.broadcast_to(each, (1, size, *each.shape)) for name, each in raw.items()}
    drawn = with_patients(records, many, np.random.default_rng(3))
    assert "inside" in drawn
    middle, across, names = moments(records, raw, i)
    value, _ = places(records, raw["inside"])
    seen = (np.stack([each.kind[i] for each in records.grids]) != MISSED).ravel()
    sd = np.repeat(noise_of(records, raw)[:, None], records.weeks.size, axis=1).ravel()[seen]
    precision = np.eye(len(across)) + (across[:, seen] / sd**2) @ across[:, seen].T
    cov = np.linalg.inv(precision)
    mean = cov @ (across[:, seen] / sd**2) @ (value[:, i].ravel() - middle.ravel())[seen]
    own = []
    for each in names:
        name, k = each.split()
        own.append(drawn[name][0, :, i] if drawn[name].ndim == 3 else drawn[name][0, :, int(k), i])
    found = np.stack(own)
    spread = np.sqrt(np.diag(cov))
    np.testing.assert_array_less(np.abs(found.mean(axis=1) - mean) / spread * np.sqrt(size), 4.5)
    np.testing.assert_allclose(
        np.cov(found) / np.outer(spread, spread), cov / np.outer(spread, spread), atol=0.05
    )


def test_patients_are_integrated_out_of_large_cohorts() -> None:
    records = mixed_records()
    assert len(records.patients) < LARGE
    assert attempts(records)[0].levels == "centred"
    assert str(attempts(records)[0]).startswith("centred patient levels")


def test_what_is_told_of_the_population_is_left_alone_when_patients_are_drawn() -> None:
    """Mean changes and differences by the population's own variables, effects related or not."""
    of = arms_and_covariates()
    for keys in (priors(), {**priors(), "related": {"correlation": 0.5}}):
        records = arms_records(of, **keys)
        _, point = a_point(records, 4)
        raw = {name: each[None, None] for name, each in raw_of(point).items()}
        numbers = records.data("integrated")
        before = population_values(records, raw, numbers, NUMPY, np.concatenate)
        after = to_joint_values(records, with_patients(records, raw, np.random.default_rng(1)))
        for name in ("mean_change", "effect", "covariate", "baseline_mean"):
            np.testing.assert_allclose(after[name], before[name], err_msg=name)
