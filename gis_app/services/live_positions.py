"""Where patrols are now, for open pages: each last position once, without team or device."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cachetools import TTLCache
from sqlalchemy import Engine

from gis_app.domain.rights import Right, Scope
from gis_app.storage import track_intake
from gis_app.storage.engine import scoped

READ_EVERY_S = 0.3
"""Pages that ask within so long share one reading of their area."""
Position = dict[str, Any]


@dataclass
class PositionFeed:
    """Reads the last positions of each area once for all streams of a process; nothing is shared between areas.

    Parameters
    ----------
    now
        The clock.
    live_for
        How old a position may be.
    """

    engine: Engine
    now: Callable[[], datetime]
    live_for: timedelta
    read_every_s: float = READ_EVERY_S
    _read: TTLCache[str, Mapping[int, Position]] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._read = TTLCache(maxsize=1024, ttl=self.read_every_s)

    def positions(self, scope: Scope) -> Mapping[int, Position]:
        """Return what is told of each patrol's last position, by patrol; none without the right to see them."""
        if Right.VIEW_LIVE_POSITIONS not in scope.rights:
            return {}
        with self._lock:
            known = self._read.get(scope.area_path)
        if known is None:
            with scoped(self.engine, scope) as connection:
                rows = track_intake.positions_since(connection, self.now() - self.live_for)
            known = {
                row["patrol_id"]: {
                    "patrol": row["patrol_id"],
                    "mode": row["mode"],
                    "recorded_at": row["recorded_at"].isoformat(),
                    "lon": row["lon"],
                    "lat": row["lat"],
                }
                for row in rows
            }
            with self._lock:
                self._read[scope.area_path] = known
        return known


@dataclass
class LivePositions:
    """What one page was told."""

    feed: PositionFeed
    _told: dict[int, str] = field(default_factory=dict, init=False)

    def news(self, scope: Scope) -> list[Position]:
        """Return positions that the page does not know yet; none without the right to see them."""
        positions = self.feed.positions(scope)
        fresh = [each for patrol, each in positions.items() if self._told.get(patrol) != each["recorded_at"]]
        self._told = {patrol: each["recorded_at"] for patrol, each in positions.items()}
        return fresh
