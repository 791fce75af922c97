"""A calibration certificate: what simulation found of a model, what it rests on, and both as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from ra_bayes.calibration.cohort_design import CohortDesign
from ra_bayes.calibration.coverage import CI_PROBS, SCENARIOS, CoverageRow
from ra_bayes.calibration.ranked import RANK_DRAWS
from ra_bayes.calibration.uniformity import p_value

__all__ = ["BAND", "Certificate", "UniformityRow", "coverage_verdict", "rank_verdict", "uniformity_rows"]

type Counts = NDArray[np.int64]

BAND = 0.99
# Central intervals of ranks 0 to 99 that hold exactly these shares of them.
_CENTRAL = (0.50, 0.80, 0.90)


@dataclass(frozen=True, eq=False)
class Certificate:
    """What a calibration found; printed, it says what is as it should be and what is not.

    Parameters
    ----------
    model
        Name, hash, page and prior numbers of the model.
    design
        Pattern of the simulated cohorts.
    seed
        Seed of all of them.
    decision
        Probability of benefit at which it is declared.
    limit
        Limit of quantification in the cohorts drawn from the prior, if any.
    ranks
        Of each quantity's truth among 99 posterior draws, 0 to 99, by quantity (cohort).
    diverging
        Divergent draws of each fit to these cohorts (cohort).
    means
        Mean record of each, by which a cohort is known again (cohort).
    rows
        Coverage, widths and decisions at fixed truths.
    versions
        Of the package and the libraries.
    """

    model: Mapping[str, Any]
    design: CohortDesign
    seed: int
    decision: float
    limit: float | None
    ranks: Mapping[str, Counts]
    diverging: Counts
    means: NDArray[np.float64]
    rows: tuple[CoverageRow, ...]
    versions: Mapping[str, str]

    @property
    def n_sim(self) -> int:
        """Number of cohorts drawn from the prior."""
        return int(self.means.size)

    def __str__(self) -> str:
        """Return the certificate for a terminal."""
        return "\n".join(_uniformity(self) + (_coverage(self) if self.rows else []))


class UniformityRow(TypedDict):
    """Of one quantity: how its ranks compare with uniform ones.

    ``p``: how often uniform ranks would leave a band at least so far; ``inside``: whether these stay in that
    of 99%; ``held``: shares of truths in central 50%, 80% and 90% intervals.
    """

    quantity: str
    p: float
    inside: bool
    held: list[float]


def uniformity_rows(certificate: Certificate) -> list[UniformityRow]:
    """Return whether the truths of every quantity rank uniformly among draws of their posteriors."""
    rows = []
    for name, ranks in certificate.ranks.items():
        p = p_value(ranks, RANK_DRAWS)
        tails = [round((1.0 - level) / 2.0 * (RANK_DRAWS + 1)) for level in _CENTRAL]
        held = [float(np.mean((ranks >= tail) & (ranks <= RANK_DRAWS - tail))) for tail in tails]
        rows.append(UniformityRow(quantity=name, p=p, inside=p > 1.0 - BAND, held=held))
    return rows


def rank_verdict(certificate: Certificate) -> str:
    """Say whether all quantities rank uniformly, and if not which do not."""
    rows = uniformity_rows(certificate)
    outside = [row["quantity"] for row in rows if not row["inside"]]
    if not outside:
        return (
            f"All {len(rows)} quantities rank uniformly (99% bands), as they do where posteriors are right."
        )
    inside = f"{len(rows) - len(outside)} of {len(rows)} quantities rank uniformly (99% bands)"
    return f"{inside}; not {', '.join(outside)}."


def _uniformity(certificate: Certificate) -> list[str]:
    """Return what was simulated and the table of ranks."""
    size = certificate.n_sim
    rows = uniformity_rows(certificate)
    error = float(np.sqrt(0.9 * 0.1 / size))
    versions = ", ".join(f"{name} {version}" for name, version in certificate.versions.items())
    diverged = float(np.mean(certificate.diverging > 0))
    lines = [
        f"Calibration of {certificate.model['name']} (page {certificate.model['hash'][:12]})",
        f"cohorts   {certificate.design} (pattern of {certificate.design.name})",
        f"made by   {versions}; seed {certificate.seed}",
        "",
        f"{size} truths from the prior, ranked among {RANK_DRAWS} draws of their posterior. "
        f"{rank_verdict(certificate)}",
        f"{diverged:.1%} of the fits kept divergent draws.",
        "",
        f"{'quantity':<34}{'p':>7}{'band':>9}" + "".join(f"{f'{level:.0%} holds':>11}" for level in _CENTRAL),
    ]
    for row in rows:
        held = "".join(f"{share:11.3f}" for share in row["held"])
        lines.append(
            f"{row['quantity']:<34}{row['p']:7.3f}{'inside' if row['inside'] else 'OUTSIDE':>9}{held}"
        )
    return [*lines, f"Monte Carlo error of a share near 0.9: {error:.3f}."]


def _coverage(certificate: Certificate) -> list[str]:
    """Return the tables of coverage and decisions, one for each way of making data."""
    lines = ["", *coverage_verdict(certificate)]
    level = f"{certificate.decision:g}"
    for scenario in SCENARIOS:
        own = [row for row in certificate.rows if row["data"] == scenario]
        if not own:
            continue
        made = scenario if scenario == "as the model" else f"with {scenario}"
        lines += ["", f"Data {made}, {own[0]['cohorts']} cohorts a truth"]
        heads = "".join(f"{f'{probability:.0%}':>7}" for probability in CI_PROBS)
        lines.append(f"{'truth':<42}{'method':<23}{heads}{'width 90%':>16}{'benefit':>15}")
        for row in own:
            lines.append(_row(row))
    return [
        *lines,
        "",
        f"50% to 95%: share of intervals that hold the truth. Benefit: declared at a probability of {level}",
        "or more, by tests at the level of the rest; (Monte Carlo standard errors).",
    ]


def _row(row: CoverageRow) -> str:
    truth = f"{row['truth_name']} ({row['truth']:.3g})"
    declared = f"{row['declared']:8.3f} ({row['declared_mcse']:.3f})"
    if row["coverage"] is None or row["width"] is None or row["width_mcse"] is None:
        return f"{truth:<42}{row['method']:<23}{'':>{7 * len(CI_PROBS) + 15}}{declared}"
    at = CI_PROBS.index(0.90)
    held = "".join(f"{each:7.3f}" for each in row["coverage"])
    width = f"{row['width'][at]:.3g} ({row['width_mcse'][at]:.2g})"
    return f"{truth:<42}{row['method']:<23}{held}{width:>16}{declared}"


def coverage_verdict(certificate: Certificate) -> list[str]:
    """Say where the model's own 90% intervals hold the truth too seldom, by over three standard errors."""
    at = CI_PROBS.index(0.90)
    told = [
        (row["coverage"][at], row["coverage_mcse"][at], f"{row['data']}, {row['truth_name']}")
        for row in certificate.rows
        if row["method"] == "this model" and row["coverage"] is not None and row["coverage_mcse"] is not None
    ]
    if not told:
        return []
    broken = [
        f"  {where}: {held:.2f} ({error:.2f})" for held, error, where in told if held + 3.0 * error < 0.90
    ]
    if not broken:
        held, error, where = min(told)
        return [
            "Truths that are fixed: none is held by 90% intervals in clearly fewer than 90% of cohorts "
            f"(by over three standard errors); the least often held ({where}) by {held:.2f} (SE {error:.2f})."
        ]
    return ["90% intervals hold the truth in clearly fewer than 90% of cohorts:", *broken]
