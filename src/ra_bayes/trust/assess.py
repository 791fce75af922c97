"""Everything that is asked of how far one fit can be believed, one after the other."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING

from ra_bayes.errors import RaBayesError
from ra_bayes.trust.assessment import Assessment
from ra_bayes.trust.leave_one_out import leave_one_out
from ra_bayes.trust.missing_not_at_random import missing_not_at_random
from ra_bayes.trust.placebo import change_beyond_placebo, change_beyond_placebo_text
from ra_bayes.trust.sensitivity import sensitivity

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["STEPS", "assess"]

# What `step` is told, in this order.
STEPS = ("prior or data", "each patient left out")

type Told = tuple[dict[str, pd.DataFrame], str]


def assess(
    tree: xr.DataTree,
    *,
    seed: int | None = None,
    cores: int | None = None,
    step: Callable[[str], None] = lambda _: None,
) -> Assessment:
    """Ask what the prior, one patient, placebo and unseen visits would change of a fit.

    What does not apply (leaving out the only patient, a placebo change of a yes or no) has no table; the text
    says why.

    Parameters
    ----------
    tree
        A fit that passed its gate.
    seed
        Of the re-fits; the fit's own if not given.
    cores
        Chains sampled at once; all cores if not given.
    step
        Called with each of :data:`STEPS` when it begins.

    Raises
    ------
    FitError
        If the fit did not pass its gate, or is not of patients' records.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> print(assess(rb.load("results/sdai/posterior.nc")))    # doctest: +SKIP
    """

    def left_out() -> Told:
        found = leave_one_out(tree, seed=seed, cores=cores)
        tables = {"patients": found.patients, "records": found.records, "decisions": found.decisions}
        # No decision is asked of a rate: a table without columns.
        return {f"left_out_{name}": each for name, each in tables.items() if len(each)}, str(found)

    def beyond_placebo() -> Told:
        found = change_beyond_placebo(tree)
        return {"beyond_placebo": found}, change_beyond_placebo_text(found)

    def not_at_random() -> Told:
        found = missing_not_at_random(tree)
        return {"not_at_random": found.table, "tipping_points": found.tipping}, str(found)

    step(STEPS[0])
    by_prior = sensitivity(tree, seed=seed, cores=cores)
    tables, texts = {"sensitivity": by_prior.table, "variants": by_prior.variants}, [str(by_prior)]
    step(STEPS[1])
    for title, asked in (
        ("Each patient left out", left_out),
        ("With and without placebo", beyond_placebo),
        ("Missing not at random", not_at_random),
    ):
        try:
            found, text = asked()
        except RaBayesError as error:
            found, text = {}, textwrap.fill(f"{title}: {error}.", 100)
        tables |= found
        texts.append(text)
    return Assessment(tables, "\n\n".join(texts))
