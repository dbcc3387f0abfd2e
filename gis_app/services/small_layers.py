"""Small layers as one GeoJSON collection."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Engine

from gis_app.domain.rights import Scope
from gis_app.rendering.layer_spec import LayerSpec
from gis_app.storage.engine import scoped
from gis_app.storage.features import layer_rows
from gis_app.storage.tiles import TileFilter, TileSource


def collection(
    engine: Engine,
    scope: Scope,
    layer: LayerSpec,
    *,
    wanted: TileFilter,
    simplify_degrees: float = 0.0,
    limit: int | None = None,
) -> dict[str, Any]:
    """Return all features of a layer in the caller's scope, properties as the layer's fields name them."""
    source = TileSource(
        layer=layer.id,
        view=layer.source,
        columns=tuple(dict.fromkeys((*layer.tile_columns, *layer.detail_columns))),
        time_column=layer.time_column,
        night_column=layer.night_column,
    )
    with scoped(engine, scope) as connection:
        rows = layer_rows(connection, source, wanted, simplify_degrees=simplify_degrees, limit=limit)
        return {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "id": str(properties["id"]),
                    "geometry": json.loads(geometry),
                    "properties": _plain(properties),
                }
                for geometry, properties in rows
            ],
        }


def _plain(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, str | int | float | bool) or value is None else str(value)
        for name, value in properties.items()
    }
