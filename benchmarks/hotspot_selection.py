"""Choosing a hotspot method over a county-year: ours against the same maps made with esda and scikit-learn.

Ours is the whole rolling-origin choice: seven methods with all their parameters on up to six windows, each scored. The
peers make, for one window, what they can: kernel densities of seven bandwidths (sklearn), Gi* (esda with libpysal's
Queen, its weights made once), and emerging hot spots (ten Gi* and a Mann-Kendall test per cell with pymannkendall, on
every tenth cell, times ten); their time is taken times the number of windows. Interleaved, the median of the rounds.
Run: ``.venv/bin/python benchmarks/hotspot_selection.py [--events 30500] [--side 146] [--rounds 3]``
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
import pymannkendall
from esda.getisord import G_Local
from libpysal.weights import lat2W
from sklearn.neighbors import KernelDensity

from gis_app.analysis.event_history import EventHistory, event_history
from gis_app.analysis.hotspots import EMERGING_STEPS, HOTSPOT_METHODS
from gis_app.analysis.lattice import Lattice
from gis_app.analysis.rolling_origin import choose_method, scored_windows

CELL_M = 250.0
HORIZON_DAYS = 30.0


def county_year(event_count: int, side: int) -> EventHistory:
    chance = np.random.default_rng(7)
    extent = side * CELL_M
    homes = chance.uniform(0, extent, (400, 2))
    place = homes[chance.integers(0, 400, event_count)] + chance.normal(0, 600, (event_count, 2))
    x, y = np.clip(place, 0, extent - 1).T
    lattice = Lattice(CELL_M, 0, 0, np.ones((side, side), dtype=bool))
    return event_history(lattice, x, y=y, day=chance.uniform(0, 365, event_count), until=365.0)


def peers_on_a_window(known: EventHistory, later: np.ndarray, weights: object) -> None:
    centres, side = known.lattice.centres, known.lattice.shape[0]
    places = np.column_stack([known.x, known.y])
    for params in HOTSPOT_METHODS["kernel_density"].choices:
        KernelDensity(bandwidth=params["bandwidth_cells"] * CELL_M, rtol=1e-2).fit(places).score_samples(centres)
    G_Local(known.count.astype(float), weights, star=True, transform="B", permutations=0)
    z = []
    for step in range(EMERGING_STEPS):
        end = known.until - (EMERGING_STEPS - 1 - step) * HORIZON_DAYS
        count = known.before(end).count - known.before(end - HORIZON_DAYS).count
        if count.any():
            z.append(G_Local(count.astype(float), weights, star=True, transform="B", permutations=0).Zs)
    series = np.array(z).T
    for one in series[::10]:
        pymannkendall.original_test(one)
    assert len(later) == side * side


def timed(work: object, *arguments: object) -> float:
    begun = time.perf_counter()
    work(*arguments)  # type: ignore[operator]
    return time.perf_counter() - begun


def mann_kendall_share(known: EventHistory) -> float:
    """Return the time of the tests on every tenth cell: nine times as much is added to the peers'."""
    series = np.random.default_rng(1).normal(size=(len(known.count) // 10, EMERGING_STEPS))
    return timed(lambda: [pymannkendall.original_test(one) for one in series])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=30_500)
    parser.add_argument("--side", type=int, default=146, help="cells along each side")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    past = county_year(arguments.events, arguments.side)
    weights = lat2W(arguments.side, arguments.side, rook=False)
    windows = scored_windows(past, horizon_days=HORIZON_DAYS)
    known, later = windows[-1]
    ours, peers = [], []
    for _ in range(arguments.rounds):
        fresh = county_year(arguments.events, arguments.side)
        ours.append(timed(lambda: choose_method(fresh, horizon_days=HORIZON_DAYS)))  # noqa: B023
        one = timed(peers_on_a_window, known, later, weights) + 9 * mann_kendall_share(known)
        peers.append(one * len(windows))
    mine, theirs = float(np.median(ours)), float(np.median(peers))
    print(f"{arguments.events} events, {arguments.side**2} cells, {len(windows)} windows of {HORIZON_DAYS:g} days")
    print(f"ours, all methods and parameters: {mine:.1f} s; esda, sklearn, pymannkendall: {theirs:.1f} s")
    print(f"ratio {mine / theirs:.3f} (target: under 0.100)")


if __name__ == "__main__":
    main()
