"""Vector tiles, whole small layers, and single features."""

from __future__ import annotations

import hashlib
import json

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from gis_app.domain.errors import NotFound
from gis_app.domain.rights import Right
from gis_app.rendering.layer_spec import LayerSpec
from gis_app.services import features, small_layers
from gis_app.services.tiles import Tile, TileStore
from gis_app.storage.tiles import TileAddress
from gis_app.web import params
from gis_app.web.access import current_scope, requires
from gis_app.web.contract import contract

blueprint = Blueprint("tiles", __name__)
TILE_TYPE = "application/vnd.mapbox-vector-tile"
BRIEFLY = {"Cache-Control": "private, max-age=30", "Vary": "Accept-Encoding, Cookie"}
"""A browser keeps it for the log-in that asked, not for the next one on the same desk."""


@blueprint.get("/tiles/<layer_id>/<int:z>/<int:x>/<int:y>.mvt")
@requires(Right.VIEW_MAP)
@contract("One tile", query=(*params.WINDOW_PARAMETERS, params.NIGHT_PARAMETER), answers=TILE_TYPE)
def tile(layer_id: str, z: int, x: int, y: int) -> ResponseReturnValue:
    """Answer one tile; 204 where nothing is."""
    state, wanted = current_app.extensions["jingwei"], params.tile_filter()
    store: TileStore = state.tiles
    state.looks.note(current_scope(), _layer(layer_id), night=wanted.night)
    made = store.tile(current_scope(), layer_id, TileAddress(z, x, y), wanted)
    return tile_answer(made)


def tile_answer(made: Tile) -> Response:
    """Return the answer with a tile."""
    if not made.body:
        return Response(status=204, headers=BRIEFLY)
    zipped = request.accept_encodings["gzip"] > 0
    response = Response(made.compressed if zipped else made.body, content_type=TILE_TYPE, headers=BRIEFLY)
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    return _validated(response, made.tag)


@blueprint.get("/layers/<layer_id>.json")
@requires(Right.VIEW_MAP)
@contract(
    "A whole small layer", query=(*params.WINDOW_PARAMETERS, params.NIGHT_PARAMETER), answers="application/geo+json"
)
def whole_layer(layer_id: str) -> ResponseReturnValue:
    """Answer a whole small layer as GeoJSON."""
    layer = _layer(layer_id)
    if not layer.inline:
        raise NotFound("There is no layer {layer}.", layer=layer_id)
    state, wanted = current_app.extensions["jingwei"], params.tile_filter()
    state.looks.note(current_scope(), layer, night=wanted.night)
    collection = small_layers.collection(state.engine, current_scope(), layer, wanted=wanted)
    body = json.dumps(collection, ensure_ascii=False).encode()
    response = Response(body, content_type="application/geo+json", headers=BRIEFLY)
    return _validated(response, hashlib.blake2b(body, digest_size=12).hexdigest())


@blueprint.get("/features/<layer_id>/<identity>")
@requires(Right.VIEW_MAP)
@contract("One feature in words")
def feature(layer_id: str, identity: str) -> ResponseReturnValue:
    """Answer one feature's fields in words."""
    state, layer = current_app.extensions["jingwei"], _layer(layer_id)
    described = features.describe(state.engine, current_scope(), layer, identity=identity, locale=params.locale())
    state.looks.note(current_scope(), layer, track=identity)
    return jsonify(described)


def _layer(layer_id: str) -> LayerSpec:
    layer: LayerSpec | None = current_app.extensions["jingwei"].layers.get(layer_id)
    if layer is None or layer.right not in current_scope().rights:
        raise NotFound("There is no layer {layer}.", layer=layer_id)
    return layer


def _validated(response: Response, tag: str) -> Response:
    """Answer 304 when the caller has this very content; the validator is made of it, so it tells nothing more."""
    response.set_etag(tag, weak=True)
    response.make_conditional(request)
    return response
