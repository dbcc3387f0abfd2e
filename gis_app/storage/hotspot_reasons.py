"""What lies in and around a few cells: hazards of the caller's area, and the grids that hold the cells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import shapely
from sqlalchemy import Connection, text

from gis_app.storage.frames import frame_of

Box = tuple[float, float, float, float]

# The box first: its operator alone keeps the spatial index under row-level security.
_NEAR = text("""
SELECT b.place, h.id, h.number, h.title, h.category_code, h.severity, h.discovered_by, h.discovered_at,
       date_part('epoch', h.discovered_at) / 86400 AS day, ST_X(metric) AS x, ST_Y(metric) AS y
FROM unnest(CAST(:west AS float8[]), CAST(:south AS float8[]), CAST(:east AS float8[]), CAST(:north AS float8[]))
         WITH ORDINALITY AS b (west, south, east, north, place)
JOIN hazard h ON h.geom && ST_MakeEnvelope(b.west, b.south, b.east, b.north, 4326), ST_Transform(h.geom, :srid) metric
WHERE h.stage <> 'void' AND h.discovered_at >= :start AND h.discovered_at < :end
  AND (:category = '' OR h.category_code = :category)
ORDER BY b.place, h.discovered_at DESC, h.id""")
_GRIDS = text("""
SELECT DISTINCT ON (p.place) p.place, a.name_zh, a.name_en
FROM unnest(CAST(:lon AS float8[]), CAST(:lat AS float8[])) WITH ORDINALITY AS p (lon, lat, place),
     ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326) spot
JOIN area a ON a.geom && spot AND ST_Intersects(a.geom, spot)
WHERE a.level = 'grid' AND a.valid_to IS NULL
ORDER BY p.place, a.id""")

_GRID_SHAPES = text("""
SELECT id, ST_AsBinary(ST_Transform(geom, :srid)) AS shape FROM area WHERE id = ANY(:ids)""")
# In the order of all streets, so that of two as near to a hazard the same one is taken.
_STREETS_OF = text("""
SELECT id, from_node, to_node, ST_AsBinary(ST_Transform(geom, :srid)) AS geometry
FROM street_segment WHERE id = ANY(:ids) ORDER BY id""")
_STREETS_NEAR = text("""
SELECT id, from_node, to_node, ST_AsBinary(ST_Transform(geom, :srid)) AS geometry
FROM street_segment WHERE id IN (
    SELECT s.id
    FROM unnest(CAST(:west AS float8[]), CAST(:south AS float8[]), CAST(:east AS float8[]), CAST(:north AS float8[]))
             AS b (west, south, east, north)
    JOIN street_segment s ON s.geom && ST_MakeEnvelope(b.west, b.south, b.east, b.north, 4326))
ORDER BY id""")


def hazards_near(
    connection: Connection, boxes: Sequence[Box], *, start: datetime, end: datetime, category: str, srid: int
) -> pd.DataFrame:
    """Return the hazards found in ``[start, end)`` in each box (degrees), the newest first, void ones left out.

    Returns
    -------
    Columns place (of the box, from 1), id, number, title, category_code, severity, discovered_by, discovered_at, day
    (since 1970-01-01 UTC), x, y (metres).
    """
    result = connection.execute(
        _NEAR, {**_edges(boxes), "start": start, "end": end, "category": category, "srid": srid}
    )
    return frame_of(result)


def grid_shapes(connection: Connection, ids: Sequence[int], *, srid: int) -> dict[int, Any]:
    """Return the shapes of grids by id, metres in the projected CRS; those of the caller's area."""
    rows = connection.execute(_GRID_SHAPES, {"ids": list(ids), "srid": srid}).all()
    return dict(zip([row.id for row in rows], shapely.from_wkb([bytes(row.shape) for row in rows]), strict=True))


def streets_of(connection: Connection, ids: Sequence[int], *, srid: int) -> pd.DataFrame:
    """Return streets by id: id, from_node, to_node, geometry (metres in the projected CRS), in the order of ids."""
    return _streets(connection, _STREETS_OF, {"ids": list(ids), "srid": srid})


def streets_near(connection: Connection, boxes: Sequence[Box], *, srid: int) -> pd.DataFrame:
    """Return the streets that come near boxes (degrees); columns as in ``streets_of``."""
    return _streets(connection, _STREETS_NEAR, {**_edges(boxes), "srid": srid})


def _streets(connection: Connection, query: Any, values: dict[str, Any]) -> pd.DataFrame:
    result = connection.execute(query, values)
    frame = frame_of(result)
    return frame.assign(geometry=list(shapely.from_wkb([bytes(shape) for shape in frame["geometry"]])))


def _edges(boxes: Sequence[Box]) -> dict[str, Any]:
    return {name: [box[place] for box in boxes] for place, name in enumerate(("west", "south", "east", "north"))}


def grids_at(connection: Connection, places: Sequence[tuple[float, float]]) -> dict[int, tuple[str, str | None]]:
    """Return the Chinese and the English name of the grid at each place (lon, lat), by its number from 1."""
    values = {"lon": [lon for lon, _ in places], "lat": [lat for _, lat in places]}
    return {row.place: (row.name_zh, row.name_en) for row in connection.execute(_GRIDS, values)}
