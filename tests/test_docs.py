"""The documentation says what the code does: its pages load, its keys and estimands are the code's own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from test_architecture import LAYERS

from ra_bayes import diagnostics
from ra_bayes.cohort import read_cohort
from ra_bayes.errors import SpecError
from ra_bayes.estimand.change import change_estimands
from ra_bayes.estimand.names import NAMES
from ra_bayes.estimand.posterior import Posterior
from ra_bayes.estimand.rate import rate_estimands
from ra_bayes.inference.fit import _ATTEMPTS, _provenance
from ra_bayes.model import ModelSpec, load_model
from ra_bayes.model.likelihoods import LIKELIHOODS
from ra_bayes.model.links import LINK_NAMES
from ra_bayes.model.residuals import AUTOCORRELATION
from ra_bayes.model.simulate import draw_prior, to_clinical
from ra_bayes.model.spec import parameters
from ra_bayes.model.spec_reader import read_spec
from ra_bayes.model.trajectories import TRAJECTORIES
from ra_bayes.outcome import Outcome
from ra_bayes.outcomes import get
from ra_bayes.resources import data_dir

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = REPOSITORY / "docs"
PAGES_OF_TEXT = sorted(
    path
    for folder in (".", "docs", "notebooks", "benchmarks", "data")
    for path in (REPOSITORY / folder).glob("*.md")
)


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def section(document: str, heading: str) -> str:
    """The text under a heading, up to the next one of its level or above."""
    found = re.search(
        rf"^(#+) {re.escape(heading)}\n(.*?)(?=^#{{1,2}} |\Z)", document, flags=re.MULTILINE | re.DOTALL
    )
    assert found is not None, heading
    return found.group(2)


def first_column(table: str) -> list[str]:
    """The names in code font in the first column of a section's tables."""
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| ")]
    return [name for row in rows for name in re.findall(r"^`([\w.]+)`", row.strip())]


def complete_pages() -> list[str]:
    return re.findall(r"^```toml complete\n(.*?)^```", text("model-pages.md"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", complete_pages())
def test_complete_pages_load(page: str) -> None:
    spec = read_spec(page, name="documented")
    assert spec.title


def test_there_is_a_complete_page_with_an_outcome_of_its_own() -> None:
    outcomes = [tomllib.loads(page)["outcome"] for page in complete_pages()]
    assert {type(outcome) for outcome in outcomes} == {str, dict}


def keys_known(page: str, at: str) -> set[str]:
    """The keys that the reader knows in a table, by its own word: it lists them at a key that it does not."""
    lines = page.splitlines()
    where = lines.index(f"[{at}]") + 1 if at else 0
    wrong = "\n".join([*lines[:where], "qqqqqqqq = 1", *lines[where:]])
    with pytest.raises(SpecError) as caught:
        read_spec(wrong, name="wrong")
    (problem,) = caught.value.problems
    assert problem.mend.startswith("known here: ")
    return set(problem.mend.removeprefix("known here: ").split(", "))


@pytest.mark.parametrize(
    ("table", "heading"),
    [
        ("", "Keys of the page"),
        ("outcome", "Keys of `[outcome]`"),
        ("mcid", "Keys of `[mcid]`"),
        ("placebo", "Keys of `[placebo]`"),
    ],
)
def test_keys_are_those_of_the_reader(table: str, heading: str) -> None:
    (page,) = (page for page in complete_pages() if "[outcome]" in page)
    assert set(first_column(section(text("model-pages.md"), heading))) == keys_known(page, table)


@pytest.mark.parametrize(
    ("at", "heading", "table"),
    [
        ("arm", "Two arms", '[arm]\ncontrol = "placebo"'),
        (
            "[covariate]",
            "Covariates",
            '[[covariate]]\nname = "age"\nmedian = 0.0\nsd = 1.0\nwhy = "a test"',
        ),
    ],
)
def test_keys_of_arms_and_covariates_are_the_reader_s(at: str, heading: str, table: str) -> None:
    (page,) = (page for page in complete_pages() if "[outcome]" in page)
    effect = '[priors.effect_change]\nmedian = 0.0\nsd = 1.0\nwhy = "a test"' if at == "arm" else ""
    known = keys_known("\n".join((page, effect, table)), at)
    assert set(first_column(section(text("model-pages.md"), heading))) == known


def test_likelihoods_and_their_parameters_are_the_code_s() -> None:
    rows = section(text("model-pages.md"), "Likelihoods")
    assert set(first_column(rows)) == set(LIKELIHOODS)
    assert set(first_column(section(text("methods.md"), "Other likelihoods"))) < set(LIKELIHOODS)
    outcome = Outcome(
        id="x", label="X", unit="points", lower=1, upper=4, benefit=None, source="a test", kind="ordinal"
    )
    for line in rows.splitlines():
        cells = line.split("|")
        if len(cells) == 6 and cells[1].strip(" `") in LIKELIHOODS:
            law = LIKELIHOODS[cells[1].strip(" `")]
            assert [each.name for each in law.parameters(outcome)] == re.findall(r"`(\w+)`", cells[4])


@pytest.mark.parametrize(
    ("parameter", "family"),
    [
        ("baseline_mean", "level"),
        ("change", "shift"),
        ("baseline_sd", "scale"),
        ("correlation", "correlation"),
    ],
)
def test_keys_of_priors_are_those_of_the_reader(parameter: str, family: str) -> None:
    (page,) = (page for page in complete_pages() if "[outcome]" in page)
    row = re.search(rf"^\| {family} \|.*$", section(text("model-pages.md"), "Priors"), flags=re.MULTILINE)
    assert row is not None
    assert set(re.findall(r"`(\w+)`", row.group())) == keys_known(page, f"priors.{parameter}")


def test_documented_defaults_are_the_reader_s() -> None:
    (page,) = (page for page in complete_pages() if "[outcome]" not in page)
    spec = read_spec(page, name="smallest")
    assert (spec.link.name, spec.shape, spec.rounding) == ("identity", "visits", 0.0)
    assert spec.sustained_from == spec.reference_week
    assert not spec.open_below
    assert not spec.open_above
    assert spec.placebo is None


def test_links_trajectories_and_parameters_are_the_code_s() -> None:
    document = text("model-pages.md")
    assert tuple(first_column(section(document, "Links"))) == LINK_NAMES
    assert set(first_column(section(document, "Trajectories"))) == set(TRAJECTORIES)
    assert set(first_column(section(text("methods.md"), "The predictor"))) == set(TRAJECTORIES)
    known = (parameters(shape, LIKELIHOODS["normal"], get("vas")) for shape in TRAJECTORIES.values())
    wanted = {each.name for shape in known for each in shape}
    wanted.add(AUTOCORRELATION.name)
    assert set(first_column(section(document, "Priors"))) == wanted


def test_gate_and_ladder_are_the_code_s() -> None:
    methods = text("methods.md")
    gate = section(methods, "The gate")
    for limit in (diagnostics.MAX_RHAT, diagnostics.MIN_ESS, diagnostics.MIN_BFMI):
        assert f"{limit:g} |" in gate
    ladder = re.findall(
        r"^\| \d \| ([\w-]+) \| ([\d.]+) \| (\d+) \|$", section(methods, "Sampling"), flags=re.MULTILINE
    )
    documented = [(levels, float(accept), int(tune)) for levels, accept, tune in ladder]
    assert documented == [tuple(attempt) for attempt in _ATTEMPTS]


def test_provenance_is_documented() -> None:
    cohort = read_cohort(data_dir() / "synthetic_cohort.csv")
    entries = _provenance(load_model("vas"), cohort, seed=1, sampling={}, attempts=[])
    what_it_knows = section(text("reproducibility.md"), "What a fit knows about itself")
    rows = [line.split("|")[1] for line in what_it_knows.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(entries)


def names_of(spec: ModelSpec) -> Iterator[str]:
    """The estimands of a model, from a few draws of its prior: nothing is sampled."""
    weeks = np.unique([0.0, 12.0, spec.reference_week])
    raw = draw_prior(spec, 2, weeks, 6, np.random.default_rng(1))
    draws = {name: each[None] for name, each in to_clinical(spec, raw, weeks).items()}
    lead = (1, 6)
    posterior = Posterior(
        spec=spec,
        patients=("A", "B"),
        weeks=weeks,
        seen=np.ones(weeks.size, dtype=bool),
        last_week=np.full(2, weeks[-1]),
        level=draws["patient_level"],
        response=draws["patient_response"],
        mean_change=draws["mean_change"],
        shape=draws["response_shape"],
        scalars={
            each.parameter.name: np.broadcast_to(draws[each.parameter.name], lead) for each in spec.priors
        },
    )
    of = rate_estimands if spec.binary else change_estimands
    return (quantity.name for quantity in of(posterior, np.zeros(lead)))


@pytest.mark.parametrize(("model", "kind"), [("vas", "continuous"), ("acr20", "binary")])
def test_estimands_are_documented(model: str, kind: str) -> None:
    documented = first_column(section(text("reading-the-report.md"), f"Estimands of a {kind} outcome"))
    assert set(documented) == set(names_of(load_model(model)))
    assert set(documented) <= set(NAMES)


def test_picture_of_the_house_is_the_layers() -> None:
    house = section(text("architecture.md"), "The house")
    drawn = re.findall(r"^  (\w+) +\S", house, flags=re.MULTILINE)
    assert tuple(drawn) == ("__init__", *LAYERS)


@pytest.mark.parametrize("page", PAGES_OF_TEXT, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", page.read_text(encoding="utf-8")):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        file = page.parent / target if target else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{target}#{anchor}"


@pytest.mark.parametrize("page", PAGES_OF_TEXT, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_tests_that_a_page_names_are_there(page: Path) -> None:
    named = re.findall(r"`(tests/\w+\.py)`", page.read_text(encoding="utf-8"))
    assert [file for file in named if not (REPOSITORY / file).is_file()] == []
