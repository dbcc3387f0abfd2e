"""The Flask surface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from flask_babel import Babel
from sqlalchemy import Engine

from gis_app import paths
from gis_app.domain.errors import Unavailable
from gis_app.domain.rights import Right, Scope
from gis_app.rendering.layer_spec import LayerSpec, load_layers
from gis_app.services.tiles import TileStore
from gis_app.settings import Settings
from gis_app.web import api, errors, map_page, params, response_headers, static_files, tiles

BLUEPRINTS = (map_page.blueprint, tiles.blueprint, api.blueprint, static_files.blueprint)


@dataclass(frozen=True)
class AppState:
    """What the routes work with; made once, before the first request."""

    settings: Settings
    engine: Engine
    layers: Mapping[str, LayerSpec]
    tiles: TileStore
    scope: Scope
    static_version: str
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


def create_app(settings: Settings, engine: Engine, *, now: Callable[[], datetime] | None = None) -> Flask:
    """Return the application on an engine of the app's role; ``now`` replaces the clock.

    Raises
    ------
    InvalidInput
        If a layer file is wrong.
    Unavailable
        If the translations were not compiled.
    """
    _require_translations()
    app = Flask(__name__, static_folder=None)
    app.config["BABEL_DEFAULT_LOCALE"] = "en"
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    layers = {layer.id: layer for layer in load_layers(paths.layers())}
    app.extensions["jingwei"] = AppState(
        settings=settings,
        engine=engine,
        layers=layers,
        tiles=TileStore(engine, layers, cache_bytes=settings.tile_cache_mb * 2**20),
        scope=Scope(account="screen", area_path=settings.scope_path, rights=frozenset({Right.VIEW_MAP})),
        static_version=static_files.version_of(paths.static()),
        **({"now": now} if now else {}),
    )
    Babel(app, locale_selector=params.locale)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    errors.register(app)
    response_headers.register(app)
    app.jinja_env.globals.update(locale=params.locale, static_url=static_files.static_url)
    return app


def _require_translations() -> None:
    for language in params.LOCALES:
        compiled = Path(__file__).parent / "translations" / language / "LC_MESSAGES" / "messages.mo"
        if not compiled.is_file():
            raise Unavailable(
                "The translations are not compiled: {path} is missing.",
                remedy="Run `pybabel compile -d gis_app/web/translations`; `make demo` and `make test` do.",
                path=compiled,
            )
