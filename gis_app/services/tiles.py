"""Tiles of map layers, kept in memory per scope and version of the data."""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from cachetools import LRUCache, TTLCache
from sqlalchemy import Engine

from gis_app.domain.errors import NotFound
from gis_app.domain.rights import Scope
from gis_app.rendering.layer_spec import LayerSpec
from gis_app.storage import indicators, tiles
from gis_app.storage.counted_tiles import counted_tile
from gis_app.storage.engine import scoped
from gis_app.storage.hazard_cells import CELL_TILE_ZOOMS, hazard_cell_tile
from gis_app.storage.hazard_tiles import hazard_tile
from gis_app.storage.point_tiles import point_tile
from gis_app.storage.single_trip import answer
from gis_app.storage.tiles import TileAddress, TileFilter, TileSource

LARGEST_TILE_BYTES = 500_000
DEEPEST_ZOOM = 20
VERSION_SECONDS = 2.0
"""How long a data version is trusted before the database is asked again."""
TILE_SECONDS = 60.0
"""How long a tile is kept: a hazard turns overdue by the clock alone, with no new data."""
POINT_BUFFER_PX = 16
COMPRESSION = 1
"""A harder one takes longer than the tile itself and saves a tenth."""


@dataclass(frozen=True)
class Tile:
    """A made tile: its bytes, and a validator of its content."""

    body: bytes
    tag: str

    @cached_property
    def compressed(self) -> bytes:
        """The bytes compressed, once, when somebody asks for them so."""
        return gzip.compress(self.body, COMPRESSION, mtime=0)


@dataclass(frozen=True)
class DataState:
    """What tiles depend on beyond their own parameters: the version of the data, and the newest night known."""

    version: str
    newest_night: date | None


@dataclass
class TileStore:
    """Makes tiles and keeps the newest of them; one per server process.

    Parameters
    ----------
    cache_bytes
        Memory for kept tiles; 0 keeps none.
    """

    engine: Engine
    layers: Mapping[str, LayerSpec]
    cache_bytes: int = 64 * 2**20
    _states: TTLCache[str, DataState] = field(init=False)
    _kept: LRUCache[tuple[object, ...], tuple[float, Tile]] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._states = TTLCache(maxsize=1024, ttl=VERSION_SECONDS)
        self._kept = LRUCache(maxsize=max(self.cache_bytes, 1), getsizeof=lambda entry: _size(entry[1]))

    def state(self, scope: Scope) -> DataState:
        """Return the version and newest night of the data this scope sees."""
        with self._lock:
            known = self._states.get(scope.area_path)
        if known is None:
            with scoped(self.engine, scope) as connection:
                nights = indicators.known_nights(connection)
                known = DataState(indicators.data_version(connection), nights[0] if nights else None)
            with self._lock:
                self._states[scope.area_path] = known
        return known

    def tile(self, scope: Scope, layer_id: str, address: TileAddress, wanted: TileFilter) -> Tile:
        """Return a tile as MVT, of no bytes where nothing is; without a night, that of the newest.

        Raises
        ------
        NotFound
            If there is no such layer for the caller, or no such tile.
        """
        layer = self.layers.get(layer_id)
        if layer is None or layer.right not in scope.rights:
            raise NotFound("There is no layer {layer}.", layer=layer_id)
        return self.tile_of(scope, layer, address, wanted)

    def tile_of(self, scope: Scope, layer: LayerSpec, address: TileAddress, wanted: TileFilter) -> Tile:
        """Return a tile of a layer that the caller was found to have; raises ``NotFound`` if there is no such tile."""
        if not _exists(address):
            raise NotFound(
                "There is no tile {z}/{x}/{y}.", z=address.zoom, x=address.x, y=address.y, remedy="Zoom from 0 to 20."
            )
        state = self.state(scope)
        wanted = _of_layer(layer, wanted, state)
        key = (layer.id, address, wanted, scope.area_path, state.version)
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and time.monotonic() - kept[0] < TILE_SECONDS:
            return kept[1]
        body = self._make(scope, layer, address, wanted)
        made = Tile(body, hashlib.blake2b(body, digest_size=12).hexdigest())
        if _size(made) <= self._kept.maxsize:
            with self._lock:
                self._kept[key] = (time.monotonic(), made)
        return made

    def _make(self, scope: Scope, layer: LayerSpec, address: TileAddress, wanted: TileFilter) -> bytes:
        if not layer.minzoom <= address.zoom <= layer.maxzoom:
            return b""
        source = tile_source(layer)
        if address.zoom < layer.aggregate_below:
            with scoped(self.engine, scope) as connection:
                if address.zoom in CELL_TILE_ZOOMS and wanted.start and wanted.end:
                    return hazard_cell_tile(connection, layer.id, address, wanted)
                return counted_tile(connection, source, address, wanted)
        if layer.geometry == "point":
            return self._points(scope, layer, source, address, wanted)
        with scoped(self.engine, scope) as connection:
            made = tiles.tile(connection, source, address, wanted)
            if len(made) <= LARGEST_TILE_BYTES:
                return made
            breaks = [stop.least for stop in layer.paint.stops if stop.least is not None]
            return tiles.merged_tile(connection, source, address, wanted, column=layer.paint_column, breaks=breaks)

    def _points(
        self, scope: Scope, layer: LayerSpec, source: TileSource, address: TileAddress, wanted: TileFilter
    ) -> bytes:
        """Return drawn points, or counts of them where there are too many."""
        # Only hazards are counted below a zoom; they alone are indexed for it.
        if layer.aggregate_below and wanted.start and wanted.end:
            made = bytes(answer(self.engine, scope, hazard_tile(source, address, wanted)))
            if len(made) <= LARGEST_TILE_BYTES:
                return made
            return bytes(answer(self.engine, scope, hazard_tile(source, address, wanted, most=-1)))
        made = answer(self.engine, scope, point_tile(source, address, wanted))
        if made is not None and len(made) <= LARGEST_TILE_BYTES:
            return bytes(made)
        with scoped(self.engine, scope) as connection:
            return counted_tile(connection, source, address, wanted)


def _exists(address: TileAddress) -> bool:
    # The zoom first: two to the power of any number that an address may hold would take all memory.
    if not 0 <= address.zoom <= DEEPEST_ZOOM:
        return False
    return all(0 <= part < 2**address.zoom for part in (address.x, address.y))


def _size(tile: Tile) -> int:
    # Whoever asks for it compressed, doubles it at most.
    return 2 * len(tile.body) + 300


def _of_layer(layer: LayerSpec, wanted: TileFilter, state: DataState) -> TileFilter:
    """Keep of a filter what the layer has columns for, so that other parameters make no second copy of a tile."""
    return TileFilter(
        start=wanted.start if layer.time_column else None,
        end=wanted.end if layer.time_column else None,
        night=(wanted.night or state.newest_night) if layer.night_column else None,
    )


def tile_source(layer: LayerSpec) -> TileSource:
    """Return what the tiles of a layer are made of."""
    stops = layer.paint.stops
    outside_is_hidden = bool(stops) and layer.paint.color is None
    return TileSource(
        layer=layer.id,
        view=layer.source,
        columns=layer.tile_columns,
        time_column=layer.time_column,
        night_column=layer.night_column,
        zoom_column=layer.zoom_column,
        drawn_column=layer.paint.field if outside_is_hidden else None,
        drawn_values=[stop.value for stop in stops if stop.value is not None],
        drawn_from=min((stop.least for stop in stops if stop.least is not None), default=None),
        state_column="state" if layer.aggregate_below else None,
        buffer_px=POINT_BUFFER_PX if layer.geometry == "point" else 4,
    )
