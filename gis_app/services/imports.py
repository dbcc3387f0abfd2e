"""Imports a file: all of its rows in one transaction, or none."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import geopandas
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Engine

from gis_app.importers.file_notes import Note
from gis_app.importers.frame import CheckedFile, ImportedFrame, check
from gis_app.importers.kinds import COVERED_KINDS, ImportKind
from gis_app.importers.mapping import ColumnMapping
from gis_app.importers.problems import ImportRefused, RowProblem
from gis_app.services.first_city import begin_city
from gis_app.services.import_areas import load_grids, load_villages
from gis_app.services.import_points import load_facilities, load_hazards, load_streets, load_teams
from gis_app.services.import_rules import city_rules
from gis_app.services.import_tracks import load_tracks
from gis_app.services.loading import Loading, RowsRefused
from gis_app.services.loop_data import begin_loop, complete_loaded_hazards
from gis_app.storage import reference
from gis_app.storage.engine import EVERYTHING, long_job
from gis_app.storage.hazard_cells import note_change_everywhere
from gis_app.storage.imported_rows import LoadCount
from gis_app.storage.patrol_tracks import note_change


@dataclass(frozen=True)
class FileToImport:
    """A file, what its rows are, and what its sender says of it; ``None`` to go by the file itself.

    Parameters
    ----------
    mapping
        Which columns stand for which fields.
    is_whole
        Of villages and grids: the file brings all of the parents it names, so that the others end.
    leaves_out_refused
        Import the rows without a problem though others have one.
    left_out
        Numbers of rows that are not to be imported.
    reshaped
        New shapes by row, EPSG:4326: fixes of boundaries that a person accepted.
    """

    path: Path
    kind: ImportKind
    datum: str | None = None
    file_format: str | None = None
    mapping: ColumnMapping | None = None
    is_whole: bool = False
    leaves_out_refused: bool = False
    left_out: frozenset[int] = frozenset()
    reshaped: Mapping[int, BaseGeometry] = field(default_factory=dict)


@dataclass(frozen=True)
class ImportOutcome:
    """What an import did.

    Parameters
    ----------
    count
        Rows added, changed and left alone.
    was_known
        The very same file was imported before; nothing was touched.
    notes
        What the sender should know, though nothing is wrong.
    template, params
        A sentence that says so, and its fields.
    refused
        Problems of the rows that were left out, and ``refused_rows``, the numbers of all of them.
    """

    count: LoadCount
    was_known: bool
    notes: tuple[Note, ...]
    template: str
    params: Mapping[str, object]
    refused: tuple[RowProblem, ...] = ()
    refused_rows: frozenset[int] = frozenset()


LOADERS: Mapping[ImportKind, Callable[[Loading], LoadCount]] = {
    ImportKind.HAZARDS: load_hazards,
    ImportKind.VILLAGES: load_villages,
    ImportKind.GRIDS: load_grids,
    ImportKind.FACILITIES: load_facilities,
    ImportKind.STREETS: load_streets,
    ImportKind.TRACKS: load_tracks,
    ImportKind.TEAMS: load_teams,
}
"""What puts the rows of each kind into their tables."""


def import_into(
    engine: Engine, wanted: FileToImport, *, now: datetime, srid: int, account: str = "command line"
) -> ImportOutcome:
    """Read, check and load a file.

    Parameters
    ----------
    engine
        Of the app's role.
    now
        The present, with a time zone.
    srid
        Projected CRS for areas and lengths.
    account
        Who imports, for the record.

    Raises
    ------
    ImportRefused
        If any row has a problem, and refused rows are not to be left out; carries them.
    InvalidInput, Refused, Unavailable
        As ``importers.frame.check``; and if there is no city yet, which only villages begin.
    Conflict
        If the demo city is half built.
    """
    read = checked_file(engine, wanted, now=now)
    with long_job(engine) as connection:
        return load_checked(connection, read, wanted, now=now, srid=srid, account=account, import_id=uuid.uuid4())


def checked_file(engine: Engine, wanted: FileToImport, *, now: datetime) -> CheckedFile:
    """Read a file and check it against the city; raises as ``import_into``, but for rows with problems."""
    with long_job(engine) as connection:
        rules = city_rules(connection, wanted.kind, now)
    return check(
        wanted.path, wanted.kind, datum=wanted.datum, file_format=wanted.file_format, city=rules, mapping=wanted.mapping
    )


def load_checked(
    connection: Connection,
    read: CheckedFile,
    wanted: FileToImport,
    *,
    now: datetime,
    srid: int,
    account: str,
    import_id: uuid.UUID,
) -> ImportOutcome:
    """Load a file that was read, in the scope and transaction of the connection.

    Raises
    ------
    ImportRefused
        If any row has a problem, and refused rows are not to be left out.
    """
    imported = _as_chosen(read.good, wanted)
    if reference.was_imported(connection, wanted.kind, sha256=imported.file_sha256, datum=imported.datum):
        return _known(imported)
    if read.problems and not wanted.leaves_out_refused:
        raise ImportRefused(read.problems, further_count=read.further_count, file_name=imported.file_name)
    _record(connection, imported, account, import_id)
    loading = Loading(connection, imported, import_id, now, srid, wanted.is_whole)
    begun = begin_city(loading) if reference.city_bounds(connection) is None and _sees_all(connection) else ()
    if wanted.kind is ImportKind.HAZARDS:
        # Hazards are given to units as they are added; of villages, the units come with them.
        begin_loop(connection)
    count, refused, refused_rows = _load_apart(loading) if wanted.leaves_out_refused else _load_all(loading)
    if wanted.kind is not ImportKind.HAZARDS:
        begin_loop(connection)
    else:
        complete_loaded_hazards(connection, account)
    if wanted.kind in COVERED_KINDS:
        note_change(connection)
    note_change_everywhere(connection)
    return ImportOutcome(
        count,
        False,
        (*imported.notes, *begun),
        "{file_name}: {added} added, {changed} changed, {unchanged} as they were.",
        {"file_name": imported.file_name, **vars(count)},
        (*read.problems, *refused),
        read.bad_rows | refused_rows,
    )


def _as_chosen(imported: ImportedFrame, wanted: FileToImport) -> ImportedFrame:
    """Return the frame without the rows left out, with the shapes that were mended."""
    frame = imported.frame
    if wanted.left_out:
        frame = frame[~frame["source_row"].isin(wanted.left_out)].reset_index(drop=True)
    if wanted.reshaped:
        shapes = [
            wanted.reshaped.get(int(row), shape) for row, shape in zip(frame["source_row"], frame.geometry, strict=True)
        ]
        frame = frame.set_geometry(geopandas.GeoSeries(shapes, index=frame.index, crs=frame.crs))
    return imported if frame is imported.frame else replace(imported, frame=frame)


def _load_all(loading: Loading) -> tuple[LoadCount, tuple[RowProblem, ...], frozenset[int]]:
    return LOADERS[loading.imported.kind](loading), (), frozenset()


def _load_apart(loading: Loading) -> tuple[LoadCount, tuple[RowProblem, ...], frozenset[int]]:
    """Load the rows that the database has a place for; each round leaves out those that the one before refused."""
    problems: tuple[RowProblem, ...] = ()
    bad_rows: frozenset[int] = frozenset()
    while not loading.frame.empty:
        attempt = loading.connection.begin_nested()
        try:
            count = LOADERS[loading.imported.kind](loading)
        except RowsRefused as refused:
            attempt.rollback()
            problems, bad_rows = (*problems, *refused.problems), bad_rows | refused.bad_rows
            frame = loading.frame[~loading.frame["source_row"].isin(refused.bad_rows)].reset_index(drop=True)
            loading = replace(loading, imported=replace(loading.imported, frame=frame))
        else:
            attempt.commit()
            return count, problems, bad_rows
    return LoadCount(0, 0, 0), problems, bad_rows


def _sees_all(connection: Connection) -> bool:
    return reference.own_scope(connection) == EVERYTHING


def _record(connection: Connection, imported: ImportedFrame, account: str, import_id: uuid.UUID) -> None:
    reference.record_import(
        connection,
        imported.kind,
        import_id=import_id,
        file_name=imported.file_name,
        sha256=imported.file_sha256,
        datum=imported.datum,
        row_count=len(imported.frame),
        account=account,
        scope_path=reference.own_city_or_area(connection),
    )


def _known(imported: ImportedFrame) -> ImportOutcome:
    return ImportOutcome(
        LoadCount(0, 0, len(imported.frame)),
        True,
        (),
        "{file_name} was imported before; nothing was changed.",
        {"file_name": imported.file_name},
    )
