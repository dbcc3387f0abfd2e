"""Conversions between WGS-84 and the offset datums of public maps in China, GCJ-02 and BD-09.

All functions take and return longitude and latitude in degrees, vectorised and elementwise: a point's result does not
depend on the others. Outside the rectangle around China in which the offset is applied they return the input.
CGCS2000 (EPSG:4490) is taken as WGS-84, which it is within a metre.

References
----------
The published re-implementations of the offset (eviltransform, coordTransform); checked against the known value
WGS-84 (120, 40) -> GCJ-02 (120.00567568355486, 40.0013047896019).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Coordinates = tuple[FloatArray, FloatArray]

# Krassovsky 1940 as the offset uses it.
_SEMI_MAJOR_AXIS_M = 6378245.0
_ECCENTRICITY_SQUARED = 0.00669342162296594323
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_BD09_ANGLE = np.pi * 3000.0 / 180.0
_BD09_SHIFT_LON, _BD09_SHIFT_LAT = 0.0065, 0.006
# The offset changes by under 0.3 % of a step, so each step gains over two digits: eight reach the last bit of both.
_INVERSE_STEPS = 8


def wgs84_to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Coordinates:
    """Return GCJ-02 longitude and latitude, degrees, of WGS-84 ones."""
    return _where_in_china(_apply_gcj02, lon, lat)


def gcj02_to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Coordinates:
    """Return WGS-84 longitude and latitude, degrees, of GCJ-02 ones; iterated, right to 1e-9 degrees."""
    return _where_in_china(_inverse_of(_apply_gcj02), lon, lat)


def gcj02_to_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Coordinates:
    """Return BD-09 longitude and latitude, degrees, of GCJ-02 ones."""
    return _where_in_china(_apply_bd09, lon, lat)


def bd09_to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Coordinates:
    """Return GCJ-02 longitude and latitude, degrees, of BD-09 ones; iterated, right to 1e-9 degrees."""
    return _where_in_china(_inverse_of(_apply_bd09), lon, lat)


def wgs84_to_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Coordinates:
    """Return BD-09 longitude and latitude, degrees, of WGS-84 ones."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Coordinates:
    """Return WGS-84 longitude and latitude, degrees, of BD-09 ones; iterated, right to 1e-9 degrees."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def unchanged(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Coordinates:
    """Return the coordinates as they are, as arrays of floats."""
    return np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64)


TO_WGS84: dict[str, Callable[[npt.ArrayLike, npt.ArrayLike], Coordinates]] = {
    "wgs84": unchanged,
    "cgcs2000": unchanged,
    "gcj02": gcj02_to_wgs84,
    "bd09": bd09_to_wgs84,
}
"""Conversion of each datum a file may declare."""


def _where_in_china(
    convert: Callable[[FloatArray, FloatArray], Coordinates], lon: npt.ArrayLike, lat: npt.ArrayLike
) -> Coordinates:
    east, north = (array.copy() for array in np.broadcast_arrays(*unchanged(lon, lat)))
    inside = (east >= _WEST) & (east <= _EAST) & (north >= _SOUTH) & (north <= _NORTH)
    east[inside], north[inside] = convert(east[inside], north[inside])
    return east, north


def _inverse_of(
    apply: Callable[[FloatArray, FloatArray], Coordinates],
) -> Callable[[FloatArray, FloatArray], Coordinates]:
    def invert(lon: FloatArray, lat: FloatArray) -> Coordinates:
        east, north = lon, lat
        for _ in range(_INVERSE_STEPS):
            shifted_east, shifted_north = apply(east, north)
            east, north = east - (shifted_east - lon), north - (shifted_north - lat)
        return east, north

    return invert


def _apply_gcj02(lon: FloatArray, lat: FloatArray) -> Coordinates:
    x, y = lon - 105.0, lat - 35.0
    ripple = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + ripple
    north_m += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north_m += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + ripple
    east_m += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east_m += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    latitude = np.radians(lat)
    curvature = 1.0 - _ECCENTRICITY_SQUARED * np.sin(latitude) ** 2
    meridian_m = _SEMI_MAJOR_AXIS_M * (1.0 - _ECCENTRICITY_SQUARED) / curvature**1.5
    parallel_m = _SEMI_MAJOR_AXIS_M / np.sqrt(curvature) * np.cos(latitude)
    return lon + np.degrees(east_m / parallel_m), lat + np.degrees(north_m / meridian_m)


def _apply_bd09(lon: FloatArray, lat: FloatArray) -> Coordinates:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD09_ANGLE)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD09_ANGLE)
    return radius * np.cos(angle) + _BD09_SHIFT_LON, radius * np.sin(angle) + _BD09_SHIFT_LAT
