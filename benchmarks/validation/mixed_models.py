"""Mixed models of lme4's sleepstudy: REML as published, by statsmodels and here; the posterior beside it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import arviz_stats
import numpy as np
import pandas as pd
from numpy.typing import NDArray

import ra_bayes as rb
from ra_bayes.calibration.reml import fit_reml
from validation.place import REPOSITORY, shared
from validation.rows import Row, row, table, tally

SEED = 1
# lme4: Reaction ~ Days + (Days | Subject), as its documentation prints it.
LME4 = {
    "baseline_mean": ("251.405", "6.825"),
    "change": ("10.467", "1.546"),
    "baseline_sd": ("24.74", ""),
    "response_sd": ("5.92", ""),
    "residual_sd": ("25.59", ""),
}
WORDS = {
    "baseline_mean": "mean at day 0, ms",
    "change": "slope, ms a day",
    "baseline_sd": "SD of people at day 0",
    "response_sd": "SD of slopes",
    "residual_sd": "residual SD",
}


def mixed_models() -> str:
    """Return the section, or a note where the data are not there."""
    file = shared("data/lme4_sleepstudy.csv")
    title = "## Mixed models"
    if file is None:
        return f"{title}\n\nlme4's sleepstudy is not beside this checkout: this section was left out."
    frame = pd.read_csv(file, dtype={"Subject": str})
    rows = [*reml(frame)]
    return "\n\n".join(
        [
            title,
            "Reaction time of 18 people on ten days of sleep deprivation (lme4's `sleepstudy`). REML as "
            f"others print it, and as it is found here on the same records. {tally(rows)}",
            table(rows),
            posterior(frame),
        ]
    )


def reml(frame: pd.DataFrame) -> Iterator[Row]:
    """Yield REML of the model without and with a correlation of level and slope."""
    days = frame["Days"].to_numpy(float)
    people = np.asarray(frame["Subject"].astype("category").cat.codes, dtype=np.int64)
    fixed = np.column_stack([np.ones(days.size), days])
    y = frame["Reaction"].to_numpy(float)
    ours = fit_reml(y, fixed, people, days)
    se = np.sqrt(np.diag(ours.covariance))
    yield row(
        "level and slope independent, our REML",
        "mean, SE, slope, SE, SD of people, of slopes, residual",
        "251.405 6.885 10.467 1.560 25.051 5.988 25.565",
        [ours.beta[0], se[0], ours.beta[1], se[1], ours.sd_intercept, ours.sd_response, ours.sd_residual],
        "Bates 2015",
    )
    theirs = by_statsmodels(y, fixed, people)
    scale = float(theirs.scale)
    yield row(
        "level and slope correlated, statsmodels",
        "mean, SE, slope, SE, SD of people, of slopes, residual",
        "251.405 6.825 10.467 1.546 24.74 5.92 25.59",
        [
            *np.column_stack([theirs.fe_params, theirs.bse_fe]).ravel(),
            *np.sqrt(np.diag(theirs.cov_re)),
            scale**0.5,
        ],
        "lme4",
    )


def by_statsmodels(y: NDArray[np.float64], fixed: NDArray[np.float64], people: NDArray[np.int64]) -> Any:
    """Return statsmodels' REML fit with a full covariance of level and slope."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.regression.mixed_linear_model import MixedLM

        return MixedLM(y, fixed, groups=people, exog_re=fixed).fit(reml=True, method="lbfgs")


def posterior(frame: pd.DataFrame) -> str:
    """Return the posterior under nearly flat priors beside REML."""
    page = REPOSITORY / "tests" / "models" / "sleepstudy.toml"
    model = rb.load_model(page)
    long = frame.rename(columns={"Subject": "patient", "Days": "week", "Reaction": "value"})
    table_ = long.assign(outcome="reaction")[["patient", "week", "outcome", "value"]]
    tree = rb.fit(model, rb.read_cohort(table_, outcomes=[model.outcome], name="sleepstudy"), seed=SEED)
    verdict = str(rb.diagnose(tree)).splitlines()[0]
    draws = tree["posterior"].to_dataset()
    lines = ["| quantity | REML (SE) | posterior (SD) | Monte Carlo error |", "|---|---|---|---|"]
    for name, (estimate, se) in LME4.items():
        # Means of means, medians of SDs, whose posteriors are skewed.
        method = "mean" if se else "median"
        middle = float(getattr(draws[name], method)())
        error = float(arviz_stats.mcse(draws[[name]], method=method)[name])
        theirs = f"{estimate} ({se})" if se else estimate
        lines.append(
            f"| {WORDS[name]} | {theirs} | {middle:.3f} ({float(draws[name].std()):.3f}) | {error:.2g} |"
        )
    return "\n\n".join(
        [
            "The posterior of the same model with priors of some twenty standard errors "
            f"(`tests/models/{page.name}`, seed {SEED}, 4 x 1000 draws; {verdict}) beside lme4's REML; "
            "means, and medians of SDs. A posterior SD counts that the variances are unknown, a standard "
            "error of REML does not, so it is a little wider.",
            "\n".join(lines),
        ]
    )
