"""Condition a joint model on a paper's counts: importance sampling, or NUTS as the cross-check."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ra_bayes.conditioning.facts_tree import lay_out, published_entry
from ra_bayes.conditioning.importance import importance_sample, resample
from ra_bayes.counts import CountsModel, counts_model
from ra_bayes.errors import FitError, RaBayesError
from ra_bayes.model.joint import JointModel
from ra_bayes.model.joint_reader import load_joint_model
from ra_bayes.published import Publication, read_publication

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["condition", "given_counts"]

type Array = NDArray[np.float64]
type Method = Literal["importance", "nuts"]

_PRIOR_DRAWS = 1000

# Effective points for each draw kept: resampling then adds little to the Monte Carlo error, sqrt(1 + 1/4).
_ESS_PER_DRAW = 4.0


def condition(
    facts: Publication | str | PathLike[str],
    model: JointModel | str | PathLike[str] = "wide",
    *,
    seed: int,
    reading: str | None = None,
    method: Method = "importance",
    draws: int = 1000,
    chains: int = 4,
) -> xr.DataTree:
    """Return the posterior of a joint model given the counts that a paper printed.

    Counts of patients who crossed a line inform mostly where the mean change lies in units of the spread of
    measured changes, mean / sqrt(response_sd^2 + 2 residual_sd^2); the spreads themselves stay near their
    priors.

    Parameters
    ----------
    facts
        The counts, or the path of their page (``data/published/*.toml``).
    model
        A joint model, its name (``"wide"``, ``"sceptical"``, ``"placebo_informed"``) or its page's path.
    seed
        Seed of every random number.
    reading
        How words such as "improved" are read; the page's first reading if not given.
    method
        ``"importance"`` compiles nothing and gives the evidence; ``"nuts"`` samples the same model with PyMC.
    draws, chains
        Draws kept per chain, and chains: for importance sampling, independent batches of points.

    Returns
    -------
    xarray.DataTree
        See :mod:`ra_bayes.conditioning.facts_tree`; :func:`~ra_bayes.estimands` and
        :func:`~ra_bayes.diagnose` take it like any fit.

    Raises
    ------
    RaBayesError
        If a page cannot be read, the facts contradict each other, or a reading does not fit an outcome.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> facts = rb.data_dir() / "published" / "jamshidi2024.toml"
    >>> tree = rb.condition(facts, "wide", seed=1)                              # doctest: +SKIP
    >>> rb.estimands(tree).query("estimand == 'mean_change'")                   # doctest: +SKIP
    """
    if draws < 100 or chains < 2:
        raise FitError(
            f"draws={draws}, chains={chains}: the gate needs at least 100 draws in at least 2 chains"
        )
    if method not in ("importance", "nuts"):
        raise FitError(f"method={method!r} is neither 'importance' nor 'nuts'; write one of them")
    problem = given_counts(facts, model, reading)
    rng = np.random.default_rng(seed)
    stats = None
    if method == "nuts":
        from ra_bayes.inference.nuts_counts import sample_counts

        normal, unit, stats, sampling = sample_counts(problem, draws=draws, chains=chains, seed=seed)
    else:
        normal, unit, sampling = _by_importance(problem, draws, chains, rng)
    prior = problem.split(rng.normal(size=(chains, _PRIOR_DRAWS, problem.dimension)))
    groups = {"posterior": problem.fine(normal, unit, rng), "prior": problem.fine(*prior, rng)}
    joint = problem.layout.joint
    entries: dict[str, Any] = {
        "published": published_entry(problem.publication, problem.events, problem.reading),
        "model": {"name": joint.name, "hash": joint.hash, "toml": joint.toml, "related": joint.related},
        "seed": seed,
        "sampling": sampling,
        "attempts": [],
    }
    return lay_out(problem.every_visit, problem.events, groups, entries, stats)


def given_counts(
    facts: Publication | str | PathLike[str],
    model: JointModel | str | PathLike[str],
    reading: str | None,
    also: Iterable[str] = (),
) -> CountsModel:
    """Return facts and joint model brought together, each read from its page if need be."""
    publication = facts if isinstance(facts, Publication) else read_publication(facts)
    joint = model if isinstance(model, JointModel) else load_joint_model(model)
    if reading is None:
        reading = publication.readings[0].id if publication.readings else ""
    return counts_model(publication, joint, reading=reading, also=also)


def _by_importance(
    problem: CountsModel, draws: int, chains: int, rng: np.random.Generator
) -> tuple[Array, Array, dict[str, Any]]:
    weighted = importance_sample(
        problem.log_likelihood, problem.dimension, ess=_ESS_PER_DRAW * draws * chains, chains=chains, rng=rng
    )
    if weighted.log_likelihood.max() < -600.0:
        raise RaBayesError(
            f"{problem.publication.name}: under reading {problem.reading!r} and joint model "
            f"{problem.layout.joint.name!r} these counts have no probability; check them against each other"
        )
    kept = resample(weighted, draws, rng)
    points = np.take_along_axis(weighted.points, kept[..., None], axis=1)
    sampling = {
        "sampler": "adaptive importance sampling",
        "draws": draws,
        "chains": chains,
        "points": int(weighted.log_weights.size),
        "ess": weighted.ess,
        "variance_inflation": 1.0 + draws * chains / weighted.ess,
        "pareto_k": weighted.pareto_k,
        "log_evidence": weighted.log_evidence,
        "log_evidence_mcse": weighted.log_evidence_mcse,
    }
    return *problem.split(points), sampling
