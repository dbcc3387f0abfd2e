"""Street length missed and made up, and fixes a second, against leuvenmapmatching on the same simulated walks.

Walks of 40 blocks over a raster of streets with some missing; positions scatter by 5, 10 and 20 m, a fix every 5 to
60 s. The peer is its DistanceMatcher with states between fixes, in metres, which its authors recommend. Missed and made
up are shares of the length truly walked, every street counted once.
Run: ``PYTHONPATH=. .venv/bin/python benchmarks/map_matching.py [--small] [--rounds 1]``
"""

from __future__ import annotations

import argparse
import logging
from typing import Any

import numpy as np
from alternating import alternate
from leuvenmapmatching.map.inmem import InMemMap
from leuvenmapmatching.matcher.distance import DistanceMatcher

from gis_app.analysis.map_matching import match_fixes
from gis_app.analysis.matching_model import MatchModel
from tests.analysis.walks import raster_streets, trace, union_m, walk

SPEED_MPS = 1.25
CASES = [(sigma_m, every_s) for sigma_m in (5, 10, 20) for every_s in (5, 15, 30, 60)]
Rows = list[tuple[int, float, float]]


def peer_map(streets: Any) -> InMemMap:
    """Return the peer's form of the network; it takes y before x."""
    network = InMemMap("raster", use_latlon=False, index_edges=True)
    for number, (x, y) in enumerate(streets.nodes.tolist()):
        network.add_node(number, (y, x))
    for start, end in streets.ends.tolist():
        network.add_edge(start, end)
        network.add_edge(end, start)
    return network


def peer_rows(network: InMemMap, number_of: dict[tuple[int, int], int], fix: Any, sigma_m: float) -> Rows:
    """Return what the peer says was walked."""
    matcher = DistanceMatcher(
        network, obs_noise=sigma_m, max_dist=10 * sigma_m, max_lattice_width=8, non_emitting_states=True
    )
    matcher.match([(y, x) for x, y in fix.tolist()])
    best = matcher.lattice_best or []
    rows = []
    for at, state in enumerate(best):
        edge = (state.edge_m.l1, state.edge_m.l2)
        before = at > 0 and (best[at - 1].edge_m.l1, best[at - 1].edge_m.l2) != edge
        after = at + 1 < len(best) and (best[at + 1].edge_m.l1, best[at + 1].edge_m.l2) != edge
        last = best[at + 1].edge_m.ti if at + 1 < len(best) and not after else state.edge_m.ti
        begin, end = (0.0 if before else state.edge_m.ti), (1.0 if after else last)
        is_forth = edge in number_of
        segment = number_of[edge] if is_forth else number_of[edge[::-1]]
        rows.append((segment, begin, end) if is_forth else (segment, 1 - begin, 1 - end))
    return rows


def wrong(streets: Any, truths: list[Rows], found: list[Rows]) -> tuple[float, float]:
    """Return the shares of length missed and made up."""
    missed = made_up = whole = 0.0
    for truth, rows in zip(truths, found, strict=True):
        both, own, true = (union_m(streets, part) for part in (truth + rows, rows, truth))
        missed, made_up, whole = missed + both - own, made_up + both - true, whole + true
    return missed / whole, made_up / whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="2 walks a case instead of 6, four cases")
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    logging.getLogger("be.kuleuven.cs.dtai.mapmatching").setLevel(logging.ERROR)
    streets = raster_streets(30, seed=3)
    network = peer_map(streets)
    number_of = {(start, end): number for number, (start, end) in enumerate(streets.ends.tolist())}
    totals = np.zeros(3)
    for sigma_m, every_s in CASES[::3] if arguments.small else CASES:
        walks = [
            trace(
                streets,
                walk(streets, 40, seed=seed),
                speed_mps=SPEED_MPS,
                every_s=every_s,
                sigma_m=sigma_m,
                seed=seed,
            )
            for seed in range(2 if arguments.small else 6)
        ]
        compared = alternate(
            lambda walks=walks, sigma_m=sigma_m: [peer_rows(network, number_of, fix, sigma_m) for fix, *_ in walks],
            lambda walks=walks, sigma_m=sigma_m: [
                match_fixes(streets, fix, seconds=seconds, model=MatchModel(sigma_m=sigma_m)).walked
                for fix, seconds, _ in walks
            ],
            rounds=arguments.rounds,
        )
        truths = [truth for *_, truth in walks]
        ours = [list(zip(w.segment, w.from_share, w.to_share, strict=True)) for w in compared.our_result]
        count = sum(len(fix) for fix, *_ in walks)
        totals += count, compared.peer_s, compared.ours_s
        (peer_missed, peer_made), (missed, made) = (
            wrong(streets, truths, rows) for rows in (compared.peer_result, ours)
        )
        print(
            f"scatter {sigma_m:2d} m, every {every_s:2d} s: peer missed {peer_missed:.3f} made up {peer_made:.3f} "
            f"{count / compared.peer_s:7.0f} fixes/s; ours missed {missed:.3f} made up {made:.3f} "
            f"{count / compared.ours_s:7.0f} fixes/s"
        )
    count, peer_s, ours_s = totals
    print(
        f"{count:.0f} fixes: leuvenmapmatching {count / peer_s:.0f}/s, ours {count / ours_s:.0f}/s, "
        f"{peer_s / ours_s:.0f}x"
    )


if __name__ == "__main__":
    main()
