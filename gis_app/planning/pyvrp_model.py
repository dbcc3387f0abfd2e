"""A routing problem as PyVRP sees it, and its solutions as ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pyvrp import Client, ClientGroup, Depot, Location, ProblemData, Route, Solution, VehicleType

from gis_app.planning.crossings import uncrossed
from gis_app.planning.routing_problem import Routes, RoutingProblem
from gis_app.planning.whole_numbers import IntArray, TeamKind, WholeProblem, in_whole_numbers

FOREVER = int(np.iinfo(np.int64).max)
"""PyVRP's own mark of no limit."""


class RoutingModel:
    """A problem as PyVRP sees it, and the way back."""

    def __init__(self, problem: RoutingProblem, prize_weight: float) -> None:
        self._problem = problem
        self._whole = in_whole_numbers(problem, prize_weight=prize_weight)
        self.data = _problem_data(problem, self._whole)
        has_order = self._whole.windows is not None or bool(problem.chained)
        self._symmetric = [not has_order and _is_symmetric(legs) for legs in self._whole.legs]

    def encoded(self, routes: Routes) -> Solution:
        """Return routes as a solution; of a stop with several windows the visit that fits is taken."""
        built = []
        for kind, own in enumerate(self._whole.kinds):
            for team in own.teams:
                visits = [self._visit(stop, begin) for stop, begin in self._begins(team, routes[team])]
                built.append((visits, kind))
        return self._solution(built)

    def decoded(self, solution: Solution) -> Routes:
        """Return the stops of each team."""
        routes: list[tuple[int, ...]] = [()] * len(self._problem.teams)
        free = [iter(kind.teams) for kind in self._whole.kinds]
        for visits, kind in self._visits(solution):
            routes[next(free[kind])] = tuple(self._whole.stops[visits].tolist())
        return tuple(routes)

    def uncrossed(self, solution: Solution) -> Solution:
        """Return the solution without crossings, where ways are as long in both directions."""
        return self._solution([(self._uncrossed(visits, kind), kind) for visits, kind in self._visits(solution)])

    def _uncrossed(self, visits: list[int], kind: int) -> list[int]:
        own, first = self._whole.kinds[kind], len(self._whole.depots)
        if not self._symmetric[own.legs]:
            return visits
        order = np.array([own.start, *(first + visit for visit in visits), own.end], dtype=np.int64)
        return [int(place) - first for place in uncrossed(self._whole.legs[own.legs], order)[1:-1]]

    def _visits(self, solution: Solution) -> list[tuple[list[int], int]]:
        return [
            ([activity.idx for activity in route if activity.is_client()], route.vehicle_type())
            for route in solution.routes()
        ]

    def _solution(self, built: Sequence[tuple[list[int], int]]) -> Solution:
        return Solution(self.data, [Route(self.data, visits, kind) for visits, kind in built if visits])

    def _begins(self, team: int, route: tuple[int, ...]) -> list[tuple[int, float]]:
        begins = self._problem.timetable(team, route)
        if begins is None:
            raise ValueError("A chain was to begin from routes that do not fit.")
        return list(zip(route, begins, strict=True))

    def _visit(self, stop: int, begin: float) -> int:
        first = int(np.nonzero(self._whole.stops == stop)[0][0])
        windows = self._problem.stops[stop].windows
        return first + next((n for n, (opens, closes) in enumerate(windows) if opens <= begin <= closes + 1e-6), 0)


def _is_symmetric(legs: IntArray) -> bool:
    return bool((legs == legs.T).all())


def _problem_data(problem: RoutingProblem, whole: WholeProblem) -> ProblemData:
    stops = whole.stops.tolist()
    several = [stop for stop in dict.fromkeys(stops) if stops.count(stop) > 1]
    windows = np.tile([0, FOREVER], (len(stops), 1)) if whole.windows is None else whole.windows
    clients = [
        Client(
            len(whole.depots) + visit,
            service_duration=int(whole.dwell[visit]),
            tw_early=int(windows[visit, 0]),
            tw_late=int(windows[visit, 1]),
            prize=int(whole.prizes[visit]),
            required=problem.stops[stop].is_required and stop not in several,
            group=several.index(stop) if stop in several else None,
        )
        for visit, stop in enumerate(stops)
    ]
    # PyVRP's stubs misspell the type of arrays.
    legs: list[Any] = list(whole.legs)
    nothing: list[Any] = [np.zeros_like(matrix) for matrix in whole.legs]
    distances, durations = (legs, nothing) if whole.windows is None else (nothing, legs)
    return ProblemData(
        [Location(0, 0)] * (len(whole.depots) + len(stops)),
        clients,
        [Depot(place) for place in range(len(whole.depots))],
        [_vehicle_type(kind, is_timed=whole.windows is not None) for kind in whole.kinds],
        distances,
        durations,
        [
            ClientGroup(np.nonzero(whole.stops == stop)[0].tolist(), required=problem.stops[stop].is_required)
            for stop in several
        ],
    )


def _vehicle_type(kind: TeamKind, *, is_timed: bool) -> VehicleType:
    return VehicleType(
        len(kind.teams),
        start_depot=kind.start,
        end_depot=kind.end,
        profile=kind.legs,
        tw_early=kind.opens if is_timed else 0,
        tw_late=kind.closes if is_timed else FOREVER,
        max_distance=FOREVER if is_timed else kind.closes - kind.opens,
        unit_distance_cost=0 if is_timed else 1,
        unit_duration_cost=1 if is_timed else 0,
    )
