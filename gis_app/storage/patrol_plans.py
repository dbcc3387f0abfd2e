"""Plans of patrols with their versions, the routes published of them, and what candidates for stops are made from."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

_COLUMNS = """
SELECT p.id, p.night, p.title, p.area_code, p.state, p.version, p.account, p.approved_by, p.body_hash, p.changed_at,
       p.scope_path, p.is_synthetic, a.name_zh AS area_zh, a.name_en AS area_en"""
_NAMED = "FROM patrol_plan p LEFT JOIN area a ON a.code = p.area_code AND a.valid_to IS NULL"
_ONE = f"{_COLUMNS}, p.content {_NAMED} WHERE p.id = :id"
_LISTED = text(f"""
{_COLUMNS}, p.content -> 'result' ->> 'value' AS value, p.content -> 'result' ->> 'stop_count' AS stop_count,
       p.content -> 'result' ->> 'team_count' AS team_count
{_NAMED} ORDER BY p.night DESC, p.changed_at DESC LIMIT :most""")
_BEFORE = text("""
SELECT content FROM patrol_plan
WHERE night < :night AND night >= :first AND state IN ('published', 'closed') AND scope_path = :path ORDER BY night""")
_ADD = text("""
INSERT INTO patrol_plan (id, night, title, area_code, content, account, body_hash, changed_at, scope_path)
VALUES (:id, :night, :title, :area_code, CAST(:content AS jsonb), :account, :body_hash, :at, :scope_path)
ON CONFLICT DO NOTHING RETURNING id""")
_STORE = text("""
UPDATE patrol_plan SET state = :state, version = version + 1, content = CAST(:content AS jsonb), changed_at = :at,
       approved_by = :approved_by
WHERE id = :id AND version = :version RETURNING version""")
_KEEP = text("""
INSERT INTO patrol_plan_version (plan_id, version, state, step, content, account, at, scope_path)
SELECT id, version, state, :step, content, :account, changed_at, scope_path FROM patrol_plan WHERE id = :id""")
_VERSIONS = text("""
SELECT version, state, step, account, at, content -> 'result' ->> 'value' AS value
FROM patrol_plan_version WHERE plan_id = :id ORDER BY version DESC""")
_VERSION = text("SELECT content FROM patrol_plan_version WHERE plan_id = :id AND version = :version")
_FORGET_ROUTES = text("DELETE FROM patrol_route WHERE plan_id = :id")
_ADD_ROUTE = text("""
INSERT INTO patrol_route (team_id, night, starts_at, ends_at, length_m, plan_id, geom, scope_path)
SELECT t.id, :night, :starts_at, :ends_at, :length_m, :plan_id, ST_GeomFromGeoJSON(:line), t.scope_path
FROM team t WHERE t.code = :team RETURNING id, scope_path""")
_ADD_STOP = text("""
INSERT INTO planned_stop (route_id, ordinal, dwell_min, code, begins_at, prize_parts, geom, scope_path)
VALUES (:route_id, :ordinal, :dwell_min, :code, :begins_at, CAST(:prize_parts AS jsonb),
        ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), :scope_path)""")
_ROUTES = text("""
SELECT r.id, t.code AS team FROM patrol_route r JOIN team t ON t.id = r.team_id
WHERE r.plan_id = :id ORDER BY t.code""")
_ROUTE = text("""
SELECT r.id, r.night, r.starts_at, r.ends_at, r.length_m, r.plan_id, ST_AsGeoJSON(r.geom, 6) AS line,
       t.code AS team, t.name_zh AS team_zh, t.name_en AS team_en, t.mode,
       ST_X(t.station) AS lon, ST_Y(t.station) AS lat
FROM patrol_route r JOIN team t ON t.id = r.team_id WHERE r.id = :id""")
_STOPS = text("""
SELECT s.ordinal, s.dwell_min, s.code, s.begins_at, s.prize_parts, ST_X(s.geom) AS lon, ST_Y(s.geom) AS lat,
       a.name_zh AS village_zh, a.name_en AS village_en
FROM planned_stop s
LEFT JOIN LATERAL (
    SELECT name_zh, name_en FROM area
    WHERE level = 'village' AND valid_to IS NULL AND geom && s.geom AND ST_Intersects(geom, s.geom) LIMIT 1) a ON true
WHERE s.route_id = :id ORDER BY s.ordinal""")
# Wide streets first: of a large box only they are drawn.
_STREETS_ABOUT = text("""
SELECT ST_AsGeoJSON(ST_SimplifyPreserveTopology(geom, 0.00003), 5) FROM street_segment
WHERE geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326) AND kind <> 'ferry'
ORDER BY array_position(ARRAY['trunk', 'primary', 'secondary', 'residential', 'footpath'], CAST(kind AS text)), id
LIMIT :most""")
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('patrol_plan'), hashtext(:who))")


def listed(connection: Connection, *, most: int) -> Sequence[RowMapping]:
    """Return the plans of the caller's area without their content, the newest night first."""
    return connection.execute(_LISTED, {"most": most}).mappings().all()


def one(connection: Connection, plan_id: uuid.UUID, *, for_change: bool = False) -> RowMapping | None:
    """Return a plan with its content, locked if it is to be changed."""
    query = text(f"{_ONE} FOR UPDATE OF p" if for_change else _ONE)
    return connection.execute(query, {"id": plan_id}).mappings().first()


def before(connection: Connection, night: date, first: date, path: str) -> list[Any]:
    """Return contents of the plans of the nights before that were published for the same area."""
    return list(connection.execute(_BEFORE, {"night": night, "first": first, "path": path}).scalars())


def add(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Store a new plan; return False if its id is taken."""
    row = {**values, "content": json.dumps(values["content"])}
    return connection.execute(_ADD, row).scalar() is not None


def store(connection: Connection, plan_id: uuid.UUID, values: Mapping[str, Any]) -> bool:
    """Store a plan's next version; return False if somebody else did before."""
    row = {**values, "id": plan_id, "content": json.dumps(values["content"])}
    return connection.execute(_STORE, row).scalar() is not None


def keep_version(connection: Connection, plan_id: uuid.UUID, *, step: str, account: str) -> None:
    """Keep the plan as it is now among its versions."""
    connection.execute(_KEEP, {"id": plan_id, "step": step, "account": account})


def versions(connection: Connection, plan_id: uuid.UUID) -> Sequence[RowMapping]:
    """Return a plan's versions without content, the newest first."""
    return connection.execute(_VERSIONS, {"id": plan_id}).mappings().all()


def version(connection: Connection, plan_id: uuid.UUID, number: int) -> Any:
    """Return the content of a version, None if there is none."""
    return connection.execute(_VERSION, {"id": plan_id, "version": number}).scalar()


def replace_routes(connection: Connection, plan_id: uuid.UUID, routes: Iterable[Mapping[str, Any]]) -> int:
    """Store the routes of a plan with their stops in place of those published before; return how many."""
    connection.execute(_FORGET_ROUTES, {"id": plan_id})
    count = 0
    for route in routes:
        facts = {name: value for name, value in route.items() if name != "stops"}
        row = connection.execute(_ADD_ROUTE, {**facts, "plan_id": plan_id}).one_or_none()
        if row is not None:
            named = {"route_id": row.id, "scope_path": row.scope_path}
            connection.execute(
                _ADD_STOP,
                [{**stop, "prize_parts": json.dumps(stop["prize_parts"]), **named} for stop in route["stops"]],
            )
            count += 1
    return count


def routes(connection: Connection, plan_id: uuid.UUID) -> Mapping[str, int]:
    """Return the numbers of the published routes of a plan by team."""
    return {row.team: row.id for row in connection.execute(_ROUTES, {"id": plan_id})}


def route(connection: Connection, route_id: int) -> RowMapping | None:
    """Return a published route with its team."""
    return connection.execute(_ROUTE, {"id": route_id}).mappings().first()


def stops(connection: Connection, route_id: int) -> Sequence[RowMapping]:
    """Return the stops of a published route in their order."""
    return connection.execute(_STOPS, {"id": route_id}).mappings().all()


def streets_about(connection: Connection, box: tuple[float, float, float, float], *, most: int) -> list[str]:
    """Return the lines of the streets in a box (west, south, east, north) as GeoJSON, the widest first."""
    west, south, east, north = box
    values = {"west": west, "south": south, "east": east, "north": north, "most": most}
    return list(connection.execute(_STREETS_ABOUT, values).scalars())


def may_plan(connection: Connection, who: str) -> bool:
    """Return whether nobody of the same account plans at this moment; holds until the transaction ends."""
    return bool(connection.execute(_LOCK, {"who": who}).scalar())


def moment(value: str) -> datetime:
    """Return a moment as content holds it."""
    return datetime.fromisoformat(value)
