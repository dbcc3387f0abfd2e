"""The patrol teams: volunteers of villages, police and grid patrols of towns."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from gis_app.demo_city.boundaries import Boundaries
from gis_app.demo_city.mosaic import Mosaic
from gis_app.demo_city.streets import Streets
from gis_app.demo_city.terrain import point_array


def make_teams(
    mosaic: Mosaic, boundaries: Boundaries, streets: Streets, *, count: int, chance: np.random.Generator
) -> pd.DataFrame:
    """Return teams: columns code, name_zh, name_en, kind, mode, area_code, station (metres).

    Most are volunteers of one village, large villages have two, some none; townships have police and grid teams.
    """
    areas = boundaries.areas
    villages = areas[areas["level"] == "village"].reset_index(drop=True)
    towns = areas[areas["level"] == "township"].reset_index(drop=True)
    weight = np.bincount(boundaries.village, weights=mosaic.intensity + 0.02, minlength=len(villages))
    special = min(2 * len(towns), count // 4)
    second = min((count - special) // 12, len(villages))
    first = min(count - special - second, len(villages))
    by_weight = np.argsort(-weight + chance.normal(0, weight.std() * 0.4, len(weight)), kind="stable")
    rows = [(villages, v, "volunteer", "foot", "平安志愿队", "Volunteers") for v in np.sort(by_weight[:first])]
    rows += [(villages, v, "volunteer", "foot", "平安志愿二队", "Volunteers 2") for v in np.sort(by_weight[:second])]
    for n in range(count - len(rows)):
        kind, mode, zh, en = (("police", "car", "巡警组", "Police"), ("grid", "ebike", "网格巡查组", "Grid patrol"))[
            n % 2
        ]
        rows.append((towns, (n // 2) % len(towns), kind, mode, f"{zh}{n // (2 * len(towns)) or ''}", en))
    corners = cKDTree(streets.nodes)
    table = []
    for number, (level, at, kind, mode, zh, en) in enumerate(rows, start=1):
        area = level.iloc[int(at)]
        heart = boundaries.village_centre[int(at)] if level is villages else _town_heart(mosaic, boundaries, int(at))
        station = streets.nodes[corners.query(mosaic.seeds[heart])[1]]
        code = f"T{number:03d}"
        table.append((code, f"{area['name_zh']}{zh}", f"{area['name_en']} {en}", kind, mode, area["code"], station))
    frame = pd.DataFrame(table, columns=["code", "name_zh", "name_en", "kind", "mode", "area_code", "place"])
    frame["station"] = point_array(np.vstack(frame.pop("place").to_list()))
    return frame


def _town_heart(mosaic: Mosaic, boundaries: Boundaries, town: int) -> int:
    own = np.nonzero(boundaries.town == town)[0]
    return int(own[np.argmax(mosaic.intensity[own])])
