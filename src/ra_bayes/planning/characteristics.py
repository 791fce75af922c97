"""Operating characteristics: what a design does if the truth is this or that, a row for each truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ra_bayes.planning.design import WEEKS_A_MONTH, Design, check_design
from ra_bayes.planning.engines import Settings, precision, stopping
from ra_bayes.planning.stopping import Stopping

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["characteristics", "operating_characteristics"]

type Array = NDArray[np.float64]


def operating_characteristics(
    design: Design,
    truths: Sequence[float] | None = None,
    *,
    seed: int,
    settings: Settings | None = None,
    ci_prob: float = 0.90,
) -> pd.DataFrame:
    """Return what a design does under given truths.

    Parameters
    ----------
    design
        The design.
    truths
        True values of the estimand, in its unit; the page's null, alternative and others if not given.
    seed
        Of every random number; exact engines use none.
    settings
        Engine and number of simulated trials, if not the default.
    ci_prob
        Probability of the credible interval whose width is told.

    Returns
    -------
    pandas.DataFrame
        One row per truth: ``truth``, ``role`` (``"null"``, ``"alternative"`` or empty), ``p_success`` (type I
        error at the null, power at the alternative), ``p_futility``, ``p_early`` (the trial ends before its
        last look), ``expected_n``, their Monte Carlo errors (``..._mcse``, 0 where exact), and of a design
        with accrual ``expected_weeks`` and ``expected_entered``; ``engine``.

    Raises
    ------
    RaBayesError
        If a truth cannot be, or no engine fits the design.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> table = rb.operating_characteristics(rb.load_design("acr20_one_arm"), seed=1)
    >>> table[["role", "p_success", "expected_n"]].round(3).to_dict("records")[0]["role"]
    'null'
    """
    import pandas as pd

    check_design(design)
    return pd.DataFrame(characteristics(design, truths, seed=seed, settings=settings, ci_prob=ci_prob)[0])


def characteristics(
    design: Design,
    truths: Sequence[float] | None = None,
    *,
    seed: int,
    settings: Settings | None = None,
    ci_prob: float | None = None,
) -> tuple[list[dict[str, Any]], Stopping]:
    """Return the rows of :func:`operating_characteristics`, and what they are made of."""
    roles = {design.truth.null: "null", design.truth.alternative: "alternative"}
    values = sorted({*roles, *design.truth.also}) if truths is None else list(truths)
    found = stopping(design, design.truths(values), seed=seed, settings=settings)
    weeks, entered = _duration(design, found)
    wide = None
    if ci_prob is not None:
        wide = precision(design, design.truths(values), ci_prob=ci_prob, seed=seed, settings=settings)
    rows = []
    for k, value in enumerate(values):
        row: dict[str, Any] = {
            "truth": float(value),
            "role": roles.get(value, ""),
            "p_success": float(found.p_success[k]),
            "p_success_mcse": float(found.p_success_mcse[k]),
            "p_futility": float(found.futility[k].sum()),
            "p_futility_mcse": float(np.sqrt((found.futility_mcse[k] ** 2).sum())),
            "p_early": float(found.p_early[k]),
            "expected_n": float(found.expected_n[k]),
            "expected_n_mcse": float(_expected_n_mcse(found)[k]),
        }
        if weeks is not None and entered is not None:
            row |= {"expected_weeks": float(weeks[k]), "expected_entered": float(entered[k])}
        if wide is not None:
            row |= {"width": float(wide[0][k]), "width_mcse": float(wide[1][k]), "ci_prob": ci_prob}
        rows.append({**row, "engine": found.engine})
    return rows, found


def _duration(design: Design, found: Stopping) -> tuple[Array | None, Array | None]:
    """Return expected weeks from first entry to the deciding look, and expected patients entered by then.

    With patients entering at an even rate a, the look at n_k outcomes comes when the patient who makes the
    n_k-th has reached the endpoint's week w:

        time_k = e_k / a + w        entered_k = min(all, e_k + a w)

    where e_k patients must enter for n_k outcomes. Both are averaged over where the trial ends; ``None`` if
    the design does not tell its accrual.
    """
    if design.conduct.accrual is None:
        return None, None
    rate = design.conduct.accrual / WEEKS_A_MONTH
    needed = found.looks * design.entered / design.n
    time = needed / rate + design.endpoint.week
    entered = np.minimum(design.entered, needed + rate * design.endpoint.week)
    ends = found.success + found.futility
    ends[..., -1] = 1.0 - ends[..., :-1].sum(axis=-1)
    return ends @ time, ends @ entered


def _expected_n_mcse(found: Stopping) -> Array:
    """Return the Monte Carlo error of the expected size, from those of ending at each look.

    E[n] = n_K - sum_k (n_K - n_k) Pr(end at k); the errors of different looks are added as if independent,
    which overstates them, since ends exclude each other.
    """
    saved = found.looks[-1] - found.looks[:-1]
    variance = (found.success_mcse**2 + found.futility_mcse**2)[..., :-1]
    return np.asarray(np.sqrt((variance * saved**2).sum(axis=-1)))
