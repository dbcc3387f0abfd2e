"""Folium pages made fit for a closed network: every address local, every script under a nonce, zoom not locked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser

from folium import Map

from gis_app.rendering.assets import local_path

_ADDRESS_ATTRIBUTES = frozenset({"src", "href", "xlink:href", "srcset", "data", "poster", "action", "formaction"})
_NONCED = frozenset({"script", "style"})
_LEAVES_THE_PAGE = re.compile(r"^\s*(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)
_STAYS_IN_THE_PAGE = re.compile(r"^\s*(?:data|about):", re.IGNORECASE)
# In code an address is a quoted or url()-wrapped one; names of XML namespaces are never fetched.
_ADDRESS_IN_CODE = re.compile(
    r"(?:https?:|wss?:)//(?!www\.w3\.org/)[^\s'\"`)]+|[\"'`(]\s*//[\w-]+\.[^\s'\"`)]+", re.IGNORECASE
)
_VIEWPORT = "width=device-width, initial-scale=1"


def content_security_policy(nonce: str, *, image_origins: Sequence[str] = ()) -> str:
    """Return the policy of our pages: scripts and styles by nonce, everything else from this server alone.

    Images also from the tile servers that an operator named, and from nowhere else.
    """
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            # Leaflet writes style attributes into the elements it makes.
            "style-src-attr 'unsafe-inline'",
            " ".join(("img-src 'self' data: blob:", *image_origins)),
            "worker-src 'self'",
            # The canvas renderer hands a tile it has fetched to the decoder as a blob.
            "connect-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def bare_map(*, bounds: tuple[float, float, float, float]) -> Map:
    """Return a Folium map of ``bounds`` (west, south, east, north; degrees) that loads Leaflet and nothing else."""
    west, south, east, north = bounds
    folium_map = Map(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=10,
        tiles=None,
        zoom_control=False,
        prefer_canvas=True,
        attribution_control=False,
    )
    folium_map.default_js = [entry for entry in folium_map.default_js if entry[0] == "leaflet"]
    folium_map.default_css = [entry for entry in folium_map.default_css if entry[0] == "leaflet_css"]
    return folium_map


def offline_page(folium_map: Map, *, nonce: str, static_url: str, title: str, language: str) -> str:
    """Return the map's page with local addresses and nonces.

    Parameters
    ----------
    folium_map
        A Folium map with all its elements added to its ``Figure``.
    nonce
        That of the response's Content-Security-Policy.
    static_url
        Where the static folder is served, such as ``/static``.
    title
        Name of the page and of the map, for the tab and for screen readers.
    language
        Code of the page's language, such as ``zh``.

    Raises
    ------
    NotFound
        If the page asks for an address that has no local file, in a tag, a style or a script.
    """
    rewriter = _Rewriter(nonce, static_url, title=title, language=language)
    rewriter.feed(folium_map.get_root().render())
    rewriter.close()
    return "".join(rewriter.parts)


class _Rewriter(HTMLParser):
    """Writes a page anew tag by tag; what it does not know it copies."""

    def __init__(self, nonce: str, static_url: str, *, title: str, language: str) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self._nonce, self._static_url, self._title, self._language = nonce, static_url, title, language
        self._code_is_run = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self._code_is_run = tag in _NONCED and (attributes.get("type") or "") != "application/json"
        if tag == "html":
            attributes["lang"] = self._language
        if tag == "meta" and attributes.get("name") == "viewport":
            attributes["content"] = _VIEWPORT
        if tag in _NONCED:
            attributes["nonce"] = self._nonce
        if "folium-map" in (attributes.get("class") or "").split():
            attributes |= {"role": "region", "aria-label": self._title}
        local = {name: self._local(name, value) for name, value in attributes.items()}
        written = "".join(
            f" {name}" if value is None else f' {name}="{escape(value)}"' for name, value in local.items()
        )
        self.parts.append(f"<{tag}{written}>")
        if tag == "head":
            self.parts.append(f"\n    <title>{escape(self._title)}</title>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.parts[-1] = self.parts[-1][:-1] + " />"
        self._code_is_run = False

    def _local(self, name: str, value: str | None) -> str | None:
        if value is None:
            return None
        if name == "style" or name.startswith("on"):
            self._refuse_addresses(value)
        if name not in _ADDRESS_ATTRIBUTES or _STAYS_IN_THE_PAGE.match(value) or not _LEAVES_THE_PAGE.match(value):
            return value
        return f"{self._static_url}/vendor/{local_path(value)}"

    def _refuse_addresses(self, code: str) -> None:
        found = _ADDRESS_IN_CODE.search(code)
        if found:
            local_path(found.group(0))

    def handle_endtag(self, tag: str) -> None:
        self._code_is_run = False
        self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self._code_is_run:
            self._refuse_addresses(data)
        self.parts.append(data)

    def handle_entityref(self, name: str) -> None:
        self.parts.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.parts.append(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        self.parts.append(f"<!{decl}>")
