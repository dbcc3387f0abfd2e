"""Reading with SQL: which views an account may name, its statement checked, run, explained and noted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from psycopg import Error as DatabaseError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from gis_app.domain.errors import InvalidInput
from gis_app.domain.questions import MOST_ROWS, Answer
from gis_app.domain.rights import Scope
from gis_app.rendering.layer_spec import LayerSpec
from gis_app.services.audit import Ledger
from gis_app.services.feature_collections import LONGEST_S
from gis_app.services.heavy_lane import HeavyLane
from gis_app.storage import read_only_sql
from gis_app.storage.engine import scoped, was_cancelled
from gis_app.storage.sql_reading import checked_sql

_NOTED = 2000
"""Characters of a statement that the audit keeps."""
T = TypeVar("T")


def views_of(layers: Mapping[str, LayerSpec], scope: Scope) -> dict[str, LayerSpec]:
    """Return the views of the layers that the caller may read, by name."""
    return {each.source: each for each in layers.values() if each.right in scope.rights}


def schema_of(ledger: Ledger, layers: Mapping[str, LayerSpec], scope: Scope) -> list[dict[str, Any]]:
    """Return the views with their columns and types, for the reader to look at."""
    with scoped(ledger.engine, scope) as connection:
        return [
            {"view": view, "layer": layer, "columns": read_only_sql.columns_of(connection, view)}
            for view, layer in sorted(views_of(layers, scope).items())
        ]


def answer(
    ledger: Ledger, layers: Mapping[str, LayerSpec], scope: Scope, statement: str, *, limit: int, lane: HeavyLane
) -> Answer:
    """Run a statement within the caller's area; it is noted in the audit before its answer is shown.

    Raises
    ------
    Refused
        If it does more than read the views of the caller's layers.
    InvalidInput
        If it cannot be read or run, or takes too long.
    TooMany
        If those before it in the lane take too long.
    Unavailable
        If the database has no role for it.
    """
    checked = checked_sql(statement, views_of(layers, scope))
    most = min(limit, MOST_ROWS)
    with lane.entered():
        found = _run(ledger, scope, lambda at: read_only_sql.answer(at, checked, limit=most, seconds=LONGEST_S))
    with ledger.writing(scope) as work:
        detail = {"statement": checked[:_NOTED], "rows": len(found.rows)}
        work.note("sql.read", "sql", scope_path=scope.area_path, **detail)
    return found


def plan(ledger: Ledger, layers: Mapping[str, LayerSpec], scope: Scope, statement: str) -> str:
    """Return how the database would run a statement; raises as :func:`answer` does."""
    checked = checked_sql(statement, views_of(layers, scope))
    return _run(ledger, scope, lambda at: read_only_sql.plan_of(at, checked, seconds=LONGEST_S))


def _run(ledger: Ledger, scope: Scope, act: Callable[[Connection], T]) -> T:
    try:
        with scoped(ledger.engine, scope) as connection:
            return act(connection)
    except (DBAPIError, DatabaseError) as error:
        cause: Any = getattr(error, "orig", error)
        if getattr(cause, "sqlstate", None) is None:
            # The connection broke: that is not the statement's fault.
            raise
        if was_cancelled(error):
            raise InvalidInput(
                "The question takes longer than {seconds} seconds and was stopped.",
                remedy="Ask for a smaller area, fewer days, or fewer features by a filter.",
                seconds=LONGEST_S,
            ) from None
        raise InvalidInput(
            "The statement cannot be run: {reason}",
            remedy="Mend it; the views and their columns stand beside it.",
            reason=str(cause).splitlines()[0][:200],
        ) from None
