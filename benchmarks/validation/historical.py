"""Published numbers of meta-analytic predictive priors."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from ra_bayes.historical import map_prior, robust
from ra_bayes.mixtures import BetaMixture, fit_mixture
from ra_bayes.mixtures.ess import effective_sample_size
from validation.place import shared
from validation.rows import Row, row, table

# R package RBesT, data sets colitis (Neuenschwander 2010) and crohn (Hueber 2012; SD of one patient 88).
COLITIS = ((6, 56), (9, 63), (18, 121), (7, 123))
CROHN = tuple(
    (y, 88 / n**0.5) for y, n in ((-51, 74), (-49, 166), (-36, 328), (-47, 20), (-90, 25), (-54, 58))
)


def historical() -> str:
    """Return the section: priors from arms of other trials."""
    file = shared("data/RBesT_AS.csv")
    without = "RBesT's arms of ankylosing spondylitis are not beside this checkout: those rows are left out."
    return "\n\n".join(
        [
            "## Historical controls",
            "Ours are integrals. RBesT prints means and quantiles of some thousands of MCMC draws; two of "
            "its own runs differ by 0.01 in tau and 0.003 in the mean of the MAP prior.",
            table([*(spondylitis(file) if file else ()), *others()], exact=False),
            *([] if file else [without]),
        ]
    )


def spondylitis(file: object) -> Iterator[Row]:
    """Yield RBesT's own example."""
    frame = pd.read_csv(str(file))
    arms = [(int(r), int(n)) for r, n in zip(frame["r"], frame["n"], strict=True)]
    found = map_prior(arms, mean=(0.0, 2.0), tau=1.0)
    yield row(
        "ankylosing spondylitis, tau ~ HN(1)",
        "tau: mean, 95% interval",
        ".387 .040 .897",
        (found.tau.mean, *found.tau.interval(0.95)),
        "RBesT",
    )
    yield row(
        "the same",
        "MAP: mean, SD, 95% interval",
        ".255 .0864 .106 .461",
        (found.predictive.mean, found.predictive.sd, *found.predictive.interval(0.95)),
        "RBesT",
    )
    mixture = found.mixture()
    assert isinstance(mixture, BetaMixture)
    moments = effective_sample_size(mixture, method="moment")
    yield row(
        "the same", "ESS: elir, by moments", "38 24", (effective_sample_size(mixture), moments), "RBesT"
    )
    yield row(
        "the same, a fifth of it uniform",
        "ESS: elir",
        "26",
        [effective_sample_size(robust(mixture))],
        "RBesT vignette",
    )


def others() -> Iterator[Row]:
    """Yield priors from arms that are printed in full."""
    mixture = fit_mixture(map_prior(COLITIS).predictive, BetaMixture, parts=2).mixture
    yield row(
        "ulcerative colitis, two beta parts",
        "weight, a, b of each",
        ".77 6.2 50.8 .23 1.0 4.7",
        [number for part in mixture.parts for number in (part.weight, part.a, part.b)],
        "Schmidli 2014",
    )
    found = map_prior(CROHN, family="gaussian", mean=(0.0, 88.0), tau=44.0).mixture()
    ess = effective_sample_size(found, method="moment", sigma=88)
    yield row("Crohn's disease", "ESS by moments", "20", [ess], "RBesT vignette")
