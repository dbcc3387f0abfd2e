"""Maps of hotspots as they are kept: a run per group and moment, its cells packed by village."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection, RowMapping, text

from gis_app.storage.frames import frame_of
from gis_app.storage.models import HotspotPart
from gis_app.storage.models.base import table_of

KIND = "hotspots:"
"""Before the group: ``hotspots:all``, or the code of a category; on other places ``hotspots:grids:all``."""
_INTEGERS, _FLOATS = np.dtype("<i4"), np.dtype("<f4")
# Void ones were none. In the order of time, then of place, so that the order of the rows changes nothing.
_EVENTS = text("""
SELECT ST_X(metric) AS x, ST_Y(metric) AS y, date_part('epoch', discovered_at) / 86400 AS day, category_code, severity,
       discovered_by, h.scope_path
FROM hazard h, ST_Transform(geom, :srid) metric
WHERE stage <> 'void' AND discovered_at >= :start AND discovered_at < :end
ORDER BY discovered_at, 1, 2""")
# What can change any map: corrections and moves of the loop touch changed_at, imports and deletions the count.
_FACTS = text("""
SELECT count(*) AS hazards, max(changed_at) AS changed_at,
       max(discovered_at) FILTER (WHERE discovered_at <= :now) AS newest,
       (SELECT string_agg(level || n || ':' || last, ' ' ORDER BY level) FROM (
            SELECT level, count(*) AS n, max(id) AS last FROM area
            WHERE level IN ('village', 'grid') AND valid_to IS NULL GROUP BY level) known) AS areas,
       (SELECT count(*) || ':' || max(id) FROM street_segment) AS streets
FROM hazard""")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext(:kind))")
_RUNS = text("""
SELECT id, kind, parameters, data_from, data_to, code_version, input_digest, is_current, created_at, result
FROM analysis_run WHERE kind = :kind ORDER BY data_to""")
_GROUPS = text("""
SELECT substr(kind, :skip) AS code, data_to, result FROM analysis_run
WHERE starts_with(kind, :prefix) AND is_current""")
_ONE = text("""
SELECT id, kind, parameters, data_from, data_to, is_current, result FROM analysis_run
WHERE id = :id AND starts_with(kind, :prefix) AND result IS NOT NULL""")
_ADD_RUN = text("""
INSERT INTO analysis_run (id, kind, parameters, data_from, data_to, code_version, input_digest, is_current, result)
VALUES (:id, :kind, CAST(:parameters AS jsonb), :data_from, :data_to, :code_version, :input_digest, false,
        CAST(:result AS jsonb))""")
_PARTS = text("""
SELECT p.scope_path, p.cells, p.event_count, p.scores, p.later_count, p.sizes, a.id AS area_id, a.name_zh, a.name_en
FROM hotspot_part p LEFT JOIN area a ON a.scope_path = p.scope_path AND a.valid_to IS NULL
WHERE p.run_id = :id ORDER BY p.scope_path""")
_WITH_PARTS = text("SELECT DISTINCT run_id FROM hotspot_part WHERE run_id = ANY(:ids)")


@dataclass(frozen=True, eq=False)
class Parts:
    """The cells, or other places, of a map that lie in the caller's area, village after village.

    Parameters
    ----------
    villages
        scope_path, area_id and names of each village.
    village
        Shape ``(n,)``: place of each cell's village in ``villages``.
    cells
        Shape ``(n, 2)``.
    event_count
        Shape ``(n,)``.
    scores
        Shape ``(methods, n)``.
    later_count
        Shape ``(n,)``, None while the horizon has not passed.
    sizes
        Shape ``(n,)``: km2 of grids, km of pieces of streets; None for cells, which are all alike.
    """

    villages: Sequence[Mapping[str, Any]]
    village: npt.NDArray[np.int64]
    cells: npt.NDArray[np.int64]
    event_count: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    later_count: npt.NDArray[np.int64] | None
    sizes: npt.NDArray[np.float64] | None = None


def facts(connection: Connection, *, now: datetime) -> RowMapping:
    """Return what tells whether anything changed: number, last change, newest of the hazards; areas and streets."""
    return connection.execute(_FACTS, {"now": now}).mappings().one()


def events(connection: Connection, *, start: datetime, end: datetime, srid: int) -> pd.DataFrame:
    """Return hazards found in ``[start, end)`` in the caller's area, void ones left out, oldest first.

    Returns
    -------
    Columns x, y (metres), day (since 1970-01-01 UTC), category_code, severity, discovered_by, scope_path.
    """
    result = connection.execute(_EVENTS, {"start": start, "end": end, "srid": srid})
    return frame_of(result)


def lock(connection: Connection, kind: str) -> None:
    """Wait until nobody else computes maps of this kind; until the transaction ends."""
    connection.execute(_LOCK, {"kind": kind})


def runs(connection: Connection, group: str) -> Sequence[RowMapping]:
    """Return the runs of a group, oldest first."""
    return connection.execute(_RUNS, {"kind": KIND + group}).mappings().all()


def groups(connection: Connection) -> Sequence[RowMapping]:
    """Return the groups that have a map: code, data_to and result of the newest."""
    return connection.execute(_GROUPS, {"prefix": KIND, "skip": len(KIND) + 1}).mappings().all()


def run(connection: Connection, run_id: uuid.UUID) -> RowMapping | None:
    """Return one run of a map, None if there is none."""
    return connection.execute(_ONE, {"id": run_id, "prefix": KIND}).mappings().first()


def with_parts(connection: Connection, run_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of the runs that have a cell in the caller's area."""
    return set(connection.execute(_WITH_PARTS, {"ids": list(run_ids)}).scalars())


def store_run(connection: Connection, values: Mapping[str, Any], parts: Iterable[Mapping[str, Any]]) -> None:
    """Store a run and its packed parts, in place of one with its id."""
    remove_runs(connection, [values["id"]])
    dumped = {name: json.dumps(values[name]) for name in ("parameters", "result")}
    connection.execute(_ADD_RUN, {**values, **dumped})
    rows = [{"run_id": values["id"], **part} for part in parts]
    if rows:
        connection.execute(table_of(HotspotPart).insert(), rows)


def remove_runs(connection: Connection, run_ids: Iterable[uuid.UUID]) -> None:
    """Remove runs with their parts."""
    connection.execute(text("DELETE FROM analysis_run WHERE id = ANY(:ids)"), {"ids": list(run_ids)})


def remove_parts(connection: Connection, run_ids: Iterable[uuid.UUID]) -> None:
    """Remove the cells of runs whose scores are still chosen by."""
    connection.execute(text("DELETE FROM hotspot_part WHERE run_id = ANY(:ids)"), {"ids": list(run_ids)})


def note_facts(connection: Connection, group: str, made_from: Mapping[str, Any]) -> None:
    """Keep with the current run of a group what the last look at the hazards found."""
    query = text("""
    UPDATE analysis_run SET result = result || jsonb_build_object('made_from', CAST(:facts AS jsonb))
    WHERE kind = :kind AND is_current""")
    connection.execute(query, {"kind": KIND + group, "facts": json.dumps(dict(made_from))})


def make_current(connection: Connection, kind: str, run_id: uuid.UUID) -> None:
    """Make a run the current one of its kind."""
    off = "UPDATE analysis_run SET is_current = false WHERE kind = :kind AND is_current AND id <> :id"
    connection.execute(text(off), {"kind": kind, "id": run_id})
    connection.execute(text("UPDATE analysis_run SET is_current = true WHERE id = :id"), {"id": run_id})


def packed_parts(
    scope_paths: npt.NDArray[np.object_],
    cells: npt.NDArray[np.int64],
    *,
    event_count: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float64],
    later_count: npt.NDArray[np.int64] | None,
    sizes: npt.NDArray[np.float64] | None = None,
) -> list[dict[str, Any]]:
    """Return the rows of a map, one per village; ``scores`` has shape ``(methods, n)``."""
    order = np.argsort(scope_paths.astype(str), kind="stable")
    paths, starts = np.unique(scope_paths[order].astype(str), return_index=True)
    return [
        {
            "scope_path": str(path),
            "cells": cells[own].astype(_INTEGERS).tobytes(),
            "event_count": event_count[own].astype(_INTEGERS).tobytes(),
            "scores": np.ascontiguousarray(scores[:, own]).astype(_FLOATS).tobytes(),
            "later_count": None if later_count is None else later_count[own].astype(_INTEGERS).tobytes(),
            "sizes": None if sizes is None else sizes[own].astype(_FLOATS).tobytes(),
        }
        for path, own in zip(paths, np.split(order, starts[1:]), strict=True)
    ]


def parts(connection: Connection, run_id: uuid.UUID, *, method_count: int) -> Parts | None:
    """Return the cells of a run in the caller's area, None where it has none."""
    rows = connection.execute(_PARTS, {"id": run_id}).mappings().all()
    if not rows:
        return None
    sizes = [len(row["event_count"]) // _INTEGERS.itemsize for row in rows]
    later = [row["later_count"] for row in rows]
    cells = _numbers([row["cells"] for row in rows]).reshape(-1, 2)
    count = _numbers([row["event_count"] for row in rows])
    areas = [row["sizes"] for row in rows]
    scores = [
        np.frombuffer(row["scores"], _FLOATS).astype(np.float64).reshape(method_count, size)
        for row, size in zip(rows, sizes, strict=True)
    ]
    village = np.repeat(np.arange(len(rows)), sizes)
    # A cell on a border stands with each of its villages, each with its own hazards; it is named by the one with most.
    order = np.lexsort((village, -count, cells[:, 0], cells[:, 1]))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (cells[order][1:] != cells[order][:-1]).any(axis=1)
    starts = np.nonzero(first)[0]

    def summed(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return np.asarray(np.add.reduceat(values[order], starts), dtype=np.int64)

    return Parts(
        villages=[{name: row[name] for name in ("scope_path", "area_id", "name_zh", "name_en")} for row in rows],
        village=village[order][first],
        cells=cells[order][first],
        event_count=summed(count),
        scores=np.concatenate(scores, axis=1)[:, order][:, first],
        later_count=None if any(each is None for each in later) else summed(_numbers(later)),
        sizes=None if any(each is None for each in areas) else _floats(areas)[order][first],
    )


def _floats(packed: Sequence[bytes]) -> npt.NDArray[np.float64]:
    return np.frombuffer(b"".join(packed), _FLOATS).astype(np.float64)


def _numbers(packed: Sequence[bytes]) -> npt.NDArray[np.int64]:
    return np.frombuffer(b"".join(packed), _INTEGERS).astype(np.int64)
