"""Where the places of a map lie: squares of cells, shapes of grids, lines of pieces of streets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from sqlalchemy import Connection, Engine

from gis_app.analysis.event_history import event_history
from gis_app.analysis.lattice import IntArray, lattice_of_cells
from gis_app.analysis.place_history import place_history
from gis_app.analysis.places import PlaceKind, grid_places, street_places
from gis_app.analysis.rolling_origin import History
from gis_app.domain.rights import Scope
from gis_app.services.analyses import to_degrees
from gis_app.services.hotspot_ground import pieces_of
from gis_app.services.hotspot_maps import ShownMap
from gis_app.storage import hotspot_reasons
from gis_app.storage.engine import scoped

Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class OwnGround:
    """The places of a map that a caller sees, to learn on anew.

    Parameters
    ----------
    history
        The events, x, y and day, before a day, as what methods learn from.
    place
        Shape ``(n,)``: where each place of the map stands among those of the history.
    """

    history: Callable[[pd.DataFrame, float], History]
    place: IntArray


def own_ground(connection: Connection, shown: ShownMap, *, srid: int) -> OwnGround:
    """Return the places of a map as ground of their own; of streets, all pieces of those that have one in the map."""
    keys = shown.parts.cells
    if shown.kind == PlaceKind.CELLS:
        lattice = lattice_of_cells(keys, shown.cell_m)
        column, row = (keys - [lattice.first_i, lattice.first_j]).T
        return OwnGround(
            lambda rows, until: event_history(lattice, rows["x"], y=rows["y"], day=rows["day"], until=until),
            np.asarray(lattice.positions[row, column], dtype=np.int64),
        )
    if shown.kind == PlaceKind.GRIDS:
        places = grid_places(metric_shapes(connection, shown, np.arange(len(keys)), srid=srid))
        place = np.arange(len(keys), dtype=np.int64)
    else:
        streets = hotspot_reasons.streets_of(connection, np.unique(keys[:, 0]).tolist(), srid=srid)
        pieces = pieces_of(streets)
        places = street_places(pieces)
        place = pieces.first[np.searchsorted(streets["id"].to_numpy(dtype=np.int64), keys[:, 0])] + keys[:, 1]
    return OwnGround(
        lambda rows, until: place_history(places, rows["x"], y=rows["y"], day=rows["day"], until=until), place
    )


def shapes_in_degrees(engine: Engine, scope: Scope, shown: ShownMap, chosen: Any, *, srid: int) -> Shapes:
    """Return the shapes of some places of a map, lon and lat; an empty one of a place that is no more."""
    with scoped(engine, scope) as connection:
        return np.asarray(to_degrees(metric_shapes(connection, shown, chosen, srid=srid), srid), dtype=object)


def metric_shapes(connection: Connection, shown: ShownMap, chosen: Any, *, srid: int) -> Shapes:
    """Return the shapes of some places of a map, metres in the projected CRS."""
    keys = shown.parts.cells[np.asarray(chosen, dtype=np.int64)]
    if not len(keys):
        return np.empty(0, dtype=object)
    if shown.kind == PlaceKind.CELLS:
        corners = keys * shown.cell_m
        return np.asarray(shapely.box(*corners.T, *(corners + shown.cell_m).T), dtype=object)
    if shown.kind == PlaceKind.GRIDS:
        return _found(hotspot_reasons.grid_shapes(connection, keys[:, 0].tolist(), srid=srid), keys[:, 0])
    return _street_pieces(connection, keys, srid)


def middles_in_degrees(engine: Engine, scope: Scope, shown: ShownMap, chosen: Any, *, srid: int) -> Any:
    """Return lon and lat of the middles of some places, shape ``(k, 2)``; NaN of a place that is no more."""
    with scoped(engine, scope) as connection:
        shapes = metric_shapes(connection, shown, chosen, srid=srid)
    return shapely.get_coordinates(to_degrees(middles(shapes), srid)).reshape(-1, 2)


def middles(shapes: Shapes) -> Shapes:
    """Return a point on each shape, near its middle."""
    is_line = shapely.get_dimensions(shapes) == 1
    found = np.array(shapely.point_on_surface(shapes), dtype=object)
    found[shapely.is_empty(shapes)] = shapely.Point(np.nan, np.nan)
    found[is_line] = shapely.line_interpolate_point(shapes[is_line], 0.5, normalized=True)
    return found


def _street_pieces(connection: Connection, keys: npt.NDArray[np.int64], srid: int) -> Shapes:
    streets = hotspot_reasons.streets_of(connection, np.unique(keys[:, 0]).tolist(), srid=srid)
    found = np.full(len(keys), shapely.LineString(), dtype=object)
    if not len(streets):
        return found
    pieces, ids = pieces_of(streets), streets["id"].to_numpy(dtype=np.int64)
    street = np.minimum(np.searchsorted(ids, keys[:, 0]), len(ids) - 1)
    there = (ids[street] == keys[:, 0]) & (keys[:, 1] < pieces.piece_count[street])
    found[there] = pieces.geometries(pieces.first[street[there]] + keys[there, 1])
    return found


def _found(shapes: dict[int, Any], ids: npt.NDArray[np.int64]) -> Shapes:
    found = np.full(len(ids), shapely.Polygon(), dtype=object)
    for place, each in enumerate(ids.tolist()):
        found[place] = shapes.get(each, found[place])
    return found
