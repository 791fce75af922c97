"""What a paper printed, as data: each fact with its words and its source."""

from __future__ import annotations

from ra_bayes.published.facts import Fact, Publication, read_publication

__all__ = ["Fact", "Publication", "read_publication"]
