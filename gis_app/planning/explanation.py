"""Why a plan is as it is: what each visit is worth, what each stop left out would have cost, what idleness becomes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np

from gis_app.planning.insertion import insertion_cost
from gis_app.planning.orienteering import routes_of, routing_problem
from gis_app.planning.patrol_plan import PatrolPlan
from gis_app.planning.patrol_task import PatrolTask
from gis_app.planning.routing_problem import Route, RoutingProblem

STANDARD_COUNT = 20
"""Stops left out that are explained, those with the highest prizes."""


@dataclass(frozen=True)
class VisitReason:
    """Why a stop is visited: the parts of its prize, the largest first, and whether it had to be."""

    stop: str
    team: str
    prize_parts: Mapping[str, float]
    is_required: bool


class LeftOutBecause(StrEnum):
    """Why a stop is left out."""

    NOBODY_ABLE = "nobody_able"
    """No team on duty has the skill, or it is locked away from all of them."""
    OUT_OF_REACH = "out_of_reach"
    """No team gets there within window and shift and back, even alone."""
    COSTS_OTHERS = "costs_others"
    """It fits only in place of other stops."""
    ROOM_LEFT = "room_left"
    """It fits: the plan is not finished, or the stop is worth nothing."""


@dataclass(frozen=True)
class LeftOut:
    """A stop left out, and the cheapest way it could have been visited.

    Parameters
    ----------
    stop, prize_parts
        The stop, and what a visit would have been worth.
    because
        Why.
    team
        Who would have gone; None if nobody can.
    instead_of
        Stops of that team that would have to go.
    added_s
        Seconds of way and dwell it adds to what remains.
    lost
        Prize of the stops that would have to go, less its own: above 0 the plan is better without it.
    """

    stop: str
    prize_parts: Mapping[str, float]
    because: LeftOutBecause
    team: str | None = None
    instead_of: tuple[str, ...] = ()
    added_s: float | None = None
    lost: float | None = None


def reasons_of_visits(task: PatrolTask, plan: PatrolPlan) -> tuple[VisitReason, ...]:
    """Return why each stop is visited, in the order of the routes."""
    return tuple(
        VisitReason(
            stop=visit.stop,
            team=route.team,
            prize_parts=dict(
                sorted(task.stop_by_code[visit.stop].prize_parts.items(), key=lambda part: part[1], reverse=True)
            ),
            is_required=task.stop_by_code[visit.stop].is_required,
        )
        for route in plan.routes
        for visit in route.visits
    )


def left_out(task: PatrolTask, plan: PatrolPlan, *, count: int = STANDARD_COUNT) -> tuple[LeftOut, ...]:
    """Return what the stops left out with the highest prizes would have cost, the highest first.

    For each team every run of stops is taken out of its route in turn and the stop put in at the best place; stops that
    are required, locked, or needed for a minimum stay.

    Parameters
    ----------
    task, plan
        The plan is sound for the task.
    count
        How many to explain.
    """
    problem = routing_problem(task)
    missing = [number for number, stop in enumerate(task.stops) if stop.code not in plan.visited]
    missing.sort(key=lambda number: -task.stops[number].prize)
    asked = np.array(missing[:count], dtype=np.intp)
    cheapest: dict[int, tuple[float, float, int, Route]] = {}
    if len(asked):
        for team, taken, cost in _exchanges(task, plan, problem, asked):
            lost = math.fsum(problem.stops[stop].prize for stop in taken)
            for number, added in zip(asked.tolist(), cost.min(axis=1).tolist(), strict=True):
                if math.isfinite(added):
                    way = (lost, added, team, taken)
                    cheapest[number] = min(cheapest.get(number, way), way)
    return tuple(_explained(task, problem, number, cheapest.get(number)) for number in asked.tolist())


def _exchanges(
    task: PatrolTask, plan: PatrolPlan, problem: RoutingProblem, asked: np.ndarray[tuple[int], np.dtype[np.intp]]
) -> Iterator[tuple[int, Route, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]]:
    """Yield for each team and run of stops taken out, the run and the cost of the stops asked about."""
    fixed = _fixed(task, plan, problem)
    chained_after = {first for first, _ in problem.chained}
    for team, route in enumerate(routes_of(task, plan)):
        runs = [()] + [route[a:b] for a in range(len(route)) for b in range(a + 1, len(route) + 1)]
        for taken in runs:
            left = tuple(stop for stop in route if stop not in taken)
            if fixed.isdisjoint(taken) and problem.timetable(team, left) is not None:
                cost = insertion_cost(problem, team, left, stops=asked)
                cost[:, [at + 1 for at, stop in enumerate(left) if stop in chained_after]] = np.inf
                yield team, taken, cost


def _fixed(task: PatrolTask, plan: PatrolPlan, problem: RoutingProblem) -> set[int]:
    visited = {number for number, stop in enumerate(task.stops) if stop.code in plan.visited}
    fixed = {number for number in visited if problem.stops[number].is_required}
    for members, least in problem.minimums:
        if len(members & visited) <= least:
            fixed |= members & visited
    return fixed


def _explained(
    task: PatrolTask, problem: RoutingProblem, number: int, way: tuple[float, float, int, Route] | None
) -> LeftOut:
    stop = task.stops[number]
    if way is None:
        able = bool(problem.allowed[:, number].any())
        alone = bool(problem.reachable[:, number].any())
        because = LeftOutBecause.OUT_OF_REACH if able else LeftOutBecause.NOBODY_ABLE
        return LeftOut(stop.code, stop.prize_parts, LeftOutBecause.COSTS_OTHERS if alone else because)
    lost, added, team, taken = way
    return LeftOut(
        stop=stop.code,
        prize_parts=stop.prize_parts,
        because=LeftOutBecause.COSTS_OTHERS if taken else LeftOutBecause.ROOM_LEFT,
        team=task.teams[team].code,
        instead_of=tuple(task.stops[other].code for other in taken),
        added_s=added,
        lost=lost - stop.prize,
    )


@dataclass(frozen=True)
class IdlenessChange:
    """Days since the last visit at the end of the night, without and with the plan.

    Mean and worst are over stops visited at least once by then (None if there are none); the shares are of all stops,
    those never visited being over.
    """

    mean_days_without: float | None
    mean_days_with: float | None
    worst_days_without: float | None
    worst_days_with: float | None
    share_over_without: float | None
    share_over_with: float | None


def idleness_change(
    last_visits: Mapping[str, datetime | None], plan: PatrolPlan, *, at: datetime, duty_days: float
) -> IdlenessChange:
    """Return what a plan does to idleness.

    Parameters
    ----------
    last_visits
        For each stop asked about, when it was visited last before the plan, None for never; with time zones.
    plan
        The plan, as if it went as planned.
    at
        The instant asked about, such as the end of the night; visits after it do not count.
    duty_days
        Days without a visit that duty allows.
    """
    planned = {visit.stop: visit.leaves_at for route in plan.routes for visit in route.visits if visit.leaves_at <= at}
    without = [_days(last, at) for last in last_visits.values()]
    with_plan = [_days(planned.get(stop, last), at) for stop, last in last_visits.items()]
    (mean_0, worst_0, over_0), (mean_1, worst_1, over_1) = (_summary(days, duty_days) for days in (without, with_plan))
    return IdlenessChange(mean_0, mean_1, worst_0, worst_1, over_0, over_1)


def _days(last: datetime | None, at: datetime) -> float | None:
    return None if last is None else (at - last).total_seconds() / 86_400


def _summary(days: list[float | None], duty_days: float) -> tuple[float | None, float | None, float | None]:
    known = [day for day in days if day is not None]
    over = sum(day is None or day > duty_days for day in days)
    return (
        math.fsum(known) / len(known) if known else None,
        max(known, default=None),
        over / len(days) if days else None,
    )
