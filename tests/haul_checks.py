"""What must hold after each command of the long haul: how it ended, what it said, what lies in the folder."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from haul_commands import DONE, Command, is_json
from haul_conditions import Condition, End

from ra_bayes.diagnostics import diagnose
from ra_bayes.errors import RaBayesError
from ra_bayes.results import TRUST, find_comparisons, read_trust
from ra_bayes.results.plans import stored_plans
from ra_bayes.tree import load, provenance

type Snapshot = Mapping[str, str]

CODES = frozenset({0, 1, 2, 3})
# An uncaught exception, however it is printed.
UNCAUGHT = re.compile(
    r"Traceback \(most recent call last\)|^\w+(Error|Exception|Interrupt|Warning)\b.*:|Exception ignored|"
    r"Fatal Python error|Segmentation fault|core dumped|panicked at",
    re.MULTILINE,
)
# No words for a clinician.
UNPLAIN = re.compile(r"\[Errno|object at 0x|<class '|NoneType|errno =|std::|\bHDF5\b|h5netcdf")
# Done and saved, and what was to be printed could not be.
UNSAID = "ra-bayes: the output: "
# Its own words on a folder of settings that it cannot write.
MATPLOTLIB = re.compile(r"^(mkdir -p failed for path|Matplotlib created a temporary).*$", re.MULTILINE)
# Written by whatever is being written, beside it.
PART = re.compile(r"^\..+\.part$|^\..+\.old$")
_ENDS = {".pdf": b"%%EOF", ".png": b"IEND\xaeB`\x82", ".svg": b"</svg>", ".html": b"</html>"}
_whole: dict[str, str] = {}


def snapshot(folder: Path) -> Snapshot:
    """Return every file below a folder with its hash, but for those being written."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(PART.match(each) for each in path.relative_to(folder).parts)
    }


def wrong_end(command: Command, condition: Condition, end: End) -> Iterator[str]:
    """Yield what is wrong with how a command ended and with what it said."""
    codes = {*CODES, *([-condition.stop, 128 + condition.stop] if condition.stop else [])}
    if end.code not in codes:
        yield f"exit code {end.code}"
    elif condition.stop is None and condition.stdout not in ("head", "closed"):
        allowed = command.ends | ({2} if condition.hinders else frozenset())
        if end.code not in allowed:
            yield f"exit code {end.code}, not one of {sorted(allowed)}: {end.stderr.strip()[-300:]!r}"
    said = f"{end.stdout}\n{end.stderr}" if command.verb != "models" else end.stderr
    # Ctrl-C before Python has come to our first line is not ours to answer.
    early = end.stopped and "KeyboardInterrupt" in end.stderr and "ra_bayes" not in end.stderr
    if (found := UNCAUGHT.search(said)) and not early:
        yield f"{found.group()!r} in what it said: {end.stderr.strip()[-1500:]}"
    elif found := UNPLAIN.search(MATPLOTLIB.sub("", end.stderr)):
        yield f"{found.group()!r} is no plain word: {end.stderr.strip()[-600:]}"
    if end.code == 2 and "ra-bayes: " not in end.stderr and "Usage: " not in end.stderr:
        yield f"refused without saying why: {end.stderr.strip()[-300:]!r}"
    if end.code in DONE and not end.stopped and condition.stdout == "whole":
        if "--json" in command.arguments and not is_json(end.stdout):
            yield f"--json, and what it printed is none: {end.stdout[:200]!r}"
        if not end.stdout.strip():
            yield "done, and nothing said"
    if end.left_running:
        yield f"processes {end.left_running} were left running"


def lost(before: Snapshot, after: Snapshot, command: Command, end: End) -> Iterator[str]:
    """Yield what was in the folder before a command and should be there still."""
    fits = command.verb in ("fit", "compare", "demo", "published", "plan")
    for path, content in before.items():
        unit = path.partition("/")[0]
        mark = next((f"{unit}/{name}" for name in ("posterior.nc", "plan.json", "design.json")), "")
        again = fits and mark in after and after[mark] != before.get(mark)
        if path not in after and not again and not _drawn_anew(path, after, command, end):
            yield f"{path} is gone"
        if path.endswith("posterior.nc") and after.get(path, content) != content:
            if not fits:
                yield f"{path} is another one now"
            elif end.code == 2 and command.arguments.count("--model") < 2 and not _done(end):
                yield f"{path} is another one now, after a command that was refused"


def _drawn_anew(path: str, after: Snapshot, command: Command, end: End) -> bool:
    """Return whether a figure is gone because others took its place.

    A report that was stopped has drawn some folders and not come to others; a figure that no longer applies,
    such as one side by side with a fit that has failed its gate since, goes with the folder that held it.
    """
    folder, figures, _ = path.partition("/figures/")
    left = any(each.startswith(f"{folder}/figures/") for each in after)
    return bool(figures) and (_done(end) or (command.verb == "report" and left))


def _done(end: End) -> bool:
    """Return whether all was done, told or not: what cannot be printed is an end with code 2."""
    return end.code in DONE or UNSAID in end.stderr


def half_written(folder: Path, after: Snapshot) -> Iterator[str]:
    """Yield what in a results folder is not whole."""
    for path, content in after.items():
        if f"{content} {Path(path).suffix}" not in _whole:
            _whole[f"{content} {Path(path).suffix}"] = _wrong_file(folder / path)
        if wrong := _whole[f"{content} {Path(path).suffix}"]:
            yield f"{path}: {wrong}"
    for path, content in after.items():
        if path.count("/") == 1 and path.endswith("/posterior.nc"):
            unit = path.partition("/")[0]
            parts = " ".join(after.get(f"{unit}/{name}", "") for name in ("gate.txt", "estimands.csv"))
            mark = f"fit {content} {parts}"
            if mark not in _whole:
                _whole[mark] = _wrong_fit(folder / unit)
            if _whole[mark]:
                yield f"{unit}: {_whole[mark]}"
            try:
                if (folder / unit / TRUST).exists():
                    read_trust(folder, unit)
            except RaBayesError as error:
                yield str(error)
    for name, read in (("comparisons", find_comparisons), ("plans", stored_plans)):
        try:
            read(folder)
        except RaBayesError as error:
            yield f"{name}: {error}"


def strays(folder: Path) -> list[str]:
    """Return what was being written and is still there."""
    return [str(each.relative_to(folder)) for each in folder.rglob(".*") if PART.match(each.name)]


def _wrong_file(path: Path) -> str:
    """Return what is wrong with a file, empty if it is whole."""
    content = path.read_bytes()
    suffix = path.suffix
    if not content and suffix != ".txt":
        return "empty"
    try:
        if suffix in _ENDS and _ENDS[suffix] not in content[-200:]:
            return "cut short"
        if suffix == ".json":
            json.loads(content)
        if suffix in (".docx", ".xlsx") and zipfile.ZipFile(path).testzip() is not None:
            return "damaged"
        if suffix == ".csv" and path.parent.name != "sheets":
            widths = {len(row) for row in csv.reader(content.decode("utf-8").splitlines(keepends=True))}
            if len(widths) != 1 or not content.endswith(b"\n"):
                return "cut short"
    except (ValueError, zipfile.BadZipFile) as error:
        return f"not readable: {error}"
    return ""


def _wrong_fit(folder: Path) -> str:
    """Return what is wrong with a fit's folder, empty if it is whole."""
    try:
        tree = load(folder / "posterior.nc")
        gate = diagnose(tree)
    except RaBayesError as error:
        return str(error)
    page = "facts.toml" if (folder / "facts.toml").is_file() else "model.toml"
    entries = provenance(tree)
    written = entries["published"]["toml"] if page == "facts.toml" else entries["model"]["toml"]
    if not (folder / page).is_file() or (folder / page).read_text(encoding="utf-8") != written:
        return f"{page} is not the page of the fit beside it"
    if (
        not (folder / "gate.txt").is_file()
        or (folder / "gate.txt").read_text(encoding="utf-8") != f"{gate}\n"
    ):
        return "gate.txt is not of the fit beside it"
    if gate.passed != (folder / "estimands.csv").is_file():
        return f"estimands.csv is {'missing' if gate.passed else 'there and the gate failed'}"
    return ""
