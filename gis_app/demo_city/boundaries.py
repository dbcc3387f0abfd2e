"""Towns, villages and grids as unions of mosaic pieces: every level nests in the one above without gap or overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gis_app.demo_city.growth import grow_to_size, split
from gis_app.demo_city.mosaic import Mosaic
from gis_app.demo_city.place_names import CITY_CODE, CITY_EN, CITY_ZH, PlaceNames
from gis_app.demo_city.settlements import TOWN_CENTRES, Centre
from gis_app.demo_city.terrain import FloatArray, IntArray


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


def draw_boundaries(
    mosaic: Mosaic,
    names: PlaceNames,
    towns: tuple[Centre, ...],
    *,
    grid_count: int,
    chance: np.random.Generator,
) -> Boundaries:
    """Grow towns from their centres, villages inside towns, and grids inside villages."""
    hearts = np.array([_nearest(mosaic.seeds, np.array(town.place)) for town in towns])
    town = grow_to_size(mosaic, hearts, np.array([TOWN_CENTRES[each.code][3] for each in towns]))
    weight = mosaic.intensity + 0.06
    villages_of = [names.villages[names.villages["town_code"] == code] for code in names.towns["code"]]
    villages = pd.concat(villages_of, ignore_index=True)
    village, village_centre = split(
        mosaic, town, [len(each) for each in villages_of], weight=weight**0.8, chance=chance
    )
    counts = _grid_counts(village, weight, len(villages), total=grid_count)
    grid, _ = split(mosaic, village, counts, weight=weight, chance=chance)
    city = pd.DataFrame({"code": [CITY_CODE], "name_zh": [CITY_ZH], "name_en": [CITY_EN], "parent_code": [None]})
    levels = (
        ("city", city, np.zeros_like(town)),
        ("township", names.towns.assign(parent_code=CITY_CODE), town),
        ("village", villages.rename(columns={"town_code": "parent_code"}), village),
        ("grid", _grid_names(villages["code"].to_numpy(), counts), grid),
    )
    areas = pd.concat(
        [frame.assign(level=level, shape=_unions(mosaic.pieces, unit, len(frame))) for level, frame, unit in levels],
        ignore_index=True,
    )
    return Boundaries(areas, town, village, grid, village_centre)


def _grid_names(village_codes: npt.NDArray[np.object_], counts: IntArray) -> pd.DataFrame:
    parent = np.repeat(village_codes, counts)
    within = np.concatenate([np.arange(1, count + 1) for count in counts])
    return pd.DataFrame(
        {
            "code": [f"{code}{n:03d}" for code, n in zip(parent, within, strict=True)],
            "name_zh": [f"第{n}网格" for n in within],
            "name_en": [f"Grid {n}" for n in within],
            "parent_code": parent,
        }
    )


def _nearest(points: FloatArray, place: FloatArray) -> int:
    return int(np.argmin(np.hypot(*(points - place).T)))


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
