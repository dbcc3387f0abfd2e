"""Apply the table of transitions to a hazard: all refusals stand here, in one order, whoever calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from gis_app.domain.areas import AreaLevel
from gis_app.domain.errors import Conflict, Forbidden, InvalidInput, JingweiError
from gis_app.domain.hazards import Stage
from gis_app.domain.transitions import (
    DUTIES_OF,
    TRANSITIONS,
    Action,
    Duty,
    RequestKind,
    Rule,
    Transition,
    request_survives,
)

_HEIGHT: Mapping[AreaLevel, int] = {level: -depth for depth, level in enumerate(AreaLevel)}


@dataclass(frozen=True)
class Request:
    """Something asked of the level above and not decided yet."""

    kind: RequestKind
    account: str
    level: AreaLevel
    at: datetime


@dataclass(frozen=True)
class Actor:
    """Who acts: the account, its role, the level of its area, and the unit it belongs to (None for none)."""

    account: str
    role: str
    level: AreaLevel
    unit: str | None = None

    @property
    def duties(self) -> frozenset[Duty]:
        """The duties of the role."""
        return DUTIES_OF.get(self.role, frozenset())


@dataclass(frozen=True)
class HazardState:
    """What the table needs to know of a hazard.

    Parameters
    ----------
    version
        Grows by one with every action.
    responsible_unit
        Set by assignment, unset by return and by reopening.
    handlers
        Every account that ever started on the hazard or gave feedback.
    suspended_at
        When the clock was stopped; None while it runs.
    requests
        What is asked for, at most one of each kind.
    """

    stage: Stage
    version: int = 1
    responsible_unit: str | None = None
    handlers: frozenset[str] = frozenset()
    is_listed: bool = False
    suspended_at: datetime | None = None
    requests: tuple[Request, ...] = ()

    def request_of(self, kind: RequestKind) -> Request | None:
        """Return what is asked for of a kind, if anything."""
        return next((each for each in self.requests if each.kind is kind), None)


def apply(
    state: HazardState | None,
    action: Action,
    *,
    actor: Actor,
    at: datetime,
    version: int | None = None,
    reason: str = "",
    unit: str | None = None,
) -> HazardState:
    """Return the hazard after an action.

    Parameters
    ----------
    state
        The hazard as stored; None for one to be reported.
    at
        When, with a time zone.
    version
        The version the actor saw; None only for a report.
    reason
        Why, where the table asks for it.
    unit
        The responsible unit, for an assignment.

    Raises
    ------
    Forbidden
        If the duty is missing, or the wrong unit, level or person acts.
    Conflict
        If the hazard changed since, or is not at a stage or in a condition for this.
    InvalidInput
        If the reason or the unit is missing.
    ValueError
        If ``at`` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("A moment needs a time zone.")
    row = TRANSITIONS[action]
    _refuse_duty(row, actor)
    if state is not None and version != state.version:
        raise Conflict("The hazard changed meanwhile.", remedy="Reload it and decide again.", version=state.version)
    refusal = _refusal(state, row, actor)
    if refusal is not None:
        raise refusal
    _refuse_gaps(row, reason=reason, unit=unit)
    if state is None:
        return HazardState(Stage.REPORTED)
    changed = replace(_after(state, row, actor=actor, at=at, unit=unit), version=state.version + 1)
    lasting = tuple(each for each in changed.requests if request_survives(each.kind, changed.stage))
    return replace(changed, requests=lasting)


def permitted(state: HazardState | None, actor: Actor) -> tuple[Action, ...]:
    """Return the actions open to somebody now, in the order of the table: what a page offers as buttons."""
    return tuple(
        action
        for action, row in TRANSITIONS.items()
        if row.duty in actor.duties and _refusal(state, row, actor) is None
    )


def _refuse_duty(row: Transition, actor: Actor) -> None:
    if row.duty not in actor.duties:
        raise Forbidden(
            "This step is not among the duties of your role.",
            remedy="Leave it to the side of the desk or the unit that it belongs to.",
            action=row.action.value,
            role=actor.role,
        )


def _refusal(state: HazardState | None, row: Transition, actor: Actor) -> JingweiError | None:
    stage = None if state is None else state.stage
    if stage not in row.origins:
        return Conflict(
            "The hazard is not at the stage for this step.",
            remedy="Reload it: it may have moved on.",
            action=row.action.value,
            stage=stage.value if stage else None,
        )
    return None if state is None else _unready(state, row) or _wrong_person(state, row, actor)


def _unready(state: HazardState, row: Transition) -> JingweiError | None:
    if state.suspended_at is not None and row.target is not None:
        return Conflict("The clock of the hazard is suspended.", remedy="Resume it first.")
    if row.asks is not None and state.request_of(row.asks) is not None:
        return Conflict("This was asked for already and is not decided yet.", remedy="Wait for the decision.")
    if row.decides is not None and state.request_of(row.decides) is None:
        return Conflict("Nobody asked for this, or it is decided already.", remedy="Reload the hazard.")
    unready = _UNREADY.get(row.action)
    return Conflict(unready.sentence, remedy="Reload the hazard.") if unready and unready.holds(state) else None


def _wrong_person(state: HazardState, row: Transition, actor: Actor) -> JingweiError | None:
    if Rule.OWN_UNIT in row.rules and (actor.unit is None or actor.unit != state.responsible_unit):
        return Forbidden("Another unit is responsible for this hazard.", remedy="Leave the step to that unit.")
    if Rule.INDEPENDENT in row.rules and _handled(state, actor):
        return Forbidden(
            "Who handled a hazard does not verify it, nor does the responsible unit.",
            remedy="Leave the step to somebody else at the desk.",
        )
    if Rule.CITY in row.rules and actor.level is not AreaLevel.CITY:
        return Forbidden("Only the city decides on the supervised list.", remedy="Ask the city's desk.")
    request = None if row.decides is None else state.request_of(row.decides)
    if Rule.LEVEL_ABOVE in row.rules and request is not None and not _is_above(actor, request):
        return Forbidden("The level above who asked decides this.", remedy="Leave the decision to the level above.")
    return None


def _handled(state: HazardState, actor: Actor) -> bool:
    return actor.account in state.handlers or (actor.unit is not None and actor.unit == state.responsible_unit)


def _is_above(actor: Actor, request: Request) -> bool:
    if actor.level is AreaLevel.CITY is request.level:
        return actor.account != request.account
    return _HEIGHT[actor.level] > _HEIGHT[request.level]


def _refuse_gaps(row: Transition, *, reason: str, unit: str | None) -> None:
    if Rule.REASON in row.rules and not reason.strip():
        raise InvalidInput("This step needs a reason.", remedy="Say why in a few words.", action=row.action.value)
    if row.action is Action.ASSIGN and not (unit or "").strip():
        raise InvalidInput("An assignment needs a responsible unit.", remedy="Choose the unit that is to handle it.")


@dataclass(frozen=True)
class _Unready:
    holds: Callable[[HazardState], bool]
    sentence: str


_UNREADY: Mapping[Action, _Unready] = {
    Action.REQUEST_LISTING: _Unready(lambda state: state.is_listed, "The hazard is on the supervised list already."),
    Action.LIFT_LISTING: _Unready(lambda state: not state.is_listed, "The hazard is not on the supervised list."),
    Action.SUSPEND: _Unready(lambda state: state.suspended_at is not None, "The clock is suspended already."),
    Action.RESUME: _Unready(lambda state: state.suspended_at is None, "The clock is not suspended."),
}


def _after(state: HazardState, row: Transition, *, actor: Actor, at: datetime, unit: str | None) -> HazardState:
    effect = _EFFECTS.get(row.action)
    changed = effect(state, at, unit) if effect else state
    if row.asks is not None:
        changed = replace(changed, requests=(*state.requests, Request(row.asks, actor.account, actor.level, at)))
    if row.decides is not None:
        changed = replace(changed, requests=tuple(each for each in state.requests if each.kind is not row.decides))
    if row.target is None:
        return changed
    is_handling = row.duty is Duty.HANDLING
    return replace(
        changed,
        stage=row.target,
        responsible_unit=None if row.target is Stage.FILED else changed.responsible_unit,
        handlers=state.handlers | {actor.account} if is_handling else state.handlers,
    )


_EFFECTS: Mapping[Action, Callable[[HazardState, datetime, str | None], HazardState]] = {
    Action.ASSIGN: lambda state, at, unit: replace(state, responsible_unit=unit),
    Action.APPROVE_LISTING: lambda state, at, unit: replace(state, is_listed=True),
    Action.LIFT_LISTING: lambda state, at, unit: replace(state, is_listed=False),
    Action.SUSPEND: lambda state, at, unit: replace(state, suspended_at=at),
    Action.RESUME: lambda state, at, unit: replace(state, suspended_at=None),
}
