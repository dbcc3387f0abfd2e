"""The command map's page: a Folium map, our controls around it, and the configuration they read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gis_app.rendering.map_page import map_page

SHEETS = ("page.css", "map.css", "drawing.css", "operator.css")


def render_command_map(config: Mapping[str, Any], *, nonce: str, static_url: str) -> str:
    """Return the page.

    Parameters
    ----------
    config
        What ``services.maps.map_config`` returns.
    nonce
        That of the response's Content-Security-Policy.
    static_url
        Where the static folder is served.

    Raises
    ------
    NotFound
        If the page would ask for an address without a local file.
    """
    title = f"{config['city']['name']} · {config['strings']['product']}"
    return map_page(config, "command_map.html", sheets=SHEETS, title=title, nonce=nonce, static_url=static_url)
