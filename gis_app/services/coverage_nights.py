"""Coverage of every grid for each night, and the time since its last visit as of that night's end.

Tracks are forgotten after their time. Of those nights, what was computed while the tracks were there is carried over;
so are the shares of nights whose tracks did not change since.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from sqlalchemy import Connection

from gis_app.analysis.coverage import SWEEP_M_BY_MODE, FloatArray, swept_share
from gis_app.analysis.idleness import idle_days, last_visits, night_states
from gis_app.analysis.instants import Instants, utc_instants
from gis_app.domain.periods import night_end
from gis_app.storage import analysis_runs, street_walks
from gis_app.storage.indicators import known_nights

LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class CoverageInput:
    """What the coverage of nights is computed from.

    Parameters
    ----------
    grids
        Of ``analysis_runs.current_areas``.
    now
        The present: a night still running is measured up to it.
    srid
        Projected CRS, metres.
    nights
        How many nights, newest first; the nights before them still count as visits.
    """

    connection: Connection
    grids: pd.DataFrame
    now: datetime
    srid: int
    nights: int

    def all_nights(self) -> list[date]:
        """Return every night with patrols, oldest first."""
        return sorted(known_nights(self.connection))

    def end_of(self, night: date) -> datetime:
        """Return when a night ends, or now if that is earlier."""
        return min(night_end(night), self.now)


def coverage_rows(given: CoverageInput, progress: Callable[[float], None] = lambda share: None) -> pd.DataFrame:
    """Return one row per grid and night, oldest night first.

    Returns
    -------
    Columns night, grid_id, area_share, state, last_visit_at (UTC, NaT for never), idle_days, scope_path.
    """
    known = given.all_nights()
    wanted = known[-given.nights :]
    digests = _digests(given)
    known_digests = street_walks.swept_digests(given.connection)
    kept = _kept(given, [night for night in wanted if night in digests and known_digests.get(night) == digests[night]])
    latest = kept.visits_before(night_end(wanted[0] - timedelta(days=1)))
    for night in known[: -given.nights]:
        tracks = analysis_runs.tracks_of_night(given.connection, night, srid=given.srid)
        latest = np.fmax(latest, _visits(given, night, tracks))
    frames = []
    for number, (night, tracks, share) in enumerate(_shares(given, wanted, kept.unchanged), start=1):
        latest = np.fmax(np.fmax(latest, _visits(given, night, tracks)), kept.visits(night))
        frames.append(_rows(given, night, np.fmax(share, kept.share(night)), latest=latest))
        progress(number / len(wanted))
    street_walks.replace_swept(given.connection, {night: digests[night] for night in wanted if night in digests})
    return pd.concat(frames, ignore_index=True)


@dataclass(frozen=True)
class _Kept:
    """What is known of nights whose tracks are forgotten, or as they were.

    Parameters
    ----------
    rows
        Of ``analysis_runs.kept_coverage``; none where nothing of it counts.
    forgotten, unchanged
        Nights whose tracks are forgotten, and nights whose shares need not be computed again.
    """

    grid_ids: pd.Series
    rows: pd.DataFrame
    forgotten: Sequence[date]
    unchanged: Sequence[date]

    def share(self, night: date) -> FloatArray:
        """Return each grid's share of a forgotten or unchanged night, 0 for another one."""
        is_kept = night in self.forgotten or night in self.unchanged
        of_night = self.rows[(self.rows["night"] == night) & is_kept].set_index("grid_id")
        return of_night["area_share"].reindex(self.grid_ids).to_numpy(dtype=np.float64, na_value=0.0)

    def visits(self, night: date) -> Instants:
        """Return when each grid was last visited up to the end of a forgotten night, NaT for another one."""
        return self.visits_before(night_end(night) if night in self.forgotten else LONG_AGO)

    def visits_before(self, moment: datetime) -> Instants:
        """Return when each grid was last visited before a moment, NaT where it is not known."""
        # While all tracks are there, they alone tell of visits.
        rows = self.rows if self.forgotten else self.rows.iloc[:0]
        earlier = rows[rows["last_visit_at"] <= moment]
        visits = earlier.groupby("grid_id")["last_visit_at"].max()
        return utc_instants(visits.reindex(self.grid_ids))


def _digests(given: CoverageInput) -> dict[date, str]:
    """Return for each night whose tracks are there what its shares are made of: tracks, grids, widths."""
    base = hashlib.sha256(repr((sorted(SWEEP_M_BY_MODE.items()), given.srid, given.grids["id"].tolist())).encode())
    for shape in shapely.to_wkb(given.grids["shape"].to_numpy()):
        base.update(shape)
    words = street_walks.night_words(given.connection)
    return {night: hashlib.sha256(f"{base.hexdigest()} {word}".encode()).hexdigest() for night, word in words.items()}


def _kept(given: CoverageInput, unchanged: Sequence[date]) -> _Kept:
    forgotten = analysis_runs.forgotten_nights(given.connection)
    rows = analysis_runs.kept_coverage(given.connection)
    # A night of which no row is left, as after its run was removed, is not known to be as it was.
    stored = set(rows["night"])
    unchanged = [night for night in unchanged if night in stored]
    return _Kept(given.grids["id"], rows if forgotten or unchanged else rows.iloc[:0], forgotten, unchanged)


def _shares(
    given: CoverageInput, nights: Sequence[date], unchanged: Sequence[date]
) -> Iterator[tuple[date, pd.DataFrame, FloatArray]]:
    """Yield each night's tracks and shares; GEOS works outside Python's lock, so several nights go at once."""
    shapes = given.grids["shape"].to_numpy()
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        for first in range(0, len(nights), workers):
            batch = nights[first : first + workers]
            tracks = [analysis_runs.tracks_of_night(given.connection, night, srid=given.srid) for night in batch]
            swept = [part.iloc[:0] if night in unchanged else part for night, part in zip(batch, tracks, strict=True)]
            yield from zip(batch, tracks, pool.map(lambda part: _swept(shapes, part), swept), strict=True)


def _swept(shapes: npt.NDArray[Any], tracks: pd.DataFrame) -> FloatArray:
    sweep_m = tracks["mode"].map(SWEEP_M_BY_MODE).to_numpy(dtype=np.float64)
    return swept_share(shapes, tracks["shape"].to_numpy(), sweep_m=sweep_m)


def _visits(given: CoverageInput, night: date, tracks: pd.DataFrame) -> Instants:
    shapes = given.grids["shape"].to_numpy()
    return last_visits(shapes, tracks["shape"].to_numpy(), ended_at=tracks["ended_at"], now=given.end_of(night))


def _rows(given: CoverageInput, night: date, share: FloatArray, *, latest: Instants) -> pd.DataFrame:
    end = night_end(night)
    found = analysis_runs.events(given.connection, start=end - timedelta(days=1), end=end, srid=given.srid)
    found_count = found["grid_id"].value_counts().reindex(given.grids["id"], fill_value=0).to_numpy()
    return pd.DataFrame(
        {
            "night": night,
            "grid_id": given.grids["id"],
            "area_share": share,
            "state": night_states(found_count, share),
            "last_visit_at": pd.Series(latest).dt.tz_localize(UTC),
            "idle_days": idle_days(latest, given.end_of(night)),
            "scope_path": given.grids["scope_path"],
        }
    )
