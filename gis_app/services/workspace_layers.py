"""Data sets of workspaces as layers, so that collections, questions and exports read them like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Engine, RowMapping

from gis_app.domain.errors import NotFound
from gis_app.domain.rights import Right, Scope
from gis_app.domain.workspaces import DataColumn, ValueKind, collection_id, dataset_of
from gis_app.rendering.checked_table import Words
from gis_app.rendering.layer_spec import FieldSpec, LayerSpec
from gis_app.rendering.style import Paint
from gis_app.storage import workspaces
from gis_app.storage.engine import scoped
from gis_app.storage.feature_collections import FeatureSource

RIGHT = Right.ASK_QUESTIONS
"""Who may ask questions of the layers may bring data of its own beside them, and read what others share."""
_LAST = 10_000
"""They are drawn above all layers of the map."""
_PAINT = Paint("single", color="#f2a900", outline="#7a5200", width=2.0, radius=5.0, fill_opacity=0.35)
_TIMES = (ValueKind.MOMENT, ValueKind.DATE)


def listed(engine: Engine, scope: Scope) -> list[LayerSpec]:
    """Return the data sets that a caller may read."""
    if RIGHT not in scope.rights:
        return []
    with scoped(engine, scope) as connection:
        return [layer_of(row) for row in workspaces.listed(connection, scope.account)]


def named(engine: Engine, scope: Scope, collection: str) -> LayerSpec:
    """Return the data set of a collection's name.

    Raises
    ------
    NotFound
        If the caller may read none of it; what is another's and what is missing look the same.
    """
    dataset, row = dataset_of(collection), None
    if dataset is not None and RIGHT in scope.rights:
        with scoped(engine, scope) as connection:
            row = workspaces.one(connection, dataset)
    if row is None:
        raise missing()
    return layer_of(row)


def missing() -> NotFound:
    """Return the one answer for a data set that is not there and one that is not the caller's."""
    return NotFound("There is no such data set.", remedy="It may have been removed, or lie outside your area.")


def layer_of(row: RowMapping) -> LayerSpec:
    """Return a stored data set as a layer."""
    columns = columns_of(row["columns"])
    times = [each.name for each in columns if each.kind in _TIMES]
    return LayerSpec(
        id=collection_id(row["id"]),
        title=Words(row["title"], row["title"]),
        group="analysis",
        order=_LAST,
        right=RIGHT,
        source=workspaces.rows_for_tiles(row["id"]),
        geometry=row["shape"],
        paint=_PAINT,
        fields=tuple(FieldSpec(each.name, Words(each.title, each.title), each.kind.value) for each in columns),
        # Of several times none is more the data set's own than the others.
        time_column=times[0] if len(times) == 1 else None,
        extent=(row["west"], row["south"], row["east"], row["north"]),
    )


def columns_of(stored: Sequence[Mapping[str, Any]]) -> list[DataColumn]:
    """Return the columns of a stored data set."""
    return [DataColumn(each["name"], each["title"], ValueKind(each["kind"])) for each in stored]


def as_drawn(layer: LayerSpec) -> LayerSpec:
    """Return a layer as its tiles are made: those of a data set show its shapes of all times, and nothing else."""
    return layer if dataset_of(layer.id) is None else replace(layer, time_column=None)


def source_of(layer: LayerSpec) -> FeatureSource | None:
    """Return what a data set's collection is read from; None for a layer of the map."""
    dataset = dataset_of(layer.id)
    if dataset is None:
        return None
    columns = [DataColumn(each.name, each.title.en, ValueKind(each.kind)) for each in layer.fields]
    return workspaces.source_of(dataset, columns)
