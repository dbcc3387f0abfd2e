"""What an account is told: notices of steps that leave it something to do."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, RowMapping

from gis_app.domain.areas import AreaLevel
from gis_app.domain.notices import ACCOUNT_LEVELS, ALERTED, AUDIENCES, Alert, Audience, levels_told
from gis_app.domain.transitions import DUTIES_OF, Action
from gis_app.services.audit import Ledger
from gis_app.services.gate import Caller
from gis_app.storage import notices
from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.notices import Reader

SHOWN_DAYS = 30
KEPT_DAYS = 90
MOST_SHOWN = 200
MOST_COUNTED = 100
"""More unread notices than this are not counted: nobody reads them one by one."""


@dataclass(frozen=True)
class News:
    """The newest notices of an account, and up to which it has read them."""

    rows: list[RowMapping]
    read_upto: int


def of_step(
    action: Action,
    *,
    hazard_id: uuid.UUID,
    stage: str,
    unit: str | None,
    account: str,
    level: AreaLevel,
    at: datetime,
    scope_path: str,
) -> dict[str, Any]:
    """Return the notice of a step; one for nobody is still sent to programs."""
    audience = AUDIENCES.get(action, Audience(frozenset()))
    return {
        "kind": action.value,
        "at": at,
        "hazard_id": hazard_id,
        "stage": stage,
        "account": account,
        "duties": sorted(duty.value for duty in audience.duties),
        "levels": [each.value for each in levels_told(action, level)],
        "unit_code": unit if audience.own_unit else None,
        "scope_path": scope_path,
    }


def of_alert(alert: Alert, hazards: Iterable[RowMapping], *, at: datetime) -> list[dict[str, Any]]:
    """Return the notices of what happened by itself to hazards with id, stage and scope_path."""
    return [
        {
            "kind": alert.value,
            "at": at,
            "hazard_id": each["id"],
            "stage": each["stage"],
            "account": "clock",
            "duties": sorted(duty.value for duty in ALERTED.duties),
            "levels": [level.value for level in ACCOUNT_LEVELS],
            "unit_code": None,
            "scope_path": each["scope_path"],
        }
        for each in hazards
    ]


def news(engine: Engine, caller: Caller, *, now: datetime) -> News:
    """Return what a caller was told in the last 30 days."""
    reader = _reader(caller)
    with scoped(engine, caller.scope) as connection:
        rows = notices.newest(connection, reader, since=now - timedelta(days=SHOWN_DAYS), most=MOST_SHOWN)
        return News(list(rows), notices.read_upto(connection, reader))


def unread_count(engine: Engine, caller: Caller, *, now: datetime) -> int:
    """Return how many of them the caller has not read, at most ``MOST_COUNTED``."""
    if not _reader(caller).duties:
        return 0
    with scoped(engine, caller.scope) as connection:
        since = now - timedelta(days=SHOWN_DAYS)
        return notices.unread_count(connection, _reader(caller), since=since, most=MOST_COUNTED)


def mark_read(engine: Engine, caller: Caller, *, upto: int) -> None:
    """Mark notices up to one as read; of no consequence to anybody else, so no entry in the audit."""
    with scoped(engine, caller.scope) as connection:
        notices.mark_read(connection, _reader(caller), upto=upto)


def forget_old(ledger: Ledger) -> int:
    """Delete notices that nobody looks at any more, and return how many."""
    with scoped(ledger.engine, system_scope()) as connection:
        return notices.forget(connection, before=ledger.now() - timedelta(days=KEPT_DAYS))


def _reader(caller: Caller) -> Reader:
    duties = [duty.value for duty in DUTIES_OF.get(caller.role.value, frozenset())]
    return Reader(caller.account_id, caller.scope.account, duties, caller.level.value, caller.unit)
