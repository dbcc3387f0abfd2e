"""The log of the duty desk: lines that are only ever added, and the marks put on the map during a shift."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, RowMapping, text

_ENTRIES = text("""
SELECT id, day, shift, kind, words, view, account, at, scope_path FROM shift_entry
WHERE day = :day AND shift = :shift ORDER BY at, id""")
_ENTRY = text("SELECT * FROM shift_entry WHERE account = :account AND client_id = :client_id")
_ADD_ENTRY = text("""
INSERT INTO shift_entry (client_id, day, shift, kind, words, view, account, at, scope_path)
VALUES (:client_id, :day, :shift, :kind, :words, :view, :account, :at, :scope_path)
ON CONFLICT DO NOTHING RETURNING *""")
_MARK = """
SELECT id, client_id, day, shift, words, account, at, withdrawn_at, scope_path, ST_AsGeoJSON(geom, 6) AS geometry
FROM map_mark"""
_MARKS = text(f"{_MARK} WHERE day = :day AND shift = :shift AND withdrawn_at IS NULL ORDER BY at, id")
_MARK_SENT = text(f"{_MARK} WHERE account = :account AND client_id = :client_id")
_ONE_MARK = text(f"{_MARK} WHERE id = :id FOR UPDATE")
_ADD_MARK = text("""
INSERT INTO map_mark (client_id, day, shift, words, account, at, geom, scope_path)
VALUES (:client_id, :day, :shift, :words, :account, :at, ST_SetSRID(ST_GeomFromGeoJSON(:geometry), 4326), :scope_path)
ON CONFLICT DO NOTHING RETURNING id""")
_WITHDRAW = text("UPDATE map_mark SET withdrawn_at = :at WHERE id = :id AND withdrawn_at IS NULL")


def entries(connection: Connection, day: date, shift: str) -> Sequence[RowMapping]:
    """Return the lines of a shift in the caller's area, the first one first."""
    return connection.execute(_ENTRIES, {"day": day, "shift": shift}).mappings().all()


def entry_sent(connection: Connection, account: str, client_id: uuid.UUID) -> RowMapping | None:
    """Return the line that an account sent under an identifier."""
    return connection.execute(_ENTRY, {"account": account, "client_id": client_id}).mappings().first()


def add_entry(connection: Connection, values: Mapping[str, Any]) -> RowMapping | None:
    """Add a line; None if the account sent one under this identifier before."""
    return connection.execute(_ADD_ENTRY, dict(values)).mappings().first()


def marks(connection: Connection, day: date, shift: str) -> Sequence[RowMapping]:
    """Return the marks of a shift in the caller's area that were not withdrawn; geometry as GeoJSON."""
    return connection.execute(_MARKS, {"day": day, "shift": shift}).mappings().all()


def mark_sent(connection: Connection, account: str, client_id: uuid.UUID) -> RowMapping | None:
    """Return the mark that an account sent under an identifier."""
    return connection.execute(_MARK_SENT, {"account": account, "client_id": client_id}).mappings().first()


def mark_for_change(connection: Connection, mark_id: int) -> RowMapping | None:
    """Return a mark, locked until the transaction ends."""
    return connection.execute(_ONE_MARK, {"id": mark_id}).mappings().first()


def add_mark(connection: Connection, values: Mapping[str, Any]) -> int | None:
    """Add a mark (geometry as GeoJSON) and return its id; None if it was sent before."""
    found = connection.execute(_ADD_MARK, dict(values)).scalar()
    return None if found is None else int(found)


def withdraw_mark(connection: Connection, values: Mapping[str, Any]) -> None:
    """Take a mark off the map; its row stays."""
    connection.execute(_WITHDRAW, dict(values))
