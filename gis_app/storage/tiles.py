"""Vector tiles straight from PostGIS, under the caller's row-level security."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

EXTENT = 4096
TILE_PIXELS = 256
SIMPLIFIED_BELOW = 15
MERGED_CELLS = 2048
"""Corners of merged shapes are rounded to this many places along a tile's side."""


@dataclass(frozen=True)
class TileAddress:
    """Zoom, column and row of a tile of the web-mercator square."""

    zoom: int
    x: int
    y: int

    def box(self, buffer_px: float = 0) -> dict[str, float]:
        """Return west, south, east, north in degrees, widened by a buffer in pixels of a 256-pixel tile."""
        count, share = 2**self.zoom, buffer_px / TILE_PIXELS
        return {
            "west": (self.x - share) / count * 360 - 180,
            "east": (self.x + 1 + share) / count * 360 - 180,
            "south": _latitude((self.y + 1 + share) / count),
            "north": _latitude((self.y - share) / count),
        }


def _latitude(share: float) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * share))))


@dataclass(frozen=True)
class TileSource:
    """What a tile is made of. All names come from layer files, where they are checked to be plain names.

    Parameters
    ----------
    layer
        Name of the layer inside the tile.
    view
        Table or view with ``id`` and ``geom`` (EPSG:4326).
    columns
        Further columns to carry.
    drawn_column, drawn_values, drawn_from
        Rows outside these values, or below this number, are not drawn, so they are not sent.
    state_column
        Column that says ``closed`` of what needs no more work, for counts.
    buffer_px
        Margin around the tile, so that a symbol on the border is drawn whole on both sides.
    """

    layer: str
    view: str
    columns: Sequence[str] = ()
    time_column: str | None = None
    night_column: str | None = None
    zoom_column: str | None = None
    drawn_column: str | None = None
    drawn_values: Sequence[str] = ()
    drawn_from: float | None = None
    state_column: str | None = None
    buffer_px: int = 8


@dataclass(frozen=True)
class TileFilter:
    """What the reader asked for: hazards of ``[start, end)``, tracks of a night."""

    start: datetime | None = None
    end: datetime | None = None
    night: date | None = None


def conditions(
    source: TileSource, wanted: TileFilter, zoom: int | None, *, by_place_alone: bool = False
) -> tuple[str, dict[str, object]]:
    """Return the SQL conditions, each beginning with AND, and their parameters.

    With ``by_place_alone`` no index of times serves them: a plan made for any window must not read all of a long one.
    """
    parts: list[str] = []
    values: dict[str, object] = {}
    checked = "AND ({}) IS TRUE" if by_place_alone else "AND {}"
    if source.time_column and wanted.start is not None:
        parts.append(checked.format(f"s.{source.time_column} >= :start"))
        values["start"] = wanted.start
    if source.time_column and wanted.end is not None:
        parts.append(checked.format(f"s.{source.time_column} < :end"))
        values["end"] = wanted.end
    if source.night_column and wanted.night is not None:
        parts.append(f"AND s.{source.night_column} = :night")
        values["night"] = wanted.night
    if source.zoom_column and zoom is not None:
        parts.append(f"AND s.{source.zoom_column} <= :zoom")
        values["zoom"] = zoom
    if source.drawn_column and source.drawn_values:
        parts.append(f"AND s.{source.drawn_column} = ANY(:drawn)")
        values["drawn"] = list(source.drawn_values)
    if source.drawn_column and source.drawn_from is not None:
        parts.append(f"AND s.{source.drawn_column} >= :drawn_from")
        values["drawn_from"] = source.drawn_from
    return " ".join(parts), values


def tile(connection: Connection, source: TileSource, address: TileAddress, wanted: TileFilter) -> bytes:
    """Return one tile as MVT; empty when nothing lies in it.

    Rows come by ``geom && box`` alone: the operator that keeps the spatial index under row-level security.
    """
    where, values = conditions(source, wanted, address.zoom)
    columns = "".join(f", {named_column(column)}" for column in source.columns)
    query = text(f"""
        WITH features AS (
            SELECT s.id{columns}, {_drawn_geometry(_simplified(address))} AS geom
            FROM {source.view} s
            WHERE s.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326) {where})
        SELECT ST_AsMVT(features, :layer, {EXTENT}, 'geom') FROM features WHERE geom IS NOT NULL""")  # noqa: S608
    values |= address.box(source.buffer_px) | _place(source, address)
    return bytes(connection.execute(query, values).scalar_one())


def merged_tile(
    connection: Connection,
    source: TileSource,
    address: TileAddress,
    wanted: TileFilter,
    *,
    column: str | None,
    breaks: Sequence[float] = (),
) -> bytes:
    """Return one tile of lines or polygons merged per value of ``column``: far fewer bytes, no single features.

    For tiles that would be too large. Each merged shape carries ``merged``, the features in it, and ``id`` of one;
    not ``count``, which is that of points and is drawn as a circle.
    With ``breaks`` (ascending) the column is a number, rounded down to the next break.
    """
    where, values = conditions(source, wanted, address.zoom)
    named = f"s.{column}" if column else "NULL::text"
    if column and breaks:
        named = f"(SELECT max(least) FROM unnest(CAST(:breaks AS float8[])) least WHERE least <= s.{column})"  # noqa: S608
        values["breaks"] = list(breaks)
    corner = 2 * 180 / 2**address.zoom / MERGED_CELLS
    query = text(f"""
        WITH classes AS (
            SELECT min(s.id) AS id, {named} AS {column or "kind"}, count(*) AS merged,
                   ST_Collect(ST_SnapToGrid(s.geom, {corner!r})) AS geom
            FROM {source.view} s
            WHERE s.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326) {where}
            GROUP BY 2),
        features AS (
            SELECT s.id, s.{column or "kind"}, s.merged, {_drawn_geometry("s.geom")} AS geom FROM classes s)
        SELECT ST_AsMVT(features, :layer, {EXTENT}, 'geom') FROM features WHERE geom IS NOT NULL""")  # noqa: S608
    values |= address.box(source.buffer_px) | _place(source, address)
    return bytes(connection.execute(query, values).scalar_one())


def named_column(name: str) -> str:
    """Return SQL for a column; a name missing in one language is shown in the other."""
    for own, other in (("_zh", "_en"), ("_en", "_zh")):
        if name.endswith(own):
            return f"coalesce(s.{name}, s.{name.removesuffix(own)}{other}) AS {name}"
    return f"s.{name}"


def _simplified(address: TileAddress) -> str:
    """Return SQL for the shape with a quarter of a pixel less detail: not seen, and faster from there on."""
    if address.zoom >= SIMPLIFIED_BELOW:
        return "s.geom"
    return f"ST_Simplify(s.geom, {360 / 2**address.zoom / TILE_PIXELS / 4!r}, true)"


def _drawn_geometry(geometry: str) -> str:
    envelope = "ST_TileEnvelope(:z, :x, :y)"
    return f"ST_AsMVTGeom(ST_Transform({geometry}, 3857), {envelope}, {EXTENT}, :buffer, true)"


def _place(source: TileSource, address: TileAddress) -> dict[str, object]:
    buffer = source.buffer_px * EXTENT // TILE_PIXELS
    return {"z": address.zoom, "x": address.x, "y": address.y, "layer": source.layer, "buffer": buffer}
