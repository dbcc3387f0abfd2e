"""Rows of an import put into their table: new ones added, changed ones changed, equal ones left alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

NOT_COMPARED = ("import_id", "number")
"""Columns that differ between two imports of one row without it having changed."""


@dataclass(frozen=True)
class LoadCount:
    """How many rows were added, changed, and left as they were."""

    added: int
    changed: int
    unchanged: int


def upsert_staged(
    connection: Connection,
    staged: str,
    table: str,
    *,
    columns: Sequence[str],
    key: str = "external_id",
    extra: str = "",
) -> LoadCount:
    """Insert the rows of a temporary table, or change those whose key is there with other values.

    Parameters
    ----------
    columns
        Columns to take over; those in ``NOT_COMPARED`` alone do not make a row changed.
    key
        The column that tells rows apart; rows without it are always added.
    extra
        SQL of a further assignment on change, such as a version counted up.
    """
    compared = [column for column in columns if column not in (*NOT_COMPARED, key)]
    assigned = [f"{column} = EXCLUDED.{column}" for column in columns if column not in (key, "number")]
    query = f"""
        INSERT INTO {table} AS t ({", ".join(columns)}) SELECT {", ".join(columns)} FROM {staged}
        ON CONFLICT ({key}) DO UPDATE SET {", ".join([*assigned, *([extra] if extra else [])])}
        WHERE ({", ".join(f"t.{column}" for column in compared)})
            IS DISTINCT FROM ({", ".join(f"EXCLUDED.{column}" for column in compared)})
        RETURNING xmax = 0 AS was_added"""  # noqa: S608 - names of our own tables and columns
    added = [row.was_added for row in connection.execute(text(query))]
    whole = int(connection.execute(text(f"SELECT count(*) FROM {staged}")).scalar_one())  # noqa: S608
    return LoadCount(sum(added), len(added) - sum(added), whole - len(added))


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
