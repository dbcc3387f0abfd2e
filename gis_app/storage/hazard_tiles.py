"""Tiles of hazards from the zoom on where each is drawn: counted instead where they are many.

Each hazard keeps its place on the web-mercator square of 2**30 units a side, and an index over columns of that square
holds all that counting asks for, so that ten thousand hazards are counted without a look at the table.
"""

from __future__ import annotations

from gis_app.storage.counted_tiles import CELL_ZOOMS, CELLS_PER_SIDE
from gis_app.storage.point_tiles import MOST_FEATURES, drawn_points, found_points
from gis_app.storage.single_trip import Question
from gis_app.storage.tiles import EXTENT, TileAddress, TileFilter, TileSource

WORLD_ZOOM = 30
COLUMN_ZOOM = 18
"""The square is cut into as many columns as tiles of this zoom have."""

# IS TRUE keeps the planner from reading a whole time window of the city for one tile.
_CELLS = """
        SELECT h.world_x >> CAST(:shift AS int) AS cell_x, h.world_y >> CAST(:shift AS int) AS cell_y,
               count(*)::int AS count, count(*) FILTER (WHERE h.stage NOT IN ('closed', 'void'))::int AS open_count,
               sum(h.world_x)::float8 AS x_sum, sum(h.world_y)::float8 AS y_sum
        FROM generate_series(CAST(:first_column AS int), CAST(:last_column AS int)) c (number)
        JOIN hazard h ON h.world_column = c.number
        WHERE h.world_x >= CAST(:west_x AS int) AND h.world_x < CAST(:east_x AS int)
          AND h.world_y >= CAST(:north_y AS int) AND h.world_y < CAST(:south_y AS int)
          AND (h.discovered_at >= :start) IS TRUE AND (h.discovered_at < :end) IS TRUE
        GROUP BY 1, 2"""
_COUNTED = f"""
        SELECT ST_AsMVT(features, :layer, {EXTENT}, 'geom') FROM (
            SELECT cell_y::bigint * CAST(:cells AS bigint) + cell_x AS id, count, open_count,
                   ST_MakePoint(round(x_sum / count / :unit - :left), round(y_sum / count / :unit - :top)) AS geom
            FROM cells) features"""  # noqa: S608


def hazard_tile(source: TileSource, address: TileAddress, wanted: TileFilter, *, most: int = MOST_FEATURES) -> Question:
    """Return the question for one tile: every hazard, or where there are more than ``most`` their counts per cell.

    Counting comes first: it reads the index alone, and where it is the answer no row was read in vain.

    Parameters
    ----------
    wanted
        With a start and an end.
    """
    found, values = found_points(source, address, wanted)
    # Only the part that is needed is computed: a sub-select runs when it is first asked for.
    question = f"""
        WITH cells AS MATERIALIZED ({_CELLS})
        SELECT CASE WHEN (SELECT coalesce(sum(count), 0) FROM cells) > :most
               THEN ({_COUNTED}) ELSE ({drawn_points(source, f"({found})")}) END"""  # noqa: S608
    return Question(question, values | world_box(address) | {"most": most})


def world_box(address: TileAddress) -> dict[str, object]:
    """Return what a tile covers of the square, a margin of one cell around it included."""
    side = 2.0 ** (WORLD_ZOOM - address.zoom)
    margin = side / CELLS_PER_SIDE
    west, east = (int(address.x * side - margin), int((address.x + 1) * side + margin))
    return {
        "first_column": max(west, 0) >> (WORLD_ZOOM - COLUMN_ZOOM),
        "last_column": (east - 1) >> (WORLD_ZOOM - COLUMN_ZOOM),
        "west_x": max(west, 0),
        "east_x": min(east, 2**WORLD_ZOOM),
        "north_y": int(address.y * side - margin),
        "south_y": min(int((address.y + 1) * side + margin), 2**WORLD_ZOOM),
        "shift": WORLD_ZOOM - CELL_ZOOMS - address.zoom,
        "cells": 2 ** (address.zoom + CELL_ZOOMS),
        "unit": side / EXTENT,
    }
