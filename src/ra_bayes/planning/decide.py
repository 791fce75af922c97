"""A design's final rule asked of a fitted posterior: the same criteria that planned the trial analyse it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.design import Design, check_design
from ra_bayes.planning.design_prior import from_tree

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Verdict", "decide"]


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a rule says of a posterior, printed in sentences.

    Parameters
    ----------
    design
        The design.
    criteria
        A row for each success criterion of the final analysis: ``words``, ``probability``, ``mcse``,
        ``asked``, ``holds``.
    success
        Whether all of them hold.
    """

    design: Design
    criteria: list[dict[str, Any]]
    success: bool

    def __str__(self) -> str:
        said = [
            f"{row['words']} {'holds' if row['holds'] else 'does not hold'}; it is {row['probability']:.4f} "
            f"(Monte Carlo error {row['mcse']:.4f})."
            for row in self.criteria
        ]
        return "\n".join([*said, f"Decision: {'success' if self.success else 'no success'}."])


def decide(design: Design, tree: xr.DataTree, *, arm: str | None = None) -> Verdict:
    """Ask the final success criteria of a one-arm design about a posterior.

    Parameters
    ----------
    design
        One arm; its analysis prior is not used, the posterior has its own.
    tree
        A fit, or a posterior given published counts, of the design's outcome at its week. The population's
        mean change, or rate over patients, is what is asked about.
    arm
        Arm of a posterior given counts.

    Raises
    ------
    RaBayesError
        If the design has two arms, which no model fitted here has, or the tree does not fit it.
    FitError
        If the tree did not pass its gate.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> tree = rb.condition(rb.data_dir() / "published" / "jamshidi2024.toml", seed=1)  # doctest: +SKIP
    >>> print(rb.decide(rb.load_design("acr20_one_arm"), tree))                         # doctest: +SKIP
    """
    check_design(design)
    if design.arms == 2:
        raise RaBayesError(
            f"{design.name} compares two arms, and a posterior is of one; ask ra-bayes interim with the data"
        )
    step = from_tree(tree, outcome=design.endpoint.outcome, week=design.endpoint.week, arm=arm).last
    rows = []
    for each in design.final_rule.success:
        limit = design.on_scale(each.threshold)
        beyond = step.main > limit if each.direction == "above" else step.main < limit
        value, mcse = step.expect(beyond)
        rows.append(
            {
                "words": each.words("success"),
                "probability": value,
                "mcse": mcse,
                "asked": each.probability,
                "holds": value >= each.probability,
            }
        )
    return Verdict(design, rows, all(row["holds"] for row in rows))
