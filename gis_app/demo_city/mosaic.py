"""The finest pieces of land: a Voronoi mosaic whose wiggly edges are made once and shared, so nothing gaps or overlaps.

Pieces are small squares turned by town where the city is dense, and wide irregular ones in the hills. Areas of every
level are unions of pieces, and streets run along their edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse
from scipy.spatial import Voronoi, cKDTree
from shapely.geometry.base import BaseGeometry

from gis_app.demo_city.settlements import URBAN_FROM, Settlements
from gis_app.demo_city.terrain import FloatArray, IntArray, Terrain, inside

URBAN_STEP_M, RURAL_STEP_M, ISLAND_STEP_M = 165.0, 520.0, 170.0
HILL_EFFORT, RIVER_EFFORT = (1.5, 1.35, 1.3), 6.0


@dataclass(frozen=True)
class Mosaic:
    """Pieces of land and the edges between them.

    Parameters
    ----------
    seeds
        Shape ``(n, 2)``: a point in each piece, metres.
    pieces
        Shape ``(n,)``: polygons.
    intensity
        Shape ``(n,)``: how urban each piece is, 0 to 1.
    neighbours
        Sparse ``(n, n)``: effort of going between the seeds of pieces that share an edge, metres of level ground.
    vertices
        Shape ``(v, 2)``: corners, metres.
    edges
        Shape ``(m, 2)``: corners at both ends.
    edge_pieces
        Shape ``(m, 2)``: pieces on both sides, -1 for sea or outside.
    edge_lines
        Shape ``(m,)``: the lines as both pieces have them.
    """

    seeds: FloatArray
    pieces: npt.NDArray[np.object_]
    intensity: FloatArray
    neighbours: sparse.csr_array
    vertices: FloatArray
    edges: IntArray
    edge_pieces: IntArray
    edge_lines: npt.NDArray[np.object_]


def make_mosaic(
    terrain: Terrain, settlements: Settlements, *, part: BaseGeometry | None, chance: np.random.Generator
) -> Mosaic:
    """Return the mosaic of the land, or of the land inside ``part``."""
    land = terrain.land if part is None else terrain.land.intersection(part)
    frame = land.buffer(2500)
    seeds = _seeds(terrain, settlements, frame, chance=chance)
    diagram = Voronoi(seeds)
    is_land = shapely.contains_xy(land, seeds[:, 0], seeds[:, 1])
    position = np.full(len(seeds), -1, dtype=np.int64)
    position[is_land] = np.arange(np.count_nonzero(is_land))

    ridges = np.asarray(diagram.ridge_vertices, dtype=np.int64)
    sides = position[np.asarray(diagram.ridge_points, dtype=np.int64)]
    kept = (ridges >= 0).all(axis=1) & (sides >= 0).any(axis=1)
    ridges, sides = ridges[kept], sides[kept]
    used, flat = np.unique(ridges, return_inverse=True)
    edges, vertices = flat.reshape(-1, 2), np.round(diagram.vertices[used], 3)

    inner = seeds[is_land]
    lines = _uncrossed(_edge_lines(vertices, edges, chance=chance))
    pieces = _assemble(lines, edges, sides, len(inner))
    both = (sides >= 0).all(axis=1)
    first, second = sides[both].T
    effort = _effort(terrain, inner[first], inner[second])
    neighbours = sparse.coo_array(
        (np.tile(effort, 2), (np.r_[first, second], np.r_[second, first])), shape=(len(inner),) * 2
    )
    return Mosaic(
        seeds=inner,
        pieces=pieces,
        intensity=settlements.intensity(inner),
        neighbours=neighbours.tocsr(),
        vertices=vertices,
        edges=edges,
        edge_pieces=sides,
        edge_lines=np.asarray(shapely.linestrings(lines), dtype=object),
    )


def _seeds(
    terrain: Terrain, settlements: Settlements, frame: BaseGeometry, *, chance: np.random.Generator
) -> FloatArray:
    """Sow a turned, jittered square lattice around each centre, and scattered points elsewhere."""
    centres = settlements.centres
    places = np.array([centre.place for centre in centres])
    reaches = np.array([centre.reach_m for centre in centres])
    parts = []
    for number, centre in enumerate(centres):
        half = max(2.2 * centre.reach_m, 2 * URBAN_STEP_M)
        steps = np.arange(-half, half, URBAN_STEP_M)
        lattice = np.stack(np.meshgrid(steps, steps * 0.8), -1).reshape(-1, 2)
        lattice += chance.normal(0, 0.05 * URBAN_STEP_M, lattice.shape)
        cosine, sine = np.cos(centre.turn), np.sin(centre.turn)
        placed = lattice @ np.array([[cosine, sine], [-sine, cosine]]) + centre.place
        near = np.nonzero(np.hypot(*(places - centre.place).T) < 2.5 * (half + reaches))[0]
        away = np.hypot(*(placed[:, None] - places[None, near]).transpose(2, 0, 1)) / reaches[near]
        own = near[np.argmin(away, axis=1)] == number
        parts.append(placed[own & (settlements.intensity(placed) >= URBAN_FROM)])
    for island in terrain.islands:
        parts.append(_scatter(island.buffer(500).bounds, ISLAND_STEP_M, chance))
    parts.append(_scatter(frame.bounds, RURAL_STEP_M, chance))
    scattered = np.concatenate(parts)
    scattered = scattered[shapely.contains_xy(frame, scattered[:, 0], scattered[:, 1])]
    return _thinned(scattered, 0.62 * URBAN_STEP_M)


def _effort(terrain: Terrain, start: FloatArray, end: FloatArray) -> FloatArray:
    """Return metres made longer by hills and by the main river, so that borders lie on ridges and in the river."""
    effort = np.hypot(*(end - start).T)
    middle = (start + end) / 2
    for hill, factor in zip(terrain.hills, HILL_EFFORT, strict=True):
        effort = np.where(inside(hill, middle), effort * factor, effort)
    river = terrain.rivers[0][0]
    shapely.prepare(river)
    crosses = shapely.intersects(shapely.linestrings(np.stack([start, end], axis=1)), river)
    return np.asarray(np.where(crosses, effort * RIVER_EFFORT, effort))


def _scatter(bounds: tuple[float, ...], step_m: float, chance: np.random.Generator) -> FloatArray:
    """Return points on a jittered lattice: random, but without clumps."""
    west, south, east, north = bounds
    x, y = np.meshgrid(np.arange(west, east, step_m), np.arange(south, north, step_m))
    points = np.column_stack([x.ravel(), y.ravel()])
    return points + chance.uniform(-0.42, 0.42, points.shape) * step_m


def _thinned(points: FloatArray, least_m: float) -> FloatArray:
    """Drop points too near to an earlier one."""
    pairs = cKDTree(points).query_pairs(least_m, output_type="ndarray")
    dropped = np.zeros(len(points), dtype=bool)
    for first, second in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]:
        if not dropped[first]:
            dropped[second] = True
    return points[~dropped]


def _edge_lines(vertices: FloatArray, edges: IntArray, *, chance: np.random.Generator) -> FloatArray:
    """Return each edge as five points, shape ``(m, 5, 2)``, bent a little; short edges hardly."""
    start, end = vertices[edges[:, 0]], vertices[edges[:, 1]]
    step = end - start
    length = np.hypot(*step.T)[:, None]
    aside = np.column_stack([-step[:, 1], step[:, 0]])
    bend = 0.055 * np.clip((length - 120) / 300, 0, 1)
    lines = np.empty((len(edges), 5, 2))
    for n, share in enumerate((0, 0.25, 0.5, 0.75, 1)):
        lines[:, n] = start + step * share
    for n in (1, 2, 3):
        lines[:, n] += aside * bend * chance.normal(0, 1, (len(edges), 1)).clip(-1.6, 1.6)
    return np.round(lines, 3)


def _uncrossed(lines: FloatArray) -> FloatArray:
    """Straighten edges whose bends cross another edge, until none do: straight Voronoi edges never cross."""
    lines = lines.copy()
    share = np.linspace(0, 1, lines.shape[1])[None, :, None]
    while True:
        drawn = np.asarray(shapely.linestrings(lines), dtype=object)
        crossing = np.unique(shapely.STRtree(drawn).query(drawn, predicate="crosses"))
        bent = np.round(lines[crossing, :1] * (1 - share) + lines[crossing, -1:] * share, 3)
        if np.array_equal(bent, lines[crossing]):
            return lines
        lines[crossing] = bent


def _assemble(lines: FloatArray, edges: IntArray, sides: IntArray, count: int) -> npt.NDArray[np.object_]:
    """Chain the edges of every piece into a ring, each edge exactly as its neighbour has it."""
    owner = np.r_[sides[:, 0], sides[:, 1]]
    edge = np.tile(np.arange(len(edges)), 2)
    order = np.argsort(owner, kind="stable")
    owner, edge = owner[order], edge[order]
    bounds = np.searchsorted(owner, np.arange(count + 1))
    pieces = np.empty(count, dtype=object)
    for piece in range(count):
        pieces[piece] = shapely.Polygon(_ring(lines, edges, edge[bounds[piece] : bounds[piece + 1]].tolist()))
    return pieces


def _ring(lines: FloatArray, edges: IntArray, own: list[int]) -> FloatArray:
    at: dict[int, list[int]] = {}
    for number in own:
        for corner in edges[number]:
            at.setdefault(int(corner), []).append(number)
    current, corner = own[0], int(edges[own[0]][1])
    parts, used = [lines[current][:-1]], {current}
    while len(used) < len(own):
        current = next(number for number in at[corner] if number not in used)
        used.add(current)
        forward = int(edges[current][0]) == corner
        parts.append((lines[current] if forward else lines[current][::-1])[:-1])
        corner = int(edges[current][1] if forward else edges[current][0])
    return np.concatenate(parts)
