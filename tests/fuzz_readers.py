"""Thousands of damaged files: python tests/fuzz_readers.py --runs 10000 --seed 1.

Each run takes a sound table of some layout, damages its cells, its mapping or the bytes of the file, and
reads it. Two ends are allowed: an error that names what is wrong and how to mend it, or a cohort in which
every row and every value of the file is found again, unchanged, or is named as left out. Runs are numbered:
--first N --runs 1 repeats one. Each hundred has a process of its own, so that a crash of a library is found.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import random
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from functools import partial
from pathlib import Path

from fuzz_mutations import BYTES, GRID, wrong_json, wrong_page, wrong_zip
from fuzz_oracle import WrongError, check
from fuzz_seeds import BINARY, FORMATS, LAYOUTS, PAGES, TEXT, Grid

from ra_bayes.cohort import Cohort, overview_text, read_cohort
from ra_bayes.cohort.fix_template import fix_template
from ra_bayes.cohort.layout import fits
from ra_bayes.cohort.layouts.two_headers import with_one_header
from ra_bayes.cohort.mapping import LAYOUTS as NAMES
from ra_bayes.cohort.read import given_mapping, known_outcomes
from ra_bayes.errors import CohortError, RaBayesError, SpecError
from ra_bayes.sources import Problems, Table, read_table

AT_ONCE = 100
SAS = Path(
    os.environ.get("RA_BAYES_SHARED", Path(__file__).parents[2] / "shared"), "data", "missing_test.sas7bdat"
)


def damaged(run: int, seed: int, file: Path) -> tuple[str, Grid | None]:
    """Write the file of one run; return what was done, and the cells if the file is sound."""
    dice = random.Random(f"{seed} {run}")
    layout = dice.choice([*LAYOUTS])
    cells = [[*row] for row in LAYOUTS[layout]]
    kind = dice.choice(("cells", "cells", "cells", "bytes", "bytes", *["page"] * (layout in PAGES)))
    told = [layout]
    page = PAGES.get(layout, "")
    if kind == "page":
        page = wrong_page(page, dice)
        told.append("wrong_page")
    file.with_name("mapping.toml").write_text(page, encoding="utf-8")
    if kind == "cells":
        for _ in range(dice.choice((1, 1, 1, 2))):
            change = dice.choice(GRID)
            change(cells, dice)
            told.append(change.__name__)
    ragged = len({len(row) for row in cells}) > 1
    format = dice.choice([*TEXT] if ragged or dice.random() < 0.4 else [*BINARY])
    if kind == "bytes" and SAS.is_file() and dice.random() < 0.05:
        format = "sas7bdat"
        file.write_bytes(SAS.read_bytes())
    else:
        format = _written(file, format, cells)
    told.append(format)
    if kind in ("cells", "page"):
        return ", ".join(told), cells
    content = file.read_bytes()
    for _ in range(dice.choice((1, 1, 2))):
        special = {
            "xlsx": wrong_zip,
            "typed xlsx": wrong_zip,
            "typed json": wrong_json,
            "dataset-json 1.1": wrong_json,
        }
        change_bytes = special[format] if format in special and dice.random() < 0.6 else dice.choice(BYTES)
        content = change_bytes(content, dice)
        told.append(change_bytes.__name__)
    file.write_bytes(content)
    return ", ".join(told), None


def _written(file: Path, format: str, cells: Grid) -> str:
    """Write the table; as UTF-8 CSV where the format cannot hold what is in its cells."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            FORMATS[format](file, cells[0], cells[1:])
            return format
        except Exception:
            TEXT["csv"](file, cells[0], cells[1:])
            return "csv"


def tried(run: int, seed: int, folder: Path) -> tuple[str, str]:
    """Return what came of one run ("refused", "read", or what is wrong), and what was done to the file."""
    file = folder / "file"
    told, cells = damaged(run, seed, file)
    page = file.with_name("mapping.toml")
    mapping = page if page.stat().st_size else None
    # Now and then a layout is asked for by name, mostly a wrong one.
    dice = random.Random(f"{seed} {run} layout")
    asked = dice.random() < 0.08 and "layout =" not in page.read_text(encoding="utf-8", errors="replace")
    layout = dice.choice([*NAMES]) if asked else None
    told += f", as {layout}" if layout else ""
    try:
        cohort = read_cohort(file, mapping=mapping, layout=layout)
    except RaBayesError as error:
        return _refusal(error), told
    except Exception:
        return f"traceback: {traceback.format_exc()[-1500:]}", told
    try:
        _hold_against(cohort, file, cells, mapping, layout)
        overview_text(cohort)
        if run % 10 == 0:
            fix_template(file, mapping=mapping, layout=layout)
    except WrongError as error:
        return f"wrong: {error}", told
    except Exception:
        return f"traceback afterwards: {traceback.format_exc()[-1500:]}", told
    return "read", told


def _refusal(error: RaBayesError) -> str:
    text = str(error)
    problems = error.problems if isinstance(error, CohortError | SpecError) else ()
    whole = problems and all(problem.what and problem.mend for problem in problems)
    plain = " object at 0x" not in text and "Traceback" not in text and len(text) < 60_000
    return "refused" if whole and plain else f"unclear: {text[:400]}"


def _hold_against(
    cohort: Cohort, file: Path, cells: Grid | None, mapping: Path | None, layout: str | None
) -> None:
    """Hold the cohort against the cells that were written, or that a second reader finds."""
    given = given_mapping(mapping, layout)
    known = known_outcomes(given.outcomes, Problems("file"))
    table = read_table(file, Problems("file"), fits=partial(fits, known=known, given=given))
    second = cells if cells is not None else _second(file, table)
    rows: dict[int, list[str]] = dict(table.rows)
    if second is not None:
        rows = _compared(table, second)
    header = table.header
    if "were read as one header" in " ".join(cohort.notes):
        header = with_one_header(table, known).header
    check(cohort, header, rows)


def _second(file: Path, table: Table) -> Grid | None:
    """Read a CSV file once more, by the csv module alone; none for other formats."""
    if table.kind != "CSV":
        return None
    content = file.read_bytes()
    told = " ".join(table.notes)
    old = ("mac_roman", "cp1252") if "read as Mac Roman" in told else ("cp1252", "mac_roman")
    for codec in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", *old):
        if codec == "utf-16" and content[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            continue
        try:
            text = content.decode(codec)
        except UnicodeDecodeError:
            continue
        for delimiter in ",;\t|":
            try:
                found = [*csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)]
            except csv.Error:
                continue
            start = table.header_row - 1
            if len(found) > start and tuple(name.strip() for name in found[start]) == table.header:
                return found
    return None


def _compared(table: Table, second: Grid) -> dict[int, list[str]]:
    """Return the rows of the second reading, which must be those of the table."""
    width = len(table.header)
    below = list(enumerate(second, start=1))[table.header_row :]
    found = {
        row: [*cells, *[""] * (width - len(cells))] for row, cells in below if any(map(str.strip, cells))
    }
    ours = dict(table.rows)
    if found.keys() != ours.keys():
        raise WrongError(f"rows {sorted(found.keys() ^ ours.keys())} are in one reading only")
    for row, cells in ours.items():
        for cell, text in zip(cells, found[row], strict=False):
            if cell.strip() != text.strip() and not _same(cell, text):
                raise WrongError(f"row {row}: {cell[:80]!r} was {text[:80]!r}")
    return found


def _same(cell: str, text: str) -> bool:
    """Say whether two texts are one number, which a typed cell may write another way."""
    try:
        return float(cell) == float(text)
    except ValueError:
        return cell.split() == text.split() or cell == text.replace("\r", "")


def batch(first: int, count: int, seed: int) -> list[tuple[int, str, str]]:
    """Try some runs in a process of their own."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        child = os.fork()
        if child == 0:
            try:
                with out.open("w", encoding="utf-8") as lines:
                    for run in range(first, first + count):
                        lines.write(json.dumps([run, "crash", ""]) + "\n")
                        lines.flush()
                        lines.write(json.dumps([run, *tried(run, seed, Path(folder))]) + "\n")
            except Exception:
                traceback.print_exc()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        ends = {
            run: (end, told)
            for run, end, told in map(json.loads, out.read_text(encoding="utf-8").splitlines())
        }
    return [(run, *ends.get(run, ("not reached", ""))) for run in range(first, first + count)]


def main() -> None:
    """Try the runs and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20, help="findings to print")
    arguments = parser.parse_args()
    began = time.perf_counter()
    ends: Counter[str] = Counter()
    shown = 0
    for first in range(arguments.first, arguments.first + arguments.runs, AT_ONCE):
        count = min(AT_ONCE, arguments.first + arguments.runs - first)
        for run, end, told in batch(first, count, arguments.seed):
            ends[end.partition(":")[0]] += 1
            if end not in ("read", "refused", "not reached") and shown < arguments.show:
                shown += 1
                print(f"run {run} ({told}): {end}\n", flush=True)
    print(dict(ends), f"{time.perf_counter() - began:.0f} s")
    sys.exit(bool(ends.keys() - {"read", "refused"}))


if __name__ == "__main__":
    main()
