"""Calibration certificates of the shipped models, as tables."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import ra_bayes as rb
from ra_bayes.calibration import Certificate
from ra_bayes.calibration.certificate import BAND, uniformity_rows
from ra_bayes.calibration.coverage import CI_PROBS
from ra_bayes.resources import models_dir

AT = CI_PROBS.index(0.90)
CLASSICAL = "paired t-test"


def certificates() -> str:
    """Return the section: what simulation found of each model."""
    names = sorted(path.stem for path in (models_dir() / "certificates").glob("*.json"))
    every = {name: rb.certificate_of(rb.load_model(name)) for name in names}
    found = {name: each for name, each in every.items() if name in rb.list_models()}
    examples = {name: each for name, each in every.items() if name in rb.list_examples()}
    missing = sorted(set(rb.list_models()) - set(names))
    without = f" Without a certificate so far: {', '.join(missing)}." if missing else ""
    return "\n\n".join(
        [
            "## Calibration certificates",
            f"{len(found)} of {len(rb.list_models())} shipped models, each fitted to a thousand and more "
            f"simulated cohorts of six patients with the synthetic cohort's visits and gaps.{without} "
            "`ra-bayes calibrate MODEL --show` prints a certificate in full, `benchmarks/calibrate.py` "
            "makes it.",
            "Truths drawn from the prior, ranked among draws of their posterior. Uniform ranks stay "
            f"within the {BAND:.0%} band of their ECDF, all of them at once, with probability {BAND:g} "
            "(Säilynoja 2022). p tells how often uniform ranks would leave a band at least so far; the "
            "smallest of many is small by chance: compare it with 0.01 over their number.",
            "\n".join(uniformity(found)),
            "Truths that are fixed: how many 90% intervals of the mean change (or rate) hold it, and how "
            "wide they are; Monte Carlo errors in brackets. A far truth is unlikely under the prior and "
            f"held less often. Beside it the {CLASSICAL} on the same cohorts, where there is one.",
            "\n".join(coverage(found)),
            f"**Parts of a model** that no shipped model has, on their example pages: {len(examples)} of "
            f"{len(rb.list_examples())}, each fitted to two hundred simulated cohorts of truths from the "
            f"prior. {_smallest(examples)}",
            "\n".join(uniformity(examples)),
        ]
    )


def _smallest(found: dict[str, Certificate]) -> str:
    """Return the smallest p of all, beside what the smallest of so many is by chance."""
    rows = [
        (row["p"], row["quantity"], name) for name, each in found.items() for row in uniformity_rows(each)
    ]
    p, quantity, name = min(rows)
    least = 1.0 - 0.5 ** (1.0 / len(rows))
    return (
        f"The smallest p of {len(rows)} quantities is {p:.3g} ({quantity} of `{name}`); of so many unrelated "
        f"ones it would be below {least:.2g} every other time."
    )


def uniformity(found: dict[str, Certificate]) -> Iterator[str]:
    """Yield a row a model: whether truths rank uniformly, and how many its 90% intervals hold."""
    yield (
        "| model | cohorts | quantities inside their band | smallest p | 90% intervals hold, over quantities "
        "| Monte Carlo error | fits with divergences | seed | made by |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for name, each in found.items():
        rows = uniformity_rows(each)
        held = [row["held"][2] for row in rows]
        inside = sum(row["inside"] for row in rows)
        worst = min(rows, key=lambda row: row["p"])
        outside = [row["quantity"] for row in rows if not row["inside"]]
        told = f"{inside} of {len(rows)}" + (f" (not {', '.join(outside)})" if outside else "")
        made = ", ".join(f"{key} {each.versions[key]}" for key in ("ra_bayes", "pymc", "nutpie"))
        yield (
            f"| `{name}` | {each.n_sim} | {told} | {worst['p']:.3f} ({worst['quantity']}) | "
            f"{min(held):.3f} to {max(held):.3f} | {np.sqrt(0.9 * 0.1 / each.n_sim):.3f} | "
            f"{np.mean(each.diverging > 0):.1%} | {each.seed} | {made} |"
        )


def coverage(found: dict[str, Certificate]) -> Iterator[str]:
    """Yield a row a model and fixed truth: share of 90% intervals that hold it, and their width."""
    yield f"| model | truth | cohorts | holds | width | {CLASSICAL} holds | width |"
    yield "|---|---|---|---|---|---|---|"
    for name, each in found.items():
        as_model = [row for row in each.rows if row["data"] == "as the model"]
        classical = {row["truth_name"]: row for row in as_model if row["method"] == CLASSICAL}
        for row in as_model:
            if row["method"] != "this model":
                continue
            beside = classical.get(row["truth_name"])
            theirs = cells(beside) if beside else "| | |"
            truth = f"{row['truth_name']} ({row['truth']:.3g})"
            yield f"| `{name}` | {truth} | {row['cohorts']} {cells(row)}{theirs[1:]}"


def cells(row: object) -> str:
    """Return coverage and width of a row's 90% intervals, each with its error, as two cells."""
    assert isinstance(row, dict)
    held, error = row["coverage"][AT], row["coverage_mcse"][AT]
    width, its_error = row["width"][AT], row["width_mcse"][AT]
    return f"| {held:.2f} ({error:.2f}) | {width:.3g} ({its_error:.2g}) |"
