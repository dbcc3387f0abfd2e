"""What is asked of a route, and the planted objects that it is asked about."""

import base64
import math
import uuid
from dataclasses import dataclass, field

from sqlalchemy import text

from gis_app import paths
from gis_app.rendering.layer_spec import load_layers
from tests.access.places import CITY, EAST, EAST_SIBLING, EAST_VILLAGE, WEST, WEST_SIBLING, WEST_VILLAGE, mark

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
    datasets: dict
    """Id and the number of a feature."""


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
        datasets=one_of_each("SELECT scope_path, min(dataset_id || '/items/' || id) FROM workspace_feature GROUP BY 1"),
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


def tiles_of(objects):
    nights = ("", "&night=2026-06-12", "&night=2026-06-10")
    for layer in LAYERS.values():
        for zoom in ZOOMS:
            for lon in LONS:
                for night in nights if layer.night_column and zoom > 7 else nights[:1]:
                    yield Ask(f"{tile_path(layer.id, zoom, lon)}?{WINDOW}{night}")


def features_of(objects):
    for layer, by_area in objects.features.items():
        for place in ASKED_FOR:
            if place.path in by_area:
                for language in ("zh", "en"):
                    yield Ask(f"/features/{layer}/{by_area[place.path]}?lang={language}")
        yield Ask(f"/features/{layer}/{missing_of(layer)}")


def _of_every_area(kept):
    """Return what is kept of each area that is asked about."""
    return [kept[place.path] for place in (CITY, WEST, *ASKED_FOR)]


def hazards_of(objects):
    return [*_of_every_area(objects.hazards), MISSING_UUID]


def inspections_of(objects):
    return [*(each for states in _of_every_area(objects.inspections) for each in states.values()), MISSING_UUID]


def plans_of(objects):
    return [*_of_every_area(objects.plans), MISSING_UUID]


def scenes_of(objects):
    return [*_of_every_area(objects.scenes), MISSING_UUID]


def imports_of(objects):
    return [*(each for states in _of_every_area(objects.imports) for each in states.values()), MISSING_UUID]


def datasets_of(objects):
    return [each.partition("/")[0] for each in (*_of_every_area(objects.datasets), str(MISSING_UUID))]


def dataset_asks(*endings):
    """Return the recipe of a collection's address, asked of a data set of every area."""
    return lambda objects: [Ask(f"/ogc/collections/ws-{each}{end}") for each in datasets_of(objects) for end in endings]


def missing_of(layer):
    return MISSING_UUID if LAYERS[layer].identity == "uuid" else MISSING_ID


def asks_of(*asked):
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


def published_asks(*paths):
    return lambda objects: [Ask(each, may_say=PUBLISHED) for each in paths]
