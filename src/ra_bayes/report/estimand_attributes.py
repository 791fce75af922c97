"""What ICH E9(R1) asks of an estimand: what the analysis implies, and what only the trialist knows.

ICH E9(R1) (2019), Addendum on estimands and sensitivity analysis, A.3.1 and A.3.2: treatment, population,
variable, intercurrent events and how each is handled, population-level summary. An analysis of a table of
records knows its variable and its summary. Who was eligible, what was given and what happened between is not
in the table: it is left as a blank (an empty cell text), never filled.
"""

from __future__ import annotations

from typing import Any

from ra_bayes.model.spec import ModelSpec
from ra_bayes.numbers import listed

__all__ = ["ATTRIBUTES", "BLANK", "SOURCE", "estimand_attributes"]

SOURCE = "ICH E9(R1), Addendum on estimands and sensitivity analysis in clinical trials, 2019"
ATTRIBUTES = ("population", "treatment", "variable", "intercurrent events", "population-level summary")
BLANK = "to be filled in by the trialist"


def estimand_attributes(spec: ModelSpec, cohort: dict[str, Any]) -> list[dict[str, str]]:
    """Return for every attribute what the analysis ``implies`` and what is left ``blank`` for the trialist.

    Parameters
    ----------
    spec
        A model as fitted.
    cohort
        The cohort's entry of the provenance.
    """
    own = next(each for each in cohort["outcomes"] if each["outcome"] == spec.outcome.id)
    infusions = listed([f"{week:g}" for week in cohort["infusion_weeks"]])
    unit = f" in {spec.outcome.unit}" if spec.outcome.unit else ""
    change = (
        f"{spec.outcome.label}, yes or no, at week {spec.reference_week:g}"
        if spec.binary
        else f"true {spec.outcome.label}{unit} at week {spec.reference_week:g} "
        f"{'as a ratio to' if spec.link.change == 'ratio' else 'less'} its value at baseline, the noise of "
        "single records taken out"
    )
    summary = (
        "response rate among new patients of the population; no comparison, as there is one arm"
        if spec.binary
        else f"{'median ratio to baseline' if spec.link.change == 'ratio' else 'mean change'} of the "
        "population's typical patient; no comparison, as there is one arm"
    )
    told = {
        "population": (
            f"patients like the {own['patients']} with a record of {spec.outcome.label}, taken as a random "
            "sample of the population",
            "eligibility, setting, how the patients were chosen",
        ),
        "treatment": (
            f"infusions at weeks {infusions}" if infusions else "none is recorded in the table",
            "product, dose, background treatment, rescue and what was not allowed",
        ),
        "variable": (change, ""),
        "intercurrent events": (
            "none is recorded. All records are used whatever happened in between, which is a "
            "treatment-policy strategy for events after which records went on; after the last record a "
            "patient is taken to go on as their earlier records and the other patients suggest (missing at "
            "random)",
            "which events happened (rescue, discontinuation, change of background treatment, death), to "
            "whom, and the strategy meant for each",
        ),
        "population-level summary": (summary, ""),
    }
    return [{"attribute": name, "implies": told[name][0], "blank": told[name][1]} for name in ATTRIBUTES]
