"""Forest and prior-posterior: the numbers on them are the estimands and the draws."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import PATIENTS, drawn, fitted, lines, one, words

from ra_bayes import figures
from ra_bayes.errors import RaBayesError
from ra_bayes.estimand import estimands
from ra_bayes.model import load_model


def test_forest_shows_the_estimands() -> None:
    figure = figures.forest(fitted("vas"), ci_prob=0.8)
    axes = figure.axes[0]
    names = [*PATIENTS, "Mean of these 6", "Typical patient"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == names
    table = estimands(fitted("vas"), ci_prob=0.8).query("week == 24")
    wanted = [
        *(table.query("estimand == 'patient_change' and patient == @name").iloc[0] for name in PATIENTS),
        table.query("estimand == 'mean_change_of_cohort'").iloc[0],
        table.query("estimand == 'mean_change'").iloc[0],
    ]
    for bar, mark, row in zip(lines(axes, "interval"), lines(axes, "estimate"), wanted, strict=True):
        assert tuple(bar.get_xdata()) == (row["lower"], row["upper"])
        assert mark.get_xdata()[0] == row["estimate"]
    assert "80% credible interval (equal-tailed)" in figure.footer
    assert set(one(axes, "mcid").get_xdata()) == {-10.0}
    assert set(one(axes, "zero").get_xdata()) == {0.0}
    sides = {text.get_text(): text.get_position()[0] for text in axes.texts if text.get_gid() == "side"}
    assert sides == {"← better": 0.0, "worse →": 1.0}
    assert {"MCID −10", "P(better)", "Median (80% CrI)"} <= set(words(figure))


def test_forest_of_ratios_is_on_a_log_axis() -> None:
    axes = drawn("forest", "tnf_alpha").axes[0]
    assert axes.get_xscale() == "log"
    assert set(one(axes, "zero").get_xdata()) == {1.0}
    assert lines(axes, "mcid") == []


def test_forest_of_a_binary_outcome_has_the_placebo_rate() -> None:
    axes = drawn("forest", "acr20").axes[0]
    assert axes.get_xlim() == (-0.02, 1.02)
    assert one(axes, "placebo").get_xdata() == pytest.approx([0.24, 0.24])
    assert lines(axes, "zero") == []
    assert "P(better)" not in words(drawn("forest", "acr20"))


def test_forest_takes_a_table_and_says_what_is_withheld() -> None:
    table = estimands(fitted("vas"), ci_prob=0.9)
    assert words(figures.forest(fitted("vas"), table=table)) == words(drawn("forest", "vas"))
    with pytest.raises(RaBayesError, match=r"not ci_prob=0\.8"):
        figures.forest(fitted("vas"), ci_prob=0.8, table=table)
    hidden = table["patient"] == "SYN-3"
    table.loc[hidden, ["estimate", "lower", "upper", "p_benefit"]] = np.nan
    figure = figures.forest(fitted("vas"), table=table)
    assert words(figure).count("withheld") == 1
    assert len(lines(figure.axes[0], "interval")) == 7
    assert "SYN-3, withheld" in figure.alt


@pytest.mark.parametrize(("model", "pinned"), [("vas", 0), ("acr20", 3)])
def test_prior_posterior_has_a_panel_for_each_estimated_quantity(model: str, pinned: int) -> None:
    panels = drawn("prior_posterior", model).axes
    assert len(panels) == 1 + len(load_model(model).priors) - pinned
    for axes in panels:
        places, density = one(axes, "posterior").get_data()
        if axes.get_xscale() == "linear":
            assert np.trapezoid(density, places) == pytest.approx(1.0, abs=0.02)


def test_prior_posterior_tells_the_widths_apart() -> None:
    axes = next(
        each
        for each in drawn("prior_posterior", "vas").axes
        if each.get_title(loc="left").startswith("SD of one record")
    )
    assert axes.get_xlabel() == "mm"
    widths = [
        np.diff(np.quantile(fitted("vas")[group]["residual_sd"], [0.05, 0.95]))[0]
        for group in ("prior", "posterior")
    ]
    shown = next(text.get_text() for text in axes.texts if text.get_gid() == "narrowing")
    assert shown == f"×{widths[1] / widths[0]:.2f}"
    assert [np.ptp(bar.get_xdata()) for bar in lines(axes, "interval")] == pytest.approx(widths)
