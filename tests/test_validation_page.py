"""The validation page is what its code finds: its cheap sections are made again and compared."""

from __future__ import annotations

import re

import pytest
from conftest import shared_folder
from validation.__main__ import SECTIONS, sections_of
from validation.place import PAGE
from validation.rows import apart, row, table, to_the_digit

SECTION = sections_of(PAGE.read_text(encoding="utf-8"))


def without_its_making(section: str) -> str:
    text, _, made = section.rpartition("\n\n")
    assert re.match(
        r"\*Made on \d{4}-\d\d-\d\d in \d+ s\. .* load [\d.]+ before; Python .* numpy [\d.]+\.\*$", made
    )
    return text


def test_every_section_is_there_with_its_conditions() -> None:
    assert list(SECTION) == list(SECTIONS)
    for section in SECTION.values():
        assert without_its_making(section).startswith("## ")


@pytest.mark.parametrize("name", ["designs", "historical", "scores"])
def test_a_section_made_again_is_the_same(name: str) -> None:
    if name in ("historical", "scores") and not shared_folder().is_dir():
        pytest.skip("the data of this section are not beside this checkout")
    assert SECTIONS[name]() == without_its_making(SECTION[name]), f"run `make validation SECTIONS={name}`"


def test_certificates_are_told_as_they_are_and_none_is_missing_that_was_there() -> None:
    # Rows, not the whole: a certificate that was added since is told when the page is made anew.
    rows = [line for line in SECTION["certificates"].splitlines() if line.startswith("| `")]
    assert len(rows) > 20
    missing = set(rows) - set(SECTIONS["certificates"]().splitlines())
    assert not missing, "run `make validation SECTIONS=certificates`"


def test_every_exact_row_is_equal_as_printed() -> None:
    for name in ("designs", "scores", "mixed_models"):
        assert " yes |" in SECTION[name]
        assert " no |" not in SECTION[name]


def test_a_row_tells_what_differs() -> None:
    same = row("a", "x, n", ".25 12", (0.2549, 12.0), "a test")
    assert to_the_digit(same)
    assert apart(same) == pytest.approx(0.0049)
    other = row("b", "x", "1.0", (1.06,), "a test")
    assert not to_the_digit(other)
    *_, first, second = table([same, other]).splitlines()
    assert first == "| a (a test) | x, n | .25, 12 | 0.255, 12 | 0.005 | yes |"
    assert second == "| b (a test) | x | 1.0 | 1.06 | 0.06 | no |"
    with pytest.raises(ValueError, match="2 published numbers beside 1"):
        row("c", "x", "1 2", (1.0,), "a test")
