"""The one gate through which geometries enter a computation in metres."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

Geometries = gpd.GeoDataFrame | gpd.GeoSeries | npt.NDArray[np.object_]
"""A GeoDataFrame, GeoSeries or array of shapely geometries."""


def metric_geometries(geometries: Any) -> npt.NDArray[np.object_]:
    """Return the geometries as an array, refusing those measured in degrees.

    Parameters
    ----------
    geometries
        GeoDataFrame, GeoSeries, or any sequence of shapely geometries. A frame or series must be projected, in
        metres; a bare sequence carries no CRS and is taken to be so.

    Returns
    -------
    Shape ``(n,)`` array of objects; the argument is not changed.

    Raises
    ------
    ValueError
        If a frame or series has no CRS, a geographic one, or one not measured in metres.
    """
    if isinstance(geometries, gpd.GeoDataFrame | gpd.GeoSeries):
        _refuse_unless_metric(geometries.crs)
        return np.asarray(geometries.geometry.array, dtype=object)
    if isinstance(geometries, pd.Series):
        return np.asarray(geometries.to_numpy(), dtype=object)
    return np.asarray(geometries, dtype=object)


def _refuse_unless_metric(crs: Any) -> None:
    if crs is None:
        raise ValueError("The geometries have no CRS; set a projected CRS in metres, such as EPSG:4549.")
    if crs.is_geographic:
        raise ValueError(f"{crs.name} is geographic (degrees); project to metres first, such as to EPSG:4549.")
    unit = crs.axis_info[0].unit_name
    if unit != "metre":
        raise ValueError(f"{crs.name} is measured in {unit}; project to metres first, such as to EPSG:4549.")
