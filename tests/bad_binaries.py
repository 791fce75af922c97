"""Bad files that are no plain text, each with the error that it must get."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from bad_builders import (
    HEADER,
    ROWS,
    SAS7BDAT,
    changed,
    content,
    cut,
    dataset,
    error_in_d3,
    excel,
    float_patients,
    nested_values,
    page,
    parquet,
    part,
    second_sheet,
    transport,
    two_transports,
    workbook,
    zipped,
)
from tables_on_file import as_csv, as_parquet, as_transport, columns_of, lines_of_json

TEXT = "patient,week,outcome,value\nA,0,haq,1\n"
BINARIES: dict[str, tuple[Callable[[Path], object], str]] = {
    # Text of another kind than UTF-8.
    "an encoding that is not told": (
        content("patient,week,outcome,value\nBšhm,0,haq,1\n".encode("cp1252")),
        "row 2, value 'B�hm': this is not UTF-8 (in Windows-1252 it reads 'Bšhm'); save the file as 'CSV "
        "UTF-8'",
    ),
    "Cyrillic of Windows": (
        content("patient,week,outcome,value\nИванов,0,haq,1\n".encode("cp1251")),
        "row 2, value '...': this is not UTF-8 (in Windows-1252 it reads '...'); save the file as 'CSV "
        "UTF-8'",
    ),
    "characters lost before": (
        content("patient,week,outcome,value\nB\ufffdhm,0,haq,1\n".encode()),
        "row 2, value 'B�hm': a character of this cell was lost (it is the mark for what could not be "
        "read); the file is "
        "damaged: export it as 'CSV UTF-8 (comma delimited)' and read that file",
    ),
    "UTF-16 cut in a character": (
        content(TEXT.encode("utf-16")[:-1]),
        "row 2...: a character of this cell was lost...",
    ),
    "a NUL byte": (
        content(b"patient,week,outcome,value\nA,0,haq,1\0\n"),
        "row 2: there is a NUL byte in this cell; the file is damaged: export it as 'CSV UTF-8 (comma "
        "delimited)' and read "
        "that file",
    ),
    "NUL bytes at the end": (
        content(TEXT.encode() + bytes(3)),
        "row 3: there is a NUL byte in this cell; ...",
    ),
    "an open quotation": (
        content(b'patient,week,outcome,value\n"A,0,haq,1\n'),
        "row 2: the row cannot be read, nor what follows (...); check the quotation marks here: one is "
        "opened and not closed",
    ),
    "text after a quotation": (
        content(b'patient,week,outcome,value\n"A"x,0,haq,1\n'),
        "row 2: the row cannot be read, ...",
    ),
    "an empty file": (
        content(b""),
        "the file is empty; give a header row and one row per patient, week and outcome",
    ),
    "a mark and nothing else": (content(b"\xef\xbb\xbf"), "the file is empty; give a header row and ..."),
    "blank lines only": (
        content(b"\n\n\n"),
        "the first row is empty; the first row must name the columns ...",
    ),
    "an empty first row": (
        content(b"\n" + TEXT.encode()),
        "the first row is empty; the first row must name the columns patient, week, outcome, value",
    ),
    "a line without end": (content(b"x" * 6_000_000), "...a line is longer than..."),
    "a cell without end": (
        content(TEXT.encode() + b"A,4,haq," + b"x" * 200_000),
        "row 3: the row cannot be read, nor what follows (a cell has over 131072 characters); check the "
        "quotation marks ...",
    ),
    "too many columns": (
        content(b"a," * 20_000),
        "the table has 20001 columns, and at most 16384 are read; ...",
    ),
    # Files of another kind.
    "an old workbook": (
        content(b"\xd0\xcf\x11\xe0\xa1\xb1"),
        "this is an old Excel workbook (.xls), or one with a password, which is not read; save it as .xlsx "
        "without a "
        "password, or export it as 'CSV UTF-8 (comma delimited)' and read that file",
    ),
    "a PDF": (
        content(b"%PDF-1.7"),
        "this is a PDF, which is not read; export it as 'CSV UTF-8 (comma delimited)'...",
    ),
    "a web page": (content(b"<html><table>"), "this is a web page, which is not read; export it as ..."),
    "an SPSS file": (content(b"$FL2@(#)"), "this is an SPSS file, which is not read; export it as ..."),
    "a Stata file": (content(b"<stata_dta>"), "this is a Stata file, which is not read; export it as ..."),
    "a picture": (content(b"\xff\xd8\xff\xe0"), "this is a picture, which is not read; export it as ..."),
    "an XML file": (
        content(b"<?xml version='1.0'?><a/>"),
        "this is an XML file, which is not read; export it as ...",
    ),
    "a text document": (
        content(b"{\\rtf1"),
        "this is a text document (RTF), which is not read; export it as ...",
    ),
    "bytes of no kind": (
        content(bytes(range(256)) * 3),
        "this is a binary file of a kind that is not known; export it ...",
    ),
    "a Word document": (
        lambda file: zipped(file, **{"[Content_Types].xml": "<Types/>", "word__document.xml": "<a/>"}),
        "this is a zip archive and no Excel workbook; unpack it and give the file in it",
    ),
    "a zip of a CSV": (
        lambda file: zipped(file, **{"clinic.csv": TEXT}),
        "this is a zip archive and no Excel workbook; unpack it and give the file in it",
    ),
    "an OpenDocument sheet": (
        lambda file: zipped(file, mimetype="application/vnd.oasis.opendocument.spreadsheet"),
        "this is an OpenDocument file; save it as .xlsx, or export it as ...",
    ),
    "a binary workbook": (
        lambda file: zipped(file, **{"[Content_Types].xml": "<Types/>", "xl__workbook.bin": "x"}),
        "this is a binary Excel workbook (.xlsb); save it as .xlsx, or export it as ...",
    ),
    # Archives.
    "gzip cut off": (
        content(gzip.compress(TEXT.encode())[:-9]),
        "the archive is cut off, or holds more than one file; unpack it first",
    ),
    "gzip of two files": (
        content(gzip.compress(TEXT.encode()) * 2),
        "the archive is cut off, or holds more than one file; unpack it first",
    ),
    "gzip damaged": (
        content(b"\x1f\x8b\x08" + bytes(20)),
        "...archive...; unpack it...",
    ),
    "gzip in gzip": (
        content(gzip.compress(gzip.compress(TEXT.encode()))),
        "this is an archive in an archive, or a packed SAS dataset; unpack it and give the file in it",
    ),
    "gzip of an empty file": (content(gzip.compress(b"")), "the file is empty; give a header row ..."),
    "a bomb in gzip": (
        content(gzip.compress(bytes(101_000_000), 1)),
        "the file has ... MB, and at most 100 MB are read; keep only ...",
    ),
    # Excel.
    "Excel, cut off": (
        cut(excel, 0.7),
        "the Excel workbook is ...; open it in Excel or LibreOffice, save it anew as .xlsx...",
    ),
    "Excel, an empty sheet": (
        lambda file: workbook(file, []),
        "the file is empty; give a header row and one row per patient, week and outcome",
    ),
    "Excel, a header only": (
        lambda file: workbook(file, HEADER),
        "there is no row below the header; give one row per patient, week and outcome",
    ),
    "Excel, an error in a cell": (
        lambda file: workbook(file, change=error_in_d3),
        "row 3: cell D3 holds the Excel error #DIV/0!; correct its formula, or empty the cell if the value "
        "is missing",
    ),
    "Excel, a formula never computed": (
        lambda file: workbook(file, HEADER, ["A", 0, "haq", "=1+1"]),
        "row 2: cell D2 is a formula without a stored result; open the file in Excel or LibreOffice and "
        "save it, so that the "
        "formula is computed",
    ),
    "Excel, values merged over rows": (
        lambda file: workbook(file, change=lambda sheet: sheet.merge_cells("D2:D3")),
        "row 2: cells D2:D3 are merged, so it is open which of them the value belongs to; unmerge them and "
        "write the value "
        "where it belongs",
    ),
    "Excel, two sheets that fit": (
        lambda file: workbook(file, change=second_sheet),
        "the sheets 'Sheet', 'Copy' fit equally well; name the one to read (sheet=, or --sheet on the "
        "command line); if each is of one patient, put them into one sheet with a column patient",
    ),
    "Excel, a date for a value": (
        lambda file: workbook(file, HEADER, ["A", 0, "haq", dt.date(2024, 5, 1)]),
        "row 2, column 'value', value '2024-05-01': this is not a number; write a number such as 12.5, or "
        "leave the cell "
        "empty if the value is missing, or list such a code as missing in a mapping",
    ),
    "Excel, a date for a week": (
        lambda file: workbook(file, HEADER, ["A", dt.date(2024, 5, 1), "haq", 1]),
        "row 2, column 'week', value '2024-05-01': this is not a week; write the number of weeks since "
        "baseline, such as 4, or read the column by a mapping (ra-bayes check FILE --fix-template "
        "mapping.toml)",
    ),
    "Excel, a date that became a number": (
        lambda file: workbook(file, HEADER, ["A", 45322, "haq", 1]),
        "row 2, column 'week', value '45322': this is more than a hundred years; write the number of weeks "
        "since baseline, "
        "such as 4",
    ),
    "Excel, a percentage": (
        lambda file: workbook(
            file,
            HEADER,
            ["A", 0, "vas", 0.45],
            change=lambda sheet: setattr(sheet["D2"], "number_format", "0%"),
        ),
        "row 2, column 'value', value '45%': there is text after the number, and it is no unit of vas; ...",
    ),
    "Excel, true for a value": (
        lambda file: workbook(file, HEADER, ["A", 0, "haq", True]),
        "row 2, column 'value', value 'true': this is not a number; ...",
    ),
    "Excel, more cells than columns": (
        lambda file: workbook(file, HEADER, ["", "", "", "", "x"], ["A", 0, "haq", 9]),
        "row 2, column 'patient': the patient is blank; give the identifier\nrow 2, column 'week': the "
        "week is blank; ...\n"
        "row 2, column 'outcome': the outcome is blank; ...\nrow 3, column 'value', value '9': haq runs "
        "from 0 to 3 points; ...",
    ),
    "Excel, XML damaged": (
        lambda file: part(file, "xl/worksheets/sheet1.xml", b"</row>", b"<row>"),
        "the Excel workbook is damaged (xl/worksheets/sheet1.xml: ...); open it in Excel or LibreOffice, "
        "save it anew ...",
    ),
    "Excel, a document type": (
        lambda file: part(file, "xl/workbook.xml", b"<workbook", b"<!DOCTYPE a><workbook"),
        "the workbook is too large to be read (its XML defines entities, which no workbook does); ...",
    ),
    "Excel, texts that are not there": (
        lambda file: part(
            file, "xl/worksheets/sheet1.xml", b't="inlineStr"><is><t>haq</t></is>', b't="s"><v>999</v>'
        ),
        "the Excel workbook is damaged (...); open it in Excel or LibreOffice, save it anew as .xlsx, and "
        "read that",
    ),
    "Excel, a sheet that is not there": (
        lambda file: part(file, "xl/_rels/workbook.xml.rels", b"sheet1.xml", b"sheet7.xml"),
        "the Excel workbook has no sheet that can be read; open it in Excel or LibreOffice, save it anew "
        "as .xlsx, and read that",
    ),
    # Parquet.
    "Parquet, cut off": (cut(parquet, 0.6), "the Parquet file is damaged (...); write it anew, or as CSV"),
    "Parquet, only its mark": (
        content(b"PAR1PAR1"),
        "the Parquet file is damaged (...); write it anew, or as CSV",
    ),
    "Parquet, patients as decimals": (
        float_patients,
        "column 'patient': patients came as decimal numbers (1.0), so what the file said (1, 01, 1E0) is "
        "lost; write them as "
        "text",
    ),
    "Parquet, values in lists": (
        nested_values,
        "no row holds a measured value; give one row per patient, week and outcome",
    ),
    "Parquet, a bad value": (
        lambda file: as_parquet(file, HEADER, [*ROWS, ["A", "8", "haq", "n/k"]]),
        "row 4, column 'value', value 'n/k': this is not a number; ...",
    ),
    # SAS.
    "transport, cut off in its headers": (
        cut(transport, 0.4),
        "the SAS transport file is cut off or damaged (...); export it from SAS again ...",
    ),
    "transport, only its mark": (
        content(b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!000000000000000000000000000000  "),
        "the SAS transport file holds no dataset; export it from SAS again (PROC COPY to an XPORT library, "
        "or %loc2xpt), or "
        "as CSV",
    ),
    "transport, no observations": (
        lambda file: as_transport(file, HEADER, []),
        "there is no row below the header; ...",
    ),
    "transport, two datasets that fit": (
        two_transports,
        "the datasets 'T', 'T' fit equally well; name the one to read (sheet=, or --sheet ...",
    ),
    "transport, a variable of no length": (
        changed(transport, struct.pack(">hhhh", 2, 0, 3, 3), struct.pack(">hhhh", 2, 0, 0, 3)),
        "the SAS transport file is cut off or damaged (variable 'outcome'); export it from SAS again ...",
    ),
    "transport, a bad value": (
        lambda file: as_transport(file, HEADER, [*ROWS, ["A", "8", "haq", "n/k"]]),
        "row 4, column 'value', value 'n/k': this is not a number; ...",
    ),
    "SAS dataset, only its mark": (
        content(SAS7BDAT + bytes(400)),
        "the SAS dataset is damaged or of an unknown kind (...); export it as CSV or as a transport file "
        "(xpt)",
    ),
    "SAS dataset in gzip": (
        content(gzip.compress(SAS7BDAT + bytes(400))),
        "this is an archive in an archive, or a packed SAS dataset; unpack it and give the file in it",
    ),
    # JSON.
    "JSON that is none": (
        content(b"{patient: A}"),
        "the JSON is cut off or damaged (...); give a Dataset-JSON file ...",
    ),
    "JSON, cut off": (
        cut(dataset, 0.9),
        "the JSON is cut off or damaged (...); give a Dataset-JSON file of version 1.0 or ...",
    ),
    "JSON of another kind": (
        content(b'[{"patient": "A", "week": 0}]'),
        "this is JSON, but no Dataset-JSON: it has no columns and rows; give a Dataset-JSON file of "
        "version 1.0 or 1.1, or "
        "the table as CSV",
    ),
    "JSON, not UTF-8": (
        changed(dataset, b"haq", b"h\xe4q"),
        "the JSON is not UTF-8 (byte ...); give a Dataset-JSON file ...",
    ),
    "JSON in UTF-16": (
        content('{"columns": []}'.encode("utf-16")),
        "this is JSON in UTF-16; save it as UTF-8",
    ),
    "JSON, nested too deeply": (
        content(b'{"a":' * 200_000),
        "the JSON is nested too deeply to be a table; ...",
    ),
    "JSON, no rows": (
        page(rows=None),
        "there is no row below the header; give one row per patient, week and outcome",
    ),
    "JSON, records that are objects": (
        page(rows=[{"patient": "A"}]),
        "row 2: a record is not a list of values; give a Dataset-JSON file ...",
    ),
    "JSON, a list for a value": (
        page(rows=[["A", 0, "haq", [1]]]),
        "row 2: a value is a list or an object; give one value per column",
    ),
    "JSON, a record too short": (
        page(rows=[["A", 0, "haq"]]),
        "row 2: the row has 3 cells and the header has 4; ...",
    ),
    "JSON, a number that is none": (
        page(rows=[["A", 0, "haq", float("nan")]]),
        "row 2, column 'value', value 'NaN': this is not a finite number; leave the cell empty if the "
        "value is missing",
    ),
    "JSON, half a character": (
        page(rows=[["\ud800", 0, "haq", 1]]),
        "row 2, value '\ufffd': this cell holds half a character, which no text can; write it anew",
    ),
    "JSON, two datasets that fit": (
        lambda file: file.write_text(
            json.dumps(
                {
                    "clinicalData": {
                        "itemGroupData": {
                            name: {"name": name, "items": columns_of(HEADER), "itemData": ROWS}
                            for name in ("A", "B")
                        }
                    }
                }
            )
        ),
        "the datasets 'A', 'B' fit equally well; name the one to read (sheet=, or --sheet on the command "
        "line)",
    ),
    "NDJSON, a line that is none": (
        content(lines_of_json(HEADER, ROWS) + b"\n[1,"),
        "row 4: line 4 is not JSON (...); write it anew: it is cut off or damaged",
    ),
    "DSJC, cut off": (
        content(zlib.compress(lines_of_json(HEADER, ROWS))[:-6]),
        "the archive is cut off, or holds more than one file; unpack it first",
    ),
    "a CSV that says a unit twice": (
        lambda file: as_csv(file, [*HEADER, "unit", "Units"], [[*ROWS[0], "", ""]]),
        "row 1: two columns say unit: 'unit' (column 5) and 'Units' (column 6); keep one of the two, or "
        "rename the other",
    ),
}
"""How each file is made, and every line of its error; ``...`` stands for any text."""
