"""Layers as OGC collections: what a caller may read of them, filtered, sorted, page by page."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cachetools import TTLCache
from sqlalchemy import ColumnElement, Engine
from sqlalchemy.exc import DataError, InternalError

from gis_app.domain.errors import InvalidInput, NotFound
from gis_app.domain.rights import Scope
from gis_app.domain.workspaces import dataset_of
from gis_app.rendering.layer_spec import LayerSpec
from gis_app.services import workspace_layers
from gis_app.storage import feature_collections
from gis_app.storage.cql2 import compile_filter, require_box
from gis_app.storage.crs import CRS84, Crs
from gis_app.storage.engine import scoped
from gis_app.storage.feature_collections import GEOMETRY, FeaturePage, FeatureSource

LONGEST_S = 10
"""Seconds after which a question is stopped."""
DEEPEST_OFFSET = 1_000_000
_LARGEST_ID = 2**63 - 1
_INTERVAL = re.compile(r"([^/]*)/([^/]*)")


@dataclass(frozen=True)
class Wish:
    """What a reader asks of a collection.

    Parameters
    ----------
    box
        ``[west, south, east, north]`` in ``box_crs``, in its own order of axes.
    when
        A moment or a day, or an interval with ``/``; an open end is ``..`` or nothing.
    filter
        CQL2 in its JSON form, shapes in ``filter_crs``.
    equal
        Texts that properties are to equal, by name.
    sort
        Properties, with ``-`` before those that descend.
    """

    limit: int
    box: Sequence[float] | None = None
    box_crs: Crs = CRS84
    when: str | None = None
    filter: Any = None
    filter_crs: Crs = CRS84
    equal: Mapping[str, str] = field(default_factory=dict)
    sort: Sequence[str] = ()
    after: str | None = None
    offset: int = 0
    crs: Crs = CRS84
    properties: Sequence[str] | None = None
    with_geometry: bool = True


@dataclass(frozen=True)
class Features:
    """A page of features.

    Parameters
    ----------
    text
        The features as GeoJSON text, with commas between them.
    returned
        How many they are.
    matched
        How many there are without the limit; None on the pages after the first.
    following
        What asks for the next page: ``after`` or ``offset``; empty on the last one.
    """

    text: str
    returned: int
    matched: int | None
    following: Mapping[str, str]


@dataclass
class Catalogue:
    """The layers as collections; one per server process."""

    engine: Engine
    layers: Mapping[str, LayerSpec]
    _sources: TTLCache[str, FeatureSource] = field(default_factory=lambda: TTLCache(maxsize=200, ttl=60), init=False)

    def listed(self, scope: Scope) -> list[LayerSpec]:
        """Return the layers that a caller may read, and after them the data sets of its workspace."""
        of_the_map = [each for each in self.layers.values() if each.right in scope.rights]
        return [*of_the_map, *workspace_layers.listed(self.engine, scope)]

    def layer(self, scope: Scope, name: str) -> LayerSpec:
        """Return a layer, or a data set of the caller's workspace.

        Raises
        ------
        NotFound
            If there is none, or the caller may not read it.
        """
        found = self.layers.get(name)
        if found is None and dataset_of(name) is not None:
            return workspace_layers.named(self.engine, scope, name)
        if found is None or found.right not in scope.rights:
            raise NotFound("There is no collection {name}.", remedy="See /ogc/collections.", name=name[:60])
        return found

    def source(self, scope: Scope, layer: LayerSpec) -> FeatureSource:
        """Return a layer's columns."""
        own = workspace_layers.source_of(layer)
        if own is not None:
            return own
        known = self._sources.get(layer.id)
        if known is None:
            told = (*layer.detail_columns, *(each for each in (layer.time_column, layer.night_column) if each))
            with scoped(self.engine, scope) as connection:
                known = feature_collections.source_of(connection, layer.source, (*told, "is_synthetic"))
            self._sources[layer.id] = known
        return known

    def features(self, scope: Scope, layer: LayerSpec, wish: Wish) -> Features:
        """Return a page of features.

        Raises
        ------
        InvalidInput
            If the wish names what is not there, or cannot be computed.
        """
        source = self.source(scope, layer)
        narrowed = conditions(layer, source, wish)
        order = _order(source, wish.sort)
        wanted = FeaturePage(
            limit=wish.limit,
            conditions=narrowed,
            order=order,
            after=_after(source, wish) if wish.after is not None else None,
            offset=wish.offset,
            crs=wish.crs,
            properties=wish.properties,
            with_geometry=wish.with_geometry,
        )
        try:
            with scoped(self.engine, scope, longest_s=LONGEST_S) as connection:
                is_first = wish.after is None and not wish.offset
                # One look at the rows serves both; all rows of a table are counted faster than they are kept.
                at_once = is_first and bool(narrowed)
                found = feature_collections.page(connection, source, wanted, with_count=at_once)
                matched = found.matched
                if is_first and not found.has_more:
                    matched = found.returned
                elif is_first and matched is None:
                    matched = feature_collections.count(connection, source, narrowed)
        except (DataError, InternalError) as error:
            raise InvalidInput(
                "The filter cannot be computed: {reason}",
                remedy="Change its numbers or shapes.",
                reason=str(error.orig).splitlines()[0][:120],
            ) from None
        following: dict[str, str] = {}
        if found.has_more and (order or wish.offset):
            following = {"offset": str(wish.offset + wish.limit)}
        elif found.has_more:
            following = {"after": str(found.last)}
        return Features(found.text, found.returned, matched, following)

    def feature(self, scope: Scope, layer: LayerSpec, identity: str, crs: Crs) -> str:
        """Return one feature as GeoJSON text.

        Raises
        ------
        NotFound
            If there is none of this id in the caller's area.
        """
        source = self.source(scope, layer)
        key = identity_of(source, identity)
        found = None
        if key is not None:
            with scoped(self.engine, scope) as connection:
                found = feature_collections.one(connection, source, key, crs)
        if found is None:
            raise NotFound("There is no such feature.", remedy="It may have been removed, or lie outside your area.")
        return found


def tag_of(text: str) -> str:
    """Return a validator of a feature as it is told in CRS84."""
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def identity_of(source: FeatureSource, value: str) -> int | uuid.UUID | None:
    """Return an identifier from its text, None if it is none."""
    if source.types["id"] == "uuid":
        try:
            return uuid.UUID(value)
        except ValueError:
            return None
    usable = value.isascii() and value.isdecimal() and len(value) < 20 and int(value) <= _LARGEST_ID
    return int(value) if usable else None


def _after(source: FeatureSource, wish: Wish) -> int | uuid.UUID:
    known = identity_of(source, wish.after or "")
    if known is None or wish.sort:
        raise InvalidInput("{name} is {value!r}.", remedy="Follow the link to the next page.", name="after", value="")
    return known


def conditions(layer: LayerSpec, source: FeatureSource, wish: Wish) -> list[ColumnElement[bool]]:
    """Return what narrows a layer to a wish: box, time, filter and equal texts; raises as ``features``."""
    terms = source.terms
    made = []
    if wish.box is not None:
        made.append(_in_box(layer, source, wish.box, wish.box_crs))
    time_column = layer.time_column or layer.night_column
    if wish.when is not None:
        interval = {"interval": _ends(wish.when)}
        column = {"property": time_column} if time_column in terms else interval
        made.append(compile_filter({"op": "t_intersects", "args": [column, interval]}, terms))
    for name, value in wish.equal.items():
        made.append(compile_filter({"op": "=", "args": [{"property": name}, _value(source, name, value)]}, terms))
    if wish.filter is not None:
        made.append(compile_filter(wish.filter, terms, crs=wish.filter_crs))
    return made


def _in_box(layer: LayerSpec, source: FeatureSource, box: Sequence[float], crs: Crs) -> ColumnElement[bool]:
    # Beside points of a workspace lie other shapes, which have no coordinates to compare.
    if layer.geometry == "point" and source.origin is None and crs is CRS84 and len(box) == 4 and box[0] <= box[2]:
        require_box(list(box))
        return source.points_in(box)
    asked = {"op": "s_intersects", "args": [{"property": GEOMETRY}, {"bbox": list(box)}]}
    return compile_filter(asked, source.terms, crs=crs)


def _ends(when: str) -> list[str]:
    """Return both ends of a time as the Features standard writes it."""
    found = _INTERVAL.fullmatch(when)
    first, last = (found[1], found[2]) if found else (when, when)
    return [first or "..", last or ".."]


def _value(source: FeatureSource, name: str, value: str) -> Any:
    """Return the text of a query parameter as a value of the property's kind."""
    kind = source.kind(name)
    if kind == "number":
        try:
            return float(value)
        except ValueError:
            raise _wrong(name, value, "Write a number.") from None
    if kind == "boolean":
        if value.lower() not in ("true", "false"):
            raise _wrong(name, value, "Write true or false.")
        return value.lower() == "true"
    if kind in ("moment", "date"):
        return {"timestamp" if kind == "moment" else "date": value}
    if kind != "text":
        raise _wrong(name, value, "Use a filter.")
    return value


def _order(source: FeatureSource, sort: Sequence[str]) -> list[tuple[str, bool]]:
    made = []
    for each in sort:
        name = each.lstrip("+-")
        if name not in source.types or name == GEOMETRY or source.kind(name) == "array":
            raise _wrong("sortby", each, "Name properties, with - before those that descend.")
        made.append((name, each.startswith("-")))
    return made


def _wrong(name: str, value: str, remedy: str) -> InvalidInput:
    return InvalidInput("{name} is {value!r}.", remedy=remedy, name=name, value=value[:40])
