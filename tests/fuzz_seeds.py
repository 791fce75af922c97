"""Sound tables of every layout and format, for the fuzz run to damage."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from tables_on_file import WRITERS, as_csv, as_excel, columns_of

type Grid = list[list[str]]
"""A header and rows of text."""

LONG = """\
patient,week,outcome,value,unit,lower_limit,arm,site
001,0,crp,4.35,mg/dL,0.5,a,x
001,4,crp,<0.5,mg/dL,0.5,a,x
001,12,crp,0.3,mg/dL,0.5,a,
002,0,crp,37,mg/L,,b,y
002,4,crp,NA,mg/L,,b,y
001,0,sdai,30.5,,,a,x
001,4,sdai,22.25,,,a,x
002,0,sdai,41,,,b,y
002,4,acr20,yes,,,b,y
001,4,acr20,0,,,a,x
001,0,infusion,1,,,a,x
002,0,infusion,1,,,b,y
"""
COMMAS = """\
patient;week;outcome;value;unit
A;0;vas;6,5;cm
A;4;vas;3,25;cm
A;12;vas;;cm
B;0;vas;71,5;mm
B;4;vas;33;mm
B;0;haq;1,5;
B;4;haq;0,875;
A;0;haq;2;
"""
WIDE = """\
ID,sex,sdai_w0,sdai_w4,VAS (cm) week 12,VAS (cm) BL,CRP (mg/dL) baseline,CRP (mg/dL) W4,IL-10 W0
001,f,30.5,20,1.2,6,4.1,<0.5,12.5
002,m,25,,3,7,3,2,<0.8
003,f,"18,5",11,,4.4,12,NA,3
"""
OUTCOMES = """\
patient,arm,week,sdai,crp,crp_unit,crp_lloq,haq,infusion,remark
A,x,0,30,5,mg/dL,0.5,1.5,yes,
A,x,4,20.5,0.2,mg/dL,0.5,1.25,0,fell
A,x,12,12,,mg/dL,0.5,,,
B,y,0,31,40,mg/L,5,2.125,yes,
B,y,4,,<5,mg/L,5,2,1,
"""
BY_ROW = """\
patient,outcome,BL,W4,Week 12
A,haq,1,2,0.5
A,sdai,20,10.5,
B,haq,2.5,2,1
B,sdai,44,31,NA
"""
TWO_HEADERS = """\
patient,Week 0,,Week 4,,sex
,SDAI,HAQ,SDAI,HAQ,
A,30,1,20,1.5,f
B,25.5,2,,1,m
"""
REDCAP = """\
record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,sdai,haq,pain___1,form_complete
1,baseline_arm_1,,,30,1,0,2
1,week_4_arm_1,,,20,,1,2
1,week_4_arm_1,diary,1,,,,2
2,baseline_arm_2,,,30.5,1.5,,
2,week_4_arm_2,,,,,,
3,baseline_arm_1,,,"12,5",2,0,0
"""
LABELS = """\
Record ID,Event Name,Repeat Instrument,Repeat Instance,SDAI,HAQ-DI,Pain (choice=knee),Complete?
1,Baseline (Arm 1: Treated),,,30,1,Unchecked,Complete
1,Week 4 (Arm 1: Treated),,,20,,Checked,Complete
2,Baseline (Arm 2: Control),,,30,1.5,,
2,Week 4 (Arm 2: Control),,,22,,,
"""
ADAM = """\
USUBJID,TRTA,PARAMCD,PARAM,AVAL,AVALC,AVISIT,ADY,ABLFL,ANL01FL,DTYPE,LBSTRESC,LBLLOQ,SEX
1-01,Pbo,CRP,C Reactive Protein (mg/L),24,,Baseline,-3,Y,Y,,24,3.42,F
1-01,Pbo,CRP,C Reactive Protein (mg/L),1.71,<3.42,Week 4,29,,Y,HALFLLOQ,<3.42,3.42,F
1-01,Pbo,CRP,C Reactive Protein (mg/L),12.5,,Week 12,85,,Y,,12.5,3.42,F
1-01,Pbo,CRP,C Reactive Protein (mg/L),12.5,,End of Treatment,85,,Y,LOV,12.5,3.42,F
1-02,Act,CRP,C Reactive Protein (mg/L),30,,Baseline,1,Y,Y,,30,3.42,M
1-02,Act,CRP,C Reactive Protein (mg/L),,<3.42,Week 4,30,,Y,,<3.42,3.42,M
1-01,Pbo,ALB,Albumin (g/L),40,,Baseline,-3,Y,Y,,40,,F
1-02,Act,HAQDI,HAQ Disability Index,1.5,,Baseline,1,Y,Y,,,,M
1-02,Act,HAQDI,HAQ Disability Index,1.25,,Week 4,29,,Y,,,,M
"""

TIMES = """\
USUBJID,TRTA,PARAMCD,PARAM,AVAL,AVISIT,ATPT,ABLFL,AGE,SITEID
1-01,Pbo,PAINVAS,Pain (mm),61,Baseline,PRE-DOSE,Y,54,A
1-01,Pbo,PAINVAS,Pain (mm),58,Baseline,2 HOURS,,54,A
1-01,Pbo,PAINVAS,Pain (mm),40,Visit 3,PRE-DOSE,,54,A
1-01,Pbo,PAINVAS,Pain (mm),35,Visit 3,2 HOURS,,54,A
1-02,Act,PAINVAS,Pain (mm),70,Baseline,PRE-DOSE,Y,61,B
1-02,Act,PAINVAS,Pain (mm),22,Visit 3,PRE-DOSE,,61,B
1-02,Act,HAQDI,HAQ,1.5,Baseline,,Y,61,B
1-02,Act,HAQDI,HAQ,1,Visit 3,,,61,B
"""
TIMES_PAGE = """\
schema = 1
timepoint = "PRE-DOSE"
arm = "TRTA"
[visits]
"Visit 3" = 12
[parameters]
PAINVAS = "vas"
HAQDI = "haq"
[covariates]
age = "AGE"
"""
SDTM = """\
USUBJID,LBTESTCD,LBTEST,LBORRES,LBORRESU,LBSTRESC,LBSTRESN,LBSTRESU,LBLOBXFL,LBDRVFL,VISIT,LBDY,LBSPEC
1-01,CRP,C Reactive Protein,2.4,mg/dL,24,24,mg/L,,,SCREENING 1,-7,SERUM
1-01,CRP,C Reactive Protein,2.1,mg/dL,21,21,mg/L,Y,,BASELINE,1,SERUM
1-01,CRP,C Reactive Protein,<0.34,mg/dL,<3.4,,mg/L,,,WEEK 4,29,SERUM
1-01,CRP,C Reactive Protein,,,,,,,,WEEK 8,57,SERUM
1-01,CRP,C Reactive Protein,1.5,mg/dL,15,15,mg/L,,Y,WEEK 12,85,SERUM
1-02,CRP,C Reactive Protein,4.1,mg/dL,41,41,mg/L,Y,,BASELINE,1,SERUM
1-02,CRP,C Reactive Protein,1.9,mg/dL,19,19,mg/L,,,WEEK 4,27,SERUM
1-02,ALB,Albumin,4,g/dL,40,40,g/L,Y,,BASELINE,1,SERUM
"""

CLINIC = """\
ID,Group,Visit,DAS28,CRP,Change,Height
001,1,V1,5.5,4.1,None,160
001,1,V2,4.25,-99,Some,160
002,2,V1,6,3.5,Some,171
002,2,V2,ND,<0.3,Much,171
003,1,Screening,6,2,None,155
003,1,V1,5.75,2,None,
"""
CLINIC_PAGE = """\
schema = 1
layout = "outcomes"
patient = "ID"
visit = "Visit"
arm = "Group"
missing = ["-99", "ND"]

[visits]
"Screening" = "leave out"
"V1" = 0
"V2" = 4

[columns]
"DAS28" = "das28_crp"
"CRP" = { outcome = "crp", unit = "mg/dL", lower_limit = 0.3 }
"Change" = { outcome = "global_change", answers = { None = 0, Some = 1, Much = 2 } }
"Height" = "leave out"

[arms]
"1" = "treated"
"2" = "control"

[[leave_out]]
patient = "003"
visit = "V1"
why = "withdrew consent"

[[outcomes]]
id = "global_change"
label = "Patient's global change"
unit = "points"
lower = 0
upper = 2
step = 1
benefit = "increase"
"""
DATED = """\
patient,date,first,sdai,haq
A,2024-01-30,2024-01-31,30,1
A,2024-01-31,2024-01-31,31.5,1.125
A,2024-02-29,2024-01-31,20,0.5
A,2024-03-20,2024-01-31,18,
A,2024-04-24,2024-01-31,12.5,0.25
B,2024-03-01,2024-03-01,44,2
B,2024-03-30,2024-03-01,,1.5
B,2024-05-27,2024-03-01,25,1
"""
DATED_PAGE = """\
schema = 1
patient = "patient"
[dates]
column = "date"
first_infusion = "first"
weeks = [0, 4, 12]
window_days = 5
"""
NAMED = """\
subj,test,result,when,u
A,CRP-hs,4.1,BL,mg/dL
A,CRP-hs,2,V2,mg/dL
A,weight,80,V2,kg
B,CRP-hs,"37,5",BL,mg/L
B,CRP-hs,<5,V2,mg/L
B,pain,61,BL,mm
"""
NAMED_PAGE = """\
schema = 1
patient = "subj"
visit = "when"
outcome = "test"
value = "result"
unit = "u"
visits = { BL = 0, V2 = 4 }
[parameters]
CRP-hs = "crp"
pain = "vas"
weight = "leave out"
"""

BATCHES = """\
patient,week,outcome,value,unit,lower_limit,upper_limit,batch
A,0,il10,12,pg/mL,0.5,500,K1
A,4,il10,BLQ,pg/mL,,,K1
A,12,il10,0.25,pg/mL,,,K2
B,0,il10,ALQ,pg/mL,,,K1
B,4,il10,< 0.5,ng/L,,,K1
B,12,il10,<LLOQ,pg/mL,,,K2
A,0,crp,>200,mg/L,,200,
A,4,crp,12 mg/L,,,,
"""
BATCHES_PAGE = """\
schema = 1
[[limits]]
outcome = "il10"
batch = "K2"
lower = 0.8
"""


def grid(text: str) -> Grid:
    """Cut a CSV text into cells."""
    return [*csv.reader(io.StringIO(text), delimiter=";" if ";" in text.partition("\n")[0] else ",")]


LAYOUTS: dict[str, Grid] = {
    "long": grid(LONG),
    "long, commas": grid(COMMAS),
    "visits": grid(WIDE),
    "outcomes": grid(OUTCOMES),
    "visits by row": grid(BY_ROW),
    "two headers": grid(TWO_HEADERS),
    "redcap": grid(REDCAP),
    "redcap labels": grid(LABELS),
    "adam": grid(ADAM),
    "adam, timepoints": grid(TIMES),
    "sdtm": grid(SDTM),
    "clinic": grid(CLINIC),
    "dated": grid(DATED),
    "named": grid(NAMED),
    "batches": grid(BATCHES),
}
PAGES = {
    "adam, timepoints": TIMES_PAGE,
    "clinic": CLINIC_PAGE,
    "dated": DATED_PAGE,
    "named": NAMED_PAGE,
    "batches": BATCHES_PAGE,
}
"""The mapping that a layout is read with."""

NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")


def typed(cell: str) -> str | float | int | None:
    """Make a number of a text that is one, as a spreadsheet does; ``001`` stays text."""
    if not NUMBER.fullmatch(cell):
        return cell or None
    return float(cell) if "." in cell else int(cell)


def as_typed_excel(file: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write numbers as numbers."""
    from openpyxl import Workbook
    from openpyxl.utils.exceptions import IllegalCharacterError

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for i, cells in enumerate([header, *rows], 1):
        for j, cell in enumerate(cells, 1):
            try:
                sheet.cell(i, j, typed(cell) if i > 1 else cell or None)
            except IllegalCharacterError as error:
                raise ValueError(str(error)) from error
    book.save(file)


def as_typed_json(file: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write numbers as numbers, and blanks as null."""
    page = {
        "datasetJSONVersion": "1.1.0",
        "name": "T",
        "records": len(rows),
        "columns": columns_of(header),
        "rows": [[typed(cell) for cell in row] for row in rows],
    }
    file.write_text(json.dumps(page), encoding="utf-8")


def as_typed_transport(file: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write columns of numbers as numbers (version 8: names may be long)."""
    import pandas as pd
    import pyreadstat

    frame = pd.DataFrame([[*row] for row in rows], columns=[*header], dtype=str)
    for position, name in enumerate(header):
        cells = [row[position] for row in rows]
        if list(header).count(name) == 1 and all(not cell or NUMBER.fullmatch(cell) for cell in cells):
            frame[name] = [float(cell) if cell else float("nan") for cell in cells]
    pyreadstat.write_xport(frame, str(file), file_format_version=8, table_name="T")


def _packed(codec: Callable[[bytes], bytes]) -> Callable[[Path, Sequence[str], Grid], None]:
    def write(file: Path, header: Sequence[str], rows: Grid) -> None:
        as_csv(file, header, rows)
        file.write_bytes(codec(file.read_bytes()))

    return write


TEXT: dict[str, Callable[[Path, Sequence[str], Grid], None]] = {
    "csv": as_csv,
    "tsv": lambda file, header, rows: as_csv(file, header, rows, "\t"),
    "semicolons": lambda file, header, rows: as_csv(file, header, rows, ";"),
    "bars": lambda file, header, rows: as_csv(file, header, rows, "|"),
    "utf-8 with a mark": lambda file, header, rows: as_csv(file, header, rows, codec="utf-8-sig"),
    "utf-16": lambda file, header, rows: as_csv(file, header, rows, "\t", codec="utf-16"),
    "cp1252": lambda file, header, rows: as_csv(file, header, rows, ";", codec="cp1252"),
    "mac_roman": lambda file, header, rows: as_csv(file, header, rows, ",", codec="mac_roman"),
}
BINARY: dict[str, Callable[[Path, Sequence[str], Grid], None]] = {
    "gzip": _packed(gzip.compress),
    "zlib": _packed(zlib.compress),
    "xlsx": as_excel,
    "typed xlsx": as_typed_excel,
    "typed json": as_typed_json,
    "typed xpt": as_typed_transport,
    **{name: WRITERS[name] for name in ("parquet", "xpt 8", "dataset-json 1.1", "ndjson", "dsjc")},
}
FORMATS = TEXT | BINARY
