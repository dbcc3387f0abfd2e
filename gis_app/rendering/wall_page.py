"""The wall's page: the command map's renderers in a frame of figures, alerts and duty, for screens without hands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from branca.element import Element

from gis_app.rendering.command_map import LIBRARIES, STYLE_SHEETS, TEMPLATES, safe_json
from gis_app.rendering.figure import bare_map, offline_page


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
    folium_map = bare_map(bounds=tuple(config["city"]["bounds"]))
    folium_map.default_js = [*folium_map.default_js, *((address, address) for address in LIBRARIES)]
    own_sheets = (f"{static_url}/css/{name}" for name in ("page.css", "wall.css"))
    folium_map.default_css = [*folium_map.default_css, *((sheet, sheet) for sheet in (*STYLE_SHEETS, *own_sheets))]
    words = config["strings"]
    markup = TEMPLATES.get_template("wall.html").render(config=config, words=words, static_url=static_url)
    data = (
        f'<script type="application/json" id="jingwei-config" data-map="{folium_map.get_name()}">'
        f"{safe_json({**config, 'staticUrl': static_url})}</script>"
    )
    # Element takes its text for a template; handed over as a value, braces in the data stay braces.
    page: Any = Element("{{ this.markup }}")
    page.markup = data + markup
    figure: Any = folium_map.get_root()
    figure.html.add_child(page)
    title = f"{config['city']['area'] or config['city']['name']} · {words['wall']} · {words['product']}"
    return offline_page(folium_map, nonce=nonce, static_url=static_url, title=title, language=config["locale"])
