"""A results folder whose patients have unmistakable identifiers, and every byte of what is made of it."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import xarray as xr
from comparisons_of_models import models_compared
from trees import drawn_tree

import ra_bayes as rb
from ra_bayes.cohort import Cohort, read_cohort
from ra_bayes.comparison.comparison import Comparison, mark_of
from ra_bayes.model import load_model
from ra_bayes.resources import data_dir
from ra_bayes.results import save_comparison, save_result, save_trust
from ra_bayes.tree import provenance, with_provenance
from ra_bayes.trust.assessment import Assessment

MARK = "QZXV"
MODELS = ("il10", "acr20")


def named_file(folder: Path) -> Path:
    """The shipped cohort with the mark in each identifier, in the file's name and in what is left out."""
    text = (data_dir() / "synthetic_cohort.csv").read_text(encoding="utf-8").replace("SYN-", f"{MARK}-HOSP-")
    path = folder / f"{MARK}-cohort.csv"
    path.write_text(text + f"{MARK}-HOSP-99,0,vas,,mm,,yes\n", encoding="utf-8")
    return path


def named_cohort(folder: Path) -> Cohort:
    return read_cohort(named_file(folder))


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


def comparison_of(cohort: Cohort, trees: dict[str, xr.DataTree]) -> Comparison:
    """What compare would store of two fits, with numbers set by hand; the patients in the file's order."""
    found = models_compared(len(cohort.patients))
    called = dict(zip(found.models["model"], trees, strict=False))
    who = {f"SYN-{k}": patient for k, patient in enumerate(cohort.patients, start=1)}
    models, patients, records = (
        table[table["model"].isin([*called])].assign(model=lambda each: each["model"].map(called))
        for table in (found.models, found.patients, found.records)
    )
    models = models.assign(
        outcome="il10", cohort=cohort.name, fit=[mark_of(trees[name]) for name in models["model"]]
    )
    patients, records = (table.assign(patient=table["patient"].map(who)) for table in (patients, records))
    return Comparison(models, patients, records)


def save_named_results(cohort: Cohort, out: Path) -> None:
    """Write a results folder of the cohort, as fit, trust and compare write them."""
    trees = {model: fit_of(model, cohort) for model in MODELS}
    for tree in trees.values():
        save_result(tree, out)
    save_trust(trust_of(cohort, trees["il10"]), out, "il10")
    save_comparison(comparison_of(cohort, trees), rb.estimands(trees["il10"]), out)


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
