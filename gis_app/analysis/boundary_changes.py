"""What became of areas when their boundaries were drawn anew: who kept, split, merged, began and ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

LEAST_SHARE = 0.01
"""What of an area goes elsewhere and is less than this share of it comes from drawing."""


class ChangeKind(StrEnum):
    """What happened to the ground of one former area."""

    SAME = "same"
    RESHAPED = "reshaped"
    SPLIT = "split"
    MERGED = "merged"
    REPLACED = "replaced"
    ENDED = "ended"
    BEGUN = "begun"


@dataclass(frozen=True)
class Piece:
    """Ground that went from one area to another: positions, share of the former one, and its shape."""

    before: int
    after: int
    share: float
    shape: BaseGeometry


@dataclass(frozen=True)
class BoundaryChange:
    """What happened to a former area (None: one that begins on ground that was nobody's).

    ``pieces`` are where its ground went, the largest first; ``lost_share`` is what of it lies in no area any more.
    """

    kind: ChangeKind
    before: int | None
    pieces: tuple[Piece, ...]
    lost_share: float


def boundary_changes(
    before: npt.NDArray[np.object_],
    after: npt.NDArray[np.object_],
    *,
    codes_before: Sequence[str],
    codes_after: Sequence[str],
) -> list[BoundaryChange]:
    """Return what happened to each former area, then what began on ground of nobody.

    Parameters
    ----------
    before, after
        Shape ``(n,)`` and ``(m,)``: valid polygons in one CRS, as they are and as they are to be.
    codes_before, codes_after
        Their codes; an area keeps its code when it is reshaped.
    """
    pieces = _pieces(before, after)
    sources: dict[int, set[int]] = {}
    for piece in pieces:
        sources.setdefault(piece.after, set()).add(piece.before)
    changes = []
    for at, shape in enumerate(before):
        own = tuple(sorted((piece for piece in pieces if piece.before == at), key=lambda each: -each.share))
        lost = max(0.0, 1.0 - sum(piece.share for piece in own))
        kind = _kind(at, shape, own, after, sources, codes=(codes_before, codes_after))
        changes.append(BoundaryChange(kind, at, own, lost if lost >= LEAST_SHARE else 0.0))
    known = set(codes_before)
    begun = [at for at in range(len(after)) if at not in sources and codes_after[at] not in known]
    return [
        *changes,
        *(BoundaryChange(ChangeKind.BEGUN, None, (Piece(-1, at, 1.0, after[at]),), 0.0) for at in begun),
    ]


def _pieces(before: npt.NDArray[np.object_], after: npt.NDArray[np.object_]) -> list[Piece]:
    if not len(before) or not len(after):
        return []
    first, second = shapely.STRtree(after).query(before, predicate="intersects")
    shapes = shapely.intersection(before[first], after[second])
    shares = shapely.area(shapes) / shapely.area(before[first])
    # Whatever makes up a good part of the new area counts too: a large village may give a tenth of a per cent to it.
    shares_of_new = shapely.area(shapes) / shapely.area(after[second])
    kept = (shares >= LEAST_SHARE) | (shares_of_new >= 0.5)
    found = zip(first[kept], second[kept], shares[kept], shapes[kept], strict=True)
    return [Piece(int(i), int(j), float(share), shape) for i, j, share, shape in found]


def _kind(
    at: int,
    shape: BaseGeometry,
    own: tuple[Piece, ...],
    after: npt.NDArray[np.object_],
    sources: dict[int, set[int]],
    *,
    codes: tuple[Sequence[str], Sequence[str]],
) -> ChangeKind:
    code, codes_after = codes[0][at], codes[1]
    if not own:
        return ChangeKind.ENDED
    if len(own) > 1:
        return ChangeKind.SPLIT
    heir = own[0].after
    if codes_after[heir] == code:
        return ChangeKind.SAME if shapely.equals(shape, after[heir]) else ChangeKind.RESHAPED
    return ChangeKind.MERGED if len(sources[heir]) > 1 else ChangeKind.REPLACED
