"""The command map's configuration: all the page needs to know, as plain JSON values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from gis_app.domain.errors import Unavailable
from gis_app.domain.periods import CITY_TIME, TimeWindow, last_days
from gis_app.domain.rights import Scope
from gis_app.rendering import layer_spec
from gis_app.rendering.layer_spec import FieldSpec, LayerSpec
from gis_app.rendering.style import Paint, Stop
from gis_app.storage import indicators
from gis_app.storage.engine import scoped

DEFAULT_WINDOW_DAYS = 30
GROUP_TITLES = {
    "work": {"zh": "隐患闭环", "en": "Hazards"},
    "patrols": {"zh": "巡逻", "en": "Patrols"},
    "analysis": {"zh": "分析", "en": "Analysis"},
    "areas": {"zh": "区域与设施", "en": "Areas and facilities"},
    "basemap": {"zh": "底图", "en": "Basemap"},
}
"""Groups in the order of the panel."""


@dataclass(frozen=True)
class CityState:
    """What the database says of the city right now, inside a scope."""

    name: str
    synthetic: bool
    bounds: tuple[float, float, float, float]
    nights: Sequence[date]
    newest_hazard: datetime | None
    version: str


def city_state(engine: Engine, scope: Scope, *, locale: str) -> CityState:
    """Return the city's name, bounds and known nights.

    Raises
    ------
    Unavailable
        If no city has been loaded yet.
    """
    with scoped(engine, scope) as connection:
        profile = indicators.city_profile(connection)
        if profile is None:
            raise Unavailable(
                "There is no city in the database yet.",
                remedy="Run `jingwei demo`, or import villages with `jingwei import villages FILE`.",
            )
        return CityState(
            name=profile["name_en" if locale == "en" else "name_zh"],
            synthetic=profile["is_synthetic"],
            bounds=(profile["west"], profile["south"], profile["east"], profile["north"]),
            nights=indicators.known_nights(connection),
            newest_hazard=indicators.newest_hazard(connection),
            version=indicators.data_version(connection),
        )


def map_config(
    city: CityState, layers: Sequence[LayerSpec], scope: Scope, *, locale: str, now: datetime
) -> dict[str, Any]:
    """Return the configuration of the command map for one reader, in one language."""
    window = first_window(city, now)
    return {
        "locale": locale,
        "otherLocaleUrl": f"?lang={'zh' if locale == 'en' else 'en'}",
        "strings": interface_strings(locale),
        "city": {"name": city.name, "bounds": list(city.bounds), "synthetic": city.synthetic},
        "today": now.astimezone(CITY_TIME).date().isoformat(),
        "window": window_config(window),
        "night": city.nights[0].isoformat() if city.nights else None,
        "nights": [night.isoformat() for night in city.nights],
        "dataVersion": city.version,
        "groups": [{"id": group, "title": titles[locale]} for group, titles in GROUP_TITLES.items()],
        "layers": [layer_config(layer, locale=locale) for layer in layers if layer.right in scope.rights],
        "urls": {"kpi": "/api/kpi", "search": "/api/search", "health": "/api/health"},
    }


def window_config(window: TimeWindow) -> dict[str, str]:
    """Return a window as the page writes it."""
    return {"from": window.first_day.isoformat(), "to": window.last_day.isoformat()}


def first_window(city: CityState, now: datetime) -> TimeWindow:
    """Return the window a page opens with: 30 days to today, or to the newest hazard of a city left alone."""
    last = min(now, city.newest_hazard) if city.newest_hazard else now
    return last_days(last.astimezone(CITY_TIME).date(), DEFAULT_WINDOW_DAYS)


@cache
def _all_strings() -> dict[str, dict[str, str]]:
    path = Path(layer_spec.__file__).with_name("interface_strings.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def interface_strings(locale: str) -> dict[str, str]:
    """Return the words of the page in one language, by key."""
    return {key: words[locale] for key, words in _all_strings().items()}


def layer_config(layer: LayerSpec, *, locale: str) -> dict[str, Any]:
    """Return a layer as the browser needs it: titles and labels in one language."""
    parameters = [*(("from", "to") if layer.time_column else ()), *(("night",) if layer.night_column else ())]
    return {
        "id": layer.id,
        "title": layer.title.in_locale(locale),
        "group": layer.group,
        "groupTitle": GROUP_TITLES[layer.group][locale],
        "order": layer.order,
        "geometryType": layer.geometry,
        "visible": layer.visible,
        "minzoom": layer.minzoom,
        "maxzoom": layer.maxzoom,
        "interactive": layer.interactive,
        "tiles": f"/tiles/{layer.id}/{{z}}/{{x}}/{{y}}.mvt",
        "params": parameters,
        "aggregateBelow": layer.aggregate_below,
        "inlineUrl": f"/layers/{layer.id}.json" if layer.inline else None,
        "paint": _paint(layer.paint, layer, locale=locale),
        "tooltip": list(layer.tooltip),
        "fields": [_field(field, locale=locale) for field in layer.fields],
        "details": f"/features/{layer.id}/{{id}}",
    }


def _paint(paint: Paint, layer: LayerSpec, *, locale: str) -> dict[str, Any]:
    column = paint.field
    if column is not None and column in {field.name for field in layer.fields}:
        column = layer.field_named(column).column(locale)
    return {
        "kind": paint.kind,
        "field": column,
        "color": paint.color,
        "outline": paint.outline,
        "width": paint.width,
        "widthStops": [list(stop) for stop in paint.width_stops],
        "radius": paint.radius,
        "radiusField": paint.radius_field,
        "radii": dict(paint.radii),
        "opacity": paint.opacity,
        "fillOpacity": paint.fill_opacity,
        "dash": list(paint.dash),
        "stops": [_stop(stop, locale=locale) for stop in paint.stops],
    }


def _stop(stop: Stop, *, locale: str) -> dict[str, Any]:
    limit: Mapping[str, Any] = {"value": stop.value} if stop.value is not None else {"min": stop.least}
    return {**limit, "label": stop.label.in_locale(locale), "color": stop.color, "hatched": stop.hatched}


def _field(field: FieldSpec, *, locale: str) -> dict[str, Any]:
    return {
        "name": field.name,
        "column": field.column(locale),
        "title": field.title.in_locale(locale),
        "kind": field.kind,
        "unit": field.unit.in_locale(locale) if field.unit else "",
        "decimals": field.decimals,
        "factor": field.factor,
        "values": {key: words.in_locale(locale) for key, words in field.values.items()},
    }
