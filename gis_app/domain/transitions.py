"""The closed loop as one table: who may do what to a hazard, at which stage, and where it leads.

Supervision (intake, filing, verification, closing) and command (dispatch) are different duties; no role holds both.
Extension, return and listing are asked for with a reason and decided by the level above. They, and the suspension of
the clock, are flags beside the stage. ``closed_loop`` applies the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Flag, StrEnum, auto
from types import MappingProxyType

from gis_app.domain.hazards import Stage


class Duty(StrEnum):
    """What an account does in the loop."""

    REPORTING = "reporting"
    SUPERVISION = "supervision"
    COMMAND = "command"
    HANDLING = "handling"


DUTIES_OF: Mapping[str, frozenset[Duty]] = MappingProxyType(
    {
        "supervisor": frozenset({Duty.REPORTING, Duty.SUPERVISION}),
        "dispatcher": frozenset({Duty.REPORTING, Duty.COMMAND}),
        "handler": frozenset({Duty.HANDLING}),
        "grid_worker": frozenset({Duty.REPORTING}),
    }
)
"""Duties by role; a role that is not here has none."""


class Action(StrEnum):
    """Everything that can be done to a hazard in the loop."""

    REPORT = "report"
    FILE = "file"
    VOID = "void"
    ASSIGN = "assign"
    START = "start"
    FEEDBACK = "feedback"
    VERIFY = "verify"
    REWORK = "rework"
    CLOSE = "close"
    REOPEN = "reopen"
    REQUEST_RETURN = "request_return"
    APPROVE_RETURN = "approve_return"
    REFUSE_RETURN = "refuse_return"
    REQUEST_EXTENSION = "request_extension"
    APPROVE_EXTENSION = "approve_extension"
    REFUSE_EXTENSION = "refuse_extension"
    REQUEST_LISTING = "request_listing"
    APPROVE_LISTING = "approve_listing"
    REFUSE_LISTING = "refuse_listing"
    LIFT_LISTING = "lift_listing"
    SUSPEND = "suspend"
    RESUME = "resume"


class RequestKind(StrEnum):
    """What is asked of the level above."""

    RETURN = "return"
    EXTENSION = "extension"
    LISTING = "listing"


class Rule(Flag):
    """What a transition demands beyond the duty."""

    NONE = 0
    REASON = auto()
    """A reason in words."""
    OWN_UNIT = auto()
    """The actor belongs to the responsible unit."""
    INDEPENDENT = auto()
    """The actor did not handle the hazard and does not belong to the responsible unit."""
    LEVEL_ABOVE = auto()
    """The actor is of a level above the asker's; between two accounts of the city, another account."""
    CITY = auto()
    """The actor is of the city."""


@dataclass(frozen=True)
class Transition:
    """One row of the table.

    Parameters
    ----------
    origins
        Stages it is possible at; None stands for a hazard that does not exist yet.
    target
        The stage it leads to; None if the stage stays.
    asks, decides
        The kind of request it makes or decides.
    """

    action: Action
    origins: frozenset[Stage | None]
    target: Stage | None
    duty: Duty
    rules: Rule = Rule.NONE
    asks: RequestKind | None = None
    decides: RequestKind | None = None


def _at(*stages: Stage | None) -> frozenset[Stage | None]:
    return frozenset(stages)


_IN_HAND = _at(Stage.ASSIGNED, Stage.HANDLING)
_ON_ITS_WAY = _at(Stage.FILED, Stage.ASSIGNED, Stage.HANDLING, Stage.FEEDBACK, Stage.VERIFIED)
_REASON, _OWN_UNIT, _INDEPENDENT, _CITY = Rule.REASON, Rule.OWN_UNIT, Rule.INDEPENDENT, Rule.CITY
_ABOVE = Rule.LEVEL_ABOVE
_RETURN, _EXTENSION, _LISTING = RequestKind.RETURN, RequestKind.EXTENSION, RequestKind.LISTING

_ROWS = (
    Transition(Action.REPORT, _at(None), Stage.REPORTED, Duty.REPORTING),
    Transition(Action.FILE, _at(Stage.REPORTED), Stage.FILED, Duty.SUPERVISION),
    Transition(Action.VOID, _at(Stage.REPORTED, Stage.FILED), Stage.VOID, Duty.SUPERVISION, _REASON),
    Transition(Action.ASSIGN, _at(Stage.FILED), Stage.ASSIGNED, Duty.COMMAND),
    Transition(Action.START, _at(Stage.ASSIGNED), Stage.HANDLING, Duty.HANDLING, _OWN_UNIT),
    Transition(Action.FEEDBACK, _at(Stage.HANDLING), Stage.FEEDBACK, Duty.HANDLING, _OWN_UNIT),
    Transition(Action.VERIFY, _at(Stage.FEEDBACK), Stage.VERIFIED, Duty.SUPERVISION, _INDEPENDENT),
    Transition(
        *(Action.REWORK, _at(Stage.FEEDBACK, Stage.VERIFIED), Stage.HANDLING, Duty.SUPERVISION),
        rules=_REASON | _INDEPENDENT,
    ),
    Transition(Action.CLOSE, _at(Stage.VERIFIED), Stage.CLOSED, Duty.SUPERVISION, _INDEPENDENT),
    Transition(Action.REOPEN, _at(Stage.CLOSED), Stage.FILED, Duty.SUPERVISION, _REASON),
    Transition(Action.REQUEST_RETURN, _IN_HAND, None, Duty.HANDLING, _REASON | _OWN_UNIT, asks=_RETURN),
    Transition(Action.APPROVE_RETURN, _IN_HAND, Stage.FILED, Duty.COMMAND, _ABOVE, decides=_RETURN),
    Transition(Action.REFUSE_RETURN, _IN_HAND, None, Duty.COMMAND, _REASON | _ABOVE, decides=_RETURN),
    Transition(Action.REQUEST_EXTENSION, _IN_HAND, None, Duty.HANDLING, _REASON | _OWN_UNIT, asks=_EXTENSION),
    Transition(Action.APPROVE_EXTENSION, _IN_HAND, None, Duty.COMMAND, _ABOVE, decides=_EXTENSION),
    Transition(Action.REFUSE_EXTENSION, _IN_HAND, None, Duty.COMMAND, _REASON | _ABOVE, decides=_EXTENSION),
    Transition(Action.REQUEST_LISTING, _ON_ITS_WAY, None, Duty.SUPERVISION, _REASON, asks=_LISTING),
    Transition(Action.APPROVE_LISTING, _ON_ITS_WAY, None, Duty.SUPERVISION, _ABOVE | _CITY, decides=_LISTING),
    Transition(Action.REFUSE_LISTING, _ON_ITS_WAY, None, Duty.SUPERVISION, _REASON | _ABOVE | _CITY, decides=_LISTING),
    Transition(Action.LIFT_LISTING, _ON_ITS_WAY | _at(Stage.CLOSED), None, Duty.SUPERVISION, _REASON | _CITY),
    Transition(Action.SUSPEND, _IN_HAND, None, Duty.COMMAND, _REASON),
    Transition(Action.RESUME, _IN_HAND, None, Duty.COMMAND),
)
TRANSITIONS: Mapping[Action, Transition] = MappingProxyType({row.action: row for row in _ROWS})
"""The table by action."""


def request_survives(kind: RequestKind, stage: Stage) -> bool:
    """Return whether a request can still be decided at a stage; otherwise it lapses on the way there."""
    return any(row.decides is kind and stage in row.origins for row in _ROWS)
