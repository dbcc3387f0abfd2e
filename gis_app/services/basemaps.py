"""Basemaps of the operator's: a file of tiles (PMTiles or MBTiles), or the address template of a tile server."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gis_app.domain.errors import InvalidInput, NotFound
from gis_app.storage.tile_files import TILE_FILES

DATUMS = ("wgs84", "gcj02")
KINDS: Mapping[str, tuple[str, str]] = {
    "png": ("raster", "image/png"),
    "jpeg": ("raster", "image/jpeg"),
    "webp": ("raster", "image/webp"),
    "mvt": ("vector", "application/vnd.mapbox-vector-tile"),
}
"""By format of the tiles: how they are drawn, and their content type."""
_GZIP = b"\x1f\x8b"
_PLACES = ("{z}", "{x}", "{y}")


@dataclass(frozen=True)
class Basemap:
    """One basemap.

    Parameters
    ----------
    id
        Name in addresses: the file's stem, or ``server`` for a tile server.
    kind
        ``raster`` or ``vector``.
    tile_format
        One of ``KINDS``; of a tile server's tiles nothing is known, they are images.
    file
        The file; None for a tile server.
    template
        Address template of a tile server; empty for a file.
    datum
        Of the tiles: ``wgs84`` or ``gcj02``, whose offset the page puts back.
    """

    id: str
    kind: str
    tile_format: str
    minzoom: int
    maxzoom: int
    file: Path | None = None
    template: str = ""
    datum: str = "wgs84"
    vector_layers: Sequence[str] = field(default=())

    def described(self, locale: str) -> dict[str, Any]:
        """Return the basemap as the browser reads it."""
        server = "瓦片服务" if locale == "zh" else "Tile server"
        return {
            "id": self.id,
            "title": self.id if self.file else server,
            "url": self.template or f"/basemap/{self.id}/{{z}}/{{x}}/{{y}}",
            "kind": self.kind,
            "datum": self.datum,
            "minzoom": self.minzoom,
            "maxzoom": self.maxzoom,
            "vectorLayers": list(self.vector_layers),
        }

    @property
    def origin(self) -> str:
        """Where the browser asks for tiles beside our own server; empty for a file."""
        parts = urlsplit(self.template)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """Return a tile, None where the file has none.

        Raises
        ------
        NotFound
            If the tile cannot exist, or the basemap is no file.
        """
        if self.file is None or not (0 <= z <= 24 and 0 <= x < 2**z and 0 <= y < 2**z):
            raise NotFound("There is no tile {z}/{x}/{y}.", z=z, x=x, y=y, remedy="Zoom from 0 to 20.")
        found = TILE_FILES[self.file.suffix].tile(self.file, z, x, y)
        return gzip.decompress(found) if found and found.startswith(_GZIP) else found


def configured(paths: Sequence[Path], template: str, datum: str) -> dict[str, Basemap]:
    """Return the basemaps of the settings by id.

    Raises
    ------
    InvalidInput
        If a file is missing, of another kind or broken, or template or datum cannot be used; names the setting.
    """
    if datum not in DATUMS:
        raise _wrong("JINGWEI_BASEMAP_DATUM", f"{datum!r} is none of {', '.join(DATUMS)}", "Use one of them.")
    found = [_of_file(path, datum) for path in paths]
    if template:
        found.append(_of_template(template, datum))
    known = {each.id: each for each in found}
    if len(known) < len(found):
        raise _wrong("JINGWEI_BASEMAPS", "two files have the same name", "Rename one.")
    return known


def _wrong(name: str, reason: str, remedy: str) -> InvalidInput:
    return InvalidInput("{name} cannot be used: {reason}.", remedy=remedy, name=name, reason=reason)


def _of_template(template: str, datum: str) -> Basemap:
    parts = urlsplit(template)
    is_usable = parts.scheme in ("http", "https") and parts.netloc and not re.search(r"[\s;,'\"*]", template)
    if not is_usable or not all(each in template for each in _PLACES):
        raise _wrong(
            "JINGWEI_BASEMAP_TILES",
            "it is no address with {z}, {x} and {y}",
            "Write it as http://tiles.city.lan/{{z}}/{{x}}/{{y}}.png.",
        )
    return Basemap("server", "raster", "png", 0, 18, template=template, datum=datum)


def _of_file(path: Path, datum: str) -> Basemap:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", path.stem) or path.stem == "server":
        raise _wrong("JINGWEI_BASEMAPS", f"{path.name} has another name than letters, digits, _ and -", "Rename it.")
    if not path.is_file():
        raise _wrong("JINGWEI_BASEMAPS", f"{path} is no file", "Check the path.")
    if path.suffix not in TILE_FILES:
        raise _wrong("JINGWEI_BASEMAPS", f"{path.name} is no .pmtiles and no .mbtiles", "Use one of the two.")
    try:
        facts = TILE_FILES[path.suffix].facts(path)
        kind = KINDS[facts.tile_format][0]
    except Exception as error:  # whatever a broken file makes the reader raise, it is the file's fault
        raise _wrong("JINGWEI_BASEMAPS", f"{path.name} cannot be read ({error})", "Make the file anew.") from error
    if kind == "vector" and datum == "gcj02":
        raise _wrong("JINGWEI_BASEMAP_DATUM", f"{path.name} holds vector tiles", "Bring them to WGS-84 first.")
    return Basemap(
        path.stem,
        kind,
        facts.tile_format,
        facts.minzoom,
        facts.maxzoom,
        file=path,
        datum=datum,
        vector_layers=facts.vector_layers,
    )
