"""Times as plain UTC arrays, so that they can be compared and subtracted by the million."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Instants = npt.NDArray[np.datetime64]
MICROSECONDS_PER_SECOND = 1_000_000
MICROSECONDS_PER_DAY = 86_400 * MICROSECONDS_PER_SECOND


def utc_instants(times: Any) -> Instants:
    """Return times as ``datetime64[us]`` in UTC, shape ``(n,)``; missing ones become NaT.

    Parameters
    ----------
    times
        A pandas Series or index with a time zone, or a sequence of aware datetimes; a numpy ``datetime64`` array
        cannot carry a zone and is taken as UTC.

    Raises
    ------
    ValueError
        If the times have no time zone.
    """
    if isinstance(times, np.ndarray) and np.issubdtype(times.dtype, np.datetime64):
        return times.astype("datetime64[us]")
    column = pd.Series(times)
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        if any(moment.tzinfo is None for moment in column.dropna()):
            raise ValueError("Times need a time zone.")
        column = pd.to_datetime(column, utc=True)
    return np.asarray(column.dt.tz_convert("UTC").dt.tz_localize(None), dtype="datetime64[us]")


def utc_instant(moment: datetime) -> np.datetime64:
    """Return one aware moment as ``datetime64[us]`` in UTC; raises ValueError if it has no time zone."""
    instant: np.datetime64 = utc_instants([moment])[0]
    return instant
