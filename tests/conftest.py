"""What several test files share: real tables, read from a folder beside the checkout where it exists."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ra_bayes.outcome import Outcome

if TYPE_CHECKING:
    import pandas as pd

WEEKS_PER_MONTH = 52 / 12


def shared_folder() -> Path:
    """The folder of data that is not part of the project."""
    return Path(os.environ.get("RA_BAYES_SHARED", Path(__file__).parents[2] / "shared"))


def shared_file(name: str) -> Path:
    file = shared_folder() / "data" / name
    if not file.is_file():
        pytest.skip(
            f"{name} is not beside this checkout (set RA_BAYES_SHARED to the folder that holds data/)"
        )
    return file


@pytest.fixture(scope="session")
def reaction() -> Outcome:
    """Reaction time of the sleep deprivation study in R's lme4: an outcome of the user's own."""
    return Outcome(
        id="reaction",
        label="Reaction time",
        unit="ms",
        lower=0.0,
        upper=None,
        benefit="decrease",
        source="Belenky 2003 J Sleep Res 12:1",
        positive=True,
    )


@pytest.fixture(scope="session")
def self_assessment() -> Outcome:
    """Self-assessment of 302 RA patients in R's multgee: a bounded score, 1 very poor to 5 very good."""
    return Outcome(
        id="self_assessment",
        label="Self-assessment",
        unit="points",
        lower=1.0,
        upper=5.0,
        benefit="increase",
        source="Bombardier 1986 Am J Med 81:565",
        step=1.0,
    )


@pytest.fixture(scope="session")
def sleepstudy_table() -> pd.DataFrame:
    """18 people on 10 days as a long table; a day stands for a week."""
    import pandas as pd

    raw = pd.read_csv(shared_file("lme4_sleepstudy.csv"), dtype={"Subject": str})
    table = raw.rename(columns={"Subject": "patient", "Days": "week", "Reaction": "value"})
    return table.assign(outcome="reaction")[["patient", "week", "outcome", "value"]]


@pytest.fixture(scope="session")
def arthritis_table() -> pd.DataFrame:
    """302 RA patients at baseline and months 1, 3, 5 as a long table; 18 values are missing."""
    import pandas as pd

    raw = pd.read_csv(shared_file("multgee_arthritis.csv"), dtype={"id": str})
    later = raw.assign(week=(raw["time"] * WEEKS_PER_MONTH).round(), value=raw["y"])
    first = raw.drop_duplicates("id").assign(week=0.0, value=lambda each: each["baseline"])
    table = pd.concat([first, later]).rename(columns={"id": "patient"})
    return table.assign(outcome="self_assessment")[["patient", "week", "outcome", "value"]]
