"""Swept share of each grid against PostGIS, grid by grid (target: at least 1.3x, max error 0.005).

Grids and tracks are those of ``coverage.py``, loaded into an embedded PostGIS of its own. The peer asks for every grid
the tracks within the sweep width, clips them to the grid's neighbourhood, buffers, unites and intersects them there.
Run: ``PYTHONPATH=. .venv/bin/python benchmarks/coverage_postgis.py [--small] [--rounds 3]``
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from alternating import alternate
from coverage import SWEEP_M, street_walk, voronoi_grids
from sqlalchemy import Connection, text

from gis_app.analysis.coverage import swept_share
from gis_app.services.database import opened
from gis_app.settings import Settings

_TABLES = (
    "CREATE TEMPORARY TABLE bench_grid (id int PRIMARY KEY, geom geometry(Polygon, 4549))",
    "CREATE TEMPORARY TABLE bench_track (id int PRIMARY KEY, geom geometry(LineString, 4549))",
)
_INDEXES = (
    "CREATE INDEX ON bench_grid USING gist (geom)",
    "CREATE INDEX ON bench_track USING gist (geom)",
    "ANALYZE bench_grid",
    "ANALYZE bench_track",
)
# ST_DWithin first: the index on the tracks prunes before anything is buffered, and only what is near is buffered.
_SHARE = text("""
SELECT g.id, coalesce(ST_Area(ST_Intersection(g.geom, t.band)) / ST_Area(g.geom), 0) AS share
FROM bench_grid g LEFT JOIN LATERAL (
    SELECT ST_Buffer(ST_Collect(ST_ClipByBox2D(t.geom, ST_Expand(CAST(g.geom AS box2d), :sweep_m))), :sweep_m) AS band
    FROM bench_track t WHERE ST_DWithin(t.geom, g.geom, :sweep_m)) t ON true
ORDER BY g.id""")


def load(connection: Connection, grids: gpd.GeoDataFrame, tracks: gpd.GeoSeries) -> None:
    """Put grids and tracks into temporary tables with indexes."""
    for statement in _TABLES:
        connection.execute(text(statement))
    for table, shapes in (("bench_grid", grids.geometry), ("bench_track", tracks)):
        rows = [{"id": n, "wkb": wkb} for n, wkb in enumerate(shapely.to_wkb(shapes.to_numpy()))]
        connection.execute(text(f"INSERT INTO {table} VALUES (:id, ST_GeomFromWKB(:wkb, 4549))"), rows)  # noqa: S608
    for statement in _INDEXES:
        connection.execute(text(statement))


def main() -> None:
    """Load, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="300 grids and 50 tracks instead of 3,000 and 500")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    grid_count, track_count = (300, 50) if arguments.small else (3000, 500)
    generator = np.random.default_rng(20261123)
    grids, side_m = voronoi_grids(grid_count, generator)
    tracks = gpd.GeoSeries([street_walk(side_m, generator) for _ in range(track_count)], crs=4549)
    home = Path(tempfile.mkdtemp(prefix="jw-cov-"))
    home.chmod(0o755)
    try:
        with opened(Settings(home=home)) as database, database.app.begin() as connection:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            load(connection, grids, tracks)
            compared = alternate(
                lambda: np.array([row.share for row in connection.execute(_SHARE, {"sweep_m": SWEEP_M})]),
                lambda: swept_share(grids, tracks, sweep_m=SWEEP_M),
                rounds=arguments.rounds,
            )
    finally:
        shutil.rmtree(home, ignore_errors=True)
    error = float(np.abs(compared.our_result - compared.peer_result).max())
    print(f"{grid_count} grids, {track_count} tracks, {arguments.rounds} alternating rounds")
    print(compared.report("PostGIS per grid", target=1.3, error=error, error_name="max error of share"))


if __name__ == "__main__":
    main()
