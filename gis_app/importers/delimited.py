"""CSV with a header: longitude and latitude columns, or one WKT column."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis_app.domain.errors import Refused
from gis_app.importers import encodings, shapes
from gis_app.importers.headers import plain
from gis_app.importers.records import MAX_FIELD_CHARS, MAX_FIELDS, FileFacts, Record, Shape

X_NAMES = frozenset({"lon", "lng", "long", "longitude", "x", "经度", "东坐标"})
Y_NAMES = frozenset({"lat", "latitude", "y", "纬度", "北坐标"})
WKT_NAMES = frozenset({"wkt", "geom", "geometry", "几何", "图形"})
_DELIMITERS = (",", ";", "\t")
_HEADER_ROW = 1


def read_csv(source: BinaryIO, shape: Shape, facts: FileFacts) -> Iterator[Record]:
    """Yield the records of a CSV file; the header is row 1, as a spreadsheet numbers it.

    Comma, semicolon and tab are recognised by the header. Blank lines are passed over but counted.

    Raises
    ------
    Refused
        If the encoding or the header is not usable, or the quoting is broken.
    """
    facts.encoding = encodings.detect(source)
    text = io.TextIOWrapper(source, encoding=facts.encoding, errors="strict", newline="")
    csv.field_size_limit(MAX_FIELD_CHARS)
    rows = csv.reader(text, delimiter=_delimiter(text), strict=True)
    try:
        header = [plain(name) for name in next(rows, [])]
        _require_header(header, shape)
        for row, cells in enumerate(rows, start=_HEADER_ROW + 1):
            if cells:
                yield _record(row, header, cells, shape, facts)
    except csv.Error as error:
        raise Refused(
            "The CSV file cannot be read at line {line}: {reason}.",
            remedy="Look for a quotation mark that is not closed, or a field of more than {limit} characters.",
            line=rows.line_num,
            reason=str(error),
            limit=MAX_FIELD_CHARS,
        ) from None


def _delimiter(text: io.TextIOWrapper) -> str:
    first_line = text.readline(MAX_FIELD_CHARS)
    text.seek(0)
    return max(_DELIMITERS, key=first_line.count)


def _require_header(header: list[str], shape: Shape) -> None:
    named = [name for name in header if name]
    twice = sorted({name for name in named if named.count(name) > 1}) if len(named) <= MAX_FIELDS else []
    if not named or len(header) > MAX_FIELDS or twice:
        raise Refused(
            "The header has {count} columns, and these names twice: {twice}.",
            remedy="Give 1 to {limit} columns, each with its own name, in the first line.",
            count=len(named),
            twice=", ".join(twice) or "-",
            limit=MAX_FIELDS,
        )
    has_pair = any(name in X_NAMES for name in named) and any(name in Y_NAMES for name in named)
    has_wkt = any(name in WKT_NAMES for name in named)
    if not has_wkt and not (has_pair and shape in (Shape.POINT, Shape.FIX)):
        raise Refused(
            "The CSV file has no columns that say where its rows lie.",
            remedy="Name the columns lon and lat (经度, 纬度) for points, or wkt for lines and polygons.",
        )


def _record(row: int, header: list[str], cells: list[str], shape: Shape, facts: FileFacts) -> Record:
    if len(cells) != len(header):
        fault = shapes.BadGeometry(
            "The row has {found} fields, the header {expected}.",
            "Give every row as many fields as the header; put text that holds a comma in quotation marks.",
            found=len(cells),
            expected=len(header),
        ).fault
        return Record(row, {}, fault=fault)
    values: dict[str, object] = {}
    x = y = wkt = None
    for name, cell in zip(header, cells, strict=True):
        if name in WKT_NAMES:
            wkt = cell.strip()
        elif name in X_NAMES:
            x = cell.strip()
        elif name in Y_NAMES:
            y = cell.strip()
        elif name:
            values[name] = cell
    try:
        if wkt is not None:
            return shapes.as_record(row, values, shapes.checked(_from_wkt(wkt, facts), shape))
        return Record(row, values, xy=shapes.text_position(x, y, height=False, facts=facts))
    except shapes.BadGeometry as bad:
        return Record(row, values, fault=bad.fault)


def _from_wkt(wkt: str, facts: FileFacts) -> BaseGeometry:
    try:
        with np.errstate(invalid="ignore"):  # a NaN is refused below, with a sentence
            geometry = shapely.from_wkt(wkt)
    except shapely.GEOSException as error:
        raise shapes.BadGeometry(
            "The WKT cannot be read: {reason}.", "Write WKT such as POINT (120.6 27.8).", reason=str(error)[:120]
        ) from None
    if not isinstance(geometry, BaseGeometry):
        raise shapes.BadGeometry("The WKT is empty.", "Write WKT such as POINT (120.6 27.8).")
    if geometry.has_z:
        facts.dropped_heights += 1
        geometry = shapely.force_2d(geometry)
    return shapes.with_finite_coordinates(geometry)
