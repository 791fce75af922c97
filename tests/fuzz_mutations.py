"""What happens to files on their way: cells moved, marks exchanged, headers renamed, bytes lost."""

from __future__ import annotations

import io
import random
import re
import zlib
from collections.abc import Callable
from zipfile import BadZipFile, ZipFile

from fuzz_seeds import Grid

NASTY = (
    "", " ", "NA", "N/A", ".", "None", "nan", "inf", "-Inf", "1e999", "1e-400", "9" * 400, "-1", "0",
    "-99", "1,234", "1.234,5", "1,234.5", "12,5", "0,125", "<0.5", "< 0,5 pg/mL", ">200", "<", "<<1",
    "<LLOQ", "BLQ", "ND", "12 mg/L", "≤3", "=1+1", "=CMD()", "#N/A", "#DIV/0!", "TRUE", "yes",
    "2024-01-31", "31/12/2024", "03/04/2024", "00/04/2024", ">ULOQ", "ALQ", "0.25", "999",
    "45322", "4.0", "1_0", "١٢", "½", "1\u00a0000", "\u200b5", "5\u00a0",
    "−5", "+5", "5.", ".5", "0x10", "1e2", "'5", '"', "a\nb", "é", "\ufffd", "💥", "x" * 5000, "Week 4",
    "W4", "V2", "Month 3", "Baseline", "week -2", "mg/dL", "pg/mL", "cm", "stone", "infusion", "crp",
    "CRP", "IL-6", "Y", "LOCF", "HALFLLOQ",
)  # fmt: skip
NAMES = (
    "", "patient", "ID", "week", "Week", "visit", "outcome", "value", "unit", "units", "LLOQ", "limit",
    "arm", "group", "sdai", "sdai_w4", "crp", "CRP (mg/dL)", "CRP (mg/L) W4", "crp_unit", "DAS28",
    "TJC", "BL", "W4", "V1", "date", "site", "infusion", "redcap_event_name", "Event Name", "USUBJID",
    "PARAMCD", "AVAL", "AVALC", "synthetic", "x" * 300,
)  # fmt: skip


TOKENS = (
    "?", "leave out", "crp", "-1", "1e999", "nan", "[", "}", "true", "0", '""', "\n", "[[x]]", "é",
    "patient", "row",
)  # fmt: skip


def _place(grid: Grid, dice: random.Random, first: int = 1) -> tuple[int, int]:
    row = dice.randrange(min(first, len(grid) - 1), len(grid))
    return row, dice.randrange(max(1, len(grid[row])))


def put_nasty(grid: Grid, dice: random.Random) -> None:
    row, column = _place(grid, dice)
    if grid[row]:
        grid[row][column] = dice.choice(NASTY)


def swap_cells(grid: Grid, dice: random.Random) -> None:
    (a, b), (c, d) = _place(grid, dice), _place(grid, dice)
    if grid[a] and grid[c]:
        grid[a][b], grid[c][d] = grid[c][d], grid[a][b]


def blank_cell(grid: Grid, dice: random.Random) -> None:
    row, column = _place(grid, dice)
    if grid[row]:
        grid[row][column] = ""


def delete_cell(grid: Grid, dice: random.Random) -> None:
    row, column = _place(grid, dice)
    if len(grid[row]) > 1:
        del grid[row][column]


def double_cell(grid: Grid, dice: random.Random) -> None:
    row, column = _place(grid, dice)
    grid[row].insert(column, grid[row][column] if grid[row] else "")


def delete_row(grid: Grid, dice: random.Random) -> None:
    if len(grid) > 2:
        del grid[dice.randrange(1, len(grid))]


def double_row(grid: Grid, dice: random.Random) -> None:
    row = dice.randrange(1, len(grid))
    grid.insert(dice.randrange(1, len(grid) + 1), [*grid[row]])


def swap_rows(grid: Grid, dice: random.Random) -> None:
    a, b = dice.randrange(len(grid)), dice.randrange(1, len(grid))
    grid[a], grid[b] = grid[b], grid[a]


def blank_row(grid: Grid, dice: random.Random) -> None:
    grid.insert(dice.randrange(1, len(grid) + 1), [""] * len(grid[0]))


def delete_column(grid: Grid, dice: random.Random) -> None:
    column = dice.randrange(len(grid[0]))
    if len(grid[0]) > 1:
        for cells in grid:
            del cells[column : column + 1]


def double_column(grid: Grid, dice: random.Random) -> None:
    column, to = dice.randrange(len(grid[0])), dice.randrange(len(grid[0]) + 1)
    for cells in grid:
        cells.insert(to, cells[column] if column < len(cells) else "")


def swap_columns(grid: Grid, dice: random.Random) -> None:
    a, b = dice.randrange(len(grid[0])), dice.randrange(len(grid[0]))
    for cells in grid:
        if max(a, b) < len(cells):
            cells[a], cells[b] = cells[b], cells[a]


def rename_column(grid: Grid, dice: random.Random) -> None:
    column = dice.randrange(len(grid[0]))
    name = grid[0][column]
    told = (
        dice.choice(NAMES),
        dice.choice(NAMES),
        name.upper(),
        f" {name} ",
        name[:-1],
        name.replace("_", " "),
    )
    grid[0][column] = dice.choice(told)


def exchange_marks(grid: Grid, dice: random.Random) -> None:
    for cells in grid[1:]:
        for column, cell in enumerate(cells):
            if dice.random() < 0.3 and any(char.isdigit() for char in cell):
                cells[column] = cell.replace(".", ",") if "." in cell else cell.replace(",", ".")


def change_case(grid: Grid, dice: random.Random) -> None:
    row, column = _place(grid, dice)
    if grid[row]:
        cell = grid[row][column]
        grid[row][column] = dice.choice((cell.upper(), cell.lower(), f" {cell}", f"{cell} ", f"{cell}0"))


GRID: tuple[Callable[[Grid, random.Random], None], ...] = (
    put_nasty, put_nasty, put_nasty, swap_cells, blank_cell, delete_cell, double_cell, delete_row,
    double_row, swap_rows, blank_row, delete_column, double_column, swap_columns, rename_column,
    rename_column, exchange_marks, change_case,
)  # fmt: skip


def flip_bytes(content: bytes, dice: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(dice.randint(1, 8)):
        if changed:
            changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def truncate(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content) + 1)]


def add_nuls(content: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(content) + 1)
    return content[:at] + bytes(dice.choice((1, 1, 2, 300))) + content[at:]


def repeat_part(content: bytes, dice: random.Random) -> bytes:
    a, b = sorted(dice.randrange(len(content) + 1) for _ in range(2))
    return content[:b] + content[a:]


def cut_part(content: bytes, dice: random.Random) -> bytes:
    a, b = sorted(dice.randrange(len(content) + 1) for _ in range(2))
    return content[:a] + content[b:]


def twice(content: bytes, dice: random.Random) -> bytes:
    return content * dice.choice((2, 2, 3))


def other_ends(content: bytes, dice: random.Random) -> bytes:
    return content.replace(b"\r\n", dice.choice((b"\n", b"\r", b"\n\n", b"\n\r")))


def quotes(content: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(content) + 1)
    return content[:at] + b'"' + content[at:]


def marks(content: bytes, dice: random.Random) -> bytes:
    first = (
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xfe\xff",
        b"sep=;\n",
        b"sep=,\r\n",
        b"\n",
        b"\x1f\x8b",
        b"PK",
        b"{",
    )
    return dice.choice(first) + content


def wrong_zip(content: bytes, dice: random.Random) -> bytes:
    """Damage one part inside the archive, which stays a sound archive."""
    try:
        old = ZipFile(io.BytesIO(content))
        parts = {name: old.read(name) for name in old.namelist()}
    except (BadZipFile, zlib.error, ValueError, OSError, NotImplementedError, RuntimeError, EOFError):
        return flip_bytes(content, dice)
    victim = dice.choice([name for name in parts if dice.random() < 0.3 or "sheet1" in name] or [*parts])
    damage = dice.choice((flip_bytes, truncate, cut_part, repeat_part, _other_xml, _other_xml))
    parts[victim] = damage(parts[victim], dice)
    if dice.random() < 0.1:
        del parts[dice.choice([*parts])]
    new = io.BytesIO()
    with ZipFile(new, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return new.getvalue()


def _other_xml(part: bytes, dice: random.Random) -> bytes:
    pairs = (
        (b't="s"', b't="e"'),
        (b't="s"', b't="n"'),
        (b't="n"', b't="s"'),
        (b"<v>", b"<v>9"),
        (b"<v>", b"<f>1+1</f><v>"),
        (b"<v>", b"<f>1</f><x>"),
        (b't="inlineStr"', b't="d"'),
        (b' r="', b' r="Z'),
        (b"<row ", b'<row hidden="1" '),
        (b"</sheetData>", b'</sheetData><mergeCells><mergeCell ref="B2:B3"/></mergeCells>'),
        (b' s="', b' s="9'),
    )
    old, new = dice.choice(pairs)
    return part.replace(old, new, dice.choice((1, 1, -1)))


def wrong_json(content: bytes, dice: random.Random) -> bytes:
    """Exchange a token of JSON for another."""
    pairs = (
        (b'"rows"', b'"row"'),
        (b'"columns"', b'"cols"'),
        (b"[", b"{"),
        (b"null", b"[]"),
        (b'"name"', b'"nam"'),
        (b",", b",,"),
        (b'"', b""),
        (b'"', b"1e999"),
        (b'"T"', b"null"),
        (b"1", b"NaN"),
        (b"]", b"], []"),
        (b'"records": ', b'"records": 9'),
        (b'"dataType": "string"', b'"dataType": "date", "displayFormat": "DATE9."'),
        (b'"', b'"\\u0000'),
        (b'"', b'"\\ud800'),
    )
    old, new = dice.choice(pairs)
    parts = content.split(old)
    at = dice.randrange(1, len(parts)) if len(parts) > 1 else 0
    return old.join(parts[:at]) + new + old.join(parts[at:]) if at else content


def wrong_page(page: str, dice: random.Random) -> str:
    """Exchange, double or cut a token of a mapping."""
    tokens = re.findall(r"\w+|[^\w\s]|\s+", page)
    for _ in range(dice.choice((1, 1, 2, 4))):
        at = dice.randrange(len(tokens))
        others = (
            "?",
            "leave out",
            "crp",
            "-1",
            "1e999",
            "nan",
            "[",
            "}",
            "true",
            "0",
            '""',
            "\n",
            "[[x]]",
            "é",
            "patient",
            "row",
        )
        tokens[at] = dice.choice(
            (dice.choice(others), dice.choice(tokens), tokens[at] * 2, "", f'"{tokens[at]}"')
        )
    return "".join(tokens)


BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flip_bytes, flip_bytes, truncate, add_nuls, repeat_part, cut_part, twice, other_ends, quotes, marks,
)  # fmt: skip
