"""Takes fixes from devices: late, out of order, twice, with wrong clocks. Acknowledged means committed."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection, RowMapping

from gis_app.analysis.datum import TO_WGS84
from gis_app.analysis.tracks import FixFlag
from gis_app.domain.errors import Conflict, InvalidInput, Unavailable
from gis_app.domain.periods import night_of
from gis_app.domain.rights import Scope
from gis_app.services.audit import Ledger, Writing
from gis_app.storage import track_intake
from gis_app.storage.engine import scoped

MOST_FIXES = 1000
MOST_MONTHS = 6
CLOCK_TOLERANCE = timedelta(seconds=60)
"""A device whose clock is further off is flagged: its fixes are kept as they are, and counted."""
LIVE_FOR = timedelta(hours=1)


@dataclass(frozen=True)
class GivenFix:
    """A position as a device sends it; degrees in the batch's datum."""

    recorded_at: datetime
    lon: float
    lat: float
    sequence: int
    accuracy_m: float | None = None
    speed_mps: float | None = None


@dataclass(frozen=True)
class FixBatch:
    """Fixes of one device.

    Parameters
    ----------
    client_id
        Made by the device, once per batch, and sent again in retries.
    device
        Name of the device, the same for all of its batches.
    team_code
        Whose device it is; None: the team that is called as the device.
    datum
        One of ``analysis.datum.TO_WGS84``.
    sent_at
        The device's clock when it sent the batch; tells whether it is right.
    """

    client_id: uuid.UUID
    device: str
    team_code: str | None
    datum: str
    sent_at: datetime | None
    fixes: Sequence[GivenFix]


@dataclass(frozen=True)
class Received:
    """What is answered to a batch, and whether this request stored it or an earlier one."""

    answer: Mapping[str, Any]
    is_new: bool


def receive(ledger: Ledger, scope: Scope, account_id: int, batch: FixBatch) -> Received:
    """Store the fixes of a batch that are not stored yet.

    Raises
    ------
    InvalidInput
        If there is no such team in the caller's area, or fixes lie in too many months.
    Conflict
        If the identifier stands for another batch, the device belongs to another team, or the night's tracks were
        deleted after their time.
    """
    body_hash = _hash(batch)
    try:
        with ledger.writing(scope) as work:
            known = _kept(work.connection, account_id, batch, body_hash)
            if known is not None:
                return Received(known, is_new=False)
            answer = _store(ledger, work, account_id, batch, body_hash=body_hash)
        return Received(answer, is_new=True)
    except _AnotherWasFaster:
        with scoped(ledger.engine, scope) as connection:
            known = _kept(connection, account_id, batch, body_hash)
    if known is None:
        raise Unavailable("The fixes could not be stored.", remedy="Send them again.")
    return Received(known, is_new=False)


def store_all(ledger: Ledger, scope: Scope, account_id: int, batches: Sequence[FixBatch]) -> dict[str, int]:
    """Store several batches in one transaction and return what came of them together.

    Raises
    ------
    InvalidInput, Conflict
        As ``receive``; then nothing is stored.
    """
    counts = dict.fromkeys(("stored", "known", "clock_ahead", "clock_behind"), 0)
    try:
        with ledger.writing(scope) as work:
            for batch in batches:
                if track_intake.promised(work.connection, account_id, batch.client_id) is not None:
                    counts["known"] += len(batch.fixes)
                    continue
                answer = _store(ledger, work, account_id, batch, body_hash=_hash(batch))
                counts = {name: count + answer[name] for name, count in counts.items()}
    except _AnotherWasFaster:
        raise Unavailable("The fixes could not be stored.", remedy="Send them again.") from None
    return counts


class _AnotherWasFaster(Exception):  # noqa: N818 - never leaves this module
    """Another request with the same identifier committed first; this one is rolled back."""


def _kept(connection: Connection, account_id: int, batch: FixBatch, body_hash: bytes) -> Mapping[str, Any] | None:
    known = track_intake.promised(connection, account_id, batch.client_id)
    if known is None:
        return None
    if bytes(known["body_hash"]) != body_hash:
        raise Conflict("The identifier stands for another batch.", remedy="Make a new identifier for a new batch.")
    answer: Mapping[str, Any] = known["answer"]
    return answer


def _store(ledger: Ledger, work: Writing, account_id: int, batch: FixBatch, *, body_hash: bytes) -> dict[str, Any]:
    connection, now = work.connection, ledger.now()
    team = track_intake.team(connection, batch.team_code or batch.device)
    if team is None:
        raise InvalidInput(
            "There is no team {code}.",
            remedy="Name the code of a team of your area.",
            code=(batch.team_code or batch.device)[:40],
        )
    track_intake.take_turn(connection, batch.device)
    flags = _clock_flags(batch, now)
    stored, begun = 0, False
    for night, rows in _by_night(batch, now).items():
        added, is_first = _store_night(connection, batch, team, night, rows=rows, flags=flags, now=now)
        stored, begun = stored + added, begun or is_first
    ahead, behind = (int(np.count_nonzero(flags & flag)) for flag in (FixFlag.CLOCK_AHEAD, FixFlag.CLOCK_BEHIND))
    answer = {
        "id": str(batch.client_id),
        "stored": stored,
        "known": len(batch.fixes) - stored,
        "clock_ahead": ahead,
        "clock_behind": behind,
    }
    values = {"account_id": account_id, "client_id": batch.client_id, "body_hash": body_hash, "now": now}
    if not track_intake.promise(connection, {**values, "answer": answer, "scope_path": team["scope_path"]}):
        raise _AnotherWasFaster
    if begun:
        # One entry for each night of a device: a phone sends a thousand batches, and all wait for the chain's end.
        facts = {name: value for name, value in answer.items() if name != "id"}
        work.note("tracks.receive", f"team:{team['id']}", scope_path=team["scope_path"], **facts)
    return answer


def _store_night(
    connection: Connection,
    batch: FixBatch,
    team: RowMapping,
    night: date,
    *,
    rows: list[int],
    flags: np.ndarray[Any, np.dtype[np.int16]],
    now: datetime,
) -> tuple[int, bool]:
    """Store the fixes of one night; return how many were new, and whether they are the first of the night."""
    fixes = [batch.fixes[row] for row in rows]
    first, last = min(fix.recorded_at for fix in fixes), max(fix.recorded_at for fix in fixes)
    span = {"first": min(first, now), "last": min(last, now)}
    patrol, is_first = _patrol(connection, batch, team, night, span=span)
    lon, lat = TO_WGS84[batch.datum](np.array([fix.lon for fix in fixes]), np.array([fix.lat for fix in fixes]))
    columns = {
        "device": batch.device,
        "scope_path": team["scope_path"],
        "recorded_at": [fix.recorded_at.astimezone(UTC) for fix in fixes],
        "sequence": [fix.sequence for fix in fixes],
        "lon": lon.tolist(),
        "lat": lat.tolist(),
        "accuracy": [fix.accuracy_m for fix in fixes],
        "speed": [fix.speed_mps for fix in fixes],
        "flag": flags[rows].tolist(),
    }
    added = track_intake.add_fixes(connection, patrol, columns)
    if added != len(fixes) and track_intake.count_stored(connection, columns) != len(fixes):
        raise _foreign(batch.device)
    if added:
        track_intake.grow_patrol(connection, patrol, **span, added=added)
        _move(connection, patrol, team["scope_path"], columns, now=now)
    return added, is_first


def _patrol(
    connection: Connection, batch: FixBatch, team: RowMapping, night: date, *, span: Mapping[str, datetime]
) -> tuple[int, bool]:
    known = track_intake.patrol_of(connection, batch.device, night)
    if known is None:
        values = {"team_id": team["id"], "night": night, "mode": team["mode"], "device": batch.device}
        made = track_intake.add_patrol(connection, {**values, **span, "scope_path": team["scope_path"]})
        if made is None:
            raise _foreign(batch.device)
        return made, True
    if known["team_id"] != team["id"]:
        raise _foreign(batch.device)
    if known["is_forgotten"]:
        raise Conflict(
            "The tracks of the night of {night} were deleted after their time.",
            remedy="Leave that night out.",
            night=night,
        )
    return int(known["id"]), False


def _foreign(device: str) -> Conflict:
    return Conflict(
        "The device {device} belongs to another team.",
        remedy="Give each device a name of its own.",
        device=device[:40],
    )


def _move(connection: Connection, patrol: int, scope_path: str, columns: Mapping[str, Any], *, now: datetime) -> None:
    """Keep the newest position that a clock can have seen already."""
    moments = columns["recorded_at"]
    seen = [at for at, moment in enumerate(moments) if now - LIVE_FOR < moment <= now + CLOCK_TOLERANCE]
    if not seen:
        return
    at = max(seen, key=lambda row: (moments[row], columns["sequence"][row]))
    track_intake.move(
        connection,
        {
            "patrol": patrol,
            "at": moments[at],
            "speed": columns["speed"][at],
            "lon": columns["lon"][at],
            "lat": columns["lat"][at],
            "scope_path": scope_path,
        },
    )


def _clock_flags(batch: FixBatch, now: datetime) -> np.ndarray[Any, np.dtype[np.int16]]:
    """Return what is doubtful about the times: they lie ahead of ours, or the clock that sent them is behind."""
    off = (batch.sent_at - now) if batch.sent_at else timedelta()
    whole = FixFlag.CLOCK_AHEAD if off > CLOCK_TOLERANCE else FixFlag.CLOCK_BEHIND if -off > CLOCK_TOLERANCE else 0
    ahead = [fix.recorded_at > now + CLOCK_TOLERANCE for fix in batch.fixes]
    return np.where(ahead, int(FixFlag.CLOCK_AHEAD), int(whole)).astype(np.int16)


def _by_night(batch: FixBatch, now: datetime) -> dict[date, list[int]]:
    """Return the rows of each night, without repeats of a key; a time ahead of ours belongs to this night."""
    keys = set()
    nights: dict[date, list[int]] = {}
    for row, fix in enumerate(batch.fixes):
        if (key := (fix.recorded_at, fix.sequence)) not in keys:
            keys.add(key)
            nights.setdefault(night_of(min(fix.recorded_at, now)), []).append(row)
    if len({(fix.recorded_at.year, fix.recorded_at.month) for fix in batch.fixes}) > MOST_MONTHS:
        raise InvalidInput("The fixes lie in too many months.", remedy="Send them in several batches.")
    return nights


def _hash(batch: FixBatch) -> bytes:
    facts = [batch.device, batch.team_code, batch.datum, str(batch.sent_at)]
    rows = [[str(value) for value in vars(fix).values()] for fix in batch.fixes]
    return hashlib.sha256(json.dumps([facts, rows]).encode()).digest()
