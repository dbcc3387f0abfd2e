"""The map around which a page is made: a few quiet layers of the city, as the caller may see them."""

from __future__ import annotations

from typing import Any

from flask import current_app

from gis_app.services import maps
from gis_app.web import params
from gis_app.web.access import current_scope
from gis_app.web.static_files import static_url

BACKGROUND = ("land", "water", "streets", "townships", "villages")


def background_map(layers: tuple[str, ...] = BACKGROUND) -> dict[str, Any]:
    """Return what the scripts of a page with a map read: its layers, window, bounds and where static files are."""
    state, scope, language = current_app.extensions["jingwei"], current_scope(), params.locale()
    city = maps.city_state(state.engine, scope, locale=language)
    chosen = tuple(layer for layer in state.layers.values() if layer.id in layers)
    config = maps.map_config(city, chosen, scope, locale=language, now=state.now())
    return {**config, "staticUrl": static_url()}
