"""A file of any columns: its rows as they are, what its columns hold, and where its rows lie in EPSG:4326.

Read in the same sandbox and with the same checks as a file of a known kind; nothing is guessed of its datum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from gis_app.domain.errors import InvalidInput
from gis_app.domain.workspaces import DataColumn, property_names
from gis_app.importers import datums, formats, sandbox
from gis_app.importers.file_copy import private_copy
from gis_app.importers.file_notes import Note, file_notes
from gis_app.importers.own_values import Value, learned
from gis_app.importers.placing import Geometries, geometries_of, located
from gis_app.importers.problems import ProblemLog
from gis_app.importers.records import Batch, FileFacts, PackedBatch, Shape, Wanted
from gis_app.importers.values import FORBIDDEN

SHAPES = (Shape.POINT, Shape.LINE, Shape.POLYGON)
_LONGEST_TITLE = 200
_FIRST_TRIED = {"osm": Shape.LINE}
_SHAPE_OF = {
    **dict.fromkeys(("Point", "MultiPoint"), Shape.POINT),
    **dict.fromkeys(("LineString", "MultiLineString"), Shape.LINE),
    **dict.fromkeys(("Polygon", "MultiPolygon"), Shape.POLYGON),
}


@dataclass(frozen=True)
class OwnTable:
    """A file of any columns that passed every check.

    Parameters
    ----------
    columns
        In the order of the file, with the kind of their values.
    rows
        Number of each row in the file, ascending.
    values
        By the name of the column, one for each row; moments in UTC.
    geometries
        Shape ``(n,)``: one for each row, EPSG:4326, all of ``shape``.
    """

    file_format: str
    file_sha256: str
    datum: str
    shape: Shape
    columns: tuple[DataColumn, ...]
    rows: list[int]
    values: dict[str, list[Value]]
    geometries: Geometries
    notes: tuple[Note, ...]


def read_own(
    path: Path,
    *,
    file_name: str,
    datum: str | None,
    most_rows: int,
    shape: Shape | None = None,
    file_format: str | None = None,
) -> OwnTable:
    """Return the rows of a file: all of them, or none.

    Parameters
    ----------
    file_name
        What the file is called, for messages.
    datum
        ``wgs84``, ``cgcs2000``, ``gcj02``, ``bd09`` or ``EPSG:n``; None if the file says it itself.
    most_rows
        A longer file is refused.
    shape
        What its rows are; None to go by its first row.

    Raises
    ------
    ImportRefused
        If any row has a problem.
    InvalidInput
        If the file is empty, of an unknown format or datum, too long, or does not say where its rows lie.
    Refused
        If the file as a whole cannot be read, is hostile or beyond a limit.
    Unavailable
        If this machine offers no safe way to read it.
    """
    declared = None if datum is None else datums.normalised(datum)
    format_name = formats.format_name(path, file_format)
    source, sha256 = private_copy(path, formats.IMPORTERS[format_name].max_bytes)
    with source:
        gathered = _Gathered(shape or _FIRST_TRIED.get(format_name, Shape.POINT))
        gathered.read(source, format_name, most_rows=most_rows)
        if shape is None and gathered.first_shape not in (None, gathered.shape):
            source.seek(0)
            gathered = _Gathered(gathered.first_shape or Shape.POINT)
            gathered.read(source, format_name, most_rows=most_rows)
    if not gathered.rows:
        raise InvalidInput(
            "The file {file_name} holds no rows.", remedy="Check that it is the right file.", file_name=file_name
        )
    settled = datums.settle(declared, gathered.facts.declared_datum, file_name=file_name)
    return gathered.table(file_name, format_name, sha256, settled)


@dataclass
class _Gathered:
    """The rows of a file while they come, and what is wrong with them."""

    shape: Shape
    log: ProblemLog = field(default_factory=ProblemLog)
    facts: FileFacts = field(default_factory=FileFacts)
    rows: list[int] = field(default_factory=list)
    cells: dict[str, list[object]] = field(default_factory=dict)
    xy: list[tuple[float, float]] = field(default_factory=list)
    wkb: list[str] = field(default_factory=list)
    first_shape: Shape | None = None

    def read(self, source: IO[bytes], format_name: str, *, most_rows: int) -> None:
        """Take in the whole file; each time from its start."""
        wanted = Wanted(self.shape)
        for batch in sandbox.read_batches(source, format_name, wanted, facts=self.facts):
            if not self.facts.has_places:
                raise InvalidInput(
                    "The table has no columns that say where its rows lie.",
                    remedy="Name them lon and lat (经度, 纬度) for points, or wkt for lines and polygons.",
                )
            self._add(batch.chosen(range(len(batch.rows))) if isinstance(batch, PackedBatch) else batch)
            if len(self.rows) > most_rows:
                raise InvalidInput(
                    "The file has more rows than you may keep: {most} are left to you.",
                    remedy="Bring fewer rows, or delete a data set first.",
                    most=most_rows,
                )

    def _add(self, batch: Batch) -> None:
        before = len(self.rows)
        self.rows.extend(batch.rows)
        for header in batch.columns:
            self.cells.setdefault(header, [None] * before)
        for header, kept in self.cells.items():
            kept.extend(batch.columns.get(header) or [None] * len(batch.rows))
        for found in batch.faults:
            fault = found.fault
            self.log.add(batch.rows[found.position], _seen(found.header or "geometry"), fault.problem, fault.remedy,
                         **fault.params)  # fmt: skip
        self._place(batch)

    def _place(self, batch: Batch) -> None:
        faults = {found.position: found.fault for found in batch.faults if found.header is None}
        for at, row in enumerate(batch.rows):
            x, y = (batch.xy[0][at], batch.xy[1][at]) if batch.xy is not None else (None, None)
            wkb = batch.wkb[at] if batch.wkb is not None else None
            seen: Shape | None = self.shape
            if x is not None and y is not None:
                self.xy.append((x, y))
            elif wkb is not None:
                self.wkb.append(wkb)
            elif at in faults:
                seen = _SHAPE_OF.get(str(faults[at].params.get("found")))
            else:
                seen = None
                self.log.add(row, "geometry", "The row has no geometry.", "Give every row a geometry.")
            self.first_shape = self.first_shape or seen

    def table(self, file_name: str, file_format: str, sha256: str, datum: str) -> OwnTable:
        """Return the rows once all are there; raises ``ImportRefused`` if any has a problem."""
        names = property_names(self.cells)
        columns, values = [], {}
        for header, cells in self.cells.items():
            title = _seen(header) or names[header]
            kind, values[names[header]] = learned(title, cells, self.rows, self.log)
            columns.append(DataColumn(names[header], title, kind))
        self.log.refuse_if_any(file_name)
        source = geometries_of(np.array(self.xy, dtype=np.float64).reshape(-1, 2), self.wkb, self.shape)
        found = located(np.array(self.rows, dtype=np.int64), source, datum, log=self.log, city=None)
        self.log.refuse_if_any(file_name)
        notes = file_notes(self.facts)
        return OwnTable(file_format, sha256, datum, self.shape, tuple(columns), self.rows, values, found, notes)


def _seen(header: str) -> str:
    """Return a header without characters that no text may hold, and of a length that is read."""
    return FORBIDDEN.sub("", header).strip()[:_LONGEST_TITLE]
