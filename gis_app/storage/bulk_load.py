"""The fast way in: COPY in binary from whole columns.

PostgreSQL refuses COPY into a table under row-level security, so rows of scoped tables go through a temporary table;
the INSERT from there is checked by the policy like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from psycopg import Connection as PsycopgConnection
from psycopg import sql
from sqlalchemy import Connection, Table
from sqlalchemy.types import TypeEngine

from gis_app.storage.binary_rows import packed_rows
from gis_app.storage.models import REFERENCE_TABLES


def copy_rows(connection: Connection, table: Table, columns: Mapping[str, Any]) -> int:
    """Add rows to a table and return how many.

    Parameters
    ----------
    connection
        In a transaction; for scoped tables in a scope that holds the rows.
    table
        The table.
    columns
        One sequence per column, all of one length; what may be NULL: see ``binary_rows``. Geometries are shapely's,
        EPSG:4326, or of points lon and lat, shape ``(n, 2)``. Columns left out get their defaults.
    """
    if table.name in REFERENCE_TABLES:
        return copy_into(connection, table.name, _types(table, columns), columns)
    staged = stage_rows(connection, table, columns)
    count = insert_staged(connection, staged, table, columns)
    drop_staged(connection, staged)
    return count


def stage_rows(
    connection: Connection,
    table: Table,
    columns: Mapping[str, Any],
    *,
    extra: Mapping[str, TypeEngine[Any]] | None = None,
) -> str:
    """Put rows into a new temporary table, and return its name; it lasts until the transaction ends.

    Parameters
    ----------
    table
        The table whose column types the rows have.
    columns
        As in ``copy_rows``; columns of ``table`` or of ``extra``.
    extra
        Types of columns that only the temporary table has.
    """
    name = f"staged_{table.name}"
    types = _types(table, [column for column in columns if column not in (extra or {})]) | dict(extra or {})
    definitions = [f"{_quoted(column)} {kind.compile(connection.dialect)}" for column, kind in types.items()]
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {name} ({', '.join(definitions)}) ON COMMIT DROP")
    copy_into(connection, name, {column: types[column] for column in columns}, columns)
    connection.exec_driver_sql(f"ANALYZE {name}")
    return name


def insert_staged(connection: Connection, staged: str, table: Table, columns: Iterable[str]) -> int:
    """Insert columns of a temporary table into a table and return the number of rows."""
    listed = ", ".join(_quoted(column) for column in columns)
    result = connection.exec_driver_sql(f"INSERT INTO {table.name} ({listed}) SELECT {listed} FROM {staged}")  # noqa: S608 - names of our own tables
    return result.rowcount


def drop_staged(connection: Connection, staged: str) -> None:
    """Drop a temporary table before the transaction ends, so that its name is free again."""
    connection.exec_driver_sql(f"DROP TABLE {staged}")


def copy_into(
    connection: Connection, name: str, types: Mapping[str, TypeEngine[Any]], columns: Mapping[str, Any]
) -> int:
    """Copy columns into a table of a name as they are, and return how many rows; they are packed ahead in a thread.

    Parameters
    ----------
    types
        The columns' SQL types.
    columns
        As in ``copy_rows``.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(name), sql.SQL(", ").join(sql.Identifier(column) for column in types)
    )
    driver = cast("PsycopgConnection[tuple[Any, ...]]", connection.connection.driver_connection)
    with driver.cursor() as cursor:
        with cursor.copy(statement) as copy, ThreadPoolExecutor(1, "packing") as packing:
            blocks = packed_rows(types, columns)
            coming = packing.submit(next, blocks, None)
            while (block := coming.result()) is not None:
                coming = packing.submit(next, blocks, None)
                copy.write(memoryview(block))
        return int(cursor.rowcount)


def _types(table: Table, columns: Iterable[str]) -> dict[str, TypeEngine[Any]]:
    return {column: table.columns[column].type for column in columns}


def _quoted(column: str) -> str:
    return f'"{column}"'
