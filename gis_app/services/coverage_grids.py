"""Coverage of every grid of the caller's area over some nights, by kind of work: what all coverage is told from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from gis_app.analysis.idleness import CHECKED_SHARE, idle_days, night_states
from gis_app.analysis.instants import utc_instants
from gis_app.analysis.street_coverage import Stretches, length_by, merged, overlaps, uncovered_risk, walked_share
from gis_app.domain.periods import night_end
from gis_app.domain.shifts import Shift, shift_of_hour
from gis_app.storage import coverage_reports, street_walks

RISK_DAYS = timedelta(days=365)
_EFFORT = ("visits", "seconds", "moved_m")
_STOPS = ("planned_stops", "visited_stops", "stayed_min")


@dataclass(frozen=True)
class Nights:
    """A night, a week from Monday on, or a month, as the nights it has."""

    kind: str
    first: date
    last: date


@dataclass(frozen=True)
class WorkFilter:
    """Which kind of work is looked at: of a shift, a mode of travel, a kind of team; empty for any."""

    shift: str = ""
    mode: str = ""
    team_kind: str = ""

    @property
    def hours(self) -> list[int]:
        """The hours of the city's day in the shift."""
        return [hour for hour in range(24) if not self.shift or shift_of_hour(hour) is Shift(self.shift)]

    @property
    def is_for_all(self) -> bool:
        """Whether any work counts."""
        return not (self.shift or self.mode or self.team_kind)

    @property
    def tells_who_found(self) -> bool:
        """Whether hazards found can be counted for it: it is known when they were found, not by which kind of team."""
        return not (self.mode or self.team_kind)


def grids_over(connection: Connection, nights: Nights, work: WorkFilter, *, now: datetime) -> pd.DataFrame:
    """Return one row per grid.

    Returns
    -------
    Columns id, code, scope_path, area_m2; street_m, walked_m and street_share (NaN without streets) of the streets;
    area_share of the ground; share (of streets, else of ground) and state; found, found_by_patrols, risk, risk_left;
    visits, seconds, moved_m of patrols; planned_stops, visited_stops, stayed_min; last_visit_at and idle_days up to
    the end of the nights.
    """
    end = night_end(nights.last)
    grids = coverage_reports.grids(
        connection,
        first=nights.first,
        last=nights.last,
        start=night_end(nights.first - timedelta(days=1)),
        end=end,
        year_before=end - RISK_DAYS,
        hours=work.hours,
    )
    span = {"first": nights.first, "last": nights.last, **vars(work)}
    grids = _with_streets(connection, grids, nights, work)
    sweeps = coverage_reports.sweeps(connection, **span).reindex(grids["id"])
    stops = coverage_reports.planned_stops(connection, **span, hours=work.hours).reindex(grids["id"])
    grids = grids.assign(
        **{name: sweeps[name].fillna(0).to_numpy() for name in _EFFORT},
        **{name: stops[name].fillna(0).to_numpy() for name in _STOPS},
        area_share=_area_share(grids, sweeps, work),
    )
    grids["share"] = grids["street_share"].where(grids["street_share"].notna(), grids["area_share"])
    checked = np.fmax(np.nan_to_num(grids["street_share"].to_numpy()), grids["area_share"].to_numpy())
    return grids.assign(
        state=night_states(grids["found"], checked, checked_share=CHECKED_SHARE),
        risk_left=uncovered_risk(grids["risk"], grids["share"])[0],
        idle_days=idle_days(utc_instants(pd.to_datetime(grids["last_visit_at"], utc=True)), min(end, now)),
    )


def _area_share(grids: pd.DataFrame, sweeps: pd.DataFrame, work: WorkFilter) -> pd.Series:
    swept = sweeps["swept_count"].to_numpy(dtype=np.float64) / sweeps["cell_count"].to_numpy(dtype=np.float64)
    share = np.nan_to_num(np.minimum(swept, 1.0))
    if work.is_for_all:
        # Of nights whose cells were not kept, the best night's share is known.
        share = np.fmax(share, grids["area_share"].fillna(0).to_numpy(dtype=np.float64))
    return pd.Series(share, index=grids.index)


def _with_streets(connection: Connection, grids: pd.DataFrame, nights: Nights, work: WorkFilter) -> pd.DataFrame:
    pieces = street_walks.pieces(connection)
    walks = street_walks.walks(connection, nights.first, nights.last, **vars(work))
    position = pd.Series(np.arange(len(grids)), index=grids["id"])
    pieces = pieces[pieces["area_id"].isin(position.index)].reset_index(drop=True)
    walks = walks[walks["area_id"].isin(position.index)]
    of_piece = position.reindex(pieces["area_id"]).to_numpy(dtype=np.int64)
    # Stretches keep to their grid: the key of a stretch is segment and grid, so that grids never mix.
    keys = pd.concat([pieces, walks])[["segment_id", "area_id"]].drop_duplicates().reset_index(drop=True)
    parts, trodden = _stretches(pieces, keys), merged(_stretches(walks, keys))
    part, both = overlaps(parts, trodden)
    whole_m = pieces["length_m"].to_numpy(dtype=np.float64)
    lengths = np.zeros(len(keys))
    lengths[parts.segment] = whole_m / np.maximum(parts.high - parts.low, 1e-12)
    walked_m = length_by(of_piece[part], both, length_m=lengths, count=len(grids))
    street_m = np.bincount(of_piece, weights=whole_m, minlength=len(grids)).astype(np.float64)
    return grids.assign(street_m=street_m, walked_m=walked_m, street_share=walked_share(walked_m, street_m))


def _stretches(rows: pd.DataFrame, keys: pd.DataFrame) -> Stretches:
    number = rows.merge(keys.reset_index(names="number"), on=["segment_id", "area_id"], how="left")["number"]
    low, high = rows["low"].to_numpy(dtype=np.float64), rows["high"].to_numpy(dtype=np.float64)
    return Stretches(number.to_numpy(dtype=np.int64), low, high)
