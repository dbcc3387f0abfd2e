"""Towns, villages and grids as unions of mosaic pieces: every level nests in the one above without gap or overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import csgraph

from gis_app.demo_city.mosaic import Centre, FloatArray, IntArray, Mosaic
from gis_app.demo_city.place_names import CITY_CODE, CITY_EN, CITY_ZH, PlaceNames
from gis_app.demo_city.terrain import to_metres

# Longitude, latitude and reach of the built-up area (m) of each town.
TOWN_CENTRES: dict[str, tuple[float, float, float]] = {
    "330381001": (120.652, 27.786, 2300), "330381002": (120.634, 27.793, 1900), "330381003": (120.612, 27.800, 1700),
    "330381004": (120.672, 27.765, 1800), "330381005": (120.692, 27.785, 1900), "330381007": (120.668, 27.808, 2100),
    "330381008": (120.700, 27.818, 1900), "330381009": (120.632, 27.750, 2100), "330381010": (120.578, 27.742, 1900),
    "330381011": (120.652, 27.722, 1700), "330381012": (120.588, 27.808, 1300), "330381013": (120.602, 27.718, 1500),
    "330381101": (120.695, 27.848, 3000), "330381116": (120.502, 27.745, 2000), "330381120": (120.530, 27.808, 1900),
    "330381122": (120.395, 27.868, 1500), "330381125": (120.345, 27.768, 1500), "330381126": (120.560, 27.850, 1200),
    "330381127": (120.430, 27.835, 1100), "330381128": (120.490, 27.690, 1200), "330381129": (120.420, 27.755, 1000),
    "330381221": (120.290, 27.865, 900), "330381222": (121.185, 27.635, 500),
}  # fmt: skip


@dataclass(frozen=True)
class Boundaries:
    """Which town, village and grid each mosaic piece belongs to, and the areas as a table.

    Parameters
    ----------
    areas
        Columns code, level, name_zh, name_en, parent_code, shape (metres), from the city down.
    town, village, grid
        Shape ``(n,)``: position of each piece's area among the areas of its level, in the order of ``areas``.
    village_centre
        Shape ``(v,)``: the piece at the heart of each village.
    """

    areas: pd.DataFrame
    town: IntArray
    village: IntArray
    grid: IntArray
    village_centre: IntArray


def town_places() -> FloatArray:
    """Return the places of all town centres, shape ``(23, 2)``, metres."""
    return to_metres([(lon, lat) for lon, lat, _ in TOWN_CENTRES.values()])


def town_centres(names: PlaceNames, chance: np.random.Generator) -> tuple[Centre, ...]:
    """Return the centres of the towns in metres, in the order of their names."""
    turns = chance.uniform(-0.6, 0.6, len(names.towns))
    centres = []
    for code, turn in zip(names.towns["code"], turns, strict=True):
        lon, lat, reach = TOWN_CENTRES[code]
        x, y = to_metres([(lon, lat)])[0]
        centres.append(Centre(code, (float(x), float(y)), reach, float(turn)))
    return tuple(centres)


def draw_boundaries(
    mosaic: Mosaic,
    names: PlaceNames,
    centres: tuple[Centre, ...],
    *,
    grid_count: int,
    chance: np.random.Generator,
) -> Boundaries:
    """Grow towns from their centres, villages inside towns, and grids inside villages."""
    places = np.array([centre.place for centre in centres])
    hearts = np.array([_nearest(mosaic.seeds, place) for place in places])
    town = _grow(mosaic, np.arange(len(mosaic.seeds)), hearts)
    weight = mosaic.intensity + 0.06
    villages_of = [names.villages[names.villages["town_code"] == code] for code in names.towns["code"]]
    ordered = pd.concat(villages_of, ignore_index=True)
    village, village_centre = _split(
        mosaic, town, [len(each) for each in villages_of], weight=weight**0.8, chance=chance
    )
    counts = _grid_counts(village, weight, len(ordered), total=grid_count)
    grid, _ = _split(mosaic, village, counts, weight=weight, chance=chance)
    village_codes = ordered["code"].to_numpy()
    grid_village = np.repeat(np.arange(len(ordered)), counts)
    within = np.concatenate([np.arange(1, count + 1) for count in counts])
    grids = pd.DataFrame(
        {
            "code": [f"{village_codes[v]}{n:03d}" for v, n in zip(grid_village, within, strict=True)],
            "name_zh": [f"第{n}网格" for n in within],
            "name_en": [f"Grid {n}" for n in within],
            "parent_code": village_codes[grid_village],
        }
    )
    levels = (
        (
            "city",
            pd.DataFrame({"code": [CITY_CODE], "name_zh": [CITY_ZH], "name_en": [CITY_EN], "parent_code": [None]}),
            np.zeros_like(town),
        ),
        ("township", names.towns.assign(parent_code=CITY_CODE), town),
        ("village", ordered.rename(columns={"town_code": "parent_code"}), village),
        ("grid", grids, grid),
    )
    areas = pd.concat(
        [frame.assign(level=level, shape=_unions(mosaic.pieces, unit, len(frame))) for level, frame, unit in levels],
        ignore_index=True,
    )
    return Boundaries(areas, town, village, grid, village_centre)


def _nearest(points: FloatArray, place: FloatArray) -> int:
    return int(np.argmin(np.hypot(*(points - place).T)))


def _grow(mosaic: Mosaic, members: IntArray, hearts: IntArray) -> IntArray:
    """Return, for each member piece, which heart reaches it first over shared edges: regions come out connected.

    Pieces that no heart reaches (islands) go to the nearest heart as the crow flies.
    """
    graph = mosaic.neighbours[members][:, members]
    position = {int(piece): n for n, piece in enumerate(members)}
    starts = [position[int(heart)] for heart in hearts]
    distance, _, source = csgraph.dijkstra(graph, indices=starts, min_only=True, return_predecessors=True)
    rank = {start: n for n, start in enumerate(starts)}
    unit = np.array([rank.get(int(start), -1) for start in source], dtype=np.int64)
    lost = np.nonzero(~np.isfinite(distance))[0]
    for member in lost:
        unit[member] = int(np.argmin(np.hypot(*(mosaic.seeds[hearts] - mosaic.seeds[members[member]]).T)))
    return unit


def _split(
    mosaic: Mosaic, parent: IntArray, counts: list[int] | IntArray, *, weight: FloatArray, chance: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Divide each parent unit into its number of connected units around scattered hearts."""
    unit = np.empty(len(parent), dtype=np.int64)
    hearts = []
    first = 0
    for number, count in enumerate(counts):
        members = np.nonzero(parent == number)[0]
        chosen = _spread(mosaic.seeds[members], weight[members], int(count), chance=chance)
        unit[members] = first + _grow(mosaic, members, members[chosen])
        hearts.append(members[chosen])
        first += int(count)
    return unit, np.concatenate(hearts)


def _spread(points: FloatArray, weight: FloatArray, count: int, *, chance: np.random.Generator) -> IntArray:
    """Choose points that are far from each other, measured in a density that follows the weight."""
    if count > len(points):
        raise ValueError(f"{len(points)} pieces cannot make {count} units; use a finer mosaic.")
    chosen = [int(np.argmax(weight * chance.uniform(0.8, 1, len(points))))]
    scaled = np.hypot(*(points - points[chosen[0]]).T) * weight**0.5
    while len(chosen) < count:
        chosen.append(int(np.argmax(scaled)))
        scaled = np.minimum(scaled, np.hypot(*(points - points[chosen[-1]]).T) * weight**0.5)
        scaled[chosen] = -1
    return np.asarray(chosen)


def _grid_counts(village: IntArray, weight: FloatArray, villages: int, *, total: int) -> IntArray:
    """Share the grids out by urban weight: at least one each, at most half as many as pieces, exactly the total."""
    pieces = np.bincount(village, minlength=villages)
    share = np.bincount(village, weights=weight, minlength=villages) ** 0.75
    most = np.maximum(pieces // 2, 1)
    counts: IntArray = np.clip(np.floor(share / share.sum() * total).astype(np.int64), 1, most)
    while counts.sum() != total:
        more = counts.sum() < total
        open_ones = np.nonzero(counts < most if more else counts > 1)[0]
        if not len(open_ones):
            raise ValueError(f"The mosaic is too coarse for {total} grids.")
        wanted = share[open_ones] / share.sum() * total - counts[open_ones]
        counts[open_ones[np.argmax(wanted) if more else np.argmin(wanted)]] += 1 if more else -1
    return counts


def _unions(pieces: npt.NDArray[np.object_], unit: IntArray, count: int) -> npt.NDArray[np.object_]:
    order = np.argsort(unit, kind="stable")
    bounds = np.searchsorted(unit[order], np.arange(count + 1))
    shapes = np.empty(count, dtype=object)
    for number in range(count):
        shapes[number] = shapely.coverage_union_all(pieces[order[bounds[number] : bounds[number + 1]]])
    return shapes
