"""Reference systems in which shapes are asked for and answered, by the addresses of the OGC register."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from gis_app.analysis.transformers import transformer

_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


@dataclass(frozen=True)
class Crs:
    """A reference system.

    Parameters
    ----------
    flips
        Whether its authority writes north before east; inside, east always comes first.
    decimals
        Digits after the point that are answered: a centimetre or finer.
    """

    uri: str
    srid: int
    flips: bool
    decimals: int
    is_geographic: bool

    def flipped(self, coordinates: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
        """Return an ``(n, 2)`` array with its columns exchanged."""
        return coordinates[:, ::-1]


CRS84 = Crs("http://www.opengis.net/def/crs/OGC/1.3/CRS84", 4326, flips=False, decimals=7, is_geographic=True)
CRS_OF: Mapping[str, Crs] = MappingProxyType(
    {
        each.uri: each
        for each in (
            CRS84,
            Crs(f"{_EPSG}4326", 4326, flips=True, decimals=7, is_geographic=True),
            Crs(f"{_EPSG}4490", 4490, flips=True, decimals=7, is_geographic=True),
            Crs(f"{_EPSG}4549", 4549, flips=True, decimals=3, is_geographic=False),
            Crs(f"{_EPSG}3857", 3857, flips=False, decimals=3, is_geographic=False),
        )
    }
)
"""WGS 84 both ways round, CGCS2000 in degrees and in the zone of 120 E, and web mercator."""


def to_crs84(crs: Crs, first: float, second: float) -> tuple[float, float]:
    """Return a place given in the order of a reference system's own axes as longitude and latitude."""
    x, y = (second, first) if crs.flips else (first, second)
    if crs.srid == CRS84.srid:
        return x, y
    lon, lat = transformer(crs.srid, CRS84.srid).transform(x, y)
    return float(lon), float(lat)
