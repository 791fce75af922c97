"""Save a figure for print and screen; the same figure gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from ra_bayes.errors import RaBayesError
from ra_bayes.figures.journals import Journal, in_force
from ra_bayes.figures.style import style
from ra_bayes.files import atomic_file

__all__ = ["FORMATS", "save"]

# No clock and no version of a library goes into a file, so that a change in it is a change in the figure.
_METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "Creator": "ra_bayes", "Producer": None},
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": "ra_bayes"},
}
_ABOUT = {"pdf": "Subject", "png": "Description", "svg": "Description"}
FORMATS = (*_METADATA, "tiff")
_IMAGE_DESCRIPTION = 270


def save(
    figure: Figure,
    stem: str | PathLike[str],
    formats: Sequence[str] | None = None,
    *,
    dpi: int | None = None,
) -> tuple[Path, ...]:
    """Write a figure at its printed size, with its text alternative in each file's metadata.

    Text stays text in PDF, with its fonts. TIFF is RGB without transparency, compressed without loss (LZW).

    Parameters
    ----------
    figure
        From one of the functions of :mod:`ra_bayes.figures`.
    stem
        Path without the ending; a dot in it is kept.
    formats
        Any of ``"pdf"``, ``"png"``, ``"svg"``, ``"tiff"``; without, those of the journal that the figure was
        made for (see :func:`ra_bayes.figures.journal`), else PDF and PNG.
    dpi
        Dots per inch of PNG and TIFF; without, the journal's, else 300.

    Returns
    -------
    tuple of Path
        The files, in the order of `formats`.

    Raises
    ------
    RaBayesError
        If a format is none of these, or `dpi` is not from 72 to 1200.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> rb.figures.save(rb.figures.forest(tree), "figures/sdai-forest")     # doctest: +SKIP
    (PosixPath('figures/sdai-forest.pdf'), PosixPath('figures/sdai-forest.png'))
    """
    preset: Journal = getattr(figure, "journal", None) or in_force()
    formats = preset.formats if formats is None else tuple(formats)
    dpi = preset.dpi if dpi is None else dpi
    _check(formats, dpi)
    base = Path(stem)
    return tuple(
        _write(_bytes(figure, each, preset, dpi), base.with_name(f"{base.name}.{each}")) for each in formats
    )


def _check(formats: Sequence[str], dpi: int) -> None:
    for each in formats:
        if each == "eps":
            raise RaBayesError(
                "EPS has no transparency, so that bands would hide each other; "
                "write pdf, which every journal with a preset takes"
            )
        if each not in FORMATS:
            raise RaBayesError(f"figure format {each!r} is none of {', '.join(FORMATS)}; write one of them")
    if not 72 <= dpi <= 1200:
        raise RaBayesError(f"dpi={dpi} is not from 72 to 1200; write 300, or 600 for line art")


def _bytes(figure: Figure, file_format: str, preset: Journal, dpi: int) -> bytes:
    alt = getattr(figure, "alt", "")
    if file_format == "tiff":
        return _tiff(_bytes(figure, "png", preset, dpi), alt, dpi)
    metadata = dict(_METADATA[file_format])
    if alt:
        metadata[_ABOUT[file_format]] = alt
    buffer = io.BytesIO()
    with style(preset):
        figure.savefig(buffer, format=file_format, dpi=dpi, metadata=metadata)
    return buffer.getvalue()


def _tiff(png: bytes, alt: str, dpi: int) -> bytes:
    """Return a picture as TIFF: RGB on white, LZW, its resolution and its text alternative in the tags."""
    tags = ImageFileDirectory_v2()
    # As bytes, since a text would lose its minus signs and Greek letters.
    tags[_IMAGE_DESCRIPTION] = alt.encode("utf-8")
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        paper = Image.new("RGB", picture.size, "white")
        paper.paste(picture, mask=picture.getchannel("A"))
        paper.save(buffer, "TIFF", compression="tiff_lzw", dpi=(dpi, dpi), tiffinfo=tags)
    return buffer.getvalue()


def _write(content: bytes, target: Path) -> Path:
    with atomic_file(target) as part:
        part.write_bytes(content)
    return target
