"""From a plan's content to the task that is left to be solved: without what is done, dropped or away."""

from __future__ import annotations

import atexit
import dataclasses
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cachetools import LRUCache

from gis_app.planning.patrol_area import PatrolArea, patrol_area
from gis_app.planning.patrol_plan import PatrolPlan, PlannedRoute, PlannedVisit
from gis_app.planning.patrol_task import Lock, PatrolTask, Stop, Team
from gis_app.planning.street_network import StreetNetwork
from gis_app.planning.task_tables import StopRow, TeamRow
from gis_app.services.plan_streets import metres
from gis_app.storage.patrol_plans import moment

_AREAS: LRUCache[str, PatrolArea] = LRUCache(maxsize=6)
_LOCK = threading.Lock()
# Geometries must go before the library that made them.
atexit.register(_AREAS.clear)
ROUTED = ("code", "lon", "lat", "end_lon", "end_lat", "starts_at", "ends_at", "mode")
"""What travel times depend on; skills, windows and dwells may change without computing them anew."""


def area_of(content: Mapping[str, Any], streets: StreetNetwork, *, word: str, srid: int) -> PatrolArea:
    """Return streets, places and travel times; kept while teams, places and closed streets stay the same.

    Parameters
    ----------
    content
        teams, stops, closed.
    streets, word
        The streets, and what changes with them.
    """
    teams, stops = _team_rows(content), _stop_rows(content)
    facts = [
        [{name: row.get(name) for name in ROUTED} for row in content["teams"]],
        [(row["code"], row["lon"], row["lat"]) for row in content["stops"]],
        content["closed"],
    ]
    key = hashlib.sha256(json.dumps([word, facts], sort_keys=True).encode()).hexdigest()
    with _LOCK:
        kept = _AREAS.get(key)
    if kept is not None:
        return dataclasses.replace(kept, task=kept.task_of(teams, stops))
    places = [*(row.start for row in teams), *(row.end for row in teams), *(row.place for row in stops)]
    made = patrol_area(teams, stops, streets, points=metres(places, srid=srid), closed=frozenset(content["closed"]))
    with _LOCK:
        _AREAS[key] = made
    return made


def _team_rows(content: Mapping[str, Any]) -> list[TeamRow]:
    return [
        TeamRow(
            row["code"],
            (row["lon"], row["lat"]),
            (row.get("end_lon", row["lon"]), row.get("end_lat", row["lat"])),
            moment(row["starts_at"]),
            moment(row["ends_at"]),
            row["mode"],
            frozenset(row.get("skills", ())),
        )
        for row in content["teams"]
    ]


def _stop_rows(content: Mapping[str, Any]) -> list[StopRow]:
    return [
        StopRow(
            row["code"],
            (row["lon"], row["lat"]),
            row["prize_parts"],
            float(row["dwell_s"]),
            row["village"],
            tuple((moment(opens), moment(closes)) for opens, closes in row.get("windows", ())),
            bool(row["is_required"]),
            row.get("skill") or None,
        )
        for row in content["stops"]
    ]


def task_left(area: PatrolArea, content: Mapping[str, Any]) -> PatrolTask | None:
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
    minimums = _minimums(area, content, stops, done=done)
    return dataclasses.replace(area.task, teams=tuple(teams), stops=stops, locks=locks, village_minimums=minimums)


def _minimums(
    area: PatrolArea, content: Mapping[str, Any], stops: Sequence[Stop], *, done: Mapping[str, Sequence[Any]]
) -> dict[str, int]:
    """Return how many visits villages still lack, as far as they have stops for them."""
    made = Counter(area.task.stop_by_code[visit["stop"]].village for visits in done.values() for visit in visits)
    there = Counter(stop.village for stop in stops)
    wanted = {
        village: min(int(least) - made[village], there[village])
        for village, least in content.get("minimums", {}).items()
    }
    return {village: least for village, least in wanted.items() if least > 0}


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


def done_visits(content: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the visits of each team that lie behind it and are not planned anew."""
    return {team: list(visits) for team, visits in content.get("done", {}).items() if visits}


def behind(result: Mapping[str, Any], now: datetime, *, slack: timedelta = timedelta(0)) -> dict[str, list[Any]]:
    """Return the visits of each team that have begun by a moment."""
    return {
        route["team"]: [visit for visit in route["visits"] if moment(visit["begins_at"]) <= now + slack]
        for route in result["routes"]
    }


def still_known(before: PatrolPlan, task: PatrolTask) -> PatrolPlan:
    """Return the routes of a plan without stops and teams that the task does not know."""
    known = task.stop_by_code
    routes = {route.team: route for route in before.routes}
    kept = []
    for team in task.teams:
        route = routes.get(team.code)
        visits = tuple(visit for visit in (route.visits if route else ()) if visit.stop in known)
        kept.append(PlannedRoute(team.code, team.starts_at, visits, team.ends_at))
    return PatrolPlan(tuple(kept), 0.0)


def plan_of(result: Mapping[str, Any]) -> PatrolPlan:
    """Return a plan as a result holds it."""
    return PatrolPlan(
        tuple(
            PlannedRoute(
                route["team"],
                moment(route["departs_at"]),
                tuple(visit_of(visit) for visit in route["visits"]),
                moment(route["returns_at"]),
            )
            for route in result["routes"]
        ),
        float(result["value"]),
    )


def visit_of(visit: Mapping[str, Any]) -> PlannedVisit:
    """Return a visit as a result holds it."""
    return PlannedVisit(visit["stop"], *(moment(visit[name]) for name in ("arrives_at", "begins_at", "leaves_at")))
