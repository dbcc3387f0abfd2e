"""The fixes of a night as coverage takes them: cleaned, in order, and with the kind of work they belong to."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection

from gis_app.analysis.tracks import NO_PIECE, Fixes, clean_fixes
from gis_app.domain.periods import CITY_TIME, night_end
from gis_app.domain.shifts import shift_of_hour
from gis_app.storage import street_walks

CLASS = ("shift", "mode", "team_kind")
"""What kind of work it was; never whose."""
LONGEST_PATROL = timedelta(days=2)
"""A device whose clock is ahead records beyond the end of its night."""
_SHIFT_OF_HOUR = np.array([shift_of_hour(hour).value for hour in range(24)], dtype=object)


def fixes_of(connection: Connection, night: date, *, srid: int) -> pd.DataFrame:
    """Return the fixes of a night that lie in some piece of a track, by device and time.

    Returns
    -------
    Columns patrol_id, mode, team_kind, shift, second (since 1970, UTC), accuracy_m, x, y (projected, metres) and
    piece, the number of the unbroken piece.
    """
    start, end = night_end(night) - timedelta(days=1), night_end(night) + LONGEST_PATROL
    fixes = street_walks.fixes_of(connection, night, start=start, end=end, srid=srid)
    cleaned = clean_fixes(
        Fixes(
            device=fixes["device"].to_numpy(),
            recorded_at=fixes["microsecond"].to_numpy().astype("datetime64[us]"),
            sequence=fixes["sequence"].to_numpy(),
            x=fixes["x"].to_numpy(),
            y=fixes["y"].to_numpy(),
            patrol=fixes["patrol_id"].to_numpy(),
        )
    )
    on_track = cleaned.piece != NO_PIECE
    kept: pd.DataFrame = fixes.iloc[cleaned.order[on_track]].reset_index(drop=True)
    second = kept["microsecond"].to_numpy() / 1e6
    kept = kept.drop(columns=["device", "sequence", "microsecond"])
    return kept.assign(second=second, shift=_shifts(second), piece=cleaned.piece[on_track])


def _shifts(second: npt.NDArray[np.float64]) -> pd.Categorical:
    hours = pd.to_datetime(second, unit="s", utc=True).tz_convert(CITY_TIME).hour
    return pd.Categorical(_SHIFT_OF_HOUR[hours])
