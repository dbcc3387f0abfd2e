"""The import frame: one file in, one checked GeoDataFrame in EPSG:4326 out, or every problem of it; never a part.

The file is read in a sandbox, in its declared datum; nothing is guessed or repaired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path

import geopandas

from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import CITY_TIME
from gis_app.importers import checks, datums, formats, sandbox, vocabulary
from gis_app.importers.file_copy import private_copy
from gis_app.importers.kinds import KINDS, ImportKind
from gis_app.importers.placing import place
from gis_app.importers.problems import ProblemLog
from gis_app.importers.records import FileFacts
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
    """

    bounds: checks.Bounds | None = None
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    now: datetime | None = None
    time_zone: tzinfo = CITY_TIME


@dataclass(frozen=True)
class Note:
    """Something the importer of a file should know, though nothing is wrong."""

    template: str
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The note in English."""
        return self.template.format(**self.params)


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


def read(
    path: Path, kind: ImportKind, *, datum: str | None, file_format: str | None = None, city: CityRules
) -> ImportedFrame:
    """Return the checked rows of a file.

    Parameters
    ----------
    path
        A GeoJSON, CSV or GPX file.
    kind
        What its rows are.
    datum
        ``wgs84``, ``cgcs2000``, ``gcj02``, ``bd09`` or ``EPSG:n``; None if the file says it itself.
    file_format
        A name in ``formats.IMPORTERS``; None to go by the suffix.
    city
        What the rows are checked against.

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
    if kind is ImportKind.HAZARDS and not city.categories:
        raise ValueError("Hazards are checked against categories; none were given.")
    declared = None if datum is None else datums.normalised(datum)
    format_name = formats.format_name(path, file_format)
    log, facts = ProblemLog(), FileFacts()
    reading = Reading({"category_code": vocabulary.words(city.categories)}, now=city.now, time_zone=city.time_zone)
    table = Table(KINDS[kind], reading, log)
    source, sha256 = private_copy(path, formats.IMPORTERS[format_name].max_bytes)
    with source:
        table.extend(sandbox.read_rows(source, format_name, shape=KINDS[kind].shape, facts=facts))
    _require_rows(table, kind, path.name)
    settled = datums.settle(declared, facts.declared_datum, file_name=path.name)
    frame = _checked(table, kind, settled, log=log, city=city)
    log.refuse_if_any(path.name)
    return ImportedFrame(frame, kind, path.name, sha256, format_name, settled, _notes(table, facts))


def _require_rows(table: Table, kind: ImportKind, file_name: str) -> None:
    if not table.rows:
        raise InvalidInput(
            "The file {file_name} holds no {kind}.",
            remedy="Check that it is the right file and that its rows were exported.",
            file_name=file_name,
            kind=kind,
        )


def _checked(table: Table, kind: ImportKind, datum: str, *, log: ProblemLog, city: CityRules) -> geopandas.GeoDataFrame:
    """Return the frame of the rows that have a place, after the checks that need whole columns."""
    frame = place(table, KINDS[kind].shape, datum, log=log, city=city.bounds)
    if kind is ImportKind.TRACKS:
        frame = _with_sequence(frame)
    good = frame[~frame["source_row"].isin(log.bad_rows)]
    checks.check_repeats(good, KINDS[kind].key, log)
    if kind in checks.ROW_CHECKS:
        checks.ROW_CHECKS[kind](good, log)
    return frame


def _with_sequence(fixes: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Return the fixes with a running number, from 0 per device and moment, where the file gives none."""
    running = fixes.groupby(["device", "recorded_at"], sort=False, dropna=False).cumcount().astype("Int64")
    return fixes.assign(sequence=fixes["sequence"].fillna(running))


def _notes(table: Table, facts: FileFacts) -> tuple[Note, ...]:
    notes = []
    if facts.dropped_heights:
        notes.append(Note("Heights were left out: {count} positions had one.", {"count": facts.dropped_heights}))
    if facts.encoding == "gb18030":
        notes.append(Note("The file was read as GB18030 (GBK) text."))
    if table.unused_headers:
        notes.append(Note("Columns that were not used: {names}.", {"names": ", ".join(sorted(table.unused_headers))}))
    return tuple(notes)
