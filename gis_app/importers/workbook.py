"""XLSX: the first sheet that holds a table, with one or two header lines, by calamine."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from gis_app.domain.errors import Refused
from gis_app.importers import archive
from gis_app.importers.headers import PLACE_HEADERS, plain
from gis_app.importers.records import MAX_FIELDS, Batch, FileFacts, Wanted
from gis_app.importers.tabular import Cells, batches, header_of

_MOST_LINES_BEFORE_HEADER = 10
_LEAST_HEADER_CELLS = 2
_PLACE_NAMES = frozenset(name for names in PLACE_HEADERS.values() for name in names)


def prepare(_name: str) -> None:
    """Load calamine."""
    import python_calamine  # noqa: F401


def read_xlsx(source: BinaryIO, wanted: Wanted, facts: FileFacts) -> Iterator[Batch]:
    """Yield the rows of a workbook's first sheet with a table, numbered as the spreadsheet shows them.

    A title above the header is passed over. A header of two lines with merged cells becomes one: the lower name, with
    the upper one before it where the lower repeats, and the upper one where there is no lower. Numbers in columns of
    times are spreadsheet days.

    Raises
    ------
    Refused
        If it is no workbook, is hostile or damaged, or no sheet has a header that can be used.
    """
    archive.vetted(source)
    source.seek(0)
    facts.serial_days = True
    name, rows = _first_table(_sheets(source.read()), facts)
    at = _header_at(rows)
    names, first = _header(rows, at)
    facts.note("Sheet {name}, header in row {row}.", name=name[:60], row=str(first)) if first > 1 else None
    header = header_of(names, wanted, facts)
    yield from batches(_cells(rows, first, len(names)), header, wanted, facts=facts, first=first + 1)


def _sheets(content: bytes) -> list[tuple[str, list[list[Any]]]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        found = []
        for name in book.sheet_names:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            if any(any(cell != "" for cell in row) for row in rows):
                found.append((name, rows))
        return found
    except (CalamineError, ValueError, OSError) as error:
        raise _not_a_workbook(str(error)[:120]) from None
    except BaseException as error:  # what Rust panics with is none of the above, and none of our own
        if isinstance(error, MemoryError | KeyboardInterrupt):
            raise
        raise _not_a_workbook("it is damaged") from None


def _not_a_workbook(reason: str) -> Refused:
    return Refused(
        "The file is not a readable XLSX workbook: {reason}.",
        remedy="Save it again in the spreadsheet as .xlsx, or as CSV UTF-8.",
        reason=reason,
    )


def _first_table(sheets: list[tuple[str, list[list[Any]]]], facts: FileFacts) -> tuple[str, list[list[Any]]]:
    if not sheets:
        raise Refused("The workbook is empty.", remedy="Save the data again.")
    if len(sheets) > 1:
        facts.note("The workbook has {count} sheets; {name} was read.", count=str(len(sheets)), name=sheets[0][0][:60])
    return sheets[0]


def _header_at(rows: Sequence[Sequence[Any]]) -> int:
    """Return the position of the first line with more than one name; a title above stands alone in its line."""
    for at, row in enumerate(rows[:_MOST_LINES_BEFORE_HEADER]):
        if sum(cell != "" for cell in row) >= _LEAST_HEADER_CELLS or len(row) == 1:
            return at
    return 0


def _header(rows: Sequence[Sequence[Any]], at: int) -> tuple[list[str], int]:
    """Return the names of the columns and the number of the last header line."""
    upper = [_text(cell) for cell in rows[at]]
    lower = [_text(cell) for cell in rows[at + 1]] if at + 1 < len(rows) else []
    width = len(upper)
    if not _is_second_line(upper, lower, rows[at + 1] if lower else ()):
        return _trimmed(upper), at + 1
    groups = list(upper)
    for column in range(1, width):
        if not groups[column] and lower[column]:
            groups[column] = groups[column - 1]
    repeated = {name for name in lower if name and lower.count(name) > 1}
    names = []
    for group, name in zip(groups, lower, strict=True):
        names.append(f"{group}_{name}" if name in repeated else name or group)
    return _trimmed(names), at + 2


def _is_second_line(upper: list[str], lower: list[str], cells: Sequence[Any]) -> bool:
    """Return whether the line below the header is a header too: text only, below gaps that merged cells leave."""
    filled = [column for column, name in enumerate(lower) if name]
    if not filled or any(not isinstance(cells[column], str) for column in filled):
        return False
    has_gap = any(not upper[column] for column in filled)
    return has_gap and all(not upper[column] or not _is_data(upper, column, lower) for column in filled)


def _is_data(upper: list[str], column: int, lower: list[str]) -> bool:
    """Return whether a text below a known name of a place is a value of it, as a village's name below 村."""
    return plain(upper[column]) in _PLACE_NAMES and plain(lower[column]) not in _PLACE_NAMES


def _trimmed(names: list[str]) -> list[str]:
    while names and not names[-1]:
        names.pop()
    return names[: MAX_FIELDS + 1]


def _text(cell: Any) -> str:
    return str(cell).strip()


def _cells(rows: Sequence[Sequence[Any]], first: int, width: int) -> Iterator[Cells]:
    for row in rows[first:]:
        cells = [_plain(cell) for cell in row[:width]]
        is_empty = all(cell is None for cell in cells)
        yield () if is_empty else [*cells, *[None] * (width - len(cells))]


def _plain(cell: Any) -> object:
    if cell == "" or cell is None:
        return None
    if isinstance(cell, bool | int):
        return cell
    if isinstance(cell, float):
        # Spreadsheets have no whole numbers: 312 comes as 312.0.
        return int(cell) if cell.is_integer() and abs(cell) < 2**53 else cell
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time | timedelta):
        return str(cell)
    return str(cell)
