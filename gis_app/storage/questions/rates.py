"""What the count of an area is divided by: its surface, its streets, its households; nothing where there are none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Double, Label, and_, case, cast, column, func, select, table

from gis_app.domain.errors import InvalidInput
from gis_app.domain.questions import Rate
from gis_app.storage.feature_collections import GEOMETRY
from gis_app.storage.questions.relations import geography

_STREETS = table("street_map", column("geom")).alias("street")
_HOUSEHOLDS = "household_count"
_GRIDS = table("grid_map", column("geom"), column(_HOUSEHOLDS)).alias("household_grid")
_Ratio = tuple[Label[Any], ColumnElement[Any]]


def _rate(count: ColumnElement[Any] | None, name: str, amount: ColumnElement[Any], of: float = 1.0) -> _Ratio:
    if count is None:
        raise InvalidInput("{name} is {value!r}.", remedy="Group by partner.", name="rate", value=name)
    return amount.label(name), cast(count, Double()) * of / func.nullif(amount, 0)


def _per_km2(area: Mapping[str, ColumnElement[Any]], count: ColumnElement[Any] | None) -> _Ratio:
    shape = area[GEOMETRY]
    return _rate(count, "area_km2", func.ST_Area(geography(shape)) / 1e6)


def _per_street_km(area: Mapping[str, ColumnElement[Any]], count: ColumnElement[Any] | None) -> _Ratio:
    street, shape = _STREETS.c.geom, area[GEOMETRY]
    # Most streets lie whole in their area: cutting is the dear part.
    inside = case((func.ST_Covers(shape, street), street), else_=func.ST_Intersection(street, shape))
    length = (
        select(func.sum(func.ST_Length(geography(inside))) / 1000.0)
        .where(and_(street.op("&&")(shape), func.ST_Intersects(street, shape)))
        .scalar_subquery()
    )
    return _rate(count, "street_km", length)


def _per_1000_households(area: Mapping[str, ColumnElement[Any]], count: ColumnElement[Any] | None) -> _Ratio:
    if _HOUSEHOLDS in area:
        return _rate(count, "households", cast(area[_HOUSEHOLDS], Double()), 1000.0)
    grid, shape = _GRIDS.c.geom, area[GEOMETRY]
    inside = and_(grid.op("&&")(shape), func.ST_Intersects(func.ST_PointOnSurface(grid), shape))
    households = select(cast(func.sum(_GRIDS.c.household_count), Double())).where(inside).scalar_subquery()
    return _rate(count, "households", households, 1000.0)


RATES: Mapping[Rate, Callable[[Mapping[str, ColumnElement[Any]], ColumnElement[Any] | None], _Ratio]] = {
    Rate.PER_KM2: _per_km2,
    Rate.PER_STREET_KM: _per_street_km,
    Rate.PER_1000_HOUSEHOLDS: _per_1000_households,
}
"""Each takes the columns of the areas and the count, and answers the amount, named, and the rate."""
