"""Columns of text as two buffers each, the bytes and where each cell ends: no Python object for a cell.

They cross the process border as they are. The parent takes nothing on trust: sizes, ends and UTF-8 are checked before a
cell is looked at. Neither JSON nor Arrow's own format, whose reader would have to be trusted too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gis_app.importers.records import CellFault, PackedBatch, TextColumn

_END_BYTES = 4
_POSITION_BYTES = 8
_MOST_CELLS = 5_000_000
_MOST_BYTES = 1 << 28


def parts_of(batch: PackedBatch) -> tuple[dict[str, Any], list[Any]]:
    """Return the sizes of a batch's buffers, as JSON can say them, and the buffers."""
    sizes: list[list[object]] = []
    buffers: list[Any] = [np.ascontiguousarray(batch.xy)]
    for name, cells in batch.columns.items():
        ends, data = cells.buffers()[1:3]
        count = int(np.frombuffer(ends, dtype="<i4")[len(cells)])
        sizes.append([name, count])
        buffers += [memoryview(ends)[: _END_BYTES * (len(cells) + 1)], memoryview(data)[:count] if data else b""]
    return {"first": batch.first, "count": batch.xy.shape[1], "sizes": sizes}, buffers


def unpacked(told: Mapping[str, Any], faults: list[CellFault], take: Callable[[int], bytes]) -> PackedBatch:
    """Return the batch whose sizes are told, taking its bytes in their order.

    Raises
    ------
    TypeError, ValueError
        If it has another form than ``parts_of`` gives it.
    """
    first, count = _whole(told["first"], 1 << 40), _whole(told["count"], _MOST_CELLS)
    sizes = [(str(name), _whole(size, _MOST_BYTES)) for name, size in told["sizes"]]
    if count * len(sizes) > _MOST_CELLS or len(dict(sizes)) != len(sizes):
        raise ValueError("not a batch of texts")
    xy = np.frombuffer(take(2 * _POSITION_BYTES * count), dtype="<f8").reshape(2, count)
    columns = {name: _texts(take(_END_BYTES * (count + 1)), take(size), count) for name, size in sizes}
    return PackedBatch(first, columns, xy, faults)


def _whole(told: object, most: int) -> int:
    if type(told) is not int or not 0 <= told <= most:
        raise TypeError("not a size")
    return told


def _texts(ends: bytes, data: bytes, count: int) -> TextColumn:
    import pyarrow as pa  # not at the top: the reading process of a small file does without

    found = np.frombuffer(ends, dtype="<i4")
    if found[0] != 0 or found[-1] != len(data) or (np.diff(found) < 0).any():
        raise ValueError("not a column of texts")
    cells = pa.StringArray.from_buffers(count, pa.py_buffer(ends), pa.py_buffer(data))
    cells.validate(full=True)  # among others, that each cell is UTF-8 by itself
    return cells
