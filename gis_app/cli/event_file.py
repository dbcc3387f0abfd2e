"""Files of point events for `jingwei hotspots`: a time and a place per row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj

from gis_app.analysis.hotspot_map import days_of
from gis_app.analysis.instants import utc_instants
from gis_app.domain.errors import InvalidInput
from gis_app.importers.file_copy import private_copy
from gis_app.importers.formats import IMPORTERS, format_name
from gis_app.importers.records import FileFacts, Shape
from gis_app.importers.sandbox import read_rows

FloatArray = npt.NDArray[np.float64]

_KNOWN_NAMES = {
    "time": ("time", "datetime", "timestamp", "occurred_at", "discovered_at", "date"),
    "lon": ("lon", "longitude", "lng"),
    "lat": ("lat", "latitude"),
}
_FIRST_DATA_ROW = 2
"""Row 1 of a CSV is its header."""


@dataclass(frozen=True, eq=False)
class PointEvents:
    """Events of a file, in a projected CRS: metres, and days since 1970-01-01 UTC.

    ``placeless_count`` rows had no place and are left out.
    """

    x: FloatArray
    y: FloatArray
    day: FloatArray
    placeless_count: int


def metric_crs(name: str) -> pyproj.CRS:
    """Return a projected CRS in metres by its name, such as EPSG:32650; InvalidInput for any other."""
    try:
        crs = pyproj.CRS.from_user_input(name)
    except pyproj.exceptions.CRSError:
        raise InvalidInput(
            "There is no CRS {name}.", remedy="Name a projected CRS in metres, such as EPSG:32650.", name=name
        ) from None
    if crs.is_geographic or not crs.is_projected:
        raise InvalidInput(
            "{name} is geographic: cells are squares in metres.",
            remedy="Name a projected CRS in metres for --crs, such as the UTM zone of the place (EPSG:32650).",
            name=name,
        )
    unit = crs.axis_info[0].unit_name
    if unit not in ("metre", "meter"):
        raise InvalidInput(
            "{name} is measured in {unit}: cells are squares in metres.",
            remedy="Name a projected CRS in metres for --crs, such as the UTM zone of the place (EPSG:32650).",
            name=name,
            unit=unit,
        )
    return crs


def read_events(path: Path, crs: pyproj.CRS, *, time_column: str | None = None) -> PointEvents:
    """Return the events of a file: a CSV with columns time, lon, lat, or what the importers read.

    Parameters
    ----------
    path
        The file. Coordinates are lon, lat in WGS-84; times are ISO 8601, in UTC where they name no zone.
    crs
        Projected, metres: that of the coordinates returned.
    time_column
        Name of the column of times, if it is none of the usual ones.

    Raises
    ------
    InvalidInput
        If a column is missing, a value cannot be read (the row is named), or no row has a place.
    """
    table = _csv_rows(path) if path.suffix.lower() in (".csv", ".tsv", ".txt") else _imported_rows(path)
    names = {role: _column(table, role, time_column if role == "time" else None) for role in _KNOWN_NAMES}
    lon, lat = (_numbers(table, names[role], limit) for role, limit in (("lon", 180.0), ("lat", 90.0)))
    placed = np.isfinite(lon) & np.isfinite(lat)
    if not placed.any():
        raise InvalidInput(
            "No row of {file_name} has a place.", remedy="Check the columns lon and lat.", file_name=path.name
        )
    day = _days(table, names["time"])
    to_metres = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    x, y = to_metres.transform(lon[placed], lat[placed])
    return PointEvents(np.asarray(x), np.asarray(y), day[placed], int(np.count_nonzero(~placed)))


def _csv_rows(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=str, sep=None if path.suffix.lower() == ".txt" else _separator(path))
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InvalidInput(
            "{file_name} is not a table in UTF-8: {reason}",
            remedy="Save it as CSV in UTF-8 with one header row.",
            file_name=path.name,
            reason=str(error).strip(),
        ) from None
    table.index = pd.RangeIndex(_FIRST_DATA_ROW, _FIRST_DATA_ROW + len(table))
    return table


def _separator(path: Path) -> str:
    with path.open(encoding="utf-8-sig", errors="replace") as text:
        header = text.readline()
    return max(",;\t|", key=header.count)


def _imported_rows(path: Path) -> pd.DataFrame:
    name = format_name(path, None)
    source, _ = private_copy(path, IMPORTERS[name].max_bytes)
    with source:
        records = list(read_rows(source, name, shape=Shape.POINT, facts=FileFacts()))
    rows = pd.DataFrame([record.values for record in records], dtype=object)
    rows.index = pd.Index([record.row for record in records])
    rows["lon"], rows["lat"] = ([record.xy[axis] if record.xy else None for record in records] for axis in (0, 1))
    return rows


def _column(table: pd.DataFrame, role: str, wanted: str | None) -> str:
    by_plain_name = {str(name).strip().lower(): str(name) for name in reversed(table.columns)}
    for name in (wanted.strip().lower(),) if wanted else _KNOWN_NAMES[role]:
        if name in by_plain_name:
            return by_plain_name[name]
    raise InvalidInput(
        "There is no column {name}; there are {columns}.",
        remedy="Name the columns time, lon and lat, or say --time-column.",
        name=wanted or role,
        columns=", ".join(str(name) for name in table.columns),
    )


def _numbers(table: pd.DataFrame, name: str, limit: float) -> FloatArray:
    numbers = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64)
    empty = table[name].isna() | (table[name].astype(str).str.strip() == "")
    bad = ~empty.to_numpy() & ~(np.abs(numbers) <= limit)
    if bad.any():
        row = int(np.argmax(bad))
        raise InvalidInput(
            "Row {row}: {field} is {value!r}, not degrees from -{limit:g} to {limit:g}.",
            remedy="Bring lon and lat in degrees, WGS-84; leave both empty where the place is unknown.",
            row=int(table.index[row]),
            field=name,
            value=str(table[name].iloc[row]),
            limit=limit,
        )
    return numbers


def _days(table: pd.DataFrame, name: str) -> FloatArray:
    text = table[name].astype("string").str.strip()
    times = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")
    bad = times.isna().to_numpy()
    if bad.any():
        row = int(np.argmax(bad))
        raise InvalidInput(
            "Row {row}: {field} is {value!r}, not a time in ISO 8601.",
            remedy="Write times as 2026-10-01T08:30:00+08:00 or 2026-10-01; without a zone they are taken as UTC.",
            row=int(table.index[row]),
            field=name,
            value="" if pd.isna(table[name].iloc[row]) else str(table[name].iloc[row]),
        )
    return days_of(utc_instants(times))
