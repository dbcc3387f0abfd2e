"""Plans vary from night to night within the loss stated."""

import pytest

from gis_app.planning.feasibility import faults_of
from gis_app.planning.orienteering import plan_patrols
from gis_app.planning.patrol_plan import PatrolPlan, PlannedRoute, PlannedVisit
from gis_app.planning.search import SearchLimit
from gis_app.planning.variation import arrival_reuse, varied_plan
from tests.planning.tasks import LOCKS, minutes, patrol_task

SHORT = SearchLimit(steps=150)


def test_the_stated_loss_is_kept_over_thirty_nights_and_arrivals_change():
    task = patrol_task(2, stops=60, timed=False)
    best = plan_patrols(task, limit=SearchLimit(steps=3000))
    nights = [varied_plan(task, best, seed=night) for night in range(30)]
    assert all(faults_of(task, plan) == () for plan in nights)
    assert min(plan.value for plan in nights) >= 0.97 * best.value
    assert not any(plan.missed_required or plan.short_villages for plan in nights)
    reuse = [arrival_reuse(plan, nights[max(0, n - 7) : n]) for n, plan in enumerate(nights) if n >= 7]
    # The same plan every night would have a reuse of 1.
    assert max(reuse) < 0.7
    assert sum(reuse) / len(reuse) < 0.5


@pytest.mark.parametrize("loss", [0.0, 0.1])
def test_windows_duties_and_locks_are_kept(loss):
    task = patrol_task(1, locks=LOCKS)
    best = plan_patrols(task, limit=SearchLimit(steps=1000))
    for night in range(4):
        plan = varied_plan(task, best, seed=night, loss=loss)
        assert faults_of(task, plan) == ()
        assert plan.value >= (1 - loss) * best.value - 1e-9
        assert set(plan.missed_required) <= set(best.missed_required)


def test_the_same_night_gives_the_same_plan_and_another_another():
    task = patrol_task(3, stops=30)
    best = plan_patrols(task, limit=SHORT)
    first, again, other = (varied_plan(task, best, seed=seed) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def one_visit(stop, minute):
    visit = PlannedVisit(stop, minutes(minute), minutes(minute), minutes(minute + 5))
    return PatrolPlan((PlannedRoute("T", minutes(0), (visit,), minutes(99)),), 1.0)


def test_reuse_by_hand():
    # 11:00 UTC is the beginning of a half hour: minute 29 is in the same slot, minute 30 in the next.
    assert arrival_reuse(one_visit("A", 0), [one_visit("A", 29)]) == 1
    assert arrival_reuse(one_visit("A", 0), [one_visit("B", 0), one_visit("A", 29)]) == 0.5
    assert arrival_reuse(one_visit("A", 0), [one_visit("A", 30), one_visit("B", 0)]) == 0
    assert arrival_reuse(one_visit("A", 0), [one_visit("A", 24 * 60)]) == 1
    assert arrival_reuse(one_visit("A", 0), []) is None
    assert arrival_reuse(PatrolPlan((), 0.0), [one_visit("A", 0)]) is None


@pytest.mark.parametrize("loss", [-0.1, 1.1])
def test_a_loss_that_is_no_share_is_refused(loss):
    task = patrol_task(3, stops=5, minimums=False)
    with pytest.raises(ValueError, match="between 0 and 1"):
        varied_plan(task, plan_patrols(task, limit=SHORT), seed=0, loss=loss)
