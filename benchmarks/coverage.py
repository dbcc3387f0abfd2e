"""Swept share of each grid against geopandas buffer, union and overlay (target: at least 20x, max error 0.005).

Grids are Voronoi cells of about 0.42 km2; tracks follow a street raster with a fix every 12 m and GPS scatter. The peer
buffers at geopandas' own default of 16 steps per quarter circle and is taken as exact.
Run: ``.venv/bin/python benchmarks/coverage.py [--small] [--rounds 3]``
"""

from __future__ import annotations

import argparse

import geopandas as gpd
import numpy as np
import shapely
from alternating import alternate

from gis_app.analysis.coverage import swept_share

SWEEP_M, STREET_M, FIX_M, BLOCKS = 30.0, 150.0, 12.0, 34
STEPS = np.array([(1, 0), (0, 1), (-1, 0), (0, -1)])


def voronoi_grids(count: int, generator: np.random.Generator) -> tuple[gpd.GeoDataFrame, float]:
    """Return the grids and the side of the square they tile, metres."""
    side_m = 650.0 * np.sqrt(count)
    points = shapely.multipoints(generator.uniform(0, side_m, (count, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(points))
    clipped = shapely.intersection(cells, shapely.box(0, 0, side_m, side_m))
    return gpd.GeoDataFrame({"grid": np.arange(count)}, geometry=clipped, crs=4549), side_m


def street_walk(side_m: float, generator: np.random.Generator) -> shapely.LineString:
    """Return a walk of 34 blocks, about 5 km, as a device records it."""
    heading = (generator.integers(0, 4) + np.cumsum(generator.choice([-1, 0, 0, 0, 1], BLOCKS))) % 4
    corners = generator.integers(0, int(side_m / STREET_M), 2) + np.cumsum(STEPS[heading], axis=0)
    street = shapely.LineString(corners * STREET_M)
    fixes = shapely.get_coordinates(shapely.line_interpolate_point(street, np.arange(0, street.length, FIX_M)))
    return shapely.LineString(fixes + generator.normal(0, 3, fixes.shape))


def overlay_share(grids: gpd.GeoDataFrame, tracks: gpd.GeoSeries) -> np.ndarray:
    band = gpd.GeoDataFrame(geometry=[tracks.buffer(SWEEP_M).union_all()], crs=grids.crs)
    swept = gpd.overlay(grids, band, how="intersection")
    covered_m2 = swept.area.groupby(swept["grid"]).sum().reindex(grids["grid"], fill_value=0)
    return covered_m2.to_numpy() / grids.area.to_numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="300 grids and 50 tracks instead of 3,000 and 500")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    grid_count, track_count = (300, 50) if arguments.small else (3000, 500)
    generator = np.random.default_rng(20261123)
    grids, side_m = voronoi_grids(grid_count, generator)
    tracks = gpd.GeoSeries([street_walk(side_m, generator) for _ in range(track_count)], crs=4549)
    compared = alternate(
        lambda: overlay_share(grids, tracks),
        lambda: swept_share(grids, tracks, sweep_m=SWEEP_M),
        rounds=arguments.rounds,
    )
    error = float(np.abs(compared.our_result - compared.peer_result).max())
    mean_share = compared.our_result.mean()
    print(
        f"{grid_count} grids, {track_count} tracks, mean share {mean_share:.3f}, {arguments.rounds} alternating rounds"
    )
    print(compared.report("geopandas", target=20, error=error, error_name="max error of share"))


if __name__ == "__main__":
    main()
