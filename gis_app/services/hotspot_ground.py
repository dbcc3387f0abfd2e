"""What maps of hotspots stand on: the cells of the city, its grids, or the pieces of its streets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from sqlalchemy import Connection

from gis_app.analysis.event_history import event_history
from gis_app.analysis.hotspots import HOTSPOT_METHODS, HotspotMethod
from gis_app.analysis.lattice import DEFAULT_CELL_M, IntArray, cell_positions, lattice_over
from gis_app.analysis.pieces_of_streets import StreetPieces, street_pieces
from gis_app.analysis.place_history import place_history
from gis_app.analysis.place_methods import PLACE_METHODS
from gis_app.analysis.places import PlaceKind, Places, grid_places, street_places
from gis_app.analysis.rolling_origin import History
from gis_app.services.analyses import paths_of_cells
from gis_app.storage import analysis_runs, street_walks

FEWEST_PLACES = 10
"""With fewer grids or pieces of streets there is no map: nothing could be told apart."""
_SEPARATOR = ":"


@dataclass(frozen=True, eq=False)
class Ground:
    """The n places of a map.

    Parameters
    ----------
    kind
        What they are.
    keys
        Shape ``(n, 2)``: i and j of a cell; id of a grid and 0; id of a street and number of the piece along it.
    paths
        Shape ``(n,)``: scope path of each place's village.
    sizes
        Shape ``(n,)``: km2 or km; None for cells, which are all alike.
    locate
        Position of each point, x and y in metres; -1 for none.
    history
        The events, x, y and day, before a day, as what methods learn from.
    """

    kind: PlaceKind
    keys: IntArray
    paths: npt.NDArray[np.object_]
    sizes: npt.NDArray[np.float64] | None
    locate: Callable[[npt.ArrayLike, npt.ArrayLike], IntArray]
    history: Callable[[pd.DataFrame, float], History]

    @property
    def methods(self) -> Mapping[str, HotspotMethod]:
        """The methods that can be tried on it."""
        return methods_on(self.kind)


def methods_on(kind: PlaceKind) -> Mapping[str, HotspotMethod]:
    """Return the methods for a kind of place."""
    return HOTSPOT_METHODS if kind == PlaceKind.CELLS else PLACE_METHODS[kind]


def group_key(kind: PlaceKind, group: str) -> str:
    """Return under which word the maps of a group on a kind of place are kept: those on cells bear the group's own."""
    return group if kind == PlaceKind.CELLS else f"{kind}{_SEPARATOR}{group}"


def group_of(key: str) -> tuple[PlaceKind, str]:
    """Return the kind of place and the group of a key."""
    kind, separator, group = key.partition(_SEPARATOR)
    return (PlaceKind(kind), group) if separator else (PlaceKind.CELLS, key)


def ground_of(connection: Connection, kind: PlaceKind, *, srid: int) -> Ground | None:
    """Return the places of a kind in the caller's area, None where there are too few for a map."""
    makers = {PlaceKind.CELLS: _cells, PlaceKind.GRIDS: _grids, PlaceKind.STREETS: _streets}
    return makers[kind](connection, srid)


def _cells(connection: Connection, srid: int) -> Ground | None:
    villages = analysis_runs.current_areas(connection, "village", srid=srid)
    if not len(villages):
        return None
    lattice = lattice_over(villages["shape"].to_numpy(), DEFAULT_CELL_M)
    return Ground(
        PlaceKind.CELLS,
        lattice.cells,
        paths_of_cells(lattice, villages),
        None,
        lambda x, y: cell_positions(lattice, x, y=y),
        lambda rows, until: event_history(lattice, rows["x"], y=rows["y"], day=rows["day"], until=until),
    )


def _grids(connection: Connection, srid: int) -> Ground | None:
    grids = analysis_runs.current_areas(connection, "grid", srid=srid)
    if len(grids) < FEWEST_PLACES:
        return None
    keys = np.column_stack([grids["id"].to_numpy(dtype=np.int64), np.zeros(len(grids), dtype=np.int64)])
    # A grid stands with its village, so that a map has a row a village and not one a grid.
    paths = grids["scope_path"].str.replace(r"[^/]+/$", "", regex=True).to_numpy(dtype=object)
    return _on_places(grid_places(grids["shape"].to_numpy()), keys, paths)


def _streets(connection: Connection, srid: int) -> Ground | None:
    streets = street_walks.streets(connection, srid=srid)
    villages = analysis_runs.current_areas(connection, "village", srid=srid)
    if not len(streets) or not len(villages):
        return None
    pieces = pieces_of(streets)
    if len(pieces) < FEWEST_PLACES:
        return None
    keys = np.column_stack([streets["id"].to_numpy(dtype=np.int64)[pieces.street], pieces.number])
    nearest = shapely.STRtree(villages["shape"].to_numpy()).nearest(pieces.middles())
    return _on_places(street_places(pieces), keys, villages["scope_path"].to_numpy(dtype=object)[nearest])


def pieces_of(streets: pd.DataFrame) -> StreetPieces:
    """Return the pieces of streets as they are stored; streets whose ends bear no node meet where they touch."""
    nodes = streets[["from_node", "to_node"]]
    named = not nodes.isna().any(axis=None)
    shapes = streets["geometry"].to_numpy(dtype=object)
    return street_pieces(shapes, nodes=nodes.to_numpy(dtype=np.int64) if named else None)


def _on_places(places: Places, keys: IntArray, paths: npt.NDArray[np.object_]) -> Ground:
    return Ground(
        places.kind,
        keys,
        paths,
        places.size,
        places.locate,
        lambda rows, until: place_history(places, rows["x"], y=rows["y"], day=rows["day"], until=until),
    )
