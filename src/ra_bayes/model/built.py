"""What a builder's model must have, and what is not done with it."""

from __future__ import annotations

from ra_bayes.errors import FitError
from ra_bayes.model.spec import ModelSpec

__all__ = ["contract", "refuse_builder"]


def refuse_builder(spec: ModelSpec, what: str) -> None:
    """Refuse what is done with the page's own model, where the page has a builder.

    Raises
    ------
    FitError
        If it has one; `what`, in the plural, takes no such model.
    """
    if spec.builder is not None:
        raise FitError(
            f"model {spec.name!r} is built by {spec.builder.name}, and {what} take models that a page "
            "describes wholly; leave the builder out, or do it with the model that it returns"
        )


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
