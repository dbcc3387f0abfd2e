"""Files of point events for `jingwei hotspots`: a time and a place per row."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj

from gis_app.analysis.hotspot_map import days_of
from gis_app.analysis.instants import utc_instants
from gis_app.domain.errors import InvalidInput, Refused
from gis_app.importers import encodings
from gis_app.importers.file_copy import private_copy
from gis_app.importers.formats import IMPORTERS, format_name
from gis_app.importers.headers import plain
from gis_app.importers.records import FileFacts, Shape
from gis_app.importers.sandbox import read_rows

FloatArray = npt.NDArray[np.float64]

_KNOWN_NAMES = {
    "time": (
        "time",
        "datetime",
        "date_time",
        "timestamp",
        "occurred_at",
        "discovered_at",
        "date",
        "时间",
        "发生时间",
        "发现时间",
        "上报时间",
        "日期",
        "发生日期",
    ),
    "lon": ("lon", "longitude", "lng", "long", "经度"),
    "lat": ("lat", "latitude", "纬度"),
}
_CSV_SUFFIXES = (".csv", ".tsv", ".txt")
_FIRST_DATA_ROW = 2
"""Row 1 of a CSV is its header."""


@dataclass(frozen=True, eq=False)
class PointEvents:
    """Events of a file, in a projected CRS: metres, and days since 1970-01-01 UTC.

    ``placeless_count`` rows had no place, ``timeless_count`` others no time; both are left out.
    """

    x: FloatArray
    y: FloatArray
    day: FloatArray
    placeless_count: int
    timeless_count: int = 0


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
        If a column is missing, a value cannot be read (the row is named), or no row has a place or a time.
    """
    suffix = path.suffix.lower()
    table = _csv_rows(path) if suffix in _CSV_SUFFIXES else _imported_rows(path)
    names = {role: _column(table, role, time_column if role == "time" else None) for role in _KNOWN_NAMES}
    lon, lat = _degrees(table, names["lon"], names["lat"])
    # Zero degrees both: what geocoders write for an unknown place, not one off Africa.
    placed = np.isfinite(lon) & np.isfinite(lat) & ~((lon == 0) & (lat == 0))
    if not placed.any():
        raise InvalidInput(
            "No row of {file_name} has a place.", remedy="Check the columns lon and lat.", file_name=path.name
        )
    day = _days(table, names["time"])
    x, y = (np.full(len(table), np.nan) for _ in range(2))
    to_metres = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    x[placed], y[placed] = to_metres.transform(lon[placed], lat[placed])
    placed &= np.isfinite(x) & np.isfinite(y)
    if not placed.any():
        raise InvalidInput(
            "No place of {file_name} lies where {crs} can measure.",
            remedy="Check that lon and lat are not swapped, and that --crs is made for the place.",
            file_name=path.name,
            crs=crs.to_string(),
        )
    timed = np.isfinite(day)
    if not (placed & timed).any():
        raise InvalidInput(
            "No row of {file_name} has a time.", remedy="Check the column of times.", file_name=path.name
        )
    use = placed & timed
    timeless = int(np.count_nonzero(placed & ~timed))
    return PointEvents(x[use], y[use], day[use], int(np.count_nonzero(~placed)), timeless)


def _csv_rows(path: Path) -> pd.DataFrame:
    encoding = _encoding(path)
    try:
        table = pd.read_csv(path, dtype=str, sep=_separator(path, encoding), encoding=encoding)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeError) as error:
        raise InvalidInput(
            "{file_name} is not a table: {reason}",
            remedy="Save it as CSV in UTF-8 with one header row.",
            file_name=path.name,
            reason=str(error).strip(),
        ) from None
    table.index = pd.RangeIndex(_FIRST_DATA_ROW, _FIRST_DATA_ROW + len(table))
    return table


def _encoding(path: Path) -> str:
    with path.open("rb") as source:
        header = source.readline()
        source.seek(0)
        if header[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        try:
            return encodings.detect(source)
        except Refused:
            # Times and places are plain ASCII in any encoding; the other columns are not looked at.
            if header.isascii() and b"\0" not in header and header.strip():
                return "latin-1"
            raise


def _separator(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, errors="replace") as text:
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
    by_plain_name = {plain(str(name)): str(name) for name in reversed(table.columns)}
    for name in (plain(wanted),) if wanted else _KNOWN_NAMES[role]:
        if name in by_plain_name:
            return by_plain_name[name]
    raise InvalidInput(
        "There is no column {name}; there are {columns}.",
        remedy="Name the columns time, lon and lat, or say --time-column.",
        name=wanted or role,
        columns=", ".join(str(name)[:40] for name in table.columns[:30]),
    )


def _degrees(table: pd.DataFrame, lon: str, lat: str) -> tuple[FloatArray, FloatArray]:
    east, north = (pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64) for name in (lon, lat))
    # One row off may be a slip; most of them off is the other way round.
    if np.count_nonzero(np.abs(north) > 90) > len(table) / 2 and np.nanmax(np.abs(east), initial=0) <= 90:
        raise InvalidInput(
            "{lat} goes beyond 90 degrees and {lon} does not: the two seem to be swapped.",
            remedy="Put longitudes (east) in lon and latitudes (north) in lat.",
            lon=lon,
            lat=lat,
        )
    return _numbers(table, lon, 180.0), _numbers(table, lat, 90.0)


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
    missing = (text.isna() | (text == "")).to_numpy(dtype=np.bool_)
    bad = times.isna().to_numpy() & ~missing
    if bad.any():
        row = int(np.argmax(bad))
        raise InvalidInput(
            "Row {row}: {field} is {value!r}, not a time in ISO 8601.",
            remedy="Write times as 2026-10-01T08:30:00+08:00 or 2026-10-01; without a zone they are taken as UTC.",
            row=int(table.index[row]),
            field=name,
            value=str(table[name].iloc[row]),
        )
    return days_of(utc_instants(times))
