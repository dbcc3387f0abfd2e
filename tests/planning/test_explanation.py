"""Reasons for visits, prices of stops left out, idleness before and after: by hand, and against re-planning."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from gis_app.planning.explanation import (
    LeftOutBecause,
    idleness_change,
    left_out,
    reasons_of_visits,
)
from gis_app.planning.feasibility import faults_of
from gis_app.planning.orienteering import plan_of_routes, plan_patrols, routes_of
from gis_app.planning.patrol_task import PatrolTask, Stop, Team
from gis_app.planning.search import SearchLimit
from tests.planning.tasks import EVENING, LOCKS, minutes, patrol_task

STREET = np.abs(np.arange(4)[:, None] - np.arange(4)[None, :]) * 600.0
TEAM = Team("T", 0, minutes(0), minutes(70), "foot")


def street_task(**options):
    stops = (
        Stop("A", 1, {"risk": 2.0, "duty": 5.0}, dwell_s=600),
        Stop("B", 2, {"risk": 3.0}, dwell_s=1200),
        Stop("C", 3, {"risk": 9.0}, dwell_s=600),
    )
    return PatrolTask((TEAM,), stops, {"foot": STREET}, **options)


def test_a_visit_is_explained_by_its_parts_the_largest_first():
    task = street_task()
    plan = plan_of_routes(task, ((0, 1),))
    first, second = reasons_of_visits(task, plan)
    assert (first.stop, list(first.prize_parts.items())) == ("A", [("duty", 5.0), ("risk", 2.0)])
    assert (second.stop, second.team, second.is_required) == ("B", "T", False)


def test_what_a_stop_left_out_would_have_cost_by_hand():
    task = street_task()
    # A and B: 40 of way and 30 of dwell fill the shift of 70. C needs 60 of way and 10 of dwell: both have to go.
    (out,) = left_out(task, plan_of_routes(task, ((0, 1),)))
    assert (out.stop, out.because, out.team) == ("C", LeftOutBecause.COSTS_OTHERS, "T")
    assert (set(out.instead_of), out.added_s, out.lost) == ({"A", "B"}, 4200.0, 1.0)


def test_a_stop_that_still_fits_is_said_to():
    task = street_task()
    out = {reason.stop: reason for reason in left_out(task, plan_of_routes(task, ((0,),)))}
    assert (out["B"].because, out["B"].instead_of) == (LeftOutBecause.ROOM_LEFT, ())
    # Ten minutes on and ten back, twenty there.
    assert (out["B"].added_s, out["B"].lost) == (2400.0, -3.0)


def test_stops_nobody_can_visit_say_why():
    task = street_task()
    stops = (replace(task.stops[0], skill="diving"), replace(task.stops[1], dwell_s=4000), task.stops[2])
    out = left_out(replace(task, stops=stops), plan_of_routes(replace(task, stops=stops), ((2,),)))
    assert {reason.stop: reason.because for reason in out} == {
        "A": LeftOutBecause.NOBODY_ABLE,
        "B": LeftOutBecause.OUT_OF_REACH,
    }


def test_required_stops_are_not_offered_in_exchange():
    task = street_task()
    task = replace(task, stops=(replace(task.stops[0], is_required=True), *task.stops[1:]))
    (out,) = left_out(task, plan_of_routes(task, ((0, 1),)))
    assert (out.stop, out.because, out.team) == ("C", LeftOutBecause.COSTS_OTHERS, None)


@pytest.mark.parametrize("seed", range(4))
def test_every_price_is_that_of_a_plan_without_fault(seed):
    task = patrol_task(seed, locks=LOCKS)
    plan = plan_patrols(task, limit=SearchLimit(steps=500))
    number = {stop.code: n for n, stop in enumerate(task.stops)}
    explained = left_out(task, plan, count=10)
    assert [reason.stop for reason in explained] == sorted(
        (stop.code for stop in task.stops if stop.code not in plan.visited),
        key=lambda code: -task.stop_by_code[code].prize,
    )[:10]
    for reason in explained:
        if reason.team is None:
            continue
        team = next(n for n, own in enumerate(task.teams) if own.code == reason.team)
        kept = [stop for stop in routes_of(task, plan)[team] if task.stops[stop].code not in reason.instead_of]
        exchanged = []
        for at in range(len(kept) + 1):
            routes = list(routes_of(task, plan))
            routes[team] = (*kept[:at], number[reason.stop], *kept[at:])
            try:
                exchanged.append(plan_of_routes(task, tuple(routes)))
            except ValueError:
                continue
        sound = [other for other in exchanged if not faults_of(task, other)]
        assert sound
        assert sound[0].value == pytest.approx(plan.value - reason.lost)


def test_idleness_without_and_with_a_plan_by_hand():
    task = street_task()
    plan = plan_of_routes(task, ((0, 1),))
    at = EVENING + timedelta(hours=13)
    last = {"A": at - timedelta(days=10), "B": None, "C": at - timedelta(days=2)}
    change = idleness_change(last, plan, at=at, duty_days=7)
    assert (change.mean_days_without, change.worst_days_without) == (6.0, 10.0)
    assert change.share_over_without == pytest.approx(2 / 3)
    # A is left after 20 minutes, B after 50: 760 and 730 minutes before.
    assert change.mean_days_with == pytest.approx((760 / 1440 + 730 / 1440 + 2) / 3)
    assert (change.worst_days_with, change.share_over_with) == (2.0, 0.0)


def test_visits_after_the_instant_asked_about_do_not_count():
    task = street_task()
    plan = plan_of_routes(task, ((0, 1),))
    change = idleness_change({"B": None}, plan, at=minutes(40), duty_days=7)
    assert (change.mean_days_with, change.share_over_with) == (None, 1.0)
    assert idleness_change({}, plan, at=minutes(40), duty_days=7).share_over_with is None
