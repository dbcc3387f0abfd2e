"""Saved scenes of the map over HTTP."""

from __future__ import annotations

import uuid
from datetime import UTC, date
from http import HTTPStatus
from typing import Annotated, Any

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import Field, StringConstraints
from sqlalchemy import RowMapping

from gis_app.domain.rights import Right
from gis_app.services import scenes
from gis_app.services.scenes import SceneWish
from gis_app.web.access import current_scope, requires
from gis_app.web.bodies import Code, Line, Strict, body_of
from gis_app.web.contract import Parameter, contract
from gis_app.web.pages import area_name

blueprint = Blueprint("scenes", __name__, url_prefix="/api/scenes")
Lon = Annotated[float, Field(ge=-180, le=180)]
Lat = Annotated[float, Field(ge=-85, le=85)]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")
]


class Center(Strict):
    """The middle of the map, degrees in WGS-84, and Leaflet's zoom."""

    lon: Lon
    lat: Lat
    zoom: Annotated[float, Field(ge=0, le=22)]


class View(Strict):
    """What the map shows. Each screen fits ``bounds`` (west, south, east, north); without them ``center`` holds.

    Without days the page's own window holds, so that a scene shows today's tomorrow; ``days`` asks for another length.
    ``options`` is for what a page adds: base map, colours, a moment of a replay.
    """

    layers: Annotated[list[Code], Field(max_length=60)] = Field(default_factory=list)
    opacity: Annotated[dict[Code, Annotated[float, Field(ge=0, le=1)]], Field(max_length=60)] = Field(
        default_factory=dict
    )
    center: Center | None = None
    bounds: tuple[Lon, Lat, Lon, Lat] | None = None
    days: Annotated[int, Field(ge=1, le=3660)] | None = None
    first_day: date | None = None
    last_day: date | None = None
    night: date | None = None
    options: Annotated[dict[Code, Line], Field(max_length=40)] = Field(default_factory=dict)


class SceneBody(Strict):
    """A scene to be saved; an empty ``area`` is the caller's own, without ``place`` it comes last."""

    name: Name
    view: View
    dwell_s: Annotated[int, Field(ge=5, le=3600)] = 30
    on_wall: bool = False
    place: Annotated[int, Field(ge=0, le=10_000)] | None = None
    area: Annotated[str, StringConstraints(max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""

    def wish(self) -> SceneWish:
        """Return the scene as the services take it."""
        view = self.view.model_dump(mode="json", exclude_defaults=True)
        return SceneWish(self.name, view, self.dwell_s, self.on_wall, self.place, self.area)


class ChangedScene(SceneBody):
    """A scene as it is to be, where it was seen at ``version``; it stays in its area."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


@blueprint.get("")
@requires(Right.VIEW_MAP)
@contract(
    "Saved scenes of the caller's area, in their turn",
    query=(Parameter("wall", "1: only those that the walls of exactly this area show", {"type": "string"}),),
)
def list_scenes() -> ResponseReturnValue:
    """Answer a list of scenes."""
    read = scenes.of_wall if request.args.get("wall") == "1" else scenes.listed
    return jsonify(scenes=[scene_json(row) for row in read(current_app.extensions["jingwei"].engine, current_scope())])


@blueprint.get("/<uuid:scene_id>")
@requires(Right.VIEW_MAP)
@contract("One saved scene")
def one(scene_id: uuid.UUID) -> ResponseReturnValue:
    """Answer one scene."""
    return jsonify(scene_json(scenes.one(current_app.extensions["jingwei"].engine, current_scope(), scene_id)))


@blueprint.post("")
@requires(Right.SAVE_SCENES)
@contract("Save a scene; repeated as it is, it is saved once", body=SceneBody, created=True)
def add() -> ResponseReturnValue:
    """Save a scene: 201, or 200 when it was saved before."""
    ledger = current_app.extensions["jingwei"].ledger
    row, is_new = scenes.add(ledger, current_scope(), body_of(SceneBody).wish())
    answer: Response = jsonify(scene_json(row))
    answer.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    answer.headers["Location"] = f"/api/scenes/{row['id']}"
    return answer


@blueprint.put("/<uuid:scene_id>")
@requires(Right.SAVE_SCENES)
@contract("Change a saved scene", body=ChangedScene)
def change(scene_id: uuid.UUID) -> ResponseReturnValue:
    """Change a scene and answer it as it is then."""
    body, ledger = body_of(ChangedScene), current_app.extensions["jingwei"].ledger
    return jsonify(scene_json(scenes.change(ledger, current_scope(), scene_id, body.wish(), version=body.version)))


@blueprint.delete("/<uuid:scene_id>")
@requires(Right.SAVE_SCENES)
@contract("Remove a saved scene")
def remove(scene_id: uuid.UUID) -> ResponseReturnValue:
    """Remove a scene."""
    scenes.remove(current_app.extensions["jingwei"].ledger, current_scope(), scene_id)
    return "", HTTPStatus.NO_CONTENT


def scene_json(row: RowMapping) -> dict[str, Any]:
    """Return a scene for programs and pages."""
    facts = {name: row[name] for name in ("name", "view", "dwell_s", "on_wall", "place", "version", "area_code")}
    return {
        "id": str(row["id"]),
        **facts,
        "area": area_name({"name_zh": row["area_zh"], "name_en": row["area_en"]}),
        "changed_at": row["changed_at"].astimezone(UTC).isoformat(),
    }
