"""Figures of models compared and of checks by visit and patient: what is drawn is what the tables say."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from comparisons_of_models import NAMES, models_compared
from drawn import fitted
from table_inputs import shipped
from trees import drawn_tree

from ra_bayes.comparison.comparison import Comparison, mark_of
from ra_bayes.comparison.predictive_checks import predictive_checks
from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.check_by_visit import check_by_visit
from ra_bayes.figures.draw_folder import draw_folder, missing
from ra_bayes.figures.model_comparison import model_comparison
from ra_bayes.model import load_model
from ra_bayes.results import find_comparisons, find_results, save_comparison, save_result


def marks(figure: Canvas, panel: int, gid: str) -> np.ndarray:
    found = [line for line in figure.axes[panel].lines if line.get_gid() == gid]
    return np.array([xy for line in found for xy in zip(line.get_xdata(), line.get_ydata(), strict=True)])


def test_differences_patients_and_weights_stand_where_the_tables_have_them() -> None:
    comparison = models_compared()
    figure = model_comparison(comparison)
    models, patients = comparison.models, comparison.patients
    np.testing.assert_allclose(marks(figure, 0, "by-patient")[:, 0], models["diff"])
    np.testing.assert_allclose(marks(figure, 0, "by-record")[:, 0], models["record_diff"])
    spans = [
        each.get_segments()[0][:, 0]
        for each in figure.axes[0].collections
        if each.get_gid() == "by-patient-interval"
    ]
    np.testing.assert_allclose(spans, models[["lower", "upper"]].iloc[1:])
    drawn = marks(figure, 1, "patient")
    np.testing.assert_allclose(drawn[:, 0], patients.loc[patients["model"] != NAMES[0], "diff"])
    # A patient's mark lies within its model's row.
    assert (np.abs(drawn[:, 1] - np.repeat([1, 2], 6)) < 0.5).all()
    bars = [each.get_width() for each in figure.axes[2].patches]
    np.testing.assert_allclose(bars, models["weight"])
    assert "6 patients" in figure.alt
    assert f"visits predicts best, with an elpd of −{-models['elpd'].iloc[0]:.1f}" in figure.alt


@pytest.mark.parametrize("patients", [2, 12, 30])
def test_any_number_of_patients_is_drawn(patients: int) -> None:
    figure = model_comparison(models_compared(patients))
    assert len(marks(figure, 1, "patient")) == 2 * patients
    assert (figure.axes[1].get_legend() is None) == (patients > 12)


@pytest.mark.parametrize("model", ["vas", "tnf_alpha", "acr20"])
def test_every_group_stands_over_its_interval_and_what_is_far_is_open(model: str) -> None:
    tree = fitted(model)
    table, figure = predictive_checks(tree), check_by_visit(tree)
    first = table["statistic"].iloc[0]
    own = table[(table["by"] == "visit") & (table["statistic"] == first)]
    drawn = np.concatenate([marks(figure, 0, gid).reshape(-1, 2) for gid in ("recorded", "far")])
    np.testing.assert_allclose(sorted(drawn[:, 1]), sorted(own["recorded"]))
    far = int(((own["p"] < 0.05) | (own["p"] > 0.95)).sum())
    assert len(marks(figure, 0, "far")) == far
    (bars,) = (each for each in figure.axes[0].collections if each.get_gid() == "interval")
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    np.testing.assert_allclose(ends, own[["lower", "upper"]])
    assert re.search(rf"{len(table)} statistics over their 90% posterior predictive interval", figure.alt)
    with pytest.raises(RaBayesError, match="is not a probability"):
        check_by_visit(tree, ci_prob=90.0)


def test_names_of_many_patients_do_not_run_into_each_other() -> None:
    many = replace(
        shipped(),
        records=tuple(
            each._replace(patient=f"R{k}{each.patient[-1]}") for k in range(4) for each in shipped().records
        ),
    )
    figure = check_by_visit(drawn_tree(load_model("vas"), many))
    figure.canvas.draw()
    axes = next(each for each in figure.axes if each.get_xlabel() == "Patient")
    named = [each for each in axes.get_xticklabels() if each.get_text()]
    boxes = sorted((each.get_window_extent() for each in named), key=lambda box: box.x0)
    assert len(axes.get_xticks()) == 24
    assert len(boxes) > 6
    assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))


def test_a_folder_with_a_comparison_draws_it_until_a_fit_is_another(tmp_path: Path) -> None:
    for model in ("sdai", "vas"):
        save_result(fitted(model), tmp_path)
    found, only = find_results(tmp_path), ["model-comparison"]
    (lacking,) = missing(found, tmp_path, (), only)
    assert "run ra-bayes compare FILE --model A --model B" in lacking
    made, named = models_compared(), dict(zip(NAMES, ("sdai", "vas"), strict=False))
    models, patients = (
        each[each["model"].isin(named)].assign(model=lambda table: table["model"].map(named))
        for each in (made.models, made.patients)
    )
    models["fit"] = [mark_of(found.fits[name].tree) for name in models["model"]]
    save_comparison(Comparison(models, patients, made.records), patients, tmp_path)
    assert find_comparisons(tmp_path)["sdai"].stale(found.fits) == []
    (drawn,) = draw_folder(found, tmp_path, tmp_path / "drawn", only=only, formats=("png",))
    assert drawn.source == "comparison-sdai"
    assert drawn.files[0].name == "comparison-sdai-model-comparison.png"
    models.loc[1, "fit"] = "another"
    save_comparison(Comparison(models, patients, made.records), patients, tmp_path)
    assert find_comparisons(tmp_path)["sdai"].stale(found.fits) == ["vas"]
    with pytest.raises(RaBayesError, match="nothing to draw"):
        draw_folder(found, tmp_path, tmp_path / "drawn", only=only)
