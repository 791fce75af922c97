"""The auranofin trial's arm effect beside brms: python benchmarks/brms_ordinal.py DATA.csv. Needs Rscript.

DATA.csv is the arthritis data of the R package multgee: 302 patients, self-assessment 1 (very poor) to 5
(very good) at baseline and after 1, 3 and 5 months, auranofin (trt 2) against placebo (trt 1). Proportional
odds with a random intercept for each patient; the same priors in both, on cutpoints too (``brms_ordinal.R``).
The mean changes over visits by steps of SD walk_sd; the arms differ by one number after baseline. The cost by
number of records is told from the trial copied to patients of other names.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import tempfile
import time
from pathlib import Path

import arviz_stats
import numpy as np
import pandas as pd
from conditions import conditions

from ra_bayes.cohort import Cohort, Record
from ra_bayes.diagnostics import diagnose
from ra_bayes.estimand import estimands
from ra_bayes.inference.fit import fit
from ra_bayes.model.records import Grid, grid
from ra_bayes.model.spec import ModelSpec
from ra_bayes.model.spec_reader import read_spec

# Weeks of the visits, months as four weeks.
_WEEKS = {"1": 4.0, "3": 12.0, "5": 20.0}
PAGE = """
schema = 1
title = "Self-assessment of arthritis"
about = "Proportional odds with a random intercept, for the comparison with brms."
reference_week = 20
likelihood = "cumulative_logit"
[outcome]
id = "self_assessment"
label = "Self-assessment"
unit = "category"
kind = "ordinal"
lower = 1
upper = 5
labels = ["very poor", "poor", "fair", "good", "very good"]
benefit = "increase"
source = "R package multgee"
[arm]
control = "placebo"
effect = "step"
[priors.baseline_mean]
shares = [0.1, 0.25, 0.3, 0.25, 0.1]
sd = 1.5
why = "most in the middle, and wide"
[priors.gaps]
sdlog = 0.5
why = "a factor of 2.3 either way"
[priors.baseline_sd]
median = 1.5
sdlog = 0.5
why = "patients differ as much as one record does"
[priors.response_sd]
fixed = 0.0
why = "a random intercept only"
[priors.walk_sd]
fixed = 1.0
why = "so that brms can have the same prior"
[priors.effect_change]
median = 0.0
sd = 1.0
why = "an odds ratio between 0.2 and 5"
"""


def main() -> None:
    """Fit both, then print mean, SD and Monte Carlo error of what both have."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="multgee's arthritis.csv")
    parser.add_argument("--draws", type=int, default=2000, help="draws a chain (default: 2000)")
    parser.add_argument("--chains", type=int, default=4, help="chains (default: 4)")
    parser.add_argument("--copies", type=int, default=3, help="largest copy of the trial (default: 3)")
    arguments = parser.parse_args()
    spec = read_spec(PAGE, name="self_assessment")
    cohort = trial(arguments.data, spec)
    records = grid(spec, cohort)
    print(f"{len(cohort.patients)} patients, {len(cohort.records)} records\n{conditions()}")
    began = time.perf_counter()
    tree = fit(spec, cohort, seed=1, draws=arguments.draws, chains=arguments.chains)
    print(f"ra_bayes: compiling and first fit {time.perf_counter() - began:.0f} s")
    began = time.perf_counter()
    tree = fit(spec, cohort, seed=1, draws=arguments.draws, chains=arguments.chains)
    print(f"ra_bayes: fit {time.perf_counter() - began:.0f} s\n{diagnose(tree)}")
    table = estimands(tree, despite_gate=True)
    of_arm = table[table["estimand"].isin(["odds_ratio_of_arm", "difference_from_control"])]
    print(of_arm[["estimand", "week", "unit", "estimate", "lower", "upper", "mcse"]].to_string(index=False))
    theirs = brms(records, spec, arguments.chains, arguments.draws)
    print(f"{'':>14} {'ra_bayes':>18} {'brms':>18}  difference over its Monte Carlo error")
    for name, (mean, sd, mcse) in theirs.items():
        draws = tree["posterior"][name].values

        own = float(arviz_stats.mcse(tree["posterior"][name], method="mean"))
        print(
            f"{name:>14} {draws.mean():9.4f} ({draws.std():.4f}) {mean:9.4f} ({sd:.4f})  "
            f"{(draws.mean() - mean) / np.hypot(own, mcse):6.2f}"
        )
    for copies in range(1, arguments.copies + 1):
        many = copied(cohort, copies)
        fit(spec, many, seed=1, draws=200, chains=2)
        began = time.perf_counter()
        again = fit(spec, many, seed=1, draws=200, chains=2)
        took = time.perf_counter() - began
        steps = float(again["sample_stats"]["n_steps"].mean())
        print(f"{len(many.records)} records: 2 x 200 draws in {took:.0f} s, {steps:.0f} steps a draw")


def trial(path: Path, spec: ModelSpec) -> Cohort:
    """Return the trial as a cohort; the assessment at baseline is a record of week 0."""
    records, arms = [], {}
    with path.open(encoding="utf-8") as file:
        for row, line in enumerate(csv.DictReader(file), start=2):
            patient = f"P{int(line['id']):03d}"
            if patient not in arms:
                arms[patient] = {"1": "placebo", "2": "auranofin"}[line["trt"]]
                records.append(Record(patient, 0.0, spec.outcome.id, float(line["baseline"]), "", row))
            if line["y"] not in ("", "NA"):
                week = _WEEKS[line["time"]]
                records.append(Record(patient, week, spec.outcome.id, float(line["y"]), "", row))
    return Cohort(
        "auranofin trial",
        path.name,
        False,
        tuple(sorted(records)),
        used=(spec.outcome,),
        arms=tuple(arms.items()),
    )


def copied(cohort: Cohort, copies: int) -> Cohort:
    """Return the cohort with every patient so many times, under other names."""
    records = [
        record._replace(patient=f"{record.patient}-{k}") for k in range(copies) for record in cohort.records
    ]
    arms = [(f"{patient}-{k}", arm) for k in range(copies) for patient, arm in cohort.arms]
    return Cohort(cohort.name, cohort.source, False, tuple(records), used=cohort.used, arms=tuple(arms))


def brms(records: Grid, spec: ModelSpec, chains: int, draws: int) -> dict[str, tuple[float, float, float]]:
    """Return mean, SD and Monte Carlo error of the parameters that both models have."""
    assert records.people is not None
    assert spec.arm is not None
    weights = spec.trajectory.constants(records.weeks, spec.reference_week, spec.anchor_week)["step_weight"]
    shape = spec.arm.trajectory.constants(records.weeks, spec.reference_week, spec.anchor_week)["mean_shape"]
    rows = [
        {
            "patient": records.patients[i],
            "y": int(records.value[i, j]),
            "treated": records.people.treated[i] * shape[j],
            **{f"w{k + 1}": each for k, each in enumerate(weights[j])},
        }
        for i, j in zip(*np.nonzero(~np.isnan(records.value)), strict=True)
    ]
    numbers = pd.DataFrame([(each.parameter.name, *each.numbers) for each in spec.priors])
    with tempfile.TemporaryDirectory() as folder:
        file, priors = Path(folder, "records.csv"), Path(folder, "priors.csv")
        pd.DataFrame(rows).to_csv(file, index=False)
        numbers.to_csv(priors, index=False, header=["name", "first", "second"])
        asked = [str(file), str(chains), str(draws), str(draws), str(priors)]
        script = str(Path(__file__).with_suffix(".R"))
        run = subprocess.run(["Rscript", script, *asked], check=False, capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(run.stderr)
    lines = [line.split() for line in run.stdout.splitlines()]
    print("brms:", " ".join(next(line for line in lines if line[:1] == ["seconds"])), "with compiling")
    return {
        line[1]: (float(line[2]), float(line[3]), float(line[4]))
        for line in lines
        if line[:1] == ["posterior"]
    }


if __name__ == "__main__":
    main()
