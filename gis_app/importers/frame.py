"""The import frame: one file in, one checked GeoDataFrame in EPSG:4326 out, or every problem of it.

The file is read in a sandbox, in its declared datum; nothing is guessed or repaired. ``read`` gives all rows or none,
``check`` the good rows and the problems of the others apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import islice
from pathlib import Path

import geopandas
import numpy as np

from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import CITY_TIME
from gis_app.importers import area_names, checks, datums, formats, sandbox, vocabulary
from gis_app.importers.file_copy import private_copy
from gis_app.importers.file_notes import Note, notes_of
from gis_app.importers.kinds import KINDS, ImportKind
from gis_app.importers.mapping import ColumnMapping, require_usable
from gis_app.importers.placing import place
from gis_app.importers.problems import ImportRefused, ProblemLog, RowProblem
from gis_app.importers.records import Batch, FileFacts, PackedBatch, Wanted
from gis_app.importers.table import Table
from gis_app.importers.values import Reading


@dataclass(frozen=True)
class CityRules:
    """What a file is checked against and that only the caller knows.

    Parameters
    ----------
    bounds
        West, south, east, north in degrees WGS-84; rows outside are refused. None: anywhere on Earth.
    categories
        Code of each hazard category and its names; obligatory for hazards.
    now
        The present; times more than a day later are refused (deadlines may lie ahead). None: not checked.
    time_zone
        The zone of times that name none.
    areas
        The villages and grids that rows without coordinates may name.
    """

    bounds: checks.Bounds | None = None
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    now: datetime | None = None
    time_zone: tzinfo = CITY_TIME
    areas: Sequence[area_names.KnownArea] = ()


@dataclass(frozen=True)
class ImportedFrame:
    """A file that passed every check.

    ``frame`` is in EPSG:4326 with the columns of the kind (see ``kinds.KINDS``), ``source_row``, ``source_datum``, and
    ``source_x``, ``source_y``: the original coordinates of a point, of a line or polygon those of its first vertex.
    """

    frame: geopandas.GeoDataFrame
    kind: ImportKind
    file_name: str
    file_sha256: str
    file_format: str
    datum: str
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class CheckedFile:
    """A file with its good rows and the problems of the others apart.

    ``good`` holds the rows without a problem, maybe none. ``problems`` are the first ``problems.REPORTED_PROBLEMS``,
    in row order; ``bad_rows`` are the numbers of all rows that have one. ``preview.raw_rows`` gives their cells.
    """

    good: ImportedFrame
    problems: tuple[RowProblem, ...]
    further_count: int
    bad_rows: frozenset[int]
    headers: tuple[str, ...]


def read(
    path: Path,
    kind: ImportKind,
    *,
    datum: str | None,
    file_format: str | None = None,
    city: CityRules,
    mapping: ColumnMapping | None = None,
) -> ImportedFrame:
    """Return the checked rows of a file: all of them, or none.

    Parameters
    ----------
    path
        A file of a format in ``formats.IMPORTERS``.
    kind
        What its rows are.
    datum
        ``wgs84``, ``cgcs2000``, ``gcj02``, ``bd09`` or ``EPSG:n``; None if the file says it itself.
    file_format
        A name in ``formats.IMPORTERS``; None to go by the suffix.
    city
        What the rows are checked against.
    mapping
        Which columns stand for which fields; None to go by the known names.

    Raises
    ------
    ImportRefused
        If any row has a problem; carries up to 1,000 of them and the count of the rest.
    InvalidInput
        If the file is missing, empty, of an unknown format or datum, or holds no rows.
    Refused
        If the file as a whole cannot be read, is hostile or beyond a limit.
    Unavailable
        If this machine offers no safe way to read it.
    """
    checked = check(path, kind, datum=datum, file_format=file_format, city=city, mapping=mapping)
    if checked.problems:
        raise ImportRefused(checked.problems, further_count=checked.further_count, file_name=path.name)
    return checked.good


def check(
    path: Path,
    kind: ImportKind,
    *,
    datum: str | None,
    file_format: str | None = None,
    city: CityRules,
    mapping: ColumnMapping | None = None,
) -> CheckedFile:
    """Return the good rows of a file and the problems of the others apart; otherwise as ``read``.

    Raises
    ------
    InvalidInput, Refused, Unavailable
        As ``read``, but for rows with problems.
    """
    if kind is ImportKind.HAZARDS and not city.categories:
        raise ValueError("Hazards are checked against categories; none were given.")
    if mapping is not None:
        require_usable(mapping, kind)
    declared = None if datum is None else datums.normalised(datum)
    format_name = formats.format_name(path, file_format)
    log, facts = ProblemLog(), FileFacts()
    source, sha256 = private_copy(path, formats.IMPORTERS[format_name].max_bytes)
    wanted = Wanted(KINDS[kind].shape, mapping.place_headers() if mapping is not None else {}, packs=True)
    with source:
        batches = sandbox.read_batches(source, format_name, wanted, facts=facts)
        # The facts stand when the first batch is there.
        first = list(islice(batches, 1))
        reading = Reading(
            {"category_code": vocabulary.words(city.categories)},
            now=city.now,
            time_zone=city.time_zone,
            serial_days=facts.serial_days,
        )
        table = Table(KINDS[kind], reading, log, mapping)
        table.extend(_chained(first, batches), has_places=facts.has_places)
    _require_rows(table, kind, path.name)
    settled = "wgs84" if not facts.has_places else datums.settle(declared, facts.declared_datum, file_name=path.name)
    frame = _checked(table, kind, settled, log=log, city=city, has_places=facts.has_places)
    good = frame[~frame["source_row"].isin(log.bad_rows)].reset_index(drop=True) if log.bad_rows else frame
    imported = ImportedFrame(good, kind, path.name, sha256, format_name, settled, notes_of(table, facts))
    return CheckedFile(imported, log.problems, log.further_count, log.bad_rows, tuple(table.headers))


def _chained(first: list[Batch | PackedBatch], rest: Iterator[Batch | PackedBatch]) -> Iterator[Batch | PackedBatch]:
    yield from first
    yield from rest


def _require_rows(table: Table, kind: ImportKind, file_name: str) -> None:
    if not len(table.rows):
        raise InvalidInput(
            "The file {file_name} holds no {kind}.",
            remedy="Check that it is the right file and that its rows were exported.",
            file_name=file_name,
            kind=kind,
        )


def _checked(
    table: Table, kind: ImportKind, datum: str, *, log: ProblemLog, city: CityRules, has_places: bool
) -> geopandas.GeoDataFrame:
    """Return the frame of the rows that have a place, after the checks that need whole columns."""
    if not has_places:
        _locate(table, log, city)
    frame = place(table, KINDS[kind].shape, datum, log=log, city=city.bounds)
    if kind is ImportKind.TRACKS:
        frame = _with_sequence(frame)
    good = frame[~frame["source_row"].isin(log.bad_rows)] if log.bad_rows else frame
    checks.check_repeats(good, KINDS[kind].key, log)
    if kind in checks.ROW_CHECKS:
        checks.ROW_CHECKS[kind](good, log)
    return frame


def _locate(table: Table, log: ProblemLog, city: CityRules) -> None:
    """Give the rows that name a place the point inside it."""
    rows = zip(table.rows.tolist(), table.place_names, strict=True)
    places = area_names.locate(rows, area_names.AreaNames(city.areas), log)
    table.has_place[:] = [np.array([found is not None for found in places], dtype=np.bool_)]
    table.xy[:] = [np.array([found for found in places if found is not None], dtype=np.float64).reshape(-1, 2)]


def _with_sequence(fixes: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Return the fixes with a running number, from 0 per device and moment, where the file gives none."""
    running = fixes.groupby(["device", "recorded_at"], sort=False, dropna=False).cumcount().astype("Int64")
    return fixes.assign(sequence=fixes["sequence"].fillna(running))
