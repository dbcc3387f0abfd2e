"""Refused rows as a file: as they stood, with the reason in a column, ready to be mended and sent again."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from gis_app.importers.datums import to_wgs84
from gis_app.importers.preview import RawRow, raw_rows
from gis_app.importers.problems import RowProblem
from gis_app.services.import_report import problem_json
from gis_app.services.imports import FileToImport, ImportOutcome
from gis_app.services.spreadsheet import as_csv

REASON = "refused_because"
"""The column of the reason; it is passed over when the file is sent again."""
_TABLES = ("csv", "xlsx")
Say = Callable[[str, Mapping[str, Any]], str]
"""Puts a template and its fields into the reader's language."""


def write_refused_rows(
    place: Path, wanted: FileToImport, outcome: ImportOutcome, *, datum: str
) -> dict[int, tuple[float, float]]:
    """Keep the rows that an import refused, a line of JSON each, whole or not at all; no file if it refused none.

    Returns
    -------
    A point of each refused row that has a place, longitude and latitude in WGS-84; exchanged where that is plain.
    """
    if not outcome.refused_rows:
        place.unlink(missing_ok=True)
        return {}
    points: dict[int, tuple[float, float]] = {}
    reasons: dict[int, list[RowProblem]] = {}
    for problem in outcome.refused:
        reasons.setdefault(problem.row, []).append(problem)
    found = raw_rows(
        wanted.path, wanted.kind, outcome.refused_rows, file_format=wanted.file_format, mapping=wanted.mapping
    )
    with tempfile.NamedTemporaryFile("w", dir=place.parent, prefix=".new-", delete=False, encoding="utf-8") as file:
        for each in found:
            points |= _point(each, datum)
            line = {"values": dict(each.values), "problems": [problem_json(one) for one in reasons.get(each.row, ())]}
            # A table has its places in its own columns.
            line["place"] = {} if wanted.file_format in _TABLES else _place(each)
            file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
    Path(file.name).replace(place)
    return points


def refused_table(place: Path, say: Say, named: Callable[[str], str] = str) -> str | None:
    """Return the refused rows as CSV with their reasons in words, None if there are none; ``named`` tells fields."""
    if not place.is_file():
        return None
    with place.open(encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    headers = list(dict.fromkeys(name for line in lines for part in ("values", "place") for name in line[part]))
    return as_csv([[*headers, REASON], *_rows(lines, headers, say, named)])


def _rows(
    lines: list[dict[str, Any]], headers: list[str], say: Say, named: Callable[[str], str]
) -> Iterator[list[object]]:
    for line in lines:
        cells = {**line["values"], **line["place"]}
        told = [
            (named(each["field"]), *(say(each[part], each["params"]) for part in ("template", "remedy")))
            for each in line["problems"]
        ]
        reasons = [f"{field}: {problem} {remedy}".strip() for field, problem, remedy in told]
        yield [*(_text(cells.get(name)) for name in headers), " / ".join(reasons)]


def _text(value: object) -> object:
    return "" if value is None else json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _point(row: RawRow, datum: str) -> dict[int, tuple[float, float]]:
    if row.geometry is None or row.geometry.is_empty:
        return {}
    anywhere = row.geometry.representative_point() if row.geometry.is_valid else row.geometry.centroid
    lon, lat = (float(value[0]) for value in to_wgs84(datum)(np.array([anywhere.x]), np.array([anywhere.y])))
    if not 90 < abs(anywhere.y) <= 180 and -180 <= lon <= 180 and -90 <= lat <= 90:
        return {row.row: (round(lon, 6), round(lat, 6))}
    if abs(anywhere.x) <= 90 and abs(anywhere.y) <= 180:
        return {row.row: (round(anywhere.y, 6), round(anywhere.x, 6))}
    return {}


def _place(row: RawRow) -> dict[str, Any]:
    if row.geometry is None:
        return {}
    if isinstance(row.geometry, shapely.Point):
        return {"lon": row.geometry.x, "lat": row.geometry.y}
    return {"wkt": shapely.to_wkt(row.geometry, rounding_precision=-1)}
