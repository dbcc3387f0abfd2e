"""Makes the tracks of patrols anew that got fixes, then the coverage of their nights; nothing where nothing came."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection, Engine

from gis_app.analysis.tracks import Fixes, clean_fixes, track_lines
from gis_app.analysis.transformers import transformer
from gis_app.services import analyses, plan_following, street_walks
from gis_app.storage import patrol_tracks, track_intake
from gis_app.storage.engine import long_job, scoped, system_scope

BATCHES_FOR = timedelta(days=7)
"""A device that sends a batch again does so within a week."""
POSITIONS_FOR = timedelta(days=1)
NEW_PLANS_FOR = timedelta(days=2)
"""How far back routes are looked at while no change is uncounted."""


def refresh(engine: Engine, *, now: datetime, srid: int) -> dict[str, int]:
    """Make stale tracks anew, and the coverage of the nights that changed; return how many of each.

    Whoever ends halfway leaves the rest to the next one: a track is stale, and a change uncounted, until it is done.
    """
    with long_job(engine) as connection:
        # Those of now, each once: while devices send, there is always another one.
        patrols = patrol_tracks.stale(connection)
    for patrol in patrols:
        with long_job(engine) as connection:
            _remake(connection, patrol, srid=srid)
    with scoped(engine, system_scope()) as connection:
        notes = patrol_tracks.uncounted(connection)
    nights = 0
    if notes:
        analyses.run_all(engine, now=now, srid=srid, kinds=analyses.ANALYSIS_GROUPS["coverage"])
        nights = len(street_walks.update(engine, now=now, srid=srid))
    # Late fixes may be of any night; a plan made meanwhile is of these.
    looks_back = plan_following.LOOKS_BACK if notes else NEW_PLANS_FOR
    plan_following.update(engine, now=now, srid=srid, looks_back=looks_back)
    with scoped(engine, system_scope()) as connection:
        patrol_tracks.forget_notes(connection, notes)
        track_intake.forget_old(connection, batches_before=now - BATCHES_FOR, positions_before=now - POSITIONS_FOR)
    return {"patrols": len(patrols), "nights": nights}


def _remake(connection: Connection, patrol: int, *, srid: int) -> None:
    known_count = patrol_tracks.fix_count(connection, patrol)
    fixes = patrol_tracks.fixes_of(connection, patrol)
    metres = transformer(4326, srid).transform(fixes["lon"], fixes["lat"])
    x, y = (np.asarray(column, dtype=np.float64) for column in metres)
    cleaned = clean_fixes(
        Fixes(
            device=fixes["device"].to_numpy(),
            recorded_at=fixes["recorded_at"],
            sequence=fixes["sequence"].to_numpy(),
            x=x,
            y=y,
        )
    )
    group = np.zeros(len(fixes), dtype=np.int64)
    _, lines = track_lines(cleaned, fixes["lon"], y=fixes["lat"], group=group)
    _, lengths = track_lines(cleaned, x, y=y, group=group)
    kept = fixes.iloc[cleaned.order]
    patrol_tracks.store(
        connection,
        patrol,
        geom=lines[0] if len(lines) else shapely.MultiLineString(),
        length_m=float(shapely.length(lengths[0])) if len(lengths) else 0.0,
        fix_count=len(kept),
        known_count=known_count,
    )
    changed = pd.Series(cleaned.flag, index=kept.index) != (kept["flag"] & patrol_tracks.TRACK_FLAGS)
    patrol_tracks.store_flags(connection, kept[changed], cleaned.flag[changed.to_numpy()])
