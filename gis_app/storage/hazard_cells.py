"""Hazards counted per cell and month, so that low zooms need not read a million rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, text

from gis_app.domain.periods import CITY_TIME
from gis_app.storage.counted_tiles import AS_COUNTED_TILE, CELL_ZOOMS, IN_TILE, cell_columns, counted_place
from gis_app.storage.tiles import TileAddress, TileFilter

CELL_TILE_ZOOMS = range(7, 13)
"""Zooms of tiles that are answered from counts; from the next zoom on every hazard is drawn."""

_COUNT = f"""
INSERT INTO hazard_month_cell (zoom, cell_x, cell_y, month, severity, scope_path, hazard_count, open_count, geom)
SELECT zoom, cell_x, cell_y, month, severity, scope_path, count(*), count(*) FILTER (WHERE is_open),
       ST_SetSRID(ST_MakePoint(avg(ST_X(geom)), avg(ST_Y(geom))), 4326)
FROM (
    SELECT z.zoom, {cell_columns("h.geom", f"2 ^ (z.zoom + {CELL_ZOOMS})")},
           date_trunc('month', h.discovered_at AT TIME ZONE 'Asia/Shanghai')::date AS month,
           h.severity, h.scope_path, h.stage NOT IN ('closed', 'void') AS is_open, h.geom
    FROM hazard h CROSS JOIN generate_series({CELL_TILE_ZOOMS.start}, {CELL_TILE_ZOOMS.stop - 1}) AS z (zoom)
    WHERE {{restriction}}) placed
GROUP BY zoom, cell_x, cell_y, month, severity, scope_path"""  # noqa: S608

_NOTE_CHANGE = text("""
INSERT INTO village_change (scope_path, changed_at) VALUES (:path, clock_timestamp())
ON CONFLICT (scope_path) DO UPDATE SET changed_at = excluded.changed_at""")
_NOTE_EVERYWHERE = text("""
INSERT INTO village_change (scope_path, changed_at)
SELECT DISTINCT scope_path, clock_timestamp() FROM area WHERE level = 'village' AND valid_to IS NULL
ON CONFLICT (scope_path) DO UPDATE SET changed_at = excluded.changed_at""")
_TILE = text(f"""
WITH parts AS (
    SELECT cell_x, cell_y, hazard_count, open_count,
           ST_X(geom) * hazard_count AS x_sum, ST_Y(geom) * hazard_count AS y_sum
    FROM hazard_month_cell
    WHERE zoom = :z AND month >= :first_month AND month < :end_month
      AND geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
    UNION ALL
    SELECT {cell_columns("geom", ":cells")}, 1, (stage NOT IN ('closed', 'void'))::int, ST_X(geom), ST_Y(geom)
    FROM hazard
    WHERE geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
      AND (discovered_at >= :start AND discovered_at < :months_start
           OR discovered_at >= :months_end AND discovered_at < :end)),
cells AS (
    SELECT cell_x, cell_y, sum(hazard_count)::int AS count, sum(open_count)::int AS open_count,
           ST_SetSRID(ST_MakePoint(sum(x_sum) / sum(hazard_count), sum(y_sum) / sum(hazard_count)), 4326) AS geom
    FROM parts
    WHERE {IN_TILE}
    GROUP BY cell_x, cell_y)
{AS_COUNTED_TILE}""")  # noqa: S608


def refresh_hazard_month_cells(connection: Connection, months: Iterable[date] | None = None) -> None:
    """Count the hazards of some months anew (the first days of them, in the city's time), or of all."""
    if months is None:
        connection.execute(text("DELETE FROM hazard_month_cell"))
        connection.execute(text(_COUNT.format(restriction="true")))
        return
    wanted = {"months": list(months)}
    connection.execute(text("DELETE FROM hazard_month_cell WHERE month = ANY(:months)"), wanted)
    restriction = "date_trunc('month', h.discovered_at AT TIME ZONE 'Asia/Shanghai')::date = ANY(:months)"
    connection.execute(text(_COUNT.format(restriction=restriction)), wanted)


def refresh_village_month(connection: Connection, scope_path: str, moment: datetime) -> None:
    """Count the hazards of one village in the month of a moment anew, and note that something changed there."""
    month = moment.astimezone(CITY_TIME).date().replace(day=1)
    values = {"path": scope_path, "month": month, "start": _midnight(month), "end": _midnight(_next_month(month))}
    connection.execute(text("DELETE FROM hazard_month_cell WHERE scope_path = :path AND month = :month"), values)
    note_change(connection, scope_path)
    restriction = "h.scope_path = :path AND h.discovered_at >= :start AND h.discovered_at < :end"
    connection.execute(text(_COUNT.format(restriction=restriction)), values)


def note_change(connection: Connection, scope_path: str) -> None:
    """Note that something changed in a village: maps of it are to be drawn anew."""
    connection.execute(_NOTE_CHANGE, {"path": scope_path})


def note_change_everywhere(connection: Connection) -> None:
    """Note that something changed in every village of the caller's area: maps are to be drawn anew."""
    connection.execute(_NOTE_EVERYWHERE)


def hazard_cell_tile(connection: Connection, layer: str, address: TileAddress, wanted: TileFilter) -> bytes:
    """Return one tile of hazards counted per cell in ``[start, end)``: whole months from counts, the rest from rows.

    Raises
    ------
    ValueError
        If the zoom has no counts, or the filter no start or end.
    """
    if address.zoom not in CELL_TILE_ZOOMS or wanted.start is None or wanted.end is None:
        raise ValueError("Counted tiles exist for zooms 7 to 12 and a bounded time window.")
    first_month, end_month = whole_months(wanted.start, wanted.end)
    no_month = first_month == end_month
    values = counted_place(layer, address) | {
        "start": wanted.start,
        "end": wanted.end,
        "first_month": first_month,
        "end_month": end_month,
        "months_start": wanted.start if no_month else _midnight(first_month),
        "months_end": wanted.start if no_month else _midnight(end_month),
    }
    return bytes(connection.execute(_TILE, values).scalar_one())


def whole_months(start: datetime, end: datetime) -> tuple[date, date]:
    """Return the first days of the first whole month in ``[start, end)`` and of the month after the last one.

    Without a whole month both are the same day. Months are those of the city's time.
    """
    first = start.astimezone(CITY_TIME)
    begin = first.date().replace(day=1)
    if first != datetime.combine(begin, datetime.min.time(), CITY_TIME):
        begin = _next_month(begin)
    stop = end.astimezone(CITY_TIME).date().replace(day=1)
    return begin, max(begin, stop)


def _next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), CITY_TIME).astimezone(UTC)
