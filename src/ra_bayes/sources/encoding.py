"""Which characters the bytes of a text file are: told by a mark, by UTF-8 itself, or guessed with care.

UTF-8 is hard to meet by chance, so text that is UTF-8 is taken as such. An old single-byte encoding
carries no mark at all: any bytes are "valid" in it. It is taken only where every character beyond ASCII makes
sense beside its neighbours (a letter in a word, a degree sign after a number) in one encoding and
not in the other; and then it is told, with the bytes. A file that could be either is refused.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple

__all__ = ["Encoding", "encoding_of", "guess_legacy"]

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Latin-1 is Windows-1252 without the characters 0x80 to 0x9f, which are controls there.
_LEGACY = {"cp1252": "Windows-1252", "mac_roman": "Mac Roman"}
_CHUNK = 1 << 20
_SHOWN = 3


class Encoding(NamedTuple):
    """A codec's name, and what to tell the user about it ("" if it needs no telling)."""

    codec: str
    note: str = ""


def encoding_of(file: BinaryIO) -> Encoding | None:
    """Find the encoding of a text file; ``None`` if it is no text, or in no encoding that can be told.

    Examples
    --------
    >>> from io import BytesIO
    >>> encoding_of(BytesIO("Müller,12\\n".encode("cp1252"))).note
    "the file is not UTF-8: read as Windows-1252, in which byte 0xfc in line 1 is 'ü' (Müller)"
    """
    start = file.read(8192)
    file.seek(0)
    for mark, codec in _MARKS.items():
        if start.startswith(mark):
            return Encoding(codec)
    if start.count(0) > len(start) / 5:
        return _unmarked_utf16(start)
    if _is_utf8(file):
        return Encoding("utf-8")
    return guess_legacy(file)


def _unmarked_utf16(start: bytes) -> Encoding | None:
    """Tell UTF-16 by where its zero bytes stand: the high half of each Latin character."""
    first, second = start[0::2], start[1::2]
    if first.count(0) == 0 and second.count(0) > len(second) / 2:
        return Encoding("utf-16-le", "the file has no byte order mark: read as UTF-16 (little endian)")
    if second.count(0) == 0 and first.count(0) > len(first) / 2:
        return Encoding("utf-16-be", "the file has no byte order mark: read as UTF-16 (big endian)")
    return None


def _is_utf8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        file.seek(0)
    return True


def guess_legacy(
    lines: Iterable[bytes], among: Iterable[str] = tuple(_LEGACY), place: str = " in line {}"
) -> Encoding | None:
    """Choose between Windows-1252 and Mac Roman; ``None`` if neither makes sense, or both do differently.

    `among` are the codecs that a kind of file can be in, `place` says where a byte is, given the line.
    """
    alive = dict.fromkeys(among, True)
    differ = False
    seen: dict[int, tuple[int, bytes]] = {}
    for number, line in enumerate(lines, start=1):
        if line.isascii():
            continue
        read = {codec: _decoded(line, codec) for codec in alive}
        alive = {codec: True for codec, text in read.items() if text is not None and _makes_sense(text)}
        differ = differ or len({read[codec] for codec in alive}) > 1
        if not alive:
            return None
        for position, byte in enumerate(line):
            if byte > 127 and byte not in seen and len(seen) < _SHOWN:
                seen[byte] = number, _word(line, position)
    if len(alive) > 1 and differ:
        return None
    codec = next(iter(alive))
    shown = ", ".join(
        f"byte 0x{byte:02x}{place.format(number)} is {bytes([byte]).decode(codec)!r} ({word.decode(codec)})"
        for byte, (number, word) in seen.items()
    )
    return Encoding(codec, f"the file is not UTF-8: read as {_LEGACY[codec]}, in which {shown}")


def _decoded(line: bytes, codec: str) -> str | None:
    try:
        return line.decode(codec)
    except UnicodeDecodeError:
        return None


def _word(line: bytes, position: int) -> bytes:
    """Cut the word out of a line in which a byte stands."""
    start, end = position, position + 1
    while start > 0 and position - start < 20 and _in_word(line[start - 1]):
        start -= 1
    while end < len(line) and end - position < 20 and _in_word(line[end]):
        end += 1
    return line[start:end]


def _in_word(byte: int) -> bool:
    return byte > 127 or chr(byte).isalnum()


def _makes_sense(line: str) -> bool:
    padded = f" {line} "
    return all(char.isascii() or _fits(padded[i], char, padded[i + 2]) for i, char in enumerate(line))


def _fits(before: str, char: str, after: str) -> bool:
    """Say whether a character beyond ASCII makes sense between its two neighbours."""
    digit_or_blank = (before.isdigit() or before.isspace()) and (after.isdigit() or after.isspace())
    if char in "µ\u00a0":
        return True
    if char in "°":
        return before.isdigit() or before.isspace()
    if char in "²³":
        return before.isascii() and before.isalnum()
    if char in "≤≥":
        return (after.isdigit() or after in " .,") and not before.isalnum()
    if char in "±×–—½":
        return digit_or_blank
    if char in "’":
        return before.isascii() and before.isalpha() and after.isascii() and after.isalpha()
    if not char.isalpha() or char in "ªºı" or ord(char) > 0x17F:
        return False
    if not any(near.isascii() and near.isalpha() for near in (before, after)):
        return False
    # A capital inside a word of small letters is the mark of the wrong encoding: MŸller, RenŽ.
    return not char.isupper() or not before.isalpha() or (before.isupper() and not after.islower())
