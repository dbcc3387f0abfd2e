"""CSV and TSV with a header, in UTF-8, GB18030 or UTF-16: two columns of coordinates, WKT, or the name of a place."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from gis_app.domain.errors import Refused
from gis_app.importers import encodings
from gis_app.importers.records import MAX_FIELD_CHARS, Batch, FileFacts, Record, Wanted
from gis_app.importers.tabular import batches, header_of

_DELIMITERS = (",", ";", "\t")
_HEADER_ROW = 1


def read_csv(source: BinaryIO, wanted: Wanted, facts: FileFacts) -> Iterator[Record | Batch]:
    """Yield the rows of a CSV file; the header is row 1, as a spreadsheet numbers it.

    Comma, semicolon and tab are recognised by the header. Blank lines are passed over but counted.

    Raises
    ------
    Refused
        If the encoding or the header is not usable, or the quoting is broken.
    """
    facts.encoding = encodings.detect(source)
    text = io.TextIOWrapper(source, encoding=facts.encoding, errors="strict", newline="")
    csv.field_size_limit(MAX_FIELD_CHARS)
    rows = csv.reader(text, delimiter=_delimiter(text), strict=True)
    try:
        header = header_of(next(rows, []), wanted, facts)
        yield from batches(rows, header, wanted, facts=facts, first=_HEADER_ROW + 1)
    except csv.Error as error:
        raise Refused(
            "The CSV file cannot be read at line {line}: {reason}.",
            remedy="Look for a quotation mark that is not closed, or a field of more than {limit} characters.",
            line=rows.line_num,
            reason=str(error),
            limit=MAX_FIELD_CHARS,
        ) from None


def _delimiter(text: io.TextIOWrapper) -> str:
    first_line = text.readline(MAX_FIELD_CHARS)
    text.seek(0)
    return max(_DELIMITERS, key=first_line.count)
