"""Layers as the browser reads them: titles, classes and formats in one language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gis_app.rendering.layer_spec import FieldSpec, LayerSpec
from gis_app.rendering.style import Paint, Stop

GROUP_TITLES = {
    "work": {"zh": "隐患闭环", "en": "Hazards"},
    "patrols": {"zh": "巡逻", "en": "Patrols"},
    "analysis": {"zh": "分析", "en": "Analysis"},
    "areas": {"zh": "区域与设施", "en": "Areas and facilities"},
    "basemap": {"zh": "底图", "en": "Basemap"},
}
"""Groups in the order of the panel."""


def layer_config(layer: LayerSpec, *, locale: str) -> dict[str, Any]:
    """Return a layer as the browser needs it: titles and labels in one language."""
    parameters = [*(("from", "to") if layer.time_column else ()), *(("night",) if layer.night_column else ())]
    return {
        "id": layer.id,
        "title": layer.title.in_locale(locale),
        "group": layer.group,
        "groupTitle": GROUP_TITLES[layer.group][locale],
        "order": layer.order,
        "geometryType": layer.geometry,
        "visible": layer.visible,
        "minzoom": layer.minzoom,
        "maxzoom": layer.maxzoom,
        "interactive": layer.interactive,
        "tiles": f"/tiles/{layer.id}/{{z}}/{{x}}/{{y}}.mvt",
        "params": parameters,
        "aggregateBelow": layer.aggregate_below,
        "inlineUrl": f"/layers/{layer.id}.json" if layer.inline else None,
        "paint": _paint(layer.paint, layer, locale=locale),
        "tooltip": list(layer.tooltip),
        "fields": [_field(field, locale=locale) for field in layer.fields],
        "details": f"/features/{layer.id}/{{id}}",
    }


def _paint(paint: Paint, layer: LayerSpec, *, locale: str) -> dict[str, Any]:
    column = paint.field
    if column is not None and column in {field.name for field in layer.fields}:
        column = layer.field_named(column).column(locale)
    return {
        "kind": paint.kind,
        "field": column,
        "color": paint.color,
        "outline": paint.outline,
        "width": paint.width,
        "widthStops": [list(stop) for stop in paint.width_stops],
        "radius": paint.radius,
        "radiusField": paint.radius_field,
        "radii": dict(paint.radii),
        "opacity": paint.opacity,
        "fillOpacity": paint.fill_opacity,
        "dash": list(paint.dash),
        "stops": [_stop(stop, locale=locale) for stop in paint.stops],
    }


def _stop(stop: Stop, *, locale: str) -> dict[str, Any]:
    limit: Mapping[str, Any] = {"value": stop.value} if stop.value is not None else {"min": stop.least}
    return {**limit, "label": stop.label.in_locale(locale), "color": stop.color, "hatched": stop.hatched}


def _field(field: FieldSpec, *, locale: str) -> dict[str, Any]:
    return {
        "name": field.name,
        "column": field.column(locale),
        "title": field.title.in_locale(locale),
        "kind": field.kind,
        "unit": field.unit.in_locale(locale) if field.unit else "",
        "decimals": field.decimals,
        "factor": field.factor,
        "values": {key: words.in_locale(locale) for key, words in field.values.items()},
    }
