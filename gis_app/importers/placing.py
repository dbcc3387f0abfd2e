"""The places of a table's rows: from the file's datum to EPSG:4326, checked once more on the trusted side."""

from __future__ import annotations

import gc
from collections.abc import Sequence

import geopandas
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gis_app.analysis.datum import unchanged
from gis_app.domain.errors import Refused
from gis_app.importers import checks, datums
from gis_app.importers.problems import ProblemLog
from gis_app.importers.records import Shape
from gis_app.importers.table import Table

_STORAGE_CRS = "EPSG:4326"
_TYPE_OF = {
    Shape.POINT: shapely.GeometryType.POINT,
    Shape.FIX: shapely.GeometryType.POINT,
    Shape.LINE: shapely.GeometryType.LINESTRING,
    Shape.POLYGON: shapely.GeometryType.MULTIPOLYGON,
}

Geometries = npt.NDArray[np.object_]


def place(
    table: Table, shape: Shape, datum: str, *, log: ProblemLog, city: checks.Bounds | None
) -> geopandas.GeoDataFrame:
    """Return the rows that have a geometry as a frame in EPSG:4326, and note those that lie in a wrong place.

    Adds ``source_datum``, ``source_x`` and ``source_y``: the original coordinates of a point, or of the first vertex.
    """
    columns = _placed(table)
    rows, xy = columns["source_row"].to_numpy(), np.concatenate([np.zeros((0, 2)), *table.xy])
    if _TYPE_OF[shape] is shapely.GeometryType.POINT:
        first, found = xy, _points(located_points(rows, xy, datum, log=log, city=city))
    else:
        source = geometries_of(xy, table.wkb, shape)
        first, found = _first_vertices(source), located(rows, source, datum, log=log, city=city)
    columns = columns.assign(source_datum=datum, source_x=first[:, 0], source_y=first[:, 1])
    return geopandas.GeoDataFrame(columns, geometry=found, crs=_STORAGE_CRS)


def _placed(table: Table) -> pd.DataFrame:
    has_place = np.concatenate([np.zeros(0, dtype=np.bool_), *table.has_place])
    columns = table.frame()
    return columns if has_place.all() else columns[has_place].reset_index(drop=True)


def _points(xy: npt.NDArray[np.float64]) -> Geometries:
    """Return points; each is an object that the collector of garbage would look at again and again while they come."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        return np.asarray(shapely.points(xy), dtype=np.object_)
    finally:
        if was_on:
            gc.enable()


def located_points(
    rows: npt.NDArray[np.int64],
    source: npt.NDArray[np.float64],
    datum: str,
    *,
    log: ProblemLog,
    city: checks.Bounds | None,
) -> npt.NDArray[np.float64]:
    """Return points in ``datum``, shape ``(n, 2)``, as such in EPSG:4326; otherwise as ``located``.

    A point within range is valid.
    """
    convert = datums.to_wgs84(datum)
    found = source if convert is unchanged else np.column_stack(convert(source[:, 0], source[:, 1]))
    extents = checks.Extents(rows, source[:, [0, 1, 0, 1]], found[:, [0, 1, 0, 1]])
    checks.check_extents(extents, log, in_degrees=datums.is_in_degrees(datum), convert=convert, city=city)
    return found


def located(
    rows: npt.NDArray[np.int64], source: Geometries, datum: str, *, log: ProblemLog, city: checks.Bounds | None
) -> Geometries:
    """Return geometries in ``datum`` as such in EPSG:4326, and note the rows that lie in a wrong place.

    Parameters
    ----------
    rows, source
        Shape ``(n,)``: the rows' numbers in the file, and their geometries in its coordinates.
    city
        Where they have to lie; None: anywhere on Earth.
    """
    convert = datums.to_wgs84(datum)
    found = _converted(source, convert)
    extents = checks.Extents(rows, shapely.bounds(source), shapely.bounds(found))
    checks.check_extents(extents, log, in_degrees=datums.is_in_degrees(datum), convert=convert, city=city)
    _note_invalid(rows, found, log)
    return found


def geometries_of(xy: npt.NDArray[np.float64], wkb: Sequence[str], shape: Shape) -> Geometries:
    """Return the geometries the sandbox sent; anything but the wanted type means that its reader misbehaved.

    Parameters
    ----------
    xy
        Shape ``(n, 2)``: points, if ``shape`` is one.
    wkb
        Hexadecimal: lines or polygons, if it is not.
    """
    if _TYPE_OF[shape] is shapely.GeometryType.POINT:
        return _points(xy)
    try:
        found = shapely.from_wkb(np.array(wkb, dtype=np.object_))
    except shapely.GEOSException:
        found = np.array([None], dtype=np.object_)
    if not (shapely.get_type_id(found) == _TYPE_OF[shape]).all():
        raise Refused("The reader returned geometries of a wrong type.", remedy="Bring the file in another format.")
    return np.asarray(found)


def _converted(source: Geometries, convert: datums.Convert) -> Geometries:
    if convert is unchanged:
        return source
    x, y = shapely.get_coordinates(source).T
    return np.asarray(shapely.set_coordinates(source.copy(), np.column_stack(convert(x, y))))


def _note_invalid(rows: npt.NDArray[np.int64], located: Geometries, log: ProblemLog) -> None:
    for at in np.flatnonzero(~shapely.is_valid(located)):
        if int(rows[at]) not in log.bad_rows:
            log.add(
                int(rows[at]),
                "geometry",
                "The geometry is not valid once it is in WGS-84: {reason}.",
                "Mend the shape in a GIS program and look at the result before you import it again.",
                reason=shapely.is_valid_reason(located[at]),
            )


def _first_vertices(source: Geometries) -> npt.NDArray[np.float64]:
    coordinates, owners = shapely.get_coordinates(source, return_index=True)
    if np.array_equal(owners, np.arange(len(source))):
        return coordinates
    return coordinates[pd.Index(owners).searchsorted(np.arange(len(source)))]
