"""Who has to know of a step: one table from what happened to those whose turn it is then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from gis_app.domain.areas import AreaLevel
from gis_app.domain.transitions import TRANSITIONS, Action, Duty, Rule

ACCOUNT_LEVELS = (AreaLevel.CITY, AreaLevel.TOWNSHIP, AreaLevel.VILLAGE)


class Alert(StrEnum):
    """What happens to a hazard by itself, with nobody taking a step."""

    ESCALATED = "escalated"
    LISTING_OVERDUE = "listing_overdue"


@dataclass(frozen=True)
class Audience:
    """Whose turn it is.

    Parameters
    ----------
    duties
        Any of them.
    own_unit
        Only accounts of the responsible unit.
    above
        Only accounts of a level above who acted; of the city, when somebody of the city acted.
    """

    duties: frozenset[Duty]
    own_unit: bool = False
    above: bool = False


_SUPERVISION, _COMMAND = frozenset({Duty.SUPERVISION}), frozenset({Duty.COMMAND})
_UNIT = Audience(frozenset({Duty.HANDLING}), own_unit=True)
AUDIENCES: Mapping[Action, Audience] = MappingProxyType(
    {
        Action.REPORT: Audience(_SUPERVISION),
        Action.FILE: Audience(_COMMAND),
        Action.REOPEN: Audience(_COMMAND),
        Action.ASSIGN: _UNIT,
        Action.FEEDBACK: Audience(_SUPERVISION),
        Action.VERIFY: Audience(_SUPERVISION),
        Action.REWORK: _UNIT,
        Action.SUSPEND: _UNIT,
        Action.RESUME: _UNIT,
        Action.LIFT_LISTING: _UNIT,
        Action.REQUEST_RETURN: Audience(_COMMAND, above=True),
        Action.REFUSE_RETURN: _UNIT,
        Action.APPROVE_RETURN: Audience(_COMMAND),
        Action.REQUEST_EXTENSION: Audience(_COMMAND, above=True),
        Action.REFUSE_EXTENSION: _UNIT,
        Action.APPROVE_EXTENSION: _UNIT,
        Action.REQUEST_LISTING: Audience(_SUPERVISION, above=True),
        Action.REFUSE_LISTING: Audience(_SUPERVISION),
        Action.APPROVE_LISTING: _UNIT,
    }
)
"""By step; a step that is not here leaves nobody anything to do (void, start, close)."""
ALERTED = Audience(_SUPERVISION | _COMMAND)
"""Whom an ``Alert`` is for, at every level of the area."""


def levels_told(action: Action, actor: AreaLevel) -> tuple[AreaLevel, ...]:
    """Return the levels whose accounts are told of a step that somebody of a level took."""
    audience = AUDIENCES.get(action)
    if audience is None:
        return ()
    if not audience.above:
        return ACCOUNT_LEVELS
    if any(Rule.CITY in row.rules for row in TRANSITIONS.values() if row.decides is TRANSITIONS[action].asks):
        return (AreaLevel.CITY,)
    return ACCOUNT_LEVELS[: max(ACCOUNT_LEVELS.index(actor), 1)]
