"""Alerts and their rules: listed, gathered from findings, moved from state to state."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from gis_app.storage.models import Alert, AlertRule, AlertSubject
from gis_app.storage.models.base import table_of

# Hazard, place and unit are read under the policy of whoever asks: an alert tells nobody more than they may know.
ALERT = """
SELECT a.id, a.rule_id, r.name AS rule, r.kind, r.level, r.parameters, a.state, a.subject_count, a.first_at,
       a.last_at,
       a.unit_code, u.name_zh AS unit_zh, u.name_en AS unit_en, a.snoozed_until, a.escalated_count, a.account,
       a.changed_at, a.version, a.desk_path, a.scope_path, a.place_key, d.code AS desk_code, d.name_zh AS desk_zh,
       d.name_en AS desk_en, p.code AS place_code, p.name_zh AS place_zh, p.name_en AS place_en,
       ST_X(a.geom) AS lon, ST_Y(a.geom) AS lat, h.id AS hazard_id, h.number, h.title, h.severity,
       h.village_zh, h.village_en
FROM alert a
JOIN alert_rule r ON r.id = a.rule_id
LEFT JOIN unit u ON u.code = a.unit_code
LEFT JOIN area d ON d.scope_path = a.desk_path AND d.valid_to IS NULL
LEFT JOIN area p ON p.scope_path = a.place_key AND p.valid_to IS NULL
LEFT JOIN LATERAL (
    SELECT h.id, h.number, h.title, h.severity, v.name_zh AS village_zh, v.name_en AS village_en
    FROM alert_subject s JOIN hazard h ON h.id = s.hazard_id JOIN area v ON v.id = h.village_id
    WHERE s.alert_id = a.id ORDER BY s.at DESC, s.subject LIMIT 1) h ON true"""
_LIVING = text(f"""{ALERT}
WHERE a.desk_path = :desk AND a.state <> 'closed'
ORDER BY a.state = 'snoozed', a.state = 'acknowledged', array_position(ARRAY['critical', 'warning', 'notice'], r.level),
         a.last_at DESC, a.id LIMIT :most""")
_CLOSED = text(f"""{ALERT}
WHERE a.desk_path = :desk AND a.state = 'closed' ORDER BY a.changed_at DESC, a.id LIMIT :most""")
_ONE = text(f"{ALERT} WHERE a.id = :id")
_LOCK = text("SELECT id FROM alert WHERE id = :id FOR UPDATE")
_SUBJECTS = text("""
SELECT s.subject, s.at, h.id AS hazard_id, h.number, h.title, h.severity, h.stage, v.name_zh AS village_zh,
       v.name_en AS village_en
FROM alert_subject s JOIN hazard h ON h.id = s.hazard_id JOIN area v ON v.id = h.village_id
WHERE s.alert_id = :id ORDER BY s.at DESC, s.subject LIMIT :most""")
_RULES = text("""
SELECT r.id, r.name, r.kind, r.level, r.parameters, r.is_active, r.account, r.created_at, r.version, r.scope_path,
       a.code AS area_code, a.name_zh AS area_zh, a.name_en AS area_en,
       (SELECT count(*) FROM alert t WHERE t.rule_id = r.id AND t.state <> 'closed') AS living_count
FROM alert_rule r LEFT JOIN area a ON a.scope_path = r.scope_path AND a.valid_to IS NULL
ORDER BY r.scope_path, r.name, r.id""")
_REMOVE_RULE = text("DELETE FROM alert_rule WHERE id = :id RETURNING name, scope_path")
_SWITCH_RULE = text("UPDATE alert_rule SET is_active = :active WHERE id = :id RETURNING name, scope_path")
_OPEN_AT = text(
    "SELECT id, state FROM alert WHERE rule_id = :rule AND place_key = :key AND state <> 'closed' FOR UPDATE"
)
_OPEN_NEAR = text("""
SELECT id, state, place_key FROM alert WHERE rule_id = :rule AND state <> 'closed'
    AND geom && ST_Expand(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), :within_m / 80000)
    AND ST_DWithin(CAST(geom AS geography), CAST(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS geography), :within_m)
ORDER BY last_at DESC LIMIT 1 FOR UPDATE""")
_RAISE = text("""
INSERT INTO alert (rule_id, place_key, subject_count, first_at, last_at, desk_path, changed_at, geom, scope_path)
VALUES (:rule, :key, :count, :first_at, :last_at, :path, :now, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), :path)
RETURNING id""")
# More of what somebody has seen has not been seen; what is put off stays so.
_GROW = text("""
UPDATE alert SET subject_count = subject_count + :count, first_at = least(first_at, :first_at),
    last_at = greatest(last_at, :last_at), changed_at = :now, version = version + 1,
    state = CASE state WHEN 'acknowledged' THEN 'open' ELSE state END,
    geom = ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)
WHERE id = :id""")
_WAKE = text("""
UPDATE alert SET state = 'open', snoozed_until = NULL, changed_at = :now, version = version + 1
WHERE state = 'snoozed' AND snoozed_until <= :now RETURNING id, desk_path, scope_path""")
# Done with by itself once every case of it has ended; what is no case (an absence) after a day without more.
_SETTLE = text("""
UPDATE alert a SET state = 'closed', changed_at = :now, version = version + 1, account = 'clock'
WHERE a.state <> 'closed' AND a.last_at <= CAST(:now AS timestamptz) - CASE
        WHEN EXISTS (SELECT FROM alert_subject s WHERE s.alert_id = a.id AND s.hazard_id IS NOT NULL)
        THEN interval '0' ELSE interval '1 day' END
  AND NOT EXISTS (SELECT FROM alert_subject s JOIN hazard h ON h.id = s.hazard_id
                  WHERE s.alert_id = a.id AND h.stage NOT IN ('closed', 'void'))
RETURNING a.id, a.desk_path, a.scope_path""")
_FORGET = text("DELETE FROM alert WHERE state = 'closed' AND changed_at < :before")
_FORGET_EVENTS = text("DELETE FROM screen_event WHERE at < :before")
_TAKE_PROGRESS = text("SELECT upto FROM alert_progress WHERE id = 1 FOR UPDATE SKIP LOCKED")
_WAIT_PROGRESS = text("SELECT upto FROM alert_progress WHERE id = 1 FOR UPDATE")
_NOTE_PROGRESS = text("UPDATE alert_progress SET upto = :upto WHERE id = 1")


def rules(connection: Connection) -> Sequence[RowMapping]:
    """Return the rules of the caller's area and of those in it."""
    return connection.execute(_RULES).mappings().all()


def add_rule(connection: Connection, row: Mapping[str, Any]) -> int:
    """Add a rule and return its id."""
    table = table_of(AlertRule)
    return int(connection.execute(table.insert().returning(table.c.id), dict(row)).scalar_one())


def remove_rule(connection: Connection, rule_id: int) -> RowMapping | None:
    """Remove a rule with its alerts; return its name and scope path, None if there was none."""
    return connection.execute(_REMOVE_RULE, {"id": rule_id}).mappings().first()


def switch_rule(connection: Connection, rule_id: int, *, active: bool) -> RowMapping | None:
    """Switch a rule on or off; return its name and scope path, None if there was none."""
    return connection.execute(_SWITCH_RULE, {"id": rule_id, "active": active}).mappings().first()


def living(connection: Connection, desk_path: str, *, most: int) -> Sequence[RowMapping]:
    """Return the alerts that wait at a desk: unseen ones first, the loudest and newest of them first."""
    return connection.execute(_LIVING, {"desk": desk_path, "most": most}).mappings().all()


def closed(connection: Connection, desk_path: str, *, most: int) -> Sequence[RowMapping]:
    """Return the alerts that a desk closed last."""
    return connection.execute(_CLOSED, {"desk": desk_path, "most": most}).mappings().all()


def one(connection: Connection, alert_id: uuid.UUID, *, for_change: bool = False) -> RowMapping | None:
    """Return one alert, None if there is none in the caller's area; locked until the transaction ends if asked so."""
    if for_change:
        connection.execute(_LOCK, {"id": alert_id})
    return connection.execute(_ONE, {"id": alert_id}).mappings().first()


def subjects(connection: Connection, alert_id: uuid.UUID, *, most: int) -> Sequence[RowMapping]:
    """Return the cases of an alert that the caller may see, the newest first."""
    return connection.execute(_SUBJECTS, {"id": alert_id, "most": most}).mappings().all()


def change(connection: Connection, alert_id: uuid.UUID, values: Mapping[str, Any]) -> None:
    """Set columns of an alert."""
    table = table_of(Alert)
    connection.execute(table.update().where(table.c.id == alert_id).values(**values))


def open_at(connection: Connection, rule_id: int, place_key: str) -> uuid.UUID | None:
    """Return the alert of a rule and place that is not closed, locked."""
    found: uuid.UUID | None = connection.execute(_OPEN_AT, {"rule": rule_id, "key": place_key}).scalar()
    return found


def open_near(connection: Connection, rule_id: int, *, lon: float, lat: float, within_m: float) -> uuid.UUID | None:
    """Return the alert of a rule not closed and not farther than some metres from a place, locked."""
    values = {"rule": rule_id, "lon": lon, "lat": lat, "within_m": within_m}
    found: uuid.UUID | None = connection.execute(_OPEN_NEAR, values).scalar()
    return found


def raise_alert(connection: Connection, values: Mapping[str, Any]) -> uuid.UUID:
    """Raise an alert and return its id."""
    made: uuid.UUID = connection.execute(_RAISE, dict(values)).scalar_one()
    return made


def grow(connection: Connection, alert_id: uuid.UUID, values: Mapping[str, Any]) -> None:
    """Add to an alert what was found since."""
    connection.execute(_GROW, {**values, "id": alert_id})


def add_subjects(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note what an alert was raised for."""
    connection.execute(table_of(AlertSubject).insert(), list(rows))


def wake(connection: Connection, *, now: datetime) -> Sequence[RowMapping]:
    """Open what was put off until now; return id, desk_path and scope_path of each."""
    return connection.execute(_WAKE, {"now": now}).mappings().all()


def settle(connection: Connection, *, now: datetime) -> Sequence[RowMapping]:
    """Close what has come to an end by itself; return id, desk_path and scope_path of each."""
    return connection.execute(_SETTLE, {"now": now}).mappings().all()


def forget(connection: Connection, *, before: datetime) -> int:
    """Delete closed alerts and events from before a moment, and return how many."""
    gone = connection.execute(_FORGET, {"before": before}).rowcount
    return int(gone + connection.execute(_FORGET_EVENTS, {"before": before}).rowcount)


def take_progress(connection: Connection, *, wait: bool = False) -> int | None:
    """Return up to which event the rules have looked, locked; None while another looks, unless one waits."""
    found: int | None = connection.execute(_WAIT_PROGRESS if wait else _TAKE_PROGRESS).scalar()
    return found


def note_progress(connection: Connection, upto: int) -> None:
    """Note up to which event the rules have looked."""
    connection.execute(_NOTE_PROGRESS, {"upto": upto})
