"""Routes for plain team-orienteering instances."""

from __future__ import annotations

import numpy as np

from gis_app.planning.plain_instance import TOLERANCE, PlainInstance, refuse_unless_sound
from gis_app.planning.routing_problem import RoutingProblem, RoutingStop, RoutingTeam
from gis_app.planning.search import SearchLimit, best_routes


def solve_plain(instance: PlainInstance, *, limit: SearchLimit, seed: int = 0) -> list[list[int]]:
    """Return the best routes found, each a list of 0-based points with start and end.

    Teams with nothing to collect stay where they are and have no route.
    """
    last = len(instance.scores) - 1
    to_end = instance.travel[:, last]
    within = instance.travel[0] + to_end <= instance.time_limit + TOLERANCE
    within[[0, last]] = False
    points = np.nonzero(within & (instance.scores > 0))[0]
    team = RoutingTeam(start=0, end=last, opens=0.0, closes=instance.time_limit)
    problem = RoutingProblem(
        travel=instance.travel[None],
        teams=(team,) * instance.team_count,
        stops=tuple(RoutingStop(int(point), float(instance.scores[point])) for point in points),
        allowed=np.ones((instance.team_count, len(points)), dtype=np.bool_),
    )
    found = best_routes(problem, limit=limit, seed=seed) if len(points) else ()
    routes = [[0, *(int(points[stop]) for stop in route), last] for route in found if route]
    refuse_unless_sound(instance, routes)
    return routes
