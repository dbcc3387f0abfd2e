"""The best routes a search has met, from which whole plans can be put together anew."""

from __future__ import annotations

from gis_app.planning.routing_problem import Route, Routes, RoutingProblem

MOST_ROUTES = 20_000


class RoutePool:
    """Routes by the kind of team that can go them, and the best plan so far.

    Parameters
    ----------
    problem
        Teams that are alike share their routes.
    start
        A sound plan to begin with.
    """

    def __init__(self, problem: RoutingProblem, start: Routes) -> None:
        self._problem = problem
        kinds: dict[tuple[object, bytes], int] = {}
        self.kind_of_team = [
            kinds.setdefault((team, problem.allowed[number].tobytes()), len(kinds))
            for number, team in enumerate(problem.teams)
        ]
        self.best, self.value = start, problem.value(start)
        self.routes: dict[tuple[int, frozenset[int]], Route] = {}
        self.add(start)

    def add(self, routes: Routes) -> None:
        """Keep the routes of a plan, and the plan if it is the best and sound."""
        value = self._problem.value(routes)
        if value > self.value and self._problem.is_sound(routes):
            self.best, self.value = routes, value
        for kind, route in zip(self.kind_of_team, routes, strict=True):
            if route:
                # Last in is last out: the newest come from the best plans.
                self.routes.pop(key := (kind, frozenset(route)), None)
                self.routes[key] = route
        while len(self.routes) > MOST_ROUTES:
            del self.routes[next(iter(self.routes))]

    def join(self, routes: dict[tuple[int, frozenset[int]], Route], best: Routes) -> None:
        """Take over the routes and the best plan of another pool for the same problem."""
        self.routes |= routes
        self.add(best)
