"""Figures of sampler, calibration and trust: what is drawn is what the tables say; others are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drawn import fit_to_print, fitted, lines, one, words
from matplotlib.axes import Axes
from matplotlib.patches import StepPatch
from trust_tables import FLIPS, VARIANTS, trust_tables

from ra_bayes.calibration import Certificate, read_certificate
from ra_bayes.comparison.observed import observed
from ra_bayes.errors import RaBayesError
from ra_bayes.figures.beyond_placebo import beyond_placebo
from ra_bayes.figures.calibration_coverage import calibration_coverage
from ra_bayes.figures.calibration_ranks import calibration_ranks, ecdf_difference
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.journals import journal
from ra_bayes.figures.leave_one_out import leave_one_out
from ra_bayes.figures.sampler import rank_counts, sampler
from ra_bayes.figures.sensitivity import sensitivity
from ra_bayes.figures.tipping_point import tipping_point
from ra_bayes.resources import models_dir
from ra_bayes.results import read_trust, save_trust
from ra_bayes.tree import spec_of
from ra_bayes.trust.assessment import Assessment


@cache
def certificate(name: str) -> Certificate:
    return read_certificate(models_dir() / "certificates" / f"{name}.json")


def left_out(model: str, **changed: pd.DataFrame) -> Canvas:
    tables = {**trust_tables(model), **changed}
    asked = tables.get("left_out_decisions")
    return leave_one_out(fitted(model), tables["left_out_patients"], tables["left_out_records"], asked)


@pytest.mark.parametrize("name", ["ard", "bmc", "house"])
def test_numbers_of_a_row_of_patients_left_out_keep_apart(name: str) -> None:
    tables = trust_tables("haq")
    sure = tables["left_out_decisions"].assign(probability=0.999)
    wide = tables["left_out_patients"].assign(lower=-0.98, estimate=-0.6, upper=-0.2)
    with journal(name):
        figure = left_out("haq", left_out_decisions=sure, left_out_patients=wide)
        figure.canvas.draw()
        rows: dict[float, list[Any]] = {}
        for text in figure.axes[1].texts:
            if text.get_text():
                rows.setdefault(text.get_position()[1], []).append(text.get_window_extent())
    assert len(rows) > 6
    for boxes in rows.values():
        told = sorted(boxes, key=lambda box: box.x0)
        assert all(left.x1 < right.x0 for left, right in pairwise(told))


def sensitive(model: str) -> Canvas:
    tables = trust_tables(model)
    return sensitivity(fitted(model), tables["sensitivity"], tables["variants"])


def tipping(model: str) -> Canvas:
    tables = trust_tables(model)
    return tipping_point(fitted(model), tables["not_at_random"], tables["tipping_points"])


def placebo(model: str) -> Canvas:
    return beyond_placebo(fitted(model), trust_tables(model)["beyond_placebo"])


DRAWN: dict[str, tuple[Callable[[str], Canvas], tuple[str, ...]]] = {
    "sampler": (lambda model: sampler(fitted(model)), ("vas", "acr20")),
    "leave_one_out": (left_out, ("vas", "tnf_alpha", "acr20")),
    "sensitivity": (sensitive, ("vas", "tnf_alpha")),
    "tipping_point": (tipping, ("vas", "tnf_alpha")),
    "beyond_placebo": (placebo, ("vas",)),
    "calibration_ranks": (lambda model: calibration_ranks(certificate(model)), ("vas", "acr20")),
    "calibration_coverage": (lambda model: calibration_coverage(certificate(model)), ("il10", "acr20")),
}


@pytest.mark.parametrize("name", DRAWN)
def test_every_figure_fits_its_paper_and_tells_its_numbers_in_words(name: str) -> None:
    draw, models = DRAWN[name]
    # In the house's sizes; the gallery's tests draw them for journals.
    for model in models:
        figure = draw(model)
        fit_to_print(figure)
        assert "patients" in figure.alt


def panel(figure: Canvas, title: str) -> Axes:
    (found,) = [axes for axes in figure.axes if axes.get_title(loc="left").replace("\n", " ") == title]
    return found


def points(axes: Axes, gid: str) -> list[tuple[float, float]]:
    return [
        (float(x), float(y))
        for line in lines(axes, gid)
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]


# ---------------------------------------------------------------------------------------------- sampler


def test_ranks_of_a_stuck_chain_pile_up_and_of_equal_chains_do_not() -> None:
    rng = np.random.default_rng(1)
    draws = rng.normal(size=(4, 500))
    counts = rank_counts(draws, bins=10)
    assert counts.sum(axis=1).tolist() == [500] * 4
    assert counts.sum(axis=0).tolist() == [200] * 10
    # By definition: how many of all draws are smaller.
    rank = (draws[:, :, None, None] > draws).sum(axis=(2, 3))
    assert counts[2].tolist() == [int(((rank[2] * 10) // 2000 == bin_).sum()) for bin_ in range(10)]
    draws[0] += 100.0
    assert rank_counts(draws, bins=4)[0].tolist() == [0, 0, 0, 500]


def test_the_sampler_is_drawn_by_chain_and_its_energy_is_the_trees() -> None:
    tree = fitted("vas")
    figure = sampler(tree)
    axes = panel(figure, "Baseline mean")
    outlines = [each for each in axes.patches if each.get_gid() == "outline"]
    drawn = [np.asarray(each.get_data().values) for each in outlines if isinstance(each, StepPatch)]
    counts = rank_counts(tree["posterior"]["baseline_mean"].values)
    level = counts.mean()
    for chain, heights in enumerate(drawn):
        np.testing.assert_allclose(heights - 1.9 * (3 - chain), counts[chain] / level)
    energy = tree["sample_stats"]["energy"].values
    bfmi = [np.mean(np.diff(chain) ** 2) / np.var(chain) for chain in energy]
    assert panel(figure, "Energy").get_xlabel() == f"E-BFMI {min(bfmi):.2f} (lowest chain)"


def test_weighted_draws_have_no_chains_to_draw() -> None:
    tree = fitted("vas").copy()
    del tree["sample_stats"]
    with pytest.raises(RaBayesError, match="no chains of a sampler, so none to compare; give a fit"):
        sampler(tree)


# ------------------------------------------------------------------------------------------ calibration


def test_the_ecdf_difference_is_the_empirical_distribution_less_the_uniform() -> None:
    ranks = np.array([0, 3, 3, 50, 99])
    found = ecdf_difference(ranks)
    for k in (1, 3, 4, 51, 99):
        assert found[k - 1] == pytest.approx((ranks < k).mean() - k / 100.0)


def test_ranks_that_pile_up_at_the_ends_leave_the_band_and_are_said_to() -> None:
    whole = certificate("vas")
    # The exact p-value of many ranks takes its time.
    few = {name: whole.ranks[name][:200] for name in ("baseline_sd", "walk_sd")}
    sound = replace(whole, ranks=few, means=whole.means[:200])
    edges = np.array([0, 99] * 100)
    figure = calibration_ranks(replace(sound, ranks={**few, "walk_sd": edges}))
    broken = one(panel(figure, "Walk SD"), "ranks")
    np.testing.assert_allclose(broken.get_ydata(), ecdf_difference(edges))
    assert broken.get_linewidth() > one(panel(figure, "Baseline SD"), "ranks").get_linewidth()
    (band,) = [each for each in panel(figure, "Walk SD").collections if each.get_gid() == "band"]
    upper = band.get_paths()[0].vertices[:, 1].max()
    assert np.abs(np.asarray(broken.get_ydata())).max() > upper
    assert "not walk_sd" in figure.footer.replace("\n", " ")
    with pytest.raises(RaBayesError, match="has no ranks; make one with n_sim=1000"):
        calibration_ranks(replace(sound, ranks={}))


def test_coverage_width_and_decisions_are_the_certificates() -> None:
    found = certificate("vas")
    figure = calibration_coverage(found)
    names = [*dict.fromkeys(row["truth_name"] for row in found.rows)]
    row = next(
        each for each in found.rows
        if (each["data"], each["method"], each["truth_name"]) == ("late onset", "this model", names[1])
    )  # fmt: skip
    # Rows of panels are ways of making data, the last one late onset; columns are truths, width, decision.
    own = figure.axes[10:15]
    assert row["coverage"] is not None
    assert row["width"] is not None
    drawn = points(own[1], "coverage this model")
    assert [y for _, y in drawn] == pytest.approx(
        [c - p for c, p in zip(row["coverage"], (0.5, 0.8, 0.9, 0.95), strict=True)]
    )
    assert points(own[3], "width this model")[1][1] == pytest.approx(row["width"][2])
    assert points(own[4], "declared this model")[1][1] == pytest.approx(row["declared"])
    error = lines(own[4], "declared this model error")[1].get_ydata()
    assert float(np.ptp(np.asarray(error))) == pytest.approx(2 * 1.96 * row["declared_mcse"])
    # The rank test has no interval, but decides.
    assert not points(own[3], "width Wilcoxon signed rank")
    assert len(points(own[4], "declared Wilcoxon signed rank")) == 3
    assert [text.get_text() for text in figure.legends[0].texts].count("paired t-test") == 1
    with pytest.raises(RaBayesError, match="no cohorts of fixed truths; make one with per_truth=100"):
        calibration_coverage(replace(found, rows=()))


# ---------------------------------------------------------------------------------------- leave one out


def test_everybody_and_each_patient_left_out_are_the_tables_rows() -> None:
    table = trust_tables("vas")["left_out_patients"]
    figure = left_out("vas")
    forest = figure.axes[0]
    assert [x for x, _ in points(forest, "estimate")] == table["estimate"].tolist()
    ends = [tuple(line.get_xdata()) for line in lines(forest, "interval")]
    assert ends == [*zip(table["lower"], table["upper"], strict=True)]
    flipped = table.loc[table["patient"] == FLIPS, "estimate"].iloc[0]
    assert [x for x, _ in points(forest, "flip")] == [flipped]
    said = words(figure)
    assert said.count("flips") == 1
    assert said.count("same*") == 1
    labels = [text.get_text() for text in forest.get_yticklabels()]
    assert labels[:3] == ["Everybody", "without SYN-1", "without SYN-2 †"]
    assert f"flips without {FLIPS}" in figure.alt


def test_pits_and_predictions_are_the_tables_and_what_was_seen_is_the_fits() -> None:
    records = trust_tables("tnf_alpha")["left_out_records"]
    figure = left_out("tnf_alpha")
    pits = figure.axes[2]
    assert [x for x, _ in points(pits, "pit")] == records["pit"].dropna().tolist()
    spread = records[records["pit_upper"] > records["pit_lower"]]
    assert len(spread) == len(lines(pits, "pit interval")) > 0
    seen = observed(fitted("tnf_alpha"), spec_of(fitted("tnf_alpha")))
    axes = panel(figure, "SYN-2")
    own = records[records["patient"] == "SYN-2"]
    assert one(axes, "predicted").get_ydata() == pytest.approx(own["predicted"].to_numpy())
    drawn = [y for gid in ("record", "below", "above") for _, y in points(axes, gid)]
    assert sorted(drawn) == sorted(seen.value[1][seen.made[1]])
    (band,) = [each for each in axes.collections if each.get_gid() == "band"]
    assert band.get_datalim(axes.transData).y1 == pytest.approx(own["upper"].max())


def test_a_yes_or_no_has_no_pits_and_no_band() -> None:
    figure = left_out("acr20")
    assert not [axes for axes in figure.axes if lines(axes, "pit")]
    assert not panel(figure, "SYN-1").collections
    assert "decision" not in words(figure)


def test_of_many_patients_those_are_drawn_who_matter_most() -> None:
    with journal("slides"):
        figure = left_out("vas")
    assert len(lines(figure.axes[0], "estimate")) == 7
    from ra_bayes.figures.left_out_rows import least_expected, rows_of

    table = trust_tables("vas")["left_out_patients"]
    names = tuple(table["patient"][1:])
    moved = table.assign(estimate=[0.0, 1.0, -9.0, 2.0, 3.0, 8.0, 0.0])
    assert [row.patient for row in rows_of(moved, None, names, 2)] == ["", names[1], names[4]]
    worst = table.assign(elpd=[np.nan, -1.0, -9.0, -2.0, -3.0, -8.0, -1.0])
    assert least_expected(worst, 2) == [names[1], names[4]]


def test_another_fits_tables_are_refused() -> None:
    tables = trust_tables("vas")
    records = tables["left_out_records"]
    with pytest.raises(RaBayesError, match=r"no column 'elpd'; give those of rb\.leave_one_out"):
        left_out("vas", left_out_patients=tables["left_out_patients"].drop(columns="elpd"))
    with pytest.raises(RaBayesError, match=r"no rows; give those of rb\.leave_one_out"):
        left_out("vas", left_out_records=records[:0])
    with pytest.raises(RaBayesError, match="records of SYN-1 in the table are not those of this fit of vas"):
        left_out("vas", left_out_records=records.assign(value=1.0))
    strange = tables["left_out_patients"].replace("SYN-3", "somebody")
    with pytest.raises(RaBayesError, match="patients left out is not of this fit of vas; give those"):
        left_out("vas", left_out_patients=strange)


# ------------------------------------------------------------------------------------------ sensitivity


def test_every_estimand_has_its_variants_and_its_verdict() -> None:
    tables = trust_tables("vas")
    figure = sensitive("vas")
    assert len(figure.axes) == len(tables["sensitivity"])
    for axes, (_, entry) in zip(figure.axes, tables["sensitivity"].iterrows(), strict=True):
        own = tables["variants"].query("estimand == @entry.estimand")
        drawn = [x for x, _ in points(axes, "estimate")]
        assert drawn == pytest.approx([entry["estimate"], *own["estimate"]])
        ends = [tuple(line.get_xdata()) for line in lines(axes, "interval")]
        assert (not ends) == np.isnan(entry["lower"])
        if ends:
            assert ends[1:] == [*zip(own["lower"], own["upper"], strict=True)]
        (said,) = [text.get_text() for text in axes.texts if text.get_gid() == "verdict"]
        assert said == entry["verdict"]
    filled = {line.get_markerfacecolor() for line in lines(figure.axes[0], "estimate")}
    assert "white" in filled
    assert len(filled) == 3
    assert "Dotted: that re-fit did not pass its gate." in figure.footer.replace("\n", " ")


def test_what_neither_weights_nor_a_refit_can_tell_is_said() -> None:
    figure = sensitive("tnf_alpha")
    assert words(figure).count("not known") == len(figure.axes)
    with journal("slides"):
        few = sensitive("vas")
    assert f"Drawn are the first {len(few.axes)} of {len(trust_tables('vas')['sensitivity'])} estimands" in (
        few.footer.replace("\n", " ")
    )


def test_variants_of_other_estimands_are_refused() -> None:
    tables = trust_tables("vas")
    other = tables["variants"].query("estimand != 'mean_change'")
    with pytest.raises(RaBayesError, match=r"has nothing of mean_change; give those of rb\.sensitivity"):
        sensitivity(fitted("vas"), tables["sensitivity"], other)
    assert len(VARIANTS) == 6


# ---------------------------------------------------------------------------------------- tipping point


def test_the_curve_passes_through_the_tipping_point_and_the_tables_shifts() -> None:
    tables = trust_tables("vas")
    figure = tipping("vas")
    change, chance = figure.axes[1], figure.axes[3]
    own = tables["not_at_random"].query("estimand == 'mean_change' and scheme == 'delta'")
    assert points(change, "median") == [*zip(own["delta"], own["estimate"], strict=True)]
    assert points(chance, "benefit told") == [*zip(own["delta"], own["p_benefit"], strict=True)]
    point = tables["tipping_points"].set_index("estimand").loc["mean_change"]
    assert points(chance, "tipping point") == [(point["tipping_point"], 0.95)]
    assert (point["tipping_point"], 0.95) in points(chance, "benefit")
    ends = one(chance, "tipping error").get_xdata()
    assert float(np.ptp(np.asarray(ends))) == pytest.approx(2 * 1.96 * point["mcse"])
    jump = tables["not_at_random"].query("estimand == 'mean_change' and scheme != 'delta'").iloc[0]
    assert [y for _, y in points(change, "jump")] == [jump["estimate"]]
    assert points(change, "jump")[0][0] > own["delta"].max()


def test_a_tipping_point_far_away_is_told_and_not_drawn() -> None:
    figure = tipping("vas")
    assert not lines(figure.axes[2], "tipping point")
    assert figure.axes[2].get_title(loc="left").startswith("Below 0.95 from 200.0 mm (20.0 MCIDs)")
    ratio = tipping("tnf_alpha")
    assert ratio.axes[2].get_xscale() == "log"
    assert not lines(ratio.axes[0], "jump")
    assert "placebo" not in [text.get_text() for text in ratio.axes[2].get_xticklabels()]


def test_without_a_conclusion_or_anybody_unseen_it_says_so() -> None:
    tables = trust_tables("vas")
    none = tables["tipping_points"].assign(tipping_point=np.nan, mcse=np.nan, in_mcids=np.nan, p_benefit=0.4)
    figure = tipping_point(fitted("vas"), tables["not_at_random"], none)
    assert figure.axes[2].get_title(loc="left") == "No conclusion to undo: P(benefit) is 0.40, not 0.95"
    all_seen = tables["not_at_random"].assign(unseen=0)
    with pytest.raises(RaBayesError, match="nothing to draw: vas: no patient is lost to week 24"):
        tipping_point(fitted("vas"), all_seen, tables["tipping_points"])
    with pytest.raises(RaBayesError, match=r"the table is of vas, the fit of haq; give those of rb\.missing"):
        tipping_point(fitted("haq"), tables["not_at_random"], tables["tipping_points"])


# --------------------------------------------------------------------------------------- beyond placebo


def test_the_change_is_drawn_with_and_without_placebo_as_the_table_has_it() -> None:
    table = trust_tables("vas")["beyond_placebo"]
    axes = placebo("vas").axes[0]
    assert [x for x, _ in points(axes, "change")] == table["estimate"].tolist()
    taken = table[table["placebo"].notna()]
    assert [x for x, _ in points(axes, "placebo")] == taken["placebo"].tolist()
    ends = [tuple(line.get_xdata()) for line in lines(axes, "placebo interval")]
    assert ends == [*zip(taken["placebo_lower"], taken["placebo_upper"], strict=True)]


def test_without_a_placebo_change_the_reason_is_told() -> None:
    with pytest.raises(
        RaBayesError, match="no placebo change to take off: mean changes on file are differences"
    ):
        placebo("tnf_alpha")
    with pytest.raises(RaBayesError, match="the table is of vas, the fit of haq; give what"):
        beyond_placebo(fitted("haq"), trust_tables("vas")["beyond_placebo"])


# ------------------------------------------------------------------------------------------ as stored


def test_stored_tables_draw_the_same_figures(tmp_path: Path) -> None:
    (tmp_path / "vas").mkdir()
    save_trust(Assessment(trust_tables("vas"), "in words"), tmp_path, "vas")
    found = read_trust(tmp_path, "vas")
    assert found is not None
    stored, tree = found.tables, fitted("vas")
    again = [
        leave_one_out(
            tree, stored["left_out_patients"], stored["left_out_records"], stored["left_out_decisions"]
        ),
        sensitivity(tree, stored["sensitivity"], stored["variants"]),
        tipping_point(tree, stored["not_at_random"], stored["tipping_points"]),
        beyond_placebo(tree, stored["beyond_placebo"]),
    ]
    for first, second in zip((left_out, sensitive, tipping, placebo), again, strict=True):
        made = first("vas")
        assert made.alt == second.alt
        assert made.footer == second.footer
        assert words(made) == words(second)
