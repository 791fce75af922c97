"""Pseudonyms: P1 to Pn in place of patient identifiers, in an order that nobody can guess.

The order is random, from the system's own source unless a seed is given, and a pseudonymised cohort keeps
nothing that would tell it: patients, records, infusions and arms are sorted by pseudonym, and rows numbered
anew. File name and title go, since they may name a patient, and so do dates. The hash is that of what is
left. Whoever has the identifiers and the seed can repeat the order: a seed is as secret as the key.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from ra_bayes.cohort.cohort import Cohort, Infusion, LeftOut
from ra_bayes.errors import RaBayesError

__all__ = [
    "NAME",
    "SOURCE",
    "WITHHELD",
    "Pseudonymised",
    "in_order",
    "pseudonymise",
    "pseudonyms",
    "without_identifiers",
]

NAME, SOURCE = "pseudonymised cohort", "a pseudonymised table"
WITHHELD = "withheld, since it holds a patient's identifier"


class Pseudonymised(NamedTuple):
    """A cohort without identifiers, and the key: each patient's pseudonym."""

    cohort: Cohort
    key: dict[str, str]


def pseudonymise(
    cohort: Cohort, *, seed: int | None = None, key: Mapping[str, str] | None = None
) -> Pseudonymised:
    """Return the cohort with P1 to Pn in place of its patients' identifiers, and the key.

    Parameters
    ----------
    cohort
        From :func:`ra_bayes.read_cohort`.
    seed
        Of the order, to repeat it: whoever has it and the identifiers can, too. Random if not given.
    key
        Pseudonyms given before, by identifier, to keep them.

    Returns
    -------
    Pseudonymised
        ``cohort``, of which everything that is made has no identifier; and ``key``.

    Raises
    ------
    RaBayesError
        If a key is given that lacks a patient, or gives two the same pseudonym.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> cohort = rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv")
    >>> without, key = pseudonymise(cohort, seed=1)
    >>> without.patients, sorted(key)[:2]
    (('P1', 'P2', 'P3', 'P4', 'P5', 'P6'), ['SYN-1', 'SYN-2'])
    """
    given = pseudonyms(cohort.patients, seed=seed) if key is None else _checked(key, cohort.patients)
    order = sorted(given.values(), key=in_order)
    records = sorted(
        (record._replace(patient=given[record.patient]) for record in cohort.records),
        key=lambda record: (record.outcome, in_order(record.patient), record.week),
    )
    # A row of the file would tell a patient's place in it.
    row = {patient: number for number, patient in enumerate(order, start=2)}
    infusions = [Infusion(given[each.patient], each.week) for each in cohort.infusions]
    # Field by field: what a cohort may hold besides, such as dates, is not carried over.
    made = Cohort(
        name=f"{NAME} (synthetic)" if cohort.synthetic else NAME,
        source=SOURCE,
        synthetic=cohort.synthetic,
        records=tuple(record._replace(row=row[record.patient]) for record in records),
        infusions=tuple(sorted(infusions, key=lambda each: (each.week, in_order(each.patient)))),
        used=cohort.used,
        lower_limits=cohort.lower_limits,
        conversions=cohort.conversions,
        left_out=tuple(_left_out(each, given) for each in cohort.left_out),
        notes=tuple(without_identifiers(note, given) for note in cohort.notes),
        computed=tuple(sorted(each._replace(patient=given[each.patient]) for each in cohort.computed)),
        not_computed=tuple(_left_out(each, given) for each in cohort.not_computed),
        disagreements=tuple(
            sorted(
                each._replace(patient=given[each.patient], row=row[given[each.patient]])
                for each in cohort.disagreements
            )
        ),
        arms=tuple(
            sorted(((given[who], arm) for who, arm in cohort.arms), key=lambda each: in_order(each[0]))
        ),
        # Only what a model asked for by name: its values are the fit's.
        covariates=tuple(sorted(each._replace(patient=given[each.patient]) for each in cohort.covariates)),
    )
    return Pseudonymised(made, given)


def pseudonyms(patients: Iterable[str], *, seed: int | None = None) -> dict[str, str]:
    """Return a pseudonym for each patient, in random order; with leading zeros, so that they sort as texts.

    Examples
    --------
    >>> sorted(pseudonyms([f"patient {i}" for i in range(12)]).values())[:3]
    ['P01', 'P02', 'P03']
    """
    # Sorted first: the order of the file plays no part.
    known = sorted(set(patients))
    chance = random.SystemRandom() if seed is None else random.Random(seed)
    chance.shuffle(known)
    digits = len(str(len(known)))
    return {patient: f"P{number:0{digits}d}" for number, patient in enumerate(known, start=1)}


def in_order(pseudonym: str) -> tuple[int, str]:
    """Return what pseudonyms are sorted by: their number, also where a key has more digits for some."""
    digits = "".join(char for char in pseudonym if char.isdecimal())
    return (int(digits) if digits else 0, pseudonym)


def _checked(key: Mapping[str, str], patients: Iterable[str]) -> dict[str, str]:
    """Return the patients' part of a key; no identifier is named in what is raised."""
    known = list(patients)
    lacking = sum(patient not in key for patient in known)
    if lacking:
        raise RaBayesError(
            f"the key has no pseudonym for {lacking} of the {len(known)} patients; give the key of this "
            "cohort, or the name of a file that is not there yet for a new one"
        )
    given = {patient: key[patient] for patient in known}
    if len(set(given.values())) < len(known):
        raise RaBayesError("the key gives two patients the same pseudonym; mend it, or let a new one be made")
    return given


def _left_out(each: LeftOut, given: Mapping[str, str]) -> LeftOut:
    """Return what was left out, without the patient it names and without the rows it was in."""
    if each.what.startswith("patient "):
        return replace(each, what="a patient")
    why = each.why.partition(" (row")[0]
    return replace(each, what=without_identifiers(each.what, given), why=without_identifiers(why, given))


def without_identifiers(text: str, given: Iterable[str]) -> str:
    """Return a sentence, or that it is withheld if an identifier is in it.

    Put in by pseudonym, a short identifier such as ``12`` would change numbers that mean something else.
    """
    found = any(_holds(text, patient) for patient in given)
    return WITHHELD if found else text


def _holds(text: str, identifier: str) -> bool:
    """Say whether a text holds an identifier as a word of its own, as it is or as Python writes it."""
    for form in filter(None, (identifier, repr(identifier)[1:-1])):
        start = text.find(form)
        while start >= 0:
            before, after = text[:start][-1:], text[start + len(form) :][:1]
            goes_on = (before.isalnum() and form[0].isalnum()) or (after.isalnum() and form[-1].isalnum())
            if not goes_on:
                return True
            start = text.find(form, start + 1)
    return False
