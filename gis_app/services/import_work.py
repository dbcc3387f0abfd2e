"""Does a step of an import in one transaction: it is done whole, with the import's new state, or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, RowMapping

from gis_app.domain.errors import Conflict, InvalidInput, JingweiError
from gis_app.domain.imports import WORKING, ImportState
from gis_app.domain.rights import Scope
from gis_app.importers.frame import CheckedFile
from gis_app.importers.kinds import ImportKind
from gis_app.importers.mapping import ColumnMapping
from gis_app.importers.problems import ImportRefused
from gis_app.services import import_report
from gis_app.services.audit import Ledger
from gis_app.services.boundary_findings import accepted_shapes
from gis_app.services.import_undo import undo
from gis_app.services.imports import FileToImport, ImportOutcome, checked_file, load_checked
from gis_app.services.refused_rows import write_refused_rows
from gis_app.storage import import_findings, import_jobs
from gis_app.storage.engine import lift_time_limit, scoped
from gis_app.storage.import_files import ImportFiles

Tell = Callable[[str], None]
"""Told the name of each phase as it begins."""
PHASES: Mapping[ImportState, tuple[str, ...]] = {
    ImportState.CHECKING: ("reading", "loading", "writing", "looking"),
    ImportState.COMMITTING: ("reading", "loading", "writing"),
    ImportState.UNDOING: ("undoing",),
}
"""What a step consists of, in order."""


class ClaimLost(Exception):  # noqa: N818
    """The import was cancelled or taken over: what was done is rolled back."""


@dataclass(frozen=True)
class ImportWork:
    """What a worker works with: database, audit and clock, the files, the projected CRS, and its claim."""

    ledger: Ledger
    files: ImportFiles
    srid: int
    claim: uuid.UUID
    tell: Tell

    def do(self, job: RowMapping) -> None:
        """Do the step that an import waits for, and store its new state.

        Raises
        ------
        ClaimLost
            If it is no longer ours to do; then nothing is changed.
        """
        state = ImportState(job["state"])
        try:
            _STEPS[state](self, job)
        except JingweiError as error:
            values = {"state": WORKING[state][1].value, "problem": told(error), "report": {}, "datum": job["datum"]}
            with scoped(self.ledger.engine, scope_of(job)) as connection:
                self.finish(connection, job, values)

    def finish(self, connection: Connection, job: RowMapping, values: Mapping[str, Any]) -> None:
        """Store what came of the work; raises ``ClaimLost`` if the claim is lost, before anything is committed."""
        given = {"problem": None, "datum": job["datum"], "at": self.ledger.now(), **values}
        if not import_jobs.finish(connection, job["id"], self.claim, {**given, "report": dict(given["report"])}):
            raise ClaimLost


def scope_of(job: RowMapping) -> Scope:
    """Return the scope an import works in: the area of who began it, in the name of who asked for the step."""
    return Scope(str(job["options"].get("asked_by", job["account"])), job["scope_path"])


def told(error: JingweiError) -> dict[str, Any]:
    """Return an error as the import keeps it, to be told in the reader's language."""
    params = {name: str(value) for name, value in error.params.items()}
    kept: dict[str, Any] = {"template": error.template, "remedy": error.remedy_template, "params": params}
    if isinstance(error, ImportRefused):
        kept["problems"] = [import_report.problem_json(each) for each in error.problems[: import_report.MOST_PROBLEMS]]
    return kept


def file_of(job: RowMapping, files: ImportFiles) -> FileToImport:
    """Return the file of an import with what its importer chose."""
    options = job["options"]
    columns, constants = options.get("columns") or {}, options.get("constants") or {}
    return FileToImport(
        files.path(job["id"], job["file_name"]),
        ImportKind(job["kind"]),
        datum=job["datum"] or None,
        file_format=job["file_format"] or None,
        mapping=ColumnMapping(columns, constants) if columns or constants else None,
        is_whole=bool(options.get("is_whole")),
        leaves_out_refused=bool(options.get("leaves_out_refused")),
        left_out=frozenset(options.get("left_out", ())) | frozenset(int(row) for row in options.get("merges", {})),
    )


def _check(work: ImportWork, job: RowMapping) -> None:
    """Load the file as it would be, look at what came of it, and take all of it back."""
    work.tell("reading")
    wanted = replace(file_of(job, work.files), leaves_out_refused=True)
    read = checked_file(work.ledger.engine, wanted, now=work.ledger.now())
    with scoped(work.ledger.engine, scope_of(job)) as connection:
        lift_time_limit(connection)
        trial = connection.begin_nested()
        work.tell("loading")
        wanted = replace(wanted, reshaped=accepted_shapes(connection, read, job["options"], srid=work.srid))
        outcome = _loaded(work, connection, job, read, wanted)
        work.tell("writing")
        refused_at = write_refused_rows(work.files.refused_rows(job["id"]), wanted, outcome, datum=read.good.datum)
        work.tell("looking")
        report = import_report.of_check(
            connection, job["id"], read, wanted, outcome, refused_at=refused_at, srid=work.srid
        )
        trial.rollback()
        values = {"state": ImportState.CHECKED.value, "report": report, "datum": read.good.datum}
        work.finish(connection, job, values)


def _commit(work: ImportWork, job: RowMapping) -> None:
    work.tell("reading")
    wanted = file_of(job, work.files)
    read = checked_file(work.ledger.engine, wanted, now=work.ledger.now())
    with work.ledger.writing(scope_of(job)) as writing:
        connection = writing.connection
        lift_time_limit(connection)
        work.tell("loading")
        wanted = replace(wanted, reshaped=accepted_shapes(connection, read, job["options"], srid=work.srid))
        outcome = _loaded(work, connection, job, read, wanted)
        _merge(connection, job, read)
        work.tell("writing")
        write_refused_rows(work.files.refused_rows(job["id"]), wanted, outcome, datum=read.good.datum)
        values = {"state": ImportState.DONE.value, "report": import_report.of_commit(outcome), "datum": read.good.datum}
        work.finish(connection, job, values)
        writing.note(
            "import.done",
            f"import:{job['id']}",
            scope_path=job["scope_path"],
            kind=job["kind"],
            file=job["file_name"],
            sha256=job["file_sha256"],
            **{name: count for name, count in vars(outcome.count).items() if count},
        )
    work.files.remove_file(job["id"], job["file_name"])


def _undo(work: ImportWork, job: RowMapping) -> None:
    work.tell("undoing")
    with work.ledger.writing(scope_of(job)) as writing:
        lift_time_limit(writing.connection)
        if job["report"].get("is_kept") is not True:
            raise Conflict(
                "Nothing is known of what this import changed: it changed nothing, or was made before that was kept.",
                remedy="Import a corrected file.",
            )
        counts = undo(writing.connection, job["id"], ImportKind(job["kind"]))
        work.finish(writing.connection, job, {"state": ImportState.UNDONE.value, "report": {"undone": counts}})
        writing.note("import.undone", f"import:{job['id']}", scope_path=job["scope_path"], **counts)
    work.files.remove(job["id"])


_STEPS: Mapping[ImportState, Callable[[ImportWork, RowMapping], None]] = {
    ImportState.CHECKING: _check,
    ImportState.COMMITTING: _commit,
    ImportState.UNDOING: _undo,
}


def _loaded(
    work: ImportWork, connection: Connection, job: RowMapping, read: CheckedFile, wanted: FileToImport
) -> ImportOutcome:
    return load_checked(
        connection,
        read,
        wanted,
        now=work.ledger.now(),
        srid=work.srid,
        account=str(job["account"]),
        import_id=job["id"],
    )


def _merge(connection: Connection, job: RowMapping, read: CheckedFile) -> None:
    """Give each hazard that a row tells of once more the row's number, so that the next file finds it."""
    numbers = dict(zip(read.good.frame["source_row"], read.good.frame.get("external_id", ()), strict=False))
    for row, hazard_id in job["options"].get("merges", {}).items():
        found = import_findings.hazard_for_merge(connection, uuid.UUID(hazard_id))
        if found is None:
            raise InvalidInput(
                "The hazard that row {row} was to be merged with is not there.",
                remedy="Check the file again.",
                row=row,
            )
        number = numbers.get(int(row))
        if number:
            import_findings.link(connection, found["id"], str(number))
