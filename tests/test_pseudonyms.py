"""Nothing that is made after pseudonymising knows a patient: neither identifier, nor place in the file."""

from __future__ import annotations

import shutil
import stat
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from named_results import MARK, contents, named_cohort, save_named_results
from nasty import PATIENTS, nasty_cohort
from plans import plan
from trees import drawn_tree

from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.cohort.cohort import Assigned, CovariateValue
from ra_bayes.cohort.key_file import read_key, write_key
from ra_bayes.cohort.pseudonyms import pseudonymise, pseudonyms, without_identifiers
from ra_bayes.errors import RaBayesError
from ra_bayes.model import load_model
from ra_bayes.results import find_comparisons, find_results, read_trust, save_result
from ra_bayes.results.folder import find_trees
from ra_bayes.results.plans import save_plan, stored_plans
from ra_bayes.results.pseudonyms import is_current, pseudonymise_results, pseudonymise_tree
from ra_bayes.tree import provenance


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return named_cohort(tmp_path_factory.mktemp("named"))


@pytest.fixture(scope="module")
def folder(named: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results") / "named"
    save_named_results(named, out)
    return out


@pytest.fixture(scope="module")
def copied(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], Path]:
    """The key and the place of a copy without identifiers."""
    copy = tmp_path_factory.mktemp("copied") / "copy"
    return pseudonymise_results(folder, copy), copy


def test_every_output_of_a_pseudonymised_cohort_is_without_identifiers(named: Cohort, tmp_path: Path) -> None:
    dated = (Assigned(named.patients[0], "2024-03-05", 0, 0.0, 12, 2),)
    made = pseudonymise(replace(named, assigned=dated, mapping=f"# {MARK}")).cohort
    assert MARK not in repr(made)
    assert "2024-03-05" not in repr(made)
    save_result(drawn_tree(load_model("il10"), made), tmp_path)
    assert all(MARK.encode() not in content for _, content in contents(tmp_path))


def test_one_patient_has_one_pseudonym_in_all_fits_of_the_copy(
    folder: Path, copied: tuple[dict[str, str], Path]
) -> None:
    key, copy = copied
    before, after = find_trees(folder), find_trees(copy)
    assert matched(before["il10"], after["il10"]) == key
    # Of yes or no, two patients may have the same records.
    old, new = (some["acr20"]["observed_data"].to_dataset()["record"] for some in (before, after))
    for who, other in key.items():
        np.testing.assert_array_equal(old.sel(patient=who).values, new.sel(patient=other).values)


def matched(before: xr.DataTree, after: xr.DataTree) -> dict[str, str]:
    """Who is who, found by the records alone."""
    old, new = (tree["observed_data"].to_dataset()["record"] for tree in (before, after))
    return {
        str(who): str(other)
        for who in old["patient"].values
        for other in new["patient"].values
        if np.array_equal(old.sel(patient=who).values, new.sel(patient=other).values, equal_nan=True)
    }


def test_numbers_of_a_tree_go_with_their_patient_and_the_order_of_the_file_is_gone(named: Cohort) -> None:
    tree = drawn_tree(load_model("vas"), named)
    # The last in the file comes first.
    given = {who: f"P{len(named.patients) - k}" for k, who in enumerate(named.patients)}
    made = pseudonymise_tree(tree, given, secret=b"x")
    assert made["posterior"]["patient"].values.tolist() == ["P1", "P2", "P3", "P4", "P5", "P6"]
    for path in ("posterior", "prior", "posterior_predictive", "observed_data", "constant_data", "log_prior"):
        for name, old in tree[path].to_dataset().data_vars.items():
            new = made[path].to_dataset()[name]
            if "patient" in old.dims:
                for who, other in given.items():
                    np.testing.assert_array_equal(old.sel(patient=who).values, new.sel(patient=other).values)
            else:
                np.testing.assert_array_equal(old.values, new.values)
    old, new = (each["log_likelihood"].to_dataset() for each in (tree, made))
    for who, other in given.items():
        a, b = (
            old.isel(observation=old["patient"].values == who),
            new.isel(observation=new["patient"].values == other),
        )
        np.testing.assert_array_equal(a["visit"].values, b["visit"].values)
        np.testing.assert_array_equal(a["record"].values, b["record"].values)
    assert list(new["patient"].values) == sorted(new["patient"].values)
    assert provenance(made)["cohort"]["patients"] == ["P1", "P2", "P3", "P4", "P5", "P6"]
    before, after = (provenance(each)["cohort"] for each in (tree, made))
    assert after["hash"] != before["hash"]
    assert after["pattern"] == {outcome: rows[::-1] for outcome, rows in before["pattern"].items()}


def test_hash_of_the_copy_cannot_be_found_by_trying_the_orders(
    named: Cohort, copied: tuple[dict[str, str], Path]
) -> None:
    """With the identifiers and the shared records, the old hash would tell which order is right."""
    key, copy = copied
    hashes = {provenance(tree)["cohort"]["hash"] for tree in find_trees(copy).values()}
    assert len(hashes) == 1
    (hashed,) = hashes
    shared = pseudonymise(named, key=key).cohort
    back = {new: old for old, new in key.items()}
    tried = set()
    for order in permutations(back.values(), len(back)):
        guess = dict(zip(back, order, strict=True))
        records = sorted(
            (record._replace(patient=guess[record.patient]) for record in shared.records),
            key=lambda record: (record.outcome, record.patient, record.week),
        )
        infusions = sorted(
            (each._replace(patient=guess[each.patient]) for each in shared.infusions),
            key=lambda each: (each.week, each.patient),
        )
        tried.add(replace(shared, records=tuple(records), infusions=tuple(infusions)).hash)
    # The attack works on the old hash, so that the test means something.
    assert named.hash in tried
    assert hashed not in tried


def test_cohort_keeps_its_numbers_infusions_and_arms_with_the_patient(tmp_path: Path) -> None:
    cohort = nasty_cohort(tmp_path, arms=True)
    made, key = pseudonymise(cohort, seed=3)
    assert set(key) == set(PATIENTS)
    assert made.patients == ("P1", "P2", "P3", "P4", "P5", "P6")
    assert dict(made.arms) == {key[who]: arm for who, arm in cohort.arms}
    assert [who for who, _ in made.arms] == sorted(who for who, _ in made.arms)
    assert {(key[e.patient], e.week) for e in cohort.infusions} == {
        (e.patient, e.week) for e in made.infusions
    }
    assert {(key[r.patient], *r[1:5]) for r in cohort.records} == {r[:5] for r in made.records}
    assert not any(who in repr(made) or repr(who)[1:-1] in repr(made) for who in PATIENTS)
    assert made.name == "pseudonymised cohort (synthetic)"
    assert read_cohort(made.to_dataframe()).to_dataframe().equals(made.to_dataframe())


def test_order_is_neither_that_of_the_file_nor_the_same_twice() -> None:
    patients = [f"patient {k:02d}" for k in range(20)]
    orders = {tuple(pseudonyms(patients)[who] for who in patients) for _ in range(5)}
    assert len(orders) == 5
    assert pseudonyms(patients, seed=1) == pseudonyms(patients[::-1], seed=1)
    assert pseudonyms(patients, seed=1) != pseudonyms(patients, seed=2)
    assert sorted(pseudonyms(patients).values()) == [f"P{k:02d}" for k in range(1, 21)]


def test_sentence_with_an_identifier_is_withheld_and_one_that_only_looks_like_it_is_not() -> None:
    assert without_identifiers("patient 12 was seen twice", ["12"]).startswith("withheld")
    assert without_identifiers("numbers under their limit: 120", ["12"]) == "numbers under their limit: 120"
    assert without_identifiers("patient 'a\\nb' was seen", ["a\nb"]).startswith("withheld")


def test_what_the_reader_left_out_names_neither_patient_nor_row(named: Cohort) -> None:
    assert any(MARK in each.what for each in named.left_out)
    made = pseudonymise(named).cohort
    assert [each.count for each in made.left_out] == [each.count for each in named.left_out]
    assert not any(MARK in each.what or "row" in each.why for each in made.left_out[:-1])
    assert "a patient" in [each.what for each in made.left_out]


def test_key_is_for_its_owner_alone_and_is_never_written_over(tmp_path: Path) -> None:
    key = pseudonyms([*PATIENTS, "'quoted", "+1"])
    path = write_key(key, tmp_path / "key.csv")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key(path) == key
    # No spreadsheet runs what is in it.
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in pd.read_csv(path, dtype=str)["patient"])
    before = path.read_bytes()
    with pytest.raises(RaBayesError, match="a key is not written over"):
        write_key(key, path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("patient,value\na,1\n", "not a key of pseudonyms", id="other-table"),
        pytest.param("pseudonym,patient\nP1,a\nP1,b\n", "twice", id="pseudonym-twice"),
        pytest.param("pseudonym,patient\nP1,a\nP2,a\n", "twice", id="patient-twice"),
        pytest.param('pseudonym,patient\nP1,"a\n', "cannot be read", id="quotation"),
    ],
)
def test_file_that_is_no_key_is_refused_without_naming_a_patient(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "key.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RaBayesError, match=message):
        read_key(path)


def test_key_of_others_is_refused_without_naming_a_patient(named: Cohort) -> None:
    with pytest.raises(RaBayesError, match="no pseudonym for 6 of the 6 patients") as raised:
        pseudonymise(named, key={"somebody": "P1"})
    assert MARK not in str(raised.value)


def test_folder_of_somebody_elses_is_not_replaced(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("words")
    with pytest.raises(RaBayesError, match="is no pseudonymised copy"):
        pseudonymise_results(folder, tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "words"


def test_key_that_cannot_be_written_leaves_the_copy_as_it_was(
    copied: tuple[dict[str, str], Path], folder: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(copied[1], copy)
    before = (copy / "acr20" / "posterior.nc").read_bytes()
    with pytest.raises(RaBayesError, match="the key cannot be written there"):
        pseudonymise_results(folder, copy, key_file=tmp_path / "nowhere" / "key.csv")
    assert (copy / "acr20" / "posterior.nc").read_bytes() == before


def test_trust_of_the_copy_is_told_by_pseudonym(folder: Path, copied: tuple[dict[str, str], Path]) -> None:
    key, copy = copied
    before, after = read_trust(folder, "il10"), read_trust(copy, "il10")
    assert before is not None
    assert after is not None
    assert set(after.tables) == set(before.tables)
    for name in ("left_out_patients", "left_out_decisions"):
        assert after.tables[name]["patient"].tolist() == ["", *sorted(key.values())]
    old = before.tables["left_out_patients"].set_index("patient")["elpd"]
    new = after.tables["left_out_patients"].set_index("patient")["elpd"]
    assert all(old[who] == new[other] for who, other in key.items())
    assert "P1" in after.text
    assert "withheld, since it holds a patient's identifier" in after.text


def test_comparison_of_the_copy_is_told_by_pseudonym_and_is_of_its_fits(
    folder: Path, copied: tuple[dict[str, str], Path]
) -> None:
    key, copy = copied
    (before,), (after,) = (find_comparisons(each).values() for each in (folder, copy))
    assert after.stale(find_results(copy).fits) == []
    # Within each model, and each estimand of the mixture, in the order of the pseudonyms.
    assert after.comparison.patients["patient"].tolist() == sorted(key.values()) * 2
    assert [*dict.fromkeys(after.stacked["estimand"])] == [*dict.fromkeys(before.stacked["estimand"])]
    for old, new, number in (
        (before.comparison.patients, after.comparison.patients, "elpd"),
        (before.stacked, after.stacked, "estimate"),
    ):
        around = [each for each in ("model", "estimand", "week") if each in old]
        told, kept = (
            {(*(f"{row[each]}" for each in around), names(row["patient"])): row[number] for row in rows}
            for rows, names in (
                (old.to_dict("records"), lambda who: key.get(who, "")),
                (new.to_dict("records"), lambda who: who),
            )
        )
        assert repr(told) == repr({place: kept[place] for place in told})
    assert MARK not in str(after.comparison)


def test_comparison_of_other_fits_is_left_behind(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "study"
    shutil.copytree(folder, source)
    shutil.rmtree(source / "acr20")
    pseudonymise_results(source, tmp_path / "copy")
    assert find_comparisons(tmp_path / "copy") == {}


def test_covariates_go_with_their_patient(named: Cohort) -> None:
    told = tuple(CovariateValue(who, "age", f"{40 + k}") for k, who in enumerate(named.patients))
    made, key = pseudonymise(replace(named, covariates=told))
    assert {(each.patient, each.value) for each in made.covariates} == {
        (key[each.patient], each.value) for each in told
    }
    assert [each.patient for each in made.covariates] == sorted(key.values())


def test_plans_are_copied_unless_an_identifier_stands_in_one(
    folder: Path, named: Cohort, tmp_path: Path
) -> None:
    source, copy = tmp_path / "study", tmp_path / "copy"
    shutil.copytree(folder / "acr20", source / "acr20")
    save_plan(plan("acr20_one_arm"), source)
    own = plan("vas_randomised")
    told = f"# after {named.patients[0]}\n{own.design.toml}"
    save_plan(replace(own, design=replace(own.design, toml=told)), source)
    pseudonymise_results(source, copy)
    assert sorted(stored_plans(copy)) == ["acr20_one_arm"]
    assert is_current(copy, source)
    save_plan(plan("sdai_randomised"), source)
    assert not is_current(copy, source)
