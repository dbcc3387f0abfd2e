"""Maps of hotspots: their list, one with its scores and cells, and files of it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import RowMapping

from gis_app.analysis.hotspots import HOTSPOT_METHODS
from gis_app.analysis.places import PlaceKind
from gis_app.analysis.rolling_origin import BASELINE
from gis_app.domain.errors import require_one_of
from gis_app.domain.hazards import Severity
from gis_app.domain.rights import Right
from gis_app.rendering.map_page import safe_json
from gis_app.services import hotspot_maps, hotspot_shapes, hotspot_trials
from gis_app.services.hotspot_maps import ShownMap
from gis_app.services.hotspot_reasons import reasons
from gis_app.services.hotspot_rows import ALL
from gis_app.services.hotspot_trials import DAYS, FOUND, HOURS, GuardEffect, TooFew, Wish
from gis_app.services.spreadsheet import as_csv
from gis_app.web import params
from gis_app.web.access import current_scope, requires
from gis_app.web.background import background_map
from gis_app.web.contract import Parameter, contract
from gis_app.web.hotspot_answers import drawn, features, heads, map_json, reason_json, rows, too_few_json
from gis_app.web.hotspot_words import method_words, page_words, statement

blueprint = Blueprint("hotspots", __name__)
_GROUP = Parameter("group", "all, or the code of a category", {"type": "string"})
_PLACES = Parameter("places", "cells by default", {"type": "string", "enum": list(PlaceKind)})
_FILTERS = (
    Parameter("severity", "all by default", {"type": "string", "enum": list(Severity)}),
    Parameter("hours", "band of the day, all by default", {"type": "string", "enum": list(HOURS)}),
    Parameter("days", "days of the week, all by default", {"type": "string", "enum": list(DAYS)}),
    Parameter("found", "how they were found, in any way by default", {"type": "string", "enum": list(FOUND)}),
    Parameter("guard", "1 for the guard against learning from our own looking", {"type": "string", "enum": ["0", "1"]}),
)
_PAGE = (
    Parameter("group", "all, or the code of a category", {"type": "string"}),
    Parameter("run", "id of a past map", {"type": "string"}),
    Parameter("method", "the chosen one by default", {"type": "string"}),
    Parameter("compare", "a second method, shown beside it", {"type": "string"}),
    _PLACES,
)
_METHOD = Parameter("method", "the chosen one by default", {"type": "string", "enum": list(HOTSPOT_METHODS)})


@blueprint.get("/api/hotspots")
@requires(Right.VIEW_AGGREGATES)
@contract("Maps of hotspots that are kept, the newest last", query=(_GROUP, _PLACES))
def runs() -> ResponseReturnValue:
    """Answer the groups that have maps, and the maps of one on one kind of place."""
    state, group, kind = current_app.extensions["jingwei"], _group(), _kind()
    found = hotspot_maps.listed(state.engine, current_scope(), group=group, kind=kind)
    return jsonify(
        {
            "group": group,
            "places": kind.value,
            "kinds": found["kinds"],
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
    return jsonify(_whole(shown, Wish(shown.group)))


@blueprint.get("/api/hotspots/trial")
@requires(Right.VIEW_AGGREGATES)
@contract("A map of chosen hazards, not kept", query=(_GROUP, _PLACES, *_FILTERS, _METHOD))
def trial() -> ResponseReturnValue:
    """Answer a map made now from those of the caller's own hazards that fit, and what the guard changed."""
    state, wish = current_app.extensions["jingwei"], _wish()
    method = request.args.get("method", "")
    tried = hotspot_trials.tried(state.engine, current_scope(), wish, srid=_srid(), method=method)
    if isinstance(tried, TooFew):
        return jsonify(too_few_json(wish.group, tried.count))
    return jsonify(_whole(tried[0], wish, tried[1]))


@blueprint.get("/api/hotspots/<uuid:run_id>.geojson")
@requires(Right.VIEW_AGGREGATES)
@contract("All cells of a map", query=(_METHOD,), answers="application/geo+json")
def as_geojson(run_id: uuid.UUID) -> ResponseReturnValue:
    """Answer every cell of a map as a file of GeoJSON."""
    shown = _shown(run_id)
    answer = jsonify(features(shown, shown.order, _shapes(shown, shown.order)))
    answer.mimetype = "application/geo+json"
    return _as_file(answer, shown, "geojson")


@blueprint.get("/api/hotspots/<uuid:run_id>.csv")
@requires(Right.VIEW_AGGREGATES)
@contract("All cells of a map as a table", query=(_METHOD,), answers="text/csv")
def as_table(run_id: uuid.UUID) -> ResponseReturnValue:
    """Answer every cell as CSV, UTF-8 with a mark that spreadsheets know, formulas made harmless."""
    shown = _shown(run_id)
    state = current_app.extensions["jingwei"]
    middles = hotspot_shapes.middles_in_degrees(state.engine, current_scope(), shown, shown.order, srid=_srid())
    return _as_file(Response(as_csv([heads(shown), *rows(shown, middles)]), mimetype="text/csv"), shown, "csv")


@blueprint.get("/hotspots")
@requires(Right.VIEW_AGGREGATES)
@contract("Maps of hotspots, past and present, with their scores", query=(*_PAGE, *_FILTERS), answers="text/html")
def page() -> ResponseReturnValue:
    """Show the newest map with its score, the maps before it with what then happened, or a map of chosen hazards."""
    state, scope, wish = current_app.extensions["jingwei"], current_scope(), _wish()
    found = hotspot_maps.listed(state.engine, scope, group=wish.group, kind=wish.kind)
    runs = [_run_json(row) for row in found["runs"]]
    methods = [name for name in HOTSPOT_METHODS if name in _methods_of(found["runs"], wish)]
    return Response(
        render_template(
            "hotspots.html",
            title=gettext("Hotspots"),
            runs=runs,
            groups=[(code, group_name(code, found["names"])) for code in found["groups"]],
            kinds=tuple(PlaceKind),
            wish=wish,
            filters={"hours": HOURS, "days": tuple(DAYS), "found": FOUND},
            methods=methods,
            wanted=request.args,
            config=safe_json(_config(runs, wish)),
        ),
        mimetype="text/html",
    )


def _methods_of(runs: Sequence[RowMapping], wish: Wish) -> Collection[str]:
    """Return the methods that can be compared: those that the newest map keeps, for a map made now all of them."""
    if not runs or not wish.is_plain:
        return HOTSPOT_METHODS
    newest = runs[-1]["result"]
    return {BASELINE, newest["method"], *newest["methods"]}


def _config(runs: list[dict[str, Any]], wish: Wish) -> dict[str, Any]:
    methods = [name for name in (request.args.get("method", ""), request.args.get("compare", ""))]
    query = {name: value for name, value in vars(wish).items() if value and name not in ("is_guarded", "kind")}
    if wish.kind != PlaceKind.CELLS:
        query["places"] = wish.kind
    trial = "/api/hotspots/trial?" + urlencode({**query, **({"guard": "1"} if wish.is_guarded else {})})
    return {
        **background_map(),
        "hotspots": {
            "runs": runs,
            "wanted": request.args.get("run", ""),
            "trial": None if wish.is_plain else trial,
            "methods": [name if name in HOTSPOT_METHODS else "" for name in methods],
            "words": page_words(),
        },
    }


def _whole(shown: ShownMap, wish: Wish, guard: GuardEffect | None = None) -> dict[str, Any]:
    state = current_app.extensions["jingwei"]
    found = reasons(state.engine, current_scope(), shown, wish=wish, srid=_srid())
    told = {
        "method_words": method_words(shown),
        "statement": [{"kind": kind, "text": text} for kind, text in statement(shown, guard)],
        "top": [reason_json(shown, reason, rank) for rank, reason in enumerate(found, start=1)],
        "cells": features(shown, drawn(shown), _shapes(shown, drawn(shown))),
    }
    changed = {} if guard is None else {"left_out": guard.left_out, "changed_share": guard.changed_share}
    return {**map_json(shown), **told, "guard": changed or None}


def _shapes(shown: ShownMap, chosen: Any) -> Any:
    state = current_app.extensions["jingwei"]
    return hotspot_shapes.shapes_in_degrees(state.engine, current_scope(), shown, chosen, srid=_srid())


def _wish() -> Wish:
    given = request.args
    names = ("severity", "hours", "days", "found")
    filters = {name: given.get(name, "") for name in names}
    return Wish(_group(), **filters, is_guarded=given.get("guard") == "1", kind=_kind())


def _kind() -> PlaceKind:
    wanted = request.args.get("places", "") or PlaceKind.CELLS
    require_one_of("places", wanted, PlaceKind)
    return PlaceKind(wanted)


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
    on = "" if shown.kind == PlaceKind.CELLS else f"{shown.kind}-"
    name = f"hotspots-{on}{shown.group}-{shown.until:%Y-%m-%d}.{ending}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
