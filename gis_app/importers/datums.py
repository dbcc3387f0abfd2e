"""Declared datums, and coordinates of a file turned into WGS-84."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from gis_app.analysis.datum import TO_WGS84
from gis_app.domain.errors import InvalidInput

FloatArray = npt.NDArray[np.float64]
Convert = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]

_EPSG = re.compile(r"^EPSG:(\d{4,6})$")
_EPSG_OF_NAMED = {"EPSG:4326": "wgs84", "EPSG:4490": "cgcs2000"}
_REMEDY = "Declare one of {known} or EPSG:n, for example --datum wgs84."
KNOWN = (*TO_WGS84, "EPSG:n")


def settle(declared: str | None, found_in_file: str | None, *, file_name: str) -> str:
    """Return the datum of a file: ``wgs84``, ``cgcs2000``, ``gcj02``, ``bd09`` or ``EPSG:n``.

    What the file itself says (GPX by its standard, GeoJSON by a ``crs`` member) counts where nothing is declared.

    Raises
    ------
    InvalidInput
        If neither says anything, they contradict each other, or the name is not known. It is never guessed.
    """
    in_file = found_in_file and normalised(found_in_file)
    if declared is None and in_file is None:
        raise InvalidInput(
            "The datum of {file_name} is not declared, and the file does not say it.",
            remedy=f"{_REMEDY} Maps of AMap and Tencent are gcj02, of Baidu bd09, GPS devices wgs84.",
            file_name=file_name,
            known=", ".join(TO_WGS84),
        )
    chosen = normalised(declared) if declared is not None else str(in_file)
    if in_file is not None and _same(chosen) != _same(in_file):
        raise InvalidInput(
            "The datum {declared} was declared, but {file_name} says {in_file}.",
            remedy="Declare {in_file}, or mend the file.",
            declared=chosen,
            file_name=file_name,
            in_file=in_file,
        )
    return chosen


def normalised(name: str) -> str:
    """Return the datum's own spelling; raises ``InvalidInput`` if it is not known."""
    plain = name.strip().upper().replace("-", "").replace(" ", "")
    if plain in _EPSG_OF_NAMED:
        return _EPSG_OF_NAMED[plain]
    if plain.lower() in TO_WGS84:
        return plain.lower()
    if _EPSG.match(plain) and _is_usable(plain):
        return plain
    raise InvalidInput(
        "The datum {name} is not known.", remedy=_REMEDY, name=repr(name[:40]), known=", ".join(TO_WGS84)
    )


def _same(name: str) -> str:
    return "wgs84" if name == "cgcs2000" else name


def _is_usable(code: str) -> bool:
    try:
        crs = CRS.from_user_input(code)
    except CRSError:
        return False
    return bool(crs.is_projected or crs.is_geographic)


def is_in_degrees(datum: str) -> bool:
    """Return whether coordinates in ``datum`` are degrees rather than metres."""
    return datum in TO_WGS84 or bool(CRS.from_user_input(datum).is_geographic)


def to_wgs84(datum: str) -> Convert:
    """Return the function that turns x, y in ``datum`` into longitude and latitude in WGS-84, degrees.

    Where a projection has no answer the result is not finite.
    """
    if datum in TO_WGS84:
        return TO_WGS84[datum]
    transformer = Transformer.from_crs(datum, "EPSG:4326", always_xy=True)

    def convert(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        lon, lat = transformer.transform(x, y)
        return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)

    return convert
