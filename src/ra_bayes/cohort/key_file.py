"""The key of pseudonyms in a file: for its owner alone, never written over."""

from __future__ import annotations

import csv
import os
from os import PathLike
from pathlib import Path

from ra_bayes.cohort.pseudonyms import in_order
from ra_bayes.errors import RaBayesError
from ra_bayes.plain import guarded, unguarded

__all__ = ["read_key", "write_key"]

_HEAD = ["pseudonym", "patient"]


def write_key(key: dict[str, str], path: str | PathLike[str]) -> Path:
    """Write a key as CSV with columns pseudonym and patient, readable by its owner alone.

    An identifier that a spreadsheet would take for a formula gets an apostrophe before it.

    Raises
    ------
    RaBayesError
        If there is such a file already: a key that is lost cannot be made again.
    """
    target = Path(path)
    try:
        # Made with these rights, not given them after the fact; and only if it is not there.
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise RaBayesError(
            f"{target}: there is such a file already, and a key is not written over; name another"
        ) from None
    except OSError as error:
        raise RaBayesError(f"{target}: the key cannot be written there: {error.strerror}") from None
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_HEAD)
        for patient, pseudonym in sorted(key.items(), key=lambda pair: in_order(pair[1])):
            writer.writerow((pseudonym, guarded(patient)))
    return target


def read_key(path: str | PathLike[str]) -> dict[str, str]:
    """Read a key that :func:`write_key` wrote: each patient's pseudonym.

    Raises
    ------
    RaBayesError
        If it is not such a file. No identifier is named in the message.
    """
    target = Path(path)
    try:
        with target.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file, strict=True) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or "it is not a CSV file in UTF-8"
        raise RaBayesError(f"{target}: the key cannot be read: {why}") from None
    if not rows or rows[0] != _HEAD or any(len(row) != 2 or not all(row) for row in rows):
        raise RaBayesError(
            f"{target}: this is not a key of pseudonyms (columns pseudonym and patient); give another file, "
            "or one that is not there yet"
        )
    key = {unguarded(patient): pseudonym for pseudonym, patient in rows[1:]}
    if len(key) < len(rows) - 1 or len(set(key.values())) < len(key):
        raise RaBayesError(f"{target}: a patient or a pseudonym is in this key twice; mend it")
    return key
