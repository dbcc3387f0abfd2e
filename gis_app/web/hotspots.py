"""Maps of hotspots: their list, one with its scores and cells, and files of it."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.analysis.hotspots import HOTSPOT_METHODS
from gis_app.domain.rights import Right
from gis_app.services import hotspot_maps
from gis_app.services.hotspot_maps import ShownMap
from gis_app.services.hotspot_rows import ALL
from gis_app.services.spreadsheet import as_csv
from gis_app.web import params
from gis_app.web.access import current_scope, requires
from gis_app.web.contract import Parameter, contract
from gis_app.web.hotspot_answers import HEADS, features, map_json, rows

blueprint = Blueprint("hotspots", __name__)
_GROUP = Parameter("group", "all, or the code of a category", {"type": "string"})
_METHOD = Parameter("method", "the chosen one by default", {"type": "string", "enum": list(HOTSPOT_METHODS)})


@blueprint.get("/api/hotspots")
@requires(Right.VIEW_AGGREGATES)
@contract("Maps of hotspots that are kept, the newest last", query=(_GROUP,))
def runs() -> ResponseReturnValue:
    """Answer the groups that have maps, and the maps of one."""
    state, group = current_app.extensions["jingwei"], _group()
    found = hotspot_maps.listed(state.engine, current_scope(), group=group)
    return jsonify(
        {
            "group": group,
            "groups": [{"code": code, "name": group_name(code, found["names"])} for code in found["groups"]],
            "runs": [_run_json(row) for row in found["runs"]],
        }
    )


@blueprint.get("/api/hotspots/<uuid:run_id>")
@requires(Right.VIEW_AGGREGATES)
@contract("One map with its scores and its best cells as GeoJSON", query=(_METHOD,))
def one(run_id: uuid.UUID) -> ResponseReturnValue:
    """Answer a map: what it says of itself, its scores, and the cells that are worth a look."""
    shown = _shown(run_id)
    return jsonify({**map_json(shown), "cells": features(shown, _srid())})


@blueprint.get("/api/hotspots/<uuid:run_id>.geojson")
@requires(Right.VIEW_AGGREGATES)
@contract("All cells of a map", query=(_METHOD,), answers="application/geo+json")
def as_geojson(run_id: uuid.UUID) -> ResponseReturnValue:
    """Answer every cell of a map as a file of GeoJSON."""
    shown = _shown(run_id)
    answer = jsonify(features(shown, _srid(), whole=True))
    answer.mimetype = "application/geo+json"
    return _as_file(answer, shown, "geojson")


@blueprint.get("/api/hotspots/<uuid:run_id>.csv")
@requires(Right.VIEW_AGGREGATES)
@contract("All cells of a map as a table", query=(_METHOD,), answers="text/csv")
def as_table(run_id: uuid.UUID) -> ResponseReturnValue:
    """Answer every cell as CSV, UTF-8 with a mark that spreadsheets know, formulas made harmless."""
    shown = _shown(run_id)
    return _as_file(Response(as_csv([HEADS, *rows(shown, _srid())]), mimetype="text/csv"), shown, "csv")


def group_name(code: str, names: Any) -> str:
    """Return the name of a group in the reader's language."""
    if code == ALL:
        return str(gettext("All hazards"))
    return str(names[code][1 if params.locale() == "en" else 0])


def _shown(run_id: uuid.UUID) -> ShownMap:
    state = current_app.extensions["jingwei"]
    return hotspot_maps.one(state.engine, current_scope(), run_id, method=request.args.get("method", ""))


def _group() -> str:
    return request.args.get("group", "")[:40] or ALL


def _srid() -> int:
    return int(current_app.extensions["jingwei"].settings.metric_srid)


def _run_json(row: Any) -> dict[str, Any]:
    result = row["result"]
    return {
        "id": str(row["id"]),
        "until": row["data_to"].isoformat(),
        "method": result["method"],
        "is_guess": result["is_guess"],
        "is_current": row["is_current"],
        "has_passed": bool(result["later_digest"]),
    }


def _as_file(answer: Response, shown: ShownMap, ending: str) -> Response:
    name = f"hotspots-{shown.group}-{shown.until:%Y-%m-%d}.{ending}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
