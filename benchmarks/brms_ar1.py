"""AR(1) residuals beside brms: python benchmarks/brms_ar1.py RECORDS.csv. Needs Rscript and the package brms.

RECORDS.csv is lme4's sleepstudy (columns Subject, Days, Reaction): 18 people, ten days, no censoring and
equal gaps, which is where brms can do it (``ar(..., cov = TRUE)``). A line over the days with a level and a
slope for each person, residuals AR(1) by days; the same priors of the same parameters, brms's in brms_ar1.R.
Days stand for weeks on our page.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from conditions import conditions

import ra_bayes as rb
from ra_bayes.cohort import Cohort, Record
from ra_bayes.diagnostics import diagnose
from ra_bayes.model.spec_reader import read_spec

PAGE = """
schema = 1
title = "Reaction time"
about = "lme4's sleepstudy, to compare with brms."
trajectory = "linear"
reference_week = 9
residuals = "ar1"
autocorrelation_weeks = 1

[outcome]
id = "reaction"
label = "Reaction time"
unit = "ms"

[priors]
baseline_mean = {median = 250.0, sd = 50.0, why = "for both programs"}
baseline_sd = {median = 30.0, sdlog = 0.5, why = "for both programs"}
response_sd = {median = 50.0, sdlog = 0.5, why = "for both programs"}
correlation = {concentration = 2.0, why = "for both programs"}
residual_sd = {median = 25.0, sdlog = 0.4, why = "for both programs"}
autocorrelation = {median = 0.3, sd = 0.6, why = "for both programs"}
change = {median = 0.0, sd = 100.0, why = "for both programs"}
"""


def main() -> None:
    """Fit both, then print means and SDs side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=Path, help="lme4's sleepstudy as CSV")
    parser.add_argument("--draws", type=int, default=3000, help="draws a chain (default: 3000)")
    parser.add_argument("--tune", type=int, default=1000, help="tuning draws a chain of brms (default: 1000)")
    parser.add_argument("--chains", type=int, default=2, help="chains, one a core (default: 2)")
    arguments = parser.parse_args()
    if shutil.which("Rscript") is None:
        parser.exit(2, "no Rscript here; install R and its package brms\n")

    table = pd.read_csv(arguments.records)
    spec = read_spec(PAGE, name="reaction")
    rows = zip(table["Subject"], table["Days"], table["Reaction"], strict=True)
    records = tuple(
        Record(str(person), float(day), "reaction", float(value), "", row)
        for row, (person, day, value) in enumerate(rows, start=2)
    )
    cohort = Cohort("sleepstudy", arguments.records.name, False, records, used=(spec.outcome,))
    tree = rb.fit(spec, cohort, seed=1, draws=arguments.draws, chains=arguments.chains)
    theirs = brms(table, arguments)
    print(f"gate passed: {diagnose(tree).passed}")
    print(f"{'':16} {'ra_bayes':>20} {'brms':>20}  {'apart':>10} {'MCSE':>10}")
    posterior = tree["posterior"].to_dataset()
    for name, (mean, sd, ess) in theirs.items():
        draws = posterior[name].values
        own = draws.std() / np.sqrt(_ess(draws))
        apart, error = (draws.mean() - mean) / sd, np.hypot(own, sd / np.sqrt(ess)) / sd
        print(
            f"{name:16} {draws.mean():10.3f} ({draws.std():7.3f}) {mean:10.3f} ({sd:7.3f})  "
            f"{apart:7.3f} SD {error:7.3f} SD"
        )
    print(f"\n{arguments.chains} x {arguments.draws} draws\n{conditions()}")


def _ess(draws: np.ndarray) -> float:
    """Return the bulk effective sample size."""
    import arviz_stats

    return float(arviz_stats.ess(draws))


def brms(table: pd.DataFrame, arguments: argparse.Namespace) -> dict[str, tuple[float, float, float]]:
    """Return mean, SD and effective sample size of each parameter, by brms."""
    rows = pd.DataFrame(
        {
            "patient": table["Subject"],
            "week": table["Days"],
            "value": table["Reaction"],
            "r": table["Days"] / 9.0,
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "records.csv")
        rows.to_csv(file, index=False)
        script = Path(__file__).with_suffix(".R")
        asked = [str(each) for each in (arguments.chains, arguments.draws, arguments.tune)]
        run = subprocess.run(
            ["Rscript", str(script), str(file), *asked], check=True, capture_output=True, text=True
        )
    lines = [line.split() for line in run.stdout.splitlines()]
    found = {line[1]: tuple(map(float, line[2:])) for line in lines if line[:1] == ["posterior"]}
    return {name: (each[0], each[1], each[2]) for name, each in found.items()}


if __name__ == "__main__":
    main()
