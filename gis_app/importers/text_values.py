"""Whole columns of text read at once: ordinary cells by pattern and arithmetic, the others by ``values.read_value``.

A cell is ordinary if it fits a pattern that says beyond doubt what ``read_value`` would make of it; every other cell,
good or bad, is read by it, each distinct text once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gis_app.importers.kinds import Column, ColumnType
from gis_app.importers.records import TextColumn
from gis_app.importers.values import CLOCK_SLACK, FIRST_YEAR, BadValue, Reading, read_value

Faults = list[tuple[int, BadValue]]
Mask = npt.NDArray[np.bool_]
Ordinary = Callable[[TextColumn, Column, Reading], tuple[npt.NDArray[Any], Mask]]
"""Returns the values of a column and which of its cells are ordinary; the other values say nothing."""

_LONGEST_CODE = 64
_FEW = 0.2
_TRIED = 1000
# Besides what no text may hold: a blank at either end, or nothing but blanks. More is caught than need be.
_ODD_TEXT = (
    r"^$|^[\s\p{Z}\x{85}]|[\s\p{Z}\x{85}]$|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}]"
    r"|[\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}\x{feff}\x{fffe}\x{ffff}]"
)
_CODE = r"^[A-Za-z0-9_.:-]{1,64}$"
_ROUNDED = r"^[0-9](\.[0-9]+)?[Ee]\+?[0-9]+$"
_WHOLE = r"^[0-9]{1,15}$"
_NUMBER = r"^[0-9]{1,15}(\.[0-9]{1,20})?$"
# A day that every year has: the 29th of February is left to the calendar.
_MOMENT = (
    r"^[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
)
_FILLER = "2026-01-01T00:00:00"


def read_texts(cells: TextColumn, column: Column, reading: Reading) -> tuple[npt.NDArray[Any], Faults]:
    """Return the checked values of a column, and what is wrong by position.

    Returns
    -------
    Shape ``(n,)``: objects, None where a cell is empty or wrong; of times ``datetime64[us]`` in UTC, NaT there.
    """
    ordinary = _ORDINARY.get(column.type)
    if ordinary is None or _says_few_words(cells):
        words = cells.dictionary_encode()
        values, odd_words = _each(words.dictionary, column, reading, ordinary=ordinary)
        at = words.indices.to_numpy()
        return values[at], _of_rows(odd_words, at)
    return _each(cells, column, reading, ordinary=ordinary)


def _says_few_words(cells: TextColumn) -> bool:
    tried = cells.slice(0, _TRIED)
    return len(tried) == _TRIED and pc.count_distinct(tried).as_py() <= _FEW * _TRIED


def _of_rows(faults: Faults, at: npt.NDArray[np.int32]) -> Faults:
    """Return the faults of words as those of the rows that say them."""
    if not faults:
        return []
    bad_of = dict(faults)
    rows = np.flatnonzero(np.isin(at, list(bad_of)))
    return [(int(row), bad_of[int(at[row])]) for row in rows]


def _each(
    cells: TextColumn, column: Column, reading: Reading, *, ordinary: Ordinary | None
) -> tuple[npt.NDArray[Any], Faults]:
    if ordinary is None:
        values, odd = np.full(len(cells), None, dtype=object), np.arange(len(cells))
    else:
        values, is_ordinary = ordinary(cells, column, reading)
        odd = np.flatnonzero(~is_ordinary)
    return (values, _one_by_one(cells, values, odd, column=column, reading=reading)) if len(odd) else (values, [])


def _one_by_one(
    cells: TextColumn, values: npt.NDArray[Any], odd: npt.NDArray[np.int64], *, column: Column, reading: Reading
) -> Faults:
    """Fill in the values of some cells and return what is wrong with them."""
    is_time = values.dtype != np.object_
    known: dict[str, Any] = {}
    faults: Faults = []
    for at, cell in zip(odd.tolist(), cells.take(pa.array(odd)).to_pylist(), strict=True):
        if cell not in known:
            try:
                known[cell] = read_value(cell, column, reading)
            except BadValue as bad:
                known[cell] = bad
        found = known[cell]
        if isinstance(found, BadValue):
            faults.append((at, found))
            found = None
        values[at] = _as_utc(found) if is_time else found
    return faults


def _as_utc(moment: datetime | None) -> np.datetime64:
    return np.datetime64("NaT", "us") if moment is None else np.datetime64(moment.replace(tzinfo=None), "us")


def _mask(found: Any) -> Mask:
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _texts(cells: TextColumn, column: Column, _: Reading) -> tuple[npt.NDArray[Any], Mask]:
    is_odd = pc.match_substring_regex(cells, _ODD_TEXT)
    is_long = pc.greater(pc.utf8_length(cells), int(column.limit))
    return _objects(cells), ~_mask(pc.or_(is_odd, is_long))


def _codes(cells: TextColumn, column: Column, _: Reading) -> tuple[npt.NDArray[Any], Mask]:
    is_code = _mask(pc.match_substring_regex(cells, _CODE)) & ~_mask(pc.match_substring_regex(cells, _ROUNDED))
    most = min(_LONGEST_CODE, int(column.limit))
    return _objects(cells), is_code & _mask(pc.less_equal(pc.utf8_length(cells), most))


def _objects(cells: TextColumn) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = cells.to_numpy(zero_copy_only=False)
    return found if found.flags.writeable else found.copy()


def _wholes(cells: TextColumn, column: Column, _: Reading) -> tuple[npt.NDArray[Any], Mask]:
    return _numbers(cells, column, pattern=_WHOLE, kind=pa.int64())


def _fractions(cells: TextColumn, column: Column, _: Reading) -> tuple[npt.NDArray[Any], Mask]:
    return _numbers(cells, column, pattern=_NUMBER, kind=pa.float64())


def _numbers(cells: TextColumn, column: Column, *, pattern: str, kind: Any) -> tuple[npt.NDArray[Any], Mask]:
    is_plain = pc.match_substring_regex(cells, pattern)
    numbers = pc.cast(pc.if_else(is_plain, cells, "0"), kind).to_numpy(zero_copy_only=False)
    return numbers.astype(object), _mask(is_plain) & (numbers <= column.limit)


def _moments(cells: TextColumn, column: Column, reading: Reading) -> tuple[npt.NDArray[Any], Mask]:
    is_utc = len(cells) > 0 and cells[0].as_py().endswith("Z")
    is_plain = pc.match_substring_regex(cells, _MOMENT + ("Z$" if is_utc else "$"))
    usable = _mask(is_plain)
    written = cells if usable.all() else pc.if_else(is_plain, cells, _FILLER + ("Z" if is_utc else ""))
    local = pc.cast(pc.utf8_slice_codeunits(written, 0, -1) if is_utc else written, pa.timestamp("us"))
    index = pd.DatetimeIndex(local.to_numpy(zero_copy_only=False))
    try:
        index = index.tz_localize("UTC" if is_utc else reading.time_zone).tz_convert("UTC")
    except ValueError:  # an hour that the change of clocks made twice or not at all
        return np.array(index), np.zeros(len(index), dtype=np.bool_)
    moments = index.tz_localize(None).to_numpy().astype("datetime64[us]")
    usable &= moments >= np.datetime64(f"{FIRST_YEAR}-01-01", "us")
    if reading.now is not None and not column.may_lie_ahead:
        latest = (reading.now + CLOCK_SLACK).astimezone(UTC).replace(tzinfo=None)
        usable &= moments <= np.datetime64(latest, "us")
    return moments, usable


_ORDINARY: dict[ColumnType, Ordinary] = {
    ColumnType.TEXT: _texts,
    ColumnType.CODE: _codes,
    ColumnType.TIME: _moments,
    ColumnType.WHOLE: _wholes,
    ColumnType.NUMBER: _fractions,
}
