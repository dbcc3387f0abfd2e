"""A solved plan as it is stored: routes with their ways, value, reasons, idleness, what somebody could foretell."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely

from gis_app.domain.periods import CITY_TIME
from gis_app.planning.explanation import LeftOut, idleness_change, left_out
from gis_app.planning.patrol_area import PatrolArea
from gis_app.planning.patrol_plan import PatrolPlan, PlannedRoute
from gis_app.planning.patrol_task import PatrolTask
from gis_app.planning.variation import arrival_reuse
from gis_app.services.plan_streets import degrees
from gis_app.services.plan_tasks import plan_of, visit_of
from gis_app.storage.patrol_plans import moment

DUTY_DAYS = 7.0
EXPLAINED = 30
SIMPLIFY_M = 2.0


@dataclass(frozen=True)
class Solution:
    """What a search came to: the plan chosen, the best one found, and a greedy one to compare with.

    ``task`` is what was left to be planned, None if no team was; ``done`` are visits behind each team.
    """

    task: PatrolTask | None
    plan: PatrolPlan
    best: PatrolPlan
    greedy: PatrolPlan
    done: Mapping[str, Sequence[Mapping[str, Any]]]


def told(
    area: PatrolArea,
    content: Mapping[str, Any],
    solution: Solution,
    routes: Sequence[PlannedRoute],
    *,
    ways: Mapping[str, shapely.LineString],
    earlier: Sequence[Any],
    srid: int,
) -> dict[str, Any]:
    """Return the result of a plan's content.

    Parameters
    ----------
    area
        Streets, places and the whole task.
    content
        The content that was solved.
    routes, ways
        Of ``whole_routes``, and the way of each team that goes out, metres.
    earlier
        Contents of plans of the last week, for the share of arrivals somebody could foretell.
    """
    whole = PatrolPlan(tuple(routes), 0.0)
    prize = {stop.code: stop.prize for stop in area.task.stops}
    kept = sum(prize.get(visit["stop"], 0.0) for visits in solution.done.values() for visit in visits)
    ends = max(team.ends_at for team in area.task.teams)
    last = {stop["code"]: moment(stop["last_visit"]) if stop["last_visit"] else None for stop in content["stops"]}
    reasons = left_out(solution.task, solution.plan, count=EXPLAINED) if solution.task is not None else ()
    return {
        "value": round(solution.plan.value + kept, 3),
        "best_value": round(solution.best.value + kept, 3),
        "greedy_value": round(solution.greedy.value + kept, 3),
        "stop_count": len(whole.visited),
        "team_count": sum(bool(route.visits) for route in routes),
        "missed_required": list(solution.plan.missed_required),
        "short_villages": list(solution.plan.short_villages),
        "reuse": arrival_reuse(whole, [plan_of(each["result"]) for each in earlier if each.get("result")]),
        "idleness": dataclasses.asdict(idleness_change(last, whole, at=ends, duty_days=DUTY_DAYS)),
        "routes": [_route(route, ways.get(route.team), srid=srid) for route in routes],
        "left_out": [_left_out(reason) for reason in reasons if reason.stop not in content["dropped"]],
    }


def whole_routes(area: PatrolArea, solution: Solution) -> list[PlannedRoute]:
    """Return the routes of all teams with what is done and what is planned."""
    planned = {route.team: route for route in solution.plan.routes}
    routes = []
    for team in area.task.teams:
        behind = [visit_of(visit) for visit in solution.done.get(team.code, [])]
        ahead = planned.get(team.code)
        visits = (*behind, *(ahead.visits if ahead else ()))
        departs = visits[0].arrives_at if behind else ahead.departs_at if ahead else team.starts_at
        returns = ahead.returns_at if ahead and ahead.visits else visits[-1].leaves_at if visits else team.starts_at
        routes.append(PlannedRoute(team.code, departs, visits, returns))
    return routes


def _left_out(reason: LeftOut) -> dict[str, Any]:
    return {
        "stop": reason.stop,
        "because": reason.because.value,
        "team": reason.team,
        "instead_of": list(reason.instead_of),
        "added_min": None if reason.added_s is None else round(reason.added_s / 60, 1),
        "lost": None if reason.lost is None else round(reason.lost, 2),
    }


def _route(route: PlannedRoute, line: shapely.LineString | None, *, srid: int) -> dict[str, Any]:
    places: list[list[float]] = []
    if line is not None:
        places = degrees(shapely.get_coordinates(shapely.simplify(line, SIMPLIFY_M)), srid=srid).tolist()
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
