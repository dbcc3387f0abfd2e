"""Stages, severities and ways of discovery of a hazard."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """Where a hazard stands in the closed loop 发现-交办-处置-反馈."""

    REPORTED = "reported"
    FILED = "filed"
    ASSIGNED = "assigned"
    HANDLING = "handling"
    FEEDBACK = "feedback"
    VERIFIED = "verified"
    CLOSED = "closed"
    VOID = "void"


class Severity(StrEnum):
    """How grave a hazard is, lowest first."""

    LOW = "low"
    GENERAL = "general"
    MAJOR = "major"
    SEVERE = "severe"


class DiscoveryWay(StrEnum):
    """How a hazard came to be known."""

    RESIDENT = "resident"
    HOTLINE = "hotline"
    SENSOR = "sensor"
    PATROL = "patrol"
    INSPECTION = "inspection"


class CaseType(StrEnum):
    """What a case of the loop is about; by its category.

    Disputes and services take place between people: they are stored at their village, never at a house.
    """

    HAZARD = "hazard"
    DISPUTE = "dispute"
    SERVICE = "service"


ENDED_STAGES = frozenset({Stage.CLOSED, Stage.VOID})
"""Stages after which nothing more is due."""

DISCOVERED_WAYS = frozenset({DiscoveryWay.PATROL, DiscoveryWay.INSPECTION})
"""Ways that depend on where we looked; the others are reported to us (the feedback guard tells them apart)."""
