"""Imports of the command line: a file in one go, a check that changes nothing, the history, and the undoing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping

from gis_app.domain.errors import Conflict, InvalidInput
from gis_app.domain.imports import ImportState, ImportStep, state_after
from gis_app.domain.rights import Scope
from gis_app.importers.frame import CheckedFile
from gis_app.importers.kinds import ImportKind
from gis_app.importers.mapping import ColumnMapping
from gis_app.services import import_report
from gis_app.services.audit import Ledger
from gis_app.services.import_jobs import missing
from gis_app.services.import_undo import undo
from gis_app.services.imports import FileToImport, ImportOutcome, checked_file, load_checked
from gis_app.services.refused_rows import Say, refused_table, write_refused_rows
from gis_app.storage import import_jobs, reference
from gis_app.storage.engine import lift_time_limit, long_job, scoped, system_scope

ACCOUNT = "command line"


@dataclass(frozen=True)
class DirectImport:
    """What came of a file: the outcome, the report of a check (None where it was imported), the datum."""

    outcome: ImportOutcome
    report: dict[str, Any] | None
    datum: str


def import_directly(ledger: Ledger, wanted: FileToImport, *, srid: int, profile: str = "") -> DirectImport:
    """Import a file in one transaction, with its entry in the history and in the audit.

    Raises
    ------
    ImportRefused, InvalidInput, Refused, Unavailable, Conflict
        As ``imports.import_into``.
    """
    read, now, import_id = checked_file(ledger.engine, wanted, now=ledger.now()), ledger.now(), uuid.uuid4()
    with ledger.writing(system_scope(ACCOUNT)) as work:
        lift_time_limit(work.connection)
        outcome = load_checked(work.connection, read, wanted, now=now, srid=srid, account=ACCOUNT, import_id=import_id)
        if not outcome.was_known:
            job = _job(work.connection, ledger, wanted, read, outcome, import_id=import_id, profile=profile)
            counts = {name: count for name, count in vars(outcome.count).items() if count}
            work.note(
                "import.done", f"import:{import_id}", scope_path=job["scope_path"], file=wanted.path.name, **counts
            )
            if profile and wanted.mapping is not None:
                _keep_profile(work.connection, job, wanted.mapping)
    return DirectImport(outcome, None, read.good.datum)


def check_directly(ledger: Ledger, wanted: FileToImport, *, srid: int) -> DirectImport:
    """Load a file into a transaction, look at what came of it, and take it back; raises as ``import_directly``."""
    wanted = replace(wanted, leaves_out_refused=True)
    read, now, import_id = checked_file(ledger.engine, wanted, now=ledger.now()), ledger.now(), uuid.uuid4()
    with long_job(ledger.engine) as connection:
        trial = connection.begin_nested()
        outcome = load_checked(connection, read, wanted, now=now, srid=srid, account=ACCOUNT, import_id=import_id)
        report = import_report.of_check(connection, import_id, read, wanted, outcome, refused_at={}, srid=srid)
        trial.rollback()
    return DirectImport(outcome, report, read.good.datum)


def write_refused(place: Path, wanted: FileToImport, done: DirectImport, say: Say) -> bool:
    """Write the refused rows with their reasons as CSV; return whether there were any."""
    lines = place.with_name(f".{place.name}.lines")
    try:
        write_refused_rows(lines, wanted, done.outcome, datum=done.datum)
        table = refused_table(lines, say)
    finally:
        lines.unlink(missing_ok=True)
    if table is None:
        return False
    place.write_text(table, encoding="utf-8", newline="")
    return True


def profile_of(ledger: Ledger, kind: ImportKind, name: str) -> RowMapping:
    """Return the profile of a name; the newest where several areas have one.

    Raises
    ------
    InvalidInput
        If there is none.
    """
    with scoped(ledger.engine, system_scope()) as connection:
        rows = [row for row in import_jobs.profiles(connection) if row["kind"] == kind and row["name"] == name]
    if not rows:
        raise InvalidInput(
            "There is no profile {name} for {kind}.",
            remedy="Name the columns with --map and keep them with --save-profile.",
            name=name[:80],
            kind=kind.value,
        )
    return max(rows, key=lambda row: row["changed_at"])


def history(ledger: Ledger, *, most: int) -> Sequence[RowMapping]:
    """Return the imports of the whole city, the newest first."""
    with scoped(ledger.engine, system_scope()) as connection:
        return import_jobs.listed(connection, most=most)


def undo_directly(ledger: Ledger, given: str) -> dict[str, int]:
    """Undo an import, named by the beginning of its id; return how many rows were put back and removed.

    Raises
    ------
    NotFound
        If there is no such import, or several begin so.
    Conflict
        If it is not to be undone, or later things depend on it.
    """
    found = [row for row in history(ledger, most=10_000) if given and str(row["id"]).startswith(given)]
    if len(found) != 1:
        raise missing()
    with ledger.writing(Scope(ACCOUNT, found[0]["scope_path"])) as work:
        lift_time_limit(work.connection)
        job = import_jobs.one(work.connection, found[0]["id"], for_change=True)
        if job is None:
            raise missing()
        state_after(ImportState(job["state"]), ImportStep.UNDO)
        if job["report"].get("is_kept") is not True:
            raise Conflict(
                "Nothing is known of what this import changed: it changed nothing, or was made before that was kept.",
                remedy="Import a corrected file.",
            )
        counts = undo(work.connection, job["id"], ImportKind(job["kind"]))
        import_jobs.store_undone(work.connection, job["id"], counts, at=ledger.now())
        work.note("import.undone", f"import:{job['id']}", scope_path=job["scope_path"], **counts)
    return counts


def _job(
    connection: Connection,
    ledger: Ledger,
    wanted: FileToImport,
    read: CheckedFile,
    outcome: ImportOutcome,
    *,
    import_id: uuid.UUID,
    profile: str,
) -> dict[str, Any]:
    job = {
        "id": import_id,
        "kind": wanted.kind.value,
        "state": ImportState.DONE.value,
        "file_name": wanted.path.name[:200],
        "file_format": read.good.file_format,
        "datum": read.good.datum,
        "profile": profile,
        "size_bytes": wanted.path.stat().st_size,
        "received_bytes": wanted.path.stat().st_size,
        "file_sha256": read.good.file_sha256,
        "report": import_jobs.as_json(import_report.of_commit(outcome)),
        "account": ACCOUNT,
        "created_at": ledger.now(),
        "changed_at": ledger.now(),
        "scope_path": reference.own_city_or_area(connection),
    }
    import_jobs.add(connection, job)
    return job


def _keep_profile(connection: Connection, job: dict[str, Any], mapping: ColumnMapping) -> None:
    settings = {
        "columns": dict(mapping.columns),
        "constants": dict(mapping.constants),
        "datum": job["datum"],
        "file_format": job["file_format"],
    }
    facts = {"kind": job["kind"], "name": job["profile"], "settings": settings, "account": ACCOUNT}
    import_jobs.keep_profile(connection, {**facts, "at": job["created_at"], "scope_path": job["scope_path"]})
