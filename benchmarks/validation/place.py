"""Where things are: the page, its data beside the checkout, what other runs stored."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PAGE = REPOSITORY / "docs" / "validation.md"


def shared(name: str) -> Path | None:
    """Return a file of the folder of data that is not part of the project, or None where it is not there."""
    folder = Path(os.environ.get("RA_BAYES_SHARED", REPOSITORY.parent / "shared"))
    return file if (file := folder / name).is_file() else None
