"""The search finds exact optima of small problems, plain ones and those with all that a patrol plan may ask."""

import numpy as np
import pytest

from gis_app.planning.insertion import greedy_routes
from gis_app.planning.plain_instance import PlainInstance, collected_score, refuse_unless_sound
from gis_app.planning.plain_solver import solve_plain
from gis_app.planning.routing_problem import RoutingProblem, RoutingStop, RoutingTeam
from gis_app.planning.search import SearchLimit, best_routes
from tests.planning.exact import best_score_exactly, best_value_exactly
from tests.planning.problems import plain_instance, routing_problem

STEPS = SearchLimit(steps=3000)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("teams", [1, 2, 3])
def test_plain_instances_are_solved_to_the_optimum(seed, teams):
    instance = plain_instance(seed, points=8, teams=teams, time_limit=1.7 - 0.25 * teams)
    routes = solve_plain(instance, limit=STEPS, seed=seed)
    refuse_unless_sound(instance, routes)
    assert collected_score(instance, routes) == best_score_exactly(instance)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"timed": True},
        {"required": 2},
        {"timed": True, "required": 1},
        {"chained": [(1, 2)]},
        {"chained": [(1, 2), (2, 3)], "timed": True},
        {"minimums": [(frozenset({1, 2, 3}), 2)]},
        {"minimums": [(frozenset({0}), 1), (frozenset({4, 5}), 2)], "timed": True},
    ],
    ids=str,
)
def test_problems_with_windows_duties_and_locks_are_solved_to_the_optimum(seed, asked):
    problem = routing_problem(seed, shift=1.2, **asked)
    routes = best_routes(problem, limit=STEPS, seed=seed)
    assert problem.is_sound(routes)
    assert problem.value(routes) == pytest.approx(best_value_exactly(problem))


def test_a_lattice_walk_that_takes_the_limit_exactly_is_found():
    # A ring of 4 by 4 points with sides of 0.1: all 11 others lie on a walk of 12 sides.
    ring = [(x, y) for x in range(4) for y in range(4) if x in (0, 3) or y in (0, 3)]
    inner = [place for place in ring if place != (0, 0)]
    places = np.array([(0, 0), *inner, (0, 0)]) * 0.1
    instance = PlainInstance(places, np.r_[0, np.ones(len(inner)), 0], 1, 1.2)
    routes = solve_plain(instance, limit=STEPS)
    assert collected_score(instance, routes) == 11


def test_the_same_seed_and_steps_give_the_same_routes():
    instance = plain_instance(7, points=40, teams=3, time_limit=1.5)
    once, again = (solve_plain(instance, limit=SearchLimit(steps=500), seed=5) for _ in range(2))
    assert once == again


def test_two_processes_search_within_the_seconds_given():
    instance = plain_instance(8, points=40, teams=3, time_limit=1.5)
    routes = solve_plain(instance, limit=SearchLimit(seconds=2.5), seed=5)
    refuse_unless_sound(instance, routes)
    by_steps = solve_plain(instance, limit=SearchLimit(steps=100), seed=5)
    assert collected_score(instance, routes) >= collected_score(instance, by_steps)


@pytest.mark.parametrize(
    "instance",
    [
        PlainInstance(np.array([[0, 0], [9, 9], [0, 0]]), np.array([0, 5, 0]), 2, 3.0),
        PlainInstance(np.array([[0, 0], [1, 0], [9, 0]]), np.array([0, 5, 0]), 2, 3.0),
        PlainInstance(np.array([[0, 0], [0, 0]]), np.zeros(2), 1, 0.0),
        PlainInstance(np.array([[0, 0], [1, 1], [0, 0]]), np.zeros(3), 1, 9.0),
    ],
    ids=["point too far", "end too far", "no points", "no scores"],
)
def test_where_nothing_can_be_collected_no_team_goes_out(instance):
    assert solve_plain(instance, limit=STEPS) == []


def test_places_shared_by_stops_and_stations_are_collected_all():
    instance = PlainInstance(np.zeros((5, 2)), np.array([0, 1, 2, 3, 0]), 1, 0.0)
    assert collected_score(instance, solve_plain(instance, limit=STEPS)) == 6


def test_greedy_routes_are_sound_and_the_search_is_never_below_them():
    for seed in range(10):
        problem = routing_problem(seed, stops=12, teams=3, timed=seed % 2 == 0, required=3)
        greedy = greedy_routes(problem)
        assert problem.is_sound(greedy)
        found = best_routes(problem, limit=SearchLimit(steps=50), seed=seed)
        assert problem.value(found) >= problem.value(greedy)


def test_a_required_stop_that_nobody_can_reach_does_not_stop_the_rest():
    apart = np.array([[[0, 1, 50], [1, 0, 50], [50, 50, 0.0]]])
    problem = RoutingProblem(
        travel=apart,
        teams=(RoutingTeam(0, 0, 0, 5),),
        stops=(RoutingStop(1, 1.0), RoutingStop(2, 1.0, is_required=True)),
        allowed=np.ones((1, 2), dtype=bool),
    )
    assert best_routes(problem, limit=STEPS, seed=0) == ((0,),)


def test_of_two_required_stops_that_exclude_each_other_one_is_made():
    apart = np.array([[[0, 2, 2, 1], [2, 0, 4, 3], [2, 4, 0, 3], [1, 3, 3, 0.0]]])
    problem = RoutingProblem(
        travel=apart,
        teams=(RoutingTeam(0, 0, 0, 4.5),),
        stops=(RoutingStop(1, 1.0, is_required=True), RoutingStop(2, 2.0, is_required=True), RoutingStop(3, 9.0)),
        allowed=np.ones((1, 3), dtype=bool),
    )
    assert best_routes(problem, limit=STEPS, seed=0) == ((1,),)
