"""Hazards in the closed loop: their state, their steps, and the lists that desks and units work from."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

_CASE = """
SELECT h.id, h.number, h.title, h.description, h.place, h.category_code, h.severity, h.stage, h.discovered_by,
       h.discovered_at, h.filed_at, h.assigned_at, h.yellow_at, h.due_at, h.feedback_at, h.verified_at, h.closed_at,
       h.is_supervised, h.reopened_count, h.rework_count, h.version, h.unit_code, h.limit_value, h.limit_unit,
       h.suspended_at, h.escalated_at, h.handlers, h.requests, h.recurs_of, h.duplicate_of,
       h.supervised_due_at, h.is_synthetic,
       h.scope_path, ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat, c.name_zh AS category_zh, c.name_en AS category_en,
       v.code AS village_code, v.name_zh AS village_zh, v.name_en AS village_en, p.name_zh AS township_zh,
       p.name_en AS township_en, g.code AS grid_code, u.name_zh AS unit_zh, u.name_en AS unit_en
FROM hazard h
JOIN hazard_category c ON c.code = h.category_code
JOIN area v ON v.id = h.village_id
LEFT JOIN area p ON p.id = v.parent_id
LEFT JOIN area g ON g.id = h.grid_id
LEFT JOIN unit u ON u.code = h.unit_code"""
_THESE = text(f"{_CASE} WHERE h.id = ANY(:ids)")
_LOCKED = text(f"{_CASE} WHERE h.id = ANY(:ids) ORDER BY h.id FOR UPDATE OF h")
_EVENTS = text("""
SELECT e.version, e.action, e.from_stage, e.to_stage, e.at, e.account, e.reason, e.detail, u.name_zh AS unit_zh,
       u.name_en AS unit_en
FROM hazard_event e LEFT JOIN unit u ON u.code = e.unit_code
WHERE e.hazard_id = :id ORDER BY e.version""")
_ADD_EVENT = text("""
INSERT INTO hazard_event (hazard_id, version, action, from_stage, to_stage, at, account, unit_code, reason, detail,
                          scope_path)
VALUES (:hazard_id, :version, :action, :from_stage, :to_stage, :at, :account, :unit_code, :reason,
        CAST(:detail AS jsonb), :scope_path)""")
_SUSPENSIONS = text("""
SELECT action, at FROM hazard_event WHERE hazard_id = :id AND action IN ('suspend', 'resume') AND at >= :since
ORDER BY version""")
# Newly due first; what waits for somebody who is not named has no deadline and comes after, oldest first.
_ORDERS = {
    "due": "h.due_at NULLS LAST, h.discovered_at, h.id",
    "supervised": "h.supervised_due_at NULLS LAST, h.due_at NULLS LAST, h.id",
    "newest": "h.discovered_at DESC, h.id DESC",
    "severity": "array_position(ARRAY['severe','major','general','low'], h.severity), h.due_at NULLS LAST, h.id",
}
QUEUE_ORDERS = tuple(_ORDERS)
_LIGHTS = {
    "red": "h.due_at < :now AND h.suspended_at IS NULL",
    "yellow": "h.yellow_at <= :now AND h.due_at >= :now AND h.suspended_at IS NULL",
    "green": "h.yellow_at > :now AND h.suspended_at IS NULL",
    "suspended": "h.suspended_at IS NOT NULL",
    "none": "h.due_at IS NULL AND h.suspended_at IS NULL",
}
LIGHTS = tuple(_LIGHTS)
_STATE_COLUMNS = (
    *("stage", "version", "unit_code", "handlers", "is_supervised", "suspended_at", "requests", "filed_at"),
    *("assigned_at", "yellow_at", "due_at", "feedback_at", "verified_at", "closed_at", "limit_value", "limit_unit"),
    *("reopened_count", "rework_count", "escalated_at", "supervised_due_at", "duplicate_of"),
)
_ASSIGNMENTS = ", ".join(
    f"{name} = CAST(:{name} AS jsonb)" if name == "requests" else f"{name} = :{name}" for name in _STATE_COLUMNS
)
_STORE = text(f"UPDATE hazard SET changed_at = clock_timestamp(), {_ASSIGNMENTS} WHERE id = :id")  # noqa: S608
_AT_VILLAGE = text("""
UPDATE hazard h SET geom = v.label_point, grid_id = NULL, source_datum = 'wgs84', source_x = NULL, source_y = NULL
FROM area v, hazard_category c
WHERE v.id = h.village_id AND c.code = h.category_code AND c.case_type <> 'hazard' AND NOT h.geom ~= v.label_point
  AND (CAST(:id AS uuid) IS NULL OR h.id = :id)""")


@dataclass(frozen=True)
class QueueFilter:
    """Which cases a list shows; empty and None stand for all."""

    stages: Sequence[str] = ()
    category: str = ""  # a code, or ``type:dispute`` for all of a case type
    severity: str = ""
    unit: str = ""
    light: str = ""
    village: str = ""
    words: str = ""
    asks: str = ""
    supervised: bool = False
    order: str = "due"
    most: int = 200


def case(connection: Connection, hazard_id: uuid.UUID) -> RowMapping | None:
    """Return a hazard with the names of its category, places and unit; None outside the caller's area."""
    return cases(connection, [hazard_id]).get(hazard_id)


def cases(connection: Connection, hazard_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, RowMapping]:
    """Return hazards as ``case`` does, by id, those that the caller's area has."""
    rows = connection.execute(_THESE, {"ids": list(hazard_ids)}).mappings()
    return {row["id"]: row for row in rows}


def cases_for_change(connection: Connection, hazard_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, RowMapping]:
    """Return hazards by id, locked in one order so that two desks never wait for each other."""
    rows = connection.execute(_LOCKED, {"ids": list(hazard_ids)}).mappings()
    return {row["id"]: row for row in rows}


def store_state(connection: Connection, hazard_id: uuid.UUID, state: Mapping[str, Any]) -> None:
    """Store a hazard's new state: every one of the state's columns."""
    values = {name: state[name] for name in _STATE_COLUMNS}
    connection.execute(_STORE, {**values, "requests": json.dumps(state["requests"]), "id": hazard_id})


def add_event(connection: Connection, event: Mapping[str, Any]) -> None:
    """Store one step."""
    connection.execute(_ADD_EVENT, {**event, "detail": json.dumps(event["detail"], ensure_ascii=False)})


def events(connection: Connection, hazard_id: uuid.UUID) -> Sequence[RowMapping]:
    """Return the steps of a hazard, the first one first."""
    return connection.execute(_EVENTS, {"id": hazard_id}).mappings().all()


def suspensions(connection: Connection, hazard_id: uuid.UUID, *, since: datetime) -> list[tuple[str, datetime]]:
    """Return when the clock of a hazard was stopped and went on since it was assigned."""
    rows = connection.execute(_SUSPENSIONS, {"id": hazard_id, "since": since})
    return [(row.action, row.at) for row in rows]


def queue(connection: Connection, wanted: QueueFilter, *, now: datetime) -> Sequence[RowMapping]:
    """Return the cases of a list."""
    where, values = _conditions(wanted, now)
    query = text(f"{_CASE} WHERE {where} ORDER BY {_ORDERS[wanted.order]} LIMIT :most")
    return connection.execute(query, {**values, "most": wanted.most}).mappings().all()


def queue_counts(connection: Connection, *, now: datetime, unit: str = "") -> RowMapping:
    """Return how many open cases wait at each stage and show each light."""
    stages = ("reported", "filed", "assigned", "handling", "feedback", "verified")
    counts = [f"count(*) FILTER (WHERE h.stage = '{stage}') AS {stage}" for stage in stages]
    counts += [f"count(*) FILTER (WHERE {condition}) AS {light}" for light, condition in _LIGHTS.items()]
    query = f"""
    SELECT {", ".join(counts)}, count(*) FILTER (WHERE h.requests <> '[]') AS asked,
           count(*) FILTER (WHERE h.is_supervised) AS supervised
    FROM hazard h WHERE h.stage NOT IN ('closed', 'void') AND (:unit = '' OR h.unit_code = :unit)"""  # noqa: S608
    return connection.execute(text(query), {"now": now, "unit": unit}).mappings().one()


def similar_cases(
    connection: Connection, hazard_id: uuid.UUID, *, within_m: float, closed_since: datetime
) -> Sequence[RowMapping]:
    """Return cases of the same category near by, the nearest first: open ones, and those closed since a moment."""
    query = text("""
    -- Widened before the join: a function in its condition would keep row-level security from using the index.
    WITH h AS MATERIALIZED (
        SELECT id, category_code, geom, ST_Expand(geom, :degrees) AS around FROM hazard WHERE id = :id)
    SELECT o.id, o.number, o.title, o.stage, o.discovered_at, o.closed_at,
           ST_DistanceSphere(o.geom, h.geom) AS distance_m
    FROM h JOIN hazard o ON o.geom && h.around AND o.category_code = h.category_code AND o.id <> h.id
         AND ST_DistanceSphere(o.geom, h.geom) <= :within_m
    WHERE o.stage <> 'void' AND (o.stage <> 'closed' OR o.closed_at >= :closed_since)
    ORDER BY distance_m LIMIT 10""")
    # A degree of longitude is at least 80 km up to 44 degrees north or south.
    values = {"id": hazard_id, "within_m": within_m, "degrees": within_m / 80_000, "closed_since": closed_since}
    return connection.execute(query, values).mappings().all()


def attached_reports(connection: Connection, hazard_id: uuid.UUID) -> Sequence[RowMapping]:
    """Return the void reports that repeat a case, the oldest first."""
    query = text("""
    SELECT id, number, title, discovered_at FROM hazard WHERE duplicate_of = :id ORDER BY discovered_at, id LIMIT 50""")
    return connection.execute(query, {"id": hazard_id}).mappings().all()


def mark_recurrence(connection: Connection, hazard_id: uuid.UUID, earlier: uuid.UUID) -> None:
    """Note that a hazard is an earlier one come back."""
    connection.execute(
        text("UPDATE hazard SET recurs_of = :earlier WHERE id = :id"), {"id": hazard_id, "earlier": earlier}
    )


def place_at_villages(connection: Connection, hazard_id: uuid.UUID | None = None) -> None:
    """Put disputes and services, or one of them, at the point of their village: they are nobody's house."""
    connection.execute(_AT_VILLAGE, {"id": hazard_id})


def _conditions(wanted: QueueFilter, now: datetime) -> tuple[str, dict[str, Any]]:
    parts = ["true"]
    values: dict[str, Any] = {"now": now}
    simple = {
        "category": "(h.category_code = :category OR 'type:' || c.case_type = :category)",
        "severity": "h.severity = :severity",
        "unit": "h.unit_code = :unit",
        "village": "v.code = :village",
    }
    for name, condition in simple.items():
        if getattr(wanted, name):
            parts.append(condition)
            values[name] = getattr(wanted, name)
    if wanted.stages:
        parts.append("h.stage = ANY(:stages)")
        values["stages"] = list(wanted.stages)
    if wanted.light:
        parts.append(f"h.stage NOT IN ('closed', 'void') AND {_LIGHTS[wanted.light]}")
    if wanted.supervised:
        parts.append("h.is_supervised")
    if wanted.asks:
        parts.append("h.requests @> CAST(:asks AS jsonb)")
        values["asks"] = json.dumps([{"kind": wanted.asks}])
    if wanted.words:
        parts.append("(h.title ILIKE :words OR h.place ILIKE :words OR h.number ILIKE :words)")
        literal = wanted.words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values["words"] = f"%{literal}%"
    return " AND ".join(parts), values
