"""Columns of arrays packed into PostgreSQL's binary COPY format, by whole columns instead of row by row.

Blocks are whatever has a buffer of bytes: Arrow joins the columns, and its result is not copied once more.

A row is the number of its fields (two bytes), then every field as its length (four bytes) and its bytes; NULL has the
length -1 and no bytes. All numbers are big-endian. Source: PostgreSQL 15 manual, COPY, "Binary Format".
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from geoalchemy2 import Geometry
from sqlalchemy import REAL, BigInteger, Boolean, Date, DateTime, Double, Float, Integer, SmallInteger, String, Uuid
from sqlalchemy.dialects.postgresql import BIT
from sqlalchemy.types import TypeEngine

Bytes = npt.NDArray[np.uint8]
Lengths = npt.NDArray[np.int64]

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
ROWS_PER_BLOCK = 50_000
NULL_LENGTH = -1
POSTGRES_EPOCH = np.datetime64("2000-01-01", "us")
POINT_EWKB = np.dtype([("order", "u1"), ("type", "<u4"), ("srid", "<u4"), ("x", "<f8"), ("y", "<f8")])
EWKB_POINT_WITH_SRID = 0x20000001


@dataclass(frozen=True)
class PackedColumn:
    """The values of a column one after another.

    Parameters
    ----------
    data
        The bytes of all values that are not NULL.
    lengths
        Shape ``(n,)``: bytes of each value, -1 for NULL.
    """

    data: Bytes
    lengths: Lengths


def packed_rows(
    types: Mapping[str, TypeEngine[Any]], columns: Mapping[str, Any], *, rows_per_block: int = ROWS_PER_BLOCK
) -> Iterator[Any]:
    """Yield header, blocks of rows and trailer of a binary COPY.

    Parameters
    ----------
    types
        The columns' SQL types, in the order of the COPY.
    columns
        One sequence per column, all of one length. None, NaN (not in text), NaT and NA are NULL. A point column may
        also be an array of lon and lat, shape ``(n, 2)``, NaN for NULL.

    Raises
    ------
    ValueError
        If columns are missing or differ in length.
    """
    if set(types) != set(columns):
        raise ValueError(f"Columns and types differ: {sorted(set(types) ^ set(columns))}.")
    sizes = {len(values) for values in columns.values()}
    if len(sizes) != 1:
        raise ValueError("All columns need one length.")
    yield HEADER
    for begin in range(0, sizes.pop(), rows_per_block):
        block = slice(begin, begin + rows_per_block)
        yield _interleaved([_packed(kind, _part(columns[name], block)) for name, kind in types.items()])
    yield TRAILER


def _part(values: Any, block: slice) -> Any:
    return values.iloc[block] if isinstance(values, pd.Series) else values[block]


def _packed(kind: TypeEngine[Any], values: Any) -> PackedColumn:
    for sql_type, pack in _PACKERS:
        if isinstance(kind, sql_type):
            return pack(values)
    raise TypeError(f"No binary form of {kind!r} is known.")


def _interleaved(columns: list[PackedColumn]) -> Any:
    """Return rows of the given columns: whatever has one width stands together, and is joined with what varies."""
    count = len(columns[0].lengths)
    pieces: list[Any] = []
    fixed: list[Bytes] = [_bytes_of(np.full(count, len(columns), dtype=">i2"))]
    for column in columns:
        fixed.append(_bytes_of(column.lengths.astype(">i4")))
        width = int(column.lengths[0]) if count else 0
        if width >= 0 and (column.lengths == width).all():
            fixed.append(column.data.reshape(count, width))
            continue
        pieces += [_of_one_width(fixed), _varying(column)]
        fixed = []
    pieces += [_of_one_width(fixed)] if fixed else []
    if len(pieces) == 1:
        return pieces[0].buffers()[2]
    return pc.binary_join_element_wise(*pieces, pa.scalar(b"", pa.large_binary())).buffers()[2]


def _bytes_of(numbers: npt.NDArray[Any]) -> Bytes:
    return numbers.view(np.uint8).reshape(len(numbers), -1)


def _of_one_width(parts: list[Bytes]) -> Any:
    joined = np.ascontiguousarray(np.concatenate(parts, axis=1))
    count, width = joined.shape
    return _binaries(np.arange(count + 1, dtype=np.int64) * width, joined)


def _varying(column: PackedColumn) -> Any:
    return _binaries(np.concatenate([[0], np.cumsum(np.maximum(column.lengths, 0))]), column.data)


def _binaries(ends: Lengths, data: Bytes) -> Any:
    buffers = [None, pa.py_buffer(np.ascontiguousarray(ends)), pa.py_buffer(np.ascontiguousarray(data))]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(ends) - 1, buffers)


def _numbers(form: str) -> Callable[[Any], PackedColumn]:
    """Return the packer of a fixed-width number."""

    def pack(values: Any) -> PackedColumn:
        array = np.asarray(values) if not isinstance(values, pd.Series) else values.array
        missing = np.asarray(pd.isna(array), dtype=np.bool_)
        kept = np.asarray(array[~missing]) if missing.any() else np.asarray(array)
        return _fixed(kept.astype(form), missing)

    return pack


def _fixed(kept: npt.NDArray[Any], missing: npt.NDArray[np.bool_]) -> PackedColumn:
    width = kept.dtype.itemsize
    return PackedColumn(
        np.ascontiguousarray(kept).view(np.uint8).reshape(-1), np.where(missing, NULL_LENGTH, width).astype(np.int64)
    )


def _moments(values: Any) -> PackedColumn:
    utc = _instants(values)
    missing = np.isnat(utc)
    return _fixed((utc[~missing] - POSTGRES_EPOCH).astype(np.int64).astype(">i8"), missing)


def _days(values: Any) -> PackedColumn:
    days = np.asarray(values, dtype="datetime64[D]")
    missing = np.isnat(days)
    return _fixed((days[~missing] - POSTGRES_EPOCH.astype("datetime64[D]")).astype(np.int64).astype(">i4"), missing)


def _instants(values: Any) -> npt.NDArray[np.datetime64]:
    if isinstance(values, np.ndarray) and np.issubdtype(values.dtype, np.datetime64):
        return values.astype("datetime64[us]")
    zoned = pd.to_datetime(pd.Series(values), utc=True)
    return np.asarray(zoned.dt.tz_localize(None), dtype="datetime64[us]")


def _texts(values: Any) -> PackedColumn:
    try:
        texts = pa.array(values, type=pa.large_string(), from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # a number among them
        return _joined([None if _is_missing(value) else str(value).encode() for value in values])
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    missing = texts.is_null().to_numpy(zero_copy_only=False)
    filled = pc.fill_null(texts, "") if missing.any() else texts
    ends = np.frombuffer(filled.buffers()[1], dtype=np.int64)[filled.offset : filled.offset + len(filled) + 1]
    data = np.frombuffer(filled.buffers()[2] or b"", dtype=np.uint8)[ends[0] : ends[-1]]
    return PackedColumn(data, np.where(missing, NULL_LENGTH, np.diff(ends)))


def _uuids(values: Any) -> PackedColumn:
    if len(values) and len(set(map(id, values))) == 1 and isinstance(first := next(iter(values)), uuid.UUID):
        one = np.frombuffer(first.bytes, dtype=np.uint8)
        return PackedColumn(np.tile(one, len(values)), np.full(len(values), len(one), dtype=np.int64))
    return _joined([None if _is_missing(value) else _uuid_bytes(value) for value in values])


def _uuid_bytes(value: Any) -> bytes:
    return value.bytes if isinstance(value, uuid.UUID) else uuid.UUID(str(value)).bytes


def _is_missing(value: Any) -> bool:
    # NaN is the one value that differs from itself.
    return value is None or value is pd.NA or value != value


def _geometries(values: Any) -> PackedColumn:
    shapes = np.asarray(values)
    if shapes.dtype != np.object_:
        return _points(shapes)
    ewkb = shapely.to_wkb(shapely.set_srid(shapes, 4326), include_srid=True)
    return _joined(list(ewkb))


def _points(lon_lat: npt.NDArray[Any]) -> PackedColumn:
    missing = np.isnan(lon_lat).any(axis=1)
    points = np.empty(int((~missing).sum()), dtype=POINT_EWKB)
    points["order"], points["type"], points["srid"] = 1, EWKB_POINT_WITH_SRID, 4326
    points["x"], points["y"] = lon_lat[~missing].T
    return _fixed(points, missing)


def _joined(values: list[bytes | None]) -> PackedColumn:
    lengths = np.fromiter((NULL_LENGTH if value is None else len(value) for value in values), np.int64, len(values))
    return PackedColumn(np.frombuffer(b"".join(value for value in values if value), dtype=np.uint8), lengths)


def _bits(values: Any) -> PackedColumn:
    """Return arrays of booleans as strings of bits: their number, then eight to a byte, the first the highest."""
    return _joined([len(flat).to_bytes(4, "big") + np.packbits(flat).tobytes() for flat in map(np.ravel, values)])


_PACKERS: tuple[tuple[type[TypeEngine[Any]], Callable[[Any], PackedColumn]], ...] = (
    # The narrow numbers first: they are subclasses of the wide ones.
    (SmallInteger, _numbers(">i2")),
    (BigInteger, _numbers(">i8")),
    (Integer, _numbers(">i4")),
    (REAL, _numbers(">f4")),
    (Double, _numbers(">f8")),
    (Float, _numbers(">f8")),
    (Boolean, _numbers("u1")),
    (DateTime, _moments),
    (Date, _days),
    (Uuid, _uuids),
    (Geometry, _geometries),
    (BIT, _bits),
    (String, _texts),
)
