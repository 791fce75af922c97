"""Text that no program trips over: one line, without characters that are no text, and no formula."""

from __future__ import annotations

import unicodedata

__all__ = ["broken", "guarded", "plain", "unguarded"]

# Marks that turn the direction of what follows, also outside the cell: embeddings, overrides, isolates.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LONGEST_WORD, _PIECE = 24, 8
# What makes a spreadsheet take a text for a formula (OWASP, CSV Injection), also after blanks.
_FORMULA = ("=", "+", "-", "@")


def plain(text: str) -> str:
    """Return a text fit for any table: line breaks and tabs as a blank, control characters as their pictures.

    Marks that turn the direction of writing are dropped; right-to-left letters stay, and need none. What is
    no character (half of a surrogate pair, U+FFFE) becomes U+FFFD.

    Examples
    --------
    >>> plain("P1\\tleft\\x07"), plain("\\u202eP1\\u202c")
    ('P1 left␇', 'P1')
    """
    return "".join(_plain(char) for char in text)


def _plain(char: str) -> str:
    if char.isprintable() or char == " ":
        return char
    code = ord(char)
    if char in "\t\n\r\v\f\x85\u2028\u2029":
        return " "
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if char in _TURNS:
        return ""
    # Joiners hold emoji and Arabic together, other blanks keep words apart; both are text.
    return (
        char
        if unicodedata.category(char) in ("Cf", "Zs", "Co", "Cn") and code & 0xFFFE != 0xFFFE
        else "\ufffd"
    )


def broken(word: str) -> list[str]:
    """Return the pieces between which a word too long for any column may be broken; itself if it is not.

    Examples
    --------
    >>> broken("heterogeneity"), [len(piece) for piece in broken("x" * 30)]
    (['heterogeneity'], [8, 8, 8, 6])
    """
    if len(word) <= _LONGEST_WORD:
        return [word]
    return [word[start : start + _PIECE] for start in range(0, len(word), _PIECE)]


def guarded(text: str) -> str:
    """Return a text for a CSV file that no spreadsheet runs: an apostrophe before what begins like a formula.

    A text that begins with an apostrophe gets another, so that :func:`unguarded` gives back what was written.

    Examples
    --------
    >>> guarded("=1+1"), guarded("P1"), unguarded(guarded("'tis"))
    ("'=1+1", 'P1', "'tis")
    """
    return f"'{text}" if text.lstrip().startswith(_FORMULA) or text.startswith("'") else text


def unguarded(text: str) -> str:
    """Return what :func:`guarded` was given."""
    rest = text.removeprefix("'")
    return rest if guarded(rest) == text else text
