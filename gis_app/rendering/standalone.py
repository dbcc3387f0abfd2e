"""One HTML file with a map and its data inside: opens from a disk and asks for nothing."""

from __future__ import annotations

import base64
import mimetypes
import re
import secrets
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from branca.element import Element

from gis_app import paths
from gis_app.domain.errors import NotFound
from gis_app.rendering.figure import bare_map, offline_page
from gis_app.rendering.map_page import safe_json
from gis_app.rendering.script_bundle import bundle

STATIC_URL = "/static"
STYLE_SHEETS = ("page.css", "standalone.css")
_SCRIPT = re.compile(r"<script\b[^>]*?\bsrc=\"([^\"]+)\"[^>]*>\s*</script>")
_LINK = re.compile(r"<link\b[^>]*?\bhref=\"([^\"]+)\"[^>]*?/?>")
_URL = re.compile(r"url\(\s*['\"]?([^'\")]+)['\"]?\s*\)")


def render_standalone(config: Mapping[str, Any], *, notes: Sequence[str]) -> str:
    """Return the page.

    Parameters
    ----------
    config
        That of the command map, with ``data``: per layer a list of ``[geometry, painted value, value of the radius,
        words of the fields]``, and ``answers``: what addresses of small layers would answer.
    notes
        What the head says of the data: until when, of which days.

    Raises
    ------
    NotFound
        If a file that belongs inside is missing.
    """
    nonce = secrets.token_urlsafe(18)
    folium_map = bare_map(bounds=tuple(config["city"]["bounds"]))
    folium_map.default_css = [
        *folium_map.default_css,
        *((sheet, f"{STATIC_URL}/css/{sheet}") for sheet in STYLE_SHEETS),
    ]
    page: Any = Element("{{ this.markup }}")
    page.markup = _markup(config, notes, folium_map.get_name())
    figure: Any = folium_map.get_root()
    figure.html.add_child(page)
    words = config["strings"]
    title = f"{config['city']['name']} · {words['product']}"
    served = offline_page(folium_map, nonce=nonce, static_url=STATIC_URL, title=title, language=config["locale"])
    inside = _LINK.sub(lambda match: _style(match.group(1), nonce), served)
    inside = _SCRIPT.sub(lambda match: _script(_file(match.group(1)).read_text(encoding="utf-8"), nonce), inside)
    # After Folium's own script, which makes the map.
    script = _script(bundle(paths.static() / "js", "standalone_map", instead={"requests": "standalone_data"}), nonce)
    head, end = inside.rsplit("</html>", 1)
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_policy(nonce)}">'
    return re.sub(r"<head>", lambda _: f"<head>\n    {policy}", head, count=1) + script + "\n</html>" + end


def _policy(nonce: str) -> str:
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    )


def _markup(config: Mapping[str, Any], notes: Sequence[str], map_name: str) -> str:
    words, city = config["strings"], config["city"]
    badge = f'<p class="export-badge">{escape(words["synthetic"])}</p>' if city["synthetic"] else ""
    lines = "".join(f"<p>{escape(note)}</p>" for note in notes)
    heading = f"<h1>{escape(words['product'])} · {escape(city['name'])}</h1>"
    return (
        f'<header class="export-head">{heading}{badge}{lines}</header>'
        f'<nav class="export-layers" id="layer-list" aria-label="{escape(words["layers"])}"></nav>'
        f'<script type="application/json" id="jingwei-config" data-map="{map_name}">{safe_json(config)}</script>'
    )


def _file(address: str) -> Path:
    path = paths.static() / unquote(address.removeprefix(f"{STATIC_URL}/"))
    if not path.is_file():
        raise NotFound("{file} is missing.", remedy="Run `npm ci --ignore-scripts` first.", file=path)
    return path


def _script(source: str, nonce: str) -> str:
    safe = source.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    return f'<script nonce="{nonce}">{safe}</script>'


def _style(address: str, nonce: str) -> str:
    path = _file(address)
    sheet = path.read_text(encoding="utf-8").replace("</style", "<\\/style")
    return f'<style nonce="{nonce}">{_URL.sub(lambda match: _embedded(match, path.parent), sheet)}</style>'


def _embedded(match: re.Match[str], folder: Path) -> str:
    address = match.group(1)
    if address.startswith(("data:", "#")):
        return match.group(0)
    path = folder / unquote(address.split("?")[0].split("#")[0])
    if not path.is_file():
        raise NotFound("{file} is missing.", remedy="Run `npm ci --ignore-scripts` first.", file=path)
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"url(data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()})"
