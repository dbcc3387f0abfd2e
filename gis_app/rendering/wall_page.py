"""The wall's page: the command map's renderers in a frame of figures, alerts and duty, for screens without hands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gis_app.rendering.map_page import map_page

SHEETS = ("page.css", "wall.css")


def render_wall(config: Mapping[str, Any], *, nonce: str, static_url: str) -> str:
    """Return the page.

    Parameters
    ----------
    config
        What ``services.maps.map_config`` returns, and under ``wall`` what the wall shows first.
    nonce
        That of the response's Content-Security-Policy.
    static_url
        Where the static folder is served.

    Raises
    ------
    NotFound
        If the page would ask for an address without a local file.
    """
    words = config["strings"]
    title = f"{config['city']['area'] or config['city']['name']} · {words['wall']} · {words['product']}"
    return map_page(config, "wall.html", sheets=SHEETS, title=title, nonce=nonce, static_url=static_url)
