"""The map of missed duties: areas with their counts as GeoJSON, and what the page's script needs to draw them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.analysis.duty_compliance import AreaPeriod, tally
from gis_app.domain.rights import Right
from gis_app.services import duties
from gis_app.services.duties import DutyTable
from gis_app.web import params
from gis_app.web.access import current_scope, requires
from gis_app.web.background import background_map
from gis_app.web.contract import contract
from gis_app.web.duty_query import FILTER, asked_table, query_of

blueprint = Blueprint("duty_map", __name__)
MAP_LAYERS = ("land", "water", "townships", "place_names")
_COUNTED = ("owed", "on_time", "late", "missed", "due", "not_yet_due")


@blueprint.get("/api/duties.geojson")
@requires(Right.VIEW_AGGREGATES)
@contract("Areas with what they owed, did and missed", query=FILTER, answers="application/geo+json")
def as_geojson() -> ResponseReturnValue:
    """Answer the areas that owe a duty, each with its counts over the days asked for."""
    known = asked_table()
    shapes = duties.outlines(current_app.extensions["jingwei"].engine, current_scope(), known)
    rows: dict[str, list[AreaPeriod]] = {}
    for row in known.rows:
        rows.setdefault(row.area, []).append(row)
    features = [
        {"type": "Feature", "geometry": json.loads(shapes[code]), "properties": _counted(known, code, found)}
        for code, found in rows.items()
        if code in shapes
    ]
    body = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, separators=(",", ":"))
    return Response(body, mimetype="application/geo+json")


def map_config(known: DutyTable) -> Mapping[str, Any]:
    """Return what the script of the page needs: the map, where the areas are, and words."""
    query = urlencode(query_of(known))
    return {
        **background_map(MAP_LAYERS),
        "duties": {
            "areas": f"/api/duties.geojson?{query}",
            "list": f"/duties/list?{query}",
            "words": {
                "counts": gettext("missed {missed}, made up late {late}, in time {on_time}, of {owed} owed"),
                "nothing": gettext("nothing owed yet that has ended"),
                "failed": gettext("The areas could not be loaded."),
            },
        },
    }


def _counted(known: DutyTable, code: str, rows: list[AreaPeriod]) -> Mapping[str, Any]:
    area, counts = known.areas[code], tally(rows)
    language = params.locale()
    return {
        "code": code,
        "name": area.area.in_language(language),
        "township": area.township.in_language(language),
        **{name: getattr(counts, name) for name in _COUNTED},
    }
