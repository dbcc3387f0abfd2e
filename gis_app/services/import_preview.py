"""A look at a file before anything is decided: its first rows, what its columns seem to be, profiles that fit."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, RowMapping

from gis_app.domain.errors import Conflict
from gis_app.domain.imports import IN_HAND, ImportState
from gis_app.domain.rights import Scope
from gis_app.importers.kinds import ImportKind
from gis_app.importers.mapping import FieldFact, fields_of
from gis_app.importers.preview import Preview, preview
from gis_app.services.import_jobs import missing
from gis_app.storage import import_jobs
from gis_app.storage.engine import scoped
from gis_app.storage.import_files import ImportFiles

SHOWN_ROWS = 20


@dataclass(frozen=True)
class Look:
    """What is seen of a file, the fields its columns may stand for, and the profiles of its kind."""

    preview: Preview
    fields: Sequence[FieldFact]
    profiles: Sequence[RowMapping]


def look(
    engine: Engine,
    files: ImportFiles,
    scope: Scope,
    job_id: uuid.UUID,
    *,
    datum: str | None = None,
    file_format: str | None = None,
) -> Look:
    """Return a look at the file of an import.

    Raises
    ------
    NotFound
        If the caller sees no such import.
    Conflict
        If its file is not complete, or not kept any more.
    InvalidInput, Refused, Unavailable
        As ``importers.frame.preview``.
    """
    with scoped(engine, scope) as connection:
        job = import_jobs.one(connection, job_id)
        profiles = import_jobs.profiles(connection)
    if job is None:
        raise missing()
    path = files.path(job_id, job["file_name"])
    if job["state"] not in IN_HAND or job["state"] == ImportState.UPLOADING or not path.is_file():
        raise Conflict("The file is not complete, or not kept any more.", remedy="Send it, or begin a new import.")
    kind = ImportKind(job["kind"])
    seen = preview(
        path,
        kind,
        datum=datum or job["datum"] or None,
        file_format=file_format or job["file_format"] or None,
        limit=SHOWN_ROWS,
    )
    return Look(seen, fields_of(kind), [row for row in profiles if row["kind"] == kind.value])
