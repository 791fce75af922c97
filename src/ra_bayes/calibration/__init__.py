"""Is a 90% interval a 90% interval at this size? Simulated cohorts, and a certificate."""

from __future__ import annotations

from ra_bayes.calibration.calibrate import calibrate
from ra_bayes.calibration.certificate import Certificate
from ra_bayes.calibration.certificate_files import (
    certificate_data,
    certificate_of,
    read_certificate,
    save_certificate,
)
from ra_bayes.calibration.certificate_line import certificate_line
from ra_bayes.calibration.cohort_design import CohortDesign

__all__ = [
    "Certificate",
    "CohortDesign",
    "calibrate",
    "certificate_data",
    "certificate_line",
    "certificate_of",
    "read_certificate",
    "save_certificate",
]
