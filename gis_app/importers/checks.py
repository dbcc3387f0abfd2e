"""Checks of whole columns: where rows lie, whether they repeat, whether their times make sense.

Each check adds what it finds to a ``ProblemLog`` and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from gis_app.importers.datums import Convert
from gis_app.importers.kinds import ImportKind
from gis_app.importers.problems import ProblemLog

Bounds = tuple[float, float, float, float]
"""West, south, east, north, degrees WGS-84."""

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Extents:
    """Where rows lie: their numbers ``(n,)`` and boxes ``(n, 4)`` in the file's datum and in WGS-84."""

    rows: npt.NDArray[np.int64]
    source: FloatArray
    wgs84: FloatArray


def check_extents(
    extents: Extents, log: ProblemLog, *, in_degrees: bool, convert: Convert, city: Bounds | None
) -> None:
    """Note rows that lie nowhere on Earth, outside the city, or there only if x and y change places."""
    on_earth = ~np.isnan(extents.wgs84).any(axis=1) & _inside(extents.wgs84, (-180.0, -90.0, 180.0, 90.0))
    if in_degrees:
        on_earth &= _inside(extents.source, (-180.0, -90.0, 180.0, 90.0))
    wrong = ~on_earth if city is None else ~(on_earth & _inside(extents.wgs84, city))
    at = np.flatnonzero(wrong)
    swapped = _fits_when_swapped(extents.source[at], convert, city)
    for place, is_swapped in zip(at, swapped, strict=True):
        _note_wrong_place(extents, int(place), log, is_swapped=bool(is_swapped), is_on_earth=bool(on_earth[place]))


def _inside(boxes: FloatArray, city: Bounds) -> BoolArray:
    west, south, east, north = city
    return np.asarray(
        (boxes[:, 0] >= west) & (boxes[:, 1] >= south) & (boxes[:, 2] <= east) & (boxes[:, 3] <= north), dtype=np.bool_
    )


def _fits_when_swapped(source: FloatArray, convert: Convert, city: Bounds | None) -> BoolArray:
    """Return which boxes would lie in the city (on Earth if none is given) with x and y exchanged."""
    west, south, east, north = city or (-180.0, -90.0, 180.0, 90.0)
    x, y = (source[:, 1] + source[:, 3]) / 2, (source[:, 0] + source[:, 2]) / 2
    lon, lat = convert(x, y)
    return np.asarray((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north), dtype=np.bool_)


def _note_wrong_place(extents: Extents, at: int, log: ProblemLog, *, is_swapped: bool, is_on_earth: bool) -> None:
    row, (x, y) = int(extents.rows[at]), extents.source[at, :2]
    where = {"x": round(float(x), 6), "y": round(float(y), 6)}
    if is_swapped:
        log.add(row, "geometry", "The coordinates ({x}, {y}) seem to be swapped.",
                "Give longitude (x) before latitude (y).", **where)  # fmt: skip
    elif is_on_earth:
        log.add(row, "geometry", "The place at ({x}, {y}) lies outside the city.",
                "Correct the coordinates, or declare the datum they really have.", **where)  # fmt: skip
    else:
        log.add(row, "geometry", "The coordinates ({x}, {y}) are out of range for the declared datum.",
                "Correct them, or declare the datum they really have.", **where)  # fmt: skip


def check_repeats(frame: pd.DataFrame, key: tuple[str, ...], log: ProblemLog) -> None:
    """Note rows whose key columns equal those of an earlier row; rows with an empty key are left alone."""
    if len(key) == 1 and frame[key[0]].is_unique:
        return
    keyed = frame.dropna(subset=list(key))
    repeated = keyed[keyed.duplicated(list(key), keep="first")]
    if repeated.empty:
        return
    first_row = keyed.groupby(list(key), sort=False)["source_row"].transform("first")
    for at, row in zip(repeated.index, repeated["source_row"].tolist(), strict=True):
        log.add(
            row,
            key[0],
            "The {key} {value} occurs already in row {first}.",
            "Remove one of the two rows, or correct it.",
            key=", ".join(key),
            value=", ".join(str(repeated.at[at, name]) for name in key),
            first=first_row[at],
        )


_LATER_TIMES = ("filed_at", "assigned_at", "due_at", "feedback_at", "verified_at", "closed_at")


def check_hazard_times(frame: pd.DataFrame, log: ProblemLog) -> None:
    """Note times before the discovery, and closed hazards without the time of their closing."""
    for name in _LATER_TIMES:
        for row in frame.loc[frame[name] < frame["discovered_at"], "source_row"]:
            log.add(int(row), name, "The time is before the hazard was discovered.", "Correct one of the two times.")
    unclosed = (frame["stage"] == "closed") & frame["closed_at"].isna()
    for row in frame.loc[unclosed, "source_row"]:
        log.add(int(row), "closed_at", "The hazard is closed but has no time of closing.", "Fill in the time.")


ROW_CHECKS = {ImportKind.HAZARDS: check_hazard_times}
"""What has to be checked across the columns of a kind."""
