"""Ten million fixes of one month: loaded, then the month computed anew in bounded memory (target: under 1 GB).

Needs a built demo city that may be changed (a small one gets the teams it lacks):
``PYTHONPATH=. .venv/bin/python benchmarks/month_of_fixes.py --home /tmp/city [--fixes 10000000] [--month 2026-06]``.
Teams walk the streets at random, a fix every 10 s, seeded. The month is computed in a process of its own, whose largest
resident memory is told: tracks cleaned from stale fixes, streets walked, grids swept, coverage of the grids.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from more_teams import ensure_teams
from pyproj import Transformer
from sqlalchemy import RowMapping, text

from gis_app.domain.periods import night_end
from gis_app.planning.street_network import StreetNetwork
from gis_app.planning.street_segments import network_of
from gis_app.services import patrol_tracks
from gis_app.services.database import opened
from gis_app.services.patrol_simulation import Walker
from gis_app.settings import Settings
from gis_app.storage import street_walks, track_intake
from gis_app.storage.bulk_load import copy_rows
from gis_app.storage.engine import long_job
from gis_app.storage.models import TrackPoint
from gis_app.storage.models.base import table_of

EVERY_S, SCATTER_M, SEED, NIGHTS, WALKS = 10.0, 3.0, 330381, 30, 3
_PATROLS = text("""
INSERT INTO patrol (team_id, night, started_at, ended_at, mode, length_m, fix_count, device, is_stale, geom, scope_path,
                    is_synthetic)
SELECT id, :night, :start, :end, mode, 0, :count, 'month-' || code, true,
       ST_GeomFromText('MULTILINESTRING EMPTY', 4326), scope_path, true
FROM team WHERE code = ANY(:codes) ORDER BY code RETURNING id, scope_path""")


def main() -> None:
    """Load unless loaded, then compute the month in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--fixes", type=int, default=10_000_000)
    parser.add_argument("--teams", type=int, default=523)
    parser.add_argument("--month", default="2026-06")
    parser.add_argument("--compute", action="store_true", help="only compute what is stale, and tell time and memory")
    arguments = parser.parse_args()
    os.environ["JINGWEI_HOME"] = str(arguments.home)
    if arguments.compute:
        print(json.dumps(_compute()))
        return
    began = time.monotonic()
    count = _load(arguments)
    print(f"{count} fixes loaded in {time.monotonic() - began:.0f} s", flush=True)
    command = [sys.executable, __file__, "--home", str(arguments.home), "--compute"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{told['patrols']} tracks and {told['nights']} nights computed in {told['seconds']:.0f} s, "
        f"{count / told['seconds']:.0f} fixes a second; largest memory {told['mb']:.0f} MB (target 1024)"
    )


def _load(arguments: argparse.Namespace) -> int:
    settings = Settings.from_environment()
    first = date.fromisoformat(f"{arguments.month}-01")
    with opened(settings) as database:
        with long_job(database.app) as connection:
            ensure_teams(connection, arguments.teams)
            teams = track_intake.first_teams(connection, most=arguments.teams, srid=settings.metric_srid)
            network = network_of(street_walks.streets(connection, srid=settings.metric_srid))
        per_patrol = -(-arguments.fixes // (len(teams) * NIGHTS))
        degrees = Transformer.from_crs(settings.metric_srid, 4326, always_xy=True)
        whole, walks = 0, [_walks(network, teams, per_patrol, seed) for seed in range(WALKS)]
        for back in range(NIGHTS):
            # Some walks over and over, each night with its own scatter of positions.
            chance = np.random.default_rng([SEED, back])
            places = walks[back % WALKS] + chance.normal(0, SCATTER_M, walks[0].shape)
            lon, lat = degrees.transform(*places.T)
            codes = [team["code"] for team in teams]
            whole += _store(database.app, first + timedelta(days=back), codes, lon, lat, per_patrol)
            print(f"night {back + 1} of {NIGHTS}: {whole} fixes", file=sys.stderr, flush=True)
    return whole


def _walks(network: StreetNetwork, teams: Sequence[RowMapping], steps: int, seed: int) -> np.ndarray:
    """Return where each team is at each step, team after team: n x (x, y), metres."""
    chance = np.random.default_rng([SEED, seed])
    walkers = [Walker(network, team["mode"], (team["x"], team["y"]), chance) for team in teams]
    return np.array([walker.step(EVERY_S) for walker in walkers for _ in range(steps)])


def _store(app, night: date, codes: list[str], lon: np.ndarray, lat: np.ndarray, count: int) -> int:
    start = night_end(night) - timedelta(hours=16)
    facts = {"night": night, "start": start, "end": start + timedelta(seconds=EVERY_S * count), "count": count}
    with long_job(app) as connection:
        for month in {start.date().replace(day=1), facts["end"].date().replace(day=1)}:
            connection.execute(text("SELECT prepare_track_month(:month)"), {"month": month})
        patrols = connection.execute(_PATROLS, {**facts, "codes": codes}).all()
        moments = np.datetime64(start.astimezone(UTC).replace(tzinfo=None), "us") + (
            np.arange(count) * int(EVERY_S * 1e6)
        ).astype("timedelta64[us]")
        return copy_rows(
            connection,
            table_of(TrackPoint),
            {
                "device": np.repeat(np.array([f"month-{code}" for code in sorted(codes)], dtype=object), count),
                "recorded_at": np.tile(moments, len(codes)),
                "sequence": np.tile(np.arange(count), len(codes)),
                "patrol_id": np.repeat([row.id for row in patrols], count),
                "accuracy_m": np.full(len(lon), 6.0),
                "flag": np.zeros(len(lon), dtype=np.int16),
                "scope_path": np.repeat(np.array([row.scope_path for row in patrols], dtype=object), count),
                "is_synthetic": np.ones(len(lon), dtype=bool),
                "geom": np.column_stack([lon, lat]),
            },
        )


def _compute() -> dict[str, float]:
    settings, began = Settings.from_environment(), time.monotonic()
    with opened(settings) as database:
        done = patrol_tracks.refresh(database.app, now=datetime.now(UTC), srid=settings.metric_srid)
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {**done, "seconds": time.monotonic() - began, "mb": peak_kb / 1024}


if __name__ == "__main__":
    main()
