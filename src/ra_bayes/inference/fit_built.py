"""Fit a model that a user's own builder made: the same sampler, gate and tree as any other.

The builder's names are taken at their word but for one thing that everything after a fit rests on: that
records scatter as Normal(expected, residual_sd). So the log likelihood of the builder's model is compared
with that at draws of the posterior; they may differ by a constant (a density on another scale), not by draw.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ra_bayes.errors import FitError
from ra_bayes.model.builder import import_builder
from ra_bayes.model.records import Grid
from ra_bayes.model.simulate import log_likelihood
from ra_bayes.model.spec import ModelSpec

__all__ = ["build_own", "builder_source", "built_draws", "built_prior", "check_records", "contract"]

type Draws = dict[str, np.ndarray]

# Between draws, in the log likelihood of all records.
_SAME, _COMPARED = 1e-3, 6


def builder_source(model: ModelSpec, *, allowed: bool) -> str:
    """Return the text of the builder's module, if its code may run; an empty text if there is no builder.

    Raises
    ------
    FitError
        If it was not allowed.
    """
    builder = model.builder
    if builder is None:
        return ""
    if not allowed:
        raise FitError(
            f"model {model.name!r} is built by {builder.module}.py beside its page, which is code that would "
            "run on this machine; read it, then allow it with --allow-builder (allow_builder=True)"
        )
    return builder.source()


def contract(spec: ModelSpec) -> dict[str, str]:
    """Return the names that a builder's model must have, each with its dim ("" for a scalar).

    Examples
    --------
    >>> from ra_bayes.model.spec_reader import load_model
    >>> contract(load_model("vas"))["mean_change"], "walk_sd" in contract(load_model("vas"))
    ('visit', True)
    """
    own = spec.prior("response_sd").numbers != (0.0, 0.0)
    names = {prior.parameter.name: "" for prior in spec.priors if not prior.fixed}
    if not own:
        names.pop("correlation", None)
    names |= {"patient_level": "patient", "mean_change": "visit"}
    return names | ({"patient_response": "patient", "response_shape": "visit"} if own else {})


def build_own(model: ModelSpec, records: Grid, source: str) -> Any:
    """Return the PyMC model that a page's builder makes, with every name that the contract asks for.

    Raises
    ------
    FitError
        If the builder fails, returns something else, or a name is missing or of another shape.
    """
    import pymc as pm

    builder = model.builder
    assert builder is not None
    function = import_builder(builder, source)
    try:
        made = function(model, records)
    except Exception as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise FitError(f"model {model.name!r}: its builder {builder.name} fails: {said}; mend it") from error
    if not isinstance(made, pm.Model):
        raise FitError(
            f"model {model.name!r}: its builder {builder.name} returns a {type(made).__name__}; return "
            "the pm.Model"
        )
    if not made.observed_RVs and not made.potentials:
        raise FitError(
            f"model {model.name!r}: the model of {builder.name} has no records; give it observed ones"
        )
    sizes = {"": (), "patient": (records.shape[0],), "visit": (records.shape[1],)}
    for name, dim in contract(model).items():
        if name not in made.named_vars:
            kind = f"by {dim}" if dim else "one number"
            raise FitError(
                f"model {model.name!r}: the model of {builder.name} has no {name!r} ({kind}); name a "
                "variable so, with pm.Deterministic if it is computed"
            )
        shape = tuple(int(each) for each in made.named_vars[name].shape.eval())
        if shape != sizes[dim]:
            raise FitError(
                f"model {model.name!r}: {name!r} of {builder.name} has the shape {shape}, and should have "
                f"{sizes[dim]}: {dim or 'one number'}; take patients and weeks from records.patients and "
                "records.weeks"
            )
    return made


def built_draws(model: ModelSpec, group: Any) -> Draws:
    """Return draws (chain, draw, ...) as a fit's are laid out, from a group with the builder's names."""
    values = {
        name: np.asarray(group[name].transpose("chain", "draw", ...).values, dtype=float)
        for name in contract(model)
    }
    lead = values["patient_level"].shape[:2]
    for prior in model.priors:
        name = prior.parameter.name
        values.setdefault(name, np.full(lead, prior.numbers[0] if prior.fixed else 0.0))
    values.setdefault("patient_response", np.zeros(values["patient_level"].shape))
    values.setdefault("response_shape", np.zeros(values["mean_change"].shape))
    own = values["patient_response"][..., :, None] * values["response_shape"][..., None, :]
    values["expected"] = values["patient_level"][..., :, None] + values["mean_change"][..., None, :] + own
    return values


def built_prior(model: ModelSpec, made: Any, size: int, seed: int) -> Draws:
    """Draw the same names from the builder's prior."""
    import pymc as pm

    with warnings.catch_warnings():
        # Records that are potentials have no prior predictive, and none is asked for.
        warnings.filterwarnings("ignore", message=".*[Pp]otential.*")
        drawn = pm.sample_prior_predictive(
            size, model=made, var_names=list(contract(model)), random_seed=seed
        )
    return built_draws(model, drawn["prior"].to_dataset())


def check_records(model: ModelSpec, records: Grid, made: Any, posterior: Any, values: Draws) -> None:
    """Check at some draws that the builder's records scatter as Normal(expected, residual_sd).

    Raises
    ------
    FitError
        If the log likelihoods differ by more than a constant.
    """
    from pymc.model.transform.conditioning import remove_value_transforms

    plain = remove_value_transforms(made)
    inputs = [plain.rvs_to_values[each] for each in plain.free_RVs]
    records_only = plain.logp(vars=[*plain.observed_RVs, *plain.potentials], jacobian=False)
    theirs = plain.compile_fn(
        records_only, inputs=inputs, point_fn=False, mode="FAST_COMPILE", on_unused_input="ignore"
    )
    picked = np.linspace(0, values["patient_level"].shape[1] - 1, _COMPARED).astype(int)
    ours = log_likelihood(model, records, {name: each[0, picked] for name, each in values.items()}).sum(
        (-1, -2)
    )
    found = [
        float(theirs(*(np.asarray(posterior[each.name].values[0, k]) for each in plain.free_RVs)))
        for k in picked
    ]
    apart = float(np.ptp(np.array(found) - ours))
    if not apart < _SAME:
        assert model.builder is not None
        raise FitError(
            f"model {model.name!r}: the records of {model.builder.name} do not scatter as Normal(expected, "
            "residual_sd), expected = patient_level + mean_change + patient_response * response_shape: the "
            f"log likelihoods differ by {apart:.3g} between draws; name the parts so, on the link's scale"
        )
