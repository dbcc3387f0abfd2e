"""Files of map tiles: PMTiles and MBTiles, read in place."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import Compression, TileType

_FORMATS = {"jpg": "jpeg", "pbf": "mvt", "jpeg": "jpeg", "png": "png", "webp": "webp", "mvt": "mvt"}
_PMTILES_FORMATS = {TileType.PNG: "png", TileType.JPEG: "jpeg", TileType.WEBP: "webp", TileType.MVT: "mvt"}


@dataclass(frozen=True)
class TileFacts:
    """What a file says of its tiles; ``tile_format`` is png, jpeg, webp or mvt."""

    tile_format: str
    minzoom: int
    maxzoom: int
    vector_layers: Sequence[str]


@dataclass(frozen=True)
class TileFile:
    """How a kind of file is read: its facts, and one tile by zoom, column and row, None where it has none."""

    facts: Callable[[Path], TileFacts]
    tile: Callable[[Path, int, int, int], bytes | None]


def _layers_of(metadata: Mapping[str, Any]) -> list[str]:
    return [str(each["id"]) for each in metadata.get("vector_layers", ())]


def _pmtiles_facts(path: Path) -> TileFacts:
    with path.open("rb") as stream:
        reader = Reader(MmapSource(stream))
        header = reader.header()
        if header["tile_compression"] not in (Compression.NONE, Compression.GZIP):
            raise ValueError("its tiles are compressed in another way than gzip")
        layers = _layers_of(reader.metadata()) if header["tile_type"] is TileType.MVT else []
        return TileFacts(_PMTILES_FORMATS[header["tile_type"]], header["min_zoom"], header["max_zoom"], layers)


def _pmtiles_tile(path: Path, z: int, x: int, y: int) -> bytes | None:
    with path.open("rb") as stream:
        found = Reader(MmapSource(stream)).get(z, x, y)
        return None if found is None else bytes(found)


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _mbtiles_facts(path: Path) -> TileFacts:
    with closing(_open(path)) as database:
        facts = dict(database.execute("SELECT name, value FROM metadata"))
        lowest, highest = database.execute("SELECT min(zoom_level), max(zoom_level) FROM tiles").fetchone()
    layers = _layers_of(json.loads(facts.get("json", "{}")))
    zooms = int(facts.get("minzoom", lowest)), int(facts.get("maxzoom", highest))
    return TileFacts(_FORMATS[facts["format"]], *zooms, layers)


def _mbtiles_tile(path: Path, z: int, x: int, y: int) -> bytes | None:
    # Rows of MBTiles count from the south.
    query = "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
    with closing(_open(path)) as database:
        row = database.execute(query, (z, x, 2**z - 1 - y)).fetchone()
    return None if row is None else bytes(row[0])


TILE_FILES: Mapping[str, TileFile] = MappingProxyType(
    {".pmtiles": TileFile(_pmtiles_facts, _pmtiles_tile), ".mbtiles": TileFile(_mbtiles_facts, _mbtiles_tile)}
)
"""By suffix."""
