"""Which of several sheets or datasets in one file is read: the one named, or the one that fits best."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import NamedTuple

from ra_bayes.sources.problems import Problems
from ra_bayes.sources.table import Fits

__all__ = ["Candidate", "choose"]


class Candidate(NamedTuple):
    """One table of a file: its name, its header (none: it is empty), and whether it is hidden."""

    name: str
    header: Sequence[str]
    hidden: bool = False


def choose(
    candidates: Sequence[Candidate], sheet: str | None, fits: Fits, kind: str, problems: Problems
) -> tuple[int, tuple[str, ...]]:
    """Return the position of the table to read, and a note on those that are not read.

    `kind` is what one is called: ``"sheet"`` or ``"dataset"``.

    Examples
    --------
    >>> sheets = [Candidate("legend", ["code"]), Candidate("data", ["patient", "week"])]
    >>> choose(sheets, None, len, "sheet", Problems("cohort.xlsx"))
    (1, ("sheet 'data' was read, and not 'legend'",))
    """
    chosen = (
        _best(candidates, fits, kind, problems)
        if sheet is None
        else _named(candidates, sheet, kind, problems)
    )
    others = [_shown(each) for each in candidates if each is not candidates[chosen]]
    name = _shown(candidates[chosen])
    return chosen, (f"{kind} {name} was read, and not {', '.join(others)}",) if others else ()


def _named(candidates: Sequence[Candidate], sheet: str, kind: str, problems: Problems) -> int:
    names = [each.name for each in candidates]
    for wanted, among in ((sheet, names), (sheet.casefold(), [name.casefold() for name in names])):
        if among.count(wanted) == 1:
            return among.index(wanted)
    close = difflib.get_close_matches(sheet, names, n=1)
    mend = f"did you mean {close[0]!r}?" if close else f"write one of {_listed(candidates)}"
    return problems.stop("sheet", f"there is no such {kind}", mend, value=sheet)


def _best(candidates: Sequence[Candidate], fits: Fits, kind: str, problems: Problems) -> int:
    filled = [each for each in candidates if each.header]
    if not filled:
        mend = "give a header row and one row per patient, week and outcome"
        problems.stop("file", "the file is empty", mend)
    fit = {id(each): fits(each.header) for each in filled}
    visible = [each for each in filled if not each.hidden]
    # A hidden sheet is read only where no visible one can be.
    pool = visible if any(fit[id(each)] for each in visible) else (filled if any(fit.values()) else visible)
    best = [each for each in pool if fit[id(each)] == max(fit[id(one)] for one in pool)]
    if len(best) != 1:
        how = (
            "fit equally well" if any(fit.values()) else "are not told apart: none has columns that are known"
        )
        what = f"the {kind}s {_listed(best or filled)} {how}"
        mend = "name the one to read (sheet=, or --sheet on the command line)"
        if kind == "sheet" and len({each.header for each in best}) == 1:
            mend += "; if each is of one patient, put them into one sheet with a column patient"
        problems.stop("sheet", what, mend)
    return next(i for i, each in enumerate(candidates) if each is best[0])


def _shown(candidate: Candidate) -> str:
    return f"{candidate.name!r}{' (hidden)' if candidate.hidden else ''}"


def _listed(candidates: Sequence[Candidate]) -> str:
    more = ", ..." if len(candidates) > 12 else ""
    return ", ".join(repr(each.name) for each in candidates[:12]) + more
