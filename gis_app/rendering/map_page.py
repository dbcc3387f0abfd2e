"""A page around a Folium map with our renderers: its libraries, its style sheets, its words and its configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from branca.element import Element
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gis_app.rendering.figure import bare_map, offline_page

LIBRARIES = ("jingwei:maplibre-gl.js", "jingwei:leaflet-maplibre-gl.js", "jingwei:leaflet-vectorgrid.js")
STYLE_SHEETS = ("jingwei:maplibre-gl.css",)
_TEMPLATES_FOLDER = Path(__file__).with_name("templates")
TEMPLATES = Environment(loader=FileSystemLoader(_TEMPLATES_FOLDER), autoescape=True, undefined=StrictUndefined)
# Characters that could end the script element or a JavaScript line; written as escapes inside JSON strings.
_UNSAFE = {character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def safe_json(value: object) -> str:
    """Return JSON that may stand inside a script element, whatever texts it holds."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # str.translate looks at every character by itself: 20 times slower on the words of a page.
    for character, escape in _UNSAFE.items():
        written = written.replace(character, escape)
    return written


def map_page(
    config: Mapping[str, Any], template: str, *, sheets: Sequence[str], title: str, nonce: str, static_url: str
) -> str:
    """Return a page: a Folium map, a template's markup around it, and the configuration that our modules read.

    Parameters
    ----------
    config
        What ``services.maps.map_config`` returns; its ``strings`` are the words of the template.
    template
        File in ``templates/``.
    sheets
        Names of own style sheets in ``static/css``.
    title
        Of the document.
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
    # After Leaflet, which folium itself puts into the head: the other libraries build on it.
    folium_map.default_js = [*folium_map.default_js, *((address, address) for address in LIBRARIES)]
    addresses = (*STYLE_SHEETS, *(f"{static_url}/css/{name}" for name in sheets))
    folium_map.default_css = [*folium_map.default_css, *((sheet, sheet) for sheet in addresses)]
    around = TEMPLATES.get_template(template).render(config=config, words=config["strings"], static_url=static_url)
    data = (
        f'<script type="application/json" id="jingwei-config" data-map="{folium_map.get_name()}">'
        f"{safe_json({**config, 'staticUrl': static_url})}</script>"
    )
    # Element takes its text for a template; handed over as a value, braces in the data stay braces.
    page: Any = Element("{{ this.markup }}")
    page.markup = data + around
    figure: Any = folium_map.get_root()
    figure.html.add_child(page)
    return offline_page(folium_map, nonce=nonce, static_url=static_url, title=title, language=config["locale"])
