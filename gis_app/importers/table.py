"""Batches gathered into typed columns; what does not fit is noted, row by row."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from gis_app.importers.column_values import empty_column, read_column
from gis_app.importers.headers import PLACE_HEADERS, plain
from gis_app.importers.kinds import Column, KindTable
from gis_app.importers.mapping import ColumnMapping, constant_column
from gis_app.importers.problems import ProblemLog
from gis_app.importers.records import Batch, PackedBatch
from gis_app.importers.values import Reading


class Table:
    """The columns of one kind while they fill, and where each row lies."""

    def __init__(
        self, kind: KindTable, reading: Reading, log: ProblemLog, mapping: ColumnMapping | None = None
    ) -> None:
        self._kind = kind
        self._reading = reading
        self._log = log
        self._mapping = mapping
        self._header_names = kind.header_names() if mapping is None else mapping.header_names()
        self._parts: dict[str, list[pd.Series]] = {column.name: [] for column in kind.columns}
        self._absent: dict[str, list[int]] = {column.name: [] for column in kind.columns if column.required}
        self._told_twice: set[str] = set()
        self.unused_headers: set[str] = set()
        self.headers: dict[str, None] = {}
        self._rows: list[npt.NDArray[np.int64]] = []
        self._count = 0
        self.has_place: list[npt.NDArray[np.bool_]] = []
        self.xy: list[npt.NDArray[np.float64]] = []
        self.wkb: list[str] = []
        self.place_columns: set[str] = set()
        self.place_names: list[tuple[str, str]] = []

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """The numbers of the rows in the file."""
        return np.concatenate([np.zeros(0, dtype=np.int64), *self._rows])

    def extend(self, batches: Iterable[Batch | PackedBatch], *, has_places: bool = True) -> None:
        """Take in all batches, then note columns that are missing as a whole."""
        for batch in batches:
            self._add(batch, has_places=has_places)
        for column in self._kind.columns:
            self._note_absent(column, self._absent.get(column.name, []))

    def _add(self, batch: Batch | PackedBatch, *, has_places: bool) -> None:
        self._rows.append(np.array(batch.rows, dtype=np.int64))
        self._count += len(batch.rows)
        self.headers.update(dict.fromkeys(batch.columns))
        self._note_faults(batch)
        self._take_places(batch, has_places=has_places)
        headers = self._matched(batch)
        for column in self._kind.columns:
            self._take_column(batch, column, headers)

    def _note_faults(self, batch: Batch | PackedBatch) -> None:
        for found in batch.faults:
            row, fault = batch.rows[found.position], found.fault
            self._log.add(row, found.header or "geometry", fault.problem, fault.remedy, **fault.params)

    def _take_places(self, batch: Batch | PackedBatch, *, has_places: bool) -> None:
        if not has_places:
            names, within = (self._place_cells(batch, role) for role in ("place_name", "place_within"))
            self.place_names.extend(zip(within, names, strict=True))
            self.has_place.append(np.ones(len(batch.rows), dtype=np.bool_))
            return
        self.wkb.extend(each for each in batch.wkb or () if each is not None)
        if batch.xy is not None:
            pairs = np.array(batch.xy, dtype=np.float64).T
            is_placed: npt.NDArray[np.bool_] = ~np.isnan(pairs.sum(axis=1))
            self.xy.append(pairs[is_placed])
            self.has_place.append(is_placed)
        else:
            given = [each is not None for each in batch.wkb or [None] * len(batch.rows)]
            self.has_place.append(np.array(given, dtype=np.bool_))

    def _place_cells(self, batch: Batch | PackedBatch, role: str) -> list[str]:
        told = self._mapping.place_headers() if self._mapping is not None else {}
        known = {plain(told[role])} if role in told else set(() if told else PLACE_HEADERS[role])
        found = next((name for name in batch.columns if plain(name) in known), None)
        if found is not None:
            self.place_columns.add(found)
        cells = batch.columns[found] if found is not None else None
        return ["" if cell is None else str(cell).strip() for cell in cells or [None] * len(batch.rows)]

    def _take_column(self, batch: Batch | PackedBatch, column: Column, headers: dict[str, list[str]]) -> None:
        parts, before = self._parts[column.name], self._count - len(batch.rows)
        values = self._read(batch, column, headers)
        if values is not None:
            missing = before - sum(map(len, parts))
            parts.extend([empty_column(missing, column)] if missing else [])
            parts.append(values)

    def _read(self, batch: Batch | PackedBatch, column: Column, headers: dict[str, list[str]]) -> pd.Series | None:
        """Return the values of a column in a batch; None if the batch does not have it."""
        constant = constant_column(column, self._mapping)
        names = headers.get(column.name, [])
        if constant is not None:
            cells: list[object] = [constant] * len(batch.rows)
        elif not names:
            if column.name in self._absent:
                self._absent[column.name].extend(batch.rows)
            return None
        else:
            cells = batch.columns[names[0]] if len(names) == 1 else self._merged(batch, column, names)
        values, faults = read_column(cells, column, self._reading)
        told = {found.position for found in batch.faults if found.header in names}
        for at, bad in faults:
            if at in told:
                continue
            header = self._header_of(batch, names, at, column)
            self._log.add(batch.rows[at], header, bad.problem, bad.remedy, **bad.params)
        return values

    @staticmethod
    def _header_of(batch: Batch | PackedBatch, names: list[str], at: int, column: Column) -> str:
        return next((name for name in names if batch.columns[name][at] is not None), (names or [column.name])[0])

    def _merged(self, batch: Batch | PackedBatch, column: Column, names: list[str]) -> list[object]:
        """Return the cells of headers that stand for one column: where they vary from row to row, one is filled."""
        merged: list[object] = []
        for at, row in enumerate(batch.rows):
            filled = [name for name in names if batch.columns[name][at] is not None]
            if len(filled) > 1 and column.name not in self._told_twice:
                self._told_twice.add(column.name)
                self._log.add(
                    row,
                    filled[1],
                    "The columns {first} and {second} both stand for {column}.",
                    "Keep one of them.",
                    first=filled[0],
                    second=filled[1],
                    column=column.name,
                )
            merged.append(batch.columns[filled[0]][at] if filled else None)
        return merged

    def _matched(self, batch: Batch | PackedBatch) -> dict[str, list[str]]:
        """Return the headers of each column in this batch."""
        matched: dict[str, list[str]] = {}
        for header in batch.columns:
            column = self._header_names.get(plain(header))
            if column is None:
                self.unused_headers.add(header)
            else:
                matched.setdefault(column, []).append(header)
        return matched

    def _note_absent(self, column: Column, rows: list[int]) -> None:
        if rows and len(rows) == self._count:
            self._log.add(
                rows[0],
                column.name,
                "The file has no column for {column}, which is required.",
                "Add a column with one of these names: {names}.",
                column=column.name,
                names=", ".join((column.name, *column.aliases)),
            )
            self._log.mark_bad(rows)
            return
        for row in rows:
            self._log.add(row, column.name, "The value is missing.", "Fill it in; this field is required.")

    def frame(self) -> pd.DataFrame:
        """Return the columns, typed, with ``source_row``; text is ``object`` with None where it is empty."""
        typed = {column.name: self._whole(column) for column in self._kind.columns}
        return pd.DataFrame({"source_row": self.rows, **typed}, copy=False)

    def _whole(self, column: Column) -> pd.Series:
        parts = self._parts[column.name]
        missing = self._count - sum(map(len, parts))
        whole = [*parts, empty_column(missing, column)] if missing or not parts else parts
        return pd.concat(whole, ignore_index=True) if len(whole) > 1 else whole[0]
