"""Imports as a person drives them: a file comes in pieces, is looked at, checked, committed, cancelled or undone."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, RowMapping

from gis_app.domain.areas import AreaLevel
from gis_app.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from gis_app.domain.imports import IN_HAND, ImportState, ImportStep, state_after
from gis_app.domain.rights import Scope
from gis_app.importers import datums
from gis_app.importers.formats import IMPORTERS, format_name
from gis_app.importers.kinds import ImportKind
from gis_app.services.audit import Ledger
from gis_app.services.gate import Caller
from gis_app.services.import_choices import ImportChoices, ImportWish, usable_name, values_of_check
from gis_app.storage import import_jobs
from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.import_files import ImportFiles

MOST_LISTED = 200
MOST_BYTES = 512 * 2**20
PIECE_BYTES = 4 * 2**20
KEPT_FOR, SWEPT_AFTER = timedelta(days=30), timedelta(days=1)
CITY_ONLY = frozenset({ImportKind.STREETS})
"""Kinds without an area: they are the whole city's."""


def missing() -> NotFound:
    """Return the answer for an import that is not there or not the caller's."""
    return NotFound("There is no such import.", remedy="It may lie outside your area.")


def listed(engine: Engine, scope: Scope) -> tuple[Sequence[RowMapping], Sequence[RowMapping]]:
    """Return the imports of the caller's area, the newest first, and the profiles of sources."""
    with scoped(engine, scope) as connection:
        return import_jobs.listed(connection, most=MOST_LISTED), import_jobs.profiles(connection)


def one(engine: Engine, scope: Scope, job_id: uuid.UUID) -> RowMapping:
    """Return an import.

    Raises
    ------
    NotFound
        If the caller sees no such import.
    """
    with scoped(engine, scope) as connection:
        found = import_jobs.one(connection, job_id)
    if found is None:
        raise missing()
    return found


def begin(ledger: Ledger, caller: Caller, wish: ImportWish) -> tuple[RowMapping, bool]:
    """Make room for a file; return the import, and whether this request made it or an earlier one with the same facts.

    Raises
    ------
    InvalidInput
        If the name, format, size or datum cannot be.
    Forbidden
        If this kind is imported for the whole city only.
    Conflict
        If the identifier stands for another import.
    """
    _refuse_kind(caller, wish.kind)
    name = usable_name(wish.file_name)
    chosen = format_name(Path(name), wish.file_format)
    most = min(MOST_BYTES, IMPORTERS[chosen].max_bytes)
    if not 0 < wish.size_bytes <= most:
        raise InvalidInput(
            "The file has {size} bytes; files of this format have at most {most}.",
            remedy="Split it into smaller files; an empty one was not exported whole.",
            size=wish.size_bytes,
            most=most,
        )
    values = {
        "id": wish.id,
        "kind": wish.kind.value,
        "state": ImportState.UPLOADING.value,
        "file_name": name,
        "file_format": chosen,
        "datum": datums.normalised(wish.datum) if wish.datum else "",
        "size_bytes": wish.size_bytes,
        "account": caller.scope.account,
        "created_at": ledger.now(),
        "changed_at": ledger.now(),
        "scope_path": caller.scope.area_path,
    }
    with ledger.writing(caller.scope) as work:
        known = import_jobs.one(work.connection, wish.id)
        if known is not None:
            return _same(known, values), False
        if not import_jobs.add(work.connection, values):
            raise _taken()
        work.note("import.begin", f"import:{wish.id}", scope_path=caller.scope.area_path, kind=wish.kind.value)
        made = import_jobs.one(work.connection, wish.id)
    if made is None:
        raise missing()
    return made, True


def receive(
    ledger: Ledger, files: ImportFiles, scope: Scope, job_id: uuid.UUID, piece: bytes, *, offset: int
) -> RowMapping:
    """Take the next piece of a file; the last one completes it.

    Raises
    ------
    NotFound
        If the caller sees no such import.
    Conflict
        If the file is complete, or the piece does not begin where the last one ended.
    InvalidInput
        If the piece is empty or goes beyond the size announced.
    """
    with scoped(ledger.engine, scope) as connection:
        job = import_jobs.one(connection, job_id, for_change=True)
        if job is None:
            raise missing()
        if job["state"] != ImportState.UPLOADING:
            raise Conflict("The file is complete already.", remedy="Load the page again.")
        if offset != job["received_bytes"]:
            raise Conflict(
                "The next piece begins at byte {received}.", remedy="Go on from there.", received=job["received_bytes"]
            )
        received = offset + len(piece)
        if not piece or received > job["size_bytes"]:
            raise InvalidInput(
                "The piece is empty, or the file is longer than the {size} bytes announced.",
                remedy="Begin the import again.",
                size=job["size_bytes"],
            )
        files.put(job_id, job["file_name"], piece, offset=offset)
        is_whole = received == job["size_bytes"]
        import_jobs.receive(
            connection,
            job_id,
            received=received,
            state=ImportState.UPLOADED if is_whole else ImportState.UPLOADING,
            sha256=files.sha256(job_id, job["file_name"]) if is_whole else "",
            at=ledger.now(),
        )
        stored = import_jobs.one(connection, job_id)
    if stored is None:
        raise missing()
    return stored


def take_step(
    ledger: Ledger, files: ImportFiles, caller: Caller, job_id: uuid.UUID, step: ImportStep, choices: ImportChoices
) -> RowMapping:
    """Ask for a check, for the commit, for the end or for the undoing of an import; a worker does it.

    Raises
    ------
    NotFound
        If the caller sees no such import.
    Conflict
        If it changed meanwhile, or the step does not follow.
    InvalidInput
        If the columns, datum or format cannot be.
    """
    with ledger.writing(caller.scope) as work:
        job = import_jobs.one(work.connection, job_id, for_change=True)
        if job is None:
            raise missing()
        if job["version"] != choices.version:
            raise Conflict("The import changed meanwhile.", remedy="Load the page again.")
        kind = ImportKind(job["kind"])
        _refuse_kind(caller, kind)
        state = state_after(ImportState(job["state"]), step)
        values = values_of_check(job, kind, choices) if step is ImportStep.CHECK else _kept(job)
        if step is ImportStep.COMMIT:
            values["options"] = {**values["options"], **choices.of_commit()}
        values["options"] = {**values["options"], "asked_by": caller.scope.account}
        import_jobs.move(work.connection, job_id, {**values, "state": state.value}, at=ledger.now())
        if step is ImportStep.CHECK and choices.profile:
            _keep_profile(work.connection, caller, kind, values, at=ledger.now())
        if step is not ImportStep.CHECK:
            work.note(f"import.{step.value}", f"import:{job_id}", scope_path=job["scope_path"], file=job["file_name"])
        after = import_jobs.one(work.connection, job_id)
    if after is None:
        raise missing()
    if step is ImportStep.CANCEL:
        files.remove(job_id)
    return after


def sweep(ledger: Ledger, files: ImportFiles) -> int:
    """Delete files of imports that ended, or that nobody went on with for a month; return how many."""
    now = ledger.now()
    with scoped(ledger.engine, system_scope()) as connection:
        kept = import_jobs.ids_in_hand(connection, [*IN_HAND, ImportState.DONE], since=now - KEPT_FOR)
    return files.sweep(kept, before=(now - SWEPT_AFTER).timestamp())


def _refuse_kind(caller: Caller, kind: ImportKind) -> None:
    if kind in CITY_ONLY and caller.level is not AreaLevel.CITY:
        raise Forbidden("Streets are imported for the whole city.", remedy="Leave it to the city's own office.")


def _kept(job: RowMapping) -> dict[str, Any]:
    return {name: job[name] for name in ("options", "datum", "file_format", "profile")}


def _keep_profile(connection: Any, caller: Caller, kind: ImportKind, values: Mapping[str, Any], *, at: Any) -> None:
    settings = {name: values["options"][name] for name in ("columns", "constants")}
    import_jobs.keep_profile(
        connection,
        {
            "kind": kind.value,
            "name": values["profile"],
            "settings": {**settings, "datum": values["datum"], "file_format": values["file_format"]},
            "account": caller.scope.account,
            "at": at,
            "scope_path": caller.scope.area_path,
        },
    )


def _same(known: RowMapping, values: Mapping[str, Any]) -> RowMapping:
    facts = ("kind", "file_name", "size_bytes", "account", "scope_path")
    if any(known[name] != values[name] for name in facts):
        raise _taken()
    return known


def _taken() -> Conflict:
    return Conflict("The identifier stands for another import.", remedy="Make a new identifier for a new one.")
