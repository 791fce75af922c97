"""Pages of TOML: found, read, and taken key by key, every wrong key reported at once with its mend."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Iterable, Mapping
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

from ra_bayes.errors import Problem, RaBayesError, SpecError

__all__ = ["TomlTable", "begin_page", "find_page", "page_names", "page_text"]


def page_names(folder: Path) -> tuple[str, ...]:
    """Return the names of the pages in a folder, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def find_page(source: str | PathLike[str], folder: Path, what: str, *more: Path) -> Path:
    """Return the path of a page: of a shipped one by its name, of another as it is given.

    Parameters
    ----------
    source
        A name, or a path that ends in ``.toml``.
    folder
        Of the shipped pages.
    what
        They are of, for messages: ``"model"``.
    more
        Further folders of shipped pages, of other names.

    Raises
    ------
    RaBayesError
        If there is no shipped page of that name; the nearest is named.
    """
    path = Path(source)
    if path.suffix == ".toml" or path.name != str(source):
        return path
    for each in (folder, *more):
        if (found := each / f"{source}.toml").is_file():
            return found
    names = page_names(folder)
    near = difflib.get_close_matches(
        str(source), (*names, *(own for each in more for own in page_names(each))), 1
    )
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise RaBayesError(
        f"there is no shipped {what} {str(source)!r}{hint}; shipped are {', '.join(names)}; "
        "a page of your own is given by its path, ending in .toml"
    )


def page_text(path: Path, what: str) -> str:
    """Return the text of a page.

    Raises
    ------
    RaBayesError
        If it cannot be read or is not UTF-8; `what` names it: ``"model page"``.
    """
    try:
        # Some editors put a byte order mark in front.
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise RaBayesError(f"{path}: the {what} is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise RaBayesError(f"{path}: the {what} cannot be read: {error.strerror}") from None


def begin_page(toml: str, source: str) -> tuple[TomlTable, list[Problem]]:
    """Return the table of a page's text, and the list that its problems are added to.

    Raises
    ------
    SpecError
        If the text is not TOML. A wrong ``schema`` is noted like any other wrong key.
    """
    try:
        table = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as wrong:
        raise SpecError(source, [Problem(f"not TOML: {wrong}", "mend the line it names")]) from None
    problems: list[Problem] = []
    page = TomlTable(table, problems)
    schema = page.raw("schema")
    if schema != 1 or isinstance(schema, bool):
        page.problem("schema", "is not 1", "write schema = 1, the only version there is", schema)
    return page, problems


class TomlTable:
    """A TOML table that remembers which keys were asked for and what was wrong with them.

    Parameters
    ----------
    table
        The table as `tomllib` reads it.
    problems
        List that problems are added to; nested tables share it.
    path
        Dotted key of the table, for messages.
    """

    def __init__(self, table: Mapping[str, Any], problems: list[Problem], path: str = "") -> None:
        self._table = table
        self._problems = problems
        self._path = path
        self._known: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def problem(self, key: str, what: str, mend: str, value: object = None) -> None:
        """Note a problem at `key`."""
        shown = None if value is None else str(value)
        self._problems.append(Problem(what, mend, key=self._dotted(key), value=shown))

    def raw(self, key: str) -> Any:
        """Return the value at `key` as TOML has it, ``None`` if absent."""
        self._known.add(key)
        return self._table.get(key)

    def text(self, key: str, mend: str, *, required: bool = True) -> str:
        """Return a text that is not blank."""
        value = self.raw(key)
        if value is None and not required:
            return ""
        if value is None:
            self.problem(key, "is missing", mend)
        elif not isinstance(value, str) or not value.strip():
            self.problem(key, "is not a text", mend, value)
        else:
            return value.strip()
        return ""

    def choice(self, key: str, options: Iterable[str], default: str) -> str:
        """Return one of `options`; `default` if the key is absent or wrong."""
        options = tuple(options)
        value = self.raw(key)
        if value is None:
            return default
        if value not in options:
            near = difflib.get_close_matches(str(value), options, 1)
            mend = f"did you mean {near[0]!r}?" if near else f"write one of {', '.join(options)}"
            self.problem(key, "is not known", mend, value)
            return default
        return str(value)

    def number(
        self,
        key: str,
        mend: str,
        *,
        default: float | None = None,
        above: float | None = None,
        at_least: float | None = None,
    ) -> float:
        """Return a finite number, above or at least a bound; NaN (and a noted problem) if there is none."""
        value = self.raw(key)
        if value is None and default is not None:
            return default
        if value is None:
            self.problem(key, "is missing", mend)
        elif not _finite(value):
            self.problem(key, "is not a number", mend, value)
        elif above is not None and not value > above:
            self.problem(key, f"must be above {above:g}", mend, value)
        elif at_least is not None and not value >= at_least:
            self.problem(key, f"must be at least {at_least:g}", mend, value)
        else:
            return float(value)
        return math.nan

    def whole(self, key: str, mend: str, *, at_least: int = 0) -> int | None:
        """Return a whole number, ``None`` (and a noted problem) if there is none."""
        value = self.raw(key)
        if value is None:
            self.problem(key, "is missing", mend)
        elif isinstance(value, bool) or not isinstance(value, int):
            self.problem(key, "is not a whole number", mend, value)
        elif value < at_least:
            self.problem(key, f"must be at least {at_least}", mend, value)
        else:
            return value
        return None

    def flag(self, key: str, mend: str) -> bool:
        """Return true or false; false (and a noted problem) if it is neither."""
        value = self.raw(key)
        if value is None:
            self.problem(key, "is missing", mend)
        elif not isinstance(value, bool):
            self.problem(key, "is not true or false", mend, value)
        return value is True

    def texts(self, key: str, mend: str, *, required: bool = True) -> tuple[str, ...]:
        """Return a list of texts, none of them blank or given twice; it may be empty."""
        value = self.raw(key)
        if value is None and not required:
            return ()
        if value is None:
            self.problem(key, "is missing", mend)
        elif not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
            self.problem(key, "is not a list of texts", mend, value)
        elif len(set(value)) < len(value):
            self.problem(key, "names one twice", "leave the second out", value)
        else:
            return tuple(value)
        return ()

    def rising(self, key: str, mend: str, *, required: bool = True) -> tuple[float, ...]:
        """Return a list of finite numbers from 0 up, each above the one before; not empty if given."""
        value = self.raw(key)
        if value is None and not required:
            return ()
        if value is None:
            self.problem(key, "is missing", mend)
        elif not isinstance(value, list) or not value or not all(map(_finite, value)):
            self.problem(key, "is not a list of numbers", mend, value)
        elif value[0] < 0:
            self.problem(key, f"has {value[0]:g}, which is below 0", mend, value)
        elif any(not after > before for before, after in pairwise(value)):
            self.problem(key, "does not rise", "write each number once, in rising order", value)
        else:
            return tuple(float(each) for each in value)
        return ()

    def table(self, key: str, mend: str, *, required: bool = True) -> TomlTable | None:
        """Return a nested table, ``None`` if absent or not a table."""
        value = self.raw(key)
        if isinstance(value, Mapping):
            return TomlTable(value, self._problems, self._dotted(key))
        if value is not None:
            self.problem(key, "is not a table", mend, value)
        elif required:
            self.problem(key, "is missing", mend)
        return None

    def tables(self, key: str, mend: str) -> list[dict[str, Any]]:
        """Return the tables written as ``[[key]]``; none if there are none."""
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.problem(key, f"is not written as [[{key}]]", mend)
            return []
        return value

    def nested(self, table: Mapping[str, Any], name: str) -> TomlTable:
        """Return one of the tables that :meth:`tables` found; `name` is what messages call it."""
        return TomlTable(table, self._problems, self._dotted(name))

    def finish(self) -> None:
        """Note every key that nobody asked for."""
        for key in self._table:
            if key not in self._known:
                near = difflib.get_close_matches(key, sorted(self._known), 1)
                mend = (
                    f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(sorted(self._known))}"
                )
                self.problem(key, "is not a known key", mend)

    def _dotted(self, key: str) -> str:
        # A problem of the table as a whole has no key.
        return ".".join(filter(None, (self._path, key)))


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
