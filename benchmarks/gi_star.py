"""Gi* on a full lattice against esda with libpysal's weights (target: at least 50x, |dz| < 1e-9).

Both sides start from the counts and end with z-scores; the peer's time includes building its weights, ours finding the
neighbours. Run: ``.venv/bin/python benchmarks/gi_star.py [--small] [--rounds 3]``
"""

from __future__ import annotations

import argparse

import numpy as np
from alternating import alternate
from esda import G_Local
from libpysal.weights import lat2W

from gis_app.analysis.gi_star import getis_ord_gi_star, gi_star_on_lattice
from gis_app.analysis.lattice import Lattice, queen_pairs_of_cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="60 x 60 cells instead of 400 x 400")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    side = 60 if arguments.small else 400
    count = np.random.default_rng(20261123).negative_binomial(0.5, 0.1, (side, side)).astype(float)

    def peer() -> np.ndarray:
        weights = lat2W(side, side, rook=False)
        return G_Local(count.ravel(), weights, transform="B", star=True, permutations=0).Zs

    def by_pairs() -> np.ndarray:
        lattice = Lattice(250.0, 0, 0, np.ones((side, side), dtype=bool))
        return getis_ord_gi_star(count.ravel(), queen_pairs_of_cells(lattice))

    print(f"{side} x {side} cells, {arguments.rounds} alternating rounds")
    for name, ours in (("dense lattice", lambda: gi_star_on_lattice(count).ravel()), ("neighbour pairs", by_pairs)):
        compared = alternate(peer, ours, rounds=arguments.rounds)
        error = float(np.abs(compared.our_result - compared.peer_result).max())
        print(f"{name}: " + compared.report("esda+libpysal", target=50, error=error, error_name="max |dz|"))


if __name__ == "__main__":
    main()
