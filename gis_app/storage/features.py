"""Single features and whole small layers, under the caller's row-level security."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from gis_app.storage.tiles import TileFilter, TileSource, conditions


def feature(
    connection: Connection, view: str, identity: int | uuid.UUID, *, columns: Sequence[str]
) -> RowMapping | None:
    """Return one row's ``columns``, ``lon`` and ``lat`` of a point on it, and ``is_synthetic``.

    A row without a shape, such as a patrol whose track was forgotten, has no lon and lat. ``is_synthetic`` is the
    row's own, or the city's where the view does not say. None if there is no such row in scope.
    """
    query = text(f"""
        SELECT s.{", s.".join(columns)}, ST_X(spot.point) AS lon, ST_Y(spot.point) AS lat,
               coalesce((to_jsonb(s) - 'geom' ->> 'is_synthetic')::boolean,
                        (SELECT is_synthetic FROM city_profile), false) AS is_synthetic
        FROM {view} s, ST_PointOnSurface(s.geom) spot (point) WHERE s.id = :id""")  # noqa: S608 - names checked in layer files
    return connection.execute(query, {"id": identity}).mappings().first()


def layer_rows(
    connection: Connection,
    source: TileSource,
    wanted: TileFilter,
    *,
    simplify_degrees: float = 0.0,
    limit: int | None = None,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every row of a layer that has a place as (GeoJSON geometry text, properties); 6 decimals are 0.1 m."""
    where, values = conditions(source, wanted, None)
    geometry = f"ST_SimplifyPreserveTopology(s.geom, {simplify_degrees})" if simplify_degrees else "s.geom"
    columns = "".join(f", s.{column}" for column in source.columns)
    query = text(f"""
        SELECT ST_AsGeoJSON({geometry}, 6) AS geometry, s.id{columns}
        FROM {source.view} s WHERE s.geom IS NOT NULL {where} ORDER BY s.id LIMIT :limit""")  # noqa: S608
    for row in connection.execute(query, values | {"limit": limit}).mappings():
        properties = dict(row)
        yield properties.pop("geometry"), properties
