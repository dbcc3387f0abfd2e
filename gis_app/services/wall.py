"""What a wall shows beside its map: figures with their last two weeks, tonight's duty, and what it was told to show."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from cachetools import TTLCache
from sqlalchemy import Connection, Engine, RowMapping

from gis_app.domain.alerts import part_of
from gis_app.domain.errors import InvalidInput, NotFound
from gis_app.domain.periods import CITY_TIME, TimeWindow, last_days, night_of
from gis_app.domain.rights import Right, Scope
from gis_app.services.audit import Ledger
from gis_app.storage import accounts, scenes, screen_events, wall_figures
from gis_app.storage.engine import scoped

DAYS_SHOWN = 14
RATE_DAYS = 7
"""Days that a point of the closing rate's curve looks back over."""
FIGURES_KEPT_S = 10.0
HEARD_WITHIN = timedelta(minutes=15)
MOST_TEAMS_NAMED = 8


@dataclass
class WallFigures:
    """Figures of each area, reckoned once for all its screens."""

    engine: Engine
    _known: TTLCache[tuple[str, bool], dict[str, Any]] = field(
        default_factory=lambda: TTLCache(maxsize=1000, ttl=FIGURES_KEPT_S), init=False
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def of(self, scope: Scope, *, now: datetime) -> dict[str, Any]:
        """Return figures and roster of the caller's area, not older than ten seconds."""
        key = (scope.area_path, Right.VIEW_AGGREGATES in scope.rights)
        with self._lock:
            known = self._known.get(key)
        if known is None:
            known = _figures(self.engine, scope, now=now)
            with self._lock:
                self._known[key] = known
        return known


def _figures(engine: Engine, scope: Scope, *, now: datetime) -> dict[str, Any]:
    window = last_days(now.astimezone(CITY_TIME).date(), DAYS_SHOWN + RATE_DAYS - 1)
    night = night_of(now)
    with scoped(engine, scope) as connection:
        stock = wall_figures.hazard_stock(connection, now=now)
        figures = _of_hazards(wall_figures.hazard_days(connection, start=window.start, now=now), stock, window)
        roster = None
        if Right.VIEW_AGGREGATES in scope.rights:
            first = night - timedelta(days=DAYS_SHOWN)
            figures += _of_nights(wall_figures.nights(connection, first=first, last=night))
            roster = _roster(connection, scope, night, now=now)
    newest = stock["newest"]
    return {
        "as_of": now.isoformat(),
        "data_until": newest.isoformat() if newest else None,
        "figures": figures,
        "roster": roster,
    }


def _of_hazards(rows: Iterable[RowMapping], stock: RowMapping, window: TimeWindow) -> list[dict[str, Any]]:
    by_day = {row["day"]: row for row in rows}
    days = [window.first_day + timedelta(days=n) for n in range(window.days)]
    moved = {
        name: [int(by_day[day][name]) if day in by_day else 0 for day in days]
        for name in ("reported", "closed", "fell_late", "late_ended", "due", "due_closed")
    }
    shown = slice(-DAYS_SHOWN, None)
    rates = [
        _share(sum(moved["due_closed"][n - RATE_DAYS + 1 : n + 1]), sum(moved["due"][n - RATE_DAYS + 1 : n + 1]))
        for n in range(RATE_DAYS - 1, len(days))
    ]
    return [
        {"key": "open", "value": stock["open"], "line": back(stock["open"], moved["reported"], moved["closed"])[shown]},
        {
            "key": "overdue",
            "value": stock["overdue"],
            "line": back(stock["overdue"], moved["fell_late"], moved["late_ended"])[shown],
        },
        {"key": "new_today", "value": moved["reported"][-1], "bars": moved["reported"][shown]},
        {"key": "closed_today", "value": moved["closed"][-1], "bars": moved["closed"][shown]},
        {"key": "closing_rate", "value": rates[-1], "line": rates, "is_share": True},
    ]


def back(now: int, came: Sequence[int], went: Sequence[int]) -> list[int]:
    """Return a stock at the end of each day, reckoned back from what it is now by what came and went each day.

    Parameters
    ----------
    now
        The stock at the end of the last day.
    came, went
        Per day, oldest first.
    """
    stocks = [now]
    for arrived, left in zip(reversed(came[1:]), reversed(went[1:]), strict=True):
        stocks.append(max(stocks[-1] - arrived + left, 0))
    return stocks[::-1]


def _of_nights(rows: Sequence[RowMapping]) -> list[dict[str, Any]]:
    coverage = [row["coverage"] for row in rows]
    known = [share for share in coverage if share is not None]
    teams = [row["teams"] for row in rows]
    night = rows[-1]["night"].isoformat() if rows else None
    return [
        {"key": "coverage", "value": known[-1] if known else None, "line": coverage, "is_share": True, "night": night},
        {"key": "teams", "value": teams[-1] if teams else None, "bars": teams, "night": night},
    ]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _roster(connection: Connection, scope: Scope, night: date, *, now: datetime) -> dict[str, Any]:
    """Return tonight's shifts, or those of the last night that was planned: units, never persons."""
    planned = wall_figures.newest_night_planned(connection, night)
    rows = wall_figures.routes(connection, planned) if planned else []
    inspections = wall_figures.inspections(connection, night)
    parts: dict[str, list[RowMapping]] = {}
    for row in rows:
        parts.setdefault(part_of(scope.area_path, row["scope_path"]), []).append(row)
    names = wall_figures.area_names(connection, list(parts))
    named_teams = len(rows) <= MOST_TEAMS_NAMED
    entries = (
        [_shift([row], row, now=now) for row in rows]
        if named_teams
        else [_shift(teams, names.get(path), now=now) for path, teams in parts.items()]
    )
    return {
        "night": planned.isoformat() if planned else None,
        "is_tonight": planned == night,
        "planned": len(rows),
        "on_the_way": sum(each["on_the_way"] for each in entries),
        "entries": entries,
        "inspections": dict(inspections),
    }


def _shift(teams: Sequence[RowMapping], named: RowMapping | None, *, now: datetime) -> dict[str, Any]:
    zh, en = (named["name_zh"], named["name_en"]) if named else ("", "")
    return {
        "zh": zh or en,
        "en": en or zh,
        "teams": len(teams),
        "on_the_way": sum(_is_heard(row["heard_at"], now) for row in teams),
        "starts_at": min(row["starts_at"] for row in teams).isoformat(),
        "ends_at": max(row["ends_at"] for row in teams).isoformat(),
    }


def _is_heard(heard_at: datetime | None, now: datetime) -> bool:
    return heard_at is not None and heard_at > now - HEARD_WITHIN


def command(engine: Engine, scope: Scope) -> dict[str, Any]:
    """Return what the walls of the caller's area were last told: number 0 before anything was."""
    with scoped(engine, scope) as connection:
        known = screen_events.wall_command(connection, scope.area_path)
    return told_command(known)


def told_command(known: RowMapping | None) -> dict[str, Any]:
    """Return a command as pages are told it."""
    if known is None:
        return {"number": 0, "scene": "", "paused": False}
    return {"number": known["number"], "scene": known["scene"], "paused": known["is_paused"]}


def steer(ledger: Ledger, scope: Scope, *, scene: uuid.UUID | None, paused: bool, area: str = "") -> dict[str, Any]:
    """Tell the walls of an area to show a scene, or to go on with the carousel (None); return the command.

    Parameters
    ----------
    area
        Code of an area within the caller's; empty for the caller's own.

    Raises
    ------
    NotFound
        If there is no such scene in the caller's area.
    InvalidInput
        If there is no such area.
    """
    with ledger.writing(scope) as work:
        path = scope.area_path
        if area:
            known_area = accounts.area_of_code(work.connection, area)
            if known_area is None:
                raise InvalidInput(
                    "There is no city, township or village with the code {code!r}.",
                    remedy="Use a code of your own area, such as 330381001.",
                    code=area[:40],
                )
            path = known_area.scope_path
        if scene is not None and scenes.one_scene(work.connection, scene) is None:
            raise NotFound("There is no such scene.", remedy="It may have been removed, or lie outside your area.")
        values = {"path": path, "scene": str(scene or ""), "is_paused": paused, "account": scope.account}
        known = screen_events.steer(work.connection, {**values, "at": ledger.now()})
        work.note("wall.steer", f"scene:{scene or 'carousel'}", scope_path=path, paused=paused)
        work.tell("wall", path, scope_path=path, at=ledger.now())
        return told_command(known)
