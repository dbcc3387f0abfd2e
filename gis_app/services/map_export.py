"""The data of an exported map: everything a reader will see, in words, inside the scope of who exports."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from sqlalchemy import Connection

from gis_app.domain.errors import InvalidInput
from gis_app.rendering.layer_spec import LayerSpec
from gis_app.services.formatting import words_of
from gis_app.services.tiles import tile_source
from gis_app.storage.features import layer_rows
from gis_app.storage.tiles import TileFilter, TileSource

MOST_FEATURES = 60_000
"""Features of one layer beyond which a browser on an office machine no longer draws them inline."""
SIMPLIFIED_DEGREES = 0.00003
"""About 3 m: not seen at the zooms a file is read at."""

Row = list[Any]


def exported_rows(connection: Connection, layer: LayerSpec, wanted: TileFilter, *, locale: str) -> list[Row]:
    """Return each feature as ``[geometry, painted value, value of the radius, words of all fields]``.

    Layers that cannot be pointed at come as one shape per class and lose their words.

    Raises
    ------
    InvalidInput
        If the layer has more than 60,000 features.
    """
    rows = [
        _row(layer, json.loads(geometry), properties, locale=locale)
        for geometry, properties in layer_rows(
            connection,
            _source(layer),
            wanted,
            simplify_degrees=0.0 if layer.geometry == "point" else SIMPLIFIED_DEGREES,
            limit=MOST_FEATURES + 1,
        )
    ]
    if len(rows) > MOST_FEATURES:
        raise InvalidInput(
            "Layer {layer} has more than {most} features.",
            remedy="Export fewer days, or leave the layer out.",
            layer=layer.id,
            most=MOST_FEATURES,
        )
    if not layer.interactive:
        return _merged(rows)
    # Classes listed first, such as what is overdue, are drawn last: on top.
    rank = {stop.value: -n for n, stop in enumerate(layer.paint.stops)}
    return sorted(rows, key=lambda row: rank.get(row[1], -len(rank))) if layer.geometry == "point" else rows


def exported_labels(connection: Connection, layer: LayerSpec, wanted: TileFilter) -> dict[str, Any]:
    """Return the names of a layer of labels as the page reads them."""
    return {
        "features": [
            {"geometry": json.loads(geometry), "properties": properties}
            for geometry, properties in layer_rows(connection, _source(layer), wanted, limit=MOST_FEATURES)
        ]
    }


def _source(layer: LayerSpec) -> TileSource:
    tiled = tile_source(layer)
    least_zoom = (layer.zoom_column,) if layer.zoom_column else ()
    columns = tuple(dict.fromkeys((*layer.tile_columns, *layer.detail_columns, *least_zoom)))
    return TileSource(
        layer=layer.id,
        view=layer.source,
        columns=columns,
        time_column=layer.time_column,
        night_column=layer.night_column,
        drawn_column=tiled.drawn_column,
        drawn_values=tiled.drawn_values,
        drawn_from=tiled.drawn_from,
    )


def _row(layer: LayerSpec, geometry: Any, properties: dict[str, Any], *, locale: str) -> Row:
    paint = layer.paint
    painted = properties.get(paint.field) if paint.field else None
    size = properties.get(paint.radius_field) if paint.radius_field else None
    if not layer.interactive:
        return [geometry, painted, size, []]
    other = "zh" if locale == "en" else "en"
    texts = [
        words_of(field, properties[field.column(locale)] or properties[field.column(other)], locale=locale)
        if field.localized
        else words_of(field, properties[field.name], locale=locale)
        for field in layer.fields
    ]
    return [geometry, painted, size, texts]


def _merged(rows: list[Row]) -> list[Row]:
    parts: dict[tuple[str, Any], list[Any]] = defaultdict(list)
    for geometry, painted, _, _ in rows:
        kind, coordinates = geometry["type"], geometry["coordinates"]
        is_multi = kind.startswith("Multi")
        parts[kind if is_multi else f"Multi{kind}", painted].extend(coordinates if is_multi else [coordinates])
    return [
        [{"type": kind, "coordinates": coordinates}, painted, None, []]
        for (kind, painted), coordinates in parts.items()
    ]
