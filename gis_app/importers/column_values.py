"""Whole columns of values: the ordinary ones at once, the others one by one with the sentences of ``values``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gis_app.importers.kinds import Column, ColumnType
from gis_app.importers.records import TextColumn
from gis_app.importers.text_values import Faults, read_texts
from gis_app.importers.values import CLOCK_SLACK, FIRST_YEAR, FORBIDDEN, BadValue, Reading, Value, read_value

_DTYPES = {ColumnType.WHOLE: "Int64", ColumnType.NUMBER: "float64", ColumnType.YES_NO: "bool"}
_ODD_CODE = re.compile(r"[^\S\n]|[/\\]|(?m:^[0-9](?:\.[0-9]+)?[Ee]\+?[0-9]+$)")
_LONGEST_CODE = 64
_SHORTEST_MOMENT, _LONGEST_MOMENT = 16, 26
_HOUR_MARK_AT = 10


def read_column(raw: Sequence[object] | TextColumn, column: Column, reading: Reading) -> tuple[pd.Series, Faults]:
    """Return the checked values of a column, typed, and what is wrong by position; a wrong value is empty.

    Text is ``object`` with None where it is empty.
    """
    if not isinstance(raw, list):
        read, wrong = read_texts(raw, column, reading)
        return _typed(read, column), wrong
    fast = _AT_ONCE.get(column.type)
    values = fast(raw, column, reading) if fast is not None else None
    if values is not None:
        return values, []
    faults: Faults = []
    return _typed(_one_by_one(raw, column, reading, faults=faults), column), faults


def empty_column(length: int, column: Column) -> pd.Series:
    """Return the default of a column, ``length`` times."""
    one = _typed([column.default], column)
    if one.dtype == np.object_:
        return pd.Series(np.full(length, column.default, dtype=object), dtype="object")
    return one.repeat(length).reset_index(drop=True)


def _one_by_one(raw: Sequence[object], column: Column, reading: Reading, *, faults: Faults) -> list[Value]:
    known: dict[object, Value] = {}
    values: list[Value] = []
    for at, cell in enumerate(raw):
        try:
            # True and 1 are one key of a dictionary, so only text is remembered.
            if isinstance(cell, str) and cell in known:
                values.append(known[cell])
                continue
            value = read_value(cell, column, reading)
        except BadValue as bad:
            faults.append((at, bad))
            values.append(None)
            continue
        if isinstance(cell, str):
            known[cell] = value
        values.append(value)
    return values


def _typed(values: list[Value] | npt.NDArray[Any], column: Column) -> pd.Series:
    if column.type is ColumnType.TIME:
        return pd.Series(values, dtype="datetime64[us, UTC]")
    return pd.Series(values, dtype=_DTYPES.get(column.type, "object"))


def _texts(raw: Sequence[object], column: Column, _: Reading) -> pd.Series | None:
    """Return a column of ordinary texts; None if a value is missing where it must not, too long or not plain text."""
    if not set(map(type, raw)) <= {str} or FORBIDDEN.search("".join(raw)):  # type: ignore[arg-type]
        return None
    texts: list[str] = [str.strip(cell) for cell in raw]  # type: ignore[arg-type]
    if not texts or max(map(len, texts)) > column.limit:
        return None
    if not all(texts):
        if column.required:
            return None
        return pd.Series([text or column.default for text in texts], dtype="object")
    return pd.Series(texts, dtype="object")


def _codes(raw: Sequence[object], column: Column, reading: Reading) -> pd.Series | None:
    texts = _texts(raw, column, reading)
    if texts is None or not all(texts):
        return None
    if max(map(len, texts)) > _LONGEST_CODE or _ODD_CODE.search("\n".join(texts)):
        return None
    return texts


def _moments(raw: Sequence[object], column: Column, reading: Reading) -> pd.Series | None:
    """Return a column of moments all written alike, as databases write them; None if they are not."""
    if not raw or not set(map(type, raw)) <= {str}:
        return None
    texts: list[str] = list(raw)  # type: ignore[arg-type]
    is_utc = all(text.endswith("Z") for text in texts)
    texts = [text[:-1] for text in texts] if is_utc else texts
    joined = "".join(texts)
    if not _is_uniform(texts, joined):
        return None
    try:
        index = pd.DatetimeIndex(np.array(texts, dtype="datetime64[us]"))
        index = index.tz_localize("UTC" if is_utc else reading.time_zone).tz_convert("UTC")
    except ValueError:  # no such day, or an hour that the change of clocks made twice or not at all
        return None
    latest = None if reading.now is None or column.may_lie_ahead else reading.now + CLOCK_SLACK
    return pd.Series(index, dtype="datetime64[us, UTC]") if _are_plausible(index, latest) else None


def _is_uniform(texts: list[str], joined: str) -> bool:
    lengths = set(map(len, texts))
    if len(lengths) != 1 or not _SHORTEST_MOMENT <= min(lengths) <= _LONGEST_MOMENT:
        return False
    length = min(lengths)
    marks = set(joined[_HOUR_MARK_AT::length])
    digits_and_marks = not set(joined) - set("0123456789-:.T ")
    return marks <= {" ", "T"} and digits_and_marks and joined.count("-") == 2 * len(texts) and joined.isascii()


def _are_plausible(index: pd.DatetimeIndex, latest: datetime | None) -> bool:
    return bool(index.min().year >= FIRST_YEAR and (latest is None or index.max() <= latest))


_AT_ONCE: dict[ColumnType, Callable[[Sequence[object], Column, Reading], pd.Series | None]] = {
    ColumnType.TEXT: _texts,
    ColumnType.CODE: _codes,
    ColumnType.TIME: _moments,
}
