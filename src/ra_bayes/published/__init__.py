"""What a paper printed, as data: each count with its words and its source."""

from __future__ import annotations

from ra_bayes.published.publication import Arm, Fact, Publication, Reading
from ra_bayes.published.reader import read_publication, read_publication_text

__all__ = ["Arm", "Fact", "Publication", "Reading", "read_publication", "read_publication_text"]
