"""Read the counts of a publication from its TOML page (``data/published/*.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from ra_bayes.errors import RaBayesError

__all__ = ["Fact", "Publication", "read_publication"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One published count: `r` of `n` patients.

    Parameters
    ----------
    id
        Name of the fact.
    words
        What the paper says, paraphrased.
    outcomes
        Identifiers of the outcomes it speaks of.
    r, n
        How many of how many.
    week
        Week it is read at.
    week_stated
        Whether the paper states that week.
    left_open
        What the paper does not say.
    source
        Where it was seen.
    """

    id: str
    words: str
    outcomes: tuple[str, ...]
    r: int
    n: int
    week: float
    week_stated: bool
    left_open: str
    source: str


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication's facts.

    Parameters
    ----------
    citation, doi
        The paper.
    seen
        What of it was seen.
    facts
        Its counts.
    not_public
        What is not public, so that nobody looks for it here.
    """

    citation: str
    doi: str
    seen: str
    facts: tuple[Fact, ...]
    not_public: tuple[str, ...]


def read_publication(path: str | PathLike[str]) -> Publication:
    """Read a publication's page.

    Raises
    ------
    RaBayesError
        If the page cannot be read, lacks a key, or has a count that cannot be (3 of 2).

    Examples
    --------
    >>> from ra_bayes.resources import data_dir
    >>> paper = read_publication(data_dir() / "published" / "jamshidi2024.toml")
    >>> [(fact.r, fact.n) for fact in paper.facts if fact.id == "acr20_week16"]
    [(4, 6)]
    """
    name = Path(path).name
    try:
        with Path(path).open("rb") as file:
            page = tomllib.load(file)
        paper = page["paper"]
        facts = tuple(_fact(name, table) for table in page["fact"])
        return Publication(
            paper["citation"], paper["doi"], paper["seen"], facts, tuple(page["not_public"]["items"])
        )
    except OSError as error:
        raise RaBayesError(f"{path}: the page cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RaBayesError(f"{name}: not TOML: {error}; mend the line it names") from None
    except KeyError as error:
        raise RaBayesError(f"{name}: key {error.args[0]!r} is missing; add it") from None


def _fact(source: str, table: dict[str, Any]) -> Fact:
    fact = Fact(
        **{
            key: table[key] for key in ("id", "words", "r", "n", "week", "week_stated", "left_open", "source")
        },
        outcomes=tuple(table["outcomes"]),
    )
    if not 0 <= fact.r <= fact.n:
        raise RaBayesError(f"{source}: fact {fact.id!r}: {fact.r} of {fact.n} cannot be; correct r or n")
    return fact
