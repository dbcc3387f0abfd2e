"""How every route that changes something is asked: to reach for what is another area's, or for the own."""

import uuid

from gis_app.domain.rights import Role
from tests.access.asks import MISSING_UUID, OFFICES, PIXEL, Ask
from tests.access.places import WEST_VILLAGE, mark
from tests.callers import PASSWORD


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
        yield desk_step(action, others)
        # Neither alone nor among own ones; then the own one is not moved either.
        yield desk_step(action, own, others)


def desk_step(action, *hazards):
    targets = [{"id": str(each), "version": 1} for each in dict.fromkeys(hazards)]
    return Ask("/api/steps", "POST", json={"action": action, "reason": "reach", "hazards": targets})


def _steps_of_desk(objects, home, foreign):
    own, others = (objects.hazards[place.path] for place in (home, foreign))
    for chosen in dict.fromkeys((f"{others}:1", f"{own}:1")), [f"{others}:1"]:
        form = {"action": "file", "reason": "reach", "hazard": list(chosen)}
        yield Ask("/desk/steps", "POST", form=form, may_say=OFFICES)


def step_of_case(hazard):
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


def picture_of(objects, place):
    return f"/api/hazards/{objects.pictures[place.path]}"


def picture_sent(hazard):
    return Ask(f"/api/hazards/{hazard}/pictures/{MISSING_UUID}?kind=after", "PUT", raw=PIXEL)


def _new_webhook(objects, home, foreign):
    form = {"name": "reach", "url": "http://127.0.0.1:1/x", "area": foreign.word}
    yield Ask("/webhooks", "POST", form=form)


def _webhook_change(action):
    return lambda objects, home, foreign: [Ask(f"/webhooks/{objects.webhooks[foreign.path]}/{action}", "POST")]


def _fixes_of(team, device):
    fix = {"recorded_at": "2026-06-14T13:00:00Z", "lon": 120.6, "lat": 27.8}
    body = {"id": str(uuid.uuid5(MISSING_UUID, device)), "device": device, "team": team, "fixes": [fix]}
    return Ask("/api/tracks/fixes", "POST", json=body, may_say=(team,))


def _track_file(team):
    rows = f"device,recorded_at,sequence,lon,lat,team_code\nfile,2026-06-14T13:00:00Z,1,120.6,27.8,{team}\n"
    return Ask("/api/tracks/files?format=csv&datum=wgs84", "POST", raw=rows.encode(), may_say=(team,))


def _fixes(objects, home, foreign):
    yield _fixes_of(mark(foreign, "team", "code", 0), "reach")


def inspection_of(objects, place, state):
    """Return an inspection of an area in a state, any where there is none."""
    known = objects.inspections[place.path]
    return known.get(state, next(iter(known.values())))


def _plan_body(foreign, word):
    identity = str(uuid.uuid5(MISSING_UUID, f"{word} {foreign.word}"))
    return {"id": identity, "kind": "special", "area": foreign.word, "planned_for": "2026-06-16"}


def inspection_step(each, action):
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


def plan_step(each, action):
    bodies = {
        "edits": {"version": 1, "drop": []},
        "steps": {"version": 1, "step": "approve"},
        "restore": {"version": 1, "number": 1},
        "copies": {"id": str(uuid.uuid5(MISSING_UUID, f"copy {each}"))},
    }
    return Ask(f"/api/plans/{each}/{action}", "POST", json=bodies[action])


def _plan_change(action):
    return lambda objects, home, foreign: [plan_step(objects.plans[foreign.path], action)]


def import_of(objects, place, state):
    """Return an import of an area in a state, any where there is none."""
    known = objects.imports[place.path]
    return known.get(state, next(iter(known.values())))


def piece_of(job):
    return Ask(f"/api/imports/{job}/content?offset=0", "PUT", raw=b"x")


def import_step(job):
    return Ask(f"/api/imports/{job}/steps", "POST", json={"version": 1, "step": "cancel"})


def _new_import(objects, home, foreign):
    # An import lies where its account does: to reach for another area is to take the identifier of its import.
    body = {"id": str(import_of(objects, foreign, "uploading")), "kind": "hazards", "file_name": "reach.csv", "size": 1}
    yield Ask("/api/imports", "POST", json=body)


PLAN_STEPS = {
    "plan_api.edit": "edits",
    "plan_api.take_step": "steps",
    "plan_api.restore": "restore",
    "plan_api.copy": "copies",
}


def alert_changes(alert, rule):
    step = {"step": "escalate", "version": 1}
    return {
        "alert_api.take_step": Ask(f"/api/alerts/{alert}/steps", "POST", json=step),
        "alert_api.pause_rule": Ask(f"/api/alert-rules/{rule}/pause", "POST"),
        "alert_api.resume_rule": Ask(f"/api/alert-rules/{rule}/resume", "POST"),
        "alert_api.remove_rule": Ask(f"/api/alert-rules/{rule}", "DELETE"),
    }


def _alert_change(endpoint):
    return lambda objects, home, foreign: [
        alert_changes(objects.alerts[foreign.path], objects.alert_rules[foreign.path])[endpoint]
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


def scene_changes(scene):
    return {
        "scenes.change": Ask(f"/api/scenes/{scene}", "PUT", json={**SCENE, "name": "reached", "version": 1}),
        "scenes.remove": Ask(f"/api/scenes/{scene}", "DELETE"),
    }


def _scene_change(endpoint):
    return lambda objects, home, foreign: [scene_changes(objects.scenes[foreign.path])[endpoint]]


def _inspection_change(action, state):
    return lambda objects, home, foreign: [inspection_step(inspection_of(objects, foreign, state), action)]


INSPECTION_STEPS = {
    "inspection_api.begin": ("begin", "planned"),
    "inspection_api.cancel": ("cancel", "planned"),
    "inspection_api.store_answers": ("answers", "under_way"),
    "inspection_api.add_finding": ("findings", "under_way"),
}


def facility_body(place):
    shape = {"type": "Point", "coordinates": [_inside(place), 27.8]}
    fields = {"kind": "school", "name_zh": "reach"}
    said = (str(_inside(place)),)
    return {"type": "Feature", "geometry": shape, "properties": fields}, said


def _new_feature(objects, home, foreign):
    body, said = facility_body(foreign)
    yield Ask("/ogc/collections/facilities/items", "POST", json=body, may_say=said)


def _feature_change(method):
    def asks(objects, home, foreign):
        body, said = facility_body(home)
        yield Ask(facility_of(objects, foreign), method, json=None if method == "DELETE" else body, may_say=said)

    return asks


def facility_of(objects, place):
    return f"/ogc/collections/facilities/items/{objects.features['facilities'][place.path]}"


def dataset_of(objects, place):
    return objects.datasets[place.path].partition("/")[0]


def dataset_changes(dataset):
    return {
        "workspace_api.change": Ask(f"/api/workspace/{dataset}", "PATCH", json={"title": "reach"}),
        "workspace_api.remove": Ask(f"/api/workspace/{dataset}", "DELETE"),
    }


def _dataset_change(endpoint):
    return lambda objects, home, foreign: [dataset_changes(dataset_of(objects, foreign))[endpoint]]


def _new_dataset(objects, home, foreign):
    # A data set lies where its account does: to reach for another area is to take the identifier of its data set.
    place = f"/api/workspace/{dataset_of(objects, foreign)}?file_name=reach.csv&datum=wgs84"
    yield Ask(place, "PUT", raw=b"name,lon,lat\nreach,120.6,27.8\n")


FEATURE_CHANGES = {"ogc_changes.replace": "PUT", "ogc_changes.update": "PATCH", "ogc_changes.remove": "DELETE"}
CHANGES = {
    "workspace_api.bring": _new_dataset,
    **{endpoint: _dataset_change(endpoint) for endpoint in dataset_changes("")},
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
    **{endpoint: _alert_change(endpoint) for endpoint in alert_changes("", "")},
    "shifts.withdraw_mark": lambda objects, home, foreign: [
        Ask(f"/api/shifts/marks/{objects.marks[foreign.path]}", "DELETE")
    ],
    "scenes.add": _new_scene,
    **{endpoint: _scene_change(endpoint) for endpoint in scene_changes("")},
    "import_api.begin": _new_import,
    "import_api.receive": lambda objects, home, foreign: [piece_of(import_of(objects, foreign, "uploading"))],
    "import_api.take_step": lambda objects, home, foreign: [import_step(import_of(objects, foreign, "uploaded"))],
    "pictures.add": lambda objects, home, foreign: [picture_sent(objects.hazards[foreign.path])],
    "pictures.withdraw": lambda objects, home, foreign: [Ask(picture_of(objects, foreign), "DELETE")],
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
    "cases.case_step": lambda objects, home, foreign: [step_of_case(objects.hazards[foreign.path])],
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
    "workspace_api.bring": "the identifier is one that another account's data set has",
    "workspace_api.change": "the data set is another account's, also within the own area",
    "workspace_api.remove": "the data set is another account's, also within the own area",
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
