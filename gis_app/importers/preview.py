"""Rows as they stand in a file, before anything is decided of it: its first ones, or those that were refused."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis_app.importers import datums, formats, sandbox
from gis_app.importers.file_copy import private_copy
from gis_app.importers.file_notes import Note, file_notes
from gis_app.importers.kinds import KINDS, ImportKind
from gis_app.importers.mapping import ColumnMapping, Guess, guess_mapping
from gis_app.importers.problems import RowProblem
from gis_app.importers.records import FileFacts, PackedBatch, Record, Wanted


@dataclass(frozen=True)
class RawRow:
    """A row as it stands in the file: its number, its cells by header, and its shape where it has one of its own.

    ``geometry`` is in the file's datum (``Preview``: in WGS-84 once the datum is known).
    """

    row: int
    values: Mapping[str, object]
    geometry: BaseGeometry | None
    problem: RowProblem | None = None


@dataclass(frozen=True)
class Preview:
    """The first rows of a file and what its columns seem to be.

    Parameters
    ----------
    row_count
        Rows in the whole file.
    declared_datum
        What the file itself says, None if nothing: then the sender is to be asked.
    has_places
        False if its rows say where they lie by a name only.
    guesses
        For each header the field it seems to stand for.
    """

    file_format: str
    file_sha256: str
    row_count: int
    declared_datum: str | None
    encoding: str
    has_places: bool
    headers: tuple[str, ...]
    guesses: Mapping[str, Guess]
    rows: tuple[RawRow, ...]
    notes: tuple[Note, ...]


def raw_rows(
    path: Path,
    kind: ImportKind,
    rows: Collection[int],
    *,
    file_format: str | None = None,
    mapping: ColumnMapping | None = None,
) -> Iterator[RawRow]:
    """Yield the rows of these numbers as they stand in the file, all their cells, in file order.

    Raises
    ------
    InvalidInput, Refused, Unavailable
        As ``read``.
    """
    format_name = formats.format_name(path, file_format)
    source, _ = private_copy(path, formats.IMPORTERS[format_name].max_bytes)
    wanted = Wanted(KINDS[kind].shape, mapping.place_headers() if mapping is not None else {}, True, packs=True)
    numbers = frozenset(rows)
    found: list[RawRow] = []
    with source:
        for batch in sandbox.read_batches(source, format_name, wanted, facts=FileFacts()):
            chosen = [at for at, row in enumerate(batch.rows) if row in numbers]
            if chosen:
                part = batch.chosen(chosen) if isinstance(batch, PackedBatch) else batch
                found.extend(_raw(record) for record in part.records() if record.row in numbers)
    # Not before the reader has ended well.
    yield from found


def preview(
    path: Path,
    kind: ImportKind,
    *,
    datum: str | None = None,
    file_format: str | None = None,
    mapping: ColumnMapping | None = None,
    limit: int = 20,
) -> Preview:
    """Return the first rows of a file, what its columns seem to be, and what it says of its datum.

    Geometries are in WGS-84 if the datum is declared or the file says it, else in the file's own coordinates.

    Raises
    ------
    InvalidInput, Refused, Unavailable
        As ``read``, but for rows with problems: each row shown carries its own.
    """
    format_name = formats.format_name(path, file_format)
    source, sha256 = private_copy(path, formats.IMPORTERS[format_name].max_bytes)
    wanted = Wanted(KINDS[kind].shape, mapping.place_headers() if mapping is not None else {}, True, packs=True)
    facts, count, shown = FileFacts(), 0, list[Record]()
    headers: dict[str, None] = {}
    with source:
        for batch in sandbox.read_batches(source, format_name, wanted, facts=facts):
            count += len(batch.rows)
            headers.update(dict.fromkeys(batch.columns))
            if len(shown) < limit:
                first = range(min(len(batch.rows), limit - len(shown)))
                part = batch.chosen(first) if isinstance(batch, PackedBatch) else batch
                shown.extend(islice(part.records(), len(first)))
    known = datum or facts.declared_datum
    convert = None if known is None else datums.to_wgs84(datums.normalised(known))
    return Preview(
        file_format=format_name,
        file_sha256=sha256,
        row_count=count,
        declared_datum=facts.declared_datum and datums.normalised(facts.declared_datum),
        encoding=facts.encoding,
        has_places=facts.has_places,
        headers=tuple(headers),
        guesses=guess_mapping(headers, kind),
        rows=tuple(_raw(record, convert) for record in shown),
        notes=file_notes(facts),
    )


def _raw(record: Record, convert: datums.Convert | None = None) -> RawRow:
    geometry: BaseGeometry | None = None
    if record.xy is not None:
        geometry = shapely.Point(record.xy)
    elif record.wkb is not None:
        geometry = shapely.from_wkb(record.wkb)
    if geometry is not None and convert is not None:
        geometry = shapely.transform(geometry, lambda xy: np.column_stack(convert(xy[:, 0], xy[:, 1])))
    problem = None
    if record.fault is not None:
        fault = record.fault
        problem = RowProblem(record.row, "geometry", fault.problem, fault.remedy, fault.params)
    return RawRow(record.row, record.values, geometry, problem)
