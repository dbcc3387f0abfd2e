"""Takes fixes from devices: late, out of order, twice, with wrong clocks. Acknowledged means committed."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from gis_app.analysis.datum import TO_WGS84
from gis_app.analysis.tracks import FixFlag
from gis_app.domain.errors import Conflict, InvalidInput, Unavailable
from gis_app.domain.periods import night_of
from gis_app.domain.rights import Scope
from gis_app.services.audit import Ledger, Writing
from gis_app.storage import track_intake

MOST_FIXES = 1000
MOST_MONTHS = 6
CLOCK_TOLERANCE = timedelta(seconds=60)
"""A device whose clock is further off is flagged: its fixes are kept as they are, and counted."""
LIVE_FOR = timedelta(hours=1)
_TRIES = 2


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
    for _ in range(_TRIES):
        # Where another request with the same identifier committed first, its answer is there the second time.
        with suppress(_AnotherWasFaster), ledger.writing(scope) as work:
            return _store(ledger, work, account_id, batch)
    raise _not_stored()


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
                if track_intake.is_promised(work.connection, account_id, batch.client_id):
                    counts["known"] += len(batch.fixes)
                    continue
                answer = _store(ledger, work, account_id, batch).answer
                counts = {name: count + answer[name] for name, count in counts.items()}
    except _AnotherWasFaster:
        raise _not_stored() from None
    return counts


def _not_stored() -> Unavailable:
    return Unavailable("The fixes could not be stored.", remedy="Send them again.")


class _AnotherWasFaster(Exception):  # noqa: N818 - never leaves this module
    """Another request with the same identifier committed first; this one is rolled back."""


def _store(ledger: Ledger, work: Writing, account_id: int, batch: FixBatch) -> Received:
    """Store one batch; raise what is to be told, or ``_AnotherWasFaster``: then the transaction is rolled back."""
    now = ledger.now()
    code = batch.team_code or batch.device
    columns, facts = _columns(batch, now)
    found = track_intake.receive(
        work.connection,
        {
            **{"account_id": account_id, "client_id": batch.client_id, "body_hash": _hash(batch)},
            **{"device": batch.device, "team_code": code, "now": now},
            **{"live_after": now - LIVE_FOR, "live_until": now + CLOCK_TOLERANCE},
            **columns,
            "facts": {"id": str(batch.client_id), **facts},
        },
    )
    match found["outcome"]:
        case "stored" | "known":
            answer: Mapping[str, Any] = found["answer"]
        case "no team":
            raise InvalidInput(
                "There is no team {code}.", remedy="Name the code of a team of your area.", code=code[:40]
            )
        case "other body":
            raise Conflict("The identifier stands for another batch.", remedy="Make a new identifier for a new batch.")
        case "forgotten":
            raise Conflict(
                "The tracks of the night of {night} were deleted after their time.",
                remedy="Leave that night out.",
                night=date.fromisoformat(found["night"]),
            )
        case "foreign":
            raise Conflict(
                "The device {device} belongs to another team.",
                remedy="Give each device a name of its own.",
                device=batch.device[:40],
            )
        case _:
            raise _AnotherWasFaster
    if found.get("is_first"):
        # One entry for each night of a device: a phone sends a thousand batches, and all wait for the chain's end.
        told = {name: value for name, value in answer.items() if name != "id"}
        work.note("tracks.receive", f"team:{found['team']}", scope_path=found["scope_path"], **told)
    return Received(answer, is_new=found["outcome"] == "stored")


def _columns(batch: FixBatch, now: datetime) -> tuple[dict[str, list[Any]], dict[str, int]]:
    """Return the batch as columns, without repeats of a key, and what is counted of it before it is stored."""
    flags = _clock_flags(batch, now)
    lon, lat = TO_WGS84[batch.datum](
        np.array([fix.lon for fix in batch.fixes]), np.array([fix.lat for fix in batch.fixes])
    )
    nights = _nights(batch, now)
    fixes = [batch.fixes[row] for row in nights]
    columns = {
        "night": list(nights.values()),
        "recorded_at": [fix.recorded_at.astimezone(UTC) for fix in fixes],
        "sequence": [fix.sequence for fix in fixes],
        "lon": lon[list(nights)].tolist(),
        "lat": lat[list(nights)].tolist(),
        "accuracy": [fix.accuracy_m for fix in fixes],
        "speed": [fix.speed_mps for fix in fixes],
        "flag": flags[list(nights)].tolist(),
    }
    ahead, behind = (int(np.count_nonzero(flags & flag)) for flag in (FixFlag.CLOCK_AHEAD, FixFlag.CLOCK_BEHIND))
    return columns, {"known": len(batch.fixes), "clock_ahead": ahead, "clock_behind": behind}


def _clock_flags(batch: FixBatch, now: datetime) -> np.ndarray[Any, np.dtype[np.int16]]:
    """Return what is doubtful about the times: they lie ahead of ours, or the clock that sent them is behind."""
    off = (batch.sent_at - now) if batch.sent_at else timedelta()
    whole = FixFlag.CLOCK_AHEAD if off > CLOCK_TOLERANCE else FixFlag.CLOCK_BEHIND if -off > CLOCK_TOLERANCE else 0
    ahead = [fix.recorded_at > now + CLOCK_TOLERANCE for fix in batch.fixes]
    return np.where(ahead, int(FixFlag.CLOCK_AHEAD), int(whole)).astype(np.int16)


def _nights(batch: FixBatch, now: datetime) -> dict[int, date]:
    """Return the night of each row, without repeats of a key; a time ahead of ours belongs to this night."""
    rows = {(fix.recorded_at, fix.sequence): row for row, fix in reversed(list(enumerate(batch.fixes)))}
    if len({(at.year, at.month) for at, _ in rows}) > MOST_MONTHS:
        raise InvalidInput("The fixes lie in too many months.", remedy="Send them in several batches.")
    return {row: night_of(min(at, now)) for (at, _), row in sorted(rows.items(), key=lambda item: item[1])}


def _hash(batch: FixBatch) -> bytes:
    facts = [batch.device, batch.team_code, batch.datum, str(batch.sent_at)]
    rows = [[str(value) for value in vars(fix).values()] for fix in batch.fixes]
    return hashlib.sha256(json.dumps([facts, rows]).encode()).digest()
