"""From a plan's content to its routes: the task with its edits, solved, checked, and told with its reasons."""

from __future__ import annotations

import atexit
import dataclasses
import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import shapely
from cachetools import LRUCache
from pyproj import Transformer
from sqlalchemy import Connection

from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import CITY_TIME
from gis_app.planning.explanation import idleness_change, left_out
from gis_app.planning.feasibility import faults_of
from gis_app.planning.orienteering import greedy_plan, plan_patrols
from gis_app.planning.patrol_area import MOST_ACCESS_M, PatrolArea, patrol_area
from gis_app.planning.patrol_plan import PatrolPlan, PlannedRoute, PlannedVisit
from gis_app.planning.patrol_task import Lock, PatrolTask, Team
from gis_app.planning.search import SearchLimit
from gis_app.planning.street_network import StreetNetwork
from gis_app.planning.street_segments import network_of
from gis_app.planning.task_tables import StopRow, TeamRow
from gis_app.planning.variation import arrival_reuse, varied_plan
from gis_app.storage import street_walks
from gis_app.storage.patrol_plans import moment

DUTY_DAYS = 7.0
EXPLAINED = 30
_AREAS: LRUCache[str, PatrolArea] = LRUCache(maxsize=6)
_NETWORKS: LRUCache[str, StreetNetwork] = LRUCache(maxsize=1)
_LOCK = threading.Lock()
# Geometries must go before the library that made them.
atexit.register(_AREAS.clear)
atexit.register(_NETWORKS.clear)


def network(connection: Connection, *, srid: int) -> tuple[str, StreetNetwork]:
    """Return the streets as they are stored, and a word that changes with them; kept while they stay the same.

    Raises
    ------
    InvalidInput
        If there are no streets.
    """
    word = f"{srid}:{street_walks.streets_digest(connection)}"
    with _LOCK:
        kept = _NETWORKS.get(word)
    if kept is None:
        streets = street_walks.streets(connection, srid=srid)
        if not len(streets):
            raise InvalidInput("There are no streets to plan on.", remedy="Import the streets first.")
        kept = network_of(streets)
        with _LOCK:
            _NETWORKS[word] = kept
    return word, kept


def on_streets(streets: StreetNetwork, stops: Sequence[Mapping[str, Any]], *, srid: int) -> list[dict[str, Any]]:
    """Return the stops moved onto the nearest street; those too far from any are left out."""
    if not stops:
        return []
    xy = _metres([(stop["lon"], stop["lat"]) for stop in stops], srid=srid)
    points = shapely.points(xy)
    nearest = streets.lines[shapely.STRtree(streets.lines).nearest(points)]
    away = shapely.distance(nearest, points)
    snapped = shapely.get_coordinates(
        shapely.line_interpolate_point(nearest, shapely.line_locate_point(nearest, points))
    )
    lon, lat = Transformer.from_crs(srid, 4326, always_xy=True).transform(*snapped.T)
    return [
        {**stop, "lon": round(float(lon[at]), 6), "lat": round(float(lat[at]), 6)}
        for at, stop in enumerate(stops)
        if away[at] <= MOST_ACCESS_M
    ]


def solved(
    connection: Connection,
    content: Mapping[str, Any],
    *,
    srid: int,
    seconds: float,
    earlier: Sequence[Any] = (),
    night: int | None = None,
) -> dict[str, Any]:
    """Return the result of a plan's content: routes, value, reasons, and what stays undone.

    Parameters
    ----------
    content
        teams, stops, closed, dropped, locks, absent, done, and perhaps the result so far, with which the search begins.
    seconds
        Time to search.
    earlier
        Contents of plans of the last week, for the share of arrivals somebody could foretell.
    night
        Seed by which the plan is varied; None to keep the best one.
    """
    word, streets = network(connection, srid=srid)
    area = _area(content, streets, word=word, srid=srid)
    task = _task(area, content)
    done = done_visits(content)
    before = _plan_of(content["result"]) if content.get("result") else None
    best = greedy = PatrolPlan((), 0.0)
    chosen = best
    if task is not None:
        greedy = greedy_plan(task)
        start = None if before is None else _left_of(before, task)
        best = plan_patrols(task, limit=SearchLimit(seconds), start=start)
        loss = float(content["settings"]["loss"])
        chosen = best if night is None or not best.visited else varied_plan(task, best, seed=night, loss=loss)
        faults = faults_of(task, chosen)
        if faults:
            raise ValueError("; ".join(fault.sentence for fault in faults))
    return _result(area, content, task, chosen, done=done, best=best, greedy=greedy, earlier=earlier, srid=srid)


def done_visits(content: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the visits of each team that lie behind it and are not planned anew."""
    return {team: list(visits) for team, visits in content.get("done", {}).items() if visits}


def _metres(places: Sequence[tuple[float, float]], *, srid: int) -> Any:
    lon, lat = np.array(places, dtype=np.float64).reshape(-1, 2).T
    return np.column_stack(Transformer.from_crs(4326, srid, always_xy=True).transform(lon, lat))


def _area(content: Mapping[str, Any], streets: StreetNetwork, *, word: str, srid: int) -> PatrolArea:
    """Return streets, places and travel times; kept while teams, places and closed streets stay the same."""
    facts = [content["teams"], content["stops"], content["closed"]]
    key = hashlib.sha256(json.dumps([word, facts], sort_keys=True).encode()).hexdigest()
    with _LOCK:
        kept = _AREAS.get(key)
    if kept is not None:
        return kept
    teams = [
        TeamRow(
            row["code"],
            (row["lon"], row["lat"]),
            (row["lon"], row["lat"]),
            moment(row["starts_at"]),
            moment(row["ends_at"]),
            row["mode"],
            frozenset(),
        )
        for row in content["teams"]
    ]
    stops = [
        StopRow(
            row["code"],
            (row["lon"], row["lat"]),
            row["prize_parts"],
            float(row["dwell_s"]),
            row["village"],
            (),
            bool(row["is_required"]),
            None,
        )
        for row in content["stops"]
    ]
    places = [*(row.start for row in teams), *(row.end for row in teams), *(row.place for row in stops)]
    made = patrol_area(teams, stops, streets, points=_metres(places, srid=srid), closed=frozenset(content["closed"]))
    with _LOCK:
        _AREAS[key] = made
    return made


def _task(area: PatrolArea, content: Mapping[str, Any]) -> PatrolTask | None:
    """Return what is still to be planned: without teams that are away, stops dropped, and what is done."""
    done = done_visits(content)
    gone = {visit["stop"] for visits in done.values() for visit in visits} | set(content["dropped"])
    stops = tuple(stop for stop in area.task.stops if stop.code not in gone)
    since = moment(content["now"]) if content.get("now") else None
    teams = [
        left
        for team in area.task.teams
        if team.code not in content["absent"] and (left := _rest_of(team, area, done.get(team.code, []), since))
    ]
    if not teams:
        return None
    known, on_duty = {stop.code for stop in stops}, {team.code for team in teams}
    locks = tuple(
        Lock(lock["team"], kept, keeps_order=bool(lock.get("keeps_order")))
        for lock in content["locks"]
        if lock["team"] in on_duty and (kept := tuple(stop for stop in lock["stops"] if stop in known))
    )
    return dataclasses.replace(area.task, teams=tuple(teams), stops=stops, locks=locks)


def _rest_of(team: Team, area: PatrolArea, done: Sequence[Mapping[str, Any]], since: datetime | None) -> Team | None:
    """Return a team with what is left of its shift, None if nothing is."""
    starts, place = team.starts_at, team.station
    if done:
        place = area.task.stop_by_code[done[-1]["stop"]].place
        starts = moment(done[-1]["leaves_at"])
    starts = starts if since is None else max(starts, since)
    if starts >= team.ends_at:
        return None
    return dataclasses.replace(team, starts_at=starts, station=place, end_station=team.last_place)


def _left_of(before: PatrolPlan, task: PatrolTask) -> PatrolPlan:
    """Return the routes of a plan without stops and teams that the task does not know."""
    known = task.stop_by_code
    routes = {route.team: route for route in before.routes}
    kept = []
    for team in task.teams:
        route = routes.get(team.code)
        visits = tuple(visit for visit in (route.visits if route else ()) if visit.stop in known)
        kept.append(PlannedRoute(team.code, team.starts_at, visits, team.ends_at))
    return PatrolPlan(tuple(kept), 0.0)


def _plan_of(result: Mapping[str, Any]) -> PatrolPlan:
    """Return a plan as a result holds it."""
    return PatrolPlan(
        tuple(
            PlannedRoute(
                route["team"],
                moment(route["departs_at"]),
                tuple(_visit(visit) for visit in route["visits"]),
                moment(route["returns_at"]),
            )
            for route in result["routes"]
        ),
        float(result["value"]),
    )


def _result(
    area: PatrolArea,
    content: Mapping[str, Any],
    task: PatrolTask | None,
    plan: PatrolPlan,
    *,
    done: Mapping[str, Sequence[Mapping[str, Any]]],
    best: PatrolPlan,
    greedy: PatrolPlan,
    earlier: Sequence[Any],
    srid: int,
) -> dict[str, Any]:
    planned = {route.team: route for route in plan.routes}
    routes = []
    for team in area.task.teams:
        behind = [_visit(visit) for visit in done.get(team.code, [])]
        ahead = planned.get(team.code)
        visits = (*behind, *(ahead.visits if ahead else ()))
        departs = visits[0].arrives_at if behind else ahead.departs_at if ahead else team.starts_at
        returns = ahead.returns_at if ahead and ahead.visits else visits[-1].leaves_at if visits else team.starts_at
        routes.append(PlannedRoute(team.code, departs, visits, returns))
    whole = PatrolPlan(tuple(routes), 0.0)
    prize = {stop.code: stop.prize for stop in area.task.stops}
    kept = sum(prize.get(visit["stop"], 0.0) for visits in done.values() for visit in visits)
    lines = {route.team: line for route in routes if (line := area.line(route)) is not None}
    ends = max(team.ends_at for team in area.task.teams)
    last = {stop["code"]: moment(stop["last_visit"]) if stop["last_visit"] else None for stop in content["stops"]}
    reasons = left_out(task, plan, count=EXPLAINED) if task is not None else ()
    return {
        "value": round(plan.value + kept, 3),
        "best_value": round(best.value + kept, 3),
        "greedy_value": round(greedy.value + kept, 3),
        "stop_count": len(whole.visited),
        "team_count": sum(bool(route.visits) for route in routes),
        "missed_required": list(plan.missed_required),
        "reuse": arrival_reuse(whole, [_plan_of(each["result"]) for each in earlier if each.get("result")]),
        "idleness": dataclasses.asdict(idleness_change(last, whole, at=ends, duty_days=DUTY_DAYS)),
        "routes": [_route(route, lines.get(route.team), srid=srid) for route in routes],
        "left_out": [
            {
                "stop": reason.stop,
                "because": reason.because.value,
                "team": reason.team,
                "instead_of": list(reason.instead_of),
                "added_min": None if reason.added_s is None else round(reason.added_s / 60, 1),
                "lost": None if reason.lost is None else round(reason.lost, 2),
            }
            for reason in reasons
            if reason.stop not in content["dropped"]
        ],
    }


def _visit(visit: Mapping[str, Any]) -> PlannedVisit:
    return PlannedVisit(visit["stop"], *(moment(visit[name]) for name in ("arrives_at", "begins_at", "leaves_at")))


def _route(route: PlannedRoute, line: shapely.LineString | None, *, srid: int) -> dict[str, Any]:
    places: list[list[float]] = []
    if line is not None:
        simple = shapely.get_coordinates(shapely.simplify(line, 2.0))
        lon, lat = Transformer.from_crs(srid, 4326, always_xy=True).transform(*simple.T)
        places = np.round(np.column_stack([lon, lat]), 6).tolist()
    return {
        "team": route.team,
        "departs_at": _local(route.departs_at),
        "returns_at": _local(route.returns_at),
        "length_m": 0.0 if line is None else round(float(line.length), 1),
        "line": places,
        "visits": [
            {
                "stop": visit.stop,
                "arrives_at": _local(visit.arrives_at),
                "begins_at": _local(visit.begins_at),
                "leaves_at": _local(visit.leaves_at),
            }
            for visit in route.visits
        ],
    }


def _local(instant: datetime) -> str:
    """Return an instant to the millisecond in the city's time."""
    return instant.astimezone(CITY_TIME).isoformat(timespec="milliseconds")


def behind(result: Mapping[str, Any], now: datetime, *, slack: timedelta = timedelta(0)) -> dict[str, list[Any]]:
    """Return the visits of each team that have begun by a moment."""
    return {
        route["team"]: [visit for visit in route["visits"] if moment(visit["begins_at"]) <= now + slack]
        for route in result["routes"]
    }
