"""The command map's configuration: all the page needs to know, as plain JSON values."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from gis_app import paths
from gis_app.domain.errors import Forbidden, InvalidInput, NotFound, Unavailable
from gis_app.domain.periods import CITY_TIME, TimeWindow, last_days
from gis_app.domain.rights import Scope
from gis_app.rendering import layer_spec
from gis_app.rendering.layer_config import GROUP_TITLES, layer_config
from gis_app.rendering.layer_spec import LayerSpec, load_layers
from gis_app.rendering.standalone import render_standalone
from gis_app.services.formatting import moment_words
from gis_app.services.map_export import exported_labels, exported_rows
from gis_app.storage import indicators
from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.tiles import TileFilter

DEFAULT_WINDOW_DAYS = 30


@dataclass(frozen=True)
class CityState:
    """What the database says of the city right now, inside a scope; ``area`` names the part the caller works in."""

    name: str
    area: str
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
        home = indicators.home_area(connection, scope.area_path)
        box = home or profile
        return CityState(
            name=profile["name_en" if locale == "en" else "name_zh"],
            area="" if home is None else home["name_en" if locale == "en" else "name_zh"] or home["name_zh"],
            synthetic=profile["is_synthetic"],
            bounds=(box["west"], box["south"], box["east"], box["north"]),
            nights=indicators.known_nights(connection),
            newest_hazard=indicators.newest_hazard(connection),
            version=indicators.data_version(connection),
        )


def city_name(engine: Engine, *, locale: str) -> str:
    """Return the name of the city, empty before one was loaded; everybody may know it."""
    with scoped(engine, system_scope()) as connection:
        profile = indicators.city_profile(connection)
    return "" if profile is None else str(profile["name_en" if locale == "en" else "name_zh"])


def map_config(
    city: CityState, layers: Sequence[LayerSpec], scope: Scope, *, locale: str, now: datetime
) -> dict[str, Any]:
    """Return the configuration of the command map for one reader, in one language."""
    window = first_window(city, now)
    return {
        "locale": locale,
        "otherLocaleUrl": f"?lang={'zh' if locale == 'en' else 'en'}",
        "strings": interface_strings(locale),
        "city": {"name": city.name, "area": city.area, "bounds": list(city.bounds), "synthetic": city.synthetic},
        "today": now.astimezone(CITY_TIME).date().isoformat(),
        "window": window_config(window),
        "night": city.nights[0].isoformat() if city.nights else None,
        "nights": [night.isoformat() for night in city.nights],
        "dataVersion": city.version,
        "rights": sorted(right.value for right in scope.rights),
        "groups": [{"id": group, "title": titles[locale]} for group, titles in GROUP_TITLES.items()],
        "layers": [layer_config(layer, locale=locale) for layer in layers if layer.right in scope.rights],
        "urls": {"kpi": "/api/kpi", "search": "/api/search", "health": "/api/health", "events": "/api/events"},
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


def export_map(
    engine: Engine,
    scope: Scope,
    *,
    layer_ids: Sequence[str],
    path: Path,
    window: TimeWindow | None = None,
    night: date | None = None,
    locale: str = "zh",
) -> Path:
    """Write a map of some layers as one file that opens offline; return its path.

    Parameters
    ----------
    layer_ids
        Layers, drawn in their own order whatever the order here.
    path
        The file to write; one that is there is replaced when the new one is whole.
    window
        Days of hazards; by default the 30 up to the newest.
    night
        Night of patrols and coverage; by default the newest known.

    Raises
    ------
    NotFound
        If there is no such layer.
    Forbidden
        If the scope lacks a layer's right.
    InvalidInput
        If a layer has too many features, or the file cannot be written.
    """
    layers = _chosen(layer_ids, scope)
    city = city_state(engine, scope, locale=locale)
    night = night or next(iter(city.nights), None)
    if window is None and city.newest_hazard is not None:
        window = first_window(city, city.newest_hazard)
    wanted = TileFilter(window.start if window else None, window.end if window else None, night)
    config: dict[str, Any] = {
        "locale": locale,
        "strings": interface_strings(locale),
        "city": {"name": city.name, "bounds": list(city.bounds), "synthetic": city.synthetic},
        "dataVersion": city.version,
        "groups": [{"id": group, "title": titles[locale]} for group, titles in GROUP_TITLES.items()],
        "layers": [{**layer_config(layer, locale=locale), "visible": True, "minzoom": 0} for layer in layers],
        "data": {},
        "answers": {},
    }
    with scoped(engine, scope) as connection:
        for layer in layers:
            if layer.paint.kind == "label":
                answer = exported_labels(connection, layer, wanted)
                config["answers"][f"/layers/{layer.id}.json"] = answer
            else:
                config["data"][layer.id] = exported_rows(connection, layer, wanted, locale=locale)
    _write_whole(path, render_standalone(config, notes=_notes(city, window, night=night, locale=locale)))
    return path


def _chosen(layer_ids: Sequence[str], scope: Scope) -> list[LayerSpec]:
    known = {layer.id: layer for layer in load_layers(paths.layers())}
    for layer_id in layer_ids:
        if layer_id not in known:
            raise NotFound(
                "There is no layer {layer}.", remedy="Choose from: {known}.", layer=layer_id, known=", ".join(known)
            )
        if known[layer_id].right not in scope.rights:
            raise Forbidden("This needs the right {right}.", right=known[layer_id].right.value)
    return [layer for layer in known.values() if layer.id in layer_ids]


def _notes(city: CityState, window: TimeWindow | None, *, night: date | None, locale: str) -> list[str]:
    notes = []
    if city.newest_hazard:
        notes.append(interface_strings(locale)["data_until"].format(moment=moment_words(city.newest_hazard)))
    if window:
        notes.append(f"{interface_strings(locale)['time_window']} {window.first_day} – {window.last_day}")
    if night:
        notes.append(f"{interface_strings(locale)['night']} {night}")
    return notes


def _write_whole(path: Path, text: str) -> None:
    """Write beside the file first, so that a full disk leaves no half of one."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InvalidInput(
            "The file {path} cannot be written: {reason}.",
            remedy="Choose a folder that exists and is yours, with space left.",
            path=path,
            reason=error.strerror,
        ) from error
