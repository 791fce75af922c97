"""What a journal asks of a figure: widths, the smallest text, the thinnest line, formats; one is in force.

Sizes in figure files are written once, for the house's own look (text of 7 and 6 points in columns of 89 and
183 mm), and grow with the smallest text that a journal prints:

``column_mm(needs_mm)``
    the narrowest column with that much room, counted at the house's text size;
``pt(...)``, ``pen(...)``
    a length in points, and the width of a line, which is never below the journal's thinnest.

Sources of the numbers are in :data:`JOURNALS`, beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType

from ra_bayes.errors import RaBayesError

__all__ = [
    "HOUSE",
    "JOURNALS",
    "Journal",
    "column_mm",
    "house_mm",
    "in_force",
    "journal",
    "pen",
    "pt",
    "small_pt",
    "text_pt",
]

# What the sizes in figure files are counted at.
_HOUSE_SMALL_PT = 6.0


@dataclass(frozen=True, slots=True)
class Journal:
    """A preset: what a journal, or a screen, asks of a figure.

    Parameters
    ----------
    name, title
        What it is asked for by, and what it is.
    columns_mm
        Widths that a figure may have, from the narrowest.
    tallest_mm
        Height that no figure exceeds.
    text_pt, small_pt
        Size of titles and labels, and of everything else: the smallest text there is.
    least_pt
        The smallest text that the journal takes.
    thinnest_pt
        The thinnest line that it takes.
    fonts
        Families that it asks for; others of the same kind take their place where there is none.
    dpi
        Of raster files.
    formats
        What is saved unless asked for otherwise.
    source
        Where the numbers come from.
    """

    name: str
    title: str
    columns_mm: tuple[float, ...]
    tallest_mm: float
    text_pt: float
    small_pt: float
    least_pt: float
    thinnest_pt: float
    fonts: tuple[str, ...]
    dpi: int
    formats: tuple[str, ...]
    source: str

    @property
    def scale(self) -> float:
        """How much larger than in the house's look a length is that goes with the text."""
        return self.small_pt / _HOUSE_SMALL_PT


_SANS = ("Arial", "Helvetica")
_ELSEVIER = (
    "Elsevier, Artwork and media instructions: artwork sizing, artwork types "
    "(elsevier.com/about/policies-and-standards/author/artwork-and-media-instructions)"
)
# In the order of the fields: name, title, widths, height; four sizes in pt; fonts, dpi, formats; source.
_PRESETS = (
    Journal(
        "house", "what reports show", (89.0, 140.0, 183.0), 247.0, 7.0, 6.0, 6.0, 0.25,
        _SANS, 300, ("pdf", "png"), "widths and height are Nature's",
    ),
    Journal(
        "ard", "Annals of the Rheumatic Diseases", (90.0, 140.0, 190.0), 240.0, 7.5, 7.0, 7.0, 0.25,
        _SANS, 600, ("pdf", "tiff"), f"Elsevier's since 2025: {_ELSEVIER}",
    ),
    Journal(
        "nature", "Nature and its sister journals", (89.0, 183.0), 247.0, 7.0, 6.0, 5.0, 0.25,
        _SANS, 300, ("pdf", "tiff"), "Nature, Guide to preparing final artwork (nature.com/nature/authors)",
    ),
    Journal(
        "bmc", "BioMed Central", (85.0, 176.0), 225.0, 8.5, 8.0, 8.0, 0.5,
        _SANS, 300, ("pdf", "tiff"),
        "BioMed Central, Illustrations and figures (biomedcentral.com/info/ifora/figuretypes)",
    ),
    Journal(
        "elsevier", "Elsevier's journals", (90.0, 140.0, 190.0), 240.0, 7.5, 7.0, 7.0, 0.25,
        _SANS, 600, ("pdf", "tiff"), _ELSEVIER,
    ),
    Journal(
        "slides", "a slide, 16 to 9", (155.0, 240.0, 320.0), 180.0, 14.0, 12.0, 12.0, 0.75,
        _SANS, 300, ("png", "svg"), "our choice, for a widescreen slide of 338.7 by 190.5 mm",
    ),
)  # fmt: skip
JOURNALS = MappingProxyType({each.name: each for each in _PRESETS})
HOUSE = JOURNALS["house"]

_IN_FORCE: ContextVar[Journal] = ContextVar("ra_bayes_journal", default=HOUSE)


def in_force() -> Journal:
    """Return the preset in force: the house's own, or the one of the innermost :func:`journal`."""
    return _IN_FORCE.get()


@contextmanager
def journal(name: str) -> Iterator[Journal]:
    """Draw for a journal: figures made inside have its widths, text sizes and line widths.

    A figure remembers what it was made for, so it may be saved later. Other threads are not concerned.

    Parameters
    ----------
    name
        ``"ard"``, ``"nature"``, ``"bmc"``, ``"elsevier"``, ``"slides"`` or ``"house"``.

    Raises
    ------
    RaBayesError
        If there is no such preset.

    Examples
    --------
    >>> with journal("bmc") as preset:
    ...     in_force().columns_mm, preset.small_pt
    ((85.0, 176.0), 8.0)
    >>> in_force().name
    'house'
    >>> import ra_bayes as rb
    >>> with rb.figures.journal("nature"):                                  # doctest: +SKIP
    ...     rb.figures.save(rb.figures.forest(tree), "figure-2")
    """
    if name not in JOURNALS:
        raise RaBayesError(f"there is no figure style {name!r}; write one of {', '.join(JOURNALS)}")
    before = _IN_FORCE.set(JOURNALS[name])
    try:
        yield JOURNALS[name]
    finally:
        _IN_FORCE.reset(before)


def column_mm(needs_mm: float) -> float:
    """Return the narrowest column in mm that has room for so many mm at the house's text size, or the widest.

    Examples
    --------
    >>> column_mm(80.0), column_mm(150.0)
    (89.0, 183.0)
    >>> with journal("bmc"):
    ...     column_mm(80.0)
    176.0
    """
    widths = in_force().columns_mm
    return next((each for each in widths if house_mm(each) >= needs_mm), widths[-1])


def house_mm(mm: float) -> float:
    """Return what a length in mm comes to at the house's text size: how much text it has room for.

    Examples
    --------
    >>> with journal("slides"):
    ...     house_mm(320.0)
    160.0
    """
    return mm / in_force().scale


def text_pt() -> float:
    """Return the size of titles and labels in points."""
    return in_force().text_pt


def small_pt() -> float:
    """Return the size of everything else that is written, in points."""
    return in_force().small_pt


def pt(house: float, journal: Journal | None = None) -> float:
    """Return a length in points (a marker, a distance from a point) that goes with the size of the text.

    Examples
    --------
    >>> with journal("slides"):
    ...     pt(3.2)
    6.4
    """
    return house * (journal or in_force()).scale


def pen(house: float, journal: Journal | None = None) -> float:
    """Return the width of a line in points, at least what the journal prints.

    Examples
    --------
    >>> pen(0.3)
    0.3
    >>> with journal("bmc"):
    ...     pen(0.3)
    0.5
    """
    return max(pt(house, journal), (journal or in_force()).thinnest_pt)
