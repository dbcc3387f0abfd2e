"""Travel times between 200 places on a street network of 50,000 nodes against pgRouting and networkx (target: 3x).

All sides start from a graph that is built, in pgRouting's case a table with an index, and end with the matrix in
seconds; the sides must agree to a microsecond. Ours makes the streets ready once for each version of them, mode and
set of closed streets; that is told apart, and the ratio with it too. Without turn costs, which pgRouting's cost matrix
does not know; with them ours is compared with scipy's searches over arcs. pgRouting takes part where it is installed
(Debian: postgresql-15-pgrouting).
Run: ``.venv/bin/python benchmarks/planning_matrix.py [--small] [--places 200] [--rounds 1]
[--no-networkx]``
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely
from alternating import alternate
from sqlalchemy import Engine, text

from gis_app.planning.street_arcs import arcs_of
from gis_app.planning.street_network import StreetNetwork
from gis_app.planning.street_routing import routing_graph
from gis_app.planning.street_segments import network_of
from gis_app.planning.travel_modes import TRAVEL_MODES, TravelMode
from gis_app.storage import cluster
from gis_app.storage.cluster_database import ensure_database
from gis_app.storage.engine import make_engine

MODE = replace(TRAVEL_MODES["car"], left_s=0.0, right_s=0.0, back_s=0.0)
CPU_S: dict[str, float] = {}
"""Of the last round of each side: on a busy machine the fairer measure."""
_PGROUTING = text("""
SELECT start_vid, end_vid, agg_cost
FROM pgr_dijkstraCostMatrix('SELECT id, source, target, cost FROM arc', CAST(:places AS bigint[]), directed => true)""")


def street_raster(side: int, generator: np.random.Generator) -> gpd.GeoDataFrame:
    """Return about ``1.8 * side**2`` segments between jittered crossings, a tenth of all sides missing."""
    node = np.arange(side * side).reshape(side, side)
    across = np.column_stack([node[:, :-1].ravel(), node[:, 1:].ravel()])
    along = np.column_stack([node[:-1].ravel(), node[1:].ravel()])
    pairs = np.concatenate([across, along])
    pairs = pairs[generator.random(len(pairs)) > 0.1]
    places = np.column_stack(np.divmod(np.arange(side * side), side)) * 120.0
    places = places + generator.uniform(-40, 40, places.shape)
    return gpd.GeoDataFrame(
        {
            "from_node": pairs[:, 0],
            "to_node": pairs[:, 1],
            "kind": generator.choice(["trunk", "primary", "secondary", "residential"], len(pairs)),
            "one_way": generator.random(len(pairs)) < 0.15,
        },
        geometry=shapely.linestrings(places[pairs]),
        crs=4549,
    )


def networkx_times(graph: nx.DiGraph, places: list[int]) -> np.ndarray:
    times, before = np.full((len(places), len(places)), np.inf), time.process_time()
    for row, place in enumerate(places):
        known = nx.single_source_dijkstra_path_length(graph, place, weight="weight")
        times[row] = [known.get(other, np.inf) for other in places]
    CPU_S["networkx"] = time.process_time() - before
    return times


@contextmanager
def pgrouting_times(network: StreetNetwork, places: list[int]) -> Iterator[Callable[[], np.ndarray] | None]:
    """Start a cluster with the graph in a table; yield what asks pgRouting for the matrix, None where it is missing."""
    home = Path(tempfile.mkdtemp(prefix="jw-pgr-", dir="/tmp"))
    home.chmod(0o755)
    running = cluster.start(home)
    try:
        engine = make_engine(ensure_database(running, "planning_matrix").superuser_url)
        with engine.begin() as connection:
            known = connection.execute(text("SELECT count(*) FROM pg_available_extensions WHERE name = 'pgrouting'"))
            if not known.scalar():
                yield None
                return
        with engine.begin() as connection:
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS pgrouting CASCADE"))
            connection.execute(text("CREATE TABLE arc (id bigint, source bigint, target bigint, cost float8)"))
            graph = arcs_of(network, MODE)
            rows = zip(
                range(len(graph.start)), graph.start.tolist(), graph.end.tolist(), graph.seconds.tolist(), strict=True
            )
            connection.execute(
                text("INSERT INTO arc VALUES (:id, :source, :target, :cost)"),
                [dict(zip(("id", "source", "target", "cost"), row, strict=True)) for row in rows],
            )
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE arc"))
        yield lambda: _asked(engine, places)
    finally:
        cluster.stop(home)
        shutil.rmtree(home, ignore_errors=True)


def _asked(engine: Engine, places: list[int]) -> np.ndarray:
    times = np.full((len(places), len(places)), np.inf)
    np.fill_diagonal(times, 0.0)
    row = {place: at for at, place in enumerate(places)}
    with engine.connect() as connection:
        backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        before = _cpu_s(backend)
        rows = connection.execute(_PGROUTING, {"places": places}).all()
        CPU_S["pgRouting"] = _cpu_s(backend) - before
    for found in rows:
        times[row[found.start_vid], row[found.end_vid]] = found.agg_cost
    return times


def _cpu_s(process: int) -> float:
    """Return the processor time of another process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Ready:
    """Streets made ready, and what that took."""

    network: StreetNetwork
    mode: TravelMode
    seconds: float
    cpu_s: float

    def times(self, places: np.ndarray) -> np.ndarray:
        """Return the matrix of some nodes, seconds."""
        before = time.process_time()
        found = self.network.travel_times(self.mode, places)
        CPU_S["ours"] = time.process_time() - before
        return found


def made_ready(network: StreetNetwork, mode: TravelMode) -> Ready:
    started, before = time.perf_counter(), time.process_time()
    network.kept_ready.made(network, mode)
    ready = Ready(network, mode, time.perf_counter() - started, time.process_time() - before)
    turns = "with" if mode.minds_turns else "without"
    print(f"streets made ready, {turns} turn costs, in {ready.seconds:.2f} s ({ready.cpu_s:.2f} s of processor time)")
    return ready


def searched_times(network: StreetNetwork, mode: TravelMode, places: np.ndarray) -> Callable[[], np.ndarray]:
    """Return what asks scipy for a search from each place, over a graph that is built."""
    graph = routing_graph(network, mode)

    def asked() -> np.ndarray:
        before = time.process_time()
        found = graph.times(places, limit_s=np.inf)
        CPU_S["scipy"] = time.process_time() - before
        return found

    return asked


def compare(peer_name: str, peer: Callable[[], np.ndarray], ready: Ready, places: np.ndarray, rounds: int) -> None:
    compared = alternate(peer, lambda: ready.times(places), rounds=rounds)
    reached = np.isfinite(compared.peer_result)
    assert np.array_equal(reached, np.isfinite(compared.our_result))
    error = np.abs(compared.our_result[reached] - compared.peer_result[reached]).max()
    assert error < 1e-6
    print(compared.report(peer_name, target=3, error=float(error), error_name="max error s"))
    peer_s, own_s = CPU_S[peer_name], CPU_S["ours"]
    print(f"  processor time: {peer_name} {peer_s:.2f} s, ours {own_s:.2f} s, ratio {peer_s / own_s:.1f}x")
    whole = compared.peer_s / (compared.ours_s + ready.seconds)
    print(f"  making ready counted in: {whole:.1f}x, processor time {peer_s / (own_s + ready.cpu_s):.1f}x", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="2,500 nodes and 50 places instead of 50,000 and 200")
    parser.add_argument("--places", type=int, help="other than 200 or 50")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--no-networkx", action="store_true", help="leave out networkx, which takes a minute")
    arguments = parser.parse_args()
    side, count = (50, 50) if arguments.small else (224, 200)
    generator = np.random.default_rng(20261123)
    network: StreetNetwork = network_of(street_raster(side, generator))
    count = arguments.places or count
    places = np.sort(generator.choice(len(network.nodes), count, replace=False))
    print(f"{len(network.nodes)} nodes, {len(network.ends)} segments, {count} places", flush=True)
    ready = made_ready(network, MODE)
    with pgrouting_times(network, places.tolist()) as asked:
        if asked is None:
            print("pgRouting is not installed: not compared")
        else:
            compare("pgRouting", asked, ready, places, arguments.rounds)
    compare("scipy", searched_times(network, MODE, places), ready, places, arguments.rounds)
    if not arguments.no_networkx:
        graph = nx.from_scipy_sparse_array(arcs_of(network, MODE).graph(len(network.nodes)), create_using=nx.DiGraph)
        compare("networkx", lambda: networkx_times(graph, places.tolist()), ready, places, arguments.rounds)
    turning = made_ready(network, TRAVEL_MODES["car"])
    compare("scipy", searched_times(network, turning.mode, places), turning, places, arguments.rounds)


if __name__ == "__main__":
    main()
