"""Data sets that accounts bring themselves: stored, listed, and what their collections are read from."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import (
    Connection,
    RowMapping,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    column,
    literal,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import BIGINT, BOOLEAN, DATE, DOUBLE_PRECISION, TIMESTAMP, insert
from sqlalchemy.types import TypeEngine

from gis_app.domain.workspaces import DataColumn, ValueKind
from gis_app.storage.bulk_load import drop_staged, stage_rows
from gis_app.storage.feature_collections import GEOMETRY, FeatureSource
from gis_app.storage.models import WorkspaceDataset, WorkspaceFeature
from gis_app.storage.models.base import table_of

FEATURES = "workspace_feature"
_LISTED = text("""
SELECT * FROM workspace_dataset ORDER BY account <> :account, lower(title), created_at, id""")
_ONE = text("SELECT * FROM workspace_dataset WHERE id = :id")
_KEPT = text("""
SELECT count(*) AS datasets, coalesce(sum(feature_count), 0)::bigint AS features
FROM workspace_dataset WHERE account = :account""")
# Whoever brings two files at once has them counted one after the other.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('workspace ' || :account, 0))")
_CHANGE = text("""
UPDATE workspace_dataset SET title = :title, is_shared = :is_shared
WHERE id = :id AND account = :account RETURNING *""")
_REMOVE = text("DELETE FROM workspace_dataset WHERE id = :id AND account = :account RETURNING *")
_INSERT = """
INSERT INTO workspace_feature (dataset_id, id, properties, geom, scope_path)
SELECT dataset_id, id, told::jsonb, geom, scope_path FROM {staged}"""
_TYPES: Mapping[ValueKind, tuple[str, TypeEngine[Any]]] = {
    ValueKind.TEXT: ("text", Text()),
    ValueKind.INTEGER: ("int8", BIGINT()),
    ValueKind.NUMBER: ("float8", DOUBLE_PRECISION()),
    ValueKind.BOOLEAN: ("bool", BOOLEAN()),
    ValueKind.MOMENT: ("timestamptz", TIMESTAMP(timezone=True)),
    ValueKind.DATE: ("date", DATE()),
}


def listed(connection: Connection, account: str) -> Sequence[RowMapping]:
    """Return the data sets that the account may read: its own, then those that others of its area share."""
    return connection.execute(_LISTED, {"account": account}).mappings().all()


def one(connection: Connection, dataset: uuid.UUID) -> RowMapping | None:
    """Return a data set, None if the account may read none of this identifier."""
    return connection.execute(_ONE, {"id": dataset}).mappings().first()


def kept(connection: Connection, account: str) -> RowMapping:
    """Return how many data sets and features an account keeps."""
    return connection.execute(_KEPT, {"account": account}).mappings().one()


def wait_for_turn(connection: Connection, account: str) -> None:
    """Wait until no other transaction adds to the account's workspace."""
    connection.execute(_ONE_AT_A_TIME, {"account": account})


def add(
    connection: Connection,
    values: Mapping[str, Any],
    *,
    rows: Sequence[int],
    properties: Sequence[Mapping[str, Any]],
    shapes: Any,
) -> bool:
    """Store a data set with its features; False if its identifier is taken, also by one the account may not read.

    Parameters
    ----------
    values
        The columns of ``workspace_dataset``.
    rows, properties, shapes
        One for each feature: its number, its values by name, its geometry in EPSG:4326.
    """
    unless_taken = insert(WorkspaceDataset).on_conflict_do_nothing().returning(WorkspaceDataset.id)
    if connection.execute(unless_taken, dict(values)).first() is None:
        return False
    count = len(rows)
    columns = {
        "dataset_id": [values["id"]] * count,
        "id": rows,
        "told": [orjson.dumps(each).decode() for each in properties],
        "geom": shapes,
        "scope_path": [values["scope_path"]] * count,
    }
    staged = stage_rows(connection, table_of(WorkspaceFeature), columns, extra={"told": Text()})
    connection.execute(text(_INSERT.format(staged=staged)))
    drop_staged(connection, staged)
    return True


def change(connection: Connection, dataset: uuid.UUID, account: str, *, title: str, shared: bool) -> RowMapping | None:
    """Change title and sharing of the account's own data set; None if it has none of this identifier."""
    values = {"id": dataset, "account": account, "title": title, "is_shared": shared}
    return connection.execute(_CHANGE, values).mappings().first()


def remove(connection: Connection, dataset: uuid.UUID, account: str) -> RowMapping | None:
    """Remove the account's own data set with its features and return what it was; None if it has none."""
    return connection.execute(_REMOVE, {"id": dataset, "account": account}).mappings().first()


def source_of(dataset: uuid.UUID, columns: Sequence[DataColumn]) -> FeatureSource:
    """Return a data set as a collection is read from it: a column for each of its own, of the type it has."""
    rows = table(FEATURES, *(column(name) for name in ("dataset_id", "id", "properties", GEOMETRY)))
    is_own = rows.c.dataset_id == bindparam(None, dataset, Uuid(), unique=True)
    told = [
        # Read as its type only where it is of this data set: elsewhere the same name may hold anything.
        case((is_own, cast(rows.c.properties.op("->>")(literal(each.name)), _TYPES[each.kind][1]))).label(each.name)
        for each in columns
    ]
    origin = select(rows.c.id, rows.c[GEOMETRY], *told).where(is_own).subquery("dataset")
    types = {"id": "int8", GEOMETRY: "geometry"} | {each.name: _TYPES[each.kind][0] for each in columns}
    return FeatureSource(FEATURES, types, origin)


def rows_for_tiles(dataset: uuid.UUID) -> str:
    """Return SQL that stands for a view of a data set's shapes alone."""
    return f"(SELECT id, geom FROM {FEATURES} WHERE dataset_id = '{dataset}')"  # noqa: S608 - a UUID
