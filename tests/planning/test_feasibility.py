"""The independent check passes what the search makes, and sees every planted fault."""

import ast
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

import gis_app.planning.feasibility as checker
from gis_app.planning.feasibility import faults_of
from gis_app.planning.orienteering import greedy_plan, plan_patrols
from gis_app.planning.patrol_plan import PatrolPlan
from gis_app.planning.search import SearchLimit
from tests.planning.tasks import LOCKS, patrol_task

SHORT = SearchLimit(steps=300)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("options", [{}, {"timed": False}, {"locks": LOCKS}, {"timed": False, "locks": LOCKS}], ids=str)
def test_plans_of_search_and_greed_pass(seed, options):
    task = patrol_task(seed, **options)
    best, greedy = plan_patrols(task, limit=SHORT, seed=seed), greedy_plan(task)
    assert faults_of(task, best) == ()
    assert faults_of(task, greedy) == ()
    assert best.value > 0


def _change_visit(plan, chance, change):
    """Return the plan with one visit changed, chosen among routes with visits."""
    routes = [n for n, route in enumerate(plan.routes) if route.visits]
    at = int(chance.choice(routes))
    visits = list(plan.routes[at].visits)
    place = int(chance.integers(len(visits)))
    visits[place] = change(visits[place])
    return _with_route(plan, at, visits=tuple(visits))


def _with_route(plan, at, **changes):
    return replace(plan, routes=(*plan.routes[:at], replace(plan.routes[at], **changes), *plan.routes[at + 1 :]))


def _gone_out(plan, chance):
    return int(chance.choice([n for n, route in enumerate(plan.routes) if route.visits]))


def arrive_earlier(task, plan, chance):
    return _change_visit(plan, chance, lambda v: replace(v, arrives_at=v.arrives_at - timedelta(seconds=2)))


def begin_before_arrival(task, plan, chance):
    return _change_visit(plan, chance, lambda v: replace(v, begins_at=v.arrives_at - timedelta(seconds=1)))


def stay_shorter(task, plan, chance):
    return _change_visit(plan, chance, lambda v: replace(v, leaves_at=v.leaves_at - timedelta(seconds=5)))


def unknown_stop(task, plan, chance):
    return _change_visit(plan, chance, lambda v: replace(v, stop="S999"))


def unknown_team(task, plan, chance):
    return _with_route(plan, int(chance.integers(len(plan.routes))), team="T99")


def team_twice(task, plan, chance):
    return replace(plan, routes=(*plan.routes, plan.routes[_gone_out(plan, chance)]))


def team_left_out(task, plan, chance):
    at = int(chance.integers(len(plan.routes)))
    return replace(plan, routes=plan.routes[:at] + plan.routes[at + 1 :])


def depart_before_the_shift(task, plan, chance):
    at = _gone_out(plan, chance)
    team = task.team_by_code[plan.routes[at].team]
    return _with_route(plan, at, departs_at=team.starts_at - timedelta(seconds=1))


def return_after_the_shift(task, plan, chance):
    at = _gone_out(plan, chance)
    team = task.team_by_code[plan.routes[at].team]
    return _with_route(plan, at, returns_at=team.ends_at + timedelta(seconds=1))


def return_faster_than_travel(task, plan, chance):
    at = _gone_out(plan, chance)
    return _with_route(plan, at, returns_at=plan.routes[at].returns_at - timedelta(seconds=2))


def stop_twice(task, plan, chance):
    at = _gone_out(plan, chance)
    last = plan.routes[at].visits[-1]
    return _with_route(plan, at, visits=(*plan.routes[at].visits, replace(last, arrives_at=last.leaves_at)))


def routes_exchanged(task, plan, chance):
    """Give the route of a mediator with a mediation, or any locked one, to another team."""
    one = next(n for n, route in enumerate(plan.routes) if route.team == "T1")
    other = next(n for n, route in enumerate(plan.routes) if route.team == "T0")
    return _with_route(_with_route(plan, one, visits=plan.routes[other].visits), other, visits=plan.routes[one].visits)


def locked_order_changed(task, plan, chance):
    at = next(n for n, route in enumerate(plan.routes) if route.team == "T1")
    visits = list(plan.routes[at].visits)
    first = next(n for n, visit in enumerate(visits) if visit.stop == "S007")
    visits[first], visits[first + 1] = (
        replace(visits[first], stop="S008"),
        replace(visits[first + 1], stop="S007"),
    )
    return _with_route(plan, at, visits=tuple(visits))


def required_dropped(task, plan, chance):
    at, place = next(
        (n, m)
        for n, route in enumerate(plan.routes)
        for m, visit in enumerate(route.visits)
        if task.stop_by_code[visit.stop].is_required or visit.stop in ("S003", "S004")
    )
    return _with_route(plan, at, visits=plan.routes[at].visits[:place] + plan.routes[at].visits[place + 1 :])


def required_said_to_be_missed(task, plan, chance):
    return replace(plan, missed_required=(*plan.missed_required, sorted(plan.visited)[0]))


def village_said_to_be_short(task, plan, chance):
    return replace(plan, short_villages=(*plan.short_villages, "V0"))


def value_overstated(task, plan, chance):
    return replace(plan, value=plan.value + 1)


def begin_outside_the_windows(task, plan, chance):
    def wait(visit):
        return replace(
            visit, begins_at=visit.begins_at - timedelta(hours=5), arrives_at=visit.arrives_at - timedelta(hours=5)
        )

    return _change_visit(plan, chance, wait)


def mediation_by_those_who_cannot(task, plan, chance):
    at = next(n for n, route in enumerate(plan.routes) if route.team == "T0")
    visits = plan.routes[at].visits
    return _with_route(plan, at, visits=(replace(visits[0], stop="S016"), *visits[1:]))


PLANTED = {
    arrive_earlier: "too_fast",
    begin_before_arrival: "begun_before",
    stay_shorter: "short_dwell",
    unknown_stop: "unknown_stop",
    unknown_team: "unknown_team",
    team_twice: "two_routes",
    team_left_out: "no_route",
    depart_before_the_shift: "too_early",
    return_after_the_shift: "too_late",
    return_faster_than_travel: "no_way_back",
    stop_twice: "repeated",
    routes_exchanged: "moved",
    locked_order_changed: "reordered",
    required_dropped: "required",
    required_said_to_be_missed: "required",
    village_said_to_be_short: "minimum",
    value_overstated: "value",
    begin_outside_the_windows: "too_fast",
    mediation_by_those_who_cannot: "unable",
}
SEEDS = range(6)


@pytest.fixture(scope="module")
def planned():
    tasks = [patrol_task(seed, locks=LOCKS) for seed in SEEDS]
    return [(task, plan_patrols(task, limit=SHORT, seed=0)) for task in tasks]


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_every_planted_fault_is_seen(planned, plant):
    chance = np.random.default_rng(1)
    for task, plan in planned:
        assert faults_of(task, plan) == ()
        faults = faults_of(task, plant(task, plan, chance))
        assert PLANTED[plant] in {fault.kind for fault in faults}
        assert all("{" not in fault.sentence for fault in faults)


def test_more_than_a_hundred_faults_are_planted():
    assert len(PLANTED) * len(SEEDS) >= 100


def test_a_visit_outside_its_windows_alone_is_seen(planned):
    task, plan = planned[0]
    stop = next(stop for stop in task.stops if stop.code in plan.visited and not stop.windows)
    visit = next(v for route in plan.routes for v in route.visits if v.stop == stop.code)
    window = (visit.begins_at + timedelta(minutes=1), visit.begins_at + timedelta(minutes=9))
    closed = replace(task, stops=tuple(replace(s, windows=(window,)) if s is stop else s for s in task.stops))
    assert Counter(fault.kind for fault in faults_of(closed, plan)) == {"closed": 1}


def test_an_empty_plan_that_admits_what_it_misses_has_no_fault():
    task = patrol_task(0)
    stays = greedy_plan(replace(task, stops=(), village_minimums={}))
    assert faults_of(replace(task, stops=(), village_minimums={}), stays) == ()
    admitted = PatrolPlan(stays.routes, 0.0, ("S000", "S001"), ("V3", "V4"))
    assert faults_of(task, admitted) == ()


def test_the_checker_shares_no_code_with_the_search():
    tree = ast.parse(Path(checker.__file__).read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {module for module in modules if module.startswith("gis_app")} == {
        "gis_app.planning.patrol_plan",
        "gis_app.planning.patrol_task",
    }
