"""Reports and corrections of single hazards, and lists of them."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, RowMapping

from gis_app.analysis.datum import TO_WGS84
from gis_app.analysis.recurrence import RecurrenceRule
from gis_app.domain.areas import AreaLevel
from gis_app.domain.errors import Conflict, InvalidInput, NotFound, Unavailable, none_of
from gis_app.domain.hazards import DiscoveryWay, Severity, Stage
from gis_app.domain.periods import CITY_TIME
from gis_app.domain.rights import Scope
from gis_app.domain.transitions import Action
from gis_app.services import notices
from gis_app.services.audit import Ledger, Writing
from gis_app.storage import hazard_cells, hazards, loop
from gis_app.storage.engine import scoped
from gis_app.storage.hazards import HazardPage

NUMBER_TRIES = 20
RECURRENCE = RecurrenceRule()
MISSING = NotFound("There is no such hazard.", remedy="It may have been moved, or lie outside your area.")


@dataclass(frozen=True)
class Spot:
    """A place as it was given; ``datum`` is one of ``analysis.datum.TO_WGS84``."""

    x: float
    y: float
    datum: str


@dataclass(frozen=True)
class Report:
    """A hazard as somebody reports it; the client makes ``client_id`` once per report and sends it again in retries."""

    client_id: uuid.UUID
    category_code: str
    severity: Severity
    discovered_by: DiscoveryWay
    title: str
    spot: Spot
    discovered_at: datetime
    description: str = ""
    place: str = ""


@dataclass(frozen=True)
class Reported:
    """The stored hazard, and whether this request stored it or an earlier one with the same identifier and body."""

    hazard: RowMapping
    is_new: bool


def report(ledger: Ledger, scope: Scope, account_id: int, wanted: Report) -> Reported:
    """Store a reported hazard; the same report sent again returns the stored one.

    Raises
    ------
    InvalidInput
        If the place lies in no village of the caller's area, or the category is not known.
    Conflict
        If the identifier stands for another report.
    """
    with scoped(ledger.engine, scope) as connection:
        known = _kept(connection, account_id, wanted)
    if known is not None:
        return Reported(known, is_new=False)
    try:
        with ledger.writing(scope) as work:
            made = _store(ledger, work, account_id, wanted)
    except _AnotherWasFaster:
        with scoped(ledger.engine, scope) as connection:
            known = _kept(connection, account_id, wanted)
        if known is None:
            raise _not_stored() from None
        return Reported(known, is_new=False)
    return Reported(made, is_new=True)


def report_within(ledger: Ledger, work: Writing, account_id: int, wanted: Report) -> Reported:
    """Store a reported hazard as a part of a transaction that does more; else as ``report``.

    Raises
    ------
    InvalidInput, Conflict
        As ``report``.
    Unavailable
        If another request with the same identifier came between.
    """
    known = _kept(work.connection, account_id, wanted)
    if known is not None:
        return Reported(known, is_new=False)
    try:
        return Reported(_store(ledger, work, account_id, wanted), is_new=True)
    except _AnotherWasFaster:
        raise _not_stored() from None


def correct(
    ledger: Ledger,
    scope: Scope,
    hazard_id: uuid.UUID,
    changes: Mapping[str, Any],
    *,
    version: int,
    spot: Spot | None = None,
) -> RowMapping:
    """Change what a report says, or move it; old and new place must both lie in the caller's area.

    Parameters
    ----------
    changes
        New values of ``storage.hazards.CORRECTABLE`` columns.
    version
        The version the caller saw.

    Raises
    ------
    NotFound
        If there is no such hazard in the caller's area.
    Conflict
        If somebody changed it meanwhile.
    InvalidInput
        If the new place lies in no village of the caller's area, or the category is not known.
    """
    if not changes and spot is None:
        raise InvalidInput("Nothing is to be changed.", remedy="Give at least one field.")
    with ledger.writing(scope) as work:
        before = hazards.hazard(work.connection, hazard_id, for_change=True)
        if before is None:
            raise MISSING
        if before["version"] != version:
            raise Conflict(
                "The hazard changed meanwhile: it is at version {version} now.",
                remedy="Load it again and repeat your change.",
                version=before["version"],
            )
        _check_category(work.connection, changes.get("category_code"))
        moved = {} if spot is None else _placed(work.connection, spot, before["discovered_at"])
        hazard_cells.uncount_hazard(work.connection, hazard_id)
        hazards.correct_hazard(work.connection, hazard_id, {**changes, **moved})
        loop.place_at_villages(work.connection, hazard_id)
        hazard_cells.count_hazard(work.connection, hazard_id)
        villages = {before["scope_path"], moved.get("scope_path", before["scope_path"])}
        hazard_cells.note_changes(work.connection, villages)
        fields = sorted([*changes, *(("place_on_map",) if spot else ())])
        work.note("hazard.correct", f"hazard:{hazard_id}", scope_path=before["scope_path"], fields=fields)
        after = hazards.hazard(work.connection, hazard_id)
        if after is None:
            raise MISSING
    return after


def one(engine: Engine, scope: Scope, hazard_id: uuid.UUID) -> RowMapping:
    """Return one hazard.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    """
    with scoped(engine, scope) as connection:
        found = hazards.hazard(connection, hazard_id)
    if found is None:
        raise MISSING
    return found


def listed(engine: Engine, scope: Scope, wanted: HazardPage) -> list[RowMapping]:
    """Return hazards of the caller's area, the newest first."""
    with scoped(engine, scope) as connection:
        return list(hazards.hazards(connection, wanted))


class _AnotherWasFaster(Exception):  # noqa: N818 - never leaves this module
    """Another request with the same identifier committed first; this one is rolled back."""


def _not_stored() -> Unavailable:
    return Unavailable("The report could not be stored.", remedy="Send it again.")


def _body_hash(wanted: Report) -> bytes:
    return hashlib.sha256(json.dumps(_plain(wanted), sort_keys=True).encode()).digest()


def _kept(connection: Connection, account_id: int, wanted: Report) -> RowMapping | None:
    known = hazards.promised(connection, account_id, wanted.client_id)
    if known is None:
        return None
    if bytes(known["body_hash"]) != _body_hash(wanted):
        raise Conflict("The identifier stands for another report.", remedy="Make a new identifier for a new report.")
    found = hazards.hazard(connection, known["hazard_id"])
    if found is None:
        raise MISSING
    return found


def _store(ledger: Ledger, work: Writing, account_id: int, wanted: Report) -> RowMapping:
    connection, hazard_id, now = work.connection, uuid.uuid4(), ledger.now()
    if wanted.discovered_at > now:
        raise InvalidInput("discovered_at lies in the future.", remedy="Check the clock of the device.")
    _check_category(connection, wanted.category_code)
    where = _placed(connection, wanted.spot, wanted.discovered_at)
    values = {
        "id": hazard_id,
        "category_code": wanted.category_code,
        "severity": wanted.severity.value,
        "discovered_by": wanted.discovered_by.value,
        "title": wanted.title,
        "description": wanted.description,
        "place": wanted.place,
        "discovered_at": wanted.discovered_at,
        **where,
    }
    # At random, not counted: a running number would tell one township how much the others report.
    day = now.astimezone(CITY_TIME)
    if not any(
        hazards.add_hazard(connection, {**values, "number": f"RA{day:%Y%m%d}{secrets.randbelow(10**6):06d}"})
        for _ in range(NUMBER_TRIES)
    ):
        raise Unavailable("No number is free for the report.", remedy="Send it again.")
    kept = {
        "account_id": account_id,
        "client_id": wanted.client_id,
        "body_hash": _body_hash(wanted),
        "hazard_id": hazard_id,
        "now": now,
        "scope_path": where["scope_path"],
    }
    if not hazards.promise(connection, kept):
        raise _AnotherWasFaster
    loop.place_at_villages(connection, hazard_id)
    _mark_recurrence(connection, hazard_id, wanted.discovered_at)
    loop.add_event(connection, _first_event(work, hazard_id, now, where["scope_path"]))
    hazard_cells.count_hazard(connection, hazard_id)
    hazard_cells.note_changes(connection, {where["scope_path"]})
    work.note("hazard.report", f"hazard:{hazard_id}", scope_path=where["scope_path"], category=wanted.category_code)
    work.notices.append(
        notices.of_step(
            Action.REPORT,
            hazard_id=hazard_id,
            stage=Stage.REPORTED.value,
            unit=None,
            account=work.account,
            level=AreaLevel.VILLAGE,
            at=now,
            scope_path=where["scope_path"],
        )
    )
    stored = hazards.hazard(connection, hazard_id)
    if stored is None:
        raise MISSING
    return stored


def _mark_recurrence(connection: Connection, hazard_id: uuid.UUID, found_at: datetime) -> None:
    """Bind a report to the nearest case of its category that was closed of late at the same spot."""
    near = loop.similar_cases(
        connection, hazard_id, within_m=RECURRENCE.flag_m, closed_since=found_at - timedelta(days=RECURRENCE.days)
    )
    closed = [each for each in near if each["stage"] == Stage.CLOSED and each["closed_at"] <= found_at]
    if closed:
        loop.mark_recurrence(connection, hazard_id, closed[0]["id"])


def _first_event(work: Writing, hazard_id: uuid.UUID, at: datetime, scope_path: str) -> dict[str, Any]:
    return {
        "hazard_id": hazard_id,
        "version": 1,
        "action": Action.REPORT.value,
        "from_stage": None,
        "to_stage": Stage.REPORTED.value,
        "at": at,
        "account": work.account,
        "unit_code": None,
        "reason": "",
        "detail": {},
        "scope_path": scope_path,
    }


def _placed(connection: Connection, spot: Spot, found_at: datetime) -> dict[str, Any]:
    lon, lat = (float(part[0]) for part in TO_WGS84[spot.datum](np.array([spot.x]), np.array([spot.y])))
    where = hazards.placed(connection, lon, lat, day=found_at.astimezone(CITY_TIME).date())
    if where is None:
        raise InvalidInput(
            "The place ({x}, {y}) lies in no village of your area.",
            remedy="Correct the coordinates or their datum.",
            x=spot.x,
            y=spot.y,
        )
    return {**where, "lon": lon, "lat": lat, "source_datum": spot.datum, "source_x": spot.x, "source_y": spot.y}


def _check_category(connection: Connection, code: str | None) -> None:
    known = hazards.category_codes(connection)
    if code is not None and code not in known:
        raise none_of("There is no category {code!r}.", known, code=code[:40])


def _plain(wanted: Report) -> dict[str, Any]:
    facts = {**vars(wanted), "spot": [wanted.spot.x, wanted.spot.y, wanted.spot.datum]}
    return {name: value if isinstance(value, list) else str(value) for name, value in facts.items()}
