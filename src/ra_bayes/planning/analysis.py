"""What the analysis of a trial believes beforehand, which is not what one plans with."""

from __future__ import annotations

from dataclasses import dataclass

from ra_bayes.mixtures import BetaMixture, NormalMixture
from ra_bayes.planning.continuous.unknown import MeanPrior

__all__ = ["Analysis", "BinaryAnalysis", "LongitudinalAnalysis", "NormalAnalysis"]


@dataclass(frozen=True, slots=True)
class BinaryAnalysis:
    """What the analysis believes of the rates beforehand; independent between arms."""

    rate: BetaMixture
    control_rate: BetaMixture | None = None


@dataclass(frozen=True, slots=True)
class NormalAnalysis:
    """What the analysis believes of the arms' mean changes, on the link's scale; ``None`` is flat.

    ``sd`` is the SD of a patient's change if taken as known; ``None`` estimates it, and a prior of a mean
    is then worth so many patients, which keeps it conjugate.
    """

    mean: NormalMixture | MeanPrior | None = None
    control_mean: NormalMixture | MeanPrior | None = None
    sd: float | None = None


@dataclass(frozen=True, slots=True)
class LongitudinalAnalysis:
    """What the analysis believes of the effect (mean and SD, ``None`` is flat) and of the SDs.

    ``scales`` has median and SD of the log for ``level_sd``, ``response_sd`` and ``residual_sd``, and the
    concentration c of the correlation, (rho + 1) / 2 ~ Beta(c, c).
    """

    effect: tuple[float, float] | None
    scales: dict[str, tuple[float, float]]


type Analysis = BinaryAnalysis | NormalAnalysis | LongitudinalAnalysis
