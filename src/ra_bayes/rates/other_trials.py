"""The prior that other trials' arms give a rate, in words and as a mixture; none from fewer than two arms."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from ra_bayes.historical.arms import ArmsOnFile, Role
from ra_bayes.historical.map_prior import map_prior
from ra_bayes.mixtures import BetaMixture, Mixture, fit_mixture

__all__ = ["Prior", "arms_behind", "no_prior", "of_new_arm", "words_of"]

_ROLES: dict[Role, str] = {"control": "control arms", "msc": "MSC arms"}


class Prior[M: Mixture](NamedTuple):
    """A prior in words, itself unless there is none, and the arms behind it."""

    words: str
    rate: M | None
    on_file: ArmsOnFile = ArmsOnFile((), ())


def no_prior(on_file: ArmsOnFile, role: Role) -> str:
    """Say why the arms on file give no prior; empty if they give one."""
    number = len(on_file.used)
    if number >= 2:
        return ""
    return f"no prior from {_ROLES[role]}: {number} arm{'s' * (number != 1)} on file, 2 needed"


def words_of(on_file: ArmsOnFile, role: Role) -> str:
    """Return what a prior made of these arms is called."""
    return f"{len(on_file.used)} {_ROLES[role]} of other trials"


# Several arms of a paper are compared with the same arms of others.
@lru_cache(maxsize=32)
def of_new_arm(counts: tuple[tuple[int, int], ...], tau: float) -> BetaMixture:
    """Return the MAP prior of the rate of a new arm as a mixture of few Betas."""
    return fit_mixture(map_prior(counts, tau=tau).predictive, BetaMixture).mixture


def arms_behind(on_file: ArmsOnFile) -> str:
    """Return the arms that are used, by study, and which are not and why."""
    arms = on_file.used
    studies = {each.study: [arm.short for arm in arms if arm.study == each.study] for each in arms}
    counts = [f"{study} {', '.join(of)}" for study, of in studies.items()]
    reasons: dict[str, list[str]] = {}
    for name, why in on_file.left_out:
        reasons.setdefault(why, []).append(name)
    without = "; ".join(f"{'; '.join(of)} ({why})" for why, of in reasons.items())
    return ". ".join(filter(None, ("; ".join(counts), without and f"Not used: {without}")))
