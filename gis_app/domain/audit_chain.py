"""The audit as a chain: each entry's hash covers the entry and the hash of the one before.

Who changes, removes or reorders an entry breaks the chain there. Who makes the whole chain anew, or cuts its end off,
contradicts the heads: the newest hashes, written outside the database after each commit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from gis_app.domain.errors import InvalidInput

GENESIS = hashlib.sha256(b"").digest()
"""What the first entry is chained to."""
_LARGEST_INTEGER = 2**53


@dataclass(frozen=True)
class AuditEntry:
    """One entry as it is stored; ``at`` in UTC, to the microsecond."""

    sequence: int
    at: datetime
    account: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    scope_path: str
    previous_hash: bytes
    hash: bytes


@dataclass(frozen=True)
class Head:
    """The newest link after a commit."""

    sequence: int
    hash: bytes


class FaultKind(StrEnum):
    """What is wrong with the chain."""

    MISSING = "missing"
    REPEATED = "repeated"
    UNCHAINED = "unchained"
    CHANGED = "changed"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"
    MALFORMED_HEAD = "malformed_head"


SENTENCES: Mapping[FaultKind, str] = {
    FaultKind.MISSING: "Entry {sequence} is missing.",
    FaultKind.REPEATED: "Entry {sequence} is out of order or there twice.",
    FaultKind.UNCHAINED: "Entry {sequence} does not follow the one before it.",
    FaultKind.CHANGED: "Entry {sequence} was changed.",
    FaultKind.TRUNCATED: "The chain ended at entry {sequence} once; that entry is not there.",
    FaultKind.REWRITTEN: "Entry {sequence} is not the one that was committed.",
    FaultKind.MALFORMED_HEAD: "Line {sequence} of the heads file is not readable.",
}
"""A sentence for each kind; ``sequence`` is that of the entry, or the line of the heads file."""


@dataclass(frozen=True)
class Fault:
    """Something wrong, and where."""

    kind: FaultKind
    sequence: int


def entry_hash(
    previous_hash: bytes,
    *,
    sequence: int,
    at: datetime,
    account: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    scope_path: str,
) -> bytes:
    """Return the hash of an entry chained to another.

    Parameters
    ----------
    detail
        Texts, whole numbers below 2**53, booleans, None, lists and objects of them: what a database's JSON gives back
        as it was.

    Raises
    ------
    InvalidInput
        If the detail holds anything else; names where.
    """
    _refuse_unstable(detail, "detail")
    facts = [
        previous_hash.hex(),
        sequence,
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        account,
        action,
        subject,
        detail,
        scope_path,
    ]
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def chain_faults(entries: Iterable[AuditEntry], heads: Iterable[Head]) -> Iterator[Fault]:
    """Yield everything wrong with a chain, in its order.

    Parameters
    ----------
    entries
        All entries by sequence, read once.
    heads
        The heads written outside, in any order. The chain may be ahead of the newest: a commit whose head was not
        written before the power went is no fault.
    """
    expected_hash = {head.sequence: head.hash for head in heads}
    previous, last = GENESIS, 0
    for entry in entries:
        if entry.sequence <= last:
            yield Fault(FaultKind.REPEATED, entry.sequence)
        for sequence in range(last + 1, entry.sequence):
            yield Fault(FaultKind.MISSING, sequence)
        if entry.previous_hash != previous:
            yield Fault(FaultKind.UNCHAINED, entry.sequence)
        if _hash_of(entry) != entry.hash:
            yield Fault(FaultKind.CHANGED, entry.sequence)
        if expected_hash.get(entry.sequence, entry.hash) != entry.hash:
            yield Fault(FaultKind.REWRITTEN, entry.sequence)
        previous, last = entry.hash, max(entry.sequence, last)
    for sequence in sorted(expected_hash):
        if sequence > last:
            yield Fault(FaultKind.TRUNCATED, sequence)


def parse_heads(lines: Iterable[str]) -> tuple[list[Head], list[Fault]]:
    """Return the heads of a file of lines ``sequence hash time``, and its lines that are none.

    A last line without its end is what a power cut leaves: it is passed over.
    """
    heads: list[Head] = []
    faults: list[Fault] = []
    for number, line in enumerate(lines, start=1):
        if not line.endswith("\n"):
            continue
        try:
            sequence, digest, moment = line.split()
            datetime.fromisoformat(moment)
            heads.append(Head(int(sequence), bytes.fromhex(digest)))
        except ValueError:
            faults.append(Fault(FaultKind.MALFORMED_HEAD, number))
    return heads, faults


def _hash_of(entry: AuditEntry) -> bytes | None:
    try:
        return entry_hash(
            entry.previous_hash,
            sequence=entry.sequence,
            at=entry.at,
            account=entry.account,
            action=entry.action,
            subject=entry.subject,
            detail=entry.detail,
            scope_path=entry.scope_path,
        )
    except InvalidInput:
        return None


def _refuse_unstable(value: object, where: str) -> None:
    if isinstance(value, Mapping):
        for name, part in value.items():
            _refuse_unstable(part if isinstance(name, str) else object(), f"{where}.{name}")
    elif isinstance(value, list):
        for place, part in enumerate(value):
            _refuse_unstable(part, f"{where}[{place}]")
    elif not (value is None or isinstance(value, str | bool) or (type(value) is int and abs(value) < _LARGEST_INTEGER)):
        raise InvalidInput(
            "{where} cannot stand in the audit.", remedy="Use text, whole numbers, lists and objects.", where=where
        )
