"""What is written: rows in chunks, and the reference system they are written in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_app.analysis.datum import unchanged, wgs84_to_bd09, wgs84_to_gcj02
from gis_app.analysis.transformers import transformer
from gis_app.domain.errors import InvalidInput

_EPSG = re.compile(r"EPSG:\d{4,6}")
_OFFSET = {"gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}
_NAMED = {"wgs84": "EPSG:4326", "cgcs2000": "EPSG:4490", "EPSG:4326": "EPSG:4326", "EPSG:4490": "EPSG:4490"}


@dataclass(frozen=True)
class Field:
    """A column: its name, and what it holds (``text``, ``whole``, ``number``, ``boolean``, ``moment`` or ``date``)."""

    name: str
    kind: str


@dataclass(frozen=True)
class Chunk:
    """Some rows: the values of each field, None where there is none, and the shapes, already converted."""

    columns: Mapping[str, list[Any]]
    geometries: npt.NDArray[Any]


@dataclass(frozen=True)
class Target:
    """The reference system of a file.

    Parameters
    ----------
    name
        ``gcj02``, ``bd09`` or ``EPSG:n``.
    epsg
        Its number as text, None for the offset datums, which have none.
    """

    name: str
    epsg: str | None

    def converted(self, shapes: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return shapes in WGS-84, longitude first, in this reference system, east first."""
        convert = self._convert()
        xy = shapely.get_coordinates(shapes)
        if not len(xy):
            return shapes
        x, y = convert(xy[:, 0], xy[:, 1])
        return np.asarray(shapely.set_coordinates(shapes.copy(), np.column_stack([x, y])))

    def _convert(self) -> Callable[[Any, Any], tuple[Any, Any]]:
        if self.name in _OFFSET:
            return _OFFSET[self.name]
        # CGCS2000 is taken as WGS-84 on the way in, so it is on the way out.
        if self.epsg in ("EPSG:4326", "EPSG:4490"):
            return unchanged
        convert: Callable[[Any, Any], tuple[Any, Any]]
        convert = transformer("EPSG:4326", self.epsg).transform
        return convert


def target(name: str) -> Target:
    """Return a reference system by name.

    Raises
    ------
    InvalidInput
        If it is none of wgs84, cgcs2000, gcj02, bd09 and the two-dimensional systems of the EPSG register.
    """
    plain = name.strip().upper().replace("-", "").replace(" ", "")
    if plain.lower() in _OFFSET:
        return Target(plain.lower(), None)
    epsg = _NAMED.get(plain.lower(), _NAMED.get(plain, plain))
    if _EPSG.fullmatch(epsg) and _is_usable(epsg):
        return Target(epsg, epsg)
    raise InvalidInput(
        "The datum {name} is not known.",
        remedy="Use one of {known}.",
        name=repr(name[:40]),
        known="wgs84, cgcs2000, gcj02, bd09, EPSG:n",
    )


def _is_usable(code: str) -> bool:
    try:
        crs = CRS.from_user_input(code)
    except CRSError:
        return False
    return bool(crs.is_projected or crs.is_geographic) and len(crs.axis_info) == 2
