"""The closed loop over HTTP: every stage with four accounts, nobody out of turn, nothing twice, the clock as ruled."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from gis_app.domain.rights import Role
from gis_app.services.audit import verify
from gis_app.services.closed_loop import light_of
from gis_app.storage.engine import make_engine, scoped, system_scope
from gis_app.storage.loop import case as stored_case

TOWNSHIP, VILLAGE = "/330381/330381001/", "/330381/330381001/33038100101/"
MONDAY = datetime(2026, 6, 15, 2, tzinfo=UTC)  # 10:00 in the city, a working day


class Clock:
    def __init__(self):
        self.now = MONDAY

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def own_database(clone, engine):
    """A copy of the city that a test may change."""
    engine.dispose()
    own = make_engine(clone(engine.url.database).app_url)
    yield own
    own.dispose()


@pytest.fixture
def people(make_app, make_client, own_database, clock):
    """One client of each kind that takes part."""
    app = make_app(on=own_database, now=clock)
    of = lambda path, role: make_client(path, role, app=app, on=own_database)  # noqa: E731
    return {
        "worker": of(VILLAGE, Role.GRID_WORKER),
        "supervisor": of(TOWNSHIP, Role.SUPERVISOR),
        "dispatcher": of(TOWNSHIP, Role.DISPATCHER),
        "handler": of(TOWNSHIP, Role.HANDLER),
        "city_supervisor": of("/330381/", Role.SUPERVISOR),
        "city_dispatcher": of("/330381/", Role.DISPATCHER),
    }


def reported(people, severity="low"):
    body = {
        "id": str(uuid.uuid4()),
        "category": "fire",
        "severity": severity,
        "discovered_by": "patrol",
        "title": "楼道堆物",
        "discovered_at": "2026-06-15T01:30:00Z",
        "location": {"lon": 120.61, "lat": 27.81, "datum": "wgs84"},
    }
    answer = people["worker"].post("/api/hazards", json=body)
    assert answer.status_code == 201
    return answer.get_json()["id"]


def case(client, hazard_id):
    return client.get(f"/api/hazards/{hazard_id}/case").get_json()


def step(client, action, hazard_id, *, version=None, **more):
    seen = version or case(client, hazard_id)["case"]["version"]
    body = {"action": action, "hazards": [{"id": hazard_id, "version": seen}], **more}
    return client.post("/api/steps", json=body)


def taken(people, hazard_id, *steps):
    for who, action, more in ((*each, {})[:3] for each in steps):
        answer = step(people[who], action, hazard_id, **more)
        assert answer.status_code == 200, (who, action, answer.get_json())
    return answer.get_json()["cases"][0]


TO_HANDLING = (("supervisor", "file"), ("dispatcher", "assign"), ("handler", "start"))


def test_a_hazard_goes_round_the_loop_with_four_accounts_and_every_step_is_kept(people, own_database):
    hazard = reported(people)
    done = taken(
        *(people, hazard, *TO_HANDLING),
        *(("handler", "feedback"), ("supervisor", "verify"), ("supervisor", "close")),
    )
    assert (done["stage"], done["version"], done["unit_code"]) == ("closed", 7, "town:330381001")
    told = case(people["supervisor"], hazard)
    assert [event["action"] for event in told["events"]] == [
        *("report", "file", "assign", "start", "feedback", "verify", "close")
    ]
    assert [event["version"] for event in told["events"]] == list(range(1, 8))
    assert told["events"][2]["unit_zh"] == "塘下镇人民政府"
    with scoped(own_database, system_scope()) as connection:
        query = text("SELECT action FROM audit_entry WHERE subject = :subject ORDER BY sequence")
        entries = connection.execute(query, {"subject": f"hazard:{hazard}"}).scalars().all()
    assert entries == [f"hazard.{event['action']}" for event in told["events"]]
    assert verify(people["worker"].application.extensions["jingwei"].ledger).faults == []


def test_the_limit_runs_on_the_working_calendar_from_the_assignment(people, clock):
    hazard = reported(people)
    assigned = taken(people, hazard, *TO_HANDLING[:2])
    # Three working days of 7 hours from Monday 10:00. 80 % of 21 hours is 16 h 48 min: 5.5 on Monday, 7 on Tuesday,
    # 3.5 on Wednesday morning, and 48 minutes from 14:00.
    assert assigned["due_at"] == "2026-06-18T02:00:00+00:00"
    assert assigned["yellow_at"] == "2026-06-17T06:48:00+00:00"
    lights = []
    for at in ("2026-06-17T06:47:00Z", "2026-06-17T06:48:00Z", "2026-06-18T02:00:00Z", "2026-06-18T02:00:01Z"):
        clock.now = datetime.fromisoformat(at)
        lights.append(light_at(people, hazard, clock.now))
    assert lights == ["green", "yellow", "yellow", "red"]


def light_at(people, hazard, now):
    """Ask the light without a log-in, which has ended days later."""
    engine = people["worker"].application.extensions["jingwei"].engine
    with scoped(engine, system_scope()) as connection:
        return light_of(stored_case(connection, uuid.UUID(hazard)), now)


def test_a_suspended_clock_stands_and_goes_on(people, clock):
    hazard = reported(people)
    taken(people, hazard, *TO_HANDLING[:2])
    stopped = taken(people, hazard, ("dispatcher", "suspend", {"reason": "等待产权单位"}))
    assert (stopped["due_at"], stopped["light"]) == (None, "suspended")
    refused = step(people["handler"], "start", hazard)
    assert (refused.status_code, "暂停" in refused.get_json()["detail"]) == (409, True)
    clock.now += timedelta(minutes=20)
    resumed = taken(people, hazard, ("dispatcher", "resume"))
    assert resumed["due_at"] == "2026-06-18T02:20:00+00:00"


def test_an_extension_is_asked_with_a_reason_and_decided_above(people):
    hazard = reported(people)
    taken(people, hazard, *TO_HANDLING)
    bare = step(people["handler"], "request_extension", hazard, value=2)
    assert bare.status_code == 400
    without = step(people["handler"], "request_extension", hazard, reason="材料未到")
    assert without.status_code == 400
    taken(people, hazard, ("handler", "request_extension", {"reason": "材料未到", "value": 2}))
    own_level = step(people["dispatcher"], "approve_extension", hazard)
    assert (own_level.status_code, own_level.get_json()["code"]) == (403, "forbidden")
    longer = taken(people, hazard, ("city_dispatcher", "approve_extension"))
    # Friday the 19th is the Dragon Boat Festival.
    assert (longer["limit_value"], longer["due_at"], longer["requests"]) == (5, "2026-06-23T02:00:00+00:00", [])


def test_a_return_goes_back_to_the_desk_and_its_clock_ends(people):
    hazard = reported(people)
    taken(people, hazard, *TO_HANDLING, ("handler", "request_return", {"reason": "不属本单位"}))
    back = taken(people, hazard, ("city_dispatcher", "approve_return"))
    assert (back["stage"], back["unit_code"], back["due_at"], back["limit_value"]) == ("filed", None, None, None)


def test_rework_goes_back_to_the_handler_with_a_reason(people):
    hazard = reported(people)
    taken(people, hazard, *TO_HANDLING, ("handler", "feedback"))
    assert step(people["supervisor"], "rework", hazard).status_code == 400
    again = taken(people, hazard, ("supervisor", "rework", {"reason": "仍有堆物"}))
    assert (again["stage"], again["rework_count"]) == ("handling", 1)


def test_a_severe_hazard_is_routed_to_the_bureau_and_the_desk_may_choose_another_with_a_reason(people):
    hazard = reported(people, "severe")
    taken(people, hazard, ("supervisor", "file"))
    assert case(people["dispatcher"], hazard)["route"] == {
        **{"unit_code": "fire", "limit_value": 12, "limit_unit": "urgent_hour"}
    }
    assert step(people["dispatcher"], "assign", hazard, unit="police").status_code == 400
    assert step(people["dispatcher"], "assign", hazard, unit="nobody", reason="x").status_code == 400
    moved = taken(people, hazard, ("dispatcher", "assign", {"unit": "police", "reason": "联合处置"}))
    assert (moved["unit_code"], moved["due_at"]) == ("police", "2026-06-15T14:00:00+00:00")
    other = step(people["handler"], "start", hazard)
    assert (other.status_code, "其他单位" in other.get_json()["detail"]) == (403, True)


@pytest.mark.parametrize(
    ("who", "action"),
    [
        ("worker", "file"),
        ("dispatcher", "file"),
        ("supervisor", "assign"),
        ("handler", "assign"),
        ("supervisor", "close"),
    ],
)
def test_nobody_acts_out_of_duty_or_turn(people, who, action):
    hazard = reported(people)
    before = case(people["supervisor"], hazard)
    answer = step(people[who], action, hazard)
    assert answer.status_code in (403, 409)
    assert case(people["supervisor"], hazard) == before


def test_the_same_step_sent_again_is_taken_once_and_a_stale_one_refused(people):
    hazard = reported(people)
    body = {"action": "file", "hazards": [{"id": hazard, "version": 1}], "id": str(uuid.uuid4())}
    first, second = (people["supervisor"].post("/api/steps", json=body) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.get_json() == second.get_json()
    assert len(case(people["supervisor"], hazard)["events"]) == 2
    stale = people["dispatcher"].post("/api/steps", json=body | {"action": "assign", "id": str(uuid.uuid4())})
    assert stale.status_code == 409
    reused = people["supervisor"].post("/api/steps", json=body | {"action": "void", "reason": "x"})
    assert reused.status_code == 409


def test_many_at_once_are_moved_all_or_none(people):
    hazards = [reported(people) for _ in range(3)]
    taken(people, hazards[2], ("supervisor", "file"))
    targets = [{"id": each, "version": 1} for each in hazards]
    refused = people["supervisor"].post("/api/steps", json={"action": "file", "hazards": targets})
    assert refused.status_code == 409
    assert {case(people["supervisor"], each)["case"]["stage"] for each in hazards[:2]} == {"reported"}
    done = people["supervisor"].post("/api/steps", json={"action": "file", "hazards": targets[:2]})
    assert [each["stage"] for each in done.get_json()["cases"]] == ["filed", "filed"]


def test_the_queue_filters_by_stage_unit_light_and_words(people):
    hazard = reported(people)
    taken(people, hazard, *TO_HANDLING[:2])
    mine = people["handler"].get("/api/queue?unit=own&stage=assigned").get_json()
    assert [each["id"] for each in mine["cases"]] == [hazard]
    assert mine["cases"][0]["permitted"] == ["start", "request_return", "request_extension"]
    assert mine["counts"]["assigned"] == 1
    assert people["handler"].get("/api/queue?stage=handling&light=red").get_json()["cases"] != []
    assert people["handler"].get("/api/queue?q=楼道&light=green").get_json()["cases"][0]["id"] == hazard
    assert people["handler"].get("/api/queue?q=%25&light=green").get_json()["cases"] == []
    for query in ("stage=nowhere", "light=blue", "order=x", "limit=0", "severity=x", "asks=x"):
        assert people["handler"].get(f"/api/queue?{query}").status_code == 400


def test_disputes_and_services_stand_at_their_village_and_are_listed_apart(people, own_database):
    with scoped(own_database, system_scope()) as connection:
        connection.execute(
            text("""
            INSERT INTO hazard_category (code, name_zh, name_en, limit_value, limit_unit, sort, case_type)
            VALUES ('wages', '劳资纠纷', 'Wages', 10, 'work_day', 2, 'dispute')""")
        )
        connection.execute(
            text("""
            INSERT INTO routing_rule (category_code, limit_value, limit_unit, valid_from)
            VALUES ('wages', 10, 'work_day', '2020-01-01')""")
        )
        village = connection.execute(
            text("SELECT ST_X(label_point), ST_Y(label_point) FROM area WHERE code = '33038100101'")
        ).one()
    hazard = reported(people)
    spot = lambda: case(people["supervisor"], hazard)["case"]  # noqa: E731
    assert (spot()["lon"], spot()["lat"], spot()["grid_code"]) == (120.61, 27.81, "33038100101g")
    change = {"version": spot()["version"], "category": "wages"}
    assert people["supervisor"].patch(f"/api/hazards/{hazard}", json=change).status_code == 200
    assert (spot()["lon"], spot()["lat"], spot()["grid_code"]) == (*village, None)
    listed = lambda kind: {  # noqa: E731
        each["id"] for each in people["supervisor"].get(f"/api/queue?category=type:{kind}").get_json()["cases"]
    }
    assert listed("dispute") == {hazard}
    assert hazard not in listed("hazard")
    assert listed("service") == set()

    def figures(kind):
        return (
            people["city_supervisor"]
            .get(f"/api/kpis?from=2026-06-01&to=2026-06-30&category=type:{kind}")
            .get_json()["total"]["open"]
        )

    everything = people["city_supervisor"].get("/api/kpis?from=2026-06-01&to=2026-06-30").get_json()["total"]["open"]
    assert figures("dispute")["count"] == 1
    assert figures("dispute")["count"] + figures("hazard")["count"] == everything["count"]
