"""Records gathered into typed columns; what does not fit is noted, row by row."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from gis_app.importers.headers import plain
from gis_app.importers.kinds import Column, ColumnType, KindTable
from gis_app.importers.problems import ProblemLog
from gis_app.importers.records import Record
from gis_app.importers.values import BadValue, Reading, Value, read_value

_DTYPES = {ColumnType.WHOLE: "Int64", ColumnType.NUMBER: "float64", ColumnType.YES_NO: "bool"}


class Table:
    """The columns of one kind while they fill, and where each row lies."""

    def __init__(self, kind: KindTable, reading: Reading, log: ProblemLog) -> None:
        self._kind = kind
        self._reading = reading
        self._log = log
        self._header_names = kind.header_names()
        self._values: dict[str, list[Value]] = {column.name: [] for column in kind.columns}
        self._absent: dict[str, list[int]] = {column.name: [] for column in kind.columns if column.required}
        self._headers_of: dict[tuple[str, ...], dict[str, str]] = {}
        self.unused_headers: set[str] = set()
        self.rows: list[int] = []
        self.has_place: list[bool] = []
        self.xy: list[tuple[float, float]] = []
        self.wkb: list[str] = []

    def extend(self, records: Iterable[Record]) -> None:
        """Take in all records, then note columns that are missing as a whole."""
        for record in records:
            self._add(record)
        for column in self._kind.columns:
            self._note_absent(column, self._absent.get(column.name, []))

    def _add(self, record: Record) -> None:
        self.rows.append(record.row)
        self.has_place.append(record.fault is None)
        if record.fault is not None:
            self._log.add(record.row, "geometry", record.fault.problem, record.fault.remedy, **record.fault.params)
        elif record.xy is not None:
            self.xy.append(record.xy)
        elif record.wkb is not None:
            self.wkb.append(record.wkb)
        headers = self._headers(record)
        for column in self._kind.columns:
            header = headers.get(column.name)
            self._values[column.name].append(self._read(record, column, header))

    def _read(self, record: Record, column: Column, header: str | None) -> Value:
        if header is None:
            if column.required:
                self._absent[column.name].append(record.row)
            return column.default
        try:
            return read_value(record.values[header], column, self._reading)
        except BadValue as bad:
            self._log.add(record.row, header, bad.problem, bad.remedy, **bad.params)
            return None

    def _headers(self, record: Record) -> dict[str, str]:
        """Return the header each column has in this record; sets of headers repeat, so they are kept."""
        key = tuple(record.values)
        if key not in self._headers_of:
            self._headers_of[key] = self._matched(record.row, key)
        return self._headers_of[key]

    def _matched(self, row: int, headers: tuple[str, ...]) -> dict[str, str]:
        matched: dict[str, str] = {}
        for header in headers:
            column = self._header_names.get(plain(header))
            if column is None:
                self.unused_headers.add(header)
            elif matched.setdefault(column, header) != header:
                self._log.add(
                    row,
                    header,
                    "The columns {first} and {second} both stand for {column}.",
                    "Keep one of them.",
                    first=matched[column],
                    second=header,
                    column=column,
                )
        return matched

    def _note_absent(self, column: Column, rows: list[int]) -> None:
        if rows and len(rows) == len(self.rows):
            self._log.add(
                rows[0],
                column.name,
                "The file has no column for {column}, which is required.",
                "Add a column with one of these names: {names}.",
                column=column.name,
                names=", ".join((column.name, *column.aliases)),
            )
            return
        for row in rows:
            self._log.add(row, column.name, "The value is missing.", "Fill it in; this field is required.")

    def frame(self) -> pd.DataFrame:
        """Return the columns, typed, with ``source_row``; text is ``object`` with None where it is empty."""
        typed = {column.name: _typed(self._values[column.name], column) for column in self._kind.columns}
        return pd.DataFrame({"source_row": pd.Series(self.rows, dtype="int64"), **typed})


def _typed(values: list[Value], column: Column) -> pd.Series:
    if column.type is ColumnType.TIME:
        return pd.Series(values, dtype="datetime64[us, UTC]")
    return pd.Series(values, dtype=_DTYPES.get(column.type, "object"))
