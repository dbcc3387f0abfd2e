"""CSV and TSV with a header, in UTF-8, GB18030 or UTF-16: two columns of coordinates, WKT, or the name of a place."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from typing import BinaryIO

from gis_app.domain.errors import Refused
from gis_app.importers import encodings
from gis_app.importers.records import MAX_FIELD_CHARS, Batch, FileFacts, PackedBatch, Record, Wanted
from gis_app.importers.tabular import batches, header_of

_DELIMITERS = (",", ";", "\t")
_HEADER_ROW = 1
LARGE_BYTES = 1 << 20
"""From this size on it pays to load what reads by blocks."""


def prepare(_name: str) -> None:
    """Load what reads large files, if standard input is one."""
    if os.fstat(0).st_size >= LARGE_BYTES:
        os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # its own one reserves more addresses than are allowed
        from gis_app.importers import delimited_blocks

        delimited_blocks.prepare()


def read_csv(source: BinaryIO, wanted: Wanted, facts: FileFacts) -> Iterator[Record | Batch | PackedBatch]:
    """Yield the rows of a CSV file; the header is row 1, as a spreadsheet numbers it.

    Comma, semicolon and tab are recognised by the header. Blank lines are passed over but counted.

    Raises
    ------
    Refused
        If the encoding or the header is not usable, or the quoting is broken.
    """
    facts.encoding = encodings.detect(source)
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    if wanted.packs and size >= LARGE_BYTES:
        yield from read_by_blocks(source, wanted, facts)
    else:
        yield from read_by_rows(source, wanted, facts)


def read_by_blocks(
    source: BinaryIO, wanted: Wanted, facts: FileFacts, *, block_bytes: int | None = None
) -> Iterator[Batch | PackedBatch]:
    """Yield the rows of a file whose encoding is known, block by block; otherwise as ``read_csv``."""
    from gis_app.importers import delimited_blocks as blocks

    csv.field_size_limit(MAX_FIELD_CHARS)
    lines = blocks.TextLines(source, facts.encoding, block_bytes or blocks.BLOCK_BYTES)
    try:
        names, delimiter = lines.first_row(_DELIMITERS)
        header = header_of(names, wanted, facts)
        if not header.has_pair or "wkt" in header.places:
            source.seek(0)
            yield from read_by_rows(source, wanted, facts)
            return
        first = _HEADER_ROW + 1
        yield from blocks.block_batches(lines, header, wanted, delimiter=delimiter, first=first, facts=facts)
    except blocks.BrokenQuoting as broken:
        raise _broken(broken.line, broken.reason) from None


def read_by_rows(source: BinaryIO, wanted: Wanted, facts: FileFacts) -> Iterator[Batch]:
    """Yield the rows of a file whose encoding is known, row by row; otherwise as ``read_csv``."""
    text = io.TextIOWrapper(source, encoding=facts.encoding, errors="strict", newline="")
    csv.field_size_limit(MAX_FIELD_CHARS)
    rows = csv.reader(text, delimiter=_delimiter(text), strict=True)
    try:
        header = header_of(next(rows, []), wanted, facts)
        yield from batches(rows, header, wanted, facts=facts, first=_HEADER_ROW + 1)
    except csv.Error as error:
        raise _broken(rows.line_num, str(error)) from None


def _broken(line: int, reason: str) -> Refused:
    return Refused(
        "The CSV file cannot be read at line {line}: {reason}.",
        remedy="Look for a quotation mark that is not closed, or a field of more than {limit} characters.",
        line=line,
        reason=reason,
        limit=MAX_FIELD_CHARS,
    )


def _delimiter(text: io.TextIOWrapper) -> str:
    first_line = text.readline(MAX_FIELD_CHARS)
    text.seek(0)
    return max(_DELIMITERS, key=first_line.count)
