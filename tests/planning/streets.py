"""Small and large street networks for tests."""

import geopandas as gpd
import numpy as np
import shapely


def frame(rows, crs=4549):
    """Return segments from rows of (coordinates, kind, one_way)."""
    lines, kinds, one_way = zip(*((shapely.LineString(xy), kind, flag) for xy, kind, flag in rows), strict=True)
    return gpd.GeoDataFrame({"kind": kinds, "one_way": one_way}, geometry=list(lines), crs=crs)


def raster(side, *, spacing_m=100.0, seed=0, dropped=0.2):
    """Return a raster of streets with some missing, some one-way, of mixed kinds, its nodes named."""
    chance = np.random.default_rng(seed)
    node = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate(
        [
            np.column_stack([node[:, :-1].ravel(), node[:, 1:].ravel()]),
            np.column_stack([node[:-1].ravel(), node[1:].ravel()]),
        ]
    )
    pairs = pairs[chance.random(len(pairs)) >= dropped]
    places = np.column_stack(np.divmod(np.arange(side * side), side)) * spacing_m + chance.uniform(
        -30, 30, (side * side, 2)
    )
    return gpd.GeoDataFrame(
        {
            "id": np.arange(len(pairs)),
            "from_node": pairs[:, 0],
            "to_node": pairs[:, 1],
            "kind": chance.choice(["trunk", "primary", "secondary", "residential", "footpath"], len(pairs)),
            "one_way": chance.random(len(pairs)) < 0.2,
        },
        geometry=shapely.linestrings(places[pairs]),
        crs=4549,
    )


def node(network, x, y):
    """Return the position of the node at a place."""
    return int(np.nonzero((network.nodes == (x, y)).all(axis=1))[0][0])
