"""Small random problems for tests."""

import numpy as np

from gis_app.planning.plain_instance import PlainInstance
from gis_app.planning.routing_problem import RoutingProblem, RoutingStop, RoutingTeam


def plain_instance(seed, *, points=9, teams=2, time_limit=1.3):
    chance = np.random.default_rng(seed)
    scores = chance.integers(1, 20, points + 2).astype(float)
    scores[[0, -1]] = 0
    return PlainInstance(chance.random((points + 2, 2)), scores, teams, time_limit)


def routing_problem(seed, *, stops=6, teams=2, timed=False, required=0, chained=(), minimums=(), shift=1.6):
    """Return a problem with one-way streets, two profiles, dwells, and a stop that one team may not make."""
    chance = np.random.default_rng(seed)
    places = chance.random((teams + stops, 2))
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    travel = np.stack([apart * chance.uniform(1, 1.3, apart.shape), apart * 0.8])
    allowed = np.ones((teams, stops), dtype=bool)
    allowed[0, 0] = False
    return RoutingProblem(
        travel=travel,
        teams=tuple(RoutingTeam(n, n, 10.0 + 0.1 * n, 10.0 + 0.1 * n + shift, n % 2) for n in range(teams)),
        stops=tuple(
            RoutingStop(
                place=teams + n,
                prize=float(chance.integers(1, 20)),
                dwell=float(chance.uniform(0.05, 0.15)),
                windows=_windows(chance, n) if timed else (),
                is_required=n < required,
            )
            for n in range(stops)
        ),
        allowed=allowed,
        chained=tuple(chained),
        minimums=tuple(minimums),
    )


def _windows(chance, number):
    opens = 10.0 + chance.uniform(0, 0.9)
    if number % 3 == 0:
        return ((opens, opens + 0.2), (opens + 0.5, opens + 0.7))
    return ((opens, opens + 0.4),) if number % 3 == 1 else ()
