"""Coverage of areas over nights, weeks and months: streets walked, states of the grids, and the risk left out."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Engine, RowMapping

from gis_app.analysis.idleness import CHECKED_SHARE, night_states
from gis_app.analysis.street_coverage import Stretches, length_by, merged, overlaps, uncovered_risk, walked_share
from gis_app.domain.errors import NotFound
from gis_app.domain.periods import night_end, night_of
from gis_app.domain.rights import Scope
from gis_app.storage import coverage_reports, street_walks
from gis_app.storage.engine import scoped

KINDS = ("night", "week", "month")
LEVELS = ("township", "village", "grid")
RISK_DAYS = timedelta(days=365)
MOST_FINDINGS = 20
MOST_NIGHTS = 14
NO_VILLAGE = NotFound("There is no such thing.", remedy="It may have been moved, or lie outside your area.")


@dataclass(frozen=True)
class Nights:
    """A night, a week from Monday on, or a month, as the nights it has."""

    kind: str
    first: date
    last: date


@dataclass(frozen=True)
class CoverageReport:
    """Coverage of each area of a level, those with most risk left out first.

    ``risk_left`` is the share of all risk of the caller's area that was not covered; None where there is no risk.
    """

    nights: Nights
    choices: Sequence[date]
    rows: Sequence[dict[str, Any]]
    risk_left: float | None


def nights_about(kind: str, night: date) -> Nights:
    """Return the night, week or month that holds a night."""
    if kind == "week":
        monday = night - timedelta(days=night.weekday())
        return Nights(kind, monday, monday + timedelta(days=6))
    if kind == "month":
        return Nights(kind, night.replace(day=1), night.replace(day=monthrange(night.year, night.month)[1]))
    return Nights("night", night, night)


def report(engine: Engine, scope: Scope, *, kind: str, night: date | None, level: str, now: datetime) -> CoverageReport:
    """Return the coverage of the areas of a level, over the newest nights if none is named."""
    with scoped(engine, scope) as connection:
        known = coverage_reports.nights(connection)
        wanted = nights_about(kind, night or (known[-1] if known else night_of(now)))
        grids = _grids(connection, wanted)
        areas = coverage_reports.areas(connection, level)
    choices = sorted({nights_about(kind, each).first for each in known} | {wanted.first})
    by_grid, risk_left = uncovered_risk(grids["risk"], grids["share"])
    grids = grids.assign(risk_left=by_grid)
    rows = [row for area in areas if (row := _row(area, grids)) is not None]
    rows.sort(key=lambda row: (-row["risk_left"], row["code"]))
    return CoverageReport(wanted, choices, rows, risk_left)


@dataclass(frozen=True)
class VillageReport:
    """When somebody was last in a village, and what was found there."""

    village: RowMapping
    coverage: dict[str, Any] | None
    grids: pd.DataFrame
    walked: Sequence[RowMapping]
    findings: Sequence[RowMapping]
    nights: Nights


def village_report(engine: Engine, scope: Scope, code: str, *, now: datetime) -> VillageReport:
    """Return what is known of a village up to now; the coverage is that of the last seven nights.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    """
    last = night_of(now)
    wanted = Nights("week", last - timedelta(days=6), last)
    with scoped(engine, scope) as connection:
        village = coverage_reports.village(connection, code)
        if village is None:
            raise NO_VILLAGE
        path = village["scope_path"]
        grids = _grids(connection, wanted)
        walked = coverage_reports.walked_nights(connection, path, last=last, most=MOST_NIGHTS)
        found = coverage_reports.findings(connection, path, end=now, most=MOST_FINDINGS)
    own = grids.assign(risk_left=uncovered_risk(grids["risk"], grids["share"])[0])
    inside = own[own["scope_path"].str.startswith(path)]
    return VillageReport(village, _row(village, own), inside, walked, found, wanted)


def _grids(connection: Connection, wanted: Nights) -> pd.DataFrame:
    """Return the grids with street_m, walked_m, share, state and what ``coverage_reports.grids`` has."""
    end = night_end(wanted.last)
    grids = coverage_reports.grids(
        connection,
        first=wanted.first,
        last=wanted.last,
        start=night_end(wanted.first - timedelta(days=1)),
        end=end,
        year_before=end - RISK_DAYS,
    )
    pieces = street_walks.pieces(connection)
    walks = street_walks.walks(connection, wanted.first, wanted.last)
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
    share = walked_share(walked_m, street_m)
    swept = grids["area_share"].to_numpy(dtype=np.float64)
    checked = np.fmax(np.where(np.isnan(share), 0.0, share), swept)
    state = night_states(grids["found"], checked, checked_share=CHECKED_SHARE)
    # Where there are no streets, what was swept of the area counts.
    share = np.where(np.isnan(share), swept, share)
    return grids.assign(street_m=street_m, walked_m=walked_m, share=share, state=state)


def _stretches(rows: pd.DataFrame, keys: pd.DataFrame) -> Stretches:
    number = rows.merge(keys.reset_index(names="number"), on=["segment_id", "area_id"], how="left")["number"]
    low, high = rows["low"].to_numpy(dtype=np.float64), rows["high"].to_numpy(dtype=np.float64)
    return Stretches(number.to_numpy(dtype=np.int64), low, high)


def _row(area: RowMapping, grids: pd.DataFrame) -> dict[str, Any] | None:
    inside = grids[grids["scope_path"].str.startswith(area["scope_path"])]
    if not len(inside):
        return None
    street_m, walked_m = float(inside["street_m"].sum()), float(inside["walked_m"].sum())
    states = inside["state"].value_counts()
    last = pd.to_datetime(inside["last_visit_at"], utc=True).max()
    return {
        **{name: area[name] for name in ("code", "name_zh", "name_en", "parent_zh", "parent_en")},
        "street_km": street_m / 1000,
        "walked_km": walked_m / 1000,
        "share": min(walked_m / street_m, 1.0) if street_m else None,
        **{state: int(states.get(state, 0)) for state in ("found", "checked_clear", "unchecked")},
        "risk_left": float(inside["risk_left"].sum()),
        "last_visit_at": None if pd.isna(last) else last.to_pydatetime(),
    }
