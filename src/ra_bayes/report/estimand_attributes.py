"""What ICH E9(R1) asks of an estimand: what the analysis implies, and what only the trialist knows.

ICH E9(R1) (2019), Addendum on estimands and sensitivity analysis, A.3.3: treatment and, as appropriate, what
it is compared with; population; variable; intercurrent events and how each is handled (strategies: A.3.2);
population-level summary. An analysis of a table of
records knows its variable and its summary. Who was eligible, what was given and what happened between is not
in the table: it is left as a blank (an empty cell text), never filled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ra_bayes.model.spec import ModelSpec
from ra_bayes.numbers import listed
from ra_bayes.report.arms_text import Arms

__all__ = ["ATTRIBUTES", "BLANK", "SOURCE", "estimand_attributes"]

SOURCE = "ICH E9(R1), Addendum on estimands and sensitivity analysis in clinical trials, 2019, A.3.3"
ATTRIBUTES = ("treatment", "population", "variable", "intercurrent events", "population-level summary")
BLANK = "to be filled in by the trialist"
_TREATMENT_BLANK = (
    "product, dose, background treatment, rescue and what was not allowed; how patients came to a treatment"
)


def estimand_attributes(
    spec: ModelSpec, cohort: Mapping[str, Any], arms: Arms | None = None
) -> list[dict[str, str]]:
    """Return for every attribute what the analysis ``implies`` and what is left ``blank`` for the trialist.

    Parameters
    ----------
    spec
        A model as fitted.
    cohort
        The cohort's entry of the provenance.
    arms
        The arms of a fit of two, which are then compared.
    """
    own = next(each for each in cohort["outcomes"] if each["outcome"] == spec.outcome.id)
    unit = f" in {spec.outcome.unit}" if spec.outcome.unit else ""
    change = (
        f"{spec.outcome.label}, yes or no, at week {spec.reference_week:g}"
        if spec.binary
        else f"true {spec.outcome.label}{unit} at week {spec.reference_week:g} "
        f"{'as a ratio to' if spec.link.change == 'ratio' else 'less'} its value at baseline, the noise of "
        "single records taken out"
    )
    told = {
        "treatment": (_treatment(cohort, arms), _TREATMENT_BLANK),
        "population": (
            f"patients like the {own['patients']} with a record of {spec.outcome.label}, taken as a random "
            "sample of the population",
            "eligibility, setting, how the patients were chosen",
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
        "population-level summary": (_summary(spec, arms), ""),
    }
    return [{"attribute": name, "implies": told[name][0], "blank": told[name][1]} for name in ATTRIBUTES]


def _treatment(cohort: Mapping[str, Any], arms: Arms | None) -> str:
    infusions = listed([f"{week:g}" for week in cohort["infusion_weeks"]])
    given = f"infusions at weeks {infusions}" if infusions else "none is recorded in the table"
    if arms is None:
        return f"{given}; compared with nothing, as there is one arm"
    return f"arm {arms.treated}, compared with arm {arms.control} of the same table; {given}"


def _summary(spec: ModelSpec, arms: Arms | None) -> str:
    if arms is None:
        return (
            "response rate among new patients of the population; no comparison, as there is one arm"
            if spec.binary
            else f"{'median ratio to baseline' if spec.link.change == 'ratio' else 'mean change'} of the "
            "population's typical patient; no comparison, as there is one arm"
        )
    if spec.binary:
        return f"difference between response rates of new patients, {arms.compared(ratio=False)}"
    ratio = spec.link.change == "ratio"
    what = "ratio of the typical patient's ratios to baseline" if ratio else "difference between mean changes"
    return f"{what}, {arms.compared(ratio=ratio)}"
