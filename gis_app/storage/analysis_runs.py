"""What analyses read, and how their results are kept: one current run per kind, replaced at once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from sqlalchemy import Connection, Table, text

from gis_app.domain.periods import CITY_TIME
from gis_app.storage.bulk_load import copy_rows
from gis_app.storage.frames import frame_of

_AREAS = text("""
SELECT id, code, scope_path, ST_AsBinary(ST_Transform(geom, :srid)) AS shape
FROM area WHERE level = :level AND valid_to IS NULL ORDER BY id""")
_EVENTS = text("""
SELECT ST_X(metric) AS x, ST_Y(metric) AS y, grid_id, discovered_at
FROM hazard, ST_Transform(geom, :srid) metric
WHERE stage <> 'void' AND discovered_at >= :start AND discovered_at < :end
ORDER BY discovered_at, id""")
_TRACKS = text("""
SELECT mode, ended_at, ST_AsBinary(ST_Transform(geom, :srid)) AS shape
FROM patrol WHERE night = :night AND geom IS NOT NULL ORDER BY id""")
# Nights whose tracks were forgotten, wholly or in part.
_FORGOTTEN = text("SELECT DISTINCT night FROM patrol WHERE geom IS NULL ORDER BY night")
_KEPT_COVERAGE = text("""
SELECT c.night, c.grid_id, c.area_share, c.last_visit_at
FROM grid_coverage c JOIN analysis_run r ON r.id = c.run_id AND r.is_current AND r.kind = 'grid_coverage'
ORDER BY c.night, c.grid_id""")
# What coverage is made from, in a word per night: the tracks as they lie, and the hazards found.
_NIGHT_FACTS = text("""
SELECT night::text AS what,
       md5(string_agg(coalesce(md5(ST_AsBinary(geom)), 'forgotten') || mode || extract(epoch FROM ended_at),
                      ',' ORDER BY id)) AS word
FROM patrol GROUP BY night
UNION ALL
SELECT 'hazards', md5(string_agg(grid_id || ':' || extract(epoch FROM discovered_at), ',' ORDER BY discovered_at, id))
FROM hazard WHERE stage <> 'void' AND discovered_at >= :start
ORDER BY what""")
_SPAN = text("SELECT min(started_at), max(ended_at) FROM patrol")
_CURRENT = text("""
SELECT parameters, input_digest, code_version FROM analysis_run WHERE kind = :kind AND is_current""")
_INSERT = text("""
INSERT INTO analysis_run (id, kind, parameters, data_from, data_to, code_version, input_digest, is_current)
VALUES (:id, :kind, CAST(:parameters AS jsonb), :data_from, :data_to, :code_version, :input_digest, false)""")


def current_areas(connection: Connection, level: str, *, srid: int) -> pd.DataFrame:
    """Return id, code, scope_path and shape (projected, metres) of the areas of a level that are valid now."""
    return _with_shapes(connection, _AREAS, {"level": level, "srid": srid})


def events(connection: Connection, *, start: datetime, end: datetime, srid: int) -> pd.DataFrame:
    """Return x, y (metres), grid_id and discovered_at of the hazards found in ``[start, end)``, void ones left out."""
    rows = connection.execute(_EVENTS, {"start": start, "end": end, "srid": srid}).all()
    return pd.DataFrame(rows, columns=["x", "y", "grid_id", "discovered_at"])


def tracks_of_night(connection: Connection, night: date, *, srid: int) -> pd.DataFrame:
    """Return mode, ended_at and shape (projected, metres) of the cleaned tracks of a night."""
    return _with_shapes(connection, _TRACKS, {"night": night, "srid": srid})


def forgotten_nights(connection: Connection) -> list[date]:
    """Return the nights whose tracks were deleted after their time, oldest first."""
    return list(connection.execute(_FORGOTTEN).scalars())


def kept_coverage(connection: Connection) -> pd.DataFrame:
    """Return night, grid_id, area_share and last_visit_at (UTC) of the current run of coverage."""
    result = connection.execute(_KEPT_COVERAGE)
    frame = frame_of(result)
    return frame.assign(last_visit_at=pd.to_datetime(frame["last_visit_at"], utc=True).astype("datetime64[us, UTC]"))


def night_facts(connection: Connection, first: date) -> pd.DataFrame:
    """Return what and word: a digest of each night's tracks, and one of the hazards found since the first night."""
    rows = connection.execute(_NIGHT_FACTS, {"start": datetime.combine(first, datetime.min.time(), CITY_TIME)}).all()
    return pd.DataFrame(rows, columns=["what", "word"])


def remove_run(connection: Connection, kind: str) -> None:
    """Remove the current run of a kind with its rows."""
    connection.execute(text("DELETE FROM analysis_run WHERE kind = :kind AND is_current"), {"kind": kind})


def patrol_span(connection: Connection) -> tuple[datetime, datetime] | None:
    """Return when the first patrol began and the last one ended, None without patrols."""
    begin, end = connection.execute(_SPAN).one()
    return None if begin is None else (begin, end)


def is_current(
    connection: Connection, kind: str, *, parameters: Mapping[str, Any], input_digest: str, code_version: str
) -> bool:
    """Return whether the stored run of a kind was made by this code from these data with these parameters."""
    row = connection.execute(_CURRENT, {"kind": kind}).one_or_none()
    return row is not None and (row.parameters, row.input_digest, row.code_version) == (
        json.loads(json.dumps(dict(parameters))),
        input_digest,
        code_version,
    )


def replace_run(
    connection: Connection,
    kind: str,
    *,
    parameters: Mapping[str, Any],
    span: tuple[datetime, datetime],
    input_digest: str,
    code_version: str,
    table: Table,
    columns: Mapping[str, Any],
) -> None:
    """Store a run with its rows and make it the current one; readers see the old one until the transaction ends."""
    run = uuid.uuid4()
    values = {
        "id": run,
        "kind": kind,
        "parameters": json.dumps(dict(parameters)),
        "data_from": span[0],
        "data_to": span[1],
        "code_version": code_version,
        "input_digest": input_digest,
    }
    connection.execute(_INSERT, values)
    count = len(next(iter(columns.values())))
    copy_rows(connection, table, {"run_id": np.full(count, run, dtype=object), **columns})
    remove_run(connection, kind)
    connection.execute(text("UPDATE analysis_run SET is_current = true WHERE id = :id"), {"id": run})


def _with_shapes(connection: Connection, query: Any, values: Mapping[str, Any]) -> pd.DataFrame:
    result = connection.execute(query, dict(values))
    frame = frame_of(result)
    shapes: npt.NDArray[np.object_] = np.asarray([bytes(shape) for shape in frame["shape"]], dtype=object)
    frame["shape"] = shapely.from_wkb(shapes) if len(shapes) else shapes
    return frame
