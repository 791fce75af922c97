"""Fitting several outcomes in one model, as ``ra-bayes fit --joint`` does it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ra_bayes.cli.group import GATE_FAILED
from ra_bayes.cli.terminal import say, steps
from ra_bayes.errors import RaBayesError

if TYPE_CHECKING:
    from ra_bayes.cohort import Cohort
    from ra_bayes.model import JointModel
    from ra_bayes.results import Result

__all__ = ["fit_together", "load_joint", "tell_together"]


def load_joint(name: str | None, models: Sequence[str], outcomes: Sequence[str]) -> JointModel | None:
    """Read the joint page, if one is asked for; what is asked for must belong together.

    Raises
    ------
    RaBayesError
        If nothing is asked for, or both a joint and single models are, or one of joint model and outcomes.
    """
    if name is None and outcomes:
        raise RaBayesError(
            "--outcome is of a joint model; write --joint records too, or --model for each outcome"
        )
    if name is None:
        if not models:
            raise RaBayesError(
                "nothing to fit; write --model NAME, --model all, or --joint records and --outcome NAME twice"
            )
        return None
    if models:
        raise RaBayesError("--joint and --model are two fits; run ra-bayes fit once for each")
    if len(outcomes) < 2:
        raise RaBayesError("--joint fits outcomes together; write --outcome NAME at least twice")
    from ra_bayes.model import load_joint_model

    return load_joint_model(name)


def fit_together(
    page: JointModel,
    outcomes: Sequence[str],
    cohort: Cohort,
    out: Path,
    *,
    seed: int,
    draws: int,
    chains: int,
    ci_prob: float,
) -> Result:
    """Fit and save a joint model."""
    from ra_bayes.model.joint_structure import make_joint_records
    from ra_bayes.results import place_of_fit, save_result

    # What cannot be fitted or saved should not be found out after the sampling.
    make_joint_records(page, cohort, outcomes)
    place_of_fit(out, page.name)
    with steps("fit", 2) as step:
        step("importing PyMC")
        from ra_bayes.inference import fit_joint

        step(page.name)
        tree = fit_joint(page, cohort, outcomes, seed=seed, draws=draws, chains=chains)
        return save_result(tree, out, ci_prob=ci_prob)


def tell_together(result: Result, out: Path, *, as_json: bool) -> None:
    """Print what was found, and leave with the gate's code if the fit did not pass."""
    from ra_bayes.results import findings, joint_headline
    from ra_bayes.tree import provenance

    if as_json:
        say({"out": str(out), "results": findings({provenance(result.tree)["joint"]["name"]: result})})
    else:
        say("\n".join(joint_headline(result, out)))
    if not result.gate.passed:
        sys.exit(GATE_FAILED)
