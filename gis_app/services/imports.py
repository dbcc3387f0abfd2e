"""Imports a file: all of its rows in one transaction, or none."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
from sqlalchemy import Connection, Engine

from gis_app import paths
from gis_app.domain.errors import Conflict, InvalidInput
from gis_app.importers.area_names import KnownArea
from gis_app.importers.frame import CityRules, ImportedFrame, Note, read
from gis_app.importers.kinds import ImportKind
from gis_app.services.first_city import begin_city
from gis_app.services.import_areas import load_grids, load_villages
from gis_app.services.import_points import load_facilities, load_hazards, load_streets
from gis_app.services.import_tracks import load_tracks
from gis_app.services.loading import Loading
from gis_app.services.loop_data import begin_loop, complete_loaded_hazards
from gis_app.storage import reference
from gis_app.storage.demo_tables import demo_state
from gis_app.storage.engine import EVERYTHING, long_job
from gis_app.storage.imported_rows import LoadCount


@dataclass(frozen=True)
class FileToImport:
    """A file, what its rows are, and what its sender says of it; ``None`` to go by the file itself."""

    path: Path
    kind: ImportKind
    datum: str | None = None
    file_format: str | None = None


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
    """

    count: LoadCount
    was_known: bool
    notes: tuple[Note, ...]
    template: str
    params: Mapping[str, object]


LOADERS: Mapping[ImportKind, Callable[[Loading], LoadCount]] = {
    ImportKind.HAZARDS: load_hazards,
    ImportKind.VILLAGES: load_villages,
    ImportKind.GRIDS: load_grids,
    ImportKind.FACILITIES: load_facilities,
    ImportKind.STREETS: load_streets,
    ImportKind.TRACKS: load_tracks,
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
        If any row has a problem; carries them.
    InvalidInput, Refused, Unavailable
        As ``importers.frame.read``; and if there is no city yet, which only villages begin.
    Conflict
        If the demo city is half built.
    """
    with long_job(engine) as connection:
        rules = _city_rules(connection, wanted.kind, now)
    imported = read(wanted.path, wanted.kind, datum=wanted.datum, file_format=wanted.file_format, city=rules)
    with long_job(engine) as connection:
        if reference.was_imported(connection, wanted.kind, sha256=imported.file_sha256, datum=imported.datum):
            return _known(imported)
        loading = Loading(connection, imported, _record(connection, imported, account), now, srid)
        begun = begin_city(loading) if rules.bounds is None else ()
        count = LOADERS[wanted.kind](loading)
        begin_loop(connection)
        if wanted.kind is ImportKind.HAZARDS:
            complete_loaded_hazards(connection, account)
    return ImportOutcome(
        count,
        False,
        (*imported.notes, *begun),
        "{file_name}: {added} added, {changed} changed, {unchanged} as they were.",
        {"file_name": imported.file_name, **vars(count)},
    )


def _city_rules(connection: Connection, kind: ImportKind, now: datetime) -> CityRules:
    bounds = reference.city_bounds(connection)
    if demo_state(connection).is_half_built:
        raise Conflict(
            "The demo city in the database is half built.",
            remedy="Run `jingwei demo`, which begins it anew, or use another database.",
        )
    if bounds is None and kind is not ImportKind.VILLAGES:
        raise InvalidInput(
            "There is no city in the database yet.",
            remedy="Run `jingwei demo`, or begin a city of your own with `jingwei import villages FILE`.",
        )
    names = reference.category_names(connection)
    if not names:
        # A city that has not set its own categories begins with ours.
        reference.load_categories(connection, pd.read_csv(paths.data() / "hazard_categories.csv"))
        names = reference.category_names(connection)
    areas = [
        KnownArea(row["code"], (row["name_zh"], row["name_en"] or ""), tuple(row["within"]), row["lon"], row["lat"])
        for row in reference.named_places(connection)
    ]
    return CityRules(bounds=bounds, categories=names, now=now, areas=areas)


def _record(connection: Connection, imported: ImportedFrame, account: str) -> uuid.UUID:
    return reference.record_import(
        connection,
        imported.kind,
        file_name=imported.file_name,
        sha256=imported.file_sha256,
        datum=imported.datum,
        row_count=len(imported.frame),
        account=account,
        scope_path=EVERYTHING,
    )


def _known(imported: ImportedFrame) -> ImportOutcome:
    return ImportOutcome(
        LoadCount(0, 0, len(imported.frame)),
        True,
        (),
        "{file_name} was imported before; nothing was changed.",
        {"file_name": imported.file_name},
    )
