"""A map of hotspots as JSON, GeoJSON and rows of a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely
from flask_babel import gettext

from gis_app.analysis.places import PlaceKind
from gis_app.analysis.scoring import AREA_SHARES, AreaScore
from gis_app.services.hotspot_maps import HIT_SHARE, SHOWN_SHARE, Judged, ShownMap, Verdict
from gis_app.services.hotspot_reasons import Reason
from gis_app.web import params

KEYS: Mapping[PlaceKind, tuple[str, str]] = {
    PlaceKind.CELLS: ("cell_i", "cell_j"),
    PlaceKind.GRIDS: ("grid_id", "km2"),
    PlaceKind.STREETS: ("street_id", "piece"),
}
"""What names a place in a file; of a grid, its id and its area."""
_DIGITS = 6
"""Of degrees: a decimetre."""


def map_json(shown: ShownMap) -> dict[str, Any]:
    """Return what a map says of itself, without its cells."""
    return {
        "id": None if shown.id is None else str(shown.id),
        "group": shown.group,
        "is_map": True,
        "places": shown.kind.value,
        "until": _iso(shown.until),
        "data_from": _iso(shown.data_from),
        "horizon_days": shown.horizon_days,
        "horizon_end": _iso(shown.horizon_end),
        "cell_m": shown.cell_m if shown.kind == PlaceKind.CELLS else None,
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


def drawn(shown: ShownMap) -> Any:
    """Return the places worth a look, the hottest first: those of the best tenth, and where something came."""
    order, later = shown.order, shown.parts.later_count
    wanted = np.zeros(len(order), dtype=np.bool_)
    wanted[order[: shown.taken(SHOWN_SHARE)]] = True
    if later is not None:
        wanted |= later > 0
    return order[wanted[order]]


def features(shown: ShownMap, chosen: Any, shapes: Any) -> dict[str, Any]:
    """Return places as GeoJSON; ``shapes`` are theirs, in degrees. What is no more is left out."""
    rank = np.empty(len(shown.scores), dtype=np.int64)
    rank[shown.order] = np.arange(1, len(rank) + 1)
    later, share_of = shown.parts.later_count, _share_of(shown)
    first, second = KEYS[shown.kind]
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": json.loads(geometry),
                "properties": {
                    "rank": int(rank[cell]),
                    "share": share_of(int(rank[cell])),
                    first: int(shown.parts.cells[cell, 0]),
                    second: _second(shown, cell),
                    "village": village_name(shown, cell),
                    "score": float(shown.scores[cell]),
                    "event_count": int(shown.parts.event_count[cell]),
                    "later_count": None if later is None else int(later[cell]),
                },
            }
            for cell, geometry in zip(chosen, _geojson(shapes), strict=True)
            if geometry is not None
        ],
    }


def heads(shown: ShownMap) -> tuple[str, ...]:
    """Return the names of the columns of ``rows``."""
    return ("rank", *KEYS[shown.kind], "lon", "lat", "village", "score", "event_count", "later_count")


def rows(shown: ShownMap, middles: Any) -> Iterable[tuple[object, ...]]:
    """Yield every place as a row, the hottest first; ``middles`` are theirs in this order, lon and lat, ``(n, 2)``."""
    later = shown.parts.later_count
    for place, (cell, spot) in enumerate(zip(shown.order, middles, strict=True), start=1):
        yield (
            place,
            int(shown.parts.cells[cell, 0]),
            _second(shown, cell),
            *(round(float(value), _DIGITS) if np.isfinite(value) else "" for value in spot),
            village_name(shown, cell),
            float(shown.scores[cell]),
            int(shown.parts.event_count[cell]),
            "" if later is None else int(later[cell]),
        )


def village_name(shown: ShownMap, cell: int) -> str:
    """Return the name of the village that most of a cell's middle lies in, in the reader's language."""
    village = shown.parts.villages[shown.parts.village[cell]]
    first, second = ("name_en", "name_zh") if params.locale() == "en" else ("name_zh", "name_en")
    return str(village[first] or village[second] or "")


def _geojson(shapes: Any) -> Iterator[str | None]:
    rounded = shapely.set_precision(shapes, 10.0**-_DIGITS, mode="pointwise")
    for text, shape in zip(shapely.to_geojson(rounded), shapes, strict=True):
        yield None if shape.is_empty else text


def _second(shown: ShownMap, cell: int) -> int | float:
    if shown.kind == PlaceKind.GRIDS and shown.parts.sizes is not None:
        return round(float(shown.parts.sizes[cell]), 4)
    return int(shown.parts.cells[cell, 1])


def _share_of(shown: ShownMap) -> Any:
    borders = [(shown.taken(share), share) for share in AREA_SHARES]
    return lambda rank: next((share for most, share in borders if rank <= most), None)


def _hits(shown: ShownMap) -> Mapping[str, int]:
    """Return how many later hazards lay in the best cells as drawn, and how many did not."""
    later = shown.parts.later_count
    if later is None:
        return {}
    hits = int(later[shown.order[: shown.taken(HIT_SHARE)]].sum())
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
