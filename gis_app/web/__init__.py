"""The Flask surface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from flask_babel import Babel
from sqlalchemy import Engine
from werkzeug.middleware.proxy_fix import ProxyFix

from gis_app import paths
from gis_app.domain.errors import Unavailable
from gis_app.rendering.layer_spec import LayerSpec, load_layers
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.services.basemaps import Basemap
from gis_app.services.basemaps import configured as configured_basemaps
from gis_app.services.feature_collections import Catalogue
from gis_app.services.gate import Gate
from gis_app.services.identity_provider import IdentityProvider, configured
from gis_app.services.live_events import EventFeed, Waker
from gis_app.services.live_positions import PositionFeed
from gis_app.services.looks import Looks
from gis_app.services.published import Published
from gis_app.services.questions import QuestionDesk
from gis_app.services.reach import LiveLooks
from gis_app.services.tiles import TileStore
from gis_app.services.track_intake import LIVE_FOR
from gis_app.services.wall import WallFigures
from gis_app.services.workspace_intake import WorkspaceIntake
from gis_app.settings import Settings
from gis_app.storage.file_store import FileStore
from gis_app.storage.import_files import ImportFiles
from gis_app.web import (
    access,
    account,
    accounts,
    alert_api,
    alerts,
    api,
    audit,
    basemaps,
    cases,
    closed_loop,
    coverage,
    duties,
    duty_map,
    errors,
    events,
    hazards,
    hotspots,
    import_api,
    imports,
    inspection_api,
    inspections,
    kpis,
    layer_exports,
    log_in,
    map_page,
    navigation,
    notices,
    ogc,
    ogc_changes,
    ogc_tiles,
    openapi,
    pages,
    params,
    patrols,
    pictures,
    plan_api,
    plans,
    professionals,
    provider_log_in,
    published,
    qgis,
    question_page,
    questions,
    rate_limits,
    ratings,
    report,
    response_headers,
    rules,
    scenes,
    screening,
    shifts,
    sql,
    static_files,
    surroundings,
    team_routes,
    teams,
    tiles,
    tracks,
    wall,
    webhooks,
    workspace_api,
    workspace_page,
)

BLUEPRINTS = (
    map_page.blueprint,
    layer_exports.blueprint,
    tiles.blueprint,
    basemaps.blueprint,
    api.blueprint,
    hazards.blueprint,
    hotspots.blueprint,
    closed_loop.blueprint,
    surroundings.blueprint,
    shifts.blueprint,
    cases.blueprint,
    pictures.blueprint,
    report.blueprint,
    screening.blueprint,
    scenes.blueprint,
    events.blueprint,
    alerts.blueprint,
    alert_api.blueprint,
    wall.blueprint,
    tracks.blueprint,
    tracks.pages,
    patrols.blueprint,
    teams.blueprint,
    coverage.blueprint,
    plans.blueprint,
    team_routes.blueprint,
    plan_api.blueprint,
    imports.blueprint,
    import_api.blueprint,
    log_in.blueprint,
    provider_log_in.blueprint,
    account.blueprint,
    accounts.blueprint,
    audit.blueprint,
    rules.blueprint,
    notices.blueprint,
    webhooks.blueprint,
    published.blueprint,
    inspections.blueprint,
    inspection_api.blueprint,
    duties.blueprint,
    duty_map.blueprint,
    kpis.blueprint,
    ratings.blueprint,
    professionals.blueprint,
    ogc.blueprint,
    ogc_tiles.blueprint,
    qgis.blueprint,
    questions.blueprint,
    question_page.blueprint,
    workspace_page.blueprint,
    workspace_api.blueprint,
    sql.blueprint,
    ogc_changes.blueprint,
    openapi.blueprint,
    static_files.blueprint,
)
THREADS_KEPT_FREE = 16
"""Of a worker's threads, so many never hold a stream of events."""


@dataclass(frozen=True)
class AppState:
    """What the routes work with; made once, before the first request."""

    settings: Settings
    engine: Engine
    ledger: Ledger
    gate: Gate
    identity_provider: IdentityProvider | None
    looks: Looks
    live_looks: LiveLooks
    published: Published
    streams: events.Streams
    events: EventFeed
    positions: PositionFeed
    waker: Waker
    wall_figures: WallFigures
    pictures: FileStore
    imports: ImportFiles
    layers: Mapping[str, LayerSpec]
    basemaps: Mapping[str, Basemap]
    catalogue: Catalogue
    questions: QuestionDesk
    workspace_intake: WorkspaceIntake
    tiles: TileStore
    static_version: str
    now: Callable[[], datetime]


def create_app(settings: Settings, engine: Engine, *, now: Callable[[], datetime] | None = None) -> Flask:
    """Return the application on an engine of the app's role; ``now`` replaces the clock.

    Raises
    ------
    InvalidInput
        If a layer file is wrong, or a setting of the identity provider.
    Unavailable
        If the translations were not compiled.
    RuntimeError
        If a route does not declare who may call it.
    """
    _require_translations()
    app = Flask(__name__, static_folder=None)
    app.config["BABEL_DEFAULT_LOCALE"] = "en"
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions["jingwei"] = _state(settings, engine, now=now or (lambda: datetime.now(UTC)))
    if settings.proxies:
        hops = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    Babel(app, locale_selector=params.locale)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    errors.register(app)
    response_headers.register(app)
    rate_limits.register(app)
    access.register(app)
    pages.register(app)
    navigation.register(app)
    access.refuse_undeclared(app)
    return app


def _state(settings: Settings, engine: Engine, *, now: Callable[[], datetime]) -> AppState:
    layers = {layer.id: layer for layer in load_layers(paths.layers())}
    catalogue = Catalogue(engine, layers)
    ledger = Ledger(engine, HeadsFile(settings.heads_file), now)
    return AppState(
        settings=settings,
        engine=engine,
        ledger=ledger,
        gate=Gate(engine, now),
        identity_provider=configured(settings, now),
        looks=Looks(ledger),
        live_looks=LiveLooks(ledger),
        published=Published(engine, now),
        events=EventFeed(engine),
        positions=PositionFeed(engine, now, LIVE_FOR),
        waker=Waker(engine),
        wall_figures=WallFigures(engine),
        pictures=FileStore(settings.home / "pictures"),
        imports=ImportFiles(settings.home / "imports"),
        streams=events.Streams(max(settings.threads - THREADS_KEPT_FREE, 1)),
        layers=layers,
        catalogue=catalogue,
        questions=QuestionDesk(engine, catalogue, settings.metric_srid),
        workspace_intake=WorkspaceIntake(ledger),
        basemaps=configured_basemaps(settings.basemaps, settings.basemap_tiles, settings.basemap_datum),
        tiles=TileStore(engine, layers, cache_bytes=settings.tile_cache_mb * 2**20),
        static_version=static_files.version_of(paths.static()),
        now=now,
    )


def _require_translations() -> None:
    for language in params.LOCALES:
        compiled = Path(__file__).parent / "translations" / language / "LC_MESSAGES" / "messages.mo"
        if not compiled.is_file():
            raise Unavailable(
                "The translations are not compiled: {path} is missing.",
                remedy="Run `pybabel compile -d gis_app/web/translations`; `make demo` and `make test` do.",
                path=compiled,
            )
