"""Reports with few figures: test_gallery draws them all, and a page is tested with as many as it needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ra_bayes.figures.gallery import applying
from ra_bayes.report import draw

WITH_NAMES = ("trajectories", "forest", "swimmer", "leave-one-out", "missing-pattern", "model-comparison")


@contextmanager
def few_figures(*names: str) -> Iterator[None]:
    """Let a report draw some figures of the gallery only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw, "applying", lambda *each: tuple(e for e in applying(*each) if e.name in names))
        yield
