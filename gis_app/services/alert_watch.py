"""Looks for what the rules watch: at once when something was committed, and every few minutes as time passes."""

from __future__ import annotations

import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta

import structlog
from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import DBAPIError, TimeoutError

from gis_app.domain.alerts import AlertKind, part_of
from gis_app.domain.errors import Unavailable
from gis_app.services.audit import Ledger, Writing
from gis_app.services.live_events import Waker, joined
from gis_app.storage import alert_findings, alerts, live_events
from gis_app.storage.engine import system_scope

LEAST_PAUSE_S = 0.5
"""Between two looks, so that a storm is gathered in a few."""
LOOKS_AGAIN_S = 30.0
RETRY_S = 5.0
KEPT = timedelta(days=90)
FENCE_KEY = "fence"
_log = structlog.get_logger(__name__)


def look_at_news(ledger: Ledger) -> int:
    """Look at the events since the last look, unless another worker does; return how many alerts changed."""
    with ledger.writing(system_scope("alerts")) as work:
        after = alerts.take_progress(work.connection)
        if after is None:
            return 0
        # Ids grow in the order of the commits: nothing is committed later before the newest one.
        upto = live_events.newest_id(work.connection)
        if upto <= after:
            return 0
        alerts.note_progress(work.connection, upto)
        if not alert_findings.kinds_watched(work.connection):
            return 0
        return _gather(work, alert_findings.arrivals(work.connection, after=after, upto=upto, now=ledger.now()), ledger)


def look_at_time(ledger: Ledger) -> dict[str, int]:
    """Look for what passed its limit or is missing, wake what was put off, close what has ended by itself."""
    now = ledger.now()
    with ledger.writing(system_scope("alerts")) as work:
        alerts.take_progress(work.connection, wait=True)
        raised = _gather(work, alert_findings.passed(work.connection, now=now), ledger)
        woken, settled = alerts.wake(work.connection, now=now), alerts.settle(work.connection, now=now)
        for action, rows in (("alert.wake", woken), ("alert.settle", settled)):
            for row in rows:
                work.note(action, f"alert:{row['id']}", scope_path=row["scope_path"])
                work.tell("alert", row["desk_path"], scope_path=row["scope_path"], alert_id=row["id"], at=now)
        gone = alerts.forget(work.connection, before=now - KEPT)
    return {"raised": raised, "woken": len(woken), "settled": len(settled), "forgotten": gone}


def _gather(work: Writing, findings: Iterable[RowMapping], ledger: Ledger) -> int:
    """Raise one alert for all findings of a rule in one place, or add them to the one that is there."""
    places: dict[tuple[int, str, object], list[RowMapping]] = defaultdict(list)
    for found in findings:
        group = found["seed_id"] if found["kind"] == AlertKind.CLUSTER else None
        places[(found["rule_id"], _place_key(found), group)].append(found)
    # What two seeds of one cluster both found is one finding.
    known: set[tuple[int, str]] = set()
    changed = 0
    for (rule_id, key, _), rows in places.items():
        fresh = [row for row in rows if (rule_id, row["subject"]) not in known]
        known |= {(rule_id, row["subject"]) for row in fresh}
        if fresh:
            _raise(work, rule_id, key, fresh, ledger)
            changed += 1
    return changed


def _place_key(found: RowMapping) -> str:
    if found["kind"] == AlertKind.CLUSTER:
        return f"cluster:{found['seed_id']}"
    if found["kind"] == AlertKind.GEOFENCE:
        return FENCE_KEY
    return part_of(found["rule_path"], found["place_path"])


def _raise(work: Writing, rule_id: int, key: str, rows: list[RowMapping], ledger: Ledger) -> None:
    newest, now, connection = max(rows, key=lambda row: row["at"]), ledger.now(), work.connection
    path = newest["rule_path"]
    values = {
        "rule": rule_id,
        "key": key,
        "path": path,
        "count": len(rows),
        "first_at": min(row["at"] for row in rows),
        "last_at": newest["at"],
        "lon": newest["lon"],
        "lat": newest["lat"],
        "now": now,
    }
    alert_id = _known(connection, newest, rule_id, key)
    if alert_id is None:
        alert_id = alerts.raise_alert(connection, values)
    else:
        alerts.grow(connection, alert_id, values)
    subjects = [
        {
            "rule_id": rule_id,
            "subject": row["subject"],
            "alert_id": alert_id,
            "hazard_id": row["hazard_id"],
            "at": row["at"],
            "scope_path": path,
        }
        for row in rows
    ]
    alerts.add_subjects(connection, subjects)
    work.note("alert.raise", f"alert:{alert_id}", scope_path=path, rule=rule_id, count=len(rows))
    known = alerts.one(connection, alert_id)
    work.tell("alert", known["desk_path"] if known else path, scope_path=path, alert_id=alert_id, at=now)


def _known(connection: Connection, found: RowMapping, rule_id: int, key: str) -> uuid.UUID | None:
    if found["kind"] != AlertKind.CLUSTER:
        return alerts.open_at(connection, rule_id, key)
    return alerts.open_near(connection, rule_id, lon=found["lon"], lat=found["lat"], within_m=float(found["within_m"]))


def keep_looking(ledger: Ledger, waker: Waker, is_wanted: Callable[[], bool]) -> None:
    """Look whenever something was committed, as long as it is wanted; a database that is away is waited for."""
    seen = -1
    with joined(waker):
        while is_wanted():
            try:
                look_at_news(ledger)
            except (Unavailable, DBAPIError, TimeoutError) as error:
                _log.warning("alerts_not_looked_for", reason=str(error).partition("\n")[0])
                time.sleep(RETRY_S)
            time.sleep(LEAST_PAUSE_S)
            for _ in range(int(LOOKS_AGAIN_S)):
                before, seen = seen, waker.wait(seen, 1.0)
                if seen != before or not is_wanted():
                    break


def start(ledger: Ledger, waker: Waker, is_wanted: Callable[[], bool]) -> threading.Thread:
    """Look in a thread that never keeps its process from ending."""
    arguments = (ledger, waker, is_wanted)
    thread = threading.Thread(target=keep_looking, args=arguments, name="alert_watch", daemon=True)
    thread.start()
    return thread
