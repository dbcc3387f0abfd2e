"""How QGIS draws a layer: its file's paint as symbols, each with the expression that chooses its features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from gis_app.rendering.layer_spec import LayerSpec
from gis_app.rendering.style import Paint, Stop

SYMBOLS = {"point": ("marker", "SimpleMarker"), "line": ("line", "SimpleLine"), "polygon": ("fill", "SimpleFill")}
_EXPRESSION = 3
"""The number that QGIS gives properties that an expression computes."""


@dataclass(frozen=True)
class DrawnClass:
    """One class of a layer: its name in the legend, the expression that chooses it (empty for all), its colour."""

    label: str
    expression: str
    color: str
    hatched: bool = False


def drawn_classes(layer: LayerSpec, locale: str) -> tuple[DrawnClass, ...]:
    """Return the classes of a layer; every feature that is drawn falls into exactly one."""
    paint = layer.paint
    if paint.field is None or not paint.stops:
        return (DrawnClass(layer.title.in_locale(locale), "", paint.color or "#888888"),)
    name = quoted_name(paint.field)
    found = [
        DrawnClass(stop.label.in_locale(locale), expression, stop.color, stop.hatched)
        for stop, expression in _chosen(paint, name)
    ]
    if paint.color is not None:
        found.append(DrawnClass("…", _outside(paint, name), paint.color))
    return tuple(found)


def symbol_of(layer: LayerSpec, drawn: DrawnClass, name: str) -> Element:
    """Return the symbol of a class; sizes in pixels, as on the map page."""
    kind, drawing = SYMBOLS[layer.geometry]
    symbol = Element("symbol", name=name, type=kind, alpha=f"{layer.paint.opacity:g}", clip_to_extent="1")
    part = SubElement(symbol, "layer", {"class": drawing, "enabled": "1", "locked": "0", "pass": "0"})
    texts(part, _settings(layer, drawn))
    if layer.geometry == "point" and layer.paint.radius_field:
        part.append(_sized_by(layer.paint))
    return symbol


def texts(parent: Element, values: Mapping[str, str]) -> Element:
    """Append values as QGIS writes a map of texts."""
    options = SubElement(parent, "Option", type="Map")
    for key, value in values.items():
        SubElement(options, "Option", name=key, value=value, type="QString")
    return options


def quoted_name(column: str) -> str:
    """Return a column's name as it stands in an expression."""
    return '"' + column.replace('"', '""') + '"'


def rgba(color: str, opacity: float = 1.0) -> str:
    """Return a colour ``#rrggbb`` as QGIS writes it."""
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"


def _chosen(paint: Paint, name: str) -> Iterator[tuple[Stop, str]]:
    if paint.kind == "categories":
        yield from ((stop, f"{name} = {_quoted(str(stop.value))}") for stop in paint.stops)
        return
    for stop, following in zip(paint.stops, (*paint.stops[1:], None), strict=True):
        below = "" if following is None else f" AND {name} < {following.least:g}"
        yield stop, f"{name} >= {stop.least:g}{below}"


def _outside(paint: Paint, name: str) -> str:
    if paint.kind == "categories":
        listed = ", ".join(_quoted(str(stop.value)) for stop in paint.stops)
        return f"{name} IS NULL OR {name} NOT IN ({listed})"
    return f"{name} IS NULL OR {name} < {paint.stops[0].least:g}"


def _settings(layer: LayerSpec, drawn: DrawnClass) -> dict[str, str]:
    paint = layer.paint
    if layer.geometry == "line":
        dash = (
            {"use_custom_dash": "1", "customdash": ";".join(f"{each:g}" for each in paint.dash)} if paint.dash else {}
        )
        return {
            **{"line_color": rgba(drawn.color), "line_width": f"{paint.width:g}", "line_width_unit": "Pixel"},
            **{"line_style": "solid", "capstyle": "round", "joinstyle": "round", "customdash_unit": "Pixel"},
            **dash,
        }
    edge = {
        "outline_color": rgba(paint.outline or drawn.color),
        "outline_style": "solid" if paint.width and paint.outline else "no",
        "outline_width": f"{paint.width:g}",
        "outline_width_unit": "Pixel",
        "color": rgba(drawn.color, paint.fill_opacity),
    }
    if layer.geometry == "polygon":
        style = "b_diagonal" if drawn.hatched else "solid" if paint.fill_opacity else "no"
        return {**edge, "style": style, "joinstyle": "round"}
    return {**edge, "name": "circle", "size": f"{2 * paint.radius:g}", "size_unit": "Pixel"}


def _sized_by(paint: Paint) -> Element:
    name = quoted_name(str(paint.radius_field))
    cases = " ".join(f"WHEN {name} = {_quoted(value)} THEN {2 * radius:g}" for value, radius in paint.radii.items())
    found = Element("data_defined_properties")
    options = texts(found, {"name": "", "type": "collection"})
    size = SubElement(SubElement(options, "Option", name="properties", type="Map"), "Option", name="size", type="Map")
    SubElement(size, "Option", name="active", value="true", type="bool")
    expression = f"CASE {cases} ELSE {2 * paint.radius:g} END"
    SubElement(size, "Option", name="expression", value=expression, type="QString")
    SubElement(size, "Option", name="type", value=str(_EXPRESSION), type="int")
    return found


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
