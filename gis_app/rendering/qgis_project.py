"""A QGIS project of the layers, drawn as on the map: features and vector tiles of this server's OGC API."""

from __future__ import annotations

import math
from collections.abc import Sequence
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, tostring

from gis_app.rendering.layer_config import GROUP_TITLES
from gis_app.rendering.layer_spec import GROUPS, LayerSpec
from gis_app.rendering.qgis_style import drawn_classes, rgba, symbol_of

AUTHENTICATION = "jingwei"
"""The identifier, seven characters as QGIS asks for, under which the reader keeps login and token."""
_VERSION = "3.22.0"
_MERCATOR, _DEGREES = "EPSG:3857", "EPSG:4326"
_QGIS_NUMBER = {_MERCATOR: "3857", _DEGREES: "3452"}
_GEOMETRY_NUMBER = {"point": "0", "line": "1", "polygon": "2"}
_SCALE_OF_ZOOM_0 = 559_082_264.0
_EARTH_M = 6_378_137.0
BACKGROUND = "#0b1219"


def qgis_project(layers: Sequence[LayerSpec], root: str, *, title: str, bounds: Sequence[float], locale: str) -> str:
    """Return a project as QGIS 3.22 and newer read it.

    Parameters
    ----------
    layers
        In drawing order, the lowest first. The base map comes as vector tiles, all others as features.
    root
        Absolute address of the OGC API.
    bounds
        West, south, east, north of the first view; degrees, CRS84.
    """
    project = Element("qgis", version=_VERSION, projectname=title)
    SubElement(project, "title").text = title
    _reference(SubElement(project, "projectCrs"), _MERCATOR)
    tree = SubElement(project, "layer-tree-group")
    listed = SubElement(project, "projectlayers")
    for group in reversed(GROUPS):
        of_group = [layer for layer in reversed(layers) if layer.group == group]
        branch = SubElement(
            tree, "layer-tree-group", name=GROUP_TITLES[group][locale], checked="Qt::Checked", expanded="1"
        )
        for layer in of_group:
            made = _tiles(layer, root, locale) if _comes_as_tiles(layer) else _features(layer, root, locale)
            listed.append(made)
            branch.append(_entry(layer, made))
    _first_view(project, bounds)
    properties = SubElement(project, "properties")
    projecting = SubElement(properties, "SpatialRefSys")
    SubElement(projecting, "ProjectionsEnabled", type="int").text = "1"
    gui = SubElement(properties, "Gui")
    for part, value in zip(("Red", "Green", "Blue"), rgba(BACKGROUND).split(","), strict=False):
        SubElement(gui, f"CanvasColor{part}Part", type="int").text = value
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(project, encoding="unicode")


def _comes_as_tiles(layer: LayerSpec) -> bool:
    return layer.group == "basemap" and layer.paint.kind != "label"


def _features(layer: LayerSpec, root: str, locale: str) -> Element:
    source = (
        f"authcfg={AUTHENTICATION} pagingEnabled='true' restrictToRequestBBOX='1' typename='{layer.id}' "
        f"url='{root}' version='OGC_API_FEATURES'"
    )
    made = _layer(layer, "vector", source, provider="OAPIF", crs=_DEGREES, locale=locale)
    if layer.minzoom:
        made.set("hasScaleBasedVisibilityFlag", "1")
        made.set("minScale", f"{_SCALE_OF_ZOOM_0 / 2**layer.minzoom:.0f}")
        made.set("maxScale", "0")
    if layer.paint.kind == "label":
        made.set("labelsEnabled", "1")
        SubElement(made, "renderer-v2", type="nullSymbol")
        made.append(_labels(layer, locale))
        return made
    renderer = SubElement(made, "renderer-v2", type="RuleRenderer", symbollevels="0", enableorderby="0")
    rules, symbols = SubElement(renderer, "rules", key="root"), SubElement(renderer, "symbols")
    for number, drawn in enumerate(drawn_classes(layer, locale)):
        given = {"filter": drawn.expression} if drawn.expression else {}
        SubElement(rules, "rule", key=f"{layer.id}-{number}", symbol=str(number), label=drawn.label, attrib=given)
        symbols.append(symbol_of(layer, drawn, str(number)))
    return made


def _tiles(layer: LayerSpec, root: str, locale: str) -> Element:
    template = f"{root}/collections/{layer.id}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}"
    zooms = f"zmin={layer.minzoom}&zmax={layer.maxzoom}"
    source = f"authcfg={AUTHENTICATION}&type=xyz&url={quote(template, safe=':/{}')}&{zooms}"
    made = _layer(layer, "vector-tile", source, provider="", crs=_MERCATOR, locale=locale)
    styles = SubElement(SubElement(made, "renderer", type="basic"), "styles")
    for drawn in drawn_classes(layer, locale):
        style = SubElement(
            styles,
            "style",
            {"name": drawn.label, "expression": drawn.expression, "layer": layer.id, "enabled": "1"}
            | {"geometry": _GEOMETRY_NUMBER[layer.geometry], "min-zoom": "-1", "max-zoom": "-1"},
        )
        SubElement(style, "symbols").append(symbol_of(layer, drawn, "0"))
    return made


def _layer(layer: LayerSpec, kind: str, source: str, *, provider: str, crs: str, locale: str) -> Element:
    made = Element("maplayer", type=kind, autoRefreshEnabled="0")
    SubElement(made, "id").text = f"jingwei_{layer.id}"
    SubElement(made, "datasource").text = source
    SubElement(made, "layername").text = layer.title.in_locale(locale)
    if provider:
        SubElement(made, "provider", encoding="UTF-8").text = provider
    _reference(SubElement(made, "srs"), crs)
    return made


def _entry(layer: LayerSpec, made: Element) -> Element:
    return Element(
        "layer-tree-layer",
        id=str(made.findtext("id")),
        name=str(made.findtext("layername")),
        checked="Qt::Checked" if layer.visible else "Qt::Unchecked",
        expanded="0",
        providerKey=made.findtext("provider") or "",
    )


def _labels(layer: LayerSpec, locale: str) -> Element:
    labeling = Element("labeling", type="simple")
    settings = SubElement(labeling, "settings")
    column = layer.paint.field or ""
    known = {field.name: field.column(locale) for field in layer.fields}
    style = SubElement(
        settings,
        "text-style",
        {"fieldName": known.get(column, column), "isExpression": "0", "fontFamily": "Noto Sans CJK SC"}
        | {"fontSize": "9", "fontSizeUnit": "Point", "textColor": rgba(layer.paint.color or "#ffffff")},
    )
    halo = {"bufferDraw": "1", "bufferSize": "0.8", "bufferSizeUnits": "MM"}
    SubElement(style, "text-buffer", halo, bufferColor=rgba(layer.paint.outline or BACKGROUND))
    SubElement(settings, "placement", placement="1")
    return labeling


def _reference(parent: Element, code: str) -> None:
    # QGIS reads the code only beside its own number of the system.
    system = SubElement(parent, "spatialrefsys")
    SubElement(system, "srsid").text = _QGIS_NUMBER[code]
    SubElement(system, "authid").text = code


def _first_view(project: Element, bounds: Sequence[float]) -> None:
    west, south, east, north = bounds
    edges = {
        "xmin": _EARTH_M * math.radians(west),
        "ymin": _northing(south),
        "xmax": _EARTH_M * math.radians(east),
        "ymax": _northing(north),
    }
    canvas = SubElement(project, "mapcanvas", name="theMapCanvas", annotationsVisible="1")
    SubElement(canvas, "units").text = "meters"
    extent = SubElement(canvas, "extent")
    for name, metres in edges.items():
        SubElement(extent, name).text = f"{metres:.2f}"
    _reference(SubElement(canvas, "destinationsrs"), _MERCATOR)
    # The canvas is what an open window shows, the settings what its button "full view" goes back to.
    settings = SubElement(project, "ProjectViewSettings", UseProjectScales="0")
    shown = {name: f"{metres:.2f}" for name, metres in edges.items()}
    _reference(SubElement(settings, "DefaultViewExtent", shown), _MERCATOR)


def _northing(latitude: float) -> float:
    return _EARTH_M * math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))
