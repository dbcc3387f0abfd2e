"""Rows of an import put into their table: new ones added, changed ones changed, equal ones left alone."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from gis_app.storage import import_changes

NOT_COMPARED = ("import_id", "number")
"""Columns that differ between two imports of one row without it having changed."""


@dataclass(frozen=True)
class LoadCount:
    """How many rows were added, changed, left as they were, and how many areas ended that the file does not bring."""

    added: int
    changed: int
    unchanged: int
    ended: int = 0


def upsert_staged(
    connection: Connection,
    staged: str,
    table: str,
    *,
    columns: Sequence[str],
    import_id: uuid.UUID,
    key: str = "external_id",
    extra: str = "",
    first_values: Mapping[str, str] | None = None,
    joined: str = "",
) -> LoadCount:
    """Insert the rows of a temporary table, or change those whose key is there with other values.

    What is changed is kept as it was, so that the import can be undone.

    Parameters
    ----------
    columns
        Columns to take over; those in ``NOT_COMPARED`` alone do not make a row changed.
    key
        The column that tells rows apart; rows without it are always added.
    extra
        SQL of a further assignment on change, such as a version counted up.
    first_values
        SQL by column of what added rows alone get besides, ``h`` being the row of the temporary table.
    joined
        SQL of joins that ``first_values`` need, none of which drops or doubles a row.
    """
    first = first_values or {}
    compared = [column for column in columns if column not in (*NOT_COMPARED, key)]
    differs = (
        f"({', '.join(f't.{column}' for column in compared)}) IS DISTINCT FROM "
        f"({', '.join(f'{{other}}.{column}' for column in compared)})"
    )
    import_changes.keep(
        connection,
        import_id,
        table,
        f"FROM {table} t JOIN {staged} s ON t.{key} = s.{key} WHERE {differs.format(other='s')}",
    )
    assigned = [f"{column} = EXCLUDED.{column}" for column in columns if column not in (key, "number")]
    # Counted by the database: a million answers are not sent.
    query = f"""
        WITH written AS (
            INSERT INTO {table} AS t ({", ".join([*columns, *first])})
            SELECT {", ".join([*(f"h.{column}" for column in columns), *first.values()])} FROM {staged} h {joined}
            ON CONFLICT ({key}) DO UPDATE SET {", ".join([*assigned, *([extra] if extra else [])])}
            WHERE {differs.format(other="EXCLUDED")}
            RETURNING xmax = 0 AS was_added)
        SELECT count(*) AS written, count(*) FILTER (WHERE was_added) AS added,
               (SELECT count(*) FROM {staged}) AS whole FROM written"""  # noqa: S608 - names of our own tables and columns
    found = connection.execute(text(query)).one()
    return LoadCount(found.added, found.written - found.added, found.whole - found.written)


def give_to_named_areas(connection: Connection, staged: str) -> list[tuple[int, str]]:
    """Give staged rows to the township or village they name, and return row and code of those that name none."""
    connection.execute(
        text(f"""
        UPDATE {staged} s SET village_id = a.id, scope_path = a.scope_path FROM area a
        WHERE a.code = s.area_code AND a.level IN ('township', 'village') AND a.valid_to IS NULL""")  # noqa: S608
    )
    query = text(f"""
        SELECT source_row, area_code FROM {staged} s WHERE area_code IS NOT NULL AND NOT EXISTS (
            SELECT FROM area a WHERE a.code = s.area_code AND a.level IN ('township', 'village') AND a.valid_to IS NULL)
        ORDER BY source_row""")  # noqa: S608
    return [(row.source_row, row.area_code) for row in connection.execute(query)]


def rows_without(connection: Connection, staged: str, column: str) -> list[int]:
    """Return the row numbers of the file for which a column of the temporary table stayed empty."""
    query = text(f"SELECT source_row FROM {staged} WHERE {column} IS NULL ORDER BY source_row")  # noqa: S608
    return list(connection.execute(query).scalars())


def rows_with_taken_number(connection: Connection, staged: str) -> list[tuple[int, str]]:
    """Return row and number of staged hazards whose number another hazard has."""
    query = text(f"""
        SELECT s.source_row, s.number FROM {staged} s JOIN hazard h USING (number)
        WHERE h.external_id IS DISTINCT FROM s.external_id ORDER BY s.source_row""")  # noqa: S608
    return [(row.source_row, row.number) for row in connection.execute(query)]


def months_of(connection: Connection, staged: str, table: str) -> Collection[date]:
    """Return the first days of the months that staged hazards lie in, before and after the change."""
    query = text(f"""
        SELECT DISTINCT date_trunc('month', moment AT TIME ZONE 'Asia/Shanghai')::date
        FROM (SELECT discovered_at AS moment FROM {staged}
              UNION SELECT t.discovered_at FROM {table} t JOIN {staged} USING (external_id)) moments""")  # noqa: S608
    return list(connection.execute(query).scalars())


def rows_of_others(connection: Connection, staged: str, table: str, *, key: str = "external_id") -> list[int]:
    """Return row numbers of the file whose key a row outside the caller's area has.

    Keys are unique in the whole city, so that the database would refuse the row without naming it. Nothing of the
    other row is told.
    """
    path = connection.execute(text("SELECT current_setting('jingwei.scope', true)")).scalar_one()
    query = text(f"""
        SELECT s.source_row FROM {staged} s JOIN {table} t USING ({key})
        WHERE NOT starts_with(t.scope_path, :path) ORDER BY s.source_row""")  # noqa: S608
    widen = text("SELECT set_config('jingwei.scope', :path, true)")
    connection.execute(widen, {"path": "/"})
    try:
        return list(connection.execute(query, {"path": path}).scalars())
    finally:
        connection.execute(widen, {"path": path})
