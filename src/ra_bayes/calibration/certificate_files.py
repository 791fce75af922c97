"""A certificate's two files, and whether it is still that of a model's page.

``NAME.json`` says what was simulated, by what, and the coverage; ``NAME.csv`` has the ranks of every cohort.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any, cast

import numpy as np

from ra_bayes.calibration.certificate import Certificate, UniformityRow, uniformity_rows
from ra_bayes.calibration.cohort_design import CohortDesign
from ra_bayes.calibration.coverage import CoverageRow
from ra_bayes.errors import RaBayesError
from ra_bayes.files import write_text
from ra_bayes.model.spec import ModelSpec
from ra_bayes.resources import models_dir
from ra_bayes.tree import model_entry

__all__ = [
    "certificate_data",
    "certificate_file",
    "certificate_of",
    "read_certificate",
    "save_certificate",
    "stale",
]

_SCHEMA = 1


def stale(certificate: Certificate, model: ModelSpec) -> str:
    """Return in a sentence why a certificate is not of a model; an empty text if it is.

    A certificate holds for one page with one set of prior numbers. It says nothing against another version
    of the package: that is printed with it.
    """
    mine = json.loads(json.dumps(model_entry(model)))
    if certificate.model["hash"] != mine["hash"]:
        return (
            f"the calibration certificate of {model.name} is stale: it was made for another page "
            f"(hash {certificate.model['hash'][:12]}, the page is now {mine['hash'][:12]}); "
            f"run ra-bayes calibrate {model.name}"
        )
    if certificate.model["numbers"] != mine["numbers"]:
        return (
            f"the calibration certificate of {model.name} is not of these prior numbers but of the page's; "
            "run ra_bayes.calibrate on this model"
        )
    return ""


def certificate_file(model: ModelSpec, folder: str | PathLike[str] | None = None) -> Path:
    """Return where a model's certificate is, if there is one: in a folder, or among the shipped ones."""
    where = models_dir() / "certificates" if folder is None else Path(folder)
    return where / f"{model.name}.json"


def certificate_of(model: ModelSpec, folder: str | PathLike[str] | None = None) -> Certificate:
    """Return the certificate of a model.

    Parameters
    ----------
    model
        The model.
    folder
        Where ``ra-bayes calibrate --out`` wrote it; the shipped certificates if not given.

    Raises
    ------
    RaBayesError
        If there is none, or it is stale: of another page or of other prior numbers.

    Examples
    --------
    >>> from ra_bayes.model import load_model
    >>> certificate_of(load_model("sdai")).n_sim >= 1000
    True
    """
    file = certificate_file(model, folder)
    if not file.is_file():
        raise RaBayesError(
            f"there is no calibration certificate of {model.name} in {file.parent}; make one with "
            f"ra-bayes calibrate {model.name} --out FOLDER"
        )
    found = read_certificate(file)
    why = stale(found, model)
    if why:
        raise RaBayesError(why)
    return found


def save_certificate(certificate: Certificate, folder: str | PathLike[str]) -> Path:
    """Write a certificate's two files and return the first."""
    name = certificate.model["name"]
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["mean_record", "divergent", *certificate.ranks])
    columns = [certificate.diverging, *certificate.ranks.values()]
    for k, mean in enumerate(certificate.means):
        rows.writerow([f"{mean:.6g}", *(int(column[k]) for column in columns)])
    # The ranks first: a certificate without them is not read.
    write_text(Path(folder) / f"{name}.csv", text.getvalue())
    content = json.dumps(certificate_data(certificate), indent=1, ensure_ascii=False, sort_keys=True)
    return write_text(Path(folder) / f"{name}.json", content + "\n")


def certificate_data(certificate: Certificate) -> dict[str, Any]:
    """Return all of a certificate but the single ranks as plain data, ready for JSON."""
    return {
        "schema": _SCHEMA,
        "model": dict(certificate.model),
        "design": asdict(certificate.design),
        "seed": certificate.seed,
        "n_sim": certificate.n_sim,
        "decision": certificate.decision,
        "limit": certificate.limit,
        "versions": dict(certificate.versions),
        "uniformity": [_rounded(row) for row in uniformity_rows(certificate)],
        "rows": [_rounded(row) for row in certificate.rows],
    }


def _rounded(row: CoverageRow | UniformityRow) -> dict[str, Any]:
    """Keep the digits that mean something, six of them."""

    def short(value: Any) -> Any:
        if isinstance(value, float):
            return float(f"{value:.6g}")
        return [short(each) for each in value] if isinstance(value, list) else value

    return {name: short(value) for name, value in row.items()}


def read_certificate(path: str | PathLike[str]) -> Certificate:
    """Read a certificate's two files.

    Raises
    ------
    RaBayesError
        If one is missing or is not what :func:`save_certificate` wrote.
    """
    file = Path(path)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        with file.with_suffix(".csv").open(encoding="utf-8", newline="") as ranks:
            head, *lines = csv.reader(ranks)
        table = np.array(lines, dtype=float).T
        design = content["design"] | {
            "weeks": tuple(content["design"]["weeks"]),
            "seen": tuple(tuple(row) for row in content["design"]["seen"]),
        }
        if content["schema"] != _SCHEMA or table.shape != (len(head), content["n_sim"]):
            raise ValueError("the two files do not belong together")
        return Certificate(
            model=content["model"],
            design=CohortDesign(**design),
            seed=content["seed"],
            decision=content["decision"],
            limit=content["limit"],
            ranks=dict(zip(head[2:], table[2:].astype(int), strict=True)),
            diverging=table[1].astype(int),
            means=table[0],
            rows=tuple(cast(CoverageRow, row) for row in content["rows"]),
            versions=content["versions"],
        )
    except FileNotFoundError as error:
        raise RaBayesError(
            f"{error.filename}: there is no such file; a certificate is a .json and a .csv"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise RaBayesError(
            f"{file}: not a calibration certificate ({error}); make one with ra-bayes calibrate"
        ) from None
