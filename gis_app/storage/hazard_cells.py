"""Hazards counted per cell and month, so that low zooms need not read a million rows."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, TextClause, text

from gis_app.domain.periods import CITY_TIME
from gis_app.storage.counted_tiles import AS_COUNTED_TILE, CELL_ZOOMS, IN_TILE, counted_place
from gis_app.storage.hazard_tiles import WORLD_ZOOM
from gis_app.storage.tiles import TileAddress, TileFilter

CELL_TILE_ZOOMS = range(7, 13)
"""Zooms of tiles that are answered from counts; from the next zoom on every hazard is drawn."""

_FINEST = CELL_TILE_ZOOMS.stop - 1
_MONTH = "date_trunc('month', h.discovered_at AT TIME ZONE 'Asia/Shanghai')::date"
_SHIFT = WORLD_ZOOM - CELL_ZOOMS - _FINEST
_CELL = f"h.world_x >> {_SHIFT} AS cell_x, h.world_y >> {_SHIFT} AS cell_y"
_ZOOMS = f"generate_series({CELL_TILE_ZOOMS.start}, {_FINEST}) AS z (zoom)"
_KEYS = "zoom, cell_x, cell_y, month, severity, scope_path"
_IS_ITS_CELL = f"(c.{_KEYS.replace(', ', ', c.')}) = (one.{_KEYS.replace(', ', ', one.')})"
# Every cell is four of the next finer zoom: rows are read once, and the coarser zooms are sums of the finest.
_COUNT = f"""
INSERT INTO hazard_month_cell ({_KEYS}, hazard_count, open_count, geom)
SELECT zoom, cell_x >> {_FINEST} - zoom, cell_y >> {_FINEST} - zoom, month, severity, scope_path,
       sum(hazard_count), sum(open_count),
       ST_SetSRID(ST_MakePoint(sum(x_sum) / sum(hazard_count), sum(y_sum) / sum(hazard_count)), 4326)
FROM (
    SELECT {_CELL}, {_MONTH} AS month, h.severity, h.scope_path, count(*) AS hazard_count,
           count(*) FILTER (WHERE h.stage NOT IN ('closed', 'void')) AS open_count,
           sum(ST_X(h.geom)) AS x_sum, sum(ST_Y(h.geom)) AS y_sum
    FROM hazard h WHERE {{restriction}}
    GROUP BY 1, 2, 3, 4, 5) finest CROSS JOIN {_ZOOMS}
GROUP BY 1, 2, 3, 4, 5, 6"""  # noqa: S608

# One hazard's cells, a row for each zoom.
_OF_HAZARD = f"""
WITH one AS (
    SELECT z.zoom, cell_x >> {_FINEST} - z.zoom AS cell_x, cell_y >> {_FINEST} - z.zoom AS cell_y, month, severity,
           scope_path, is_open, geom
    FROM (SELECT {_CELL}, {_MONTH} AS month, h.severity, h.scope_path,
                 (h.stage NOT IN ('closed', 'void'))::int AS is_open, h.geom
          FROM hazard h WHERE h.id = :id) hazard CROSS JOIN {_ZOOMS} ORDER BY z.zoom)"""  # noqa: S608
_MEAN = (
    "ST_SetSRID(ST_MakePoint((ST_X(c.geom) * c.hazard_count {sign} ST_X({place})) / (c.hazard_count {sign} 1), "
    "(ST_Y(c.geom) * c.hazard_count {sign} ST_Y({place})) / (c.hazard_count {sign} 1)), 4326)"
)
_ADD = text(f"""{_OF_HAZARD}
INSERT INTO hazard_month_cell AS c ({_KEYS}, hazard_count, open_count, geom)
SELECT {_KEYS}, 1, is_open, geom FROM one
ON CONFLICT ({_KEYS}) DO UPDATE
SET hazard_count = c.hazard_count + 1, open_count = c.open_count + excluded.open_count,
    geom = {_MEAN.format(sign="+", place="excluded.geom")}""")  # noqa: S608
_TAKE_OUT = text(f"""{_OF_HAZARD}, emptied AS (
    DELETE FROM hazard_month_cell c USING one WHERE {_IS_ITS_CELL} AND c.hazard_count = 1)
UPDATE hazard_month_cell c
SET hazard_count = c.hazard_count - 1, open_count = c.open_count - one.is_open,
    geom = {_MEAN.format(sign="-", place="one.geom")}
FROM one WHERE {_IS_ITS_CELL} AND c.hazard_count > 1""")  # noqa: S608
_ENDED_OR_REOPENED = text(f"""{_OF_HAZARD}
UPDATE hazard_month_cell c SET open_count = c.open_count + CASE one.is_open WHEN 1 THEN 1 ELSE -1 END
FROM one WHERE {_IS_ITS_CELL}""")  # noqa: S608
_SHARE_COUNTS = text("SELECT pg_advisory_xact_lock_shared(330381009)")
_OWN_COUNTS = text("SELECT pg_advisory_xact_lock(330381009)")

# In one order, so that two desks never wait for each other.
_NOTE_CHANGES = text("""
INSERT INTO village_change (scope_path, changed_at)
SELECT path, clock_timestamp() FROM unnest(CAST(:paths AS text[])) path ORDER BY path
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
    SELECT world_x >> :shift, world_y >> :shift, 1, (stage NOT IN ('closed', 'void'))::int, ST_X(geom), ST_Y(geom)
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
    """Count the hazards of some months anew (the first days of them, in the city's time), or of all.

    Until the transaction ends nobody else counts: a hazard added meanwhile waits, and is neither missed nor doubled.
    """
    connection.execute(_OWN_COUNTS)
    if months is None:
        connection.execute(text("DELETE FROM hazard_month_cell"))
        connection.execute(text(_COUNT.format(restriction="true")))
        return
    wanted = sorted(months)
    connection.execute(text("DELETE FROM hazard_month_cell WHERE month = ANY(:months)"), {"months": wanted})
    if wanted:
        restriction = f"h.discovered_at >= :start AND h.discovered_at < :end AND {_MONTH} = ANY(:months)"
        window = {"start": _midnight(wanted[0]), "end": _midnight(_next_month(wanted[-1]))}
        connection.execute(text(_COUNT.format(restriction=restriction)), window | {"months": wanted})


def count_hazard(connection: Connection, hazard_id: uuid.UUID) -> None:
    """Add a hazard to the counts of its cells."""
    _change(connection, _ADD, hazard_id)


def uncount_hazard(connection: Connection, hazard_id: uuid.UUID) -> None:
    """Take a hazard out of the counts of its cells, before its place, severity or stage changes."""
    _change(connection, _TAKE_OUT, hazard_id)


def count_ended_or_reopened(connection: Connection, hazard_id: uuid.UUID) -> None:
    """Count a hazard as open or ended in its cells, after it has just become so."""
    _change(connection, _ENDED_OR_REOPENED, hazard_id)


def _change(connection: Connection, statement: TextClause, hazard_id: uuid.UUID) -> None:
    connection.execute(_SHARE_COUNTS)
    connection.execute(statement, {"id": hazard_id})


def note_changes(connection: Connection, scope_paths: Iterable[str]) -> None:
    """Note that something changed in villages: maps of them are to be drawn anew."""
    connection.execute(_NOTE_CHANGES, {"paths": sorted(scope_paths)})


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
        "shift": WORLD_ZOOM - CELL_ZOOMS - address.zoom,
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
