"""The table of outcomes: complete, sourced, and read the way a lab writes its units."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from itertools import pairwise

import pytest

from ra_bayes import scores
from ra_bayes.errors import RaBayesError
from ra_bayes.outcomes import OUTCOMES, Outcome, get

IDS = [
    *(
        "vas",
        "patient_global",
        "physician_global",
        "tjc28",
        "sjc28",
        "tjc68",
        "sjc66",
        "sdai",
        "cdai",
        "das28_esr",
        "das28_crp",
    ),
    *("haq", "esr", "crp", "il10", "il17", "tnf_alpha", "treg_th17", "rf", "anti_ccp"),
    *("acr20", "acr50", "acr70", "eular_response", "eular_good", "boolean_remission"),
]


def test_the_table_holds_every_promised_outcome() -> None:
    assert list(OUTCOMES) == IDS
    assert all(OUTCOMES[id].id == id for id in IDS)


@pytest.mark.parametrize("id", IDS)
def test_an_outcome_is_complete_and_consistent(id: str) -> None:
    outcome = get(id)
    assert outcome.source
    assert outcome.units[outcome.unit] == 1
    assert outcome.lower is not None
    assert outcome.upper is None or outcome.lower < outcome.upper
    assert all(m.change > 0 and m.unit == outcome.unit and m.source and m.basis for m in outcome.mcids)
    assert outcome.mcid is (outcome.mcids[0] if outcome.mcids else None)
    edges = [(c.above, c.up_to) for c in outcome.categories]
    assert all(below[1] == above[0] for below, above in pairwise(edges))
    assert all(c.source for c in outcome.categories)
    assert pickle.loads(pickle.dumps(outcome)) == copy.deepcopy(outcome) == outcome
    assert isinstance(hash(outcome), int)


@pytest.mark.parametrize(
    ("id", "value", "label"),
    [
        ("sdai", 3.3, "remission"), ("sdai", 3.31, "low"), ("sdai", 11, "low"), ("sdai", 26, "moderate"),
        ("sdai", 26.1, "high"), ("cdai", 2.8, "remission"), ("cdai", 10, "low"), ("cdai", 22, "moderate"),
        ("cdai", 22.1, "high"), ("das28_esr", 2.59, "remission"), ("das28_esr", 2.6, "low"),
        ("das28_esr", 3.2, "low"), ("das28_crp", 5.1, "moderate"), ("das28_crp", 5.11, "high"),
        ("haq", 0, "none"), ("haq", 0.125, "mild-moderate"), ("haq", 1, "mild-moderate"),
        ("haq", 2, "moderate-severe"), ("haq", 2.125, "severe-very severe"), ("vas", 50, None),
    ],
)  # fmt: skip
def test_categories_split_where_the_sources_say(id: str, value: float, label: str | None) -> None:
    assert get(id).category(value) == label


@pytest.mark.parametrize(
    ("id", "text", "factor"),
    [
        ("vas", "cm", 10), ("vas", " MM ", 1), ("vas", "0–10", 10), ("crp", "mg/dL", 10),
        ("crp", "mg / l", 1), ("crp", "µg/mL", 1), ("crp", "μg/ml", 1), ("crp", "mcg/mL", 1),
        ("tnf_alpha", "ng/L", 1), ("il10", "ng/mL", 1000), ("esr", "mm/hr", 1), ("haq", "", 1),
    ],
)  # fmt: skip
def test_units_are_read_as_laboratories_write_them(id: str, text: str, factor: float) -> None:
    assert get(id).factor(text) == factor


def test_an_unknown_unit_names_the_accepted_ones() -> None:
    with pytest.raises(RaBayesError, match=r"crp: unit 'mmol/L' is not known; write one of 'mg/L', 'mg/dL'"):
        get("crp").factor("mmol/L")


@pytest.mark.parametrize(("wrong", "meant"), [("DAS28-CRP", "das28_crp"), ("tnfalpha", "tnf_alpha")])
def test_an_unknown_outcome_names_close_ones_and_how_to_list_all(wrong: str, meant: str) -> None:
    with pytest.raises(RaBayesError, match=f"'{meant}'.*OUTCOMES"):
        get(wrong)


def test_no_bound_can_reject_what_the_formulas_give_within_the_components_bounds() -> None:
    joints = {"tjc28": 28, "sjc28": 28}
    worst = scores.sdai(**joints, patient_global_mm=100, physician_global_mm=100, crp_mg_l=1000)
    assert worst == get("sdai").upper
    assert scores.das28_esr(**joints, esr_mm_h=300, patient_global_mm=100) <= (get("das28_esr").upper or 0)
    assert scores.das28_crp(**joints, crp_mg_l=1000, patient_global_mm=100) <= (get("das28_crp").upper or 0)


def test_sdai_above_86_is_legitimate_because_crp_is_not_capped() -> None:
    assert (get("sdai").upper or 0) > 86


def test_outcomes_and_scores_import_nothing_heavy() -> None:
    code = "import sys, ra_bayes.outcome, ra_bayes.outcomes, ra_bayes.scores, ra_bayes.responses\n"
    code += "print(*({'numpy', 'pandas', 'pymc'} & set(sys.modules)))"
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert seen.strip() == ""


def test_an_outcome_reads_its_own_unit_without_being_told() -> None:
    own = Outcome(
        id="fatigue", label="Fatigue", unit="mm", lower=0, upper=100, benefit="decrease", source="these tests"
    )
    assert own.factor("MM") == 1.0
