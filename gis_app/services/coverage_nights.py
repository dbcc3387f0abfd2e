"""Coverage of every grid for each night, and the time since its last visit as of that night's end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from gis_app.analysis.coverage import SWEEP_M_BY_MODE, swept_share
from gis_app.analysis.idleness import idle_days, last_visits, night_states
from gis_app.domain.periods import CITY_TIME, NOON
from gis_app.storage import analysis_runs
from gis_app.storage.indicators import known_nights

NEVER = np.datetime64("NaT", "us")


def coverage_rows(
    connection: Connection, grids: pd.DataFrame, *, now: datetime, srid: int, nights: int
) -> pd.DataFrame:
    """Return one row per grid and night for the newest nights.

    Parameters
    ----------
    grids
        Of ``analysis_runs.current_areas``.
    now
        The present: a night still running is measured up to it.
    nights
        How many nights, newest first; the nights before them still count as visits.

    Returns
    -------
    Columns night, grid_id, area_share, state, last_visit_at (UTC, NaT for never), idle_days, scope_path.
    """
    shapes = grids["shape"].to_numpy()
    latest = np.full(len(grids), NEVER)
    known = sorted(known_nights(connection))
    frames = []
    for position, night in enumerate(known):
        tracks = analysis_runs.tracks_of_night(connection, night, srid=srid)
        end = min(night_end(night), now)
        visits = last_visits(shapes, tracks["shape"].to_numpy(), ended_at=tracks["ended_at"], now=end)
        latest = np.fmax(latest, visits)
        if position < len(known) - nights:
            continue
        sweep_m = tracks["mode"].map(SWEEP_M_BY_MODE).to_numpy(dtype=np.float64)
        share = swept_share(shapes, tracks["shape"].to_numpy(), sweep_m=sweep_m)
        found = _found_that_night(connection, night, grids, srid=srid)
        frames.append(
            pd.DataFrame(
                {
                    "night": night,
                    "grid_id": grids["id"],
                    "area_share": share,
                    "state": night_states(found, share),
                    "last_visit_at": pd.Series(latest).dt.tz_localize(UTC),
                    "idle_days": idle_days(latest, end),
                    "scope_path": grids["scope_path"],
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def night_end(night: date) -> datetime:
    """Return the noon at which a night ends, UTC."""
    return (datetime.combine(night, datetime.min.time(), CITY_TIME) + timedelta(days=1) + NOON).astimezone(UTC)


def _found_that_night(connection: Connection, night: date, grids: pd.DataFrame, *, srid: int) -> np.ndarray:
    end = night_end(night)
    found = analysis_runs.events(connection, start=end - timedelta(days=1), end=end, srid=srid)
    return found["grid_id"].value_counts().reindex(grids["id"], fill_value=0).to_numpy()
