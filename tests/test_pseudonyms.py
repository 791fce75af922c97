"""Nothing that is made after pseudonymising knows a patient: neither identifier, nor place in the file."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner
from nasty import PATIENTS, nasty_cohort, nasty_file
from trees import drawn_tree

from ra_bayes import tables
from ra_bayes.cli import main
from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.cohort.cohort import Assigned
from ra_bayes.cohort.key_file import read_key, write_key
from ra_bayes.cohort.pseudonyms import pseudonymise, pseudonyms, without_identifiers
from ra_bayes.errors import RaBayesError
from ra_bayes.model import load_model
from ra_bayes.resources import data_dir
from ra_bayes.results import read_trust, save_result, save_trust
from ra_bayes.results.folder import find_trees
from ra_bayes.results.pseudonyms import MARK as MARKED
from ra_bayes.results.pseudonyms import is_current, pseudonymise_results, pseudonymise_tree
from ra_bayes.tree import provenance, with_provenance
from ra_bayes.trust.assessment import Assessment

MARK = "QZXV"
MODELS = ("il10", "acr20")


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """The shipped cohort with unmistakable identifiers, also in the file's name and in what is left out."""
    text = (data_dir() / "synthetic_cohort.csv").read_text(encoding="utf-8").replace("SYN-", f"{MARK}-HOSP-")
    path = tmp_path_factory.mktemp("named") / f"{MARK}-cohort.csv"
    path.write_text(text + f"{MARK}-HOSP-99,0,vas,,mm,,yes\n", encoding="utf-8")
    return read_cohort(path)


def fit_of(model: str, cohort: Cohort) -> xr.DataTree:
    """A fit without sampling that says how it would have been sampled, as a report tells it."""
    tree = drawn_tree(load_model(model), cohort)
    sampling = {"sampler": "nutpie NUTS", "draws": 250, "chains": 4, "levels": "centred", "tune": 1000}
    return with_provenance(tree, provenance(tree) | {"sampling": sampling | {"target_accept": 0.98}})


def trust_of(cohort: Cohort, tree: xr.DataTree) -> Assessment:
    """What trust would store, with numbers set by hand: a patient in every table that has one."""
    of = {"estimand": "mean_change", "week": 24.0}
    numbers = {"estimate": 0.5, "lower": 0.2, "upper": 1.1, "mcse": 0.01}
    kind = {"ci_prob": 0.9, "ci_kind": "eti"}
    everybody = ["", *cohort.patients]
    patients = [
        {"patient": who, **of, "unit": "ratio", **numbers, "passed": True, "records": 7, "elpd": -20.0 - k}
        | {"elpd_mcse": 0.02, **kind}
        for k, who in enumerate(everybody)
    ]
    observed = tree["observed_data"].to_dataset()["record"].transpose("patient", "visit")
    limits = tree["constant_data"].to_dataset()["limit"].transpose("patient", "visit").values
    records = [
        {
            "patient": who,
            "week": float(week),
            "value": observed.values[i, j],
            "limit": limits[i, j],
            **numbers,
        }
        | {"predicted": 1.0, "pit": 0.5, "pit_lower": 0.4, "pit_upper": 0.6, **kind}
        for i, who in enumerate(cohort.patients)
        for j, week in enumerate(observed["visit"].values)
    ]
    decisions = [
        {"patient": who, "criterion": "Pr(ratio < 1) ≥ 0.95", "probability": 0.9, "mcse": 0.01, "asked": 0.95}
        | {"holds": False, "success": False, "flips": False, "close": False}
        for who in everybody
    ]
    sensitive = {**of, "unit": "ratio", **numbers, "prior": 1.0, "prior_lower": 0.3, "prior_upper": 3.0}
    sensitive |= {"share": 0.1, "patients": 0.7, "psense_prior": 0.01, "psense_likelihood": 0.1, **kind}
    sensitive |= {"halved": 0.6, "doubled": 0.4, "move": 0.3, "verdict": "data-led", "khat": 0.1}
    sensitive |= {"definition": "by hand"}
    powers = [f"{part} to the power {power}" for part in ("prior", "likelihood") for power in ("0.5", "2")]
    variants = [
        {**of, "variant": name, **numbers, "route": "re-fit", "khat": 0.1, "passed": True}
        for name in ("prior scales halved", "prior scales doubled", *powers)
    ]
    stored = {"sensitivity": [sensitive], "variants": variants, "left_out_patients": patients}
    stored |= {"left_out_records": records, "left_out_decisions": decisions}
    reason = f"Missing not at random: patient {cohort.patients[0]} stands in the way."
    text = f"{provenance(tree)['model']['name']}\n\n{reason}"
    return Assessment({name: pd.DataFrame(rows) for name, rows in stored.items()}, text)


@pytest.fixture(scope="module")
def folder(named: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder of it, as fit and trust write them."""
    out = tmp_path_factory.mktemp("results") / "named"
    trees = {model: fit_of(model, named) for model in MODELS}
    for tree in trees.values():
        save_result(tree, out)
    save_trust(trust_of(named, trees["il10"]), out, "il10")
    return out


@pytest.fixture(scope="module")
def copied(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], Path]:
    """The key and the place of a copy without identifiers."""
    copy = tmp_path_factory.mktemp("copied") / "copy"
    return pseudonymise_results(folder, copy), copy


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file's bytes, and those that are packed in it."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        yield str(path), str(path.relative_to(folder)).encode() + path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                yield from ((f"{path}:{name}", packed.read(name)) for name in packed.namelist())
        if path.suffix == ".nc":
            with xr.open_datatree(path, engine="h5netcdf") as tree:
                yield f"{path}, read", unpacked(tree)
        if path.suffix == ".pdf":
            yield f"{path}, unpacked", b"".join(streams(path.read_bytes()))


def unpacked(tree: xr.DataTree) -> bytes:
    texts = [str(tree.attrs)]
    for node in tree.subtree:
        dataset = node.to_dataset()
        texts += [str(dataset.attrs)]
        texts += [
            f"{each.attrs} {each.values.tolist() if each.dtype.kind in 'OUS' else ''}"
            for each in dataset.variables.values()
        ]
    return "\n".join(texts).encode()


def streams(pdf: bytes) -> Iterator[bytes]:
    for part in pdf.split(b"stream\n")[1:]:
        try:
            yield zlib.decompressobj().decompress(part)
        except zlib.error:
            continue


def test_every_output_of_a_pseudonymised_cohort_is_without_identifiers(named: Cohort, tmp_path: Path) -> None:
    dated = (Assigned(named.patients[0], "2024-03-05", 0, 0.0, 12, 2),)
    made = pseudonymise(replace(named, assigned=dated, mapping=f"# {MARK}")).cohort
    assert MARK not in repr(made)
    assert "2024-03-05" not in repr(made)
    save_result(drawn_tree(load_model("il10"), made), tmp_path)
    assert all(MARK.encode() not in content for _, content in contents(tmp_path))


def test_no_identifier_is_in_any_byte_of_what_the_commands_write(folder: Path, tmp_path: Path) -> None:
    source, copy = tmp_path / "study", tmp_path / "study-pseudonymised"
    shutil.copytree(folder, source)
    forms = [word for form in ("html", "latex", "docx", "csv") for word in ("--format", form)]
    report = ["report", "--format", "html", "--format", "docx"]
    for command in (["tables", *forms], report, ["figures", "--model", "il10"]):
        ran = CliRunner().invoke(main, [command[0], str(source), *command[1:], "--pseudonymise"])
        assert ran.exit_code == 0, ran.output
        assert MARK not in ran.output
    found = dict(contents(copy))
    for kind in (".html", ".tex", ".docx", ".csv", ".pdf", ".png", ".nc", ".txt"):
        assert any(name.endswith(kind) for name in found), kind
    assert [name for name, content in found.items() if MARK.encode() in content] == []
    # The original is as it was, and the oracle sees an identifier where there is one.
    assert any(MARK.encode() in content for _, content in contents(source))
    assert not (source / "tables").exists()


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


def test_key_asked_for_is_written_once_and_then_used(folder: Path, tmp_path: Path) -> None:
    source, key = tmp_path / "study", tmp_path / "key.csv"
    shutil.copytree(folder / "acr20", source / "acr20")
    command = ["tables", str(source), "--format", "csv", "--only", "patients"]
    written = []
    for _ in range(2):
        ran = CliRunner().invoke(main, [*command, "--pseudonymise", "--key", str(key)])
        assert ran.exit_code == 0, ran.output
        table = tmp_path / "study-pseudonymised" / "tables" / "acr20-patients.csv"
        written.append((key.read_bytes(), table.read_bytes()))
    assert written[0] == written[1]
    ran = CliRunner().invoke(main, [*command, "--key", str(key)])
    assert ran.exit_code == 2
    assert "--key is the key of --pseudonymise" in ran.output


def test_without_a_key_none_is_written_and_a_copy_that_is_new_enough_is_used_again(
    folder: Path, tmp_path: Path
) -> None:
    source, copy = tmp_path / "study", tmp_path / "study-pseudonymised"
    shutil.copytree(folder / "acr20", source / "acr20")
    command = ["tables", str(source), "--format", "csv", "--only", "patients", "--pseudonymise"]
    made = []
    for _ in range(2):
        assert CliRunner().invoke(main, command).exit_code == 0
        made.append((copy / MARKED).stat().st_mtime_ns)
    assert made[0] == made[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study", "study-pseudonymised"]
    # A fit that is newer than the copy is not told by an old one.
    (source / "acr20" / "posterior.nc").touch()
    assert not is_current(copy, source)


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


def test_fit_pseudonymise_reads_names_and_writes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command as a whole, its sampler replaced: what it fits is already without identifiers."""
    monkeypatch.setattr("ra_bayes.inference.fit", lambda spec, cohort, **_: drawn_tree(spec, cohort))
    file, out, key = nasty_file(tmp_path), tmp_path / "out", tmp_path / "key.csv"
    ran = CliRunner().invoke(
        main, ["fit", str(file), "--model", "vas", "--out", str(out), "--pseudonymise", "--key", str(key)]
    )
    assert ran.exit_code == 0, ran.output
    assert set(read_key(key)) == set(PATIENTS)
    tree = find_trees(out)["vas"]
    assert tables.patients(tree).rows[0][0].text == "P1"
    for who in PATIENTS:
        for form in (who, repr(who)[1:-1]):
            assert not [name for name, content in contents(out) if form.encode() in content]
