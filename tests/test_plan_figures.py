"""The figures of plans, by what is drawn on them: the plan's own numbers, named, without overlap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from drawn import blocks, fit_to_print, lines, one, words
from plans import CEILING, DESIGNS, STEPS, plan, plan_of

from ra_bayes import figures
from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.plan_borrowing import borrowing_of, control_arms
from ra_bayes.figures.plan_marks import apart
from ra_bayes.historical import HistoricalArm, MapPrior, historical_arms, map_prior, robust
from ra_bayes.mixtures import UNIFORM, BetaMixture, beta
from ra_bayes.mixtures.ess import effective_sample_size
from ra_bayes.planning.design_reader import load_design
from ra_bayes.planning.plan import Plan

FIGURES: dict[str, Callable[[Plan], Canvas]] = {
    "assurance": figures.plan_assurance,
    "boundaries": figures.plan_boundaries,
    "characteristics": figures.plan_characteristics,
    "surface": figures.plan_surface,
    "waterfall": figures.plan_waterfall,
}
CASES = [
    (figure, design)
    for figure in FIGURES
    for design in DESIGNS
    if not (figure == "boundaries" and design == "sdai_randomised")
]


@cache
def drawn(figure: str, design: str = "acr20_one_arm", error: float = 0.0) -> Canvas:
    return FIGURES[figure](plan(design, error=error))


@cache
def control() -> tuple[tuple[HistoricalArm, ...], MapPrior, BetaMixture]:
    arms = historical_arms("acr20", "control", week=16).used
    prior = map_prior([(arm.r, arm.n) for arm in arms])
    mixture = prior.mixture()
    assert isinstance(mixture, BetaMixture)
    return arms, prior, robust(mixture)


@pytest.mark.parametrize(("figure", "design"), CASES)
def test_it_is_fit_to_print(figure: str, design: str) -> None:
    # With errors there is more to say.
    canvas = drawn(figure, design, 0.0123)
    fit_to_print(canvas)
    assert plan(design).design.title in canvas.alt


@pytest.mark.parametrize("figure", ["assurance", "characteristics", "waterfall"])
def test_what_is_exact_and_what_is_not_is_said(figure: str) -> None:
    exact, simulated = (drawn(figure, error=error).footer.replace("\n", " ") for error in (0.0, 0.0123))
    assert "Exact: " in exact
    assert "Monte Carlo" not in exact
    assert "Monte Carlo standard error at most 0.012" in simulated
    assert "Exact" not in simulated
    if figure != "waterfall":
        assert "95% Monte Carlo intervals" in simulated


@pytest.mark.parametrize("design", DESIGNS)
def test_curves_over_sizes_are_the_rows(design: str) -> None:
    rows = plan(design).size_curve
    upper, lower = drawn("assurance", design).axes
    for axes, key in ((upper, "power"), (upper, "assurance"), (lower, "alpha")):
        line = one(axes, key)
        np.testing.assert_array_equal(line.get_xdata(), [row["n"] for row in rows])
        np.testing.assert_array_equal(line.get_ydata(), [row[key] for row in rows])
    assert set(one(upper, "ceiling").get_ydata()) == {CEILING}
    assert one(lower, "nominal").get_ydata()[0] == pytest.approx(0.05)


def test_the_smallest_sizes_are_marked_and_named() -> None:
    made = plan()
    figure = drawn("assurance")
    power, none = lines(figure.axes[0], "answer")
    assert (list(power.get_xdata()), list(power.get_ydata())) == (
        [made.answers[0].n],
        [made.answers[0].value],
    )
    assert list(none.get_xdata()) == []
    told = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert told == [f"n = {made.answers[0].n}: power 0.81 (wanted 0.8)", "no size reaches assurance 0.8"]
    assert str(made.answers[1]) in figure.alt


def test_bands_are_two_standard_errors() -> None:
    made = plan(error=0.0123)
    (band, *_) = (
        each for each in drawn("assurance", error=0.0123).axes[0].collections if each.get_gid() == "band"
    )
    heights = band.get_paths()[0].vertices
    for row in made.size_curve:
        at = heights[heights[:, 0] == row["n"], 1]
        ends = row["power"] - 1.96 * 0.0123, row["power"] + 1.96 * 0.0123
        assert (at.min(), at.max()) == pytest.approx(ends)
    assert not [each for each in drawn("assurance").axes[0].collections if each.get_gid() == "band"]


def test_without_a_design_prior_there_is_power_only() -> None:
    bare = plan(prior=False)
    figure = figures.plan_assurance(bare)
    assert lines(figure.axes[0], "assurance") == lines(figure.axes[0], "ceiling") == []
    assert "ssurance" not in figure.footer + figure.alt
    for draw in (figures.plan_surface, figures.plan_waterfall):
        with pytest.raises(RaBayesError, match=r"no design prior; write \[design_prior\]"):
            draw(bare)


@pytest.mark.parametrize("design", DESIGNS)
def test_characteristics_are_the_rows(design: str) -> None:
    made = plan(design)
    upper, lower = drawn("characteristics", design).axes
    for axes, key in ((upper, "p_success"), (upper, "p_futility"), (lower, "expected_n")):
        line = one(axes, key)
        np.testing.assert_array_equal(line.get_xdata(), [row["truth"] for row in made.truth_curve])
        np.testing.assert_array_equal(line.get_ydata(), [row[key] for row in made.truth_curve])
    told = one(upper, "p_success told")
    np.testing.assert_array_equal(told.get_ydata(), [row["p_success"] for row in made.characteristics])
    assert one(upper, "null").get_xdata()[0] == made.design.truth.null
    assert one(lower, "alternative").get_xdata()[0] == made.design.truth.alternative
    assert set(one(lower, "n").get_ydata()) == {made.design.n}


def test_an_important_change_is_drawn_on_the_side_of_benefit() -> None:
    axes = drawn("characteristics", "vas_randomised").axes[0]
    assert one(axes, "MCID").get_xdata()[0] == -10.0
    names = [text.get_text() for text in axes.texts if text.get_gid() == "truth name"]
    assert names == ["alternative −15 mm", "MCID −10 mm", "null 0 mm"]
    assert lines(drawn("characteristics", "acr20_one_arm").axes[0], "MCID") == []


def test_truths_have_their_unit() -> None:
    def label(design: str) -> str:
        return " ".join(drawn("characteristics", design).axes[-1].get_xlabel().split())

    assert label("acr20_one_arm") == "True rate of ACR20 response at week 16"
    assert label("vas_randomised") == "True difference in mean change in Pain (VAS) at week 24 (mm)"
    assert "True control rate 0.24." in drawn("characteristics", "acr20_randomised").footer.replace("\n", " ")


def test_alt_of_characteristics_has_the_numbers() -> None:
    alt = drawn("characteristics").alt
    for row in plan().characteristics:
        assert f"success {row['p_success']:.3f}, futility {row['p_futility']:.3f}" in alt
    assert "at 0.24 (null) success" in alt


def test_one_analysis_has_no_expected_size() -> None:
    design = replace(load_design("acr20_one_arm"), shares=(1.0,))
    figure = figures.plan_characteristics(plan_of(design))
    assert len(figure.axes) == 1
    assert "expected" not in figure.alt


def test_regions_of_counts_part_between_whole_numbers() -> None:
    axes = drawn("boundaries").axes[0]
    # 20 patients: 5 or fewer stop; 40: 15 or more succeed.
    assert blocks(axes) == [
        ("futility", -0.5, 5.5),
        ("continue", 5.5, 20.5),
        ("no success", -0.5, 14.5),
        ("success", 14.5, 40.5),
    ]
    assert [text.get_text() for text in axes.texts] == [
        "≤ 5: stop",
        "continue",
        "≤ 14: no success",
        "≥ 15: success",
    ]
    for said in ("≤ 5: stop", "≥ 15: success"):
        assert said in drawn("boundaries").alt


def test_fewer_events_are_better_where_they_are_harm() -> None:
    made = plan()
    harm = replace(made.design, endpoint=replace(made.design.endpoint, benefit="below"))
    first, last = made.boundaries
    rows = [{**first, "futility": 8, "success": 0}, {**last, "success": 5}]
    figure = figures.plan_boundaries(replace(made, design=harm, boundaries=rows))
    fit_to_print(figure)
    assert [text.get_text() for text in figure.axes[0].texts] == [
        "≥ 8: stop",
        "continue",
        "≤ 0: success",
        "≥ 6: no success",
        "≤ 5: success",
    ]
    edges = {gid: sorted((low, high)) for gid, low, high in blocks(figure.axes[0])[:3]}
    assert edges == {"futility": [7.5, 20.5], "continue": [0.5, 7.5], "success": [-0.5, 0.5]}


def test_boundaries_of_a_mean_change_are_in_its_unit() -> None:
    figure = drawn("boundaries", "vas_randomised")
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == [
        "≥ −1.23 mm: stop",
        "continue",
        "otherwise no success",
        "≤ −8.77 mm: success",
    ]
    assert " ".join(axes.get_ylabel().split()) == "Observed difference in mean change in Pain (VAS) (mm)"
    edges = {gid: sorted((low, high)) for gid, low, high in blocks(axes)}
    assert edges["futility"][0] == -1.234
    assert edges["success"][1] == -8.765


def test_two_arms_of_counts_say_what_the_control_shows() -> None:
    figure = drawn("boundaries", "acr20_randomised")
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == [
        "30\n(control 2 of 10)",
        "60\n(control 5 of 20)",
    ]
    assert "drawn for a control rate of 0.24" in figure.footer.replace("\n", " ")


@pytest.mark.parametrize("looks", [6, 35])
def test_many_looks_have_a_key(looks: int) -> None:
    made = plan()
    sizes = np.linspace(41 - looks if looks > 12 else 10, 40, looks).astype(int)
    rows = [
        {
            "look": k,
            "n": int(n),
            "treated": int(n),
            "control": None,
            "futility": int(n) // 5,
            "success": int(n) // 2,
        }
        for k, n in enumerate(sizes, 1)
    ]
    rows[-1]["futility"] = None
    design = replace(made.design, shares=tuple(float(n) / 40.0 for n in sizes))
    figure = figures.plan_boundaries(replace(made, design=design, boundaries=rows))
    fit_to_print(figure)
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "success",
        "continue",
        "stop for futility",
        "no success",
    ]
    assert sum(gid == "futility" for gid, *_ in blocks(axes)) == looks - 1
    assert bool(axes.texts) == (looks <= 12)


def test_a_rule_without_boundaries_is_refused() -> None:
    with pytest.raises(RaBayesError, match="no boundary in one number at each look"):
        figures.plan_boundaries(plan("sdai_randomised"))


def test_waterfall_bars_are_the_steps() -> None:
    axes, numbers = drawn("waterfall").axes
    after = [line.get_xdata()[0] for line in lines(axes, "after")]
    assert after == [step[1] for step in STEPS]
    assert [line.get_xdata()[0] for line in lines(axes, "ceiling")] == [step[3] for step in STEPS]
    bars = [bar for container in axes.containers for bar in container]
    lost = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars if bar.get_gid() == "lost"]
    assert lost == [pytest.approx((0.75, 0.90)), pytest.approx((0.58, 0.78))]
    (gained,) = (bar for bar in bars if bar.get_gid() == "gained")
    assert sorted((gained.get_x(), gained.get_x() + gained.get_width())) == pytest.approx([0.75, 0.78])
    written = [text.get_text() for text in numbers.texts]
    assert written[3:9] == ["0.90", "", "0.97", "0.75", "−0.15", "0.86"]
    assert "sceptical part, 0.58 (change −0.20), ceiling 0.71" in drawn("waterfall").alt


def test_the_surface_is_the_rows_and_names_its_levels() -> None:
    surface = plan().surface
    assert surface is not None
    figure = drawn("surface")
    axes = figure.axes[0]
    (contours,) = (each for each in axes.collections if each.get_gid() == "level")
    # Where a line of the level 0.5 crosses a row, the row's own numbers interpolate to it.
    level = next(
        path for path, at in zip(contours.get_paths(), contours.levels, strict=True) if abs(at - 0.5) < 1e-9
    )
    heights = np.array(surface["assurance"])
    checked = 0
    for x, y in level.vertices:
        for row, at in zip(heights, surface["y"], strict=True):
            if abs(y - at) < 1e-9:
                assert np.interp(x, surface["x"], row) == pytest.approx(0.5)
                checked += 1
    assert checked >= 3
    assert "0.5" in [text.get_text() for text in axes.texts]
    assert axes.get_xlabel().lower() == surface["x_label"].lower()
    assert "highest, 0.88, at 0.5 and 0.02" in figure.alt


def test_a_flat_surface_says_its_height() -> None:
    made = plan()
    assert made.surface is not None
    flat = {**made.surface, "assurance": np.full((7, 9), 0.25).tolist()}
    axes = figures.plan_surface(replace(made, surface=flat)).axes[0]
    assert axes.get_title(loc="left") == "0.25 everywhere"


def test_the_own_design_prior_is_marked_where_it_is_on_the_map() -> None:
    assert lines(drawn("surface").axes[0], "design prior")
    made = plan()
    assert made.surface is not None
    away = {**made.surface, "x": np.linspace(0.9, 0.95, 9).tolist()}
    figure = figures.plan_surface(replace(made, surface=away))
    assert lines(figure.axes[0], "design prior") == []
    assert "Diamond" not in figure.footer


def test_borrowing_has_every_arm_and_both_priors() -> None:
    arms, prior, used = control()
    figure = figures.plan_borrowing(arms, prior, used)
    fit_to_print(figure)
    axes = figure.axes[0]
    seen = lines(axes, "interval")
    assert len(seen) == len(arms)
    for line, arm in zip(seen, arms, strict=True):
        assert tuple(line.get_xdata()) == UNIFORM.update(arm.r, arm.n).interval(0.90)
    of_new, of_used = lines(axes, "prior interval")
    assert tuple(of_new.get_xdata()) == prior.predictive.interval(0.90)
    assert tuple(of_used.get_xdata()) == used.interval(0.90)
    mixture = prior.mixture()
    told = words(figure)
    assert "71/294, wk 16" in told
    for each in (mixture, used):
        assert f"ESS {effective_sample_size(each):.0f} (elir)" in told
    assert "90% credible interval (equal-tailed)" in figure.footer.replace("\n", " ")
    assert "48/176*, wk 12" in figure.alt


def test_a_plans_borrowing_is_of_its_control_arm_and_its_analysis() -> None:
    design = load_design("acr20_randomised")
    figure = borrowing_of(design)
    arms, prior, _ = control()
    assert len(lines(figure.axes[0], "interval")) == len(arms)
    of_new, of_used = lines(figure.axes[0], "prior interval")
    assert tuple(of_new.get_xdata()) == prior.predictive.interval(0.90)
    # The page says that the trial is to be judged on its own data.
    assert tuple(of_used.get_xdata()) == pytest.approx((0.05, 0.95))
    for other in ("acr20_one_arm", "vas_randomised"):
        assert control_arms(load_design(other)) == ()
        with pytest.raises(RaBayesError, match=f"no two control arms are on file for {other}; give"):
            borrowing_of(load_design(other))


def test_where_elir_does_not_exist_moments_are_told() -> None:
    arms = historical_arms("serious_adverse_event", "msc", week=24).used
    prior = map_prior([(arm.r, arm.n) for arm in arms])
    figure = figures.plan_borrowing(arms, prior, beta(0.5, 11.5))
    fit_to_print(figure)
    assert "ESS 12 (moments)" in words(figure)


def test_borrowing_of_other_arms_is_refused() -> None:
    arms, prior, used = control()
    with pytest.raises(RaBayesError, match="give the same arms"):
        figures.plan_borrowing(arms[1:], prior, used)
    mean = map_prior([(0.0, 1.0), (1.0, 1.0)], family="gaussian", mean=(0.0, 5.0), tau=2.0)
    with pytest.raises(RaBayesError, match="not of a rate"):
        figures.plan_borrowing(arms[:2], mean, used)


def test_a_curve_of_one_point_is_refused() -> None:
    made = plan()
    with pytest.raises(RaBayesError, match=r"write \[sizes\]"):
        figures.plan_assurance(replace(made, size_curve=made.size_curve[:1]))
    with pytest.raises(RaBayesError, match="make it with make_plan"):
        figures.plan_characteristics(replace(made, truth_curve=[]))


def test_names_keep_their_distance_and_their_order() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        places = rng.random(4).tolist()
        moved = apart(places, 0.1, 0.0, 1.0)
        assert sorted(range(4), key=moved.__getitem__) == sorted(range(4), key=places.__getitem__)
        assert min(np.diff(sorted(moved))) >= 0.1 - 1e-12
        assert max(moved) <= 1.0


def test_the_same_plan_gives_the_same_files(tmp_path: Path) -> None:
    for name, draw in FIGURES.items():
        kinds = ("pdf", "png") if name == "boundaries" else ("pdf",)
        first, second = (
            figures.save(draw(plan(error=0.0123)), tmp_path / at / name, kinds) for at in ("a", "b")
        )
        assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
        assert b"/Type3" not in first[0].read_bytes()
