"""OGC API - Tiles: the tile set of each collection, its TileJSON and its tiles."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from gis_app.domain.rights import Right
from gis_app.rendering.layer_spec import LayerSpec
from gis_app.services import maps
from gis_app.services.workspace_layers import as_drawn
from gis_app.storage.tiles import TileAddress
from gis_app.web import ogc_documents as documents
from gis_app.web import ogc_params, params
from gis_app.web.access import current_scope, requires
from gis_app.web.contract import Parameter, contract
from gis_app.web.tiles import TILE_TYPE, tile_answer

blueprint = Blueprint("ogc_tiles", __name__, url_prefix="/ogc")


@blueprint.get("/collections/<collection>/tiles")
@requires(Right.VIEW_MAP)
@contract("The tile sets of a collection", query=(ogc_params.FORMAT,))
def tilesets(collection: str) -> ResponseReturnValue:
    """Answer the list of tile sets: one, of the web-mercator square."""
    layer = _layer(collection)
    place = f"/collections/{layer.id}/tiles"
    return jsonify(links=[documents.link("self", place)], tilesets=[_tileset(layer)])


@blueprint.get("/collections/<collection>/tiles/WebMercatorQuad")
@requires(Right.VIEW_MAP)
@contract(
    "The tile set of a collection, as TileJSON with f=tilejson",
    query=(Parameter("f", "json or tilejson", {"type": "string", "enum": ["json", "tilejson"]}),),
)
def tileset(collection: str) -> ResponseReturnValue:
    """Answer the tile set."""
    layer = _layer(collection)
    if request.args.get("f") != "tilejson":
        return jsonify(_tileset(layer))
    state = current_app.extensions["jingwei"]
    bounds = maps.city_state(state.engine, current_scope(), locale=params.locale()).bounds
    return jsonify(
        tilejson="3.0.0",
        name=layer.title.in_locale(params.locale()),
        tiles=[_tile_address(layer)],
        minzoom=layer.minzoom,
        maxzoom=layer.maxzoom,
        bounds=list(layer.extent or bounds),
        vector_layers=[{"id": layer.id, "fields": dict.fromkeys(layer.tile_columns, "")}],
    )


@blueprint.get("/collections/<collection>/tiles/WebMercatorQuad/<int:z>/<int:row>/<int:column>")
@requires(Right.VIEW_MAP)
@contract("One tile of a collection", query=(*params.WINDOW_PARAMETERS, params.NIGHT_PARAMETER), answers=TILE_TYPE)
def tile(collection: str, z: int, row: int, column: int) -> ResponseReturnValue:
    """Answer one tile; 204 where nothing is."""
    layer, state, wanted = as_drawn(_layer(collection)), current_app.extensions["jingwei"], params.tile_filter()
    state.looks.note(current_scope(), layer, night=wanted.night)
    made = state.tiles.tile_of(current_scope(), layer, TileAddress(z, column, row), wanted)
    return tile_answer(made)


@blueprint.get("/tileMatrixSets")
@requires(Right.VIEW_MAP)
@contract("The tile matrix sets", query=(ogc_params.FORMAT,))
def tile_matrix_sets() -> ResponseReturnValue:
    """Answer the one tile matrix set, by its address in the OGC register."""
    own = {"id": "WebMercatorQuad", "uri": documents.WEB_MERCATOR_QUAD, "links": []}
    return jsonify(tileMatrixSets=[own])


def _layer(name: str) -> LayerSpec:
    found: LayerSpec = current_app.extensions["jingwei"].catalogue.layer(current_scope(), name)
    return found


def _tileset(layer: LayerSpec) -> dict[str, Any]:
    place = f"/collections/{layer.id}/tiles/WebMercatorQuad"
    return {
        "title": layer.title.in_locale(params.locale()),
        "dataType": "vector",
        "crs": documents.WEB_MERCATOR,
        "tileMatrixSetURI": documents.WEB_MERCATOR_QUAD,
        "links": [
            documents.link("self", place),
            {"rel": "item", "href": _tile_address(layer, "{tileMatrix}/{tileRow}/{tileCol}"), "type": TILE_TYPE}
            | {"templated": True},
            documents.link("describedby", f"{place}?f=tilejson", "application/json", "TileJSON"),
        ],
    }


def _tile_address(layer: LayerSpec, template: str = "{z}/{y}/{x}") -> str:
    return f"{documents.root()}/collections/{layer.id}/tiles/WebMercatorQuad/{template}"
