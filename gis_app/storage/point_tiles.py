"""Tiles of points, each drawn by itself, made by one statement that gives up where there are too many."""

from __future__ import annotations

from gis_app.storage.single_trip import Question
from gis_app.storage.tiles import EXTENT, TileAddress, TileFilter, TileSource, conditions, named_column

MOST_FEATURES = 1000
"""Points of a tile beyond which it is counted instead: dots of ten pixels would cover a third of its 512 by 512."""


def point_tile(source: TileSource, address: TileAddress, wanted: TileFilter, *, most: int = MOST_FEATURES) -> Question:
    """Return the question for one tile: MVT, empty when nothing lies in it, NULL when more than ``most`` points do."""
    found, values = found_points(source, address, wanted)
    # Counted while it is drawn: to draw a few in vain costs less than to look at all of them twice.
    question = f"""
        SELECT CASE WHEN count(*) <= :most THEN ST_AsMVT(features, :layer, {EXTENT}, 'geom') END
        FROM ({_placed(source, f"({found} LIMIT :most + 1)")}) features"""  # noqa: S608
    return Question(question, values | {"most": most})


def found_points(source: TileSource, address: TileAddress, wanted: TileFilter) -> tuple[str, dict[str, object]]:
    """Return the SQL of the rows of a tile, and the parameters of it and of ``drawn_points``."""
    where, values = conditions(source, wanted, address.zoom, by_place_alone=True)
    columns = "".join(f", {named_column(column)}" for column in source.columns)
    found = f"""
        SELECT s.id{columns}, s.geom FROM {source.view} s
        WHERE s.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326) {where}"""  # noqa: S608
    return found, values | address.box(source.buffer_px) | place_of(source.layer, address)


def drawn_points(source: TileSource, found: str) -> str:
    """Return the SQL that draws found rows: a point needs no clipping, its place in the tile is arithmetic."""
    return f"""
        SELECT ST_AsMVT(features, :layer, {EXTENT}, 'geom') FROM ({_placed(source, found)}) features"""  # noqa: S608


def _placed(source: TileSource, found: str) -> str:
    columns = "".join(f", f.{column}" for column in source.columns)
    x = "round((ST_X(f.geom) + 180) / 360 * :scale - :left)"
    y = "round((1 - asinh(tan(radians(ST_Y(f.geom)))) / pi()) / 2 * :scale - :top)"
    return f"SELECT f.id{columns}, ST_MakePoint({x}, {y}) AS geom FROM {found} f"  # noqa: S608


def place_of(layer: str, address: TileAddress) -> dict[str, object]:
    """Return the name of a tile's layer and, in its own units, the width of the world and the tile's corner."""
    return {
        "layer": layer,
        "scale": float(EXTENT * 2**address.zoom),
        "left": float(EXTENT * address.x),
        "top": float(EXTENT * address.y),
    }
