"""The figures of the strip, counted by the database inside the caller's scope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection, RowMapping, text

_HAZARDS = text("""
SELECT count(*) FILTER (WHERE stage NOT IN ('closed', 'void')) AS open_count,
       count(*) FILTER (WHERE stage NOT IN ('closed', 'void') AND due_at < :now) AS overdue_count,
       count(*) FILTER (WHERE stage <> 'void' AND due_at >= :start AND due_at < :end AND due_at <= :now) AS due_count,
       count(*) FILTER (WHERE stage = 'closed' AND due_at >= :start AND due_at < :end AND due_at <= :now)
           AS due_closed_count,
       max(discovered_at) AS newest
FROM hazard""")
_COVERAGE = text("""
SELECT sum(c.area_share * a.area_m2) / NULLIF(sum(a.area_m2), 0) AS share, count(*) AS grid_count,
       count(*) FILTER (WHERE c.area_share > 0) AS visited_count
FROM grid_coverage c JOIN analysis_run r ON r.id = c.run_id AND r.is_current AND r.kind = 'grid_coverage'
JOIN area a ON a.id = c.grid_id
WHERE c.night = :night""")
_TEAMS = text("""
SELECT (SELECT count(*) FROM team) AS team_count,
       (SELECT count(DISTINCT team_id) FROM patrol WHERE night = :night) AS out_count""")
# Nights of which anything is known, newest first.
_NIGHTS = text("SELECT night FROM patrol GROUP BY night ORDER BY night DESC LIMIT 400")
# Times are those of a transaction's begin: one that commits after a younger one shows in the number of rows alone.
_VERSION = text("""
SELECT md5(concat_ws('|',
    (SELECT max(created_at) FROM analysis_run), (SELECT count(*) FROM analysis_run),
    (SELECT max(created_at) FROM import_run), (SELECT count(*) FROM import_run),
    (SELECT max(changed_at) FROM village_change),
    (SELECT name_zh || is_synthetic FROM city_profile), current_setting('jingwei.scope', true)))""")
_NEWEST_HAZARD = text("SELECT max(discovered_at) FROM hazard")


def hazard_figures(connection: Connection, *, start: datetime, end: datetime, now: datetime) -> RowMapping:
    """Return open, overdue, due and closed counts; due: the deadline lies in ``[start, end)`` and has passed."""
    return connection.execute(_HAZARDS, {"start": start, "end": end, "now": now}).mappings().one()


def coverage_figures(connection: Connection, night: date) -> RowMapping:
    """Return the area share covered on a night (None without grids), and how many grids were visited."""
    return connection.execute(_COVERAGE, {"night": night}).mappings().one()


def team_figures(connection: Connection, night: date) -> RowMapping:
    """Return how many teams there are and how many went out on a night."""
    return connection.execute(_TEAMS, {"night": night}).mappings().one()


def known_nights(connection: Connection) -> Sequence[date]:
    """Return the nights with patrols, newest first."""
    return connection.execute(_NIGHTS).scalars().all()


def data_version(connection: Connection) -> str:
    """Return a word that changes when an analysis, an import or a hazard was committed; differs from scope to scope."""
    return str(connection.execute(_VERSION).scalar_one())


def newest_hazard(connection: Connection) -> datetime | None:
    """Return when the newest hazard was found, None without any."""
    found: datetime | None = connection.execute(_NEWEST_HAZARD).scalar_one()
    return found


def home_area(connection: Connection, scope_path: str) -> RowMapping | None:
    """Return names and box of the township or village that the caller works in; None for the city and above."""
    query = text("""
    SELECT name_zh, name_en,
           ST_XMin(geom) AS west, ST_YMin(geom) AS south, ST_XMax(geom) AS east, ST_YMax(geom) AS north
    FROM area WHERE scope_path = :path AND level IN ('township', 'village') AND valid_to IS NULL""")
    return connection.execute(query, {"path": scope_path}).mappings().first()


def city_profile(connection: Connection) -> RowMapping | None:
    """Return the city's name, bounds and whether it is synthetic; None before any city was loaded."""
    query = text("SELECT name_zh, name_en, is_synthetic, west, south, east, north FROM city_profile")
    return connection.execute(query).mappings().first()
