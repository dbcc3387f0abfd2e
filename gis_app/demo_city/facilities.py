"""Facilities beside the streets: stations, town halls, mediation centres, schools, shelters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from gis_app.demo_city.boundaries import Boundaries
from gis_app.demo_city.mosaic import Mosaic
from gis_app.demo_city.streets import Streets
from gis_app.demo_city.terrain import point_array

# Kind, Chinese and English name after the place's, level it belongs to, share of the areas of that level that have one.
KINDS = (
    ("town_hall", "人民政府", "Government", "township", 1.0),
    ("police_station", "派出所", "Police Station", "township", 1.0),
    ("mediation_centre", "矛盾调解中心", "Mediation Centre", "township", 1.0),
    ("fire_station", "消防救援站", "Fire Station", "township", 0.6),
    ("hospital", "卫生院", "Health Centre", "township", 0.9),
    ("shared_court", "共享法庭", "Shared Court", "village", 0.33),
    ("school", "小学", "Primary School", "village", 0.24),
    ("gas_station", "加油站", "Petrol Station", "village", 0.10),
    ("shelter", "避灾安置点", "Shelter", "village", 0.35),
)
SUBDISTRICT = "街道"
OF_SUBDISTRICT = {"town_hall": ("办事处", "Office"), "hospital": ("社区卫生服务中心", "Community Health Centre")}
"""A subdistrict is a branch of the city: it has an office where a town has a government of its own."""
SHORT_NAMED = ("police_station", "fire_station")
"""Kinds that are named after the place alone, without the kind of area."""


def place_facilities(
    mosaic: Mosaic, boundaries: Boundaries, streets: Streets, *, chance: np.random.Generator
) -> pd.DataFrame:
    """Return facilities: columns kind, name_zh, name_en, point (metres)."""
    tree = shapely.STRtree(point_array(streets.nodes))
    parts = []
    for kind, zh, en, level, share in KINDS:
        areas = boundaries.areas[boundaries.areas["level"] == level].reset_index(drop=True)
        chosen = np.nonzero(chance.random(len(areas)) < share)[0]
        unit = boundaries.town if level == "township" else boundaries.village
        points = []
        for area in chosen:
            own = np.nonzero(unit == area)[0]
            weight = mosaic.intensity[own] + 0.02
            seed = mosaic.seeds[chance.choice(own, p=weight / weight.sum())]
            near = streets.nodes[tree.nearest(shapely.Point(seed))]
            # A third of the way from the street into the block: never on the street, never across it.
            points.append(near + (seed - near) * 0.33)
        parts.append(
            pd.DataFrame(
                {
                    "kind": kind,
                    "name_zh": [_name_zh(name, kind, zh) for name in areas.loc[chosen, "name_zh"]],
                    "name_en": [
                        _name_en(name, kind, en, is_subdistrict=SUBDISTRICT in name_zh)
                        for name, name_zh in areas.loc[chosen, ["name_en", "name_zh"]].to_numpy()
                    ],
                    "point": point_array(np.asarray(points).reshape(-1, 2)),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _name_zh(area: str, kind: str, word: str) -> str:
    if kind in SHORT_NAMED:
        return area.removesuffix(SUBDISTRICT).rstrip("镇乡") + word
    return area + (OF_SUBDISTRICT[kind][0] if kind in OF_SUBDISTRICT and area.endswith(SUBDISTRICT) else word)


def _name_en(area: str, kind: str, word: str, *, is_subdistrict: bool) -> str:
    if kind in SHORT_NAMED:
        return f"{area.split()[0]} {word}"
    return f"{area} {OF_SUBDISTRICT[kind][1] if kind in OF_SUBDISTRICT and is_subdistrict else word}"
