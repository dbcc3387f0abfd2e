"""Which of many areas a place lies in, asked for many places at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely


class EnclosingAreas:
    """Areas of which the one around a place is looked for.

    Parameters
    ----------
    areas
        Polygons, of any one CRS. Where several hold a place, on a common border, the first of them counts.
    """

    def __init__(self, areas: Any) -> None:
        shapes = np.asarray(areas, dtype=object)
        self._count = len(shapes)
        self._tree = shapely.STRtree(shapes)

    def at(self, x: Any, y: Any) -> npt.NDArray[np.int64]:
        """Return the number of the area that holds each place, -1 where none does; x and y in the areas' CRS."""
        points = shapely.points(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
        place, area = self._tree.query(points, predicate="intersects")
        found = np.full(np.shape(x), self._count, dtype=np.int64)
        np.minimum.at(found, place, area)
        found[found == self._count] = -1
        return found
