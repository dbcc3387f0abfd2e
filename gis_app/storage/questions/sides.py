"""Both layers of a question: filtered, related, and which of their columns are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, func, select
from sqlalchemy.sql.selectable import Subquery

from gis_app.domain.questions import PARTNER, Question
from gis_app.storage.crs import CRS84
from gis_app.storage.feature_collections import FeatureSource
from gis_app.storage.questions.relations import DISTANCE, SECONDS, StreetPair, related


@dataclass(frozen=True)
class Sources:
    """The views a question reads, with the conditions on each.

    Parameters
    ----------
    time_column
        Column of the first layer's time; None where it has none.
    """

    feature: FeatureSource
    conditions: Sequence[ColumnElement[bool]] = ()
    time_column: str | None = None
    partner: FeatureSource | None = None
    partner_conditions: Sequence[ColumnElement[bool]] = ()


@dataclass(frozen=True)
class Sides:
    """What to select from, and the columns of either side.

    Parameters
    ----------
    partner
        Columns of the second layer by name; empty without one.
    extra
        What the relation adds: distance or travel time.
    """

    rows: FromClause
    feature: Subquery
    partner: Mapping[str, ColumnElement[Any]]
    extra: Mapping[str, ColumnElement[Any]]


def sides(question: Question, sources: Sources, pairs: Sequence[StreetPair], *, is_outer: bool) -> Sides:
    """Return the features beside their partners."""
    feature = selected(sources.feature, sources.conditions, "feature")
    if question.join is None or sources.partner is None:
        return Sides(feature, feature, {}, {})
    partner = partners(sources)
    found = related(question.join, feature, partner, is_outer=is_outer, pairs=pairs)
    # The nearest are selected once more beside each feature: their columns stand there, not in the layer.
    columns = {name: found.extra.get(f"{PARTNER}.{name}", partner.c[name]) for name in sources.partner.types}
    extra = {name: made for name, made in found.extra.items() if name in (DISTANCE, SECONDS)}
    return Sides(found.rows, feature, columns, extra)


def partners(sources: Sources) -> Subquery:
    """Return the second layer's features that fit."""
    assert sources.partner is not None  # noqa: S101 - asked for only where there is one
    return selected(sources.partner, sources.partner_conditions, PARTNER)


def selected(source: FeatureSource, conditions: Sequence[ColumnElement[bool]], name: str) -> Subquery:
    """Return a layer's features that fit."""
    columns = [source.column(each) for each in source.types]
    return select(*columns).select_from(source.table).where(*conditions).subquery(name)


def told(source: FeatureSource) -> list[str]:
    """Return the columns that an answer shows."""
    return ["id", *(name for name in source.properties if name != "is_synthetic")]


def shape_text(shape: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a shape as GeoJSON text."""
    return func.ST_AsGeoJSON(shape, CRS84.decimals).label("shape")
