"""Columns of WKB from GDAL or Parquet, checked and turned into batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis_app.importers import shapes
from gis_app.importers.records import Batch, CellFault, FileFacts, Shape


def geometry_batch(
    rows: list[int],
    columns: dict[str, list[object]],
    geometries: Sequence[bytes | None] | npt.NDArray[Any] | None,
    shape: Shape,
    *,
    facts: FileFacts,
) -> Batch:
    """Return rows with their geometries, each checked; one that cannot be used is a fault of its row.

    Parameters
    ----------
    geometries
        WKB, None for a row without one.
    """
    batch = Batch(rows, columns)
    raw = np.array([None] * len(rows) if geometries is None else list(geometries), dtype=object)
    found = shapely.from_wkb(raw, on_invalid="ignore")
    unreadable = np.array([wkb is not None for wkb in raw], dtype=np.bool_) & (found == None)  # noqa: E711
    if shape in (Shape.POINT, Shape.FIX):
        batch.xy = _points(found, unreadable, batch, facts=facts)
    else:
        batch.wkb = [None] * len(rows)
        for at, geometry in enumerate(found):
            batch.wkb[at] = _checked(at, geometry, shape, batch, facts=facts, is_unreadable=bool(unreadable[at]))
    return batch


def _points(
    found: npt.NDArray[Any], unreadable: npt.NDArray[np.bool_], batch: Batch, *, facts: FileFacts
) -> list[list[float | None]]:
    is_plain = (shapely.get_type_id(found) == shapely.GeometryType.POINT) & ~shapely.is_empty(found)
    xy = np.full((len(found), 2), np.nan)
    xy[is_plain] = shapely.get_coordinates(found[is_plain])
    is_plain &= np.isfinite(xy).all(axis=1)
    facts.dropped_heights += int(shapely.has_z(found[is_plain]).sum())
    pairs: list[list[float | None]] = [xy[:, 0].tolist(), xy[:, 1].tolist()]
    for at in np.flatnonzero(~is_plain):
        record = _record(int(at), found[at], Shape.POINT, batch, facts=facts, is_unreadable=bool(unreadable[at]))
        pairs[0][at], pairs[1][at] = (None, None) if record is None else record
    return pairs


def _record(
    at: int, geometry: Any, shape: Shape, batch: Batch, *, facts: FileFacts, is_unreadable: bool
) -> tuple[float, float] | None:
    checked = _usable(at, geometry, shape, batch, facts=facts, is_unreadable=is_unreadable)
    return None if checked is None else (float(shapely.get_x(checked)), float(shapely.get_y(checked)))


def _checked(
    at: int, geometry: Any, shape: Shape, batch: Batch, *, facts: FileFacts, is_unreadable: bool
) -> str | None:
    checked = _usable(at, geometry, shape, batch, facts=facts, is_unreadable=is_unreadable)
    return None if checked is None else str(shapely.to_wkb(checked, hex=True))


def _usable(at: int, geometry: Any, shape: Shape, batch: Batch, *, facts: FileFacts, is_unreadable: bool) -> Any:
    try:
        if is_unreadable:
            raise shapes.BadGeometry("The geometry is damaged.", "Export the data again.")
        if geometry is None:
            raise shapes.BadGeometry("The feature has no geometry.", "Give every feature a geometry.")
        finite = shapes.with_finite_coordinates(shapes.flat(geometry, facts))
        return shapes.checked(finite, shape)
    except shapes.BadGeometry as bad:
        batch.faults.append(CellFault(at, None, bad.fault))
        return None
