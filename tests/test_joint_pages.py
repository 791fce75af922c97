"""Reading joint pages: every wrong key is named with its mend, the shipped load, and the docs say it all."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pages import page as outcome_page
from scipy import special
from test_docs import first_column, section, text

from ra_bayes.counts.layout import MOST_TIED, make_layout
from ra_bayes.errors import RaBayesError, SpecError
from ra_bayes.model import JointModel, load_model
from ra_bayes.model.joint_reader import list_joint_models, load_joint_model, read_joint_model
from ra_bayes.model.namespace import NUMPY
from ra_bayes.published import Arm
from ra_bayes.resources import models_dir

PAGES = {each.outcome.id: each for each in (load_model(name) for name in ("vas", "acr20", "sdai", "il10"))}
TABLES: dict[str, Any] = {
    "change": {"centre": "no change", "width": 0.5, "why": "a test"},
    "rate": {"centre": "page", "width": 1.0, "why": "a test"},
    "priors": {"loading": {"median": 0.5, "sd": 1.0, "why": "a test"}},
    "related": {"correlation": 0.3, "why": "a test"},
}
PAIR = {"outcomes": ["sdai", "cdai"], "correlation": 0.95, "why": "a test"}


def page(**keys: Any) -> str:
    """A joint page; keys of a table replace or add some of its keys, what is None is left out."""
    content = {"schema": 1, "title": "A test", "about": "To test.", **TABLES}
    for name, value in keys.items():
        both = isinstance(value, Mapping) and isinstance(content.get(name), Mapping)
        content[name] = {**content[name], **value} if both else value
    return "\n".join(_lines(content, ""))


def _lines(table: Mapping[str, Any], path: str) -> list[str]:
    inner, lists = {}, {}
    lines = []
    for name, value in table.items():
        if isinstance(value, Mapping):
            inner[name] = value
        elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
            lists[name] = value
        elif value is not None:
            lines.append(f"{name} = {json.dumps(value)}")
    for name, value in inner.items():
        lines += [f"[{path}{name}]", *_lines(value, f"{path}{name}.")]
    for name, several in lists.items():
        for each in several:
            lines += [f"[[{path}{name}]]", *_lines(each, "")]
    return lines


def read(toml: str) -> JointModel:
    return read_joint_model(toml, name="test", pages=PAGES, source="test.toml")


def problems(toml: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        read(toml)
    assert str(caught.value).startswith(f"test.toml: {len(caught.value.problems)} problem")
    return [str(problem) for problem in caught.value.problems]


def test_a_good_page() -> None:
    model = read(page(change={"centre": "placebo"}, shared=[PAIR]))
    assert (model.name, model.title, model.related) == ("test", "A test", 0.3)
    assert (model.change.centre, model.change.width, model.rate.centre) == ("placebo", 0.5, "page")
    assert model.loading is not None
    assert model.loading.numbers == (0.0, 1.0)
    assert [(each.first, each.second, each.correlation) for each in model.shared] == [("sdai", "cdai", 0.95)]
    assert model.share(("vas", "cdai", "sdai")) == {"cdai": ("sdai", 0.95)}
    assert model.share(("vas", "cdai")) == {}


def test_what_a_page_may_leave_out() -> None:
    model = read(page(change={"centre": None}, rate={"centre": None}))
    assert (model.change.centre, model.rate.centre, model.shared) == ("no change", "page", ())
    assert read(page(priors={"loading": {"fixed": 0.0, "why": "a test"}})).loading is None


def test_records_alone_have_a_second_factor_or_all_correlations() -> None:
    loading = TABLES["priors"]["loading"]
    both = read(page(priors={"baseline_loading": {**loading, "sd": 0.5}}))
    assert both.baseline_loading is not None
    assert (both.baseline_loading.numbers, both.patients) == ((0.0, 0.5), None)
    free = read(page(priors={"patients": {"concentration": 2.0, "why": "a test"}}))
    assert free.patients is not None
    assert (free.patients.numbers, free.baseline_loading) == ((2.0, 0.0), None)


def test_a_joint_page_moves_effects_alone() -> None:
    model = read(page(change={"width": 0.5}, rate={"centre": "placebo", "width": 2.0}))
    vas, acr20 = model.page("vas"), model.page("acr20")
    assert vas.prior("walk_sd").numbers == (7.5, 0.5)
    # The placebo rate is over patients: sqrt(1 + baseline_sd^2) further out for the typical one.
    spread = np.hypot(1.0, 0.8 * np.exp(0.4 * np.random.default_rng(1).normal(size=200_000))).mean()
    numbers = spread * special.ndtri(0.24), np.hypot(0.3 * spread, 1.2)
    assert acr20.prior("baseline_mean").numbers == pytest.approx(numbers, rel=0.004)
    for spec, effect in ((vas, "walk_sd"), (acr20, "baseline_mean")):
        shipped = load_model(spec.name)
        same = [prior for prior in spec.priors if prior.parameter.name != effect]
        assert same == [prior for prior in shipped.priors if prior.parameter.name != effect]
    assert model.placebo("vas") == (0.0, 0.0)
    assert read(page(change={"centre": "placebo"})).placebo("vas") == (-18.0, 5.0)
    with pytest.raises(
        RaBayesError, match=r"has no outcome page for 'haq'; it has acr20, il10, sdai, vas; add"
    ):
        model.page("haq")


BAD: dict[str, tuple[str, str]] = {
    "not-toml": ("title = ", "not TOML: Invalid value (at end of document); mend the line it names"),
    "schema": (page(schema=2), "key schema, value '2': is not 1; write schema = 1, the only version"),
    "no-schema": (page(schema=None), "key schema: is not 1; write schema = 1, the only version there is"),
    "true-schema": (page(schema=True), "key schema, value 'True': is not 1; write schema = 1"),
    "no-title": (page(title=None), "key title: is missing; give the model a title"),
    "blank-about": (page(about=" "), "key about, value ' ': is not a text; say what it presumes and why"),
    "unknown": (page(relatd=1), "key relatd: is not a known key; did you mean 'related'?"),
    "no-change": (page(change=None), "key change: is missing; give centre, width and why"),
    "change-as-number": (page(change=0.5), "key change, value '0.5': is not a table; give centre, width"),
    "centre": (
        page(change={"centre": "page"}),
        "key change.centre, value 'page': is not known; write one of no change, placebo",
    ),
    "centre-misspelt": (
        page(rate={"centre": "placbo"}),
        "key rate.centre, value 'placbo': is not known; did you mean 'placebo'?",
    ),
    "no-width": (
        page(change={"width": None}),
        "key change.width: is missing; give how many times the outcome page's prior SD, e.g. 1.0",
    ),
    "width-zero": (page(rate={"width": 0}), "key rate.width, value '0': must be above 0; give how many"),
    "no-why": (page(rate={"why": None}), "key rate.why: is missing; give the reason in one line"),
    "change-key": (page(change={"sd": 1}), "key change.sd: is not a known key; known here: centre, why,"),
    "no-priors": (page(priors=None), "key priors: is missing; give a table [priors.loading]"),
    "no-loading": (
        page(priors={"loading": None}),
        "key priors.loading: is missing; give median, sd and why, or fixed = 0.0 and why",
    ),
    "other-prior": (
        page(priors={"walk_sd": {"median": 1.0}}),
        "key priors.walk_sd: is not a known key; known here: loading",
    ),
    "two-ways-to-tie": (
        page(
            priors={
                "baseline_loading": TABLES["priors"]["loading"],
                "patients": {"concentration": 1.0, "why": "a test"},
            }
        ),
        "key priors.baseline_loading: has no factor to be of beside [priors.patients]; leave one of the two",
    ),
    "concentration-zero": (
        page(priors={"patients": {"concentration": 0, "why": "a test"}}),
        "key priors.patients.concentration, value '0': must be above 0; give a number above 0; 1 is flat",
    ),
    "loading-of-one": (
        page(priors={"loading": {**TABLES["priors"]["loading"], "median": 1.0}}),
        "key priors.loading.median, value '1.0': must be below 1; give the median, between 0 and 1",
    ),
    "loading-of-zero": (
        page(priors={"loading": {**TABLES["priors"]["loading"], "median": 0.0}}),
        "key priors.loading.median, value '0.0': must be above 0; give the median, between 0 and 1",
    ),
    "loading-sd": (
        page(priors={"loading": {**TABLES["priors"]["loading"], "sd": 0.0}}),
        "key priors.loading.sd, value '0.0': must be above 0; give the SD on the probit scale; 1 with median "
        "0.5 is uniform",
    ),
    "fixed-loading": (
        page(priors={"loading": {"fixed": 0.5, "why": "a test"}}),
        "key priors.loading.fixed, value '0.5': is not 0; only no loading at all can be fixed",
    ),
    "fixed-and-median": (
        page(priors={"loading": {"fixed": 0.0, "median": 0.5, "why": "a test"}}),
        "key priors.loading.median: is not a known key; known here: fixed, why",
    ),
    "no-related": (page(related=None), "key related: is missing; give correlation and why"),
    "related-of-one": (
        page(related={"correlation": 1.0}),
        "key related.correlation, value '1.0': must be below 1; give a number from 0 to below 1",
    ),
    "related-below-zero": (
        page(related={"correlation": -0.1}),
        "key related.correlation, value '-0.1': must be at least 0; give a number from 0 to below 1",
    ),
    "shared-table": (
        page(shared=PAIR),
        "key shared: is not a list of tables; write [[shared]] with outcomes, correlation and why",
    ),
    "shared-alone": (
        page(shared=[{**PAIR, "outcomes": ["sdai"]}]),
        'key shared[1].outcomes, value "[\'sdai\']": is not two outcomes; write e.g. ["sdai", "cdai"]',
    ),
    "shared-with-itself": (
        page(shared=[{**PAIR, "outcomes": ["sdai", "sdai"]}]),
        "key shared[1].outcomes, value \"['sdai', 'sdai']\": is not two outcomes",
    ),
    "shared-unknown": (
        page(shared=[PAIR, {**PAIR, "outcomes": ["vas", "sday"]}]),
        "key shared[2].outcomes, value \"['vas', 'sday']\": 'sday' is not known; name outcomes that ra_bayes",
    ),
    "shared-twice": (
        page(shared=[PAIR, {**PAIR, "outcomes": ["sdai", "das28_crp"]}]),
        "key shared: 'sdai' is in two pairs; an outcome shares components with one other",
    ),
    "shared-correlation": (
        page(shared=[{**PAIR, "correlation": 1.0}]),
        "key shared[1].correlation, value '1.0': must be below 1; give a number from 0 to below 1",
    ),
    "shared-key": (
        page(shared=[{**PAIR, "corelation": 0.9}]),
        "key shared[1].corelation: is not a known key; did you mean 'correlation'?",
    ),
    "pages": (
        page(pages="my_vas.toml"),
        "key pages, value 'my_vas.toml': is not a list of texts; write pages = [\"my_vas.toml\"]",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_page_gets_its_sentence(name: str) -> None:
    toml, told = BAD[name]
    (found,) = problems(toml)
    assert found.startswith(told)


def test_a_page_that_is_no_text_gets_its_sentence() -> None:
    (found,) = problems(page(pages=[3]))
    assert found.startswith("key pages, value '[3]': is not a list of texts")


def test_a_pair_of_lists_gets_its_sentence() -> None:
    (found,) = problems(page(shared=[{**PAIR, "outcomes": [["sdai"], "cdai"]}]))
    assert "is not two outcomes" in found


def test_all_problems_are_told_at_once() -> None:
    found = problems(
        page(title=None, change={"width": -1}, related={"correlation": 2}, priors={"loading": None}, extra=1)
    )
    assert [re.match("key ([^,:]*)", each)[1] for each in found] == [  # type: ignore[index]
        "related.correlation", "title", "change.width", "priors.loading", "extra",
    ]  # fmt: skip


def test_a_page_without_a_problem_but_its_file() -> None:
    with pytest.raises(
        RaBayesError, match=r"there is no shipped joint model 'wyde' \(did you mean 'wide'\?\)"
    ):
        load_joint_model("wyde")
    with pytest.raises(RaBayesError, match=r"missing\.toml: the model page cannot be read: No such file"):
        load_joint_model("missing.toml")


def test_a_page_that_is_not_utf8_or_not_toml(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes('title = "Größe"'.encode("latin-1"))
    with pytest.raises(RaBayesError, match=r"mine\.toml: the model page is not UTF-8 text; save it as UTF-8"):
        load_joint_model(path)
    path.write_text("title = ", encoding="utf-8")
    with pytest.raises(SpecError, match=r"mine\.toml: 1 problem"):
        load_joint_model(path)


def test_outcome_pages_of_one_s_own_take_the_place_of_the_shipped(tmp_path: Path) -> None:
    (tmp_path / "my_vas.toml").write_text(outcome_page("linear", outcome="vas"), encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(page(pages=["my_vas.toml"]), encoding="utf-8")
    model = load_joint_model(path)
    assert (model.name, model.pages["vas"].name, model.pages["vas"].shape) == ("mine", "my_vas", "linear")
    assert model.page("vas").prior("change").numbers == (-3.0, 1.0)
    assert model.pages["sdai"] == load_joint_model("wide").pages["sdai"]
    path.write_text(page(pages=["your_vas.toml"]), encoding="utf-8")
    with pytest.raises(RaBayesError, match=r"your_vas\.toml"):
        load_joint_model(path)


@pytest.mark.parametrize("name", list_joint_models())
def test_shipped_pages_load_with_every_outcome_page(name: str) -> None:
    model = load_joint_model(name)
    assert model.name == name
    assert model.related == 0.0
    assert model.loading is not None
    assert model.share(("sdai", "cdai")) == {"cdai": ("sdai", 0.95)}
    shipped = {path.stem for path in (models_dir() / "outcomes").glob("*.toml")}
    assert {spec.name for spec in model.pages.values()} == shipped
    for outcome in model.pages:
        assert model.page(outcome).outcome.id == outcome


def test_shipped_pages_are_those_of_the_docs() -> None:
    assert list_joint_models() == ("placebo_informed", "records", "sceptical", "unstructured", "wide")


def test_hash_changes_with_content_and_only_with_content() -> None:
    model = read(page())
    respaced = read("# A remark.\n\n" + page().replace("width = 0.5", "width   =  0.5  # half"))
    assert respaced.hash == model.hash
    others = [
        read(page(change={"width": 0.6})),
        read(page(shared=[PAIR])),
        replace(model, related=0.5),
        replace(model, pages={**PAGES, "vas": load_model("haq")}),
        replace(model, pages={name: PAGES[name] for name in ("vas", "acr20")}),
    ]
    assert len({each.hash for each in (model, *others)}) == 1 + len(others)


# The documentation.


def complete_pages() -> list[str]:
    return re.findall(r"^```toml complete\n(.*?)^```", text("joint-pages.md"), flags=re.MULTILINE | re.DOTALL)


def test_the_documented_page_loads() -> None:
    (toml,) = complete_pages()
    model = read(toml)
    assert (model.loading, model.related, model.shared, model.change.width) == (None, 0.0, (), 0.5)


def keys_known(at: str) -> set[str]:
    """The keys that the reader knows in a table, by its own word: it lists them at a key that it does not."""
    wrong: dict[str, Any] = {"qqqqqqqq": 1}
    keys: dict[str, Any] = {
        "": wrong,
        "change": {"change": wrong},
        "rate": {"rate": wrong},
        "priors.loading": {"priors": {"loading": {**TABLES["priors"]["loading"], **wrong}}},
        "priors.baseline_loading": {
            "priors": {**TABLES["priors"], "baseline_loading": {**TABLES["priors"]["loading"], **wrong}}
        },
        "priors.patients": {
            "priors": {**TABLES["priors"], "patients": {"concentration": 1.0, "why": "a test", **wrong}}
        },
        "related": {"related": wrong},
        "shared": {"shared": [{**PAIR, **wrong}]},
    }[at]
    (problem,) = problems(page(**keys))
    return set(problem.partition("known here: ")[2].split(", "))


@pytest.mark.parametrize(
    ("table", "heading", "besides"),
    [
        ("", "Keys of the page", set()),
        ("change", "Keys of `[change]` and `[rate]`", set()),
        ("rate", "Keys of `[change]` and `[rate]`", set()),
        # The reader asks for it first, and for the others if it is not there.
        ("priors.loading", "Keys of `[priors.loading]` and `[priors.baseline_loading]`", {"fixed"}),
        ("priors.baseline_loading", "Keys of `[priors.loading]` and `[priors.baseline_loading]`", {"fixed"}),
        ("priors.patients", "Keys of `[priors.patients]`", set()),
        ("related", "Keys of `[related]`", set()),
        ("shared", "Keys of `[[shared]]`", set()),
    ],
)
def test_documented_keys_are_those_of_the_reader(table: str, heading: str, besides: set[str]) -> None:
    assert set(first_column(section(text("joint-pages.md"), heading))) == keys_known(table) | besides


def test_documented_limit_of_tied_patients_is_the_code_s() -> None:
    assert f"more than {MOST_TIED} patients" in section(
        text("joint-pages.md"), "Keys of `[priors.loading]` and `[priors.baseline_loading]`"
    )


@pytest.mark.parametrize("name", ["sceptical", "placebo_informed"])
def test_a_rate_centred_on_placebo_is_the_placebo_rate_over_patients(name: str) -> None:
    """24% of patients respond to placebo, by ACR20's page; the median of the prior's rate is that."""
    model, rng, size = load_joint_model(name), np.random.default_rng(3), 40_000
    layout = make_layout(model, ("acr20",), (Arm("all", 6, ""),), (16.0,))
    acr20 = layout.expand(rng.normal(size=(size, layout.size)), np.empty((size, 0)), NUMPY).values[
        "all", "acr20"
    ]
    # Patients one by one: who responds is who is above zero, and the share of them the rate.
    level = acr20["baseline_mean"] + acr20["baseline_sd"] * rng.normal(size=(400, size))
    rate = special.ndtr(level).mean(axis=0)
    assert np.median(rate) == pytest.approx(0.24, abs=0.01)


@pytest.mark.parametrize("name", list_joint_models())
def test_documented_ranges_are_what_the_priors_imply(name: str) -> None:
    rows = section(text("joint-pages.md"), "The three priors").splitlines()
    (row,) = (line for line in rows if line.startswith(f"| `{name}`"))
    told = [
        [float(number.replace("−", "-")) for number in re.findall(r"−?\d+", cell)]
        for cell in row.split("|")[2:5]
    ]
    model, rng, size = load_joint_model(name), np.random.default_rng(1), 100_000
    layout = make_layout(model, ("vas", "sdai", "acr20"), (Arm("all", 6, ""),), (24.0,))
    unit = rng.beta(4.0, 4.0, (size, len(layout.units)))
    values = layout.expand(rng.normal(size=(size, layout.size)), unit, NUMPY).values
    acr20, weeks = values["all", "acr20"], list(layout.weeks)
    rate = special.ndtr(acr20["baseline_mean"] / np.sqrt(1.0 + acr20["baseline_sd"] ** 2))
    found = [
        *(values["all", outcome]["mean_change"][:, weeks.index(24.0)] for outcome in ("vas", "sdai")),
        100.0 * rate,
    ]
    for ranges, draws in zip(told, found, strict=True):
        exact = np.quantile(draws, [0.5, 0.05, 0.95])
        # Whole numbers, and the error of a quantile of 100,000 draws.
        np.testing.assert_allclose(ranges, exact, atol=0.5 + 0.02 * np.ptp(exact) / 3.0)
