"""Plans of patrols: instants, what is missed, re-solving around locks."""

from dataclasses import replace

import numpy as np

from gis_app.planning.feasibility import faults_of
from gis_app.planning.orienteering import greedy_plan, plan_patrols
from gis_app.planning.patrol_plan import PlannedVisit
from gis_app.planning.patrol_task import Lock, PatrolTask, Stop, Team
from gis_app.planning.search import SearchLimit
from tests.planning.tasks import minutes, patrol_task

STEPS = SearchLimit(steps=500)
# A street of 10 minutes between neighbours: station, A, B.
STREET = np.abs(np.arange(3)[:, None] - np.arange(3)[None, :]) * 600.0


def on_the_street(hours=1.0, **of_b):
    team = Team("T", 0, minutes(0), minutes(60 * hours), "foot")
    a = Stop("A", 1, {"risk": 2.0}, dwell_s=300, village="V")
    b = replace(Stop("B", 2, {"risk": 3.0, "duty": 1.0}, dwell_s=300, village="V"), **of_b)
    return PatrolTask((team,), (a, b), {"foot": STREET})


def test_the_instants_of_a_plan_by_hand():
    plan = plan_patrols(on_the_street(windows=((minutes(30), minutes(40)),)), limit=STEPS)
    (route,) = plan.routes
    # A at 10 to 15, or on the way back; with A first B is reached at 25 and begins at 30, back at 55.
    assert [visit.stop for visit in route.visits] == ["A", "B"]
    assert route.visits[0] == PlannedVisit("A", minutes(10), minutes(10), minutes(15))
    assert route.visits[1] == PlannedVisit("B", minutes(25), minutes(30), minutes(35))
    assert (route.departs_at, route.returns_at) == (minutes(0), minutes(55))
    assert plan.value == 6.0


def test_a_team_leaves_no_earlier_than_its_first_window_asks():
    task = on_the_street(hours=1.4, windows=((minutes(45), minutes(46)),))
    alone = plan_patrols(replace(task, stops=task.stops[1:]), limit=STEPS)
    assert alone.routes[0].departs_at == minutes(25)
    assert alone.routes[0].visits[0].arrives_at == minutes(45)


def test_a_required_stop_beyond_reach_is_named_and_the_rest_is_planned():
    plan = plan_patrols(on_the_street(hours=0.5, is_required=True), limit=STEPS)
    assert plan.missed_required == ("B",)
    assert plan.visited == {"A"}


def test_a_village_short_of_visits_is_named():
    task = replace(on_the_street(hours=0.5), village_minimums={"V": 2})
    plan = plan_patrols(task, limit=STEPS)
    assert plan.short_villages == ("V",)
    assert faults_of(task, plan) == ()


def test_a_minimum_is_kept_although_it_costs_prizes():
    stops = (*(Stop(f"A{n}", 1, {"risk": 9.0}, dwell_s=1200) for n in range(3)), Stop("B", 2, {}, 1200, "W"))
    task = PatrolTask((Team("T", 0, minutes(0), minutes(80), "foot"),), stops, {"foot": STREET})
    assert plan_patrols(task, limit=STEPS).value == 27.0
    kept = plan_patrols(replace(task, village_minimums={"W": 1}), limit=STEPS)
    assert (kept.value, "B" in kept.visited) == (9.0, True)


def test_a_closed_way_keeps_a_stop_out():
    task = on_the_street()
    broken = STREET.copy()
    broken[:, 2] = np.inf
    plan = plan_patrols(replace(task, travel_s={"foot": broken}), limit=STEPS)
    assert plan.visited == {"A"}


def test_locked_stops_stay_with_their_team_and_in_their_order():
    task = patrol_task(3, timed=False, minimums=False)
    before = plan_patrols(task, limit=STEPS)
    route = max(before.routes, key=lambda route: len(route.visits))
    kept = tuple(visit.stop for visit in route.visits[:3])
    dropped = replace(
        task, stops=tuple(s for s in task.stops if s.code in kept or s.code not in before.visited or s.is_required)
    )
    locked = replace(dropped, locks=(Lock(route.team, kept, keeps_order=True),))
    after = plan_patrols(locked, limit=STEPS, start=before)
    assert faults_of(locked, after) == ()
    (own,) = (r for r in after.routes if r.team == route.team)
    order = [visit.stop for visit in own.visits]
    assert order[order.index(kept[0]) :][:3] == list(kept)


def test_a_plan_begun_from_another_is_never_worse():
    task = patrol_task(4)
    good = plan_patrols(task, limit=SearchLimit(steps=500))
    again = plan_patrols(task, limit=SearchLimit(steps=5), seed=9, start=good)
    assert again.value >= good.value


def test_the_search_is_better_than_greed_on_the_whole():
    tasks = [patrol_task(seed, minimums=False, required=0) for seed in range(3)]
    found = sum(plan_patrols(task, limit=STEPS).value for task in tasks)
    assert found > sum(greedy_plan(task).value for task in tasks)
