"""Units: factors are right, spellings are read, and a unit is asked for where values look wrong."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_limits import problems_of, read

from ra_bayes.outcomes import get
from ra_bayes.units import UNITS, same_spelling

# Grams, litres and metres behind each prefix: an independent way to every factor.
PREFIX = {"": 0, "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15}


def grams_per_litre(unit: str) -> Fraction:
    mass, volume = unit.replace("100mL", "dL").replace("mg%", "mg/dL").split("/")
    ten = Fraction(10)
    return ten ** (PREFIX[mass.removesuffix("g")] - PREFIX[volume.removesuffix("L")])


@pytest.mark.parametrize("kind", ["crp", "cytokine"])
def test_factors_of_concentrations_are_those_of_their_prefixes(kind: str) -> None:
    first = next(iter(UNITS[kind]))
    for unit, factor in UNITS[kind].items():
        assert factor == float(grams_per_litre(unit) / grams_per_litre(first)), unit


SPELLINGS = {
    "mg/L": [
        "mg/l",
        "MG/L",
        "mg / L",
        "mg per L",
        "mg per litre",
        "mg L-1",
        "mg·L⁻¹",
        "[mg/L]",
        "milligram/liter",
    ],
    "ug/mL": ["µg/mL", "μg/ml", "mcg/mL", "ug ml^-1", "microgram per millilitre"],
    "mm/h": ["mm/hr", "mm/hour", "mm/1h", "mm per hour", "mm/1st hour", "mm / h", "mm h-1", "mm/Std"],
    "IU/mL": ["iu/ml", "IE/mL", "IU per mL"],
    "U/mL": ["units/mL", "E/ml", "u / ml"],
    "0-10": ["0 - 10", "0–10", "0−10"],
}


@pytest.mark.parametrize("unit", SPELLINGS)
def test_a_unit_is_read_as_people_spell_it(unit: str) -> None:
    assert {same_spelling(text) for text in SPELLINGS[unit]} == {same_spelling(unit)}


def test_spellings_never_join_two_units() -> None:
    for kind, factors in UNITS.items():
        folded: dict[str, float] = {}
        for unit, factor in factors.items():
            assert folded.setdefault(same_spelling(unit), factor) == factor, (kind, unit)


def test_records_in_several_units_are_converted_one_by_one_and_counted(tmp_path: Path) -> None:
    rows = "A,0,crp,4.35,mg/dL\nA,4,crp,43.5,mg/L\nA,8,crp,4.35 mg per dL,\nA,12,crp,0.0435,g/l\n"
    cohort = read(tmp_path, "patient,week,outcome,value,unit\n" + rows)
    assert [each.value for each in cohort.records] == [43.5] * 4
    assert [(each.from_unit, each.factor, each.count) for each in cohort.conversions] == [
        ("g/l", 1000.0, 1), ("mg per dL", 10.0, 1), ("mg/dL", 10.0, 1),
    ]  # fmt: skip


def test_an_unknown_unit_is_refused_with_the_known_ones_and_the_mapping(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "patient,week,outcome,value,unit\nA,0,crp,400,nmol/L\n")
    assert (problem.row, problem.column, problem.value) == (2, "unit", "nmol/L")
    assert problem.mend == (
        "write one of mg/L, mg/dL, ug/mL, mg/100mL, mg%, g/L; or give its factor to mg/L under [units.crp] "
        "in a mapping"
    )


def test_a_mapping_gives_the_factor_of_a_unit(tmp_path: Path) -> None:
    text = "patient,week,outcome,value,unit\nA,0,crp,400,nmol/L\nA,4,crp,<40 nmol/L,\n"
    cohort = read(tmp_path, text, '[units.crp]\n"nmol/L" = 0.115\n')
    assert [(each.value, each.limit) for each in cohort.records] == [(46.0, ""), (4.6, "<")]
    assert [(each.from_unit, each.factor, each.count) for each in cohort.conversions] == [
        ("nmol/L", 0.115, 2)
    ]
    # What a fit looks up is the outcome as it is known everywhere.
    assert cohort.used == (get("crp"),)


@pytest.mark.parametrize(
    ("page", "what"),
    [
        ('[units.crp]\n"mg/dL" = 1\n', "says that crp in mg/dL is multiplied by 1, and it is 10"),
        ('[units.crpp]\n"nmol/L" = 1\n', "has units of 'crpp', which is not a known outcome"),
    ],
)
def test_a_mapping_cannot_change_a_known_unit(tmp_path: Path, page: str, what: str) -> None:
    (problem,) = problems_of(tmp_path, "patient,week,outcome,value,unit\nA,0,crp,4,mg/L\n", page)
    assert what in problem.what


def test_batches_in_two_units_are_asked_about(tmp_path: Path) -> None:
    header, rows = "patient,week,outcome,value,unit,batch\n", ""
    for patient in "AB":
        rows += f"{patient},0,tnf_alpha,12.5,,K1\n{patient},4,tnf_alpha,0.011,,K2\n"
    (problem,) = problems_of(tmp_path, header + rows)
    assert "no unit is given for tnf_alpha" in problem.what
    assert "in batch 'K2' are up to 0.011 and in batch 'K1' up to 12.5" in problem.what
    assert "pg/mL or ng/L" in problem.mend
    said = rows.replace("12.5,,", "12.5,pg/mL,").replace("0.011,,", "0.011,ng/mL,")
    assert [each.value for each in read(tmp_path, header + said).records] == [12.5, 11.0] * 2
    # Within what assays differ by nothing is asked, and what was taken is told.
    alike = rows.replace("0.011", "0.11")
    assert "tnf_alpha: no unit is given, taken as pg/mL: 4" in read(tmp_path, header + alike).notes


units = {"crp": ["mg/L", "mg/dL", "ug/mL", "g/L"], "il10": ["pg/mL", "ng/mL", "fg/mL"], "vas": ["mm", "cm"]}


@settings(max_examples=80, deadline=None)
@given(
    data=st.data(),
    values=st.lists(st.decimals("0.1", "99.9", places=1), min_size=1, max_size=6),
    outcome=st.sampled_from([*units]),
)
def test_a_cohort_in_other_units_is_the_same_cohort(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, values: list[object], outcome: str
) -> None:
    own = get(outcome).unit
    plain, other = "patient,week,outcome,value,unit\n", "patient,week,outcome,value,unit\n"
    for week, value in enumerate(values):
        unit = data.draw(st.sampled_from(units[outcome]))
        written = Fraction(str(value)) / Fraction(repr(get(outcome).factor(unit)))
        # All factors are powers of ten, so that every quotient has an end.
        text = f"{float(written):.15g}"
        plain += f"A,{week},{outcome},{value},{own}\n"
        other += f"A,{week},{outcome},{text} {unit},\n" if week % 2 else f"A,{week},{outcome},{text},{unit}\n"
    folder = tmp_path_factory.mktemp("units")
    assert read(folder, other).hash == read(folder, plain).hash
