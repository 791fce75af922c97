"""Draw the README's picture and print the numbers it quotes: python docs/images/make.py.

The same seed as `make demo`; the numbers agree with a new run within their Monte Carlo error, which
tests/test_readme.py checks.
"""

from __future__ import annotations

from pathlib import Path

import ra_bayes as rb
from ra_bayes.estimand.prior_shift import prior_to_posterior

HERE = Path(__file__).resolve().parent
SHOWN = ("mean_change", "mean_change_of_cohort", "new_patient_beats_mcid", "patients_beating_mcid")


def main() -> None:
    """Fit SDAI to the synthetic cohort, draw, print."""
    cohort = rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv")
    tree = rb.fit(rb.load_model("sdai"), cohort, seed=1)
    print(rb.diagnose(tree))
    table = rb.estimands(tree, ci_prob=0.90)
    rows = table[table["estimand"].isin(SHOWN) & (table["week"] == 24)]
    print(rows[["estimand", "estimate", "lower", "upper", "p_benefit", "mcse"]].to_string(index=False))
    shift = prior_to_posterior(tree).iloc[0]
    print(shift[["quantity", "prior", "prior_lower", "prior_upper", "variance_left"]].to_string())
    figure = rb.figures.trajectories(tree)
    # Less than print resolution: a screen shows no more, and the repository stays small.
    figure.savefig(HERE / "trajectories-sdai.png", dpi=200, metadata={"Software": None})
    print(figure.alt)


if __name__ == "__main__":
    main()
