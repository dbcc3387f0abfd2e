"""Plan against actual: checkpoints marked by themselves, and how routes were followed, found from the teams' tracks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection, Engine, RowMapping

from gis_app.analysis.enclosing import EnclosingAreas
from gis_app.analysis.route_following import (
    NEAR_M,
    OFF_ROUTE_M,
    SHORTEST_DEVIATION_M,
    following,
    in_order_share,
)
from gis_app.analysis.stop_visits import DWELL_MIN, REACH_M, longest_stays
from gis_app.domain.periods import night_end, night_of
from gis_app.domain.rights import Scope
from gis_app.services.night_fixes import LONGEST_PATROL
from gis_app.storage import analysis_runs, plan_following
from gis_app.storage.engine import long_job, scoped

VISITED, PASSED, MISSED = "visited", "passed", "missed"
LOOKS_BACK = timedelta(days=400)


@dataclass(frozen=True)
class NightFollowed:
    """Each route of a night as planned and as done, its stops by route, and the nights that may be asked for."""

    night: date
    routes: Sequence[RowMapping]
    stops: Mapping[int, Sequence[RowMapping]]
    nights: Sequence[date]


def update(
    engine: Engine,
    *,
    now: datetime,
    srid: int,
    looks_back: timedelta = LOOKS_BACK,
    progress: Callable[[float], None] = lambda share: None,
) -> list[date]:
    """Find stops visited and routes followed of nights whose routes or tracks changed, and return these nights."""
    with long_job(engine) as connection:
        words = plan_following.words(connection, first=night_of(now - looks_back), now=now)
        known = plan_following.known_digests(connection)
    facts = (REACH_M, DWELL_MIN, NEAR_M, OFF_ROUTE_M, SHORTEST_DEVIATION_M)
    digests = {night: hashlib.sha256(f"{facts} {word}".encode()).hexdigest() for night, word in words.items()}
    stale = [night for night, digest in digests.items() if known.get(night) != digest]
    if not stale:
        return []
    with long_job(engine) as connection:
        grids = _Grids(analysis_runs.current_areas(connection, "grid", srid=srid))
    for number, night in enumerate(stale, start=1):
        with long_job(engine) as connection:
            _follow(connection, night, grids, now=now, srid=srid)
            plan_following.note(connection, night, digests[night])
        progress(number / len(stale))
    return stale


def night_followed(engine: Engine, scope: Scope, night: date | None, *, now: datetime) -> NightFollowed:
    """Return the routes of a night of the caller's area, by default of the newest one."""
    with scoped(engine, scope) as connection:
        nights = plan_following.nights(connection, now=now)
        wanted = night or (nights[-1] if nights else night_of(now))
        routes = plan_following.of_night(connection, wanted)
        stops: dict[int, list[RowMapping]] = {}
        for row in plan_following.stop_rows(connection, wanted):
            stops.setdefault(row["route_id"], []).append(row)
    return NightFollowed(wanted, routes, stops, nights)


class _Grids:
    """The grids valid now, to find the one a place lies in; the database's policy lets no index of places be used."""

    def __init__(self, grids: pd.DataFrame) -> None:
        in_order = grids.sort_values("id")
        self._ids = in_order["id"].tolist()
        self._areas = EnclosingAreas(in_order["shape"])

    def at(self, x: pd.Series, y: pd.Series) -> list[int | None]:
        """Return the lowest id of a grid that holds each place, None where there is none."""
        return [self._ids[number] if number >= 0 else None for number in self._areas.at(x, y).tolist()]


def _follow(connection: Connection, night: date, grids: _Grids, *, now: datetime, srid: int) -> None:
    routes = plan_following.routes(connection, night, now=now, srid=srid)
    all_stops = plan_following.stops(connection, night, srid=srid)
    all_stops["grid_id"] = pd.Series(grids.at(all_stops["x"], all_stops["y"]), dtype=object, index=all_stops.index)
    stops = dict(list(all_stops.groupby("route_id")))
    start, end = night_end(night) - timedelta(days=1), night_end(night) + LONGEST_PATROL
    fixes = plan_following.fixes(connection, night, start=start, end=end, srid=srid)
    by_team = dict(list(fixes.groupby("team_id")))
    none = fixes.iloc[:0]
    route_rows, stop_rows = [], []
    for route in routes:
        own = by_team.get(route["team_id"], none)
        visits = _visits(stops.get(route["id"]), own)
        stop_rows += visits
        route_rows.append(_route_row(route, own, visits))
    plan_following.store(connection, route_rows, stop_rows)


def _visits(stops: pd.DataFrame | None, fixes: pd.DataFrame) -> list[dict[str, Any]]:
    if stops is None:
        return []
    places, been = (np.column_stack([frame["x"], frame["y"]]) for frame in (stops, fixes))
    stayed, began = longest_stays(been, fixes["second"].to_numpy(), stops=places)
    order = np.argsort(np.argsort(np.where(np.isnan(began), np.inf, began), kind="stable"), kind="stable") + 1
    return [
        {
            "stop_id": int(stop),
            "planned": int(planned),
            "state": MISSED if np.isnan(stay) else VISITED if stay >= DWELL_MIN else PASSED,
            "came_at": None if np.isnan(stay) else _moment(second),
            "stayed_min": None if np.isnan(stay) else round(float(stay), 1),
            "ordinal": None if np.isnan(stay) else int(number),
            "grid_id": grid,
        }
        for stop, planned, grid, stay, second, number in zip(
            stops["id"], stops["ordinal"], stops["grid_id"], stayed, began, order, strict=True
        )
    ]


def _route_row(route: RowMapping, fixes: pd.DataFrame, visits: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    tracks = shapely.from_wkb(bytes(route["tracks"])) if route["tracks"] else shapely.MultiLineString()
    came = sorted((each for each in visits if each["ordinal"]), key=lambda each: int(each["ordinal"]))
    return {
        "route_id": route["id"],
        "first_at": _moment(fixes["second"].min()) if len(fixes) else None,
        "last_at": _moment(fixes["second"].max()) if len(fixes) else None,
        **vars(following(shapely.from_wkb(bytes(route["route"])), tracks)),
        "in_order_share": in_order_share([each["planned"] for each in came]),
        "scope_path": route["scope_path"],
    }


def _moment(second: float) -> datetime:
    return datetime.fromtimestamp(float(second), UTC)
