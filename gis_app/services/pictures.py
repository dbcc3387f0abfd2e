"""Pictures of hazards, before and after: stored once however often they are sent, served without what cameras tell."""

from __future__ import annotations

import hashlib
import tempfile
import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine, RowMapping

from gis_app.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, require_one_of
from gis_app.domain.rights import Right, Scope
from gis_app.importers.picture_reading import Picture, read_picture
from gis_app.services.audit import Ledger
from gis_app.services.closed_loop import missing_case
from gis_app.storage import pictures
from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.file_store import FileStore

KINDS = ("before", "after")
MOST_BYTES = 15 * 2**20
MOST_OF_CASE = 30
FAR_M = 200.0
"""A picture taken further away than this is marked: the place in one of the two may be wrong."""
SWEPT_AFTER = timedelta(days=1)
_SENDERS = frozenset({Right.REPORT_HAZARD, Right.MOVE_HAZARD})


@dataclass(frozen=True)
class Sent:
    """A picture as it came: the client's identifier, what it shows, and its bytes."""

    id: uuid.UUID
    kind: str
    content: bytes


def add(ledger: Ledger, store: FileStore, scope: Scope, hazard_id: uuid.UUID, sent: Sent) -> tuple[RowMapping, bool]:
    """Keep a picture; return it, and whether this request stored it or an earlier one with the same bytes.

    Raises
    ------
    Forbidden
        If the account neither reports nor handles hazards.
    NotFound
        If there is no such hazard in the caller's area.
    InvalidInput, Refused
        If kind or size are not usable, the case has too many, or this is no picture.
    Conflict
        If the identifier stands for another picture, or a withdrawn one.
    """
    if not scope.rights & _SENDERS:
        raise Forbidden("Your account may not do this.", remedy="Ask the administrator of your area.")
    require_one_of("kind", sent.kind, KINDS)
    sent_hash = hashlib.sha256(sent.kind.encode() + b"\n" + sent.content).digest()
    with scoped(ledger.engine, scope) as connection:
        if pictures.path_of_hazard(connection, hazard_id) is None:
            raise missing_case()
        known = pictures.one(connection, hazard_id, sent.id)
        if known is None and len(pictures.of_case(connection, hazard_id)) >= MOST_OF_CASE:
            raise InvalidInput("The case has {most} pictures.", remedy="Withdraw one first.", most=MOST_OF_CASE)
    if known is not None:
        return _same(known, sent_hash), False
    with tempfile.TemporaryFile() as handed_over:
        handed_over.write(sent.content)
        handed_over.seek(0)
        picture = read_picture(handed_over)
    # On the disk before the row: a row never lacks its file, whatever happens in between.
    names = store.put(picture.full), store.put(picture.thumbnail)
    return _store(ledger, scope, hazard_id, sent, sent_hash=sent_hash, picture=picture, names=names)


def _store(
    ledger: Ledger,
    scope: Scope,
    hazard_id: uuid.UUID,
    sent: Sent,
    *,
    sent_hash: bytes,
    picture: Picture,
    names: tuple[str, str],
) -> tuple[RowMapping, bool]:
    with ledger.writing(scope) as work:
        connection = work.connection
        path = pictures.path_of_hazard(connection, hazard_id)
        if path is None:
            raise missing_case()
        # Asked again under the lock: the same picture may have been sent twice at once.
        known = pictures.one(connection, hazard_id, sent.id)
        if known is not None:
            return _same(known, sent_hash), False
        far = (
            pictures.distance_m(connection, hazard_id, lon=picture.place[0], lat=picture.place[1])
            if picture.place
            else None
        )
        pictures.add(
            connection,
            {
                "hazard_id": hazard_id,
                "id": sent.id,
                "kind": sent.kind,
                "sent_hash": sent_hash,
                "full_name": names[0],
                "thumbnail_name": names[1],
                "width": picture.width,
                "height": picture.height,
                "taken_at": picture.taken_at,
                "distance_m": far,
                "account": scope.account,
                "created_at": ledger.now(),
                "scope_path": path,
            },
        )
        work.note("picture.add", f"hazard:{hazard_id}", scope_path=path, picture=str(sent.id), kind=sent.kind)
        stored = pictures.one(connection, hazard_id, sent.id)
    if stored is None:
        raise missing_case()
    return stored, True


def of_case(engine: Engine, scope: Scope, hazard_id: uuid.UUID) -> list[RowMapping]:
    """Return the pictures of a case."""
    with scoped(engine, scope) as connection:
        return list(pictures.of_case(connection, hazard_id))


def content(
    engine: Engine, store: FileStore, scope: Scope, hazard_id: uuid.UUID, picture_id: uuid.UUID, *, small: bool
) -> bytes:
    """Return a picture as JPEG.

    Raises
    ------
    NotFound
        If there is none in the caller's area, or its file is gone.
    """
    with scoped(engine, scope) as connection:
        known = pictures.one(connection, hazard_id, picture_id)
    found = None
    if known is not None and known["withdrawn_at"] is None:
        found = store.get(known["thumbnail_name" if small else "full_name"])
    if found is None:
        raise _missing()
    return found


def may_withdraw(scope: Scope, picture: RowMapping) -> bool:
    """Return whether a picture is the caller's own, or the caller is of the desk."""
    return picture["account"] == scope.account or Right.CORRECT_HAZARD in scope.rights


def withdraw(ledger: Ledger, scope: Scope, hazard_id: uuid.UUID, picture_id: uuid.UUID) -> None:
    """Show a picture no more: its own sender may, and the desk.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    Forbidden
        If it is somebody else's and the caller has no part in the loop.
    """
    with ledger.writing(scope) as work:
        path = pictures.path_of_hazard(work.connection, hazard_id)
        known = pictures.one(work.connection, hazard_id, picture_id)
        if path is None or known is None or known["withdrawn_at"] is not None:
            raise _missing()
        if not may_withdraw(scope, known):
            raise Forbidden("The picture is somebody else's.", remedy="Leave it to the desk.")
        pictures.withdraw(work.connection, hazard_id, picture_id, at=ledger.now())
        work.note("picture.withdraw", f"hazard:{hazard_id}", scope_path=path, picture=str(picture_id))


def sweep(ledger: Ledger, store: FileStore) -> int:
    """Delete files of withdrawn pictures, and of those that never came to a row; return how many."""
    before = (ledger.now() - SWEPT_AFTER).timestamp()
    with scoped(ledger.engine, system_scope()) as connection:
        kept = pictures.names(connection)
    return store.sweep(kept, before=before)


def _same(known: RowMapping, sent_hash: bytes) -> RowMapping:
    if bytes(known["sent_hash"]) != sent_hash or known["withdrawn_at"] is not None:
        raise Conflict("The identifier stands for another picture.", remedy="Make a new identifier for a new picture.")
    return known


def _missing() -> NotFound:
    return NotFound("There is no such picture.", remedy="It may have been withdrawn, or lie outside your area.")
