"""What is about a place on the map: nearest teams and facilities, isochrones, and what a drawn shape holds."""

from __future__ import annotations

import math

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from gis_app.domain.errors import InvalidInput
from gis_app.domain.rights import Right
from gis_app.planning.travel_modes import TRAVEL_MODES
from gis_app.services import area_query, reach
from gis_app.services.reach import Place
from gis_app.web import params
from gis_app.web.access import current_scope, requires
from gis_app.web.contract import Parameter, contract

blueprint = Blueprint("surroundings", __name__, url_prefix="/api")
_DEGREES = {"type": "number"}
_PLACE = (
    Parameter("lon", "degrees east, WGS-84", _DEGREES),
    Parameter("lat", "degrees north, WGS-84", _DEGREES),
)
_MODE = Parameter("mode", "how one travels", {"enum": list(TRAVEL_MODES)})
_TEXT = {"type": "string"}


@blueprint.get("/nearest")
@requires(Right.VIEW_AGGREGATES)
@contract("Teams and facilities nearest to a place by street travel time", query=(*_PLACE, _MODE))
def nearest() -> ResponseReturnValue:
    """Answer who is soonest at a place, and what is soonest reached from it."""
    state = current_app.extensions["jingwei"]
    found = reach.nearest(
        state.engine,
        current_scope(),
        _place(),
        now=state.now(),
        srid=state.settings.metric_srid,
        mode=request.args.get("mode", ""),
        looks=state.live_looks,
    )
    return jsonify(found)


@blueprint.get("/isochrones")
@requires(Right.VIEW_AGGREGATES)
@contract(
    "How far one comes from a place on the streets",
    query=(*_PLACE, _MODE, Parameter("minutes", "whole numbers between commas", _TEXT)),
    answers="application/geo+json",
)
def isochrones() -> ResponseReturnValue:
    """Answer one shape for each number of minutes."""
    state = current_app.extensions["jingwei"]
    answer = jsonify(
        reach.isochrones(
            state.engine,
            current_scope(),
            _place(),
            mode=request.args.get("mode", "car"),
            minutes=_minutes(),
            srid=state.settings.metric_srid,
        )
    )
    answer.mimetype = "application/geo+json"
    return answer


@blueprint.get("/inside")
@requires(Right.VIEW_MAP)
@contract(
    "What lies inside a shape: hazards, facilities, grids, teams",
    query=(
        Parameter("polygon", "corners: lon,lat;lon,lat;...", _TEXT),
        Parameter("circle", "lon,lat,radius in metres", _TEXT),
        *params.WINDOW_PARAMETERS,
    ),
)
def inside() -> ResponseReturnValue:
    """Answer counts and lists of what a drawn shape holds."""
    state = current_app.extensions["jingwei"]
    srid = state.settings.metric_srid
    corners, circle = request.args.get("polygon", ""), request.args.get("circle", "")
    if bool(corners) == bool(circle):
        raise InvalidInput("No shape is given, or two.", remedy="Give polygon or circle.")
    if corners:
        shape = area_query.drawn_polygon([_numbers("polygon", each, 2) for each in corners.split(";")])  # type: ignore[misc]
    else:
        lon, lat, radius_m = _numbers("circle", circle, 3)
        shape = area_query.drawn_circle(lon, lat, radius_m, srid=srid)
    return jsonify(area_query.inside(state.engine, current_scope(), shape, params.window(), srid=srid))


def _place() -> Place:
    lon, lat = (_numbers(name, request.args.get(name, ""), 1)[0] for name in ("lon", "lat"))
    if abs(lon) > 180 or abs(lat) > 85:
        raise InvalidInput("The place ({x}, {y}) is none.", remedy="Give degrees, the longitude first.", x=lon, y=lat)
    return Place(lon, lat)


def _numbers(name: str, given: str, count: int) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in given.split(","))
        if len(found) == count and all(map(math.isfinite, found)):
            return found
    except ValueError:
        pass
    raise InvalidInput(
        "{name} is {value!r}.", remedy="Write {count} numbers between commas.", name=name, value=given[:60], count=count
    )


def _minutes() -> list[int]:
    given = request.args.get("minutes", "5,10,15")
    parts = given.split(",")
    if not all(part.isascii() and part.isdecimal() and len(part) < 4 for part in parts):
        raise InvalidInput(
            "{name} is {value!r}.",
            remedy="Name one to five whole numbers of minutes up to 60.",
            name="minutes",
            value=given[:40],
        )
    return [int(part) for part in parts]
