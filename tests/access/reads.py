"""What every route that changes nothing is asked, by everybody.

A route that stands neither here nor among the changes fails the matrix.
"""

import itertools
from urllib.parse import parse_qsl, urlencode

from tests.access.asks import (
    ASKED_FOR,
    LAYERS,
    LONS,
    MISSING_ID,
    MISSING_UUID,
    OFFICES,
    OWN_OFFICE,
    WINDOW,
    ZOOMS,
    Ask,
    asks_of,
    dataset_asks,
    datasets_of,
    features_of,
    hazards_of,
    imports_of,
    inspections_of,
    plans_of,
    published_asks,
    scenes_of,
    tile_path,
    tiles_of,
)
from tests.access.changes import picture_of
from tests.access.places import CITY, EAST, EAST_VILLAGE, WEST, WEST_SIBLING, WEST_VILLAGE, mark
from tests.access.planted_city import MAP_RUN

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


def _both(*recipes):
    return lambda objects: [each for recipe in recipes for each in recipe(objects)]


READS = {
    "workspace_page.page": asks_of("/workspace", "/workspace?lang=en"),
    "workspace_api.listed": asks_of("/api/workspace"),
    "workspace_api.one": lambda objects: [Ask(f"/api/workspace/{each}") for each in datasets_of(objects)],
    "map_page.command_map": asks_of("/?lang=zh", "/?lang=en"),
    "tiles.tile": tiles_of,
    "tiles.whole_layer": lambda objects: [Ask(f"/layers/{layer}.json?{WINDOW}") for layer in LAYERS],
    "tiles.feature": features_of,
    "layer_exports.export": lambda objects: [
        Ask(f"/api/layers/{layer}/export?format={kind}", may_say=(f"{layer}.{kind}",))
        for kind, layers in (
            ("csv", (*LAYERS, *(f"ws-{each}" for each in datasets_of(objects)))),
            ("geojson", SOME_LAYERS),
        )
        for layer in layers
    ],
    "question_page.page": asks_of("/questions", "/questions?lang=en"),
    "sql.page": asks_of("/sql", "/sql?lang=en"),
    "questions.listed": asks_of("/api/questions"),
    "questions.one": lambda objects: [
        Ask(f"/api/questions/{each.partition('/')[0]}") for each in objects.questions.values()
    ],
    "questions.kept_answer": lambda objects: [Ask(f"/api/questions/{each}") for each in objects.questions.values()],
    "ogc.landing": asks_of("/ogc", "/ogc?f=html"),
    "ogc.api": asks_of("/ogc/api"),
    "qgis.project": asks_of("/ogc/project.qgs"),
    "ogc.conformance": asks_of("/ogc/conformance"),
    "ogc.functions": asks_of("/ogc/functions"),
    "ogc_tiles.tile_matrix_sets": asks_of("/ogc/tileMatrixSets"),
    "ogc.collections": asks_of("/ogc/collections", "/ogc/collections?f=html"),
    "ogc.collection": _both(_of_collections("", "?f=html"), dataset_asks("")),
    "ogc.queryables": _both(_of_collections("/queryables", layers=SOME_LAYERS), dataset_asks("/queryables")),
    "ogc.schema": _both(_of_collections("/schema", layers=SOME_LAYERS), dataset_asks("/schema")),
    "ogc_tiles.tilesets": _both(_of_collections("/tiles", layers=SOME_LAYERS), dataset_asks("/tiles")),
    "ogc_tiles.tileset": _both(
        _of_collections("/tiles/WebMercatorQuad?f=tilejson", layers=SOME_LAYERS),
        dataset_asks("/tiles/WebMercatorQuad?f=tilejson"),
    ),
    "ogc_tiles.tile": lambda objects: [
        Ask("/ogc/collections/{0}/tiles/WebMercatorQuad/{1}/{3}/{2}?{4}".format(*parts.split("/"), WINDOW))
        for parts in (
            tile_path(layer, zoom, lon).removeprefix("/tiles/").removesuffix(".mvt")
            for layer in (*LAYERS, *(f"ws-{each}" for each in datasets_of(objects)))
            for zoom in ZOOMS[-2:]
            for lon in LONS
        )
    ],
    "ogc.items": _both(
        _of_collections(
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
        dataset_asks("/items", "/items?f=html", "/items?mark=x"),
    ),
    "ogc.item": lambda objects: [
        *(
            Ask(f"/ogc/collections/{layer}/items/{identity}{form}")
            for layer, by_area in objects.features.items()
            for identity in by_area.values()
            for form in ("", "?f=html")
        ),
        *(Ask(f"/ogc/collections/ws-{each}") for each in objects.datasets.values()),
    ],
    "api.kpi": asks_of("/api/kpi", f"/api/kpi?{WINDOW}", *(f"/api/kpi?night=2026-06-{day:02}" for day in range(4, 15))),
    "api.find": asks_of(
        *(
            f"/api/search?{urlencode({'q': words, 'lang': language})}"
            for words in ("kanar", "kanareast", "kanarev", "kanarwvtwo", "facility.name", "塘下")
            for language in ("zh", "en")
        )
    ),
    "api.health": asks_of("/api/health"),
    "hazards.list_hazards": asks_of(
        "/api/hazards",
        f"/api/hazards?{WINDOW}&limit=3",
        f"/api/hazards?{WINDOW}&bbox=120.7,27.7,120.9,27.9",
        f"/api/hazards?{WINDOW}&bbox=120.5,27.7,120.9,27.9&after=2026-06-14T04:00:00Z_{MISSING_UUID}",
    ),
    "hazards.export_hazards": lambda objects: [
        Ask(f"/api/hazards.csv?{WINDOW}"),
        Ask(f"/api/hazards.csv?{WINDOW}&bbox=120.7,27.7,120.9,27.9", may_say=("bbox=120.7%2C27.7%2C120.9",)),
    ],
    "hazards.one_hazard": lambda objects: [Ask(f"/api/hazards/{each}") for each in hazards_of(objects)],
    "closed_loop.queue": lambda objects: [
        *(Ask(f"/api/queue{query}", may_say=OWN_OFFICE) for query in ("", "?limit=3", "?asks=extension", "?unit=own")),
        *(
            Ask(f"/api/queue?{name}={EAST_VILLAGE.word}", may_say=(f"{name}={EAST_VILLAGE.word}&amp;",))
            for name in ("q", "village", "unit", "category")
        ),
    ],
    "closed_loop.one_case": lambda objects: [
        Ask(f"/api/hazards/{each}/case", may_say=OWN_OFFICE) for each in hazards_of(objects)
    ],
    "cases.desk": lambda objects: [
        *(Ask(f"/desk{query}", may_say=OFFICES) for query in ("", "?lang=en&limit=3", "?asks=extension", "?unit=own")),
        *(
            Ask(f"/desk?{name}={place.word}", may_say=(*OFFICES, f"{name}={place.word}", f'value="{place.word}"'))
            for name in ("q", "village", "unit")
            for place in (EAST_VILLAGE,)
        ),
    ],
    "cases.tasks": asks_of("/tasks", "/tasks?lang=en"),
    "cases.one_case": lambda objects: [
        Ask(f"/cases/{each}?lang={language}", may_say=OFFICES)
        for each in hazards_of(objects)
        for language in ("zh", "en")
    ],
    "published.page": published_asks("/published?month=2026-05", "/published?lang=en"),
    "published.as_json": published_asks("/api/published/2026-05.json", "/api/published/2026-04.json?lang=en"),
    "published.as_csv": published_asks("/api/published/2026-05.csv", "/api/published/2026-05.csv?lang=en"),
    "kpis.page": asks_of("/kpis?period=2026-06", "/kpis?lang=en&period=2026-05&by=village&rank=closing_rate"),
    "kpis.as_json": asks_of(*(f"/api/kpis?{WINDOW}&by={level}&category={code}" for level, code in _KPI_FILTERS)),
    "kpis.as_table": asks_of(*(f"/api/kpis.csv?{WINDOW}&by={level}" for level in ("township", "village"))),
    "kpis.cases": lambda objects: [
        Ask(f"/kpis/cases?{WINDOW}&by={level}&kpi=overdue&part=denominator{area}", may_say=(area.strip("&"),))
        for level in ("township", "village")
        for area in ("&lang=en", f"&area={EAST.word}", f"&area={EAST_VILLAGE.word}", "&area=-")
    ],
    "patrols.page": asks_of("/patrols", "/patrols?lang=en&night=2026-06-12"),
    "patrols.replay": asks_of(*(f"/api/patrols/replay?night=2026-06-{day:02}&lang=en" for day in range(4, 15))),
    "teams.actual": lambda objects: [
        Ask("/patrols/actual"),
        *(Ask(f"/patrols/actual?lang=en&night=2026-06-{day:02}") for day in range(4, 15)),
    ],
    "teams.actual_as_json": asks_of(*(f"/api/patrols/actual?night=2026-06-{day:02}" for day in range(4, 15))),
    "teams.actual_as_table": asks_of(
        *(f"/api/patrols/actual.csv?lang=en&night=2026-06-{day:02}" for day in range(4, 15))
    ),
    "teams.listed": asks_of("/teams", "/teams?lang=en"),
    "teams.one": lambda objects: [
        Ask(f"/teams/{code}?lang={language}", may_say=(f"/teams/{code}?",))
        for place in (CITY, WEST, *ASKED_FOR)
        for code in (mark(place, "team", "code", 0),)
        for language in ("zh", "en")
    ],
    "track_pages.form": asks_of("/tracks", "/tracks?lang=en"),
    "coverage.page": asks_of(
        "/coverage", *(f"/coverage?lang=en&kind={kind}&by={level}&night=2026-06-12" for kind, level in _COVERAGE_ASKED)
    ),
    "coverage.as_json": asks_of(
        *(f"/api/coverage?kind={kind}&by={level}&night=2026-06-12" for kind, level in _COVERAGE_ASKED),
        "/api/coverage?kind=month&by=grid&night=2026-06-12&shift=night&mode=foot&team=grid",
    ),
    "coverage.as_table": asks_of(
        *(f"/api/coverage.csv?kind={kind}&by={level}&night=2026-06-12" for kind, level in _COVERAGE_ASKED)
    ),
    "coverage.as_geojson": asks_of(
        *(f"/api/coverage.geojson?kind={kind}&by={level}&night=2026-06-12" for kind, level in _COVERAGE_ASKED)
    ),
    "coverage.village": lambda objects: [
        Ask(f"/villages/{place.word}?lang={language}", may_say=(f"/villages/{place.word}?",))
        for place in (WEST_VILLAGE, WEST_SIBLING, EAST_VILLAGE)
        for language in ("zh", "en")
    ],
    "rules.page": lambda objects: [Ask(each, may_say=OFFICES) for each in ("/rules", "/rules?lang=en")],
    "pictures.content": lambda objects: [
        Ask(f"{picture_of(objects, place)}{size}")
        for place in (CITY, WEST, *ASKED_FOR)
        if place.path in objects.pictures
        for size in ("", "?size=thumbnail")
    ],
    "professionals.page": asks_of("/professionals", "/professionals?lang=en"),
    "professionals.as_json": asks_of("/api/professionals"),
    "report.page": asks_of("/report", "/report?lang=en"),
    "inspections.page": lambda objects: [
        *(
            Ask(f"/inspections{query}", may_say=OWN_OFFICE)
            for query in ("", "?lang=en&state=under_way", "?kind=monthly")
        ),
        Ask(f"/inspections?area={EAST.word}", may_say=(f'value="{EAST.word}"', f"area={EAST.word}&amp;")),
    ],
    "inspections.one": lambda objects: [
        Ask(f"/inspections/{each}?lang={language}", may_say=OWN_OFFICE)
        for each in inspections_of(objects)
        for language in ("zh", "en")
    ],
    "plans.page": asks_of("/plans", "/plans?lang=en"),
    "plans.one": lambda objects: [Ask(f"/plans/{each}?lang=en") for each in plans_of(objects)],
    "plans.beside": lambda objects: [Ask(f"/plans/{each}/beside/{each}") for each in plans_of(objects)],
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
    "imports.page": asks_of("/imports", "/imports?lang=en"),
    "imports.one": lambda objects: [Ask(f"/imports/{each}?lang=en") for each in imports_of(objects)],
    "import_api.list_imports": asks_of("/api/imports"),
    "import_api.one": lambda objects: [Ask(f"/api/imports/{each}") for each in imports_of(objects)],
    # Each look reads a file in a sandbox: one of each township is enough.
    "import_api.preview": lambda objects: [
        Ask(f"/api/imports/{objects.imports[place.path]['uploaded']}/preview") for place in (WEST_VILLAGE, EAST)
    ],
    "import_api.refused_rows": lambda objects: [
        Ask(f"/api/imports/{each}/refused.csv") for each in imports_of(objects)
    ],
    "import_api.events": lambda objects: [
        Ask(f"/api/imports/{each}/events", is_stream=True) for each in imports_of(objects)
    ],
    "plan_api.list_plans": asks_of("/api/plans"),
    "plan_api.one": lambda objects: [Ask(f"/api/plans/{each}") for each in plans_of(objects)],
    "plan_api.as_file": lambda objects: [
        Ask(f"/api/plans/{each}/file.{kind}") for each in plans_of(objects) for kind in ("gpx", "kml", "geojson", "ics")
    ],
    "inspection_api.list_inspections": lambda objects: [
        Ask(f"/api/inspections{query}", may_say=OWN_OFFICE)
        for query in ("", f"?area={EAST_VILLAGE.word}", "?from=2026-05-01")
    ],
    "inspection_api.one": lambda objects: [
        Ask(f"/api/inspections/{each}", may_say=OWN_OFFICE) for each in inspections_of(objects)
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
    "duties.as_json": asks_of("/api/duties", "/api/duties?lang=en&duty=monthly_inspection&state=missed"),
    "duties.as_table": asks_of("/api/duties.csv", "/api/duties.csv?lang=en&state=missed"),
    "duty_map.as_geojson": asks_of("/api/duties.geojson", "/api/duties.geojson?lang=en&duty=monthly_inspection"),
    "notices.page": asks_of("/notices", "/notices?lang=en"),
    "notices.unread": asks_of("/api/notices/unread"),
    "webhooks.page": asks_of("/webhooks", "/webhooks?lang=en"),
    "hotspots.runs": asks_of("/api/hotspots", "/api/hotspots?group=fire&lang=en"),
    "hotspots.one": lambda objects: [
        *(Ask(f"/api/hotspots/{MAP_RUN}?lang={language}{method}") for language in ("zh", "en") for method in _METHODS),
        Ask(f"/api/hotspots/{MISSING_UUID}"),
    ],
    "hotspots.page": asks_of("/hotspots", f"/hotspots?lang=en&run={MAP_RUN}&compare=count_so_far", "/hotspots?guard=1"),
    "hotspots.trial": asks_of("/api/hotspots/trial?guard=1", "/api/hotspots/trial?severity=low&method=near_repeat"),
    "hotspots.as_geojson": asks_of(f"/api/hotspots/{MAP_RUN}.geojson"),
    "hotspots.as_table": asks_of(f"/api/hotspots/{MAP_RUN}.csv", f"/api/hotspots/{MAP_RUN}.csv?lang=en"),
    "ratings.page": asks_of("/ratings", "/ratings?lang=en&weight_complaints=50"),
    "ratings.as_json": asks_of("/api/ratings"),
    "events.events": lambda objects: [Ask("/api/events", is_stream=True), Ask("/api/events?after=0", is_stream=True)],
    "log_in.page": asks_of("/login", "/login?lang=en&next=/accounts", "/login?changed=1"),
    "provider_log_in.leave": asks_of("/login/provider", "/login/provider?next=/accounts"),
    "provider_log_in.come_back": asks_of("/login/callback", "/login/callback?code=x&state=y"),
    "account.page": asks_of("/account", "/account?lang=en"),
    "accounts.page": asks_of("/accounts", "/accounts?lang=en"),
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
    "alerts.rules": asks_of("/alert-rules", "/alert-rules?lang=en"),
    "alert_api.list_alerts": lambda objects: [Ask("/api/alerts", may_say=OWN_OFFICE)],
    "alert_api.one": lambda objects: [
        Ask(f"/api/alerts/{each}", may_say=OWN_OFFICE)
        for each in [*(objects.alerts[place.path] for place in (CITY, WEST, *ASKED_FOR)), MISSING_UUID]
    ],
    "alert_api.list_rules": asks_of("/api/alert-rules"),
    "wall.page": lambda objects: [Ask(f"/wall?lang={each}", may_say=OWN_OFFICE) for each in ("zh", "en")],
    "wall.shown": lambda objects: [Ask("/api/wall", may_say=OWN_OFFICE)],
    "wall.remote": asks_of("/wall/remote", "/wall/remote?lang=en"),
    "map_page.configuration": asks_of("/api/map?lang=zh", "/api/map?lang=en"),
    "basemaps.tile": asks_of("/basemap/city/0/0/0", "/basemap/none/1/0/0"),
    "basemaps.file": asks_of("/basemap/city.pmtiles", "/basemap/none.pmtiles"),
    "surroundings.nearest": lambda objects: [
        # A team is told with the office above it, as the desk is.
        Ask(f"/api/nearest?lon=120.555&lat=27.8{mode}", may_say=OWN_OFFICE)
        for mode in ("", "&mode=foot")
    ],
    "surroundings.isochrones": asks_of("/api/isochrones?lon=120.555&lat=27.8&minutes=5"),
    "surroundings.inside": asks_of(
        f"/api/inside?polygon=120.5,27.7;120.9,27.7;120.9,27.9;120.5,27.9&{WINDOW}",
        f"/api/inside?circle=120.75,27.8,20000&{WINDOW}&lang=en",
    ),
    "shifts.page": asks_of(*(f"/shift?lang=en&day=2026-06-{day:02}&shift=day" for day in (1, 14, 15))),
    "shifts.log": asks_of(
        *(f"/api/shifts/log?day=2026-06-{day:02}&shift={name}" for day in range(1, 16) for name in ("day", "night"))
    ),
    "scenes.list_scenes": asks_of("/api/scenes", "/api/scenes?wall=1&lang=en"),
    "scenes.one": lambda objects: [Ask(f"/api/scenes/{each}") for each in scenes_of(objects)],
    "openapi.document": asks_of("/api/openapi.json"),
    "static_files.static_file": asks_of("/static/js/main.js"),
    "static_files.versioned_file": asks_of("/static/~0/js/main.js"),
    "static_files.favicon": asks_of("/favicon.ico"),
}
"""What is read through each route, by everybody."""
WITHOUT_A_PROVIDER = frozenset({"provider_log_in.leave", "provider_log_in.come_back"})
"""Routes that are not there unless an identity provider is set; tests/web/test_provider_log_in.py sets one."""


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
