"""A first fit by bambi, whole process: PYTHON first_fit_bambi.py RECORDS.csv, with the Python that has bambi.

RECORDS.csv: patient, visit, r (the share of the response at the visit) and value. 4 chains of 1000 draws
after 1000, target acceptance 0.95, by nutpie. Like rstanarm's, its visits are effects of their own.
"""

import sys

import bambi as bmb
import pandas as pd


def main() -> None:
    """Fit, and print the last visit's effect."""
    records = pd.read_csv(sys.argv[1])
    records["visit"] = records["visit"].astype(str)
    model = bmb.Model(
        "value ~ visit + (1 + r | patient)",
        records,
        priors={
            "Intercept": bmb.Prior("Normal", mu=35, sigma=8),
            "visit": bmb.Prior("Normal", mu=0, sigma=10),
        },
    )
    fitted = model.fit(
        draws=1000,
        tune=1000,
        chains=4,
        target_accept=0.95,
        random_seed=1,
        inference_method="nutpie",
        progressbar=False,
    )
    print(fitted["posterior"]["visit"].mean(("chain", "draw")).values)


if __name__ == "__main__":
    main()
