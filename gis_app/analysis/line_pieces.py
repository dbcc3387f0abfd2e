"""Lines as their straight pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely


def straight_pieces(lines: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return the straight pieces of (Multi)LineStrings, and the position of the line each belongs to.

    Returns
    -------
    Shape ``(k, 2, 2)``: piece, end, (x, y); and shape ``(k,)``.
    """
    parts, line = shapely.get_parts(np.atleast_1d(lines), return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    goes_on = np.nonzero(part[1:] == part[:-1])[0]
    return np.stack([xy[goes_on], xy[goes_on + 1]], axis=1), line[part[goes_on]].astype(np.int64)
