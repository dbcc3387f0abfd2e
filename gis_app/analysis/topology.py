"""Overlaps, gaps and slivers between areas that should tile the ground, and what would mend each.

Everything is found and mended in the areas' own coordinates; only widths and sizes are measured in a projected CRS, so
that a mended boundary meets its neighbour to the last bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

SLIVER_WIDTH_M = 15.0
"""A strip thinner than this on average is drawing error, not ground."""
LEAST_M2 = 1.0
"""What is smaller comes from rounding."""
Shapes = npt.NDArray[np.object_]
ToMetres = Callable[[BaseGeometry], BaseGeometry]


class FaultKind(StrEnum):
    """What is wrong between areas."""

    OVERLAP = "overlap"
    GAP = "gap"
    SLIVER = "sliver"


@dataclass(frozen=True)
class TopologyFault:
    """A piece of ground that two areas claim, or none does.

    Parameters
    ----------
    id
        The same in every run over the same areas.
    kind
        A thin overlap or gap is a sliver; ``is_gap`` tells which of the two it is.
    shape
        The piece, in the areas' coordinates.
    area_m2, width_m
        Its size, and its width on average.
    between
        Positions of the areas that it lies between, at most two of an overlap.
    goes_to
        Position of the area that the piece goes to when the fault is mended; None where that takes a person.
    """

    id: str
    kind: FaultKind
    is_gap: bool
    shape: BaseGeometry
    area_m2: float
    width_m: float
    between: tuple[int, ...]
    goes_to: int | None


def topology_faults(
    shapes: Shapes, ground: BaseGeometry | None, *, to_metres: ToMetres, is_ours: Sequence[bool]
) -> list[TopologyFault]:
    """Return overlaps between areas and gaps among them, the largest first.

    Parameters
    ----------
    shapes
        Shape ``(n,)``: valid polygons in one CRS.
    ground
        What they should cover together; None: only holes that areas enclose count as gaps.
    to_metres
        Turns a shape into a projected CRS, metres.
    is_ours
        Shape ``(n,)``: whether an area may be mended; pieces between areas of others are passed over.
    """
    tree = shapely.STRtree(shapes)
    found = [*_overlaps(shapes, tree, to_metres, is_ours), *_gaps(shapes, tree, ground, to_metres, is_ours)]
    return sorted(found, key=lambda fault: (-fault.area_m2, fault.id))


def mended(shapes: Shapes, faults: Sequence[TopologyFault]) -> Shapes:
    """Return the areas with every piece given to the one it goes to and taken from all others.

    Raises
    ------
    ValueError
        If a fault says of no area that its piece goes there, or an area would be left without ground.
    """
    after = shapes.copy()
    for fault in faults:
        if fault.goes_to is None:
            raise ValueError(f"Nobody said where {fault.id} goes.")
        change = shapely.union if fault.is_gap else shapely.difference
        for at in (fault.goes_to,) if fault.is_gap else set(fault.between) - {fault.goes_to}:
            after[at] = _polygons(change(after[at], fault.shape))
            if after[at].is_empty:
                raise ValueError(f"Nothing would be left of area {at}.")
    return after


def _overlaps(
    shapes: Shapes, tree: shapely.STRtree, to_metres: ToMetres, is_ours: Sequence[bool]
) -> Iterator[TopologyFault]:
    first, second = tree.query(shapes, predicate="intersects")
    once = (first < second) & (np.asarray(is_ours)[first] | np.asarray(is_ours)[second])
    for i, j in zip(first[once].tolist(), second[once].tolist(), strict=True):
        for piece in _parts(shapely.intersection(shapes[i], shapes[j])):
            area_m2, width_m = _measured(piece, to_metres)
            if area_m2 >= LEAST_M2:
                yield _fault(piece, area_m2, width_m, (i, j), is_gap=False, goes_to=_keeper(shapes, i, j, is_ours))


def _keeper(shapes: Shapes, i: int, j: int, is_ours: Sequence[bool]) -> int:
    """Return who keeps an overlap: the one not to be changed, else the larger one, which loses less of itself."""
    if is_ours[i] != is_ours[j]:
        return j if is_ours[i] else i
    return i if shapes[i].area >= shapes[j].area else j


def _gaps(
    shapes: Shapes, tree: shapely.STRtree, ground: BaseGeometry | None, to_metres: ToMetres, is_ours: Sequence[bool]
) -> Iterator[TopologyFault]:
    covered = shapely.union_all(shapes)
    missing = _holes(covered) if ground is None else shapely.difference(ground, covered)
    for piece in _parts(missing):
        area_m2, width_m = _measured(piece, to_metres)
        if area_m2 < LEAST_M2:
            continue
        beside = sorted(tree.query(piece, predicate="intersects").tolist())
        ours = [at for at in beside if is_ours[at]]
        if ours:
            shared = [shapely.length(shapely.intersection(piece.boundary, shapes[at])) for at in ours]
            yield _fault(piece, area_m2, width_m, tuple(beside), is_gap=True, goes_to=ours[int(np.argmax(shared))])


def _holes(covered: BaseGeometry) -> BaseGeometry:
    rings = [shapely.Polygon(ring) for part in _parts(covered) for ring in part.interiors]
    return shapely.MultiPolygon(rings)


def _parts(shape: BaseGeometry) -> list[shapely.Polygon]:
    return [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)] if shape else []


def _polygons(shape: BaseGeometry) -> BaseGeometry:
    """Return only what of a shape is ground, as a MultiPolygon."""
    parts = _parts(shape) or [part for each in shapely.get_parts(shape) for part in _parts(each)]
    return shapely.MultiPolygon(parts)


def _measured(piece: BaseGeometry, to_metres: ToMetres) -> tuple[float, float]:
    flat = to_metres(piece)
    length = float(flat.length)
    return float(flat.area), 2 * float(flat.area) / length if length else 0.0


def _fault(
    piece: BaseGeometry, area_m2: float, width_m: float, between: tuple[int, ...], *, is_gap: bool, goes_to: int | None
) -> TopologyFault:
    thin = width_m < SLIVER_WIDTH_M
    kind = FaultKind.SLIVER if thin else FaultKind.GAP if is_gap else FaultKind.OVERLAP
    told = f"{'gap' if is_gap else 'overlap'} {shapely.to_wkb(shapely.normalize(piece), hex=True)}"
    name = hashlib.sha256(told.encode()).hexdigest()[:12]
    return TopologyFault(name, kind, is_gap, piece, area_m2, width_m, between, goes_to)
