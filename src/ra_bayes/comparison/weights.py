"""Weights of models: stacking of predictive distributions, and pseudo-BMA+ for reference.

With p_ik the density that model k, which did not see patient i, gives to all of that patient's records,
stacking (Yao, Vehtari, Simpson and Gelman 2018, Bayesian Anal 13:917) takes the mixture of models that would
have predicted the patients best,

    maximise over w:  sum_i log sum_k w_k p_ik,      w_k >= 0,  sum_k w_k = 1,

which is concave. Patients, not records, since a new patient is whom a mixture is to be for, and records of
one patient are not independent. Six terms hardly tell weights: they are told with those that result when each
patient in turn is left out of the sum.

Pseudo-BMA+ (same source) weighs by exp(sum_i n v_i log p_ik), averaged over weights v ~ Dirichlet(1, ..., 1)
of the patients: the Bayesian bootstrap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["pseudo_bma", "stacking", "stacking_without_each"]

type Array = NDArray[np.float64]

_BOOTSTRAP = 4000
_DUST = 1e-6


def stacking(log_density: Array) -> Array:
    """Return the weights of the models whose mixture has the highest log score.

    Parameters
    ----------
    log_density
        Log predictive density of each patient's records under each model (patient, model).

    Returns
    -------
    ndarray
        Adding up to 1 (model). Models that cannot be told apart share alike.

    Examples
    --------
    Three patients of four are told twice as well by the first model, the fourth by the second:

    >>> stacking(np.log([[2.0, 1.0], [2.0, 1.0], [2.0, 1.0], [1.0, 2.0]])).round(3).tolist()
    [1.0, 0.0]
    >>> stacking(np.log([[4.0, 1.0], [4.0, 1.0], [4.0, 1.0], [1.0, 4.0]])).round(3).tolist()
    [0.917, 0.083]
    """
    # Not scipy.optimize at the top, which costs a command line its start.
    from scipy.optimize import LinearConstraint, minimize

    # What is common to all models of a patient moves no weight, and would underflow.
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    models = density.shape[1]

    def loss(weight: Array) -> tuple[float, Array]:
        mixed = np.maximum(density @ weight, np.finfo(float).tiny)
        return -float(np.log(mixed).mean()), -(density / mixed[:, None]).mean(axis=0)

    found = minimize(
        loss,
        np.full(models, 1.0 / models),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * models,
        constraints=LinearConstraint(np.ones(models), lb=1.0, ub=1.0),
        options={"ftol": 1e-12, "maxiter": 1000},
    )
    # What the solver leaves of a weight that is 0 would keep that model in a mixture.
    weight = np.where(found.x < _DUST, 0.0, found.x)
    return np.asarray(weight / weight.sum())


def stacking_without_each(log_density: Array) -> Array:
    """Return the stacking weights with each patient left out of the sum (patient, model)."""
    return np.stack([stacking(np.delete(log_density, i, axis=0)) for i in range(len(log_density))])


def pseudo_bma(log_density: Array, seed: int) -> Array:
    """Return pseudo-BMA+ weights (model) of log densities (patient, model).

    Examples
    --------
    >>> pseudo_bma(np.zeros((6, 2)), seed=1).tolist()
    [0.5, 0.5]
    """
    patients = len(log_density)
    share = np.random.default_rng(seed).dirichlet(np.ones(patients), _BOOTSTRAP)
    return np.asarray(special.softmax(patients * share @ log_density, axis=1).mean(axis=0))
