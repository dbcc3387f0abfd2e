"""What a click on the map shows: one feature with its fields in words."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Engine

from gis_app.domain.errors import NotFound
from gis_app.domain.rights import Scope
from gis_app.rendering.layer_spec import LayerSpec
from gis_app.services.formatting import NO_DATA, words_of
from gis_app.storage import features
from gis_app.storage.engine import scoped

_LARGEST_ID = 2**63 - 1


def describe(engine: Engine, scope: Scope, layer: LayerSpec, *, identity: str, locale: str) -> dict[str, Any]:
    """Return a feature's title, place and fields as plain text.

    Raises
    ------
    NotFound
        If there is none of this id in the caller's scope; a foreign and a missing one look the same.
    """
    missing = NotFound("There is no such thing on this layer.", remedy="Reload the map: it may have changed.")
    key = _key(layer, identity)
    # A layer without fields, such as the land, is a picture: nothing is said of its parts.
    if key is None or not layer.fields:
        raise missing
    with scoped(engine, scope) as connection:
        row = features.feature(connection, layer.source, key, columns=layer.detail_columns)
    if row is None:
        raise missing
    shown = [
        {
            "name": field.name,
            "title": field.title.in_locale(locale),
            "value": words_of(field, row[field.column(locale)] or _other_language(row, field, locale), locale=locale)
            if field.localized
            else words_of(field, row[field.name], locale=locale),
        }
        for field in layer.fields
    ]
    heading = next((entry["value"] for entry in shown if entry["value"] != NO_DATA[locale]), "")
    return {
        "id": identity,
        "layer": layer.title.in_locale(locale),
        "title": heading,
        "synthetic": bool(row["is_synthetic"]),
        "fields": shown,
        "lon": row["lon"],
        "lat": row["lat"],
    }


def _key(layer: LayerSpec, identity: str) -> int | uuid.UUID | None:
    if layer.identity == "uuid":
        try:
            return uuid.UUID(identity)
        except ValueError:
            return None
    usable = identity.isascii() and identity.isdecimal() and len(identity) < 20 and int(identity) <= _LARGEST_ID
    return int(identity) if usable else None


def _other_language(row: Any, field: Any, locale: str) -> Any:
    return row[field.column("zh" if locale == "en" else "en")]
