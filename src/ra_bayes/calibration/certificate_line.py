"""What simulation found of a model, in a line for a report: read from the shipped certificate."""

from __future__ import annotations

from ra_bayes.calibration.certificate import coverage_verdict, rank_verdict
from ra_bayes.calibration.certificate_files import certificate_file, read_certificate, stale
from ra_bayes.model.spec import ModelSpec

__all__ = ["certificate_line"]


def certificate_line(model: ModelSpec) -> str:
    """Return in a few sentences what the shipped certificate of a model says, or that it is stale, or none.

    Examples
    --------
    >>> from ra_bayes.model import load_model
    >>> certificate_line(load_model("il10"))[:23]
    'Calibration certificate'
    """
    file = certificate_file(model)
    if not file.is_file():
        return (
            f"Calibration certificate: none is shipped for {model.name}, so whether its intervals hold what "
            f"they promise at this size has not been measured; ra-bayes calibrate {model.name} measures it."
        )
    found = read_certificate(file)
    if why := stale(found, model):
        return f"Calibration certificate: stale; {why}."
    held = coverage_verdict(found) if found.rows else []
    broken = "; ".join(line.strip() for line in held[1:])
    covers = " ".join([*held[:1], *([f"{broken}."] if broken else [])])
    return (
        f"Calibration certificate: do intervals hold what they promise? {found.n_sim} simulated cohorts of "
        f"{found.design}. Truths drawn from the prior: {_lowered(rank_verdict(found))} {covers}"
    ).rstrip()


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
