"""Scores and responses against worked examples that others published, and at their edges."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ra_bayes import responses, scores
from ra_bayes.errors import RaBayesError
from ra_bayes.responses import AcrCoreSet, acr_response

JOINTS = st.integers(0, 28)
MM = st.floats(0, 100)
RHEUMTOOLS = "rheumtools, its tests (MIT)"
COMPOSITES = "RheumaComposites.jl, its tests (MIT)"


# Published value, its source. DAS28 is printed to 0.01.
@pytest.mark.parametrize(
    ("tjc28", "sjc28", "esr", "crp", "global_mm", "published", "source"),
    [
        (4, 5, 7, None, 50, 3.81, RHEUMTOOLS),
        (5, 6, 8, None, 51, 4.11, RHEUMTOOLS),
        (4, 5, 44, None, 12, 4.56, f"{COMPOSITES}, after 4s-dawn.com"),
        (4, 5, None, 7, 50, 4.15, RHEUMTOOLS),
        (5, 6, None, 8, 51, 4.40, RHEUMTOOLS),
        (4, 5, None, 44, 12, 4.24, f"{COMPOSITES}, after 4s-dawn.com"),
    ],
)
def test_das28_as_published(
    tjc28: int,
    sjc28: int,
    esr: float | None,
    crp: float | None,
    global_mm: float,
    published: float,
    source: str,
) -> None:
    joints = {"tjc28": tjc28, "sjc28": sjc28}
    if esr is not None:
        value = scores.das28_esr(**joints, esr_mm_h=esr, patient_global_mm=global_mm)
    else:
        value = scores.das28_crp(**joints, crp_mg_l=crp or 0.0, patient_global_mm=global_mm)
    assert value == pytest.approx(published, abs=0.005), source


# Sources give cm and mg/dL; the components here are ours, mm and mg/L.
@pytest.mark.parametrize(
    ("tjc28", "sjc28", "patient_mm", "physician_mm", "crp_mg_l", "published", "source"),
    [
        (4, 5, 50, 60, 70, 27.0, RHEUMTOOLS),
        (5, 6, 60, 70, 80, 32.0, RHEUMTOOLS),
        (1, 0, 10, 0, 1, 2.1, f"{COMPOSITES}, after mdcalc 2194"),
        (4, 5, 50, 60, 7, 20.7, f"{RHEUMTOOLS}: prints 21, rounded; unrounded by arithmetic"),
        (4, 5, 50, 60, None, 20.0, RHEUMTOOLS),
        (5, 6, 60, 70, None, 24.0, RHEUMTOOLS),
        (1, 0, 10, 0, None, 2.0, COMPOSITES),
    ],
)
def test_sdai_and_cdai_as_published(
    tjc28: int,
    sjc28: int,
    patient_mm: float,
    physician_mm: float,
    crp_mg_l: float | None,
    published: float,
    source: str,
) -> None:
    parts: dict[str, float] = {
        "tjc28": tjc28, "sjc28": sjc28, "patient_global_mm": patient_mm, "physician_global_mm": physician_mm
    }  # fmt: skip
    value = scores.cdai(**parts) if crp_mg_l is None else scores.sdai(**parts, crp_mg_l=crp_mg_l)
    assert value == pytest.approx(published), source


@pytest.mark.parametrize(
    ("baseline", "now", "published"),
    [
        (5.21, 1.8, "good"), (4.2, 3.2, "moderate"), (3.1, 2.9, "none"), (4.3, 3.3, "moderate"),
        (4.0, 3.3, "moderate"), (4.4, 4.2, "none"), (7.46, 6.19, "moderate"), (7.43, 6.81, "none"),
        (7.19, 6.7, "none"),
    ],
)  # fmt: skip
def test_eular_response_as_published_by_rheumtools(baseline: float, now: float, published: str) -> None:
    assert responses.eular_response(baseline=baseline, now=now) == published


@pytest.mark.parametrize(
    ("baseline", "now", "grade"),
    [
        (4.4, 3.2, "moderate"),
        (3.8, 3.2, "none"),
        (4.5, 3.2, "good"),
        (6.3, 5.1, "moderate"),
        (6.2, 5.2, "none"),
    ],
)
def test_eular_response_at_its_edges(baseline: float, now: float, grade: str) -> None:
    assert responses.eular_response(baseline=baseline, now=now) == grade


def test_boolean_remission_as_published_by_rheumacomposites() -> None:
    visit: dict[str, Any] = {"tjc28": 1, "sjc28": 0, "patient_global_mm": 14, "crp_mg_l": 4}
    assert not responses.boolean_remission(**visit, version="1.0")
    assert responses.boolean_remission(**visit, version="2.0")
    assert not responses.boolean_remission(**{**visit, "crp_mg_l": 10.1})
    assert responses.boolean_remission(**{**visit, "crp_mg_l": None})
    assert not responses.boolean_remission(**{**visit, "tjc28": 2})
    with pytest.raises(RaBayesError, match=r"'1\.0' or '2\.0'"):
        responses.boolean_remission(**visit, version="3.0")


@pytest.mark.parametrize(
    ("now", "grade"),
    [(20.1, "none"), (20, "minor"), (12, "moderate"), (6, "major"), (0, "major"), (50, "none")],
)
def test_activity_response_grades_from_40_points(now: float, grade: str) -> None:
    assert responses.activity_response(baseline=40, now=now) == grade


def test_activity_response_from_zero_is_none() -> None:
    assert responses.activity_response(baseline=0, now=0) == "none"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scores.cdai(tjc28=29, sjc28=1, patient_global_mm=1, physician_global_mm=1), "tjc28 is 29"),
        (lambda: scores.cdai(tjc28=2, sjc28=-1, patient_global_mm=1, physician_global_mm=1), "sjc28 is -1"),
        (lambda: scores.cdai(tjc28=2, sjc28=1, patient_global_mm=101, physician_global_mm=1), "0 to 100 mm"),
        (lambda: scores.das28_esr_3(tjc28=2, sjc28=1, esr_mm_h=0), "give 1 and say so"),
        (lambda: scores.das28_crp_3(tjc28=2, sjc28=1, crp_mg_l=math.nan), "crp_mg_l is nan"),
        (lambda: scores.haq_di([1] * 7), "eight scores"),
        (lambda: scores.haq_di([1, 1, 1, 1, 1, None, None, None]), "needs six"),
        (lambda: scores.haq_di([4, *[1] * 7]), "eight scores"),
        (lambda: scores.haq_domain([]), "0, 1, 2 or 3"),
        (lambda: responses.eular_response(baseline=44, now=3), "baseline DAS28 is 44"),
    ],
)
def test_impossible_components_are_named_with_the_mend(call: Any, message: str) -> None:
    with pytest.raises(RaBayesError, match=message):
        call()


@given(JOINTS, JOINTS, MM, MM, st.floats(0, 300))
def test_sdai_is_cdai_plus_crp_and_both_stay_in_bounds(
    tjc28: int, sjc28: int, patient: float, physician: float, crp: float
) -> None:
    parts: dict[str, float] = {
        "tjc28": tjc28, "sjc28": sjc28, "patient_global_mm": patient, "physician_global_mm": physician
    }  # fmt: skip
    clinical = scores.cdai(**parts)
    assert 0 <= clinical <= 76
    assert scores.sdai(**parts, crp_mg_l=crp) == pytest.approx(clinical + crp / 10)


@given(JOINTS, JOINTS, st.floats(1, 200), MM, st.sampled_from(["tjc28", "sjc28", "marker", "global"]))
def test_das28_never_falls_when_a_component_rises(
    tjc28: int, sjc28: int, marker: float, patient: float, up: str
) -> None:
    more_t, more_s = min(28, tjc28 + (up == "tjc28")), min(28, sjc28 + (up == "sjc28"))
    more_m, more_p = marker + (up == "marker"), min(100, patient + (up == "global"))
    assert scores.das28_esr(
        tjc28=more_t, sjc28=more_s, esr_mm_h=more_m, patient_global_mm=more_p
    ) >= scores.das28_esr(tjc28=tjc28, sjc28=sjc28, esr_mm_h=marker, patient_global_mm=patient)
    low = scores.das28_crp(tjc28=tjc28, sjc28=sjc28, crp_mg_l=marker, patient_global_mm=patient)
    high = scores.das28_crp(tjc28=more_t, sjc28=more_s, crp_mg_l=more_m, patient_global_mm=more_p)
    assert 0.96 <= low <= high


def test_the_three_variable_forms_start_at_their_published_minimum() -> None:
    assert scores.das28_crp_3(tjc28=0, sjc28=0, crp_mg_l=0) == pytest.approx(1.15)  # medicalalgorithms.com
    assert scores.das28_esr_3(tjc28=0, sjc28=0, esr_mm_h=1) == pytest.approx(0.16)


@given(st.lists(st.integers(0, 3), min_size=8, max_size=8))
def test_haq_di_moves_in_eighths_from_0_to_3(domains: list[int]) -> None:
    value = scores.haq_di(domains)
    assert 0 <= value <= 3
    assert value * 8 == sum(domains)


def test_haq_di_averages_the_answered_domains() -> None:
    assert scores.haq_di([3, 3, 3, 0, 0, 0, None, None]) == 1.5


@pytest.mark.parametrize(
    ("items", "aid", "score"), [([0, 1], False, 1), ([0, 1], True, 2), ([3, 0], True, 3), ([0], True, 2)]
)
def test_an_aid_raises_a_haq_domain_to_two_and_no_further(items: list[int], aid: bool, score: int) -> None:
    assert scores.haq_domain(items, aid=aid) == score


def core(**changes: float | None) -> AcrCoreSet:
    names = ("tjc", "sjc", "pain_mm", "patient_global_mm", "physician_global_mm", "acute_phase")
    return AcrCoreSet(**{**dict.fromkeys(names, 40.0), "haq": 2.0, **changes})


THREE_BETTER: dict[str, float | None] = {"pain_mm": 32, "patient_global_mm": 32, "physician_global_mm": 32}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tjc": 32, "sjc": 32, **THREE_BETTER}, True),
        ({"tjc": 33, "sjc": 32, **THREE_BETTER}, False),  # both joint counts, not one
        ({"tjc": 32, "sjc": 33, **THREE_BETTER}, False),
        ({"tjc": 32, "sjc": 32, "pain_mm": 32, "haq": 1.5}, False),  # two of five
        ({"tjc": 32, "sjc": 32, "pain_mm": 32, "haq": 1.5, "acute_phase": None}, None),
        ({"tjc": 32, "sjc": 32, **THREE_BETTER, "acute_phase": None, "haq": None}, True),
        ({"tjc": None, "sjc": 33, **THREE_BETTER}, False),
        ({"tjc": None, "sjc": 32, **THREE_BETTER}, None),
    ],
)
def test_acr20_asks_for_both_joint_counts_and_three_of_five(
    changes: dict[str, float | None], expected: bool | None
) -> None:
    assert acr_response(core(), core(**changes), percent=20) is expected


def test_a_zero_baseline_cannot_improve() -> None:
    assert acr_response(core(sjc=0), core(tjc=10, sjc=0, **THREE_BETTER)) is False
    pain_free = core(pain_mm=0)
    assert acr_response(pain_free, core(tjc=10, sjc=10, **{**THREE_BETTER, "pain_mm": 0})) is False
    assert acr_response(pain_free, core(tjc=10, sjc=10, haq=1, **{**THREE_BETTER, "pain_mm": 0})) is True


@given(st.floats(0, 1), st.floats(0, 1))
def test_acr70_implies_acr50_implies_acr20(joints: float, rest: float) -> None:
    now = core(tjc=40 * joints, sjc=40 * joints, pain_mm=40 * rest, patient_global_mm=40 * rest, haq=2 * rest)
    answers = [acr_response(core(), now, percent=percent) for percent in (70, 50, 20)]
    assert answers == sorted(answers)


def test_acr_percentages_other_than_the_three_are_refused() -> None:
    with pytest.raises(RaBayesError, match="20, 50 or 70"):
        acr_response(core(), core(), percent=30)
    with pytest.raises(RaBayesError, match="haq is 4"):
        core(haq=4)
