"""Where patrols are now, for an open page: each last position once, without team or device."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from gis_app.domain.rights import Right, Scope
from gis_app.storage import track_intake
from gis_app.storage.engine import scoped

LOOKS_BACK = timedelta(seconds=5)
"""What was received earlier may be committed later, but not by more than this."""


@dataclass
class LivePositions:
    """What one page was told of; ``since`` is how far back it begins."""

    engine: Engine
    since: datetime
    _told: dict[int, datetime] = field(default_factory=dict, init=False)

    def news(self, scope: Scope) -> list[dict[str, Any]]:
        """Return positions that the page does not know yet; none without the right to see them."""
        if Right.VIEW_LIVE_POSITIONS not in scope.rights:
            return []
        with scoped(self.engine, scope) as connection:
            rows = track_intake.positions_since(connection, self.since)
        fresh = [row for row in rows if self._told.get(row["patrol_id"]) != row["recorded_at"]]
        self._told.update({row["patrol_id"]: row["recorded_at"] for row in fresh})
        if rows:
            self.since = max(self.since, rows[-1]["received_at"] - LOOKS_BACK)
        return [
            {
                "patrol": row["patrol_id"],
                "mode": row["mode"],
                "recorded_at": row["recorded_at"].isoformat(),
                "lon": row["lon"],
                "lat": row["lat"],
            }
            for row in fresh
        ]
