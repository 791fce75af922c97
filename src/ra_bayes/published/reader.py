"""From a page of published counts (``data/published/*.toml``) to a :class:`Publication`.

Every wrong key, and what cannot be true together, is reported at once. ``docs/published-facts.md``
documents every key.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any, cast

from ra_bayes.errors import Problem, SpecError
from ra_bayes.outcomes import OUTCOMES
from ra_bayes.published.contradictions import contradictions
from ra_bayes.published.publication import Arm, Direction, Fact, Publication, Reading, ReadingKind
from ra_bayes.toml_page import TomlTable, page_text

__all__ = ["PublicationError", "read_publication", "read_publication_text"]

# An identifier names variables, coordinates and files.
_ID = re.compile(r"[A-Za-z0-9]\w*", flags=re.ASCII)
_ID_MEND = "write a name of letters, digits and underscores"
_DOI = re.compile(r"10\.\d{4,}\S*/\S+")
_DOI_MEND = "write the DOI alone, e.g. 10.1080/17460751.2024.2443352"
_KINDS: dict[str, ReadingKind] = {
    "minimum": "change",
    "fraction": "fraction",
    "below": "below",
    "at_most": "at_most",
    "above": "above",
    "at_least": "at_least",
}


class PublicationError(SpecError):
    """A page of published counts that cannot be used; one problem is told in one line."""

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return f"{self.source}: {self.problems[0]}"
        return super().__str__()


def read_publication(path: str | PathLike[str]) -> Publication:
    """Read a page of published counts.

    Parameters
    ----------
    path
        A page of TOML (docs/published-facts.md).

    Returns
    -------
    Publication
        The counts, how their words can be read, and where they stand.

    Raises
    ------
    RaBayesError
        If the page cannot be read, has wrong keys or values, or counts that cannot be true together;
        all problems are reported.

    Examples
    --------
    >>> from ra_bayes.resources import data_dir
    >>> paper = read_publication(data_dir() / "published" / "jamshidi2024.toml")
    >>> paper.fact("acr20_week16").r, paper.n
    (4, 6)
    """
    path = Path(path)
    return _read(page_text(path, "page"), path.stem, path.name)


def read_publication_text(toml: str, name: str) -> Publication:
    """Read the text of a page again, such as a fit carries.

    Parameters
    ----------
    toml
        The page.
    name
        Stem of the file it came from.

    Raises
    ------
    RaBayesError
        As :func:`read_publication`.
    """
    return _read(toml, name, f"{name}.toml")


def _read(toml: str, name: str, source: str) -> Publication:
    try:
        table = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise PublicationError(source, [Problem(f"not TOML: {error}", "mend the line it names")]) from None
    problems: list[Problem] = []
    page = TomlTable(table, problems)
    publication = _read_page(page, problems, name, toml)
    if problems:
        raise PublicationError(source, problems)
    return publication


def _read_page(page: TomlTable, problems: list[Problem], name: str, toml: str) -> Publication:
    for free in ("registry", "remark"):
        page.raw(free)
    paper = page.table("paper", "give [paper] with citation, doi and seen")
    citation = doi = seen = ""
    if paper is not None:
        citation = paper.text("citation", "give authors, title, journal and year")
        doi = paper.text("doi", f'{_DOI_MEND}, or "none"')
        seen = paper.text("seen", "say what of the paper was seen, e.g. the abstract")
        if doi and doi != "none" and not _DOI.fullmatch(doi):
            paper.problem("doi", "is not a DOI", _DOI_MEND, doi)
    weeks, status, basis, infusions = _read_visits(page)
    arms = _read_arms(page, problems)
    readings = _read_readings(page)
    facts, broken = _read_facts(page, problems, arms)
    not_public = page.table("not_public", "give [not_public] with items", required=False)
    items: tuple[str, ...] = ()
    if not_public is not None:
        items = not_public.texts("items", "give a list of texts")
        not_public.finish()
    page.finish()
    problems += contradictions(arms, weeks, readings, facts, broken)
    return Publication(
        name=name,
        citation=citation,
        doi=doi,
        seen=seen,
        arms=tuple(arm for arm in arms.values() if arm is not None),
        weeks=weeks,
        weeks_status=status,
        weeks_basis=basis,
        infusion_weeks=infusions,
        readings=tuple(reading for reading in readings.values() if reading is not None),
        facts=tuple(facts),
        not_public=items,
        toml=toml,
    )


def _read_visits(page: TomlTable) -> tuple[tuple[float, ...], str, str, tuple[float, ...]]:
    visits = page.table("visits", "give [visits] with weeks, status and basis")
    if visits is None:
        return (), "inferred", "", ()
    weeks = visits.rising("weeks", "give the weeks of the visits, e.g. [0, 4, 12, 24]")
    if weeks and weeks[0] != 0:
        visits.problem("weeks", "has no baseline", "put week 0 first", list(weeks))
    if visits.raw("status") is None:
        visits.problem(
            "status", "is missing", 'write "stated" if the paper states the weeks, else "inferred"'
        )
    status = visits.choice("status", ("stated", "inferred"), "inferred")
    basis = visits.text("basis", "say what the weeks rest on")
    infusions = visits.rising("infusion_weeks", "give the weeks of treatment, e.g. [0, 4, 8]", required=False)
    visits.finish()
    return weeks, status, basis, infusions


def _read_arms(page: TomlTable, problems: list[Problem]) -> dict[str, Arm | None]:
    """Return the arms by their identifier; ``None`` for one that is on the page and cannot be read."""
    trial = page.table("trial", "give [trial] with n, the number of patients", required="arm" not in page)
    tables = page.tables("arm", "write [[arm]] with id, n and words for every arm")
    total = None
    if trial is not None and ("n" in trial or not tables):
        total = trial.whole("n", "give the number of patients", at_least=1)
    if not tables:
        return {"all": None if total is None else Arm("all", total, "")}
    arms: dict[str, Arm | None] = {}
    for place, each in enumerate(tables, 1):
        table, id = _entry(each, "arm", place, arms, problems)
        n = table.whole("n", "give the arm's number of patients", at_least=1)
        words = table.text("words", "say what the arm was given")
        table.finish()
        arms.setdefault(id, None if n is None else Arm(id, n, words))
    counted = sum(arm.n for arm in arms.values() if arm is not None)
    if trial is not None and total is not None and None not in arms.values() and total != counted:
        trial.problem(
            "n", f"is not the {counted} patients of the arms together", "correct it or leave it out", total
        )
    return arms


def _read_readings(page: TomlTable) -> dict[str, Reading | None]:
    """Return the readings by their identifier; ``None`` for one that cannot be read."""
    table = page.table("readings", "give a table [readings.NAME] for each", required=False)
    value = page.raw("readings")
    if table is None or not isinstance(value, dict):
        return {}
    readings: dict[str, Reading | None] = {}
    for id in value:
        entry = table.table(id, "write [readings.NAME] with words and one threshold")
        readings[id] = None if entry is None else _read_reading(entry, id)
        if not _ID.fullmatch(id):
            table.problem(id, "is not a name", _ID_MEND)
    return readings


def _read_reading(entry: TomlTable, id: str) -> Reading | None:
    words = entry.text("words", "say what the reading means")
    given = [key for key in _KINDS if key in entry]
    if len(given) != 1:
        what = f"has {' and '.join(given)}" if given else "has no threshold"
        entry.problem("", what, f"give exactly one of {', '.join(_KINDS)}")
    amounts = {key: _read_amount(entry, key) for key in _KINDS}
    entry.finish()
    if len(given) != 1:
        return None
    amount = amounts[given[0]]
    broken = amount is not None and amount != amount
    return None if broken else Reading(id, words, _KINDS[given[0]], amount)


def _read_amount(entry: TomlTable, key: str) -> float | None:
    """Return a reading's threshold, NaN if wrong, ``None`` if absent or the MCID."""
    value = entry.raw(key)
    if value is None or (key == "minimum" and value == "mcid"):
        return None
    if key == "minimum":
        return entry.number(key, 'give a change in the outcome\'s unit, 0 for any, or "mcid"', at_least=0)
    if key == "fraction":
        return entry.number(key, "give a fraction of baseline, e.g. 0.20", above=0)
    return entry.number(key, "give a value in the outcome's unit")


def _read_facts(
    page: TomlTable, problems: list[Problem], arms: dict[str, Arm | None]
) -> tuple[list[Fact], frozenset[str]]:
    """Return the facts that could be read, and the identifiers of those that could not."""
    tables = page.tables("fact", "write [[fact]] for every count")
    if not tables and not isinstance(page.raw("fact"), list | dict):
        page.problem("fact", "is missing", "write [[fact]] for every count")
    facts: dict[str, Fact | None] = {}
    for place, each in enumerate(tables, 1):
        before = len(problems)
        table, id = _entry(each, "fact", place, facts, problems)
        fact = _read_fact(table, id, tuple(arms))
        facts.setdefault(id, fact if len(problems) == before else None)
    sound = [fact for fact in facts.values() if fact is not None]
    return sound, frozenset(id for id, fact in facts.items() if fact is None)


def _read_fact(table: TomlTable, id: str, arms: tuple[str, ...]) -> Fact:
    words = table.text("words", "paraphrase what the paper says")
    outcomes = table.texts("outcomes", "name the outcomes it is about, [] for a plain count")
    for outcome in outcomes:
        if outcome not in OUTCOMES:
            table.problem("outcomes", f"has {outcome!r}, which is not known", _outcome_mend(outcome))
    direction = table.choice("direction", ("decrease", "increase"), "")
    r = table.whole("r", "give the number of patients with the event")
    n = table.whole("n", "give the number of patients in the arm", at_least=1)
    if "arm" not in table and len(arms) > 1:
        table.problem("arm", "is missing", f"write one of {', '.join(arms)}")
    arm = table.text("arm", "name the arm", required=False) or arms[0]
    week = table.number("week", "give the week after baseline at which it is read", above=0)
    stated = table.flag("week_stated", "write true if the paper states the week, else false")
    sustained = table.rising(
        "sustained_weeks", "give the weeks at which the event must hold, e.g. [12, 16, 24]", required=False
    )
    table.text("sustained_weeks_basis", "say what the weeks rest on", required=False)
    readings = table.texts("readings", "name the readings that make sense for it", required=False)
    among = table.text("among", "name the fact of whose patients these are some", required=False)
    same = table.text("same_patients_as", "name the fact whose patients these are", required=False)
    left_open = table.text("left_open", 'say what the paper does not say, "nothing" if it says all')
    source = table.text("source", "say where it was seen")
    table.finish()
    return Fact(
        id=id,
        words=words,
        outcomes=outcomes,
        direction=cast("Direction", direction),
        r=-1 if r is None else r,
        n=-1 if n is None else n,
        arm=arm,
        week=week,
        weeks=sustained or (week,),
        week_stated=stated,
        readings=readings,
        among=among,
        same_patients_as=same,
        left_open=left_open,
        source=source,
    )


def _entry(
    value: dict[str, Any], kind: str, place: int, taken: Iterable[str], problems: list[Problem]
) -> tuple[TomlTable, str]:
    """Return one of several tables, called by its identifier in messages, and that identifier."""
    id = value.get("id")
    if not isinstance(id, str) or not _ID.fullmatch(id):
        table = TomlTable(value, problems, f"{kind}[{place}]")
        if table.text("id", f"give the {kind} a name"):
            table.problem("id", "is not a name", _ID_MEND, id)
        return table, f"{kind}[{place}]"
    table = TomlTable(value, problems, f"{kind}.{id}")
    if table.raw("id") in taken:
        table.problem("id", f"is the name of two {kind}s", "rename one of the two", id)
    return table, id


def _outcome_mend(outcome: str) -> str:
    near = difflib.get_close_matches(outcome.strip().lower().replace("-", "_"), OUTCOMES, 1)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(OUTCOMES)}"
