"""The audit as a chain: each entry's hash covers the entry and the hash of the one before.

Who changes, removes or reorders an entry breaks the chain there. Who makes the whole chain anew, or cuts its end off,
contradicts the heads: the newest hashes, written outside the database after each commit.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from gis_app.domain.errors import InvalidInput

GENESIS = hashlib.sha256(b"").digest()
"""What the first entry is chained to."""
_LARGEST_INTEGER = 2**53
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""What the database's texts cannot hold: NUL, and halves of surrogate pairs."""
_HEAD_LINE = re.compile(r"([1-9][0-9]{0,18}) ([0-9a-f]{64}) (\S+)\n", re.ASCII)


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
    """The first of one or more that are not there; the next one there is UNCHAINED."""
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
    at
        With a time zone; the same moment in another zone gives the same hash.
    detail
        Texts, whole numbers below 2**53, booleans, None, lists and objects of them: what a database's JSON gives back
        as it was. Fractions are refused: 1e16 comes back as a whole number.

    Raises
    ------
    InvalidInput
        If the detail holds anything else, or a text NUL or half a surrogate pair; names where.
    ValueError
        If the time has no zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone.")
    texts = {"account": account, "action": action, "subject": subject, "scope_path": scope_path}
    for name, text in texts.items():
        _stable(text, name)
    facts = [
        previous_hash.hex(),
        sequence,
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        account,
        action,
        subject,
        _stable(detail, "detail"),
        scope_path,
    ]
    canonical = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).digest()


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
    # All of a sequence, not the newest: a chain cut off and then grown again by the app has two, and one is its past.
    committed: dict[int, set[bytes]] = {}
    for head in heads:
        committed.setdefault(head.sequence, set()).add(head.hash)
    previous, last = GENESIS, 0
    for entry in entries:
        if entry.sequence <= last:
            yield Fault(FaultKind.REPEATED, entry.sequence)
        # One fault a gap: a sequence forged to 2**62 must not make as many.
        if entry.sequence > last + 1:
            yield Fault(FaultKind.MISSING, last + 1)
        if entry.previous_hash != previous:
            yield Fault(FaultKind.UNCHAINED, entry.sequence)
        if _hash_of(entry) != entry.hash:
            yield Fault(FaultKind.CHANGED, entry.sequence)
        if committed.get(entry.sequence, set()) - {entry.hash}:
            yield Fault(FaultKind.REWRITTEN, entry.sequence)
        previous, last = entry.hash, max(entry.sequence, last)
    for sequence in sorted(committed):
        if sequence > last:
            yield Fault(FaultKind.TRUNCATED, sequence)


def parse_heads(lines: Iterable[str]) -> tuple[list[Head], list[Fault]]:
    """Return the heads of a file of lines ``sequence hash time``, and its lines that are none.

    A last line without its end is what a power cut leaves: it is passed over.
    """
    heads: list[Head] = []
    malformed: list[int] = []
    number, torn = 0, False
    for number, line in enumerate(lines, start=1):
        torn = not line.endswith("\n")
        head = _head_in(line)
        if head is None:
            malformed.append(number)
        else:
            heads.append(head)
    if torn:
        malformed.remove(number)
    return heads, [Fault(FaultKind.MALFORMED_HEAD, place) for place in malformed]


def _head_in(line: str) -> Head | None:
    match = _HEAD_LINE.fullmatch(line)
    if match is None:
        return None
    try:
        datetime.fromisoformat(match[3])
    except ValueError:
        return None
    return Head(int(match[1]), bytes.fromhex(match[2]))


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


def _stable(value: object, where: str) -> object:
    """Return a value of plain objects and lists that the database gives back as it was."""
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return {_stable(name, where): _stable(part, f"{where}.{name}") for name, part in value.items()}
    if isinstance(value, list):
        return [_stable(part, f"{where}[{place}]") for place, part in enumerate(value)]
    if value is None or isinstance(value, bool) or (type(value) is int and abs(value) < _LARGEST_INTEGER):
        return value
    if isinstance(value, str) and not _UNSTORABLE.search(value):
        return value
    raise InvalidInput(
        "{where} cannot stand in the audit.", remedy="Use text, whole numbers, lists and objects.", where=where
    )
