"""Hazards whose time ran out, each told of once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, text


def escalate_overdue(connection: Connection, *, now: datetime) -> Sequence[RowMapping]:
    """Mark open hazards that turned red and were not marked yet; return id, stage and scope_path of each."""
    statement = text("""
    UPDATE hazard SET escalated_at = :now
    WHERE stage NOT IN ('closed', 'void') AND due_at < :now AND suspended_at IS NULL AND escalated_at IS NULL
    RETURNING id, stage, scope_path""")
    return connection.execute(statement, {"now": now}).mappings().all()


def overdue_listings(connection: Connection, *, now: datetime) -> Sequence[RowMapping]:
    """Return id, stage and scope_path of supervised hazards whose deadline there is over and was not told yet."""
    statement = text("""
    SELECT h.id, h.stage, h.scope_path FROM hazard h
    WHERE h.is_supervised AND h.supervised_due_at < :now AND h.stage NOT IN ('closed', 'void') AND NOT EXISTS (
        SELECT FROM notice n
        WHERE n.hazard_id = h.id AND n.kind = 'listing_overdue' AND n.at >= h.supervised_due_at)""")
    return connection.execute(statement, {"now": now}).mappings().all()
