"""Transactions that leave an entry in the audit, whose newest link is also written outside the database."""

from __future__ import annotations

import errno
import fcntl
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping

from gis_app.domain.audit_chain import AuditEntry, Fault, Head, chain_faults, parse_heads
from gis_app.domain.errors import Unavailable
from gis_app.domain.rights import Scope
from gis_app.storage import audit, notices, screen_events
from gis_app.storage.audit import AuditEvent
from gis_app.storage.engine import long_job, scoped

_LONGEST_LINE = 200


@dataclass(frozen=True)
class HeadsFile:
    """Where each commit's newest link is noted, a line each: who changes the database has to change this file too.

    An operator points JINGWEI_AUDIT_HEADS at another disk, or at a mount that can only be appended to.
    """

    path: Path

    def write(self, head: Head, *, at: datetime) -> None:
        """Append a head and wait until it is on the disk.

        Raises
        ------
        Unavailable
            If the file cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # One write of one line to a file opened for appending: lines of several processes never mix.
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                line = f"{head.sequence} {head.hash.hex()} {at.astimezone(UTC).isoformat()}\n".encode()
                _drop_torn_line(handle)
                if os.write(handle, line) != len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fdatasync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise Unavailable(
                "The audit's heads cannot be written to {path}: {reason}",
                remedy="Make the folder writable and free space on its disk.",
                path=self.path,
                reason=error.strerror,
            ) from error

    def lines(self) -> list[str]:
        """Return the lines, none before the first commit."""
        return self.path.read_text("ascii", "replace").splitlines(keepends=True) if self.path.is_file() else []


def _drop_torn_line(handle: int) -> None:
    """Cut off what a power cut or a full disk left of a line: its head was never promised to anybody."""
    size = os.fstat(handle).st_size
    tail = os.pread(handle, _LONGEST_LINE, max(size - _LONGEST_LINE, 0))
    if tail and not tail.endswith(b"\n"):
        os.ftruncate(handle, size - len(tail) + tail.rfind(b"\n") + 1)


@dataclass
class Writing:
    """One transaction in a scope, and what it did that the audit shall tell."""

    connection: Connection
    account: str
    events: list[AuditEvent] = field(default_factory=list)
    notices: list[Mapping[str, Any]] = field(default_factory=list)
    """Added after the events, in the order of the commits: who reads up to one has missed none before it."""
    told: list[Mapping[str, Any]] = field(default_factory=list)
    """What open pages are told beside; added as notices are, in a transaction that also notes something."""

    def note(self, action: str, subject: str, *, scope_path: str, **detail: Any) -> None:
        """Note something done; it is chained when the transaction commits, and not at all when it fails."""
        self.events.append(AuditEvent(action, subject, scope_path, detail))

    def tell(
        self, kind: str, desk_path: str, *, scope_path: str, at: datetime, alert_id: uuid.UUID | None = None
    ) -> None:
        """Tell the open pages of exactly one area of something beside the steps of hazards, once it is committed."""
        row = {"kind": kind, "at": at, "alert_id": alert_id, "desk_path": desk_path, "scope_path": scope_path}
        self.told.append(row)


@dataclass(frozen=True)
class Ledger:
    """What every use case that changes something works with.

    Parameters
    ----------
    engine
        Of the app's role.
    heads
        The file outside the database.
    now
        The clock.
    """

    engine: Engine
    heads: HeadsFile
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    @contextmanager
    def writing(self, scope: Scope) -> Iterator[Writing]:
        """Open one transaction; what is noted in it is committed with it, then its head is written outside."""
        head: Head | None = None
        at = self.now()
        with scoped(self.engine, scope) as connection:
            work = Writing(connection, scope.account)
            yield work
            if work.events:
                head = audit.append(connection, work.events, account=scope.account, at=at)
            if work.notices:
                notices.add(connection, work.notices)
            if work.told:
                screen_events.add(connection, work.told)
        if head is not None:
            self.heads.write(head, at=at)


def newest(engine: Engine, scope: Scope, *, before: int, account: str, action: str, most: int) -> Sequence[RowMapping]:
    """Return the newest entries of the caller's area, perhaps of one account or action."""
    with scoped(engine, scope) as connection:
        return audit.newest_entries(connection, before=before, account=account, action=action, most=most)


@dataclass(frozen=True)
class AuditReport:
    """What a verification found."""

    entry_count: int
    head_count: int
    faults: list[Fault]


def verify(ledger: Ledger, *, progress: Callable[[int], None] = lambda count: None) -> AuditReport:
    """Check every link of the chain, and every head written outside against it."""
    count = 0

    def counted(entries: Iterator[AuditEntry]) -> Iterator[AuditEntry]:
        nonlocal count
        for entry in entries:
            count += 1
            progress(count)
            yield entry

    # The file first: what is committed meanwhile only puts the chain ahead of it, which is no fault.
    heads, malformed = parse_heads(ledger.heads.lines())
    with long_job(ledger.engine) as connection:
        faults = [*malformed, *chain_faults(counted(audit.entries(connection)), heads)]
    return AuditReport(count, len(heads), faults)
