"""Save a figure for print and screen; the same figure gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from ra_bayes.errors import RaBayesError
from ra_bayes.figures.style import DPI, style
from ra_bayes.files import atomic_file

__all__ = ["save"]

# No clock and no version of a library goes into a file, so that a change in it is a change in the figure.
_METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "Creator": "ra_bayes", "Producer": None},
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": "ra_bayes"},
}
_ABOUT = {"pdf": "Subject", "png": "Description", "svg": "Description"}


def save(
    figure: Figure, stem: str | PathLike[str], formats: Sequence[str] = ("pdf", "png")
) -> tuple[Path, ...]:
    """Write a figure as PDF (text stays text) and PNG (300 dpi) at its printed size.

    Parameters
    ----------
    figure
        From one of the functions of :mod:`ra_bayes.figures`.
    stem
        Path without the ending; a dot in it is kept.
    formats
        Any of ``"pdf"``, ``"png"``, ``"svg"``.

    Returns
    -------
    tuple of Path
        The files, in the order of `formats`.

    Raises
    ------
    RaBayesError
        If a format is none of these.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.save(rb.figures.forest(tree), "figures/sdai-forest")     # doctest: +SKIP
    (PosixPath('figures/sdai-forest.pdf'), PosixPath('figures/sdai-forest.png'))
    """
    unknown = [each for each in formats if each not in _METADATA]
    if unknown:
        raise RaBayesError(f"figure format {unknown[0]!r} is none of {', '.join(_METADATA)}")
    base = Path(stem)
    return tuple(_write(_bytes(figure, each), base.with_name(f"{base.name}.{each}")) for each in formats)


def _bytes(figure: Figure, file_format: str) -> bytes:
    metadata = dict(_METADATA[file_format])
    alt = getattr(figure, "alt", "")
    if alt:
        metadata[_ABOUT[file_format]] = alt
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format=file_format, dpi=DPI, metadata=metadata)
    return buffer.getvalue()


def _write(content: bytes, target: Path) -> Path:
    with atomic_file(target) as part:
        part.write_bytes(content)
    return target
