"""How far a fit can be believed, in its folder: one sub-folder, whole or absent.

A new fit replaces the whole folder of its model, so that what is said here is of the fit beside it.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from ra_bayes.errors import RaBayesError
from ra_bayes.files import atomic_folder, write_text
from ra_bayes.results.place import TRUST, read_table, write_table
from ra_bayes.trust.assessment import TABLES, Assessment

if TYPE_CHECKING:
    pass

__all__ = ["TRUST_TEXT", "read_trust", "save_trust"]

TRUST_TEXT = "trust.txt"
_WORDS = frozenset(
    {"arms", "ci_kind", "criterion", "definition", "estimand", "note", "outcome", "patient", "route"}
    | {"scheme", "unit", "variant", "verdict", "version"}
)


def save_trust(found: Assessment, folder: str | PathLike[str], name: str) -> Path:
    """Write into ``folder/name/trust``, replacing an earlier one only when complete; return where.

    Parameters
    ----------
    found
        What :func:`~ra_bayes.trust.assess.assess` told of the fit in ``folder/name``.
    folder
        The results folder.
    name
        Of the fit's sub-folder.
    """
    target = Path(folder) / name / TRUST
    with atomic_folder(target) as part:
        for table, each in found.tables.items():
            write_table(each, part / f"{table}.csv")
        write_text(part / TRUST_TEXT, f"{found.text}\n")
    return target


def read_trust(folder: str | PathLike[str], name: str) -> Assessment | None:
    """Return what :func:`save_trust` wrote of a fit; None if nothing is there.

    Raises
    ------
    RaBayesError
        If a file of it is missing or is not what was written.
    """
    where = Path(folder) / name / TRUST
    if not where.exists():
        return None
    mend = f"write it anew with ra-bayes trust {folder} --model {name}"
    try:
        tables = {
            each: read_table(path, _WORDS) for each in TABLES if (path := where / f"{each}.csv").exists()
        }
        text = (where / TRUST_TEXT).read_text(encoding="utf-8").removesuffix("\n")
    except FileNotFoundError as error:
        raise RaBayesError(f"{error.filename}: there is no such file; {mend}") from None
    except ValueError as error:
        raise RaBayesError(f"{where}: a table there cannot be read ({error}); {mend}") from None
    if "sensitivity" not in tables:
        raise RaBayesError(f"{where / 'sensitivity.csv'}: there is no such file; {mend}")
    return Assessment(tables, text)
