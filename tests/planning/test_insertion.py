"""What a stop would cost in a route, against trying it."""

import numpy as np
import pytest

from gis_app.planning.insertion import chains_of, greedy_routes, insertion_cost
from gis_app.planning.routing_problem import RoutingProblem, RoutingStop, RoutingTeam
from tests.planning.problems import routing_problem


@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_a_stop_fits_just_where_the_route_with_it_has_a_timetable(seed, timed):
    problem = routing_problem(seed, stops=8, timed=timed)
    for team, route in enumerate(greedy_routes(problem)):
        cost = insertion_cost(problem, team, route)
        for stop in range(8):
            for at in range(len(route) + 1):
                longer = (*route[:at], stop, *route[at:])
                fits = stop not in route and problem.allowed[team, stop] and problem.timetable(team, longer) is not None
                assert np.isfinite(cost[stop, at]) == fits


def test_the_cost_of_a_detour_by_hand():
    # Along a line: station at 0, stops at 3 and 5, a dwell of 2 each; out to 5 adds 2 x 2 of way.
    places = np.array([0.0, 3.0, 5.0])
    problem = RoutingProblem(
        travel=np.abs(places[:, None] - places[None, :])[None],
        teams=(RoutingTeam(0, 0, 0, 20),),
        stops=(RoutingStop(1, 1, dwell=2), RoutingStop(2, 1, dwell=2)),
        allowed=np.ones((1, 2), dtype=bool),
    )
    assert insertion_cost(problem, 0, (0,))[1].tolist() == [6, 6]
    assert insertion_cost(problem, 0, (0,))[0].tolist() == [np.inf, np.inf]


def test_chains_are_put_together_from_pairs():
    assert chains_of(routing_problem(0, stops=6, chained=[(4, 5), (1, 2), (2, 3)])) == [(1, 2, 3), (4, 5)]
