"""Hazards over HTTP: a list as GeoJSON or CSV, one, a report, a correction."""

from __future__ import annotations

import csv
import io
import math
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import RowMapping

from gis_app.domain.errors import InvalidInput
from gis_app.domain.rights import Right
from gis_app.services import hazards
from gis_app.storage.hazards import HazardPage
from gis_app.web import params
from gis_app.web.access import current_caller, current_scope, requires
from gis_app.web.bodies import HazardCorrection, HazardReport, body_of
from gis_app.web.contract import Parameter, contract
from gis_app.web.screening import warnings_of

blueprint = Blueprint("hazards", __name__, url_prefix="/api")
MOST = 10_000
DEFAULT = 1000
FIELDS = (
    *("number", "category_code", "severity", "stage", "discovered_by", "title", "description", "place"),
    *("discovered_at", "due_at", "closed_at", "version", "village_code", "grid_code", "is_synthetic"),
)
_LIST_PARAMETERS = (
    *params.WINDOW_PARAMETERS,
    Parameter("bbox", "west,south,east,north in degrees", {"type": "string"}),
    Parameter("limit", "how many at most", {"type": "integer", "minimum": 1, "maximum": MOST}),
    Parameter("after", "the `next` of the page before", {"type": "string"}),
)
# A spreadsheet runs a cell that begins so.
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


@blueprint.get("/hazards")
@requires(Right.VIEW_MAP)
@contract("Hazards of the caller's area, the newest first", query=_LIST_PARAMETERS, answers="application/geo+json")
def list_hazards() -> ResponseReturnValue:
    """Answer a page of hazards as GeoJSON."""
    wanted = _page(DEFAULT)
    rows = hazards.listed(current_app.extensions["jingwei"].engine, current_scope(), wanted)
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": [_feature(row) for row in rows]}
    if len(rows) == wanted.most:
        collection["next"] = f"{rows[-1]['discovered_at'].astimezone(UTC).isoformat()}_{rows[-1]['id']}"
    answer = jsonify(collection)
    answer.mimetype = "application/geo+json"
    return answer


@blueprint.get("/hazards.csv")
@requires(Right.EXPORT)
@contract("Hazards of the caller's area as a table", query=_LIST_PARAMETERS, answers="text/csv")
def export_hazards() -> ResponseReturnValue:
    """Answer hazards as CSV, UTF-8 with a mark that spreadsheets know, formulas made harmless."""
    rows = hazards.listed(current_app.extensions["jingwei"].engine, current_scope(), _page(MOST))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow((*FIELDS, "lon", "lat"))
    writer.writerows([_cell(row[name]) for name in (*FIELDS, "lon", "lat")] for row in rows)
    answer = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="hazards.csv"'
    return answer


@blueprint.get("/hazards/<uuid:hazard_id>")
@requires(Right.VIEW_MAP)
@contract("One hazard", answers="application/geo+json")
def one_hazard(hazard_id: uuid.UUID) -> ResponseReturnValue:
    """Answer one hazard as GeoJSON."""
    return _answer(hazards.one(current_app.extensions["jingwei"].engine, current_scope(), hazard_id))


@blueprint.post("/hazards")
@requires(Right.REPORT_HAZARD)
@contract("Report a hazard; repeated with the same id and body it is stored once", body=HazardReport, created=True)
def report_hazard() -> ResponseReturnValue:
    """Store a report: 201, or 200 when it was stored before."""
    state, caller = current_app.extensions["jingwei"], current_caller()
    done = hazards.report(state.ledger, caller.scope, caller.account_id, body_of(HazardReport).report())
    answer = _answer(done.hazard, warnings_of(_texts(done.hazard)))
    answer.status_code = HTTPStatus.CREATED if done.is_new else HTTPStatus.OK
    answer.headers["Location"] = f"/api/hazards/{done.hazard['id']}"
    return answer


@blueprint.patch("/hazards/<uuid:hazard_id>")
@requires(Right.CORRECT_HAZARD)
@contract("Correct what a report says, or move it", body=HazardCorrection, answers="application/geo+json")
def correct_hazard(hazard_id: uuid.UUID) -> ResponseReturnValue:
    """Change a hazard that is still at the version the caller saw."""
    state, wanted = current_app.extensions["jingwei"], body_of(HazardCorrection)
    spot = wanted.location.spot() if wanted.location else None
    changed = hazards.correct(
        state.ledger, current_scope(), hazard_id, wanted.changes(), version=wanted.version, spot=spot
    )
    return _answer(changed, warnings_of(_texts(changed)))


def _page(default: int) -> HazardPage:
    window = params.window()
    return HazardPage(window.start, window.end, params.box("bbox"), _after(window.end), _limit(default))


def _limit(default: int) -> int:
    given = request.args.get("limit", "")
    if not given:
        return default
    if not (given.isascii() and given.isdecimal() and 1 <= int(given[:9]) <= MOST):
        raise InvalidInput("{name} is {value!r}.", remedy="Use 1 to {most}.", name="limit", value=given[:40], most=MOST)
    return int(given)


def _after(end: datetime) -> tuple[datetime, uuid.UUID]:
    given = request.args.get("after", "")
    if not given:
        return end, uuid.UUID(int=0)
    moment, _, identity = given.partition("_")
    try:
        # A plus in an address is a space unless it was escaped.
        at = datetime.fromisoformat(moment.replace(" ", "+"))
        if at.tzinfo is None:
            raise ValueError(moment)
        return at.astimezone(UTC), uuid.UUID(identity)
    except (ValueError, OverflowError):
        raise InvalidInput(
            "{name} is {value!r}.", remedy="Use the `next` of the page before.", name="after", value=given[:80]
        ) from None


def _feature(row: RowMapping) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": str(row["id"]),
        "geometry": {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
        "properties": {name: _plain(row[name]) for name in FIELDS},
    }


def _texts(row: RowMapping) -> dict[str, str]:
    return {name: row[name] for name in ("title", "place", "description")}


def _answer(row: RowMapping, warnings: Sequence[dict[str, Any]] = ()) -> Response:
    answer = jsonify(_feature(row) | ({"warnings": warnings} if warnings else {}))
    answer.mimetype = "application/geo+json"
    return answer


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _cell(value: Any) -> Any:
    plain = _plain(value)
    if isinstance(plain, float):
        return round(plain, 7) if math.isfinite(plain) else ""
    return f"'{plain}" if isinstance(plain, str) and plain.startswith(_FORMULA_SIGNS) else plain
