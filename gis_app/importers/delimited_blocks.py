"""Large CSV files by blocks: separators found in all bytes at once, for blocks whose rows are all regular.

A block that holds anything out of the ordinary (rows of another length, blank lines, quotation marks inside a field)
goes to Python's reader; what both read, they read alike.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gis_app.importers import shapes
from gis_app.importers.records import (
    MAX_FIELD_CHARS,
    Batch,
    CellFault,
    FileFacts,
    PackedBatch,
    TextColumn,
    Wanted,
)
from gis_app.importers.tabular import TableHeader, batches

BLOCK_BYTES = 4 << 20
_NEWLINE, _RETURN, _QUOTE = 0x0A, 0x0D, 0x22
_ORDINARY_NUMBER = r"^-?[0-9]{1,15}(\.[0-9]{1,25})?$"
_GUARD = r"^'('*[=+\-@\t\r])"
Positions = npt.NDArray[np.int64]


def prepare() -> None:
    """Use each function once, so that what it loads is loaded."""
    header = TableHeader(["a", "lon", "lat"], {"lon": 1, "lat": 2})
    for block in (b"'=x,1.5,2\r\nb,1,no number\r\n", b'"a ""b""",1.5,2\n'):
        _packed(block, header, (), first=2, delimiter=",", facts=FileFacts())


class TextLines:
    """A text file as blocks of UTF-8, and the lines of a block for Python's reader, which may reach into the next.

    Parameters
    ----------
    source
        At its start.
    encoding
        As ``encodings.detect`` tells it.
    """

    def __init__(self, source: BinaryIO, encoding: str, block_bytes: int) -> None:
        self._source, self._block_bytes = source, block_bytes
        self._is_utf8 = encoding == "utf-8-sig"
        self._decode = codecs.getincrementaldecoder(encoding)("strict").decode
        if self._is_utf8 and source.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
            source.seek(0)
        self._pending = b""
        self._lines = io.StringIO(newline="")
        self._length = 0
        self.line_count = 0
        """Lines that were given out."""

    def next_block(self) -> bytes:
        """Return bytes up to the end of a line, of about the wanted size; none at the end of the file."""
        parts = [self._pending]
        self._pending = b""
        while chunk := self._source.read(self._block_bytes):
            part = chunk if self._is_utf8 else self._decode(chunk).encode()
            # A return at the very end may be half of a line end.
            cut = part.rfind(b"\n") + 1 or part[:-1].rfind(b"\r") + 1
            parts.append(part[:cut] if cut else part)
            if cut:
                self._pending = part[cut:]
                return b"".join(parts)
        parts.append(b"" if self._is_utf8 else self._decode(b"", final=True).encode())
        return b"".join(parts)

    def first_row(self, delimiters: Sequence[str]) -> tuple[list[str], str]:
        """Take the first row, and return it with the delimiter that its first line has most of."""
        block = self.next_block()
        first_line = io.StringIO(block.decode(), newline="").readline(MAX_FIELD_CHARS)
        delimiter = max(delimiters, key=first_line.count)
        row = next(self.rows_of(block, delimiter), [])
        self._pending = self._lines.read().encode() + self._pending
        return row, delimiter

    def rows_of(self, block: bytes, delimiter: str) -> Iterator[list[str]]:
        """Yield the rows that begin in a block."""
        self._begin(block)
        before = self.line_count
        rows = csv.reader(self._each(), delimiter=delimiter, strict=True)
        try:
            while self._lines.tell() < self._length:
                yield next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise BrokenQuoting(before + rows.line_num, str(error)) from None

    def _begin(self, block: bytes) -> None:
        text = block.decode()
        self._lines, self._length = io.StringIO(text, newline=""), len(text)

    def _each(self) -> Iterator[str]:
        while True:
            line = self._lines.readline()
            if not line:
                block = self.next_block()
                if not block:
                    return
                self._begin(block)
                continue
            self.line_count += 1
            yield line


class BrokenQuoting(Exception):  # noqa: N818
    """Python's reader cannot go on at a line of the file, for a reason."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line, self.reason = line, reason


def block_batches(
    lines: TextLines, header: TableHeader, wanted: Wanted, *, delimiter: str, first: int, facts: FileFacts
) -> Iterator[Batch | PackedBatch]:
    """Yield the rows of all blocks, numbered from ``first``."""
    consumed = () if wanted.keeps_place_columns else tuple(header.places.values())
    while block := lines.next_block():
        packed = _packed(block, header, consumed, first=first, delimiter=delimiter, facts=facts)
        if packed is not None:
            first += packed.xy.shape[1]
            lines.line_count += block.count(b"\n")
            yield packed
            continue
        counted = _Counted(lines.rows_of(block, delimiter))
        yield from batches(counted, header, wanted, facts=facts, first=first)
        first += counted.count


class _Counted:
    """Rows, and how many there were."""

    def __init__(self, rows: Iterator[list[str]]) -> None:
        self._rows, self.count = rows, 0

    def __iter__(self) -> Iterator[list[str]]:
        for row in self._rows:
            self.count += 1
            yield row


def _packed(
    block: bytes, header: TableHeader, consumed: tuple[int, ...], *, first: int, delimiter: str, facts: FileFacts
) -> PackedBatch | None:
    """Return the rows of a block as columns; None if it holds anything out of the ordinary."""
    cells = _columns(block, len(header.names), delimiter)
    if cells is None:
        return None
    faults: list[CellFault] = []
    xy = _positions(cells[header.places["lon"]], cells[header.places["lat"]], facts, faults=faults)
    columns = {name: _without_guard(cells[at]) for at, name in enumerate(header.names) if name and at not in consumed}
    return PackedBatch(first, columns, xy, faults)


def _columns(block: bytes, width: int, delimiter: str) -> list[TextColumn] | None:
    if not block.endswith(b"\n"):
        block += b"\n"
    raw = np.frombuffer(block, dtype=np.uint8)
    separators = np.flatnonzero((raw == ord(delimiter)) | (raw == _NEWLINE))
    if b'"' in block:
        quotes = np.flatnonzero(raw == _QUOTE)
        if not _are_regular(quotes, raw, ord(delimiter)):
            return None
        separators = separators[np.searchsorted(quotes, separators) % 2 == 0]
    if b"\0" in block or not len(separators) or len(separators) % width or separators[-1] != len(raw) - 1:
        return None
    table = separators.reshape(-1, width)
    is_end = raw[table] == _NEWLINE
    if is_end[:, :-1].any() or not is_end[:, -1].all():
        return None
    cut = _line_end_bytes(raw, table[:, -1])
    if cut is None or int(np.diff(separators, prepend=-1).max()) > MAX_FIELD_CHARS:
        return None
    ends = np.concatenate([[0], separators + 1]).astype(np.int32)
    flat = pa.BinaryArray.from_buffers(pa.binary(), len(separators), [None, pa.py_buffer(ends), pa.py_buffer(block)])
    rows = np.arange(0, len(separators), width)
    found = []
    for at in range(width):
        cells = pc.binary_slice(flat.take(pa.array(rows + at)), 0, -cut if at == width - 1 else -1)
        found.append(_unquoted(cells).view(pa.string()) if b'"' in block else cells.view(pa.string()))
    return found


def _are_regular(quotes: Positions, raw: npt.NDArray[np.uint8], delimiter: int) -> bool:
    """Return whether every mark opens or closes a whole field, or is doubled within one."""
    if len(quotes) % 2:
        return False
    before = np.where(quotes[::2] > 0, raw[quotes[::2] - 1], _NEWLINE)
    after = raw[quotes[1::2] + 1]  # a block ends with a line's end
    opens = np.isin(before, (delimiter, _NEWLINE, _QUOTE))
    closes = np.isin(after, (delimiter, _NEWLINE, _RETURN, _QUOTE))
    return bool(opens.all() and closes.all())


def _line_end_bytes(raw: npt.NDArray[np.uint8], ends: Positions) -> int | None:
    """Return how long the line ends are; None if they vary, or there are others."""
    returns = int((raw == _RETURN).sum())
    if not returns:
        return 1
    is_double = returns == len(ends) and ends[0] > 0 and bool((raw[ends - 1] == _RETURN).all())
    return 2 if is_double else None


def _unquoted(cells: TextColumn) -> TextColumn:
    is_quoted = pc.starts_with(cells, '"')
    if not pc.any(is_quoted).as_py():
        return cells
    inner = pc.replace_substring(pc.binary_slice(cells, 1, -1), '""', '"')
    return pc.if_else(is_quoted, inner, cells)


def _without_guard(cells: TextColumn) -> TextColumn:
    if not pc.any(pc.starts_with(cells, "'")).as_py():
        return cells
    return pc.replace_substring_regex(cells, _GUARD, r"\1")


def _positions(xs: TextColumn, ys: TextColumn, facts: FileFacts, *, faults: list[CellFault]) -> npt.NDArray[np.float64]:
    is_plain = pc.and_(*(pc.match_substring_regex(cells, _ORDINARY_NUMBER) for cells in (xs, ys)))
    odd = np.flatnonzero(~is_plain.to_numpy(zero_copy_only=False))
    found = np.empty((2, len(xs)))
    for axis, cells in enumerate((xs, ys)):
        numbers = cells if not len(odd) else pc.if_else(is_plain, cells, "nan")
        found[axis] = pc.cast(numbers, pa.float64()).to_numpy(zero_copy_only=False)
    for at in odd.tolist():
        try:
            found[:, at] = shapes.text_position(
                xs[at].as_py().strip(), ys[at].as_py().strip(), height=False, facts=facts
            )
        except shapes.BadGeometry as bad:
            faults.append(CellFault(at, None, bad.fault))
    return found
