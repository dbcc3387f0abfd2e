"""Imports over HTTP: a file in pieces, a look at it, a check, the commit, its undoing; and a stream of the progress."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Literal

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import Field
from sqlalchemy.exc import DBAPIError, TimeoutError

from gis_app.domain.errors import InvalidInput, JingweiError, NotFound, Unavailable
from gis_app.domain.imports import WORKING, ImportState, ImportStep
from gis_app.domain.rights import Right
from gis_app.importers.formats import IMPORTERS
from gis_app.importers.kinds import ImportKind
from gis_app.services import import_jobs, import_preview
from gis_app.services.import_choices import ImportChoices, ImportWish
from gis_app.services.import_jobs import PIECE_BYTES
from gis_app.services.refused_rows import refused_table
from gis_app.web.access import asking_again, current_caller, current_scope, requires
from gis_app.web.bodies import Line, Strict, body_of
from gis_app.web.contract import Parameter, contract
from gis_app.web.import_answers import field_name, job_json, preview_json, profile_json, said

blueprint = Blueprint("import_api", __name__, url_prefix="/api/imports")
TICK_S = 0.5
LONGEST_S = 3600.0
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
Row = Annotated[int, Field(ge=0, le=2**31 - 1)]
DATUM = {"type": "string", "maxLength": 40}


class ImportBody(Strict):
    """A file that is to come. ``id`` is made by the client, once, and sent again when a request is repeated."""

    id: uuid.UUID
    kind: ImportKind
    file_name: Annotated[Line, Field(min_length=1)]
    size: Annotated[int, Field(ge=1, le=2**40)]
    datum: Line | None = None
    format: Line | None = None


class StepBody(Strict):
    """A step of an import as it was seen at ``version``.

    For ``check``: ``columns`` (header to field), ``constants`` (field to the value of all rows), ``datum``, ``format``,
    ``whole`` (areas the file does not bring end) and ``profile``, a name to keep them under. For ``commit``:
    ``leave_out_refused``, ``left_out`` (rows), ``merges`` (row to the hazard it repeats) and ``fixes`` (ids of faults
    whose mending is accepted).
    """

    version: Version
    step: Literal["check", "commit", "cancel", "undo"]
    datum: Line | None = None
    format: Line | None = None
    columns: Annotated[dict[Line, Line], Field(max_length=200)] = Field(default_factory=dict)
    constants: Annotated[dict[Line, Line], Field(max_length=50)] = Field(default_factory=dict)
    profile: Annotated[Line, Field(max_length=80)] = ""
    whole: bool = False
    leave_out_refused: bool = False
    left_out: Annotated[list[Row], Field(max_length=10_000)] = Field(default_factory=list)
    merges: Annotated[dict[Row, uuid.UUID], Field(max_length=10_000)] = Field(default_factory=dict)
    fixes: Annotated[list[Line], Field(max_length=1000)] = Field(default_factory=list)

    def choices(self) -> ImportChoices:
        """Return what was chosen as the services take it."""
        same = ("version", "datum", "columns", "constants", "profile", "left_out", "merges", "fixes")
        return ImportChoices(
            **{name: getattr(self, name) for name in same},
            file_format=self.format,
            is_whole=self.whole,
            leaves_out_refused=self.leave_out_refused,
        )


@blueprint.get("")
@requires(Right.IMPORT_DATA)
@contract("Imports of the caller's area, the newest first, and the profiles of sources")
def list_imports() -> ResponseReturnValue:
    """Answer the history of imports."""
    rows, profiles = import_jobs.listed(current_app.extensions["jingwei"].engine, current_scope())
    shown = [job_json(row, is_short=True) for row in rows]
    return jsonify(imports=shown, profiles=[profile_json(row) for row in profiles])


@blueprint.post("")
@requires(Right.IMPORT_DATA)
@contract("Announce a file; repeated with the same id and body it is announced once", body=ImportBody, created=True)
def begin() -> ResponseReturnValue:
    """Make room for a file: 201, or 200 when it was announced before."""
    body = body_of(ImportBody)
    wish = ImportWish(body.id, body.kind, body.file_name, body.size, body.datum or None, body.format or None)
    job, is_new = import_jobs.begin(current_app.extensions["jingwei"].ledger, current_caller(), wish)
    answer = jsonify(job_json(job))
    answer.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    return answer


@blueprint.get("/<uuid:job_id>")
@requires(Right.IMPORT_DATA)
@contract("One import: its state, progress, and what its check found")
def one(job_id: uuid.UUID) -> ResponseReturnValue:
    """Answer an import."""
    return jsonify(job_json(import_jobs.one(current_app.extensions["jingwei"].engine, current_scope(), job_id)))


@blueprint.put("/<uuid:job_id>/content")
@requires(Right.IMPORT_DATA)
@contract(
    "Send the next piece of the file as the body, at most 4 MiB; the answer says how much has come",
    query=(Parameter("offset", "at which byte the piece begins", {"type": "integer", "minimum": 0}),),
)
def receive(job_id: uuid.UUID) -> ResponseReturnValue:
    """Take a piece of a file; it is on the disk when this answers."""
    state, offset = current_app.extensions["jingwei"], request.args.get("offset", "0")
    if not (offset.isascii() and offset.isdigit() and len(offset) < 16):
        raise InvalidInput("{name} is {value!r}.", remedy="Write a number of bytes.", name="offset", value=offset[:40])
    request.max_content_length = PIECE_BYTES
    piece = request.get_data(cache=False)
    job = import_jobs.receive(state.ledger, state.imports, current_scope(), job_id, piece, offset=int(offset))
    return jsonify(job_json(job))


@blueprint.get("/<uuid:job_id>/preview")
@requires(Right.IMPORT_DATA)
@contract(
    "The first rows of a file, what its columns seem to be, and what it says of its datum",
    query=(
        Parameter("datum", "of the coordinates, to place the rows on the map", DATUM),
        Parameter("format", "of the file", {"type": "string", "enum": list(IMPORTERS)}),
    ),
)
def preview(job_id: uuid.UUID) -> ResponseReturnValue:
    """Answer a look at a file."""
    state = current_app.extensions["jingwei"]
    datum, file_format = request.args.get("datum") or None, request.args.get("format") or None
    seen = import_preview.look(
        state.engine, state.imports, current_scope(), job_id, datum=datum, file_format=file_format
    )
    return jsonify(preview_json(seen))


@blueprint.post("/<uuid:job_id>/steps")
@requires(Right.IMPORT_DATA)
@contract("Ask for the check, the commit, the end or the undoing of an import; a worker does it", body=StepBody)
def take_step(job_id: uuid.UUID) -> ResponseReturnValue:
    """Move an import on and answer it."""
    state, body = current_app.extensions["jingwei"], body_of(StepBody)
    job = import_jobs.take_step(
        state.ledger, state.imports, current_caller(), job_id, ImportStep(body.step), body.choices()
    )
    return jsonify(job_json(job))


@blueprint.get("/<uuid:job_id>/refused.csv")
@requires(Right.IMPORT_DATA)
@contract("The rows that were refused, each with the reason, ready to be mended and sent again", answers="text/csv")
def refused_rows(job_id: uuid.UUID) -> ResponseReturnValue:
    """Answer the refused rows as a table."""
    state = current_app.extensions["jingwei"]
    job = import_jobs.one(state.engine, current_scope(), job_id)
    table = refused_table(state.imports.refused_rows(job_id), said, partial(field_name, ImportKind(job["kind"])))
    if table is None:
        raise NotFound("No row of this import was refused.", remedy="There is nothing to be mended.")
    name = f"refused-{str(job_id)[:8]}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(table, mimetype="text/csv", headers=headers | {"X-Import": str(job["id"])})


@blueprint.get("/<uuid:job_id>/events")
@requires(Right.IMPORT_DATA)
@contract(
    "A stream of server-sent events: `progress` while a worker is at work, then `end`",
    answers="text/event-stream",
)
def events(job_id: uuid.UUID) -> ResponseReturnValue:
    """Answer the progress of an import until nobody works on it."""
    state, is_closing = current_app.extensions["jingwei"], current_app.extensions.get("jingwei_closing", lambda: False)
    import_jobs.one(state.engine, current_scope(), job_id)
    state.streams.take()
    telling = _telling(state.engine, asking_again(), job_id, is_closing)
    response = Response(telling, mimetype="text/event-stream")
    response.call_on_close(state.streams.give_back)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _telling(engine: Any, ask: Any, job_id: uuid.UUID, is_closing: Any) -> Iterator[str]:
    """Yield what changes; the log-in is asked for again each time before anything is told."""
    began, last = time.monotonic(), ""
    yield "retry: 2000\n\n"
    while not is_closing() and time.monotonic() - began < LONGEST_S:
        try:
            caller = ask()
            if caller is None or Right.IMPORT_DATA not in caller.scope.rights:
                break
            job = import_jobs.one(engine, caller.scope, job_id)
        except (Unavailable, DBAPIError, TimeoutError):
            time.sleep(TICK_S)
            continue
        except JingweiError:
            break
        told = json.dumps({"state": job["state"], "progress": job["progress"], "version": job["version"]})
        if told != last:
            last = told
            yield f"event: progress\ndata: {told}\n\n"
        if ImportState(job["state"]) not in WORKING:
            break
        time.sleep(TICK_S)
    yield "event: end\ndata: {}\n\n"
