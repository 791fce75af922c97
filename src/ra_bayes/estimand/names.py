"""What a reader sees an estimand called: on the page, in tables and under figures."""

from __future__ import annotations

__all__ = ["NAMES", "name_of"]

NAMES = {
    "mean_change": "change of the typical patient",
    "mean_change_of_cohort": "mean change, these patients",
    "patient_change": "change",
    "mean_change_beats_mcid": "P(population mean beats the MCID)",
    "new_patient_beats_mcid": "new patients whose true change beats the MCID",
    "new_patient_measured_beats_mcid": "new patients whose measured change beats the MCID",
    "patient_beats_mcid": "P(change beats the MCID)",
    "patients_beating_mcid": "patients of these whose change beats the MCID",
    "sustained_response": "P(sustained response)",
    "patients_sustained": "patients of these with a sustained response",
    "average_change": "average change over time",
    "weeks_to_half_effect": "time to half of the effect",
    "response_heterogeneity": "SD of change between patients",
    "change_beyond_placebo": "change beyond the historical placebo response",
    "response_rate": "response rate, new patients",
    "response_rate_of_cohort": "response rate, these patients",
    "patient_response_probability": "P(response)",
    "rate_beyond_placebo": "response rate beyond the historical placebo rate",
    "event_rate": "new patients with the event counted",
    "concordance": "new patients with both events counted",
    "response_correlation": "correlation of responses, population",
    "response_correlation_of_cohort": "correlation of changes, these patients",
    "mean_all_better": "P(all better, typical patient)",
    "new_patient_all_better": "new patients with all outcomes better",
    "new_patient_all_better_difference": "new patients with all outcomes better, less the control arm's",
    "difference_all_better": "P(all differences between arms better)",
    "patient_all_better": "P(all outcomes better)",
    "patient_outcomes_better": "outcomes that change for the better",
    "difference_from_control": "difference from the trial's own control arm",
    "odds_ratio_of_arm": "odds ratio of the treated arm",
    "share_at_zero": "new patients whose record is 0",
}


def name_of(estimand: str) -> str:
    """Return an estimand's name as a reader sees it.

    Examples
    --------
    >>> name_of("patient_change"), name_of("something_else")
    ('change', 'something else')
    """
    return NAMES.get(estimand, estimand.replace("_", " "))
