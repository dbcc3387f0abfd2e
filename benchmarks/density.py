"""Gaussian kernel density against KDEpy.FFTKDE (target: at least 8x, 95 % of cells within 2 %).

Both sides start from the events and end with the density at every cell centre. The error of each is measured against
the exact sum over all events, on cells drawn at random among those with at least 1 % of the highest density.
Run: ``.venv/bin/python benchmarks/density.py [--small] [--rounds 15]``
"""

from __future__ import annotations

import argparse

import numpy as np
from alternating import alternate
from KDEpy import FFTKDE

from gis_app.analysis.density import kernel_density
from gis_app.analysis.lattice import Lattice

CELL_M, BANDWIDTH_M = 250.0, 500.0
EXACT_CELLS = 400


def clustered_events(count: int, side_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Return events in 200 clusters, all inside the outermost cell centres as the peer asks."""
    generator = np.random.default_rng(20261123)
    centre, spread_m = generator.uniform(0.05 * side_m, 0.95 * side_m, (200, 2)), generator.uniform(200, 3000, 200)
    cluster = generator.integers(0, 200, count)
    events = centre[cluster] + generator.normal(0, 1, (count, 2)) * spread_m[cluster, None]
    inside = ((events > CELL_M) & (events < side_m - CELL_M)).all(axis=1)
    return np.ascontiguousarray(events[inside, 0]), np.ascontiguousarray(events[inside, 1])


def exact_sum(centres: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    squared = (((cx - x) ** 2 + (cy - y) ** 2) / BANDWIDTH_M**2 for cx, cy in centres)
    return np.array([np.exp(-0.5 * one).sum() for one in squared]) / (2 * np.pi * BANDWIDTH_M**2) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="100 x 100 cells, 30,000 events instead of 400 x 400, 1M")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    side, events = (100, 30_000) if arguments.small else (400, 1_000_000)
    x, y = clustered_events(events, side * CELL_M)
    lattice = Lattice(CELL_M, 0, 0, np.ones((side, side), dtype=bool))
    axis = (np.arange(side) + 0.5) * CELL_M

    def peer() -> np.ndarray:
        centres = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
        found = FFTKDE(kernel="gaussian", bw=BANDWIDTH_M).fit(np.column_stack([x, y])).evaluate(centres)
        return (found * len(x) * 1e6).reshape(side, side).T.ravel()

    compared = alternate(
        peer, lambda: kernel_density(lattice, x, y=y, bandwidth_m=BANDWIDTH_M), rounds=arguments.rounds
    )
    populated = np.nonzero(compared.our_result > 0.01 * compared.our_result.max())[0]
    sample = np.random.default_rng(1).choice(populated, min(EXACT_CELLS, len(populated)), replace=False)
    exact = exact_sum(lattice.centres[sample], x, y)
    ours_error, peer_error = (
        np.abs(found[sample] / exact - 1) for found in (compared.our_result, compared.peer_result)
    )
    print(f"{side} x {side} cells, {len(x):,} events, {arguments.rounds} alternating rounds")
    error = float(np.percentile(ours_error, 95))
    print(compared.report("KDEpy.FFTKDE", target=8, error=error, error_name="p95 relative error to the exact sum"))
    peer_p95 = np.percentile(peer_error, 95)
    print(f"max error ours {ours_error.max():.2e}, peer p95 {peer_p95:.2e}, max {peer_error.max():.2e}")


if __name__ == "__main__":
    main()
