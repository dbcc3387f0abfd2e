"""A route as a drawing that needs no script and prints: places on a sheet, north up, and a scale."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
SHEET = (640, 420)
"""Width and height of the drawing, in units of its own."""
EDGE = 30.0
METRES_A_DEGREE = 111_320.0
BARS_M = (10_000, 5000, 2000, 1000, 500, 200, 100, 50)


@dataclass(frozen=True)
class RouteDrawing:
    """Places in units of the sheet, x to the right and y down.

    Parameters
    ----------
    way, stops, station
        Shapes ``(n, 2)``, ``(s, 2)``, ``(2,)``.
    streets
        Shape ``(k, 2)`` each.
    bar_m, bar
        Length of the scale in metres, and on the sheet.
    """

    way: FloatArray
    stops: FloatArray
    station: FloatArray
    streets: tuple[FloatArray, ...]
    bar_m: int
    bar: float


@dataclass(frozen=True)
class _Frame:
    low: FloatArray
    squeeze: FloatArray
    scale: float
    offset: FloatArray

    def drawn(self, lon_lat: Any) -> FloatArray:
        placed = (np.atleast_2d(lon_lat) * self.squeeze - self.low) * self.scale + self.offset
        return np.asarray(np.column_stack([placed[:, 0], SHEET[1] - placed[:, 1]]))


def box_of(route: Mapping[str, Any], stops: Sequence[Mapping[str, Any]]) -> tuple[float, float, float, float]:
    """Return west, south, east and north of what the sheet of a route shows, degrees."""
    frame = _frame(route, stops)
    low = (frame.low - frame.offset / frame.scale) / frame.squeeze
    high = low + np.array(SHEET) / frame.scale / frame.squeeze
    return (*low.tolist(), *high.tolist())


def drawn_route(
    route: Mapping[str, Any], stops: Sequence[Mapping[str, Any]], streets: Sequence[str] = ()
) -> RouteDrawing:
    """Return the drawing of a route.

    Parameters
    ----------
    route
        ``line`` as GeoJSON; ``lon`` and ``lat`` of the station, degrees.
    stops
        ``lon`` and ``lat`` of each, degrees.
    streets
        Lines about it, as GeoJSON.
    """
    frame = _frame(route, stops)
    units_a_metre = frame.scale / METRES_A_DEGREE
    bar_m = next((each for each in BARS_M if each * units_a_metre < SHEET[0] / 3), BARS_M[-1])
    return RouteDrawing(
        way=frame.drawn(_line(route["line"])),
        stops=frame.drawn(_places(stops)) if stops else np.zeros((0, 2)),
        station=frame.drawn([route["lon"], route["lat"]])[0],
        streets=tuple(frame.drawn(_line(street)) for street in streets),
        bar_m=bar_m,
        bar=bar_m * units_a_metre,
    )


def _frame(route: Mapping[str, Any], stops: Sequence[Mapping[str, Any]]) -> _Frame:
    everything = np.concatenate([_line(route["line"]), _places(stops), [[route["lon"], route["lat"]]]])
    squeeze = np.array([np.cos(np.radians(everything[:, 1].mean())), 1.0])
    low, high = (everything * squeeze).min(axis=0), (everything * squeeze).max(axis=0)
    room = np.array(SHEET, dtype=np.float64) - 2 * EDGE
    scale = float((room / np.maximum(high - low, 1e-4)).min())
    return _Frame(low, squeeze, scale, (np.array(SHEET) - (high - low) * scale) / 2)


def _line(geojson: str) -> FloatArray:
    return np.array(json.loads(geojson)["coordinates"], dtype=np.float64).reshape(-1, 2)


def _places(stops: Sequence[Mapping[str, Any]]) -> FloatArray:
    return np.array([[stop["lon"], stop["lat"]] for stop in stops], dtype=np.float64).reshape(-1, 2)
