"""Is a joint fit of records calibrated? python benchmarks/calibrate_joint.py --n 200

Truths are drawn from the prior of the joint page, cohorts from the truths, and each cohort is fitted: the
rank of a truth among 99 draws of its posterior is then uniform (Talts et al. 2018, arXiv:1804.06788). Printed
is the p-value of every quantity's ranks by simultaneous bands, and the smallest times their number
(Bonferroni).
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
from conditions import conditions

import ra_bayes as rb
from ra_bayes.calibration.uniformity import p_value
from ra_bayes.cohort import Cohort, Record
from ra_bayes.inference.fit_joint import attempts, joint_compiled
from ra_bayes.inference.refit import with_values
from ra_bayes.inference.sampling import sample_once
from ra_bayes.model.joint_draws import (
    draw_joint_prior,
    joint_parameters,
    outcome_values,
    to_joint_values,
    with_patients,
)
from ra_bayes.model.joint_structure import JointRecords, make_joint_records
from ra_bayes.model.simulate import replicate

DRAWS, CHAINS, RANKED = 500, 2, 99
WEEKS = (0.0, 4.0, 8.0, 12.0, 16.0, 24.0)

type Draws = dict[str, np.ndarray]


def main() -> None:
    """Simulate, fit, rank, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", default="records", help="joint page (default: records)")
    parser.add_argument("--outcomes", nargs="+", default=["vas", "sdai", "il10"])
    parser.add_argument("--patients", type=int, default=6)
    parser.add_argument("--n", type=int, default=200, help="cohorts (default: 200)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    records = layout(arguments.page, arguments.outcomes, arguments.patients)
    rng, began = np.random.default_rng(arguments.seed), time.perf_counter()
    truth_raw = draw_joint_prior(records, arguments.n, rng)
    # What a page fixes has no rank: a yes-or-no outcome, say, has no level before treatment.
    truths = {name: each for name, each in told(records, truth_raw, rng).items() if np.ptp(each) > 0.0}
    values = to_joint_values(records, truth_raw)
    attempt = attempts(records)[0]._replace(tune=500)
    ranks: dict[str, list[int]] = {name: [] for name in truths}
    diverging = 0
    for n in range(arguments.n):
        made = simulated(records, values, n, rng)
        trace = sample_once(joint_compiled(made, attempt.levels), attempt, n, DRAWS, CHAINS, None, None)
        diverging += int(trace["sample_stats"]["diverging"].sum() > 0)
        raw = {
            str(name): each.values
            for name, each in trace["posterior"].data_vars.items()
            if not str(name).endswith("__")
        }
        if attempt.levels == "integrated":
            raw = with_patients(made, raw, rng)
        raw = {name: each.reshape(CHAINS * DRAWS, *each.shape[2:]) for name, each in raw.items()}
        kept = np.linspace(0, CHAINS * DRAWS - 1, RANKED).round().astype(int)
        drawn = told(records, raw, rng)
        for name, each in truths.items():
            ranks[name].append(int((drawn[name][kept] < each[n]).sum()))
    found = {name: p_value(each, RANKED) for name, each in ranks.items()}
    for name, each in sorted(found.items(), key=lambda item: item[1]):
        print(f"{each:.3f}  {name}")
    least = min(found.values())
    print(
        f"{arguments.page}, {', '.join(arguments.outcomes)}: {arguments.n} cohorts of {arguments.patients} "
        f"patients at {len(WEEKS)} visits, {len(found)} quantities, smallest p {least:.3g}, Bonferroni "
        f"{min(1.0, least * len(found)):.3g}; {diverging} fits with a divergence; "
        f"{time.perf_counter() - began:.0f} s"
    )
    print(conditions())


def layout(page: str, outcomes: list[str], patients: int) -> JointRecords:
    """A cohort with every record, whose values do not matter."""
    joint = rb.load_joint_model(page)
    rows = [
        Record(f"P{i}", week, name, 1.0, "", 2)
        for name in outcomes
        for i in range(patients)
        for week in WEEKS
    ]
    used = tuple(joint.page(name).outcome for name in outcomes)
    arm = joint.page(outcomes[0]).arm
    # Of two arms every second patient has the control.
    arms = () if arm is None else tuple((f"P{i}", ("treated", arm.control)[i % 2]) for i in range(patients))
    return make_joint_records(
        joint, Cohort("simulated", "", True, tuple(rows), used=used, arms=arms), outcomes
    )


def simulated(records: JointRecords, values: Draws, n: int, rng: np.random.Generator) -> JointRecords:
    """The layout with a cohort of the n-th truth."""
    grids = []
    for place, (page, grid) in enumerate(zip(records.pages, records.grids, strict=True)):
        own = outcome_values(records, values, place)
        one = {name: each[n : n + 1] for name, each in own.items()}
        grids.append(with_values(page, grid, replicate(page, one, rng, grid.weeks)[0]))
    return replace(records, grids=tuple(grids))


def told(records: JointRecords, raw: Draws, rng: np.random.Generator) -> Draws:
    """Every scalar that is ranked (draw)."""
    values = to_joint_values(records, raw)
    found: Draws = {}
    for place, page in enumerate(records.pages):
        own, name = outcome_values(records, values, place), page.outcome.id
        for prior in page.priors:
            if not prior.fixed and not (records.matrix and prior.parameter.name == "correlation"):
                found[f"{name} {prior.parameter.name}"] = own[prior.parameter.name]
        found[f"{name} mean change"] = own["mean_change"][:, -1]
        if records.arms:
            found[f"{name} difference between arms"] = own["effect"][:, -1]
        found[f"{name} level of patient 1"] = own["patient_level"][:, 0]
        found[f"{name} response of patient 1"] = own["patient_response"][:, 0]
    for name, each in joint_parameters(records, values, raw, rng).items():
        if name.endswith("correlation"):
            for k in range(len(records.pages)):
                for j in range(k):
                    found[f"{name} {k} {j}"] = each[:, k, j]
        else:
            for k in range(each.shape[-1]):
                found[f"{name} {k}"] = each[:, k]
    return found


if __name__ == "__main__":
    main()
