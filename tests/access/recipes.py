"""How every route is asked: what to read through it, and how to reach through it for what is another area's.

A route that stands in neither table fails the matrix.
"""

import base64
import itertools
import math
import uuid
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import text

from gis_app import paths
from gis_app.domain.rights import Role
from gis_app.rendering.layer_spec import load_layers
from tests.access.places import CITY, EAST, EAST_SIBLING, EAST_VILLAGE, WEST, WEST_SIBLING, WEST_VILLAGE, mark
from tests.access.planted_city import MAP_RUN, map_of
from tests.callers import PASSWORD

WINDOW = "from=2026-01-01&to=2026-06-16"
ZOOMS = (0, 7, 9, 12, 14, 16)
LONS = (120.525, 120.75)
"""A planted point of the west, one of the east."""
LAYERS = {layer.id: layer for layer in load_layers(paths.layers())}
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
MISSING_ID = 987_654_321
MISSING_UUID = uuid.UUID("00000000-0000-4000-8000-000000000000")
ASKED_FOR = (WEST_VILLAGE, WEST_SIBLING, EAST, EAST_VILLAGE, EAST_SIBLING)
"""Areas of which one object of each kind is asked for by everybody."""


@dataclass(frozen=True)
class Ask:
    """One request."""

    path: str
    method: str = "GET"
    form: dict = field(default_factory=dict)
    json: dict | None = None
    raw: bytes = b""
    is_stream: bool = False
    may_say: tuple = ()
    """Words that the answer may say to anybody: what its own address asked for, or what is published."""

    def body(self):
        if self.raw:
            return {"data": self.raw}
        return {"json": self.json} if self.json is not None else {"data": self.form} if self.form else {}

    def echoes(self):
        """Return how an answer may say again what was asked: an error names the area and the place that were given."""
        area = self.form.get("area", "")
        given = (f'value="{area}"', f"'{area}'", f"&#39;{area}&#39;") if area else ()
        return [
            *self.may_say,
            *given,
            *([str(self.json["location"]["lon"])] if "location" in (self.json or {}) else []),
        ]


@dataclass(frozen=True)
class Objects:
    """What is in the city, by scope path of its area: ids of hazards, features by layer, logins, tokens, webhooks."""

    hazards: dict
    features: dict
    logins: dict
    tokens: dict
    webhooks: dict
    pictures: dict
    inspections: dict
    """By state."""
    plans: dict
    routes: dict
    scenes: dict
    alerts: dict
    alert_rules: dict
    marks: dict
    questions: dict
    """Id and the number of an answer."""
    imports: dict
    """By state."""


def objects_of(connection):
    """Read, as a superuser, one object of each kind in each area."""

    def one_of_each(query):
        return {row[0]: row[1] for row in connection.execute(text(query))}

    features = {}
    for layer in LAYERS.values():
        has_area = connection.execute(text(_AREA_OF_FEATURES.get(layer.source, "SELECT NULL, NULL WHERE false")))
        features[layer.id] = {row[0]: str(row[1]) for row in has_area}
    return Objects(
        hazards=one_of_each("SELECT scope_path, (array_agg(id ORDER BY number))[1] FROM hazard GROUP BY 1"),
        features=features,
        logins=one_of_each("SELECT scope_path, min(login) FROM account WHERE login LIKE '%.login.%' GROUP BY 1"),
        tokens=one_of_each("SELECT scope_path, (array_agg(id))[1] FROM api_token GROUP BY 1"),
        pictures=one_of_each(
            "SELECT scope_path, (array_agg(hazard_id || '/pictures/' || id))[1] FROM hazard_picture GROUP BY 1"
        ),
        inspections=one_of_each("SELECT scope_path, json_object_agg(state, id) FROM inspection GROUP BY 1"),
        webhooks=one_of_each("SELECT scope_path, min(id) FROM webhook GROUP BY 1"),
        plans=one_of_each("SELECT scope_path, (array_agg(id ORDER BY id))[1] FROM patrol_plan GROUP BY 1"),
        routes=one_of_each("SELECT scope_path, min(id) FROM patrol_route GROUP BY 1"),
        alerts=one_of_each("SELECT scope_path, (array_agg(id ORDER BY id))[1] FROM alert GROUP BY 1"),
        alert_rules=one_of_each("SELECT scope_path, min(id) FROM alert_rule GROUP BY 1"),
        marks=one_of_each("SELECT scope_path, min(id) FROM map_mark GROUP BY 1"),
        scenes=one_of_each("SELECT scope_path, (array_agg(id ORDER BY id))[1] FROM map_scene GROUP BY 1"),
        questions=one_of_each("SELECT scope_path, min(question_id || '/answers/' || id) FROM kept_answer GROUP BY 1"),
        imports=one_of_each("SELECT scope_path, json_object_agg(state, id) FROM import_job GROUP BY 1"),
    )


def _first(table, where="true"):
    return f"SELECT scope_path, (array_agg(id ORDER BY id))[1] FROM {table} WHERE {where} GROUP BY 1"  # noqa: S608


_AREA_OF_FEATURES = {
    "township_map": _first("area", "level = 'township'"),
    "village_map": _first("area", "level = 'village'"),
    "place_name_map": _first("area", "level IN ('township', 'village')"),
    "grid_map": _first("area", "level = 'grid'"),
    "hazard_map": _first("hazard"),
    "patrol_map": _first("patrol"),
    "planned_stop_map": _first("planned_stop"),
    "hotspot_lattice_map": _first("hotspot_cell"),
    "hotspot_grid_map": _first("hotspot_cell"),
    "density_map": _first("density_cell"),
    "coverage_map": _first("grid_coverage"),
    "night_check_map": _first("area", "level = 'village'"),
    "facility_map": _first("facility"),
    "village_stars_map": (
        "SELECT s.scope_path, min(s.village_id) FROM village_stars s JOIN area a ON a.id = s.village_id GROUP BY 1"
    ),
}
PUBLIC_VIEWS = frozenset({"street_map", "land_map", "water_map"})
"""Views of tables without areas, which everybody may see whole."""


def tile_path(layer, zoom, lon, lat=27.8):
    row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return f"/tiles/{layer}/{zoom}/{int((lon + 180) / 360 * 2**zoom)}/{int(row * 2**zoom)}.mvt"


def _tiles(objects):
    nights = ("", "&night=2026-06-12", "&night=2026-06-10")
    for layer in LAYERS.values():
        for zoom in ZOOMS:
            for lon in LONS:
                for night in nights if layer.night_column and zoom > 7 else nights[:1]:
                    yield Ask(f"{tile_path(layer.id, zoom, lon)}?{WINDOW}{night}")


def _features(objects):
    for layer, by_area in objects.features.items():
        for place in ASKED_FOR:
            if place.path in by_area:
                for language in ("zh", "en"):
                    yield Ask(f"/features/{layer}/{by_area[place.path]}?lang={language}")
        yield Ask(f"/features/{layer}/{_missing(layer)}")


def _hazards(objects):
    return [*(objects.hazards[place.path] for place in (CITY, WEST, *ASKED_FOR)), MISSING_UUID]


def _inspections(objects):
    own = (each for place in (CITY, WEST, *ASKED_FOR) for each in objects.inspections[place.path].values())
    return [*own, MISSING_UUID]


def _plans(objects):
    return [*(objects.plans[place.path] for place in (CITY, WEST, *ASKED_FOR)), MISSING_UUID]


def _scenes(objects):
    return [*(objects.scenes[place.path] for place in (CITY, WEST, *ASKED_FOR)), MISSING_UUID]


def _imports(objects):
    own = (each for place in (CITY, WEST, *ASKED_FOR) for each in objects.imports[place.path].values())
    return [*own, MISSING_UUID]


def _missing(layer):
    return MISSING_UUID if LAYERS[layer].identity == "uuid" else MISSING_ID


def _asks(*asked):
    return lambda objects: [Ask(each) for each in asked]


OWN_OFFICE = (f"town:{WEST.word}",)
"""Who handles the own hazards of a village: the office of the township above it."""
OFFICES = (*OWN_OFFICE, f"town:{EAST.word}")
"""Offices that a desk may assign to: terms of the city, the same for everybody."""
# Names of townships are published with their counts, to everybody; no other text of them is, and nothing of villages.
PUBLISHED = (
    *(mark(place, "area", name, 0) for place in (WEST, EAST) for name in ("name_zh", "name_en")),
    *(f'"code":"{place.word}"' for place in (WEST, EAST)),
    *(f"\n{place.word}," for place in (WEST, EAST)),
)


def _published(*paths):
    return lambda objects: [Ask(each, may_say=PUBLISHED) for each in paths]


_METHODS = ("", "&method=kernel_density", "&method=count_so_far")
_COVERAGE_ASKED = (("month", "township"), ("week", "village"), ("night", "grid"))
_KPI_FILTERS = (("township", "fire"), ("village", ""))


SOME_LAYERS = ("hazards", "villages", "patrol_tracks")
"""What is made of a layer's file alone, and of nothing in the database, is asked of these."""


def _of_collections(*endings, layers=LAYERS):
    def asks(objects):
        for layer, ending in itertools.product(layers, endings):
            query = ending.partition("?")[2]
            # A page of features links to itself, query and all, and shows the filter in its form.
            said = (query, *(value for _, value in parse_qsl(query))) if query else ()
            yield Ask(f"/ogc/collections/{layer}{ending}", may_say=said)

    return asks


_TOWNSHIP_ASKED = (
    *(f"township={EAST.word}", f"area={EAST_VILLAGE.word}"),
    *(f'value="{place.word}"' for place in (EAST, EAST_VILLAGE)),
)
READS = {
    "map_page.command_map": _asks("/?lang=zh", "/?lang=en"),
    "tiles.tile": _tiles,
    "tiles.whole_layer": lambda objects: [Ask(f"/layers/{layer}.json?{WINDOW}") for layer in LAYERS],
    "tiles.feature": _features,
    "layer_exports.export": lambda objects: [
        Ask(f"/api/layers/{layer}/export?format={kind}", may_say=(f"{layer}.{kind}",))
        for kind, layers in (("csv", LAYERS), ("geojson", SOME_LAYERS))
        for layer in layers
    ],
    "question_page.page": _asks("/questions", "/questions?lang=en"),
    "sql.page": _asks("/sql", "/sql?lang=en"),
    "questions.listed": _asks("/api/questions"),
    "questions.one": lambda objects: [
        Ask(f"/api/questions/{each.partition('/')[0]}") for each in objects.questions.values()
    ],
    "questions.kept_answer": lambda objects: [Ask(f"/api/questions/{each}") for each in objects.questions.values()],
    "ogc.landing": _asks("/ogc", "/ogc?f=html"),
    "ogc.api": _asks("/ogc/api"),
    "qgis.project": _asks("/ogc/project.qgs"),
    "ogc.conformance": _asks("/ogc/conformance"),
    "ogc.functions": _asks("/ogc/functions"),
    "ogc_tiles.tile_matrix_sets": _asks("/ogc/tileMatrixSets"),
    "ogc.collections": _asks("/ogc/collections", "/ogc/collections?f=html"),
    "ogc.collection": _of_collections("", "?f=html"),
    "ogc.queryables": _of_collections("/queryables", layers=SOME_LAYERS),
    "ogc.schema": _of_collections("/schema", layers=SOME_LAYERS),
    "ogc_tiles.tilesets": _of_collections("/tiles", layers=SOME_LAYERS),
    "ogc_tiles.tileset": _of_collections("/tiles/WebMercatorQuad?f=tilejson", layers=SOME_LAYERS),
    "ogc_tiles.tile": lambda objects: [
        Ask("/ogc/collections/{0}/tiles/WebMercatorQuad/{1}/{3}/{2}?{4}".format(*parts.split("/"), WINDOW))
        for parts in (
            tile_path(layer, zoom, lon).removeprefix("/tiles/").removesuffix(".mvt")
            for layer in LAYERS
            for zoom in ZOOMS[-2:]
            for lon in LONS
        )
    ],
    "ogc.items": _of_collections(
        "/items",
        "/items?f=html&limit=1000",
        *(
            f"/items?{urlencode(query)}"
            for query in (
                {"bbox": "120.7,27.7,120.9,27.9"},
                {"filter": "distance_m(geom, POINT(120.75 27.8)) BETWEEN 0 AND 20000", "sortby": "-id"},
            )
        ),
    ),
    "ogc.item": lambda objects: [
        Ask(f"/ogc/collections/{layer}/items/{identity}{form}")
        for layer, by_area in objects.features.items()
        for identity in by_area.values()
        for form in ("", "?f=html")
    ],
    "api.kpi": _asks("/api/kpi", f"/api/kpi?{WINDOW}", *(f"/api/kpi?night=2026-06-{day:02}" for day in range(4, 15))),
    "api.find": _asks(
        *(
            f"/api/search?{urlencode({'q': words, 'lang': language})}"
            for words in ("kanar", "kanareast", "kanarev", "kanarwvtwo", "facility.name", "塘下")
            for language in ("zh", "en")
        )
    ),
    "api.health": _asks("/api/health"),
    "hazards.list_hazards": _asks(
        "/api/hazards",
        f"/api/hazards?{WINDOW}&limit=3",
        f"/api/hazards?{WINDOW}&bbox=120.7,27.7,120.9,27.9",
        f"/api/hazards?{WINDOW}&bbox=120.5,27.7,120.9,27.9&after=2026-06-14T04:00:00Z_{MISSING_UUID}",
    ),
    "hazards.export_hazards": lambda objects: [
        Ask(f"/api/hazards.csv?{WINDOW}"),
        Ask(f"/api/hazards.csv?{WINDOW}&bbox=120.7,27.7,120.9,27.9", may_say=("bbox=120.7%2C27.7%2C120.9",)),
    ],
    "hazards.one_hazard": lambda objects: [Ask(f"/api/hazards/{each}") for each in _hazards(objects)],
    "closed_loop.queue": lambda objects: [
        *(Ask(f"/api/queue{query}", may_say=OWN_OFFICE) for query in ("", "?limit=3", "?asks=extension", "?unit=own")),
        *(
            Ask(f"/api/queue?{name}={EAST_VILLAGE.word}", may_say=(f"{name}={EAST_VILLAGE.word}&amp;",))
            for name in ("q", "village", "unit", "category")
        ),
    ],
    "closed_loop.one_case": lambda objects: [
        Ask(f"/api/hazards/{each}/case", may_say=OWN_OFFICE) for each in _hazards(objects)
    ],
    "cases.desk": lambda objects: [
        *(Ask(f"/desk{query}", may_say=OFFICES) for query in ("", "?lang=en&limit=3", "?asks=extension", "?unit=own")),
        *(
            Ask(f"/desk?{name}={place.word}", may_say=(*OFFICES, f"{name}={place.word}", f'value="{place.word}"'))
            for name in ("q", "village", "unit")
            for place in (EAST_VILLAGE,)
        ),
    ],
    "cases.tasks": _asks("/tasks", "/tasks?lang=en"),
    "cases.one_case": lambda objects: [
        Ask(f"/cases/{each}?lang={language}", may_say=OFFICES)
        for each in _hazards(objects)
        for language in ("zh", "en")
    ],
    "published.page": _published("/published?month=2026-05", "/published?lang=en"),
    "published.as_json": _published("/api/published/2026-05.json", "/api/published/2026-04.json?lang=en"),
    "published.as_csv": _published("/api/published/2026-05.csv", "/api/published/2026-05.csv?lang=en"),
    "kpis.page": _asks("/kpis?period=2026-06", "/kpis?lang=en&period=2026-05&by=village&rank=closing_rate"),
    "kpis.as_json": _asks(*(f"/api/kpis?{WINDOW}&by={level}&category={code}" for level, code in _KPI_FILTERS)),
    "kpis.as_table": _asks(*(f"/api/kpis.csv?{WINDOW}&by={level}" for level in ("township", "village"))),
    "kpis.cases": lambda objects: [
        Ask(f"/kpis/cases?{WINDOW}&by={level}&kpi=overdue&part=denominator{area}", may_say=(area.strip("&"),))
        for level in ("township", "village")
        for area in ("&lang=en", f"&area={EAST.word}", f"&area={EAST_VILLAGE.word}", "&area=-")
    ],
    "patrols.page": _asks("/patrols", "/patrols?lang=en&night=2026-06-12"),
    "patrols.replay": _asks(*(f"/api/patrols/replay?night=2026-06-{day:02}&lang=en" for day in range(4, 15))),
    "teams.actual": lambda objects: [
        Ask("/patrols/actual"),
        *(Ask(f"/patrols/actual?lang=en&night=2026-06-{day:02}") for day in range(4, 15)),
    ],
    "teams.actual_as_json": _asks(*(f"/api/patrols/actual?night=2026-06-{day:02}" for day in range(4, 15))),
    "teams.actual_as_table": _asks(
        *(f"/api/patrols/actual.csv?lang=en&night=2026-06-{day:02}" for day in range(4, 15))
    ),
    "teams.listed": _asks("/teams", "/teams?lang=en"),
    "teams.one": lambda objects: [
        Ask(f"/teams/{code}?lang={language}", may_say=(f"/teams/{code}?",))
        for place in (CITY, WEST, *ASKED_FOR)
        for code in (mark(place, "team", "code", 0),)
        for language in ("zh", "en")
    ],
    "track_pages.form": _asks("/tracks", "/tracks?lang=en"),
    "coverage.page": _asks(
        "/coverage", *(f"/coverage?lang=en&kind={kind}&by={level}&night=2026-06-12" for kind, level in _COVERAGE_ASKED)
    ),
    "coverage.as_json": _asks(
        *(f"/api/coverage?kind={kind}&by={level}&night=2026-06-12" for kind, level in _COVERAGE_ASKED),
        "/api/coverage?kind=month&by=grid&night=2026-06-12&shift=night&mode=foot&team=grid",
    ),
    "coverage.as_table": _asks(
        *(f"/api/coverage.csv?kind={kind}&by={level}&night=2026-06-12" for kind, level in _COVERAGE_ASKED)
    ),
    "coverage.as_geojson": _asks(
        *(f"/api/coverage.geojson?kind={kind}&by={level}&night=2026-06-12" for kind, level in _COVERAGE_ASKED)
    ),
    "coverage.village": lambda objects: [
        Ask(f"/villages/{place.word}?lang={language}", may_say=(f"/villages/{place.word}?",))
        for place in (WEST_VILLAGE, WEST_SIBLING, EAST_VILLAGE)
        for language in ("zh", "en")
    ],
    "rules.page": lambda objects: [Ask(each, may_say=OFFICES) for each in ("/rules", "/rules?lang=en")],
    "pictures.content": lambda objects: [
        Ask(f"{_picture(objects, place)}{size}")
        for place in (CITY, WEST, *ASKED_FOR)
        if place.path in objects.pictures
        for size in ("", "?size=thumbnail")
    ],
    "professionals.page": _asks("/professionals", "/professionals?lang=en"),
    "professionals.as_json": _asks("/api/professionals"),
    "report.page": _asks("/report", "/report?lang=en"),
    "inspections.page": lambda objects: [
        *(
            Ask(f"/inspections{query}", may_say=OWN_OFFICE)
            for query in ("", "?lang=en&state=under_way", "?kind=monthly")
        ),
        Ask(f"/inspections?area={EAST.word}", may_say=(f'value="{EAST.word}"', f"area={EAST.word}&amp;")),
    ],
    "inspections.one": lambda objects: [
        Ask(f"/inspections/{each}?lang={language}", may_say=OWN_OFFICE)
        for each in _inspections(objects)
        for language in ("zh", "en")
    ],
    "plans.page": _asks("/plans", "/plans?lang=en"),
    "plans.one": lambda objects: [Ask(f"/plans/{each}?lang=en") for each in _plans(objects)],
    "plans.beside": lambda objects: [Ask(f"/plans/{each}/beside/{each}") for each in _plans(objects)],
    "team_routes.route": lambda objects: [
        Ask(f"/routes/{each}?lang={language}")
        for each in [*(objects.routes[place.path] for place in (CITY, WEST, *ASKED_FOR)), MISSING_ID]
        for language in ("zh", "en")
    ],
    "team_routes.sheet": lambda objects: [
        Ask(f"/routes/{each}/sheet.pdf")
        for each in [*(objects.routes[place.path] for place in (CITY, WEST, *ASKED_FOR)), MISSING_ID]
    ],
    "plan_api.fits": lambda objects: [
        Ask(f"/api/plans/{objects.plans[place.path]}/fits/{mark(place, 'patrol_plan', 'content', number)}")
        for place in (CITY, WEST, *ASKED_FOR)
        for number in (0, 1)
    ],
    "imports.page": _asks("/imports", "/imports?lang=en"),
    "imports.one": lambda objects: [Ask(f"/imports/{each}?lang=en") for each in _imports(objects)],
    "import_api.list_imports": _asks("/api/imports"),
    "import_api.one": lambda objects: [Ask(f"/api/imports/{each}") for each in _imports(objects)],
    # Each look reads a file in a sandbox: one of each township is enough.
    "import_api.preview": lambda objects: [
        Ask(f"/api/imports/{objects.imports[place.path]['uploaded']}/preview") for place in (WEST_VILLAGE, EAST)
    ],
    "import_api.refused_rows": lambda objects: [Ask(f"/api/imports/{each}/refused.csv") for each in _imports(objects)],
    "import_api.events": lambda objects: [
        Ask(f"/api/imports/{each}/events", is_stream=True) for each in _imports(objects)
    ],
    "plan_api.list_plans": _asks("/api/plans"),
    "plan_api.one": lambda objects: [Ask(f"/api/plans/{each}") for each in _plans(objects)],
    "plan_api.as_file": lambda objects: [
        Ask(f"/api/plans/{each}/file.{kind}") for each in _plans(objects) for kind in ("gpx", "kml", "geojson", "ics")
    ],
    "inspection_api.list_inspections": lambda objects: [
        Ask(f"/api/inspections{query}", may_say=OWN_OFFICE)
        for query in ("", f"?area={EAST_VILLAGE.word}", "?from=2026-05-01")
    ],
    "inspection_api.one": lambda objects: [
        Ask(f"/api/inspections/{each}", may_say=OWN_OFFICE) for each in _inspections(objects)
    ],
    "duties.page": lambda objects: [
        *(Ask(f"/duties{query}") for query in ("", "?lang=en&duty=monthly_inspection")),
        Ask(f"/duties?township={EAST.word}", may_say=_TOWNSHIP_ASKED),
    ],
    "duties.listed": lambda objects: [
        *(
            Ask(f"/duties/list{query}")
            for query in ("?state=missed", "?lang=en", "?state=owed&duty=monthly_inspection")
        ),
        Ask(f"/duties/list?state=missed&township={EAST.word}&area={EAST_VILLAGE.word}", may_say=_TOWNSHIP_ASKED),
    ],
    "duties.as_json": _asks("/api/duties", "/api/duties?lang=en&duty=monthly_inspection&state=missed"),
    "duties.as_table": _asks("/api/duties.csv", "/api/duties.csv?lang=en&state=missed"),
    "duty_map.as_geojson": _asks("/api/duties.geojson", "/api/duties.geojson?lang=en&duty=monthly_inspection"),
    "notices.page": _asks("/notices", "/notices?lang=en"),
    "notices.unread": _asks("/api/notices/unread"),
    "webhooks.page": _asks("/webhooks", "/webhooks?lang=en"),
    "hotspots.runs": _asks("/api/hotspots", "/api/hotspots?group=fire&lang=en"),
    "hotspots.one": lambda objects: [
        *(Ask(f"/api/hotspots/{MAP_RUN}?lang={language}{method}") for language in ("zh", "en") for method in _METHODS),
        Ask(f"/api/hotspots/{MISSING_UUID}"),
    ],
    "hotspots.page": _asks("/hotspots", f"/hotspots?lang=en&run={MAP_RUN}&compare=count_so_far", "/hotspots?guard=1"),
    "hotspots.trial": _asks("/api/hotspots/trial?guard=1", "/api/hotspots/trial?severity=low&method=near_repeat"),
    "hotspots.as_geojson": _asks(f"/api/hotspots/{MAP_RUN}.geojson"),
    "hotspots.as_table": _asks(f"/api/hotspots/{MAP_RUN}.csv", f"/api/hotspots/{MAP_RUN}.csv?lang=en"),
    "ratings.page": _asks("/ratings", "/ratings?lang=en&weight_complaints=50"),
    "ratings.as_json": _asks("/api/ratings"),
    "events.events": lambda objects: [Ask("/api/events", is_stream=True), Ask("/api/events?after=0", is_stream=True)],
    "log_in.page": _asks("/login", "/login?lang=en&next=/accounts", "/login?changed=1"),
    "provider_log_in.leave": _asks("/login/provider", "/login/provider?next=/accounts"),
    "provider_log_in.come_back": _asks("/login/callback", "/login/callback?code=x&state=y"),
    "account.page": _asks("/account", "/account?lang=en"),
    "accounts.page": _asks("/accounts", "/accounts?lang=en"),
    "audit.page": lambda objects: [
        Ask("/audit"),
        Ask("/audit?lang=en&before=1000"),
        *(
            Ask(f"/audit?{name}={planted}", may_say=(planted,))
            for place in (EAST, EAST_VILLAGE, WEST_SIBLING)
            for name in ("account", "action")
            for planted in (mark(place, "audit_entry", name, 1),)
        ),
    ],
    "alerts.page": lambda objects: [Ask(f"/alerts{query}", may_say=OFFICES) for query in ("", "?lang=en")],
    "alerts.rules": _asks("/alert-rules", "/alert-rules?lang=en"),
    "alert_api.list_alerts": lambda objects: [Ask("/api/alerts", may_say=OWN_OFFICE)],
    "alert_api.one": lambda objects: [
        Ask(f"/api/alerts/{each}", may_say=OWN_OFFICE)
        for each in [*(objects.alerts[place.path] for place in (CITY, WEST, *ASKED_FOR)), MISSING_UUID]
    ],
    "alert_api.list_rules": _asks("/api/alert-rules"),
    "wall.page": _asks("/wall?lang=zh", "/wall?lang=en"),
    "wall.shown": _asks("/api/wall"),
    "wall.remote": _asks("/wall/remote", "/wall/remote?lang=en"),
    "map_page.configuration": _asks("/api/map?lang=zh", "/api/map?lang=en"),
    "basemaps.tile": _asks("/basemap/none/1/0/0"),
    "basemaps.file": _asks("/basemap/none.pmtiles"),
    "surroundings.nearest": _asks(*(f"/api/nearest?lon=120.555&lat=27.8{mode}" for mode in ("", "&mode=foot"))),
    "surroundings.isochrones": _asks("/api/isochrones?lon=120.555&lat=27.8&minutes=5"),
    "surroundings.inside": _asks(
        f"/api/inside?polygon=120.5,27.7;120.9,27.7;120.9,27.9;120.5,27.9&{WINDOW}",
        f"/api/inside?circle=120.75,27.8,20000&{WINDOW}&lang=en",
    ),
    "shifts.page": _asks(*(f"/shift?lang=en&day=2026-06-{day:02}&shift=day" for day in (1, 14, 15))),
    "shifts.log": _asks(
        *(f"/api/shifts/log?day=2026-06-{day:02}&shift={name}" for day in range(1, 16) for name in ("day", "night"))
    ),
    "scenes.list_scenes": _asks("/api/scenes", "/api/scenes?wall=1&lang=en"),
    "scenes.one": lambda objects: [Ask(f"/api/scenes/{each}") for each in _scenes(objects)],
    "openapi.document": _asks("/api/openapi.json"),
    "static_files.static_file": _asks("/static/js/main.js"),
    "static_files.versioned_file": _asks("/static/~0/js/main.js"),
    "static_files.favicon": _asks("/favicon.ico"),
}
"""What is read through each route, by everybody."""
WITHOUT_A_PROVIDER = frozenset({"provider_log_in.leave", "provider_log_in.come_back"})
"""Routes that are not there unless an identity provider is set; tests/web/test_provider_log_in.py sets one."""


def report_in(place):
    """Return the body of a report of a hazard inside an area."""
    return {
        "id": str(uuid.uuid5(MISSING_UUID, place.word)),
        "category": "fire",
        "severity": "low",
        "discovered_by": "patrol",
        "title": "reach",
        "discovered_at": "2026-06-14T00:00:00Z",
        "location": {"lon": _inside(place), "lat": 27.8, "datum": "wgs84"},
    }


def _inside(place):
    """Return a longitude inside an area and inside none of its own parts that is asked from."""
    return place.east - 0.05


def _corrections(objects, home, foreign):
    moved = {"location": {"lon": _inside(foreign), "lat": 27.8, "datum": "wgs84"}}
    own, others = f"/api/hazards/{objects.hazards[home.path]}", f"/api/hazards/{objects.hazards[foreign.path]}"
    yield Ask(own, "PATCH", json={"version": 1, **moved})
    yield Ask(own, "PATCH", json={"version": 1, "title": "taken along", **moved})
    yield Ask(others, "PATCH", json={"version": 1, "title": "reached"})
    home_again = {"location": {"lon": _inside(home), "lat": 27.8, "datum": "wgs84"}}
    yield Ask(others, "PATCH", json={"version": 1, **home_again})


def _steps(objects, home, foreign):
    own, others = (objects.hazards[place.path] for place in (home, foreign))
    for action in ("file", "void", "assign", "request_listing", "lift_listing"):
        yield _step(action, others)
        # Neither alone nor among own ones; then the own one is not moved either.
        yield _step(action, own, others)


def _step(action, *hazards):
    targets = [{"id": str(each), "version": 1} for each in dict.fromkeys(hazards)]
    return Ask("/api/steps", "POST", json={"action": action, "reason": "reach", "hazards": targets})


def _steps_of_desk(objects, home, foreign):
    own, others = (objects.hazards[place.path] for place in (home, foreign))
    for chosen in dict.fromkeys((f"{others}:1", f"{own}:1")), [f"{others}:1"]:
        form = {"action": "file", "reason": "reach", "hazard": list(chosen)}
        yield Ask("/desk/steps", "POST", form=form, may_say=OFFICES)


def _step_of_case(hazard):
    form = {"action": "file", "reason": "reach", "version": "1"}
    return Ask(f"/cases/{hazard}/steps", "POST", form=form, may_say=OFFICES)


def _account_change(action, **form):
    return lambda objects, home, foreign: [Ask(f"/accounts/{objects.logins[foreign.path]}/{action}", "POST", form=form)]


def _change_of_account(objects, home, foreign):
    change = {"role": "supervisor", "area": foreign.word}
    yield Ask(f"/accounts/{objects.logins[foreign.path]}/change", "POST", form={**change, "area": home.word})
    yield Ask(f"/accounts/{objects.logins[home.path]}/change", "POST", form=change)


def _new_account(objects, home, foreign):
    for role in (Role.ADMINISTRATOR, Role.KIOSK):
        form = {"login": f"reach-{role.value.replace('_', '-')}", "role": role.value, "area": foreign.word}
        yield Ask("/accounts", "POST", form=form)


def _new_token(objects, home, foreign):
    form = {"label": "reach", "days": "1", "rights": "view_map"}
    yield Ask("/account/tokens", "POST", form={**form, "area": foreign.word})
    # The own area, but a right that no role of the matrix may put into a token.
    yield Ask("/account/tokens", "POST", form={**form, "rights": "manage_accounts"})


def _new_rule(objects, home, foreign):
    limit = {"limit_value": "9", "limit_unit": "work_day", "valid_from": "2026-07-01"}
    yield Ask("/rules", "POST", form={"category": "fire", "area": foreign.word, **limit}, may_say=OFFICES)


def _picture(objects, place):
    return f"/api/hazards/{objects.pictures[place.path]}"


def _new_picture(hazard):
    return Ask(f"/api/hazards/{hazard}/pictures/{MISSING_UUID}?kind=after", "PUT", raw=PIXEL)


def _new_webhook(objects, home, foreign):
    form = {"name": "reach", "url": "http://127.0.0.1:1/x", "area": foreign.word}
    yield Ask("/webhooks", "POST", form=form)


def _webhook_change(action):
    return lambda objects, home, foreign: [Ask(f"/webhooks/{objects.webhooks[foreign.path]}/{action}", "POST")]


_QUESTIONS = (
    {"layer": "hazards"},
    {"layer": "patrol_tracks", "group": ["time/day", "mode"]},
    {"layer": "hazards", "join": {"layer": "villages", "relation": "within"}, "group": ["partner"], "rate": "per_km2"},
    {"layer": "hazards", "join": {"layer": "facilities", "relation": "nearest", "k": 5}},
    {"layer": "facilities", "join": {"layer": "hazards", "relation": "distance", "distance_m": 50000}},
    {"layer": "grids", "join": {"layer": "grids", "relation": "intersects"}, "group": ["partner.code"]},
)
READS_BY_POST = {
    "questions.answer": lambda objects: [
        *(Ask("/api/questions/answer", "POST", json=each) for each in _QUESTIONS),
        *(Ask(f"/api/questions/answer?f={form}", "POST", json=_QUESTIONS[2]) for form in ("csv", "geojson")),
        *(Ask("/api/questions/answer", "POST", json={"layer": each}) for each in LAYERS),
    ],
    "sql.answer": lambda objects: [
        *(
            Ask("/api/sql", "POST", json={"statement": f"SELECT * FROM {layer.source}"})  # noqa: S608
            for layer in LAYERS.values()
        ),
        Ask("/api/sql", "POST", json={"statement": "SELECT ST_Extent(geom)::text, count(*) FROM hazard_map"}),
    ],
}
"""Routes that are asked by POST and change nothing."""


def _fixes_of(team, device):
    fix = {"recorded_at": "2026-06-14T13:00:00Z", "lon": 120.6, "lat": 27.8}
    body = {"id": str(uuid.uuid5(MISSING_UUID, device)), "device": device, "team": team, "fixes": [fix]}
    return Ask("/api/tracks/fixes", "POST", json=body, may_say=(team,))


def _track_file(team):
    rows = f"device,recorded_at,sequence,lon,lat,team_code\nfile,2026-06-14T13:00:00Z,1,120.6,27.8,{team}\n"
    return Ask("/api/tracks/files?format=csv&datum=wgs84", "POST", raw=rows.encode(), may_say=(team,))


def _fixes(objects, home, foreign):
    yield _fixes_of(mark(foreign, "team", "code", 0), "reach")


def _inspection(objects, place, state):
    """Return an inspection of an area in a state, any where there is none."""
    known = objects.inspections[place.path]
    return known.get(state, next(iter(known.values())))


def _plan_body(foreign, word):
    identity = str(uuid.uuid5(MISSING_UUID, f"{word} {foreign.word}"))
    return {"id": identity, "kind": "special", "area": foreign.word, "planned_for": "2026-06-16"}


def _inspection_step(each, action):
    bodies = {
        "begin": {},
        "cancel": {},
        "answers": {"note": "reach"},
        "findings": {
            **{name: value for name, value in report_in(WEST_VILLAGE).items() if name != "discovered_by"},
            "id": str(uuid.uuid5(MISSING_UUID, f"finding {each}")),
        },
    }
    return Ask(f"/api/inspections/{each}/{action}", "POST", json=bodies[action])


def _night_plan(foreign, word):
    identity = str(uuid.uuid5(MISSING_UUID, f"{word} {foreign.word}"))
    return {"id": identity, "area": foreign.word}


def _plan_step(each, action):
    bodies = {
        "edits": {"version": 1, "drop": []},
        "steps": {"version": 1, "step": "approve"},
        "restore": {"version": 1, "number": 1},
        "copies": {"id": str(uuid.uuid5(MISSING_UUID, f"copy {each}"))},
    }
    return Ask(f"/api/plans/{each}/{action}", "POST", json=bodies[action])


def _plan_change(action):
    return lambda objects, home, foreign: [_plan_step(objects.plans[foreign.path], action)]


def _import(objects, place, state):
    """Return an import of an area in a state, any where there is none."""
    known = objects.imports[place.path]
    return known.get(state, next(iter(known.values())))


def _piece(job):
    return Ask(f"/api/imports/{job}/content?offset=0", "PUT", raw=b"x")


def _import_step(job):
    return Ask(f"/api/imports/{job}/steps", "POST", json={"version": 1, "step": "cancel"})


def _new_import(objects, home, foreign):
    # An import lies where its account does: to reach for another area is to take the identifier of its import.
    body = {"id": str(_import(objects, foreign, "uploading")), "kind": "hazards", "file_name": "reach.csv", "size": 1}
    yield Ask("/api/imports", "POST", json=body)


PLAN_STEPS = {
    "plan_api.edit": "edits",
    "plan_api.take_step": "steps",
    "plan_api.restore": "restore",
    "plan_api.copy": "copies",
}


def _alert_changes(alert, rule):
    step = {"step": "escalate", "version": 1}
    return {
        "alert_api.take_step": Ask(f"/api/alerts/{alert}/steps", "POST", json=step),
        "alert_api.pause_rule": Ask(f"/api/alert-rules/{rule}/pause", "POST"),
        "alert_api.resume_rule": Ask(f"/api/alert-rules/{rule}/resume", "POST"),
        "alert_api.remove_rule": Ask(f"/api/alert-rules/{rule}", "DELETE"),
    }


def _alert_change(endpoint):
    return lambda objects, home, foreign: [
        _alert_changes(objects.alerts[foreign.path], objects.alert_rules[foreign.path])[endpoint]
    ]


def _new_alert_rule(objects, home, foreign):
    rule = {"name": "reach", "kind": "severity", "severity": "low", "area": foreign.word}
    said = (f"'{foreign.word}'", f"&#39;{foreign.word}&#39;")
    yield Ask("/api/alert-rules", "POST", json=rule, may_say=said)


def _steering(objects, home, foreign):
    said = (f"'{foreign.word}'", f"&#39;{foreign.word}&#39;")
    yield Ask("/api/wall/command", "POST", json={"scene": str(objects.scenes[foreign.path]), "paused": True})
    yield Ask("/api/wall/command", "POST", json={"area": foreign.word}, may_say=said)


SCENE = {"name": "reach", "view": {"layers": ["hazards"]}}


def _new_scene(objects, home, foreign):
    said = (f"'{foreign.word}'", f"&#39;{foreign.word}&#39;")
    yield Ask("/api/scenes", "POST", json={**SCENE, "area": foreign.word}, may_say=said)


def _scene_changes(scene):
    return {
        "scenes.change": Ask(f"/api/scenes/{scene}", "PUT", json={**SCENE, "name": "reached", "version": 1}),
        "scenes.remove": Ask(f"/api/scenes/{scene}", "DELETE"),
    }


def _scene_change(endpoint):
    return lambda objects, home, foreign: [_scene_changes(objects.scenes[foreign.path])[endpoint]]


def _inspection_change(action, state):
    return lambda objects, home, foreign: [_inspection_step(_inspection(objects, foreign, state), action)]


INSPECTION_STEPS = {
    "inspection_api.begin": ("begin", "planned"),
    "inspection_api.cancel": ("cancel", "planned"),
    "inspection_api.store_answers": ("answers", "under_way"),
    "inspection_api.add_finding": ("findings", "under_way"),
}


def _facility(place):
    shape = {"type": "Point", "coordinates": [_inside(place), 27.8]}
    fields = {"kind": "school", "name_zh": "reach"}
    said = (str(_inside(place)),)
    return {"type": "Feature", "geometry": shape, "properties": fields}, said


def _new_feature(objects, home, foreign):
    body, said = _facility(foreign)
    yield Ask("/ogc/collections/facilities/items", "POST", json=body, may_say=said)


def _feature_change(method):
    def asks(objects, home, foreign):
        body, said = _facility(home)
        yield Ask(_facility_of(objects, foreign), method, json=None if method == "DELETE" else body, may_say=said)

    return asks


def _facility_of(objects, place):
    return f"/ogc/collections/facilities/items/{objects.features['facilities'][place.path]}"


FEATURE_CHANGES = {"ogc_changes.replace": "PUT", "ogc_changes.update": "PATCH", "ogc_changes.remove": "DELETE"}
CHANGES = {
    "questions.keep": lambda objects, home, foreign: [
        Ask(
            "/api/questions",
            "POST",
            json={
                **{"id": objects.questions[foreign.path].partition("/")[0], "title": "reach"},
                **{"is_shared": True, "question": {"layer": "hazards"}},
            },
        )
    ],
    "questions.forget": lambda objects, home, foreign: [
        Ask(f"/api/questions/{objects.questions[foreign.path].partition('/')[0]}", "DELETE")
    ],
    "ogc_changes.create": _new_feature,
    **{endpoint: _feature_change(method) for endpoint, method in FEATURE_CHANGES.items()},
    "inspections.plan": lambda objects, home, foreign: [
        Ask("/inspections", "POST", form=_plan_body(foreign, "form"), may_say=OFFICES)
    ],
    "inspection_api.plan": lambda objects, home, foreign: [
        Ask(
            "/api/inspections",
            "POST",
            json=_plan_body(foreign, "json"),
            may_say=(f"'{foreign.word}'", f"&#39;{foreign.word}&#39;"),
        )
    ],
    **{endpoint: _inspection_change(*step) for endpoint, step in INSPECTION_STEPS.items()},
    "plans.make": lambda objects, home, foreign: [
        Ask(
            "/plans",
            "POST",
            form={**_night_plan(foreign, "form"), "night": "2026-06-14", "starts": "20:00", "ends": "23:00"},
            may_say=(f"'{foreign.word}'", f"&#39;{foreign.word}&#39;"),
        )
    ],
    "plan_api.make": lambda objects, home, foreign: [
        Ask(
            "/api/plans",
            "POST",
            json={
                **_night_plan(foreign, "json"),
                "starts_at": "2026-06-14T12:00:00Z",
                "ends_at": "2026-06-14T15:00:00Z",
                "seconds": 0.2,
            },
            may_say=(f"'{foreign.word}'", f"&#39;{foreign.word}&#39;"),
        )
    ],
    **{endpoint: _plan_change(action) for endpoint, action in PLAN_STEPS.items()},
    "wall.steer": _steering,
    "alert_api.add_rule": _new_alert_rule,
    **{endpoint: _alert_change(endpoint) for endpoint in _alert_changes("", "")},
    "shifts.withdraw_mark": lambda objects, home, foreign: [
        Ask(f"/api/shifts/marks/{objects.marks[foreign.path]}", "DELETE")
    ],
    "scenes.add": _new_scene,
    **{endpoint: _scene_change(endpoint) for endpoint in _scene_changes("")},
    "import_api.begin": _new_import,
    "import_api.receive": lambda objects, home, foreign: [_piece(_import(objects, foreign, "uploading"))],
    "import_api.take_step": lambda objects, home, foreign: [_import_step(_import(objects, foreign, "uploaded"))],
    "pictures.add": lambda objects, home, foreign: [_new_picture(objects.hazards[foreign.path])],
    "pictures.withdraw": lambda objects, home, foreign: [Ask(_picture(objects, foreign), "DELETE")],
    "tracks.receive_fixes": _fixes,
    "tracks.receive_file": lambda objects, home, foreign: [_track_file(mark(foreign, "team", "code", 0))],
    "professionals.assign": lambda objects, home, foreign: [
        Ask(
            "/professionals",
            "POST",
            form={"village": foreign.word, "profession": "judge", "count": "1"},
            may_say=(f'value="{foreign.word}"', f"&#39;{foreign.word}&#39;", f"'{foreign.word}'"),
        )
    ],
    "webhooks.add": _new_webhook,
    "webhooks.pause": _webhook_change("pause"),
    "webhooks.resume": _webhook_change("resume"),
    "webhooks.remove": _webhook_change("remove"),
    "closed_loop.take_step": _steps,
    "cases.desk_step": _steps_of_desk,
    "rules.add": _new_rule,
    "rules.end": lambda objects, home, foreign: [Ask("/rules/1/end", "POST", form={"x": "1"})],
    "cases.case_step": lambda objects, home, foreign: [_step_of_case(objects.hazards[foreign.path])],
    "hazards.report_hazard": lambda objects, home, foreign: [Ask("/api/hazards", "POST", json=report_in(foreign))],
    "hazards.correct_hazard": _corrections,
    "account.create_token": _new_token,
    "account.revoke_token": lambda objects, home, foreign: [
        Ask(f"/account/tokens/{objects.tokens[foreign.path]}/revoke", "POST", form={"x": "1"})
    ],
    "account.change_password": lambda objects, home, foreign: [
        Ask("/account/password", "POST", form={"old": "not this one", "new": "x" * 20, "again": "x" * 20})
    ],
    "accounts.create": _new_account,
    "accounts.change": _change_of_account,
    "accounts.disable": _account_change("disable"),
    "accounts.enable": _account_change("enable"),
    "accounts.reset_password": _account_change("password"),
    "accounts.end_log_ins": _account_change("end"),
}
"""How each route that changes something is turned against another area; none of these may be accepted."""
REACH_NOBODY = {
    "shifts.withdraw_mark": "the mark is another account's, also within the own area",
    "questions.keep": "the question is another account's, also within the own area",
    "questions.forget": "the question is another account's, also within the own area",
    "import_api.begin": "the identifier is one that another import has",
    "account.change_password": "the old password is a wrong one",
    "plans.make": "no street lies near the village's hotspots, so there is nothing to plan for",
    "plan_api.make": "no street lies near the village's hotspots, so there is nothing to plan for",
    "account.revoke_token": "the token is another account's, also within the own area",
    "rules.add": "rules hold for the whole city and are the city's alone",
    "rules.end": "rules hold for the whole city and are the city's alone",
}
"""Routes whose recipe is refused in the own area too, and why."""
OWN_ONLY = {
    "shifts.add_entry": Ask("/api/shifts/entries", "POST", json={"id": str(MISSING_UUID), "words": "x"}),
    "shifts.add_mark": Ask(
        "/api/shifts/marks",
        "POST",
        json={"id": str(MISSING_UUID), "geometry": {"type": "Point", "coordinates": [120.6, 27.8]}},
    ),
    "log_in.log_in": Ask("/login", "POST", form={"login": "reach", "password": PASSWORD}),
    "log_in.log_out": Ask("/logout", "POST"),
    "screening.screen": Ask("/api/screenings", "POST", json={"texts": {"title": "x"}}),
    "notices.mark_read": Ask("/notices/read", "POST", form={"upto": "0"}),
}
"""Routes that change the caller's own log-in and name nothing else: there is nothing foreign to reach for."""


def named_objects(objects, foreign):
    """Return requests by route for a thing of another area and for one that is not there, for routes that name one."""
    hazard, login, token = (kind[foreign.path] for kind in (objects.hazards, objects.logins, objects.tokens))
    correction = {"version": 1, "title": "x"}
    pairs = {
        "tiles.feature": [
            (Ask(f"/features/{layer}/{by_area[foreign.path]}"), Ask(f"/features/{layer}/{_missing(layer)}"))
            for layer, by_area in objects.features.items()
            if foreign.path in by_area
        ],
        "ogc.item": [
            (
                Ask(f"/ogc/collections/{layer}/items/{by_area[foreign.path]}"),
                Ask(f"/ogc/collections/{layer}/items/{_missing(layer)}"),
            )
            for layer, by_area in objects.features.items()
            if foreign.path in by_area
        ],
        "hazards.one_hazard": [(Ask(f"/api/hazards/{hazard}"), Ask(f"/api/hazards/{MISSING_UUID}"))],
        "teams.one": [tuple(Ask(f"/teams/{each}") for each in (mark(foreign, "team", "code", 0), "nowhere-at-all"))],
        "coverage.village": [tuple(Ask(f"/villages/{each}") for each in (foreign.word, "nowhere-at-all"))],
        "closed_loop.one_case": [tuple(Ask(f"/api/hazards/{each}/case") for each in (hazard, MISSING_UUID))],
        "cases.one_case": [tuple(Ask(f"/cases/{each}") for each in (hazard, MISSING_UUID))],
        "cases.case_step": [tuple(_step_of_case(each) for each in (hazard, MISSING_UUID))],
        "closed_loop.take_step": [tuple(_step("file", each) for each in (hazard, MISSING_UUID))],
        "hazards.correct_hazard": [
            tuple(Ask(f"/api/hazards/{each}", "PATCH", json=correction) for each in (hazard, MISSING_UUID))
        ],
        "account.revoke_token": [
            tuple(Ask(f"/account/tokens/{each}/revoke", "POST") for each in (token, MISSING_UUID))
        ],
    }
    for endpoint, ending in (("one", ""), ("as_geojson", ".geojson"), ("as_table", ".csv")):
        maps = (uuid.UUID(map_of(foreign)), MISSING_UUID)
        pairs[f"hotspots.{endpoint}"] = [tuple(Ask(f"/api/hotspots/{each}{ending}") for each in maps)]
    for endpoint, action in _ACCOUNT_ACTIONS.items():
        form = {"role": "supervisor"} if action == "change" else {}
        pairs[endpoint] = [
            tuple(Ask(f"/accounts/{each}/{action}", "POST", form=form) for each in (login, "nobody-at-all"))
        ]
    pairs["pictures.add"] = [tuple(_new_picture(each) for each in (hazard, MISSING_UUID))]
    for endpoint, method in (("content", "GET"), ("withdraw", "DELETE")):
        missing = f"/api/hazards/{MISSING_UUID}/pictures/{MISSING_UUID}"
        pairs[f"pictures.{endpoint}"] = [tuple(Ask(each, method) for each in (_picture(objects, foreign), missing))]
    inspection = _inspection(objects, foreign, "under_way")
    pairs["inspections.one"] = [tuple(Ask(f"/inspections/{each}") for each in (inspection, MISSING_UUID))]
    pairs["inspection_api.one"] = [tuple(Ask(f"/api/inspections/{each}") for each in (inspection, MISSING_UUID))]
    for endpoint, (action, _) in INSPECTION_STEPS.items():
        pairs[endpoint] = [tuple(_inspection_step(each, action) for each in (inspection, MISSING_UUID))]
    question, missing = objects.questions[foreign.path], f"{MISSING_UUID}/answers/1"
    whole = [each.partition("/")[0] for each in (question, missing)]
    pairs["questions.kept_answer"] = [tuple(Ask(f"/api/questions/{each}") for each in (question, missing))]
    pairs["questions.one"] = [tuple(Ask(f"/api/questions/{each}") for each in whole)]
    pairs["questions.forget"] = [tuple(Ask(f"/api/questions/{each}", "DELETE") for each in whole)]
    for endpoint, ending in (
        ("imports.one", ""),
        ("import_api.one", ""),
        ("import_api.preview", "/preview"),
        ("import_api.refused_rows", "/refused.csv"),
        ("import_api.events", "/events"),
    ):
        root = "/imports" if endpoint.startswith("imports") else "/api/imports"
        named = (_import(objects, foreign, "uploading"), MISSING_UUID)
        pairs[endpoint] = [tuple(Ask(f"{root}/{each}{ending}") for each in named)]
    pairs["import_api.receive"] = [tuple(_piece(each) for each in named)]
    pairs["import_api.take_step"] = [tuple(_import_step(each) for each in named)]
    plan = objects.plans[foreign.path]
    pairs["plans.one"] = [tuple(Ask(f"/plans/{each}") for each in (plan, MISSING_UUID))]
    pairs["plans.beside"] = [tuple(Ask(f"/plans/{each}/beside/{each}") for each in (plan, MISSING_UUID))]
    pairs["team_routes.route"] = [tuple(Ask(f"/routes/{each}") for each in (objects.routes[foreign.path], MISSING_ID))]
    sheets = (objects.routes[foreign.path], MISSING_ID)
    pairs["team_routes.sheet"] = [tuple(Ask(f"/routes/{each}/sheet.pdf") for each in sheets)]
    pairs["plan_api.fits"] = [tuple(Ask(f"/api/plans/{each}/fits/S001") for each in (plan, MISSING_UUID))]
    pairs["plan_api.one"] = [tuple(Ask(f"/api/plans/{each}") for each in (plan, MISSING_UUID))]
    pairs["plan_api.as_file"] = [tuple(Ask(f"/api/plans/{each}/file.gpx") for each in (plan, MISSING_UUID))]
    for endpoint, action in PLAN_STEPS.items():
        pairs[endpoint] = [tuple(_plan_step(each, action) for each in (plan, MISSING_UUID))]
    own_alert = (objects.alerts[foreign.path], objects.alert_rules[foreign.path])
    pairs["alert_api.one"] = [tuple(Ask(f"/api/alerts/{each}") for each in (own_alert[0], MISSING_UUID))]
    for endpoint in _alert_changes("", ""):
        asked = (own_alert, (MISSING_UUID, MISSING_ID))
        pairs[endpoint] = [tuple(_alert_changes(*each)[endpoint] for each in asked)]
    scenes = (objects.scenes[foreign.path], MISSING_UUID)
    pairs["shifts.withdraw_mark"] = [
        tuple(Ask(f"/api/shifts/marks/{each}", "DELETE") for each in (objects.marks[foreign.path], MISSING_ID))
    ]
    pairs["scenes.one"] = [tuple(Ask(f"/api/scenes/{each}") for each in scenes)]
    for endpoint in _scene_changes(""):
        pairs[endpoint] = [tuple(_scene_changes(each)[endpoint] for each in scenes)]
    missing = f"/ogc/collections/facilities/items/{MISSING_ID}"
    for endpoint, method in FEATURE_CHANGES.items():
        body = None if method == "DELETE" else _facility(foreign)[0]
        both = (_facility_of(objects, foreign), missing)
        pairs[endpoint] = [tuple(Ask(each, method, json=body) for each in both)]
    for action in ("pause", "resume", "remove"):
        hooks = (objects.webhooks[foreign.path], MISSING_ID)
        pairs[f"webhooks.{action}"] = [tuple(Ask(f"/webhooks/{each}/{action}", "POST") for each in hooks)]
    return pairs


_ACCOUNT_ACTIONS = {
    "accounts.change": "change",
    "accounts.disable": "disable",
    "accounts.enable": "enable",
    "accounts.reset_password": "password",
    "accounts.end_log_ins": "end",
}
NAMES_NO_OBJECT = {
    "layer_exports.export": "a layer, the same for everybody",
    **dict.fromkeys(
        (f"ogc.{name}" for name in ("collection", "queryables", "schema", "items")),
        "a layer, the same for everybody",
    ),
    **dict.fromkeys(
        (f"ogc_tiles.{name}" for name in ("tilesets", "tileset", "tile")),
        "a layer, the same for everybody",
    ),
    "ogc_changes.create": "a layer, the same for everybody",
    "tiles.tile": "an address of the map; a foreign tile equals an empty one, which has a test of its own",
    "tiles.whole_layer": "a layer, the same for everybody",
    "published.as_json": "a month, the same for everybody",
    "published.as_csv": "a month, the same for everybody",
    "rules.end": "a rule of the whole city, the same for everybody",
    "basemaps.tile": "a file of the operator's, the same for everybody",
    "basemaps.file": "a file of the operator's, the same for everybody",
    "static_files.static_file": "a file of the product",
    "static_files.versioned_file": "a file of the product",
}
"""Routes with arguments that are no thing of an area, and why."""
