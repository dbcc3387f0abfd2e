"""The strip of figures: open, overdue, closing rate, coverage last night, teams out. No denominator, no rate."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine

from gis_app.domain.periods import TimeWindow
from gis_app.domain.rights import Right, Scope
from gis_app.storage import indicators
from gis_app.storage.engine import scoped


def strip(engine: Engine, scope: Scope, window: TimeWindow, *, night: date | None, now: datetime) -> dict[str, Any]:
    """Return the figures for a window and a night (the newest known one if None), as of ``now``."""
    with scoped(engine, scope) as connection:
        hazards = indicators.hazard_figures(connection, start=window.start, end=window.end, now=now)
        nights = indicators.known_nights(connection) if Right.VIEW_AGGREGATES in scope.rights else ()
        shown = (night or nights[0]) if nights else None
        coverage = indicators.coverage_figures(connection, shown) if shown else None
        teams = indicators.team_figures(connection, shown) if shown else None
    share = coverage["share"] if coverage else None
    return {
        "open": hazards["open_count"],
        "overdue": hazards["overdue_count"],
        "closing_rate": {
            "value": hazards["due_closed_count"] / hazards["due_count"] if hazards["due_count"] else None,
            "closed": hazards["due_closed_count"],
            "due": hazards["due_count"],
        },
        "coverage_last_night": {
            "value": share,
            "night": shown.isoformat() if shown else None,
            "visited": coverage["visited_count"] if coverage else 0,
            "grids": coverage["grid_count"] if coverage else 0,
        },
        "teams_out": {"value": teams["out_count"] if teams else None, "of": teams["team_count"] if teams else 0},
        "data_until": hazards["newest"].astimezone(UTC).isoformat() if hazards["newest"] else None,
    }
