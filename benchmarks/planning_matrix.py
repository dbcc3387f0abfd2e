"""Travel times between 200 places on a street network of 50,000 nodes against networkx (target: at least 3x).

Both sides start from a graph that is built and end with the matrix in seconds; the sides must agree to a microsecond.
Run: ``.venv/bin/python benchmarks/planning_matrix.py [--small] [--rounds 1]``
"""

from __future__ import annotations

import argparse

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely
from alternating import alternate

from gis_app.planning.street_network import StreetNetwork
from gis_app.planning.street_segments import network_of
from gis_app.planning.travel_modes import TRAVEL_MODES

MODE = TRAVEL_MODES["car"]


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
    times = np.full((len(places), len(places)), np.inf)
    for row, place in enumerate(places):
        known = nx.single_source_dijkstra_path_length(graph, place, weight="weight")
        times[row] = [known.get(other, np.inf) for other in places]
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="2,500 nodes and 50 places instead of 50,000 and 200")
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    side, count = (50, 50) if arguments.small else (224, 200)
    generator = np.random.default_rng(20261123)
    network: StreetNetwork = network_of(street_raster(side, generator))
    places = np.sort(generator.choice(len(network.nodes), count, replace=False))
    graph = nx.from_scipy_sparse_array(network.graph(MODE), create_using=nx.DiGraph)
    compared = alternate(
        lambda: networkx_times(graph, places.tolist()),
        lambda: network.travel_times(MODE, places),
        rounds=arguments.rounds,
    )
    reached = np.isfinite(compared.peer_result)
    assert np.array_equal(reached, np.isfinite(compared.our_result))
    error = np.abs(compared.our_result[reached] - compared.peer_result[reached]).max()
    assert error < 1e-6
    print(f"{len(network.nodes)} nodes, {len(network.ends)} segments, {count} places")
    print(compared.report("networkx", target=3, error=float(error), error_name="max error s"))


if __name__ == "__main__":
    main()
