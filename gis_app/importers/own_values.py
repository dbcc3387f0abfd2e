"""What the values of a column of any name are, learned from all of them: nothing is lost by it, else they stay text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime

from gis_app.domain.workspaces import ValueKind
from gis_app.importers.problems import ProblemLog
from gis_app.importers.values import FORBIDDEN, day_or_moment

LONGEST_TEXT = 4000
_LARGEST = 2**53
# A code with zeros in front, or more digits than a number holds, is a text.
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,17})?([eE][+-]?[0-9]{1,3})?")
_TRUTH = {"true": True, "是": True, "false": False, "否": False}

Value = str | int | float | bool | datetime | date | None


def learned(
    header: str, cells: Sequence[object], rows: Sequence[int], log: ProblemLog
) -> tuple[ValueKind, list[Value]]:
    """Return what the values of a column are, and the values; what no text can hold is noted by row.

    Parameters
    ----------
    header
        Of the column.
    cells, rows
        Shape ``(n,)``: the cells as they were read, and the rows' numbers in the file.
    """
    filled = [None if isinstance(cell, str) and not cell.strip() else cell for cell in cells]
    for kind, read in _READERS:
        values = _all(filled, read)
        if values is not None:
            return kind, values
    return ValueKind.TEXT, [_text(header, cell, row, log) for cell, row in zip(filled, rows, strict=True)]


def _all(cells: Sequence[object], read: Callable[[object], Value]) -> list[Value] | None:
    """Return all cells as they are read, None where one cannot be, or all are empty."""
    values: list[Value] = []
    for cell in cells:
        value = None if cell is None else read(cell)
        if value is None and cell is not None:
            return None
        values.append(value)
    return values if any(value is not None for value in values) else None


def _truth(cell: object) -> bool | None:
    if isinstance(cell, str):
        return _TRUTH.get(cell.strip().lower())
    return cell if isinstance(cell, bool) else None


def _integer(cell: object) -> int | None:
    if isinstance(cell, str):
        return int(cell) if _INTEGER.fullmatch(cell.strip()) else None
    usable = isinstance(cell, int) and not isinstance(cell, bool) and abs(cell) < _LARGEST
    return int(str(cell)) if usable else None


def _number(cell: object) -> float | None:
    if isinstance(cell, str):
        made = float(cell) if _NUMBER.fullmatch(cell.strip()) else math.nan
    else:
        whole = _integer(cell)
        made = cell if isinstance(cell, float) else math.nan if whole is None else float(whole)
    return made if math.isfinite(made) else None


def _day(cell: object) -> date | None:
    found = day_or_moment(cell) if isinstance(cell, str) else None
    return None if isinstance(found, datetime) else found


def _moment(cell: object) -> datetime | None:
    found = day_or_moment(cell) if isinstance(cell, str) else None
    return found if isinstance(found, datetime) else None


_READERS: tuple[tuple[ValueKind, Callable[[object], Value]], ...] = (
    (ValueKind.BOOLEAN, _truth),
    (ValueKind.INTEGER, _integer),
    (ValueKind.NUMBER, _number),
    (ValueKind.DATE, _day),
    (ValueKind.MOMENT, _moment),
)


def _text(header: str, cell: object, row: int, log: ProblemLog) -> str | None:
    if cell is None:
        return None
    text = cell.strip() if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
    hidden = FORBIDDEN.search(text)
    if hidden:
        log.add(row, header, "The text holds the control character U+{code} at position {place}.",
                "Remove it; line breaks and tabs are allowed.", code=f"{ord(hidden.group()):04X}",
                place=hidden.start() + 1)  # fmt: skip
    elif len(text) > LONGEST_TEXT:
        log.add(row, header, "The text has {found} characters; at most {limit} are allowed.", "Shorten it.",
                found=len(text), limit=LONGEST_TEXT)  # fmt: skip
    return text
