"""Questions of one statement, asked in a single round trip: scope, statement and end of the transaction go together.

A tile takes the database a millisecond or two; five answers waited for one after another would take as long again.
The statement is planned once per connection, for any values: that suits one whose plan is the same for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.types.numeric import Int8
from sqlalchemy import Dialect, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import PoolProxiedConnection

from gis_app.domain.errors import Unavailable
from gis_app.domain.rights import Scope

# The scope comes first, and all settings end with the transaction.
_BEGIN = """
SELECT set_config('jingwei.scope', %s, true), set_config('jingwei.account', %s, true),
       set_config('plan_cache_mode', 'force_generic_plan', true)"""
_TRIES = 2


@dataclass(frozen=True)
class Question:
    """A statement with one row of one column as its answer, and its parameters, written ``:name``."""

    sql: str
    values: Mapping[str, Any]


def answer(engine: Engine, scope: Scope, question: Question) -> Any:
    """Return what the database answers inside the caller's area.

    Raises
    ------
    Unavailable
        If the database does not answer.
    """
    for left in reversed(range(_TRIES)):
        try:
            pooled = engine.raw_connection()
        except OperationalError as error:
            raise Unavailable("The database does not answer.", remedy="Wait a moment and try again.") from error
        try:
            return _ask(pooled, scope, question, engine.dialect)
        except psycopg.Error as error:
            was_cut_off = pooled.driver_connection is None or pooled.driver_connection.broken
            if was_cut_off:
                pooled.invalidate(error)
            # A question changes nothing, so it may be asked again on a connection that still stands.
            if not (was_cut_off and left):
                raise _told(engine, question, error) from error
        finally:
            pooled.close()
    raise AssertionError("unreachable")


def _ask(pooled: PoolProxiedConnection, scope: Scope, question: Question, dialect: Dialect) -> Any:
    connection: psycopg.Connection[Any] = pooled.driver_connection  # type: ignore[assignment]
    # Integers of one width: their type is a part of what is prepared.
    values = {name: Int8(value) if type(value) is int else value for name, value in question.values.items()}
    connection.prepare_threshold = 0
    try:
        with connection.pipeline():
            connection.execute(_BEGIN, (scope.area_path, scope.account), prepare=True)
            asked = connection.execute(_in_drivers_words(question.sql, dialect), values, prepare=True, binary=True)
            connection.commit()
        row = asked.fetchone()
    finally:
        connection.prepare_threshold = None
    return None if row is None else row[0]


@lru_cache(maxsize=256)
def _in_drivers_words(sql: str, dialect: Dialect) -> bytes:
    return str(text(sql).compile(dialect=dialect)).encode()


def _told(engine: Engine, question: Question, error: psycopg.Error) -> BaseException:
    """Return the error as all other statements raise it."""
    return DBAPIError.instance(
        question.sql, None, error, psycopg.Error, hide_parameters=True, dialect=engine.dialect, ismulti=False
    )
