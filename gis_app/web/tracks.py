"""Fixes of devices over HTTP."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated
from uuid import UUID

from flask import Blueprint, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import AfterValidator, AwareDatetime, Field

from gis_app.domain.errors import require_one_of
from gis_app.domain.rights import Right
from gis_app.services import track_files, track_intake
from gis_app.services.track_intake import MOST_FIXES, FixBatch, GivenFix
from gis_app.web.access import current_caller, requires
from gis_app.web.bodies import Code, Datum, Strict, body_of
from gis_app.web.contract import Parameter, contract

blueprint = Blueprint("tracks", __name__, url_prefix="/api/tracks")
pages = Blueprint("track_pages", __name__)
FORMATS = ("gpx", "csv", "geojson")
MOST_FILE_BYTES = 16 * 2**20
"""A night of a team at a fix a second is about 4 MB of GPX."""


def _within_reason(moment: datetime) -> datetime:
    """Refuse years in which no patrol walked: each month has a table of its own."""
    if not 2000 <= moment.year <= 2100:
        raise ValueError("2000 to 2100")
    return moment


Recorded = Annotated[AwareDatetime, AfterValidator(_within_reason)]


class TrackFix(Strict):
    """A position: degrees, longitude first, in the batch's datum."""

    recorded_at: Recorded
    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    sequence: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    accuracy_m: Annotated[float, Field(ge=0, le=100_000)] | None = None
    speed_mps: Annotated[float, Field(ge=0, le=1000)] | None = None


class TrackBatch(Strict):
    """Fixes of one device. ``id`` is made by the device, once, and sent again when a request is repeated."""

    id: UUID
    device: Code
    team: Code | None = None
    datum: Datum = "wgs84"
    sent_at: Recorded | None = None
    fixes: Annotated[list[TrackFix], Field(min_length=1, max_length=MOST_FIXES)]

    def batch(self) -> FixBatch:
        """Return the batch as the services take it."""
        fixes = [GivenFix(**dict(fix)) for fix in self.fixes]
        return FixBatch(self.id, self.device, self.team, self.datum, self.sent_at, fixes)


@pages.get("/tracks")
@requires(Right.SEND_TRACKS)
@contract("A form to send a file of fixes", answers="text/html")
def form() -> ResponseReturnValue:
    """Show the form."""
    return render_template("tracks.html", title=gettext("Send tracks"), most_mb=MOST_FILE_BYTES // 2**20)


@blueprint.post("/fixes")
@requires(Right.SEND_TRACKS)
@contract(
    "Send fixes of one device; repeated with the same id and body they are stored once", body=TrackBatch, created=True
)
def receive_fixes() -> ResponseReturnValue:
    """Store fixes: 201, or 200 when the batch was stored before; either way they are committed."""
    state, caller = current_app.extensions["jingwei"], current_caller()
    done = track_intake.receive(state.ledger, caller.scope, caller.account_id, body_of(TrackBatch).batch())
    answer = jsonify(dict(done.answer))
    answer.status_code = HTTPStatus.CREATED if done.is_new else HTTPStatus.OK
    return answer


@blueprint.post("/files")
@requires(Right.SEND_TRACKS)
@contract(
    "Send a file of fixes, GPX, CSV or GeoJSON, as the body; sent again it changes nothing",
    query=(
        Parameter("format", "gpx, csv or geojson", {"type": "string", "enum": list(FORMATS)}),
        Parameter("datum", "wgs84, cgcs2000, gcj02 or bd09, where the file does not say it", {"type": "string"}),
    ),
)
def receive_file() -> ResponseReturnValue:
    """Store the fixes of a file, all or none."""
    state, caller = current_app.extensions["jingwei"], current_caller()
    request.max_content_length = MOST_FILE_BYTES
    file_format = request.args.get("format", "")
    require_one_of("format", file_format, FORMATS)
    with NamedTemporaryFile(prefix="tracks-", suffix=f".{file_format}") as file:
        file.write(request.get_data(cache=False))
        file.flush()
        counts = track_files.receive_file(
            state.ledger,
            caller.scope,
            caller.account_id,
            Path(file.name),
            file_format=file_format,
            datum=request.args.get("datum") or None,
        )
    return jsonify(counts)
