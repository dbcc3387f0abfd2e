"""The one place that knows PyVRP: a chain of iterated local search with its moves.

PyVRP supplies the local search; acceptance, penalty and restarts are ours, as its own are made for clients who must all
be served. Where only the lengths of routes are limited they are given as distances: that is searched two to three times
as fast as durations are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyvrp import (
    Client,
    ClientGroup,
    CostEvaluator,
    Depot,
    Location,
    ProblemData,
    RandomNumberGenerator,
    Route,
    Solution,
    VehicleType,
)
from pyvrp.search import (
    OPERATORS,
    LocalSearch,
    NeighbourhoodParams,
    PerturbationManager,
    PerturbationParams,
    compute_neighbours,
)

from gis_app.planning.crossings import uncrossed
from gis_app.planning.routing_problem import Routes, RoutingProblem
from gis_app.planning.whole_numbers import IntArray, TeamKind, WholeProblem, in_whole_numbers

FIRST_PENALTY, LEAST_PENALTY, MOST_PENALTY = 40.0, 0.05, 100_000.0
"""Price of a unit of time over the shift; the first is for a prize weight of 1. At PyVRP's own first price no search of
this kind dares over the border."""
FEASIBLE_SHARE, SHARE_TOLERANCE, UPDATE_STEPS = 0.65, 0.05, 200
NEIGHBOURS = 50
MOST_PERTURBED = 25
"""Stops changed in one step; of few stops at most a quarter, or each step would turn all of them over."""
FOREVER = int(np.iinfo(np.int64).max)
"""PyVRP's own mark of no limit."""


@dataclass(frozen=True)
class Step:
    """What came of a step: whether its routes are feasible, their prizes in units, whether they are a record."""

    is_feasible: bool
    prize: int
    is_record: bool


class Chain:
    """Iterated local search with late acceptance.

    Parameters
    ----------
    problem
        At least one stop must be reachable.
    seed
        The same seed and calls give the same steps.
    prize_weight
        What the median prize is worth, in longest shifts. The less, the shorter the ways and the freer the search; the
        more, the surer that no small prize is left out for the sake of time.

    References
    ----------
    Burke & Bykov (2017), European Journal of Operational Research 258(1). Wouda, Lan & Kool (2024), INFORMS Journal
    on Computing 36(4).
    """

    def __init__(self, problem: RoutingProblem, *, seed: int, prize_weight: float) -> None:
        self._model = _Model(problem, prize_weight)
        self._random = RandomNumberGenerator(seed % 2**32)
        data = self._model.data
        neighbours = compute_neighbours(data, NeighbourhoodParams(num_neighbours=NEIGHBOURS))
        most = min(MOST_PERTURBED, max(3, data.num_clients // 4))
        perturbation = PerturbationManager(PerturbationParams(1, most))
        self._search = LocalSearch(data, self._random, neighbours, perturbation)
        for operator in OPERATORS:
            if operator.supports(data):
                self._search.add_operator(operator(data))
        self._penalty = _Penalty(FIRST_PENALTY * prize_weight)

    def begin(self, routes: Routes | None, *, history: int) -> None:
        """Start anew.

        Parameters
        ----------
        routes
            Where to start; at chance if None.
        history
            Steps after which a change has to be no worse than the plan was before: the more, the freer and slower.
        """
        if routes is None:
            random = Solution.make_random(self._model.data, self._random)
            self._first = self._search(random, _costs(MOST_PENALTY), exhaustive=True)
        else:
            self._first = self._model.encoded(routes)
        self._current = self._candidate = self._first
        self._history: list[Solution | None] = [None] * history
        self._record: int | None = None
        self._count = 0

    def step(self) -> Step:
        """Change the current routes somewhere, mend them, and go on from there if late acceptance says so."""
        costs = _costs(self._penalty.value)
        candidate = self._search(self._current, costs, exhaustive=False)
        is_feasible = candidate.is_feasible()
        self._penalty.register(is_feasible)
        is_record = is_feasible and (self._record is None or costs.penalised_cost(candidate) < self._record)
        if is_record:
            candidate = self._polished(candidate, costs)
            self._record = costs.penalised_cost(candidate)
        self._accept(candidate, costs)
        self._candidate = candidate
        return Step(is_feasible, sum(route.prizes() for route in candidate.routes()), is_record)

    def routes(self) -> Routes:
        """Return the routes of the last step."""
        return self._model.decoded(self._candidate)

    def _polished(self, solution: Solution, costs: CostEvaluator) -> Solution:
        mended = self._search(self._model.uncrossed(solution), costs, exhaustive=True)
        return mended if mended.is_feasible() else solution

    def _accept(self, candidate: Solution, costs: CostEvaluator) -> None:
        place = self._count % len(self._history)
        self._count += 1
        late = self._history[place]
        cost, current = costs.penalised_cost(candidate), costs.penalised_cost(self._current)
        bar = costs.penalised_cost(late or self._first)
        if cost < bar or cost < current:
            self._current, current = candidate, cost
        if late is None or current < bar:
            self._history[place] = self._current


def _costs(penalty: float) -> CostEvaluator:
    return CostEvaluator([], penalty, penalty)


class _Penalty:
    """The price of being late, steered so that a fixed share of the steps ends feasible."""

    def __init__(self, value: float) -> None:
        self.value = value
        self._feasible = self._steps = 0

    def register(self, is_feasible: bool) -> None:
        self._steps += 1
        self._feasible += is_feasible
        if self._steps < UPDATE_STEPS:
            return
        excess = self._feasible / self._steps - FEASIBLE_SHARE
        self._feasible = self._steps = 0
        if abs(excess) > SHARE_TOLERANCE:
            self.value = min(max(self.value * (0.9 if excess > 0 else 1.5), LEAST_PENALTY), MOST_PENALTY)


class _Model:
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
