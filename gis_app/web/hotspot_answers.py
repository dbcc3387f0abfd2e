"""A map of hotspots as JSON, GeoJSON and rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely
from flask_babel import gettext

from gis_app.analysis.scoring import AREA_SHARES, AreaScore, cells_in_share
from gis_app.services.analyses import to_degrees
from gis_app.services.hotspot_maps import HIT_SHARE, SHOWN_SHARE, Judged, ShownMap, Verdict
from gis_app.services.hotspot_reasons import Reason
from gis_app.web import params

HEADS = ("rank", "cell_i", "cell_j", "lon", "lat", "village", "score", "event_count", "later_count")
_DIGITS = 6
"""Of degrees: a decimetre."""


def map_json(shown: ShownMap) -> dict[str, Any]:
    """Return what a map says of itself, without its cells."""
    return {
        "id": None if shown.id is None else str(shown.id),
        "group": shown.group,
        "is_map": True,
        "until": _iso(shown.until),
        "data_from": _iso(shown.data_from),
        "horizon_days": shown.horizon_days,
        "horizon_end": _iso(shown.horizon_end),
        "cell_m": shown.cell_m,
        "method": shown.method,
        "params": dict(shown.params),
        "chosen": shown.chosen,
        "methods": list(shown.methods),
        "is_guess": shown.is_guess,
        "window_count": shown.window_count,
        "cell_count": len(shown.scores),
        "event_count": int(shown.parts.event_count.sum()),
        "held_back": _judged(shown.held_back),
        "then": None if shown.then is None else {**(_judged(shown.then) or {}), **_hits(shown)},
    }


def reason_json(shown: ShownMap, reason: Reason, rank: int) -> dict[str, Any]:
    """Return one of the hottest cells with what makes it hot."""
    first, second = (1, 0) if params.locale() == "en" else (0, 1)
    grid = "" if reason.grid is None else str(reason.grid[first] or reason.grid[second])
    return {
        "rank": rank,
        "cell": [int(index) for index in shown.parts.cells[reason.cell]],
        "lon": round(reason.lon, _DIGITS),
        "lat": round(reason.lat, _DIGITS),
        "village": village_name(shown, reason.cell),
        "grid": grid,
        "event_count": int(shown.parts.event_count[reason.cell]),
        "year_count": reason.year_count,
        "recent_count": reason.recent_count,
        "before_count": reason.before_count,
        "repeat_share": reason.repeat_share,
        "latest": [
            {"id": str(case.id), "number": case.number, "title": case.title, "at": _iso(case.at)}
            for case in reason.latest
        ],
    }


def too_few_json(group: str, count: int) -> dict[str, Any]:
    """Return the answer where too few hazards fit for a map."""
    sentence = str(gettext("Only {count} hazards fit: too few for a map. Choose more of them.")).format(count=count)
    return {
        "id": None,
        "group": group,
        "is_map": False,
        "event_count": count,
        "statement": [{"kind": Verdict.TOO_FEW.value, "text": sentence}],
        "cells": {"type": "FeatureCollection", "features": []},
    }


def features(shown: ShownMap, srid: int, *, whole: bool = False) -> dict[str, Any]:
    """Return cells as GeoJSON, the hottest first: the best tenth and those where something came, or all of them."""
    order, n = shown.order, len(shown.scores)
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(1, n + 1)
    later = shown.parts.later_count
    wanted = rank <= cells_in_share(SHOWN_SHARE, n)
    if later is not None:
        wanted |= later > 0
    chosen = order if whole else order[wanted[order]]
    squares = _corners(shown, chosen, srid)
    share_of = _share_of(n)
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Polygon", "coordinates": [square]},
                "properties": {
                    "rank": int(rank[cell]),
                    "share": share_of(int(rank[cell])),
                    "cell_i": int(shown.parts.cells[cell, 0]),
                    "cell_j": int(shown.parts.cells[cell, 1]),
                    "village": village_name(shown, cell),
                    "score": float(shown.scores[cell]),
                    "event_count": int(shown.parts.event_count[cell]),
                    "later_count": None if later is None else int(later[cell]),
                },
            }
            for cell, square in zip(chosen, squares, strict=True)
        ],
    }


def rows(shown: ShownMap, srid: int) -> Iterable[tuple[object, ...]]:
    """Yield every cell as a row of ``HEADS``, the hottest first."""
    order, later = shown.order, shown.parts.later_count
    for place, (cell, (lon, lat)) in enumerate(zip(order, centres(shown, order, srid), strict=True), start=1):
        yield (
            place,
            *(int(index) for index in shown.parts.cells[cell]),
            *(round(float(value), _DIGITS) for value in (lon, lat)),
            village_name(shown, cell),
            float(shown.scores[cell]),
            int(shown.parts.event_count[cell]),
            "" if later is None else int(later[cell]),
        )


def centres(shown: ShownMap, chosen: Any, srid: int) -> Any:
    """Return lon and lat of the middles of some cells, shape ``(k, 2)``."""
    middles = (shown.parts.cells[chosen] + 0.5) * shown.cell_m
    return shapely.get_coordinates(to_degrees(shapely.points(middles), srid))


def village_name(shown: ShownMap, cell: int) -> str:
    """Return the name of the village that most of a cell's middle lies in, in the reader's language."""
    village = shown.parts.villages[shown.parts.village[cell]]
    first, second = ("name_en", "name_zh") if params.locale() == "en" else ("name_zh", "name_en")
    return str(village[first] or village[second] or "")


def _corners(shown: ShownMap, chosen: Any, srid: int) -> list[Any]:
    if not len(chosen):
        return []
    west_south = shown.parts.cells[chosen] * shown.cell_m
    squares = shapely.box(*west_south.T, *(west_south + shown.cell_m).T)
    found: list[Any] = np.round(shapely.get_coordinates(to_degrees(squares, srid)), _DIGITS).reshape(-1, 5, 2).tolist()
    return found


def _share_of(n: int) -> Any:
    borders = [(cells_in_share(share, n), share) for share in AREA_SHARES]
    return lambda rank: next((share for most, share in borders if rank <= most), None)


def _hits(shown: ShownMap) -> Mapping[str, int]:
    """Return how many later hazards lay in the best cells as drawn, and how many did not."""
    later = shown.parts.later_count
    if later is None:
        return {}
    hits = int(later[shown.order[: cells_in_share(HIT_SHARE, len(later))]].sum())
    return {"hits": hits, "misses": int(later.sum()) - hits}


def _judged(judged: Judged | None) -> dict[str, Any] | None:
    if judged is None:
        return None
    return {
        "method": judged.method,
        "start": _iso(judged.start),
        "end": _iso(judged.end),
        "event_count": judged.event_count,
        "verdict": judged.verdict.value,
        "scores": [_score(area) for area in judged.ours],
        "baseline": [_score(area) for area in judged.baseline],
        "calibration": [
            {"cell_count": each.cell_count, "expected": round(each.expected, 2), "observed": each.observed}
            for each in judged.groups
        ],
    }


def _score(area: AreaScore) -> dict[str, float]:
    figures = {name: round(float(getattr(area, name)), 6) for name in ("hit_rate", "pai", "pei")}
    return {"share": area.share, "cell_count": area.cell_count, **figures}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
