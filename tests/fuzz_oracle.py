"""What a cohort says, held against the cells of the file by a second way of reading."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from ra_bayes.cohort import Cohort, Record

FACTORS = {
    ("crp", "mg/dl"): 10,
    ("crp", "mg/l"): 1,
    ("vas", "cm"): 10,
    ("vas", "mm"): 1,
    ("il10", "pg/ml"): 1,
    ("il10", "ng/l"): 1,
}
LIMITED = re.compile(r"\s*(<=|>=|[<>≤≥])?\s*([+-]?[\d.,]*(?:[eE][+-]?\d+)?)\s*(?:[a-zA-Zµμ%].*)?", re.DOTALL)
YES = {"yes": 1.0, "true": 1.0, "y": 1.0, "no": 0.0, "false": 0.0, "n": 0.0}
MISSING = {"", "na", "n/a", "."}
# Variables of an ADaM dataset that say who, what, when and how much; the others are told as not read.
ADAM = {
    "usubjid", "subjid", "paramcd", "param", "aval", "avalc", "avalu", "avisit", "ady", "adt", "adtm",
    "ablfl", "dtype", "anl01fl", "atpt", "alloq", "avallloq", "trt01a", "trta", "trt01p", "trtp", "actarm",
    "arm",
}  # fmt: skip
SDTM = re.compile(
    r"usubjid|subjid|visit|arm|actarm|"
    r"..(testcd|test|orres|orresu|stresc|stresn|stresu|lobxfl|blfl|drvfl|dy|dtc|tpt|tptnum|lloq)"
)
LONG = {
    "patient",
    "week",
    "weeks",
    "outcome",
    "value",
    "values",
    "unit",
    "units",
    "lower_limit",
    "lloq",
    "limit",
}
LONG |= {"synthetic", "arm", "upper_limit", "uloq", "batch"}

type Rows = Mapping[int, Sequence[str]]


class WrongError(AssertionError):
    """The reader dropped something, or changed it."""


def number(text: str) -> tuple[str, Decimal] | None:
    """Read a limit's sign and a number; commas are decimal marks, as the seeds have no thousands."""
    if text.strip().casefold() in YES:
        return "", Decimal(int(YES[text.strip().casefold()]))
    match = LIMITED.fullmatch(text)
    if match is None:
        return None
    try:
        value = Decimal(match[2].replace(",", "."))
    except InvalidOperation:
        return None
    return (match[1] or "")[:1].replace("≤", "<").replace("≥", ">"), value


def accounted(cohort: Cohort) -> int:
    """Values recorded, given or named; scores that were computed come from no cell."""
    left = sum(each.count for each in cohort.left_out if each.of in ("values", "empty"))
    return len(cohort.records) - len(cohort.computed) + len(cohort.infusions) + left


def check(cohort: Cohort, header: Sequence[str], rows: Rows) -> None:
    """Raise :class:`WrongError` if a row, a column or a value went astray."""
    page = tomllib.loads(cohort.mapping) if cohort.mapping else {}
    layout = page.get("layout", "long")
    if two := next((note for note in cohort.notes if "were read as one header" in note), ""):
        second = int(two.split()[3])
        rows = {row: cells for row, cells in rows.items() if row > second}
    columns = {name: entry for name, entry in page.get("columns", {}).items() if _outcome(entry)}
    values = len(rows) * (1 if layout in ("long", "adam", "sdtm") else len(columns))
    if accounted(cohort) != values:
        raise WrongError(f"{values} values in the file, {accounted(cohort)} recorded, given or named")
    _check_columns(cohort, header, rows, page, layout)
    if "dates" in page:
        # The first infusion may be written in any of a patient's rows.
        who, when = [*header].index(page["patient"]), [*header].index(page["dates"]["first_infusion"])
        told = ((cells[who].strip(), cells[when].strip()) for cells in rows.values())
        page["first"] = {patient: day for patient, day in told if day.casefold() not in MISSING}
    bounds = [
        i for i, name in enumerate(header) if _folded(name) in ("lower_limit", "lloq", "upper_limit", "uloq")
    ]
    page["bounds"] = sorted({cells[i] for cells in rows.values() for i in bounds})
    # A score that was computed stands in no cell.
    computed = {(each.patient, each.week, each.outcome) for each in cohort.computed}
    for record in cohort.records:
        if record[:3] in computed:
            continue
        cells = (
            dict(zip(reversed(header), reversed(rows[record.row]), strict=False))
            if record.row in rows
            else None
        )
        if cells is None:
            raise WrongError(f"{record}: the file has no such row")
        _check_record(record, cells, page, layout)


def _outcome(entry: Any) -> str:
    outcome = entry if isinstance(entry, str) else entry.get("outcome", "")
    return "" if outcome == "leave out" else outcome


def _folded(name: str) -> str:
    return re.sub(r"[\s_.\-]+", "_", name.strip().casefold()).strip("_")


def _check_columns(
    cohort: Cohort, header: Sequence[str], rows: Rows, page: dict[str, Any], layout: str
) -> None:
    """Every column with a cell in it is read, or named with the number of its cells."""
    filled = [sum(bool(cells[i].strip()) for cells in rows.values()) for i in range(len(header))]
    named = sum(
        each.count for each in cohort.left_out if each.of == "cells" and each.what.startswith("column")
    )
    asked = {*page.get("covariates", {}).values()}
    if layout in ("adam", "sdtm"):
        ends = ("lloq", "uloq", "stresc", "stresu")
        own = {"adam": lambda name: name in ADAM or name.endswith(ends), "sdtm": SDTM.fullmatch}[layout]
        read = [name in asked or bool(own(name.casefold())) for name in header]
        low = sum(count for count, known in zip(filled, read, strict=True) if not known)
        if not low <= named <= sum(filled):
            raise WrongError(f"{low} cells of columns that are not read, {named} named")
        return
    used = asked
    if layout == "long":
        used = asked | {name for name in header if _folded(name) in LONG}
        used |= {value for value in page.values() if isinstance(value, str)}
    else:
        used = asked | {value for key, value in page.items() if isinstance(value, str) and key != "layout"}
        for name, entry in page.get("columns", {}).items():
            if _outcome(entry):
                used |= {
                    name,
                    *(
                        v
                        for k, v in (entry.items() if isinstance(entry, dict) else ())
                        if k.endswith("_column")
                    ),
                }
        dates = page.get("dates", {})
        used |= {dates.get("column"), dates.get("first_infusion")}
        repeats = (
            "redcaprepeatinstrument",
            "redcaprepeatinstance",
            "repeatinstrument",
            "repeatinstance",
            "synthetic",
        )
        used |= {name for name in header if re.sub(r"\W|_", "", name.casefold()) in repeats}
    others = sum(count for name, count in zip(header, filled, strict=True) if name not in used)
    doubled = sum(
        count
        for i, (name, count) in enumerate(zip(header, filled, strict=True))
        if name in [*header][:i] and name in used
    )
    if named not in (others, others + doubled):
        raise WrongError(f"{others} cells of columns that are not read, {named} named")


def _check_record(record: Record, cells: Mapping[str, str], page: dict[str, Any], layout: str) -> None:
    found = [*_candidates(record, cells, page, layout)]
    if not any(_agrees(record, text, unit, limits) for text, unit, limits in found):
        raise WrongError(f"{record} is in none of its row's cells {found}")
    who = [cells.get(name, "").strip() for name in cells]
    if record.patient not in who:
        raise WrongError(f"{record}: the patient is not in its row")
    if not _week_agrees(record, cells, page, layout):
        raise WrongError(f"{record}: the week is not in its row {dict(cells)}")


def _candidates(
    record: Record, cells: Mapping[str, str], page: dict[str, Any], layout: str
) -> Iterator[tuple[str, str, list[str]]]:
    """Yield text, unit and limits of the cells that the record may come from."""
    folded = {_folded(name): text.strip() for name, text in cells.items()}
    if layout == "long":
        unit = folded.get("unit") or folded.get("units") or ""
        sign = folded.get("limit", "")
        # The limits of a batch may be said in another row, or by the mapping.
        limits = [
            *(str(each.get(side, "")) for each in page.get("limits", ()) for side in ("lower", "upper"))
        ]
        limits += page["bounds"]
        parameter = page.get("parameters", {}).get(cells.get(page.get("outcome", ""), "").strip(), "")
        about = parameter if isinstance(parameter, dict) else {}
        unit = about.get("unit") or (cells.get(page["unit"], "") if "unit" in page else unit)
        for name in ("value", "values", _folded(page.get("value", "value"))):
            if name in folded:
                yield sign + folded[name] if sign in "<>" else folded[name], unit, limits
    elif layout == "sdtm":
        for text, unit in (("stresn", "stresu"), ("stresc", "stresu"), ("orres", "orresu")):
            ends = {end: [cell for name, cell in folded.items() if name[2:] == end] for end in (text, unit)}
            for cell in ends[text]:
                yield cell, next(iter(ends[unit]), ""), [v for k, v in folded.items() if k[2:] == "lloq"]
    elif layout == "adam":
        match = re.search(r"\(([^()]*)\)\s*$", folded.get("param", ""))
        unit = folded.get("avalu") or (match[1] if match else "")
        limits = [text for name, text in folded.items() if name.endswith("lloq")]
        for name in folded:
            if name in ("aval", "avalc") or name.endswith("stresc"):
                yield folded[name], unit, limits
        twice = number(folded.get("aval", ""))
        if twice and folded.get("dtype"):
            limits.append(str(2 * twice[1]))
            yield "<LLOQ", unit, [str(2 * twice[1]), folded["aval"]]
            yield f">{folded['aval']}", unit, []
    else:
        for name, entry in page.get("columns", {}).items():
            about = entry if isinstance(entry, dict) else {}
            outcome = _outcome(entry)
            if outcome == "row":
                named = cells.get(page.get("outcome", ""), "").strip()
                meant = page.get("parameters", {}).get(named, named)
                about = {**about, **meant} if isinstance(meant, dict) else about
                outcome = _outcome(meant).casefold()
            if outcome.casefold() != record.outcome or (
                "week" in about and float(about["week"]) != record.week
            ):
                continue
            answers = {text.casefold(): str(number) for text, number in about.get("answers", {}).items()}
            unit = about.get("unit") or cells.get(about.get("unit_column", ""), "").strip()
            limits = [cells.get(about.get("lower_limit_column", ""), ""), str(about.get("lower_limit", ""))]
            text = cells.get(name, "").strip()
            yield answers.get(text.casefold(), text), unit, limits


def _agrees(record: Record, text: str, unit: str, limits: Sequence[str]) -> bool:
    if unit.strip().casefold() in MISSING:
        unit = ""
    unit = unicodedata.normalize("NFKC", unit)
    folded = "".join(unit.casefold().split())
    factor = Decimal(FACTORS.get((record.outcome, folded), 1))
    bounds = [read[1] for each in limits if (read := number(each))]
    read = number(text)
    if read is None:
        return bool(record.limit) and any(float(each * factor) == record.value for each in bounds)
    sign, value = read
    if sign == record.limit and float(value * factor) == record.value:
        return True
    # A number beyond a limit of quantification is a record of that limit.
    beyond = {"<": [each for each in bounds if value < each], ">": [each for each in bounds if value > each]}
    return any(float(each * factor) == record.value for each in beyond.get(record.limit, ()))


def _week_agrees(record: Record, cells: Mapping[str, str], page: dict[str, Any], layout: str) -> bool:
    if layout in ("adam", "sdtm"):
        folded = {_folded(name): text.strip() for name, text in cells.items()}
        if record.week == 0:
            return True
        label = cells.get(page.get("visit", "AVISIT" if layout == "adam" else "VISIT"), "").strip()
        if label in page.get("visits", {}):
            return page["visits"][label] == record.week
        texts = [
            label,
            *(text for name, text in folded.items() if name in ("avisit", "ady") or name[2:] == "dy"),
        ]
        near = [
            float(each.replace(",", ".")) for text in texts for each in re.findall(r"\d+(?:[.,]\d+)?", text)
        ]
        return any(record.week in (each, (each - 1) / 7) for each in near)
    if "dates" in page:
        return _is_planned(record, cells, page)
    label = cells.get(page.get("visit", ""), "").strip()
    if label in page.get("visits", {}):
        return page["visits"][label] == record.week
    if "week" in page:
        return bool(page["week"] == record.week)
    if layout == "long":
        near_texts = [text for name, text in cells.items() if _folded(name) in ("week", "weeks")]
    else:
        for entry in page.get("columns", {}).values():
            if isinstance(entry, dict) and "week" in entry and float(entry["week"]) == record.week:
                return True
        near_texts = [cells.get(page.get("visit", ""), "")]
    return any(_is_week(text, record.week) for text in near_texts)


def _is_planned(record: Record, cells: Mapping[str, str], page: dict[str, Any]) -> bool:
    """Say whether the row's date lies in the window of the record's week."""
    dates = page["dates"]
    day, first = (
        date.fromisoformat(text[:10])
        for text in (cells[dates["column"]].strip(), page["first"][record.patient])
    )
    days = (day - first).days
    if "weeks" not in dates:
        return record.week == days / 7
    return record.week in dates["weeks"] and abs(days - 7 * record.week) <= dates.get("window_days", 3)


def _is_week(text: str, week: float) -> bool:
    if week == 0 and re.match(r"\s*(baseline|bl|base line)\b|\s*baseline_", text, re.IGNORECASE):
        return True
    numbers = re.findall(r"\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?|\.\d+", text)
    return bool(numbers) and float(numbers[0].replace(",", ".")) == week
