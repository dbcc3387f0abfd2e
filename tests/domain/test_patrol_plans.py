"""The states of a plan: which step leads where, who may take it, and when a plan may still be edited."""

import pytest

from gis_app.domain.errors import Conflict
from gis_app.domain.patrol_plans import PlanState, PlanStep, state_after, state_after_edit, steps_from
from gis_app.domain.rights import RIGHTS_OF, Role


def test_a_plan_is_approved_before_it_is_published_and_published_before_it_is_closed():
    ways = {
        (state.value, step.value): _after(state, step)
        for state in PlanState
        for step in PlanStep
        if _after(state, step)
    }
    assert ways == {
        ("draft", "approve"): "approved",
        ("draft", "withdraw"): "withdrawn",
        ("approved", "publish"): "published",
        ("approved", "withdraw"): "withdrawn",
        ("published", "close"): "closed",
        ("published", "withdraw"): "withdrawn",
    }


def _after(state, step):
    try:
        return state_after(state, step).value
    except Conflict:
        return None


def test_an_edit_takes_an_approval_back_and_keeps_a_published_plan_published():
    after = {state.value: state_after_edit(state).value for state in list(PlanState)[:3]}
    assert after == {"draft": "draft", "approved": "draft", "published": "published"}
    for over in (PlanState.CLOSED, PlanState.WITHDRAWN):
        with pytest.raises(Conflict):
            state_after_edit(over)


def test_a_planner_makes_plans_and_a_supervisor_approves_them():
    planner, supervisor = RIGHTS_OF[Role.PATROL_PLANNER], RIGHTS_OF[Role.SUPERVISOR]
    assert steps_from(PlanState.DRAFT, planner) == [PlanStep.WITHDRAW]
    assert steps_from(PlanState.DRAFT, supervisor) == [PlanStep.APPROVE, PlanStep.WITHDRAW]
    assert steps_from(PlanState.APPROVED, planner) == [PlanStep.PUBLISH, PlanStep.WITHDRAW]
