"""The log of the duty desk: its page, its lines, and the marks put on the map during a shift."""

from __future__ import annotations

import json
import uuid
from datetime import UTC
from http import HTTPStatus
from typing import Annotated, Any

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import Field, StringConstraints
from sqlalchemy import RowMapping

from gis_app.domain.desk_shifts import EntryKind, Shift, ShiftName, shift_at
from gis_app.domain.errors import InvalidInput, require_one_of
from gis_app.domain.rights import Right
from gis_app.services import shift_log
from gis_app.services.shift_log import EntryWish, MarkWish, Stored
from gis_app.web import params
from gis_app.web.access import current_scope, requires
from gis_app.web.bodies import Strict, Words, body_of
from gis_app.web.contract import Parameter, contract
from gis_app.web.screening import warnings_of

blueprint = Blueprint("shifts", __name__)
# The part of the map's address behind the hash: plain characters, no quotes or brackets.
View = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[A-Za-z0-9 =&/.,:;_~+%()-]*$")]
MarkWords = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_WHICH = (
    Parameter("day", "day the shift began, today by default", {"type": "string", "format": "date"}),
    Parameter("shift", "which one", {"enum": [name.value for name in ShiftName]}),
)


class EntryBody(Strict):
    """A line of the log. ``id`` is made by the client, once, and sent again when a request is repeated."""

    id: uuid.UUID
    kind: EntryKind = EntryKind.NOTE
    words: Words = ""
    view: View = ""


class MarkBody(Strict):
    """A mark on the map: GeoJSON Point, LineString or Polygon in WGS-84, with words."""

    id: uuid.UUID
    geometry: Annotated[dict[str, Any], Field(max_length=4)]
    words: MarkWords = ""


@blueprint.get("/shift")
@requires(Right.KEEP_SHIFT_LOG)
@contract("The log of a shift", query=_WHICH, answers="text/html")
def page() -> ResponseReturnValue:
    """Show the log of a shift; it prints."""
    shift = _wanted()
    state = current_app.extensions["jingwei"]
    found = shift_log.log_of(state.engine, current_scope(), shift)
    now = shift_at(state.now())
    return render_template(
        "shift.html",
        title=gettext("Shift log"),
        shift=shift,
        is_present=shift == now,
        is_past=shift.begins_at < now.begins_at,
        entries=found["entries"],
        marks=found["marks"],
    )


@blueprint.get("/api/shifts/log")
@requires(Right.KEEP_SHIFT_LOG)
@contract("The lines and marks of a shift in the caller's area", query=_WHICH)
def log() -> ResponseReturnValue:
    """Answer the log of a shift."""
    shift = _wanted()
    found = shift_log.log_of(current_app.extensions["jingwei"].engine, current_scope(), shift)
    return jsonify(
        day=shift.day.isoformat(),
        shift=shift.name.value,
        begins_at=shift.begins_at.isoformat(),
        ends_at=shift.ends_at.isoformat(),
        entries=[entry_json(row) for row in found["entries"]],
        marks=[mark_json(row) for row in found["marks"]],
    )


@blueprint.post("/api/shifts/entries")
@requires(Right.KEEP_SHIFT_LOG)
@contract("Add a line to the log of the present shift", body=EntryBody, created=True)
def add_entry() -> ResponseReturnValue:
    """Add a line: 201, or 200 when it was added before."""
    body = body_of(EntryBody)
    wish = EntryWish(body.id, body.kind, body.words, body.view)
    done = shift_log.add_entry(current_app.extensions["jingwei"].ledger, current_scope(), wish)
    return _answer(done, entry_json(done.row), body.words)


@blueprint.post("/api/shifts/marks")
@requires(Right.KEEP_SHIFT_LOG)
@contract("Put a mark on the map of the present shift", body=MarkBody, created=True)
def add_mark() -> ResponseReturnValue:
    """Add a mark: 201, or 200 when it was added before."""
    body = body_of(MarkBody)
    wish = MarkWish(body.id, body.geometry, body.words)
    done = shift_log.add_mark(current_app.extensions["jingwei"].ledger, current_scope(), wish)
    return _answer(done, mark_json(done.row), body.words)


@blueprint.delete("/api/shifts/marks/<int:mark_id>")
@requires(Right.KEEP_SHIFT_LOG)
@contract("Take one's own mark off the map")
def withdraw_mark(mark_id: int) -> ResponseReturnValue:
    """Take a mark off the map; its row stays."""
    shift_log.withdraw_mark(current_app.extensions["jingwei"].ledger, current_scope(), mark_id)
    return Response(status=HTTPStatus.NO_CONTENT)


def entry_json(row: RowMapping) -> dict[str, Any]:
    """Return a line for programs."""
    facts = {name: row[name] for name in ("id", "shift", "kind", "words", "view", "account")}
    return {**facts, "day": row["day"].isoformat(), "at": row["at"].astimezone(UTC).isoformat()}


def mark_json(row: RowMapping) -> dict[str, Any]:
    """Return a mark as a GeoJSON feature."""
    facts = {name: row[name] for name in ("shift", "words", "account")}
    properties = {**facts, "day": row["day"].isoformat(), "at": row["at"].astimezone(UTC).isoformat()}
    return {"type": "Feature", "id": row["id"], "geometry": json.loads(row["geometry"]), "properties": properties}


def _answer(done: Stored, told: dict[str, Any], words: str) -> Response:
    found = warnings_of({"words": words})
    answer = jsonify(told | ({"warnings": found} if found else {}))
    answer.status_code = HTTPStatus.CREATED if done.is_new else HTTPStatus.OK
    return answer


def _wanted() -> Shift:
    now = shift_at(current_app.extensions["jingwei"].now())
    name = request.args.get("shift", "")
    if name:
        require_one_of("shift", name, ShiftName)
    day = params.day("day")
    if day is not None and not 1990 <= day.year <= 2200:
        raise InvalidInput(
            "{name} is {value!r}, not a day.", remedy="Write it as 2026-11-23.", name="day", value=day.isoformat()
        )
    return Shift(day or now.day, ShiftName(name) if name else (now.name if day is None else ShiftName.DAY))
