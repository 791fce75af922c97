"""The page of a plan: everything on it is the plan's, and it needs nothing but itself."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from plans import CEILING, DESIGNS, plan, plan_of

from ra_bayes.planning.design_reader import load_design
from ra_bayes.planning.plan import Plan, make_plan
from ra_bayes.planning.prior_page import design_prior
from ra_bayes.report import write_plan_page
from ra_bayes.report.plan_content import plan_content
from ra_bayes.report.plan_words import grant, headline, limits, protocol
from ra_bayes.report.render import render
from ra_bayes.results.plans import save_plan

NASTY = "<script>alert(1)</script> & \"quotes\" 'n' 😀"
DRAWN = ("acr20_one_arm", "sdai_randomised")
SECTIONS = (
    "design",
    "characteristics",
    "sizes",
    "assurance",
    "decisions",
    "boundaries",
    "protocol",
    "grant",
    "limits",
    "run",
)


class Page(HTMLParser):
    """What a browser would load, the texts, and the cells of the tables by section."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: dict[str, list[list[str]]] = {}
        self._section = ""
        self._cell = False
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "section":
            self._section = dict(attrs)["id"] or ""
        elif tag == "tr":
            self.cells.setdefault(self._section, []).append([])
        elif tag in ("td", "th"):
            self.cells[self._section][-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        if self._cell:
            row = self.cells[self._section][-1]
            row[-1] += f" {data.strip()}" if row[-1] else data.strip()

    @property
    def text(self) -> str:
        shown = re.sub(r"<(style|script)>.*?</\1>", " ", self.source, flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", shown)).split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages with their figures, of a design with boundaries and of one without."""
    made = tmp_path_factory.mktemp("plans")
    for name in DRAWN:
        write_plan_page(plan(name, error=0.0123), made / name)
    return made


@pytest.fixture(scope="module")
def pages(folder: Path) -> dict[str, Page]:
    return {name: Page((folder / name / "index.html").read_text(encoding="utf-8")) for name in DRAWN}


@pytest.mark.parametrize("name", DRAWN)
def test_every_section_is_there_and_links_lead_to_it(name: str, folder: Path, pages: dict[str, Page]) -> None:
    page = pages[name]
    assert [attributes["id"] for tag, attributes in page.tags if tag == "section"] == list(SECTIONS)
    linked = [attributes["href"] or "" for tag, attributes in page.tags if tag == "a"]
    assert [href[1:] for href in linked if href.startswith("#")] == ["main", *SECTIONS]
    files = [href for href in linked if not href.startswith("#")]
    assert len(files) == (4 if name == "sdai_randomised" else 5)
    assert all((folder / name / href).is_file() for href in files)


@pytest.mark.parametrize("name", DRAWN)
def test_nothing_is_loaded_from_anywhere(name: str, pages: dict[str, Page]) -> None:
    page = pages[name]
    loaded = [
        value or ""
        for tag, attributes in page.tags
        for key, value in attributes.items()
        if key in ("src", "srcset", "data", "poster") or (tag == "link" and key == "href")
    ]
    for each in loaded:
        assert base64.b64decode(each.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
    assert not {tag for tag, _ in page.tags} & {"iframe", "object", "embed", "link"}
    kinds = [attributes.get("type") for tag, attributes in page.tags if tag == "script"]
    assert kinds == ["application/json", None]
    assert "http:" not in page.source
    assert "https:" not in page.source
    assert "url(" not in page.source


@pytest.mark.parametrize("name", DRAWN)
def test_every_picture_has_words(name: str, pages: dict[str, Page]) -> None:
    images = [attributes for tag, attributes in pages[name].tags if tag == "img"]
    assert len(images) == (4 if name == "sdai_randomised" else 5)
    assert all(len(image["alt"] or "") > 60 for image in images)


def test_a_nasty_title_stays_text() -> None:
    # The hash is asked of the page, which stays TOML.
    design = replace(load_design("acr20_one_arm"), title=NASTY, about=NASTY)
    design = replace(design, toml=f"{design.toml}\n# {NASTY}")
    page = _page_of(plan_of(design))
    assert not [attributes for tag, attributes in page.tags if tag == "script" and "type" not in attributes][
        1:
    ]
    assert "<script>alert" not in page.source
    assert page.text.count("alert(1)") >= 5


def test_tables_hold_the_rows() -> None:
    made = plan(error=0.0)
    page = _page_of(made)
    for row, shown in zip(made.characteristics, page.cells["characteristics"][1:], strict=True):
        assert shown[0].split()[0] == f"{row['truth']:g}"
        assert shown[0].split()[1:] == ([row["role"]] if row["role"] else [])
        wanted = [f"{row['p_success']:.3f}", f"{row['p_futility']:.3f}", f"{row['p_early']:.3f}"]
        assert shown[1:5] == [*wanted, f"{row['expected_n']:.1f}"]
    assert len(page.cells["sizes"]) == 1 + len(made.size_curve)
    first = made.size_curve[0]
    assert page.cells["sizes"][1] == ["10", *(f"{first[key]:.3f}" for key in ("power", "alpha", "assurance"))]
    assert [row[0] for row in page.cells["boundaries"][1:]] == ["20", "40"]
    assert [row[1:] for row in page.cells["boundaries"][1:]] == [["≤ 5", "–"], ["–", "≥ 15"]]
    steps = page.cells["assurance"][1:]
    assert [row[0] for row in steps] == [step.name for step in made.prior.steps] if made.prior else False
    assert [row[4:] for row in steps][1] == ["0.750", "−0.150", "0.860"]


def test_decisions_add_up_to_one() -> None:
    table = _page_of(plan()).cells["decisions"]
    assert table[1] == ["success declared", "0.560 right", "0.020 wrong", "0.580 assurance"]
    assert table[2] == ["no success", "0.150 missed", "0.270 right", "0.420"]
    assert table[3] == ["together", "0.710", "0.290", "1"]


def _page_of(made: Plan) -> Page:
    """The page without its figures."""
    return Page(render("plan.html.j2", plan_content(made, {})))


def test_monte_carlo_errors_are_shown(pages: dict[str, Page]) -> None:
    page = pages["acr20_one_arm"]
    row = page.cells["characteristics"][1]
    assert row[1] == "0.05 ( 0.012 )".replace("( ", "(").replace(" )", ")")
    assert "In brackets: Monte Carlo standard error." in page.text
    assert "(Monte Carlo error 0.012)" in page.text


def test_without_a_design_prior_nothing_is_said_of_assurance() -> None:
    bare = plan(prior=False)
    page = _page_of(bare)
    assert [attributes["id"] for tag, attributes in page.tags if tag == "section"] == [
        each for each in SECTIONS if each not in ("assurance", "decisions")
    ]
    assert "ssurance" not in page.text
    assert any("There is no design prior" in line for line in limits(bare))


def test_headlines_answer() -> None:
    made = plan()
    assert headline(made) == (
        "No number of patients gives a probability of success of 0.8, averaged over what the truth may be: "
        "it is 0.580 with 40 patients, and as patients are added it tends to 0.710."
    )
    power = made.answers[0]
    assert headline(plan(prior=False)).startswith(
        f"{power.n} patients give a probability of success of {power.value:.3f} if the true rate of ACR20"
    )
    assured = replace(made.answers[1], n=50, target=0.6, value=0.61)
    assert headline(replace(made, answers=[power, assured])) == (
        "50 patients give a probability of success of 0.610, averaged over what the truth may be; "
        "as patients are added it tends to 0.710."
    )
    assert headline(replace(made, answers=[])).startswith(
        "With 40 patients the trial succeeds with probability"
    )


def test_what_false_successes_add_to_the_limit_is_told_wherever_the_limit_is() -> None:
    made = plan()
    answers = [made.answers[0], replace(made.answers[1], at_threshold=0.01)]
    told = "tends to 0.710 (with false successes at most 0.720)"
    assert told in headline(replace(made, answers=answers))
    page = _page_of(replace(made, answers=answers))
    assert f"that probability {told}; the ceiling of a step is that limit, false successes apart" in page.text


def test_what_falls_short_is_not_rounded_up() -> None:
    made = plan()
    short = replace(made.answers[1], n=None, target=0.7, value=0.69996, ceiling=CEILING)
    assert "it is 0.699 there" in headline(replace(made, answers=[short]))


@pytest.mark.parametrize("name", DESIGNS)
def test_paragraphs_hold_the_design_and_its_numbers(name: str) -> None:
    made = plan(name)
    text = protocol(made)
    for line in str(made.design).splitlines():
        assert line in text
    by_role = {row["role"]: row for row in made.characteristics}
    for role in ("null", "alternative"):
        assert f"{by_role[role]['p_success']:.3f}" in text
        assert f"{by_role[role]['p_success']:.3f}" in grant(made)
        assert f"{by_role[role]['expected_n']:.1f}" in text
    assert "(published count) would give a probability of success of 0.900" in grant(made)
    assert "it is 0.580" in grant(made)


def test_the_type_one_error_is_reported_not_assumed() -> None:
    (line,) = (each for each in limits(plan()) if "nominal" in each)
    assert "does not guarantee the nominal type I error" in line
    assert "it is 0.050, where 1 less the cut-off is 0.05" in line
    alpha = [row["alpha"] for row in plan().size_curve]
    assert f"between {min(alpha):.3f} and {max(alpha):.3f}" in line


def test_dropout_is_among_the_limits() -> None:
    assert any("15% dropout" in line for line in limits(plan("vas_randomised")))
    assert any("No dropout" in line for line in limits(plan("acr20_one_arm")))
    assert "60 evaluable patients (71 entered)" in grant(plan("vas_randomised"))


def test_an_exact_plan_is_told_as_computed() -> None:
    design = load_design("acr20_one_arm")
    made = make_plan(design, design_prior(design), seed=1, sizes=range(10, 61, 5))
    page = _page_of(made)
    rows = page.cells["characteristics"][1:]
    assert [row[1] for row in rows] == [f"{row['p_success']:.3f}" for row in made.characteristics]
    assert "Monte Carlo" not in page.text
    assert made.decisions is not None
    assert f"(assurance) is {made.decisions['assurance']:.3f}" in page.text


def test_the_same_plan_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    name = "sdai_randomised"
    write_plan_page(plan(name, error=0.0123), tmp_path)
    files = sorted(each.relative_to(tmp_path) for each in tmp_path.rglob("*") if each.is_file())
    assert len(files) == 9
    for each in files:
        assert (tmp_path / each).read_bytes() == (folder / name / each).read_bytes()


def test_a_plan_that_cannot_be_drawn_leaves_the_earlier_one_whole(tmp_path: Path) -> None:
    made = plan("acr20_one_arm", error=0.0123)
    where = save_plan(made, tmp_path, draw=lambda part: write_plan_page(made, part))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {where / "plan.json", where / "index.html"} < {*before}

    def on_a_full_disk(part: Path) -> None:
        write_plan_page(made, part)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        save_plan(made, tmp_path, draw=on_a_full_disk)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
