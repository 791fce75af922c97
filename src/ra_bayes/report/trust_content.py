"""How far a fit can be trusted, as the page shows it: what is stored, nothing computed anew."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ra_bayes.calibration import certificate_line
from ra_bayes.estimand.names import name_of
from ra_bayes.model.spec import ModelSpec
from ra_bayes.numbers import decimals, interval, number, probability
from ra_bayes.results import TRUST, TRUST_TEXT
from ra_bayes.trust.assessment import Assessment
from ra_bayes.trust.missing_text import tipping_words

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["trust_content", "with_verdicts"]


def trust_content(
    spec: ModelSpec, name: str, stored: Assessment | None, *, together: str = ""
) -> dict[str, Any]:
    """Return what the section shows.

    Parameters
    ----------
    spec
        The model as fitted.
    name
        Of the fit's sub-folder.
    stored
        What is stored there, if anything.
    together
        The joint model that the fit is an outcome of, if it is: it has neither trust nor certificate.
    """
    calibration = "" if together else certificate_line(spec)
    shown: dict[str, Any] = {"stored": stored is not None, "calibration": calibration}
    if stored is None:
        return shown
    tables = stored.tables
    return shown | {
        "ci": f"{tables['sensitivity']['ci_prob'].iloc[0]:.0%}",
        "left_out": _left_out(tables["left_out_patients"], tables.get("left_out_decisions"))
        if "left_out_patients" in tables
        else None,
        "placebo": _placebo(tables["beyond_placebo"]) if "beyond_placebo" in tables else None,
        "tipping": tipping_words(tables["not_at_random"], tables["tipping_points"])
        if "tipping_points" in tables
        else [],
        "text": f"{quote(name)}/{TRUST}/{TRUST_TEXT}",
    }


def with_verdicts(
    rows: Iterable[dict[str, str]], table: pd.DataFrame, stored: Assessment | None
) -> list[dict[str, str]]:
    """Return rows of estimands, each with who leads it: prior or data; empty where that was not asked."""
    told = {} if stored is None else _verdicts(stored.tables["sensitivity"])
    keys = map(_key, table["estimand"], table["week"])
    return [row | {"led": told.get(key, "")} for row, key in zip(rows, keys, strict=True)]


def _verdicts(table: pd.DataFrame) -> dict[tuple[str, str], str]:
    keys = map(_key, table["estimand"], table["week"])
    return dict(zip(keys, map(str, table["verdict"]), strict=True))


def _key(estimand: str, week: float) -> tuple[str, str]:
    # The week as text, since NaN equals nothing.
    return estimand, f"{week:g}"


def _left_out(patients: pd.DataFrame, decisions: pd.DataFrame | None) -> dict[str, Any]:
    first = patients.iloc[0]
    rule = [] if decisions is None else [*decisions["criterion"].drop_duplicates()]
    return {
        "what": f"{name_of(first['estimand'])}, week {first['week']:g}, {first['unit']}",
        "ci": f"{first['ci_prob']:.0%}",
        "rule": " and ".join(rule),
        "rows": [
            _patient(row) | ({} if decisions is None else _decision(decisions, row["patient"]))
            for row in patients.to_dict("records")
        ],
    }


def _patient(row: Mapping[Hashable, Any]) -> dict[str, str]:
    places = decimals(row["lower"], row["upper"], ratio=row["unit"] == "ratio")
    return {
        "patient": row["patient"] or "nobody",
        "note": "" if row["passed"] else "this fit did not pass its gate",
        "estimate": number(row["estimate"], places),
        "interval": interval(row["lower"], row["upper"], places),
        "elpd": f"{number(row['elpd'], 1)} ± {row['elpd_mcse']:.2f}" if row["patient"] else "",
    }


def _decision(decisions: pd.DataFrame, patient: str) -> dict[str, str]:
    """Return the probabilities that the rule asks for, what it decides, and whether that is a flip."""
    own = decisions[decisions["patient"] == patient]
    decided = "success" if own["success"].all() else "no success"
    close = ", within two Monte Carlo errors" if own["close"].any() else ""
    flips = "yes" if own["flips"].any() else "no" if patient else ""
    return {
        "probability": ", ".join(map(probability, own["probability"])),
        "decided": f"{decided}{close}",
        "flips": flips,
    }


def _placebo(table: pd.DataFrame) -> dict[str, Any]:
    first = table.iloc[0]
    places = decimals(first["lower"], first["upper"], ratio=first["unit"] == "ratio")

    def told(row: Mapping[Hashable, Any], middle: str, lower: str, upper: str) -> str:
        if row[middle] != row[middle]:
            return ""
        return f"{number(row[middle], places)} ({interval(row[lower], row[upper], places)})"

    return {
        "unit": str(first["unit"]),
        "ci": f"{first['ci_prob']:.0%}",
        "rows": [
            {
                "version": "none, as seen" if row["version"] == "as seen" else row["version"],
                # The robust version has the same arms.
                "notes": ""
                if row["version"] == "arms on file, robust"
                else "; ".join(filter(None, (row["arms"], row["note"]))),
                "placebo": told(row, "placebo", "placebo_lower", "placebo_upper"),
                "left": told(row, "estimate", "lower", "upper"),
                "better": probability(row["p_benefit"]),
                "mcid": probability(row["p_mcid"]),
            }
            for row in table.to_dict("records")
        ],
    }
