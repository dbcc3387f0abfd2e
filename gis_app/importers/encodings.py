"""Which encoding a text has: UTF-8 strictly, UTF-16 by its mark, else GB18030 if it reads as Chinese; never a guess."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Sequence
from typing import BinaryIO

from gis_app.domain.errors import Refused

_CHUNK_BYTES = 1 << 20
_HEAD_BYTES = 4096
_NUL_SHARE = 0.2
_LONGEST_CHARACTER = 4
_REMEDY_OF_FIELDS = "Export the data again with text in UTF-8 and a .cpg file that says so."
_REMEDY = "Save the file again as UTF-8 (Excel: 'CSV UTF-8')."
# Loaded here because inside the sandbox no module can be opened any more.
for _name in ("utf-8", "utf-8-sig", "gb18030", "gb2312", "utf-16"):
    codecs.lookup(_name)

_COMMON_SHARE = 0.8
"""Least share of Chinese characters that GB2312 holds; real text has nearly all, mojibake has few."""


def detect(source: BinaryIO) -> str:
    """Return ``utf-8-sig``, ``utf-16`` or ``gb18030`` and leave ``source`` at its start.

    UTF-8 Chinese read as GB18030, and Big5 or UTF-16 read as GB18030, decode without an error into rare characters.
    So a file counts as GB18030 only if it is far from UTF-8 and its Chinese characters are common ones.

    Raises
    ------
    Refused
        If it is neither.
    """
    head = source.read(_HEAD_BYTES)
    source.seek(0)
    try:
        if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            _decode_all(source, "utf-16")
            return "utf-16"
        if head.count(b"\0") > _NUL_SHARE * len(head):
            raise Refused("The file is UTF-16 text without its mark, or no text.", remedy=_REMEDY)
        _decode_all(source, "utf-8-sig")
    except UnicodeDecodeError:
        if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise Refused("The file is damaged UTF-16 text.", remedy=_REMEDY) from None
        _require_gb18030(source)
        return "gb18030"
    finally:
        source.seek(0)
    return "utf-8-sig"


def _decode_all(source: BinaryIO, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    while chunk := source.read(_CHUNK_BYTES):
        decoder.decode(chunk)
    decoder.decode(b"", final=True)


def _require_gb18030(source: BinaryIO) -> None:
    source.seek(0)
    sample = source.read(_CHUNK_BYTES)
    as_utf8 = sample.decode("utf-8", "replace")
    broken = as_utf8.count("\ufffd")
    if sum(character > "\x7f" for character in as_utf8) > 2 * broken:
        raise Refused("The file is damaged UTF-8 text.", remedy=_REMEDY)
    source.seek(0)
    try:
        _decode_all(source, "gb18030")
    except UnicodeDecodeError:
        raise Refused("The file is neither UTF-8 nor GB18030 text.", remedy=_REMEDY) from None
    if not _reads_as_chinese(sample.decode("gb18030", "ignore")):
        raise Refused("The file is in an unknown encoding; read as GB18030 it makes no sense.", remedy=_REMEDY)


def _reads_as_chinese(text: str) -> bool:
    if any(unicodedata.category(character) in ("Co", "Cn") for character in set(text)):
        return False
    chinese = [character for character in text if "\u4e00" <= character <= "\u9fff"]
    if not chinese:
        return False
    common = sum(len(character.encode("gb2312", "ignore")) == 2 for character in chinese)
    return common >= _COMMON_SHARE * len(chinese)


def detect_texts(texts: Sequence[bytes]) -> str:
    """Return ``utf-8`` or ``gb18030`` for many short texts, of which some may be cut off in the middle of a character.

    Raises
    ------
    Refused
        If they are neither.
    """
    if most_decode(texts, "utf-8"):
        return "utf-8"
    if not most_decode(texts, "gb18030"):
        raise Refused("The text of the file is neither UTF-8 nor GB18030.", remedy=_REMEDY_OF_FIELDS)
    if not _reads_as_chinese(b"\n".join(texts).decode("gb18030", "ignore")):
        raise Refused("The text of the file is in an unknown encoding; read as GB18030 it makes no sense.",
                      remedy=_REMEDY_OF_FIELDS)  # fmt: skip
    return "gb18030"


def most_decode(texts: Sequence[bytes], encoding: str) -> bool:
    """Return whether all texts decode but for a few that are cut off at their end."""
    cut = 0
    for text in texts:
        try:
            text.decode(encoding)
        except UnicodeDecodeError as error:
            if error.start < len(text) - _LONGEST_CHARACTER:
                return False
            cut += 1
    return cut * 2 < max(len(texts), 1)
