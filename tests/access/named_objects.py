"""Addresses that name one object: what is another area's is answered as what is missing."""

import uuid

from tests.access.asks import MISSING_ID, MISSING_UUID, Ask, missing_of
from tests.access.changes import (
    FEATURE_CHANGES,
    INSPECTION_STEPS,
    PLAN_STEPS,
    alert_changes,
    dataset_changes,
    dataset_of,
    desk_step,
    facility_body,
    facility_of,
    import_of,
    import_step,
    inspection_of,
    inspection_step,
    picture_of,
    picture_sent,
    piece_of,
    plan_step,
    scene_changes,
    step_of_case,
)
from tests.access.places import mark
from tests.access.planted_city import map_of


def named_objects(objects, foreign):
    """Return requests by route for a thing of another area and for one that is not there, for routes that name one."""
    hazard, login, token = (kind[foreign.path] for kind in (objects.hazards, objects.logins, objects.tokens))
    correction = {"version": 1, "title": "x"}
    pairs = {
        "tiles.feature": [
            (Ask(f"/features/{layer}/{by_area[foreign.path]}"), Ask(f"/features/{layer}/{missing_of(layer)}"))
            for layer, by_area in objects.features.items()
            if foreign.path in by_area
        ],
        "ogc.item": [
            (
                Ask(f"/ogc/collections/{layer}/items/{by_area[foreign.path]}"),
                Ask(f"/ogc/collections/{layer}/items/{missing_of(layer)}"),
            )
            for layer, by_area in objects.features.items()
            if foreign.path in by_area
        ],
        "hazards.one_hazard": [(Ask(f"/api/hazards/{hazard}"), Ask(f"/api/hazards/{MISSING_UUID}"))],
        "teams.one": [tuple(Ask(f"/teams/{each}") for each in (mark(foreign, "team", "code", 0), "nowhere-at-all"))],
        "coverage.village": [tuple(Ask(f"/villages/{each}") for each in (foreign.word, "nowhere-at-all"))],
        "closed_loop.one_case": [tuple(Ask(f"/api/hazards/{each}/case") for each in (hazard, MISSING_UUID))],
        "cases.one_case": [tuple(Ask(f"/cases/{each}") for each in (hazard, MISSING_UUID))],
        "cases.case_step": [tuple(step_of_case(each) for each in (hazard, MISSING_UUID))],
        "closed_loop.take_step": [tuple(desk_step("file", each) for each in (hazard, MISSING_UUID))],
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
    pairs["pictures.add"] = [tuple(picture_sent(each) for each in (hazard, MISSING_UUID))]
    for endpoint, method in (("content", "GET"), ("withdraw", "DELETE")):
        missing = f"/api/hazards/{MISSING_UUID}/pictures/{MISSING_UUID}"
        pairs[f"pictures.{endpoint}"] = [tuple(Ask(each, method) for each in (picture_of(objects, foreign), missing))]
    inspection = inspection_of(objects, foreign, "under_way")
    pairs["inspections.one"] = [tuple(Ask(f"/inspections/{each}") for each in (inspection, MISSING_UUID))]
    pairs["inspection_api.one"] = [tuple(Ask(f"/api/inspections/{each}") for each in (inspection, MISSING_UUID))]
    for endpoint, (action, _) in INSPECTION_STEPS.items():
        pairs[endpoint] = [tuple(inspection_step(each, action) for each in (inspection, MISSING_UUID))]
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
        named = (import_of(objects, foreign, "uploading"), MISSING_UUID)
        pairs[endpoint] = [tuple(Ask(f"{root}/{each}{ending}") for each in named)]
    pairs["import_api.receive"] = [tuple(piece_of(each) for each in named)]
    pairs["import_api.take_step"] = [tuple(import_step(each) for each in named)]
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
        pairs[endpoint] = [tuple(plan_step(each, action) for each in (plan, MISSING_UUID))]
    own_alert = (objects.alerts[foreign.path], objects.alert_rules[foreign.path])
    pairs["alert_api.one"] = [tuple(Ask(f"/api/alerts/{each}") for each in (own_alert[0], MISSING_UUID))]
    for endpoint in alert_changes("", ""):
        asked = (own_alert, (MISSING_UUID, MISSING_ID))
        pairs[endpoint] = [tuple(alert_changes(*each)[endpoint] for each in asked)]
    scenes = (objects.scenes[foreign.path], MISSING_UUID)
    pairs["shifts.withdraw_mark"] = [
        tuple(Ask(f"/api/shifts/marks/{each}", "DELETE") for each in (objects.marks[foreign.path], MISSING_ID))
    ]
    pairs["scenes.one"] = [tuple(Ask(f"/api/scenes/{each}") for each in scenes)]
    for endpoint in scene_changes(""):
        pairs[endpoint] = [tuple(scene_changes(each)[endpoint] for each in scenes)]
    missing = f"/ogc/collections/facilities/items/{MISSING_ID}"
    for endpoint, method in FEATURE_CHANGES.items():
        body = None if method == "DELETE" else facility_body(foreign)[0]
        both = (facility_of(objects, foreign), missing)
        pairs[endpoint] = [tuple(Ask(each, method, json=body) for each in both)]
    datasets = (dataset_of(objects, foreign), MISSING_UUID)
    pairs["workspace_api.one"] = [tuple(Ask(f"/api/workspace/{each}") for each in datasets)]
    for endpoint in dataset_changes(""):
        pairs[endpoint] = [tuple(dataset_changes(each)[endpoint] for each in datasets)]
    for endpoint, ending in _OF_COLLECTIONS.items():
        pairs[endpoint] = [
            *pairs.get(endpoint, []),
            tuple(Ask(f"/ogc/collections/ws-{each}{ending}") for each in datasets),
        ]
    pairs["layer_exports.export"] = [tuple(Ask(f"/api/layers/ws-{each}/export?format=csv") for each in datasets)]
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
_OF_COLLECTIONS = {
    "ogc.collection": "",
    "ogc.queryables": "/queryables",
    "ogc.schema": "/schema",
    "ogc.items": "/items",
    "ogc.item": "/items/1",
    "ogc_tiles.tilesets": "/tiles",
    "ogc_tiles.tileset": "/tiles/WebMercatorQuad",
    "ogc_tiles.tile": "/tiles/WebMercatorQuad/0/0/0",
}
"""Addresses of a collection: layers are the same for everybody, data sets of accounts are not."""
NAMES_NO_OBJECT = {
    "workspace_api.bring": "an identifier that the sender makes, as others stand in a body; nothing is read by it",
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
