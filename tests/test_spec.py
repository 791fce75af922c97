"""Reading model pages: every wrong key is named at once with its mend, and the shipped pages are sound."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from pages import OUTCOME, PRIORS, page, spec

from ra_bayes.errors import RaBayesError, SpecError
from ra_bayes.model import load_model
from ra_bayes.model.spec import parameters
from ra_bayes.model.spec_reader import read_spec
from ra_bayes.model.trajectories import TRAJECTORIES
from ra_bayes.model.trajectories.washout import Washout
from ra_bayes.outcomes import OUTCOMES

GOOD = page()
BINARY = {**OUTCOME, "kind": "binary"}
RATE: dict[str, dict[str, float]] = {
    "baseline_mean": {"median": 0.4, "sd": 0.6},
    "response_sd": {"fixed": 0.0},
    "residual_sd": {"fixed": 1.0},
}


def problems(text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        read_spec(text, name="test", source="test.toml")
    assert str(caught.value).startswith(f"test.toml: {len(caught.value.problems)} problem")
    return [str(problem) for problem in caught.value.problems]


def change(old: str, new: str, text: str = GOOD) -> str:
    assert old in text
    return text.replace(old, new, 1)


def test_a_good_page() -> None:
    model = spec(
        "onset", reference_week=12, sustained_from=4, rounding=0.5, bounds="open", link="log",
        priors={"baseline_mean": {"median": 8.0, "sd": 0.5}},
    )  # fmt: skip
    assert (model.name, model.title, model.shape, model.link.name) == ("test", "A test", "onset", "log")
    assert (model.reference_week, model.anchor_week, model.sustained_from) == (12.0, 0.0, 4.0)
    assert (model.rounding, model.open_below, model.open_above) == (0.5, True, True)
    assert (model.mcid, model.placebo) == (None, None)
    assert model.benefit_sign == -1
    assert not model.binary
    # A level's median is in the outcome's unit on the page and on the link's scale in the model.
    assert model.prior("baseline_mean").numbers == (pytest.approx(np.log(8.0)), 0.5)
    assert model.prior("half_time").numbers == (5.0, 0.5)
    assert model.prior("correlation").numbers == (3.0, 0.0)
    assert [prior.parameter for prior in model.priors] == list(
        parameters(TRAJECTORIES["onset"], model.likelihood, model.outcome)
    )
    assert model.prior("change").why == "a test"


def test_what_a_page_may_leave_out() -> None:
    model = read_spec(change('trajectory = "visits"\n', ""), name="test")
    assert (model.shape, model.link.name, model.rounding) == ("visits", "identity", 0.0)
    assert (model.open_below, model.open_above) == (False, False)
    assert model.sustained_from == model.reference_week == 24.0


def test_all_problems_are_told_at_once_each_with_its_mend() -> None:
    wrong = page(
        "vists",
        reference_week=-2,
        refrence_week=3,
        rounding="fine",
        bounds="ajar",
        priors={
            "walk_sd": None,
            "residual_sd": {"median": -1.0, "sdlog": 0.3},
            "baseline_sd": {"mean": 3.0, "sdlog": 0.3},
        },
    )
    found = problems(change('title = "A test"', "title = 3", wrong))
    assert sorted(re.match("key ([^,:]*)", each)[1] for each in found) == [  # type: ignore[index]
        "bounds", "priors.baseline_sd.mean", "priors.baseline_sd.median", "priors.residual_sd.median",
        "priors.walk_sd", "reference_week", "refrence_week", "rounding", "title", "trajectory",
    ]  # fmt: skip
    text = "\n".join(found)
    for told in (
        "key trajectory, value 'vists': is not known; did you mean 'visits'?",
        "key refrence_week: is not a known key; did you mean 'reference_week'?",
        "key reference_week, value '-2': must be above 0",
        "key rounding, value 'fine': is not a number; give the width of a recording step",
        "key bounds, value 'ajar': is not known; write one of open, open below, open above, closed",
        "key priors.walk_sd: is missing; give median and sdlog or fixed, and why (SD of the",
        "key priors.residual_sd.median, value '-1.0': must be above 0",
        "key priors.baseline_sd.median: is missing",
        "key priors.baseline_sd.mean: is not a known key; did you mean 'median'?",
        "key title, value '3': is not a text; give the model a title",
    ):
        assert told in text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            change("schema = 1", "schema = 2"),
            "key schema, value '2': is not 1; write schema = 1",
            id="schema",
        ),
        pytest.param(change("schema = 1\n", ""), "key schema: is not 1", id="no-schema"),
        pytest.param(
            page(sustained_from=30), "key sustained_from, value '30': comes after the reference", id="late"
        ),
        pytest.param(
            page(link="logit"), "logit needs two bounds, which x lacks; use log or sqrt", id="logit"
        ),
        pytest.param(page(link="probit"), "key link, value 'probit': is not known", id="probit"),
        pytest.param(
            page(
                outcome=BINARY,
                link="log",
                priors=RATE,
            ),
            "key link, value 'log': is not known; write one of probit",
            id="binary-link",
        ),
        pytest.param(
            page(outcome=BINARY, priors={**RATE, "baseline_mean": {"median": 1.0, "sd": 1.0}}),
            "key priors.baseline_mean.median, value '1.0': is outside what the probit link can take",
            id="rate-of-one",
        ),
        pytest.param(
            page(outcome=BINARY, priors={**RATE, "baseline_mean": {"median": 0.5, "sd": -1.0}}),
            "key priors.baseline_mean.sd, value '-1.0': must be above 0",
            id="rate-sd",
        ),
        pytest.param(
            page(outcome="haq", priors={"baseline_mean": {"median": 17.5, "sd": 3.0}}),
            "key priors.baseline_mean.median, value '17.5': is outside haq's bounds",
            id="median-beyond-the-scale",
        ),
        pytest.param(
            page(link="log", priors={"baseline_mean": {"median": 0.0, "sd": 1.0}}),
            "key priors.baseline_mean.median, value '0.0': is outside what the log link can take",
            id="log-of-zero",
        ),
        pytest.param(
            page(priors={"change": {"median": 0.0, "sd": 1.0}}),
            "key priors.change: is not a known key",
            id="other-shape",
        ),
        pytest.param(
            page(priors={"residual_sd": {"fixed": 1.0, "median": 2.0}}),
            "key priors.residual_sd.median: is not a known key; known here: fixed, why",
            id="fixed-and-free",
        ),
        pytest.param(page(priors={"residual_sd": {"fixed": -1.0}}), "must be above 0", id="fixed-negative"),
        pytest.param(
            page(priors={"correlation": None}),
            "key priors.correlation: is missing; give concentration",
            id="no-correlation",
        ),
        pytest.param(
            page(priors={"correlation": {"concentration": 0.0}}), "must be above 0", id="concentration"
        ),
        pytest.param(
            page(priors={"baseline_mean": {"median": 10.0, "sd": 0}}),
            "key priors.baseline_mean.sd, value '0': must be above 0",
            id="sd-0",
        ),
        pytest.param(change("median = 3.0", "median = true"), "value 'True': is not a number", id="bool"),
        pytest.param(change("median = 3.0", "median = nan"), "value 'nan': is not a number", id="nan"),
        pytest.param(change("median = 3.0", "median = inf"), "value 'inf': is not a number", id="inf"),
        pytest.param(change('why = "a test"', 'why = " "'), "is not a text; give the reason", id="no-why"),
        pytest.param(
            page(priors=dict.fromkeys((*PRIORS, "walk_sd"))),
            "key priors: is missing; give a table [priors.NAME]",
            id="no-priors",
        ),
        pytest.param(page(outcome="sdia"), "did you mean 'sdai'?", id="outcome"),
        pytest.param(
            page(outcome={**OUTCOME, "benefit": "less"}),
            "key outcome.benefit, value 'less': is not known",
            id="benefit",
        ),
        pytest.param(
            page(outcome={**OUTCOME, "lowest": 3}),
            "key outcome.lowest: is not a known key; did you mean 'lower'?",
            id="own-key",
        ),
        pytest.param(
            page(outcome={**OUTCOME, "label": None}),
            "key outcome.label: is missing; give the name for axes",
            id="own-missing",
        ),
        pytest.param(
            page(outcome={**OUTCOME, "lower": "0"}),
            "key outcome.lower, value '0': is not a number",
            id="own-lower",
        ),
        pytest.param(
            GOOD + '\n[mcid]\nchange = -2.0\nsource = "s"',
            "key mcid.change, value '-2.0': must be above 0",
            id="mcid",
        ),
        pytest.param(GOOD + "\n[mcid]\nchange = 2.0", "key mcid.source: is missing", id="mcid-source"),
        pytest.param(
            GOOD + '\n[placebo]\nmedian = -2.0\nsd = 1.0\nwhy = "w"',
            "key placebo.source: is missing; name the trials",
            id="placebo",
        ),
        pytest.param(
            GOOD + '\n[placebo]\nmedian = -2.0\nsd = 0.0\nwhy = "w"\nsource = "s"',
            "key placebo.sd, value '0.0': must be above 0",
            id="placebo-sd",
        ),
        pytest.param("schema = 1\nschema = 2", "not TOML: ", id="not-toml"),
    ],
)
def test_one_problem(text: str, told: str) -> None:
    found = problems(text)
    assert len(found) == 1
    assert told in found[0]


def test_an_outcome_that_is_missing_or_no_name_stops_the_reading() -> None:
    assert problems("schema = 1") == [
        "key outcome: is missing; "
        "name an outcome ra_bayes knows, or define one in a table [outcome] with id, label, unit, ..."
    ]
    assert "is not a name" in problems('schema = 1\noutcome = ["sdai"]')[0]


def test_a_missing_unit_is_told_once() -> None:
    assert len(problems(page(outcome={**OUTCOME, "unit": None}))) == 1


@pytest.mark.parametrize("name", ["residual_sd", "baseline_sd", "half_time"])
def test_a_scale_that_is_divided_by_cannot_be_fixed_at_nothing(name: str) -> None:
    assert "must be above 0" in problems(page("onset", priors={name: {"fixed": 0.0}}))[0]


def test_bounds_must_rise() -> None:
    assert problems(page(outcome={**OUTCOME, "lower": 5.0, "upper": 1.0}))


def test_the_latent_score_of_a_binary_outcome_has_unit_sd() -> None:
    free = {name: PRIORS[name] for name in ("residual_sd", "response_sd")}
    text = page("linear", outcome=BINARY, priors={**RATE, **free})
    assert [each.partition(":")[0] for each in problems(text)] == [
        "key priors.residual_sd",
        "key priors.response_sd",
        "key trajectory, value 'linear'",
    ]


@pytest.mark.parametrize(
    ("bounds", "ends"),
    [
        ("open", (True, True)),
        ("open below", (True, False)),
        ("open above", (False, True)),
        ("closed", (False, False)),
    ],
)
def test_either_end_may_be_open(bounds: str, ends: tuple[bool, bool]) -> None:
    model = spec(bounds=bounds)
    assert (model.open_below, model.open_above) == ends


def test_no_correlation_is_asked_for_where_patients_have_no_response() -> None:
    model = spec(priors={"response_sd": {"fixed": 0.0}, "correlation": None})
    assert model.prior("response_sd").fixed
    assert model.prior("correlation").numbers == (1.0, 0.0)


def test_an_outcome_of_ones_own() -> None:
    own = {
        "id": "grip",
        "label": "Grip",
        "unit": "kPa",
        "lower": 0.0,
        "upper": 120.0,
        "step": 2.0,
        "benefit": "increase",
    }
    outcome = spec(outcome=own).outcome
    assert (outcome.id, outcome.label, outcome.unit) == ("grip", "Grip", "kPa")
    assert (outcome.lower, outcome.upper, outcome.step, outcome.benefit) == (0.0, 120.0, 2.0, "increase")
    assert outcome.factor("kPa") == 1.0
    assert (outcome.kind, outcome.positive) == ("continuous", False)
    free = spec(
        outcome={**own, "lower": None, "upper": None, "step": None, "benefit": "none", "positive": "yes"}
    )
    assert (free.outcome.lower, free.outcome.upper, free.outcome.benefit, free.outcome.positive) == (
        None,
        None,
        None,
        True,
    )
    assert free.benefit_sign == 0
    responder = spec(
        outcome={**own, "kind": "binary"},
        priors=RATE,
    )
    assert responder.binary
    assert (responder.outcome.lower, responder.outcome.upper, responder.link.name) == (0.0, 1.0, "probit")
    assert responder.anchor_week == responder.reference_week == 24.0


def test_mcid_and_placebo() -> None:
    text = page(outcome="sdai")
    assert OUTCOMES["sdai"].mcid is not None
    of_outcome = read_spec(text, name="test")
    assert of_outcome.mcid == OUTCOMES["sdai"].mcid.change
    assert OUTCOMES["sdai"].mcid.source in of_outcome.mcid_source
    own = read_spec(text + '\n[mcid]\nchange = 7.0\nsource = "a panel"', name="test")
    assert (own.mcid, own.mcid_source) == (7.0, "a panel")
    tables = '\n[placebo]\nmedian = -2.0\nsd = 1.5\nwhy = "w"\nsource = "s"'
    placebo = read_spec(text + tables, name="test").placebo
    assert placebo is not None
    assert (placebo.median, placebo.sd, placebo.why, placebo.source) == (-2.0, 1.5, "w", "s")
    acr20 = load_model("acr20").placebo
    assert acr20 is not None
    assert acr20.median == pytest.approx(-0.7063, abs=1e-4)  # the normal quantile of a rate of 0.24


def test_hash_is_of_the_content() -> None:
    same = "# a remark\n" + change("schema = 1\n", "schema   =   1   # the only one\n\n")
    lines = same.splitlines()
    at = lines.index('title = "A test"')
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    assert read_spec("\n".join(lines), name="other").hash == spec().hash
    assert read_spec(change("median = 3.0", "median = 3.1"), name="test").hash != spec().hash
    assert read_spec(change('why = "a test"', 'why = "a hunch"'), name="test").hash != spec().hash


# ---- files


def test_a_page_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "grip.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_model(path).name == load_model(str(path)).name == "grip"
    # Some editors put a byte order mark in front.
    path.write_text(GOOD, encoding="utf-8-sig")
    assert load_model(path).toml == GOOD


def test_what_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    with pytest.raises(
        RaBayesError,
        match=r"no shipped model 'sdia' \(did you mean 'sdai'\?\); shipped are acr20, .*ending in \.toml",
    ):
        load_model("sdia")
    with pytest.raises(RaBayesError, match=r"none\.toml: the model page cannot be read: No such file"):
        load_model(tmp_path / "none.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(RaBayesError, match=r"folder\.toml: the model page cannot be read: Is a directory"):
        load_model(tmp_path / "folder.toml")
    (tmp_path / "latin.toml").write_bytes('title = "Größe"'.encode("latin-1"))
    with pytest.raises(RaBayesError, match=r"latin\.toml: the model page is not UTF-8"):
        load_model(tmp_path / "latin.toml")
    (tmp_path / "bad.toml").write_text("schema 1", encoding="utf-8")
    with pytest.raises(SpecError, match=r"^bad\.toml: 1 problem\n  not TOML: .*line 1"):
        load_model(tmp_path / "bad.toml")


# ---- trajectories


def test_pages_of_every_trajectory_can_be_written() -> None:
    for name, shape in TRAJECTORIES.items():
        assert {prior.parameter.name for prior in spec(name).priors} == {
            each.name for each in parameters(shape, spec(name).likelihood, spec(name).outcome)
        }


def test_weeks_of_a_trajectory_are_told_with_their_mend() -> None:
    washout, pieces = page("washout"), page("piecewise")
    assert spec("washout", infusions=[0, 2, 6]).trajectory == Washout((0.0, 2.0, 6.0))
    assert [
        each.parameter.name
        for each in spec("piecewise", knots=[2, 8], priors={"bend_2": {"median": 0.0, "sd": 1.0}}).priors
    ][-3:] == ["change", "bend_1", "bend_2"]
    for text, wanted in [
        (change("infusions = [0, 4, 8]\n", "", washout), "infusions: is missing"),
        (change("[0, 4, 8]", "[0, 4, 24]", washout), "infusions: are not all before the reference week"),
        (change("[0, 4, 8]", '["0"]', washout), "infusions: is not a list of numbers"),
        (change("[0, 4, 8]", "[4, 0]", washout), "infusions: does not rise"),
        (change("[4]", "[0, 4]", pieces), "knots: are not all between week 0 and the reference week"),
        (change("[4]", "[24]", pieces), "knots: are not all between week 0 and the reference week"),
        (page(knots=[4]), "knots: is a key of the trajectory piecewise, and trajectory is visits"),
        (
            page("step", infusions=[0]),
            "infusions: is a key of the trajectory washout, and trajectory is step",
        ),
        (change("[4]", "[4, 8]", pieces), "priors.bend_2: is missing"),
    ]:
        told = problems(text)
        key, what = wanted.split(": ", 1)
        assert any(each.startswith(f"key {key}") and f": {what}" in each for each in told), (wanted, told)


@pytest.mark.parametrize(
    ("model", "units"),
    [
        ("sdai_ar1", {"baseline_mean": "points", "residual_sd": "points", "autocorrelation": ""}),
        ("crp_student_t", {"baseline_mean": "mg/L", "residual_sd": "log scale", "dof": ""}),
        ("sdai_onset", {"change": "points", "half_time": "weeks", "correlation": ""}),
        ("sjc28_beta_binomial", {"baseline_mean": "joints", "baseline_sd": "logit scale", "precision": ""}),
        ("sdai_state", {"baseline_mean": "latent scale", "gap_1": "latent scale"}),
        ("acr20", {"baseline_mean": "rate", "walk_sd": "probit scale"}),
        ("flares", {"overdispersion": ""}),
    ],
)
def test_a_parameter_is_told_in_the_unit_that_it_has(model: str, units: dict[str, str]) -> None:
    spec = load_model(model)
    assert {name: spec.unit_of(spec.prior(name).parameter) for name in units} == units
