"""Times of routes, their crossings, and plans put together from many routes."""

from itertools import permutations

import numpy as np
import pytest

from gis_app.planning.crossings import uncrossed
from gis_app.planning.route_packing import packed
from gis_app.planning.route_pool import RoutePool
from gis_app.planning.routing_problem import RoutingProblem, RoutingStop, RoutingTeam, earliest_begin
from gis_app.planning.whole_numbers import FAR, SHIFT_UNITS, in_whole_numbers
from tests.planning.problems import routing_problem


def line(positions, **team):
    places = np.array(positions, dtype=float)
    return np.abs(places[:, None] - places[None, :])[None]


def test_a_team_waits_for_a_window_and_may_not_come_after_the_last():
    assert earliest_begin(((5, 6), (9, 9)), 2) == 5
    assert earliest_begin(((5, 6), (9, 9)), 6) == 6
    assert earliest_begin(((5, 6), (9, 9)), 7) == 9
    assert earliest_begin(((5, 6), (9, 9)), 9.5) == np.inf
    assert earliest_begin((), 7) == 7


def test_a_timetable_by_hand():
    problem = RoutingProblem(
        travel=line([0, 2, 6]),
        teams=(RoutingTeam(0, 0, 10, 27),),
        stops=(RoutingStop(1, 1, dwell=1, windows=((14, 15),)), RoutingStop(2, 1, dwell=2)),
        allowed=np.ones((1, 2), dtype=bool),
    )
    # Reached at 12, begun at 14, left at 15; 4 on to the second at 19, left at 21; 6 back is 27, just in time.
    assert problem.timetable(0, (0, 1)) == (14, 19)
    # The other way round the first begins at 16 + 2 + 4 = 22, after its window.
    assert problem.timetable(0, (1, 0)) is None


@pytest.mark.parametrize(
    "routes",
    [
        ((0, 1), ()),  # one team may not make stop 0
        ((1, 1), ()),
        ((1,), (1,)),
        ((2,), (3,)),  # a chain over two teams
        ((2, 4, 3), ()),
        ((3, 2), ()),
        ((1,),),
        ((1, 2, 3, 4, 5), ()),  # too long
    ],
)
def test_unsound_routes_are_seen(routes):
    problem = routing_problem(1, shift=1.6, chained=[(2, 3)])
    assert problem.is_sound(((1,), (0,)))
    assert not problem.is_sound(routes)


@pytest.mark.parametrize("seed", range(5))
def test_uncrossing_seven_points_in_convex_position_finds_the_shortest_way(seed):
    chance = np.random.default_rng(seed)
    angle = np.r_[0, np.sort(chance.random(7)) * 3 + 0.1]
    places = np.column_stack([np.cos(angle), np.sin(angle)])
    legs = np.rint(np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) * 1e6).astype(np.int64)
    mixed = np.r_[0, chance.permutation(6) + 1, 7]
    best = min(
        sum(legs[a, b] for a, b in zip((0, *order), (*order, 7), strict=True)) for order in permutations(range(1, 7))
    )
    found = uncrossed(legs, mixed)
    assert (found[0], found[-1], sorted(found)) == (0, 7, list(range(8)))
    assert legs[found[:-1], found[1:]].sum() == best


def test_whole_numbers_never_shorten_a_way_and_bar_what_is_not_allowed():
    problem = routing_problem(3, stops=6, chained=[(1, 2)], shift=5.0)
    whole = in_whole_numbers(problem, prize_weight=2.0)
    longest = max(team.closes - team.opens for team in problem.teams)
    assert whole.stops.tolist() == [0, 1, 2, 3, 4, 5]
    for kind in whole.kinds:
        (team,) = kind.teams
        legs = whole.legs[kind.legs]
        # Two depots stand before the stops; the dwell at a stop is a part of the way there.
        exact = problem.travel[team % 2][3 + 2, 4 + 2] + problem.stops[4].dwell
        assert 0 <= legs[2 + 3, 2 + 4] - exact / longest * SHIFT_UNITS < 3
        assert legs[2 + 1, 2 + 2] < FAR
        assert legs[2 + 1, 2 + 3] >= FAR
        assert legs[2 + 3, 2 + 2] >= FAR
        assert (legs[2 + 3, 2 + 0] >= FAR) == (team == 0)


def test_the_best_plan_is_put_together_from_routes_of_different_plans():
    problem = RoutingProblem(
        travel=np.zeros((1, 5, 5)),
        teams=(RoutingTeam(0, 0, 0, 1), RoutingTeam(0, 0, 0, 1)),
        stops=tuple(RoutingStop(n + 1, prize) for n, prize in enumerate([5.0, 4.0, 3.0, 1.0])),
        allowed=np.ones((2, 4), dtype=bool),
    )
    pool = RoutePool(problem, ((), ()))
    pool.add(((0, 3), (1,)))
    pool.add(((0, 1), (2,)))
    pool.add(((1, 2), (3,)))
    # 0 with 3 and 1 with 2: all four, worth 13.
    best = packed(problem, pool, seconds=10)
    assert sorted(best) == [(0, 3), (1, 2)]
    assert packed(problem, RoutePool(problem, ((), ())), seconds=10) is None


def test_packing_prefers_required_stops_and_minimums_to_any_prize():
    stops = (RoutingStop(1, 100.0), RoutingStop(2, 1.0, is_required=True), RoutingStop(3, 1.0))
    problem = RoutingProblem(
        travel=np.zeros((1, 4, 4)),
        teams=(RoutingTeam(0, 0, 0, 1),),
        stops=stops,
        allowed=np.ones((1, 3), dtype=bool),
        minimums=((frozenset({2}), 1),),
    )
    pool = RoutePool(problem, ((),))
    for route in [(0,), (0, 2), (0, 1), (1, 2)]:
        pool.add((route,))
    assert packed(problem, pool, seconds=10) == ((1, 2),)
    assert pool.best == ((1, 2),)
