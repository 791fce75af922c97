"""Who was measured when: counted by hand, in the terminal, in the figure and in its words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn import fitted, one

from ra_bayes.cohort import Cohort, overview, read_cohort
from ra_bayes.cohort.pattern import pattern, pattern_text
from ra_bayes.errors import RaBayesError
from ra_bayes.figures.missing_pattern import missing_pattern, shares
from ra_bayes.results.pseudonyms import pseudonymise_tree
from ra_bayes.tree import provenance, with_provenance

TABLE = """\
patient,week,sdai,crp (mg/L)
A,0,30,<5
A,4,,20
A,8,10,
B,0,20,30
B,4,15,>200
B,8,12,
"""


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    file = tmp_path / "sheet.csv"
    file.write_text(TABLE)
    return read_cohort(file)


def test_the_pattern_by_hand(cohort: Cohort) -> None:
    # Nobody has a CRP at week 8: that is blank, not missing.
    assert pattern(cohort) == {"sdai": ("x.x", "xxx"), "crp": ("<x ", "x> ")}
    assert overview(cohort)["pattern"] == {"sdai": ["x.x", "xxx"], "crp": ["<x ", "x> "]}


def test_the_pattern_in_a_terminal(cohort: Cohort) -> None:
    assert pattern_text(cohort)[2:] == ["     sdai  crp", "  A  x.x   <x", "  B  xxx   x>"]


def test_shares_by_hand() -> None:
    np.testing.assert_allclose(shares(["x.x ", "xx< ", "x.> ", "x.. "]), [1.0, 0.25, 0.75, np.nan])


def test_the_figure_has_every_mark() -> None:
    tree = fitted("vas")
    known = provenance(tree)["cohort"]
    found = missing_pattern(tree)
    (axes,) = found.axes
    texts = [text for rows in known["pattern"].values() for text in rows]
    for gid, character in (("recorded", "x"), ("below a limit", "<"), ("missing", ".")):
        assert len(one(axes, gid).get_xdata()) == sum(text.count(character) for text in texts)
    missing = sum(text.count(".") for text in texts)
    assert f"of which {missing} are missing" in found.alt
    assert "Synthetic data" in found.alt


def test_of_many_patients_the_shares_are_shown() -> None:
    tree = fitted("vas")
    entries = provenance(tree)
    known = entries["cohort"] | {
        "patients": [f"P{i}" for i in range(20)],
        "outcomes": entries["cohort"]["outcomes"][:1],
        "weeks": [0.0, 4.0],
        "pattern": {"vas": ["xx"] * 15 + ["x."] * 5},
    }
    (axes,) = missing_pattern(with_provenance(tree, entries | {"cohort": known})).axes
    assert [text.get_text() for text in axes.texts if text.get_gid() == "share"] == ["100", "75"]


def test_pseudonyms_keep_each_patient_s_pattern() -> None:
    tree = fitted("vas")
    known = provenance(tree)["cohort"]
    given = {who: f"P{len(known['patients']) - place}" for place, who in enumerate(known["patients"])}
    hidden = provenance(pseudonymise_tree(tree, given, secret=b"x"))["cohort"]
    assert hidden["pattern"] == {outcome: rows[::-1] for outcome, rows in known["pattern"].items()}
    assert not {"assigned", "mapping"} & {*hidden}


def test_a_fit_from_before_the_pattern_was_kept_is_told() -> None:
    tree = fitted("vas")
    entries = provenance(tree)
    old = {key: value for key, value in entries["cohort"].items() if key != "pattern"}
    with pytest.raises(RaBayesError, match="fit it again"):
        missing_pattern(with_provenance(tree, entries | {"cohort": old}))
