"""The counts of adverse events of a paper, each against the arms of other trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ra_bayes.errors import RaBayesError
from ra_bayes.historical.arms import Role, historical_arms
from ra_bayes.published import Publication
from ra_bayes.rates.count import counts_of
from ra_bayes.rates.safety import safety

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["published_safety"]


def published_safety(
    publication: Publication,
    *,
    risk_below: Sequence[float] = (0.05, 0.10, 0.20),
    rate_below: Sequence[float] = (10.0, 20.0, 50.0),
    ci_prob: float = 0.90,
    tau: float = 1.0,
) -> pd.DataFrame:
    """Return :func:`safety` of every count of adverse events in a paper, with its ``fact`` and ``arm``.

    Treated arms are set against MSC arms of other trials, control arms against control arms; never against
    the paper's own. Papers count patients, so events over time are told only where no patient was affected,
    and each patient is taken to have been followed to the count's week: an upper bound of the exposure.

    Parameters
    ----------
    publication
        The paper's page.
    risk_below, rate_below, ci_prob, tau
        As :func:`safety` takes them.

    Returns
    -------
    pandas.DataFrame
        The rows of :func:`safety`, after ``fact`` and ``arm``.

    Raises
    ------
    RaBayesError
        If it is no publication, the paper prints no such count, or as :func:`safety`.

    Examples
    --------
    >>> from ra_bayes.published import read_publication
    >>> from ra_bayes.resources import data_dir
    >>> paper = read_publication(data_dir() / "published" / "jamshidi2024.toml")
    >>> published_safety(paper)[["fact", "quantity", "count", "size"]].drop_duplicates().to_numpy().tolist()
    [['serious_adverse_events', 'risk', 0, 6.0], ['serious_adverse_events', 'rate', 0, 144.0]]
    """
    import pandas as pd

    counts = counts_of(publication)
    citation = f"{publication.citation} {publication.doi}"
    tables = []
    for count in counts:
        if not count.on_file.endswith("adverse_event"):
            continue
        role: Role = "control" if count.arm in publication.controls else "msc"
        table = safety(
            count.r,
            count.n,
            patient_weeks=count.n * count.week if count.r == 0 else None,
            event=count.on_file,
            week=count.week,
            role=role,
            arms=historical_arms(count.on_file, role, week=count.week, citation=citation),
            risk_below=risk_below,
            rate_below=rate_below,
            ci_prob=ci_prob,
            tau=tau,
        )
        tables.append(table.assign(fact=count.id, arm=count.arm))
    if not tables:
        raise RaBayesError(
            f"{publication.name} has no count of patients with adverse events; call safety with your numbers"
        )
    return pd.concat(tables, ignore_index=True)
