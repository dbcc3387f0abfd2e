"""An independent check of plans: whether a plan keeps to its task, whoever made it.

It reads the task and the plan only, and shares no code with what searches: nothing but instants, codes and the matrix.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from gis_app.planning.patrol_plan import PatrolPlan, PlannedRoute, PlannedVisit
from gis_app.planning.patrol_task import Lock, PatrolTask, Stop, Team

TOLERANCE_S = 0.001
"""Instants are rounded to microseconds at each stop."""
VALUE_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Fault:
    """Something in a plan that does not keep to its task.

    Parameters
    ----------
    kind
        A word for programs.
    template, params
        A sentence with named fields, and their values.
    """

    kind: str
    template: str
    params: Mapping[str, object]

    @property
    def sentence(self) -> str:
        """The sentence in English, its fields filled in."""
        return self.template.format(**self.params)


def faults_of(task: PatrolTask, plan: PatrolPlan) -> tuple[Fault, ...]:
    """Return all faults of a plan; none if it is feasible.

    Required stops and minimums that the plan itself names as not kept are no faults; that it names them wrongly is one.
    """
    return tuple(
        [
            *_team_faults(task, plan),
            *(fault for route in plan.routes for fault in _route_faults(task, route)),
            *_repeated(plan),
            *_lock_faults(task, plan),
            *_duty_faults(task, plan),
            *_value_faults(task, plan),
        ]
    )


def _fault(kind: str, template: str, **params: object) -> Fault:
    return Fault(kind, template, params)


def _team_faults(task: PatrolTask, plan: PatrolPlan) -> Iterator[Fault]:
    routes = Counter(route.team for route in plan.routes)
    for team in task.team_by_code.keys() - routes.keys():
        yield _fault("no_route", "Team {team} has no route.", team=team)
    for team, count in routes.items():
        if team not in task.team_by_code:
            yield _fault("unknown_team", "Team {team} is not on duty.", team=team)
        elif count > 1:
            yield _fault("two_routes", "Team {team} has {count} routes.", team=team, count=count)


def _route_faults(task: PatrolTask, route: PlannedRoute) -> Iterator[Fault]:
    team = task.team_by_code.get(route.team)
    if team is None:
        return
    if _earlier(route.departs_at, team.starts_at):
        yield _fault("too_early", "Team {team} departs before its shift.", team=team.code)
    if _earlier(team.ends_at, route.returns_at):
        yield _fault("too_late", "Team {team} returns after its shift.", team=team.code)
    ready, place = route.departs_at, team.station
    for visit in route.visits:
        stop = task.stop_by_code.get(visit.stop)
        if stop is None:
            yield _fault(
                "unknown_stop", "Team {team}: stop {stop} is not in the task.", team=team.code, stop=visit.stop
            )
            continue
        yield from _visit_faults(task, team, stop, visit, ready=ready, place=place)
        ready, place = visit.leaves_at, stop.place
    # A team without visits may stay where it is.
    if route.visits and not _can_reach(task, team, ready, place, route.returns_at, team.last_place):
        yield _fault("no_way_back", "Team {team} cannot be back when it is said to.", team=team.code)


def _visit_faults(
    task: PatrolTask, team: Team, stop: Stop, visit: PlannedVisit, *, ready: datetime, place: int
) -> Iterator[Fault]:
    who = {"team": team.code, "stop": stop.code}
    if not _can_reach(task, team, ready, place, visit.arrives_at, stop.place):
        yield _fault("too_fast", "Team {team} cannot reach stop {stop} when it is said to.", **who)
    if _earlier(visit.begins_at, visit.arrives_at):
        yield _fault("begun_before", "Team {team} begins at stop {stop} before it arrives.", **who)
    if (visit.leaves_at - visit.begins_at).total_seconds() < stop.dwell_s - TOLERANCE_S:
        yield _fault("short_dwell", "Team {team} stays too short at stop {stop}.", **who)
    if stop.windows and not any(_within(visit.begins_at, window) for window in stop.windows):
        yield _fault("closed", "Team {team} begins at stop {stop} outside its windows.", **who)
    if stop.skill is not None and stop.skill not in team.skills:
        yield _fault("unable", "Team {team} lacks what stop {stop} asks for: {skill}.", **who, skill=stop.skill)


def _can_reach(task: PatrolTask, team: Team, ready: datetime, place: int, arrival: datetime, goal: int) -> bool:
    needed = float(task.travel_s[team.mode][place, goal])
    return (arrival - ready).total_seconds() >= needed - TOLERANCE_S


def _earlier(one: datetime, other: datetime) -> bool:
    return (other - one).total_seconds() > TOLERANCE_S


def _within(instant: datetime, window: tuple[datetime, datetime]) -> bool:
    return not _earlier(instant, window[0]) and not _earlier(window[1], instant)


def _repeated(plan: PatrolPlan) -> Iterator[Fault]:
    for stop, count in Counter(visit.stop for route in plan.routes for visit in route.visits).items():
        if count > 1:
            yield _fault("repeated", "Stop {stop} is visited {count} times.", stop=stop, count=count)


def _lock_faults(task: PatrolTask, plan: PatrolPlan) -> Iterator[Fault]:
    for lock in task.locks:
        for route in plan.routes:
            order = [visit.stop for visit in route.visits]
            yield from _moved(lock, route.team, order)
            if lock.keeps_order and route.team == lock.team and not _keeps_order(lock, order):
                yield _fault("reordered", "Team {team} does not keep its locked stops in order.", team=lock.team)


def _moved(lock: Lock, team: str, order: list[str]) -> Iterator[Fault]:
    for stop in order:
        if stop in lock.stops and team != lock.team:
            yield _fault("moved", "Stop {stop} is locked to team {team}.", stop=stop, team=lock.team)


def _keeps_order(lock: Lock, order: list[str]) -> bool:
    positions = [order.index(stop) for stop in lock.stops if stop in order]
    return not positions or (
        len(positions) == len(lock.stops) and positions == list(range(positions[0], positions[0] + len(positions)))
    )


def _duty_faults(task: PatrolTask, plan: PatrolPlan) -> Iterator[Fault]:
    locked = {stop for lock in task.locks for stop in lock.stops}
    required = {stop.code for stop in task.stops if stop.is_required} | locked
    for stop in (required - plan.visited) ^ set(plan.missed_required):
        yield _fault("required", "Required stop {stop} is not visited, or wrongly named as missed.", stop=stop)
    made = Counter(task.stop_by_code[stop].village for stop in plan.visited if stop in task.stop_by_code)
    short = {village for village, least in task.village_minimums.items() if made[village] < least}
    for village in short ^ set(plan.short_villages):
        yield _fault("minimum", "Village {village} is short of visits, or wrongly named so.", village=village)


def _value_faults(task: PatrolTask, plan: PatrolPlan) -> Iterator[Fault]:
    value = math.fsum(
        math.fsum(task.stop_by_code[stop].prize_parts.values()) for stop in plan.visited if stop in task.stop_by_code
    )
    if abs(value - plan.value) > VALUE_TOLERANCE * max(1.0, value):
        yield _fault(
            "value", "The plan says a value of {said}, its stops are worth {value}.", said=plan.value, value=value
        )
