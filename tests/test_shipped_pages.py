"""Shipped and example pages: what each must say, and that its reasons say what its numbers are."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ra_bayes.errors import RaBayesError
from ra_bayes.model import list_examples, list_models, load_model
from ra_bayes.outcomes import OUTCOMES
from ra_bayes.resources import models_dir


def test_every_shipped_page_is_listed() -> None:
    assert list_models() == tuple(sorted(path.stem for path in models_dir().rglob("outcomes/*.toml")))
    assert {"acr20", "haq", "sdai", "vas", "tnf_alpha"} <= set(list_models())


@pytest.mark.parametrize("name", list_models())
def test_a_shipped_page(name: str) -> None:
    model = load_model(name)
    assert model.name == model.outcome.id == name
    assert model.outcome is OUTCOMES[name]
    assert model.mcid == (model.outcome.mcid.change if model.outcome.mcid else None)
    # What is recorded in coarse steps, relative to what varies between visits, must be a rounding cell.
    if model.outcome.step and not model.binary:
        residual = model.prior("residual_sd").quantile(0.5)
        fine = model.link.name == "identity" and model.outcome.step < residual / 2.0
        assert model.rounding == model.outcome.step or fine
    # Positive outcomes are concentrations and counts whose changes are multiples.
    assert (model.link.name == "log") == model.outcome.positive
    # Before it sees data the model puts a typical patient where the outcome can be.
    low, high = (model.link.inverse(model.prior("baseline_mean").quantile(p)) for p in (0.05, 0.95))
    assert model.outcome.lower is None or low >= model.outcome.lower
    assert model.outcome.upper is None or high <= model.outcome.upper
    assert model.sustained_from < model.reference_week or model.binary


@pytest.mark.parametrize("name", list_examples())
def test_an_example_page_says_so_and_differs_from_the_shipped_page_only_in_what_it_is_an_example_of(
    name: str,
) -> None:
    model = load_model(name)
    assert model.name == name not in list_models()
    assert "an example" in " ".join(model.about.lower().split())
    if model.outcome.id not in list_models():
        return
    shipped = load_model(model.outcome.id)
    # A correlation has no unit, all else that of the link.
    same = {
        prior.parameter.name: prior
        for prior in shipped.priors
        if model.link == shipped.link or prior.parameter.name == "correlation"
    }
    for prior in model.priors:
        if prior.parameter.name in same:
            assert prior == same[prior.parameter.name]
        else:
            # A number is another page's, a paper's, or made up and said to be so.
            assert re.search(r"\bpage\b|\d{4}|an example's number", prior.why), prior.parameter.name
    assert model.reference_week == shipped.reference_week
    assert (model.trajectory, model.likelihood, model.residuals, model.arm, model.covariates) != (
        shipped.trajectory,
        shipped.likelihood,
        shipped.residuals,
        shipped.arm,
        shipped.covariates,
    )


def test_an_example_is_found_by_its_name_and_by_a_name_near_it() -> None:
    assert load_model("sdai_washout").trajectory.name == "washout"
    with pytest.raises(RaBayesError, match=r"did you mean 'sdai_washout'.*shipped are acr20, cdai"):
        load_model("sdai_washut")


@pytest.mark.parametrize("name", [*list_models(), *list_examples()])
def test_ninety_percent_ranges_in_a_shipped_pages_reasons_are_those_of_its_numbers(name: str) -> None:
    model = load_model(name)
    for prior in model.priors:
        told = re.search(r"90% between (factors )?(-?[\d.]+) and (-?[\d.]+\d)", prior.why)
        if told is None:
            continue
        ends = [prior.quantile(p) for p in (0.05, 0.95)]
        ends = [float(np.exp(end)) for end in ends] if told[1] else ends
        # Written with one or two digits.
        for text, end in zip((told[2], told[3]), ends, strict=True):
            places = len(text.partition(".")[2])
            assert float(text) == pytest.approx(end, abs=0.51 * 10.0**-places), prior.parameter.name
