"""Density along streets beside spatstat's equal-split estimator (Debian's r-cran-spatstat.linnet).

A random network of streets; the density of some events is compared in the middles of all pieces. At points, spatstat
splits continuously only; the discontinuous split is checked by hand in the tests.
Run: ``apt install r-cran-spatstat.linnet``, then ``.venv/bin/python benchmarks/network_density.py [--nodes 12]``
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import shapely
from scipy.spatial import Delaunay

from gis_app.analysis.network_density import M_PER_KM, network_kernel_density
from gis_app.analysis.pieces_of_streets import StreetPieces, street_pieces

SPATSTAT = """
suppressMessages({library(spatstat.geom); library(spatstat.linnet)})
v <- read.csv("nodes.csv"); e <- read.csv("edges.csv"); p <- read.csv("points.csv")
w <- owin(range(v$x) + c(-1, 1), range(v$y) + c(-1, 1))
net <- linnet(ppp(v$x, v$y, window = w), edges = as.matrix(e))
X <- lpp(ppp(p$x, p$y, window = w), net)
n <- sum(p$is_event)
at <- function(Y) as.numeric(density(
  Y, sigma = BANDWIDTH / sqrt(7), kernel = "biweight", continuous = TRUE, at = "points", leaveoneout = FALSE,
  verbose = FALSE))
took <- system.time(all <- at(X))
# What the events add where the other points are.
write.csv(data.frame(d = all[-seq_len(n)] - at(X[-seq_len(n)]), s = took[["elapsed"]]), "density.csv")
"""


def town(node_count: int) -> tuple[np.ndarray, np.ndarray, StreetPieces]:
    chance = np.random.default_rng(4)
    nodes = chance.uniform(0, 250 * np.sqrt(node_count), (node_count, 2))
    corners = Delaunay(nodes).simplices
    sides = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])
    edges = np.unique(np.sort(sides, axis=1), axis=0)
    edges = edges[chance.random(len(edges)) < 0.7]
    edges = edges[np.hypot(*(nodes[edges[:, 0]] - nodes[edges[:, 1]]).T) < 600]
    return nodes, edges, street_pieces(shapely.linestrings(nodes[edges]), nodes=edges)


def of_spatstat(
    nodes: np.ndarray, edges: np.ndarray, points: np.ndarray, is_event: np.ndarray, bandwidth_m: float
) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        np.savetxt(home / "nodes.csv", nodes, delimiter=",", header="x,y", comments="")
        np.savetxt(home / "edges.csv", edges + 1, fmt="%d", delimiter=",", header="from,to", comments="")
        rows = np.column_stack([points, is_event])
        np.savetxt(home / "points.csv", rows, delimiter=",", header="x,y,is_event", comments="", fmt="%.12f")
        (home / "run.R").write_text(SPATSTAT.replace("BANDWIDTH", str(bandwidth_m)))
        subprocess.run(["Rscript", "run.R"], cwd=home, check=True, stdout=subprocess.DEVNULL)
        return np.loadtxt(home / "density.csv", delimiter=",", skiprows=1, usecols=(1, 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=12)
    parser.add_argument("--events", type=int, default=4)
    parser.add_argument("--bandwidth", type=float, default=400.0)
    arguments = parser.parse_args()
    nodes, edges, pieces = town(arguments.nodes)
    chance = np.random.default_rng(5)
    street = chance.integers(0, len(edges), arguments.events)
    events = shapely.get_coordinates(
        shapely.line_interpolate_point(pieces.lines[street], chance.random(arguments.events), normalized=True)
    )
    middles = shapely.get_coordinates(pieces.middles())
    is_event = np.repeat([1.0, 0.0], [len(events), len(middles)])
    theirs = of_spatstat(nodes, edges, np.concatenate([events, middles]), is_event, arguments.bandwidth)
    print(f"{len(edges)} streets, {len(pieces)} pieces, {len(events)} events, bandwidth {arguments.bandwidth:g} m")
    begun = time.perf_counter()
    x, y = events.T
    ours = network_kernel_density(pieces, x, y=y, bandwidth_m=arguments.bandwidth, split="continuous") / M_PER_KM
    took, other = time.perf_counter() - begun, theirs[:, 0]
    print(f"largest difference {np.abs(ours - other).max() / other.max():.1e} of the highest density")
    print(f"ours {took:.3f} s, spatstat (with the {len(middles)} middles as points of its own) {theirs[0, 1]:.2f} s")


if __name__ == "__main__":
    main()
