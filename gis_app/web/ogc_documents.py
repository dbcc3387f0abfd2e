"""The documents of the OGC API: links, collections, queryables, and the OpenAPI document with a path per collection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request

from gis_app import __version__
from gis_app.rendering.layer_spec import FieldSpec, LayerSpec
from gis_app.storage.cql2 import FUNCTIONS
from gis_app.storage.crs import CRS84, CRS_OF
from gis_app.storage.feature_collections import GEOMETRY, FeatureSource
from gis_app.web import ogc_params
from gis_app.web.contract import Parameter

WEB_MERCATOR = "http://www.opengis.net/def/crs/EPSG/0/3857"
WEB_MERCATOR_QUAD = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
_SPEC = "http://www.opengis.net/spec/"
_CQL2 = (
    *("cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison"),
    *("accent-insensitive-comparison", "basic-spatial-functions", "basic-spatial-functions-plus", "spatial-functions"),
    *("temporal-functions", "array-functions", "property-property", "functions", "arithmetic"),
)
CONFORMANCE = (
    *(f"{_SPEC}ogcapi-features-1/1.0/conf/{each}" for each in ("core", "oas30", "html", "geojson")),
    f"{_SPEC}ogcapi-features-2/1.0/conf/crs",
    *(
        f"{_SPEC}ogcapi-features-3/1.0/conf/{each}"
        for each in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    *(f"{_SPEC}ogcapi-features-4/1.0/conf/{each}" for each in ("create-replace-delete", "update", "features")),
    *(f"{_SPEC}ogcapi-features-5/1.0/conf/{each}" for each in ("schemas", "sorting")),
    *(f"{_SPEC}cql2/1.0/conf/{each}" for each in _CQL2),
    *(
        f"{_SPEC}ogcapi-tiles-1/1.0/conf/{each}"
        for each in ("core", "tileset", "tilesets-list", "mvt", "geodata-tilesets")
    ),
)
_JSON_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "moment": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "array": {"type": "array", "items": {"type": "string"}},
}
_SHAPES = {"point": "point", "line": "linestring", "polygon": "multipolygon"}


def root() -> str:
    """Return the absolute address of the API."""
    return f"{request.host_url}ogc"


def link(rel: str, place: str, kind: str = "application/json", title: str = "") -> dict[str, str]:
    """Return a link; ``place`` follows the root of the API."""
    return {"rel": rel, "href": f"{root()}{place}", "type": kind} | ({"title": title} if title else {})


def both(place: str, rel: str = "self", kind: str = "application/json") -> list[dict[str, str]]:
    """Return links to a document as JSON and as a page."""
    return [
        link(rel, f"{place}?f=json", kind),
        link("alternate" if rel == "self" else rel, f"{place}?f=html", "text/html"),
    ]


def collection(layer: LayerSpec, bounds: Sequence[float], locale: str) -> dict[str, Any]:
    """Return a collection's own document."""
    place = f"/collections/{layer.id}"
    return {
        "id": layer.id,
        "title": layer.title.in_locale(locale),
        "itemType": "feature",
        "crs": list(CRS_OF),
        "storageCrs": CRS84.uri,
        "extent": {
            "spatial": {"bbox": [list(layer.extent or bounds)], "crs": CRS84.uri},
            "temporal": {"interval": [[None, None]]},
        },
        "links": [
            *both(place),
            *both(f"{place}/items", "items", "application/geo+json"),
            link("http://www.opengis.net/def/rel/ogc/1.0/queryables", f"{place}/queryables", "application/schema+json"),
            link("http://www.opengis.net/def/rel/ogc/1.0/schema", f"{place}/schema", "application/schema+json"),
            link("http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector", f"{place}/tiles"),
        ],
    }


def schema(layer: LayerSpec, source: FeatureSource, place: str, locale: str) -> dict[str, Any]:
    """Return the JSON schema of a collection's properties."""
    fields = {column: each for each in layer.fields for column in each.columns}
    properties: dict[str, Any] = {}
    for name in source.types:
        if name == GEOMETRY:
            properties[name] = {
                "x-ogc-role": "primary-geometry",
                "format": f"geometry-{_SHAPES[layer.geometry]}" if layer.geometry == "point" else "geometry-any",
            }
            continue
        properties[name] = {**_JSON_TYPES[source.kind(name)], **_titles(fields.get(name), locale)}
        if name == "id":
            properties[name] |= {"x-ogc-role": "id"}
        elif name == (layer.time_column or layer.night_column):
            properties[name] |= {"x-ogc-role": "primary-instant"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{root()}/collections/{layer.id}/{place}",
        "type": "object",
        "title": layer.title.in_locale(locale),
        "properties": properties,
        "additionalProperties": False,
    }


def functions() -> dict[str, Any]:
    """Return what filters may call."""
    kinds = {"text": "string", "number": "number", "geometry": "geometry"}
    return {
        "functions": [
            {
                "name": name,
                "description": each.title,
                "arguments": [{"type": [kinds[kind]]} for kind in each.takes],
                "returns": [kinds[each.gives]],
            }
            for name, each in FUNCTIONS.items()
        ]
    }


def openapi(layers: Sequence[tuple[LayerSpec, FeatureSource]], locale: str) -> dict[str, Any]:
    """Return the OpenAPI document: a path of its own for each collection, with the parameters it takes."""
    paths: dict[str, Any] = {
        "/": _get("The landing page", "landing"),
        "/conformance": _get("What the API conforms to", "conformance"),
        "/collections": _get("All collections", "collections"),
        "/functions": _get("What filters may call", "functions"),
    }
    for layer, source in layers:
        place, title = f"/collections/{layer.id}", layer.title.in_locale(locale)
        own = [
            Parameter(name, name, _JSON_TYPES[source.kind(name)])
            for name in source.types
            if name != GEOMETRY
            and source.kind(name) != "array"
            and name not in {each.name for each in ogc_params.ITEMS}
        ]
        paths[place] = _get(title, f"{layer.id}.collection")
        paths[f"{place}/queryables"] = _get(title, f"{layer.id}.queryables", kind="application/schema+json")
        paths[f"{place}/schema"] = _get(title, f"{layer.id}.schema", kind="application/schema+json")
        paths[f"{place}/items"] = _get(
            title, f"{layer.id}.items", parameters=(*ogc_params.ITEMS, *own), kind="application/geo+json"
        )
        paths[f"{place}/items/{{featureId}}"] = _get(
            title, f"{layer.id}.item", parameters=(ogc_params.CRS,), kind="application/geo+json", named="featureId"
        )
    return {
        "openapi": "3.0.3",
        "info": {"title": "Jingwei OGC API", "version": __version__},
        "servers": [{"url": root()}],
        "paths": paths,
        # QGIS looks for the size of a page here and nowhere else.
        "components": {"parameters": {"limit": _listed(ogc_params.ITEMS[0])}},
    }


def _titles(field: FieldSpec | None, locale: str) -> dict[str, Any]:
    if field is None:
        return {}
    found: dict[str, Any] = {"title": field.title.in_locale(locale)}
    return found | ({"enum": list(field.values)} if field.values else {})


def _get(
    summary: str,
    operation: str,
    *,
    parameters: Sequence[Parameter] = (),
    kind: str = "application/json",
    named: str = "",
) -> dict[str, Any]:
    listed: list[dict[str, Any]] = [_listed(each) for each in parameters]
    if named:
        listed.append({"name": named, "in": "path", "required": True, "schema": {"type": "string"}})
    content = {kind: {"schema": {"type": "object"}}}
    answers = {"200": {"description": "what was asked for", "content": content}}
    return {"get": {"summary": summary, "operationId": operation, "parameters": listed, "responses": answers}}


def _listed(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.description,
        "schema": parameter.schema,
        # The default for what is no list; QGIS knows by these two what it may ask for.
        "style": "form",
        "explode": False,
    }
