"""The option --pseudonymise: a cohort as it is read, or a copy of a results folder, without identifiers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ra_bayes.errors import RaBayesError

if TYPE_CHECKING:
    from ra_bayes.cohort import Cohort

__all__ = ["pseudonymised", "pseudonymised_copy", "pseudonyms_options"]


def pseudonyms_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options ``pseudonymise`` and ``key``."""
    key = click.option(
        "--key",
        type=click.Path(path_type=Path),
        help="With --pseudonymise: file of the key, used if it is there, else written for you alone to read.",
    )
    flag = click.option(
        "--pseudonymise",
        is_flag=True,
        help="Write P1, P2, ... in random order in place of patient identifiers; a results folder is "
        "worked on in a copy beside it.",
    )
    return flag(key(command))


def pseudonymised(cohort: Cohort, pseudonymise: bool, key: Path | None) -> Cohort:
    """Return the cohort as it is to be fitted; the key is written where it is asked for."""
    from ra_bayes.cohort.key_file import write_key
    from ra_bayes.cohort.pseudonyms import pseudonymise as without

    known = _known(pseudonymise, key)
    if not pseudonymise:
        return cohort
    made = without(cohort, key=known)
    if key is not None and known is None:
        write_key(made.key, key)
    return made.cohort


def pseudonymised_copy(folder: Path, pseudonymise: bool, key: Path | None) -> Path:
    """Return the folder to work in: itself, or a copy without identifiers beside it.

    A copy that is there and as new as the fits is used again, so that a patient has one pseudonym in all that
    is made from it; unless a key is asked for, which such a copy does not have.
    """
    from ra_bayes.results.pseudonyms import is_current, pseudonymise_results

    known = _known(pseudonymise, key)
    if not pseudonymise:
        return folder
    whole = folder.resolve()
    copy = whole.with_name(f"{whole.name}-pseudonymised")
    if key is None and is_current(copy, folder):
        return copy
    pseudonymise_results(folder, copy, key=known, key_file=key if known is None else None)
    return copy


def _known(pseudonymise: bool, key: Path | None) -> dict[str, str] | None:
    from ra_bayes.cohort.key_file import read_key

    if key is not None and not pseudonymise:
        raise RaBayesError("--key is the key of --pseudonymise; give both, or neither")
    return read_key(key) if key is not None and key.exists() else None
