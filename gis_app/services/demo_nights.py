"""The demo city's nights: fixes cleaned into tracks by the same analysis that real fixes go through."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import shapely

from gis_app.analysis.tracks import CleanedFixes, Fixes, clean_fixes, track_lines
from gis_app.analysis.transformers import transformer
from gis_app.demo_city.build import DemoCity
from gis_app.demo_city.patrols import DemoNight
from gis_app.demo_city.terrain import METRIC_SRID
from gis_app.storage.demo_load import DemoLoad

Progress = Callable[[str, float], None]


def load_nights(load: DemoLoad, city: DemoCity, *, progress: Progress) -> None:
    """Load the nights one by one, each in its own transaction, so that memory holds one night at a time."""
    for number, night in enumerate(city.nights()):
        progress(f"{night.night}", number / city.night_count)
        cleaned = _cleaned(night.fixes)
        load.night(
            night.night,
            routes=_routes(night),
            stops=_stops(night),
            patrols=_patrols(night, cleaned),
            fixes=_fixes(night, cleaned),
        )
    progress("", 1.0)


def _degrees(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.column_stack(transformer(METRIC_SRID, 4326).transform(x, y))


def _shapes_in_degrees(shapes: pd.Series) -> np.ndarray:
    return np.asarray(shapely.transform(shapes.to_numpy(), lambda xy: _degrees(xy[:, 0], xy[:, 1])))


def _routes(night: DemoNight) -> pd.DataFrame:
    return night.routes.assign(geom=_shapes_in_degrees(night.routes["line"])).drop(columns="line")


def _stops(night: DemoNight) -> pd.DataFrame:
    return night.stops.assign(geom=_shapes_in_degrees(night.stops["point"])).drop(columns="point")


def _cleaned(fixes: pd.DataFrame) -> CleanedFixes:
    return clean_fixes(
        Fixes(
            device=fixes["device"].to_numpy(),
            recorded_at=fixes["recorded_at"],
            sequence=fixes["sequence"].to_numpy(),
            x=fixes["x"].to_numpy(),
            y=fixes["y"].to_numpy(),
            patrol=fixes["patrol"].to_numpy(),
        )
    )


def _patrols(night: DemoNight, cleaned: CleanedFixes) -> pd.DataFrame:
    """Return the patrols with their cleaned tracks; a patrol whose fixes make no line is left out."""
    fixes = night.fixes
    x, y, patrol = (fixes[name].to_numpy() for name in ("x", "y", "patrol"))
    walked, metres = track_lines(cleaned, x, y=y, group=patrol)
    geometry = np.asarray(shapely.transform(metres, lambda xy: _degrees(xy[:, 0], xy[:, 1])))
    tracks = pd.DataFrame({"patrol": walked, "geom": geometry, "length_m": shapely.length(metres)})
    spans = fixes.groupby("patrol")["recorded_at"].agg(started_at="min", ended_at="max", fix_count="size").reset_index()
    return night.patrols.merge(tracks, on="patrol").merge(spans, on="patrol")


def _fixes(night: DemoNight, cleaned: CleanedFixes) -> pd.DataFrame:
    """Return the fixes kept, in the order of their keys, with their flags."""
    kept = night.fixes.iloc[cleaned.order]
    lon, lat = _degrees(kept["x"].to_numpy(), kept["y"].to_numpy()).T
    return kept.assign(lon=lon, lat=lat, flag=cleaned.flag)
