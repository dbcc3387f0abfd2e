"""OGC API - Features: layers as collections, for QGIS, GDAL and notebooks, and as pages for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.rights import Right
from gis_app.rendering.layer_spec import LayerSpec
from gis_app.rendering.map_page import safe_json
from gis_app.services import maps
from gis_app.services.feature_collections import Catalogue, Features, tag_of
from gis_app.storage.crs import CRS84, CRS_OF
from gis_app.web import ogc_documents as documents
from gis_app.web import ogc_params, params
from gis_app.web.access import current_scope, requires
from gis_app.web.background import BACKGROUND, background_map
from gis_app.web.contract import contract

blueprint = Blueprint("ogc", __name__, url_prefix="/ogc")
GEOJSON, SCHEMA = "application/geo+json", "application/schema+json"
ROWS_OF_A_PAGE = 50
_FORM = (ogc_params.FORMAT,)
_ITEM = (ogc_params.CRS, ogc_params.FORMAT)


@blueprint.get("", strict_slashes=False)
@requires(Right.VIEW_MAP)
@contract("The landing page of the OGC API", query=_FORM)
def landing() -> ResponseReturnValue:
    """Answer the landing page."""
    ogc_params.require_known(())
    link = documents.link
    document = {
        "title": "Jingwei 经纬",
        "description": gettext("Hazards, patrols and areas of the city, as far as your account may read them."),
        "links": [
            *documents.both(""),
            link("service-desc", "/api", "application/vnd.oai.openapi+json;version=3.0"),
            link("conformance", "/conformance"),
            *documents.both("/collections", "data"),
            link("http://www.opengis.net/def/rel/ogc/1.0/functions", "/functions"),
            link("http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes", "/tileMatrixSets"),
        ],
    }
    return _listed() if ogc_params.wants_html() else jsonify(document)


@blueprint.get("/api")
@requires(Right.VIEW_MAP)
@contract("The OpenAPI document, with a path for each collection")
def api() -> ResponseReturnValue:
    """Answer the OpenAPI document of what the caller may read."""
    found = [(layer, _catalogue().source(current_scope(), layer)) for layer in _catalogue().listed(current_scope())]
    return _json(documents.openapi(found, params.locale()), "application/vnd.oai.openapi+json;version=3.0")


@blueprint.get("/conformance")
@requires(Right.VIEW_MAP)
@contract("What the OGC API conforms to", query=_FORM)
def conformance() -> ResponseReturnValue:
    """Answer the conformance classes."""
    ogc_params.require_known(())
    return jsonify(conformsTo=list(documents.CONFORMANCE))


@blueprint.get("/functions")
@requires(Right.VIEW_MAP)
@contract("What filters may call", query=_FORM)
def functions() -> ResponseReturnValue:
    """Answer the functions of filters."""
    return jsonify(documents.functions())


@blueprint.get("/collections")
@requires(Right.VIEW_MAP)
@contract("All collections that the caller may read", query=_FORM)
def collections() -> ResponseReturnValue:
    """Answer the collections."""
    ogc_params.require_known(())
    bounds, layers = _bounds(), _catalogue().listed(current_scope())
    document = {
        "links": documents.both("/collections"),
        "crs": list(CRS_OF),
        "collections": [documents.collection(layer, bounds, params.locale()) for layer in layers],
    }
    return _listed() if ogc_params.wants_html() else jsonify(document)


@blueprint.get("/collections/<collection>")
@requires(Right.VIEW_MAP)
@contract("One collection", query=_FORM)
def collection(collection: str) -> ResponseReturnValue:
    """Answer one collection."""
    layer = _layer(collection)
    ogc_params.require_known(())
    if ogc_params.wants_html():
        return _features_page(layer)
    return jsonify(documents.collection(layer, _bounds(), params.locale()))


@blueprint.get("/collections/<collection>/queryables")
@requires(Right.VIEW_MAP)
@contract("What filters may ask for", query=_FORM, answers=SCHEMA)
def queryables(collection: str) -> ResponseReturnValue:
    """Answer the queryables as JSON schema."""
    return _schema(_layer(collection), "queryables")


@blueprint.get("/collections/<collection>/schema")
@requires(Right.VIEW_MAP)
@contract("The properties of a collection", query=_FORM, answers=SCHEMA)
def schema(collection: str) -> ResponseReturnValue:
    """Answer the schema of the features."""
    return _schema(_layer(collection), "schema")


@blueprint.get("/collections/<collection>/items")
@requires(Right.VIEW_MAP)
@contract("Features, filtered, sorted, page by page", query=ogc_params.ITEMS, answers=GEOJSON)
def items(collection: str) -> ResponseReturnValue:
    """Answer a page of features."""
    layer = _layer(collection)
    if ogc_params.wants_html():
        return _features_page(layer)
    found, wish = _features(layer)
    now = current_app.extensions["jingwei"].now().astimezone(UTC)
    place = f"/collections/{layer.id}/items"
    links = [documents.link("self", f"{place}?{_query()}", GEOJSON)]
    links.append(documents.link("alternate", f"{place}?{_query(f='html')}", "text/html"))
    if found.following:
        links.append(documents.link("next", f"{place}?{_query(**found.following)}", GEOJSON))
    links += documents.both(f"/collections/{layer.id}", "collection")
    head = {"type": "FeatureCollection", "timeStamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "links": links}
    head |= {"numberReturned": found.returned} | ({} if found.matched is None else {"numberMatched": found.matched})
    # The features are a text made by the database: handed on, not parsed and written again.
    body = json.dumps(head, ensure_ascii=False)[:-1] + ',"features":[' + found.text + "]}"
    return _geojson(body, wish.crs.uri)


@blueprint.get("/collections/<collection>/items/<identity>")
@requires(Right.VIEW_MAP)
@contract("One feature", query=_ITEM, answers=GEOJSON)
def item(collection: str, identity: str) -> ResponseReturnValue:
    """Answer one feature."""
    layer, state = _layer(collection), current_app.extensions["jingwei"]
    ogc_params.require_known(("crs",))
    crs = ogc_params.crs("crs")
    text = _catalogue().feature(current_scope(), layer, identity, crs)
    state.looks.note(current_scope(), layer, track=identity)
    place = f"/collections/{layer.id}/items/{identity}"
    if ogc_params.wants_html():
        return _page(layer, Features(text, 1, 1, {}), is_whole=True)
    links = [
        documents.link("self", place, GEOJSON),
        documents.link("alternate", f"{place}?f=html", "text/html"),
        *documents.both(f"/collections/{layer.id}", "collection"),
    ]
    answer = _geojson(text[:-1] + ',"links":' + json.dumps(links) + "}", crs.uri)
    if crs is CRS84:
        answer.set_etag(tag_of(text))
    return answer


def _catalogue() -> Catalogue:
    found: Catalogue = current_app.extensions["jingwei"].catalogue
    return found


def _layer(name: str) -> LayerSpec:
    return _catalogue().layer(current_scope(), name)


def _features(layer: LayerSpec, limit: int | None = None) -> tuple[Features, Any]:
    source = _catalogue().source(current_scope(), layer)
    wish = ogc_params.wish(source, default_limit=limit)
    current_app.extensions["jingwei"].looks.note(current_scope(), layer)
    return _catalogue().features(current_scope(), layer, wish), wish


def _bounds() -> Sequence[float]:
    state = current_app.extensions["jingwei"]
    return maps.city_state(state.engine, current_scope(), locale=params.locale()).bounds


def _schema(layer: LayerSpec, place: str) -> Response:
    ogc_params.require_known(())
    document = documents.schema(layer, _catalogue().source(current_scope(), layer), place, params.locale())
    return _json(document, SCHEMA)


def _query(**changes: str) -> str:
    kept = {key: value for key, value in request.args.items() if key not in ("after", "offset") or not changes}
    return urlencode({**kept, **changes})


def _json(document: dict[str, Any], kind: str) -> Response:
    answer = jsonify(document)
    answer.headers["Content-Type"] = kind
    return answer


def _geojson(body: str, crs: str) -> Response:
    return Response(body, content_type=GEOJSON, headers={"Content-Crs": f"<{crs}>"})


def _listed() -> Response:
    layers = _catalogue().listed(current_scope())
    page = render_template("ogc_collections.html", title=gettext("Data"), layers=layers)
    return Response(page, mimetype="text/html")


def _features_page(layer: LayerSpec) -> Response:
    found, _ = _features(layer, ROWS_OF_A_PAGE)
    return _page(layer, found)


def _page(layer: LayerSpec, found: Features, *, is_whole: bool = False) -> Response:
    locale = params.locale()
    source = _catalogue().source(current_scope(), layer)
    background = tuple(each for each in BACKGROUND if each != layer.id)
    features = json.loads(f"[{found.text}]")
    page = render_template(
        "ogc_features.html",
        title=layer.title.in_locale(locale),
        layer=layer,
        columns=source.properties,
        kinds={name: source.kind(name) for name in source.types},
        schema=documents.schema(layer, source, "schema", locale)["properties"],
        features=features,
        found=found,
        is_whole=is_whole,
        next_query=_query(**found.following) if found.following else "",
        json_query=_query(f="json"),
        config=safe_json({**background_map(background), "features": features}),
    )
    return Response(page, mimetype="text/html")
