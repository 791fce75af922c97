"""The published counts, read as data; a page that cannot be says so in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from ra_bayes.errors import RaBayesError
from ra_bayes.outcomes import OUTCOMES
from ra_bayes.published import read_publication
from ra_bayes.resources import data_dir

PAGE = data_dir() / "published" / "jamshidi2024.toml"


def test_the_abstracts_counts() -> None:
    paper = read_publication(PAGE)
    counts = {fact.id: (fact.r, fact.n) for fact in paper.facts}
    assert counts == {
        "vas_improved": (3, 6),
        "vas_sustained": (2, 6),
        "acr20_week16": (4, 6),
        "sdai_cdai_reduced": (3, 6),
        "il10_increased": (5, 6),
        "tnf_il17_decreased": (5, 6),
        "serious_adverse_events": (0, 6),
    }
    assert {outcome for fact in paper.facts for outcome in fact.outcomes} <= set(OUTCOMES)
    assert paper.doi == "10.1080/17460751.2024.2443352"
    assert all(fact.source for fact in paper.facts)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("r = 4", "r = 7"), "key fact.acr20_week16.r: 7 of 6 patients cannot be"),
        (('doi = "10.1080/17460751.2024.2443352"\npmid', 'dio = "x"\npmid'), "key paper.doi: is missing"),
        (("r = 4", "r = "), "not TOML"),
    ],
)
def test_a_bad_page_gets_one_plain_sentence(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert change[0] in text
    bad = tmp_path / "bad.toml"
    bad.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(RaBayesError, match=says) as raised:
        read_publication(bad)
    assert "bad.toml" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_page_is_named(tmp_path: Path) -> None:
    with pytest.raises(RaBayesError, match=r"none\.toml: the page cannot be read"):
        read_publication(tmp_path / "none.toml")
