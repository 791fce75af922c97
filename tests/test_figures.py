"""Every figure, by what is drawn on it; no sampling."""

from __future__ import annotations

import io

import numpy as np
import pytest
from drawn import FIGURES, MODELS, PATIENTS, WIDTH, drawn, fitted, lines, one, words
from matplotlib.text import Text
from pages import cohort, spec
from trees import drawn_tree

from ra_bayes import figures
from ra_bayes.cohort import read_cohort
from ra_bayes.diagnostics import diagnose
from ra_bayes.errors import RaBayesError
from ra_bayes.figures.canvas import Canvas
from ra_bayes.figures.marks import ARROW, short_name
from ra_bayes.model import load_model
from ra_bayes.resources import data_dir
from ra_bayes.tree import provenance, with_provenance


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_fit_to_print(name: str, model: str) -> None:
    figure = drawn(name, model)
    spec = load_model(model)
    assert figure.get_figwidth() * 25.4 == pytest.approx(WIDTH[name])
    assert "Synthetic data: no patient was measured." in figure.footer
    assert "did not pass" not in figure.footer
    # The interval by name and probability (figures of counts name it so too).
    assert "90%" in figure.footer.replace("\n", " ")
    assert "equal-tailed" in figure.footer
    assert spec.outcome.label in figure.alt
    assert "Synthetic" in figure.alt
    assert not any(word in figure.alt for word in ("nan", "inf "))
    figure.draw_without_rendering()
    page = figure.bbox
    for text in figure.findobj(Text):
        if text.get_text() and text.get_visible():
            assert text.get_fontsize() >= 6.0
            box = text.get_window_extent()
            inside = box.x0 >= -1 and box.x1 <= page.x1 + 1 and box.y0 >= -1 and box.y1 <= page.y1 + 1
            # Ticks beyond the axis are not drawn, but keep their text.
            assert inside or (text.get_gid() is None and _is_tick(text, figure)), text.get_text()


def _is_tick(text: Text, figure: Canvas) -> bool:
    return any(
        text in (*axes.get_xticklabels(which="both"), *axes.get_yticklabels(which="both"))
        for axes in figure.axes
    )


@pytest.mark.parametrize("model", MODELS)
def test_units_are_on_the_axes(model: str) -> None:
    spec = load_model(model)
    labels = [drawn("trajectories", model).axes[0].get_ylabel(), drawn("forest", model).axes[0].get_xlabel()]
    if spec.binary:
        assert labels == ["Probability of ACR20 response", "Probability of ACR20 response at week 16"]
    elif model == "tnf_alpha":
        assert labels == ["TNF-α (pg/mL)", "TNF-α, week 24 relative to week 0 (ratio)"]
    else:
        assert all(label.endswith(f"({spec.outcome.unit})") for label in labels)
    assert drawn("trajectories", model).axes[0].get_xlabel() == "Week"


@pytest.mark.parametrize("name", FIGURES)
def test_a_failed_gate_is_named(name: str) -> None:
    tree = drawn_tree(load_model("vas"), read_cohort(data_dir() / "synthetic_cohort.csv"), diverging=3)
    figure = FIGURES[name](tree)
    warning = "The sampler did not pass its gate (divergences 3): not to be relied on."
    assert warning in figure.footer.replace("\n", " ")
    assert warning in figure.alt
    assert warning in FIGURES[name](fitted("vas"), diagnosis=diagnose(tree)).alt


@pytest.mark.parametrize("name", FIGURES)
def test_a_probability_is_not_a_percentage(name: str) -> None:
    with pytest.raises(RaBayesError, match=r"write 0\.90 for 90%"):
        FIGURES[name](fitted("vas"), ci_prob=90.0)


def test_trajectories_has_a_panel_for_each_patient() -> None:
    whole, *small = drawn("trajectories", "vas").axes
    assert [axes.get_title(loc="left") for axes in (whole, *small)] == [
        "Typical patient of the population",
        *PATIENTS,
    ]
    assert len({axes.get_ylim() for axes in (whole, *small)}) == 1
    data = fitted("vas")["observed_data"]["record"]
    for axes, patient in zip(small, PATIENTS, strict=True):
        own = data.sel(patient=patient).dropna("visit")
        mark = one(axes, "record")
        np.testing.assert_array_equal(mark.get_xdata(), own["visit"])
        np.testing.assert_array_equal(mark.get_ydata(), own)
        assert list(one(axes, "infusion").get_xdata()) == [0.0, 4.0, 8.0]
    assert len({one(axes, "record").get_marker() for axes in small}) == 6
    assert len({one(axes, "record").get_color() for axes in small}) == 6
    assert [tick.get_text() for tick in whole.get_xticklabels()][1:-1] == [
        "0",
        "4",
        "8",
        "12",
        "16",
        "20",
        "24",
    ]


def test_trajectories_bands_are_quantiles() -> None:
    draws = fitted("tnf_alpha")["posterior"].to_dataset()
    typical = np.exp(draws["baseline_mean"] + draws["mean_change"])
    first = draws.sel(patient="SYN-2")
    own = np.exp(
        first["patient_level"] + draws["mean_change"] + first["patient_response"] * draws["response_shape"]
    )
    figure = figures.trajectories(fitted("tnf_alpha"), ci_prob=0.8)
    whole, _, second, *_ = figure.axes
    assert whole.get_yscale() == "log"
    outer, inner = (each for each in whole.collections if each.get_gid() == "band")
    band = next(each for each in second.collections if each.get_gid() == "band")
    for drawn_band, quantity, share in ((outer, typical, 0.8), (inner, typical, 0.5), (band, own, 0.8)):
        ends = quantity.quantile([0.5 - share / 2, 0.5 + share / 2], ("chain", "draw")).values
        heights = drawn_band.get_paths()[0].vertices
        for week, low, high in zip(draws["visit"].values, *ends, strict=True):
            at = heights[heights[:, 0] == week, 1]
            assert (at.min(), at.max()) == pytest.approx((low, high), rel=1e-6)
    median = typical.median(("chain", "draw"))
    np.testing.assert_allclose(one(whole, "median").get_ydata(), median, rtol=1e-6)
    assert "50% and 80% credible intervals (equal-tailed)" in figure.footer


def test_censored_records_are_arrows_at_their_limit() -> None:
    whole, *small = drawn("trajectories", "tnf_alpha").axes
    assert one(whole, "limit").get_ydata() == [1.0, 1.0]
    assert "limit of\nquantification\n1 pg/mL" in words(drawn("trajectories", "tnf_alpha"))
    limits = fitted("tnf_alpha")["constant_data"]["limit"]
    for axes, patient in zip(small, PATIENTS, strict=True):
        below = limits["visit"].values[limits.sel(patient=patient).values < 0]
        arrows = lines(axes, "below")
        if below.size == 0:
            assert arrows == []
            continue
        np.testing.assert_array_equal(arrows[0].get_xdata(), below)
        assert set(arrows[0].get_ydata()) == {1.0}
        assert arrows[0].get_marker() is ARROW[-1]
        assert arrows[0].get_markerfacecolor() == "none"
        assert not set(below) & set(one(axes, "record").get_xdata())


def test_a_record_at_an_open_bound_is_an_arrow() -> None:
    rows = [("A", 0, 95), ("A", 24, 100), ("B", 0, 50), ("B", 24, 0)]
    model = load_model("vas")
    assert model.open_above
    assert model.open_below
    figure = figures.trajectories(drawn_tree(model, cohort(rows, model)))
    up, down = one(figure.axes[1], "above"), one(figure.axes[2], "below")
    assert (list(up.get_xdata()), list(up.get_ydata())) == ([24.0], [100.0])
    assert (list(down.get_xdata()), list(down.get_ydata())) == ([24.0], [0.0])
    # A bound is no limit of quantification.
    assert lines(figure.axes[0], "limit") == []


def test_cutoffs_are_drawn_where_their_names_fit() -> None:
    def cutoffs(model: str) -> list[float]:
        return [line.get_ydata()[0] for line in lines(drawn("trajectories", model).axes[0], "cutoff")]

    assert cutoffs("sdai") == [3.3, 11.0, 26.0]
    assert cutoffs("haq") == []


def test_binary_trajectories_are_probabilities() -> None:
    whole, *small = drawn("trajectories", "acr20").axes
    assert whole.get_title(loc="left") == "Response rate in the population"
    # Nothing is drawn at baseline, where a response is not defined.
    assert one(whole, "median").get_xdata()[0] == 1.0
    assert set(np.concatenate([one(axes, "record").get_ydata() for axes in small])) == {0.0, 1.0}
    record = fitted("acr20")["observed_data"]["record"].values[:, 1:]
    np.testing.assert_allclose(one(whole, "share").get_ydata(), np.nanmean(record, axis=0))
    assert 0.0 <= min(one(whole, "median").get_ydata()) <= max(one(whole, "median").get_ydata()) <= 1.0


def test_records_that_were_computed_are_said_to_be() -> None:
    entries = provenance(fitted("haq"))
    computed = [{"outcome": "haq", "count": 7, "from": ["tjc28", "crp"]}]
    known = {**entries, "cohort": {**entries["cohort"], "computed": computed}}
    footer = figures.trajectories(with_provenance(fitted("haq").copy(), known)).footer.replace("\n", " ")
    assert "7 records were computed, from Tender joints of 28 and CRP." in footer
    assert "computed" not in drawn("trajectories", "haq").footer


def test_what_follows_a_patients_last_record_is_dashed_and_said_to_be_predicted() -> None:
    model = load_model("vas")
    rows = [("A", 0, 60), ("A", 12, 50), ("B", 0, 50), ("B", 12, 40), ("B", 24, 30)]
    figure = figures.trajectories(drawn_tree(model, cohort(rows, model)))
    whole, left, stayed = figure.axes
    assert one(left, "median").get_xdata().tolist() == [0.0, 12.0]
    assert one(left, "predicted").get_xdata().tolist() == [12.0, 24.0]
    assert one(whole, "predicted").get_linestyle() == one(left, "predicted").get_linestyle() == "--"
    assert lines(stayed, "predicted") == []
    assert "Dashed: after a patient's last record, predicted." in figure.footer.replace("\n", " ")


def test_a_crowd_is_overlaid() -> None:
    model = load_model("vas")
    rows = [(f"P{i}", week, 40 + i) for i in range(60) for week in (0, 12, 24)]
    tree = drawn_tree(model, cohort(rows, model))
    overlay = figures.trajectories(tree)
    assert [axes.get_title(loc="left") for axes in overlay.axes] == [
        "Typical patient of the population",
        "60 patients: medians, overlaid",
    ]
    assert len(lines(overlay.axes[1], "patient")) == 60
    assert "more than 12" in overlay.footer
    forest = figures.forest(tree)
    assert "60 patients,\nsorted" in words(forest)
    assert [tick.get_text() for tick in forest.axes[0].get_yticklabels()] == [
        "Mean of these 60",
        "Typical patient",
    ]
    assert forest.get_figheight() < 5.0
    assert figures.predictive_check(tree).axes[0].get_title(loc="left") == "By visit, patients pooled"


def test_an_identifier_is_text() -> None:
    model = load_model("vas")
    rows = [(name, week, 50) for name in ("$x_{", "<b>&", "a-very-long-identifier") for week in (0, 24)]
    figure = figures.trajectories(drawn_tree(model, cohort(rows, model)))
    assert [axes.get_title(loc="left") for axes in figure.axes[1:]] == ["$x_{", "<b>&", "a-very-long-id…"]
    figures.forest(drawn_tree(model, cohort(rows, model)))


def test_a_shape_without_steps() -> None:
    model = spec("onset")
    rows = [(name, week, 10.0 - week / 6) for name in "ABC" for week in (0, 4, 24)]
    tree = drawn_tree(model, cohort(rows, model))
    for draw in FIGURES.values():
        assert draw(tree).alt


def test_what_no_font_can_write_is_a_box_in_the_picture_and_whole_in_its_text() -> None:
    canvas = Canvas(89.0, 30.0, notes="Ward \U0001f9b4 of 患者 6 patients.")
    axes = canvas.subplots()
    axes.set_title(short_name("\U0001f9b4\U0001f9b4 7"))
    canvas.finish("Patient \U0001f9b4.")
    # Warnings are errors here, and matplotlib would warn of a letter that it cannot draw.
    canvas.savefig(io.BytesIO(), format="pdf")
    assert axes.get_title() == "□ 7"
    assert canvas.alt == "Patient \U0001f9b4."
