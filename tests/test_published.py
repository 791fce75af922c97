"""Published counts, read as data: the shipped pages, the documented ones, and what a page becomes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from published_pages import ARMS, armed, fact, page, problems

from ra_bayes.errors import RaBayesError
from ra_bayes.outcomes import OUTCOMES
from ra_bayes.published import Arm, read_publication, read_publication_text
from ra_bayes.resources import data_dir

PAGES = sorted((data_dir() / "published").glob("*.toml"))
PAGE = data_dir() / "published" / "jamshidi2024.toml"
DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "published-facts.md"


def test_the_abstracts_counts() -> None:
    paper = read_publication(PAGE)
    assert {fact.id: (fact.r, fact.n) for fact in paper.facts} == {
        "vas_improved": (3, 6), "vas_sustained": (2, 6), "acr20_week16": (4, 6), "sdai_cdai_reduced": (3, 6),
        "il10_increased": (5, 6), "tnf_il17_decreased": (5, 6), "serious_adverse_events": (0, 6),
    }  # fmt: skip
    assert (paper.name, paper.n, paper.arms) == ("jamshidi2024", 6, (Arm("all", 6, ""),))
    assert paper.doi == "10.1080/17460751.2024.2443352"
    assert (paper.weeks, paper.weeks_status) == ((0, 1, 4, 8, 12, 16, 24), "inferred")
    assert paper.infusion_weeks == (0, 4, 8)
    sustained = paper.fact("vas_sustained")
    assert (sustained.week, sustained.weeks, sustained.among) == (24, (12, 16, 24), "vas_improved")
    assert paper.fact("vas_improved").weeks == (24,)
    assert paper.fact("tnf_il17_decreased").same_patients_as == "il10_increased"
    assert [(each.id, each.kind, each.amount) for each in paper.readings] == [
        ("any_change", "change", 0.0), ("mcid", "change", None), ("fraction_20", "fraction", 0.2),
    ]  # fmt: skip


def test_the_arms_of_another_trial() -> None:
    paper = read_publication(PAGE.parent / "alvarogracia2017.toml")
    assert {arm.id: arm.n for arm in paper.arms} == {"a": 20, "b": 20, "c": 6, "placebo": 7}
    assert paper.n == 53
    assert {fact.arm: fact.r for fact in paper.facts if fact.id.startswith("acr20_week13")} == {
        "a": 5, "b": 3, "c": 1, "placebo": 0,
    }  # fmt: skip
    assert {fact.n for fact in paper.facts if fact.arm == "c"} == {6}


def test_a_reading_of_an_analysis_that_a_fact_does_not_list_gives_way_to_its_first() -> None:
    paper = read_publication(PAGE)
    il10 = paper.fact("il10_increased")
    assert [il10.reading_under(each.id) for each in paper.readings] == [
        "any_change",
        "any_change",
        "fraction_20",
    ]
    assert paper.fact("acr20_week16").reading_under("mcid") == ""


def test_a_name_that_is_not_there_is_told_with_the_nearest() -> None:
    paper = read_publication(PAGE)
    for look, message in (
        (lambda: paper.fact("vas_improves"), "jamshidi2024: there is no fact 'vas_improves'; did you mean"),
        (lambda: paper.arm("placebo"), "there is no arm 'placebo'; it has all"),
        (lambda: paper.reading("mcd"), "there is no reading 'mcd'; did you mean 'mcid'?"),
    ):
        with pytest.raises(RaBayesError, match=re.escape(message)):
            look()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_read_again_from_its_text(path: Path) -> None:
    paper = read_publication(path)
    assert read_publication_text(paper.toml, paper.name) == paper
    assert all(fact.source and fact.words for fact in paper.facts)
    assert {outcome for fact in paper.facts for outcome in fact.outcomes} <= set(OUTCOMES)


def test_the_hash_is_that_of_the_content() -> None:
    text = page()
    hash = read_publication_text(text, "one").hash
    assert read_publication_text(f"# a remark\n\n{text.replace(' = ', '   =  ')}", "two").hash == hash
    assert read_publication_text(page(fact("better", 5)), "one").hash != hash
    # A free key may hold what JSON cannot.
    assert read_publication_text(f"{text}\n[registry]\nseen_on = 2025-01-31\n", "one").hash != hash


def test_a_byte_order_mark_is_no_part_of_the_page(tmp_path: Path) -> None:
    (tmp_path / "nine.toml").write_text(page(), encoding="utf-8-sig")
    assert read_publication(tmp_path / "nine.toml").n == 9


def test_a_missing_page_is_named(tmp_path: Path) -> None:
    with pytest.raises(RaBayesError, match=r"none\.toml: the page cannot be read"):
        read_publication(tmp_path / "none.toml")


def test_a_page_that_is_not_text_is_named(tmp_path: Path) -> None:
    old = tmp_path / "old.toml"
    old.write_bytes(b'words = "pain \xe9"')
    told = f"^{re.escape(str(old))}: the page is not UTF-8 text; save it as UTF-8$"
    with pytest.raises(RaBayesError, match=told):
        read_publication(old)


def documented() -> list[str]:
    return re.findall(
        r"^```toml complete\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


def test_the_documented_pages_are_parts_of_the_shipped_ones() -> None:
    one, two = (read_publication_text(text, "documented") for text in documented())
    assert ([arm.id for arm in one.arms], len(two.arms)) == (["all"], 2)
    shipped = {paper.citation: paper for paper in map(read_publication, PAGES)}
    for paper in (one, two):
        whole = shipped[paper.citation]
        for each in paper.facts:
            same = whole.fact(each.id)
            assert (each.outcomes, each.r, each.n, each.arm, each.weeks, each.week_stated) == (
                same.outcomes, same.r, same.n, same.arm, same.weeks, same.week_stated,
            )  # fmt: skip


def keys_known(text: str, header: str) -> set[str]:
    """The keys that the reader knows in a table, by its own word: it lists them at one that it does not."""
    (problem,) = problems(text.replace(f"{header}\n", f"{header}\nqqqqqqqq = 1\n", 1))
    return set(problem.partition("known here: ")[2].split(", "))


@pytest.mark.parametrize("header", ["[visits]", "[readings.any]", "[[arm]]", "[[fact]]", "[not_public]"])
def test_every_key_is_documented(header: str) -> None:
    text = page(armed("better", 3, "cells"), **ARMS, not_public={"items": ["x"]})
    heading = {"[readings.any]": "[readings.NAME]"}.get(header, header)
    section = re.search(
        rf"^### `{re.escape(heading)}`\n(.*?)(?=^##|\Z)",
        DOCUMENT.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    assert section is not None
    assert set(re.findall(r"^\| `(\w+)`", section[1], re.MULTILINE)) == keys_known(text, header)
