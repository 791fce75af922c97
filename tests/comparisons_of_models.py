"""A comparison of models without sampling: log densities of patients drawn, all else computed from them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ra_bayes.comparison.compare import paired_difference
from ra_bayes.comparison.comparison import Comparison
from ra_bayes.comparison.weights import pseudo_bma, stacking, stacking_without_each

NAMES = ("visits", "straight line", "a name that no panel has room for")


def models_compared(patients: int = 6, *, seed: int = 1, ci_prob: float = 0.9) -> Comparison:
    """Three models of SDAI; the first predicts best, the second better for some patients."""
    rng = np.random.default_rng(seed)
    best = rng.normal(-18.0, 2.0, patients)
    told = np.stack(
        [best, best + rng.normal(-0.5, 1.2, patients), best - rng.gamma(2.0, 0.8, patients)], axis=1
    )
    by_record = told + 2.0 + rng.normal(0.0, 0.3, told.shape)
    weight, without = stacking(told), stacking_without_each(told)
    reference = pseudo_bma(told, seed)
    rows = []
    for k, name in enumerate(NAMES):
        second = paired_difference(by_record[:, k] - by_record[:, 0], ci_prob)
        row = {
            "model": name,
            "page": "sdai",
            "trajectory": "visits",
            "link": "identity",
            "elpd": told[:, k].sum(),
        }
        row |= {"elpd_mcse": 0.08, **paired_difference(told[:, k] - told[:, 0], ci_prob), "diff_mcse": 0.1}
        row |= {"weight": weight[k], "weight_least": without[:, k].min(), "weight_most": without[:, k].max()}
        row |= {"pseudo_bma": reference[k], "record_elpd": by_record[:, k].sum(), "record_elpd_mcse": 0.1}
        row |= {f"record_{key}": value for key, value in second.items()}
        rows.append(
            row | {"p_loo": 9.0 + k, "worst_k": 0.6 + 0.1 * k, "refits": k, "passed": True, "fit": f"{k}"}
        )
    models = pd.DataFrame(rows).assign(
        ci_prob=ci_prob, ci_kind="t", outcome="sdai", cohort="synthetic_cohort", synthetic=True
    )
    each = [
        {"model": name, "patient": f"SYN-{i + 1}", "records": 7, "elpd": told[i, k], "elpd_mcse": 0.03}
        | {"diff": told[i, k] - told[i, 0], "passed": True}
        for k, name in enumerate(NAMES)
        for i in range(patients)
    ]
    record = {
        "week": 0.0,
        "value": 30.0,
        "limit": "",
        "elpd": -3.0,
        "elpd_mcse": 0.01,
        "p": 0.3,
        "pareto_k": 0.4,
    }
    records = [
        {"model": name, "patient": f"SYN-{i + 1}", **record, "refitted": False, "passed": True}
        for name in NAMES
        for i in range(patients)
    ]
    return Comparison(models, pd.DataFrame(each), pd.DataFrame(records))
