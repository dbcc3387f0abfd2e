"""Plans for a night's patrols: team orienteering with dwell, solved by the search, or greedily to compare with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from gis_app.planning.insertion import greedy_routes
from gis_app.planning.patrol_plan import PatrolPlan, PlannedRoute, PlannedVisit
from gis_app.planning.patrol_task import PatrolTask, Stop, Team
from gis_app.planning.routing_problem import Route, Routes, RoutingProblem, RoutingStop, RoutingTeam
from gis_app.planning.search import SearchLimit, best_routes

STANDARD_LIMIT = SearchLimit(seconds=10.0)


def plan_patrols(
    task: PatrolTask, *, limit: SearchLimit = STANDARD_LIMIT, seed: int = 0, start: PatrolPlan | None = None
) -> PatrolPlan:
    """Return the best plan found.

    Parameters
    ----------
    task
        Teams, stops and what has to be kept. A required stop or a minimum that cannot be kept is named in the plan.
    limit
        When to end the search.
    seed
        Of all chance.
    start
        A plan to begin with, such as that before an edit; what no longer fits the task is left out of it.
    """
    problem = routing_problem(task)
    begin = None if start is None else _still_sound(problem, routes_of(task, start))
    return plan_of_routes(task, best_routes(problem, limit=limit, seed=seed, start=begin))


def greedy_plan(task: PatrolTask) -> PatrolPlan:
    """Return the plan that always adds the stop with the most prize for the time it adds."""
    return plan_of_routes(task, greedy_routes(routing_problem(task)))


def origin(task: PatrolTask) -> datetime:
    """Return the instant from which the task's routing problem counts its seconds."""
    return min(team.starts_at for team in task.teams)


def routing_problem(task: PatrolTask) -> RoutingProblem:
    """Return the task without its names, in seconds since its origin."""
    modes = sorted({team.mode for team in task.teams})
    number = {stop.code: position for position, stop in enumerate(task.stops)}
    locked = {stop: lock.team for lock in task.locks for stop in lock.stops}
    return RoutingProblem(
        travel=np.stack([task.travel_s[mode] for mode in modes]),
        teams=tuple(_routing_team(team, origin(task), modes.index(team.mode)) for team in task.teams),
        stops=tuple(_routing_stop(stop, origin(task), is_locked=stop.code in locked) for stop in task.stops),
        allowed=np.array(
            [
                [locked.get(stop.code, team.code) == team.code and _is_able(team, stop) for stop in task.stops]
                for team in task.teams
            ],
            dtype=np.bool_,
        ).reshape(len(task.teams), len(task.stops)),
        chained=tuple(
            (number[a], number[b]) for lock in task.locks if lock.keeps_order for a, b in pairwise(lock.stops)
        ),
        minimums=tuple(
            (frozenset(number[stop.code] for stop in task.stops if stop.village == village), least)
            for village, least in task.village_minimums.items()
            if least > 0
        ),
    )


def _is_able(team: Team, stop: Stop) -> bool:
    return stop.skill is None or stop.skill in team.skills


def _seconds(instant: datetime, since: datetime) -> float:
    return (instant - since).total_seconds()


def _routing_team(team: Team, since: datetime, profile: int) -> RoutingTeam:
    opens, closes = _seconds(team.starts_at, since), _seconds(team.ends_at, since)
    return RoutingTeam(team.station, team.last_place, opens, closes, profile)


def _routing_stop(stop: Stop, since: datetime, *, is_locked: bool) -> RoutingStop:
    windows = tuple((_seconds(opens, since), _seconds(closes, since)) for opens, closes in stop.windows)
    return RoutingStop(stop.place, stop.prize, stop.dwell_s, windows, stop.is_required or is_locked)


def routes_of(task: PatrolTask, plan: PatrolPlan) -> Routes:
    """Return the routes of a plan as positions of the task's stops, without stops the task does not know."""
    number = {stop.code: position for position, stop in enumerate(task.stops)}
    by_team = {route.team: [number[v.stop] for v in route.visits if v.stop in number] for route in plan.routes}
    return tuple(tuple(by_team.get(team.code, ())) for team in task.teams)


def _still_sound(problem: RoutingProblem, routes: Routes) -> Routes | None:
    """Return the routes without the stops that do not fit any more, or None if nothing of them fits."""
    kept: list[Route] = [()] * len(routes)
    for team, route in enumerate(routes):
        for stop in route:
            tried = tuple((*own, stop) if number == team else own for number, own in enumerate(kept))
            if problem.allowed[team, stop] and problem.timetable(team, tried[team]) is not None:
                kept[team] = tried[team]
    return tuple(kept) if problem.is_sound(tuple(kept)) else None


def plan_of_routes(task: PatrolTask, routes: Routes, *, delays_s: Sequence[float] | None = None) -> PatrolPlan:
    """Return the plan of routes: each team leaves as late as it can without coming later anywhere.

    Parameters
    ----------
    delays_s
        How long each team waits at its station after its shift has begun, seconds; not at all if None.
    """
    delays = [0.0] * len(routes) if delays_s is None else delays_s
    problem = routing_problem(task)
    made = {task.stops[stop].code for route in routes for stop in route}
    locked = {stop for lock in task.locks for stop in lock.stops}
    required = [stop.code for stop in task.stops if stop.is_required or stop.code in locked]
    visits = {
        village: sum(stop.village == village and stop.code in made for stop in task.stops)
        for village in task.village_minimums
    }
    return PatrolPlan(
        routes=tuple(
            _planned(task, problem, team, route, delay_s=delay)
            for team, (route, delay) in enumerate(zip(routes, delays, strict=True))
        ),
        value=math.fsum(stop.prize for stop in task.stops if stop.code in made),
        missed_required=tuple(code for code in required if code not in made),
        short_villages=tuple(village for village, least in task.village_minimums.items() if visits[village] < least),
    )


def _planned(task: PatrolTask, problem: RoutingProblem, team: int, route: Route, *, delay_s: float) -> PlannedRoute:
    own, legs, since = problem.teams[team], problem.travel[problem.teams[team].profile], origin(task)
    begins = problem.timetable(team, route, opens=own.opens + delay_s) if route else ()
    if begins is None:
        raise ValueError(f"The route of team {task.teams[team].code} does not fit its shift.")
    now, at = own.opens, own.start
    if route:
        now = max(own.opens, begins[0] - float(legs[at, problem.stops[route[0]].place]))
    departs = now
    visits = []
    for stop, begin in zip(route, begins, strict=True):
        arrives = now + float(legs[at, problem.stops[stop].place])
        now, at = begin + problem.stops[stop].dwell, problem.stops[stop].place
        moments = (since + timedelta(seconds=second) for second in (arrives, begin, now))
        visits.append(PlannedVisit(task.stops[stop].code, *moments))
    back = now + float(legs[at, own.end]) if route else departs
    return PlannedRoute(
        task.teams[team].code, since + timedelta(seconds=departs), tuple(visits), since + timedelta(seconds=back)
    )
