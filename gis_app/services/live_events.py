"""Events of hazards for open pages: none lost, none twice, none of another area, however often a page reconnects."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import psycopg
import structlog
from sqlalchemy import Engine, RowMapping

from gis_app.domain.rights import Scope
from gis_app.services.alert_words import told_alert
from gis_app.storage import live_events, screen_events
from gis_app.storage.engine import scoped, system_scope

AT_ONCE = 500
KEPT = 2000
"""Newest events of an area kept in memory; a page that missed more reads them from the database."""
LISTENS_AGAIN_S = 1.0
_log = structlog.get_logger(__name__)
Event = tuple[int, str]
"""Its id, and what is told of it: its kind and JSON, as lines of a stream."""


@dataclass
class Waker:
    """Wakes the streams of a process when something was committed: one listening thread while there are streams."""

    engine: Engine
    count: int = field(default=0, init=False)
    """Grows with every signal."""
    _streams: int = field(default=0, init=False)
    _is_running: bool = field(default=False, init=False)
    _changed: threading.Condition = field(default_factory=threading.Condition, init=False)

    def join(self) -> None:
        """Count a stream more."""
        with self._changed:
            self._streams += 1
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._listen, name="live_events", daemon=True).start()

    def leave(self) -> None:
        """Count a stream less."""
        with self._changed:
            self._streams -= 1

    def wait(self, seen: int, timeout_s: float) -> int:
        """Wait until there was a signal after the one seen, or some time passed; return the count then."""
        with self._changed:
            self._changed.wait_for(lambda: self.count != seen, timeout_s)
            return self.count

    def _listen(self) -> None:
        while self._goes_on():
            try:
                for _ in live_events.signals(self.engine, self._is_wanted):
                    self._wake()
            except (psycopg.Error, OSError) as error:
                _log.warning("live_events_not_heard", reason=str(error).strip())
                # Nobody knows what was missed meanwhile: all look for themselves.
                self._wake()
                time.sleep(LISTENS_AGAIN_S)

    def _wake(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def _is_wanted(self) -> bool:
        return self._streams > 0

    def _goes_on(self) -> bool:
        with self._changed:
            self._is_running = self._is_wanted()
            return self._is_running


@dataclass
class _Area:
    """The newest events of one area: all after ``low``, as the database had them at signal number ``count``."""

    low: int = 0
    head: int = 0
    count: int | None = None
    events: deque[Event] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class EventFeed:
    """Reads the events of each area once for all streams of a process.

    Every reading is a transaction in the area that the account has at that moment; nothing is shared between areas.
    """

    engine: Engine
    _areas: dict[str, _Area] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def begin(self, scope: Scope, last_id: int | None) -> tuple[int, bool]:
        """Return after which event a stream goes on, and whether what the page shows has to be read anew.

        Parameters
        ----------
        last_id
            The last event that the page knows; None for a page that knows none.
        """
        with scoped(self.engine, scope) as connection:
            newest = live_events.newest_id(connection)
        if last_id is None or last_id <= newest:
            return newest if last_id is None else last_id, False
        with scoped(self.engine, system_scope()) as connection:
            is_known = last_id <= live_events.newest_id(connection)
        # An event of the future is one of before a backup was restored.
        return (last_id, False) if is_known else (newest, True)

    def since(self, scope: Scope, last_id: int, *, count: int) -> tuple[list[Event], int]:
        """Return the events of the caller's area after one, and from where to ask next.

        Parameters
        ----------
        count
            Number of the newest signal: what is kept from before it is completed first.
        """
        area = self._area(scope.area_path)
        with area.lock:
            if area.count is None or count > area.count:
                self._complete(scope, area, count)
            if last_id >= area.low:
                news = list(takewhile(lambda event: event[0] > last_id, reversed(area.events)))
                return news[::-1], max(last_id, area.head)
            head = area.head
        missed = self._read(scope, last_id)
        if len(missed) < AT_ONCE:
            return missed, max(head, missed[-1][0] if missed else head)
        return missed, missed[-1][0]

    def _area(self, path: str) -> _Area:
        with self._lock:
            return self._areas.setdefault(path, _Area())

    def _complete(self, scope: Scope, area: _Area, count: int) -> None:
        if area.count is None:
            with scoped(self.engine, scope) as connection:
                area.low = area.head = live_events.newest_id(connection)
        else:
            while fresh := self._read(scope, area.head):
                area.events.extend(fresh)
                area.head = fresh[-1][0]
                if len(fresh) < AT_ONCE:
                    break
        while len(area.events) > KEPT:
            area.low = area.events.popleft()[0]
        area.count = count

    def _read(self, scope: Scope, last_id: int) -> list[Event]:
        with scoped(self.engine, scope) as connection:
            steps = live_events.after(connection, last_id, most=AT_ONCE)
            others = screen_events.after(connection, last_id, desk_path=scope.area_path, most=AT_ONCE)
        # Of each kind the first ones, so the first ones of both are among them.
        found = [(row["id"], _lines("hazard", told(row))) for row in steps]
        found += [(row["event_id"], _lines(row["event_kind"], told_beside(row))) for row in others]
        return sorted(found)[:AT_ONCE]


@contextmanager
def joined(waker: Waker) -> Iterator[Waker]:
    """Count a stream for as long as it runs."""
    waker.join()
    try:
        yield waker
    finally:
        waker.leave()


def _lines(kind: str, told: dict[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps(told, ensure_ascii=False)}"


def told_beside(row: RowMapping) -> dict[str, Any]:
    """Return what a page is told that is no step of a hazard: an alert, what the walls show, or to read a list anew."""
    told = {"event": row["event_id"]}
    if row["event_kind"] == "alert" and row["id"] is not None:
        return {**told, **told_alert(row)}
    if row["event_kind"] == "wall":
        return {**told, "number": row["wall_number"], "scene": row["wall_scene"], "paused": row["wall_paused"]}
    return told


def told(row: RowMapping) -> dict[str, Any]:
    """Return what a page is told of an event: the hazard and what happened to it, never who did it."""
    return {
        "event": row["id"],
        "kind": row["kind"],
        "at": row["at"].isoformat(),
        "stage": row["stage"],
        "hazard": str(row["hazard_id"]),
        "number": row["number"],
        "title": row["title"],
        "severity": row["severity"],
        "supervised": row["is_supervised"],
        "due_at": row["due_at"].isoformat() if row["due_at"] else None,
        "category": {"zh": row["category_zh"], "en": row["category_en"]},
        "village": {"zh": row["village_zh"], "en": row["village_en"]},
        "lon": row["lon"],
        "lat": row["lat"],
    }
