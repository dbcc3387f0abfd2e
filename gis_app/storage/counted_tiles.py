"""Points counted per cell, for tiles that would hold too many of them."""

from __future__ import annotations

from sqlalchemy import Connection, text

from gis_app.storage.tiles import EXTENT, TILE_PIXELS, TileAddress, TileFilter, TileSource, conditions

CELL_ZOOMS = 4  # aggregated points stand in cells of a sixteenth of a tile's side: four zooms finer than the tile


def counted_tile(connection: Connection, source: TileSource, address: TileAddress, wanted: TileFilter) -> bytes:
    """Return one tile of points counted per cell, with ``count`` and ``open_count``, from the rows themselves.

    For tiles that would be too large; ``storage.hazard_cells`` answers low zooms from counts made before.
    """
    where, values = conditions(source, wanted, address.zoom)
    state = f"s.{source.state_column}" if source.state_column else "NULL::text"
    open_count = "count(*) FILTER (WHERE state <> 'closed')" if source.state_column else "NULL::bigint"
    query = text(f"""
        WITH cells AS (
            SELECT cell_x, cell_y, count(*) AS count, {open_count} AS open_count,
                   ST_SetSRID(ST_MakePoint(avg(ST_X(geom)), avg(ST_Y(geom))), 4326) AS geom
            FROM (
                SELECT {cell_columns("s.geom", ":cells")}, {state} AS state, s.geom
                FROM {source.view} s
                WHERE s.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326) {where}) placed
            WHERE {IN_TILE}
            GROUP BY cell_x, cell_y)
        {AS_COUNTED_TILE}""")  # noqa: S608
    values |= counted_place(source.layer, address)
    return bytes(connection.execute(query, values).scalar_one())


CELLS_PER_SIDE = 2**CELL_ZOOMS
# A margin of one whole cell: a neighbour's circle reaches over the border, and each tile counts the cell alike.
IN_TILE = """cell_x BETWEEN :cell_x - 1 AND :cell_x + :side AND cell_y BETWEEN :cell_y - 1 AND :cell_y + :side"""
# A cell keeps its id in every tile that shows it.
AS_COUNTED_TILE = f"""
        SELECT ST_AsMVT(features, :layer, {EXTENT}, 'geom') FROM (
            SELECT cell_y::bigint * :cells + cell_x AS id, count, open_count,
                   ST_AsMVTGeom(ST_Transform(geom, 3857), ST_TileEnvelope(:z, :x, :y), {EXTENT}, :buffer, true) AS geom
            FROM cells) features WHERE geom IS NOT NULL"""  # noqa: S608


def cell_columns(geom: str, cells: str) -> str:
    """Return SQL for column and row of the web-mercator cell a point lies in, ``cells`` being around the Earth."""
    column = f"floor((ST_X({geom}) + 180) / 360 * {cells})::int"
    row = f"floor((1 - asinh(tan(radians(ST_Y({geom})))) / pi()) / 2 * {cells})::int"
    return f"{column} AS cell_x, {row} AS cell_y"


def counted_place(layer: str, address: TileAddress) -> dict[str, object]:
    """Return the parameters of ``IN_TILE`` and ``AS_COUNTED_TILE``."""
    return address.box(TILE_PIXELS / CELLS_PER_SIDE) | {
        "z": address.zoom,
        "x": address.x,
        "y": address.y,
        "layer": layer,
        "buffer": EXTENT // CELLS_PER_SIDE,
        "cells": 2 ** (address.zoom + CELL_ZOOMS),
        "side": CELLS_PER_SIDE,
        "cell_x": address.x * CELLS_PER_SIDE,
        "cell_y": address.y * CELLS_PER_SIDE,
    }
