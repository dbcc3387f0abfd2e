"""Alerts: what a rule may watch for, the states an alert goes through, and the steps that people take with it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class AlertKind(StrEnum):
    """What a rule watches for."""

    SEVERITY = "severity"
    OVERDUE = "overdue"
    ABSENCE = "absence"
    CLUSTER = "cluster"
    GEOFENCE = "geofence"


class AlertLevel(StrEnum):
    """How loud an alert is, the quietest first."""

    NOTICE = "notice"
    WARNING = "warning"
    CRITICAL = "critical"


class Absence(StrEnum):
    """What is missing: a patrol that should be on its way, or the week's night check of a village."""

    PATROL = "patrol"
    NIGHT_CHECK = "night_check"


class AlertState(StrEnum):
    """Where an alert stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    CLOSED = "closed"


class AlertStep(StrEnum):
    """What somebody does with an alert."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    SNOOZE = "snooze"
    ESCALATE = "escalate"
    CLOSE = "close"
    REOPEN = "reopen"


_LIVING = frozenset({AlertState.OPEN, AlertState.ACKNOWLEDGED, AlertState.SNOOZED})
STEPS: Mapping[AlertStep, tuple[frozenset[AlertState], AlertState]] = MappingProxyType(
    {
        AlertStep.ACKNOWLEDGE: (frozenset({AlertState.OPEN, AlertState.SNOOZED}), AlertState.ACKNOWLEDGED),
        # Whoever gives an alert to a unit has seen it.
        AlertStep.ASSIGN: (_LIVING, AlertState.ACKNOWLEDGED),
        AlertStep.SNOOZE: (_LIVING, AlertState.SNOOZED),
        # The desk above has not seen it yet.
        AlertStep.ESCALATE: (_LIVING, AlertState.OPEN),
        AlertStep.CLOSE: (_LIVING, AlertState.CLOSED),
        AlertStep.REOPEN: (frozenset({AlertState.CLOSED}), AlertState.OPEN),
    }
)
"""From which states a step may be taken, and into which one it leads."""
LONGEST_SNOOZE_MIN = 24 * 60


def desk_above(desk_path: str) -> str:
    """Return the scope path of the desk above one; the city's own desk has none above."""
    codes = desk_path.strip("/").split("/")
    return desk_path if len(codes) < 2 else f"/{'/'.join(codes[:-1])}/"


def part_of(rule_path: str, place_path: str) -> str:
    """Return the part of a rule's area that a place lies in: an alert gathers what happens in one part.

    A storm over the whole city is one alert for each township and not one for each case.
    """
    codes, depth = place_path.strip("/").split("/"), rule_path.strip("/").count("/") + 1
    return f"/{'/'.join(codes[: depth + 1])}/"
