"""The search with PyVRP: a chain of iterated local search with its moves. Beside the model nothing else knows PyVRP.

PyVRP supplies the local search; acceptance, penalty and restarts are ours, as its own are made for clients who must all
be served. Where only the lengths of routes are limited they are given as distances: that is searched two to three times
as fast as durations are.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyvrp import CostEvaluator, RandomNumberGenerator, Solution
from pyvrp.search import (
    OPERATORS,
    LocalSearch,
    NeighbourhoodParams,
    PerturbationManager,
    PerturbationParams,
    compute_neighbours,
)

from gis_app.planning.pyvrp_model import RoutingModel
from gis_app.planning.routing_problem import Routes, RoutingProblem

FIRST_PENALTY, LEAST_PENALTY, MOST_PENALTY = 40.0, 0.05, 100_000.0
"""Price of a unit of time over the shift; the first is for a prize weight of 1. At PyVRP's own first price no search of
this kind dares over the border."""
FEASIBLE_SHARE, SHARE_TOLERANCE, UPDATE_STEPS = 0.65, 0.05, 200
NEIGHBOURS = 50
MOST_PERTURBED = 25
"""Stops changed in one step; of few stops at most a quarter, or each step would turn all of them over."""


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
        self._model = RoutingModel(problem, prize_weight)
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
