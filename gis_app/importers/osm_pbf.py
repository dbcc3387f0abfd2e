"""OpenStreetMap's PBF: blobs of protocol buffers, as far as nodes and ways need them; no threads, no files.

Source: the wiki of OpenStreetMap, "PBF Format"; protocol buffers' wire format (varints, zigzag, packed deltas).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from gis_app.domain.errors import Refused

_MOST_HEADER_BYTES, _MOST_BLOB_BYTES = 64 * 1024, 32 * 1024 * 1024
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_KNOWN_FEATURES = frozenset({b"OsmSchema-V0.6", b"DenseNodes"})
_NANO = 1e-9

Ints = npt.NDArray[np.int64]


class Sink(Protocol):
    """What takes the nodes and ways."""

    def add_nodes(self, ids: Ints, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> None:
        """Take in nodes, degrees."""

    def add_way(self, identity: int, refs: Ints, tags: dict[str, str]) -> None:
        """Take in a way."""


def read_into(sink: Sink, source: BinaryIO) -> None:
    """Read a PBF file into ``sink``; raises ``Refused`` if it is damaged, or needs features we do not know."""
    try:
        for kind, content in _blobs(source):
            if kind == b"OSMHeader":
                _require_known(content)
            elif kind == b"OSMData":
                _read_block(sink, content)
    except (IndexError, KeyError, ValueError, OverflowError, zlib.error, UnicodeDecodeError) as error:
        raise _damaged(str(error)[:120]) from None


def _damaged(reason: str) -> Refused:
    return Refused("The OpenStreetMap file is damaged: {reason}.", remedy="Download it again.", reason=reason)


def _blobs(source: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while head := source.read(4):
        header = source.read(_within(int.from_bytes(head, "big"), _MOST_HEADER_BYTES))
        fields = dict(_fields(header))
        blob = dict(_fields(source.read(_within(int(fields[3]), _MOST_BLOB_BYTES))))
        yield bytes(fields[1]), _inflated(blob)


def _within(size: int, limit: int) -> int:
    if not 0 < size <= limit:
        raise ValueError("a block has an impossible size")
    return size


def _inflated(blob: Mapping[int, int | bytes]) -> bytes:
    raw, packed = blob.get(1), blob.get(3)
    if isinstance(raw, bytes):
        return raw
    if not isinstance(packed, bytes):
        raise ValueError("a block is packed in a way that is not read; use zlib")
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(packed, _MOST_BLOB_BYTES)
    if unpacker.unconsumed_tail:
        raise ValueError("a block inflates beyond 32 MiB")
    return content


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")


def _fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field of a message."""
    at, end = 0, len(content)
    while at < end:
        key, at = _varint(content, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(content, at)
            yield number, value
        elif kind == _BYTES:
            length, at = _varint(content, at)
            if at + length > end:
                raise ValueError("a field leads out of its message")
            yield number, content[at : at + length]
            at += length
        elif kind in (_FIXED32, _FIXED64):
            at += 4 if kind == _FIXED32 else 8
        else:
            raise ValueError("a field has an unknown type")


def _packed(content: bytes) -> npt.NDArray[np.uint64]:
    """Return packed varints, all at once."""
    raw = np.frombuffer(content, dtype=np.uint8)
    if not len(raw):
        return np.zeros(0, dtype=np.uint64)
    ends = np.flatnonzero(raw < 0x80)
    if not len(ends) or ends[-1] != len(raw) - 1:
        raise ValueError("a number is cut off")
    starts = np.concatenate([[0], ends[:-1] + 1])
    if int((ends - starts).max()) > 9:
        raise ValueError("a number is too long")
    shift = (np.arange(len(raw)) - np.repeat(starts, ends - starts + 1)).astype(np.uint64) * np.uint64(7)
    parts = (raw & np.uint8(0x7F)).astype(np.uint64) << shift
    return np.asarray(np.add.reduceat(parts, starts), dtype=np.uint64)


def _zigzag(values: npt.NDArray[np.uint64]) -> Ints:
    return np.asarray((values >> np.uint64(1)).astype(np.int64) ^ -(values & np.uint64(1)).astype(np.int64))


def _deltas(content: bytes) -> Ints:
    return np.cumsum(_zigzag(_packed(content)), dtype=np.int64)


def _require_known(content: bytes) -> None:
    needed = {value for number, value in _fields(content) if number == 4}
    unknown = needed - _KNOWN_FEATURES
    if unknown:
        raise ValueError(f"it needs {sorted(unknown)[0]!r}, which is not read")


def _read_block(sink: Sink, content: bytes) -> None:
    strings: list[bytes] = []
    groups: list[bytes] = []
    scale = {17: 100, 19: 0, 20: 0}  # granularity and offsets, in nanodegrees
    for number, value in _fields(content):
        if number == 1:
            strings = [text for _, text in _fields(_as_bytes(value)) if isinstance(text, bytes)]
        elif number == 2:
            groups.append(_as_bytes(value))
        elif number in scale and isinstance(value, int):
            scale[number] = value - (1 << 64) if value >= 1 << 63 else value
    for group in groups:
        for number, value in _fields(group):
            if number == 1:
                _read_node(sink, _as_bytes(value), scale)
            elif number == 2:
                _read_dense(sink, _as_bytes(value), scale)
            elif number == 3:
                _read_way(sink, _as_bytes(value), strings)


def _as_bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a field has a wrong type")
    return value


def _degrees(values: Ints, scale: dict[int, int], offset: int) -> npt.NDArray[np.float64]:
    return (values.astype(np.float64) * scale[17] + scale[offset]) * _NANO


def _read_dense(sink: Sink, content: bytes, scale: dict[int, int]) -> None:
    parts = {number: _as_bytes(value) for number, value in _fields(content) if number in (1, 8, 9)}
    ids, lat, lon = (_deltas(parts[number]) for number in (1, 8, 9))
    if not len(ids) == len(lat) == len(lon):
        raise ValueError("nodes without a place")
    sink.add_nodes(ids, _degrees(lon, scale, 20), _degrees(lat, scale, 19))


def _read_node(sink: Sink, content: bytes, scale: dict[int, int]) -> None:
    parts = {number: value for number, value in _fields(content) if number in (1, 8, 9)}
    ids, lat, lon = (_zigzag(np.array([int(parts[number])], dtype=np.uint64)) for number in (1, 8, 9))
    sink.add_nodes(ids, _degrees(lon, scale, 20), _degrees(lat, scale, 19))


def _read_way(sink: Sink, content: bytes, strings: list[bytes]) -> None:
    parts = dict(_fields(content))
    keys, values = (_packed(_as_bytes(parts.get(number, b""))).tolist() for number in (2, 3))
    tags = {strings[key].decode(): strings[value].decode() for key, value in zip(keys, values, strict=True)}
    sink.add_way(int(parts[1]), _deltas(_as_bytes(parts.get(8, b""))), tags)
