"""Plans of a night's patrols: the states they go through, and who may take each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from gis_app.domain.errors import Conflict
from gis_app.domain.rights import Right


class PlanState(StrEnum):
    """How far a plan is."""

    DRAFT = "draft"
    APPROVED = "approved"
    PUBLISHED = "published"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class PlanStep(StrEnum):
    """What can be done with a plan beside editing it."""

    APPROVE = "approve"
    PUBLISH = "publish"
    CLOSE = "close"
    WITHDRAW = "withdraw"


@dataclass(frozen=True)
class StepRule:
    """From which states a step leads where, and the right it takes."""

    before: frozenset[PlanState]
    after: PlanState
    right: Right


STEP_RULES: Mapping[PlanStep, StepRule] = MappingProxyType(
    {
        PlanStep.APPROVE: StepRule(frozenset({PlanState.DRAFT}), PlanState.APPROVED, Right.APPROVE_PATROLS),
        PlanStep.PUBLISH: StepRule(frozenset({PlanState.APPROVED}), PlanState.PUBLISHED, Right.PLAN_PATROLS),
        PlanStep.CLOSE: StepRule(frozenset({PlanState.PUBLISHED}), PlanState.CLOSED, Right.PLAN_PATROLS),
        PlanStep.WITHDRAW: StepRule(
            frozenset({PlanState.DRAFT, PlanState.APPROVED, PlanState.PUBLISHED}),
            PlanState.WITHDRAWN,
            Right.PLAN_PATROLS,
        ),
    }
)
"""The one table of steps."""
EDITABLE = frozenset({PlanState.DRAFT, PlanState.APPROVED, PlanState.PUBLISHED})
"""States in which a plan may be edited; an approved one is a draft again, a published one is published anew."""


def state_after(state: PlanState, step: PlanStep) -> PlanState:
    """Return the state that a step leads to.

    Raises
    ------
    Conflict
        If the step does not lead on from the state.
    """
    rule = STEP_RULES[step]
    if state not in rule.before:
        raise Conflict("The plan does not stand so that this can be done.", remedy="Load it again.")
    return rule.after


def state_after_edit(state: PlanState) -> PlanState:
    """Return the state of a plan once it was edited.

    Raises
    ------
    Conflict
        If the plan is over.
    """
    if state not in EDITABLE:
        raise Conflict("The plan is over and cannot be changed.", remedy="Make a new one.")
    return PlanState.PUBLISHED if state is PlanState.PUBLISHED else PlanState.DRAFT


def steps_from(state: PlanState, rights: frozenset[Right]) -> list[PlanStep]:
    """Return the steps that a holder of rights may take from a state."""
    return [step for step, rule in STEP_RULES.items() if state in rule.before and rule.right in rights]
