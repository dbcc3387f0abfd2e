"""Loads GPS fixes, and makes or remakes the patrol of each device and night from all of its fixes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gis_app.analysis.tracks import CleanedFixes, Fixes, clean_fixes, track_lines
from gis_app.analysis.transformers import transformer
from gis_app.domain.periods import CITY_TIME, NOON, night_end
from gis_app.importers.problems import ProblemLog
from gis_app.services.loading import Loading
from gis_app.storage import import_changes, track_points
from gis_app.storage.imported_rows import LoadCount

KEY = ["device", "recorded_at", "sequence"]


def load_tracks(loading: Loading) -> LoadCount:
    """Load fixes; those already there are left alone, and a patrol with new ones is made anew from all of them."""
    sent = _with_teams(loading)
    first, last = sent["night"].min(), sent["night"].max()
    span = {"start": night_end(first - timedelta(days=1)), "end": night_end(last)}
    known = track_points.known_fixes(loading.connection, sorted(set(sent["device"])), **span)
    fresh = sent.merge(known[KEY], on=KEY, how="left", indicator=True)["_merge"].to_numpy() == "left_only"
    count = LoadCount(int(fresh.sum()), 0, int((~fresh).sum()))
    if not fresh.any():
        return count
    track_points.prepare_months(loading.connection, sent.loc[fresh, "recorded_at"])
    _keep_keys(loading, sent[fresh])
    _remake(loading, sent[fresh], known, span)
    return count


def _keep_keys(loading: Loading, fresh: pd.DataFrame) -> None:
    """Note which fixes the import adds, a row per device and night, so that it can be undone."""
    for (device, night, path), rows in fresh.groupby(["device", "night", "scope_path"], sort=True):
        moments = rows["recorded_at"].map(lambda moment: moment.isoformat())
        fixes = [[moment, int(sequence)] for moment, sequence in zip(moments, rows["sequence"], strict=True)]
        import_changes.keep_fixes(
            loading.connection, loading.import_id, device=str(device), night=str(night), fixes=fixes, path=str(path)
        )


def _with_teams(loading: Loading) -> pd.DataFrame:
    """Return the fixes with team, night, lon and lat; one that names no team is of the team called as its device."""
    frame = pd.DataFrame(loading.frame.drop(columns="geometry"))
    named = frame["team_code"].where(frame["team_code"].notna(), frame["device"])
    teams = track_points.teams_of(loading.connection, sorted(set(named)))
    frame = frame.assign(
        team_code=named,
        night=_nights(frame["recorded_at"]),
        lon=loading.frame.geometry.x.to_numpy(),
        lat=loading.frame.geometry.y.to_numpy(),
        sequence=frame["sequence"].astype("int64"),
    )
    joined = frame.merge(teams, on="team_code", how="left")
    log = ProblemLog()
    for row, code in joined.loc[joined["team_id"].isna(), ["source_row", "team_code"]].itertuples(index=False):
        log.add(
            int(row),
            "team_code",
            "There is no team {code}.",
            "Name the team's code; in GPX it is the name of the track.",
            code=code,
        )
    loading.refuse(log)
    _refuse_forgotten(loading, joined)
    return joined


def _refuse_forgotten(loading: Loading, sent: pd.DataFrame) -> None:
    """Refuse fixes of nights whose tracks were deleted after their time: the patrol would be counted twice."""
    forgotten = track_points.forgotten_patrols(loading.connection, first=sent["night"].min(), last=sent["night"].max())
    log = ProblemLog()
    for row, team, night in sent[["source_row", "team_id", "night"]].itertuples(index=False) if forgotten else ():
        if (team, night) in forgotten:
            log.add(
                int(row),
                "recorded_at",
                "The tracks of the night of {night} were deleted after their time.",
                "Leave that night out.",
                night=night,
            )
    loading.refuse(log)


def _nights(recorded_at: pd.Series) -> pd.Series:
    nights: pd.Series = (recorded_at.dt.tz_convert(CITY_TIME) - NOON).dt.date
    return nights


def _remake(loading: Loading, fresh: pd.DataFrame, known: pd.DataFrame, span: dict[str, datetime]) -> None:
    touched = fresh[["device", "night"]].drop_duplicates()
    old = known.assign(night=_nights(known["recorded_at"])).merge(touched, on=["device", "night"])
    whole = pd.concat([old, fresh], ignore_index=True)
    group = whole.groupby(["device", "night"], sort=True).ngroup().to_numpy()
    metres = transformer(4326, loading.srid).transform(whole["lon"], whole["lat"])
    cleaned = clean_fixes(
        Fixes(
            device=whole["device"].to_numpy(),
            recorded_at=whole["recorded_at"],
            sequence=whole["sequence"].to_numpy(),
            x=metres[0],
            y=metres[1],
            patrol=group,
        )
    )
    patrols = _patrols(whole.assign(group=group, x=metres[0], y=metres[1]), cleaned)
    ids = np.asarray(track_points.store_patrols(loading.connection, [row for row, _ in patrols]))
    track_points.forget_fixes(loading.connection, [int(n) for n in old["patrol_id"].unique()], **span)
    kept = whole.iloc[cleaned.order]
    # What the device's clock told when the fix came stays true.
    clock = kept["clock_flag"].fillna(0).to_numpy(dtype=np.int16)
    of_group = group[cleaned.order]
    paths = np.asarray([path for _, path in patrols], dtype=object)
    track_points.add_fixes(
        loading.connection, kept.assign(patrol_id=ids[of_group], flag=cleaned.flag | clock, scope_path=paths[of_group])
    )


def _patrols(whole: pd.DataFrame, cleaned: CleanedFixes) -> list[tuple[dict[str, Any], str]]:
    """Return for each group, in order, the values of its patrol and its scope path."""
    group = whole["group"].to_numpy()
    lines = dict(zip(*track_lines(cleaned, whole["lon"], y=whole["lat"], group=group), strict=True))
    lengths = dict(zip(*track_lines(cleaned, whole["x"], y=whole["y"], group=group), strict=True))
    kept = np.bincount(group[cleaned.order])
    patrols = []
    for key, rows in whole.groupby("group"):
        number = int(np.asarray(key))
        # Old fixes name their patrol, new ones their team; a device works for one team in a night.
        team = rows.dropna(subset=["team_id"]).iloc[0]
        patrol = rows["patrol_id"].dropna() if "patrol_id" in rows else pd.Series(dtype=float)
        values = {
            "id": int(patrol.iloc[0]) if len(patrol) else None,
            "team_id": int(team["team_id"]),
            "night": team["night"],
            "started_at": rows["recorded_at"].min().to_pydatetime(),
            "ended_at": rows["recorded_at"].max().to_pydatetime(),
            "mode": team["mode"],
            "device": rows["device"].iloc[0],
            "is_stale": False,
            "length_m": float(shapely.length(lengths[number])) if number in lengths else 0.0,
            "fix_count": int(kept[number]),
            "geom": lines.get(number, shapely.MultiLineString()),
            "scope_path": team["scope_path"],
        }
        patrols.append((values, str(team["scope_path"])))
    return patrols
