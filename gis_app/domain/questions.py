"""Spatial questions: what an analyst asks of the layers, as data that can be kept, shared and sent again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

MOST_ROWS = 10_000
MOST_PARTNERS = 50
FARTHEST_M = 50_000.0
PARTNER = "partner"
"""Stands for the features of the second layer in groups, and before a dot for their properties."""


class Relation(StrEnum):
    """How the features of two layers belong together."""

    WITHIN = "within"
    INTERSECTS = "intersects"
    DISTANCE = "distance"
    NEAREST = "nearest"
    NEAREST_BY_STREET = "nearest_by_street"


class MeasureKind(StrEnum):
    """What is computed of the features of a group."""

    COUNT = "count"
    SUM = "sum"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"


class Rate(StrEnum):
    """What the count of an area is divided by."""

    PER_KM2 = "per_km2"
    PER_STREET_KM = "per_street_km"
    PER_1000_HOUSEHOLDS = "per_1000_households"


class Period(StrEnum):
    """How moments are gathered, in the city's time."""

    HOUR = "hour"
    WEEKDAY = "weekday"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Repeat(StrEnum):
    """How often a kept question is asked again by itself."""

    NEVER = "never"
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True)
class Join:
    """A second layer and how its features become partners of those of the first.

    Parameters
    ----------
    filter
        CQL2 text on the second layer; empty for all.
    distance_m
        Metres over the ellipsoid, of ``Relation.DISTANCE``.
    k
        How many partners, of the two ``NEAREST`` relations.
    mode
        ``foot``, ``ebike`` or ``car``, of ``Relation.NEAREST_BY_STREET``.
    keeps_lonely
        Whether features without a partner stay; when grouped by partner, whether partners without a feature stay.
    """

    layer: str
    relation: Relation
    filter: str = ""
    distance_m: float = 500.0
    k: int = 1
    mode: str = "foot"
    keeps_lonely: bool = True


@dataclass(frozen=True)
class Measure:
    """One figure of each group, of a property; of nothing for a count."""

    kind: MeasureKind
    of: str = ""

    @property
    def name(self) -> str:
        """Name its column in the answer."""
        return f"{self.kind}_{self.of}" if self.of else str(self.kind)


@dataclass(frozen=True)
class Question:
    """What is asked.

    Parameters
    ----------
    filter
        CQL2 text on the first layer; empty for all.
    first_day, last_day
        Days of the city, both included, on the layer's time; None for an open end.
    shape
        GeoJSON geometry (EPSG:4326) the features intersect; None for everywhere.
    group
        Names of properties, ``partner`` for the second layer's features, ``time/<period>``; empty: features are listed.
    measures
        Figures of each group; a count where none is named.
    sort
        Columns of the answer, with ``-`` before those that descend.
    limit
        Rows at most, up to ``MOST_ROWS``.
    """

    layer: str
    filter: str = ""
    first_day: date | None = None
    last_day: date | None = None
    shape: Mapping[str, Any] | None = None
    join: Join | None = None
    group: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    rate: Rate | None = None
    sort: tuple[str, ...] = ()
    limit: int = 1000

    @property
    def is_by_partner(self) -> bool:
        """Whether each row of the answer is a feature of the second layer."""
        return PARTNER in self.group


@dataclass(frozen=True)
class Answer:
    """What came of a question.

    Parameters
    ----------
    columns
        Names of the columns, in order.
    kinds
        Kind of each column's values, as filters know them.
    rows
        Values by column, as JSON knows them.
    shapes
        GeoJSON geometry text of each row, None where it has none; empty where rows have no place.
    is_cut
        Whether there are more rows than the limit.
    """

    columns: tuple[str, ...]
    kinds: Mapping[str, str]
    rows: tuple[tuple[Any, ...], ...]
    shapes: tuple[str | None, ...] = ()
    is_cut: bool = False
    notes: tuple[str, ...] = field(default=())
