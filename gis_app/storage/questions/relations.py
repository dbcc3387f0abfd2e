"""Which features of two layers belong together, as SQL. Boxes are compared first: only that is served by the index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Double,
    FromClause,
    String,
    Text,
    and_,
    cast,
    func,
    literal,
    select,
    text,
    true,
)
from sqlalchemy.sql.selectable import Select

from gis_app.domain.questions import Join, Relation

DISTANCE = "distance_m"
SECONDS = "travel_s"
_METRES_OF_DEGREE = 110_000.0
"""Of latitude, a little less than anywhere on the ellipsoid: boxes made with it are never too small."""


@dataclass(frozen=True)
class StreetPair:
    """A feature and a partner with the way between them along the streets.

    Parameters
    ----------
    feature, partner
        Identifiers as text.
    seconds
        Travel time by the mode asked for.
    """

    feature: str
    partner: str
    seconds: float


@dataclass(frozen=True)
class Related:
    """Both layers side by side.

    Parameters
    ----------
    rows
        What to select from: ``feature`` joined with ``partner``.
    extra
        Columns the relation adds, by name.
    """

    rows: FromClause
    extra: Mapping[str, ColumnElement[Any]]


def geography(shape: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a shape as one on the ellipsoid."""
    return shape.op("::", precedence=15)(text("geography"))


def related(
    join: Join, feature: FromClause, partner: FromClause, *, is_outer: bool, pairs: Sequence[StreetPair] = ()
) -> Related:
    """Return the features of the first layer beside their partners.

    Parameters
    ----------
    is_outer
        Whether features without a partner stay.
    pairs
        The pairs of ``Relation.NEAREST_BY_STREET``, found on the street network.
    """
    if join.relation is Relation.NEAREST:
        return _nearest(join, feature, partner, is_outer=is_outer)
    if join.relation is Relation.NEAREST_BY_STREET:
        return _paired(feature, partner, pairs, is_outer=is_outer)
    rows = feature.join(partner, _CONDITIONS[join.relation](join, feature.c.geom, partner.c.geom), isouter=is_outer)
    extra = {}
    if join.relation is Relation.DISTANCE:
        extra[DISTANCE] = func.ST_Distance(geography(feature.c.geom), geography(partner.c.geom))
    return Related(rows, extra)


def _touching(name: str) -> Callable[[Join, ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]:
    def condition(_: Join, one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[bool]:
        return and_(one.op("&&")(other), getattr(func, name)(one, other))

    return condition


def _near(join: Join, one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[bool]:
    reach: ColumnElement[float] = literal(join.distance_m, Double())
    return and_(one.op("&&")(_widened(other, reach)), func.ST_DWithin(geography(one), geography(other), reach))


_CONDITIONS: Mapping[Relation, Callable[[Join, Any, Any], ColumnElement[bool]]] = {
    Relation.WITHIN: _touching("ST_Within"),
    Relation.INTERSECTS: _touching("ST_Intersects"),
    Relation.DISTANCE: _near,
}


def _widened(shape: ColumnElement[Any], metres: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a shape's box, wider on each side by at least so many metres."""
    north = metres / _METRES_OF_DEGREE
    farthest = func.greatest(func.abs(func.ST_YMin(shape)), func.abs(func.ST_YMax(shape))) + north
    east = north / func.cos(func.radians(func.least(farthest, literal(89.0))))
    return func.ST_Expand(shape, east, north)


def _nearest(join: Join, feature: FromClause, partner: FromClause, *, is_outer: bool) -> Related:
    """Return the k nearest, exactly: the k nearest in degrees bound how far the nearest in metres can be."""
    some = (
        select(func.ST_Distance(geography(feature.c.geom), geography(partner.c.geom)).label("metres"))
        .order_by(partner.c.geom.op("<->")(feature.c.geom))
        .limit(join.k)
        .correlate(feature)
        .subquery("some")
    )
    bound = select(func.max(some.c.metres).label("metres")).lateral("bound")
    distance = func.ST_Distance(geography(feature.c.geom), geography(partner.c.geom))
    nearest = (
        select(*partner.c, distance.label(DISTANCE))
        .where(partner.c.geom.op("&&")(_widened(feature.c.geom, bound.c.metres)))
        .order_by(distance, partner.c.id)
        .limit(join.k)
        .correlate(feature, bound)
        .lateral("partner_of")
    )
    rows = feature.join(bound, true()).join(nearest, true(), isouter=is_outer)
    return Related(rows, {DISTANCE: nearest.c[DISTANCE], **{f"partner.{each.name}": each for each in nearest.c}})


def _paired(feature: FromClause, partner: FromClause, pairs: Sequence[StreetPair], *, is_outer: bool) -> Related:
    found: Select[Any] = select(
        func.unnest(cast([each.feature for each in pairs], ARRAY(Text()))).label("feature"),
        func.unnest(cast([each.partner for each in pairs], ARRAY(Text()))).label("partner"),
        func.unnest(cast([each.seconds for each in pairs], ARRAY(Double()))).label("seconds"),
    )
    pair = found.subquery("pair")
    rows = feature.join(pair, pair.c.feature == cast(feature.c.id, String), isouter=is_outer)
    rows = rows.join(partner, cast(partner.c.id, String) == pair.c.partner, isouter=is_outer)
    return Related(rows, {SECONDS: pair.c.seconds})
